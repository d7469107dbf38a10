"""The table of http_matrix.py, a test a cell. Pending ones live in a hub of their own where nothing runs."""
import pytest

import given
import http_matrix as matrix
import service as svc
from http_cases import ERROR_KEYS, PAYLOAD
from service import app

APPS = [app("contract")]


@pytest.fixture(scope="module")
def idle(database):
    running = svc.Service(database, apps=APPS, hub="IdleHub", args=["--no-orchestrators", "--no-activities"])
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def stock():
    return matrix.Stock()


def check_body(kind, answer):
    if kind == matrix.EMPTY:
        assert answer.body == b"" and answer.headers.get("Content-Type") is None, answer
        return
    value = answer.json
    assert {
        matrix.PAYLOAD: lambda: PAYLOAD.test(value),
        matrix.STATUS: lambda: list(value)[:2] == ["name", "instanceId"] and "runtimeStatus" in value,
        matrix.ERROR: lambda: set(value) == ERROR_KEYS,
        matrix.MESSAGE: lambda: set(value) == {"Message"},
        matrix.STRING: lambda: isinstance(value, str) and value,
        matrix.COUNT: lambda: value == {"instancesDeleted": 1},
    }[kind](), answer


@pytest.mark.parametrize("operation, state, status", [
    pytest.param(*cell, id=f"{cell[0]}: {cell[1]}") for cell in matrix.cells()])
def test_cell(service, idle, stock, operation, state, status):
    asked = idle if state == "Pending" else service
    instance = stock.take(lambda: given.STATES[state.lower()](asked), state, operation, status)
    method, path, body, headers = matrix.REQUESTS[operation]
    answer = asked.call(method, path.format(id=instance), body, headers=headers)
    assert answer.status == status, answer
    check_body(matrix.BODIES[operation][status], answer)


def test_a_refused_operation_leaves_the_instance_as_it_was(service):
    instance = given.completed(service)
    before = service.status(instance, "?showHistory=true")
    for operation in ("raise-event", "terminate", "suspend", "resume", "rewind"):
        method, path, body, headers = matrix.REQUESTS[operation]
        assert service.call(method, path.format(id=instance), body, headers=headers).status in (410, 412)
    assert service.status(instance, "?showHistory=true") == before
