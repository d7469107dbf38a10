"""Orchestrations, activities and entities of the Python SDK, by its own worker and client."""
import datetime
import time

import pytest
from durabletask import entities, task
from durabletask.client import OrchestrationStatus as Status

from given import new_id
from sdk import client as client_of
from sdk import finish, worker
from service import until

GRPC = True


# ---- what the worker runs


def plus_one(_, n):
    return n + 1


def shout(_, text):
    return f"{text}!"


def fails(_, text):
    raise ValueError(f"no {text}")


attempts = {}


def flaky(_, key):
    attempts[key] = attempts.get(key, 0) + 1
    if attempts[key] < 3:
        raise RuntimeError(f"attempt {attempts[key]}")
    return attempts[key]


def nothing(ctx, _):
    return "done"


def sequence(ctx: task.OrchestrationContext, start):
    numbers = [start]
    for _ in range(5):
        numbers.append((yield ctx.call_activity(plus_one, input=numbers[-1])))
    return numbers


def fan_out(ctx, count):
    return sum((yield task.when_all([ctx.call_activity(plus_one, input=i) for i in range(count)])))


def child(ctx, n):
    return (yield ctx.call_activity(plus_one, input=n))


def parent(ctx, count):
    return (yield task.when_all([ctx.call_sub_orchestrator(child, input=i) for i in range(count)]))


def failing_child(ctx, _):
    raise ValueError("the child fails")


def failing_parent(ctx, _):
    yield ctx.call_sub_orchestrator(failing_child)


def waits(ctx, names):
    got = []
    for name in names or ["go"]:
        got.append((yield ctx.wait_for_external_event(name)))
    return got


def sleeps(ctx, seconds):
    before = ctx.current_utc_datetime
    yield ctx.create_timer(datetime.timedelta(seconds=seconds))
    return (ctx.current_utc_datetime - before).total_seconds()


def times_out(ctx, _):
    event = ctx.wait_for_external_event("never")
    timer = ctx.create_timer(datetime.timedelta(milliseconds=200))
    return "timer" if (yield task.when_any([event, timer])) == timer else "event"


def counts(ctx, n):
    if n < 5:
        ctx.continue_as_new(n + 1)
        return
    return n


def collects(ctx, state):
    got = state or []
    got.append((yield ctx.wait_for_external_event("item")))
    if len(got) < 4:
        ctx.continue_as_new(got, save_events=True)
        return
    return got


