"""Activities whose time is over: they fail, and what runs them gets out of the way."""
import json
import shutil
import time
import uuid

import pytest

import facts
import service as svc
from service import until


def with_timeout(database, folder, timeout, hub, **fields):
    (folder / "host.json").write_text(json.dumps({
        "version": "2.0", "functionTimeout": timeout, "extensions": {"durableTask": fields}}))
    shutil.copy(svc.app("model"), folder / "model.so")
    return svc.Service(database, apps=[folder / "model.so"], hub=hub)


@pytest.fixture(scope="module")
def service(database, tmp_path_factory):
    """One slot."""
    running = with_timeout(database, tmp_path_factory.mktemp("timeout"), "00:00:02", "Timeouts",
                           maxConcurrentActivityFunctions=1)
    yield running.start()
    running.close()


def start(service, name, ms):
    return service.start_instance("tries_activity", "o-" + uuid.uuid4().hex[:16], {"name": name, "ms": ms})


def test_its_own_timeout_fails_it_and_the_next_does_not_wait_for_its_thread(service):
    begin = time.monotonic()
    stuck, after = start(service, "stubborn_short", 3000), start(service, "stubborn", 10)
    failure = service.wait_status(stuck)["output"]
    assert failure["type"] == "TimeoutException" and "'stubborn_short' took longer than 0.5 s" in failure["message"]
    assert service.wait_status(after)["output"] == "in time"
    assert time.monotonic() - begin < 3
    assert "there are 1 such threads now" in service.log()
    time.sleep(max(0, begin + 3.2 - time.monotonic()))  # its late answer
    assert service.status(stuck)["output"]["type"] == "TimeoutException"
    results = service.sql("select kind from taskhub.history_events where instance_id = %s and kind like 'Task%%ed' order by seq", [stuck])
    assert results == [("TaskScheduled",), ("TaskFailed",)]
    facts.all_is_well(service)


def test_the_timeout_of_all_is_that_of_host_json(service):
    assert service.wait_status(start(service, "stubborn", 1))["output"] == "in time"
    failure = service.wait_status(start(service, "stubborn", 5000))["output"]
    assert failure["type"] == "TimeoutException" and "2 s (functionTimeout)" in failure["message"]


def test_one_without_a_timeout_runs_as_long_as_it_likes(service):
    assert service.wait_status(start(service, "stubborn_endless", 3500))["output"] == "in time"


def test_a_thread_that_goes_on_does_not_hold_up_the_end(database, tmp_path):
    service = with_timeout(database, tmp_path, "00:00:01", "TimeoutsEnd")
    service.args += ["--drain", "1"]
    service.start()
    try:
        instance = start(service, "stubborn", 60000)
        assert until(lambda: service.status(instance)["output"])["type"] == "TimeoutException"
        begin = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - begin < 10
    finally:
        service.close()
