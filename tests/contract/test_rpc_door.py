"""The loopback RPC door: where it listens, what is behind it, who is let in."""
import http.client
import json
import os
import re
import shutil
import socket

import pytest

import cli
import given
import http_matrix as matrix
from http_cases import ERROR_KEYS
from rpc import Door
from service import app, free_port, until

APPS = [app("contract")]
RPC_PORT = free_port()
ARGS = ["--auth", "--rpc-port", str(RPC_PORT)]
FULL = os.environ.get("TH_FULL") == "1"


@pytest.fixture(scope="module")
def door(service):
    return Door(RPC_PORT, service)


def test_no_key_is_needed_where_the_public_door_needs_one(service, door):
    instance = given.completed(door)
    assert service.get(f"/instances/{instance}").status == 401
    assert door.status(instance)["output"] == given.INPUT


@pytest.fixture(scope="module")
def stock():
    return matrix.Stock()


CELLS = [c for c in matrix.cells() if c[1] != "Pending" and (FULL or c[0] in ("status", "rewind"))]


@pytest.mark.parametrize("operation, state, status", [pytest.param(*c, id=f"{c[0]}: {c[1]}") for c in CELLS])
def test_the_answers_are_those_of_the_public_door(door, stock, operation, state, status):
    instance = stock.take(lambda: given.STATES[state.lower()](door), state, operation, status)
    method, path, body, headers = matrix.REQUESTS[operation]
    assert door.call(method, path.format(id=instance), body, headers).status == status


@pytest.mark.parametrize("path, status", [
    ("/durabletask/instances/none", 404), ("/DurableTask/instances?top=1", 200), ("/durabletask/instances/?top=1", 200),
    ("/durabletask", 404), ("/durabletask/", 404), ("/durabletasks/instances", 404), ("/health", 404),
    ("/metrics", 404), ("/api/orchestrators/Echo", 404), ("/", 404),
    ("/runtime/webhooks/durabletask/instances?top=1", 200)])
def test_the_api_is_behind_it_and_nothing_else(door, path, status):
    assert door.raw("GET", path).status == status


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "PUT", "OPTIONS", "NONSENSE"])
def test_unknown_verbs_are_not_found(door, method):
    assert door.call(method, "/instances/none").status == 404


def test_the_urls_of_an_answer_have_its_origin_and_work(door):
    answer = door.post("/orchestrators/Echo", "5")
    url = answer.json["statusQueryGetUri"]
    origin = f"http://127.0.0.1:{RPC_PORT}"
    assert url.startswith(f"{origin}/runtime/webhooks/durabletask/instances/")
    assert until(lambda: door.raw("GET", url.removeprefix(origin)).status == 200)


def test_only_loopback_reaches_it(make_service):
    port = free_port()
    service = make_service(apps=APPS, args=["--bind", "0.0.0.0", "--rpc-port", str(port)]).start()
    assert Door(port).call("GET", "/instances?top=1").status == 200
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:  # of this machine, seen from outside
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        outside = s.getsockname()[0]
    with pytest.raises(OSError):
        socket.create_connection((outside, port), timeout=5).close()
    socket.create_connection((outside, service.port), timeout=5).close()


@pytest.mark.parametrize("headers", [
    {"Origin": "https://elsewhere.example"}, {"Host": "rebound.example"}, {"Host": "rebound.example:17071"},
    {"Host": "127.0.0.1.example"}, {"Host": "127.0.0.1", "Origin": "null"}])
def test_a_web_page_in_a_browser_of_this_machine_is_refused(door, headers):
    answer = door.call("POST", "/orchestrators/Echo", "1", headers)
    assert answer.status == 403 and set(answer.json) == ERROR_KEYS, answer


@pytest.mark.parametrize("host", ["localhost", "localhost:17071", "127.0.0.1", "[::1]:80", "127.1.2.3:1"])
def test_every_name_of_this_machine_will_do(door, host):
    assert door.call("GET", "/instances?top=1", None, {"Host": host}).status == 200


def test_a_taken_port_that_was_asked_for_ends_the_start(service, database, tmp_path):
    done = cli.run("start", APPS[0], "--database", database, "--port", "0", "--rpc-port", str(RPC_PORT), cwd=tmp_path)
    assert done.returncode == cli.PORT
    assert f"the RPC door (--rpc-port): port {RPC_PORT} on 127.0.0.1 is in use by another program" in done.stderr


@pytest.mark.parametrize("value", ["65536", "-1", "some", "1.5"])
def test_a_port_that_is_none_is_refused(tmp_path, value):
    done = cli.run("start", APPS[0], "--rpc-port", value, cwd=tmp_path)
    assert done.returncode == cli.CONFIG
    assert "--rpc-port: must be an integer from 0 to 65535, or none" in done.stderr


@pytest.fixture
def app_with(tmp_path):
    """The folder of the test app with a host.json of this localRpcEndpointEnabled."""
    def make(enabled):
        shutil.copy(APPS[0], tmp_path)
        text = json.dumps({"extensions": {"durableTask": {"localRpcEndpointEnabled": enabled}}})
        (tmp_path / "host.json").write_text(text)
        return str(tmp_path)
    return make


def rpc_port_of(service):
    found = re.search(r"http://127\.0\.0\.1:(\d+)/durabletask/", service.log())
    return int(found.group(1)) if found else None


def test_several_services_of_one_machine_find_a_port_each(make_service, app_with):
    folder = app_with(True)
    ports = [rpc_port_of(make_service(apps=[folder]).start()) for _ in range(2)]
    assert len(set(ports)) == 2
    for port in ports:
        assert port == 17071 or 30000 <= port < 31000
        assert Door(port).call("GET", "/instances?top=1").status == 200


@pytest.mark.parametrize("enabled, args", [(None, []), (True, ["--rpc-port", "none"])])
def test_it_is_off_unless_somebody_wants_it(make_service, app_with, enabled, args):
    assert rpc_port_of(make_service(apps=[app_with(enabled)], args=args).start()) is None


def test_a_stop_ends_its_connections_too(make_service):
    port = free_port()
    service = make_service(apps=APPS, args=["--rpc-port", str(port)]).start()
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    conn.request("GET", "/durabletask/instances?top=1")
    assert conn.getresponse().read()
    assert service.stop() == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    conn.close()
