"""Tags: given with a start, a child or a call; read by the code; searched."""
import json
import urllib.parse
import uuid

import facts
import service as svc

APPS = [svc.app("model")]


def new_id():
    return "t-" + uuid.uuid4().hex[:16]


def tags_query(tags, name="tags"):
    return "?" + urllib.parse.urlencode({name: tags if isinstance(tags, str) else json.dumps(tags)})


def found(service, tags, query=""):
    answer = service.get("/instances" + tags_query(tags) + query)
    assert answer.status == 200, answer
    return [i["instanceId"] for i in answer.json]


def test_the_code_reads_what_came_with_the_start(service):
    instance = service.start_instance("tells", new_id(), 5, tags_query({"team": "sales"}) + "&version=3")
    assert service.wait_status(instance)["output"] == {"tags": {"team": "sales"}, "version": "3", "input": 5}
    instance = service.start_instance("tells")
    assert service.wait_status(instance)["output"] == {"tags": None, "version": None, "input": None}


def test_tags_are_inherited_by_nothing_and_given_to_children_and_calls(service):
    instance = service.start_instance("tagging_parent", new_id(), query=tags_query({"kind": "parent"}))
    child, given_child, call, given_call = service.wait_status(instance)["output"]
    assert (child["tags"], call["tags"]) == (None, None)
    assert given_child["tags"] == {"kind": "child"}
    assert given_call == {"tags": {"kind": "call"}, "version": "7"}
    assert service.sql("select tags::json ->> 'kind' from taskhub.instances_view where parent_instance_id = %s and tags is not null",
                       [instance]) == [("child",)]
    facts.all_is_well(service)


def test_every_try_has_them(service):
    instance = service.start_instance("retries_with_tags")
    assert service.wait_status(instance)["output"] == {"kind": "retried"}


def test_bad_tags_fail_the_orchestrator(service):
    status = service.wait_status(service.start_instance("bad_tags"))
    assert status["runtimeStatus"] == "Failed" and "must have strings as values" in status["output"]


def test_instances_are_found_by_tags(service):
    mark = new_id()
    both = service.start_instance("tells", "a" + mark, query=tags_query({"mark": mark, "team": "sales"}))
    one = service.start_instance("tells", "b" + mark, query=tags_query('{"mark": "%s", "x": "\\u00e9"}' % mark))
    service.start_instance("tells", "c" + mark)
    assert found(service, {"mark": mark}) == [both, one]
    assert found(service, {"mark": mark, "team": "sales"}) == [both]
    assert found(service, {"mark": mark, "x": "é"}) == [one]
    assert found(service, {"mark": mark}, "&instanceIdPrefix=b") == [one]
    assert found(service, {"mark": mark, "team": "Sales"}) == []
    for instance in (both, one):
        service.wait_status(instance)
    assert found(service, {"mark": mark}, "&runtimeStatus=Pending") == []
    assert service.status(both)["tags"] == {"mark": mark, "team": "sales"}
    assert "tags" not in service.status("c" + mark)
    assert service.sql("select instance_id from taskhub.instances_view where taskhub.tags_contain(tags, %s) order by 1",
                       [json.dumps({"mark": mark})]) == [(both,), (one,)]


def test_pages_of_what_is_found_go_on_where_they_ended(service):
    mark = new_id()
    ids = [service.start_instance("tells", f"{mark}-{n}", query=tags_query({"mark": mark})) for n in range(5)]
    path, seen, token = "/instances" + tags_query({"mark": mark}) + "&top=2", [], None
    while token != "":
        answer = service.get(path, headers={"x-ms-continuation-token": token} if token else {})
        seen += [i["instanceId"] for i in answer.json]
        token = answer.headers["x-ms-continuation-token"]
    assert seen == ids


def test_bad_tags_are_refused(service):
    instance = new_id()
    for tags in ('{"a": 1}', "[]", "{", '{"a": "\\u0000"}', "a"):
        assert service.post(f"/orchestrators/tells/{instance}" + tags_query(tags)).status == 400
        assert service.get("/instances" + tags_query(tags)).status == 400
    assert service.post(f"/orchestrators/tells/{instance}/raiseEvent/e" + tags_query("[]")).status == 400
    assert service.status(instance) is None


def test_a_restart_keeps_them(service):
    instance = service.start_instance("tells", new_id(), query=tags_query({"team": "sales"}))
    service.wait_status(instance)
    again = service.post(f"/instances/{instance}/restart")
    assert service.wait_status(again.json["id"])["output"]["tags"] == {"team": "sales"}
