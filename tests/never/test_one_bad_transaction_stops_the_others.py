"""A user's transaction that stays open, with our functions called in it or our rows locked by it."""
import json
import time
import uuid

import psycopg2
import pytest

import facts
import service as svc
from facts import FULL

APPS = [svc.example("hello"), svc.app("never")]
OPEN = 60 if FULL else 6  # seconds
QUICK = 3.0  # within which everything else has to be done


@pytest.fixture
def transaction(service):
    """A user's session, in a transaction until commit or rollback."""
    service.sql("set taskhub.notify = on")  # our own starts wake the owner, as those over HTTP do
    conn = psycopg2.connect(service.database)
    yield conn
    conn.close()


def act(conn, statement, *params):
    with conn.cursor() as cur:
        cur.execute(statement, params)


def waiting_instances(service, what, n=8):
    ids = [service.start_instance("Waits", f"{what}-{i}-{uuid.uuid4().hex[:8]}") for i in range(n)]
    for instance in ids:
        service.wait_status(instance, "Running")
    return ids


def everything_else_goes_on(service):
    """Hello sequences in all partitions, started over both doors, and events, suspensions and terminations."""
    began = time.monotonic()
    ids = [service.start_instance("hello_orchestrator") for _ in range(10)]
    ids += [r[0] for r in service.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{10}'), %s)",
                                      [service.hub])]
    facts.wait_ended(service, ids, timeout=QUICK)
    gets_event, gets_end, gets_pause = waiting_instances(service, "other", 3)
    service.raise_event(gets_event, "Go", 1)
    service.post(f"/instances/{gets_end}/terminate")
    service.post(f"/instances/{gets_pause}/suspend")
    service.wait_status(gets_event, "Completed", QUICK)
    service.wait_status(gets_end, "Terminated", QUICK)
    service.wait_status(gets_pause, "Suspended", QUICK)
    service.post(f"/instances/{gets_pause}/terminate")
    service.wait_status(gets_pause, "Terminated", QUICK)
    assert time.monotonic() - began < 2 * QUICK


def used_in_transaction(service, conn):
    """Everything that the SQL API offers, done in all partitions by a transaction that goes on; what it touched."""
    touched = {what: waiting_instances(service, what) for what in ("raised", "suspended", "ended")}
    touched["started"] = [f"started-{i}-{uuid.uuid4().hex[:8]}" for i in range(16)]
    for instance in touched["started"]:
        act(conn, "select taskhub.start_instance('hello_orchestrator', null, %s, p_hub => %s)", instance, service.hub)
    for instance in touched["raised"]:
        act(conn, "select taskhub.raise_event(%s, 'Go', '\"late\"', %s)", instance, service.hub)
    for instance in touched["suspended"]:
        act(conn, "select taskhub.suspend_instance(%s, 'why', %s)", instance, service.hub)
    for instance in touched["ended"]:
        act(conn, "select taskhub.terminate_instance(%s, 'why', false, %s)", instance, service.hub)
    return touched


def test_a_transaction_that_used_the_api_and_stays_open_stops_nothing_and_its_rollback_leaves_nothing(service, transaction):
    touched = used_in_transaction(service, transaction)
    end = time.monotonic() + OPEN
    while time.monotonic() < end:
        everything_else_goes_on(service)
    # Others may signal the very same instances meanwhile.
    service.raise_event(touched["raised"][0], "Go", "early")
    assert service.wait_status(touched["raised"][0], "Completed", QUICK)["output"] == "early"
    assert service.post(f"/instances/{touched['suspended'][0]}/suspend").status == 202
    service.wait_status(touched["suspended"][0], "Suspended", QUICK)

    transaction.rollback()
    everything_else_goes_on(service)
    for instance in touched["started"]:
        assert service.status(instance) is None
    for instance in touched["raised"][1:] + touched["suspended"][1:] + touched["ended"]:
        assert service.status(instance)["runtimeStatus"] == "Running"
        service.raise_event(instance, "Go", 2)
    facts.wait_ended(service, touched["raised"] + touched["suspended"][1:] + touched["ended"], QUICK)
    service.post(f"/instances/{touched['suspended'][0]}/terminate")
    service.wait_status(touched["suspended"][0], "Terminated")
    facts.all_is_well(service)


