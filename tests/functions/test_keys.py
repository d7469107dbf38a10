"""Auth levels of HTTP triggers, where keys are asked for."""
import subprocess

import pytest

import service as svc

ARGS = ["--auth"]


@pytest.fixture(scope="module")
def keys(service):
    made = {"none": None, "wrong": "x" * 43}
    for kind in ("system", "function", "master"):
        done = subprocess.run([svc.TASKHUB, "key", "create", kind, "--kind", kind, "--hub", service.hub, "--database",
                               service.database], capture_output=True, text=True, cwd="/", check=True)
        made[kind] = done.stdout.strip()
    svc.until(lambda: ask(service, "admins_only", made["master"]) == 200, what="the keys are known")
    return made


def ask(service, path, key):
    return service.request("GET", "/api/" + path, headers={"x-functions-key": key} if key else None).status


@pytest.mark.parametrize("path, statuses", [
    ("echo/literal", {"none": 200, "wrong": 200, "system": 200, "function": 200, "master": 200}),
    ("locked", {"none": 401, "wrong": 401, "system": 403, "function": 200, "master": 200}),
    ("admins_only", {"none": 401, "wrong": 401, "system": 403, "function": 403, "master": 200}),
    ("nothing", {"none": 404, "function": 404, "master": 404}),
])
def test_each_level_opens_to_its_keys(service, keys, path, statuses):
    assert {kind: ask(service, path, keys[kind]) for kind in statuses} == statuses


def test_a_key_may_stand_in_the_query(service, keys):
    assert service.request("GET", f"/api/locked?code={keys['function']}").status == 200
