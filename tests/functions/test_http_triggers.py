"""HTTP triggers of an app: routes, what the function sees, what the caller gets."""
import json

import pytest

import service as svc

def test_a_function_sees_the_request_and_its_answer_goes_out(service):
    answer = service.request("POST", "/api/echo/a%20b/7?x=1&y=2&x=3", "\x00body", {"X-One": "1", "Host": "example.org:1"})
    assert answer.status == 201
    assert answer.headers["X-Two"] == "2"
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json == {
        "method": "POST", "url": "http://example.org:1/api/echo/a%20b/7?x=1&y=2&x=3", "params": {"x": "1,3", "y": "2"},
        "route": {"first": "a b", "number": "7"}, "header": "1", "body": "\x00body"}


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/echo/x", 201),
    ("GET", "/API/ECHO/x/12", 201),
    ("GET", "/api/echo/x/seven", 404),   # {number:int?}
    ("DELETE", "/api/echo/x", 404),      # of another method
    ("GET", "/api/echo", 404),
    ("GET", "/api/echo/x/1/2", 404),
    ("PATCH", "/api/echo/literal", 200),  # any method
    ("GET", "/api/nothing", 404),
    ("GET", "/echo/x", 404),             # not below the prefix
])
def test_routes_are_found_by_method_and_template(service, method, path, status):
    assert service.request(method, path).status == status


def test_a_literal_wins_over_a_placeholder(service):
    answer = service.request("GET", "/api/echo/literal")
    assert (answer.status, answer.text) == (200, "the literal one")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_bytes_come_out_as_they_are_and_a_catch_all_takes_the_rest(service):
    answer = service.request("GET", "/api/files/a/b/c.txt")
    assert answer.body == bytes(range(256))
    assert answer.headers["X-Path"] == "a/b/c.txt"


def test_an_exception_is_a_500_without_a_body(service):
    answer = service.request("GET", "/api/throws")
    assert (answer.status, answer.body) == (500, b"")
    svc.until(lambda: "on purpose" in service.log(), what="the log says why")


def test_a_header_that_would_end_its_line_never_goes_out(service):
    answer = service.request("GET", "/api/bad_header")
    assert answer.status == 500
    assert "X-Injected" not in answer.headers


def test_a_large_body_goes_both_ways(service):
    body = "x" * 3_000_000
    answer = service.request("POST", "/api/echo/large", body)
    assert answer.json["body"] == body


def test_settings_context_and_output_are_there(service, language):
    seen = json.loads(service.request("GET", "/api/settings").text)
    assert seen["GREETING"] == "from local settings"
    assert seen["FUNCTIONS_WORKER_RUNTIME"] == language.name
    assert seen["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    assert seen["WEBSITE_HOSTNAME"] == f"127.0.0.1:{service.port}"
    assert seen["cwd"] == language.everything
    assert seen["context"] == "settings" and len(seen["invocation"]) >= 32
    svc.until(lambda: "a line that the app prints" in service.log(), what="print is logged")
    svc.until(lambda: "WARN  app.log" in service.log() and "a warning of the app" in service.log(), what="so is logging")


def test_functions_are_listed_at_the_start(service):
    for line in (f"echo: [GET,POST] {service.origin}/api/echo/{{first}}/{{number:int?}}", "values: orchestrationTrigger"):
        assert line in service.log()
