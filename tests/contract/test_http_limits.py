"""Hostile and large requests: each is answered, and the service goes on."""
import socket

import pytest

from service import app

APPS = [app("contract")]
ARGS = ["--no-orchestrators", "--no-activities"]
LIMIT = 100000


@pytest.fixture(scope="module")
def limited(database):
    import service as svc

    running = svc.Service(database, apps=APPS, args=ARGS, env={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LIMIT)})
    try:
        yield running.start()
    finally:
        running.close()


def read_all(s):
    got = b""
    while True:
        try:
            piece = s.recv(65536)
        except ConnectionResetError:
            return got
        if not piece:
            return got
        got += piece


def raw(service, data, then_close=True):
    """Sends bytes as they are; what comes back until the peer closes."""
    with socket.create_connection((service.host, service.port), timeout=10) as s:
        try:
            s.sendall(data)
            if then_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has had enough already
        return read_all(s)


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def alive(service):
    assert service.request("GET", "/health").status == 200


def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(limited):
    body = '"' + (LIMIT - 2) * "x" + '"'
    assert limited.post("/orchestrators/Echo", body).status == 202
    answer = limited.post("/orchestrators/Echo", body + " ")
    assert answer.status == 413 and set(answer.json) == {"Message", "ExceptionMessage", "ExceptionType", "StackTrace"}
    alive(limited)


def test_a_length_beyond_the_limit_is_answered_before_the_body_is_sent(limited):
    head = (b"POST /runtime/webhooks/durabletask/orchestrators/Echo HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 99999999999\r\n\r\n")
    with socket.create_connection((limited.host, limited.port), timeout=5) as s:
        s.sendall(head)
        assert status_of(s.recv(65536)) == 413
    alive(limited)


def test_a_chunked_body_beyond_the_limit_is_answered_413(limited):
    answer = limited.call("POST", "/orchestrators/Echo", iter([b"x" * 60000, b"x" * 60000]))
    assert answer.status == 413, answer
    alive(limited)


@pytest.mark.parametrize("data", [
    pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + 100000 * b"a" + b"\r\n\r\n", id="a header of 100 kB"),
    pytest.param(b"GET /" + 100000 * b"a" + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="a URL of 100 kB"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n" + 20000 * b"A: b\r\n" + b"\r\n", id="twenty thousand headers"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", id="a negative length"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a bad chunk"),
    pytest.param(b"\0\1\2\3\r\n\r\n", id="no HTTP"),
    pytest.param(b"GET\r\n\r\n", id="no target"),
    pytest.param(b"GET /runtime/webhooks/durabletask/instances/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", id="raw bytes"),
    pytest.param(b"GET /runtime/webhooks/durabletask/instances/a HTTP/1.1\r\n", id="cut headers"),
    pytest.param(b"POST /runtime/webhooks/durabletask/orchestrators/Echo HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 10\r\n\r\n{", id="a cut body"),
])
def test_what_is_no_request_does_no_harm(limited, data):
    status = status_of(raw(limited, data))
    assert status is None or 400 <= status < 500
    alive(limited)


def test_many_parameters_of_one_name_are_read_in_good_time(limited):
    path = "/instances?" + "&".join(["runtimeStatus=Running"] * 200)
    assert limited.get(path).status == 200


def test_pipelined_requests_are_answered_in_order(limited):
    one = b"GET /runtime/webhooks/durabletask/instances/none%d HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    got = raw(limited, one % 1 + one % 2 + last, then_close=False)
    assert [line.split()[1] for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [b"404", b"404", b"200"]


def test_a_client_that_leaves_while_its_call_waits_does_no_harm(limited):
    for _ in range(20):
        with socket.create_connection((limited.host, limited.port), timeout=5) as s:
            s.sendall(b"POST /runtime/webhooks/durabletask/orchestrators/Echo"
                      b"?timeout=1&pollingInterval=0.1 HTTP/1.1\r\n"
                      b"Host: x\r\nContent-Length: 0\r\n\r\n")
    alive(limited)
