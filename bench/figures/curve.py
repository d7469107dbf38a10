"""What an item costs when one instance has many of them."""
import time

import cluster
import process
from figures import fan_out, hello

DOC = """one parent with 100, 1,000 and 10,000 sub-orchestrations, one instance that is sent as many events at
once, and one with as many activities: microseconds an item. growth: an item among 10,000 over one among 1,000;
1 is flat."""

WIDTHS = (100, 1000, 10000)


def done(conn, count, timeout=180):
    end = time.monotonic() + timeout
    while cluster.ask(conn, "select count(*) from taskhub.instances where status = 1") < count:
        if time.monotonic() > end:
            raise RuntimeError(f"not done within {timeout} s")
        time.sleep(0.005)


def checked(conn, width, squares):
    output = cluster.ask(conn, "select output::bigint from taskhub.instances where instance_id not like '%%:%%'")
    wanted = sum(n * n if squares else n for n in range(width))
    if output != wanted:
        raise RuntimeError(f"the output is {output} and not {wanted}")


def children(pg, width):
    """Seconds from the start's commit to the last completion."""
    with pg.database() as dsn, process.running(dsn, process.example("fan_out")):
        conn = cluster.connect(dsn)
        process.settle()
        began = hello.start(conn, "children_orchestrator", 1, str(width))
        done(conn, width + 1)
        seconds = time.monotonic() - began
        checked(conn, width, True)
        conn.close()
    return seconds


def events(pg, width):
    """Seconds from the commit of the events to the completion."""
    with pg.database() as dsn, process.running(dsn, process.example("fan_out")):
        conn = cluster.connect(dsn)
        process.settle()
        hello.start(conn, "events_orchestrator", 1, str(width))
        instance = cluster.ask(conn, "select instance_id from taskhub.instances")
        cluster.ask(conn, """select count(*) from (select set_config('taskhub.notify', 'on', true)) n,
            generate_series(0, %s - 1) i, lateral taskhub.raise_event(%s, 'Number', i::text, 'Bench')""", [width, instance])
        began = time.monotonic()
        done(conn, 1)
        seconds = time.monotonic() - began
        checked(conn, width, False)
        conn.close()
    return seconds


SHAPES = {"children": children, "events": events, "activities": fan_out.once}


def run(bench):
    for name, measure in SHAPES.items():
        cost = {}
        for width in WIDTHS:
            took = [measure(bench.pg, width) * 1e6 / width for _ in range(bench.runs)]
            cost[width] = bench.median(took)
            bench.report(f"{name}_{width}", "us/item", took, lower=True)
        bench.report(f"{name}_growth", "ratio", [cost[10000] / cost[1000]], lower=True, ceilings=[1])
