"""Access keys: who is let in by which door, with which key, and for how long."""
import http.client
import json
import socket
import time

import pytest

import cli
from service import BASE, app, cluster, connect, until

APPS = [app("contract")]
ARGS = ["--auth"]
KINDS = ("system", "function", "master")


def make_key(database, hub, name, kind):
    done = cli.expect(cli.OK, "key", "create", name, "--kind", kind, "--hub", hub, "--database", database, cwd="/")
    return done.stdout.strip()


def revoke_key(database, hub, name):
    cli.expect(cli.OK, "key", "revoke", name, "--hub", hub, "--database", database, cwd="/")


def make_keys(service):
    """A key of each kind, once the service knows them all."""
    keys = {kind: make_key(service.database, service.hub, kind, kind) for kind in KINDS}
    for key in keys.values():
        until(lambda: status_with(service, "/metrics", key) == 200, timeout=5)
    return keys


@pytest.fixture(scope="module")
def keys(service):
    return {**make_keys(service), "wrong": "wrong" + 38 * "x", "empty": ""}


def status_with(service, path, key, method="GET"):
    answer = service.request(method, path, headers={"x-functions-key": key})
    if answer.status in (401, 403):
        assert answer.body == b"" and answer.headers["Content-Length"] == "0", answer
        assert answer.headers["Content-Type"] is None, answer
    return answer.status


def code_of(answer):
    return answer.json["statusQueryGetUri"].split("&code=")[1]


def test_what_is_done_to_an_instance_is_in_the_audit_with_the_name_of_the_key(service, keys):
    master = {"x-functions-key": keys["master"]}
    instance = service.post("/orchestrators/Waits", headers=master).json["id"]
    for act in ("suspend", "resume", "terminate"):
        until(lambda: service.post(f"/instances/{instance}/{act}?reason=r-{act}", headers=master).status == 202, timeout=5)
    until(lambda: service.get(f"/instances/{instance}", headers=master).json["runtimeStatus"] == "Terminated", timeout=5)
    again = service.post(f"/instances/{instance}/restart", headers=master).json["id"]
    assert service.request("DELETE", f"{BASE}/instances/{instance}", headers=master).status == 200

    acts = [a for a in service.get("/admin/audit", headers=master).json if a["instanceId"] == instance]
    assert [(a["act"], a["arguments"]) for a in reversed(acts)] == [
        ("suspend_instance", {"reason": "r-suspend"}), ("resume_instance", {"reason": "r-resume"}),
        ("terminate_instance", {"reason": "r-terminate"}), ("restart_instance", {"newInstanceId": again}),
        ("purge_instance", {})]
    assert {a["key"] for a in acts} == {"master"}


# ---- one door, many keys ----

# header, code, answer; None: not sent
PAIRS = [
    (None, None, 401),
    (None, "", 401),
    (None, "wrong", 401),
    (None, "function", 403),
    (None, "master", 200),
    (None, "system", 200),
    ("system", None, 200),
    ("master", None, 200),
    ("function", None, 403),
    ("wrong", None, 401),
    ("system", "wrong", 200),
    ("wrong", "system", 401),
    ("empty", "system", 401),
    ("function", "system", 403),
]


@pytest.mark.parametrize("header, code, wanted", PAIRS)
def test_the_management_api_takes_system_and_master_keys_and_the_header_first(service, keys, header, code, wanted):
    path = BASE + "/instances" + ("" if code is None else "?code=" + keys.get(code, code))
    answer = service.request("GET", path, headers={} if header is None else {"x-functions-key": keys[header]})
    assert answer.status == wanted, answer
    if wanted != 200:
        assert answer.body == b"" and answer.headers["Content-Type"] is None, answer


@pytest.mark.parametrize("spelling", ["CODE={}", "Code={}", "x=1&code={}", "code=%{:x}{}"])
def test_the_parameter_is_read_as_every_other(service, keys, spelling):
    key = keys["system"]
    query = spelling.format(ord(key[0]), key[1:]) if spelling.count("{") == 2 else spelling.format(key)
    assert service.get("/instances?" + query).status == 200


