"""The client library for C programs: what stands in taskhub_client.h, over libpq alone."""
import ctypes
import json
import os
import pathlib
import subprocess

import pytest

from given import new_id
from service import app, until

BUILD = pathlib.Path(__file__).resolve().parents[2] / os.environ.get("TH_BUILD", "build")
APPS = [app("contract"), app("children")]
OK, NOT_FOUND, FINISHED, EXISTS, NOT_FINISHED, NOT_FAILED, INVALID, TIMEOUT, LOST, REFUSED = range(10)
TEXT = ctypes.c_char_p


class Instance(ctypes.Structure):
    _fields_ = [(name, TEXT) for name in ("id", "name", "version", "status", "input", "output", "failure",
                                          "custom_status", "tags", "created_at", "updated_at", "completed_at")]
    _fields_.append(("finished", ctypes.c_bool))


class Options(ctypes.Structure):
    _fields_ = [("id", TEXT), ("version", TEXT), ("tags", TEXT), ("scheduled_start", TEXT), ("priority", ctypes.c_int),
                ("traceparent", TEXT), ("tracestate", TEXT)]


class Query(ctypes.Structure):
    _fields_ = [("status", TEXT), ("name", TEXT), ("id_prefix", TEXT), ("after_id", TEXT), ("limit", ctypes.c_int)]


class Client:
    """Texts in and out; each call gives its code, with what it found."""

    def __init__(self, conninfo, hub="TestHub"):
        self.lib = ctypes.CDLL(str(BUILD / "libtaskhub-client.so"))
        self.conninfo = conninfo
        self.lib.taskhub_open.restype = ctypes.c_void_p
        self.lib.taskhub_error.restype = TEXT
        self.lib.taskhub_wait.argtypes = [ctypes.c_void_p, TEXT, ctypes.c_int64, ctypes.c_void_p]
        self.handle = ctypes.c_void_p(self.lib.taskhub_open(conninfo.encode(), hub.encode() if hub else None))

    def call(self, name, *args):
        return getattr(self.lib, "taskhub_" + name)(self.handle, *[
            a.encode() if isinstance(a, str) else a for a in args])

    @property
    def error(self):
        return self.lib.taskhub_error(self.handle).decode()

    def start(self, name, data=None, **options):
        given = Options(**{k: v.encode() if isinstance(v, str) else v for k, v in options.items()})
        instance = ctypes.create_string_buffer(1025)
        code = self.call("start", name, data, ctypes.byref(given) if options else None, instance)
        return code, instance.value.decode()

    def get(self, instance):
        found = ctypes.POINTER(Instance)()
        return self.taken(self.call("get", instance, ctypes.byref(found)), found)

    def wait(self, instance, timeout=20000):
        found = ctypes.POINTER(Instance)()
        return self.taken(self.call("wait", instance, timeout, ctypes.byref(found)), found)

    def taken(self, code, found):
        if code:
            assert not found
            return code, None
        row = {k: v.decode() if isinstance(v, bytes) else v
               for k, v in ((name, getattr(found.contents, name)) for name, _ in Instance._fields_)}
        self.lib.taskhub_instance_free(found)
        return code, row

    def list(self, **query):
        rows, count = ctypes.POINTER(ctypes.POINTER(Instance))(), ctypes.c_size_t()
        given = Query(**{k: v.encode() if isinstance(v, str) else v for k, v in query.items()})
        code = self.call("list", ctypes.byref(given), ctypes.byref(rows), ctypes.byref(count))
        ids = [rows[i].contents.id.decode() for i in range(count.value)]
        self.lib.taskhub_list_free(rows, count)
        return code, ids

    def close(self):
        self.lib.taskhub_close(self.handle)


@pytest.fixture
def client(service):
    made = Client(service.database)
    yield made
    made.close()


def test_an_instance_is_started_with_all_its_options_and_seen_to_its_end(client):
    wanted = new_id()
    code, instance = client.start("Echo", '{"a": [1, "é"]}', id=wanted, version="1.2", tags='{"k":"v"}', priority=5)
    assert (code, instance) == (OK, wanted), client.error
    code, row = client.wait(instance)
    assert code == OK, client.error
    assert (row["status"], row["finished"], row["name"], row["version"]) == ("Completed", True, "Echo", "1.2")
    assert json.loads(row["input"]) == json.loads(row["output"]) == {"a": [1, "é"]}
    assert row["tags"] == '{"k":"v"}' and row["failure"] is None
    assert row["created_at"] <= row["completed_at"] and row["completed_at"].endswith("Z")
    assert client.error == ""


