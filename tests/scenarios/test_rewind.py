"""Rewinds: a failed instance runs on from where it failed, and its children with it."""
import collections
import threading
import uuid

import psycopg2
import pytest

import facts
import service as svc

APPS = [svc.app("rewinding")]
KILLS = 30 if facts.FULL else 6


class Scratch:
    """The file of one instance: what ran, and whether checks pass."""

    def __init__(self, path):
        self.path = str(path)

    def repair(self):
        with open(self.path + ".ok", "w", encoding="utf-8"):
            pass

    def runs(self):
        """How often each activity has run, by name."""
        try:
            with open(self.path + ".runs", encoding="utf-8") as f:
                return dict(collections.Counter(f.read().split()))
        except FileNotFoundError:
            return {}


@pytest.fixture
def scratch(tmp_path):
    return Scratch(tmp_path / "x")


def new_id():
    return "r-" + uuid.uuid4().hex[:16]


def failed(service, name, given):
    instance = service.start_instance(name, new_id(), given)
    service.wait_status(instance, "Failed")
    return instance


def rewind(service, instance, reason="again"):
    answer = service.post(f"/instances/{instance}/rewind?reason={reason}")
    assert answer.status == 202 and answer.body == b"", answer


def completes(service, instance, output):
    status = service.wait_status(instance)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", output), status


def executions(service, instance):
    """Execution ids, the oldest first: the last rewind in a history names the one before."""
    rows = dict(service.sql("""select execution_id, max(array[lpad(seq::text, 9), event ->> 'from'])
                                                        filter (where kind = 'ExecutionRewound')
                               from taskhub.history_events where hub = %s and instance_id = %s group by 1""",
                            [service.hub, instance]))
    rows = {e: last and last[1] for e, last in rows.items()}
    order = [e for e, before in rows.items() if before is None]
    while len(order) < len(rows):
        order.append(next(e for e, before in rows.items() if before == order[-1]))
    return order


def events(service, instance, execution, *columns):
    return service.sql(f"""select {', '.join(columns or ['kind'])} from taskhub.history_events
                           where hub = %s and instance_id = %s and execution_id = %s order by seq""",
                       [service.hub, instance, execution])


# -- one instance

def test_what_failed_runs_again_and_what_did_not_stays(service, scratch):
    instance = failed(service, "steps", scratch.path)
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["a", "b", "c"])
    assert scratch.runs() == {"a": 1, "b": 2, "c": 1}
    facts.all_is_well(service)


def test_the_failed_execution_stays_for_audit_and_the_new_one_says_what_it_came_from(service, scratch):
    instance = failed(service, "steps", scratch.path)
    before = service.sql("select episode, first_seq, at, events::text from taskhub.history where instance_id = %s order by 1",
                         [instance])
    scratch.repair()
    rewind(service, instance, "the+file+is+there")
    completes(service, instance, ["a", "b", "c"])
    old, new = executions(service, instance)
    assert service.sql("""select episode, first_seq, at, events::text from taskhub.history
                          where instance_id = %s and execution_id = %s::uuid order by 1""", [instance, old]) == before
    assert [k for k, in events(service, instance, old)][-2:] == ["TaskFailed", "ExecutionCompleted"]
    kinds = [k for k, in events(service, instance, new)]
    assert "TaskFailed" not in kinds and kinds.count("ExecutionRewound") == 1
    assert ("ExecutionRewound", "the file is there", old) in events(service, instance, new, "kind", "payload", "event ->> 'from'")
    assert service.sql("select execution_id from taskhub.get_instance(%s, %s)", [instance, service.hub]) == [(new,)]


def test_http_shows_the_history_of_the_new_execution_only(service, scratch):
    instance = failed(service, "steps", scratch.path)
    scratch.repair()
    rewind(service, instance, "why")
    completes(service, instance, ["a", "b", "c"])
    history = service.status(instance, "?showHistory=true&showHistoryOutput=true")["historyEvents"]
    assert [e["EventType"] for e in history] == [
        "ExecutionStarted", "TaskCompleted", "ExecutionRewound", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]
    assert [e["Result"] for e in history if e["EventType"] == "TaskCompleted"] == ["a", "b", "c"]
    assert history[2]["Reason"] == "why"


