"""Trace contexts: what starts an instance is known to all that it schedules, over every door."""
import contextlib

import pytest

from given import new_id
from raw import Stream, completion, pb, response, task
from service import app, until

GRPC = True
APPS = [app("contract"), app("children"), app("polyglot")]


def trace(n=1, state="vendor=1"):
    context = pb.TraceContext(traceParent=f"00-{n:032x}-{n:016x}-01")
    context.traceState.value = state
    return context


@contextlib.contextmanager
def worker(raw, orchestrators=(), activities=(), entities=()):
    filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=n) for n in orchestrators],
                                 activities=[pb.ActivityFilter(name=n) for n in activities],
                                 entities=[pb.EntityFilter(name=n) for n in entities])
    stream = Stream(raw, pb.GetWorkItemsRequest(workItemFilters=filters))
    try:
        yield stream
    finally:
        stream.close()


def start(raw, name, context=None, **kw):
    raw.call("StartInstance", pb.CreateInstanceRequest(instanceId=new_id(), name=name, parentTraceContext=context, **kw))


def begun(item):
    """ExecutionStarted of a first episode."""
    return item.orchestratorRequest.newEvents[1].executionStarted


def child(number, name, **kw):
    return pb.OrchestratorAction(id=number, createSubOrchestration=pb.CreateSubOrchestrationAction(name=name, **kw))


def again():
    return completion("2", pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW)


def test_a_start_its_activities_and_children_have_the_context_that_they_were_given(raw, name):
    with worker(raw, [name, name + "Child"], [name]) as s:
        start(raw, name, trace(1))
        first = s.next()
        assert begun(first).parentTraceContext == trace(1)
        s.answer(first, [task(1, name, parentTraceContext=trace(2)),
                         child(2, name + "Child", parentTraceContext=trace(3))])
        items = {i.WhichOneof("request"): i for i in (s.next(), s.next())}
        assert items["activityRequest"].activityRequest.parentTraceContext == trace(2)
        assert begun(items["orchestratorRequest"]).parentTraceContext == trace(3)
        s.result(items["activityRequest"])
        second = s.next()
        past = second.orchestratorRequest.pastEvents
        assert [e.taskScheduled.parentTraceContext for e in past if e.HasField("taskScheduled")] == [trace(2)]
        assert [e.subOrchestrationInstanceCreated.parentTraceContext for e in past
                if e.HasField("subOrchestrationInstanceCreated")] == [trace(3)]


def test_what_has_none_of_its_own_belongs_to_the_start(raw, name):
    with worker(raw, [name, name + "Child"], [name]) as s:
        start(raw, name, trace(1, ""))
        s.answer(s.next(), [task(1, name), child(2, name + "Child")])
        items = {i.WhichOneof("request"): i for i in (s.next(), s.next())}
        assert items["activityRequest"].activityRequest.parentTraceContext == trace(1, "")
        assert begun(items["orchestratorRequest"]).parentTraceContext == trace(1, "")
        s.result(items["activityRequest"])
        past = s.next().orchestratorRequest.pastEvents
        assert [e.taskScheduled.parentTraceContext for e in past if e.HasField("taskScheduled")] == [trace(1, "")]


def test_a_new_generation_belongs_to_the_start_of_the_first(raw, name):
    with worker(raw, [name]) as s:
        start(raw, name, trace(7))
        for _ in range(2):
            s.answer(s.next(), [again()])
        assert begun(s.next()).parentTraceContext == trace(7)


def test_without_a_context_there_is_none(raw, name):
    with worker(raw, [name], [name]) as s:
        start(raw, name)
        first = s.next()
        assert not begun(first).HasField("parentTraceContext")
        s.answer(first, [task(1, name)])
        activity = s.next()
        assert not activity.activityRequest.HasField("parentTraceContext")
        s.result(activity)


def test_a_start_over_a_finished_one_has_its_own(raw, service, name):
    with worker(raw, [name]) as s:
        request = pb.CreateInstanceRequest(instanceId=new_id(), name=name)
        for context in (trace(1), None, trace(2)):
            request.ClearField("parentTraceContext")
            if context:
                request.parentTraceContext.CopyFrom(context)
            raw.call("StartInstance", request)
            item = s.next()
            assert begun(item).HasField("parentTraceContext") == bool(context)
            if context:
                assert begun(item).parentTraceContext == context
            s.complete(item)
            raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=request.instanceId))


def test_a_start_by_an_entity_has_the_context_of_its_action(raw, name):
    with worker(raw, [name], entities=[name]) as s:
        raw.call("SignalEntity", pb.SignalEntityRequest(instanceId=f"@{name}@k", name="go", requestId=new_id()))
        item = s.next()
        action = pb.OperationAction(id=1, startNewOrchestration=pb.StartNewOrchestrationAction(
            name=name, parentTraceContext=trace(5)))
        result = pb.OperationResult(success=pb.OperationResultSuccess())
        raw.call("CompleteEntityTask", pb.EntityBatchResult(results=[result], actions=[action],
                                                            completionToken=item.completionToken))
        assert begun(s.next()).parentTraceContext == trace(5)


def test_code_in_c_reads_the_context(service):
    headers = {"traceparent": trace(4).traceParent, "tracestate": "a=1"}
    for given, wanted in ((headers, {"parent": headers["traceparent"], "state": "a=1"}), ({}, None)):
        started = service.post("/orchestrators/Traces", headers=given)
        assert service.wait_status(started.json["id"], "Completed")["output"] == [wanted, wanted]


def post(service, name, headers):
    """A start, once the worker is known."""
    until(lambda: service.post(f"/orchestrators/{name}", headers=headers).status == 202, 5)


@pytest.mark.parametrize("door", ["http", "sql"])
def test_headers_over_http_and_arguments_in_sql_are_the_context_of_a_start(service, raw, name, door):
    parent = trace(9).traceParent
    with worker(raw, [name], [name]) as s:
        if door == "http":
            post(service, name, {"traceparent": parent, "tracestate": "a=1,b=2"})
        else:
            service.sql("select taskhub.start_instance(%s, p_traceparent => %s, p_tracestate => 'a=1,b=2',"
                        " p_hub => 'TestHub')", [name, parent])
        assert begun(s.next()).parentTraceContext == trace(9, "a=1,b=2")


def test_an_orchestrator_in_c_hands_the_context_on_to_its_activities_and_its_next_generation(service):
    parent = trace(4).traceParent
    mixed, again = (service.post(f"/orchestrators/{name}", headers={"traceparent": parent}).json["id"]
                    for name in ("Mixed", "Again"))

    def contexts():
        return service.sql("select instance_id, kind, event -> 'trace' ->> 'parent' from taskhub.history_events"
                           " where instance_id in (%s, %s) and kind in ('ExecutionStarted', 'TaskScheduled')", [mixed, again])

    service.wait_status(again, "Running")
    until(lambda: len(contexts()) >= 4)
    assert {parent for _, _, parent in contexts()} == {parent}
    assert (again, "ExecutionStarted", parent) in contexts()


@pytest.mark.parametrize("parent", ["", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "ff-" + "1" * 32 + "-" + "1" * 16 + "-01",
                                    "00-" + "A" * 32 + "-" + "1" * 16 + "-01", "x" * 55])
def test_headers_that_are_none_are_left_aside(service, raw, name, parent):
    with worker(raw, [name]) as s:
        post(service, name, {"traceparent": parent})
        item = s.next()
        assert not begun(item).HasField("parentTraceContext")
        raw.call("CompleteOrchestratorTask", response(item, [completion()]))
