"""Histories of executions that continued as new: kept where the hub is told so."""
import pytest

import facts
import service as svc

APPS = [svc.app("scenarios")]


@pytest.fixture
def keeping(service):
    service.sql("set taskhub.notify = on")
    service.sql("select taskhub.set_hub('keep_history', 'on', %s)", [service.hub])
    settle(service, True)
    yield service
    service.sql("select taskhub.set_hub('keep_history', 'off', %s)", [service.hub])


def settle(service, kept):
    """Processes obey within a second or two: until a loop leaves what it should."""
    tries = iter(range(1000))

    def obeyed():
        instance = f"probe-{kept}-{next(tries)}"
        loop(service, instance, 1)
        return len(executions(service, instance)) == (2 if kept else 1)

    svc.until(obeyed)


def loop(service, instance, generations):
    service.start_instance("Generations", instance, {"left": generations, "sum": 0})
    for n in range(generations // 10):
        service.raise_event(instance, "Add", n)
    return service.wait_status(instance)


def executions(service, instance):
    return service.sql("""select execution_id, present, episodes, events from taskhub.executions_view
                          where hub = %s and instance_id = %s order by first_at, last_at""", [service.hub, instance])


def test_each_generation_leaves_its_history_and_the_status_shows_the_last(keeping):
    status = loop(keeping, "kept", 12)
    found = executions(keeping, "kept")
    assert len(found) == 13 and [f[1] for f in found].count(True) == 1
    inputs = keeping.sql("""select (payload::json ->> 'left')::int from taskhub.history_events
                            where instance_id = 'kept' and kind = 'ExecutionStarted' and hub = %s""", [keeping.hub])
    assert sorted(i for i, in inputs) == list(range(13))
    present = keeping.sql("select execution_id from taskhub.get_instance('kept', %s)", [keeping.hub])
    assert [f[0] for f in found if f[1]] == [present[0][0]]
    assert status["output"]["sum"] == 0
    history = keeping.status("kept", "?showHistory=true")["historyEvents"]
    assert [e["EventType"] for e in history].count("ExecutionStarted") == 1
    facts.all_is_well(keeping)


def test_a_loop_goes_on_after_its_owner_is_killed_and_what_is_kept_stays(keeping):
    keeping.start_instance("Generations", "killed", {"left": 20, "sum": 0})
    keeping.raise_event("killed", "Add", 1)
    svc.until(lambda: len(executions(keeping, "killed")) >= 10)
    keeping.restart("kill")
    keeping.raise_event("killed", "Add", 2)
    assert keeping.wait_status("killed")["output"]["sum"] == 3
    assert len(executions(keeping, "killed")) == 21
    facts.histories_are_gapless(keeping)


def test_a_purge_and_a_new_start_take_all_of_it_along(keeping):
    loop(keeping, "purged", 3)
    assert keeping.delete("/instances/purged").status == 200
    assert executions(keeping, "purged") == []
    loop(keeping, "replaced", 3)
    assert len(executions(keeping, "replaced")) == 4
    loop(keeping, "replaced", 0)
    assert len(executions(keeping, "replaced")) == 1


def test_without_the_setting_only_the_present_one_stays(service):
    service.sql("set taskhub.notify = on")
    settle(service, False)
    loop(service, "plain", 5)
    assert len(executions(service, "plain")) == 1
