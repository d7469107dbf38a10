"""migrate, hub and instance: what they print and what they leave in the database."""
import hashlib
import json
import re
import time

import psycopg2
import pytest

from cli import DATABASE, FAILED, OK, USAGE, expect, run
from service import create_database, drop_database, until


class Hub:
    """The program's commands on one database, without any process that serves it."""

    def __init__(self, dsn, cwd):
        self.dsn = dsn
        self.cwd = cwd

    def __call__(self, *words, status=OK, stdin=None):
        return expect(status, *words, cwd=self.cwd, env={"TASKHUB_DATABASE_URL": self.dsn}, stdin=stdin)

    def json(self, *words):
        return json.loads(self(*words, "--json").stdout)

    def sql(self, statement):
        conn = psycopg2.connect(self.dsn)
        try:
            with conn, conn.cursor() as cur:
                cur.execute(statement)
                return cur.fetchall()
        finally:
            conn.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    dsn = create_database()
    made = Hub(dsn, tmp_path_factory.mktemp("cli"))
    made("migrate")
    made("hub", "create", "TestHub", "--partitions", "2")
    yield made
    drop_database(dsn)


# ---- migrate ----

def test_migrate_makes_the_schema_and_may_be_repeated(tmp_path):
    dsn = create_database()
    try:
        hub = Hub(dsn, tmp_path)
        first = hub.json("migrate")
        assert first["before"] == 0 and first["version"] == first["available"] > 0
        assert "as before" in hub("migrate").stdout
        assert hub.json("migrate")["before"] == first["version"]
    finally:
        drop_database(dsn)


def test_without_a_schema_the_other_commands_say_what_is_missing(tmp_path):
    dsn = create_database()
    try:
        done = Hub(dsn, tmp_path)("hub", "list", status=DATABASE)
        assert "`taskhub migrate` makes it" in done.stderr
    finally:
        drop_database(dsn)


# ---- hub ----

def test_hubs_are_created_once_and_listed(hub):
    assert "created with 3 partitions" in hub("hub", "create", "Another", "--partitions", "3").stdout
    assert "already exists" in hub("hub", "create", "another", status=FAILED).stderr
    assert "3 to 45 letters" in hub("hub", "create", "a b", status=FAILED).stderr
    names = {row["name"]: row["partitions"] for row in hub.json("hub", "list")}
    assert names["TestHub"] == 2 and names["Another"] == 3
    text = hub("hub", "list").stdout.splitlines()
    assert text[0].split() == ["name", "partitions", "owned", "createdTime", "pausedTime", "pausedBy", "reason"]


def test_a_hub_is_paused_and_resumed(hub):
    def listed():
        return next(row for row in hub.json("hub", "list") if row["name"] == "TestHub")

    assert listed()["pausedTime"] is None
    assert "is paused" in hub("hub", "pause", "testhub", "--reason", "night shift").stdout
    since = listed()["pausedTime"]
    assert since and listed()["reason"] == "night shift"
    assert hub.json("hub", "pause", "--hub", "TestHub", "--reason", "again")["pausedTime"] == since
    assert listed()["reason"] == "night shift"
    assert hub.json("hub", "resume", "TestHub")["wasPaused"] is True
    assert "hub TestHub goes on" in hub("hub", "resume", "TestHub").stdout
    assert listed()["pausedTime"] is None
    assert "no hub" in hub("hub", "pause", "Nowhere", status=FAILED).stderr
    assert hub.sql("select act, arguments ->> 'reason' from taskhub.audit where hub = 'TestHub' and act in ('pause_hub', 'resume_hub') order by audit_id") == [
        ("pause_hub", "night shift"), ("resume_hub", None)]


# ---- key ----

OF_HUB = ["--hub", "TestHub"]
SECRET = "select secret from taskhub.hub_secrets s join taskhub.hubs h using (hub_id) where h.name = 'TestHub'"


