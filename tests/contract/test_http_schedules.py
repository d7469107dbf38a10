"""Schedules over HTTP and at the shell: made, shown, changed, run, deleted."""
import json

import pytest

from cli import FAILED, OK, expect
from service import app, until

APPS = [app("contract")]
YEARLY = {"expression": "0 0 1 1 *", "orchestrator": "Echo"}
ROW_KEYS = {"name", "expression", "timeZone", "orchestrator", "input", "overlap", "missed", "missedLimit", "enabled",
            "nextTime", "lastTime", "lastInstanceId", "lastStatus", "problem", "createdTime", "lastUpdatedTime"}


def put(service, at, **fields):
    return service.call("PUT", f"/schedules/{at}", json.dumps(fields))


def test_a_schedule_is_made_shown_changed_and_deleted(service):
    made = put(service, "every%20year", **YEARLY, input={"a": [1, 2]}, timeZone="europe/berlin", overlap="skip")
    assert made.status == 201, made
    assert made.json.keys() == ROW_KEYS
    assert made.json["name"] == "every year" and made.json["timeZone"] == "Europe/Berlin"
    assert made.json["input"] == {"a": [1, 2]} and made.json["enabled"] is True
    assert made.json["nextTime"].endswith("-12-31T23:00:00Z") and made.json["lastTime"] is None

    assert service.get("/schedules/every%20year").json == made.json
    assert made.json in service.get("/schedules").json

    changed = service.call("PUT", "/schedules/every%20year", json.dumps({**made.json, "enabled": False}))
    assert changed.status == 200, changed
    assert changed.json["enabled"] is False and changed.json["nextTime"] is None

    gone = service.delete("/schedules/every%20year")
    assert gone.status == 204 and gone.body == b"", gone
    assert service.delete("/schedules/every%20year").status == 404
    assert service.get("/schedules/every%20year").status == 404


def test_an_input_is_kept_to_the_last_digit(service):
    body = '{"expression": "0 0 1 1 *", "orchestrator": "Echo", "input": {"b": 1.00, "a": "\\u0000"}}'
    assert service.call("PUT", "/schedules/exact", body).status == 201
    assert service.sql("select input from taskhub.schedules where name = 'exact'") == [('{"b": 1.00, "a": "\\u0000"}',)]
    assert '"input":{"b":1.00,"a":"\\u0000"}' in service.get("/schedules/exact").text
    assert service.delete("/schedules/exact").status == 204


@pytest.mark.parametrize("fields, words", [
    ({"orchestrator": "Echo"}, "expression"),
    ({"expression": "* * * * *"}, "orchestrator"),
    ({**YEARLY, "expression": "61 * * * *"}, 'the field "minute" goes from 0 to 59, not to 61'),
    ({**YEARLY, "expression": 5}, "expression"),
    ({**YEARLY, "timeZone": "Mars/Base"}, 'time_zone: there is no time zone "Mars/Base"'),
    ({**YEARLY, "timezone": "UTC"}, "timezone: a schedule has no such field"),
    ({**YEARLY, "overlap": "forbid"}, "overlap: must be allow, skip or replace"),
    ({**YEARLY, "missed": ""}, "missed: must be skip, once or all"),
    ({**YEARLY, "missedLimit": 0}, "missedLimit"),
    ({**YEARLY, "missedLimit": 1.5}, "missedLimit"),
    ({**YEARLY, "enabled": "yes"}, "enabled"),
    ({**YEARLY, "name": "other"}, "name: is not the one in the path"),
    ({**YEARLY, "orchestrator": "Nobody"}, "no app that runs here has an orchestrator 'Nobody'"),
    ({**YEARLY, "orchestrator": ""}, "orchestrator"),
])
def test_what_is_wrong_is_named(service, fields, words):
    answer = put(service, "wrong", **fields)
    assert answer.status == 400, answer
    assert words in answer.json["ExceptionMessage"], answer
    assert service.get("/schedules/wrong").status == 404


@pytest.mark.parametrize("body", [None, "", "{", "null", "[]", '"text"', b'{"a\0": 1}', b"\xff"])
def test_a_body_that_is_no_object_is_refused(service, body):
    assert service.call("PUT", "/schedules/wrong", body).status == 400


