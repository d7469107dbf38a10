"""The example apps, as their readers start them."""
import json
import os

import pytest

import service as svc
from nodeapps import needs_node
from pyapps import WITH_PYTHON, example

LANGUAGES = ["python", pytest.param("node", marks=needs_node)]


def options_of(name):
    return {"apps": [example(name)], "args": WITH_PYTHON if name.startswith("python") else [], "hub": None}


def started(make_service, name):
    service = make_service(**options_of(name))
    service.start()
    return service


def run(service, name, body=None, path="/api/orchestrators/"):
    answer = service.request("POST", path + name, body)
    assert answer.status == 202, answer
    assert answer.headers["Location"].startswith(service.origin)
    seen = svc.until(lambda: (a := service.request("GET", answer.json["statusQueryGetUri"])).status == 200 and a.json,
                     what=f"{name} ends")
    assert seen["runtimeStatus"] == "Completed", seen
    return seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_quickstart(make_service, language):
    service = started(make_service, f"{language}-hello")
    assert run(service, "hello_orchestrator")["output"] == ["Hello Seattle", "Hello Tokyo", "Hello London"]


def test_the_app_of_the_working_directory_is_found(make_service):
    service = make_service(apps=[], args=WITH_PYTHON, hub=None)
    os.rmdir(service.cwd)
    os.symlink(example("python-hello"), service.cwd)
    service.log_path = service.cwd + ".log"
    try:
        service.start()
        assert run(service, "hello_orchestrator")["output"][0] == "Hello Seattle"
        assert service.stop() == 0
    finally:
        os.unlink(service.cwd)
        os.unlink(service.log_path)


@pytest.mark.parametrize("name, body, output", [
    ("sum_of_squares", "100", 328350),
    ("countdown", "3", "done"),
    ("parent", None, [1, 4, 9]),
    ("retrying", "3", 3),
    ("counting", None, 3),
    ("approval", "0.1", "nobody answered"),
])
def test_the_patterns(patterns, name, body, output):
    assert run(patterns, name, body)["output"] == output


@pytest.fixture(scope="module", params=LANGUAGES)
def patterns(request, database):
    service = svc.Service(database, **options_of(f"{request.param}-patterns"))
    try:
        yield service.start()
    finally:
        service.close()


def test_an_approval_is_answered(patterns):
    answer = patterns.request("POST", "/api/orchestrators/approval/by-hand", "60")
    assert answer.status == 202
    svc.until(lambda: patterns.status("by-hand")["customStatus"] == "waiting for an answer", what="it waits")
    assert patterns.request("POST", "/api/events/by-hand/Approval", "true", {"Content-Type": "application/json"}).status == 202
    status = patterns.wait_status("by-hand")
    assert (status["output"], status["runtimeStatus"]) == ("approved", "Completed")


@pytest.fixture(scope="module")
def node(database):
    service = svc.Service(database, **options_of("node-patterns"))
    try:
        yield service.start()
    finally:
        service.close()


@needs_node
def test_the_patterns_of_node_alone(node):
    assert run(node, "monitor", "0.1")["output"] == "seen"
    assert run(node, "status_of", json.dumps(f"{node.origin}/readiness"))["output"] == 200
    assert node.post("/entities/counter/a?op=add", "5", headers={"Content-Type": "application/json"}).status == 202
    transfers = {amount: {"from": "a", "to": "b", "amount": amount} for amount in (4, 2)}
    assert run(node, "transfer", json.dumps(transfers[4]))["output"] == "moved"
    assert run(node, "transfer", json.dumps(transfers[2]))["output"] == "too little"
    assert [node.call("GET", f"/entities/counter/{key}").json for key in "ab"] == [1, 4]


def test_f2_runs_as_many_at_once_as_it_may(make_service):
    service = started(make_service, "python-f2")
    assert run(service, "f2_orchestrator", json.dumps({"chains": 5, "length": 3, "seconds": 0.05}))["output"] == 15
    assert service.log().count("F2 input: ") >= 15