def reports(ctx, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("go")
    ctx.set_custom_status("almost")
    yield ctx.wait_for_external_event("go")


def caught(ctx, _):
    try:
        yield ctx.call_activity(fails, input="way")
    except task.TaskFailedError as e:
        return [e.details.error_type, e.details.message]


def uncaught(ctx, _):
    yield ctx.call_activity(fails, input="way")


def retries(ctx, key):
    policy = task.RetryPolicy(first_retry_interval=datetime.timedelta(milliseconds=100), max_number_of_attempts=5)
    return (yield ctx.call_activity(flaky, input=key, retry_policy=policy))


def same_guids(ctx, _):
    first = ctx.new_uuid()
    yield ctx.call_activity(plus_one, input=1)
    return [first, ctx.new_uuid(), str(ctx.current_utc_datetime)]


broken = set()


def breakable(_, key):
    if key in broken:
        raise RuntimeError("broken")
    return key


def steps(ctx, key):
    one = yield ctx.call_activity(plus_one, input=1)
    return [one, (yield ctx.call_activity(breakable, input=key))]




def counter(ctx: entities.EntityContext, data):
    if ctx.operation == "add":
        ctx.set_state(ctx.get_state(int, 0) + data)
    elif ctx.operation == "fail":
        raise ValueError("entity says no")
    elif ctx.operation == "delete":
        ctx.set_state(None)
    return ctx.get_state(int, 0)


def calls_entity(ctx, key):
    who = entities.EntityInstanceId("counter", key)
    ctx.signal_entity(who, "add", input=3)
    first = yield ctx.call_entity(who, "add", input=4)
    return [first, (yield ctx.call_entity(who, "get"))]


def locks_entities(ctx, keys):
    who = [entities.EntityInstanceId("counter", key) for key in keys]
    with (yield ctx.lock_entities(who)):
        for each in who:
            n = yield ctx.call_entity(each, "get")
            yield ctx.call_entity(each, "add", input=n + 1)
    return "released"


def entity_fails(ctx, key):
    try:
        yield ctx.call_entity(entities.EntityInstanceId("counter", key), "fail")
    except task.TaskFailedError as e:
        return e.details.message


ORCHESTRATORS = [nothing, sequence, fan_out, child, parent, failing_child, failing_parent, waits, sleeps, times_out,
                 counts, collects, reports, caught, uncaught, retries, same_guids, steps, calls_entity,
                 locks_entities, entity_fails]
ACTIVITIES = [plus_one, shout, fails, flaky, breakable]


@pytest.fixture(scope="module")
def client(service):
    with worker(service, ORCHESTRATORS, ACTIVITIES, [counter]), client_of(service) as c:
        yield c


def start(client, orchestrator, status=Status.RUNNING, **kw):
    instance = client.schedule_new_orchestration(orchestrator, instance_id=new_id(), **kw)
    until(lambda: client.get_orchestration_state(instance).runtime_status == status)
    return instance


# -- orchestrations


@pytest.mark.parametrize("orchestrator, given, wanted", [
    (nothing, None, "done"),
    (sequence, 1, [1, 2, 3, 4, 5, 6]),
    (fan_out, 30, 465),
    (parent, 5, [1, 2, 3, 4, 5]),
    (counts, 0, 5),
    (times_out, None, "timer"),
    (caught, None, ["builtins.ValueError", "no way"]),
], ids=lambda p: getattr(p, "__name__", None))
def test_it_completes_with(client, orchestrator, given, wanted):
    state = finish(client, orchestrator, input=given)
    assert (state.runtime_status, state.get_output()) == (Status.COMPLETED, wanted)


def test_a_timer_takes_its_time(client):
    before = time.monotonic()
    state = finish(client, sleeps, input=1)
    assert state.get_output() >= 1
    assert time.monotonic() - before >= 1


def test_events_come_in_any_order_and_before_they_are_awaited(client):
    instance = start(client, waits, input=["a", "b"])
    client.raise_orchestration_event(instance, "B", data=2)
    client.raise_orchestration_event(instance, "a", data={"x": [1]})
    state = client.wait_for_orchestration_completion(instance, timeout=20)
    assert state.get_output() == [{"x": [1]}, 2]


def test_events_survive_continue_as_new(client):
    instance = start(client, collects)
    for i in range(4):
        client.raise_orchestration_event(instance, "item", data=i)
    assert client.wait_for_orchestration_completion(instance, timeout=20).get_output() == [0, 1, 2, 3]


def test_failures_are_told_as_they_were(client):
    state = finish(client, uncaught)
    assert state.runtime_status == Status.FAILED
    assert "no way" in state.failure_details.message
    state = finish(client, failing_parent)
    assert state.runtime_status == Status.FAILED
    assert "the child fails" in state.failure_details.message


def test_a_retry_policy_has_its_attempts(client):
    key = new_id()
    assert finish(client, retries, input=key).get_output() == 3
    assert attempts[key] == 3


def test_names_that_nobody_registered_fail(client):
    state = finish(client, "no_such_orchestrator")
    assert state.runtime_status == Status.FAILED
    assert "not registered" in state.failure_details.message


def test_the_custom_status_is_seen_while_it_runs(client):
    instance = start(client, reports)
    until(lambda: client.get_orchestration_state(instance).get_custom_status() == {"step": 1})
    client.raise_orchestration_event(instance, "go")
    until(lambda: client.get_orchestration_state(instance).get_custom_status() == "almost")
    client.raise_orchestration_event(instance, "go")
    assert client.wait_for_orchestration_completion(instance, timeout=20).get_custom_status() == "almost"


def test_tags_and_versions_come_back(client):
    state = finish(client, nothing, tags={"a": "1"}, version="2")
    assert state.runtime_status == Status.COMPLETED


def test_suspend_holds_events_and_resume_lets_them_go(client):
    instance = start(client, waits)
    client.suspend_orchestration(instance)
    until(lambda: client.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
    client.raise_orchestration_event(instance, "go", data=1)
    with pytest.raises(TimeoutError):
        client.wait_for_orchestration_completion(instance, timeout=1)
    client.resume_orchestration(instance)
    assert client.wait_for_orchestration_completion(instance, timeout=20).get_output() == [1]


def test_terminate_ends_it_with_the_output_given(client):
    instance = start(client, waits)
    client.terminate_orchestration(instance, output={"why": "enough"})
    state = client.wait_for_orchestration_completion(instance, timeout=20)
    assert (state.runtime_status, state.get_output()) == (Status.TERMINATED, {"why": "enough"})


def test_a_rewind_runs_on_from_where_it_failed(client):
    key = new_id()
    broken.add(key)
    state = finish(client, steps, input=key)
    assert state.runtime_status == Status.FAILED
    broken.discard(key)
    client.rewind_orchestration(state.instance_id, reason="mended")
    until(lambda: client.get_orchestration_state(state.instance_id).runtime_status != Status.FAILED)
    state = client.wait_for_orchestration_completion(state.instance_id, timeout=20)
    assert state.get_output() == [2, key]


def test_a_restart_and_a_purge(client):
    state = finish(client, sequence, input=1)
    again = client.restart_orchestration(state.instance_id, restart_with_new_instance_id=True)
    assert client.wait_for_orchestration_completion(again, timeout=20).get_output() == state.get_output()
    assert client.purge_orchestration(again).deleted_instance_count == 1


def test_the_history_has_exactly_the_events_of_the_protocol(client):
    state = finish(client, same_guids)
    names = [type(e).__name__.removesuffix("Event") for e in client.get_orchestration_history(state.instance_id)]
    assert names == ["OrchestratorStarted", "ExecutionStarted", "TaskScheduled", "OrchestratorStarted",
                     "TaskCompleted", "ExecutionCompleted"]


def test_many_run_at_once(client):
    ids = [client.schedule_new_orchestration(sequence, input=i) for i in range(60)]
    for i, instance in enumerate(ids):
        state = client.wait_for_orchestration_completion(instance, timeout=60)
        assert state.get_output() == list(range(i, i + 6))


# -- entities


def test_entities_are_called_and_signalled_by_orchestrations(client):
    key = new_id()
    assert finish(client, calls_entity, input=key).get_output() == [7, 7]
    assert client.get_entity(entities.EntityInstanceId("counter", key)).get_state(int) == 7


def test_a_critical_section_spans_several_entities(client):
    keys = [new_id(), new_id()]
    states = [client.schedule_new_orchestration(locks_entities, input=keys) for _ in range(5)]
    for instance in states:
        assert client.wait_for_orchestration_completion(instance, timeout=30).get_output() == "released"
    # each doubles and adds one, five times, without any other in between
    for key in keys:
        assert client.get_entity(entities.EntityInstanceId("counter", key)).get_state(int) == 31


def test_a_failed_operation_fails_its_call_and_changes_nothing(client):
    key = new_id()
    client.signal_entity(entities.EntityInstanceId("counter", key), "add", input=1)
    assert "entity says no" in finish(client, entity_fails, input=key).get_output()
    until(lambda: client.get_entity(entities.EntityInstanceId("counter", key)).get_state(int) == 1)
