"""Never: a due time of a schedule starts two instances, or none, whichever processes are alive."""
import json
import random

from service import app, until, wait_a_random_while


def due_seconds(service):
    """Instances of the schedule by second since its first; each history must begin once."""
    return service.sql("""
        select extract(epoch from substr(instance_id, 6)::timestamptz)::bigint, runtime_status,
               (select count(*) from taskhub.history_events e where e.partition_id = i.partition_id
                 and e.instance_id = i.instance_id and e.kind = 'ExecutionStarted')
        from taskhub.instances_view i where instance_id like 'tick:%%' order by 1""")


def test_while_processes_are_killed_each_second_starts_one_instance(make_service):
    services = [make_service(apps=[app("never")]) for _ in range(3)]
    for each in services:
        each.start()
    witness = services[0]
    made = witness.call("PUT", "/schedules/tick", json.dumps({"expression": "* * * * * *", "orchestrator": "Echo",
                                                               "missed": "all", "missedLimit": 1000}))
    assert made.status == 201, made

    for _ in range(6):
        wait_a_random_while(2)
        random.choice(services).restart("kill", ready=False)
    for each in services:
        each.wait_ready()

    witness.sql("select taskhub.enable_schedule('tick', false)")
    rows = until(lambda: (rows := due_seconds(witness)) and all(row[1] == "Completed" for row in rows) and rows,
                 what="all of them complete")
    seconds = [row[0] for row in rows]
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds))), "a second is missing"
    assert len(seconds) >= 3
    assert {row[2] for row in rows} == {1}, "one was started twice"
    assert witness.sql("select * from taskhub.stuck") == []


def test_times_at_which_no_process_was_alive_are_run_as_the_schedule_says(make_service):
    service = make_service(apps=[app("never")], hub="LateHub").start()
    for missed in ("skip", "once", "all"):
        service.sql("""select taskhub.create_schedule(%s, '0 0 3 * * *', 'Echo', p_missed => %s, p_missed_limit => 2,
                                                      p_hub => 'LateHub')""", (missed, missed))
    service.stop()
    service.sql("""update taskhub.schedules set next_at = next_at - interval '5 days'
                   where hub_id = (select hub_id from taskhub.hubs where name = 'LateHub')""")
    service.start()
    until(lambda: service.sql("""select bool_and(next_at > now()) from taskhub.schedules_view where hub = 'LateHub'""")[0][0])
    counts = dict(service.sql("""select split_part(instance_id, ':', 1), count(*) from taskhub.instances_view
                                 where hub = 'LateHub' group by 1"""))
    # At three o'clock itself one more is on time.
    assert counts.get("skip", 0) <= 1 and 1 <= counts["once"] <= 2 and 2 <= counts["all"] <= 3, counts
