"""What an orchestrator has seen it sees again after a kill, in another process: times, GUIDs, results."""
import pytest

import facts
import service as svc

APPS = [svc.app("scenarios")]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_times_and_guids_are_the_same_in_the_next_process(service, how):
    instance = service.start_instance("Deterministic")
    shown = svc.until(lambda: service.status(instance)["customStatus"], 10)
    service.restart(how)
    assert service.status(instance)["customStatus"] == shown
    service.raise_event(instance, "Go", 1)
    assert service.wait_status(instance, "Completed", 10)["output"] == shown
    before, guid, other, after, third = shown
    assert before < after
    assert len({guid, other, third}) == 3
    for each in (guid, other, third):
        assert [len(part) for part in each.split("-")] == [8, 4, 4, 4, 12], each
    lines = [line for line in service.log().splitlines() if instance in line and "this line is logged once" in line]
    assert len(lines) == 1 and lines[0].endswith("replaying: no"), lines
    facts.all_is_well(service)


def test_two_instances_have_other_guids(service):
    ids = [service.start_instance("Deterministic") for _ in range(2)]
    one, two = (svc.until(lambda i=i: service.status(i)["customStatus"], 10) for i in ids)
    assert not {one[1], one[2], one[4]} & {two[1], two[2], two[4]}
    for instance in ids:
        service.raise_event(instance, "Go", 1)
        service.wait_status(instance, "Completed", 10)


def test_a_long_history_is_replayed_and_goes_on(service):
    instance = service.start_instance("LongSequence", input=200)
    svc.until(lambda: service.status(instance)["customStatus"] == "half way", 20)
    service.restart("kill")
    service.raise_event(instance, "Go", 1)
    assert service.wait_status(instance, "Completed", 20)["output"] == 400
    facts.all_is_well(service)
    facts.every_task_was_answered_once(service)


def test_an_instance_that_was_evicted_is_replayed(make_service, tmp_path):
    """Sessions off: every episode replays."""
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"durableTask": {"extendedSessionsEnabled": false}}}')
    (tmp_path / "scenarios.so").symlink_to(svc.app("scenarios"))
    cold = make_service(apps=[tmp_path], hub="Cold").start()
    instance = cold.start_instance("LongSequence", input=30)
    svc.until(lambda: cold.status(instance)["customStatus"] == "half way", 20)
    cold.raise_event(instance, "Go", 1)
    assert cold.wait_status(instance, "Completed", 20)["output"] == 60
    same = cold.start_instance("Deterministic")
    shown = svc.until(lambda: cold.status(same)["customStatus"], 10)
    cold.raise_event(same, "Go", 1)
    assert cold.wait_status(same, "Completed", 10)["output"] == shown
    facts.all_is_well(cold)


def test_an_id_that_has_ended_is_used_again_and_has_a_new_history(service):
    seen = set()
    for n in range(5):
        service.start_instance("Sequence", "again", n)
        assert service.wait_status("again", "Completed", 10)["output"] == n + 3
        rows = service.sql("select distinct execution_id::text from taskhub.history where instance_id = 'again'")
        assert len(rows) == 1, "history of an earlier start has stayed"
        seen.add(rows[0][0])
    assert len(seen) == 5
    facts.all_is_well(service)


def test_an_id_that_was_purged_is_free_and_leaves_nothing(service):
    service.start_instance("Sequence", "purged", 1)
    service.wait_status("purged", "Completed", 10)
    assert service.delete("/instances/purged").json == {"instancesDeleted": 1}
    for table in ("instances", "history", "inbox", "activities"):
        assert service.sql(f"select count(*) from taskhub.{table} where instance_id = 'purged'") == [(0,)]
    service.start_instance("Sequence", "purged", 2)
    assert service.wait_status("purged", "Completed", 10)["output"] == 5
    facts.all_is_well(service)
