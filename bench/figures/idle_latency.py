"""The latency of one hello sequence when nothing else runs."""
import cluster
import process

DOC = """one hello sequence at idle over HTTP, from the start call until Completed is seen (p50 of 60 a
run), in fdatasyncs of the disk of the data, measured in the same run one after the other;
in_rested: in fdatasyncs of a disk that rested 50 ms before, as before each sequence. Ceiling: a
start and the four commits of a hello sequence, one after the other, straight from C."""

REST_MS = 50  # as in latency.c


def ceiling_us(bench):
    """The start's commit and the four of the episodes, each waited for (means of many)."""
    with bench.pg.database() as dsn:
        start = cluster.run_json(cluster.program("front"), "--database", dsn, "start", "--callers", "1",
                                 "--count", "200")
    hello = bench.pg.ceiling("--count", 200, "--batch", 1, "--connections", 1, "--in-flight", 1)
    return 1e6 / start["per_second"] + 1e6 / hello["per_second"]


def once(bench):
    with bench.pg.database() as dsn, process.running(dsn, process.example("hello"), http=True) as service:
        process.settle(1)
        before = bench.pg.fdatasync_us()
        took = cluster.run_json(cluster.program("latency"), str(service.port), "hello_orchestrator", "60")
        took["fdatasync_us"] = (before + bench.pg.fdatasync_us()) / 2
        took["rested_fdatasync_us"] = bench.pg.fdatasync_us(40, REST_MS)
        took["in_rested"] = round(took["p50_us"] / took["rested_fdatasync_us"], 2)
    return took


def run(bench):
    ceilings, runs = [], []
    for _ in range(bench.runs):
        runs.append(once(bench))
        ceilings.append(ceiling_us(bench) / runs[-1]["fdatasync_us"])
    bench.report("idle_latency", "fdatasyncs", [r["p50_us"] / r["fdatasync_us"] for r in runs],
                 ceilings=ceilings, lower=True, least=15, goal=8,
                 **{name: bench.median([r[name] for r in runs])
                    for name in ("p50_us", "p90_us", "start_p50_us", "fdatasync_us", "rested_fdatasync_us",
                                  "in_rested")})
