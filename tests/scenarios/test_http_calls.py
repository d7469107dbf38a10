"""Durable HTTP calls against a server of the test: answers, polls, tries, refusals, and what a kill leaves of them."""
import json
import shutil
import ssl
import subprocess
import uuid

import pytest

import service as svc
from http_partner import Partner
from service import app, free_port, until

HTTP_SETTINGS = {"defaultAsyncRequestSleepTimeMilliseconds": 100, "maxResponseContentBytes": 100000}


def app_folder(path, http_settings=None, **durable):
    """A folder with the app and a host.json."""
    path.mkdir()
    shutil.copy(app("http_calls"), path / "http_calls.so")
    settings = {"httpSettings": HTTP_SETTINGS if http_settings is None else http_settings, **durable}
    (path / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": settings}}))
    return str(path)


@pytest.fixture(scope="module")
def partner():
    one = Partner()
    yield one
    one.close()


@pytest.fixture(scope="module")
def service(database, tmp_path_factory):
    """With one slot for activities: whatever waits for a poll or a try must not hold it."""
    folder = app_folder(tmp_path_factory.mktemp("app") / "http_calls", maxConcurrentActivityFunctions=1)
    running = svc.Service(database, apps=[folder], env={"NO_PROXY": "127.0.0.1"})
    try:
        yield running.start()
        assert running.stop() == 0, running.log()[-3000:]
    finally:
        running.close()


@pytest.fixture(autouse=True)
def nothing_is_left(service):
    yield
    if service.process is not None:
        assert service.sql("select * from taskhub.stuck") == []


def key():
    return "k" + uuid.uuid4().hex[:12]


def run(service, name, value, timeout=30.0):
    status = service.wait_status(service.start_instance(name, input=value), timeout=timeout)
    assert status["runtimeStatus"] == "Completed", status
    return status["output"]


def raw(service, **request):
    return run(service, "Raw", request)


def fetch(service, url, **how):
    return run(service, "Fetch", {"url": url, **how})


def failure(service, kind, **request):
    """The message of a call that fails with that type."""
    out = raw(service, **request)
    assert "failure" in out, out
    assert out["failure"]["type"] == kind, out
    return out["failure"]["message"]


# -- one request, one answer


def test_an_answer_has_status_headers_and_content(service, partner):
    answer = fetch(service, partner.origin + "/echo", method="PUT", body="héllo \"you\"")["answer"]
    assert answer["statusCode"] == 200 and answer["content"] == 'PUT héllo "you"'
    assert answer["headers"]["Echo"] == "yes" and answer["headers"]["Content-Type"] == "text/plain"


def test_the_readers_of_an_answer_read_it(service, partner):
    assert run(service, "ReadAnswer", partner.origin + "/echo") == [200, "POST body", "yes", None]


def test_headers_go_along_and_a_content_is_plain_text_unless_they_say_otherwise(service, partner):
    path = f"/echo/{key()}"
    fetch(service, partner.origin + path, method="POST", body="b", headers=["X-One: 1", "Empty:"])
    fetch(service, partner.origin + path, method="POST", body="{}", headers=["content-type: application/json"])
    (method, one, body), (_, two, _) = partner.requests(path)
    assert (method, body) == ("POST", b"b") and one["X-One"] == "1" and one["Empty"] == ""
    assert one["Content-Type"] == "text/plain; charset=utf-8" and one["User-Agent"].startswith("pgtaskhub/")
    assert "Expect" not in one and two["content-type"] == "application/json"


def test_a_call_belongs_to_the_trace_of_its_start_unless_it_says_otherwise(service, partner):
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=1"}
    own = trace["traceparent"].replace("4bf9", "5bf9")
    path = f"/echo/{key()}"
    for headers in ([], [f"TraceParent: {own}"]):
        started = service.post("/orchestrators/Fetch", json.dumps({"url": partner.origin + path, "headers": headers}),
                               headers=trace)
        service.wait_status(started.json["id"], "Completed")
    fetch(service, partner.origin + path)
    (_, one, _), (_, two, _), (_, three, _) = partner.requests(path)
    assert {k: one[k] for k in trace} == trace
    assert two["TraceParent"] == own and "traceparent" not in two and "tracestate" not in two
    assert "traceparent" not in three


def test_a_request_of_durable_functions_runs_as_it_is(service, partner):
    path = f"/echo/{key()}"
    answer = raw(service, method="POST", uri=partner.origin + path, content='{"a":1}', tokenSource=None,
                 headers={"Accept": ["text/plain", "text/html"]}, asynchronousPatternEnabled=True)["answer"]
    assert answer["content"] == 'POST {"a":1}'
    assert partner.requests(path)[0][1]["Accept"] in ("text/plain", "text/html")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "POST", "PATCH"])
