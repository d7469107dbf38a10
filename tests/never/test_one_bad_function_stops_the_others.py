"""Code that was changed, that kills its process, that gives back what is no text."""
import json
import uuid

import pytest

import facts
import service as svc
from load import Supervisor

NEVER = [svc.example("hello"), svc.app("never")]


def new_hub():
    return "Bad" + uuid.uuid4().hex[:8]


# -- changed code

CHANGES = {
    # what changed: the event that history has, what the new code did
    "OtherName": ("TaskScheduled 'First'", "TaskScheduled 'Other'"),
    "OtherKind": ("TaskScheduled 'First'", "TimerCreated"),
    "OtherOrder": ("TaskScheduled 'First'", "TaskScheduled 'Second'"),
    "ExtraStep": ("no further step", "TaskScheduled 'Extra'"),
    "MissingStep": ("TaskScheduled 'Second'", ""),
    "EndsEarly": ("TaskScheduled 'First'", ""),
}
HARMLESS = ("LaterStep", "OtherLog")


@pytest.fixture(scope="module")
def changed(database):
    """Instances of the first version that wait for Go, and a service that runs the second one."""
    hub = new_hub()
    service = svc.Service(database, apps=[svc.app("changes_1")], hub=hub)
    try:
        service.start()
        ids = {name: service.start_instance(name) for name in (*CHANGES, *HARMLESS, "OnlyInTheFirst")}
        for instance in ids.values():
            svc.until(lambda i=instance: (service.status(i) or {}).get("customStatus") == "waits for Go", 10)
        service.stop()
        service.apps = [svc.app("changes_2")]
        service.start()
        yield service, ids
    finally:
        service.close()


@pytest.mark.parametrize("name", CHANGES)
def test_changed_code_fails_and_the_message_names_the_event_that_differs(changed, name):
    service, ids = changed
    expected, came = CHANGES[name]
    service.raise_event(ids[name], "Go", 1)
    service.wait_status(ids[name], "Failed", 10)
    failure = json.loads(service.sql("select failure from taskhub.instances_view where instance_id = %s", [ids[name]])[0][0])
    assert failure["type"] == "NonDeterministicOrchestrationException", failure
    for words in ("does not repeat its history: at event ", expected, came):
        assert words in failure["message"], failure


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_history_does_not_know_yet_is_taken(changed, name):
    service, ids = changed
    service.raise_event(ids[name], "Go", 1)
    assert service.wait_status(ids[name], "Completed", 10)["output"] == "new"


def test_an_instance_whose_orchestrator_the_new_code_no_longer_has_waits_for_it_in_sight(changed):
    service, ids = changed
    service.raise_event(ids["OnlyInTheFirst"], "Go", 1)
    svc.until(lambda: service.sql("select kind, name from taskhub.unserved where hub = %s", [service.hub]) ==
              [("episode", "OnlyInTheFirst")], 10)
    facts.nothing_is_stuck(service)
    service.post(f"/instances/{ids['OnlyInTheFirst']}/terminate")
    service.wait_status(ids["OnlyInTheFirst"], "Terminated", 10)


# -- code that kills

def test_an_activity_that_crashes_its_process_five_times_fails_and_the_others_are_done(make_service):
    service = make_service(apps=NEVER, hub=new_hub()).start()
    with Supervisor(service, most=7) as supervisor:
        bad = service.sql("select taskhub.start_instance('CallsSegv', null, 'bad', p_hub => %s)", [service.hub])[0][0]
        good = [r[0] for r in service.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{20}'), %s)",
                                          [service.hub])]
        outputs = facts.wait_ended(service, [bad, *good], timeout=60)
    failure = json.loads(outputs[bad])
    assert "poison" in failure["type"].lower() and "5" in failure["message"], failure
    assert supervisor.deaths == 5, supervisor.deaths
    service.wait_ready()
    service.wait_status(service.start_instance("hello_orchestrator"), "Completed")
    facts.all_is_well(service)
    facts.every_task_was_answered_once(service)


