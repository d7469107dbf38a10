"""SQL activities a second, of one instance that calls many at once."""
import re
import subprocess
import time

import psycopg2.extensions

import cluster
import process
from figures import fan_out, hello

DOC = """one instance that calls 5,000 SQL activities at once, each of which writes a row of a table:
activities a second. Ceiling: the statement that runs one and completes it, alone, on as many
connections (pgbench), no engine."""

CONNECTIONS = 8
FUNCTION = """
create table public.squares (n int);
create function public.square(p jsonb) returns int language plpgsql as $$
begin
    insert into public.squares values (p::int);
    return p::int * p::int;
end $$;
select taskhub.create_activity('Square', 'public.square(jsonb)', 'Bench')
"""
# One instance and its activities, as a batch leaves them.
GIVEN = """
create sequence public.ids;
insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, created_at)
select first_partition, 'one', gen_random_uuid(), gen_random_uuid(), 0, 'x', now() from taskhub.hubs where name = 'Bench';
insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, input, claimed_by, claim_no)
select partition_id, n, instance_id, start_id, execution_id, n, n, 'Square', n::text, 1, 1
from taskhub.instances, generate_series(1, %s) n
"""


def once(pg, width):
    """Activities a second, from the start's commit to the instance's end."""
    with pg.database() as dsn, process.running(dsn, process.example("fan_out")) as service:
        conn = cluster.connect(dsn)
        cluster.ask(conn, FUNCTION)
        time.sleep(3)  # within which every process knows of it
        began = hello.start(conn, "fan_out_orchestrator", 1, str(width))
        while not cluster.ask(conn, fan_out.DONE):
            if time.monotonic() - began > 120:
                raise RuntimeError(f"{width} SQL activities are not done within 120 s")
            time.sleep(0.005)
        seconds = time.monotonic() - began
        hello.check(conn, 1)
        if cluster.ask(conn, "select count(*) from public.squares") != width:
            raise RuntimeError("not one row an activity")
        conn.close()
    return width / seconds


def ceiling(pg, width):
    """pgbench's transactions a second, without the time to connect."""
    with pg.database() as dsn:
        conn = cluster.connect(dsn)
        hub = cluster.ask(conn, "select taskhub.create_hub('Bench')")
        first = cluster.ask(conn, "select first_partition from taskhub.hubs where name = 'Bench'")
        cluster.ask(conn, FUNCTION)
        cluster.ask(conn, GIVEN, [width])
        conn.close()
        script = (f"select taskhub.perform_activity({hub}, 'Square', {first}, nextval('public.ids'), 1, "
                  "current_setting('search_path'));\n")
        done = subprocess.run(
            ["pgbench", "-n", "-f", "-", "-c", str(CONNECTIONS), "-j", "2", "-t", str(width // CONNECTIONS),
             psycopg2.extensions.make_dsn(dsn)],
            input=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    return float(re.search(r"tps = ([0-9.]+) \(without", done.stdout).group(1))


def run(bench):
    width = bench.count or 5000
    ceilings, rates = [], []
    for _ in range(bench.runs):
        ceilings.append(ceiling(bench.pg, width))
        rates.append(once(bench.pg, width))
    bench.report("sql_activity", "1/s", rates, ceilings=ceilings, width=width, connections=CONNECTIONS)
