"""Entities from outside: signals, calls, locks, and what becomes of them when the process is killed in the middle."""
import http.client
import json
import threading
import uuid

import pytest

from service import app, example, quote, until, wait_a_random_while

APPS = [app("entities")]


def new_key():
    return "k" + uuid.uuid4().hex[:12]


def signal(service, name, key, op, value=None):
    answer = service.post(f"/entities/{name}/{quote(key)}?op={op}", None if value is None else json.dumps(value),
                          headers={"Content-Type": "application/json"})
    assert answer.status == 202, answer


def state(service, name, key):
    answer = service.get(f"/entities/{name}/{quote(key)}")
    return answer.json if answer.status == 200 else None


def wait_state(service, name, key, wanted, timeout=20.0):
    until(lambda: state(service, name, key) == wanted, timeout, what=f"{name} {key} is {wanted!r}")


def run(service, name, value, timeout=30.0):
    instance = service.start_instance(name, input=value)
    return service.wait_status(instance, timeout=timeout)


def result(service, name, value, timeout=30.0):
    status = run(service, name, value, timeout)
    assert status["runtimeStatus"] == "Completed", status
    return status["output"]


def row(service, name, key):
    rows = service.sql("select state, lock_holder from taskhub.instances where is_entity and instance_id = %s",
                       [f"@{name.lower()}@{key}"])
    return rows[0] if rows else None


@pytest.fixture(autouse=True)
def nothing_is_stuck(service):
    yield
    if service.process is not None:
        assert service.sql("select * from taskhub.stuck") == []


def test_a_signal_makes_an_entity_and_delete_ends_it(service):
    key = new_key()
    signal(service, "Counter", key, "add", 2)
    signal(service, "COUNTER", key, "add", 3)
    wait_state(service, "counter", key, 5)
    assert service.sql("select name, key, state, locked_by from taskhub.get_entity('Counter', %s, 'TestHub')", [key]) == [
        ("counter", key, "5", None)]
    signal(service, "Counter", key, "delete")
    until(lambda: row(service, "counter", key) is None, what="an entity without a state has no row")


def test_a_thousand_signals_of_one_sender_are_done_in_order(service):
    key = new_key()
    for i in range(1000):
        service.sql("select taskhub.signal_entity('List', %s, 'append', %s, 'TestHub')", [key, str(i)])
    wait_state(service, "list", key, list(range(1000)), timeout=60)


def test_an_orchestrations_signals_come_in_order_and_before_its_call(service):
    key = new_key()
    result(service, "ManySignals", {"key": key, "n": 1000})
    assert state(service, "list", key) == list(range(1000)) + ["end"]


def test_a_call_gives_the_result(service):
    key = new_key()
    assert result(service, "CallCounter", {"key": key, "op": "add", "input": 4}) == 4
    assert result(service, "CallCounter", {"key": key, "op": "add", "input": 5}) == 9
    assert result(service, "CallCounter", {"key": key, "op": "get"}) == 9


def test_many_orchestrations_call_one_entity_and_none_is_lost(service):
    key = new_key()
    ids = [service.start_instance("CallCounter", input={"key": key, "op": "add", "input": 1}) for _ in range(100)]
    outputs = sorted(service.wait_status(i)["output"] for i in ids)
    assert outputs == list(range(1, 101))


def test_a_failed_call_fails_and_leaves_no_effect(service):
    key = new_key()
    signal(service, "Counter", key, "add", 1)
    failure = result(service, "TryCall", {"key": key})
    assert failure["type"] == "Refused" and failure["message"] == "after adding 5"
    assert state(service, "counter", key) == 1
    assert state(service, "counter", "never") is None and service.status("never") is None


def test_a_call_of_an_unknown_entity_waits_and_says_for_what(service):
    instance = service.start_instance("TryCall", input={"name": "Nobody", "key": new_key()})
    problem = until(lambda: service.sql("select kind, waiting, problem from taskhub.unserved where hub = %s", [service.hub]))
    assert problem == [("operations", 1, 'no worker for the entity "nobody"')]
    service.post(f"/instances/{instance}/terminate?reason=enough")
    service.wait_status(instance, "Terminated")


