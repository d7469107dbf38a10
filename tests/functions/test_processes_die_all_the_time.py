"""An app on three processes of taskhub with two workers each, behind nginx; worker processes and whole processes are killed
all the time: every start that was acknowledged ends as if nothing had happened."""
import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest

import facts
import service as svc
from balancer import Balancer
from languages import LANGUAGES

pytestmark = pytest.mark.alone

SECONDS = 60 if facts.FULL else 6
EACH_WORKER, EACH_PROCESS = 1, 5 if facts.FULL else 2  # seconds between two deaths
PACE = 20 if facts.FULL else 10  # starts a second
LONG = 0.15  # of an activity that is likely to be met

WANTED = {
    "racing": lambda output: output == [0, 1, 2],
    "values": lambda output: output == [True] * 13,
    "failing_activity": lambda output: "the key" in output,
    "retried_child": lambda output: "the orchestrator's own" in output,
    "naps": lambda output: output == [LONG] * 6,
}


class Fleet:
    def __init__(self, database, language):
        hub = f"Dying{language}"
        self.all = [svc.Service(database, apps=[language.everything], args=language.args, hub=hub,
                                env={"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}) for _ in range(3)]
        self.balancer = Balancer([s.port for s in self.all])
        self.front = svc.Service(database, hub=hub, port=self.balancer.port)  # nobody's process: nginx answers
        self.ids, self.refused = {}, 0
        self.ending = threading.Event()

    def start(self):
        self.all[0].start()  # it migrates
        for service in self.all[1:]:
            service.start(ready=False)
        for service in self.all:
            service.wait_ready(60)

    def close(self):
        for service in (*self.all, self.front):
            service.close()
        self.balancer.close()

    # -- starts, by the app's own HTTP function

    def start_one(self, n):
        name = list(WANTED)[n % len(WANTED)]
        body = json.dumps(LONG if name == "naps" else None)
        try:
            answer = self.front.request("POST", f"/api/client/start/dying-{n}?name={name}", body, timeout=60)
        except OSError:
            answer = None
        if answer is not None and answer.status == 200:
            self.ids[f"dying-{n}"] = name
        else:
            self.refused += 1  # nobody knows whether it began

    def keep_starting(self, first, step):
        n = first
        while not self.ending.is_set():
            began = time.monotonic()
            self.start_one(n)
            n += step
            self.ending.wait(max(0.0, step / PACE - (time.monotonic() - began)))

    # -- deaths

    def kill_a_worker(self):
        parents = ",".join(str(s.process.pid) for s in self.all if s.process)
        found = subprocess.run(["pgrep", "-P", parents, "-f", r"worker\.(py|js) "], capture_output=True, text=True).stdout.split()
        if not found:
            return 0
        try:
            os.kill(int(random.choice(found)), signal.SIGKILL)
        except ProcessLookupError:
            return 0
        return 1

    def supervise(self):
        """A process whose first worker is killed before it has loaded the app ends, as if the app were broken."""
        for service in self.all:
            if service.process.poll() is not None:
                service.restart("stop", ready=False)

    def kill_in_turn(self):
        """(worker processes, processes) that were killed."""
        workers = processes = 0
        end, next_process = time.monotonic() + SECONDS, time.monotonic() + EACH_PROCESS
        while time.monotonic() < end:
            self.ending.wait(EACH_WORKER)
            workers += self.kill_a_worker()
            self.supervise()
            if time.monotonic() >= next_process:
                next_process += EACH_PROCESS
                self.all[processes % 3].restart("kill", ready=False)
                processes += 1
        return workers, processes


@pytest.fixture(params=LANGUAGES if facts.FULL else LANGUAGES[:1])
def fleet(request, database):
    made = Fleet(database, request.param)
    try:
        made.start()
        yield made
    finally:
        made.ending.set()
        made.close()


def test_every_acknowledged_start_of_an_app_ends_right(fleet):
    threads = [threading.Thread(target=fleet.keep_starting, args=(n, 4), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    workers, processes = fleet.kill_in_turn()
    fleet.ending.set()
    for thread in threads:
        thread.join(90)
        assert not thread.is_alive()
    print(f"{len(fleet.ids)} acknowledged, {fleet.refused} not; {workers} workers and {processes} processes were killed")
    assert workers >= SECONDS / EACH_WORKER / 2 and processes >= SECONDS // EACH_PROCESS - 1
    assert len(fleet.ids) > SECONDS * 2, f"only {len(fleet.ids)} starts were acknowledged, {fleet.refused} were not"
    outputs = facts.wait_ended(fleet.front, fleet.ids, 60)
    wrong = {i: o for i, o in outputs.items() if not WANTED[fleet.ids[i]](json.loads(o))}
    assert not wrong, f"{len(wrong)} ended wrongly: {list(wrong.items())[:3]}"
    facts.histories_are_gapless(fleet.front)
    facts.no_answer_was_applied_twice(fleet.front)
