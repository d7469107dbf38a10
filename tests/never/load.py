"""Starts and events that keep coming while a test does harm, and what of them was acknowledged."""
import json
import threading
import time

import psycopg2

import facts
from service import BASE, connect, quote

GREETINGS = '["Hello Tokyo!","Hello Seattle!","Hello London!"]'


class Load:
    """Threads that start hello sequences over HTTP and SQL, `pace` a second each, until `enough` were acknowledged
    or stop(). Who was acknowledged is in .acknowledged; who got no answer, in .doubtful. An id is used once."""

    def __init__(self, service, enough, prefix, doors=("http", "http", "sql"), pace=400.0):
        self.service, self.enough, self.prefix, self.pace = service, enough, prefix, pace
        self.acknowledged, self.doubtful, self.refused = [], [], {}
        self.broken = None
        self._lock = threading.Lock()
        self._next = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(getattr(self, "_" + door),), daemon=True)
                         for door in doors]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        self._stop.set()
        self.join()

    def join(self, timeout=120):
        """Waits until enough were acknowledged."""
        for thread in self._threads:
            thread.join(timeout)
            assert not thread.is_alive(), f"after {timeout} s {len(self.acknowledged)} of {self.enough} were acknowledged"
        assert self.broken is None, f"the load ended early: {self.broken!r}"

    def count(self):
        with self._lock:
            return len(self.acknowledged)

    def _take_id(self):
        with self._lock:
            self._next += 1
            return f"{self.prefix}-{self._next}"

    def _run(self, door):
        try:
            while not self._stop.is_set() and self.count() < self.enough:
                began = time.monotonic()
                door(self._take_id())
                self._stop.wait(max(0.0, 1 / self.pace - (time.monotonic() - began)))
        except BaseException as e:  # pylint: disable=broad-except
            self.broken = e
            raise

    def _note(self, where, instance):
        with self._lock:
            where.append(instance)

    def _http(self, instance):
        try:
            answer = self.service.request("POST", f"{BASE}/orchestrators/hello_orchestrator/{instance}", timeout=60)
        except ConnectionRefusedError:
            self._stop.wait(0.02)
            return
        except OSError:
            self._note(self.doubtful, instance)
            return
        except Exception as e:  # pylint: disable=broad-except
            assert type(e).__module__ == "http.client", e  # cut in the middle of an answer
            self._note(self.doubtful, instance)
            return
        if answer.status == 202:
            self._note(self.acknowledged, instance)
            return
        assert answer.status in (500, 502, 503, 504), answer  # 502 and 504 are of what stands in front
        with self._lock:
            self.refused[answer.status] = self.refused.get(answer.status, 0) + 1
        self._note(self.doubtful, instance)
        self._stop.wait(0.05)

    def _sql(self, instance):
        try:
            conn = connect(self.service.database)
        except psycopg2.OperationalError:
            self._stop.wait(0.05)
            return
        try:
            with conn.cursor() as cur:
                cur.execute("select taskhub.start_instance('hello_orchestrator', null, %s, p_hub => %s)",
                            [instance, self.service.hub])
            self._note(self.acknowledged, instance)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._note(self.doubtful, instance)
        finally:
            conn.close()

    # -- afterwards

    def all_ended_right(self, timeout=60):
        """Every acknowledged start is Completed with the right output; a doubtful one, too, if it is there at all."""
        outputs = facts.wait_ended(self.service, self.acknowledged, timeout)
        there = self.service.sql("select instance_id from taskhub.instances_view where hub = %s and instance_id = any(%s)",
                                 [self.service.hub, self.doubtful])
        outputs.update(facts.wait_ended(self.service, [r[0] for r in there], timeout))
        wrong = {i: o for i, o in outputs.items() if json.loads(o) != json.loads(GREETINGS)}
        assert not wrong, wrong


class Events:
    """One thread that raises numbered events at instances of Collect, each number once."""

    def __init__(self, service, instances, pace=100.0):
        self.service, self.instances, self.pace = service, instances, pace
        self.acknowledged = {i: [] for i in instances}
        self.sent = {i: [] for i in instances}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join(60)

    def _run(self):
        number = 0
        while not self._stop.is_set():
            number += 1
            self._raise(self.instances[number % len(self.instances)], number)
            self._stop.wait(1 / self.pace)

    def _raise(self, instance, number):
        try:
            answer = self.service.post(f"/instances/{quote(instance)}/raiseEvent/Number", str(number),
                                       headers={"Content-Type": "application/json"}, timeout=60)
        except ConnectionRefusedError:
            return
        except Exception:  # pylint: disable=broad-except
            self.sent[instance].append(number)
            return
        self.sent[instance].append(number)
        if answer.status == 202:
            self.acknowledged[instance].append(number)

    def all_arrived(self, timeout=60):
        """Ends the instances: each has every acknowledged number, once, and none that nobody sent. In order, too: a
        sender's later event is never taken before its earlier one."""
        for instance in self.instances:
            self.service.raise_event(instance, "Number", -1)
        outputs = facts.wait_ended(self.service, self.instances, timeout)
        for instance in self.instances:
            got = json.loads(outputs[instance])
            assert got == sorted(set(got)), f"{instance} took events twice or out of order: {got}"
            lost = set(self.acknowledged[instance]) - set(got)
            assert not lost, f"{instance} lost acknowledged events {sorted(lost)}"
            assert set(got) <= set(self.sent[instance]), f"{instance} has events that nobody sent"


class Supervisor:
    """Starts a service again whenever it dies, as systemd or Kubernetes would; counts how often it had to."""

    def __init__(self, service, most):
        self.service, self.most, self.deaths = service, most, 0
        self.broken = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join(60)
        if not error[0]:
            assert self.broken is None, self.broken

    def _run(self):
        while not self._stop.wait(0.02):
            process = self.service.process
            if process is None or process.poll() is None:
                continue
            self.deaths += 1
            if self.deaths > self.most:
                self.broken = f"the service died {self.deaths} times"
                return
            self.service.kill()
            self.service.start(ready=False)
