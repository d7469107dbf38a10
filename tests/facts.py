"""What must be true of every hub, whatever happened to it: checks by SQL that show the rows which are against it.

Each takes a Service, for its SQL connection and its hub, and looks at that hub only.
"""
import os

from service import until

FULL = os.environ.get("TH_FULL") == "1"


def none(service, what, statement):
    """statement: its parameters are the hub's name, each time."""
    rows = service.sql(statement, [service.hub] * statement.count("%s"))
    assert not rows, f"{what}: {len(rows)}, of them {rows[:5]}"


def histories_are_gapless(service):
    """Episodes 0..n of an execution, and seqs 0..m over all their events, each once (events, 1)."""
    none(service, "executions whose episodes have a gap", """
        select instance_id, execution_id, array_agg(episode order by episode)
        from taskhub.history join taskhub.partitions using (partition_id) join taskhub.hubs using (hub_id)
        where hubs.name = %s
        group by 1, 2 having min(episode) <> 0 or max(episode) <> count(*) - 1""")
    none(service, "episodes whose first seq does not follow the last one before", """
        select * from (
            select instance_id, execution_id, episode, first_seq, coalesce(sum(json_array_length(events)) over (
                       partition by history.partition_id, instance_id, execution_id order by episode
                       rows between unbounded preceding and 1 preceding), 0) as wanted
            from taskhub.history join taskhub.partitions using (partition_id) join taskhub.hubs using (hub_id)
            where hubs.name = %s) h
        where first_seq <> wanted""")


# Questions and the events that answer them, by the seq of the question: grouped and not joined, which fresh tables without
# statistics would make quadratic.
_ANSWERS = """
    select e.instance_id, e.execution_id, coalesce(ref, seq) as seq, min(name) as name,
           count(*) filter (where ref is null) as questions, array_agg(kind) filter (where ref is not null) as answers
    from taskhub.history_events e
    where hub = %s and (ref is not null or kind in ('TaskScheduled', 'TimerCreated', 'SubOrchestrationInstanceCreated',
        'EntityOperationCalled', 'EntityLockRequested'))
    group by 1, 2, 3"""


def no_answer_was_applied_twice(service):
    """A task, timer, child or call has one answer at most, and an answer answers something."""
    none(service, "events with several answers", f"select * from ({_ANSWERS}) a where cardinality(answers) > 1")
    none(service, "answers to nothing", f"select * from ({_ANSWERS}) a where questions <> 1")


def every_task_was_answered_once(service):
    """Of Completed instances that wait for all they schedule: each task and timer has an answer."""
    none(service, "tasks without an answer", f"""
        select * from ({_ANSWERS}) a
        where answers is null and instance_id in (
            select instance_id from taskhub.instances_view where hub = %s and runtime_status = 'Completed')""")


def nothing_is_stuck(service):
    none(service, "stuck instances", "select instance_id, reason, since from taskhub.stuck where hub = %s")


def queues_get_empty(service, timeout=20.0):
    """Once all instances have ended, nothing stays in the inbox or among the activities."""
    def empty():
        counts = service.sql("""
            select (select count(*) from taskhub.inbox_view where hub = %s),
                   (select count(*) from taskhub.activities_view where hub = %s)""", [service.hub, service.hub])
        return counts[0] == (0, 0)

    try:
        until(empty, timeout)
    except AssertionError:
        none(service, "messages left", "select instance_id, kind, state, attempts from taskhub.inbox_view where hub = %s")
        none(service, "activities left", "select instance_id, name, state, worker_id, crashes from taskhub.activities_view "
             "where hub = %s")


def all_is_well(service):
    """What must hold at the end of everything: history, queues, nothing stuck, chains."""
    queues_get_empty(service)
    nothing_is_stuck(service)
    histories_are_gapless(service)
    no_answer_was_applied_twice(service)
    chains_are_whole(service)


def chains_are_whole(service):
    """The last 64 numbers of each partition's commits have no gap, and terms do not interleave (protocol, 9.1)."""
    none(service, "gaps among the last 64 commits", """
        select * from (
            select c.partition_id, commit_no, c.term, lag(commit_no) over w as before,
                   row_number() over (partition by c.partition_id order by commit_no desc) as n
            from taskhub.commits c join taskhub.partitions using (partition_id) join taskhub.hubs using (hub_id)
            where hubs.name = %s window w as (partition by c.partition_id order by commit_no)) c
        where n < 64 and before <> commit_no - 1""")
    none(service, "terms that interleave, or a commit below its term", """
        select * from (
            select c.partition_id, commit_no, c.term, lag(c.term) over (partition by c.partition_id order by commit_no) as before
            from taskhub.commits c join taskhub.partitions using (partition_id) join taskhub.hubs using (hub_id)
            where hubs.name = %s) c
        where term < before or commit_no < term or (term <> before and commit_no <> term)""")


def wait_ended(service, ids, timeout, statuses=("Completed",)):
    """Waits until all ids have ended, and asserts how; returns {id: output text}."""
    ids = list(ids)

    def ended():
        rows = service.sql("""select count(*) from taskhub.instances_view where hub = %s and instance_id = any(%s)
                              and completed_at is not null""", [service.hub, ids])
        return rows[0][0] == len(ids)

    try:
        until(ended, timeout, pause=0.1)
    except AssertionError:
        left = service.sql("""
            select i.id, v.runtime_status, v.updated_at from unnest(%s) i(id)
            left join taskhub.instances_view v on v.hub = %s and v.instance_id = i.id
            where v.completed_at is null""", [ids, service.hub])
        raise AssertionError(f"after {timeout} s {len(left)} of {len(ids)} have not ended: {left[:5]}; stuck: "
                             f"{service.sql('select instance_id, reason from taskhub.stuck limit 5')}") from None
    rows = service.sql("""select instance_id, runtime_status, output, failure from taskhub.instances_view
                          where hub = %s and instance_id = any(%s)""", [service.hub, ids])
    wrong = [r for r in rows if r[1] not in statuses]
    assert not wrong, f"{len(wrong)} did not end as {statuses}: {wrong[:5]}"
    return {r[0]: r[2] for r in rows}
