"""Worker processes: more than one, one that dies, one that cannot load the app, an orderly stop."""
import json
import os
import signal
import subprocess

import pytest

import facts
import service as svc
from pyapps import PYTHON, WITH_PYTHON, write_app

ENV = {"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}


def pid_of(service):
    return json.loads(service.request("GET", "/api/settings").text)["pid"]


def children(service):
    found = subprocess.run(["pgrep", "-P", str(service.process.pid), "-f", r"worker\.(py|js) "], capture_output=True, text=True)
    return {int(line) for line in found.stdout.split()}


def test_there_are_as_many_processes_as_asked_for(service):
    svc.until(lambda: len(children(service)) == 2, what="two workers run")


def test_an_activity_whose_worker_died_runs_again(service, tmp_path):
    status = service.wait_status(service.start_instance("survives", None, str(tmp_path)))
    assert (status["runtimeStatus"], status["output"]) == ("Completed", [1, 3])
    assert (tmp_path / "crashed").exists()


def test_killed_workers_are_replaced_and_no_work_is_lost(service):
    before = children(service)
    instances = [service.start_instance("two_events") for _ in range(20)]
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for instance in instances:
        for event in ("Ping", "Ping", "Pong"):
            service.raise_event(instance, event, 1)
    for instance in instances:
        assert service.wait_status(instance)["output"] == [1, 1, 1]
    svc.until(lambda: len(children(service)) == 2 and not children(service) & before, what="two new workers")


def test_what_kills_its_worker_each_time_is_given_up_and_all_else_goes_on(service):
    others = [service.start_instance("racing") for _ in range(10)]
    status = service.wait_status(service.start_instance("poisoned"))
    assert "given up: the worker process died 3 times while it ran" in status["output"]
    for instance in others:
        assert service.wait_status(instance)["output"] == [0, 1, 2]


def test_a_stop_lets_running_activities_end_and_leaves_no_process(database, language):
    service = svc.Service(database, apps=[language.everything], args=language.args, hub=f"Stopping{language}")
    try:
        service.start()
        instance = service.start_instance("two_events")
        service.wait_status(instance, "Running")
        workers = children(service)
        assert len(workers) == 1
        assert service.stop() == 0
        assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
        service.start()
        for event in ("Ping", "Ping", "Pong"):
            service.raise_event(instance, event, 2)
        assert service.wait_status(instance)["output"] == [2, 2, 2]
    finally:
        service.close()


def test_workers_end_when_the_host_is_killed(database, language):
    service = svc.Service(database, apps=[language.everything], args=language.args, hub=f"Killed{language}")
    try:
        service.start()
        workers = children(service)
        service.kill()
        svc.until(lambda: not [pid for pid in workers if os.path.exists(f"/proc/{pid}")], what="the workers are gone")
    finally:
        service.close()


HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
QUEUE = HEAD + """
@app.queue_trigger(arg_name="m", queue_name="q", connection="c")
def queued(m): pass
"""
TWICE = HEAD + """
@app.route(route="a/{b")
def broken(req): pass
"""


TWINS = HEAD + """
@app.route(route="a")
def twin(req): pass

@app.route(route="b")
def twin(req): pass
"""
UNBOUND = HEAD + """
@app.route(route="a")
def unbound(request): pass
"""
ASYNC = HEAD + """
import azure.durable_functions as df
app = df.DFApp()

@app.orchestration_trigger(context_name="context")
async def hurried(context): pass
"""


REFUSED = [
    ("\nimport nothing_of_that_name", "No module named 'nothing_of_that_name' (function_app.py, line 2); if that is a package: "
     + PYTHON + " -m pip install nothing_of_that_name"),
    (QUEUE, "queueTrigger"),
    ("import os\nos._exit(7)", "exited with status 7"),
    ("def broken(:", "SyntaxError: invalid syntax (function_app.py, line 1)"),
    (HEAD + "raise OSError('no disk')", "OSError: no disk (function_app.py, line 3)"),
    (TWINS, "two functions are called 'twin': function_app.py, line 4 and function_app.py, line 7"),
    (UNBOUND, "function 'unbound' (function_app.py, line 4): no binding is called request"),
    (ASYNC, "function 'hurried' (function_app.py, line 7): an orchestrator is a generator"),
    ("x = 1", "exactly one FunctionApp"),
    (HEAD, "has no functions"),
    (TWICE, "function 'broken': its route has a brace"),
]


@pytest.mark.parametrize("code, words", REFUSED if facts.FULL else REFUSED[:3])
def test_an_app_that_can_t_be_served_ends_the_start_and_says_why(database, tmp_path, code, words):
    assert words in svc.refusal(database, write_app(tmp_path / "app", code), WITH_PYTHON)


WRONG = """
import azure.durable_functions as df
import os, sys
app = df.DFApp()

@app.activity_trigger(input_name="what")
def gives(what):
    values = {"bytes": b"\\xff", "object": object(), "large": "x" * 20_000_000}
    if what == "exit":
        os._exit(3)
    if what == "sys.exit":
        sys.exit(4)
    if what == "raise":
        raise LookupError("on purpose")
    return values.get(what, what)

@app.orchestration_trigger(context_name="context")
def asks(context):
    answer = yield context.call_activity("gives", context.get_input())
    return len(answer)

@app.orchestration_trigger(context_name="context")
def yields(context):
    yield {"None": None, "number": 5, "list": [context.call_activity("gives", 1)]}[context.get_input()]
"""
MISTAKES = [
    ("asks", "bytes", "Activity function 'gives' failed:  ValueError: activity trigger output must be json serializable"),
    ("asks", "object", "must be json serializable"),
    ("asks", "raise", "Activity function 'gives' failed:  LookupError: on purpose \n {"),
    ("asks", "raise", 'function_app.py\\", line 14, in gives'),
    ("asks", "sys.exit", "SystemExit: 4"),
    ("asks", "exit", "the worker process died 3 times while it ran"),
    ("asks", "large", 20_000_000),
    ("yields", "None", "can yield the tasks of its context only, not None (function_app.py, line 24)"),
    ("yields", "number", "not 5 (function_app.py, line 24)"),
    ("yields", "list", "task_all or task_any makes a task of it (function_app.py, line 24)"),
]


def test_what_apps_get_wrong_is_said_and_nothing_waits_for_ever(database, tmp_path):
    service = svc.Service(database, apps=[write_app(tmp_path / "app", WRONG)], args=WITH_PYTHON, hub="Wrong")
    try:
        service.start()
        seen = [(words, service.start_instance(name, None, what)) for name, what, words in MISTAKES]
        seen = [(words, service.wait_status(instance, timeout=60)["output"]) for words, instance in seen]
        assert not [pair for pair in seen if pair[0] != pair[1] and str(pair[0]) not in str(pair[1])], seen
    finally:
        service.close()


def test_missing_packages_are_said_with_the_line_that_mends_it(database, tmp_path):
    python = subprocess.run(["sh", "-c", "command -v python3"], capture_output=True, text=True, env={"PATH": "/usr/bin"})
    text = svc.refusal(database, write_app(tmp_path / "app", HEAD), ["--python", python.stdout.strip()])
    assert "-m pip install azure-functions azure-functions-durable" in text


@pytest.mark.parametrize("settings, words", [
    ({"IsEncrypted": True}, "IsEncrypted"),
    ({"Values": {"A": 1}}, "Values.A: must be a string"),
    ({"Values": {"FUNCTIONS_WORKER_RUNTIME": "java"}}, "FUNCTIONS_WORKER_RUNTIME"),
    ({"Values": {"FUNCTIONS_WORKER_PROCESS_COUNT": "many"}}, "FUNCTIONS_WORKER_PROCESS_COUNT"),
])
def test_bad_settings_are_named(database, tmp_path, settings, words):
    assert words in svc.refusal(database, write_app(tmp_path / "app", HEAD, settings=settings), WITH_PYTHON)


def test_an_interpreter_that_is_not_there_is_named(database, tmp_path):
    assert "cannot start /nowhere/python" in svc.refusal(database, write_app(tmp_path / "app", HEAD), ["--python", "/nowhere/python"])


def test_the_app_s_own_environment_is_found(database, tmp_path):
    folder = write_app(tmp_path / "app", HEAD + '@app.route(route="x", auth_level="anonymous")\ndef x(req): return "x"\n')
    os.symlink(os.path.dirname(os.path.dirname(PYTHON)), tmp_path / "app" / ".venv")
    service = svc.Service(database, apps=[folder], hub="Venv")
    try:
        service.start()
        assert service.request("GET", "/api/x").text == "x"
    finally:
        service.close()
