"""Status reads a second over HTTP."""
import os
import tempfile

import cluster
import process
import wrk
from figures import hello

DOC = """status reads a second over HTTP (wrk, 64 connections) of 1,000 completed instances. Ceiling: 64
callers of the front end's own statement straight from C, no HTTP (bench/front.c)."""

PATH = "/runtime/webhooks/durabletask/instances/"


def ceiling(pg):
    with pg.database() as dsn:
        return cluster.run_json(cluster.program("front"), "--database", dsn, "read",
                                "--count", "60000")["per_second"]


def write_paths(conn):
    with tempfile.NamedTemporaryFile("w", prefix="bench-paths-", delete=False) as f, conn.cursor() as cursor:
        cursor.execute("select instance_id from taskhub.instances order by 1")
        f.writelines(PATH + row[0] + "\n" for row in cursor)
    return f.name


def once(bench):
    with bench.pg.database() as dsn, process.running(dsn, process.example("hello"), http=True) as service:
        conn = cluster.connect(dsn)
        hello.start(conn, "hello_orchestrator", 1000, '"x"')
        hello.wait_done(conn, 60)
        paths = write_paths(conn)
        conn.close()
        try:
            return wrk.load("wrk_status.lua", service.origin, bench.seconds, WRK_PATHS=paths)
        finally:
            os.unlink(paths)


def run(bench):
    ceilings, runs = [], []
    for _ in range(bench.runs):
        ceilings.append(ceiling(bench.pg))
        runs.append(once(bench))
    bench.report("http_status", "1/s", [r["per_second"] for r in runs], ceilings=ceilings,
                 least=10000, goal=30000, p50_ms=bench.median([r["p50_ms"] for r in runs]),
                 p99_ms=bench.median([r["p99_ms"] for r in runs]))
