"""The client of the Python SDK, azure-functions-durable from PyPI, against the RPC door."""
import json
import pathlib
import subprocess

import pytest

import given
import tools
from given import new_id
from service import app, free_port, until

APPS = [app("contract")]
RPC_PORT = free_port()
ARGS = ["--rpc-port", str(RPC_PORT)]
PUBLIC = "https://app.example/runtime/webhooks/durabletask"
QUERY = "taskHub=TestHub&connection=Storage"


def binding(rpc_url):
    """What a durableClient binding hands to the worker."""
    manage = f"{PUBLIC}/instances/INSTANCEID"
    return {
        "taskHubName": "TestHub", "connectionName": None,
        "creationUrls": {
            "createNewInstancePostUri": f"{PUBLIC}/orchestrators/{{functionName}}[/{{instanceId}}]?",
            "createAndWaitOnNewInstancePostUri": f"{PUBLIC}/orchestrators/{{functionName}}[/{{instanceId}}]?"
                                                 "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&"},
        "managementUrls": {
            "id": "INSTANCEID", "statusQueryGetUri": f"{manage}?{QUERY}",
            "sendEventPostUri": f"{manage}/raiseEvent/{{eventName}}?{QUERY}",
            "terminatePostUri": f"{manage}/terminate?reason={{text}}&{QUERY}",
            "rewindPostUri": f"{manage}/rewind?reason={{text}}&{QUERY}",
            "purgeHistoryDeleteUri": f"{manage}?{QUERY}", "restartPostUri": f"{manage}/restart?{QUERY}",
            "suspendPostUri": f"{manage}/suspend?reason={{text}}&{QUERY}",
            "resumePostUri": f"{manage}/resume?reason={{text}}&{QUERY}"},
        "baseUrl": PUBLIC, "requiredQueryStringParameters": "", "rpcBaseUrl": rpc_url, "httpBaseUrl": None}


