"""Chains of Python activities that take their time: what limits them is the least of three numbers."""
import contextlib
import itertools
import json
import pathlib
import shutil
import tempfile

import cluster
import process
from figures import hello, python_hello

DOC = """10 chains of 10 Python activities that take a second each (0.1 s without --full) in one process of
taskhub: seconds, for each number of worker processes, threads in one, and activities at once
(maxConcurrentActivityFunctions), as python_f2 P x T, L. Ceiling: the ideal, 100 activities through
the least of P x T, L and 10 slots."""

CHAINS, LENGTH = 10, 10
SOME = [(1, 8, 4), (2, 8, 4), (4, 8, 4), (1, 2, 4), (2, 2, 8), (1, 8, 8)]  # without --full
ALL = list(itertools.product((1, 2, 4), (2, 8), (4, 8)))


def ideal(seconds, processes, threads, limit):
    return CHAINS * LENGTH * seconds / min(processes * threads, limit, CHAINS)


@contextlib.contextmanager
def app(limit):
    """The example with another limit."""
    with tempfile.TemporaryDirectory(prefix="taskhub-f2-") as folder:
        shutil.copytree(cluster.ROOT / "examples" / "python-f2", folder, dirs_exist_ok=True)
        host = {"version": "2.0", "extensions": {"durableTask": {"maxConcurrentActivityFunctions": limit}}}
        (pathlib.Path(folder) / "host.json").write_text(json.dumps(host))
        yield folder


def once(pg, seconds, processes, threads, limit):
    payload = json.dumps({"chains": CHAINS, "length": LENGTH, "seconds": seconds})
    env = {"PYTHON_THREADPOOL_THREAD_COUNT": str(threads)}
    with pg.database() as dsn, app(limit) as folder, python_hello.served(dsn, folder, processes, env=env) as service:
        process.settle(1)
        conn = cluster.connect(dsn)
        try:
            took = hello.time_one(conn, "f2_orchestrator", payload, 10 * ideal(seconds, processes, threads, limit) + 10)
        except RuntimeError as error:
            raise RuntimeError(f"{error}:\n{service.log()[-2000:]}") from None
        conn.close()
    return took


def run(bench):
    seconds = 1 if bench.full else 0.1
    for processes, threads, limit in ALL if bench.full else SOME:
        best = ideal(seconds, processes, threads, limit)
        runs = [once(bench.pg, seconds, processes, threads, limit) for _ in range(bench.runs)]
        bench.report(f"python_f2 {processes}x{threads}, {limit}", "s", runs, ceilings=[best], lower=True, seconds=seconds,
                     ratio=round(bench.median(runs) / best, 4), least_ratio=1.03)