def test_methods_without_content_are_sent_without_any(service, partner, method):
    path = f"/echo/{key()}"
    answer = raw(service, method=method, uri=partner.origin + path)["answer"]
    assert answer["statusCode"] == 200
    ((sent, headers, body),) = partner.requests(path)
    assert (sent, body) == (method, b"") and "Content-Type" not in headers


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_any_status_is_an_answer(service, partner, status):
    assert raw(service, uri=f"{partner.origin}/status/{status}")["answer"]["statusCode"] == status


def test_several_headers_of_one_name_are_an_array(service, partner):
    assert raw(service, uri=partner.origin + "/cookies")["answer"]["headers"]["Set-Cookie"] == ["a=1", "b=2"]


def test_content_that_is_no_text_is_made_one(service, partner):
    content = raw(service, uri=partner.origin + "/binary")["answer"]["content"]
    assert content == "".join(map(chr, range(128))) + "\ufffd" * 128
    assert raw(service, uri=partner.origin + "/latin1")["answer"]["content"] == "ü"


# -- redirects


def test_redirects_are_followed_up_to_ten(service, partner):
    assert raw(service, uri=partner.origin + "/redirect/10")["answer"]["content"] == "GET "
    assert "more than 10 redirects" in failure(service, "HttpRequestException", uri=partner.origin + "/loop")


@pytest.mark.parametrize("status, content", [(303, "GET "), (302, "GET "), (307, "POST b"), (308, "POST b")])
def test_a_redirect_keeps_the_content_where_its_status_says_so(service, partner, status, content):
    answer = raw(service, method="POST", content="b", uri=f"{partner.origin}/hop?status={status}&to=/echo")["answer"]
    assert answer["content"] == content


def test_a_redirect_to_another_origin_takes_no_credentials_along(service, partner):
    other = Partner()
    try:
        raw(service, uri=f"{partner.origin}/hop?status=302&to={other.origin}/echo",
            headers={"Authorization": "secret", "Cookie": "secret", "X-Kept": "yes"})
        ((_, headers, _),) = other.requests("/echo")
    finally:
        other.close()
    assert "Authorization" not in headers and "Cookie" not in headers and headers["X-Kept"] == "yes"


def test_a_redirect_to_another_scheme_is_no_redirect(service, partner):
    answer = raw(service, uri=f"{partner.origin}/hop?status=302&to=file:///etc/passwd")["answer"]
    assert answer["statusCode"] == 302 and answer["content"] == ""


# -- 202


def test_202_is_polled_until_it_is_over(service, partner):
    job = key()
    instance = service.start_instance("Raw", input={
        "method": "POST", "uri": f"{partner.origin}/jobs/{job}", "content": "x",
        "headers": {"X-Token": "t", "Content-Type": "text/x"}})
    until(lambda: len(partner.requests(f"/state/{job}")) >= 3, what="three polls")
    partner.finish(job)
    answer = service.wait_status(instance)["output"]["answer"]
    assert answer["statusCode"] == 200 and answer["content"] == f"done {job}"
    ((_, first, _),) = partner.requests(f"/jobs/{job}")
    for method, headers, body in partner.requests(f"/state/{job}"):
        assert (method, body, headers["X-Token"]) == ("GET", b"", "t") and "Content-Type" not in headers
        assert headers["Taskhub-Call-Id"] == first["Taskhub-Call-Id"]
    kinds = service.sql("select kind, name from taskhub.history_events where instance_id = %s and kind like 'Task%%' order by seq",
                        [instance])
    assert kinds == [("TaskScheduled", "BuiltIn::HttpActivity"), ("TaskCompleted", None)], "polls are no matter of the history"


