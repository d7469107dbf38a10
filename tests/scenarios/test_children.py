"""Sub-orchestrations: called, many, with given ids, failing, retried, ended with their parent, killed."""
import uuid

import pytest

import facts
import service as svc

APPS = [svc.app("children")]
KILLS = 20 if facts.FULL else 3


def new_id():
    return "c-" + uuid.uuid4().hex[:16]


def run(service, name, given=None, wanted="Completed", timeout=30):
    instance = service.start_instance(name, new_id(), given)
    status = service.wait_status(instance, timeout=timeout)
    assert status["runtimeStatus"] == wanted, status
    return instance, status["output"]


def kids(service, parent):
    return service.sql("""select instance_id, runtime_status, output from taskhub.instances_view
                          where hub = %s and parent_instance_id = %s order by created_at, instance_id""", [service.hub, parent])


def events(service, instance, kind):
    return [r[0] for r in service.sql("""select event from taskhub.history_events where hub = %s and instance_id = %s
                                         and kind = %s order by seq""", [service.hub, instance, kind])]


def test_a_parent_calls_children_one_after_the_other_and_has_their_results(service):
    instance, output = run(service, "parent")
    assert output == 3
    assert [(s, o) for _, s, o in kids(service, instance)] == [("Completed", "2"), ("Completed", "3")]
    facts.all_is_well(service)


def test_a_childs_id_begins_with_its_parents_execution(service):
    instance, _ = run(service, "parent")
    execution = service.sql("select execution_id from taskhub.get_instance(%s, %s)", [instance, service.hub])[0][0]
    ids = [k[0] for k in kids(service, instance)]
    assert len(ids) == 2 and all(i.split(":")[0] == execution and len(i.split(":")[1]) == 4 for i in ids)
    assert [e["instanceId"] for e in events(service, instance, "SubOrchestrationInstanceCreated")] == ids


def test_a_child_knows_its_parent(service):
    instance, _ = run(service, "parent")
    created = events(service, instance, "SubOrchestrationInstanceCreated")[0]
    parent = events(service, created["instanceId"], "ExecutionStarted")[0]["parent"]
    execution, = service.sql("select execution_id from taskhub.get_instance(%s, %s)", [instance, service.hub])[0]
    assert (parent["instanceId"], parent["executionId"].replace("-", ""), parent["name"]) == (instance, execution, "parent")


def test_http_shows_children_in_history_and_as_instances(service):
    instance, _ = run(service, "parent")
    history = service.status(instance, "?showHistory=true&showHistoryOutput=true")["historyEvents"]
    done = [e for e in history if e["EventType"] == "SubOrchestrationInstanceCompleted"]
    assert [(e["FunctionName"], e["Result"]) for e in done] == [("child", 2), ("child", 3)]
    child = service.status(kids(service, instance)[0][0])
    assert (child["name"], child["runtimeStatus"], child["output"]) == ("child", "Completed", 2)


def test_many_children_at_once_over_all_partitions(service):
    instance, output = run(service, "many", {"width": 200})
    assert output == sum(range(1, 201))
    assert len(kids(service, instance)) == 200
    partitions = service.sql("""select count(distinct partition_id) from taskhub.instances_view
                                where hub = %s and parent_instance_id = %s""", [service.hub, instance])
    assert partitions == [(4,)]
    facts.all_is_well(service)


def test_a_child_under_a_given_id(service):
    child = new_id()
    instance, output = run(service, "named", child)
    assert output == 42
    assert [k[0] for k in kids(service, instance)] == [child]


def test_a_finished_instance_of_that_id_is_replaced(service):
    child, _ = run(service, "child", 1)
    instance, output = run(service, "named", child)
    assert output == 42
    assert [k[0] for k in kids(service, instance)] == [child]
    assert len(service.sql("select distinct execution_id from taskhub.history where instance_id = %s", [child])) == 1
    facts.all_is_well(service)


def test_a_live_instance_of_that_id_fails_the_child_and_takes_no_harm(service):
    other = service.start_instance("waiting_child", new_id())
    service.wait_status(other, "Running")
    _, output = run(service, "named", other)
    assert output["type"] == "InstanceAlreadyExists" and other in output["message"]
    service.raise_event(other, "go", 5)
    assert service.wait_status(other)["output"] == 5
    facts.all_is_well(service)


def test_an_id_that_cannot_be_one_fails_the_parent(service):
    _, output = run(service, "named", "@entity@key", "Failed")
    assert "'@'" in output
    facts.all_is_well(service)


