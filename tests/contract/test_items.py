"""Single activities in an operator's hands: parked where they kill their workers, run again, ended."""
import json
import time
import uuid

import pytest

import facts
from cli import FAILED, OK, expect
from service import app, example, until

APPS = [example("hello"), app("never")]


@pytest.fixture
def fresh(make_service):
    hub = "Items" + uuid.uuid4().hex[:8]
    return lambda **options: make_service(apps=APPS, hub=hub, **options)


def shell(service, *words, status=OK):
    return expect(status, *words, "--hub", service.hub, "--database", service.database, cwd=service.cwd)


def the_activity(service, instance, state):
    def there():
        return service.sql("select seq, claim_no, crashes from taskhub.activities_view where hub = %s and instance_id = %s and state = %s",
                           [service.hub, instance, state])

    return until(there, 15, what=f"an activity of {instance} is {state}")[0]


def test_an_activity_that_kills_its_workers_is_parked_until_somebody_decides(fresh):
    owner = fresh(args=["--no-activities"]).start()
    shell(owner, "hub", "set", "poison", "park")
    assert json.loads(shell(owner, "hub", "settings", "--json").stdout) == [{"setting": "poison", "value": "park"}]
    instance = owner.start_instance("CallsSegv")
    seq, _, _ = the_activity(owner, instance, "queued")
    owner.sql("update taskhub.activities set crashes = 4 where instance_id = %s", [instance])
    fresh(args=["--no-orchestrators", "--no-http"]).start(ready=False)  # it dies of it
    assert the_activity(owner, instance, "parked")[2] == 5

    row, = owner.get("/admin/items").json
    assert (row["kind"], row["instanceId"], row["seq"], row["crashes"]) == ("activity", instance, seq, 5)
    assert instance in shell(owner, "item", "list").stdout
    assert owner.get(f"/instances/{instance}/explain").json[0]["reason"] == "parked"
    facts.nothing_is_stuck(owner)

    assert owner.post(f"/admin/items/{instance}/{seq}/retry").status == 202
    assert the_activity(owner, instance, "queued")[2] == 0
    assert owner.get("/admin/items").json == []
    assert "has failed" in shell(owner, "item", "fail", instance, seq, "--reason", "no such luck").stdout
    assert "no such luck" in json.dumps(owner.wait_status(instance, timeout=5))
    facts.all_is_well(owner)
    assert owner.sql("select act from taskhub.audit where hub = %s and act like '%%item' order by audit_id",
                     [owner.hub]) == [("retry_item",), ("fail_item",)]
    acts = owner.get("/admin/audit").json
    assert [a["act"] for a in acts] == ["fail_item", "retry_item", "set_hub", "create_hub"]
    assert acts[0]["arguments"]["reason"] == "no such luck" and acts[0]["instanceId"] == instance and acts[0]["user"]
    assert acts == sorted(acts, key=lambda a: a["time"], reverse=True)
    shown = json.loads(shell(owner, "hub", "audit", "--top", "2", "--json").stdout)
    assert [a["act"] for a in shown] == ["fail_item", "retry_item"]


def test_a_running_activity_is_ended_at_once_and_its_own_result_dropped(fresh):
    service = fresh().start()
    instance = service.start_instance("Naps", input=3)
    seq, _, _ = the_activity(service, instance, "claimed")
    began = time.monotonic()
    assert service.post(f"/admin/items/{instance}/{seq}/fail?reason=too%20slow").status == 202
    assert service.wait_status(instance, "Failed", 2)
    assert time.monotonic() - began < 2, "the activity was waited for"
    dropped = "taskhub_dropped_completions_total 1"
    until(lambda: dropped in service.request("GET", "/metrics").text, 6)
    facts.all_is_well(service)


def test_a_running_activity_that_is_run_again_counts_once(fresh):
    service = fresh().start()
    instance = service.start_instance("Naps", input=1)
    seq, claim_no, _ = the_activity(service, instance, "claimed")
    assert "about to run" in shell(service, "item", "retry", instance, seq).stdout
    until(lambda: service.sql("select 1 from taskhub.activities_view where instance_id = %s and claim_no > %s", [instance, claim_no])
          or service.status(instance)["runtimeStatus"] == "Completed", 5)
    service.wait_status(instance, "Completed", 6)
    facts.all_is_well(service)


def test_what_is_wrong_is_told(fresh):
    service = fresh().start()
    instance = service.start_instance("Waits")
    service.wait_status(instance, "Running")
    for path, status in (f"{instance}/1/retry", 404), (f"{instance}/1/fail", 404), ("nobody/1/retry", 404), ("nobody/retry", 404), \
            (f"{instance}/x/retry", 400), (f"{instance}/-1/fail", 400), (f"{instance}/99999999999/fail", 400), \
            (f"{instance}/retry", 412), (f"{instance}/fail", 404):
        assert service.post(f"/admin/items/{path}").status == status, path
    assert service.post("/admin/items/x/1/retry?taskHub=Nowhere").status == 404
    assert "waits for no activity number 9" in shell(service, "item", "fail", instance, 9, status=FAILED).stderr
    assert 'no setting "colour"' in shell(service, "hub", "set", "colour", "red", status=FAILED).stderr
    assert json.loads(shell(service, "item", "list", "--all", "--json").stdout) == []
