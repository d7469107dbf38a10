"""Why an instance is not running: over HTTP and at the shell, of instances that really wait."""
import json

from cli import FAILED, OK, expect
from given import failed, new_id, running, suspended
from service import app, until

APPS = [app("contract")]
KEYS = {"reason", "sentence", "since", "due", "subject", "workerId", "host", "pid", "delivery"}


def reasons(service, instance):
    answer = service.get(f"/instances/{instance}/explain")
    assert answer.status == 200, answer
    assert all(row.keys() == KEYS and row["sentence"] for row in answer.json), answer
    return answer.json


def explain(service, *words, status=OK):
    return expect(status, "instance", "explain", *words, "--hub", service.hub, "--database", service.database, cwd=service.cwd)


def test_an_event_that_has_not_come_is_named(service):
    instance = running(service)
    row, = until(lambda: [r for r in reasons(service, instance) if r["reason"] == "event"])
    assert row["subject"] in row["sentence"] and row["since"].endswith("Z")
    assert row["sentence"] in explain(service, instance).stdout
    assert json.loads(explain(service, instance, "--json").stdout)[0]["reason"] == "event"


def test_a_suspension_is_told_with_its_reason(service):
    instance = running(service)
    assert service.post(f"/instances/{instance}/suspend?reason=lunch").status == 202
    service.wait_status(instance, "Suspended")
    assert reasons(service, instance)[0]["reason"] == "suspended"
    assert "lunch" in reasons(service, instance)[0]["sentence"]
    assert reasons(service, suspended(service))[0]["reason"] == "suspended"


def test_a_running_activity_says_where_it_runs(service):
    instance = service.start_instance("Sleeps", new_id(), 2)
    row, = until(lambda: [r for r in reasons(service, instance) if r["reason"] in ("activity", "timer")])
    assert row["reason"] == "timer" or row["pid"] == service.process.pid, row


def test_a_start_for_later_says_when(service):
    instance = new_id()
    service.sql("select taskhub.start_instance('Echo', null, %s, p_scheduled_start => now() + interval '1 hour', p_hub => %s)",
                [instance, service.hub])
    row, = reasons(service, instance)
    assert row["reason"] == "scheduled_start" and row["due"] > row["since"]


def test_one_that_has_ended_says_so(service):
    row, = reasons(service, failed(service))
    assert row["reason"] == "finished" and "Failed" in row["sentence"]


def test_an_unknown_one_is_not_found(service):
    assert service.get("/instances/nobody/explain").status == 404
    assert service.get("/instances/nobody/explain?taskHub=Nowhere").status == 404
    assert service.post("/instances/nobody/explain").status == 404
    assert 'no instance "nobody"' in explain(service, "nobody", status=FAILED).stderr
