"""Instances in a wanted state, and the check of one row of http_cases.py."""
import re
import uuid

from http_cases import ANY, Check

INPUT = {"b": 1, "a": 2}


def new_id():
    return "i-" + uuid.uuid4().hex[:16]


def running(service):
    instance = service.start_instance("Waits", new_id(), INPUT)
    service.wait_status(instance, "Running")
    return instance


def suspended(service):
    instance = running(service)
    assert service.post(f"/instances/{instance}/suspend").status == 202
    service.wait_status(instance, "Suspended")
    return instance


def terminated(service):
    instance = running(service)
    assert service.post(f"/instances/{instance}/terminate?reason=enough").status == 202
    service.wait_status(instance, "Terminated")
    return instance


def completed(service):
    instance = service.start_instance("Echo", new_id(), INPUT)
    service.wait_status(instance, "Completed")
    return instance


def failed(service):
    instance = service.start_instance("Fails", new_id())
    service.wait_status(instance, "Failed")
    return instance


def canceled(service):
    """As an import from elsewhere may have left it: nothing here cancels."""
    instance = completed(service)
    service.sql("update taskhub.instances set status = 4 where instance_id = %s", (instance,))
    assert service.status(instance)["runtimeStatus"] == "Canceled"
    return instance


def pending(service):
    return service.start_instance("Echo", new_id(), INPUT)


def new(service):
    return new_id()


missing = new

STATES = {f.__name__: f for f in (running, suspended, terminated, completed, failed, canceled, pending,
                                    new)}
STATES["missing"] = new


def fill(service, path):
    """Puts instances where the path names states; the path, and the ids by state."""
    ids = {}

    def make(match):
        name = match.group(1)
        ids[name] = STATES[name](service)
        return ids[name]

    return re.sub(r"\{(\w+)\}", make, path), ids


def check_body(wanted, answer):
    if wanted is None:
        assert answer.body == b"", answer
        assert answer.headers.get("Content-Type") is None, answer
        return
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8", answer
    if isinstance(wanted, Check):
        assert wanted.test(answer.json), f"{wanted}: {answer}"
    elif wanted is not ANY:
        assert answer.json == wanted, answer


def check_row(service, row):
    path, ids = fill(service, row.path)
    answer = service.call(row.method, path, row.send, row.send_headers)
    assert answer.status == row.status, answer
    if row.method != "HEAD":
        assert int(answer.headers["Content-Length"]) == len(answer.body), answer
    check_body(row.body, answer)
    for name, wanted in row.headers.items():
        assert answer.headers.get(name) == wanted, f"{name}: {answer}"
    if "new" in ids and row.status == 400:
        assert service.status(ids["new"]) is None, "a refused start left an instance behind"
