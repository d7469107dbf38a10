"""What becomes of signals: the state that is read, listed and deleted."""
import pytest

from given import new_id
from http_cases import JSON, TEXT
from service import app, until

APPS = [app("contract")]


def read(service, path):
    answer = service.get(path)
    assert answer.status in (200, 404), answer
    return answer.text if answer.status == 200 else None


def reads(service, path, wanted):
    until(lambda: read(service, path) == wanted, what=f"{path} reads {wanted}")


def test_an_operation_changes_the_state_that_is_read_in_any_case_of_the_name(service):
    key = new_id()
    assert service.post(f"/entities/Counter/{key}?op=add", "1", headers=JSON).status == 202
    reads(service, f"/entities/counter/{key}", "1")
    assert service.post(f"/entities/COUNTER/{key}?op=add", "41", headers=JSON).status == 202
    reads(service, f"/entities/CoUnTeR/{key}", "42")
    assert read(service, f"/entities/Counter/{key.upper()}") is None


def test_no_key_is_the_empty_key_which_is_read_as_dollar(service):
    before = int(read(service, "/entities/Counter/$") or 0)
    assert service.post("/entities/Counter").status == 202
    reads(service, "/entities/Counter/$", str(before + 1))


@pytest.mark.parametrize("sent, headers, state", [
    ('{ "b": 1, "a": [ 1.0 ] }', JSON, '{"b":1,"a":[1.0]}'),
    ("{", TEXT, '"{"'),
    ("plain \u00e9", TEXT, '"plain \u00e9"'),
    ("5", {}, '"5"'),
    ("null", JSON, "null"),
])
def test_json_stays_json_and_any_other_content_is_a_string(service, sent, headers, state):
    key = new_id()
    assert service.post(f"/entities/Counter/{key}?op=text", sent, headers=headers).status == 202
    reads(service, f"/entities/Counter/{key}", state)


def test_delete_is_the_operation_of_that_name(service):
    key = new_id()
    service.post(f"/entities/Counter/{key}?op=add")
    reads(service, f"/entities/Counter/{key}", "1")
    assert service.delete(f"/entities/Counter/{key}?op=add").status == 202
    reads(service, f"/entities/Counter/{key}", None)


def entities(service, query, token=None):
    answer = service.get("/entities" + query, headers={"x-ms-continuation-token": token} if token else {})
    assert answer.status == 200, answer
    return answer.json, answer.headers["x-ms-continuation-token"]


def test_lists_come_in_pages_without_what_was_deleted(service):
    prefix = new_id()
    for i in range(3):
        service.post(f"/entities/Counter/{prefix}{i}?op=add", str(i + 1), headers=JSON)
    for i in range(3):
        reads(service, f"/entities/Counter/{prefix}{i}", str(i + 1))
    service.delete(f"/entities/Counter/{prefix}1")
    reads(service, f"/entities/Counter/{prefix}1", None)

    page, token = entities(service, "/Counter?top=1&fetchState=true")
    rows = page
    assert len(page) == 1 and token
    while token:
        page, token = entities(service, "/Counter?top=1&fetchState=true", token)
        rows += page
    mine = [(r["entityId"]["key"], r["state"]) for r in rows if r["entityId"]["key"].startswith(prefix)]
    assert mine == [(prefix + "0", 1), (prefix + "2", 3)]
    assert list(rows[0]) == ["entityId", "lastOperationTime", "state"] and rows[0]["entityId"]["name"] == "counter"
    assert rows[0]["lastOperationTime"].endswith("Z")


def test_states_are_listed_only_if_asked_for_and_times_narrow_the_list(service):
    key = new_id()
    service.post(f"/entities/Counter/{key}?op=add")
    reads(service, f"/entities/Counter/{key}", "1")
    page, _ = entities(service, "?top=1000")
    row = next(r for r in page if r["entityId"]["key"] == key)
    assert row["state"] is None
    at = row["lastOperationTime"]
    page, _ = entities(service, f"?top=1000&lastOperationTimeFrom={at}&lastOperationTimeTo={at}")
    assert [r["entityId"]["key"] for r in page] == [key]


def test_an_entity_is_an_instance_that_is_read_and_purged_but_not_managed(service):
    key = new_id()
    service.post(f"/entities/Counter/{key}?op=add")
    reads(service, f"/entities/Counter/{key}", "1")
    instance = f"@counter@{key}"
    answer = service.get(f"/instances/{instance}")
    assert answer.status == 202 and answer.json["runtimeStatus"] == "Running"
    for act in ("terminate", "suspend", "resume", "raiseEvent/x"):
        assert service.post(f"/instances/{instance}/{act}", "1", headers=JSON).status == 404
    assert service.delete(f"/instances/{instance}").json == {"instancesDeleted": 1}
    assert read(service, f"/entities/Counter/{key}") is None
    assert service.delete(f"/instances/{instance}").json == {"instancesDeleted": 0}
