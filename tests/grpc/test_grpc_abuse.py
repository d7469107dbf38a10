"""Clients that mean no good, or are broken: whatever they send, others are served and instances take no harm."""
import random
import socket
import struct

import grpc
import pytest

import facts
from given import new_id
from raw import SERVICE, Stream, completion, field, pb, response, task
from service import until

GRPC = True
METHODS = [m.name for m in pb.DESCRIPTOR.services_by_name["TaskHubSidecarService"].methods]
STREAMS = ("GetWorkItems", "StreamInstanceHistory")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture
def worker(raw, name):
    """Runs the orchestrator and the activity of that name, and nothing else."""
    filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name=name)],
                                 activities=[pb.ActivityFilter(name=name)])
    stream = Stream(raw, pb.GetWorkItemsRequest(workItemFilters=filters))
    yield stream
    stream.close()


def start(raw, name):
    request = pb.CreateInstanceRequest(instanceId=new_id(), name=name)
    raw.call("StartInstance", request)
    return request.instanceId


def ended(raw, instance):
    answer = raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True))
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


# -- bytes


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def literal(key, value):
    return b"\x00" + bytes([len(key)]) + key + bytes([len(value)]) + value


def headers(path):
    return b"".join(literal(k, v) for k, v in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers")))


CALL = PREFACE + frame(4, 0, 0) + frame(1, 4, 1, headers((SERVICE + "StartInstance").encode()))
BROKEN = {
    "a frame that is cut off": CALL + frame(0, 0, 1, b"\0\0\0\0\x08abcd")[:-2],
    "a message shorter than it says": CALL + frame(0, 1, 1, b"\0\0\0\0\x08abcd"),
    "a message of four gigabytes": CALL + frame(0, 0, 1, b"\0\xff\xff\xff\xffabcd"),
    "a message that says it is compressed": CALL + frame(0, 1, 1, b"\1\0\0\0\4abcd"),
    "a frame larger than allowed": CALL + b"\xff\xff\xff\0\0\0\0\0\1" + b"x" * 40000,
    "data of a stream that is none": PREFACE + frame(4, 0, 0) + frame(0, 1, 9, b"\0\0\0\0\0"),
    "headers that cannot be decoded": PREFACE + frame(4, 0, 0) + frame(1, 4, 1, b"\xff" * 30),
    "settings of a strange length": PREFACE + frame(4, 0, 0, b"abc"),
    "a window that grows beyond its limit": CALL + frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "pings and resets without end": CALL + (frame(6, 0, 0, b"pingpong") + frame(3, 0, 1, b"\0\0\0\x08")) * 500,
    "frames of no known kind": PREFACE + frame(4, 0, 0) + frame(200, 255, 7, b"?" * 100) * 50,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_connection_that_breaks_the_protocol_harms_nobody(service, raw, what):
    with socket.create_connection(("127.0.0.1", service.grpc_port)) as s:
        s.settimeout(0.2)
        try:
            s.sendall(BROKEN[what])
            while s.recv(65536):
                pass
        except OSError:
            pass
    assert raw.call("Hello") == b""


def test_random_bytes_to_each_method_get_an_answer_and_do_no_harm(raw):
    rng = random.Random(7)
    for _ in range(20 if facts.FULL else 2):
        for method in METHODS:
            data = rng.randbytes(rng.randrange(1, 60))
            if method in STREAMS:
                call = raw.channel.unary_stream(SERVICE + method)(data, timeout=0.5)
                with pytest.raises(grpc.RpcError) as failure:
                    list(call)
                assert failure.value.code() != grpc.StatusCode.UNAVAILABLE
            else:
                assert raw.code(method, data)[0] not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert raw.call("Hello") == b""


def test_each_field_with_another_type_or_cut_off_is_refused_or_ignored(raw):
    for method in ("GetInstance", "CompleteOrchestratorTask", "CompleteEntityTask", "QueryInstances", "PurgeInstances"):
        for number in range(1, 16):
            for body in (b"\xff", field(1, b"\xff\xff"), b"\x0a\x7f", bytes(range(256))):
                status, text = raw.code(method, field(number, body))
                assert status in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND), text
                assert status == grpc.StatusCode.OK or text


# -- answers


def test_answers_for_others_are_dropped(raw, worker, name):
    mine, other = start(raw, name), start(raw, name)
    first, second = worker.next(), worker.next()
    by_id = {i.orchestratorRequest.instanceId: i for i in (first, second)}
    stolen = response(by_id[mine], [completion('"stolen"')])
    stolen.instanceId = other  # my token, another's instance
    raw.call("CompleteOrchestratorTask", stolen)
    for wrong in ("", "x", by_id[mine].completionToken[:-1], by_id[mine].completionToken + "0",
                  by_id[mine].completionToken.rsplit("-", 1)[0] + "-ffffffffffffffff", "-" * 5000):
        raw.call("AbandonTaskOrchestratorWorkItem", pb.AbandonOrchestrationTaskRequest(completionToken=wrong))
        raw.call("CompleteActivityTask", pb.ActivityResponse(instanceId=mine, taskId=1, completionToken=wrong))
        raw.call("CompleteEntityTask", pb.EntityBatchResult(completionToken=wrong))
    # the right token as an answer to something else
    raw.call("CompleteActivityTask", pb.ActivityResponse(instanceId=mine, completionToken=by_id[mine].completionToken))
    raw.call("CompleteEntityTask", pb.EntityBatchResult(completionToken=by_id[mine].completionToken))
    raw.call("AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=by_id[mine].completionToken))

    worker.complete(by_id[mine], '"mine"')
    worker.complete(by_id[other], '"other"')
    assert ended(raw, mine).output.value == '"mine"'
    assert ended(raw, other).output.value == '"other"'


def test_results_in_random_order_and_again_and_again_count_once(raw, worker, name):
    rng = random.Random(3)
    instance = start(raw, name)
    worker.answer(worker.next(), [task(n, name) for n in range(1, 21)])
    items = [worker.next() for _ in range(20)]
    deck = items * 3
    rng.shuffle(deck)
    seen, episodes = {}, []
    for item in deck:
        worker.result(item, str(item.activityRequest.taskId))
        while not worker.items.empty():
            episodes.append(worker.next())
            worker.answer(episodes[-1], [])

    def results():
        while not worker.items.empty():
            episodes.append(worker.next())
            worker.answer(episodes[-1], [])
        for episode in episodes:
            for e in episode.orchestratorRequest.newEvents:
                if e.HasField("taskCompleted"):
                    seen.setdefault(e.taskCompleted.taskScheduledId, []).append(e.taskCompleted.result.value)
        episodes.clear()
        return len(seen) == 20

    until(results)
    assert seen == {n: [str(n)] for n in range(1, 21)}
    raw.call("TerminateInstance", pb.TerminateRequest(instanceId=instance))
    ended(raw, instance)


def test_action_ids_may_repeat_in_one_answer_and_over_several(raw, worker, name):
    instance = start(raw, name)
    worker.answer(worker.next(), [task(1, name), task(1, name)])
    for item in (worker.next(), worker.next()):
        assert item.activityRequest.taskId == 1
        worker.result(item, '"a"')
    answered, again = 0, False
    while answered < (3 if again else 2):
        item = worker.next()
        if item.HasField("activityRequest"):
            worker.result(item, '"b"')
            continue
        answered += sum(e.HasField("taskCompleted") for e in item.orchestratorRequest.newEvents)
        if answered >= 2 and not again:
            again = True
            worker.answer(item, [task(1, name)])
        elif answered >= 3:
            worker.complete(item, '"done"')
        else:
            worker.answer(item, [])
    assert ended(raw, instance).output.value == '"done"'


def test_a_worker_that_opens_and_drops_streams_starves_nobody(raw, worker, name):
    for _ in range(200):
        raw.channel.unary_stream(SERVICE + "GetWorkItems")(b"").cancel()
    instance = start(raw, name)
    worker.complete(worker.next(15), '"served"')
    assert ended(raw, instance).output.value == '"served"'
