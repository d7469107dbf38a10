"""What clients ask of the service, by the Python SDK and by hand, against orchestrators in C."""
import concurrent.futures
import json
import time

import grpc
import pytest
from durabletask import client as dt
from durabletask.client import OrchestrationStatus as Status
from google.protobuf.timestamp_pb2 import Timestamp

from given import new_id
from raw import Raw, field, pb
from service import app, until

GRPC = True
APPS = [app("contract"), app("children")]


@pytest.fixture(scope="module")
def client(service):
    with dt.TaskHubGrpcClient(host_address=f"localhost:{service.grpc_port}", secure_channel=False) as c:
        yield c


def start(client, name, **kw):
    return client.schedule_new_orchestration(name, instance_id=new_id(), **kw)


def finished(client, name, **kw):
    instance = start(client, name, **kw)
    return client.wait_for_orchestration_completion(instance, timeout=20)


def running(client, name="Waits", **kw):
    instance = start(client, name, **kw)
    until(lambda: client.get_orchestration_state(instance).runtime_status == Status.RUNNING)
    return instance


# -- start, get, wait


def test_a_started_instance_is_seen_with_all_that_it_was_started_with(client):
    state = finished(client, "Echo", input={"a": [1, "é"]}, version="1.2", tags={"b": "1", "a": "ü"})
    assert state.runtime_status == Status.COMPLETED
    assert state.get_input() == state.get_output() == {"a": [1, "é"]}
    assert state.failure_details is None
    assert state.last_updated_at >= state.created_at


def test_raw_state_has_ids_times_tags_and_version(raw):
    request = pb.CreateInstanceRequest(instanceId=new_id(), name="Echo", tags={"k": "v"})
    request.version.value = "7"
    request.input.value = ""
    raw.call("StartInstance", request)
    state = wait(raw, request.instanceId)
    assert (state.version.value, dict(state.tags)) == ("7", {"k": "v"})
    assert state.HasField("input") and state.input.value == ""
    assert len(state.executionId.value) == 32
    assert state.completedTimestamp.ToMicroseconds() >= state.createdTimestamp.ToMicroseconds()


def wait(raw, instance, payloads=True):
    answer = raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=instance,
                                                                         getInputsAndOutputs=payloads))
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


def test_without_payloads_none_are_sent(client, raw):
    state = finished(client, "Echo", input=1)
    seen = wait(raw, state.instance_id, payloads=False)
    assert not seen.HasField("input") and not seen.HasField("output")


def test_a_failure_comes_with_its_type_and_message(client):
    state = finished(client, "Fails")
    assert state.runtime_status == Status.FAILED
    assert state.failure_details.message and state.failure_details.error_type


def test_unknown_instances_and_entities_do_not_exist(client, raw):
    assert client.get_orchestration_state("nobody") is None
    assert client.wait_for_orchestration_completion("nobody", timeout=5) is None
    assert client.wait_for_orchestration_start("nobody", timeout=5) is None
    assert not pb.GetInstanceResponse.FromString(raw.call("GetInstance", pb.GetInstanceRequest(
        instanceId="@counter@a"))).exists
    assert not pb.GetInstanceResponse.FromString(raw.call("GetInstance")).exists


def test_a_wait_ends_when_the_instance_starts_or_finishes_and_not_before(client):
    instance = start(client, "Waits")
    assert client.wait_for_orchestration_start(instance, timeout=10).runtime_status == Status.RUNNING
    with pytest.raises(TimeoutError):
        client.wait_for_orchestration_completion(instance, timeout=1)
    client.terminate_orchestration(instance, output="enough")
    state = client.wait_for_orchestration_completion(instance, timeout=10)
    assert (state.runtime_status, state.get_output()) == (Status.TERMINATED, "enough")


def test_many_wait_at_once(client, raw):
    ids = [running(client) for _ in range(5)]
    request = raw.channel.unary_unary("/TaskHubSidecarService/WaitForInstanceCompletion")
    waits = [request.future(pb.GetInstanceRequest(instanceId=ids[i % 5]).SerializeToString(), timeout=30)
             for i in range(500)]
    assert raw.call("Hello", timeout=5) == b""
    for instance in ids:
        client.terminate_orchestration(instance)
    for each in waits:
        state = pb.GetInstanceResponse.FromString(each.result()).orchestrationState
        assert state.orchestrationStatus == pb.ORCHESTRATION_STATUS_TERMINATED


