"""A worker of the Go SDK of 2024 (go/main.go), whose messages are those of the older schema. Its modules are fetched and
built on first use, so it runs with TH_FULL=1 and where there is go."""
import pathlib
import shutil
import subprocess

import pytest

import facts
from processes import running
from sdk import client as client_of
from sdk_suite import suite
from service import ROOT

GRPC = True
SOURCE = pathlib.Path(__file__).resolve().parent / "go"
WORKER = ROOT / ".dev" / "grpc-go" / "worker"

pytestmark = pytest.mark.skipif(not facts.FULL or not shutil.which("go"), reason="long, or no go")


@pytest.fixture(scope="module")
def client(service):
    subprocess.run(["go", "build", "-mod=mod", "-o", WORKER, "."], cwd=SOURCE, check=True, timeout=600)
    with running([WORKER, service.grpc_port]), client_of(service) as c:
        yield c


test_it_completes_with, test_a_failure_is_told, test_events_suspend_and_custom_status = suite("go")
