"""Orchestrations, activities and entities of the official SDK, with instances warm and with every episode replayed."""
import json

import pytest

import facts
import service as svc
from languages import NODE, PYTHON
from nodeapps import needs_node

COLD = {"version": "2.0", "extensions": {"durableTask": {"extendedSessionsEnabled": False}}}


MODES = [(PYTHON, "warm"), (PYTHON, "cold"), (NODE, "cold")] + [(NODE, "warm")] * facts.FULL


@pytest.fixture(scope="module", params=[pytest.param(m, id=f"{m[0]}-{m[1]}", marks=[needs_node] * (m[0] is NODE)) for m in MODES])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def language(mode):
    return mode[0]


@pytest.fixture(scope="module")
def everything(mode, language, database, tmp_path_factory):
    folder = language.everything
    if mode[1] == "cold":
        folder = language.everything_with(tmp_path_factory.mktemp("app") / "everything", COLD)
    service = svc.Service(database, apps=[folder], hub=f"{language}{mode[1]}", args=language.args)
    try:
        yield service.start()
        facts.histories_are_gapless(service)
        facts.no_answer_was_applied_twice(service)
        assert service.stop() == 0
    finally:
        service.close()


def run(service, name, input=None, events=()):
    instance = service.start_instance(name, None, input)
    for event, value in events:
        service.raise_event(instance, event, value)
    return service.wait_status(instance)


def output(service, name, input=None, events=()):
    status = run(service, name, input, events)
    assert status["runtimeStatus"] == "Completed", status
    return status["output"]


def test_values_come_back_as_they_went(everything):
    assert output(everything, "values") == [True] * 13


@pytest.mark.parametrize("value", [5, "text", "5", [1, 2], {"a": 1}, True, "\"quoted\"", 1.5])
def test_an_input_is_the_value_that_was_sent(everything, value, language):
    wanted = value
    if language is PYTHON and isinstance(value, str):  # that SDK reads a string that holds JSON as JSON
        wanted = {"5": 5, "\"quoted\"": "quoted"}.get(value, value)
    assert output(everything, "input_back", value) == wanted


def test_an_orchestrator_that_never_waits_completes(everything):
    assert output(everything, "no_wait") == "no generator"


def test_an_activity_failure_names_the_function_and_the_exception(everything, language):
    text = output(everything, "failing_activity")
    assert text.startswith(f"Activity function 'fail' failed:  {language.error} \n {{")
    details = json.loads(text.split("\n", 1)[1])
    assert details["Message"] == language.error.split(": ")[1]
    assert {"python": "in fail", "node": "durable.js:"}[language.name] in details["StackTrace"]


def test_a_failed_orchestrator_says_why_and_keeps_its_status(everything):
    status = run(everything, "failing")
    assert status["runtimeStatus"] == "Failed"
    assert status["output"] == "Orchestrator function 'failing' failed: the orchestrator's own"
    assert status["customStatus"] == "on the way down"


def test_a_child_s_failure_is_the_parent_s_exception(everything):
    assert output(everything, "failing_child").startswith(
        "Orchestrator function 'failing' failed: the orchestrator's own \n {")


def test_events_wait_for_their_waiter_in_order_and_names_match_in_any_case(everything):
    events = [("ping", 1), ("PONG", 2), ("Ping", 3)]
    assert output(everything, "two_events", None, events) == [1, 3, 2]


def test_continue_as_new_hands_over_events_that_came_early(everything):
    assert output(everything, "eternal", {"total": 0}, [("Add", n) for n in (1, 2, 3, 4)]) == 10


def test_a_timer_that_loses_is_cancelled(everything):
    status = run(everything, "racing")
    assert status["output"] == [0, 1, 2]
    rows = everything.sql("select count(*) from taskhub.inbox_view where hub = %s and instance_id = %s",
                          [everything.hub, status["instanceId"]])
    assert rows == [(0,)]


MIXED = [json.dumps(s) for s in ["failed", *range(4), ["r0", 1], ["r1", 2], ["r2", 3], ["r3", 4], ["r5", 1]]]


@pytest.mark.parametrize("n", range(3))
def test_retries_beside_all_else_keep_every_id(everything, tmp_path, n):
    result = output(everything, "mixed", {"folder": str(tmp_path)})
    assert [r for r in result["results"] if "step" not in r] == sorted(MIXED)
    assert result["last"] is True
    assert (tmp_path / "last").read_text() == "xxxx"


def test_a_rewound_fan_out_runs_only_what_failed(everything, tmp_path):
    status = run(everything, "rewindable", str(tmp_path))
    assert status["runtimeStatus"] == "Failed", status
    assert everything.post(f"/instances/{status['instanceId']}/rewind?reason=again").status == 202
    status = everything.wait_status(status["instanceId"], "Completed")
    assert status["output"] == [0, [1, ["a", 2], 2], 3]


def test_a_child_is_tried_again(everything):
    assert "the orchestrator's own" in output(everything, "retried_child")


def test_entities_are_called_and_signalled(everything):
    key = "k" + everything.hub
    assert output(everything, "counting", key) == [3, "no such operation"]
    assert everything.request("POST", f"/api/tally/{key}").status == 202
    svc.until(lambda: everything.request("GET", f"/api/tally/{key}").json == [True, 8], what="the client's signal arrives")


def test_an_entity_takes_what_others_than_its_sdk_send(everything):
    key = "http" + everything.hub
    assert everything.post(f"/entities/Tally/{key}?op=add", "7", headers={"Content-Type": "application/json"}).status == 202
    svc.until(lambda: everything.request("GET", f"/api/tally/{key}").json == [True, 7], what="the signal arrives")


def test_other_steps_in_a_replay_fail_the_instance(everything):
    status = run(everything, "other_steps")
    assert status["runtimeStatus"] == "Failed"
    assert "step 1 of the orchestrator was" in status["output"]