class Sdk:
    """The driver's process: each method of the SDK's client is one here."""

    def __init__(self, rpc_url):
        driver = pathlib.Path(__file__).with_name("sdk_driver.py")
        self.process = subprocess.Popen([tools.venv_bin() / "python", "-B", driver], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self._send(binding(rpc_url))

    def _send(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def ask(self, call, *args, **kwargs):
        self._send({"call": call, "args": args, "kwargs": kwargs})
        return json.loads(self.process.stdout.readline())

    def __getattr__(self, call):
        def do(*args, **kwargs):
            answer = self.ask(call, *args, **kwargs)
            assert "error" not in answer, answer["error"]
            return answer["result"]
        return do

    def refused(self, call, *args, **kwargs):
        """The text of the exception."""
        answer = self.ask(call, *args, **kwargs)
        assert "error" in answer, answer
        return answer["error"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture(scope="module")
def sdk(service):
    client = Sdk(f"http://127.0.0.1:{RPC_PORT}/durabletask/")
    yield client
    client.close()


def test_start_with_input_and_id_and_read_the_status(service, sdk):
    instance = new_id()
    assert sdk.start_new("Echo", instance, {"a": 1}) == instance
    service.wait_status(instance)
    status = sdk.get_status(instance, show_input=True)
    assert status["there"] and status["id"] == instance and status["status"] == "Completed"
    assert json.loads(status["input"]) == {"a": 1} == json.loads(status["output"]), "encoded twice, not unwrapped"


def test_start_without_input_gets_a_new_id(service, sdk):
    instance = sdk.start_new("Echo")
    assert len(instance) == 32
    assert service.wait_status(instance)["input"] is None


def test_start_with_a_version(service, sdk):
    instance = sdk.start_new("Echo", version="1.5")
    assert service.status(instance)["version"] == "1.5"


def test_an_unknown_orchestrator_is_told_by_name(sdk):
    assert "The function 'Nobody' doesn't exist" in sdk.refused("start_new", "Nobody")


def test_a_live_id_is_not_started_again(service, sdk):
    assert "status Running already exists" in sdk.refused("start_new", "Echo", given.running(service))


def test_a_missing_one_has_an_empty_status(sdk):
    assert sdk.get_status(new_id())["there"] is False


def test_history_comes_with_results_when_asked_for(service, sdk):
    instance = given.completed(service)
    [*_, last] = sdk.get_status(instance, show_history=True, show_history_output=True)["events"]
    assert last["EventType"] == "ExecutionCompleted" and last["Result"] == given.INPUT


def test_lists_of_all_and_by_filter(service, sdk):
    prefix = new_id()
    ids = [sdk.start_new("Echo", f"{prefix}-{n}") for n in range(2)]
    for instance in ids:
        service.wait_status(instance)
    assert sdk.get_status_all()
    found = sdk.get_status_by(created_time_from={"time": "2020-01-01T00:00:00"},
                              created_time_to={"time": "2999-01-01T00:00:00"},
                              runtime_status=[{"status": "Completed"}, {"status": "Failed"}],
                              instance_id_prefix=prefix)
    assert [s["id"] for s in found] == ids
    assert sdk.get_status_by(runtime_status=[{"status": "Failed"}], instance_id_prefix=prefix) == []


def test_an_event_reaches_the_waiting_one(service, sdk):
    instance = given.running(service)
    assert sdk.raise_event(instance, "Go", {"x": [1]}) is None
    assert json.loads(service.wait_status(instance)["output"]) == {"x": [1]}
    assert "is gone" in sdk.refused("raise_event", instance, "Go")
    assert "No instance" in sdk.refused("raise_event", new_id(), "Go")
    nothing = given.running(service)
    sdk.raise_event(nothing, "Go")
    assert service.wait_status(nothing)["output"] == "null"


def test_an_event_by_hub(service, sdk):
    instance = given.running(service)
    sdk.raise_event(instance, "Go", 1, "TestHub", "Storage")
    assert service.wait_status(instance)["output"] == "1"
    assert "No instance" in sdk.refused("raise_event", instance, "Go", 1, "NoSuchHub")


def test_terminate(service, sdk):
    instance = given.running(service)
    sdk.terminate(instance, "enough, 100% & more")
    assert service.wait_status(instance)["output"] == "enough, 100% & more"
    sdk.terminate(instance, "again")  # that it has finished is no error
    assert "No instance" in sdk.refused("terminate", new_id(), "x")


def test_suspend_and_resume(service, sdk):
    instance = given.running(service)
    sdk.suspend(instance, "wait")
    service.wait_status(instance, "Suspended")
    assert "500" in sdk.refused("suspend", instance, "again")
    sdk.resume(instance, "go on")
    service.wait_status(instance, "Running")
    assert "No instance" in sdk.refused("resume", new_id(), "x")


def test_rewind(service, sdk):
    instance = given.failed(service)
    sdk.rewind(instance, "again")
    until(lambda: service.status(instance)["runtimeStatus"] == "Failed")
    assert "Completed" in sdk.refused("rewind", given.completed(service), "x")
    assert "No instance" in sdk.refused("rewind", new_id(), "x")


def test_restart_under_a_new_id_and_the_same(service, sdk):
    instance = given.completed(service)
    payload = sdk.restart(instance)  # this release hands on the whole body
    assert payload["id"] != instance
    assert service.wait_status(payload["id"])["output"] == given.INPUT
    assert sdk.restart(instance, False)["id"] == instance
    assert "400" in sdk.refused("restart", new_id())


def test_purge_one_and_by_filter(service, sdk):
    instance = given.completed(service)
    assert sdk.purge_instance_history(instance) == 1
    assert sdk.purge_instance_history(instance) == 0
    assert "412" in sdk.refused("purge_instance_history", given.running(service))
    late = {"time": "2999-01-01T00:00:00"}
    assert sdk.purge_instance_history_by(created_time_from=late) == 0
    given.failed(service)
    assert sdk.purge_instance_history_by(created_time_from={"time": "0001-01-01T00:00:00"},
                                         runtime_status=[{"status": "Failed"}]) >= 1


def test_entities_are_signalled_and_read(service, sdk):
    key = new_id()
    counter = {"entity": ["Counter", key]}
    assert sdk.read_entity_state(counter) == [False, None]
    sdk.signal_entity(counter, "text", {"n": 5})
    until(lambda: sdk.read_entity_state(counter)[0])
    assert json.loads(sdk.read_entity_state(counter)[1]) == {"n": 5}
    sdk.signal_entity(counter, "add", None, "TestHub", "Storage")
    assert "400" in sdk.refused("signal_entity", {"entity": ["Nobody", key]}, "add")


def wait(sdk, instance, timeout):
    return sdk.wait_for_completion_or_create_check_status_response(
        {"request": "http://here.example/api/start"}, instance, timeout, 100)


def test_wait_for_completion(service, sdk):
    assert wait(sdk, sdk.start_new("Echo", client_input=5), 20000)["body"] == 5
    answer = wait(sdk, sdk.start_new("Fails"), 20000)
    assert answer["code"] == 500 and answer["body"]["runtimeStatus"] == "Failed"


def test_what_does_not_complete_in_time_gets_the_urls_of_the_binding(service, sdk):
    instance = given.running(service)
    answer = wait(sdk, instance, 300)
    url = f"http://here.example/runtime/webhooks/durabletask/instances/{instance}?{QUERY}"
    assert answer["code"] == 202 and answer["headers"]["Location"] == url
    assert answer["body"]["statusQueryGetUri"] == url and answer["body"]["id"] == instance
    assert set(answer["body"]) == set(binding("")["managementUrls"])