def test_a_rewound_instance_is_live_without_output_or_failure(service, scratch):
    instance = service.start_instance("listening", new_id(), scratch.path)
    service.raise_event(instance, "one", 1)
    service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    service.wait_status(instance, "Running")
    rows = service.sql("select output, failure, completed_at from taskhub.get_instance(%s, %s)", [instance, service.hub])
    assert rows == [(None, None, None)]
    service.raise_event(instance, "two", 2)
    completes(service, instance, [1, 2])


def test_it_can_be_rewound_as_often_as_it_fails(service, scratch):
    instance = failed(service, "steps", scratch.path)
    for n in range(3):
        rewind(service, instance)
        svc.until(lambda: len(executions(service, instance)) == n + 2, what="it was rewound")
        service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["a", "b", "c"])
    assert scratch.runs() == {"a": 1, "b": 5, "c": 1}
    assert len(executions(service, instance)) == 5
    facts.all_is_well(service)


def test_a_rewind_after_retries_gives_all_tries_anew(service, scratch):
    instance = failed(service, "retrying", scratch.path)
    assert scratch.runs() == {"r": 2}
    rewind(service, instance)
    svc.until(lambda: scratch.runs() == {"r": 4}, what="two more tries")
    service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, "s")
    assert scratch.runs() == {"r": 5, "s": 1}


def test_of_many_activities_at_once_only_those_that_failed_run_again(service, scratch):
    instance = failed(service, "fan", scratch.path)
    before = scratch.runs()
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, [str(i) for i in range(10)])
    assert scratch.runs() == {name: n + (int(name) % 3 == 1) for name, n in before.items()}
    facts.all_is_well(service)


def test_a_failure_that_was_handled_is_tried_again_too(service, scratch):
    instance = failed(service, "compensating", scratch.path)
    assert scratch.runs() == {"b": 1, "sorry": 1}
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, "thanks")
    assert scratch.runs() == {"b": 2, "sorry": 1, "thanks": 1}


def test_events_that_were_taken_stay_taken_and_new_ones_are_kept(service, scratch):
    instance = service.start_instance("listening", new_id(), scratch.path)
    service.raise_event(instance, "one", "first")
    service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    service.raise_event(instance, "two", "second")
    completes(service, instance, ["first", "second"])


def test_suspended_at_once_it_runs_on_when_it_is_resumed(service, scratch):
    instance = failed(service, "steps", scratch.path)
    scratch.repair()
    service.sql("""select taskhub.rewind_instance(%s, null, %s), taskhub.suspend_instance(%s, null, %s)""",
                [instance, service.hub] * 2)
    service.wait_status(instance, "Suspended")
    assert scratch.runs() == {"a": 1, "b": 1}
    assert service.post(f"/instances/{instance}/resume").status == 202
    completes(service, instance, ["a", "b", "c"])


def test_terminated_at_once_it_ends_as_terminated(service, scratch):
    instance = failed(service, "steps", scratch.path)
    service.sql("select taskhub.rewind_instance(%s, null, %s), taskhub.terminate_instance(%s, 'enough', false, %s)",
                [instance, service.hub] * 2)
    assert service.wait_status(instance)["runtimeStatus"] == "Terminated"
    facts.all_is_well(service)
    assert service.post(f"/instances/{instance}/rewind").status == 412


def test_of_many_rewinds_at_once_one_is_carried_out(service, scratch):
    instance = failed(service, "steps", scratch.path)
    scratch.repair()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(service.post(f"/instances/{instance}/rewind").status))
               for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [202] + [412] * 7
    completes(service, instance, ["a", "b", "c"])
    assert len(executions(service, instance)) == 2


def test_a_rewound_instance_whose_app_is_gone_waits_for_it(make_service, scratch):
    hub = "Late" + uuid.uuid4().hex[:8]
    service = make_service(apps=APPS, hub=hub).start()
    instance = service.start_instance("steps", new_id(), scratch.path)
    service.wait_status(instance, "Failed")
    service.stop()
    scratch.repair()
    service = make_service(apps=[svc.app("children")], hub=hub).start()
    rewind(service, instance)
    svc.until(lambda: service.sql("select name from taskhub.unserved where hub = %s", [hub]) == [("steps",)])
    service.stop()
    service = make_service(apps=APPS, hub=hub).start()
    completes(service, instance, ["a", "b", "c"])
    facts.all_is_well(service)