@pytest.mark.parametrize("key", ["{}x", "{} x", "{},{}", "{0}&code={0}"])
def test_a_key_with_anything_beside_it_is_none(service, keys, key):
    code = key.format(keys["system"], keys["system"]).replace(" ", "%20")
    assert service.get("/instances?code=" + code).status == 401


def test_a_key_of_many_kilobytes_is_none(service):
    assert service.get("/instances?code=" + 20000 * "x").status == 401


# ---- before routing ----

@pytest.mark.parametrize("method, path, routed", [
    ("GET", "/nothing/here", 404), ("GET", "", 404), ("POST", "/instances/x/explode", 404), ("PUT", "/instances/x", 404),
    ("PATCH", "/instances", 405), ("HEAD", "/instances", 405), ("OPTIONS", "/instances", 404), ("POST", "/makeprimary", 400),
    ("GET", "/instances/missing", 404)])
def test_a_bad_key_is_told_before_a_bad_route(service, keys, method, path, routed):
    assert status_with(service, BASE + path, keys["wrong"], method) == 401
    assert status_with(service, BASE + path, keys["function"], method) == 403
    assert status_with(service, BASE + path, keys["system"], method) == routed


@pytest.mark.parametrize("path", ["/RUNTIME/webhooks/durabletask/instances", "/runtime/webhooks/DURABLEtask/instances",
                                  "/runtime/webhooks/durabletask%2Finstances", "/runtime%2Fwebhooks/durabletask/instances",
                                  "http://elsewhere/runtime/webhooks/durabletask/instances"])
def test_no_spelling_of_the_path_goes_past_the_door(service, path):
    conn = http.client.HTTPConnection(service.host, service.port, timeout=10)
    try:
        conn.request("GET", path)
        assert conn.getresponse().status in (401, 404)
    finally:
        conn.close()


def test_a_target_that_cannot_be_read_is_a_bad_request_whoever_sends_it(service):
    assert service.get("/instances/%zz").status == 400


def test_what_is_behind_no_door_is_not_there(service):
    assert service.request("GET", "/elsewhere").status == 404


# ---- the other doors ----

@pytest.mark.parametrize("key, wanted", [("wrong", 401), ("empty", 401), ("function", 202), ("system", 403), ("master", 202)])
@pytest.mark.parametrize("path", ["/api/echo", "/API/orchestrators/Echo"])
def test_starters_take_function_and_master_keys(service, keys, path, key, wanted):
    assert status_with(service, path, keys[key], "POST") == wanted
    assert service.request("GET", path + "?code=" + keys[key]).status == wanted


def test_below_the_prefix_of_starters_nothing_is_told_without_a_key(service, keys):
    assert service.request("GET", "/api/nothing").status == 401
    assert status_with(service, "/api/nothing", keys["function"]) == 404


def test_without_a_prefix_only_health_is_behind_no_door(make_service, tmp_path):
    (tmp_path / "host.json").write_text(json.dumps({"extensions": {"http": {"routePrefix": ""}}}))
    (tmp_path / "contract.so").symlink_to(APPS[0])
    service = make_service(apps=[tmp_path], args=ARGS, hub="BareHub").start()
    assert service.request("GET", "/health").status == 200
    for method, path in ("POST", "/echo"), ("POST", "/health"), ("GET", "/elsewhere"), ("POST", "/metrics"):
        assert service.request(method, path).status == 401, path


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_and_readiness_need_no_key_and_metrics_any(service, keys, method):
    for path in "/health", "/readiness":
        assert service.request(method, path).status == 200
    assert service.request(method, "/metrics").status == 401
    assert [status_with(service, "/metrics", keys[kind], method) for kind in KINDS] == 3 * [200]


# ---- what a refused request sends is not kept ----

def test_a_refused_request_sees_its_answer_and_may_send_another(service, keys):
    conn = http.client.HTTPConnection(service.host, service.port, timeout=10)
    try:
        for size in 0, 10, 500_000:
            conn.request("POST", BASE + "/orchestrators/Echo", body=b'"' + size * b"x" + b'"')
            response = conn.getresponse()
            assert response.status == 401 and response.read() == b""
        conn.request("GET", BASE + "/instances", headers={"x-functions-key": keys["system"]})
        assert conn.getresponse().status == 200
    finally:
        conn.close()


