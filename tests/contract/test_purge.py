"""Purges in the background and by retention: carried out by the engine, one process at a time, with progress."""
import json
import uuid

import pytest

import facts
from cli import FAILED, OK, expect
from service import app, until

APPS = [app("contract")]


@pytest.fixture
def fresh(make_service):
    hub = "Purge" + uuid.uuid4().hex[:8]
    return lambda **options: make_service(apps=APPS, hub=hub, **options)


def shell(service, *words, status=OK):
    return expect(status, *words, "--hub", service.hub, "--database", service.database, cwd=service.cwd)


def given_finished(service, count, days_old, status=1):
    """Rows as an owner leaves them, each with a history of one episode."""
    service.sql("""
        with made as (
            insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, created_at, completed_at)
            select taskhub.partition_of(i, %s), i, gen_random_uuid(), gen_random_uuid(), %s, 'Echo', now() - %s * interval '1 day',
                   now() - %s * interval '1 day'
            from (select 'old-' || gen_random_uuid() as i from generate_series(1, %s)) n
            returning partition_id, instance_id, execution_id)
        insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events)
        select partition_id, instance_id, execution_id, 0, 0, now(), '[]' from made""",
                [service.hub, status, days_old, days_old, count])


def left(service):
    return service.sql("select count(*) from taskhub.instances_view where hub = %s", [service.hub])[0][0]


def test_a_purge_in_the_background_is_carried_out_by_one_process_and_shows_its_progress(fresh):
    one = fresh().start()
    fresh().start()
    live = one.start_instance("Waits")
    given_finished(one, 3000, 5)
    number = int(shell(one, "instance", "purge", "--from", "-infinity", "--background", "--json").stdout.split(":")[1].strip(" }\n"))
    until(lambda: left(one) == 1, 20)
    shown, = json.loads(shell(one, "instance", "purges", "--json").stdout)
    until(lambda: json.loads(shell(one, "instance", "purges", "--json").stdout)[0]["state"] == "finished", 5)
    assert shown["purgeId"] == number and shown["kind"] == "asked"
    assert json.loads(shell(one, "instance", "purges", "--json").stdout)[0]["deleted"] == 3000
    assert one.status(live)
    assert one.sql("select count(*) from taskhub.history h join taskhub.partitions_view p using (partition_id) "
                   "where p.hub = %s and instance_id like 'old-%%'", [one.hub]) == [(0,)]


def test_the_retention_deletes_what_has_ended_so_long_ago(fresh):
    service = fresh().start()
    given_finished(service, 700, 40)
    given_finished(service, 20, 40, status=3)
    given_finished(service, 30, 10)
    shell(service, "hub", "set", "keep_completed", "30 days")
    until(lambda: left(service) == 50, 20)
    row, = service.sql("select kind, deleted from taskhub.purges_view where hub = %s", [service.hub])
    assert row == ("retention", 700)
    assert "keep_completed: must be a time" in shell(service, "hub", "set", "keep_completed", "soon", status=FAILED).stderr


def test_a_hub_without_a_retention_costs_no_connection(fresh):
    service = fresh().start()
    given_finished(service, 300, 5)
    service.sql("select taskhub.request_purge('-infinity', p_hub => %s)", [service.hub])
    until(lambda: left(service) == 0, 20)
    asks = "select count(*) from pg_stat_activity where query like '%%purge_step%%' and pid <> pg_backend_pid() and datname = current_database()"
    until(lambda: service.sql(asks) == [(0,)], 5)


def test_a_purge_by_filter_takes_batches_and_children_if_asked(fresh):
    service = fresh().start()
    given_finished(service, 1200, 5)
    answer = service.delete("/instances?createdTimeFrom=2020-01-01")
    assert answer.status == 200 and answer.json == {"instancesDeleted": 1200}
    assert service.delete("/instances?createdTimeFrom=2020-01-01").status == 404

    given_finished(service, 10, 5)
    assert json.loads(shell(service, "instance", "purge", "--from", "-infinity", "--json").stdout) == {"instancesDeleted": 10}

    for path in "/instances/parent?recursive=true", "/instances?createdTimeFrom=2020-01-01&createdTimeTo=2021-01-01&recursive=true":
        for name, parent in ("parent", None), ("kid", "parent"):
            service.sql("""insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, created_at,
                               completed_at, parent_instance_id)
                           values (taskhub.partition_of(%s, %s), %s, gen_random_uuid(), gen_random_uuid(), 1, 'Echo', %s, now(), %s)""",
                        [name, service.hub, name, "2020-06-01" if parent is None else "2026-01-01", parent])
        service.sql("""insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events)
                       select partition_id, instance_id, execution_id, 0, 0, now(),
                              '[{"kind":"SubOrchestrationInstanceCreated","instanceId":"kid"}]'
                       from taskhub.instances where instance_id = 'parent'""")
        assert service.delete(path).status == 200
        assert left(service) == 0
    live = service.start_instance("Waits")
    service.wait_status(live, "Running")
    assert service.delete(f"/instances/{live}?recursive=true").status == 412
    assert service.delete("/instances/nobody?recursive=true").status == 404
    facts.nothing_is_stuck(service)