def test_an_id_is_made_where_none_is_given_and_a_failure_has_its_words(client):
    code, instance = client.start("Fails")
    assert code == OK and len(instance) == 32
    code, row = client.wait(instance)
    assert row["status"] == "Failed" and json.loads(row["failure"])["message"]


def test_each_refusal_has_its_code_and_words(client):
    _, live = client.start("Waits")
    _, finished = client.start("Echo")
    client.wait(finished)
    for code, call in ((NOT_FOUND, ("raise_event", "nobody", "e", None)), (FINISHED, ("raise_event", finished, "e", None)),
                       (NOT_FINISHED, ("purge", live, False)), (NOT_FAILED, ("rewind", finished, None)),
                       (INVALID, ("raise_event", live, "e", "{")), (INVALID, ("raise_event", live, "", None))):
        assert client.call(*call) == code, call
        assert client.error
    assert client.start("Waits", id=live)[0] == EXISTS
    assert client.start("Waits", "{")[0] == INVALID and client.error.startswith("input: ")
    assert client.start("Waits", scheduled_start="soon")[0] == INVALID
    assert client.get("nobody")[0] == NOT_FOUND
    assert client.wait("nobody")[0] == NOT_FOUND
    assert client.wait(live, 100)[0] == TIMEOUT
    assert client.list(limit=1001)[0] == INVALID
    assert Client(client.conninfo, "NoSuchHub").start("Echo")[0] == INVALID
    client.call("terminate", live, None, False)


def test_what_is_sent_changes_the_instance(client):
    _, instance = client.start("Waits")

    def status():
        return client.get(instance)[1]["status"]

    until(lambda: status() == "Running")
    assert client.call("suspend", instance, "pause") == OK
    until(lambda: status() == "Suspended")
    assert client.call("resume", instance, None) == OK
    until(lambda: status() == "Running")
    assert client.call("terminate", instance, '"enough"', True) == OK
    assert client.wait(instance)[1]["output"] == '"enough"'

    again = ctypes.create_string_buffer(1025)
    assert client.call("restart", instance, True, again) == OK
    assert again.value.decode() != instance
    client.call("terminate", again.value, None, False)
    assert client.call("purge", instance, False) == OK
    assert client.get(instance)[0] == NOT_FOUND


def test_lists_come_in_pages_by_id(client):
    prefix = new_id()
    ids = sorted(f"{prefix}-{n}" for n in range(7))
    for n, instance in enumerate(ids):
        client.start("Waits" if n % 2 else "Echo", id=instance)
    for instance in ids[::2]:
        client.wait(instance)
    found, after = [], None
    while True:
        code, page = client.list(id_prefix=prefix, limit=3, **({"after_id": after} if after else {}))
        assert code == OK, client.error
        found += page
        if len(page) < 3:
            break
        after = page[-1]
    assert found == ids
    assert client.list(id_prefix=prefix, status="Completed")[1] == ids[::2]
    assert client.list(id_prefix=prefix, name="Waits")[1] == ids[1::2]
    for instance in ids[1::2]:
        client.call("terminate", instance, None, False)


def test_entities_are_signalled_and_read(client):
    key, state = new_id(), TEXT()
    assert client.call("entity_state", "Counter", key, ctypes.byref(state)) == NOT_FOUND
    assert client.call("signal_entity", "Counter", key, "add", "3") == OK
    until(lambda: client.call("entity_state", "counter", key, ctypes.byref(state)) == OK)
    assert state.value == b"3"


def test_a_connection_that_was_lost_is_made_again_by_the_next_call(client, service):
    assert client.start("Echo")[0] == OK
    service.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and query like '%taskhub.start_instance($1%' and pid <> pg_backend_pid()")
    assert client.start("Echo")[0] == LOST and client.error
    assert client.start("Echo")[0] == OK


def test_without_a_server_a_call_says_so():
    nowhere = Client("host=/nonexistent connect_timeout=1")
    assert nowhere.start("Echo")[0] == LOST
    assert "/nonexistent" in nowhere.error
    nowhere.close()


def test_the_example_takes_an_order_and_its_row_together_or_not_at_all(make_service, database):
    service = make_service(hub="default").start()

    def order(name):
        return subprocess.run([str(BUILD / "examples/client/order"), database, name], capture_output=True, text=True,
                              timeout=60)

    done = order("hello_orchestrator")
    assert (done.returncode, done.stdout[:10]) == (0, "Completed "), done.stderr
    done = order("x" * 300)
    assert done.returncode == 1 and "name: " in done.stderr
    assert service.sql("select count(*) from orders") == [(1,)]