@pytest.mark.parametrize("name", ["%40a", "a%23b", "a%5Cb", "a%01b", 201 * "n"])
def test_a_name_must_do_for_instance_ids(service, name):
    answer = put(service, name, **YEARLY)
    assert answer.status == 400 and "name: " in answer.json["ExceptionMessage"], answer


def test_a_hub_that_is_not_there_has_no_schedules(service):
    assert service.get("/schedules?taskHub=Nowhere").json == []
    assert service.call("PUT", "/schedules/s?taskHub=Nowhere", json.dumps(YEARLY)).status == 404
    assert service.delete("/schedules/s?taskHub=Nowhere").status == 404


def test_it_runs_soon_after_it_was_made_and_stops_when_it_is_deleted(service):
    assert put(service, "tick", expression="* * * * * *", orchestrator="Echo", input={"n": 7}).status == 201

    def ran_twice():
        rows = [r for r in service.get("/instances?instanceIdPrefix=tick:").json if r["runtimeStatus"] == "Completed"]
        return rows if len(rows) >= 2 else None

    rows = until(ran_twice, timeout=10)
    assert all(row["output"] == {"n": 7} and row["name"] == "Echo" for row in rows)
    shown = service.get("/schedules/tick").json
    assert shown["lastInstanceId"] == "tick:" + shown["lastTime"]
    assert service.delete("/schedules/tick").status == 204
    # Whoever was at it when it was deleted was done before the answer came.
    last = service.sql("select count(*), max(instance_id) from taskhub.instances where instance_id like 'tick:%%'")
    service.sql("select pg_sleep(1.1)")
    assert service.sql("select count(*), max(instance_id) from taskhub.instances where instance_id like 'tick:%%'") == last


def test_one_that_was_made_in_sql_runs_too_when_the_setting_tells_of_it(service):
    service.sql("select set_config('taskhub.notify', 'on', false)")
    service.sql("select taskhub.create_schedule('sql', '* * * * * *', 'Sleeps', '60', p_overlap => 'replace')")

    def replaced():
        return service.sql("""select instance_id from taskhub.instances_view
                              where instance_id like 'sql:%%' and runtime_status = 'Terminated'""")

    until(replaced, timeout=10)
    service.sql("select taskhub.drop_schedule('sql')")


def test_a_hub_without_schedules_costs_no_connection(service):
    def connections():
        return service.sql("""select count(*) from pg_stat_activity where datname = current_database()
                              and pid <> pg_backend_pid() and query like '%%from taskhub.run_schedules(%%'""")[0][0]

    until(lambda: connections() == 0, timeout=10)
    put(service, "yearly", **YEARLY)
    until(lambda: connections() == 1, timeout=10)
    service.delete("/schedules/yearly")
    until(lambda: connections() == 0, timeout=10)


# ---- at the shell ----

def test_the_commands(service, tmp_path):
    def taskhub(*words, status=OK):
        return expect(status, "schedule", *words, cwd=tmp_path, env={"TASKHUB_DATABASE_URL": service.database})

    assert "nextTime" in taskhub("create", "nightly", "30 2 * * *", "Echo", "--time-zone", "Europe/Berlin",
                                 "--input", '{"a": 1}', "--missed", "once").stdout
    assert "already has a schedule" in taskhub("create", "nightly", "* * * * *", "Echo", status=FAILED).stderr
    taskhub("create", "nightly", "30 3 * * *", "Echo", "--replace")
    row, = json.loads(taskhub("list", "--json").stdout)
    assert row["name"] == "nightly" and row["expression"] == "30 3 * * *" and row["missed"] == "skip"
    taskhub("disable", "nightly")
    assert json.loads(taskhub("list", "--json").stdout)[0]["enabled"] is False
    taskhub("enable", "nightly")
    assert json.loads(taskhub("list", "--json").stdout)[0]["nextTime"]
    taskhub("drop", "nightly")
    assert "has no schedule" in taskhub("drop", "nightly", status=FAILED).stderr
    assert "expression: " in taskhub("create", "x", "nonsense", "Echo", status=FAILED).stderr
