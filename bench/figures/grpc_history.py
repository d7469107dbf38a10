"""What an activity costs as the history of its orchestration grows, with workers over gRPC."""
import glob
import json
import sys
import time

import cluster
import process

DOC = """one orchestration of 1,000 activities in turn, its workers over gRPC: processor time of the service
an activity, in microseconds, among the last 100 (some 3,000 events lie behind them); growth: over
that among the first 100. sdk_first_us, sdk_last_us: what the Python SDK itself takes there, which
runs the code anew over the whole history each time. Needs the SDK, which ./dev test grpc fetches."""

COUNT, BLOCK = 1000, 100


def sdk():
    """The tests' own client by hand, and the SDK, wherever it stands."""
    sys.path += glob.glob(str(cluster.ROOT / ".dev/grpc-venv/lib/python3*/site-packages"))
    sys.path.insert(0, str(cluster.ROOT / "tests/grpc"))
    import raw
    from durabletask import client, worker
    return raw, client, worker


class Marks:
    """CPU seconds and time at the ends of the first and the last block."""

    def __init__(self, service):
        self.service = service
        self.at = {}

    def see(self, done):
        if done in (BLOCK // 10, BLOCK + BLOCK // 10, COUNT - BLOCK, COUNT):
            self.at[done] = (self.service.cpu_seconds(), time.monotonic(), time.process_time())

    def block(self, last, what):
        ends = (COUNT - BLOCK, COUNT) if last else (BLOCK // 10, BLOCK + BLOCK // 10)
        return (self.at[ends[1]][what] - self.at[ends[0]][what]) / BLOCK * 1e6


def by_hand(raw, service):
    """A worker that replays nothing: what is left is the service."""
    client = raw.Raw(service.grpc_port)
    stream = raw.Stream(client, raw.pb.GetWorkItemsRequest())
    client.call("StartInstance", raw.pb.CreateInstanceRequest(instanceId="long", name="Long"))
    marks, item = Marks(service), stream.next(30)
    for done in range(1, COUNT + 1):
        stream.answer(item, [raw.task(done, "Say")])
        stream.result(stream.next(30))
        item = stream.next(30)
        marks.see(done)
    stream.complete(item)
    stream.close()
    client.close()
    return marks


def by_sdk(client, worker, service):
    marks, options = Marks(service), {"host_address": f"localhost:{service.grpc_port}", "secure_channel": False}

    def say(ctx, n):
        marks.see(n)
        return n

    def chain(ctx, _):
        for n in range(1, COUNT + 1):
            yield ctx.call_activity(say, input=n)

    with worker.TaskHubGrpcWorker(**options) as w:
        w.add_orchestrator(chain)
        w.add_activity(say)
        w.start()
        with client.TaskHubGrpcClient(**options) as c:
            state = c.wait_for_orchestration_completion(c.schedule_new_orchestration(chain), timeout=600)
    assert state.runtime_status.name == "COMPLETED", json.dumps(state.serialized_output)
    return marks


def once(bench, raw, client, worker):
    with bench.pg.database() as dsn, process.running(dsn, process.example("hello"), http=True, grpc=True) as service:
        hand = by_hand(raw, service)
        return hand, by_sdk(client, worker, service)


def run(bench):
    CPU, OWN = 0, 2
    runs = [once(bench, *sdk()) for _ in range(bench.runs)]
    bench.report("grpc_history", "us CPU", [hand.block(True, CPU) for hand, _ in runs], lower=True,
                 growth=bench.median([hand.block(True, CPU) / hand.block(False, CPU) for hand, _ in runs]),
                 first_us=bench.median([hand.block(False, CPU) for hand, _ in runs]),
                 sdk_first_us=bench.median([own.block(False, OWN) for _, own in runs]),
                 sdk_last_us=bench.median([own.block(True, OWN) for _, own in runs]))
