"""Three processes on one hub, behind nginx as docker/ has it: they join, leave in order and are killed under load."""
import json
import threading
import time
import uuid

import pytest

import facts
import service as svc
from balancer import Balancer
from facts import FULL
from load import Load

pytestmark = pytest.mark.alone  # it measures pauses

APPS = [svc.example("hello"), svc.example("accounts"), svc.app("never")]
SHARES = 4  # partitions
ENOUGH = 3000 if FULL else 160


class Fleet:
    """Processes on one hub, and nginx in front of them."""

    def __init__(self, database, count):
        self.hub = "Many" + uuid.uuid4().hex[:8]
        migrator = svc.Service(database, apps=APPS, hub=self.hub)
        migrator.start()
        migrator.stop()
        migrator.close()
        self.all = [svc.Service(database, apps=APPS, hub=self.hub) for _ in range(count)]
        self.balancer = Balancer([s.port for s in self.all])
        self.front = svc.Service(database, hub=self.hub, port=self.balancer.port)  # nobody's process: nginx answers

    def start(self, *services):
        for service in services:
            service.start(ready=False)
        for service in services:
            service.wait_ready()

    def counts(self):
        """{pid: partitions} of the living."""
        return dict(self.front.sql("""
            select w.pid, count(p.partition_id)::int from taskhub.workers_view w
            left join taskhub.partitions_view p on p.hub = w.hub and p.worker_id = w.worker_id and p.held
            where w.hub = %s and w.alive and not w.draining group by 1""", [self.hub]))

    def is_fair(self, workers):
        counts = self.counts().values()
        return len(counts) == workers and sum(counts) == SHARES and max(counts) - min(counts) <= 1

    def close(self):
        for service in (*self.all, self.front):
            service.close()
        self.balancer.close()


@pytest.fixture
def fleet(database):
    made = []

    def make(count=3):
        made.append(Fleet(database, count))
        return made[-1]

    yield make
    for each in made:
        each.close()


def starts_through(fleet, enough=ENOUGH):
    return Load(fleet.front, enough, "many", doors=("http", "http"), pace=100.0)


def ends_well(fleet, load, timeout=60):
    load.all_ended_right(timeout)
    facts.all_is_well(fleet.front)
    facts.every_task_was_answered_once(fleet.front)


def test_one_that_joins_has_its_share_in_two_seconds_and_all_serve(fleet):
    many = fleet()
    many.start(*many.all[:2])
    svc.until(lambda: many.is_fair(2), 10, what="two share")
    with starts_through(many) as load:
        many.start(many.all[2])
        svc.until(lambda: many.is_fair(3), 2, pause=0.02, what=f"three share; {many.counts()}")
        load.join()
    assert not load.doubtful and not load.refused, (load.doubtful, load.refused)
    ends_well(many, load)
    ran = dict(many.front.sql("""select w.pid, count(*) from taskhub.workers_view w where w.hub = %s and w.alive
                                 group by 1""", [many.hub]))
    assert set(ran) == {s.process.pid for s in many.all}


