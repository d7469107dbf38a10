"""What takes more than one request: waits, histories, lists of several pages, lives of instances."""
import json
import time
import urllib.parse

import pytest

import given
from given import INPUT, new_id
from service import app, until

APPS = [app("contract")]
GO = {"Content-Type": "application/json"}


# ---- starting with a wait


def test_a_wait_ends_with_the_bare_output(service):
    answer = service.post("/orchestrators/Echo?timeout=20&pollingInterval=0.1", '{"b":1, "a":2}')
    assert answer.status == 200 and answer.text == '{"b":1,"a":2}', answer
    assert answer.headers.get("Location") is None and answer.headers.get("Retry-After") is None


def test_a_wait_for_nothing_ends_with_null(service):
    answer = service.post("/orchestrators/Nothing?timeout=20&pollingInterval=0.1")
    assert answer.status == 200 and answer.text == "null", answer


def test_a_wait_that_is_too_short_ends_with_the_payload_in_time(service):
    begin = time.monotonic()
    answer = service.post("/orchestrators/Waits?timeout=1&pollingInterval=0.6")
    assert answer.status == 202 and answer.headers["Retry-After"] == "10", answer
    assert 0.9 < time.monotonic() - begin < 5


def test_a_wait_for_a_failure_ends_with_its_status_and_200(service):
    for query in ("", "&returnInternalServerErrorOnFailure=true"):
        answer = service.post("/orchestrators/Fails?timeout=20&pollingInterval=0.1" + query)
        assert answer.status == 200 and answer.json["runtimeStatus"] == "Failed", answer
    answer = service.post("/orchestrators/Fails?timeout=20&pollingInterval=0.1&showHistory=true&showInput=false")
    assert answer.status == 200 and answer.json["historyEvents"], answer


def test_a_wait_with_bad_numbers_is_refused_but_the_instance_is_there(service):
    for query in ("timeout=1&pollingInterval=5", "timeout=5&pollingInterval=-1", "timeout=NaN&pollingInterval=1"):
        instance = new_id()
        assert service.post(f"/orchestrators/Waits/{instance}?{query}").status == 400
        assert service.status(instance) is not None


def test_a_thousand_waits_at_once_all_end(service):
    import socket

    waiting = []
    try:
        for _ in range(1000):
            s = socket.create_connection((service.host, service.port), timeout=30)
            s.sendall(b"POST /runtime/webhooks/durabletask/orchestrators/Sleeps"
                      b"?timeout=25&pollingInterval=0.5 HTTP/1.1\r\n"
                      b"Host: x\r\nContent-Length: 1\r\n\r\n2")
            waiting.append(s)
        for s in waiting:
            got = s.recv(65536)
            assert got.startswith(b"HTTP/1.1 200") and got.endswith(b'"slept"'), got
    finally:
        for s in waiting:
            s.close()


# ---- history


def kinds(events):
    return [e["EventType"] for e in events]


@pytest.fixture(scope="module")
def mixed(service):
    """An instance whose activities Say and Refuse have answered, and that waits."""
    instance = service.start_instance("Mixed", new_id(), INPUT)

    def both_there():
        events = service.status(instance, "?showHistory=true").get("historyEvents", [])
        return {"TaskCompleted", "TaskFailed"} <= set(kinds(events))

    until(both_there)
    return instance


def test_history_shows_answered_tasks_once_with_what_was_scheduled(service, mixed):
    events = service.status(mixed, "?showHistory=true")["historyEvents"]
    assert events[0]["EventType"] == "ExecutionStarted" and events[0]["FunctionName"] == "Mixed"
    assert json.loads(events[0]["Input"]) == INPUT
    assert not {"OrchestratorStarted", "OrchestratorCompleted", "TaskScheduled"} & set(kinds(events))
    completed = next(e for e in events if e["EventType"] == "TaskCompleted")
    assert list(completed) == ["EventType", "Timestamp", "ScheduledTime", "FunctionName", "Input"]
    assert completed["FunctionName"] == "Say" and completed["Input"] is None
    assert completed["ScheduledTime"].endswith("Z") and completed["ScheduledTime"] <= completed["Timestamp"]