def test_a_delayed_signal_is_not_early(service):
    key = new_key()
    before = service.sql("select now()")[0][0]
    assert result(service, "Delayed", {"key": key, "delay": 1_500_000}) == 0
    wait_state(service, "counter", key, 7)
    at = service.sql("select last_operation_at from taskhub.entities_view where key = %s", [key])[0][0]
    assert (at - before).total_seconds() >= 1.5


def test_a_delayed_signal_from_sql(service):
    key = new_key()
    service.sql("select taskhub.signal_entity('Counter', %s, 'add', '3', 'TestHub', now() + interval '1 s')", [key])
    assert state(service, "counter", key) is None
    wait_state(service, "counter", key, 3)


def test_a_signal_of_a_transaction_that_is_rolled_back_was_never_sent(service):
    key = new_key()
    service.sql("begin; select taskhub.signal_entity('Counter', %s, 'add', '50', 'TestHub'); rollback", [key])
    service.sql("select taskhub.signal_entity('Counter', %s, 'add', '1', 'TestHub')", [key])
    wait_state(service, "counter", key, 1)


def test_an_entity_signals_another_and_starts_an_orchestration(service):
    key = new_key()
    signal(service, "Relay", key, "add", 6)
    wait_state(service, "counter", key, 6)
    signal(service, "Relay", key, "start", {"x": 1})
    until(lambda: service.status(key), what="the orchestration is there")
    status = service.wait_status(key)
    assert status["name"] == "Echo" and status["output"] == {"x": 1}
    signal(service, "Relay", key, "start", {"x": 2})  # the finished one is replaced
    until(lambda: service.status(key)["output"] == {"x": 2}, what="started again")


def test_transfers_under_lock_keep_the_sum(service):
    a, b = new_key(), new_key()
    signal(service, "Account", a, "add", 100)
    signal(service, "Account", b, "add", 100)
    wait_state(service, "account", b, 100)
    ids = []
    for i in range(20):
        pair = {"from": a, "to": b} if i % 2 else {"from": b, "to": a}
        ids.append(service.start_instance("Transfer", input={**pair, "amount": 5}))
        if i % 5 == 0:
            ids.append(service.start_instance("Audit", input=pair))
    for i in ids:
        status = service.wait_status(i, timeout=60)
        assert status["runtimeStatus"] == "Completed", status
        assert status["output"] in ("done", 200)
    assert state(service, "account", a) + state(service, "account", b) == 200
    assert row(service, "account", a)[1] is None and row(service, "account", b)[1] is None


def test_a_failed_transfer_releases_both_accounts(service):
    a, b = new_key(), new_key()
    signal(service, "Account", a, "add", 10)
    wait_state(service, "account", a, 10)
    status = run(service, "Transfer", {"from": a, "to": b, "amount": 50})
    assert status["runtimeStatus"] == "Failed" and "only 10 left" in status["output"]
    assert result(service, "Transfer", {"from": a, "to": b, "amount": 4}) == "done"
    assert (state(service, "account", a), state(service, "account", b)) == (6, 4)


@pytest.mark.parametrize("way_out", ["return", "fail", "again", "terminate"])
def test_locks_are_released_on_every_way_out(service, way_out):
    keys = [new_key() for _ in range(3)]
    locker = service.start_instance("Locker", input={
        "keys": keys, "then": "wait" if way_out == "terminate" else way_out})
    if way_out == "terminate":
        until(lambda: service.status(locker)["customStatus"] == "locked", what="it has the locks")
        assert service.sql("select locked_by from taskhub.get_entity('counter', %s, 'TestHub')", [keys[2]]) == [(locker,)]
        assert service.post(f"/instances/{locker}/terminate").status == 202
    service.wait_status(locker)
    for key in keys:
        assert result(service, "CallCounter", {"key": key, "op": "add", "input": 10}) >= 10
        assert row(service, "counter", key)[1] is None


