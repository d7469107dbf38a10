"""The stream of work items as a worker by hand sees it: who gets what, and what becomes of strange answers."""
import json
import queue
import time

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from given import new_id
from raw import Raw, Stream, completion, field, pb, response, task
from service import until

GRPC = True
OK = grpc.StatusCode.OK


@pytest.fixture
def stream(raw):
    """stream(orchestrators, activities, **limits) opens one with filters, closed at the end of the test."""
    opened = []

    def make(orchestrators=(), activities=(), entities=(), **kw):
        filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=n) for n in orchestrators],
                                     activities=[pb.ActivityFilter(name=n) for n in activities],
                                     entities=[pb.EntityFilter(name=n) for n in entities])
        opened.append(Stream(raw, pb.GetWorkItemsRequest(workItemFilters=filters, **kw)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def start(raw, name, instance=None, data=None):
    request = pb.CreateInstanceRequest(instanceId=instance or new_id(), name=name)
    if data is not None:
        request.input.value = data
    raw.call("StartInstance", request)
    return request.instanceId


def state(raw, instance):
    answer = raw.call("GetInstance", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True))
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


def ended(raw, instance, timeout=20):
    answer = raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True),
                      timeout=timeout)
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


def nothing_more(s, seconds=1.5):
    with pytest.raises(queue.Empty):
        s.next(timeout=seconds)


def kinds(events):
    return [e.WhichOneof("eventType") for e in events]


# -- what goes out


def test_an_episode_carries_the_past_and_what_is_new(raw, stream, name):
    s = stream([name], [name])
    instance = start(raw, name, data='{"a": 1}')
    first = s.next()
    request = first.orchestratorRequest
    assert (request.instanceId, len(request.executionId.value)) == (instance, 32)
    assert kinds(request.pastEvents) == []
    assert kinds(request.newEvents) == ["orchestratorStarted", "executionStarted"]
    started = request.newEvents[1].executionStarted
    assert (started.name, started.input.value) == (name, '{"a": 1}')
    assert started.orchestrationInstance.executionId.value == request.executionId.value
    assert request.HasField("entityParameters")

    s.answer(first, [task(1, name, tags={"k": "v"})])
    activity = s.next()
    assert (activity.activityRequest.name, activity.activityRequest.taskId) == (name, 1)
    assert dict(activity.activityRequest.tags) == {"k": "v"}
    assert not activity.activityRequest.HasField("input")
    s.result(activity, '"ok"')

    second = s.next()
    request = second.orchestratorRequest
    assert kinds(request.pastEvents) == ["orchestratorStarted", "executionStarted", "taskScheduled"]
    assert request.pastEvents[2].eventId == 1
    assert kinds(request.newEvents) == ["orchestratorStarted", "taskCompleted"]
    assert request.newEvents[1].taskCompleted.taskScheduledId == 1
    assert second.completionToken != first.completionToken
    s.complete(second, '"end"')
    assert ended(raw, instance).output.value == '"end"'


def test_the_trace_context_of_the_last_answer_comes_back(raw, stream, name):
    s = stream([name])
    instance = start(raw, name)
    trace = pb.OrchestrationTraceContext(spanStartTime=Timestamp(seconds=5))
    trace.spanID.value = "s1"
    first = s.next()
    assert not first.orchestratorRequest.HasField("orchestrationTraceContext")
    s.answer(first, orchestrationTraceContext=trace)
    raw.call("RaiseEvent", pb.RaiseEventRequest(instanceId=instance, name="e"))
    second = s.next()
    assert second.orchestratorRequest.orchestrationTraceContext == trace
    s.complete(second)


