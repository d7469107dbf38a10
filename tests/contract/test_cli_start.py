"""`taskhub start` against a given database: refusals, the door, roles, the orderly stop."""
import json
import os
import signal
import socket
import subprocess
import time

import psycopg2.extensions
import pytest

from cli import DATABASE, FAILED, OK, PORT, clean_environment, expect
from service import TASKHUB, cluster, connect, create_database, drop_database, example, free_port, until

FULL = os.environ.get("TH_FULL") == "1"


# ---- the database ----

def test_a_database_that_does_not_exist_is_refused_at_once(tmp_path):
    dsn = psycopg2.extensions.make_dsn(cluster(), dbname="no_such_database")
    began = time.monotonic()
    done = expect(DATABASE, "start", "--database", dsn, cwd=tmp_path)
    assert "no_such_database" in done.stderr
    assert time.monotonic() - began < 10


def test_a_role_that_may_not_log_in_is_refused_at_once(tmp_path):
    dsn = psycopg2.extensions.make_dsn(cluster(), user="no_such_role", password="s3cret")
    done = expect(DATABASE, "start", "--database", dsn, cwd=tmp_path)
    assert "no_such_role" in done.stderr
    assert "s3cret" not in done.stderr


class Running:
    """A `taskhub start` whose log is read while it runs."""

    def __init__(self, folder, *words, env=None):
        self.log_path = folder / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([str(TASKHUB), "start", *map(str, words)], cwd=folder, stderr=log,
                                            stdout=log, env=clean_environment(env), start_new_session=True)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def until_log(self, text, timeout=30):
        until(lambda: text in self.log() or self.process.poll() is not None, timeout, what=f"{text!r} in the log")
        assert text in self.log(), self.log()

    def end(self, sig=signal.SIGTERM, timeout=30):
        self.process.send_signal(sig)
        return self.process.wait(timeout)


@pytest.fixture
def start(tmp_path):
    made = []

    def begin(*words, env=None, folder=None):
        made.append(Running(folder or tmp_path, *words, env=env))
        return made[-1]

    yield begin
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()


def test_a_database_that_is_not_there_yet_is_waited_for_and_a_stop_ends_the_wait(start):
    running = start("--database", f"host=127.0.0.1 port={free_port()} dbname=x")
    running.until_log("no database yet")
    assert running.end() == OK
    assert running.log().count("no database yet") == 1, "one line a change, not one a try"


@pytest.mark.skipif(not FULL, reason="takes half a minute")
def test_a_database_that_does_not_come_ends_the_start_after_half_a_minute(tmp_path):
    began = time.monotonic()
    expect(DATABASE, "start", "--database", f"host=127.0.0.1 port={free_port()} dbname=x", cwd=tmp_path)
    assert 25 < time.monotonic() - began < 45


def test_a_database_that_comes_up_during_the_wait_is_taken(start, database):
    target = psycopg2.extensions.parse_dsn(database)
    folder = target["host"]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    dsn = psycopg2.extensions.make_dsn(database, host="127.0.0.1", port=port)
    running = start("--database", dsn, "--port", 0)
    running.until_log("no database yet")
    relay = Relay(port, f"{folder}/.s.PGSQL.{target.get('port', 5432)}")
    try:
        running.until_log("is up")
        assert running.end() == OK
    finally:
        relay.close()


class Relay:
    """Makes a unix socket reachable at a TCP port."""

    def __init__(self, port, path):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", RELAY, str(port), path], stdin=subprocess.DEVNULL)

    def close(self):
        self.process.kill()
        self.process.wait()


