"""What holds while no process runs orchestrators: every instance stays Pending."""
import json
import threading

import pytest

from given import check_row, new_id, pending
from http_cases import PENDING
from service import app, quote

APPS = [app("contract")]
ARGS = ["--no-orchestrators", "--no-activities"]


@pytest.mark.parametrize("row", [pytest.param(r, id=r.title) for r in PENDING])
def test_case(service, row):
    check_row(service, row)


def test_the_input_keeps_order_numbers_and_escapes(service):
    for text in ('{"b":1,"a":2}', "123456789012345678901234567890", "1.0", '"\\u0000"', '"\\u00e9é"', '""', "null",
                 '"{\\"a\\": 1}"'):
        answer = service.post("/orchestrators/Echo", text)
        assert answer.status == 202, answer
        body = service.get("/instances/" + answer.json["id"]).text
        assert f'"input":{text},' in body


def test_no_body_is_a_null_input(service):
    instance = service.start_instance("Echo")
    assert '"input":null,' in service.get(f"/instances/{instance}").text


def test_the_status_object_has_its_keys_in_order_and_whole_seconds(service):
    status = service.get("/instances/" + pending(service)).json
    assert list(status) == ["name", "instanceId", "runtimeStatus", "input", "customStatus", "output", "createdTime",
                            "lastUpdatedTime"]
    assert len(status["createdTime"]) == len("2018-02-28T05:18:49Z") and status["createdTime"].endswith("Z")


def test_a_version_stands_in_the_status(service):
    service.post("/orchestrators/Echo/with-version?version=1.2")
    assert service.status("with-version")["version"] == "1.2"


def test_payload_urls_and_location(service):
    instance = "a b:%é"
    answer = service.post("/orchestrators/Echo/" + quote(instance))
    form = "a+b%3A%25%C3%A9"
    base = f"{service.origin}/runtime/webhooks/durabletask/instances/{form}"
    q = "taskHub=TestHub&connection=Storage"
    assert answer.json == {
        "id": instance,
        "statusQueryGetUri": f"{base}?{q}",
        "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{q}",
        "terminatePostUri": f"{base}/terminate?reason={{text}}&{q}",
        "purgeHistoryDeleteUri": f"{base}?{q}",
        "restartPostUri": f"{base}/restart?{q}",
        "suspendPostUri": f"{base}/suspend?reason={{text}}&{q}",
        "resumePostUri": f"{base}/resume?reason={{text}}&{q}",
    }
    assert answer.headers["Location"] == f"{base}?{q}"
    status = service.request("GET", answer.json["statusQueryGetUri"])
    assert status.json["instanceId"] == instance
    assert status.headers["Location"] == answer.json["statusQueryGetUri"]


def test_the_connection_of_a_request_comes_back_in_its_urls(service):
    answer = service.post("/orchestrators/Echo?connection=Other%20one&taskHub=%20")
    assert answer.headers["Location"].endswith("?taskHub=TestHub&connection=Other+one")
    assert service.request("GET", answer.headers["Location"]).status == 202
    answer = service.post("/orchestrators/Echo?connection=%20")
    assert answer.headers["Location"].endswith("&connection=Storage")


def test_an_id_with_a_blank_is_found_under_both_spellings(service):
    assert service.post("/orchestrators/Echo/blank%20id").json["id"] == "blank id"
    assert service.get("/instances/blank%20id").json["instanceId"] == "blank id"
    assert service.get("/instances/blank+id").json["instanceId"] == "blank id"


def test_the_host_header_makes_the_origin_and_a_strange_one_is_left_out(service):
    answer = service.post("/orchestrators/Echo", headers={"Host": "hub.example:8080"})
    assert answer.json["statusQueryGetUri"].startswith("http://hub.example:8080/runtime/")
    answer = service.post("/orchestrators/Echo", headers={"Host": 'x"y'})
    assert answer.json["statusQueryGetUri"].startswith(service.origin)


def test_a_forwarded_host_counts_only_when_configured(service):
    answer = service.post("/orchestrators/Echo", headers={"X-Forwarded-Host": "h", "X-Forwarded-Proto": "https"})
    assert answer.json["statusQueryGetUri"].startswith(service.origin)


def test_of_parallel_starts_with_one_id_exactly_one_wins(service):
    instance, answers = new_id(), []

    def start():
        answers.append(service.post(f"/orchestrators/Echo/{instance}").status)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [202] + 7 * [409]


def test_suspend_twice_is_refused_before_the_first_is_carried_out(service):
    instance = pending(service)
    assert service.post(f"/instances/{instance}/suspend").status == 202
    assert service.post(f"/instances/{instance}/suspend").status == 500
    assert service.post(f"/instances/{instance}/resume").status == 202
    assert service.post(f"/instances/{instance}/resume").status == 500


def test_a_chunked_body_is_read(service):
    answer = service.call("POST", "/orchestrators/Echo", iter([b'{"a":', b'"chunked"', b"}"]))
    assert answer.status == 202, answer
    assert service.status(answer.json["id"])["input"] == {"a": "chunked"}


def test_a_megabyte_goes_in_and_comes_out(service):
    text = json.dumps({"x": "é" * (1 << 19)}, ensure_ascii=False)
    answer = service.post("/orchestrators/Echo", text)
    assert service.status(answer.json["id"])["input"] == json.loads(text)


def test_json_deeper_than_512_is_refused(service):
    assert service.post("/orchestrators/Echo", 512 * "[" + 512 * "]").status == 202
    assert service.post("/orchestrators/Echo", 513 * "[" + 513 * "]").status == 400


def test_a_starter_answers_with_the_payload_of_the_sdks(service):
    for method in ("GET", "POST"):
        answer = service.request(method, "/api/orchestrators/Echo")
        assert answer.status == 202, answer
        assert list(answer.json)[:5] == ["id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri",
                                         "rewindPostUri"]
        assert answer.headers["Location"] == answer.json["statusQueryGetUri"]
        assert answer.headers["Retry-After"] == "10"
    answer = service.request("POST", "/API/Echo", '{"x":1}')
    assert service.status(answer.json["id"])["input"] == {"x": 1}
    assert service.request("PUT", "/api/orchestrators/Echo").status == 404
    assert service.request("GET", "/api/other").status == 404
    assert service.request("GET", "/").status == 404


def test_health_readiness_and_metrics(service):
    health = service.request("GET", "/health")
    assert health.status == 200 and health.json["status"] == "ok" and health.json["database"] is True
    assert service.request("GET", "/readiness").status == 200
    assert service.request("HEAD", "/health").status == 200
    metrics = service.request("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert 'taskhub_http_answers_total{status="2xx"}' in metrics.text