def test_times_keep_their_nine_digits(raw, stream, name):
    s = stream([name])
    instance = start(raw, name)
    at = Timestamp(seconds=int(time.time()), nanos=123456789)
    s.answer(s.next(), [pb.OrchestratorAction(id=1, createTimer=pb.CreateTimerAction(fireAt=at))])
    item = s.next()
    assert item.orchestratorRequest.pastEvents[2].timerCreated.fireAt == at
    assert item.orchestratorRequest.newEvents[1].timerFired.fireAt == at
    s.complete(item)
    assert ended(raw, instance).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def test_failures_pass_through_unchanged(raw, stream, name):
    s = stream([name], [name])
    instance = start(raw, name)
    s.answer(s.next(), [task(1, name)])
    item = s.next()
    details = pb.TaskFailureDetails(errorType="T", errorMessage="m", isNonRetriable=True,
                                    innerFailure=pb.TaskFailureDetails(errorType="I", errorMessage="i"))
    details.stackTrace.value = ""
    details.properties["p"].struct_value.update({"list": [1.5, "x", None, True, {}]})
    raw.call("CompleteActivityTask", pb.ActivityResponse(instanceId=instance, taskId=1, failureDetails=details,
                                                         completionToken=item.completionToken))
    item = s.next()
    assert item.orchestratorRequest.newEvents[1].taskFailed.failureDetails == details
    failed = completion(status=pb.ORCHESTRATION_STATUS_FAILED)
    failed.completeOrchestration.failureDetails.CopyFrom(details)
    s.answer(item, [failed])
    assert ended(raw, instance).failureDetails == details


# -- who gets it


def test_what_nobody_runs_waits_for_a_worker(raw, stream, name):
    instance = start(raw, name)
    s = stream(["other"])
    nothing_more(s)
    assert state(raw, instance).orchestrationStatus == pb.ORCHESTRATION_STATUS_PENDING
    t = stream([name], [name])
    t.answer(t.next(), [task(1, name)])
    t.result(t.next())
    item = t.next()
    assert kinds(item.orchestratorRequest.pastEvents) == ["orchestratorStarted", "executionStarted", "taskScheduled"]
    t.complete(item)
    assert ended(raw, instance).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def test_an_activity_goes_to_the_worker_that_has_it(raw, stream, name):
    orchestrators = stream([name])
    start(raw, name)
    orchestrators.answer(orchestrators.next(), [task(1, name)])
    nothing_more(orchestrators, 0.5)
    activities = stream([], [name])
    activities.result(activities.next())
    orchestrators.complete(orchestrators.next())


def test_versions_of_a_filter_are_matched(raw, stream, name):
    filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=name, versions=["2"])])
    s = Stream(raw, pb.GetWorkItemsRequest(workItemFilters=filters))
    start(raw, name)
    request = pb.CreateInstanceRequest(instanceId=new_id(), name=name)
    request.version.value = "2"
    raw.call("StartInstance", request)
    item = s.next()
    assert item.orchestratorRequest.instanceId == request.instanceId
    s.complete(item)
    nothing_more(s, 1)
    s.close()


def test_a_worker_has_no_more_at_once_than_it_asked_for(raw, stream, name):
    s = stream([name], [name], maxConcurrentActivityWorkItems=2)
    start(raw, name)
    s.answer(s.next(), [task(i, name) for i in range(5)])
    had = [s.next(), s.next()]
    nothing_more(s, 0.5)
    for _ in range(3):
        s.result(had.pop(0))
        had.append(s.next())
    for item in had:
        if item.HasField("activityRequest"):
            s.result(item)


def test_items_are_spread_over_workers(raw, stream, name):
    a, b = stream([name]), stream([name])
    for _ in range(6):
        start(raw, name)
    for each in (a, b):
        for item in [each.next() for _ in range(3)]:
            each.complete(item)


def test_work_of_another_hub_is_not_given_out(service, raw):
    service.sql("select taskhub.create_hub('Elsewhere')")
    s = Stream(raw, metadata=[("taskhub", "Elsewhere")])
    assert s.call.code() == grpc.StatusCode.FAILED_PRECONDITION


# -- what comes back