def test_a_purged_instance_ends_the_wait(client):
    instance = running(client)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        wait_for = pool.submit(client.wait_for_orchestration_completion, instance, timeout=20)
        client.terminate_orchestration(instance)
        assert wait_for.result() is None or wait_for.result().runtime_status == Status.TERMINATED


def test_a_stop_ends_the_waits_as_unavailable(make_service):
    service = make_service(apps=APPS, hub="Stopping", grpc=True).start()
    raw = Raw(service.grpc_port)
    raw.call("StartInstance", pb.CreateInstanceRequest(instanceId="w", name="Waits"))
    future = raw.channel.unary_unary("/TaskHubSidecarService/WaitForInstanceCompletion").future(
        pb.GetInstanceRequest(instanceId="w").SerializeToString())
    raw.call("Hello")
    assert service.stop() == 0
    assert future.code() == grpc.StatusCode.UNAVAILABLE


def test_bad_starts_are_refused_by_name(raw):
    bad = [
        (pb.CreateInstanceRequest(instanceId="a/b", name="Echo"), "instanceId: "),
        (pb.CreateInstanceRequest(instanceId="@counter@a", name="Echo"), "instanceId: "),
        (pb.CreateInstanceRequest(instanceId="x" * 300, name="Echo"), "instanceId: "),
        (pb.CreateInstanceRequest(instanceId="a"), "name: "),
        (pb.CreateInstanceRequest(instanceId="a", name="x" * 300), "name: "),
        (pb.CreateInstanceRequest(instanceId="a", name="Echo", scheduledStartTimestamp=Timestamp(seconds=1 << 60)),
         "scheduledStartTimestamp: "),
        (field(1, b"a\0b") + field(2, b"Echo"), "CreateInstanceRequest.instanceId: must not contain a NUL byte"),
        (field(1, b"\xff") + field(2, b"Echo"), "CreateInstanceRequest.instanceId: must be valid UTF-8"),
        (b"\x0a", "CreateInstanceRequest: is no well-formed message"),
    ]
    for message, words in bad:
        code, text = raw.code("StartInstance", message)
        assert (code, text[:len(words)]) == (grpc.StatusCode.INVALID_ARGUMENT, words)


