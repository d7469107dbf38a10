"""Requests, calls, files and a schema that are wrong in ways the tables of tests/contract don't list: many, made at random
from a seed that is printed, or of the whole program."""
import json
import os
import random
import socket
import subprocess
import uuid

import psycopg2
import pytest

import facts
import service as svc
from facts import FULL

APPS = [svc.example("hello"), svc.app("never")]
REQUESTS = 5000 if FULL else 400
SQLSTATES = {"TH001", "TH002", "TH003", "TH004", "TH005", "TH006"}


@pytest.fixture(scope="module")
def hub(database):
    service = svc.Service(database, apps=APPS, hub="Malformed" + uuid.uuid4().hex[:8])
    try:
        yield service.start()
    finally:
        service.close()


@pytest.fixture
def still_serves(hub):
    """Afterwards the same process still does its work."""
    pid = hub.process.pid
    yield
    assert hub.process.poll() is None and hub.process.pid == pid, hub.log()[-3000:]
    facts.wait_ended(hub, [hub.start_instance("hello_orchestrator") for _ in range(8)], timeout=5)
    assert "AddressSanitizer" not in hub.log() and "runtime error" not in hub.log()


# -- HTTP

REQUEST_LINES = [
    b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /runtime/webhooks/durabletask/orchestrators/hello_orchestrator/x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    b"GET /runtime/webhooks/durabletask/instances/x?showHistory=true&showInput=false HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /runtime/webhooks/durabletask/instances?top=5&runtimeStatus=Running,Failed&createdTimeFrom=2024-01-01 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /runtime/webhooks/durabletask/instances/x/raiseEvent/Go HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 4\r\n\r\n[{}]",
    b"POST /api/orchestrators/hello_orchestrator HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
    b"DELETE /runtime/webhooks/durabletask/instances?createdTimeFrom=2024-01-01T00:00:00Z HTTP/1.1\r\nHost: a\r\n\r\n",
]


def spoil(data):
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(data))
        what = random.randrange(4)
        if what == 0:
            data[at] = random.randrange(256)
        elif what == 1:
            del data[at:at + random.choice((1, 4, 16))]
        elif what == 2:
            data[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 4, 300))))
        else:
            data[at:at] = random.choice((b"%", b"%00", b"%zz", b"\0", b"\r\n", b"/", b"//", b"?", b"&&", b"{", b"\xff", b"9" * 40))
        if not data:
            data = bytearray(b"x")
    return bytes(data)


def answer_to(service, data):
    """What comes back until the server closes or is silent: bytes."""
    with socket.create_connection((service.host, service.port), timeout=10) as conn:
        try:
            conn.sendall(data)
            conn.shutdown(socket.SHUT_WR)
            got = b""
            while chunk := conn.recv(1 << 16):
                got += chunk
            return got
        except ConnectionError:
            return b""


def test_spoilt_requests_get_an_answer_of_http_or_a_closed_connection(hub, still_serves):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    random.seed(seed)
    for _ in range(REQUESTS):
        data = spoil(random.choice(REQUEST_LINES))
        got = answer_to(hub, data)
        assert got == b"" or got.startswith(b"HTTP/1."), (data, got)
        assert not got.startswith(b"HTTP/1.1 500"), (data, got)


# -- SQL

ODD_TEXTS = [None, "", " ", "x" * 256, "x" * 257, "@a", "a/b", "a\x01b", "ü" * 200, "\U0001f600" * 128, "a'b\"c;--", "%s %n", "null",
             "-1", "NaN", "[" * 600 + "]" * 600, '{"a":', '"\\ud800"', '"\\u0000"', '{"a":1,"a":2}', "1e999999", "x" * 100000]
CALLS = [
    "start_instance(%s)", "start_instance('Echo', %s)", "start_instance('Echo', null, %s)", "start_instance('Echo', p_version => %s)",
    "start_instance('Echo', p_tags => %s)", "start_instance('Echo', p_hub => %s)", "start_instances(%s, array['1'])",
    "start_instances('Echo', array[%s]::text[])", "raise_event(%s, 'Go')", "raise_event('nobody', %s)", "raise_event('nobody', 'Go', %s)",
    "raise_event('nobody', 'Go', '1', %s)", "terminate_instance(%s)", "terminate_instance('nobody', %s)", "suspend_instance(%s)",
    "suspend_instance('nobody', %s)", "resume_instance(%s)", "resume_instance('nobody', %s)", "purge_instance(%s)", "get_instance(%s)",
    "get_instance('nobody', %s)", "create_hub(%s)", "partition_of(%s)", "drop_hub(%s)",
]


@pytest.mark.parametrize("call", CALLS)
def test_odd_texts_are_refused_with_a_sqlstate_of_ours_or_taken(hub, still_serves, call):
    hub_names = hub.sql("select name from taskhub.hubs")
    for text in ODD_TEXTS:
        try:
            hub.sql(f"select * from taskhub.{call}", [text])
        except psycopg2.Error as e:
            assert e.pgcode in SQLSTATES, (call, text and text[:40], e.pgcode, str(e))
            assert str(e).strip(), (call, text)
    for name, in hub.sql("select name from taskhub.hubs"):
        if (name,) not in hub_names:
            hub.sql("select taskhub.drop_hub(%s)", [name])