def test_a_key_is_printed_once_listed_by_name_and_revoked(hub):
    done = hub("key", "create", "ci", *OF_HUB)
    key = done.stdout.strip()
    assert re.fullmatch("[A-Za-z0-9_-]{43}", key), done
    assert "only this once" in done.stderr and key not in done.stderr
    made = hub.json("key", "create", "ops", "--kind", "master", *OF_HUB)
    assert made["kind"] == "master" and made["key"] != key
    listed = hub("key", "list")
    assert key not in listed.stdout + listed.stderr
    rows = hub.json("key", "list", "--hub", "testhub")
    assert [(row["name"], row["kind"], row["revokedTime"]) for row in rows] == [
        ("durabletask_extension", "system", None), ("ci", "system", None), ("ops", "master", None)]
    hub("key", "revoke", "CI", *OF_HUB)
    assert hub.json("key", "list", *OF_HUB)[1]["revokedTime"]
    hashes = hub.sql("select encode(hash, 'hex') from taskhub.keys order by key_id")
    assert hashes == [(hashlib.sha256(k.encode()).hexdigest(),) for k in (key, made["key"])]


def test_what_cannot_be_done_with_a_key_is_told(hub):
    hub("key", "create", "twice", "--kind", "function", *OF_HUB)
    assert 'already has a key "TWICE"' in hub("key", "create", "TWICE", *OF_HUB, status=FAILED).stderr
    assert "name: must be" in hub("key", "create", "a b", *OF_HUB, status=FAILED).stderr
    assert "the key that every hub has" in hub("key", "create", "durabletask_extension", *OF_HUB, status=FAILED).stderr
    assert 'has no key "none"' in hub("key", "revoke", "none", *OF_HUB, status=FAILED).stderr
    assert "no hub" in hub("key", "create", "k", "--hub", "Nowhere", status=FAILED).stderr
    assert "no hub" in hub("key", "list", "--hub", "Nowhere", status=FAILED).stderr


def test_revoking_the_key_in_the_urls_draws_a_new_secret(hub):
    before = hub.sql(SECRET)
    hub("key", "revoke", "durabletask_extension", *OF_HUB)
    assert hub.sql(SECRET) != before


# ---- instance ----

@pytest.fixture
def instance(hub, request):
    """An id of the test's own."""
    return request.node.name[:60]


def at(hub, *words, **options):
    return hub(*words, "--hub", "TestHub", **options)


def test_a_start_prints_the_id_and_leaves_a_pending_instance(hub):
    made = at(hub, "instance", "start", "Some").stdout.strip()
    assert len(made) == 32
    shown = json.loads(at(hub, "instance", "show", made, "--json").stdout)
    assert shown["instanceId"] == made and shown["runtimeStatus"] == "Pending" and shown["name"] == "Some"
    assert shown["input"] is None and shown["output"] is None


@pytest.mark.parametrize("text", ['{"b":1, "a":[2.50]}', '"text"', "null", "5", '"ü\\u0000"'])
def test_an_input_comes_back_as_it_was_given(hub, text):
    made = at(hub, "instance", "start", "Some", "--input", text).stdout.strip()
    assert hub.sql(f"select input from taskhub.instances_view where instance_id = '{made}'") == [(text,)]
    assert json.loads(at(hub, "instance", "show", made, "--json").stdout)["input"] == json.loads(text)


def test_an_input_comes_from_a_file_or_standard_input(hub):
    (hub.cwd / "input.json").write_text("[1, 2]")
    made = at(hub, "instance", "start", "Some", "--input-file", "input.json").stdout.strip()
    assert json.loads(at(hub, "instance", "show", made, "--json").stdout)["input"] == [1, 2]
    made = at(hub, "instance", "start", "Some", "--input-file", "-", stdin='{"x": 1}').stdout.strip()
    assert json.loads(at(hub, "instance", "show", made, "--json").stdout)["input"] == {"x": 1}


START_REFUSED = [
    (["Some", "--input", "{"], "--input: must be JSON"),
    (["Some", "--id", "@x"], "instance_id"),
    (["Some", "--id", "a/b"], "instance_id"),
    ([""], "name"),
    (["Some", "--tags", "[1]"], "tags"),
    (["Some", "--at", "soon"], "timestamp"),
]