def test_an_answer_counts_once_and_strange_ones_not_at_all(raw, stream, name):
    s = stream([name], [name])
    instance = start(raw, name)
    item = s.next()
    other = pb.OrchestratorResponse(instanceId="another", completionToken=item.completionToken, actions=[completion()])
    assert raw.code("CompleteOrchestratorTask", other)[0] == OK
    for token in ("", "x", "-", "0-0", item.completionToken[:-1], item.completionToken + "0", "é" * 1000):
        wrong = pb.OrchestratorResponse(instanceId="another", completionToken=token, actions=[completion()])
        assert raw.code("CompleteOrchestratorTask", wrong)[0] == OK
        assert raw.code("CompleteActivityTask", pb.ActivityResponse(instanceId=instance, completionToken=token))[0] == OK
        assert raw.code("CompleteEntityTask", pb.EntityBatchResult(completionToken=token))[0] == OK
        assert raw.code("AbandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest(
            completionToken="x" + token))[0] == OK
    # an orchestrator's token is none of an activity
    assert raw.code("CompleteActivityTask", pb.ActivityResponse(completionToken=item.completionToken))[0] == OK
    assert state(raw, instance).orchestrationStatus in (pb.ORCHESTRATION_STATUS_PENDING,
                                                        pb.ORCHESTRATION_STATUS_RUNNING)

    s.answer(item, [task(1, name)])
    s.answer(item, [completion('"twice"')])
    activity = s.next()
    s.result(activity, "1")
    s.result(activity, "2")
    second = s.next()
    assert second.orchestratorRequest.newEvents[1].taskCompleted.result.value == "1"
    s.complete(second, '"once"')
    assert ended(raw, instance).output.value == '"once"'
    s.complete(second, '"late"')
    assert ended(raw, instance).output.value == '"once"'


