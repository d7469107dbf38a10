"""Orchestrations of the Python SDK go on while the server is killed again and again, and comes back within a second. With
TH_FULL=1 every twenty seconds for two minutes."""
import threading
import time

import grpc
from durabletask.client import OrchestrationStatus as Status

import facts
from given import new_id
from sdk import client as client_of
from sdk import worker
from service import free_port, until

PAUSE, KILLS, CHAINS = (20, 6, 40) if facts.FULL else (1.5, 2, 10)


def add(ctx, n):
    return n + 1


def chain(ctx, length):
    """Activities, timers and a child, in turn."""
    n = 0
    for i in range(length):
        n = yield ctx.call_activity(add, input=n)
        if i % 3 == 2:
            yield ctx.create_timer(ctx.current_utc_datetime)
    if length > 2:
        n += yield ctx.call_sub_orchestrator(chain, input=2)
    return n


def patiently(call, *args, **kw):
    """The call, once more while the server is not there. StartInstance under an id of ours can be repeated."""
    end = time.monotonic() + 60
    while True:
        try:
            return call(*args, **kw)
        except grpc.RpcError as e:
            if e.code() == grpc.StatusCode.ALREADY_EXISTS:
                return kw["instance_id"]
            if e.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED,
                                grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN) or time.monotonic() > end:
                raise
            time.sleep(0.2)
        except TimeoutError:
            if time.monotonic() > end:
                raise


def test_orchestrations_of_an_sdk_worker_complete_while_the_server_is_killed(make_service):
    service = make_service(port=free_port(), grpc=True).start()
    over = threading.Event()

    def kill():
        for _ in range(KILLS):
            time.sleep(PAUSE)
            service.kill()
            service.start()
        over.set()

    killer = threading.Thread(target=kill)
    with worker(service, [chain], [add]), client_of(service) as c:
        killer.start()
        started = []
        while not over.is_set() or len(started) < CHAINS:
            instance = new_id()
            started.append(patiently(c.schedule_new_orchestration, chain, input=6, instance_id=instance))
            time.sleep(PAUSE * KILLS / CHAINS)
        killer.join()
        states = [patiently(c.wait_for_orchestration_completion, i, timeout=60) for i in started]
    assert {(s.runtime_status, s.get_output()) for s in states} == {(Status.COMPLETED, 8)}
    until(lambda: not service.sql("select from taskhub.stuck"))