def test_a_start_without_an_id_gets_one(raw):
    answer = pb.CreateInstanceResponse.FromString(raw.call("StartInstance", pb.CreateInstanceRequest(name="Echo")))
    assert len(answer.instanceId) == 32
    assert wait(raw, answer.instanceId).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def test_a_start_may_be_for_later_and_the_epoch_is_now(client, raw):
    import datetime

    late = start(client, "Echo", start_at=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
    assert client.get_orchestration_state(late).runtime_status == Status.PENDING
    request = pb.CreateInstanceRequest(instanceId=new_id(), name="Echo", scheduledStartTimestamp=Timestamp())
    raw.call("StartInstance", request)
    assert wait(raw, request.instanceId).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


# -- reuse of ids


def policy(*statuses, action=0):
    p = pb.OrchestrationIdReusePolicy(replaceableStatus=statuses)
    return p.SerializeToString() + (bytes([0x10, action]) if action else b"")


def start_with(raw, instance, policy_bytes=None, name="Waits"):
    message = pb.CreateInstanceRequest(instanceId=instance, name=name).SerializeToString()
    return raw.code("StartInstance", message + (field(6, policy_bytes) if policy_bytes is not None else b""))


OK, EXISTS = grpc.StatusCode.OK, grpc.StatusCode.ALREADY_EXISTS


def test_without_a_policy_a_live_id_is_refused_and_a_finished_one_replaced(client, raw):
    live, done = running(client), finished(client, "Echo").instance_id
    code, text = start_with(raw, live)
    assert code == EXISTS and "orchestration instance already exists" in text
    assert start_with(raw, done)[0] == OK


def test_a_policy_says_which_statuses_may_be_replaced(client, raw):
    done = finished(client, "Echo").instance_id
    assert start_with(raw, done, policy())[0] == EXISTS
    assert start_with(raw, done, policy(pb.ORCHESTRATION_STATUS_FAILED))[0] == EXISTS
    assert start_with(raw, done, policy(pb.ORCHESTRATION_STATUS_COMPLETED))[0] == OK


def test_a_live_instance_is_ended_and_replaced_if_the_policy_says_so(client, raw):
    live = running(client)
    before = wait_running(raw, live).executionId.value
    code, text = start_with(raw, live, policy(pb.ORCHESTRATION_STATUS_RUNNING))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "Invalid reusable statuses: cannot exclude 'Terminated'" in text
    assert start_with(raw, live, policy(*range(8)))[0] == OK
    after = wait_running(raw, live)
    assert after.executionId.value != before
    assert after.orchestrationStatus in (pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_PENDING)


def wait_running(raw, instance):
    answer = raw.call("GetInstance", pb.GetInstanceRequest(instanceId=instance))
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


def test_an_older_policy_can_leave_the_live_one_in_peace(client, raw):
    live = running(client)
    before = wait_running(raw, live).executionId.value
    assert start_with(raw, live, policy(pb.ORCHESTRATION_STATUS_RUNNING, action=1))[0] == OK
    assert wait_running(raw, live).executionId.value == before


# -- signals


def test_an_event_reaches_the_instance_with_its_data(client):
    instance = running(client)
    client.raise_orchestration_event(instance, "Go", data={"x": 1})
    assert client.wait_for_orchestration_completion(instance, timeout=10).runtime_status == Status.COMPLETED


def test_signals_to_the_unknown_and_to_the_finished(client, raw):
    done = finished(client, "Echo").instance_id
    for method, message in (("RaiseEvent", pb.RaiseEventRequest), ("SuspendInstance", pb.SuspendRequest),
                            ("ResumeInstance", pb.ResumeRequest)):
        fields = {"name": "e"} if method == "RaiseEvent" else {}
        assert raw.code(method, message(instanceId="nobody", **fields))[0] == grpc.StatusCode.NOT_FOUND
        assert raw.code(method, message(instanceId=done, **fields))[0] == OK
    for recursive in (False, True):
        assert raw.code("TerminateInstance", pb.TerminateRequest(instanceId="nobody", recursive=recursive))[0] == OK
        assert raw.code("TerminateInstance", pb.TerminateRequest(instanceId=done, recursive=recursive))[0] == OK
    assert raw.code("RaiseEvent", pb.RaiseEventRequest(instanceId=done))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_suspend_and_resume_may_come_twice(client):
    instance = running(client)
    client.suspend_orchestration(instance)
    until(lambda: client.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
    client.suspend_orchestration(instance)
    client.resume_orchestration(instance)
    until(lambda: client.get_orchestration_state(instance).runtime_status == Status.RUNNING)
    client.resume_orchestration(instance)
    client.terminate_orchestration(instance)


def test_a_recursive_termination_ends_the_children_too(client):
    parent = running(client, "waiting_parent", input=new_id())
    children = until(lambda: [c for c in map(child_id, client.get_orchestration_history(parent)) if c])
    client.terminate_orchestration(parent, recursive=True)
    for instance in [parent, *children]:
        assert client.wait_for_orchestration_completion(instance, timeout=15).runtime_status == Status.TERMINATED
    assert client.purge_orchestration(parent, recursive=True).deleted_instance_count == 1 + len(children)


def child_id(event):
    return event.instance_id if type(event).__name__ == "SubOrchestrationInstanceCreatedEvent" else None


# -- rewind and restart


def test_only_what_has_failed_can_be_rewound(client, raw):
    code, _ = raw.code("RewindInstance", pb.RewindInstanceRequest(instanceId="nobody"))
    assert code == grpc.StatusCode.NOT_FOUND
    done = finished(client, "Echo").instance_id
    code, _ = raw.code("RewindInstance", pb.RewindInstanceRequest(instanceId=done))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    failed = finished(client, "Fails").instance_id
    before = wait_running(raw, failed).executionId.value
    client.rewind_orchestration(failed, reason="again")
    until(lambda: wait_running(raw, failed).executionId.value != before)


def test_a_restart_keeps_name_and_input(client, raw):
    first = finished(client, "Echo", input=[1, 2])
    again = client.restart_orchestration(first.instance_id)
    assert again == first.instance_id
    assert client.wait_for_orchestration_completion(again, timeout=10).get_output() == [1, 2]
    other = client.restart_orchestration(first.instance_id, restart_with_new_instance_id=True)
    assert other != first.instance_id
    assert client.wait_for_orchestration_completion(other, timeout=10).get_output() == [1, 2]

    live = running(client)
    assert raw.code("RestartInstance", pb.RestartInstanceRequest(instanceId=live))[0] == \
        grpc.StatusCode.FAILED_PRECONDITION
    assert raw.code("RestartInstance", pb.RestartInstanceRequest(instanceId="nobody"))[0] == \
        grpc.StatusCode.NOT_FOUND


# -- many


def test_a_query_pages_through_what_fits(client):
    prefix = new_id()
    for i in range(7):
        client.schedule_new_orchestration("Echo", instance_id=f"{prefix}-{i}", input=i)
    for i in range(7):
        client.wait_for_orchestration_completion(f"{prefix}-{i}", timeout=10)

    def ids(**kw):
        states = client.get_all_orchestration_states(dt.OrchestrationQuery(max_instance_count=3, **kw))
        return [s.instance_id for s in states if s.instance_id.startswith(prefix)]

    assert ids() == [f"{prefix}-{i}" for i in range(7)]
    assert ids(runtime_status=[Status.COMPLETED]) == ids()
    assert ids(runtime_status=[Status.FAILED]) == []


def test_a_page_stays_below_what_clients_can_take(client, raw):
    prefix = new_id()
    for i in range(3):
        client.schedule_new_orchestration("Echo", instance_id=f"{prefix}-{i}", input="x" * 1200000)
        client.wait_for_orchestration_completion(f"{prefix}-{i}", timeout=20)
    query = pb.InstanceQuery(fetchInputsAndOutputs=True)
    query.instanceIdPrefix.value = prefix
    seen = []
    while True:
        answer = raw.call("QueryInstances", pb.QueryInstancesRequest(query=query))
        assert len(answer) < 4 << 20
        page = pb.QueryInstancesResponse.FromString(answer)
        seen += [s.instanceId for s in page.orchestrationState]
        if not page.HasField("continuationToken"):
            break
        query.continuationToken.CopyFrom(page.continuationToken)
    assert seen == [f"{prefix}-{i}" for i in range(3)]


def test_ids_of_finished_instances_come_by_time_of_completion(client):
    before = client.list_instance_ids(page_size=1000).items
    mine = [finished(client, "Echo").instance_id for _ in range(5)]
    running(client)
    seen, token = [], None
    while True:
        page = client.list_instance_ids(page_size=2, continuation_token=token)
        seen += page.items
        token = page.continuation_token
        if not token:
            break
    assert [i for i in seen if i not in before][-5:] == mine


def test_a_bad_page_key_is_refused(raw):
    for key in ("x", ":", "0:a", "12", "99999999999999999999:a"):
        request = pb.ListInstanceIdsRequest()
        request.lastInstanceKey.value = key
        assert raw.code("ListInstanceIds", request)[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_purges_delete_only_what_has_finished(client, raw):
    done, live = finished(client, "Echo").instance_id, running(client)
    assert client.purge_orchestration(live).deleted_instance_count == 0
    assert client.purge_orchestration("nobody").deleted_instance_count == 0
    assert client.purge_orchestration(done).deleted_instance_count == 1
    assert client.get_orchestration_state(done) is None

    batch = [finished(client, "Echo").instance_id for _ in range(3)]
    answer = raw.call("PurgeInstances", pb.PurgeInstancesRequest(instanceBatch=pb.InstanceBatch(
        instanceIds=[*batch, live, "nobody"])))
    assert pb.PurgeInstancesResponse.FromString(answer).deletedInstanceCount == 3
    assert raw.code("PurgeInstances")[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_a_purge_by_filter_takes_only_what_fits(client):
    failed, done = finished(client, "Fails").instance_id, finished(client, "Echo").instance_id
    result = client.purge_orchestrations_by(runtime_status=[Status.FAILED, Status.RUNNING])
    assert result.deleted_instance_count >= 1
    assert client.get_orchestration_state(failed) is None
    assert client.get_orchestration_state(done) is not None


# -- history


def test_the_history_of_an_instance_has_its_events_in_order(client):
    instance = running(client, "Mixed")
    client.raise_orchestration_event(instance, "Go")
    client.wait_for_orchestration_completion(instance, timeout=10)
    events = client.get_orchestration_history(instance)
    names = [type(e).__name__.removesuffix("Event") for e in events]
    assert names[:2] == ["OrchestratorStarted", "ExecutionStarted"]
    assert names[-1] == "ExecutionCompleted"
    assert all(a.timestamp <= b.timestamp for a, b in zip(events, events[1:]) if type(b).__name__ ==
               type(a).__name__ == "OrchestratorStartedEvent")


def test_the_history_of_nobody_is_not_found(raw):
    stream = raw.channel.unary_stream("/TaskHubSidecarService/StreamInstanceHistory")
    with pytest.raises(grpc.RpcError) as failure:
        list(stream(pb.StreamInstanceHistoryRequest(instanceId="nobody").SerializeToString(), timeout=10))
    assert failure.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_long_history_comes_in_chunks(client, raw):
    state = finished(client, "Echo", input="x" * 600000)
    stream = raw.channel.unary_stream("/TaskHubSidecarService/StreamInstanceHistory")
    chunks = list(stream(pb.StreamInstanceHistoryRequest(instanceId=state.instance_id).SerializeToString(), timeout=10))
    assert len(chunks) >= 2
    events = [e for c in chunks for e in pb.HistoryChunk.FromString(c).events]
    assert [e.WhichOneof("eventType") for e in events] == ["orchestratorStarted", "executionStarted",
                                                           "executionCompleted"]


# -- entities


def signal(raw, entity, operation, data=None, **kw):
    request = pb.SignalEntityRequest(instanceId=entity, name=operation, requestId=new_id(), **kw)
    if data is not None:
        request.input.value = json.dumps(data)
    raw.call("SignalEntity", request)


def entity(raw, name):
    answer = raw.call("GetEntity", pb.GetEntityRequest(instanceId=name, includeState=True))
    return pb.GetEntityResponse.FromString(answer)


def test_an_entity_is_signalled_read_listed_and_deleted(raw):
    key = new_id()
    assert not entity(raw, f"@counter@{key}").exists
    for _ in range(3):
        signal(raw, f"@Counter@{key}", "add", 2)
    until(lambda: entity(raw, f"@counter@{key}").entity.serializedState.value == "6")
    assert entity(raw, f"@counter@{key}").entity.lastModifiedTime.seconds > 0

    query = pb.EntityQuery(includeState=True)
    query.instanceIdStartsWith.value = "@counter@i-"
    page = pb.QueryEntitiesResponse.FromString(raw.call("QueryEntities", pb.QueryEntitiesRequest(query=query)))
    assert {e.instanceId: e.serializedState.value for e in page.entities}[f"@counter@{key}"] == "6"
    assert not page.HasField("continuationToken")

    signal(raw, f"@counter@{key}", "delete")
    until(lambda: not entity(raw, f"@counter@{key}").exists)
    query.includeTransient = True
    page = pb.QueryEntitiesResponse.FromString(raw.call("QueryEntities", pb.QueryEntitiesRequest(query=query)))
    assert f"@counter@{key}" not in [e.instanceId for e in page.entities], "it has no row to be cleaned"


def test_a_signal_may_be_for_later(raw):
    key, when = new_id(), Timestamp()
    when.FromMicroseconds(int((time.time() + 1.0) * 1e6))
    signal(raw, f"@counter@{key}", "add", 1, scheduledTime=when)
    assert not entity(raw, f"@counter@{key}").exists
    until(lambda: entity(raw, f"@counter@{key}").exists)
    assert time.time() >= when.ToMicroseconds() / 1e6


def test_bad_entity_ids_are_refused(raw):
    for name in ("counter", "@", "@counter", "@counter@" + 300 * "x", "@a/b@c"):
        code, text = raw.code("SignalEntity", pb.SignalEntityRequest(instanceId=name, name="add"))
        assert code == grpc.StatusCode.INVALID_ARGUMENT and "length" in text
