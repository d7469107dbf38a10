"""Rows that no sane sender writes, put into the tables by hand, and clients that are slow or rude."""
import json
import os
import socket
import time
import uuid

import pytest

import facts
import service as svc

APPS = [svc.example("hello"), svc.app("never")]
DEEP = "[" * 20000 + "]" * 20000

# What is wrong with the message; columns of taskhub.inbox (the instance is one that waits for Go). The instance takes no harm
# of the first ones, and may fail for the others.
HARMLESS = {
    "an answer to nothing": {"kind": 7, "ref": 999999, "payload": "1"},
    "an answer to an event that is no task": {"kind": 7, "ref": 0, "payload": "1"},
    "an answer with a negative ref": {"kind": 7, "ref": -5, "payload": "1"},
    "an answer without a ref": {"kind": 7, "payload": "1"},
    "a failed task without a failure": {"kind": 8, "ref": 999999},
    "a timer that nobody set": {"kind": 13, "ref": 12},
    "an event nobody waits for": {"kind": 17, "name": "Nobody", "payload": "1"},
    "an event for another start": {"kind": 17, "name": "Go", "payload": "1", "start_id": "other"},
    "an answer for another execution": {"kind": 7, "ref": 0, "execution_id": "other"},
    "a resume of what is not suspended": {"kind": 22},
    "a second start of a running instance": {"kind": 3, "name": "Waits", "start_id": "own", "execution_id": "own"},
}
HARMFUL = {
    "a kind that is none": {"kind": 999},
    "a negative kind": {"kind": -1},
    "a kind that is never sent": {"kind": 6, "name": "Quick"},
    "an entity's message": {"kind": 23, "name": "op", "body": '{"requestId": "r"}'},
    "a child's answer, although there are no children": {"kind": 11, "ref": 0},
    "a body that is no JSON": {"kind": 17, "name": "Nobody", "body": "garbage"},
    "a body that is no object": {"kind": 17, "name": "Nobody", "body": "[1]"},
    "a body cut short": {"kind": 17, "name": "Nobody", "body": '{"raisedAs": "No'},
    "a body with wrong types": {"kind": 17, "name": "Nobody", "body": '{"raisedAs": 5, "t": "x", "failure": [], "id": "1"}'},
    "a body as deep as the sea": {"kind": 17, "name": "Nobody", "body": '{"x": ' + DEEP + "}"},
    "a failure that is no object": {"kind": 8, "ref": 999999, "body": '{"failure": 5}'},
    "an event without a name": {"kind": 17, "payload": "1"},
    "an event with an empty name": {"kind": 17, "name": "", "payload": "1"},
    "a start that was never sent": {"kind": 3},
    "a start with garbage in it": {"kind": 3, "name": "Waits", "body": '{"carry": 5, "parent": "x"}'},
    "a rewind": {"kind": 30, "body": "{}"},
}
FOR_NOBODY = {
    "an event for nobody": {"kind": 17, "name": "Go", "payload": "1"},
    "an answer for nobody": {"kind": 7, "ref": 1, "payload": "1"},
    "a start without its row": {"kind": 3, "name": "Waits"},
    "a termination for nobody": {"kind": 5},
    "a kind that is none, for nobody": {"kind": 999},
    "garbage for nobody": {"kind": 17, "name": "Go", "body": "garbage"},
}


@pytest.fixture(scope="module")
def hub(database):
    service = svc.Service(database, apps=APPS, hub="Message" + uuid.uuid4().hex[:8])
    try:
        yield service.start()
    finally:
        service.close()


def put(service, instance, columns):
    """Inserts a row into the inbox, as only a superuser with an odd idea could, and wakes the owner."""
    ids = service.sql("select start_id::text, execution_id::text from taskhub.instances where instance_id = %s", [instance])
    own = dict(zip(("start_id", "execution_id"), ids[0])) if ids else {}
    row = {name: {"own": own.get(name), "other": str(uuid.uuid4())}.get(value, value) if name.endswith("_id") else value
           for name, value in columns.items()}
    service.sql(f"""insert into taskhub.inbox (partition_id, instance_id, {', '.join(row)})
                    values (taskhub.partition_of(%s, %s), %s, {', '.join(['%s'] * len(row))})""",
                [instance, service.hub, instance, *row.values()])
    service.sql("select pg_notify('taskhub_' || taskhub.partition_of(%s, %s), '')", [instance, service.hub])


