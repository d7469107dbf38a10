"""Activities that are given up: by their orchestrator, or with it; in the owner's process and in others."""
import time
import uuid

import pytest

import facts
import service as svc
from service import until

APPS = [svc.app("model")]


def new_id():
    return "x-" + uuid.uuid4().hex[:16]


def begun(service, instance):
    until(lambda: service.sql("select 1 from taskhub.activities_view where instance_id = %s and state = 'claimed'", [instance]))


def start(service, name, tmp_path):
    file = tmp_path / "out"
    instance = service.start_instance(name, new_id(), {"file": str(file)})
    begun(service, instance)
    return instance, file


def told_within(file, seconds):
    begin = time.monotonic()
    until(lambda: file.exists() and file.read_text() == "cancelled", timeout=10)
    assert time.monotonic() - begin < seconds


@pytest.fixture(scope="module")
def apart(database):
    """An owner that runs no activities, and a process that runs nothing else."""
    made = [svc.Service(database, apps=APPS, hub="Apart", args=args)
            for args in (["--no-activities"], ["--no-orchestrators"])]
    for each in made:
        each.start()
    yield made[0]
    for each in made:
        each.close()


@pytest.fixture(params=["here", "elsewhere"])
def place(request):
    return request.getfixturevalue("service" if request.param == "here" else "apart")


def test_a_cancelled_activity_is_told_and_its_result_is_dropped(place, tmp_path):
    instance, file = start(place, "gives_up", tmp_path)
    place.raise_event(instance, "stop")
    told_within(file, 4)
    until(lambda: not place.sql("select 1 from taskhub.activities_view where instance_id = %s", [instance]))
    place.raise_event(instance, "go")
    failure, turn = place.wait_status(instance)["output"]
    assert failure["type"] == "TaskCanceled" and isinstance(turn, int)
    facts.all_is_well(place)


def test_a_terminated_instance_takes_its_activity_along(place, tmp_path):
    instance, file = start(place, "gives_up", tmp_path)
    assert place.post(f"/instances/{instance}/terminate").status == 202
    told_within(file, 4)
    facts.all_is_well(place)


def test_a_cancellation_is_replayed(service, tmp_path):
    instance, file = start(service, "gives_up", tmp_path)
    service.raise_event(instance, "stop")
    told_within(file, 4)
    service.restart("kill")
    service.raise_event(instance, "go")
    failure, turn = service.wait_status(instance)["output"]
    assert failure["type"] == "TaskCanceled" and isinstance(turn, int)
    facts.all_is_well(service)


def test_what_is_cancelled_at_once_or_before_its_next_try_never_comes(service, tmp_path):
    file = tmp_path / "out"
    instance = service.start_instance("gives_up_early", new_id(), {"file": str(file)})
    output = service.wait_status(instance)["output"]
    assert [f["type"] for f in output] == ["TaskCanceled", "TaskCanceled"]
    kinds = [k for k, in service.sql("select kind from taskhub.history_events where instance_id = %s order by seq", [instance])]
    assert kinds.count("TaskScheduled") == 2 and kinds.count("TaskCompleted") == 0
    assert service.sql("select 1 from taskhub.inbox_view where instance_id = %s", [instance]) == []
    until(lambda: not file.exists() or file.read_text() == "cancelled")
    facts.all_is_well(service)


def test_what_is_queued_never_runs(apart, tmp_path):
    apart.sql("select 1")
    owner_only = svc.Service(apart.database, apps=APPS, hub="Alone", args=["--no-activities"]).start()
    try:
        file = tmp_path / "out"
        instance = owner_only.start_instance("gives_up", new_id(), {"file": str(file)})
        until(lambda: owner_only.sql("select 1 from taskhub.activities_view where instance_id = %s and state = 'queued'", [instance]))
        owner_only.raise_event(instance, "stop")
        until(lambda: not owner_only.sql("select 1 from taskhub.activities_view where instance_id = %s", [instance]))
        assert not file.exists()
    finally:
        owner_only.close()


def test_a_child_can_not_be_cancelled(service):
    status = service.wait_status(service.start_instance("cancels_a_child"))
    assert status["runtimeStatus"] == "Failed" and "only timers, activities and waits" in status["output"]
