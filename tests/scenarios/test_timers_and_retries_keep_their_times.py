"""Durable timers, judged by the database's clock, and the pauses between tries."""
import datetime
import json
import random

import pytest

import facts
import service as svc
from facts import FULL

pytestmark = pytest.mark.alone

APPS = [svc.app("scenarios")]
TIMERS = 2000 if FULL else 200
PENDING = 100_000 if FULL else 5_000
TEN_YEARS = 10 * 366 * 86400

WATCH = """
create table timers_seen (instance_id text, seen timestamptz, event json);
create function see_timers() returns trigger language plpgsql as $$
begin
    insert into timers_seen select new.instance_id, clock_timestamp(), e
    from json_array_elements(new.events) e where e ->> 'kind' = 'TimerFired';
    return new;
end $$;
create trigger see_timers after insert on taskhub.history for each row execute function see_timers();
"""


def test_no_timer_fires_early_by_the_databases_clock_and_none_much_too_late(service):
    service.sql(WATCH)
    service.sql("set taskhub.notify = on")
    seconds = [random.choice((0, 0.001, random.random())) for _ in range(TIMERS)]
    ids = [r[0] for r in service.sql("select taskhub.start_instances('Sleeps', %s, %s)",
                                     [[json.dumps(s) for s in seconds], service.hub])]
    facts.wait_ended(service, ids, timeout=30)
    late = service.sql("""select extract(epoch from seen - (event ->> 'fireAt')::timestamptz)::float from timers_seen
                          where instance_id = any(%s)""", [ids])
    assert len(late) == TIMERS
    assert min(late)[0] >= 0, f"a timer fired {-min(late)[0]:.6f} s early"
    assert sorted(late)[len(late) // 2][0] < 0.5, f"the median is {sorted(late)[len(late) // 2][0]:.3f} s late"
    facts.all_is_well(service)


def test_a_timer_that_fell_due_while_nothing_ran_fires_once_and_at_once(service):
    service.sql(WATCH.replace("create table", "create table if not exists").replace(
        "create function", "create or replace function").replace("create trigger", "create or replace trigger"))
    instance = service.start_instance("Sleeps", input=0.4)
    service.wait_status(instance, "Running")
    service.kill()
    service.sql("select pg_sleep(0.6)")
    service.start()
    service.wait_status(instance, "Completed", 5)
    assert service.sql("select count(*) from timers_seen where instance_id = %s", [instance]) == [(1,)]


def test_pending_timers_cost_no_memory_and_hold_up_none_that_is_due(make_service):
    service = make_service(apps=APPS, hub="Pending").start()
    empty = service.restart().rss()
    many = "select count(*) from taskhub.start_instances('Sleeps', array_fill(%s::text, array[%s]), %s)"
    service.sql(many, [json.dumps(TEN_YEARS), PENDING, service.hub])
    waiting = "select count(*) from taskhub.instances_view where hub = %s and runtime_status = 'Running'"
    svc.until(lambda: service.sql(waiting, [service.hub]) == [(PENDING,)], 120, what="all wait for their timers")
    full = service.restart().rss()
    assert full - empty < 4, f"{PENDING} pending timers cost {full - empty:.1f} MB"
    instance = service.start_instance("Sleeps", input=0.5)
    service.wait_status(instance, "Completed", 5)
    facts.nothing_is_stuck(service)


def tries(service, instance):
    """When each try was scheduled, in seconds after the first."""
    rows = service.sql("select at from taskhub.history_events where instance_id = %s and kind = 'TaskScheduled' order by seq",
                       [instance])
    return [(r[0] - rows[0][0]).total_seconds() for r in rows]


@pytest.mark.parametrize("name, value, wanted", [
    ("Retry", 4, [0, 0.1, 0.3, 0.7]),
    ("RetryCapped", None, [0, 0.05, 0.15, 0.25, 0.35]),
])
def test_tries_keep_their_pauses(service, name, value, wanted):
    instance = service.start_instance(name, input=value)
    service.wait_status(instance, "Completed", 10)
    times = tries(service, instance)
    assert len(times) == len(wanted), times
    for before, after, pause in zip(times, times[1:], [b - a for a, b in zip(wanted, wanted[1:])]):
        assert pause - 0.001 <= after - before <= pause + 0.5, times


def test_no_try_starts_later_than_the_timeout_after_the_first(service):
    instance = service.start_instance("RetryOutOfTime")
    status = service.wait_status(instance, "Failed", 10)
    times = tries(service, instance)
    assert 2 <= len(times) <= 3 and times[-1] <= 0.5, times
    assert status["output"] == f"try {len(times)}", status
    facts.all_is_well(service)


def scheduled(service, instance, interval):
    service.sql("set taskhub.notify = on")
    service.sql("select taskhub.start_instance('Sequence', '1', %s, p_scheduled_start => now() + %s::interval, p_hub => %s)",
                [instance, interval, service.hub])
    assert service.status(instance)["runtimeStatus"] == "Pending"


def test_a_scheduled_start_waits_for_its_time(service):
    scheduled(service, "later", "1 s")
    service.wait_status("later", "Completed", 10)
    at, wanted = service.sql("""select min(e.at), min(i.scheduled_start) from taskhub.history_events e
                                join taskhub.instances_view i using (instance_id)
                                where instance_id = 'later' and e.kind = 'OrchestratorStarted'""")[0]
    assert datetime.timedelta(0) <= at - wanted < datetime.timedelta(seconds=0.5)
    facts.all_is_well(service)


def test_a_scheduled_start_that_was_suspended_waits_for_both_and_over_a_kill(service):
    scheduled(service, "paused", "0.5 s")
    assert service.post("/instances/paused/suspend").status == 202
    service.wait_status("paused", "Suspended", 5)
    service.restart("kill")
    held = "select count(*) from taskhub.inbox_view where instance_id = 'paused' and state = 'held'"
    svc.until(lambda: service.sql(held) == [(1,)], 10, what="the start is due, and held")
    service.restart("kill")
    assert service.status("paused")["runtimeStatus"] == "Suspended"
    assert service.post("/instances/paused/resume").status == 202
    assert service.wait_status("paused", "Completed", 5)["output"] == 4
    facts.all_is_well(service)


def test_a_scheduled_start_can_be_ended_before_its_time(service):
    scheduled(service, "never", "1 h")
    assert service.post("/instances/never/terminate?reason=no").status == 202
    assert service.wait_status("never", "Terminated", 5)["output"] == "no"
    facts.all_is_well(service)  # the start has gone, too
    service.start_instance("Sequence", "never", 5)
    assert service.wait_status("never", "Completed", 5)["output"] == 8
