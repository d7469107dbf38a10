"""Statements that touch the same rows, in every order in which their steps can meet: no deadlock, nothing done half, no
wake-up lost, and an owner that waits for no client which only sends.

Each side is a transaction of a few steps on a connection of its own; a schedule says whose step is next. A step that waits
for a lock is left waiting while the others go on, as PostgreSQL's isolation tester does it.
"""
import queue
import random
import threading

import psycopg2
import pytest

import service as svc
from facts import FULL

HUB = "Meets"
START = {name: f"{i}0000000-0000-0000-0000-000000000000" for i, name in enumerate(("live", "done", "broken"), 1)}
RUN = {name: f"{i}1111111-1111-1111-1111-111111111111" for i, name in enumerate(("live", "done", "broken"), 1)}
NEXT_RUN = "77777777-7777-7777-7777-777777777777"
OURS, THEIRS, DEAD = 101, 102, 103  # workers
SHARE = 8  # in a quick run one schedule in so many is tried


def query(name):
    return (svc.ROOT / "sql" / "query" / f"{name}.sql").read_text(encoding="utf-8")


PREPARED = ["activity_claim", "activity_complete", "activity_abandon", "claim_release", "front_rewind", "instance_purge",
            "batch_chain", "batch_create", "batch_instances", "batch_renew", "batch_forget", "batch_history",
            "batch_consume", "batch_send", "batch_untimer", "batch_unhold", "batch_finish", "batch_unschedule"]


def client(statement):
    """A user's transaction that stays open for a while after its one statement."""
    return [["begin", statement], ["commit"]]


def batch(*steps):
    """An owner's: the chain first, always."""
    return [["begin", "execute batch_chain('{%(p)s}', '{11}', '{10}', 1)"], *steps, ["commit"]]


def episode(run, number, seq):
    return ("execute batch_history('{%(p)s}', '{live}', '{" + f"{run}}}', '{{{number}}}', '{{{seq}}}', " +
            """'{now}', array['[{"kind":"OrchestratorStarted"}]'::json], '{null}')""")


CONSUME = "execute batch_consume('{%(p)s}', '{-infinity}', '{%(event)s}', 1)"

