"""A worker of the JavaScript SDK (js/worker.js), driven by the Python SDK's client. Skipped where there is no node."""
import os
import pathlib
import shutil
import subprocess

import pytest
from durabletask.client import OrchestrationStatus as Status

from sdk import client as client_of
from sdk import finish
from service import ROOT, until

GRPC = True
MODULES = ROOT / ".dev" / "grpc-js" / "node_modules"

pytestmark = pytest.mark.skipif(not shutil.which("node") or not MODULES.exists(), reason="no node, or no SDK for it")


@pytest.fixture(scope="module")
def client(service):
    script = pathlib.Path(__file__).resolve().parent / "js" / "worker.js"
    worker = subprocess.Popen(["node", script, str(service.grpc_port)], stdout=subprocess.PIPE,
                              env={**os.environ, "NODE_PATH": str(MODULES)})
    try:
        assert worker.stdout.readline() == b"ready\n"
        with client_of(service) as c:
            yield c
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("name, given, wanted", [
    ("jsSequence", 1, [1, 2, 3, 4]),
    ("jsFanOut", 20, 210),
    ("jsParent", 1, [[1, 2, 3, 4], [2, 3, 4, 5]]),
    ("jsTimer", None, "timer"),
    ("jsCounts", 0, 3),
    ("jsEntity", "k", 5),
])
def test_it_completes_with(client, name, given, wanted):
    state = finish(client, name, input=given)
    assert (state.runtime_status, state.get_output()) == (Status.COMPLETED, wanted)


def test_a_failure_is_told(client):
    state = finish(client, "jsFails")
    assert state.runtime_status == Status.FAILED
    assert "no way" in state.failure_details.message


def test_events_suspend_and_custom_status(client):
    instance = client.schedule_new_orchestration("jsWaits")
    until(lambda: client.get_orchestration_state(instance).get_custom_status() == "waiting")
    client.suspend_orchestration(instance)
    until(lambda: client.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
    client.raise_orchestration_event(instance, "go", data={"x": 1})
    client.resume_orchestration(instance)
    assert client.wait_for_orchestration_completion(instance, timeout=20).get_output() == {"x": 1}