def test_retry_after_says_when_to_ask_again(service, partner):
    job = key()
    partner.finish(job)
    instance = service.start_instance("Raw", input={"uri": f"{partner.origin}/jobs/{job}?after=3600"})
    left = "select extract(epoch from due - now()) from taskhub.activities where claimed_by is null and instance_id = %s"
    ((seconds,),) = until(lambda: service.sql(left, [instance]), what="the call waits in the queue")
    assert 3500 < seconds <= 3600
    service.sql("update taskhub.activities set due = now() where instance_id = %s", [instance])
    assert service.wait_status(instance)["output"]["answer"]["content"] == f"done {job}"


def test_a_location_may_be_a_whole_url_elsewhere(service, partner):
    other, job = Partner(), key()
    try:
        other.finish(job)
        url = f"{partner.origin}/jobs/{job}?location={other.origin}/state/{job}"
        assert raw(service, uri=url)["answer"]["content"] == f"done {job}"
    finally:
        other.close()


def test_202_is_an_answer_without_polling_or_without_a_location(service, partner):
    url = f"{partner.origin}/jobs/{key()}"
    assert raw(service, uri=url, asynchronousPatternEnabled=False)["answer"]["content"] == "working"
    assert fetch(service, url, noPolling=True)["answer"]["statusCode"] == 202
    assert raw(service, uri=partner.origin + "/status/202")["answer"]["content"] == "as asked"


def test_many_waiting_calls_leave_the_only_slot_free(service, partner):
    jobs = [key() for _ in range(20)]
    calls = [{"url": f"{partner.origin}/jobs/{job}", "method": "POST"} for job in jobs]
    instance = service.start_instance("FanOut", input=calls)
    until(lambda: all(partner.requests(f"/state/{job}") for job in jobs), what="all are polled")
    assert run(service, "Work", 7, timeout=10) == 7
    for job in jobs:
        partner.finish(job)
    assert service.wait_status(instance)["output"] == [200] * 20
    assert all(len(partner.requests(f"/jobs/{job}")) == 1 for job in jobs)


# -- ends that come from outside


@pytest.mark.parametrize("how", ["terminate", "complete"])
def test_nobody_is_asked_any_more_when_the_orchestration_has_ended(service, partner, how):
    job = key()
    name = "Raw" if how == "terminate" else "Impatient"
    url = f"{partner.origin}/jobs/{job}"
    instance = service.start_instance(name, input={"uri": url, "url": url})
    until(lambda: partner.requests(f"/state/{job}"), what="a poll")
    if how == "terminate":
        assert service.post(f"/instances/{instance}/terminate?reason=why").status == 202
    status = service.wait_status(instance)
    assert status["output"] == ("why" if how == "terminate" else "gave up")
    until(lambda: not service.sql("select 1 from taskhub.activities where instance_id = %s", [instance]),
          what="the call is gone from the queue")


def test_a_request_under_way_is_broken_off_at_a_terminate(service, partner):
    slow = key()
    instance = service.start_instance("Raw", input={"uri": f"{partner.origin}/slow/{slow}"})
    until(lambda: partner.requests(f"/slow/{slow}"), what="the request is there")
    assert service.post(f"/instances/{instance}/terminate?reason=why").status == 202
    until(lambda: slow in partner.gone, what="the client hung up")
    assert service.wait_status(instance)["runtimeStatus"] == "Terminated"


