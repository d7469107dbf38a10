"""hello sequences a second: three activities, one after the other, started all by one SQL statement."""
import time

import cluster
import process

DOC = """20,000 hello sequences (three activities each) started by one SQL statement, one service process:
from that statement's commit to the last completion. Ceiling: the same statements driven straight
from C on 2 connections, no engine (bench/ceiling.c), in the same run. And the CPU seconds that
1,000 of them take, service and PostgreSQL together."""

# An instance that is not done has a message or an activity: both tables are empty at the end only.
DONE = "select not exists (select from taskhub.inbox) and not exists (select from taskhub.activities)"
ENDED = "select count(*) = 0 from taskhub.instances where status not in (1, 3)"


def start(conn, name, count, payload, hub="Bench"):
    """One statement, one commit; returns the moment when the commit was acknowledged."""
    with conn.cursor() as cursor:
        cursor.execute("begin; set local taskhub.notify = on")
        cursor.execute("select count(*) from taskhub.start_instances(%s, array_fill(%s::text, array[%s]), %s)",
                       [name, payload, count, hub])
        cursor.execute("commit")
    return time.monotonic()


def wait_done(conn, timeout, pause=0.02, done=DONE):
    end = time.monotonic() + timeout
    while not cluster.ask(conn, done):
        if time.monotonic() > end:
            raise RuntimeError(f"not done within {timeout} s")
        time.sleep(pause)
    return time.monotonic()


def check(conn, count):
    done = cluster.ask(conn, "select count(*) from taskhub.instances where status = 1")
    if done != count:
        raise RuntimeError(f"{done} of {count} instances are Completed")


def time_one(conn, name, payload, timeout):
    """How long one instance takes, in seconds from the commit of its start."""
    began = start(conn, name, 1, payload)
    took = wait_done(conn, timeout, 0.005, ENDED) - began
    check(conn, 1)
    return took


def once(pg, count):
    """One run: sequences a second, and CPU seconds per 1,000 without and with the start statement."""
    with pg.database() as dsn, process.running(dsn, process.example("hello")) as service:
        conn = cluster.connect(dsn)
        process.settle()

        def cpu():
            return pg.cpu_seconds() + service.cpu_seconds()

        before, machine = cpu(), cluster.Machine()
        began = start(conn, "hello_orchestrator", count, '"x"')
        started = cpu()
        ended = wait_done(conn, 120)
        after = cpu()
        others = machine.others(after - before)
        check(conn, count)
        conn.close()
    return {"per_second": count / (ended - began), "cpu": (after - started) * 1000 / count,
            "cpu_with_start": (after - before) * 1000 / count, "others": others}


def run(bench):
    count = bench.count or 20000
    ceilings, runs = [], []
    for _ in range(bench.runs):
        ceilings.append(bench.pg.ceiling("--count", count))
        runs.append(once(bench.pg, count))
    bench.report("hello", "1/s", [r["per_second"] for r in runs],
                 ceilings=[c["per_second"] for c in ceilings], count=count,
                 least=6000, goal=15000, least_share=0.25, goal_share=0.6,
                 others=bench.median([r["others"] for r in runs]),
                 others_at_ceiling=bench.median([c["others"] for c in ceilings]))
    with_start = bench.median([r["cpu_with_start"] for r in runs])
    ceiling_with_start = bench.median([c["cpu_seconds"] for c in ceilings]) * 1000 / count
    bench.report("hello_cpu", "s/1000", [r["cpu"] for r in runs], count=count, least=0.3, goal=0.13,
                 with_start=with_start, ceiling_with_start=ceiling_with_start,
                 share_with_start=ceiling_with_start / with_start)
