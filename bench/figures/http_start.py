"""Starts a second over HTTP."""
import cluster
import process
import wrk

DOC = """starts a second over HTTP (wrk, 64 connections), each durable before its 202, by a front end alone;
http_start_all: by a process that runs the instances as well. Ceiling: 64 callers of the front
end's own statements straight from C, no HTTP (bench/front.c)."""

ALONE = ("--no-orchestrators", "--no-activities")


def ceiling(pg):
    with pg.database() as dsn:
        return cluster.run_json(cluster.program("front"), "--database", dsn, "start",
                                "--count", "40000")["per_second"]


def check(dsn, answered):
    """Each 202 is an instance; wrk does not read the last answers, so that a few more may be there."""
    conn = cluster.connect(dsn)
    there, done = cluster.ask(conn, "select count(*), count(*) filter (where status = 1) from taskhub.instances")
    conn.close()
    if not answered <= there <= answered + 64:
        raise RuntimeError(f"{answered} starts were answered, {there} instances are there")
    return done


def once(bench, *roles):
    alone = bool(roles)
    with bench.pg.database() as dsn, \
            process.running(dsn, process.example("hello"), *roles, http=True, wait=not alone) as service:
        process.settle()
        url = service.origin + "/runtime/webhooks/durabletask/orchestrators/hello_orchestrator"
        load = wrk.load("wrk_start.lua", url, bench.seconds)
        load["completed"] = check(dsn, load["requests"]) / bench.seconds
    return load


def run(bench):
    alone, whole, ceilings = [], [], []
    for _ in range(bench.runs):
        ceilings.append(ceiling(bench.pg))
        alone.append(once(bench, *ALONE))
        whole.append(once(bench))
    for name, runs, more in (("http_start", alone, {"least": 8000, "goal": 20000}), ("http_start_all", whole, {})):
        if name == "http_start_all":
            more["completed_per_second"] = round(bench.median([r["completed"] for r in runs]), 1)
        bench.report(name, "1/s", [r["per_second"] for r in runs], ceilings=ceilings,
                     p50_ms=bench.median([r["p50_ms"] for r in runs]),
                     p99_ms=bench.median([r["p99_ms"] for r in runs]), **more)