def test_times_beyond_all_bounds(hub, still_serves):
    hub.sql("set taskhub.notify = on")
    for time in ("infinity", "-infinity"):
        with pytest.raises(psycopg2.Error) as e:
            hub.sql("select taskhub.start_instance('Echo', p_scheduled_start => %s::timestamptz)", [time])
        assert e.value.pgcode == "TH006"
    for time in ("294276-12-31 23:59:59+00", "4713-01-01 00:00:00+00 BC", "1970-01-01 00:00:00+00"):
        instance = hub.sql("select taskhub.start_instance('Echo', '1', p_scheduled_start => %s::timestamptz, p_hub => %s)",
                           [time, hub.hub])[0][0]
        assert hub.request("GET", f"{svc.BASE}/instances/{instance}?showHistory=true").status in (200, 202)
        if time.startswith("294276"):
            hub.post(f"/instances/{instance}/terminate")
            hub.wait_status(instance, "Terminated", 5)
        else:
            hub.wait_status(instance, "Completed", 5)


# -- the program and what it is given

def start_once(tmp_path, *words, env=None):
    """`taskhub start` that is expected to give up by itself: its exit status and all it said."""
    done = subprocess.run([str(svc.TASKHUB), "start", *map(str, words)], cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def test_a_schema_that_needs_a_newer_program_is_left_alone_and_said_so(tmp_path):
    database = svc.create_database()
    try:
        service = svc.Service(database, apps=APPS)
        service.start().stop()
        service.sql("insert into taskhub.schema_version values (999, 'future', now(), 99)")
        code, said = start_once(tmp_path, "--database", database, "--hub", "TestHub", "--port", svc.free_port(), *APPS)
        assert code == 4 and "use a newer taskhub" in said and "level 99" in said, (code, said)
        service.sql("update taskhub.schema_version set min_program = 1 where version = 999")
        service.start()  # releases N and N-1 run together
        service.wait_status(service.start_instance("hello_orchestrator"), "Completed")
        assert service.stop() == 0
        service.close()
    finally:
        svc.drop_database(database)


def compile_app(tmp_path, name, source):
    file = tmp_path / f"{name}.c"
    file.write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / f"{name}.so", file, f"-I{svc.ROOT / 'include'}"], check=True)
    return tmp_path / f"{name}.so"


APP_SOURCES = {
    "without its entry point": ("int nothing;", "TH_APP"),
    "of another version of the header": (
        "#include <taskhub.h>\n#undef TH_APP_VERSION\n#define TH_APP_VERSION 999\nTH_APP(app) { (void)app; }", "999"),
    "with a symbol that nobody has": (
        "#include <taskhub.h>\nvoid not_there(void);\nTH_APP(app) { (void)app; not_there(); }", "not_there"),
    "with an empty name": (
        '#include <taskhub.h>\nstatic const char *f(th_orch *o) { (void)o; return 0; }\n'
        'TH_APP(app) { th_add_orchestrator(app, "", f); }', "name"),
    "with a name that is no UTF-8": (
        '#include <taskhub.h>\nstatic const char *f(th_orch *o) { (void)o; return 0; }\n'
        'TH_APP(app) { th_add_orchestrator(app, "\\xff", f); }', "name"),
    "with no function for a name": (
        '#include <taskhub.h>\nTH_APP(app) { th_add_activity(app, "Nothing", 0); }', "Nothing"),
    "with a bad route": (
        '#include <taskhub.h>\nTH_APP(app) { th_add_starter(app, "a/{", "X"); }', "route"),
}


@pytest.mark.parametrize("what", APP_SOURCES)
def test_an_app_that_is_wrong_is_refused_by_name_and_reason(tmp_path, what):
    source, words = APP_SOURCES[what]
    app = compile_app(tmp_path, "wrong", source)
    code, said = start_once(tmp_path, "--database", svc.cluster(), "--hub", "TestHub", "--port", svc.free_port(), app)
    assert code == 3 and words in said and "wrong" in said.replace(words, ""), (code, said)


def test_an_app_of_nothing_but_noise_is_refused(tmp_path):
    for content in (b"", b"\x7fELF", b"\x7fELF" + os.urandom(5000), b"#!/bin/sh\n"):
        (tmp_path / "noise.so").write_bytes(content)
        code, said = start_once(tmp_path, "--database", svc.cluster(), "--hub", "TestHub", tmp_path / "noise.so")
        assert code == 3 and "noise.so" in said, (code, said)


def test_a_host_json_of_noise_is_refused_with_its_place_or_taken(tmp_path):
    """It is a file of settings: whatever is in it, the program starts or says what is wrong."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    random.seed(seed)
    good = json.dumps({"version": "2.0", "functionTimeout": "00:05:00", "extensions": {"durableTask": {
        "hubName": "TestHub", "maxConcurrentActivityFunctions": 5, "storageProvider": {"partitionCount": 4}}}}).encode()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.so").write_bytes(b"noise")
    for _ in range(60 if FULL else 12):
        (tmp_path / "app" / "host.json").write_bytes(spoil(good))
        # An app that is none ends the start of those that are taken.
        code, said = start_once(tmp_path, "--database", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", tmp_path / "app")
        assert code == 3, (code, said)
        assert "host.json" in said or "app.so" in said, said