def others_are_done(service):
    """Hello sequences in every partition, quickly, by the same process."""
    pid = service.process.pid
    ids = [service.start_instance("hello_orchestrator") for _ in range(12)]
    facts.wait_ended(service, ids, timeout=5)
    assert service.process.pid == pid and service.process.poll() is None, service.log()[-3000:]


def is_consumed(service, instance):
    def gone():
        return service.sql("select count(*) from taskhub.inbox_view where hub = %s and instance_id = %s and state = 'due'",
                           [service.hub, instance]) == [(0,)]

    svc.until(gone, 10, what="the message leaves the inbox")


@pytest.mark.parametrize("what", HARMLESS)
def test_a_message_that_answers_nothing_is_dropped_and_its_instance_goes_on(hub, what):
    instance = hub.start_instance("Waits")
    hub.wait_status(instance, "Running")
    put(hub, instance, HARMLESS[what])
    is_consumed(hub, instance)
    others_are_done(hub)
    hub.raise_event(instance, "Go", "still here")
    assert hub.wait_status(instance, timeout=5)["output"] == "still here"
    facts.all_is_well(hub)


@pytest.mark.parametrize("what", HARMFUL)
def test_a_message_that_makes_no_sense_ends_its_own_instance_at_worst(hub, what):
    instance = hub.start_instance("Waits")
    hub.wait_status(instance, "Running")
    put(hub, instance, HARMFUL[what])
    is_consumed(hub, instance)
    others_are_done(hub)
    status = hub.status(instance)
    if status["runtimeStatus"] == "Running":
        hub.raise_event(instance, "Go", "still here")
        assert hub.wait_status(instance, timeout=5)["output"] == "still here"
    else:
        assert status["runtimeStatus"] == "Failed" and status["output"], status
    facts.all_is_well(hub)


@pytest.mark.parametrize("what", FOR_NOBODY)
def test_a_message_for_an_instance_that_is_not_there_is_dropped(hub, what):
    instance = "nobody-" + uuid.uuid4().hex
    put(hub, instance, FOR_NOBODY[what])
    is_consumed(hub, instance)
    others_are_done(hub)
    assert hub.status(instance) is None
    facts.queues_get_empty(hub)


def test_fifty_bad_messages_and_good_ones_in_one_batch(hub):
    instances = [hub.start_instance("Waits") for _ in range(10)]
    for instance in instances:
        hub.wait_status(instance, "Running")
    good = [r[0] for r in hub.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, '{100}'), %s)",
                                  [hub.hub])]
    for i, columns in enumerate([*HARMLESS.values(), *HARMFUL.values(), *FOR_NOBODY.values()] * 2):
        put(hub, instances[i % 10], columns)
    facts.wait_ended(hub, good, timeout=10)
    for instance in instances:
        is_consumed(hub, instance)
        if hub.status(instance)["runtimeStatus"] == "Running":
            hub.raise_event(instance, "Go", 1)
    facts.wait_ended(hub, instances, timeout=10, statuses=("Completed", "Failed", "Terminated"))
    others_are_done(hub)
    facts.queues_get_empty(hub)
    facts.nothing_is_stuck(hub)


# -- history that was tampered with

SPOILT = {
    "no array": "{}",
    "numbers": "[1, 2]",
    "an unknown kind": '[{"kind": "Nonsense"}]',
    "wrong types": '[{"kind": 5, "id": "x", "t": "yesterday"}]',
    "nothing": "[]",
    "a deep one": DEEP[19000:21000],
    "an answer to what never was": '[{"kind":"OrchestratorStarted","t":1},{"kind":"TaskCompleted","ref":77}]',
}