def test_what_comes_while_it_is_locked_waits_and_keeps_its_order(service):
    key = new_key()
    locker = service.start_instance("Locker", input={"keys": [key], "then": "wait"})
    until(lambda: service.status(locker)["customStatus"] == "locked", what="it has the lock")
    for i in range(50):
        signal(service, "Counter", key, "add", 1)
    caller = service.start_instance("CallCounter", input={"key": key, "op": "get"})
    until(lambda: service.sql(
        "select count(*) from taskhub.inbox_view where instance_id = %s and state = 'held'", [f"@counter@{key}"])
        == [(51,)], what="all are held")
    assert service.sql("select * from taskhub.stuck") == []
    service.raise_event(locker, "go")
    assert service.wait_status(locker)["output"] == 1
    assert service.wait_status(caller)["output"] == 51


def test_one_that_is_terminated_while_it_waits_for_a_lock_leaves_the_line(service):
    keys = sorted(new_key() for _ in range(3))
    first = service.start_instance("Locker", input={"keys": [keys[1]], "then": "wait"})
    until(lambda: service.status(first)["customStatus"] == "locked", what="the first has its lock")
    second = service.start_instance("Locker", input={"keys": keys, "then": "wait"})
    until(lambda: row(service, "counter", keys[0]), what="the second has the first of its locks, and waits")
    assert service.post(f"/instances/{second}/terminate").status == 202
    until(lambda: row(service, "counter", keys[0]) is None, what="the second has let go")
    service.raise_event(first, "go")
    service.wait_status(first)
    for key in keys:
        assert result(service, "CallCounter", {"key": key, "op": "add", "input": 1}) >= 1
        assert row(service, "counter", key)[1] is None


@pytest.mark.parametrize("how", ["lock", "call", "signal", "child", "twice"])
def test_what_a_critical_section_does_not_allow(service, how):
    status = run(service, "Misuser", how)
    assert status["runtimeStatus"] == "Failed" and "critical section" in status["output"], status
    until(lambda: row(service, "counter", "m") is None, what="its lock is released")


def test_a_slow_operation_stops_no_other(service):
    key = new_key()
    for _ in range(4):
        signal(service, "Counter", key, "slow")
    other = new_key()
    assert result(service, "CallCounter", {"key": other, "op": "add", "input": 1}, timeout=2) == 1
    until(lambda: state(service, "counter", key) == 0, what="the slow ones are done")


def test_thousands_of_messages_behind_a_slow_operation_stop_no_other_and_keep_their_order(service):
    key, other, n = new_key(), new_key(), 3000
    for _ in range(10):
        signal(service, "List", key, "slow", "s")
    service.sql("""select taskhub.signal_entity('List', %s, 'append', i::text, 'TestHub')
                   from generate_series(1, %s) i""", [key, n])
    for i in range(1, 4):
        assert result(service, "CallCounter", {"key": other, "op": "add", "input": 1}, timeout=20) == i
    assert len(state(service, "list", key) or []) < 10, "it was served while the slow ones ran"
    wait_state(service, "list", key, 10 * ["s"] + list(range(1, n + 1)), timeout=60)


def test_entities_are_listed_and_left_alone_by_events(service):
    key = new_key()
    signal(service, "Account", key, "add", 1)
    wait_state(service, "account", key, 1)
    rows = [r for r in service.get("/entities/Account?fetchState=true").json if r["entityId"]["key"] == key]
    assert rows and rows[0]["entityId"]["name"] == "account" and rows[0]["state"] == 1
    answer = service.post(f"/instances/@account@{key}/raiseEvent/x", "1", headers={"Content-Type": "application/json"})
    assert answer.status == 404
    assert service.status(f"@account@{key}")["runtimeStatus"] == "Running"


