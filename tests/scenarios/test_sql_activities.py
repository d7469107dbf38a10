"""SQL activities: functions of the database as activities, each in one transaction with its completion."""
import json
import uuid

import pytest

import facts
import service as svc
import sql_activities as given

APPS = [svc.app("sqlact")]


@pytest.fixture(autouse=True, scope="module")
def ledger(service):
    given.given_ledger(service)


def new_id():
    return "s-" + uuid.uuid4().hex[:16]


def run(service, orchestrator, value=None, wanted="Completed", timeout=30):
    instance = service.start_instance(orchestrator, new_id(), value)
    status = service.wait_status(instance, timeout=timeout)
    assert status["runtimeStatus"] == wanted, status
    return instance, status["output"]


def define(service, name, sql):
    """A function app.<name> with this argument list, result and body, bound to <name>."""
    signature = sql.split(" returns ")[0].strip()
    service.sql(f"create function app.{name}{sql}")
    given.bind(service, name, f"app.{name}" + signature.replace("p ", ""))


def call(service, name, text=None, wanted="Completed", orchestrator="call_one"):
    """Calls one with `text` as it is as input; none: no input."""
    value = {"name": name} if text is None else {"name": name, "input": text}
    return run(service, orchestrator, value, wanted)


def failure_of(service, instance):
    events = service.sql("select event from taskhub.history_events where hub = %s and instance_id = %s and kind = 'TaskFailed' "
                         "order by seq", [service.hub, instance])
    return events[-1][0]["failure"]


def ledger_count(service, who):
    return service.sql("select count(*) from app.ledger where who = %s", [who])[0][0]


def test_a_sequence_writes_each_row_once(service):
    instance, output = run(service, "in_a_row", 5)
    assert output == 5
    given.each_is_posted_once(service, instance, 5)
    facts.all_is_well(service)


def test_a_thousand_at_once_write_each_row_once(service):
    instance, output = run(service, "at_once", 1000, timeout=60)
    assert output == 1000
    given.each_is_posted_once(service, instance, 1000)
    facts.all_is_well(service)


def test_children_call_them_too(service):
    instance, _ = run(service, "family", 3)
    rows = service.sql("select who, count(*) from app.ledger where who in (select instance_id from taskhub.instances_view "
                       "where hub = %s and parent_instance_id = %s) group by 1", [service.hub, instance])
    assert [n for _, n in rows] == [2, 2, 2]


def test_names_are_found_in_any_case(service):
    assert call(service, "pOsT", '{"who": "case", "n": 0}')[1] == 1
    given.each_is_posted_once(service, "case", 1)


# -- what goes in and what comes out

@pytest.mark.parametrize("name, sql, text, wanted", [
    ("as_text", "(p text) returns text language sql as 'select to_json(p)::text'", '{"b" :1,"a":[ 1.50]}', '{"b" :1,"a":[ 1.50]}'),
    ("as_json", "(p json) returns json language sql as 'select json_build_object(''is'', p::text)'", '{"a":1,"a":2}',
     {"is": '{"a":1,"a":2}'}),
    ("as_jsonb", "(p jsonb) returns jsonb language sql as 'select p || ''{\"more\": true}'''", '{"a":1}', {"a": 1, "more": True}),
    ("nothing", "() returns int language sql as 'select 42'", None, 42),
    ("no_result", "(p jsonb) returns void language sql as ''", "1", None),
    ("a_moment", "(p jsonb) returns date language sql as 'select date ''2026-01-02'''", "1", "2026-01-02"),
    ("a_row", "(p jsonb, out a int, out b text) language sql as 'select 1, ''two'''", "1", {"a": 1, "b": "two"}),
    ("a_list", "(p jsonb) returns int[] language sql as 'select array[1, 2]'", "1", [1, 2]),
    ("null_in", "(p jsonb) returns boolean language sql as 'select p is null'", None, True),
    ("null_out", "(p jsonb) returns jsonb language sql as 'select null::jsonb'", "1", None),
    ("a_text", "(p text) returns varchar language sql as 'select ''Hello '' || (p::json #>> ''{}'')'", '"World"', "Hello World"),
])
def test_arguments_and_results(service, name, sql, text, wanted):
    if " out " in sql:
        service.sql(f"create function app.{name}{sql}")
        given.bind(service, name, f"app.{name}(jsonb)")
    else:
        define(service, name, sql)
    assert call(service, name, text)[1] == wanted


