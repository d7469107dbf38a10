"""Chains of activities side by side, for looking at limits and at many processes and machines.

{"chains": C, "length": N, "seconds": s}: chain c calls F2 with 10c, 10c+1, ... one after the other; each call takes s seconds.
The result is the number of calls. host.json lets four run at once in a process of taskhub.

    curl -d '{"chains": 20, "length": 10}' http://localhost:7071/api/orchestrators/f2_orchestrator
"""
import json
import logging
import os
import socket
import threading
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="orchestrators/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client):
    body = req.get_body()
    instance_id = await client.start_new(req.route_params["name"], None, json.loads(body) if body else None)
    return client.create_check_status_response(req, instance_id)


@app.activity_trigger(input_name="call")
def F2(call: dict) -> int:
    logging.info("F2 input: %d start, hostname: %s, process:id %d thread ID: %d",
                 call["n"], socket.gethostname(), os.getpid(), threading.get_native_id())
    time.sleep(call["seconds"])
    return call["n"]


@app.orchestration_trigger(context_name="context")
def f2_orchestrator(context: df.DurableOrchestrationContext):
    wanted = context.get_input() or {}
    length, seconds = wanted.get("length", 10), wanted.get("seconds", 1)

    def call(n):
        return context.call_activity("F2", {"n": n, "seconds": seconds})

    # One task a chain; whichever is done makes way for the next of its chain.
    open_chains = {call(10 * c): iter(range(10 * c + 1, 10 * c + length)) for c in range(wanted.get("chains", 20))}
    calls = 0
    while open_chains:
        done = yield context.task_any(list(open_chains))
        chain = open_chains.pop(done)
        calls += 1
        following = next(chain, None)
        if following is not None:
            open_chains[call(following)] = chain
    return calls
