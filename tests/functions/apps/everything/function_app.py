"""One app with what the tests need that the examples do not show."""
import json
import logging
import os
import signal
import time
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


# --- HTTP ---------------------------------------------------------------------------------------


@app.route(route="echo/{first}/{number:int?}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method, "url": req.url, "params": dict(req.params), "route": dict(req.route_params),
        "header": req.headers.get("X-One"), "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", status_code=201,
                             headers={"X-Two": "2"})


@app.route(route="echo/literal")
def literal(req: func.HttpRequest) -> str:
    return "the literal one"


@app.route(route="files/{*path}")
async def files(req: func.HttpRequest):
    return func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream",
                             headers={"X-Path": req.route_params["path"]})


@app.route(route="throws")
def throws(req: func.HttpRequest):
    raise ValueError("on purpose")


@app.route(route="bad_header")
def bad_header(req: func.HttpRequest):
    return func.HttpResponse("x", headers={"X-Bad": "a\r\nX-Injected: b"})


@app.route(route="locked", auth_level=func.AuthLevel.FUNCTION)
def locked(req: func.HttpRequest) -> str:
    return "open"


@app.route(route="admins_only", auth_level=func.AuthLevel.ADMIN)
def admins_only(req: func.HttpRequest) -> str:
    return "open"


@app.route(route="settings")
def settings(req: func.HttpRequest, context: func.Context) -> str:
    logging.warning("a warning of the app")
    print("a line that the app prints")
    names = ("GREETING", "FUNCTIONS_WORKER_RUNTIME", "AZURE_FUNCTIONS_ENVIRONMENT", "WEBSITE_HOSTNAME")
    return json.dumps({**{n: os.environ.get(n) for n in names}, "cwd": os.getcwd(), "pid": os.getpid(),
                       "context": context.function_name, "invocation": context.invocation_id})


# --- orchestrations -------------------------------------------------------------------------------


@app.activity_trigger(input_name="value")
def give_back(value):
    return value


@app.activity_trigger(input_name="seconds")
def nap(seconds: float):
    time.sleep(seconds)
    return seconds


@app.orchestration_trigger(context_name="context")
def naps(context):
    """Two steps of three naps side by side."""
    def nap_thrice():
        return context.task_all([context.call_activity("nap", context.get_input()) for _ in range(3)])
    first = yield nap_thrice()
    return first + (yield nap_thrice())


@app.activity_trigger(input_name="text")
def fail(text: str):
    raise KeyError(text)


@app.orchestration_trigger(context_name="context")
def values(context):
    """Every kind of value goes to an activity and comes back."""
    given = [None, True, False, 0, 17, -2.5, "", "text", "5", "\"quoted\"", "\u00e9\u4e2d\U0001f600", [1, [2]], {"a": {"b": None}}]
    taken = []
    for value in given:
        taken.append((yield context.call_activity("give_back", value)))
    return [g == t and type(g) is type(t) for g, t in zip(given, taken)]


@app.orchestration_trigger(context_name="context")
def input_back(context):
    return context.get_input()
    yield


@app.orchestration_trigger(context_name="context")
def no_wait(context):
    return "no generator"


@app.orchestration_trigger(context_name="context")
def failing_activity(context):
    try:
        yield context.call_activity("fail", "the key")
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def failing(context):
    context.set_custom_status("on the way down")
    yield context.call_activity("give_back", 1)
    raise RuntimeError("the orchestrator's own")


@app.orchestration_trigger(context_name="context")
def failing_child(context):
    try:
        yield context.call_sub_orchestrator("failing", None, context.instance_id + "-child")
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def two_events(context):
    """Events of one name are queued; names match in any case."""
    yield context.call_activity("nap", 0.2)
    first = yield context.wait_for_external_event("Ping")
    second = yield context.wait_for_external_event("Ping")
    third = yield context.wait_for_external_event("Pong")
    return [first, second, third]


@app.orchestration_trigger(context_name="context")
def eternal(context):
    """Adds up events, one execution each; an event that comes early is handed over."""
    total = context.get_input()["total"]
    value = yield context.wait_for_external_event("Add")
    yield context.call_activity("nap", 0.02)
    total += int(value)
    if total >= 10:
        return total
    context.continue_as_new({"total": total})


@app.orchestration_trigger(context_name="context")
def racing(context):
    """A timer that loses is cancelled; the loop goes on."""
    won = []
    for n in range(3):
        deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        work = context.call_activity("give_back", n)
        winner = yield context.task_any([work, deadline])
        if not deadline.is_completed:
            deadline.cancel()
        won.append(winner.result)
    return won