CLIENTS = {
    "claim": client("execute activity_claim(%(p)s, %(theirs)s, 5, '{compute}')"),
    "complete": client("execute activity_complete('{%(p)s}', '{1}', '{1}', '{7}', '{42}', '{null}')"),
    "abandon": client("execute activity_abandon('{%(p)s}', '{1}', '{1}', '{0}', '{null}')"),
    "raise": client("select taskhub.raise_event('live', 'Go', '1', %(hub)s)"),
    "terminate": client("select taskhub.terminate_instance('live', 'enough', false, %(hub)s)"),
    "suspend": client("select taskhub.suspend_instance('live', null, %(hub)s)"),
    "purge": client("select taskhub.purge_instance('done', %(hub)s)"),
    "purge_by_http": client("execute instance_purge(%(p)s, 'broken', null)"),
    "purge_all": client("select taskhub.purge_instances('-infinity', null, null, %(hub)s)"),
    "rewind": client("select taskhub.rewind_instance('broken', null, %(hub)s)"),
    "rewind_by_http": client("execute front_rewind('{%(p)s}', '{broken}', '{30}', '{null}', '{null}', '{m}')"),
    "restart": client("select taskhub.restart_instance('done', false, %(hub)s)"),
    "restart_broken": client("select taskhub.restart_instance('broken', false, %(hub)s)"),
}
OWNERS = {
    "renew": batch(
        ["execute batch_renew('{%(p)s}', '{live}', '{%(start)s}', '{%(next)s}', '{2}', '{null}', '{null}', 1)",
         episode(NEXT_RUN, 0, 0)],
        [CONSUME, "execute batch_send('{%(p)s}', '{1970-01-01}', '{live}', '{%(start)s}', '{%(next)s}', '{3}', '{Hello}', "
                  "'{null}', '{null}', '{2}', '{null}')",
         "execute batch_untimer('{%(p)s}', '{%(timer_due)s}', '{live}', '{%(run)s}', '{4}')",
         "execute batch_unschedule('{%(p)s}', '{live}', '{%(run)s}')"]),
    "finish": batch(
        ["execute batch_instances('{%(p)s}', '{live}', '{%(start)s}', '{1}', '{42}', '{null}', '{0}', '{null}', '{native}', 1)",
         episode(RUN["live"], 1, 5)],
        [CONSUME, "execute batch_unhold('{%(p)s}', '{live}')",
         "execute batch_untimer('{%(p)s}', '{%(timer_due)s}', '{live}', '{%(run)s}', '{4}')",
         "execute batch_finish('{%(p)s}', '{1}', '{1}', 1)",
         "execute batch_unschedule('{%(p)s}', '{live}', '{%(run)s}')"]),
    "child_over_done": batch(
        ["execute batch_create('{%(p)s}', '{done}', '{%(next)s}', '{%(next)s}', '{Hello}', '{null}', '{1}', '{null}', "
         "'{live}', '{%(run)s}', '{7}', '{null}', 1)",
         "execute batch_forget('{%(p)s}', '{done}', '{%(next)s}')"],
        [CONSUME, "execute batch_send('{%(p)s}', '{-infinity}', '{done}', '{%(next)s}', '{%(next)s}', '{17}', '{Go}', "
                  "'{null}', '{null}', '{2}', '{null}')"]),
    "takeover": [
        ["begin", "with opened as (insert into taskhub.commits (partition_id, commit_no, term, opened_at) select "
                  "%(p)s, max(commit_no) + 1, max(commit_no) + 1, now() from taskhub.commits where partition_id = %(p)s "
                  "returning term) update taskhub.partitions set worker_id = %(theirs)s, term = o.term, clean = false "
                  "from opened o where partition_id = %(p)s"],
        ["commit"],
        ["begin", "execute claim_release(%(p)s, %(theirs)s, 5)"],
        ["commit"]],
}
OPERATIONS = {**CLIENTS, **OWNERS}
SENDERS = {"raise", "terminate", "suspend"}  # no owner ever waits for them
REFUSALS = {"TH001", "TH002", "TH003", "TH004", "TH005",  # a client's, in words
            "TH409", "23505"}  # a batch's, by the chain or a count: it is run again


class Side:
    """A connection with a thread, so that it may wait for a lock while others go on."""

    def __init__(self, database):
        self.conn = svc.connect(database)
        self.pid = self.conn.get_backend_pid()
        self._steps, self._done = queue.Queue(), threading.Event()
        self.name = self.refused = None
        self.waits_for = set()
        with self.conn.cursor() as cur:
            cur.execute("set deadlock_timeout = '20ms'; set lock_timeout = '5s'; set synchronous_commit = off")
            for name in PREPARED:
                cur.execute(f"prepare {name} as {query(name)}")
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self, name):
        self.name, self.refused, self.waits_for = name, None, set()

    def give(self, step):
        self._done.clear()  # what was set before told of an earlier step
        self._steps.put(step)

    def is_done(self, seconds=0.0):
        if self._steps.unfinished_tasks and seconds > 0:
            self._done.wait(seconds)
        return self._steps.unfinished_tasks == 0

    def _run(self):
        while True:
            step = self._steps.get()
            if step is None:
                return
            self._carry_out(step)
            self._steps.task_done()
            self._done.set()

    def _carry_out(self, step):
        for statement in step:
            if self.refused:
                return
            try:
                with self.conn.cursor() as cur:
                    cur.execute(statement)
            except psycopg2.Error as e:
                self.refused = e.pgcode or str(e)
                with self.conn.cursor() as cur:
                    cur.execute("rollback")

    def close(self):
        self._steps.put(None)
        self.conn.close()


