"""Retries, fan-outs, timers, events, children and entities side by side, while processes are killed at any moment: every
orchestration ends as if nothing had happened."""
import json
import os
import random
import signal
import subprocess

import pytest

import facts
import service as svc

ROUNDS = 12 if facts.FULL else 1
EACH = 12 if facts.FULL else 4


def names(result):
    """What the orchestrator `mixed` has seen, without the numbers of attempts: work that is lost runs again."""
    seen = [json.loads(r) for r in result["results"]]
    return sorted(json.dumps(s[0] if isinstance(s, list) else s) for s in seen if not str(s).startswith("step"))


WANTED = [0, 1, 2, 3, "r0", "r1", "r2", "r3", "r5"]


def check(result):
    seen = names(result)
    for name in WANTED:
        assert seen.count(json.dumps(name)) == 1, result
    assert len(seen) == len(WANTED) + 1 and {'"failed"', '"r4"'} & set(seen), result


def kill_a_worker(service):
    found = subprocess.run(["pgrep", "-P", str(service.process.pid), "-f", r"worker\.(py|js) "], capture_output=True, text=True)
    for pid in random.sample(found.stdout.split(), min(1, len(found.stdout.split()))):
        os.kill(int(pid), signal.SIGKILL)


def start_all(service, tmp_path, n):
    instances = {}
    for i in range(EACH):
        folder = tmp_path / f"{n}-{i}"
        folder.mkdir()
        instances[service.start_instance("mixed", None, {"folder": str(folder)})] = "mixed"
        if i % 3 == 0:
            instances[service.start_instance("eternal", None, {"total": 0})] = "eternal"
            instances[service.start_instance("two_events")] = "two_events"
    return instances


def raise_all(service, instances):
    for instance, kind in instances.items():
        for name, value in {"eternal": [("Add", n) for n in (1, 2, 3, 4)],
                            "two_events": [("pong", 2), ("Ping", 1), ("ping", 3)]}.get(kind, []):
            service.raise_event(instance, name, value)


@pytest.mark.parametrize("sessions", ["cold", "warm"] if facts.FULL else ["cold"])
def test_orchestrations_end_as_if_nothing_had_happened(make_service, tmp_path, sessions, language):
    folder = language.everything_with(tmp_path / "app", {"version": "2.0", "extensions": {
        "durableTask": {"extendedSessionsEnabled": sessions == "warm"}}})
    service = make_service(apps=[folder], args=language.args, hub=f"{language}{sessions}", env={"FUNCTIONS_WORKER_PROCESS_COUNT": "2"})
    service.start()
    for n in range(ROUNDS):
        instances = start_all(service, tmp_path, n)
        svc.wait_a_random_while(0.3)
        kill_a_worker(service)
        raise_all(service, instances)
        svc.wait_a_random_while(0.5)
        service.restart("stop" if n % 2 else "kill")
        for instance, kind in instances.items():
            status = service.wait_status(instance)
            assert status["runtimeStatus"] == "Completed", status
            if kind == "mixed":
                check(status["output"])
            else:
                assert status["output"] == {"eternal": 10, "two_events": [1, 3, 2]}[kind], status
    facts.histories_are_gapless(service)
    facts.no_answer_was_applied_twice(service)