def test_the_result_of_a_text_function_stays_byte_for_byte(service):
    define(service, "verbatim", "(p text) returns text language sql as 'select p'")
    instance, _ = call(service, "verbatim", '{"b" :1,"a":[ 1.50]}')
    assert service.sql("select output from taskhub.instances_view where hub = %s and instance_id = %s",
                       [service.hub, instance]) == [('{"b" :1,"a":[ 1.50]}',)]


def test_an_input_that_the_function_cannot_take_fails_by_name_and_is_not_tried_again(service):
    instance, _ = call(service, "Post", '{"who": "\\u0000"}', "Failed", "call_retried")
    failure = failure_of(service, instance)
    assert failure["message"].startswith('the input of activity "Post" can\'t be the jsonb that app.post takes: '), failure
    assert failure["properties"]["sqlstate"] == "TH007" and failure["nonRetriable"] is True


def test_a_text_result_that_is_not_json_fails_and_its_work_is_undone(service):
    define(service, "babble", """(p jsonb) returns text language sql as
        'insert into app.ledger (who, n) values (''babble'', 1); select ''Hello'''""")
    instance, _ = call(service, "babble", "1", "Failed")
    assert failure_of(service, instance)["message"].startswith('the result of activity "babble", from app.babble, is not JSON')
    assert ledger_count(service, "babble") == 0


def test_a_function_sees_the_search_path_of_the_connection_and_may_use_its_own(service):
    define(service, "my_path", "(p jsonb) returns text language sql as 'select to_json(current_setting(''search_path''))::text'")
    assert call(service, "my_path", "1")[1] == '"$user", public'
    service.sql("alter function app.my_path(jsonb) set search_path = app")
    assert call(service, "my_path", "1")[1] == "app"


# -- failures

def test_a_failure_says_what_the_database_said_and_leaves_nothing_of_the_function(service):
    instance, _ = call(service, "Refuse", '{"what": "bread"}', "Failed")
    failure = failure_of(service, instance)
    assert failure["type"] == "SqlError" and failure["message"] == "not bread today"
    assert failure["properties"] == {"sqlstate": "AP001", "detail": "there is none", "hint": "come tomorrow"}
    assert failure["stack"].startswith("PL/pgSQL function app.refuse(jsonb) line ") and "taskhub." not in failure["stack"]
    assert ledger_count(service, "refused") == 0
    facts.all_is_well(service)


def test_a_retry_policy_tries_again_until_it_works(service):
    service.sql("create sequence app.tried")
    define(service, "third_time", """(p jsonb) returns bigint language plpgsql as
        'declare v bigint := nextval(''app.tried''); begin insert into app.ledger (who, n) values (''third'', v);
         if v < 3 then raise exception ''not yet''; end if; return v; end'""")
    instance, output = call(service, "third_time", "1", orchestrator="call_retried")
    assert output == 3
    assert service.sql("select n from app.ledger where who = 'third'") == [(3,)]
    facts.all_is_well(service)


def test_what_fails_only_at_the_commit_is_a_failure_too(service):
    service.sql("create table app.deferred (id int unique deferrable initially deferred)")
    define(service, "too_late", "(p jsonb) returns void language sql as 'insert into app.deferred values (1), (1)'")
    instance, _ = call(service, "too_late", "1", "Failed")
    properties = failure_of(service, instance)["properties"]
    assert properties["sqlstate"] == "23505" and properties["constraint"] == "deferred_id_key", properties
    assert service.sql("select count(*) from app.deferred") == [(0,)]


def test_a_function_that_is_gone_is_a_failure_that_names_it(service):
    define(service, "fleeting", "(p jsonb) returns void language sql as ''")
    service.sql("drop function app.fleeting")
    instance, _ = call(service, "fleeting", "1", "Failed")
    assert failure_of(service, instance)["message"] == "function app.fleeting(jsonb) does not exist"
    assert service.sql("select is_there from taskhub.sql_activities_view where name = 'fleeting'") == [(False,)]


def test_a_serialization_failure_is_tried_again_in_place(service):
    service.sql("create sequence app.clash")
    define(service, "clash", """(p jsonb) returns bigint language plpgsql as
        'declare v bigint := nextval(''app.clash''); begin
         if v < 4 then raise exception ''clash'' using errcode = ''40001''; end if; return v; end'""")
    instance, output = call(service, "clash", "1")
    assert output == 4
    assert not service.sql("select 1 from taskhub.history_events where instance_id = %s and kind = 'TaskFailed'", [instance])