class Ring:
    """A database with one partition, and sides that meet in it."""

    def __init__(self, service):
        self.sql = service.sql
        self.sql("set synchronous_commit = off")  # nothing here outlives the test
        self.sql("select taskhub.create_hub(%s, 1)", [HUB])
        self.partition = self.sql("select first_partition from taskhub.hubs where name = %s", [HUB])[0][0]
        self.sides = [Side(service.database) for _ in range(3)]
        self.sql("insert into taskhub.workers (worker_id, hub_id, host, pid, program, roles, incarnation, dead_at) "
                 "overriding system value select w, hub_id, 'h', 1, 'p', 'r', 'i', case when w = %s then now() end "
                 "from taskhub.hubs, unnest(%s) w where name = %s", [DEAD, [OURS, THEIRS, DEAD], HUB])

    def close(self):
        for side in self.sides:
            side.close()

    def given(self):
        """One live instance with an event, a timer and three activities, one that is done, one that has failed."""
        p = self.partition
        for table in ("instances", "history", "inbox", "activities", "commits"):
            self.sql(f"delete from taskhub.{table} where partition_id = %s", [p])
        self.sql("insert into taskhub.commits (partition_id, commit_no, term) values (%s, 10, 10)", [p])
        for name, status in (("live", 0), ("done", 1), ("broken", 3)):
            self.sql("insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name) "
                     "values (%s, %s, %s, %s, %s, 'Hello')", [p, name, START[name], RUN[name], status])
            self.sql("insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events) "
                     "values (%s, %s, %s, 0, 0, now(), '[]')", [p, name, RUN[name]])
        self.sql("insert into taskhub.activities (partition_id, id, instance_id, start_id, execution_id, seq, task_id, name, "
                 "claimed_by, claim_no) select %s, id, 'live', %s, %s, id, id, 'Compute', w, 1 from unnest(%s, %s) a(id, w)",
                 [p, START["live"], RUN["live"], [1, 2, 3], [OURS, None, DEAD]])
        event = self.sql("insert into taskhub.inbox (partition_id, instance_id, start_id, kind, name) "
                         "values (%s, 'live', %s, 17, 'Go') returning message_no", [p, START["live"]])[0][0]
        timer_due = self.sql("insert into taskhub.inbox (partition_id, due, instance_id, start_id, execution_id, kind, ref) "
                             "values (%s, now() + interval '1 day', 'live', %s, %s, 13, 4) returning due::text",
                             [p, START["live"], RUN["live"]])[0][0]
        return {"p": p, "hub": f"'{HUB}'", "ours": OURS, "theirs": THEIRS, "event": event, "timer_due": timer_due,
                "start": START["live"], "run": RUN["live"], "next": NEXT_RUN}

    def waits(self, side):
        """Whom it waits for, once it does; nobody: its step is over."""
        while not side.is_done(0.001):
            blockers = self.sql("select pg_blocking_pids(%s)", [side.pid])[0][0]
            if blockers:
                return {other.name for other in self.sides if other.pid in blockers}
        return set()

    def play(self, names, schedule):
        """schedule: whose step is next, as indexes into names. Returns the sides."""
        words = self.given()
        sides = self.sides[:len(names)]
        steps = [iter(OPERATIONS[name]) for name in names]
        for side, name in zip(sides, names):
            side.begin(name)
        for who in schedule:
            sides[who].give([s % words if "%(" in s else s for s in next(steps[who])])
            for side in sides:
                side.waits_for |= self.waits(side)
        for side in sides:
            svc.until(lambda s=side: s.is_done(0.05), 6, pause=0, what=f"{side.name} is over")
        return sides

    # -- what must hold afterwards

    def rows(self, statement):
        return self.sql(statement, [self.partition] * statement.count("%s"))

    def count(self, statement):
        return self.rows(statement)[0][0]

    def check(self, sides):
        done = [side.name for side in sides if not side.refused]
        for side in sides:
            assert side.refused is None or side.refused in REFUSALS, f"{side.name} was refused with {side.refused}"
            if side.name in OWNERS:
                assert not side.waits_for & SENDERS, f"{side.name} waited for {side.waits_for}"
        self._nothing_is_left_behind()
        self._what_was_sent_is_there(done)
        self._activities_are_answered_once(done)
        self._histories_go_with_their_rows()
        chain = [r[0] for r in self.rows("select commit_no from taskhub.commits where partition_id = %s order by 1")]
        assert chain == list(range(10, 10 + len(chain))), chain

    def _nothing_is_left_behind(self):
        left = self.rows("""
            select i.instance_id, i.status from taskhub.instances i
            where i.partition_id = %s and i.status in (0, 6) and i.start_id <> '%next' and not exists (
                select from taskhub.inbox m where m.partition_id = i.partition_id and m.instance_id = i.instance_id
                and m.start_id = i.start_id and coalesce(m.execution_id, i.execution_id) = i.execution_id
                and (i.status = 0 or m.kind in (3, 30)))""".replace("%next", NEXT_RUN))
        assert not left, f"nothing will wake {left}"

    def _what_was_sent_is_there(self, done):
        for name, kind in (("raise", 17), ("terminate", 5), ("suspend", 21)):
            sent = self.count("select count(*) from taskhub.inbox where partition_id = %s and instance_id = 'live' "
                              f"and kind = {kind} and message_id is not null")
            wanted = done.count(name)  # suspending what is to be suspended already sends nothing
            assert sent == wanted or (name == "suspend" and 0 < sent < wanted), f"{sent} of {wanted} {name} are there"

    def _activities_are_answered_once(self, done):
        there = self.count("select count(*) from taskhub.activities where partition_id = %s and id = 1")
        answers = self.count("select count(*) from taskhub.inbox where partition_id = %s and kind = 7 and ref = 1")
        assert answers <= 1 and there + answers <= 1, (there, answers)
        if not {"finish", "renew"} & set(done):
            assert there + answers == 1, "the activity is gone, and nobody was told"
        claimed = self.rows("select id, claimed_by, claim_no from taskhub.activities where partition_id = %s and id = 2")
        if "claim" in done and claimed:
            assert claimed == [(2, THEIRS, 2)], claimed

    def _histories_go_with_their_rows(self):
        orphans = self.rows("""
            select h.instance_id from taskhub.history h where h.partition_id = %s and not exists (
                select from taskhub.instances i where i.partition_id = h.partition_id and i.instance_id = h.instance_id)""")
        assert not orphans, f"histories without an instance: {orphans}"
        bare = self.rows("""
            select i.instance_id from taskhub.instances i where i.partition_id = %s and i.status in (0, 1, 3) and not exists (
                select from taskhub.history h where h.partition_id = i.partition_id and h.instance_id = i.instance_id
                and h.execution_id = i.execution_id)""")
        assert not bare, f"instances without their history: {bare}"