@pytest.mark.parametrize("what", SPOILT)
def test_an_instance_whose_history_is_spoilt_fails_alone_and_says_so(hub, what):
    instance = hub.start_instance("Waits")
    hub.wait_status(instance, "Running")
    hub.sql("update taskhub.history set events = %s where instance_id = %s", [SPOILT[what], instance])
    hub.restart()
    hub.raise_event(instance, "Go", 1)
    status = hub.wait_status(instance, timeout=10)
    assert status["runtimeStatus"] == "Failed" and status["output"], status
    others_are_done(hub)
    facts.nothing_is_stuck(hub)
    hub.sql("delete from taskhub.history where instance_id = %s", [instance])


def test_a_start_of_an_orchestrator_that_nobody_has_waits_for_one_in_sight(hub):
    instance = "unknown-" + uuid.uuid4().hex
    hub.sql("select taskhub.start_instance('NoSuchOrchestrator', null, %s, p_hub => %s)", [instance, hub.hub])
    others_are_done(hub)
    svc.until(lambda: hub.sql("select kind, name from taskhub.unserved where hub = %s", [hub.hub]) ==
              [("episode", "NoSuchOrchestrator")], 10)
    facts.nothing_is_stuck(hub)
    hub.post(f"/instances/{instance}/terminate")
    hub.wait_status(instance, "Terminated", 10)
    facts.all_is_well(hub)


def test_an_activity_that_no_process_has_waits_for_one_and_the_others_go_on(hub):
    instance = hub.start_instance("CallsMissing")
    waiting = "select count(*) from taskhub.activities_view where hub = %s and name = 'Missing' and state = 'queued'"
    svc.until(lambda: hub.sql(waiting, [hub.hub]) == [(1,)], 5)
    others_are_done(hub)
    assert hub.status(instance)["runtimeStatus"] == "Running"
    facts.nothing_is_stuck(hub)
    hub.post(f"/instances/{instance}/terminate")
    hub.wait_status(instance, "Terminated", 10)
    facts.all_is_well(hub)


# -- slow and rude clients

def opened(service, data):
    conn = socket.create_connection((service.host, service.port), timeout=10)
    conn.sendall(data)
    return conn


SLOW = {
    "say nothing": b"",
    "stop in the middle of a line": b"GET /runtime/webh",
    "stop in the middle of the headers": b"POST /runtime/webhooks/durabletask/orchestrators/hello_orchestrator HTTP/1.1\r\nHost: a\r\n",
    "stop in the middle of the body": b"POST /runtime/webhooks/durabletask/orchestrators/hello_orchestrator HTTP/1.1\r\nHost: a\r\n"
                                      b"Content-Length: 1000\r\n\r\n{\"half\":",
}


@pytest.mark.parametrize("what", SLOW)
def test_two_hundred_clients_that_stop_keep_nobody_else_waiting(hub, what):
    slow = [opened(hub, SLOW[what]) for _ in range(200)]
    try:
        began = time.monotonic()
        for _ in range(20):
            assert hub.request("GET", "/readiness", timeout=2).status == 200
        assert time.monotonic() - began < 5
        others_are_done(hub)
    finally:
        for conn in slow:
            conn.close()
    assert hub.request("GET", "/health").status == 200


def test_clients_that_do_not_read_their_answers_keep_nobody_else_waiting(hub):
    text = json.dumps("x" * (1 << 20))
    instance = hub.post("/orchestrators/Echo", text).json["id"]
    hub.wait_status(instance, "Completed")
    ask = f"GET {svc.BASE}/instances/{instance} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 10
    deaf = [opened(hub, ask) for _ in range(50)]
    try:
        for _ in range(20):
            assert hub.request("GET", "/readiness", timeout=2).status == 200
        others_are_done(hub)
    finally:
        for conn in deaf:
            conn.close()
    others_are_done(hub)


def test_clients_that_reset_their_connections_do_no_harm(hub):
    for _ in range(200):
        conn = opened(hub, SLOW["stop in the middle of the body"])
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        conn.close()
    others_are_done(hub)
    files = len(os.listdir(f"/proc/{hub.process.pid}/fd"))
    assert files < 200, f"{files} files are open"