def test_purging_takes_every_execution_along(service, scratch):
    instance = failed(service, "steps", scratch.path)
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["a", "b", "c"])
    assert service.delete(f"/instances/{instance}").status == 200
    assert service.sql("select count(*) from taskhub.history where instance_id = %s", [instance]) == [(0,)]


def test_a_start_over_the_id_takes_every_execution_along(service, scratch):
    instance = failed(service, "steps", scratch.path)
    rewind(service, instance)
    svc.until(lambda: len(executions(service, instance)) == 2 and service.status(instance)["runtimeStatus"] == "Failed")
    scratch.repair()
    service.start_instance("steps", instance, scratch.path)
    completes(service, instance, ["a", "b", "c"])
    assert len(executions(service, instance)) == 1


# -- SQL

def test_a_rewind_that_is_rolled_back_is_none(service, scratch):
    instance = failed(service, "steps", scratch.path)
    conn = psycopg2.connect(service.database)
    with conn.cursor() as cur:
        cur.execute("select taskhub.rewind_instance(%s, null, %s)", [instance, service.hub])
        cur.execute("select runtime_status from taskhub.get_instance(%s, %s)", [instance, service.hub])
        assert cur.fetchall() == [("Pending",)]
        assert service.status(instance)["runtimeStatus"] == "Failed"
    conn.rollback()
    conn.close()
    assert service.status(instance)["runtimeStatus"] == "Failed"
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["a", "b", "c"])


# -- children

def kids(service, parent):
    """Ids, statuses and links of a parent's children."""
    return service.sql("""select instance_id, runtime_status, parent_execution_id from taskhub.instances_view
                          where hub = %s and parent_instance_id = %s order by 1""", [service.hub, parent])


def present(service, instance):
    return service.sql("select execution_id from taskhub.get_instance(%s, %s)", [instance, service.hub])[0][0]


def test_a_failed_child_is_rewound_with_its_parent(service, scratch):
    instance = failed(service, "parent", {"path": scratch.path})
    (child, status, link), = kids(service, instance)
    assert (status, link) == ("Failed", present(service, instance))
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    assert kids(service, instance) == [(child, "Completed", present(service, instance))]
    assert scratch.runs() == {"p": 1, "a": 1, "b": 2, "c": 1, "q": 1}
    assert len(executions(service, child)) == 2
    rewound = service.sql("""select event ->> 'instanceId', event ->> 'parentExecutionId', payload from taskhub.history_events
                             where instance_id = %s and kind = 'ExecutionRewound'""", [child])
    assert rewound == [(instance, present(service, instance), "again")]
    facts.all_is_well(service)


def test_the_deepest_failure_is_where_it_goes_on(service, scratch):
    instance = failed(service, "grandparent", {"path": scratch.path})
    for n in range(2):
        rewind(service, instance)
        svc.until(lambda: scratch.runs()["b"] == n + 2)
        service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    assert scratch.runs() == {"p": 1, "a": 1, "b": 4, "c": 1, "q": 1}
    facts.all_is_well(service)


def test_a_child_that_is_gone_is_created_anew(service, scratch):
    child = new_id()
    instance = failed(service, "parent", {"path": scratch.path, "child": child})
    assert service.delete(f"/instances/{child}").status == 200
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    assert scratch.runs() == {"p": 1, "a": 2, "b": 2, "c": 1, "q": 1}
    assert kids(service, instance) == [(child, "Completed", present(service, instance))]
    facts.all_is_well(service)


def test_a_child_that_was_rewound_by_itself_answers_again(service, scratch):
    child = new_id()
    instance = failed(service, "parent", {"path": scratch.path, "child": child})
    scratch.repair()
    rewind(service, child)
    completes(service, child, ["a", "b", "c"])
    assert service.status(instance)["runtimeStatus"] == "Failed"
    rewind(service, instance)
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    assert scratch.runs() == {"p": 1, "a": 1, "b": 2, "c": 1, "q": 1}


def test_child_and_parent_rewound_at_once(service, scratch):
    child = new_id()
    instance = failed(service, "parent", {"path": scratch.path, "child": child})
    scratch.repair()
    service.sql("select taskhub.rewind_instance(%s, null, %s), taskhub.rewind_instance(%s, null, %s)",
                [child, service.hub, instance, service.hub])
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    facts.all_is_well(service)


