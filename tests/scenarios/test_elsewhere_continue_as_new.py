"""Generations whose events come all the time, where the owner of all partitions has no app."""
import pytest

import facts
from elsewhere import owner, service  # noqa: F401  pylint: disable=unused-import
from test_continue_as_new import (  # noqa: F401  pylint: disable=unused-import
    APPS, loop, test_events_that_come_while_generations_change_are_each_taken_once)

pytestmark = pytest.mark.skipif(not facts.FULL, reason="only with TH_FULL=1")


def test_generations_take_their_events_along(service):  # noqa: F811
    service.sql("set taskhub.notify = on")
    assert loop(service, "generations", 300)["sum"] == sum(range(30))
    facts.all_is_well(service)
