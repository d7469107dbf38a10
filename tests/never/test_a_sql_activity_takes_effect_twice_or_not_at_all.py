"""SQL activities take effect exactly once: kill -9 at each statement, lost answers, a server that crashes, a slow one left behind."""
import os
import sys
import time
import uuid

import pytest

import facts
import postgres
import service as svc
from cutter import Cutter
from killer import MOMENTS, Killer

sys.path.insert(0, str(svc.ROOT / "tests" / "scenarios"))
import sql_activities as given  # noqa: E402

APPS = [svc.app("sqlact")]
POSTS = 3
NTHS = range(1, POSTS + 1) if facts.FULL else (2,)
RUN = b"taskhub.perform_activity("


@pytest.fixture
def serve(make_service):
    """serve(database=...): a running service of a hub of its own, with the ledger; closed with the test."""
    def serve(**options):
        service = make_service(apps=APPS, hub="Sql" + uuid.uuid4().hex[:8], **options).start()
        given.given_ledger(service)
        return service
    return serve


@pytest.fixture
def around():
    """around(proxy) closes it with the test."""
    made = []
    yield lambda proxy: made.append(proxy) or proxy
    for proxy in made:
        proxy.close()


def new_id():
    return "x-" + uuid.uuid4().hex[:16]


def is_once(service, instance, n, timeout=30):
    status = service.wait_status(instance, timeout=timeout)
    assert status["runtimeStatus"] == "Completed" and status["output"] == n, status
    given.each_is_posted_once(service, instance, n)
    facts.all_is_well(service)


def test_whose_process_is_killed_at_any_statement_that_runs_one(serve, around, database):
    """All moments side by side, since a killed process is waited for."""
    runs = []
    for nth in NTHS:
        for moment in MOMENTS:
            service = serve()
            service.stop()
            killer = around(Killer(database, RUN, nth, moment, lambda s=service: s.process.pid))
            service.database = killer.dsn
            service.start()
            runs.append((service, killer, service.start_instance("in_a_row", new_id(), POSTS)))
    for service, killer, _ in runs:
        assert killer.killed.wait(20), (killer.moment, killer.left)
        assert service.process.wait(10) == -9
        service.restart("kill", ready=False)
    for service, killer, instance in runs:
        service.wait_ready()
        is_once(service, instance, POSTS)


def test_whose_answer_is_lost(serve, around, database):
    cutter = around(Cutter(database, 0.3, [RUN]))
    service = serve(database=cutter.dsn)
    n = 300 if facts.FULL else 60
    is_once(service, service.start_instance("at_once", new_id(), n), n, 60)
    assert cutter.cuts > n / 10


def test_whose_server_crashes():
    cluster = postgres.Cluster().start()
    service = svc.Service(cluster.dsn, APPS, hub="Crashing")
    try:
        service.start()
        given.given_ledger(service)
        n = 3000 if facts.FULL else 600
        instance = service.start_instance("at_once", new_id(), n)
        for k in range(3 if facts.FULL else 1):
            svc.until(lambda: posted(service) > (k + 1) * n / 5, 30, pause=0.01)
            cluster.stop("immediate")
            cluster.start()
            service.forget_sql()
        is_once(service, instance, n, 90)
    finally:
        service.close()
        cluster.remove()


def posted(service):
    return service.sql("select count(*) from app.ledger")[0][0]


def test_whose_process_is_killed_while_its_function_goes_on(serve):
    """The session outlives its process, holds what it is about to delete, and commits: nobody runs it again meanwhile."""
    service = serve()
    key = int.from_bytes(os.urandom(3), "big")
    service.sql(f"""create function app.slow(p jsonb) returns int language plpgsql as $$
        begin perform nextval('app.calls'); perform pg_advisory_lock_shared({key}); perform pg_advisory_unlock_shared({key});
        insert into app.ledger (who, n) values ('slow', 0); return 1; end $$""")
    given.bind(service, "slow", "app.slow(jsonb)")
    service.sql("select pg_advisory_lock(%s)", [key])
    instance = service.start_instance("call_one", new_id(), {"name": "slow", "input": "1"})
    waiting = ("select count(*) from pg_locks where locktype = 'advisory' and objid = %s and not granted"
               " and database = (select oid from pg_database where datname = current_database())")
    svc.until(lambda: service.sql(waiting, [key]) == [(1,)], 10)
    service.restart("kill")
    dead = "select count(*) from taskhub.workers join taskhub.hubs using (hub_id) where name = %s and dead_at is not null"
    svc.until(lambda: service.sql(dead, [service.hub]) == [(1,)], 15, what="the dead process is buried")
    end = time.monotonic() + 2  # longer than an owner waits for a lock
    while time.monotonic() < end:
        other = service.start_instance("in_a_row", new_id(), 2)
        assert service.wait_status(other)["output"] == 2, "the partitions are served meanwhile"
    assert "partition.lost" not in service.log(), "and nobody waited for the lock until he lost what he owns"
    service.sql("select pg_advisory_unlock(%s)", [key])
    assert service.wait_status(instance)["output"] == 1
    given.each_is_posted_once(service, "slow", 1)
    facts.all_is_well(service)