def test_what_ends_its_session_every_time_is_given_up(service):
    define(service, "suicide", "(p jsonb) returns boolean language sql as 'select pg_terminate_backend(pg_backend_pid())'")
    instance, _ = call(service, "suicide", "1", "Failed")
    assert failure_of(service, instance)["type"] == "PoisonActivity"
    facts.all_is_well(service)


def test_a_function_may_call_taskhub_in_the_same_transaction(service):
    child = new_id()
    define(service, "start_it", f"""(p jsonb) returns text language sql as
        'select to_json(taskhub.start_instance(''in_a_row'', ''1'', ''{child}'', p_hub => ''{service.hub}''))::text'""")
    assert call(service, "start_it", "1")[1] == child
    assert service.wait_status(child)["runtimeStatus"] == "Completed"


# -- bindings that come and go while the service runs

def test_a_call_waits_until_its_name_is_bound(service):
    instance = service.start_instance("call_one", new_id(), {"name": "later", "input": "1"})
    svc.until(lambda: service.sql("select state from taskhub.activities_view where name = 'later'") == [("queued",)], 10)
    define(service, "later", "(p jsonb) returns int language sql as 'select 7'")
    assert service.wait_status(instance)["output"] == 7


def test_a_bound_name_goes_before_an_apps_and_an_apps_comes_back(service):
    assert call(service, "InBoth")[1] == "from the app"
    define(service, "inboth", "(p jsonb) returns varchar language sql as 'select ''from the database'''")
    svc.until(lambda: call(service, "InBoth")[1] == "from the database", 10)
    service.sql("select taskhub.drop_activity('InBoth', %s)", [service.hub])
    assert call(service, "InBoth")[1] == "from the app"


def test_an_instance_that_was_terminated_runs_no_function_any_more(service):
    define(service, "slow", "(p jsonb) returns void language plpgsql as 'begin perform pg_advisory_lock_shared(4711); "
           "perform pg_advisory_unlock_shared(4711); insert into app.ledger (who, n) values (p ->> ''who'', 1); end'")
    service.sql("select pg_advisory_lock(4711)")
    ids = [service.start_instance("call_one", new_id(), {"name": "slow", "input": json.dumps({"who": "slow"})}) for _ in range(12)]
    running = lambda: service.sql("select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted"
                                  " and database = (select oid from pg_database where datname = current_database())")
    svc.until(lambda: running() == [(8,)], 10, what="eight functions run, as there are eight connections")
    for each in ids:
        assert service.post(f"/instances/{each}/terminate?reason=enough").status == 202
    for each in ids:
        service.wait_status(each, "Terminated")
    service.sql("select pg_advisory_unlock(4711)")
    facts.queues_get_empty(service)
    assert ledger_count(service, "slow") == 8, "those that ran ran to their end, and no other"
    facts.all_is_well(service)


def test_a_process_without_any_app_runs_them_for_one_that_runs_no_activities(make_service):
    owner = make_service(apps=APPS, hub="Split", args=["--no-activities"]).start()
    make_service(apps=[], hub="Split", args=["--no-orchestrators"]).start()
    given.bind(owner, "Post", "app.post(jsonb)")
    instance, _ = run(owner, "in_a_row", 3)
    given.each_is_posted_once(owner, instance, 3)
    facts.all_is_well(owner)


def test_the_functions_timeout_is_kept_and_the_work_undone(make_service, tmp_path):
    (tmp_path / "host.json").write_text('{"version": "2.0", "functionTimeout": "00:00:01"}')
    (tmp_path / "sqlact.so").symlink_to(APPS[0])
    small = make_service(apps=[tmp_path], hub="Hasty").start()
    small.sql("""create function app.sleepy(p jsonb) returns void language sql as
        'insert into app.ledger (who, n) values (''sleepy'', 1); select pg_sleep(60)'""")
    given.bind(small, "sleepy", "app.sleepy(jsonb)")
    instance, _ = call(small, "sleepy", "1", "Failed")
    assert failure_of(small, instance)["type"] == "TimeoutException"
    assert ledger_count(small, "sleepy") == 0
    facts.all_is_well(small)
