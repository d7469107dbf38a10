"""python_sdk.py - what the Python SDK does for hello sequences, in a bare loop: no host, no channel, no database.

usage: python python_sdk.py APP_FOLDER COUNT

Runs the four episodes and the three activities of COUNT sequences as a worker would call them, and prints one JSON line. The
contexts are those that the host sends, so the interpreter's speed is the only thing that counts.
"""
import importlib.util
import json
import os
import sys
import time

CITIES = ("Seattle", "Tokyo", "London")
TIME = "2026-01-01T00:00:0%d.123456Z"
TAIL = {"input": None, "instanceId": "0123456789abcdef0123456789abcdef", "isReplaying": False, "parentInstanceId": None,
        "upperSchemaVersion": 1, "upperSchemaVersionNew": 2, "longRunningTimerIntervalDuration": "3650.00:00:00",
        "maximumShortTimerDuration": "3650.00:00:00", "defaultHttpAsyncRequestSleepTimeMillseconds": 30000}


def event(kind, episode, played, **more):
    return {"EventType": kind, "EventId": -1, "IsPlayed": played, "Timestamp": TIME % episode, **more}


def context(episode):
    """The text that episode 0, 1, 2 or 3 is asked with."""
    history = [event(12, 0, episode > 0),
               event(0, 0, episode > 0, Name="hello_orchestrator", Version="")]
    for n in range(episode):
        played = n + 1 < episode
        history.append(event(12, n + 1, played))
        history.append(event(5, n + 1, played, TaskScheduledId=n, Result=json.dumps(f"Hello {CITIES[n]}")))
    return json.dumps({"history": history, **TAIL}, separators=(",", ":"))


def load(folder):
    os.chdir(folder)
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("function_app", os.path.join(folder, "function_app.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {f.get_function_name(): f.get_user_function() for f in module.app.get_functions()}


def main():
    functions, count = load(os.path.abspath(sys.argv[1])), int(sys.argv[2])
    from azure.functions import _durable_functions, meta
    activity = meta.get_binding_registry().get("activityTrigger")
    orchestrator, hello = functions["hello_orchestrator"], functions["hello"]
    contexts = [context(n) for n in range(4)]

    def sequence():
        for n, text in enumerate(contexts):
            answer = orchestrator(_durable_functions.OrchestrationContext(text))
            if n < 3:
                value = activity.decode(meta.Datum(json.dumps(CITIES[n]), "string"), trigger_metadata=None)
                activity.encode(hello(city=value), expected_type=None)
        return json.loads(answer)

    last = sequence()
    if not last["isDone"] or last["output"] != [f"Hello {city}" for city in CITIES]:
        raise RuntimeError(f"the last episode gave {last}")
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        sequence()
    print(json.dumps({"per_second": count / (time.perf_counter() - began),
                      "cpu_ms": (time.process_time() - cpu) * 1000 / count}))


main()
