"""Priorities of activities: in one process with one slot, so that the order is plain to see."""
import json
import shutil
import uuid

import pytest

import facts
import service as svc
from service import until

MODEL = svc.app("model")


@pytest.fixture(scope="module")
def service(database, tmp_path_factory):
    """One slot for activities."""
    folder = tmp_path_factory.mktemp("priority")
    (folder / "host.json").write_text(json.dumps({
        "version": "2.0", "extensions": {"durableTask": {"maxConcurrentActivityFunctions": 1}}}))
    app = folder / "model.so"
    shutil.copy(MODEL, app)
    running = svc.Service(database, apps=[app], hub="Priority")
    running.start().sql("set taskhub.notify = on")
    yield running
    running.close()


def new_id():
    return "p-" + uuid.uuid4().hex[:16]


def busy(service, ms=1500):
    """The one slot is taken for so long."""
    instance = service.start_instance("one_turn", new_id(), ms)
    until(lambda: service.sql("select 1 from taskhub.activities_view where instance_id = %s and state = 'claimed'", [instance]))
    return instance


def queued(service, instances):
    until(lambda: len(service.sql("select 1 from taskhub.activities_view where instance_id = any(%s)", [instances])) >= len(instances))


def order(service, instances):
    """The instances in the order in which their turns came."""
    outputs = facts.wait_ended(service, instances, timeout=30)
    return sorted(instances, key=lambda i: int(outputs[i]))


@pytest.mark.parametrize("ms", [1, 30])
def test_higher_ones_go_first_and_equal_ones_as_they_came(service, ms):
    """Of a millisecond each the process claims many ahead; of thirty, one after the other from the queue."""
    for _ in range(3):
        service.wait_status(service.start_instance("one_turn", new_id(), ms))
    blocker = busy(service, 400)
    priorities = [0, 5, -3, 0, 100, -100, 5, 0, 7]
    instance = service.start_instance("turns", new_id(), {"ms": ms, "priorities": priorities})
    turns = service.wait_status(instance)["output"]
    came = sorted(range(len(priorities)), key=lambda i: turns[i])
    assert came == sorted(range(len(priorities)), key=lambda i: (-priorities[i], i)), came
    service.wait_status(blocker)


def test_the_priority_of_a_start_is_that_of_its_activities(service):
    busy(service)
    low, plain, high = new_id(), new_id(), new_id()
    service.start_instance("one_turn", low, 1, "?priority=-5")
    service.sql("select taskhub.start_instance('one_turn', '1', %s, p_hub => %s)", [plain, service.hub])
    service.sql("select taskhub.start_instance('one_turn', '1', %s, p_hub => %s, p_priority => 5)", [high, service.hub])
    queued(service, [low, plain, high])
    assert service.sql("select priority from taskhub.activities_view where instance_id = %s", [high]) == [(5,)]
    assert order(service, [low, plain, high]) == [high, plain, low]


def test_children_and_later_generations_have_it_too_unless_they_are_given_their_own(service):
    busy(service)
    plain, high, family = new_id(), new_id(), new_id()
    service.start_instance("one_turn", plain, 1)
    service.start_instance("turn_later", high, 2, "?priority=3")
    service.start_instance("ranked_children", family, query="?priority=1")
    until(lambda: len(service.sql("select 1 from taskhub.activities_view where priority <> 0")) == 4)
    ranks = service.sql("select a.priority from taskhub.activities_view a join taskhub.instances_view i using (instance_id) "
                        "where i.parent_instance_id = %s order by 1", [family])
    assert ranks == [(-1,), (1,), (9,)]
    outputs = facts.wait_ended(service, [plain, high, family], timeout=30)
    low, same, own = json.loads(outputs[family])
    assert own < int(outputs[high]) < same < int(outputs[plain]) < low


def test_none_waits_for_ever(service):
    """A step of priority counts like a minute of waiting."""
    busy(service)
    high, old = new_id(), new_id()
    service.start_instance("one_turn", old, 1)
    service.start_instance("one_turn", high, 1, "?priority=10")
    queued(service, [old, high])
    service.sql("update taskhub.activities set due = due - interval '11 minutes' where instance_id = %s", [old])
    assert order(service, [old, high]) == [old, high]


def test_a_restart_keeps_it(service):
    instance = service.start_instance("one_turn", new_id(), 1, "?priority=4")
    service.wait_status(instance)
    again = service.post(f"/instances/{instance}/restart").json["id"]
    assert service.sql("select priority from taskhub.instances_view where instance_id = %s", [again]) == [(4,)]
    (other,), = service.sql("select taskhub.restart_instance(%s, p_hub => %s)", [instance, service.hub])
    assert service.sql("select priority from taskhub.instances_view where instance_id = %s", [other]) == [(4,)]


def test_bad_priorities_are_refused(service):
    for bad in ("101", "-101", "high", "1.5", "1e1"):
        answer = service.post(f"/orchestrators/one_turn/{new_id()}?priority={bad}", "1")
        assert answer.status == 400 and "from -100 to 100" in answer.text, answer
    facts.all_is_well(service)
