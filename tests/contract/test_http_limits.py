"""Hostile and large requests: each is answered, and the service goes on."""
import json
import socket

import pytest

from http_cases import ERROR_KEYS
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


BASE = b"/runtime/webhooks/durabletask"


def request(line, *headers, body=b""):
    lines = (line + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers, b"", body)
    return b"\r\n".join(lines)


def chunked(body):
    return request(b"POST " + BASE + b"/orchestrators/Echo", b"Transfer-Encoding: chunked", body=body)


# What is refused by libmicrohttpd itself, and how. None: the connection is closed without an answer.
UNREADABLE = {
    "a header of 100 kB": (request(b"GET /", b"X: " + 100000 * b"a"), 431),
    "a URL of 100 kB": (request(b"GET /" + 100000 * b"a"), 414),
    "a query of 100 kB": (request(b"GET " + BASE + b"/instances?x=" + 100000 * b"a"), 414),
    "a method of 100 kB": (request(100000 * b"A" + b" /"), 414),
    "twenty thousand headers": (request(b"GET /", *20000 * [b"A: b"]), 431),
    "a header without a colon": (request(b"GET /", b"nonsense"), 400),
    "a chunk's size that is none": (chunked(b"zz\r\n"), 400),
    "a chunk's size beyond all": (chunked(b"fffffffffffffffffff\r\n"), 413),
    "a chunk that is longer than it says": (chunked(b"1\r\nab\r\n"), 400),
    "a version to come": (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "no version at all": (b"GET / FTP/1.1\r\nHost: x\r\n\r\n", 400),
}

CUT = ("cut headers", "a cut body", "a cut chunk", "no HTTP", "no target", "TLS", "an unknown encoding")
BAD_LENGTHS = {b"-5": 400, b"5x": 400, b"0x5": 400, b"99999999999999999999999": 413}

# What is left to the API, or answered by nobody.
STRANGE = {
    "no HTTP": b"\0\1\2\3\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
    "no target": b"GET\r\n\r\n",
    "raw bytes": request(b"GET " + BASE + b"/instances/\xff\xfe"),
    "an unknown method": request(b"BREW " + BASE + b"/instances"),
    "a star": request(b"OPTIONS *"),
    "a proxy's target": request(b"GET http://elsewhere.example" + BASE + b"/instances/none"),
    "CONNECT": request(b"CONNECT elsewhere.example:443"),
    "TLS": bytes.fromhex("16030100c8010000c40303") + 200 * b"\x55",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown encoding": request(b"POST " + BASE + b"/orchestrators/Echo", b"Transfer-Encoding: gzip", body=b"1"),
    "cut headers": b"GET " + BASE + b"/instances/a HTTP/1.1\r\n",
    "a cut body": request(b"POST " + BASE + b"/orchestrators/Echo", b"Content-Length: 10", body=b"{"),
    "a cut chunk": chunked(b"5\r\n1"),
    "lines that go on": request(b"GET " + BASE + b"/instances/none", b"X: a\r\n b\r\n\tc"),
    "line feeds only": b"GET /health HTTP/1.1\nHost: x\nConnection: close\n\n",
}


def check_format(answer):
    """Every answer that has a body has JSON, errors with all four keys."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if status_of(answer) >= 400 and body:
        assert b"content-type: application/json" in head.lower(), answer[:500]
        assert set(json.loads(body)) == ERROR_KEYS, answer[:500]


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_the_library_refuses_is_answered_in_the_format_of_all_errors(limited, case):
    data, status = UNREADABLE[case]
    answer = raw(limited, data)
    assert status_of(answer) == status, answer[:500]
    assert answer.partition(b"\r\n\r\n")[2]
    check_format(answer)
    alive(limited)


@pytest.mark.parametrize("length", BAD_LENGTHS)
def test_a_bad_length_is_answered_without_a_body(limited, length):
    answer = raw(limited, request(b"POST " + BASE + b"/orchestrators/Echo", b"Content-Length: " + length))
    assert status_of(answer) == BAD_LENGTHS[length]
    assert b"content-length: 0\r\n" in answer.partition(b"\r\n\r\n")[0].lower() + b"\r\n", answer
    assert b"html" not in answer
    alive(limited)


@pytest.mark.parametrize("headers", [
    pytest.param([b"Content-Length: 1", b"Content-Length: 1"], id="two lengths"),
    pytest.param([b"Content-Length: 1", b"content-length: 200"], id="two other lengths"),
    pytest.param([b"Content-Length: 6", b"Transfer-Encoding: chunked"], id="a length and chunks")])
def test_a_body_with_two_ends_is_refused_and_nothing_after_it_is_read(limited, headers):
    smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(limited, request(b"POST " + BASE + b"/orchestrators/Echo", *headers, body=b"1\r\n1\r\n0\r\n\r\n" + smuggled))
    assert status_of(answer) == 400 and answer.count(b"HTTP/1.1") == 1, answer
    check_format(answer)
    alive(limited)


@pytest.mark.parametrize("case", STRANGE)
def test_what_is_no_request_of_ours_does_no_harm(limited, case):
    answer = raw(limited, STRANGE[case], then_close=case in CUT)
    if status_of(answer):
        assert status_of(answer) < 500 or case == "HTTP/2", answer[:500]
        check_format(answer)
    else:
        assert case in CUT, answer
    alive(limited)


@pytest.mark.parametrize("method", ["BREW", "PATCH", "TRACE", "PROPFIND", "get"])
def test_an_unknown_method_is_405_below_the_base_and_404_elsewhere(limited, method):
    for path, status in ((BASE.decode() + "/instances", 405), ("/elsewhere", 404)):
        answer = limited.request(method, path)
        assert answer.status == status and not answer.body, answer


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
