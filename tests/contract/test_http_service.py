"""The service as a whole: replaced instances, other hubs, a database that is away, an orderly stop."""
import http.client
import json
import pathlib
import shutil
import threading
import time

import pytest

import given
from given import new_id
from service import app, cluster, connect, until

APPS = [app("contract")]


@pytest.fixture
def app_with(tmp_path):
    """app_with(setting=value...) is the folder of the test app with a host.json that has these settings."""

    def make(**durable):
        shutil.copy(APPS[0], tmp_path)
        (tmp_path / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": durable}}))
        return str(pathlib.Path(tmp_path))

    return make


@pytest.fixture
def start(make_service):
    def begin(**options):
        return make_service(apps=APPS, **options).start()

    return begin


def test_a_live_one_is_replaced_where_any_state_may_be(make_service, app_with):
    service = make_service(apps=[app_with(overridableExistingInstanceStates="AnyState")]).start()
    instance = given.running(service)
    answer = service.post(f"/orchestrators/Echo/{instance}", "5")
    assert answer.status == 202 and answer.json["id"] == instance, answer
    status = service.wait_status(instance, "Completed")
    assert status["name"] == "Echo" and status["output"] == 5


def test_settings_for_inputs_in_the_history_and_for_proxies(make_service, app_with):
    service = make_service(apps=[app_with(storeInputsInOrchestrationHistory=True,
                                          storageProvider={"connectionName": "My Db"},
                                          httpSettings={"useForwardedHost": True})]).start()
    answer = service.post("/orchestrators/Mixed", headers={"X-Forwarded-Host": "hub.example",
                                                           "X-Forwarded-Proto": "https"})
    assert answer.headers["Location"].startswith("https://hub.example/runtime/"), answer
    instance = answer.json["id"]

    def completed():
        events = service.status(instance, "?showHistory=true").get("historyEvents", [])
        return [e for e in events if e["EventType"] == "TaskCompleted"]

    assert until(completed)[0]["Input"] == '"hi"'
    assert answer.headers["Location"].endswith("?taskHub=TestHub&connection=My+Db")
    alone = service.post("/orchestrators/Echo", headers={"X-Forwarded-Host": "hub.example"})
    assert alone.headers["Location"].startswith(service.origin)


def test_another_hub_is_seen_by_name_and_is_not_mixed_up(start):
    own = start()
    assert own.get("/instances?taskHub=SideHub").json == []
    other = start(hub="SideHub")
    instance = given.completed(other)
    assert own.status(instance) is None
    until(lambda: own.status(instance, "?taskHub=sidehub"), timeout=10)
    assert [row["instanceId"] for row in own.get("/instances?taskHub=SideHub").json] == [instance]
    answer = own.post("/orchestrators/Echo?taskHub=SideHub", "1")
    assert "taskHub=SideHub&" in answer.json["statusQueryGetUri"]
    assert other.wait_status(answer.json["id"])["output"] == 1


def test_events_to_a_pending_one_are_delivered_when_it_starts(make_service):
    front = make_service(apps=APPS, hub="LateHub", args=["--no-orchestrators", "--no-activities"]).start()
    assert front.get("/instances").json == []  # and the hub is an empty one
    assert front.get("/instances").headers["x-ms-continuation-token"] == ""
    instance = front.start_instance("Waits", new_id())
    front.raise_event(instance, "Go", "early")
    assert front.status(instance)["runtimeStatus"] == "Pending"
    make_service(apps=APPS, hub="LateHub").start()
    assert front.wait_status(instance)["output"] == "early"


def test_a_database_that_refuses_connections_gives_503_in_time_and_comes_back(start, database):
    service = start()
    instance = given.running(service)
    name = service.sql("select current_database()")[0][0]
    admin = connect(cluster())
    try:
        with admin.cursor() as cur:
            cur.execute(f'alter database "{name}" allow_connections false')
            cur.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        begin = time.monotonic()
        for method, path in (("GET", f"/instances/{instance}"), ("GET", "/instances"), ("POST", "/orchestrators/Echo"),
                             ("POST", f"/instances/{instance}/terminate"), ("DELETE", f"/instances/{instance}")):
            answer = service.call(method, path, timeout=20)
            assert answer.status == 503, answer
            assert set(answer.json) == {"Message", "ExceptionMessage", "ExceptionType", "StackTrace"}
        assert time.monotonic() - begin < 60
        assert until(lambda: service.request("GET", "/health").status == 503)
        with admin.cursor() as cur:
            cur.execute(f'alter database "{name}" allow_connections true')
    finally:
        admin.close()
    until(lambda: service.get(f"/instances/{instance}").status == 202, timeout=30)
    until(lambda: service.request("GET", "/readiness").status == 200, timeout=30)
    until(lambda: service.post("/orchestrators/Echo").status == 202, timeout=30)


def test_a_stop_ends_waits_at_once_and_loses_no_answer(start):
    service = start()
    answers = []

    def wait():
        answers.append(service.post("/orchestrators/Waits?timeout=60&pollingInterval=1", timeout=40))

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for t in threads:
        t.start()
    until(lambda: len(service.get("/instances?runtimeStatus=Running").json) >= 5)
    begin = time.monotonic()
    assert service.stop() == 0
    for t in threads:
        t.join()
    assert [a.status for a in answers] == 5 * [202]
    assert time.monotonic() - begin < 15


def test_a_stop_answers_a_call_that_hangs_in_the_database(start, database):
    service = start()
    instance = given.completed(service)
    blocker, answers = connect(database), []
    blocker.autocommit = False
    try:
        with blocker.cursor() as cur:
            cur.execute("select 1 from taskhub.instances where instance_id = %s for update", (instance,))
        call = threading.Thread(target=lambda: answers.append(service.delete(f"/instances/{instance}", timeout=90)))
        call.start()
        until(lambda: service.sql(
            "select count(*) from pg_locks join pg_stat_activity a using (pid)"
            " where not granted and a.datname = current_database()") != [(0,)] or answers)
        begin = time.monotonic()
        service.stop(timeout=60)
        call.join()
        assert answers[0].status == 503, answers
        assert time.monotonic() - begin < 60
    finally:
        blocker.close()


def test_what_was_answered_202_is_there_after_a_kill(start):
    service = start()
    ids = []

    def many():
        try:
            while True:
                ids.append(service.start_instance("Echo", new_id()))
        except (OSError, AssertionError, AttributeError, http.client.HTTPException):
            pass

    threads = [threading.Thread(target=many) for _ in range(4)]
    for t in threads:
        t.start()
    until(lambda: len(ids) > 50)
    service.restart("kill")
    for t in threads:
        t.join(1)
    service.stop()
    for t in threads:
        t.join()
    service.start()
    for instance in ids:
        service.wait_status(instance, "Completed")
