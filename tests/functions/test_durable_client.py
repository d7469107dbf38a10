"""Every call of the SDK's durable client, from an HTTP function; and the SDK's durable HTTP call."""
import json
import uuid

import pytest

import service as svc

def call(service, name, instance="", query="", body=None):
    answer = service.request("POST", f"/api/client/{name}/{instance}{query}", json.dumps(body))
    assert answer.status == 200, answer
    return answer.json


def new_id():
    return "c-" + uuid.uuid4().hex[:12]


@pytest.fixture
def waiting(service):
    """An orchestration that waits for events."""
    instance = call(service, "start", new_id(), "?name=two_events", {"a": 1})
    svc.until(lambda: service.sql("select 1 from taskhub.history where instance_id = %s and memo like '%%Ping%%'", [instance]),
              what="it waits")
    return instance


def test_a_start_and_its_status(service):
    instance = call(service, "start", new_id(), "?name=input_back", [1, {"b": None}])
    service.wait_status(instance)
    status = call(service, "status", instance)
    assert (status["name"], status["runtimeStatus"], status["output"]) == ("input_back", "Completed", [1, {"b": None}])


def test_an_unknown_instance_has_no_status(service):
    assert call(service, "status", new_id()) is None


def test_lists(service, waiting):
    assert waiting in call(service, "all")
    assert waiting in call(service, "by", "", "?status=Running")
    assert waiting not in call(service, "by", "", "?status=Completed")


def test_events_and_the_wait_for_a_completion(service, waiting, language):
    slow = service.request("POST", f"/api/client/wait/{waiting}?timeout=300")
    assert slow.status == 202 and slow.json["id"] == waiting
    for name, value in (("Ping", "a"), ("Ping", 2), ("Pong", None)):
        call(service, "raise", waiting, f"?name={name}", value)
    done = service.request("POST", f"/api/client/wait/{waiting}")
    sent = {"python": ["\"a\"", "2", "null"], "node": ["a", 2, None]}  # Python's client sends JSON in a JSON string
    assert (done.status, done.json) == (200, sent[language.name])


def test_suspend_resume_terminate_restart_purge(service, waiting):
    call(service, "suspend", waiting)
    service.wait_status(waiting, "Suspended")
    call(service, "resume", waiting)
    service.wait_status(waiting, "Running")
    call(service, "terminate", waiting)
    assert service.wait_status(waiting)["runtimeStatus"] == "Terminated"
    call(service, "restart", waiting)
    service.wait_status(waiting, "Running")
    call(service, "terminate", waiting)
    service.wait_status(waiting, "Terminated")
    assert call(service, "purge", waiting) == 1
    assert service.status(waiting) is None


def test_rewind(service, tmp_path):
    instance = call(service, "start", new_id(), "?name=rewindable", str(tmp_path))
    assert service.wait_status(instance)["runtimeStatus"] == "Failed"
    call(service, "rewind", instance)
    assert service.wait_status(instance, "Completed")["output"] == [0, [1, ["a", 2], 2], 3]


def test_the_check_status_payload_carries_the_caller_s_origin(service):
    answer = service.request("GET", "/api/client/payload/x1", headers={"Host": "example.org:81"})
    assert answer.status == 202
    for name, url in answer.json.items():
        assert url == "x1" if name == "id" else url.startswith("http://example.org:81/runtime/webhooks/durabletask/instances/x1"), url
    assert answer.headers["Location"] == answer.json["statusQueryGetUri"]


def test_a_durable_http_call(service, language):
    instance = call(service, "start", new_id(), "?name=calls_http", f"{service.origin}/api/echo/by_orchestrator")
    status = service.wait_status(instance)
    assert status["runtimeStatus"] == "Completed", status
    assert status["output"]["statusCode"] == 201
    seen = json.loads(status["output"]["content"])
    assert (seen["method"], seen["header"], seen["body"]) == ("POST", "1", {"python": "\"body of the call\"", "node": "body of the call"}[language.name])