def test_one_that_leaves_in_order_loses_no_work_and_has_nothing_done_twice(fleet):
    many = fleet()
    many.start(*many.all)
    svc.until(lambda: many.is_fair(3), 10, what="three share")
    naps = [many.front.start_instance("Naps", f"nap-{i}", 0.3) for i in range(24)]
    with starts_through(many) as load:
        svc.until(lambda: load.count() > ENOUGH // 4, 30, what="the load is on")
        assert many.all[0].stop() == 0
        svc.until(lambda: many.is_fair(2), 2, pause=0.02, what=f"two share; {many.counts()}")
        load.join()
    assert not load.doubtful and not load.refused, (load.doubtful, load.refused)
    ends_well(many, load)
    outputs = facts.wait_ended(many.front, naps, 30)
    again = {i: o for i, o in outputs.items() if json.loads(o)["delivery"] != 1}
    assert not again, f"activities that ran twice: {again}"
    many.start(many.all[0])
    svc.until(lambda: many.is_fair(3), 3, pause=0.02, what="it is back")


class Pulse:
    """Starts an instance for every share every few ms, over SQL: how long until it has ended is how long the share paused."""

    def __init__(self, fleet):
        self.fleet, self._stop = fleet, threading.Event()
        self._service = svc.Service(fleet.front.database, hub=fleet.hub)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._service.sql("set taskhub.notify = on")
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join(30)
        self._service.close()

    def _run(self):
        n = 0
        while not self._stop.wait(0.01):
            n += 1
            self._service.sql("select taskhub.start_instance('Echo', '1', %s, p_hub => %s)", [f"pulse-{n}", self.fleet.hub])

    def pauses(self, since):
        """{ordinal: the longest that an instance which was started after that moment took, in seconds}"""
        return dict(self.fleet.front.sql("""
            select p.ordinal, max(extract(epoch from i.completed_at - i.created_at))::float
            from taskhub.instances i join taskhub.partitions p using (partition_id) join taskhub.hubs h using (hub_id)
            where h.name = %s and i.instance_id like 'pulse-%%' and i.created_at >= %s group by 1""",
                                               [self.fleet.hub, since]))


def test_one_that_is_killed_costs_two_seconds_of_its_share_at_most(fleet):
    many = fleet()
    many.start(*many.all)
    svc.until(lambda: many.is_fair(3), 10, what="three share")
    victim = many.all[1]
    shares = {r[0] for r in many.front.sql("select ordinal from taskhub.partitions_view where hub = %s and held and pid = %s",
                                           [many.hub, victim.process.pid])}
    assert shares, "the victim has no share"
    with Pulse(many) as pulse, starts_through(many) as load:
        svc.until(lambda: load.count() > ENOUGH // 4, 30, what="the load is on")
        killed = many.front.sql("select clock_timestamp()")[0][0]
        victim.kill()
        load.join()
        svc.until(lambda: many.is_fair(2), 5, what="two share")
        until = time.monotonic() + 0.5
        svc.until(lambda: time.monotonic() > until, 2, what="the pulse has gone on")
    ended = "select count(*) from taskhub.instances_view where hub = %s and instance_id like 'pulse-%%' and completed_at is null"
    svc.until(lambda: many.front.sql(ended, [many.hub]) == [(0,)], 20, what="all of the pulse have ended")
    pauses = pulse.pauses(killed)
    print("pauses by share:", pauses, "of the victim:", shares)
    assert set(pauses) == set(range(SHARES)), pauses
    assert max(pauses[p] for p in shares) <= 2.0, f"a share of the killed one stood still for too long: {pauses}"
    assert max(pauses[p] for p in set(pauses) - shares) <= 1.0, f"a share of a living one stood still: {pauses}"
    ends_well(many, load)


def test_the_views_show_who_is_there_what_they_can_run_and_what_is_due(fleet):
    many = fleet(2)
    many.start(many.all[0])
    many.all[1].args = ["--no-orchestrators"]
    many.start(many.all[1])
    rows = many.front.sql("""select pid, alive, roles, 'Echo' = any (orchestrators), 'Nap' = any (activities),
                             'Counter' = any (entities) from taskhub.workers_view where hub = %s and alive order by pid""",
                          [many.hub])
    assert sorted(rows) == sorted([
        (many.all[0].process.pid, True, "orchestrators,activities", True, True, True),
        (many.all[1].process.pid, True, "activities", False, True, False)]), rows
    svc.until(lambda: [r[0] for r in many.front.sql(
        "select distinct pid from taskhub.partitions_view where hub = %s and held", [many.hub])] == [many.all[0].process.pid],
        10, what="only the one that runs orchestrators owns")
    many.all[0].kill()
    many.front.sql("select taskhub.start_instance('Echo', '1', 'now', p_hub => %s)", [many.hub])
    many.front.sql("select taskhub.start_instance('Echo', '1', 'later', null, null, now() + interval '1 h', %s)", [many.hub])
    sums = many.front.sql("select sum(due_messages)::int, sum(scheduled_messages)::int, sum(queued_activities)::int "
                          "from taskhub.partitions_view where hub = %s", [many.hub])
    assert sums == [(1, 1, 0)], sums