def test_history_shows_results_as_json_when_asked(service, mixed):
    events = service.status(mixed, "?showHistory=true&showHistoryOutput=true")["historyEvents"]
    completed = next(e for e in events if e["EventType"] == "TaskCompleted")
    assert completed["Result"] == {"said": "hi"}


def test_history_shows_why_a_task_failed(service, mixed):
    events = service.status(mixed, "?showHistory=true")["historyEvents"]
    failed = next(e for e in events if e["EventType"] == "TaskFailed")
    assert failed["Reason"] == 'no "way"' and failed["Details"] and failed["FunctionName"] == "Refuse"
    assert failed["FailureDetails"]["ErrorType"] == "Refused" and failed["ScheduledTime"]


def test_history_without_input_has_no_input_keys(service, mixed):
    events = service.status(mixed, "?showHistory=true&showInput=false")["historyEvents"]
    assert not any("Input" in e for e in events)


def test_history_of_a_running_activity_shows_its_scheduling(service):
    instance = service.start_instance("Dawdles", new_id())

    def scheduled():
        events = service.status(instance, "?showHistory=true").get("historyEvents", [])
        return [e for e in events if e["EventType"] == "TaskScheduled"]

    assert until(scheduled)[0]["Name"] == "Dawdle"
    assert service.wait_status(instance)["runtimeStatus"] == "Completed"


def test_history_of_a_finished_one_ends_with_its_end(service):
    instance = given.completed(service)
    events = service.status(instance, "?showHistory=true&showHistoryOutput=true")["historyEvents"]
    assert events[-1]["EventType"] == "ExecutionCompleted"
    assert events[-1]["OrchestrationStatus"] == "Completed" and events[-1]["Result"] == INPUT


def test_history_after_continue_as_new_is_that_of_the_new_run(service):
    instance = service.start_instance("Again", new_id())

    def second_run():
        status = service.status(instance, "?showHistory=true")
        return status if status["input"] == 1 else None

    status = until(second_run)
    assert status["runtimeStatus"] == "Running"
    until(lambda: kinds(service.status(instance, "?showHistory=true")["historyEvents"]) == ["ExecutionStarted"])


def test_history_shows_events_and_timers(service):
    instance = service.start_instance("Sleeps", new_id(), 0)
    service.wait_status(instance)
    assert {"TimerCreated", "TimerFired"} <= set(kinds(service.status(instance, "?showHistory=true")["historyEvents"]))
    instance = given.running(service)
    service.raise_event(instance, "gO", [1])
    assert service.wait_status(instance)["output"] == [1]
    raised = [e for e in service.status(instance, "?showHistory=true")["historyEvents"]
              if e["EventType"] == "EventRaised"]
    assert raised[0]["Input"] == "[1]"


# ---- lives


def test_an_id_can_be_used_again_after_the_end_with_a_new_history(service):
    instance = given.completed(service)
    first = service.status(instance)
    assert service.post(f"/orchestrators/Waits/{instance}", "7").status == 202
    status = service.wait_status(instance, "Running")
    assert status["name"] == "Waits" and status["input"] == 7 and status["output"] is None
    assert status["createdTime"] >= first["createdTime"]
    assert "ExecutionCompleted" not in kinds(service.status(instance, "?showHistory=true")["historyEvents"])


def test_a_refused_start_leaves_the_live_one_alone(service):
    instance = given.running(service)
    before = service.status(instance)
    assert service.post(f"/orchestrators/Echo/{instance}", "99").status == 409
    assert service.status(instance) == before


@pytest.mark.parametrize("query, output", [
    ("?reason=a+b%26c", "a b&c"), ("?reason=123", 123), ("", None), ("?reason=a&reason=b", "a,b")])
def test_terminate_shows_the_reason_as_output(service, query, output):
    instance = given.running(service)
    assert service.post(f"/instances/{instance}/terminate{query}").status == 202
    assert service.wait_status(instance, "Terminated")["output"] == output


