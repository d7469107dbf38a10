"""Every scenario of cases.py over every door; afterwards nothing of it is left but its row and its history."""
import uuid

import pytest

import facts
import service as svc
from cases import CASES, RACES
from doors import DOORS

APPS = [svc.app("scenarios")]


@pytest.fixture(params=DOORS)
def door(request, service):
    return DOORS[request.param](service)


def rows_of(service, view, instance, condition="true"):
    return service.sql(f"select count(*) from taskhub.{view} where hub = %s and instance_id = %s and {condition}",
                       [service.hub, instance])[0][0]


def take_step(service, door, instance, step):
    what, args = step[0], step[1:]
    if what == "see":
        svc.until(lambda: (door.look(instance) or [None])[0] == args[0], 10, 0.005, f"{instance} is {args[0]}")
    elif what == "custom":
        svc.until(lambda: door.look(instance)[2] == args[0], 10, 0.005, f"the custom status is {args[0]!r}")
    elif what == "activities":
        svc.until(lambda: rows_of(service, "activities_view", instance) == args[0], 10, 0.005, f"{args[0]} activities are there")
    elif what == "held":
        svc.until(lambda: rows_of(service, "inbox_view", instance, "state = 'held'") == args[0], 10, 0.005,
                  f"{args[0]} messages are held")
    else:
        getattr(door, what)(instance, *args)


def run(service, door, case):
    instance = "case-" + uuid.uuid4().hex[:12]
    door.start(case.orchestrator, instance, case.input)
    for step in case.steps:
        take_step(service, door, instance, step)
    svc.until(lambda: (door.look(instance) or [None])[0] in svc.TERMINAL, 15, 0.005, f"{instance} ends")
    return instance, door.look(instance)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_case(service, door, case):
    if case.name in RACES:
        end_race(service, door, case)
        return
    instance, (status, output, _) = run(service, door, case)
    assert (status, output) == (case.status, case.output)
    leaves_nothing(service, instance)


def end_race(service, door, case):
    instance = "race-" + uuid.uuid4().hex[:12]
    door.start(case.orchestrator, instance, case.input)
    try:
        take_step(service, door, instance, case.steps[0])
    except Exception as e:  # pylint: disable=broad-except
        assert "TH002" in str(getattr(e, "pgcode", "")) or "410" in str(e), e
    svc.until(lambda: door.look(instance)[0] in svc.TERMINAL, 10)
    assert door.look(instance)[0] in (case.status, "Completed")
    leaves_nothing(service, instance)


def leaves_nothing(service, instance):
    def nothing():
        return (rows_of(service, "inbox_view", instance), rows_of(service, "activities_view", instance)) == (0, 0)

    svc.until(nothing, 10, what="its messages and activities are gone")
    facts.nothing_is_stuck(service)


def test_events_that_were_held_come_before_those_that_came_after_the_resumption(service, door):
    """Again and again, since it is a matter of moments."""
    for _ in range(40 if facts.FULL else 15):
        case = next(c for c in CASES if c.name == "events that were held keep their order")._replace(input="0")
        instance, (status, output, _) = run(service, door, case)
        assert (status, output) == ("Completed", [1, 2, 3])
        leaves_nothing(service, instance)


def test_at_the_end_all_histories_are_whole(service):
    facts.all_is_well(service)
