"""Events that come before their instance, in hubs that keep them."""
import uuid

import pytest

import doors
import facts
import service as svc
from service import until

APPS = [svc.app("children"), svc.app("model")]


def new_id():
    return "e-" + uuid.uuid4().hex[:16]


@pytest.fixture
def keeping(service):
    service.sql("select taskhub.set_hub('early_events', '1 hour', %s)", [service.hub])
    yield service
    service.sql("select taskhub.set_hub('early_events', 'off', %s)", [service.hub])


def held(service, instance):
    return service.sql("select state from taskhub.inbox_view where instance_id = %s and kind = 'EventRaised'", [instance])


def early(service, instance):
    return [r[0] for r in service.sql("select name from taskhub.early_events where hub = %s and instance_id = %s order by message_no",
                                      [service.hub, instance])]


def post(service, instance, value="1"):
    return service.post(f"/instances/{instance}/raiseEvent/go", value, headers={"Content-Type": "application/json"})


def test_without_the_setting_an_event_needs_its_instance(service):
    assert post(service, new_id()).status == 404


@pytest.mark.parametrize("door", doors.DOORS)
def test_an_early_event_waits_for_its_instance(keeping, door):
    instance, d = new_id(), doors.DOORS[door](keeping)
    d.event(instance, "go", "41")
    until(lambda: held(keeping, instance) == [("held",)])
    assert early(keeping, instance) == ["go"]
    d.start("waiting_child", instance, None)
    assert until(lambda: d.look(instance) == ("Completed", 41, None) or None)
    assert early(keeping, instance) == []
    facts.all_is_well(keeping)


def test_early_events_come_first_and_in_their_order(keeping):
    instance = new_id()
    for n in range(5):
        assert post(keeping, instance, str(n)).status == 202
    until(lambda: held(keeping, instance) == [("held",)] * 5)
    keeping.start_instance("takes_five", instance)
    assert keeping.wait_status(instance)["output"] == [0, 1, 2, 3, 4]
    facts.all_is_well(keeping)


def test_a_child_finds_what_came_before_it(keeping):
    child, parent = new_id(), new_id()
    assert post(keeping, child, "7").status == 202
    until(lambda: held(keeping, child) == [("held",)])
    keeping.start_instance("waiting_parent", parent, child)
    assert keeping.wait_status(parent)["runtimeStatus"] == "Completed"
    assert keeping.wait_status(child)["output"] == 7
    facts.all_is_well(keeping)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_it_outlives_its_owner(make_service, how):
    service = make_service(apps=APPS, hub="Early" + how).start()
    service.sql("select taskhub.set_hub('early_events', '1 hour', %s)", [service.hub])
    instance = new_id()
    until(lambda: post(service, instance, "3").status == 202)
    until(lambda: held(service, instance) == [("held",)])
    service.restart(how)
    service.start_instance("waiting_child", instance)
    assert service.wait_status(instance)["output"] == 3
    facts.all_is_well(service)


def test_what_a_finished_instance_has_not_taken_is_not_the_next_ones(keeping):
    instance = new_id()
    assert post(keeping, instance, "1").status == 202
    until(lambda: held(keeping, instance) == [("held",)])
    keeping.start_instance("child", instance, 1)
    keeping.wait_status(instance)
    assert post(keeping, instance).status == 410, "a finished instance takes no event"
    facts.queues_get_empty(keeping)
    keeping.start_instance("waiting_child", instance)
    keeping.wait_status(instance, "Running")
    assert held(keeping, instance) == []
    keeping.raise_event(instance, "go", 2)
    assert keeping.wait_status(instance)["output"] == 2
    facts.all_is_well(keeping)


def test_a_termination_before_the_first_step_takes_them_along(keeping):
    instance = new_id()
    assert post(keeping, instance).status == 202
    until(lambda: held(keeping, instance) == [("held",)])
    keeping.sql("""select taskhub.start_instance('waiting_child', null, %s, p_scheduled_start => now() + interval '3 seconds', p_hub => %s),
                          taskhub.terminate_instance(%s, p_hub => %s)""", [instance, keeping.hub, instance, keeping.hub])
    assert keeping.wait_status(instance)["runtimeStatus"] == "Terminated"
    assert held(keeping, instance) == []


def test_what_nobody_comes_for_expires(keeping):
    instance = new_id()
    keeping.sql("select taskhub.set_hub('early_events', '1 second', %s)", [keeping.hub])
    assert post(keeping, instance).status == 202
    assert early(keeping, instance) == ["go"]
    until(lambda: early(keeping, instance) == [], what="it has expired")
    assert held(keeping, instance) == []
    keeping.start_instance("waiting_child", instance)
    keeping.raise_event(instance, "go", 5)
    assert keeping.wait_status(instance)["output"] == 5
