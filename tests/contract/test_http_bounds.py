"""No request takes more than its share: large hubs, a database that hangs, clients that are slow or gone."""
import os
import pathlib
import re
import signal
import socket
import time

import pytest

import service as svc
from http_cases import ERROR_KEYS
from service import app, until

APPS = [app("contract")]
ARGS = ["--no-orchestrators", "--no-activities"]
BASE = b"/runtime/webhooks/durabletask"
MANY = 22000  # more than a page looks at in one go


def fill_hub(service, hub, count):
    if hub != service.hub:
        service.sql("select taskhub.create_hub(%s)", (hub,))
    service.sql(
        "insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, created_at)"
        " select taskhub.partition_of('i' || n, %s), 'i' || n, gen_random_uuid(), gen_random_uuid(), 1, 'Echo',"
        " '2026-01-01' from generate_series(1, %s) n", (hub, count))


def test_a_filter_that_lets_little_through_finds_all_of_it(service):
    fill_hub(service, "LargeHub", MANY)
    service.sql("update taskhub.instances set status = 3, failure = '{}' where instance_id in ('i1', 'i19999', 'i22000')")
    answer = service.get("/instances?taskHub=LargeHub&runtimeStatus=Failed&showInput=false")
    assert [row["instanceId"] for row in answer.json] == ["i1", "i19999", "i22000"], answer
    assert answer.headers["x-ms-continuation-token"] == ""
    assert service.get("/instances?taskHub=LargeHub&name=Nobody").json == []


def test_a_purge_of_many_counts_all_of_them(service):
    fill_hub(service, "PurgedHub", 2345)
    answer = service.delete("/instances?taskHub=PurgedHub&createdTimeFrom=2000-01-01")
    assert answer.status == 200 and answer.json == {"instancesDeleted": 2345}, answer
    assert service.get("/instances?taskHub=PurgedHub").json == []


@pytest.mark.skipif(os.environ.get("TH_FULL") != "1", reason="takes half a minute")
def test_a_purge_that_takes_too_long_says_how_far_it_came_and_the_engine_does_the_rest(make_service):
    service = make_service(apps=APPS, hub="SlowHub").start()
    fill_hub(service, "SlowHub", 5000)
    service.sql("create function public.dawdle() returns trigger language plpgsql as"
                " $$ begin perform pg_sleep(4); return null; end $$")
    service.sql("create trigger dawdle after delete on taskhub.instances for each statement"
                " execute function public.dawdle()")
    try:
        begin = time.monotonic()
        answer = service.delete("/instances?taskHub=SlowHub&createdTimeFrom=2000-01-01", timeout=60)
        assert 18 < time.monotonic() - begin < 35
    finally:
        service.sql("drop trigger dawdle on taskhub.instances")
        service.sql("drop function public.dawdle()")
    assert answer.status == 202 and 0 < answer.json["instancesDeleted"] < 5000, answer
    deleted = "select deleted from taskhub.purges_view where purge_id = %s and state = 'finished'"
    rest = until(lambda: service.sql(deleted, [answer.json["purgeId"]]), 30, what="the engine has done the rest")
    assert answer.json["instancesDeleted"] + rest[0][0] == 5000


def backends(service):
    """Processes of the service's blocking connections."""
    return [pid for (pid,) in service.sql("select pid from pg_stat_activity where application_name = 'taskhub pool'"
                                          " and datname = current_database()")]


@pytest.mark.skipif(os.environ.get("TH_FULL") != "1", reason="takes a minute")
def test_a_call_that_hangs_in_the_database_is_answered_in_time(make_service):
    service = make_service(apps=APPS, args=ARGS, hub="HungHub").start()
    service.get("/instances")
    owner = pathlib.Path(f"/proc/{backends(service)[0]}").stat().st_uid
    if os.geteuid() not in (0, owner):
        pytest.skip("may not stop the processes of PostgreSQL")
    stopped = backends(service)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        answer = service.get("/instances", timeout=90)
        assert answer.status == 503 and "in time" in answer.json["Message"], answer
        assert 40 < time.monotonic() - begin < 55
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert until(lambda: service.get("/instances").status == 200)


def active(service):
    """Requests under way, without the one that asks."""
    text = service.request("GET", "/metrics").text
    return int(re.search(r"^taskhub_http_active (\d+)", text, re.M).group(1)) - 1


def test_a_client_that_leaves_ends_its_wait(service):
    for _ in range(20):
        with socket.create_connection((service.host, service.port), timeout=5) as s:
            s.sendall(b"POST " + BASE + b"/orchestrators/Echo?timeout=86400&pollingInterval=0.1 HTTP/1.1\r\n"
                      b"Host: x\r\nContent-Length: 0\r\n\r\n")
    until(lambda: active(service) == 0)


@pytest.mark.skipif(os.environ.get("TH_FULL") != "1", reason="takes ten seconds")
def test_a_body_that_comes_by_the_drop_loses_its_connection(service):
    with socket.create_connection((service.host, service.port), timeout=5) as s:
        s.sendall(b"POST " + BASE + b"/orchestrators/Echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        begin = time.monotonic()

        def is_closed():
            try:
                s.sendall(b" ")
                s.settimeout(0.2)
                return s.recv(1000) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(is_closed, timeout=20)
        assert time.monotonic() - begin > 9


def test_a_body_that_comes_slowly_but_surely_is_read(service):
    text = b'"' + 60 * b"x" + b'"'
    with socket.create_connection((service.host, service.port), timeout=5) as s:
        s.sendall(b"POST " + BASE + b"/orchestrators/Echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(text))
        for byte in text:
            s.sendall(bytes([byte]))
            time.sleep(0.005)
        assert s.recv(1000).startswith(b"HTTP/1.1 202")
