"""Two processes with different functions on one hub: orchestrators here, activities there, partitions with either."""
import json
import threading
import uuid

import pytest

import facts
import service as svc

ORCHESTRATORS, ACTIVITIES = svc.app("split_orchestrators"), svc.app("split_activities")


def new_hub():
    return "Two" + uuid.uuid4().hex[:8]


def owners(service):
    return {pid for pid, in service.sql("""select w.pid from taskhub.partitions_view p join taskhub.workers w using (worker_id)
                                           where p.hub = %s and p.held""", [service.hub])}


def start_many(service, n, steps):
    return [service.sql("select taskhub.start_instance('Chain', %s, p_hub => %s)", [str(steps), service.hub])[0][0]
            for _ in range(n)]


def test_orchestrators_in_one_activities_in_the_other_and_partitions_in_both(make_service):
    hub = new_hub()
    a = make_service(apps=[ORCHESTRATORS], hub=hub).start()
    b = make_service(apps=[ACTIVITIES], hub=hub).start()
    svc.until(lambda: owners(a) == {a.process.pid, b.process.pid}, what="both own partitions")
    ids = [a.start_instance("Chain", input=3) for _ in range(40)]
    outputs = facts.wait_ended(a, ids, 30)
    assert set(outputs.values()) == {"3"}
    facts.all_is_well(a)


@pytest.fixture
def pair(make_service):
    """An owner that has the activities, and a runner that has the orchestrators and owns nothing."""
    hub = new_hub()
    owner = make_service(apps=[ACTIVITIES], hub=hub).start()
    runner = make_service(apps=[ORCHESTRATORS], args=["--no-partitions"], hub=hub).start()
    assert owners(owner) <= {owner.process.pid}
    return owner, runner


def test_a_name_that_the_hub_has_known_is_started_and_waits_visibly(make_service):
    hub = new_hub()
    owner = make_service(apps=[ACTIVITIES], hub=hub).start()
    assert owner.post("/orchestrators/Chain", "1").status == 400
    runner = make_service(apps=[ORCHESTRATORS], args=["--no-partitions"], hub=hub).start()
    runner.stop()
    instance = owner.start_instance("cHAIN", input=1)
    row = svc.until(lambda: owner.sql("select kind, name, waiting, problem from taskhub.unserved where hub = %s", [hub]))
    assert row == [("episode", "cHAIN", 1, 'no worker for the orchestrator "cHAIN"')]
    assert owner.status(instance)["runtimeStatus"] == "Pending"
    facts.nothing_is_stuck(owner)
    runner.start()
    assert owner.wait_status(instance)["output"] == 1
    assert owner.sql("select * from taskhub.unserved where hub = %s", [hub]) == []
    facts.all_is_well(owner)


def test_a_runner_that_is_killed_in_an_episode_is_replaced(pair, tmp_path):
    owner, runner = pair
    instance = owner.start_instance("DiesOnce", input={"path": str(tmp_path / "died")})
    others = start_many(owner, 5, 2)
    svc.until(lambda: runner.process.poll() is not None, 10, what="the runner has died")
    runner.process = None
    facts.nothing_is_stuck(owner)
    runner.start()
    assert owner.wait_status(instance)["output"] == 2
    facts.wait_ended(owner, others, 20)
    assert owner.process.poll() is None
    facts.every_task_was_answered_once(owner)
    facts.all_is_well(owner)


def test_what_a_stopped_runner_holds_can_be_terminated_and_its_answer_changes_nothing(pair):
    owner, runner = pair
    instance = owner.start_instance("Waits")
    owner.wait_status(instance, "Running")
    runner.pause()
    try:
        owner.raise_event(instance, "Go", 1)
        svc.until(lambda: owner.sql("select 1 from taskhub.activities_view where hub = %s and kind = 'episode'", [owner.hub]))
        assert owner.post(f"/instances/{instance}/terminate?reason=enough").status == 202
        assert owner.wait_status(instance, "Terminated", 5)["output"] == "enough"
    finally:
        runner.resume()
    other = owner.start_instance("Chain", input=1)
    assert owner.wait_status(other)["output"] == 1
    facts.all_is_well(owner)


def test_a_runner_that_is_asked_to_stop_gives_back_what_it_has_not_run(pair, make_service):
    owner, runner = pair
    ids = start_many(owner, 60, 6)
    svc.until(lambda: owner.sql("select 1 from taskhub.history_events where hub = %s limit 1", [owner.hub]))
    second = make_service(apps=[ORCHESTRATORS], args=["--no-partitions"], hub=owner.hub).start()
    assert runner.stop() == 0
    outputs = facts.wait_ended(second, ids, 30)
    assert set(outputs.values()) == {"6"}
    facts.every_task_was_answered_once(owner)
    facts.all_is_well(owner)


@pytest.mark.skipif(not facts.FULL, reason="only with TH_FULL=1")
def test_owners_that_are_killed_while_episodes_are_out_lose_none(pair):
    owner, runner = pair
    done = threading.Event()

    def kill_again_and_again():
        while not done.wait(2):
            owner.restart("kill")

    ids = start_many(runner, 200, 20)
    killer = threading.Thread(target=kill_again_and_again)
    killer.start()
    try:
        outputs = facts.wait_ended(runner, ids, 120)
    finally:
        done.set()
        killer.join()
    assert set(outputs.values()) == {"20"}
    facts.every_task_was_answered_once(runner)
    facts.all_is_well(runner)


@pytest.mark.skipif(not facts.FULL, reason="only with TH_FULL=1")
def test_an_orchestrator_that_kills_every_runner_is_given_up_and_the_others_are_done(pair):
    owner, runner = pair
    instance = owner.start_instance("DiesAlways")
    others = start_many(owner, 20, 3)

    def ended():
        if runner.process.poll() is not None:
            runner.process = None
            runner.start()
        return (owner.status(instance) or {}).get("runtimeStatus") == "Failed"

    svc.until(ended, 90)
    failure = json.loads(owner.sql("select failure from taskhub.instances_view where instance_id = %s", [instance])[0][0])
    assert failure["type"] == "PoisonOrchestrator"
    assert set(facts.wait_ended(owner, others, 30).values()) == {"3"}
    facts.all_is_well(owner)