attempts = {}


@app.activity_trigger(input_name="job")
def unsteady(job):
    """Fails until its attempt is high enough; what it returns names the attempt."""
    path = os.path.join(job["folder"], job["name"])
    with open(path, "a+", encoding="ascii") as f:
        f.write("x")
        f.seek(0)
        attempt = len(f.read())
    time.sleep(job.get("nap", 0))
    if attempt < job["succeeds_at"]:
        raise ValueError(f"{job['name']} {attempt}")
    return [job["name"], attempt]


@app.orchestration_trigger(context_name="context")
def mixed(context):
    """Retries, plain calls, timers and events side by side: every id counts."""
    folder = context.get_input()["folder"]
    options = df.RetryOptions(5, 4)
    retried = [context.call_activity_with_retry("unsteady", options, {
        "folder": folder, "name": f"r{n}", "succeeds_at": 1 + n % 5, "nap": 0.003 * (n % 3)}) for n in range(6)]
    plain = [context.call_activity("give_back", n) for n in range(4)]
    timers = [context.create_timer(context.current_utc_datetime + timedelta(milliseconds=7 * n)) for n in range(3)]
    seen = []
    left = retried + plain + timers
    while left:
        winner = yield context.task_any(left)
        left = [t for t in left if t is not winner]
        try:
            seen.append(winner.result if not isinstance(winner.result, Exception) else "failed")
        except Exception:
            seen.append("failed")
        if len(seen) % 4 == 1:
            seen.append((yield context.call_activity("give_back", f"step {len(seen)}")))
    try:
        last = yield context.call_activity_with_retry("unsteady", options, {"folder": folder, "name": "last",
                                                                            "succeeds_at": 9})
    except Exception as error:
        last = "last 4" in str(error)
    return {"results": sorted(json.dumps(s) for s in seen if s is not None), "last": last}


@app.orchestration_trigger(context_name="context")
def rewindable(context):
    """Fails in the middle of a fan-out, the first time."""
    job = {"folder": context.get_input(), "succeeds_at": 2}
    first = yield context.call_activity("give_back", 0)
    tasks = [context.call_activity("give_back", 1), context.call_activity("unsteady", {**job, "name": "a"}),
             context.call_activity("give_back", 2)]
    middle = yield context.task_all(tasks)
    try:
        last = yield context.call_activity("give_back", 3)
    except Exception:
        last = None
    return [first, middle, last]


# --- programs: what to do is the input, so that tests can make up any mixture -------------------------


def task_of(context, op, folder):
    kind, value = op["op"], op.get("value")
    if kind == "call":
        return context.call_activity("give_back", value)
    if kind == "retry":
        return context.call_activity_with_retry("unsteady", df.RetryOptions(op["pause"], op["attempts"]), {
            "folder": folder, "name": value, "succeeds_at": op["succeeds_at"], "nap": op["nap"]})
    if kind == "timer":
        return context.create_timer(context.current_utc_datetime + timedelta(milliseconds=value))
    if kind == "event":
        return context.wait_for_external_event(value)
    if kind == "entity":
        return context.call_entity(df.EntityId("Tally", value), op["operation"], 1)
    child = {"folder": folder, "steps": op["steps"]}
    if kind == "child":
        return context.call_sub_orchestrator("program", child)
    return context.call_sub_orchestrator_with_retry("program", df.RetryOptions(op["pause"], op["attempts"]), child)


def outcome(task):
    return "failed" if isinstance(task.result, Exception) else task.result


@app.orchestration_trigger(context_name="context")
def program(context):
    """Each step: one thing; all of several; or each of several as they come. A failure ends it only where the step is fatal."""
    given, results = context.get_input(), []
    for step in given["steps"]:
        tasks = [task_of(context, op, given["folder"]) for op in step["ops"]]
        try:
            if step["how"] == "one":
                results.append((yield tasks[0]))
            elif step["how"] == "all":
                results.append((yield context.task_all(tasks)))
            else:
                seen = []
                while tasks:
                    winner = yield context.task_any(tasks)
                    tasks.remove(winner)
                    seen.append(outcome(winner))
                results.append(sorted(seen, key=json.dumps))
        except Exception:
            if step["fatal"]:
                raise
            results.append("failed")
    return results