RELAY = """
import asyncio, sys

async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    far_reader, far_writer = await asyncio.open_unix_connection(sys.argv[2])
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


@pytest.fixture
def owned_database():
    """A database whose schema only its owner may make, and a role that may only log in."""
    dsn = create_database()
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    role = name + "_user"
    with psycopg2.connect(dsn) as conn, conn.cursor() as cur:
        cur.execute(f'create role "{role}" login')
    conn.close()
    yield dsn, psycopg2.extensions.make_dsn(dsn, user=role)
    drop_database(dsn)
    with psycopg2.connect(cluster()) as conn, conn.cursor() as cur:
        cur.execute(f'drop role "{role}"')
    conn.close()


def test_a_role_that_may_not_make_the_schema_is_told_what_to_do(owned_database, tmp_path):
    _, dsn = owned_database
    done = expect(DATABASE, "start", "--database", dsn, "--port", 0, cwd=tmp_path)
    assert "taskhub migrate" in done.stderr


# ---- the door ----

def test_a_port_in_use_ends_the_start_with_its_own_status(database, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        done = expect(PORT, "start", "--database", database, "--port", port, cwd=tmp_path)
    assert str(port) in done.stderr


def test_an_address_that_is_not_ours_ends_the_start_with_the_ports_status(database, tmp_path):
    done = expect(PORT, "start", "--database", database, "--bind", "192.0.2.1", "--no-auth", "--port", 0, cwd=tmp_path)
    assert "192.0.2.1" in done.stderr


def test_port_zero_takes_a_free_one_and_says_which(start, database):
    running = start("--database", database, "--port", 0, example("hello"))
    running.until_log("/api/orchestrators/{name}")
    port = running.log().split("http://127.0.0.1:")[1].split(" ")[0].split("/")[0]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5):
        pass
    assert running.end() == OK


def test_another_address_is_served_and_needs_keys(start, database):
    running = start("--database", database, "--port", 0, "--bind", "0.0.0.0")
    running.until_log("requests need a key")
    running.until_log("is up")
    assert running.end() == OK


def test_without_a_right_to_the_secrets_no_door_with_keys_opens(database, tmp_path):
    expect(OK, "migrate", "--database", database, cwd=tmp_path)
    expect(OK, "hub", "create", "KeylessHub", "--database", database, cwd=tmp_path)
    conn = connect(database)
    name = "keyless" + psycopg2.extensions.parse_dsn(database)["dbname"][-12:]
    try:
        with conn.cursor() as cur:
            cur.execute(f"create role {name} login in role taskhub_worker")
            cur.execute("revoke all on taskhub.hub_secrets from taskhub_worker")
            done = expect(DATABASE, "start", "--auth", "--no-orchestrators", "--no-activities", "--port", 0, "--hub", "KeylessHub",
                          "--database", psycopg2.extensions.make_dsn(database, user=name), cwd=tmp_path)
            cur.execute("grant all on taskhub.hub_secrets to taskhub_worker")
            cur.execute(f"drop role {name}")
    finally:
        conn.close()
    assert "hub_secrets" in done.stderr


def test_another_address_is_served_without_keys_when_no_auth_says_so(start, database):
    running = start("--database", database, "--port", 0, "--bind", "0.0.0.0", "--no-auth")
    running.until_log("whoever can reach 0.0.0.0 manages this hub")
    running.until_log("is up")
    assert running.end() == OK


# ---- secrets ----

def test_a_password_on_the_command_line_is_hidden_and_warned_of(start, database):
    running = start("--database", database + " password=s3cret", "--port", 0)
    running.until_log("is up")
    with open(f"/proc/{running.process.pid}/cmdline", "rb") as f:
        assert b"s3cret" not in f.read()
    assert "use TASKHUB_DATABASE_URL, --database-file or PGPASSFILE" in running.log()
    assert "s3cret" not in running.log()
    assert running.end() == OK


def test_the_database_comes_from_a_file_or_the_environment(start, database, tmp_path):
    (tmp_path / "db").write_text(database + "\n")
    running = start("--database-file", "db", "--port", 0)
    running.until_log("is up")
    assert "PGPASSFILE" not in running.log()
    assert running.end() == OK
    running = start("--port", 0, env={"TASKHUB_DATABASE_URL": database})
    running.until_log("is up")
    assert running.end() == OK
    assert not (tmp_path / ".taskhub").exists()


# ---- roles ----

def test_a_front_end_and_a_worker_share_a_hub(make_service):
    front = make_service(apps=[], args=["--no-orchestrators", "--no-activities"], hub="SharedHub").start(ready=False)
    worker = make_service(args=["--no-http"], hub="SharedHub").start(ready=False)
    until(lambda: "is up" in front.log() and "worker.registered" in worker.log(), what="both are up")
    instance = front.start_instance("hello_orchestrator")
    assert front.wait_status(instance)["output"] == ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]
    with pytest.raises(OSError):
        worker.request("GET", "/health", timeout=2)
    assert worker.stop() == OK
    assert front.stop() == OK


def test_an_existing_hub_keeps_its_partitions_and_says_so(make_service):
    first = make_service(args=["--partitions", "2"], hub="SmallHub").start()
    assert first.sql("select partition_count from taskhub.hubs where name = 'SmallHub'") == [(2,)]
    assert first.stop() == OK
    second = make_service(args=["--partitions", "8"], hub="SmallHub").start()
    assert "hub SmallHub keeps its 2 partitions" in second.log()
    assert second.stop() == OK


# ---- the log, the stop ----

def test_every_line_of_a_json_log_is_json(make_service):
    service = make_service(args=["--log-format", "json"]).start()
    service.wait_status(service.start_instance("hello_orchestrator"))
    assert service.stop() == OK
    lines = [json.loads(line) for line in service.log().splitlines()]
    assert len(lines) > 3


def test_a_stop_lets_running_activities_end(make_service):
    service = make_service(apps=[example("f2")], hub="DrainHub").start()
    instance = service.start_instance("f2_orchestrator", input={"chains": 1, "length": 1, "seconds": 2})
    until(lambda: "F2 input" in service.log(), what="the activity runs")
    assert service.stop() == OK
    service.start()
    service.wait_status(instance, "Completed")
    assert service.log().count("F2 input") == 1, "it was not run again"
    service.stop()


def test_a_stop_waits_no_longer_than_the_drain_time(make_service):
    service = make_service(apps=[example("f2")], args=["--drain", "1"], hub="ShortHub").start()
    service.start_instance("f2_orchestrator", input={"chains": 1, "length": 1, "seconds": 60})
    until(lambda: "F2 input" in service.log(), what="the activity runs")
    began = time.monotonic()
    assert service.stop() == OK
    assert time.monotonic() - began < 8
    assert "did not end in time" in service.log()


def test_a_second_signal_stops_at_once(make_service):
    service = make_service(apps=[example("f2")], args=["--drain", "60"], hub="HurryHub").start()
    service.start_instance("f2_orchestrator", input={"chains": 1, "length": 1, "seconds": 60})
    until(lambda: "F2 input" in service.log(), what="the activity runs")
    service.process.send_signal(signal.SIGTERM)
    until(lambda: "once more to stop at once" in service.log(), what="the stop has begun")
    time.sleep(0.6)  # signals within half a second count as one
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == FAILED
    assert time.monotonic() - began < 3


def test_two_signals_in_a_row_are_one(make_service):
    service = make_service(hub="TwiceHub").start()
    service.process.send_signal(signal.SIGINT)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(30) == OK


# ---- host.json ----

def app_with(folder, host_json):
    (folder / "host.json").write_text(host_json)
    (folder / "hello.so").symlink_to(example("hello") + "/hello.so")


HUB_OF_HOST_JSON = '{"extensions": {"durableTask": {"hubName": "JsonHub"}}}'


@pytest.mark.parametrize("env, words, hub", [
    ({}, [], "JsonHub"),
    ({"TASKHUB_HUB": "EnvHub"}, [], "EnvHub"),
    ({"TASKHUB_HUB": "EnvHub"}, ["--hub", "FlagHub"], "FlagHub"),
])
def test_a_flag_beats_the_environment_and_that_beats_host_json(start, database, tmp_path, env, words, hub):
    app_with(tmp_path, HUB_OF_HOST_JSON)
    running = start("--database", database, "--port", 0, *words, env=env)  # the app is the working directory
    running.until_log(f"serves hub {hub};")
    assert running.end() == OK


def test_a_setting_that_is_not_known_is_warned_of(start, database, tmp_path):
    app_with(tmp_path, '{"extensions": {"durableTask": {"maxConcurrentActivities": 3}}}')
    running = start("--database", database, "--port", 0)
    running.until_log("maxConcurrentActivities")
    running.until_log("is up")
    assert running.end() == OK
