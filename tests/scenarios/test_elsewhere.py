"""Every scenario of cases.py where the owner of all partitions has no app: each episode goes to another process."""
import pytest

import facts
from cases import CASES
from doors import DOORS
from elsewhere import owner, service  # noqa: F401  pylint: disable=unused-import
from test_cases import APPS, run, test_case  # noqa: F401  pylint: disable=unused-import

SLOW = {"a timer before its activity", "ended in the middle of a fan-out"}  # they wait for activities that nobody cancels


@pytest.fixture(params=DOORS if facts.FULL else ["sql"])
def door(request, service):
    return DOORS[request.param](service)


@pytest.fixture(autouse=True)
def quick(request):
    case = request.node.callspec.params.get("case")
    if case and case.name in SLOW and not facts.FULL:
        pytest.skip("slow")


def test_the_process_that_ran_it_is_told(service, door):
    case = next(c for c in CASES if c.name == "a sequence")
    instance, _ = run(service, door, case)
    assert service.sql("select executor from taskhub.instances where instance_id = %s", [instance]) == [("native",)]
    facts.all_is_well(service)
