"""One orchestration, several languages: orchestrators in C, Python and JavaScript call each other's activities."""
import pathlib
import shutil

import pytest
from durabletask import worker as dw
from durabletask.client import OrchestrationStatus as Status

from processes import running
from sdk import client as client_of
from sdk import finish, options
from service import ROOT, app, until

GRPC = True
APPS = [app("polyglot")]
MODULES = ROOT / ".dev" / "grpc-js" / "node_modules"


def py_plus_one(ctx, n):
    return n + 1


def py_relay(ctx, names):
    n = 0
    for name in names:
        n = yield ctx.call_activity(name, input=n)
    return n


def py_calls_c(ctx, names):
    return (yield ctx.call_sub_orchestrator("Relay", input=names))


@pytest.fixture(scope="module")
def client(service):
    """Of a service in C that has a worker in Python, which gets only what it has."""
    with dw.TaskHubGrpcWorker(**options(service)) as w:
        w.add_activity(py_plus_one)
        w.add_orchestrator(py_relay)
        w.add_orchestrator(py_calls_c)
        w.use_work_item_filters()
        w.start()
        with client_of(service) as c:
            yield c


@pytest.fixture(scope="module")
def javascript(service):
    if not shutil.which("node") or not MODULES.exists():
        pytest.skip("no node, or no SDK for it")
    script = pathlib.Path(__file__).resolve().parent / "js" / "worker.js"
    with running(["node", script, service.grpc_port, "auto"], NODE_PATH=str(MODULES)) as worker:
        until(lambda: "jsplusone" in service.sql("select activities from taskhub.workers_view where alive")[0][0])
        yield worker


def outcome(state):
    return state.runtime_status, state.get_output()


def test_an_orchestrator_in_python_calls_an_activity_in_c(client):
    assert outcome(finish(client, py_relay, input=["cPlusOne", "py_plus_one", "cPlusOne"])) == (Status.COMPLETED, 3)


def test_an_orchestrator_in_python_waits_for_one_in_c_that_calls_python(client):
    names = {"first": "py_plus_one", "second": "py_plus_one"}
    assert outcome(finish(client, py_calls_c, input=names)) == (Status.COMPLETED, 2)


def test_an_orchestrator_in_c_calls_activities_in_python_and_javascript_in_turn(client, javascript):
    for first, second in (("py_plus_one", "jsPlusOne"), ("jsPlusOne", "py_plus_one"), ("cPlusOne", "jsPlusOne")):
        names = {"first": first, "second": second}
        assert outcome(finish(client, "Relay", input=names)) == (Status.COMPLETED, 2)


def test_an_orchestrator_in_python_calls_an_activity_in_javascript_and_javascripts_calls_its_own(client, javascript):
    assert outcome(finish(client, py_relay, input=["jsPlusOne", "cPlusOne"])) == (Status.COMPLETED, 2)
    assert outcome(finish(client, "jsSequence", input=1)) == (Status.COMPLETED, [1, 2, 3, 4])
