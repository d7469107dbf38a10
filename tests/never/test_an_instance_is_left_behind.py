"""Instances that are not finished, and wakes that did not come: lost notifications, downtime, and much at once."""
import random
import time
import uuid

import pytest

import facts
import service as svc
from facts import FULL

APPS = [svc.example("hello"), svc.app("never")]
POLL = 4.0  # a wake that was lost is made up for within a poll of three seconds (protocol, W4)
ROUNDS, CROWD = (20, 400) if FULL else (3, 60)


@pytest.fixture
def fresh(make_service):
    """A service on a hub of its own; fresh(**options) for more of them."""
    hub = "Behind" + uuid.uuid4().hex[:8]

    def make(**options):
        return make_service(apps=options.pop("apps", APPS), hub=hub, **options)

    return make


IDLE_LOCK = 0x74680003


def idle(service):
    """Until the owners of all partitions hold the IDLE locks: they sleep, and wait for notifications."""
    asleep = """select count(*) from taskhub.partitions p join taskhub.hubs h using (hub_id)
                join pg_locks l on l.locktype = 'advisory' and l.classid = %s and l.objid = p.partition_id and l.granted
                where h.name = %s and l.database = (select oid from pg_database where datname = current_database())"""
    svc.until(lambda: service.sql(asleep, [IDLE_LOCK, service.hub]) == [(4,)], 10, what="the owners are idle")


def test_a_start_over_sql_without_a_notification_is_found_by_the_next_look(fresh):
    service = fresh().start()
    idle(service)
    service.sql("select taskhub.start_instance('hello_orchestrator', null, 'quiet', p_hub => %s)", [service.hub])
    service.wait_status("quiet", "Completed", POLL)


def test_a_start_through_another_front_end_wakes_an_idle_owner_at_once(fresh):
    owner = fresh().start()
    front = fresh(args=["--no-orchestrators", "--no-activities"]).start()
    idle(owner)
    for _ in range(5):
        began = time.monotonic()
        instance = front.start_instance("hello_orchestrator")
        front.wait_status(instance, "Completed", POLL)
        assert time.monotonic() - began < 1.0, "the owner was not woken"
        idle(owner)


def test_a_start_while_the_listening_connection_is_gone_is_found(fresh):
    owner = fresh().start()
    front = fresh(args=["--no-orchestrators", "--no-activities"]).start()
    for _ in range(3):
        idle(owner)
        owner.sql("select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%%listen%%' "
                  "and pid <> pg_backend_pid()")
        instance = front.start_instance("hello_orchestrator")
        front.wait_status(instance, "Completed", POLL)


def test_what_fell_due_and_came_in_while_no_process_ran_is_done_by_the_next(fresh):
    service = fresh().start()
    ids = {name: service.start_instance(name, input=value) for name, value in
           {"Sleeps": 1, "Collect": None, "Waits": None, "Naps": 0.2}.items()}
    for instance in ids.values():
        service.wait_status(instance, "Running")
    paused = service.start_instance("Waits")
    service.wait_status(paused, "Running")
    service.kill()
    service.sql("select taskhub.raise_event(%s, 'Number', '1', %s)", [ids["Collect"], service.hub])
    service.sql("select taskhub.raise_event(%s, 'Number', '-1', %s)", [ids["Collect"], service.hub])
    service.sql("select taskhub.raise_event(%s, 'Go', '2', %s)", [ids["Waits"], service.hub])
    service.sql("select taskhub.suspend_instance(%s, null, %s)", [paused, service.hub])
    service.sql("select taskhub.raise_event(%s, 'Go', '3', %s)", [paused, service.hub])
    down = time.monotonic()
    svc.until(lambda: time.monotonic() > down + 1.2, 3, what="the timer is overdue")
    service.start()
    outputs = facts.wait_ended(service, ids.values(), timeout=10)
    assert (outputs[ids["Collect"]], outputs[ids["Waits"]]) == ("[1]", "2")
    service.wait_status(paused, "Suspended", 5)
    assert service.post(f"/instances/{paused}/resume").status == 202
    assert service.wait_status(paused, "Completed", 5)["output"] == 3
    facts.all_is_well(service)


def test_work_waits_for_a_process_of_the_role_and_is_not_called_stuck(fresh):
    front = fresh(args=["--no-orchestrators"]).start()
    ids = [front.start_instance("hello_orchestrator") for _ in range(8)]
    owner = fresh(args=["--no-activities", "--no-http"])
    owner.start(ready=False)
    facts.wait_ended(front, ids, timeout=15)
    front.kill()
    owner.sql("set taskhub.notify = on")
    more = [r[0] for r in owner.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{8}'), %s)",
                                    [owner.hub])]
    queued = "select count(*) from taskhub.activities_view where hub = %s and state = 'queued'"
    svc.until(lambda: owner.sql(queued, [owner.hub]) == [(8,)], 10, what="the first activities are queued")
    facts.nothing_is_stuck(owner)
    front.start()
    facts.wait_ended(front, more, timeout=15)
    facts.all_is_well(front)


def random_act(service, instance):
    path, body = random.choice([("raiseEvent/Number", "1"), ("raiseEvent/Number", "2"), ("raiseEvent/Nobody", "3"),
                                ("suspend", None), ("resume", None), ("suspend", None), ("resume", None)])
    if random.random() < 0.02:
        path, body = "terminate", None
    try:
        service.post(f"/instances/{instance}/{path}", body, headers={"Content-Type": "application/json"}, timeout=30)
    except Exception as e:  # pylint: disable=broad-except
        assert isinstance(e, OSError) or type(e).__module__ == "http.client", e


def test_a_crowd_that_is_suspended_resumed_signalled_and_killed_at_random_ends_to_the_last_one(fresh):
    """Two processes, one of which is killed or stopped again and again."""
    steady, shaky = fresh().start(), fresh().start()
    kinds = ["Collect", "Naps", "Sleeps", "Hundred"]
    ids = [steady.start_instance(kinds[i % 4], f"crowd-{i}", random.random()) for i in range(CROWD)]
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    random.seed(seed)
    for k in range(ROUNDS):
        for _ in range(CROWD):
            random_act(random.choice((steady, steady, shaky)), random.choice(ids))
        shaky.restart(how=random.choice(("kill", "stop")), ready=False)
    for instance in ids:
        steady.post(f"/instances/{instance}/resume")
    for instance in ids:
        steady.post(f"/instances/{instance}/raiseEvent/Number", "-1", headers={"Content-Type": "application/json"})
    facts.wait_ended(steady, ids, timeout=60, statuses=("Completed", "Terminated"))
    facts.all_is_well(steady)
    assert shaky.process.poll() is None, shaky.log()[-2000:]