def test_many_parents_that_want_one_id_have_one_child_at_a_time(service):
    child = new_id()
    parents = [service.start_instance("named", new_id(), child) for _ in range(20)]
    outputs = facts.wait_ended(service, parents, timeout=30)
    good = [o for o in outputs.values() if o == "42"]
    assert good and all(o == "42" or "InstanceAlreadyExists" in o for o in outputs.values())
    facts.all_is_well(service)


def test_a_failing_child_fails_its_parent_with_the_same_failure(service):
    instance, output = run(service, "failing_parent", wanted="Failed")
    assert output == service.status(kids(service, instance)[0][0])["output"] and "always" in output
    assert [k[1] for k in kids(service, instance)] == ["Failed"]


def test_a_child_is_retried_under_another_id_each_time(service):
    instance, output = run(service, "retrying_parent")
    assert output["type"] == "Refused"
    assert [k[1] for k in kids(service, instance)] == ["Failed"] * 3
    created = events(service, instance, "SubOrchestrationInstanceCreated")
    assert [e["attempt"] for e in created] == [1, 2, 3]
    assert len({e["instanceId"] for e in created}) == 3
    facts.all_is_well(service)


def test_a_child_of_a_name_that_nobody_has_waits_and_says_for_what(service):
    instance = service.start_instance("unknown_parent", new_id())
    problem = svc.until(lambda: service.sql("""
        select c.runtime_status, a.kind, a.problem from taskhub.instances_view c
        join taskhub.activities_view a on a.hub = c.hub and a.instance_id = c.instance_id
        where c.hub = %s and c.parent_instance_id = %s""", [service.hub, instance]))
    assert problem == [("Pending", "episode", 'no worker for the orchestrator "nobody_has_this"')]
    facts.nothing_is_stuck(service)
    answer = service.post(f"/instances/{kids(service, instance)[0][0]}/terminate?reason=enough")
    assert answer.status == 202
    assert service.wait_status(instance)["output"]["type"] == "SubOrchestrationTerminated"
    facts.all_is_well(service)


@pytest.mark.parametrize("recurse", [False, True])
def test_terminating_a_parent_ends_its_child_if_it_is_to(service, recurse):
    child = new_id()
    instance = service.start_instance("waiting_parent", new_id(), child)
    service.wait_status(child, "Running")
    service.sql("select taskhub.terminate_instance(%s, 'enough', %s, %s)", [instance, recurse, service.hub])
    assert service.wait_status(instance)["runtimeStatus"] == "Terminated"
    if recurse:
        status = service.wait_status(child)
        assert (status["runtimeStatus"], status["output"]) == ("Terminated", "enough")
    else:
        service.raise_event(child, "go", 1)
        assert service.wait_status(child)["runtimeStatus"] == "Completed"
    facts.all_is_well(service)


def test_a_terminated_child_fails_for_its_parent(service):
    child = new_id()
    instance = service.start_instance("waiting_parent", new_id(), child)
    service.wait_status(child, "Running")
    assert service.post(f"/instances/{child}/terminate?reason=enough").status == 202
    output = service.wait_status(instance, "Completed")["output"]
    assert "was terminated" in output["message"] and "enough" in output["message"]


def test_a_child_that_ends_after_its_parent_disturbs_nobody(service):
    child = new_id()
    instance = service.start_instance("waiting_parent", new_id(), child)
    service.wait_status(child, "Running")
    assert service.post(f"/instances/{instance}/terminate").status == 202
    service.wait_status(instance, "Terminated")
    service.raise_event(child, "go", 1)
    service.wait_status(child, "Completed")
    facts.all_is_well(service)


def test_kills_in_the_middle_of_fifty_children_lose_none_and_repeat_none(make_service):
    service = make_service(apps=APPS, hub="Kids" + uuid.uuid4().hex[:8]).start()
    instances = [service.start_instance("many", new_id(), {"width": 50}) for _ in range(4)]
    for _ in range(KILLS):
        svc.wait_a_random_while(0.1)
        service.restart("kill")
    outputs = facts.wait_ended(service, instances, timeout=60)
    assert set(outputs.values()) == {str(sum(range(1, 51)))}
    assert all([s for _, s, _ in kids(service, i)] == ["Completed"] * 50 for i in instances)
    assert service.sql("select count(*) from taskhub.instances_view where hub = %s", [service.hub]) == [(4 * 51,)]
    facts.all_is_well(service)
    facts.every_task_was_answered_once(service)
