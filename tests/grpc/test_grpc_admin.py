"""Calls of administrators: hubs are made and deleted, instances ended at once."""
import grpc
import pytest

import cli
from given import new_id
from raw import Raw, pb
from service import app, until

GRPC = True
APPS = [app("contract"), app("children")]


def hub(name):
    return [("taskhub", name)]


def hub_id(service, name):
    return service.sql(f"select hub_id from taskhub.hubs where name = '{name}'")


def code(raw, method, message=b"", **kw):
    return raw.code(method, message, **kw)[0]


# -- hubs


def test_a_hub_is_made_as_large_as_the_own_one_and_stays_when_it_is_made_again(service, raw):
    raw.call("CreateTaskHub", metadata=hub("Made"))
    first = hub_id(service, "Made")
    counts = service.sql("select partition_count from taskhub.hubs where name in ('Made', 'TestHub')")
    assert len(counts) == 2 and counts[0] == counts[1]
    raw.call("CreateTaskHub", metadata=hub("made"))
    assert hub_id(service, "Made") == first
    assert code(raw, "Hello", metadata=hub("Made")) == grpc.StatusCode.OK
    raw.call("CreateTaskHub")  # the own one


def test_a_hub_that_is_made_anew_is_empty(service, raw):
    raw.call("CreateTaskHub", metadata=hub("Anew"))
    request = pb.CreateInstanceRequest(instanceId=new_id(), name="Echo")
    raw.call("StartInstance", request, metadata=hub("Anew"))
    raw.call("CreateTaskHub", pb.CreateTaskHubRequest(recreateIfExists=True), metadata=hub("anew"))
    answer = raw.call("GetInstance", pb.GetInstanceRequest(instanceId=request.instanceId), metadata=hub("Anew"))
    assert not pb.GetInstanceResponse.FromString(answer).exists
    raw.call("CreateTaskHub", pb.CreateTaskHubRequest(recreateIfExists=True), metadata=hub("NeverBefore"))
    assert hub_id(service, "NeverBefore")


def test_a_hub_is_deleted_and_then_not_found(service, raw):
    raw.call("CreateTaskHub", metadata=hub("Gone"))
    assert code(raw, "Hello", metadata=hub("Gone")) == grpc.StatusCode.OK
    raw.call("DeleteTaskHub", metadata=hub("gone"))
    assert not hub_id(service, "Gone")
    assert code(raw, "Hello", metadata=hub("Gone")) == grpc.StatusCode.NOT_FOUND
    assert code(raw, "DeleteTaskHub", metadata=hub("Gone")) == grpc.StatusCode.NOT_FOUND


def test_a_hub_that_a_process_serves_is_neither_deleted_nor_made_anew(service, raw):
    for method, message in (("DeleteTaskHub", b""),
                            ("CreateTaskHub", pb.CreateTaskHubRequest(recreateIfExists=True))):
        status, text = raw.code(method, message)
        assert status == grpc.StatusCode.FAILED_PRECONDITION
        assert "is in use" in text


def test_a_name_that_no_hub_may_have_is_refused(raw):
    status, text = raw.code("CreateTaskHub", metadata=hub("no hub"))
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert text == "metadata taskhub: must consist of letters and digits only"


def test_hubs_are_made_and_deleted_with_master_keys_only(make_service):
    service = make_service(args=["--auth"], grpc=True).start()
    raw = Raw(service.grpc_port)
    own = {kind: make_key(service, service.hub, kind) for kind in ("system", "master")}

    def with_key(key, name):
        return hub(name) + [("x-functions-key", key)]

    until(lambda: code(raw, "Hello", metadata=[("x-functions-key", own["system"])]) == grpc.StatusCode.OK, 5)
    assert code(raw, "CreateTaskHub", metadata=hub("Guarded")) == grpc.StatusCode.UNAUTHENTICATED
    assert code(raw, "CreateTaskHub", metadata=with_key(own["system"], "Guarded")) == grpc.StatusCode.PERMISSION_DENIED
    assert code(raw, "CreateTaskHub", metadata=with_key(own["master"], "Guarded")) == grpc.StatusCode.OK

    key = make_key(service, "Guarded", "master")
    until(lambda: code(raw, "Hello", metadata=with_key(key, "Guarded")) == grpc.StatusCode.OK, 5)
    for method in ("DeleteTaskHub", "CreateTaskHub"):  # another hub's key opens it no more
        assert code(raw, method, metadata=with_key(own["master"], "Guarded")) == grpc.StatusCode.UNAUTHENTICATED
    assert code(raw, "DeleteTaskHub", metadata=with_key(key, "Guarded")) == grpc.StatusCode.OK


def make_key(service, name, kind):
    return cli.expect(cli.OK, "key", "create", kind, "--kind", kind, "--hub", name, "--database", service.database,
                      cwd="/").stdout.strip()


# -- instances that are to end at once


def start(raw, name):
    request = pb.CreateInstanceRequest(instanceId=new_id(), name=name)
    raw.call("StartInstance", request)
    return request.instanceId


def skip(raw, *ids, reason=None):
    request = pb.SkipGracefulOrchestrationTerminationsRequest(instanceBatch=pb.InstanceBatch(instanceIds=ids))
    if reason is not None:
        request.reason.value = reason
    answer = raw.call("SkipGracefulOrchestrationTerminations", request)
    return list(pb.SkipGracefulOrchestrationTerminationsResponse.FromString(answer).unterminatedInstanceIds)


def state(raw, instance):
    answer = raw.call("GetInstance", pb.GetInstanceRequest(instanceId=instance, getInputsAndOutputs=True))
    return pb.GetInstanceResponse.FromString(answer).orchestrationState


def test_many_are_terminated_when_the_answer_comes_and_the_others_are_named(raw):
    waiting = [start(raw, "Waits") for _ in range(20)]
    unserved = start(raw, "NobodyRunsThis")
    finished = start(raw, "Echo")
    raw.call("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=finished))

    left = skip(raw, finished, *waiting, "nobody", "", "@counter@a", unserved, waiting[0], reason="enough")

    assert left == [finished, "nobody", "", "@counter@a"]
    for instance in waiting + [unserved]:
        seen = state(raw, instance)
        assert seen.orchestrationStatus == pb.ORCHESTRATION_STATUS_TERMINATED
        assert seen.output.value == "enough"
    assert state(raw, finished).orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED


def test_none_are_none_and_more_than_500_too_many(raw):
    assert skip(raw) == []
    assert raw.call("SkipGracefulOrchestrationTerminations") == b""
    with pytest.raises(grpc.RpcError) as failure:
        skip(raw, *("x" for _ in range(501)))
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
