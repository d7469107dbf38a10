// A worker of the Go SDK: worker PORT. Says "ready", and runs until it is killed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/microsoft/durabletask-go/backend"
	"github.com/microsoft/durabletask-go/client"
	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func plusOne(ctx task.ActivityContext) (any, error) {
	var n int
	if err := ctx.GetInput(&n); err != nil {
		return nil, err
	}
	return n + 1, nil
}

func refuse(task.ActivityContext) (any, error) {
	return nil, errors.New("no way")
}

func sequence(ctx *task.OrchestrationContext) (any, error) {
	var n int
	if err := ctx.GetInput(&n); err != nil {
		return nil, err
	}
	numbers := []int{n}
	for i := 0; i < 3; i++ {
		if err := ctx.CallActivity("goPlusOne", task.WithActivityInput(n)).Await(&n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func fails(ctx *task.OrchestrationContext) (any, error) {
	return nil, ctx.CallActivity("goRefuse").Await(nil)
}

func timer(ctx *task.OrchestrationContext) (any, error) {
	if err := ctx.CreateTimer(300 * time.Millisecond).Await(nil); err != nil {
		return nil, err
	}
	return "timer", nil
}

func waits(ctx *task.OrchestrationContext) (any, error) {
	ctx.SetCustomStatus("waiting")
	var data any
	if err := ctx.WaitForSingleEvent("go", time.Minute).Await(&data); err != nil {
		return nil, err
	}
	return data, nil
}

// Its children have no ids: the service makes them.
func parent(ctx *task.OrchestrationContext) (any, error) {
	var n int
	if err := ctx.GetInput(&n); err != nil {
		return nil, err
	}
	first := ctx.CallSubOrchestrator("goSequence", task.WithSubOrchestratorInput(n))
	second := ctx.CallSubOrchestrator("goSequence", task.WithSubOrchestratorInput(n+1))
	lists := [2][]int{}
	if err := first.Await(&lists[0]); err != nil {
		return nil, err
	}
	if err := second.Await(&lists[1]); err != nil {
		return nil, err
	}
	return lists, nil
}

func counts(ctx *task.OrchestrationContext) (any, error) {
	var n int
	if err := ctx.GetInput(&n); err != nil {
		return nil, err
	}
	if n < 3 {
		ctx.ContinueAsNew(n + 1)
	}
	return n, nil
}

func run(port string) error {
	registry := task.NewTaskRegistry()
	orchestrators := map[string]task.Orchestrator{"goSequence": sequence, "goFails": fails, "goTimer": timer,
		"goWaits": waits, "goParent": parent, "goCounts": counts}
	for name, function := range orchestrators {
		if err := registry.AddOrchestratorN(name, function); err != nil {
			return err
		}
	}
	for name, function := range map[string]task.Activity{"goPlusOne": plusOne, "goRefuse": refuse} {
		if err := registry.AddActivityN(name, function); err != nil {
			return err
		}
	}
	connection, err := grpc.Dial("localhost:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	return client.NewTaskHubGrpcClient(connection, backend.DefaultLogger()).StartWorkItemListener(context.Background(), registry)
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}
