"""openapi.json is served where the API is, and schemathesis finds nothing that differs from it."""
import os
import subprocess

import tools
from rpc import Door
from service import app, free_port

APPS = [app("contract")]
RPC_PORT = free_port()
ARGS = ["--rpc-port", str(RPC_PORT)]
FULL = os.environ.get("TH_FULL") == "1"

# The contract's own rules stand against the other checks: what is unparsable counts as absent, and a known path with
# another verb is not found.
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,use_after_free")


def test_both_doors_serve_the_same_description(service):
    answer = service.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json["openapi"] == "3.1.0"
    assert "/instances/{instanceId}/raiseEvent/{eventName}" in answer.json["paths"]
    assert Door(RPC_PORT).call("GET", "/openapi.json").body == answer.body
    assert service.post("/openapi.json").status == 404


def test_where_requests_need_keys_the_description_does_too(make_service):
    assert make_service(apps=APPS, args=["--auth"]).start().get("/openapi.json").status == 401


def test_what_schemathesis_makes_of_the_description_is_answered_as_described(service, tmp_path):
    amount = ["--phases", "coverage,fuzzing,stateful", "--max-examples", "100", "--max-time", "150"]
    if not FULL:
        amount = ["--phases", "fuzzing", "--max-examples", "2", "--generation-deterministic"]
    done = subprocess.run(
        [tools.venv_bin() / "schemathesis", "run", f"{service.origin}/runtime/webhooks/durabletask/openapi.json",
         "--checks", CHECKS, "--no-shrink", "--continue-on-failure", "--warnings", "off", "--request-timeout", "20",
         *amount], cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert service.request("GET", "/health").status == 200
