"""The patterns of Durable Functions, one orchestrator each.

POST /api/orchestrators/<name> starts one; the request's body is its input.
"""
import json
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="orchestrators/{name}/{instance_id?}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client):
    body = req.get_body()
    instance_id = await client.start_new(
        req.route_params["name"], req.route_params.get("instance_id"), json.loads(body) if body else None
    )
    return client.create_check_status_response(req, instance_id)


@app.route(route="events/{instance_id}/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def raise_event(req: func.HttpRequest, client):
    await client.raise_event(req.route_params["instance_id"], req.route_params["name"], req.get_json())
    return func.HttpResponse(status_code=202)


# --- fan out, fan in ---------------------------------------------------------------------------


@app.activity_trigger(input_name="number")
def square(number: int) -> int:
    return number * number


@app.orchestration_trigger(context_name="context")
def sum_of_squares(context: df.DurableOrchestrationContext):
    tasks = [context.call_activity("square", n) for n in range(context.get_input() or 10)]
    return sum((yield context.task_all(tasks)))


# --- human interaction: an answer in time, or not ------------------------------------------------


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext):
    context.set_custom_status("waiting for an answer")
    deadline = context.current_utc_datetime + timedelta(seconds=(context.get_input() or 3600))
    timeout = context.create_timer(deadline)
    answer = context.wait_for_external_event("Approval")
    winner = yield context.task_any([answer, timeout])
    if winner == timeout:
        return "nobody answered"
    timeout.cancel()
    context.set_custom_status({"answer": answer.result})
    return "approved" if answer.result else "refused"


# --- monitor: a loop without end, one execution after the other ------------------------------------


@app.orchestration_trigger(context_name="context")
def countdown(context: df.DurableOrchestrationContext):
    left = context.get_input() or 0
    if left == 0:
        return "done"
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=50))
    context.continue_as_new(left - 1)


# --- sub-orchestrations ----------------------------------------------------------------------------


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext):
    children = [context.call_sub_orchestrator("child", n) for n in (1, 2, 3)]
    return (yield context.task_all(children))


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("square", context.get_input()))


# --- retries -----------------------------------------------------------------------------------------

attempts = {}


@app.activity_trigger(input_name="job")
def flaky(job: dict) -> int:
    attempts[job["id"]] = attempts.get(job["id"], 0) + 1
    if attempts[job["id"]] < job["succeeds_at"]:
        raise ValueError(f"attempt {attempts[job['id']]} of {job['id']} failed")
    return attempts[job["id"]]


@app.orchestration_trigger(context_name="context")
def retrying(context: df.DurableOrchestrationContext):
    options = df.RetryOptions(first_retry_interval_in_milliseconds=20, max_number_of_attempts=3)
    job = {"id": context.instance_id, "succeeds_at": context.get_input() or 1}
    try:
        return (yield context.call_activity_with_retry("flaky", options, job))
    except Exception as error:
        return f"gave up: {error}"


# --- entities ------------------------------------------------------------------------------------------


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    value = context.get_state(lambda: 0)
    if context.operation_name == "add":
        value += context.get_input()
    elif context.operation_name == "reset":
        value = 0
    elif context.operation_name != "get":
        raise ValueError(f"counters don't know '{context.operation_name}'")
    context.set_state(value)
    context.set_result(value)


@app.orchestration_trigger(context_name="context")
def counting(context: df.DurableOrchestrationContext):
    entity = df.EntityId("counter", context.instance_id)
    context.signal_entity(entity, "add", 1)
    yield context.call_entity(entity, "add", 2)
    return (yield context.call_entity(entity, "get", None))
