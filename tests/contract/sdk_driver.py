"""Drives the client of azure-functions-durable; run by a Python that has the package.

The first line of standard input is the binding's JSON. Each one after it is a call, {"call", "args", "kwargs"}, and
is answered by a line {"result"} or {"error"}. Values that JSON has no form for stand as {"entity": [name, key]},
{"time": ISO 8601}, {"request": URL} and {"status": name}.
"""
import asyncio
import json
import sys
from datetime import datetime

import azure.functions
from azure.durable_functions.models.DurableOrchestrationClient import DurableOrchestrationClient
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.EntityStateResponse import EntityStateResponse
from azure.durable_functions.models.OrchestrationRuntimeStatus import OrchestrationRuntimeStatus
from azure.durable_functions.models.PurgeHistoryResult import PurgeHistoryResult
from azure.durable_functions.models.utils.entity_utils import EntityId

SPECIAL = {
    "entity": lambda v: EntityId(*v),
    "time": datetime.fromisoformat,
    "request": lambda v: azure.functions.HttpRequest("GET", v, body=b""),
    "status": OrchestrationRuntimeStatus,
}


def read(value):
    if isinstance(value, list):
        return [read(v) for v in value]
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in SPECIAL:
        [(kind, inner)] = value.items()
        return SPECIAL[kind](inner)
    return value


def write(value):
    if isinstance(value, list):
        return [write(v) for v in value]
    if isinstance(value, DurableOrchestrationStatus):
        return {"there": bool(value), "name": value.name, "id": value.instance_id, "input": value.input_,
                "output": value.output, "custom": value.custom_status,
                "status": value.runtime_status and value.runtime_status.name,
                "created": value.created_time and value.created_time.isoformat(),
                "events": getattr(value, "historyEvents", None)}
    if isinstance(value, PurgeHistoryResult):
        return value.instances_deleted
    if isinstance(value, EntityStateResponse):
        return [value.entity_exists, value.entity_state]
    if isinstance(value, azure.functions.HttpResponse):
        return {"code": value.status_code, "body": json.loads(value.get_body()), "headers": dict(value.headers)}
    return value


async def answer(client, call):
    try:
        result = getattr(client, call["call"])(*read(call.get("args", [])), **{
            k: read(v) for k, v in call.get("kwargs", {}).items()})
        return {"result": write(await result if asyncio.iscoroutine(result) else result)}
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}"}


async def main():
    lines = iter(sys.stdin.readline, "")
    client = DurableOrchestrationClient(next(lines), "8a7d9f7c-3d1a-4a5e-9df3-2f0a3f1c1b11")
    for line in lines:
        print(json.dumps(await answer(client, json.loads(line))), flush=True)


asyncio.run(main())