def test_a_suspended_one_keeps_its_events_until_it_is_resumed(service):
    instance = given.suspended(service)
    service.raise_event(instance, "Go", "later")
    assert service.status(instance)["runtimeStatus"] == "Suspended"
    assert service.post(f"/instances/{instance}/resume").status == 202
    assert service.wait_status(instance)["output"] == "later"


def test_a_suspended_one_can_be_terminated(service):
    instance = given.suspended(service)
    assert service.post(f"/instances/{instance}/terminate?reason=x").status == 202
    service.wait_status(instance, "Terminated")


def test_an_event_payload_is_compact_and_strings_are_not_unwrapped(service):
    for sent, stored in (('{ "a" : [1, 2] }', '{"a":[1,2]}'), ('"{\\"a\\": 1}"', '"{\\"a\\": 1}"'), ("1.0", "1.0")):
        instance = given.running(service)
        assert service.post(f"/instances/{instance}/raiseEvent/Go", sent, headers=GO).status == 202
        service.wait_status(instance)
        assert f'"output":{stored},' in service.get(f"/instances/{instance}").text


@pytest.mark.parametrize("waited, sent", [("My Event", "my%20event"), ("évt", "%C3%A9vt"), ("a+b", "A%2Bb")])
def test_event_names_come_decoded_and_meet_in_any_case(service, waited, sent):
    instance = service.start_instance("WaitsFor", new_id(), waited)
    service.wait_status(instance, "Running")
    assert service.post(f"/instances/{instance}/raiseEvent/{sent}", "5", headers=GO).status == 202
    assert service.wait_status(instance)["output"] == 5


def test_terminate_twice_is_one_termination(service):
    instance = given.running(service)
    first = service.post(f"/instances/{instance}/terminate?reason=one")
    second = service.post(f"/instances/{instance}/terminate?reason=two")
    assert first.status == 202 and second.status in (202, 410), second
    assert service.wait_status(instance)["output"] == "one"
    ends = [e for e in service.status(instance, "?showHistory=true")["historyEvents"]
            if e["EventType"] == "ExecutionCompleted"]
    assert len(ends) == 1


def test_a_start_under_a_live_id_with_a_wait_does_not_wait(service):
    instance = given.running(service)
    begin = time.monotonic()
    assert service.post(f"/orchestrators/Echo/{instance}?timeout=20&pollingInterval=1").status == 409
    assert time.monotonic() - begin < 5


def test_custom_status_is_the_json_that_was_set(service):
    for value in ("text", {"a": [1]}, None):
        instance = service.start_instance("Waits", new_id(), value)
        service.wait_status(instance, "Running")
        assert service.status(instance)["customStatus"] == value


def test_a_purged_one_is_gone_and_its_id_free(service):
    instance = given.completed(service)
    assert service.delete(f"/instances/{instance}").json == {"instancesDeleted": 1}
    assert service.status(instance) is None
    assert service.delete(f"/instances/{instance}").status == 404
    assert service.sql("select count(*) from taskhub.history where instance_id = %s", (instance,)) == [(0,)]
    assert service.start_instance("Echo", instance) == instance


def test_status_location_is_the_url_that_was_asked(service):
    instance = given.running(service)
    path = f"/instances/{instance}?showInput=false&taskHub=TestHub&connection=Storage"
    answer = service.get(path)
    assert answer.headers["Location"] == f"{service.origin}/runtime/webhooks/durabletask{path}"


def test_unknown_orchestrators_are_refused_by_starters_too(service):
    answer = service.request("GET", "/api/orchestrators/Unknown")
    assert answer.status == 400 and "doesn't exist" in answer.json["ExceptionMessage"], answer


# ---- lists


@pytest.fixture(scope="module")
def five(service):
    """Five finished instances with a prefix of their own, sorted."""
    prefix = new_id() + "_%"
    ids = sorted(service.start_instance("Echo", f"{prefix}{n}", n) for n in range(5))
    for instance in ids:
        service.wait_status(instance)
    return prefix, ids


def pages(service, query):
    token, found = "", []
    while True:
        answer = service.get("/instances?" + query, headers={"x-ms-continuation-token": token})
        assert answer.status == 200, answer
        found.append(answer.json)
        token = answer.headers["x-ms-continuation-token"]
        if not token:
            return found
        assert token.isascii() and token.isprintable()


