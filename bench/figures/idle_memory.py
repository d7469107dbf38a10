"""What a service costs that has nothing to do."""
import time

import cluster
import process
from figures import hello

DOC = """resident memory of the idle service in MB (10^6 bytes), with HTTP and gRPC, before it has done any
work; after_work_mb: idle again after 2,000 hello sequences. idle_queries: statements a second
that it sends when idle and alone in its hub. Ceiling: none, and 0."""


def has_statements(pg):
    return "pg_stat_statements" in cluster.ask(pg.admin, "show shared_preload_libraries")


def track(pg, database):
    """Only in this database, so that the other figures don't pay for it."""
    if has_statements(pg):
        cluster.ask(pg.admin, "create extension if not exists pg_stat_statements")
        cluster.ask(pg.admin, f"alter database {database} set pg_stat_statements.track = 'all'")


def sent(pg, database):
    """Statements of a database so far, or, without pg_stat_statements, transactions. Our own connection
    is to another one."""
    if has_statements(pg):
        return cluster.ask(pg.admin, "select coalesce(sum(calls), 0)::bigint from pg_stat_statements s "
                                     "join pg_database d on d.oid = s.dbid where d.datname = %s", [database])
    return cluster.ask(pg.admin, "select xact_commit + xact_rollback from pg_stat_database where datname = %s",
                       [database])


def sent_a_second(pg, database, seconds):
    before = sent(pg, database)
    time.sleep(seconds)
    return (sent(pg, database) - before) / seconds


def work(dsn):
    conn = cluster.connect(dsn)
    hello.start(conn, "hello_orchestrator", 2000, '"x"')
    hello.wait_done(conn, 60)
    conn.close()
    time.sleep(2)


def once(bench):
    with bench.pg.database() as dsn:
        database = process.service.psycopg2.extensions.parse_dsn(dsn)["dbname"]
        track(bench.pg, database)
        with process.running(dsn, process.example("hello"), http=True, grpc=True) as service:
            service.sql_close()
            time.sleep(3)
            queries = sent_a_second(bench.pg, database, 60 if bench.full else 12)
            idle = service.resident_mb()
            work(dsn)
            return {"mb": idle, "after_work_mb": service.resident_mb(), "queries": queries}


def run(bench):
    runs = [once(bench) for _ in range(bench.runs)]
    bench.report("idle_memory", "MB", [r["mb"] for r in runs], least=40, goal=15,
                 after_work_mb=bench.median([r["after_work_mb"] for r in runs]))
    bench.report("idle_queries", "1/s", [r["queries"] for r in runs], least=3, goal=1,
                 counted="statements" if has_statements(bench.pg) else "transactions")
