// A worker of the Java SDK: Worker PORT. Says "ready", and runs until it is killed.
import com.microsoft.durabletask.*;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

public class Worker {
    interface Code {
        void run(TaskOrchestrationContext ctx);
    }

    interface Work {
        Object run(TaskActivityContext ctx);
    }

    static TaskOrchestrationFactory orchestrator(String name, Code code) {
        return new TaskOrchestrationFactory() {
            public String getName() {
                return name;
            }

            public TaskOrchestration create() {
                return code::run;
            }
        };
    }

    static TaskActivityFactory activity(String name, Work work) {
        return new TaskActivityFactory() {
            public String getName() {
                return name;
            }

            public TaskActivity create() {
                return work::run;
            }
        };
    }

    static void sequence(TaskOrchestrationContext ctx) {
        int n = ctx.getInput(int.class);
        List<Integer> numbers = new ArrayList<>(List.of(n));
        for (int i = 0; i < 3; i++) {
            n = ctx.callActivity("javaPlusOne", n, Integer.class).await();
            numbers.add(n);
        }
        ctx.complete(numbers);
    }

    static void parent(TaskOrchestrationContext ctx) {
        int n = ctx.getInput(int.class);
        Task<List> first = ctx.callSubOrchestrator("javaSequence", n, List.class);
        Task<List> second = ctx.callSubOrchestrator("javaSequence", n + 1, List.class);
        ctx.complete(List.of(first.await(), second.await()));
    }

    static void timer(TaskOrchestrationContext ctx) {
        ctx.createTimer(Duration.ofMillis(300)).await();
        ctx.complete("timer");
    }

    static void waits(TaskOrchestrationContext ctx) {
        ctx.setCustomStatus("waiting");
        ctx.complete(ctx.waitForExternalEvent("go", Duration.ofMinutes(1), Object.class).await());
    }

    static void counts(TaskOrchestrationContext ctx) {
        int n = ctx.getInput(int.class);
        if (n < 3)
            ctx.continueAsNew(n + 1);
        else
            ctx.complete(n);
    }

    public static void main(String[] args) {
        DurableTaskGrpcWorker worker = new DurableTaskGrpcWorkerBuilder()
            .port(Integer.parseInt(args[0]))
            .addOrchestration(orchestrator("javaSequence", Worker::sequence))
            .addOrchestration(orchestrator("javaParent", Worker::parent))
            .addOrchestration(orchestrator("javaTimer", Worker::timer))
            .addOrchestration(orchestrator("javaWaits", Worker::waits))
            .addOrchestration(orchestrator("javaCounts", Worker::counts))
            .addOrchestration(orchestrator("javaFails", ctx -> ctx.callActivity("javaRefuse").await()))
            .addActivity(activity("javaPlusOne", ctx -> ctx.getInput(Integer.class) + 1))
            .addActivity(activity("javaRefuse", ctx -> {
                throw new IllegalStateException("no way");
            }))
            .build();
        System.out.println("ready");
        worker.startAndBlock();
    }
}