def test_answers_without_a_token_are_matched_by_instance_and_task(raw, stream, name):
    s = stream([name], [name])
    instance = start(raw, name)
    s.next()
    raw.call("CompleteOrchestratorTask", pb.OrchestratorResponse(instanceId=instance, actions=[task(0, name)]))
    s.next()
    raw.call("CompleteActivityTask", pb.ActivityResponse(instanceId=instance, taskId=0))
    assert kinds(s.next().orchestratorRequest.newEvents) == ["orchestratorStarted", "taskCompleted"]
    raw.call("CompleteOrchestratorTask", pb.OrchestratorResponse(instanceId=instance, actions=[completion()]))
    assert ended(raw, instance).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def test_an_abandoned_item_comes_again(raw, stream, name):
    s = stream([name], [name])
    start(raw, name)
    first = s.next()
    raw.call("AbandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest(
        completionToken=first.completionToken))
    again = s.next()
    assert again.orchestratorRequest.instanceId == first.orchestratorRequest.instanceId
    s.complete(first, '"stale"')
    s.answer(again, [task(1, name)])
    activity = s.next()
    raw.call("AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=activity.completionToken))
    s.result(s.next())
    s.complete(s.next())


def test_an_answer_may_come_in_chunks(raw, stream, name):
    s = stream([name], [name])
    instance = start(raw, name)
    item = s.next()

    def chunk(index, actions, partial):
        raw.call("CompleteOrchestratorTask", response(item, actions, isPartial=partial, chunkIndex={"value": index}))

    chunk(0, [task(9, "gone")], True)
    chunk(0, [task(1, name)], True)
    chunk(1, [task(2, name)], True)
    nothing_more(s, 0.3)
    chunk(2, [task(3, name)], False)
    for _ in range(3):
        s.result(s.next())
    seen = []
    while len(seen) < 3:
        item = s.next()
        seen += [e for e in kinds(item.orchestratorRequest.newEvents) if e == "taskCompleted"]
        s.answer(item, [completion()] if len(seen) == 3 else [])
    assert kinds(item.orchestratorRequest.pastEvents)[:5] == ["orchestratorStarted", "executionStarted",
                                                              *["taskScheduled"] * 3]
    assert ended(raw, instance).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def action(**kw):
    return pb.OrchestratorAction(id=1, **kw)


@pytest.mark.parametrize("bad, words", [
    (action(scheduleTask=pb.ScheduleTaskAction()), "scheduleTask.name"),
    (action(scheduleTask=pb.ScheduleTaskAction(name="x" * 257)), "scheduleTask.name"),
    (action(createTimer=pb.CreateTimerAction()), "createTimer.fireAt"),
    (action(createTimer=pb.CreateTimerAction(fireAt=Timestamp(seconds=1 << 62))), "createTimer.fireAt"),
    (action(createSubOrchestration=pb.CreateSubOrchestrationAction(name="c", instanceId="a/b")), "instanceId"),
    (action(createSubOrchestration=pb.CreateSubOrchestrationAction()), "createSubOrchestration.name"),
    (action(sendEvent=pb.SendEventAction()), "sendEvent"),
    (action(sendEvent=pb.SendEventAction(name="op", instance=pb.OrchestrationInstance(instanceId="@a@b"))), "entities"),
    (action(sendEntityMessage=pb.SendEntityMessageAction()), "sendEntityMessage"),
    (action(completeOrchestration=pb.CompleteOrchestrationAction()), "orchestrationStatus"),
    (action(terminateOrchestration=pb.TerminateOrchestrationAction(instanceId="x")), "not known"),
    (action(), "not known"),
], ids=lambda p: p if isinstance(p, str) else None)
def test_an_action_that_makes_no_sense_fails_the_instance_by_name(raw, stream, name, bad, words):
    s = stream([name])
    instance = start(raw, name)
    s.answer(s.next(), [bad])
    end = ended(raw, instance)
    assert end.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
    assert end.failureDetails.errorType == "InvalidAction" and words in end.failureDetails.errorMessage


def test_bytes_that_make_no_sense_are_refused(raw):
    deep = b""
    for _ in range(150):
        deep = field(4, deep)
    bad = [("CompleteActivityTask", field(4, deep)), ("CompleteActivityTask", field(1, b"\xff")),
           ("CompleteOrchestratorTask", b"\x12\xff\xff\xff\x0f"), ("CompleteOrchestratorTask", field(2, b"\x0a")),
           ("GetWorkItems", b"\x5a\x05a"), ("CompleteEntityTask", field(5, b"a\0b")),
           ("CompleteActivityTask", field(3, b"") * 2)]
    for method, message in bad:
        assert raw.code(method, message)[0] == grpc.StatusCode.INVALID_ARGUMENT, (method, message)
    assert raw.call("Hello") == b""


# -- workers that go


def test_what_a_lost_worker_had_goes_to_another_and_its_late_answers_count(raw, stream, name):
    a = stream([name], [name], maxConcurrentActivityWorkItems=1)
    late, lost = start(raw, name), start(raw, name)
    items = {i.orchestratorRequest.instanceId: i for i in (a.next(), a.next())}
    a.close()
    b = stream([name])
    a.complete(items[late], '"after all"')
    assert ended(raw, late).output.value == '"after all"'
    again = b.next(timeout=20)
    assert again.orchestratorRequest.instanceId == lost
    a.complete(items[lost], '"too late"')
    b.complete(again, '"by another"')
    assert ended(raw, lost).output.value == '"by another"'


def test_an_instance_goes_on_after_a_restart_of_the_service(make_service, name):
    service = make_service(hub="Restarted", grpc=True).start()
    raw = Raw(service.grpc_port)
    request = pb.GetWorkItemsRequest()
    s = Stream(raw, request)
    instance = start(raw, name, data="1")
    s.answer(s.next(), [task(1, name)])
    s.result(s.next(), "2")
    s.answer(s.next(), [task(2, name)])
    s.next()
    service.restart("kill")
    s = Stream(raw, request)
    until(lambda: raw.code("Hello")[0] == OK)
    s.close()
    s = Stream(raw, request)
    activity = s.next(timeout=30)
    assert activity.activityRequest.taskId == 2
    s.result(activity, "3")
    item = s.next(timeout=20)
    past = item.orchestratorRequest.pastEvents
    assert kinds(past) == ["orchestratorStarted", "executionStarted", "taskScheduled", "orchestratorStarted",
                           "taskCompleted", "taskScheduled"]
    assert past[0].timestamp.ToMicroseconds() < past[3].timestamp.ToMicroseconds()
    s.complete(item, json.dumps("end"))
    assert ended(raw, instance).output.value == '"end"'
