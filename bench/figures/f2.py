"""Chains of activities that take their time, under a limit of four at once in a process."""
import contextlib
import json

import cluster
import process
from figures import hello

DOC = """10 chains of 10 activities that take a second each (0.1 s without --full), at most 4 at once in
a process: seconds by one process, and f2_three by three that share the hub. Ceiling: the ideal,
25 and 10 s; a run may take 3 % longer."""

CHAINS, LENGTH, LIMIT = 10, 10, 4


def ideal(seconds, processes):
    """As many at once as there are slots, or chains where those are fewer."""
    return CHAINS * LENGTH * seconds / min(LIMIT * processes, CHAINS)


def once(pg, seconds, processes):
    payload = json.dumps({"chains": CHAINS, "length": LENGTH, "seconds": seconds})
    with pg.database() as dsn, contextlib.ExitStack() as stack:
        services = [stack.enter_context(process.running(dsn, process.example("f2"), wait=False))
                    for _ in range(processes)]
        services[0].wait_owned(processes)
        process.settle(1)
        conn = cluster.connect(dsn)
        took = hello.time_one(conn, "f2_orchestrator", payload, 10 * ideal(seconds, processes) + 10)
        conn.close()
    return took


def run(bench):
    seconds = 1 if bench.full else 0.1
    for name, processes in (("f2", 1), ("f2_three", 3)):
        best = ideal(seconds, processes)
        runs = [once(bench.pg, seconds, processes) for _ in range(bench.runs)]
        bench.report(name, "s", runs, ceilings=[best], lower=True, seconds=seconds,
                     ratio=round(bench.median(runs) / best, 4), least_ratio=1.03)