def prefix_query(prefix):
    return "instanceIdPrefix=" + urllib.parse.quote(prefix, safe="")


def test_pages_hold_each_instance_once_in_order(service, five):
    prefix, ids = five
    found = pages(service, prefix_query(prefix) + "&top=2")
    assert [len(page) for page in found if page] == [2, 2, 1]
    assert [row["instanceId"] for page in found for row in page] == ids


def test_a_prefix_is_no_pattern(service, five):
    prefix, _ = five
    assert pages(service, prefix_query(prefix.replace("_", "x"))) == [[]]


def test_rows_are_status_objects_without_history(service, five):
    prefix, ids = five
    [rows] = pages(service, prefix_query(prefix) + "&showHistory=true")
    assert rows[0] == service.status(ids[0])
    [rows] = pages(service, prefix_query(prefix) + "&showInput=false")
    assert [row["input"] for row in rows] == 5 * [None]


@pytest.mark.parametrize("query, count", [
    ("runtimeStatus=Completed,Failed", 5), ("runtimeStatus=Completed&runtimeStatus=Failed", 5),
    ("runtimeStatus=completed", 5), ("runtimeStatus=bogus,Running", 0), ("runtimeStatus=1", 5), ("runtimeStatus=0", 0),
    ("createdTimeFrom=2999-01-01", 0), ("createdTimeTo=2999-01-01", 5), ("createdTimeFrom=nonsense", 5),
    ("createdTimeFrom=2999-01-01T00:00:00+00:00", 5), ("createdTimeFrom=2999-01-01T00:00:00%2B00:00", 0)])
def test_filters(service, five, query, count):
    prefix, _ = five
    [rows] = pages(service, prefix_query(prefix) + "&" + query)
    assert len(rows) == count


def test_a_list_by_name_of_the_function(service, five):
    prefix, ids = five
    for name, count in (("Echo", 5), ("eCHO", 5), ("Ech", 0), ("E%25", 0), ("", 5)):
        [rows] = pages(service, f"{prefix_query(prefix)}&name={name}")
        assert len(rows) == count, name


def test_both_ends_of_a_window_are_included(service, five):
    prefix, ids = five
    [(at,)] = service.sql("select to_char(created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                          " from taskhub.instances where instance_id = %s", (ids[2],))
    [rows] = pages(service, f"{prefix_query(prefix)}&createdTimeFrom={at}&createdTimeTo={at}")
    assert [row["instanceId"] for row in rows] == [ids[2]]


def test_a_token_survives_rows_that_come_and_go(service):
    prefix = new_id()
    ids = [service.start_instance("Echo", f"{prefix}{n}") for n in range(4)]
    for instance in ids:
        service.wait_status(instance)
    first = service.get(f"/instances?instanceIdPrefix={prefix}&top=2")
    token = first.headers["x-ms-continuation-token"]
    service.delete("/instances/" + ids[1])
    service.start_instance("Echo", prefix + "0a")
    second = service.get(f"/instances?instanceIdPrefix={prefix}&top=9", headers={"x-ms-continuation-token": token})
    assert [row["instanceId"] for row in second.json] == ids[2:]
    other = service.get("/instances?instanceIdPrefix=zzz", headers={"x-ms-continuation-token": token})
    assert other.status == 200 and other.json == []


def test_purge_by_filter_takes_only_finished_ones_in_the_window(service, database):
    """Last in the file: it takes everything that the other tests have left finished."""
    live = given.running(service)
    done, broken = given.completed(service), given.failed(service)
    answer = service.delete("/instances?createdTimeFrom=2000-01-01&runtimeStatus=Failed")
    assert answer.status == 200 and answer.json["instancesDeleted"] >= 1
    assert service.status(broken) is None and service.status(done) is not None
    answer = service.delete("/instances?createdTimeFrom=1-01-01T00:00:00.000000Z")
    assert answer.status == 200 and answer.json["instancesDeleted"] >= 1
    assert service.status(done) is None
    assert service.status(live)["runtimeStatus"] == "Running"
    assert service.delete("/instances?createdTimeFrom=2000-01-01").status == 404