@pytest.mark.parametrize("name", ["Killer", "WaitsAndKills"])
def test_an_orchestrator_that_kills_its_process_is_found_and_fails_alone(make_service, name):
    service = make_service(apps=NEVER, hub=new_hub(), args=["--workers", "1"]).start()
    with Supervisor(service, most=6) as supervisor:
        good = [r[0] for r in service.sql("select taskhub.start_instances('Waits', array_fill('1'::text, '{40}'), %s)",
                                          [service.hub])]
        bad = service.sql("select taskhub.start_instance(%s, null, 'bad', p_hub => %s)", [name, service.hub])[0][0]
        for instance in [*good[:20], bad, *good[20:]]:
            svc.until(lambda i=instance: raised(service, i), 20)
        good += [r[0] for r in service.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{20}'), %s)",
                                           [service.hub])]
        facts.wait_ended(service, good, timeout=60)
        facts.wait_ended(service, [bad], timeout=30, statuses=("Failed",))
    assert 1 <= supervisor.deaths <= 4, supervisor.deaths
    failure = json.loads(service.sql("select failure from taskhub.instances_view where instance_id = 'bad' and hub = %s",
                                     [service.hub])[0][0])
    assert failure["type"] == "PoisonOrchestrator", failure
    service.wait_ready()
    service.wait_status(service.start_instance("hello_orchestrator"), "Completed")
    facts.all_is_well(service)
    facts.every_task_was_answered_once(service)


def test_an_orchestrator_whose_processes_others_kill_early_is_not_taken_for_the_one_to_blame(make_service):
    """What was tried once runs again only in a process that has lived for a while, so quick kills do not count against it."""
    service = make_service(apps=NEVER, hub=new_hub(), args=["--workers", "1"]).start()
    service.start_instance("Collect", "innocent")
    service.wait_status("innocent", "Running")
    service.kill()
    tries = """select max(m.attempts) from taskhub.inbox m join taskhub.partitions p using (partition_id)
               join taskhub.hubs h using (hub_id) where h.name = %s"""
    for n in range(1, 9):
        service.sql("select taskhub.raise_event('innocent', 'Number', %s, %s)", [str(n), service.hub])
        before = service.log().count("partition.acquired")
        service.start(ready=False)
        svc.until(lambda seen=before: service.log().count("partition.acquired") >= seen + 4, 10, pause=0.005)
        svc.wait_a_random_while(0.02)
        service.kill()
        assert (service.sql(tries, [service.hub])[0][0] or 0) <= 1, "a quick kill was counted against it"
    service.start()
    service.raise_event("innocent", "Number", -1)
    assert service.wait_status("innocent", "Completed", 20)["output"] == list(range(1, 9))
    facts.all_is_well(service)


def raised(service, instance):
    """Go, by SQL: the service may be dead just now. One that has failed takes none, and needs none."""
    return service.sql("""do $$ begin perform taskhub.raise_event('%s', 'Go', '1', '%s');
                          exception when sqlstate 'TH002' then null; end $$""" % (instance, service.hub)) == []


# -- texts that are none

@pytest.fixture(scope="module")
def spoilt(database):
    service = svc.Service(database, apps=NEVER, hub=new_hub())
    try:
        yield service.start()
    finally:
        service.close()


@pytest.mark.parametrize("name", ["BadOutput", "NotJson", "BadFailure", "BadStatus", "BadName", "CallsSpoil"])
def test_text_that_is_no_utf8_or_no_json_fails_its_own_instance(spoilt, name):
    bad = spoilt.start_instance(name)
    good = [spoilt.start_instance("hello_orchestrator") for _ in range(20)]
    status = spoilt.wait_status(bad, "Failed", 10)
    assert isinstance(status["output"], str) and status["output"], status
    facts.wait_ended(spoilt, good, timeout=10)
    facts.all_is_well(spoilt)


def test_an_instance_whose_output_the_database_refuses_fails_alone_with_the_reason(spoilt):
    spoilt.sql("alter table taskhub.instances add constraint not_forbidden check (output not like '%forbidden%')")
    try:
        ids = [spoilt.sql("select taskhub.start_instance('Forbidden', null, %s, p_hub => %s)", [f"bad-{i}", spoilt.hub])[0][0]
               for i in range(3)]
        spoilt.sql("set taskhub.notify = on")
        good = [r[0] for r in spoilt.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{200}'), %s)",
                                         [spoilt.hub])]
        for instance in ids:
            status = spoilt.wait_status(instance, "Failed", 15)
            assert "not_forbidden" in status["output"], status
        facts.wait_ended(spoilt, good, timeout=15)
        facts.all_is_well(spoilt)
        facts.every_task_was_answered_once(spoilt)
    finally:
        spoilt.sql("alter table taskhub.instances drop constraint not_forbidden")