def test_an_id_that_another_live_instance_took_fails_the_parent_again(service, scratch):
    child = new_id()
    instance = failed(service, "parent", {"path": scratch.path, "child": child})
    service.start_instance("waits", child)
    service.wait_status(child, "Running")
    rewind(service, instance)
    svc.until(lambda: len(executions(service, instance)) == 2 and service.status(instance)["runtimeStatus"] == "Failed")
    assert "a live instance has its id" in service.status(instance)["output"]
    service.raise_event(child, "go", 1)
    completes(service, child, 1)
    facts.all_is_well(service)


@pytest.mark.parametrize("when", ["before", "after"])
def test_completed_children_answer_again_and_live_ones_take_the_new_parent(service, scratch, when):
    waiting = new_id()
    instance = failed(service, "family", {"path": scratch.path, "waiting": waiting})
    if when == "before":  # its answer comes while the parent is Failed, and is lost
        service.raise_event(waiting, "go", 7)
        service.wait_status(waiting, "Completed")
        facts.queues_get_empty(service)
    scratch.repair()
    rewind(service, instance)
    if when == "after":
        svc.until(lambda: (waiting, "Running", present(service, instance)) in kids(service, instance), what="the new link")
        service.raise_event(waiting, "go", 7)
    completes(service, instance, ["good", ["a", "b", "c"], 7])
    assert scratch.runs() == {"good": 1, "a": 1, "b": 2, "c": 1}
    facts.all_is_well(service)


@pytest.mark.parametrize("given", [False, True])
def test_a_child_that_failed_after_retries_is_rewound_and_has_its_tries_again(service, scratch, given):
    instance = failed(service, "retrying_parent", {"path": scratch.path, **({"child": new_id()} if given else {})})
    assert scratch.runs() == {"a": 2, "b": 2}
    rewind(service, instance)
    svc.until(lambda: scratch.runs()["b"] == 4, what="the child again, and a retry")
    service.wait_status(instance, "Failed")
    scratch.repair()
    rewind(service, instance)
    completes(service, instance, ["a", "b", "c"])
    facts.all_is_well(service)


# -- kills

def test_a_rewind_that_was_asked_for_while_nobody_ran_is_carried_out(make_service, scratch):
    hub = "Dead" + uuid.uuid4().hex[:8]
    service = make_service(apps=APPS, hub=hub).start()
    instances = [failed(service, "parent", {"path": scratch.path}) for _ in range(5)]
    service.kill()
    scratch.repair()
    for instance in instances:
        service.sql("select taskhub.rewind_instance(%s, 'dead', %s)", [instance, hub])
    service.start()
    for instance in instances:
        completes(service, instance, ["p", ["a", "b", "c"], "q"])
    facts.all_is_well(service)


def waits_for(service, table):
    return service.sql("select count(*) from pg_locks where not granted and relation = %s::regclass",
                       [f"taskhub.{table}"]) != [(0,)]


# What the killed owner could not write any more: the rewind itself, or the activity that runs again after it.
@pytest.mark.parametrize("table, rewound", [("history", False), ("activities", True)])
def test_a_kill_before_or_after_the_batch_that_rewinds_loses_nothing(make_service, scratch, table, rewound):
    service = make_service(apps=APPS, hub="Batch" + uuid.uuid4().hex[:8]).start()
    instance = failed(service, "parent", {"path": scratch.path})
    old = present(service, instance)
    (child, _, _), = kids(service, instance)
    scratch.repair()
    conn = psycopg2.connect(service.database)
    with conn.cursor() as cur:
        cur.execute(f"lock table taskhub.{table} in exclusive mode")
        service.sql("select taskhub.rewind_instance(%s, null, %s)", [instance, service.hub])
        if rewound:  # its child too, which is what has to run
            svc.until(lambda: len(executions(service, child)) == 2, what="the rewind's batch")
        svc.until(lambda: waits_for(service, table), what="the owner waits for the table")
        service.kill()
        svc.until(lambda: not waits_for(service, table), what="its backend, which outlives it, has given up")
    conn.rollback()
    conn.close()
    assert (present(service, instance) != old) == rewound
    service.start()
    completes(service, instance, ["p", ["a", "b", "c"], "q"])
    assert len(executions(service, instance)) == len(executions(service, child)) == 2
    facts.all_is_well(service)