def test_a_transaction_that_used_the_api_takes_effect_when_it_commits(service, transaction):
    touched = used_in_transaction(service, transaction)
    everything_else_goes_on(service)
    transaction.commit()
    committed = time.monotonic()
    facts.wait_ended(service, touched["started"] + touched["raised"], 5)
    assert time.monotonic() - committed < 5
    for instance in touched["raised"]:
        assert service.status(instance)["output"] == "late"
    for instance in touched["ended"]:
        assert service.wait_status(instance, "Terminated", QUICK)["output"] == "why"
    for instance in touched["suspended"]:
        service.wait_status(instance, "Suspended", QUICK)
        service.post(f"/instances/{instance}/terminate")
        service.wait_status(instance, "Terminated", QUICK)
    facts.all_is_well(service)


def test_a_start_of_an_id_that_an_open_transaction_has_started_waits_alone(service, transaction):
    act(transaction, "select taskhub.start_instance('hello_orchestrator', null, 'contested', p_hub => %s)", service.hub)
    conn = svc.connect(service.database)
    try:
        with conn.cursor() as cur:
            cur.execute("set lock_timeout = '300ms'")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                cur.execute("select taskhub.start_instance('hello_orchestrator', null, 'contested', p_hub => %s)",
                            [service.hub])
    finally:
        conn.close()
    everything_else_goes_on(service)
    transaction.rollback()
    service.start_instance("hello_orchestrator", "contested")
    service.wait_status("contested", "Completed", QUICK)


def test_a_row_that_a_user_has_locked_keeps_only_its_own_instance_waiting(service, transaction):
    locked = waiting_instances(service, "locked", 1)[0]
    act(transaction, "select * from taskhub.instances where instance_id = %s for update", locked)
    service.raise_event(locked, "Go", "through")
    end = time.monotonic() + OPEN / 2
    while time.monotonic() < end:
        everything_else_goes_on_but_slower(service)
    assert service.status(locked)["runtimeStatus"] == "Running"
    transaction.rollback()
    assert service.wait_status(locked, "Completed", 10)["output"] == "through"
    facts.all_is_well(service)


def test_a_flood_to_an_instance_whose_row_a_user_has_locked_keeps_nobody_else_waiting(service, transaction):
    locked = waiting_instances(service, "flooded", 1)[0]
    act(transaction, "select * from taskhub.instances where instance_id = %s for update", locked)
    service.raise_event(locked, "Go", "through")
    service.sql("select taskhub.raise_event(%s, 'Number', i::text, %s) from generate_series(1, 5000) i", [locked, service.hub])
    everything_else_goes_on_but_slower(service)
    transaction.rollback()
    assert service.wait_status(locked, "Completed", 30)["output"] == "through"
    facts.all_is_well(service)


def everything_else_goes_on_but_slower(service):
    """An owner that runs into the lock waits for it for a second (protocol, S1), each few seconds."""
    ids = [service.start_instance("hello_orchestrator") for _ in range(20)]
    outputs = facts.wait_ended(service, ids, timeout=3 * QUICK)
    assert {len(json.loads(o)) for o in outputs.values()} == {3}


def test_a_table_that_a_user_locks_against_writers_for_a_moment_loses_nothing(service, transaction):
    ids = waiting_instances(service, "table", 4)
    before = len(service.log())
    act(transaction, "lock table taskhub.history in share mode")
    for instance in ids:
        service.raise_event(instance, "Go", "late")
    svc.until(lambda: "a batch failed" in service.log()[before:], 10, what="the owner runs into it")
    transaction.rollback()
    outputs = facts.wait_ended(service, ids, 15)
    assert set(outputs.values()) == {'"late"'}
    everything_else_goes_on(service)
    facts.all_is_well(service)