def test_a_call_that_is_polled_survives_kills_without_a_second_first_request(service, partner):
    job = key()
    instance = service.start_instance("Raw", input={"method": "POST", "uri": f"{partner.origin}/jobs/{job}"})
    for _ in range(2):
        polls = len(partner.requests(f"/state/{job}"))
        until(lambda: len(partner.requests(f"/state/{job}")) > polls, what="another poll")
        service.restart("kill")
    partner.finish(job)
    assert service.wait_status(instance)["output"]["answer"]["content"] == f"done {job}"
    assert len(partner.requests(f"/jobs/{job}")) == 1


def test_a_request_that_was_under_way_at_a_kill_is_sent_again_under_its_id(service, partner):
    slow = key()
    instance = service.start_instance("Raw", input={"method": "POST", "uri": f"{partner.origin}/slow/{slow}"})
    until(lambda: partner.requests(f"/slow/{slow}"), what="the request is there")
    service.restart("kill")
    until(lambda: len(partner.requests(f"/slow/{slow}")) == 2, what="it is sent again")
    partner.release(slow)
    assert service.wait_status(instance)["output"]["answer"]["content"] == "at last"
    assert len({headers["Taskhub-Call-Id"] for _, headers, _ in partner.requests(f"/slow/{slow}")}) == 1


# -- tries


def test_bad_statuses_are_tried_again_and_the_answer_is_that_of_the_last_try(service, partner):
    path = f"/flaky/{key()}/2"
    assert fetch(service, partner.origin + path, attempts=5, intervalMs=20)["answer"]["statusCode"] == 200
    assert len(partner.requests(path)) == 3


def test_a_status_that_stays_bad_fails_after_the_last_try(service, partner):
    path = f"/flaky/{key()}/9"
    retry = {"maxNumberOfAttempts": 3, "firstRetryIntervalInMilliseconds": 20}
    assert "status 503 after 3 attempts" in failure(
        service, "HttpRequestException", uri=partner.origin + path, retryOptions=retry)
    assert len(partner.requests(path)) == 3


def test_only_statuses_that_are_named_are_tried_again(service, partner):
    path = f"/flaky/{key()}/1"
    assert fetch(service, partner.origin + path, attempts=3, statuses=[500, 502])["answer"]["statusCode"] == 503


def test_an_answer_that_does_not_come_is_a_timeout(service, partner):
    slow = key()
    message = failure(service, "TimeoutException", uri=f"{partner.origin}/slow/{slow}", timeout="00:00:00.2")
    assert message == f"GET {partner.origin}: no answer within 0.2 seconds"
    out = fetch(service, f"{partner.origin}/slow/{slow}", timeoutMs=100, attempts=2)
    assert out["failure"]["type"] == "TimeoutException" and len(partner.requests(f"/slow/{slow}")) == 3


# -- what goes wrong


def test_nobody_there_and_no_http_are_failures_that_name_the_place(service, partner):
    port = free_port()
    message = failure(service, "HttpRequestException", uri=f"http://user:pw@127.0.0.1:{port}/secret")
    assert message.startswith(f"GET http://127.0.0.1:{port}: ") and "secret" not in message and "pw" not in message
    assert failure(service, "HttpRequestException", uri=partner.origin + "/garbage")
    assert failure(service, "HttpRequestException", uri=partner.origin + "/reset")
    assert failure(service, "HttpRequestException", uri="http://no-such-host.invalid/")


def test_too_much_is_a_failure(service, partner):
    assert raw(service, uri=partner.origin + "/big/100000")["answer"]["content"] == "x" * 100000
    assert "more than 100000 bytes" in failure(service, "HttpRequestException", uri=partner.origin + "/big/100001")
    assert "headers" in failure(service, "HttpRequestException", uri=partner.origin + "/headers/600")


