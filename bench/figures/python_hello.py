"""The hello app in Python: sequences a second, latency at idle, and what a replay of a long history costs."""
import json
import os
import subprocess

import cluster
import process
from figures import hello

DOC = """the hello app in Python (examples/python-hello, .dev/venv): sequences a second by one and by two
worker processes (python_hello, python_hello_two). Ceiling: the same episodes and activities in a bare
loop of the SDK, as many processes side by side, no host; and the CPU milliseconds of Python for one. python_idle: from the start call at idle until
Completed is seen, p50 in ms. python_chain_N: one instance with N activities that do nothing, one after
the other: ms an activity. It grows with N, because the SDK replays the whole history at each."""

APP = str(cluster.ROOT / "examples" / "python-hello")
CHAIN = str(cluster.ROOT / "examples" / "python-f2")
PYTHON = os.environ.get("TH_PYTHON") or str(cluster.ROOT / ".dev" / "venv" / "bin" / "python")
BARE = 400  # sequences of a bare loop
CHAINS = (10, 100, 400)


def served(dsn, app, processes, http=False, env=None):
    env = {"FUNCTIONS_WORKER_PROCESS_COUNT": str(processes), **(env or {})}
    return process.running(dsn, app, "--python", PYTHON, http=http, env=env)


def bare(processes):
    command = [PYTHON, "-B", str(cluster.ROOT / "bench" / "python_sdk.py"), APP, str(BARE)]
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    lines = [loop.communicate()[0] for loop in loops]
    if any(loop.returncode for loop in loops):
        raise RuntimeError("the bare loop of the SDK ended with an error; is .dev/venv there (./dev venv)?")
    results = [json.loads(line) for line in lines]
    return {"per_second": sum(r["per_second"] for r in results),
            "cpu_ms": sum(r["cpu_ms"] for r in results) / processes}


def workers_cpu(service):
    """CPU seconds of the worker processes."""
    return sum(cluster.ticks_of(pid, True) for pid in cluster.children_of(service.process.pid)) / cluster.TICKS


def once(pg, count, processes):
    with pg.database() as dsn, served(dsn, APP, processes) as service:
        conn = cluster.connect(dsn)
        process.settle(1)  # the second worker process comes up
        machine, before, workers = cluster.Machine(), pg.cpu_seconds() + service.cpu_seconds(), workers_cpu(service)
        began = hello.start(conn, "hello_orchestrator", count, None)
        ended = hello.wait_done(conn, 300)
        workers = workers_cpu(service) - workers
        others = machine.others(pg.cpu_seconds() + service.cpu_seconds() - before + workers)
        hello.check(conn, count)
        conn.close()
    return {"per_second": count / (ended - began), "others": others, "cpu_ms": workers * 1000 / count}


def report_sequences(bench, name, processes, count):
    ceilings, runs = [], []
    for _ in range(bench.runs):
        ceilings.append(bare(processes))
        runs.append(once(bench.pg, count, processes))
    bench.report(name, "1/s", [r["per_second"] for r in runs], ceilings=[c["per_second"] for c in ceilings],
                 count=count, workers=processes, least_share=0.5, goal_share=0.7,
                 others=bench.median([r["others"] for r in runs]))
    bench.report(name + "_cpu", "ms", [r["cpu_ms"] for r in runs], ceilings=[c["cpu_ms"] for c in ceilings],
                 lower=True, count=count, workers=processes)


def idle(bench):
    with bench.pg.database() as dsn, served(dsn, APP, 1, http=True) as service:
        process.settle(1)
        return cluster.run_json(cluster.program("latency"), str(service.port), "hello_orchestrator", "40")


def chain(pg, length):
    """Milliseconds an activity."""
    with pg.database() as dsn, served(dsn, CHAIN, 1):
        process.settle()
        conn = cluster.connect(dsn)
        began = hello.start(conn, "f2_orchestrator", 1, json.dumps({"chains": 1, "length": length, "seconds": 0}))
        ended = hello.wait_done(conn, 120, pause=0.005)
        hello.check(conn, 1)
        conn.close()
    return (ended - began) * 1000 / length


def run(bench):
    count = bench.count or 1000
    report_sequences(bench, "python_hello", 1, count)
    report_sequences(bench, "python_hello_two", 2, count)
    runs = [idle(bench) for _ in range(bench.runs)]
    bench.report("python_idle", "ms", [r["p50_us"] / 1000 for r in runs], lower=True, least=25,
                 start_p50_us=bench.median([r["start_p50_us"] for r in runs]))
    for length in CHAINS:
        bench.report(f"python_chain_{length}", "ms", [chain(bench.pg, length) for _ in range(bench.runs)])
