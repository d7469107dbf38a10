"""Histories too long for a message: fetched by workers that can, sent whole to the others."""
import contextlib

import grpc
import pytest

from given import new_id
from raw import SERVICE, Raw, Stream, completion, pb, task

GRPC = True
PART = '"' + "x" * 300_000 + '"'  # five of them are longer than the 1 MiB from which on they are fetched
UNLIMITED = [("grpc.max_receive_message_length", -1)]


@pytest.fixture(scope="module")
def raw(service):
    client = Raw(service.grpc_port)
    client.channel.close()
    client.channel = grpc.insecure_channel(f"localhost:{service.grpc_port}", options=UNLIMITED)
    yield client
    client.close()


@contextlib.contextmanager
def worker(raw, name, fetches):
    filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=name)],
                                 activities=[pb.ActivityFilter(name=name)])
    capabilities = [pb.WORKER_CAPABILITY_HISTORY_STREAMING] if fetches else []
    stream = Stream(raw, pb.GetWorkItemsRequest(workItemFilters=filters, capabilities=capabilities))
    try:
        yield stream
    finally:
        stream.close()


def fetch(raw, instance, processing=True, execution=None):
    """The events, and the bytes of the largest message."""
    request = pb.StreamInstanceHistoryRequest(instanceId=instance, forWorkItemProcessing=processing)
    if execution is not None:
        request.executionId.value = execution
    chunks = list(raw.channel.unary_stream(SERVICE + "StreamInstanceHistory")(request.SerializeToString(), timeout=20))
    return ([e for chunk in chunks for e in pb.HistoryChunk.FromString(chunk).events], max(map(len, chunks), default=0))


def begin(raw, name):
    request = pb.CreateInstanceRequest(instanceId=new_id(), name=name)
    raw.call("StartInstance", request)
    return request.instanceId


def grow(s, name, parts):
    """Runs so many activities with large results, one after the other; the item behind them."""
    item = s.next()
    for number in range(1, parts + 1):
        s.answer(item, [task(number, name, tags={"n": str(number)})])
        s.result(s.next(), PART)
        item = s.next()
    return item


def test_a_worker_that_can_fetches_a_long_history_and_gets_what_would_have_been_sent(raw, name):
    with worker(raw, name, fetches=True) as s:
        instance = begin(raw, name)
        item = grow(s, name, 5)
        request = item.orchestratorRequest
        assert request.requiresHistoryStreaming and not request.pastEvents
        assert len(item.SerializeToString()) < 400_000  # its last result is new

        events, largest = fetch(raw, instance, execution=request.executionId.value)
        assert largest < 1 << 20
        assert [e.WhichOneof("eventType") for e in events] == [
            "orchestratorStarted", "executionStarted", "taskScheduled"] + [
            "orchestratorStarted", "taskCompleted", "taskScheduled"] * 4
        assert [e.taskCompleted.result.value for e in events if e.HasField("taskCompleted")] == [PART] * 4
        assert request.newEvents[1].taskCompleted.taskScheduledId == 5
        s.complete(item)
        raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance))


def test_what_was_kept_is_what_the_database_has(raw, service, name):
    with worker(raw, name, fetches=True) as s:
        instance = begin(raw, name)
        item = grow(s, name, 5)
        kept, _ = fetch(raw, instance)
        committed, _ = fetch(raw, instance, processing=False)
        assert kept == committed
        s.complete(item)


def test_it_is_fetched_from_the_database_where_no_item_is_out(raw, name):
    with worker(raw, name, fetches=True) as s:
        instance = begin(raw, name)
        s.answer(s.next(), [])
        raw.call("TerminateInstance", pb.TerminateRequest(instanceId=instance))
        raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance))
        events, _ = fetch(raw, instance)
        assert [e.WhichOneof("eventType") for e in events] == ["orchestratorStarted", "executionStarted"]
        with pytest.raises(grpc.RpcError) as failure:
            fetch(raw, instance, execution="0" * 32)
        assert failure.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_worker_that_cannot_gets_it_whole_also_of_an_item_that_another_had(raw, name):
    with worker(raw, name, fetches=True) as s:
        instance = begin(raw, name)
        item = grow(s, name, 5)
        assert item.orchestratorRequest.requiresHistoryStreaming
        raw.call("AbandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest(
            completionToken=item.completionToken))
    with worker(raw, name, fetches=False) as s:
        item = s.next()
        assert not item.orchestratorRequest.requiresHistoryStreaming
        assert len(item.orchestratorRequest.pastEvents) == 15
        s.complete(item)
        raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance))


def test_a_short_history_is_sent_whole(raw, name):
    with worker(raw, name, fetches=True) as s:
        begin(raw, name)
        s.answer(s.next(), [task(1, name)])
        s.result(s.next())
        item = s.next()
        assert not item.orchestratorRequest.requiresHistoryStreaming
        assert len(item.orchestratorRequest.pastEvents) == 3
        s.answer(item, [completion()])