@pytest.mark.parametrize("request_, words", [
    ({}, "uri: is required"),
    ({"uri": "ftp://a/"}, "uri: must begin with http:// or https://"),
    ({"uri": "http://a/", "method": "A B"}, "method: must be an HTTP method"),
    ({"uri": "http://a/", "headers": {"A": "x\r\ny: z"}}, "headers.A: must not contain control characters"),
    ({"uri": "http://a/", "headers": {"Content-Length": "3"}}, "headers.Content-Length: must not be given"),
    ([], "must be an object"),
])
def test_a_bad_request_fails_with_the_member_and_the_rule(service, request_, words):
    out = run(service, "Raw", request_)
    assert out["failure"]["type"] == "ArgumentException" and words in out["failure"]["message"], out


def test_managed_identities_are_said_to_be_unsupported(service, partner):
    message = failure(service, "NotSupportedException", uri=partner.origin + "/echo",
                      tokenSource={"kind": "AzureManagedIdentity", "resource": "r"})
    assert "managed identities are not supported" in message


@pytest.mark.parametrize("how, words", [
    ({"method": "GET"}, "the url is NULL"),
    ({"url": "http://a", "headers": ["no colon"]}, 'is not "Name: value"'),
    ({"url": "http://a", "attempts": -1}, "max_attempts must be"),
    ({"url": "http://a", "attempts": 2, "handler": True}, "can't have a handler"),
])
def test_wrong_use_fails_the_orchestrator(service, how, words):
    status = service.wait_status(service.start_instance("Fetch", input=how))
    assert status["runtimeStatus"] == "Failed" and words in status["output"], status


# -- TLS, and where calls may go


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=partner", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder


def test_a_certificate_must_be_trusted(service, make_service, certificate, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    secure = Partner(context)
    try:
        assert "certificate" in failure(service, "HttpRequestException", uri=secure.origin + "/echo")
        trusting = make_service(apps=[app_folder(tmp_path / "http_calls")], hub="TlsHub",
                                env={"TASKHUB_HTTP_CA_FILE": str(certificate / "cert.pem"), "NO_PROXY": "127.0.0.1"}).start()
        assert raw(trusting, uri=secure.origin + "/echo")["answer"]["content"] == "GET "
        answer = raw(trusting, uri=f"{secure.origin}/hop?status=302&to=http://127.0.0.1:9/")["answer"]
        assert answer["statusCode"] == 302, "from https to http nobody is led"
    finally:
        secure.close()


def test_calls_go_only_where_the_list_says(make_service, partner, tmp_path):
    allowed = partner.origin + "/echo"
    folder = app_folder(tmp_path / "http_calls", {"allowList": [allowed, partner.origin + "/hop", partner.origin + "/jobs"]})
    service = make_service(apps=[folder], hub="ListHub", env={"NO_PROXY": "127.0.0.1"}).start()
    refused = "httpSettings.allowList does not have it"
    before = len(partner.asked)
    assert raw(service, uri=allowed + "/x")["answer"]["statusCode"] == 200
    for uri in (partner.origin + "/status/200", allowed + "/../status/200", "http://localhost/", partner.origin + "/hop?status=302&to=/status/200",
                f"{partner.origin}/jobs/x"):
        assert refused in failure(service, "HttpRequestException", uri=uri)
    paths = [path for _, path, _, _ in partner.asked[before:]]
    assert paths == ["/echo/x", "/hop", "/jobs/x"]


def test_calls_can_be_kept_to_public_addresses(make_service, partner, tmp_path):
    folder = app_folder(tmp_path / "http_calls", {"publicAddressesOnly": True})
    service = make_service(apps=[folder], hub="PublicHub", env={"NO_PROXY": "*"}).start()
    for host in ("127.0.0.1", "localhost"):
        message = failure(service, "HttpRequestException", uri=partner.origin.replace("127.0.0.1", host) + "/echo")
        assert "its address is not public" in message


def test_a_bad_list_ends_the_start(make_service, tmp_path):
    service = make_service(apps=[app_folder(tmp_path / "http_calls", {"allowList": ["ftp://a"]})], hub="BadHub").start(ready=False)
    assert service.process.wait(30) == 3
    service.process = None
    assert "httpSettings.allowList: 'ftp://a' is not" in service.log()
