"""Loops that have no end: events go along, and neither memory nor time grows."""
import json
import statistics
import threading

import facts
import service as svc
from facts import FULL

APPS = [svc.app("scenarios"), svc.example("hello")]
GENERATIONS = 10000 if FULL else 300


def loop(service, instance, generations):
    """Starts it, with all its events raised at once; the output when it is done."""
    service.start_instance("Generations", instance, {"left": generations, "sum": 0, "step": generations // 10})
    for n in range(generations // 10):
        service.sql("select taskhub.raise_event(%s, 'Add', %s, %s)", [instance, str(n), service.hub])
    service.wait_status(instance, "Completed", timeout=60 + generations / 50)
    return service.status(instance)["output"]


def test_generations_take_their_events_along_and_neither_leak_nor_slow_down(service):
    service.sql("set taskhub.notify = on")
    loop(service, "warm-up", GENERATIONS // 10)
    before = service.rss()
    output = loop(service, "generations", GENERATIONS)
    assert output["sum"] == sum(range(GENERATIONS // 10))
    assert service.rss() - before < 16, f"{before} MB have become {service.rss()} MB"
    executions = service.sql("select count(distinct execution_id) from taskhub.history where instance_id = 'generations'")
    assert executions == [(1,)], "history of earlier generations has stayed"
    facts.all_is_well(service)
    times = [b - a for a, b in zip(output["times"], output["times"][1:])]
    assert len(times) == 10
    assert min(times[-3:]) < 1.5 * statistics.median(times[:5]) + 500000, f"microseconds a tenth of the generations: {times}"


def test_events_that_come_while_generations_change_are_each_taken_once(service):
    numbers = list(range(300))
    service.start_instance("CollectsForEver", "collector")

    def send(part):
        for n in part:
            service.raise_event("collector", "Number", n)

    threads = [threading.Thread(target=send, args=(numbers[k::3],)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.raise_event("collector", "Number", -1)
    got = service.wait_status("collector", "Completed", 30)["output"]
    assert sorted(got) == numbers
    for k in range(3):
        assert [n for n in got if n % 3 == k] == numbers[k::3], "one sender's events were taken out of order"
    facts.all_is_well(service)


def test_a_flood_of_events_is_taken_in_order_and_keeps_nobody_else_waiting(service):
    """More than an owner keeps in hand, all there before a generation has ended; every generation takes one."""
    service.sql("set taskhub.notify = on")
    service.start_instance("CollectsForEver", "flooded")
    service.wait_status("flooded", "Running")
    flood = 10000 if facts.FULL else 2100
    service.sql("select count(taskhub.raise_event('flooded', 'Number', n::text, %s)) from generate_series(1, %s) n",
                [service.hub, flood])
    service.raise_event("flooded", "Number", -1)
    for _ in range(3):
        facts.wait_ended(service, [service.start_instance("hello_orchestrator") for _ in range(8)], timeout=5)
    got = service.wait_status("flooded", "Completed", 240)["output"]
    assert got == list(range(1, flood + 1))
    facts.all_is_well(service)


def test_a_service_that_is_stopped_in_the_middle_of_a_flood_ends_in_order(service):
    service.sql("set taskhub.notify = on")
    service.start_instance("CollectsForEver", "interrupted")
    service.wait_status("interrupted", "Running")
    service.sql("select count(taskhub.raise_event('interrupted', 'Number', n::text, %s)) from generate_series(1, 2100) n",
                [service.hub])
    svc.wait_a_random_while(0.5)
    assert service.stop() == 0, service.log()[-3000:]
    service.start()
    service.wait_ready()
    assert service.post("/instances/interrupted/terminate").status == 202
    service.wait_status("interrupted", "Terminated", 30)
    facts.all_is_well(service)


def test_a_generation_that_is_killed_is_done_again_and_only_once(service):
    service.sql("set taskhub.notify = on")
    service.start_instance("Generations", "killed", {"left": 50, "sum": 0})
    for n in range(5):
        service.sql("select taskhub.raise_event('killed', 'Add', %s, %s)", [str(n), service.hub])
        svc.wait_a_random_while(0.1)
        service.restart("kill", ready=False)
    service.wait_ready()
    assert service.wait_status("killed", "Completed", 30)["output"]["sum"] == sum(range(5))
    facts.all_is_well(service)
    assert json.loads(service.sql("select input from taskhub.instances_view where instance_id = 'killed'")[0][0])["left"] == 0