@pytest.mark.parametrize("words, text", START_REFUSED, ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_a_bad_start_is_refused_by_field(hub, words, text):
    before = hub.sql("select count(*) from taskhub.instances")
    done = run("instance", "start", *words, "--hub", "TestHub", cwd=hub.cwd, env={"TASKHUB_DATABASE_URL": hub.dsn})
    assert done.returncode != OK
    assert text in done.stderr
    assert hub.sql("select count(*) from taskhub.instances") == before


def test_an_id_in_use_is_refused(hub, instance):
    at(hub, "instance", "start", "Some", "--id", instance)
    assert instance in at(hub, "instance", "start", "Some", "--id", instance, status=FAILED).stderr


MESSAGES = [
    (["raise", None, "Approved", "--data", '{"ok": true}'], ("EventRaised", "Approved", '{"ok": true}')),
    (["raise", None, "Ping"], ("EventRaised", "Ping", None)),
    (["terminate", None, "--reason", "enough"], ("ExecutionTerminated", None, "enough")),
    (["suspend", None, "--reason", "wait"], ("ExecutionSuspended", None, "wait")),
]


@pytest.mark.parametrize("words, message", MESSAGES, ids=lambda v: v[0])
def test_what_is_sent_to_a_live_instance_waits_in_its_inbox(hub, words, message):
    made = at(hub, "instance", "start", "Some").stdout.strip()
    at(hub, "instance", *[made if word is None else word for word in words])
    rows = hub.sql(f"select kind, name, payload from taskhub.inbox_view where instance_id = '{made}'"
                   " and kind <> 'ExecutionStarted'")
    assert rows == [message]


def test_a_resume_counts_only_after_a_suspend(hub):
    made = at(hub, "instance", "start", "Some").stdout.strip()
    at(hub, "instance", "resume", made)
    at(hub, "instance", "suspend", made)
    at(hub, "instance", "resume", made, "--reason", "go on")
    rows = hub.sql(f"select kind, payload from taskhub.inbox_view where instance_id = '{made}'"
                   " and kind <> 'ExecutionStarted' order by message_no")
    assert rows == [("ExecutionSuspended", None), ("ExecutionResumed", "go on")]


def ended(hub, status):
    """An instance that some engine has left as Completed (1) or Failed (3)."""
    made = at(hub, "instance", "start", "Some", "--input", "[1]", "--version", "2", "--tags", '{"a":"b"}').stdout.strip()
    hub.sql(f"delete from taskhub.inbox where instance_id = '{made}' returning 1")
    hub.sql(f"update taskhub.instances set status = {status} where instance_id = '{made}' returning 1")
    return made


def test_a_rewind_tells_the_owner_of_a_failed_instance_and_refuses_any_other(hub):
    made = ended(hub, 3)
    assert "about to be rewound" in at(hub, "instance", "rewind", made, "--reason", "try again").stdout
    assert hub.sql(f"select kind, payload from taskhub.inbox_view where instance_id = '{made}'") == [
        ("ExecutionRewound", "try again")]
    assert "has not failed" in at(hub, "instance", "rewind", made, status=FAILED).stderr
    done = ended(hub, 1)
    assert "has not failed" in at(hub, "instance", "rewind", done, status=FAILED).stderr
    at(hub, "instance", "purge", done)


def test_a_restart_prints_the_id_a_new_one_unless_it_is_to_stay(hub):
    made = ended(hub, 1)
    again = at(hub, "instance", "restart", made).stdout.strip()
    assert re.fullmatch("[0-9a-f]{32}", again) and again != made
    shown = json.loads(at(hub, "instance", "show", again, "--json").stdout)
    assert [shown[k] for k in ("name", "version", "input", "tags", "runtimeStatus")] == [
        "Some", "2", [1], {"a": "b"}, "Pending"]
    assert json.loads(at(hub, "instance", "restart", made, "--same-id", "--json").stdout) == {"instanceId": made}
    assert "has not finished" in at(hub, "instance", "restart", made, "--same-id", status=FAILED).stderr


UNKNOWN = [["show"], ["history"], ["terminate"], ["suspend"], ["resume"], ["rewind"], ["restart"], ["purge"],
           ["raise", "Event"]]


@pytest.mark.parametrize("words", UNKNOWN, ids=lambda v: v[0])
def test_an_unknown_instance_is_a_failure_that_names_it(hub, words):
    done = at(hub, "instance", words[0], "missing", *words[1:], status=FAILED)
    assert 'has no instance "missing"' in done.stderr


def test_the_list_is_filtered_and_newest_first(hub):
    for n in range(3):
        at(hub, "instance", "start", "Listed", "--id", f"list-{n}")
    ids = [row["instanceId"] for row in json.loads(at(hub, "instance", "list", "--name", "listed", "--json").stdout)]
    assert ids == ["list-2", "list-1", "list-0"]
    top = json.loads(at(hub, "instance", "list", "--prefix", "list-", "--top", "2", "--json").stdout)
    assert [row["instanceId"] for row in top] == ["list-2", "list-1"]
    assert json.loads(at(hub, "instance", "list", "--prefix", "list_", "--json").stdout) == []
    assert json.loads(at(hub, "instance", "list", "--status", "completed,failed", "--json").stdout) == []
    assert json.loads(at(hub, "instance", "list", "--to", "2001-01-01", "--json").stdout) == []


def test_a_live_instance_is_not_purged(hub):
    made = at(hub, "instance", "start", "Some").stdout.strip()
    assert "not finished" in at(hub, "instance", "purge", made, status=FAILED).stderr.replace("has not", "not")
    assert json.loads(at(hub, "instance", "purge", "--from", "-infinity", "--json").stdout) == {"instancesDeleted": 0}
    at(hub, "instance", "purge", status=USAGE)


def test_a_hub_that_is_not_there_or_not_named_is_told(hub):
    assert 'there is no hub "Nowhere"' in hub("instance", "list", "--hub", "Nowhere", status=FAILED).stderr


def test_text_that_a_terminal_would_obey_is_not_printed_raw(hub):
    made = at(hub, "instance", "start", "Some", "--id", "esc", "--input", '"x"').stdout.strip()
    at(hub, "instance", "terminate", made, "--reason", "\x1b[31mred\x07")
    assert "\x1b" not in at(hub, "instance", "show", made).stdout


def test_a_finished_instance_is_shown_with_its_history_and_purged(service):
    env = {"TASKHUB_DATABASE_URL": service.database}
    done = expect(OK, "instance", "start", "hello_orchestrator", cwd=service.cwd, env=env)
    made = done.stdout.strip()
    until(lambda: service.status(made)["runtimeStatus"] == "Completed", what="the instance has completed")
    shown = json.loads(expect(OK, "instance", "show", made, "--json", cwd=service.cwd, env=env).stdout)
    assert shown["output"] == ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]
    history = json.loads(expect(OK, "instance", "history", made, "--json", cwd=service.cwd, env=env).stdout)
    assert [e["seq"] for e in history] == list(range(len(history)))
    kinds = [e["kind"] for e in history]
    assert kinds[0] == "OrchestratorStarted" and kinds[-1] == "ExecutionCompleted"
    assert kinds.count("TaskCompleted") == 3
    assert "1 instance purged" in expect(OK, "instance", "purge", made, cwd=service.cwd, env=env).stdout
    assert service.status(made) is None