def test_kills_between_the_rewind_and_the_end_lose_nothing(make_service, scratch):
    service = make_service(apps=APPS, hub="Kill" + uuid.uuid4().hex[:8]).start()
    instances = [service.start_instance("grandparent", new_id(), {"path": scratch.path}) for _ in range(20)]
    instances.append(service.start_instance("wide", new_id(), {"path": scratch.path, "width": 30}))
    facts.wait_ended(service, instances, timeout=30, statuses=("Failed",))
    scratch.repair()
    service.sql("select taskhub.rewind_instance(i, 'kill', %s) from unnest(%s) i", [service.hub, instances])
    for _ in range(KILLS):
        svc.wait_a_random_while(0.15)
        service.restart("kill")
    facts.wait_ended(service, instances, timeout=60, statuses=("Completed", "Failed"))
    poison = [i for i in instances if service.status(i)["runtimeStatus"] == "Failed"]
    for instance in poison:  # it was there each time the process died; that can be rewound too
        failure, = service.sql("select failure from taskhub.get_instance(%s, %s)", [instance, service.hub])[0]
        assert "PoisonOrchestrator" in failure, failure
        rewind(service, instance)
    outputs = facts.wait_ended(service, instances, timeout=60)
    assert outputs.pop(instances[-1]) == "30"
    assert set(outputs.values()) == {'["p",["a","b","c"],"q"]'}
    assert all(len(executions(service, i)) == 2 + (i in poison) for i in instances)
    facts.all_is_well(service)


# -- restart

def restarted(service, instance, query=""):
    answer = service.post(f"/instances/{instance}/restart{query}")
    assert answer.status == 202, answer
    return answer.json["id"]


def test_a_restart_starts_the_same_again_under_a_new_id(service, scratch):
    scratch.repair()
    instance = new_id()
    service.sql("select taskhub.start_instance('steps', %s, %s, '2.0', %s, p_hub => %s)",
                [f' "{scratch.path}"', instance, '{"team":"a"}', service.hub])
    completes(service, instance, ["a", "b", "c"])
    again = restarted(service, instance)
    assert again != instance and len(again) == 32
    completes(service, again, ["a", "b", "c"])
    assert service.sql("select name, version, input, tags from taskhub.get_instance(%s, %s)", [again, service.hub]) == [
        ("steps", "2.0", f' "{scratch.path}"', '{"team":"a"}')]
    assert scratch.runs() == {"a": 2, "b": 2, "c": 2}


def test_a_restart_under_the_same_id_replaces_the_finished_one(service, scratch):
    instance = failed(service, "steps", scratch.path)
    before = present(service, instance)
    scratch.repair()
    assert restarted(service, instance, "?restartWithNewInstanceId=false") == instance
    completes(service, instance, ["a", "b", "c"])
    assert scratch.runs() == {"a": 2, "b": 2, "c": 1}
    assert executions(service, instance) == [present(service, instance)] != [before]
    facts.all_is_well(service)


def test_a_restart_waits_like_a_start(service, scratch):
    scratch.repair()
    instance = service.start_instance("steps", new_id(), scratch.path)
    completes(service, instance, ["a", "b", "c"])
    answer = service.post(f"/instances/{instance}/restart?timeout=20&pollingInterval=0.1")
    assert answer.status == 200 and answer.json == ["a", "b", "c"]


def test_a_live_one_is_restarted_under_a_new_id_only(service):
    instance = service.start_instance("waits", new_id())
    service.wait_status(instance, "Running")
    answer = service.post(f"/instances/{instance}/restart?restartWithNewInstanceId=false")
    assert answer.status == 409, answer
    assert answer.json["Message"] == "A non-terminal instance with this instance ID already exists."
    again = restarted(service, instance)
    for each in (instance, again):
        service.raise_event(each, "go", 1)
        completes(service, each, 1)


def test_a_name_that_no_app_has_is_not_restarted(service, scratch):
    instance = service.sql("select taskhub.start_instance('nobody_has_this', p_hub => %s)", [service.hub])[0][0]
    service.post(f"/instances/{instance}/terminate?reason=enough")
    service.wait_status(instance, "Terminated")
    answer = service.post(f"/instances/{instance}/restart")
    assert answer.status == 400, answer
    assert answer.json["Message"] == "InstanceId does not match a valid orchestration instance."
