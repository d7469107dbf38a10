"""A worker and a client of the Python SDK against a service."""
import contextlib

from durabletask import client as dt
from durabletask import worker as dw


def options(service):
    return {"host_address": f"localhost:{service.grpc_port}", "secure_channel": False}


@contextlib.contextmanager
def worker(service, orchestrators=(), activities=(), entities=(), **kw):
    """A running worker with these functions."""
    with dw.TaskHubGrpcWorker(**options(service), **kw) as w:
        for each in orchestrators:
            w.add_orchestrator(each)
        for each in activities:
            w.add_activity(each)
        for each in entities:
            w.add_entity(each)
        w.start()
        yield w


def client(service):
    return dt.TaskHubGrpcClient(**options(service))


def finish(c, orchestrator, timeout=30, **kw):
    """Starts one, and its state at the end."""
    instance = c.schedule_new_orchestration(orchestrator, **kw)
    return c.wait_for_orchestration_completion(instance, timeout=timeout)