def test_a_start_over_sql_wakes_an_idle_owner(service):
    """Without the wake-up the owner would look only once in three seconds."""
    env = {"TASKHUB_DATABASE_URL": service.database}
    took = []
    for _ in range(3):
        time.sleep(1)  # lets the owner go to sleep
        made = expect(OK, "instance", "start", "hello_orchestrator", cwd=service.cwd, env=env).stdout.strip()
        began = time.monotonic()
        service.wait_status(made)
        took.append(time.monotonic() - began)
    assert min(took) < 1


# ---- activity ----

def test_an_activity_is_bound_shown_bound_anew_and_dropped(hub):
    with psycopg2.connect(hub.dsn) as conn, conn.cursor() as cur:
        cur.execute("create schema app; create function app.charge(jsonb) returns jsonb language sql as 'select $1';"
                    "create function app.greet(text) returns varchar language sql as 'select $1'")
    assert hub.json("activity", "create", "Charge", "app.charge", "--hub", "TestHub") == \
        {"name": "Charge", "function": "app.charge(jsonb)"}
    assert "already has" in hub("activity", "create", "charge", "app.greet(text)", "--hub", "TestHub", status=FAILED).stderr
    hub("activity", "create", "charge", "app.greet(text)", "--hub", "TestHub", "--replace")
    rows = hub.json("activity", "list", "--hub", "TestHub")
    assert [(r["name"], r["function"], r["result"], r["isThere"]) for r in rows] == [("charge", "app.greet(text)", "value", True)]
    hub("activity", "drop", "CHARGE", "--hub", "TestHub")
    assert hub.json("activity", "list", "--hub", "TestHub") == []
    assert "no SQL activity" in hub("activity", "drop", "Charge", "--hub", "TestHub", status=FAILED).stderr
    assert "function: " in hub("activity", "create", "x", "nonsense(", "--hub", "TestHub", status=FAILED).stderr
