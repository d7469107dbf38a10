"""An event for an instance that is started first where none lives."""
import concurrent.futures
import json

import pytest

from given import new_id
from service import app, until

APPS = [app("contract")]


def send(service, instance, event="Go", body=None, name="Waits", query=""):
    return service.post(f"/orchestrators/{name}/{instance}/raiseEvent/{event}{query}",
                        None if body is None else json.dumps(body))


def test_where_none_lives_it_is_started_and_has_the_event(service):
    instance = new_id()
    answer = send(service, instance, body={"event": {"n": 1}, "input": [2]}, query="?version=")
    assert answer.status == 202 and answer.json["id"] == instance, answer
    status = service.wait_status(instance)
    assert (status["output"], status["input"], status["name"]) == ({"n": 1}, [2], "Waits")


def test_a_live_one_has_the_event_and_keeps_its_input(service):
    instance = service.start_instance("Waits", new_id(), 1)
    service.wait_status(instance, "Running")
    assert send(service, instance, body={"event": "now", "input": 2}).status == 202
    status = service.wait_status(instance)
    assert (status["output"], status["input"]) == ("now", 1)


def test_a_finished_one_is_replaced(service):
    instance = service.start_instance("Echo", new_id(), 1)
    service.wait_status(instance)
    assert send(service, instance).status == 202
    status = until(lambda: (lambda s: s if s["name"] == "Waits" and s["runtimeStatus"] == "Completed" else None)(
        service.status(instance)))
    assert status["output"] is None and status["input"] is None


def test_many_at_once_start_one_instance_and_all_their_events_arrive(service):
    instance = new_id()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: send(service, instance, "Other", {"event": n, "input": "one"}), range(16)))
    assert [a.status for a in answers] == [202] * 16
    assert len(service.sql("select 1 from taskhub.inbox_view where instance_id = %s and kind = 'ExecutionStarted'", [instance])) <= 1
    service.raise_event(instance, "Go", "end")
    assert service.wait_status(instance)["output"] == "end"
    events = service.sql("""select event ->> 'input' from taskhub.history_events where instance_id = %s and name = 'Other'
                            union all select payload from taskhub.inbox_view where instance_id = %s""", [instance, instance])
    assert len(service.sql("""select distinct execution_id from taskhub.history_events where instance_id = %s""", [instance])) == 1
    assert sorted(int(e[0]) for e in events) == sorted(set(int(e[0]) for e in events)), "none came twice"


@pytest.mark.parametrize("body, words", [
    ("[1]", "must be a JSON object"), ('{"payload": 1}', "payload: the body has event and input only"), ("{", "Invalid JSON"),
])
def test_a_bad_body_is_refused_and_nothing_starts(service, body, words):
    instance = new_id()
    answer = service.post(f"/orchestrators/Waits/{instance}/raiseEvent/Go", body)
    assert answer.status == 400 and words in answer.text, answer
    assert service.status(instance) is None


def test_a_bad_name_id_or_event_is_refused(service):
    assert send(service, new_id(), name="Nobody").status == 400
    assert send(service, "@a@b").status == 400
    assert send(service, new_id(), event="e" * 257).status == 400
