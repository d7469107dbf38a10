"""A worker of the Java SDK (java/Worker.java). Its packages are fetched on first use, so it runs with TH_FULL=1 and where
there are java and mvn."""
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
SOURCE = pathlib.Path(__file__).resolve().parent / "java"
PLACE = ROOT / ".dev" / "grpc-java"

pytestmark = pytest.mark.skipif(not facts.FULL or not shutil.which("javac") or not shutil.which("mvn"),
                                reason="long, or no java")


def classpath():
    """Of the SDK and all that it needs."""
    file = PLACE / "classpath"
    if not file.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mvn", "-q", "-B", "-f", SOURCE / "pom.xml", "dependency:build-classpath",
                        f"-Dmdep.outputFile={file}"], check=True, timeout=600, stdout=subprocess.DEVNULL)
    return file.read_text(encoding="utf-8").strip()


@pytest.fixture(scope="module")
def client(service):
    path = classpath()
    subprocess.run(["javac", "-cp", path, "-d", PLACE, SOURCE / "Worker.java"], check=True, timeout=120)
    with running(["java", "-cp", f"{PLACE}:{path}", "Worker", service.grpc_port]), client_of(service) as c:
        yield c


test_it_completes_with, test_a_failure_is_told, test_events_suspend_and_custom_status = suite("java", '"waiting"')
