"""kill -9 at random moments under load."""
import random
import uuid

import pytest

import facts
import service as svc
from facts import FULL
from load import Events, Load

APPS = [svc.example("hello"), svc.app("never")]
STARTS, KILLS = (2000, 30) if FULL else (300, 4)


@pytest.fixture
def killed(make_service):
    return make_service(apps=APPS, hub="Kill" + uuid.uuid4().hex[:8]).start()


def kill_and_restart(service, reached, wanted):
    """Kills it a random while after `reached` says that much was done."""
    svc.until(lambda: reached() >= wanted, 60, pause=0.005, what=f"{wanted} acknowledged starts")
    svc.wait_a_random_while(0.3)
    service.restart(how="kill", ready=False)


def test_every_acknowledged_start_and_event_takes_effect_once(killed):
    instances = [killed.start_instance("Collect", f"collect-{i}") for i in range(4)]
    with Events(killed, instances) as events:
        with Load(killed, STARTS, "kill") as load:
            for k in range(KILLS):
                kill_and_restart(killed, load.count, (k + random.random()) * STARTS / (KILLS + 1))
            load.join()
        killed.wait_ready()
    load.all_ended_right()
    events.all_arrived()
    facts.all_is_well(killed)
    facts.every_task_was_answered_once(killed)


def test_an_orderly_stop_leaves_nothing_behind_either(killed):
    with Load(killed, 200, "stop") as load:
        for k in range(3):
            svc.until(lambda: load.count() >= 50 * (k + 1), 60, pause=0.005, what="acknowledged starts")
            assert killed.stop() == 0
            # What the process had claimed came free when it left: nobody has to find out that it is gone.
            claimed = killed.sql("select * from taskhub.activities_view where hub = %s and state = 'claimed'", [killed.hub])
            assert not claimed, claimed
            killed.start(ready=False)
        load.join()
    killed.wait_ready()
    load.all_ended_right()
    facts.all_is_well(killed)
    facts.every_task_was_answered_once(killed)
