"""Versions: which function runs an instance, and what host.json says about it."""
import json
import shutil
import uuid

import pytest

import facts
import service as svc

MODEL = svc.app("model")


@pytest.fixture(scope="module")
def with_host(database, tmp_path_factory):
    """with_host(field=value...): a service with these below extensions.durableTask; one each, for the module."""
    made = {}

    def make(**fields):
        key = json.dumps(fields)
        if key not in made:
            folder = tmp_path_factory.mktemp("versions")
            (folder / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": fields}}))
            shutil.copy(MODEL, folder / "model.so")
            made[key] = svc.Service(database, apps=[folder / "model.so"], hub=f"Versions{len(made)}").start()
            made[key].sql("set taskhub.notify = on")
        return made[key]

    yield make
    for each in made.values():
        each.close()


def new_id():
    return "v-" + uuid.uuid4().hex[:16]


def start(service, name, version=None):
    """Over SQL, which knows nothing of a process's default."""
    instance = new_id()
    service.sql("select taskhub.start_instance(%s, null, %s, %s, p_hub => %s), taskhub.raise_event(%s, 'go', p_hub => %s)",
                [name, instance, version, service.hub, instance, service.hub])
    return instance


def runs(service, name, version=None):
    """The code that ran an instance of that version, or the failure's type."""
    status = service.wait_status(start(service, name, version))
    if status["runtimeStatus"] == "Failed":
        return service.sql("select failure::json ->> 'type' from taskhub.get_instance(%s, %s)", [status["instanceId"], service.hub])[0][0]
    assert status["output"]["version"] == version
    return status["output"]["code"]


def test_an_instance_runs_the_function_of_its_version_or_the_next_newer_one(with_host):
    service = with_host()
    assert [runs(service, "versioned", v) for v in ("1.0", "2.0", "0.9", "1.5", None)] == ["1.0", "2.0", "1.0", "2.0", "1.0"]
    assert [runs(service, "mixed", v) for v in ("1.0", "0.1", "7", None)] == ["1.0", "1.0", "any", "any"]
    assert service.sql("""select orchestrators from taskhub.workers_view where hub = %s and alive""", [service.hub])[0][0].count(
        "versioned") == 1
    facts.all_is_well(service)


def test_an_instance_goes_on_with_the_code_that_it_began_with_after_a_restart(with_host):
    service = with_host(extendedSessionsEnabled=True)
    instance = service.start_instance("versioned", new_id(), query="?version=1.0")
    service.wait_status(instance, "Running")
    service.restart("kill")
    service.raise_event(instance, "go")
    assert service.wait_status(instance)["output"]["code"] == "1.0"
    assert service.status(instance)["version"] == "1.0"


def test_strict_runs_the_same_version_only(with_host):
    service = with_host(versionMatchStrategy="Strict", versionFailureStrategy="Fail")
    assert [runs(service, "versioned", v) for v in ("1.0", "1.5", None)] == ["1.0", "VersionMismatch", "VersionMismatch"]
    assert runs(service, "mixed", None) == "any"


def test_none_runs_all(with_host):
    service = with_host(versionMatchStrategy="None")
    assert [runs(service, "versioned", v) for v in ("1.0", "9.9", None)] == ["1.0", "2.0", "1.0"]


def test_what_is_newer_than_this_process_fails_if_it_is_to(with_host):
    service = with_host(defaultVersion="3.0", versionFailureStrategy="Fail")
    assert [runs(service, "mixed", v) for v in ("3.0", "2.5", "3.1")] == ["any", "any", "VersionMismatch"]
    instance = start(service, "mixed", "3.1")
    message = service.wait_status(instance)["output"]
    assert "'mixed'" in message and "'3.1'" in message and "'3.0'" in message
    facts.all_is_well(service)


def test_the_default_version_is_that_of_new_instances_and_children(with_host):
    service = with_host(defaultVersion="3.0", versionFailureStrategy="Fail")
    instance = service.start_instance("versioned_parent", new_id())
    child, old = service.wait_status(instance)["output"]
    assert service.status(instance)["version"] == "3.0"
    assert (child["version"], old["version"]) == ("3.0", "1.0")
    signalled = new_id()
    assert service.post(f"/orchestrators/mixed/{signalled}/raiseEvent/go").status == 202
    assert service.wait_status(signalled)["output"] == {"code": "any", "version": "3.0"}
    given = service.start_instance("tells", new_id(), query="?version=1.1")
    assert service.wait_status(given)["output"]["version"] == "1.1"