@pytest.fixture(scope="module")
def ring(database):
    service = svc.Service(database, apps=[svc.example("hello")], hub="Migrates")
    service.start()
    service.stop()
    made = Ring(service)
    yield made
    made.close()
    service.close()


def orders(left, so_far=()):
    """left: how many steps each still has."""
    if not any(left):
        yield so_far
    for who, n in enumerate(left):
        if n:
            yield from orders([m - (k == who) for k, m in enumerate(left)], (*so_far, who))


def schedules(names):
    """The orders in which the steps of these can meet."""
    return list(orders([len(OPERATIONS[name]) for name in names]))


def some(every):
    """In a quick run; all of them in a full one."""
    return every if FULL else random.sample(every, max(1, len(every) // SHARE))


def meet(ring, names, those):
    for schedule in those:
        sides = ring.play(names, schedule)
        try:
            ring.check(sides)
        except AssertionError as e:
            how = {side.name: (side.refused, side.waits_for) for side in sides}
            raise AssertionError(f"{' and '.join(names)}, in the order {schedule}: {e}\n{how}") from None


@pytest.mark.parametrize("first", OPERATIONS)
def test_any_two_that_meet_do_no_harm(ring, first):
    names = list(OPERATIONS)
    for second in names[names.index(first):]:
        meet(ring, [first, second], some(schedules([first, second])))


@pytest.mark.parametrize("names", [("purge", "restart", "purge_all"), ("rewind", "purge_by_http", "restart_broken"),
                                   ("rewind", "rewind_by_http", "purge_all"), ("claim", "abandon", "finish"),
                                   ("complete", "terminate", "renew"), ("complete", "takeover", "finish"),
                                   ("restart", "purge", "child_over_done")], ids="-".join)
def test_any_three_that_meet_do_no_harm(ring, names):
    every = schedules(names)
    meet(ring, names, random.sample(every, min(len(every), 200 if FULL else 8)))