def test_a_large_body_without_a_key_is_refused_before_it_is_sent(service):
    with socket.create_connection((service.host, service.port), timeout=10) as s:
        s.sendall(f"POST {BASE}/orchestrators/Echo HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n".encode())
        assert s.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_body_without_end_and_without_a_key_loses_the_connection(service):
    chunk = b"10000\r\n" + 0x10000 * b"x" + b"\r\n"
    with socket.create_connection((service.host, service.port), timeout=10) as s:
        s.sendall(f"POST {BASE}/orchestrators/Echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with pytest.raises(OSError):
            for _ in range(1000):  # 64 MiB
                s.sendall(chunk)


# ---- URLs ----

def test_the_urls_of_an_answer_open_by_themselves(service, keys):
    answer = service.request("POST", "/api/orchestrators/Waits?code=" + keys["function"])
    assert answer.status == 202, answer
    urls = answer.json
    instance = urls.pop("id")
    assert all(url.endswith("&code=" + code_of(answer)) for url in urls.values()), urls
    assert answer.headers["Location"] == urls["statusQueryGetUri"]
    assert code_of(answer) not in keys.values()
    until(lambda: service.request("GET", urls["statusQueryGetUri"]).json["runtimeStatus"] == "Running")
    assert service.request("POST", urls["terminatePostUri"].replace("{text}", "enough")).status == 202
    until(lambda: service.request("GET", urls["statusQueryGetUri"]).status == 200)
    assert service.request("DELETE", urls["purgeHistoryDeleteUri"]).json == {"instancesDeleted": 1}
    assert service.get(f"/instances/{instance}").status == 401


def test_every_process_of_a_hub_gives_out_the_same_key(service, keys, make_service):
    other = make_service(apps=APPS, args=ARGS).start()
    codes = {code_of(each.post("/orchestrators/Echo", headers={"x-functions-key": keys["system"]}))
             for each in (service, other)}
    assert len(codes) == 1


def test_on_loopback_no_key_is_asked_for_or_given_out(make_service):
    service = make_service(apps=APPS, hub="FreeHub").start()
    answer = service.post("/orchestrators/Echo?code=any", headers={"x-functions-key": "any"})
    assert answer.status == 202 and "code=" not in answer.text
    assert service.request("GET", "/metrics").status == 200


def test_on_another_address_keys_are_asked_for_unless_no_auth_says_otherwise(make_service):
    service = make_service(apps=APPS, hub="WideHub", args=["--bind", "0.0.0.0"]).start()
    assert service.get("/instances").status == 401
    service.stop()
    service.args.append("--no-auth")
    service.start()
    answer = service.post("/orchestrators/Echo")
    assert answer.status == 202 and "code=" not in answer.text


def test_a_system_key_by_setting_takes_the_place_of_the_derived_one(make_service):
    key = "a/setting+of=twenty&more"
    service = make_service(apps=APPS, hub="GivenHub", args=ARGS).start()
    derived = code_of(service.post("/orchestrators/Echo", headers={"x-functions-key": make_keys(service)["system"]}))
    assert status_with(service, BASE + "/instances", derived) == 200
    service.stop()
    service.env["TASKHUB_SYSTEM_KEY"] = key
    service.start()
    assert status_with(service, BASE + "/instances", derived) == 401
    answer = service.post("/orchestrators/Echo", headers={"x-functions-key": key})
    assert answer.json["statusQueryGetUri"].endswith("&code=a%2Fsetting%2Bof%3Dtwenty%26more"), answer
    assert service.request("GET", answer.json["statusQueryGetUri"]).status in (200, 202)
    assert key not in service.log()


# ---- how long a key lives ----

def test_a_new_key_is_taken_and_a_revoked_one_refused_within_seconds(service):
    key = make_key(service.database, service.hub, "short", "system")
    until(lambda: status_with(service, BASE + "/instances", key) == 200, timeout=2.5)
    revoke_key(service.database, service.hub, "short")
    until(lambda: status_with(service, BASE + "/instances", key) == 401, timeout=2.5)
    again = make_key(service.database, service.hub, "short", "system")
    until(lambda: status_with(service, BASE + "/instances", again) == 200, timeout=2.5)
    assert status_with(service, BASE + "/instances", key) == 401


def test_revoking_the_key_in_the_urls_ends_those_given_out_before(make_service):
    service = make_service(apps=APPS, hub="TurnHub", args=ARGS).start()
    keys = make_keys(service)
    service.headers = {"x-functions-key": keys["system"]}
    before = service.post("/orchestrators/Echo").json["statusQueryGetUri"]
    service.headers = {}
    assert service.request("GET", before).status in (200, 202)
    revoke_key(service.database, service.hub, "durabletask_extension")
    until(lambda: service.request("GET", before).status == 401, timeout=2.5)
    after = service.post("/orchestrators/Echo", headers={"x-functions-key": keys["master"]}).json["statusQueryGetUri"]
    assert service.request("GET", after).status in (200, 202)


def test_no_request_costs_a_query_and_keys_outlive_the_database(make_service):
    service = make_service(apps=APPS, hub="AwayHub", args=ARGS).start()
    keys = make_keys(service)
    name = service.sql("select current_database()")[0][0]
    admin = connect(cluster())
    try:
        with admin.cursor() as cur:
            cur.execute(f'alter database "{name}" allow_connections false')
            cur.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        until(lambda: "access keys cannot be read" in service.log(), timeout=5)
        begin = time.monotonic()
        for n in range(200):
            assert service.get(f"/instances?code=unknown{n}&taskHub=Hub{n}").status == 401
            assert status_with(service, "/metrics", keys["system"]) == 200
        assert time.monotonic() - begin < 5
        assert status_with(service, BASE + "/instances", keys["system"]) == 503
    finally:
        with admin.cursor() as cur:
            cur.execute(f'alter database "{name}" allow_connections true')
        admin.close()
    until(lambda: "access keys are read again" in service.log(), timeout=10)
    revoke_key(service.database, service.hub, "system")
    until(lambda: status_with(service, BASE + "/instances", keys["system"]) == 401, timeout=5)
    assert service.log().count("access keys cannot be read") == 1


# ---- several hubs ----

def test_a_key_opens_its_own_hub_and_no_other(make_service):
    own, other = (make_service(apps=APPS, hub=hub, args=ARGS).start() for hub in ("OwnHub", "OtherHub"))
    own_keys, other_keys = make_keys(own), make_keys(other)
    path = BASE + "/instances?taskHub="
    until(lambda: status_with(own, path + "OtherHub", other_keys["master"]) == 200, timeout=5)  # the last one made
    for kind in "system", "master":
        assert status_with(own, path + "otherhub", own_keys[kind]) == 401
        assert status_with(own, path + "OtherHub", other_keys[kind]) == 200
        assert status_with(own, path + "OwnHub", other_keys[kind]) == 401
        assert status_with(own, path, own_keys[kind]) == 200
        assert status_with(own, BASE + "/instances?taskHub=OwnHub&taskHub=OtherHub", other_keys[kind]) == 401
    assert status_with(own, path + "OtherHub", other_keys["function"]) == 403
    assert status_with(own, "/api/echo?taskHub=OtherHub", other_keys["function"], "POST") == 401
    assert status_with(own, "/metrics?taskHub=OtherHub", other_keys["system"]) == 401
    answer = own.post("/orchestrators/Echo?taskHub=OtherHub", headers={"x-functions-key": other_keys["system"]})
    direct = other.post("/orchestrators/Echo", headers={"x-functions-key": other_keys["system"]})
    assert code_of(answer) == code_of(direct)
    assert own.request("GET", answer.json["statusQueryGetUri"]).status in (200, 202)


def test_a_hub_that_is_not_there_is_an_empty_one_to_the_keys_of_the_own(service, keys):
    path = BASE + "/instances?taskHub=NoSuchHub"
    assert status_with(service, path, keys["wrong"]) == 401
    answer = service.request("GET", path, headers={"x-functions-key": keys["system"]})
    assert answer.status == 200 and answer.json == [], answer
    started = service.post("/orchestrators/Echo?taskHub=NoSuchHub", headers={"x-functions-key": keys["system"]})
    assert started.status == 400, started
