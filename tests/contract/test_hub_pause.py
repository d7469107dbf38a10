"""A paused hub: nothing new begins in any process, what comes in is kept, and it goes on where it stood."""
import json
import uuid

import pytest

import facts
from service import app, example, until

APPS = [example("hello"), app("never")]


@pytest.fixture
def fresh(make_service):
    hub = "Paused" + uuid.uuid4().hex[:8]
    return lambda **options: make_service(apps=APPS, hub=hub, **options)


def pause(service, reason=""):
    answer = service.post("/admin/hub/pause" + (f"?reason={reason}" if reason else ""))
    assert answer.status == 200 and answer.json["pausedTime"], answer
    return answer.json


def obeyed(service):
    def is_paused():
        return service.request("GET", "/readiness").json["paused"]

    until(is_paused, 3)


def begun(service):
    return service.sql("""select (select count(*) from taskhub.history_events where hub = %s and kind = 'OrchestratorStarted'),
                          (select coalesce(sum(claim_no), 0) from taskhub.activities_view where hub = %s)""", [service.hub] * 2)


def test_starts_and_events_are_kept_and_nothing_begins_until_it_is_resumed(fresh):
    one, other = fresh().start(), fresh().start()
    collecting = one.start_instance("Collect")
    one.wait_status(collecting, "Running")
    shown = pause(one, "lunch")
    assert shown["pauseReason"] == "lunch" and shown["pausedBy"]
    obeyed(one)
    obeyed(other)

    before = begun(one)
    ids = [service.start_instance("hello_orchestrator") for service in (one, other) for _ in range(10)]
    one.raise_event(collecting, "Number", 7)
    one.raise_event(collecting, "Number", -1)
    napping = one.start_instance("Naps", input=0.01)
    one.sql("select pg_sleep(1.5)")  # nothing to wait for: it must not happen
    assert begun(one) == before
    assert {one.status(i)["runtimeStatus"] for i in ids + [napping]} == {"Pending"}
    reasons = one.get(f"/instances/{ids[0]}/explain").json
    assert reasons[0]["reason"] == "hub_paused" and "lunch" in reasons[0]["sentence"]
    facts.nothing_is_stuck(one)
    assert "\ntaskhub_paused 1\n" in other.request("GET", "/metrics").text

    assert other.post("/admin/hub/resume").json["pausedTime"] is None
    outputs = facts.wait_ended(one, ids + [collecting, napping], timeout=5)
    assert outputs[collecting] == "[7]"
    assert one.get("/admin/hub").json["pausedTime"] is None
    facts.all_is_well(one)


def test_an_activity_that_runs_ends_and_its_result_is_kept_even_if_the_process_is_killed(fresh):
    service = fresh().start()
    instance = service.start_instance("Naps", input=1.2)
    running = "select count(*) from taskhub.activities_view where hub = %s and state = 'claimed'"
    until(lambda: service.sql(running, [service.hub]) == [(1,)], 5, pause=0.01)
    pause(service)
    obeyed(service)
    done = "select count(*) from taskhub.inbox_view where hub = %s and instance_id = %s and kind = 'TaskCompleted'"
    until(lambda: service.sql(done, [service.hub, instance]) == [(1,)], 5)
    assert service.status(instance)["runtimeStatus"] == "Running"

    service.restart("kill")  # a restart does not end the pause, and begins nothing before it knows of it
    before = begun(service)
    assert service.request("GET", "/readiness").json["paused"] is True
    waiting = service.start_instance("hello_orchestrator")
    service.sql("select pg_sleep(1)")
    assert begun(service) == before
    assert service.post("/admin/hub/resume").status == 200
    facts.wait_ended(service, [instance, waiting], timeout=5)
    facts.all_is_well(service)
    kinds = service.sql("select count(*) from taskhub.history_events where instance_id = %s and kind = 'TaskCompleted'", [instance])
    assert kinds == [(1,)]


def test_a_paused_process_costs_next_to_nothing_and_keeps_its_partitions(fresh):
    service = fresh().start()
    for _ in range(50):
        service.start_instance("Naps", input=30)
    pause(service)
    obeyed(service)
    for _ in range(50):
        service.start_instance("hello_orchestrator")
    owners = service.sql("select partition_id, term from taskhub.partitions order by 1")

    def cpu():
        with open(f"/proc/{service.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    began = cpu()
    service.sql("select pg_sleep(2)")
    assert cpu() - began < 0.3
    assert service.sql("select partition_id, term from taskhub.partitions order by 1") == owners
    assert service.stop() == 0


def test_schedules_rest_in_a_paused_hub(fresh):
    service = fresh().start()
    pause(service)
    obeyed(service)
    fields = {"expression": "* * * * * *", "orchestrator": "hello_orchestrator", "missed": "skip"}
    assert service.call("PUT", "/schedules/tick", json.dumps(fields)).status == 201
    service.sql("select pg_sleep(2)")
    assert service.get("/instances?instanceIdPrefix=tick:").json == []
    assert service.post("/admin/hub/resume").status == 200
    until(lambda: service.get("/instances?instanceIdPrefix=tick:").json, 5)
    assert service.delete("/schedules/tick").status == 204


def test_only_a_master_key_pauses_and_the_audit_names_it(fresh):
    service = fresh(args=["--auth"])
    service.start()
    made = {kind: service.sql("select taskhub.create_key(%s, %s, sha256(%s), %s)", ["k-" + kind, kind, kind.encode(), service.hub])
            for kind in ("system", "master", "function")}
    assert len(made) == 3
    until(lambda: service.get("/instances", headers={"x-functions-key": "master"}).status == 200, 5)
    for key, wanted in (None, 401), ("wrong", 401), ("function", 403), ("system", 403):
        headers = {"x-functions-key": key} if key else {}
        for path in "/admin/hub/pause", "/ADMIN/hub/pause", "//admin/hub/resume", "/admin/nothing":
            assert service.post(path, headers=headers).status == wanted, (key, path)
        assert service.get("/admin/hub", headers=headers).status == wanted
    master = {"x-functions-key": "master"}
    assert service.post("/admin/hub/pause?reason=x", headers=master).status == 200
    assert service.post("/admin/hub/resume", headers=master).status == 200
    assert service.post("/admin/nothing", headers=master).status == 404
    assert service.sql("select act, key_name from taskhub.audit where hub = %s and act in ('pause_hub', 'resume_hub') order by audit_id",
                       [service.hub]) == [("pause_hub", "k-master"), ("resume_hub", "k-master")]
