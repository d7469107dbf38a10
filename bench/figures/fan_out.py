"""Fan-out and fan-in of one instance."""

import cluster
import process
from figures import hello

DOC = """fan-out/fan-in of one instance with 10,000 activities, activities a second, and again with 1,000
and 100,000. Ceiling: the same statements straight from C, no engine. fan_out_growth: time an
activity with 100,000 over that with 10,000; 1 is linear."""

WIDTHS = (10000, 1000, 100000)


def once(pg, width):
    """Seconds from the start's commit to the completion."""
    with pg.database() as dsn, process.running(dsn, process.example("fan_out")) as service:
        conn = cluster.connect(dsn)
        process.settle()
        seconds = hello.time_one(conn, "fan_out_orchestrator", str(width), 180)
        conn.close()
    return seconds


def ceiling(pg, width):
    return pg.ceiling("--shape", "fan_out", "--count", width, "--batch", min(width, 10000))["per_second"]


def report(bench, width, seconds, ceilings):
    name, more = f"fan_out_{width}", {}
    if width == WIDTHS[0]:
        name, more = "fan_out", {"least": 20000, "goal": 60000}
    bench.report(name, "1/s", [width / s for s in seconds], ceilings=ceilings, width=width, **more)


def run(bench):
    took = {width: [] for width in WIDTHS}
    for width in WIDTHS:
        ceilings = []
        for _ in range(bench.runs):
            ceilings.append(ceiling(bench.pg, width))
            took[width].append(once(bench.pg, width))
        report(bench, width, took[width], ceilings)
    large, small = (bench.median(took[w]) / w for w in (100000, 10000))
    bench.report("fan_out_growth", "ratio", [large / small], lower=True, ceilings=[1])