def test_an_entity_is_purged_with_its_lock(service):
    key = new_key()
    locker = service.start_instance("Locker", input={"keys": [key], "then": "wait"})
    until(lambda: service.status(locker)["customStatus"] == "locked", what="it has the lock")
    answer = service.delete(f"/instances/@counter@{key}")
    assert answer.status == 200 and answer.json == {"instancesDeleted": 1}
    assert row(service, "counter", key) is None
    service.raise_event(locker, "go")
    assert service.wait_status(locker)["runtimeStatus"] == "Completed"


def test_transfers_survive_kills_and_the_sum_stays(make_service):
    service = make_service(apps=APPS, hub="KillHub").start()
    a, b = new_key(), new_key()
    signal(service, "Account", a, "add", 1000)
    signal(service, "Account", b, "add", 1000)
    wait_state(service, "account", b, 1000)
    ids = [service.start_instance("Transfer", input={
        "from": a if i % 2 else b, "to": b if i % 2 else a, "amount": 1}) for i in range(60)]
    for _ in range(4):
        wait_a_random_while(0.4)
        service.restart("kill")
    for i in ids:
        assert service.wait_status(i, timeout=60)["runtimeStatus"] == "Completed"
    assert state(service, "account", a) == 1000 and state(service, "account", b) == 1000
    assert row(service, "account", a)[1] is None and row(service, "account", b)[1] is None
    assert service.sql("select * from taskhub.inbox_view where hub = 'KillHub'") == []
    assert service.sql("select * from taskhub.stuck where hub = 'KillHub'") == []


def test_signals_survive_kills_each_once_and_in_order(make_service):
    service = make_service(apps=APPS, hub="OrderHub").start()
    key, sent = new_key(), 600
    sender = threading.Thread(target=lambda: [service.sql(
        "select taskhub.signal_entity('List', %s, 'append', %s, 'OrderHub')", [key, str(i)]) for i in range(sent)])
    sender.start()
    for _ in range(3):
        wait_a_random_while(0.3)
        service.restart("kill")
    sender.join()
    wait_state(service, "list", key, list(range(sent)), timeout=60)


def test_the_example_books_a_transfer_and_refuses_an_overdraft(make_service):
    service = make_service(apps=[example("accounts")], hub="ExampleHub").start()
    signal(service, "Account", "ann", "add", 100)
    assert run(service, "Transfer", {"from": "ann", "to": "bob", "amount": 30})["runtimeStatus"] == "Completed"
    assert (state(service, "account", "ann"), state(service, "account", "bob")) == (70, 30)
    refused = run(service, "Transfer", {"from": "ann", "to": "bob", "amount": 71})
    assert refused["runtimeStatus"] == "Failed" and "ann has only 70" in refused["output"]
    wait_state(service, "counter", "bookings", 3)


def test_an_operation_that_kills_its_process_is_given_up_and_the_others_are_done(make_service):
    service = make_service(apps=APPS, hub="PoisonHub").start()
    key = new_key()
    caller = service.start_instance("CallCounter", input={"key": key, "op": "get"})
    service.wait_status(caller)
    service.sql("""select taskhub.signal_entity('Counter', %(k)s, 'add', '1', 'PoisonHub'),
                          taskhub.signal_entity('Counter', %(k)s, 'die', null, 'PoisonHub'),
                          taskhub.signal_entity('Counter', %(k)s, 'add', '2', 'PoisonHub')""", {"k": key})
    for _ in range(7):
        until(lambda: service.process.poll() is not None or is_done(service, key),
              what="it dies, or the operation is given up")
        if service.process.poll() is None:
            break
        service.restart("kill", ready=False)
        until(lambda: service.process.poll() is not None or ready(service), timeout=30, what="up again, or dead again")
    wait_state(service, "counter", key, 3)
    assert "PoisonOperation" in service.log()


def is_done(service, key):
    try:
        return state(service, "counter", key) == 3
    except (OSError, http.client.HTTPException):
        return False


def ready(service):
    try:
        return service.request("GET", "/readiness", timeout=2).status == 200
    except (OSError, http.client.HTTPException):
        return False