@app.orchestration_trigger(context_name="context")
def retried_child(context):
    options = df.RetryOptions(5, 2)
    try:
        yield context.call_sub_orchestrator_with_retry("failing", options)
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def counting(context):
    entity = df.EntityId("Tally", context.get_input())
    context.signal_entity(entity, "add", 1)
    yield context.call_entity(entity, "add", 2)
    try:
        yield context.call_entity(entity, "unknown", None)
        failed = False
    except Exception as error:
        failed = str(error)
    return [(yield context.call_entity(entity, "get", None)), failed]


@app.entity_trigger(context_name="context", entity_name="Tally")
def tally(context):
    value = context.get_state(lambda: 0)
    if context.operation_name == "add":
        value += context.get_input()
    elif context.operation_name != "get":
        raise ValueError("no such operation")
    context.set_state(value)
    context.set_result(value)


@app.route(route="tally/{key}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def add_to_tally(req: func.HttpRequest, client) -> func.HttpResponse:
    await client.signal_entity(df.EntityId("Tally", req.route_params["key"]), "add", 5)
    return func.HttpResponse(status_code=202)


@app.route(route="tally/{key}", methods=["GET"])
@app.durable_client_input(client_name="client")
async def read_tally(req: func.HttpRequest, client) -> func.HttpResponse:
    state = await client.read_entity_state(df.EntityId("Tally", req.route_params["key"]))
    return func.HttpResponse(json.dumps([state.entity_exists, state.entity_state]))


# --- the durable client ------------------------------------------------------------------------------


@app.route(route="client/{call}/{id?}")
@app.durable_client_input(client_name="client")
async def use_client(req: func.HttpRequest, client: df.DurableOrchestrationClient):
    """Calls one method of the client; the answer is what it gave, as JSON."""
    call, instance_id = req.route_params["call"], req.route_params.get("id")
    if call == "wait":
        return await client.wait_for_completion_or_create_check_status_response(
            req, instance_id, timeout_in_milliseconds=int(req.params.get("timeout", 5000)), retry_interval_in_milliseconds=100)
    if call == "start":
        return func.HttpResponse(json.dumps(await client.start_new(req.params["name"], instance_id, req.get_json())))
    if call == "status":
        status = await client.get_status(instance_id, show_input=True, show_history=True, show_history_output=True)
        return func.HttpResponse(json.dumps(status.to_json() if status.instance_id else None))
    if call == "all":
        return func.HttpResponse(json.dumps([s.instance_id for s in await client.get_status_all()]))
    if call == "by":
        found = await client.get_status_by(runtime_status=[df.OrchestrationRuntimeStatus(req.params["status"])])
        return func.HttpResponse(json.dumps([s.instance_id for s in found]))
    if call == "raise":
        await client.raise_event(instance_id, req.params["name"], req.get_json())
    elif call == "purge":
        result = await client.purge_instance_history(instance_id)
        return func.HttpResponse(json.dumps(result.instances_deleted))
    elif call in ("terminate", "rewind", "suspend", "resume"):
        await getattr(client, call)(instance_id, "for a reason")
    elif call == "restart":
        await client.restart(instance_id, restart_with_new_instance_id=False)
    elif call == "payload":
        return client.create_check_status_response(req, instance_id)
    return func.HttpResponse(json.dumps(None))


@app.orchestration_trigger(context_name="context")
def calls_http(context):
    """The durable HTTP call of the SDK."""
    answer = yield context.call_http("POST", context.get_input(), "body of the call", {"X-One": "1"})
    return answer


# --- crashes ---------------------------------------------------------------------------------------


@app.activity_trigger(input_name="folder")
def crash_once(folder: str):
    """Takes its whole process down the first time."""
    path = os.path.join(folder, "crashed")
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@app.activity_trigger(input_name="none")
def crash(none):
    os.kill(os.getpid(), signal.SIGKILL)


@app.orchestration_trigger(context_name="context")
def poisoned(context):
    try:
        yield context.call_activity("crash", None)
    except Exception as error:
        return str(error)


@app.orchestration_trigger(context_name="context")
def survives(context):
    first = yield context.call_activity("give_back", 1)
    yield context.call_activity("crash_once", context.get_input())
    third = yield context.call_activity("give_back", 3)
    return [first, third]


@app.orchestration_trigger(context_name="context")
def other_steps(context):
    """Takes other steps when it is replayed, on purpose."""
    if context.is_replaying or os.environ.get("replayed"):
        yield context.call_activity("nap", 0.01)
    os.environ["replayed"] = "1"
    yield context.call_activity("give_back", 1)
    yield context.call_activity("give_back", 2)
