"""Language worker for Python apps of the v2 model. The channel is described in ../README.md.

This file imports nothing but the standard library until the app's own packages are on the path.
"""
import argparse
import asyncio
import base64
import contextlib
import contextvars
import datetime
import functools
import importlib.util
import inspect
import json
import logging
import os
import platform
import queue
import socket
import struct
import sys
import threading
import traceback
import uuid

invocation = contextvars.ContextVar("invocation", default=None)


to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Channel:
    """Frames on the inherited socket; sending is safe from any thread, receiving is one thread's."""

    def __init__(self, fd):
        os.set_inheritable(fd, False)
        self.socket = socket.socket(fileno=fd)
        self.stream = self.socket.makefile("rb", buffering=1 << 18)  # many frames come in one system call
        self.lock = threading.Lock()

    def send(self, message):
        self.send_text(to_json(message))

    def send_text(self, text):
        frame = text.encode("utf-8", "replace")
        with self.lock:
            self.socket.sendall(struct.pack(">I", len(frame)) + frame)

    def receive(self):
        """None: the host is gone."""
        header = self.stream.read(4)
        if len(header) < 4:
            return None
        length = struct.unpack(">I", header)[0]
        text = self.stream.read(length)
        return json.loads(text) if len(text) == length else None


class Threads:
    """Runs calls on at most so many threads; each is started when no other is free."""

    def __init__(self, most):
        self.left = most
        self.free = 0  # threads that wait, less the calls that are queued
        self.lock = threading.Lock()
        self.calls = queue.SimpleQueue()

    def run(self, *call):
        with self.lock:
            self.free -= 1
            start = self.free < 0 and self.left > 0
            if start:
                self.left -= 1
                self.free += 1
        self.calls.put(call)
        if start:
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            function, *arguments = self.calls.get()
            contextvars.Context().run(function, *arguments)
            with self.lock:
                self.free += 1


class LogHandler(logging.Handler):
    """Log records become rpc_log messages."""

    LEVELS = ((logging.CRITICAL, "Critical"), (logging.ERROR, "Error"), (logging.WARNING, "Warning"),
              (logging.INFO, "Information"), (logging.DEBUG, "Debug"))

    def __init__(self, channel):
        super().__init__()
        self.channel = channel

    def emit(self, record):
        level = next((name for least, name in self.LEVELS if record.levelno >= least), "Trace")
        try:
            self.channel.send({"rpc_log": {
                "invocation_id": invocation.get() or "", "category": record.name, "level": level,
                "message": self.format(record), "log_category": "User"}})
        except OSError:
            pass


def traceback_of(error):
    """Without the frames of this file and of imports at its beginning, which tell the app's author nothing."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename.startswith((__file__, "<frozen importlib")):
        trace = trace.tb_next
    return trace


def exception_of(error, message=None):
    kind = type(error).__name__
    stack = "".join(traceback.format_exception(type(error), error, traceback_of(error)))
    return {"message": message or f"{kind}: {error}", "type": kind, "stack_trace": stack, "is_user_exception": True}


def failure(error, message=None):
    return {"status": "Failure", "exception": exception_of(error, message)}


def place_in(folder, error):
    """" (file, line n)": where in the app's own code it was; "" if that is not known or its text says so."""
    if isinstance(error, SyntaxError):
        return ""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename
        if path.startswith(folder + os.sep) and "site-packages" not in path:
            place = f" ({os.path.relpath(path, folder)}, line {line})"
    return place


def code_of(function):
    """Of the app's function below what decorators made of it."""
    function = inspect.unwrap(getattr(function, "orchestrator_function", None) or getattr(function, "entity_function", None) or function)
    return getattr(function, "__code__", None)


def line_of(function):
    code = code_of(function)
    return f"{os.path.basename(code.co_filename)}, line {code.co_firstlineno}" if code else "unknown place"


def watched(generator, task_type):
    """The orchestrator's generator, which may yield tasks and nothing else: the SDK would wait for ever, or fail at a line of its own."""
    value = error = None
    while True:
        try:
            task = generator.send(value) if error is None else generator.throw(error)
        except StopIteration as stop:
            return stop.value
        if not isinstance(task, task_type):
            what = "a list; task_all or task_any makes a task of it" if isinstance(task, list) else repr(task)[:100]
            error = TypeError(f"an orchestrator can yield the tasks of its context only, not {what} "
                              f"({os.path.basename(generator.gi_code.co_filename)}, line {generator.gi_frame.f_lineno})")
            continue
        try:
            value, error = (yield task), None
        except Exception as thrown:
            error = thrown


def watch_yields(handle):
    """An orchestrator of the SDK as it is, but for its generator. Other versions, which have no such parts, stay as they are."""
    try:
        from azure.durable_functions.models.Task import TaskBase
        from azure.durable_functions.orchestrator import Orchestrator
        function = handle.orchestrator_function
    except (ImportError, AttributeError):
        return handle

    @functools.wraps(function)
    def orchestrator(context):
        made = function(context)
        return watched(made, TaskBase) if inspect.isgenerator(made) else made

    watching = Orchestrator.create(orchestrator)
    watching.__dict__.update(handle.__dict__)
    return watching


def quicken_the_sdk():
    """The durable SDK spends two thirds of a replay in a parser that takes times of every form. Those of the host have one, which
    datetime reads a hundred times faster; they become the same values, and all others go to the SDK's own parser."""
    module = sys.modules.get("azure.durable_functions.models.history.HistoryEvent")
    parse = getattr(module, "dt_parse", None)
    if parse is None or getattr(parse, "is_quick", False):
        return
    sample = "2026-01-02T03:04:05.000678Z"
    zone = parse(sample).tzinfo

    def quick(text):
        if type(text) is str and len(text) == len(sample) and text[-1] == "Z" and text[-8] == ".":
            try:
                return datetime.datetime.fromisoformat(text[:-1]).replace(tzinfo=zone)
            except ValueError:
                pass
        return parse(text)

    quick.is_quick = True
    if quick(sample) == parse(sample):
        module.dt_parse = quick


SUCCESS = {"status": "Success"}
INPUTS = {"httpTrigger", "durableClient", "orchestrationTrigger", "activityTrigger", "entityTrigger", "timerTrigger"}


class TraceContext:
    """That of an invocation, under both spellings."""

    def __init__(self, trace):
        self.trace_parent = self.Traceparent = trace.get("trace_parent", "")
        self.trace_state = self.Tracestate = trace.get("trace_state", "")
        self.attributes = self.Attributes = trace.get("attributes", {})


class Context:
    """What a parameter called `context` that no binding names gets."""

    def __init__(self, function, directory, request):
        self.function_name = function
        self.function_directory = directory
        self.invocation_id = request.get("invocation_id")
        self.trace_context = TraceContext(request.get("trace_context") or {})
        self.retry_context = request.get("retry_context")
        self.thread_local_storage = threading.local()


class Function:
    def __init__(self, app_function, directory, script):
        self.name = app_function.get_function_name()
        self.callable = app_function.get_user_function()
        self.line = line_of(self.callable)
        self.raw_bindings = [str(b) for b in app_function.get_raw_bindings()]
        self.bindings = {b["name"]: b for b in map(json.loads, self.raw_bindings)}
        self.id = str(uuid.uuid5(uuid.NAMESPACE_OID, self.name))
        self.directory = directory
        self.script = script
        self.is_async = asyncio.iscoroutinefunction(self.callable)
        self.trigger = next((b for b in self.bindings.values() if b["type"].endswith("Trigger")), None)
        self.kind = self.trigger["type"] if self.trigger else None
        if self.kind == "orchestrationTrigger":
            if inspect.iscoroutinefunction(getattr(self.callable, "orchestrator_function", None)):
                raise ValueError(f"function '{self.name}' ({self.line}): an orchestrator is a generator: def, not async def")
            self.callable = watch_yields(self.callable)
        for binding in self.bindings.values():
            is_output = binding.get("direction", "").upper() == "OUT" and binding["type"] == "http"
            if binding["type"] not in INPUTS and not is_output:
                raise ValueError(f"function '{self.name}' ({self.line}): there is nothing here for the binding "
                                 f"'{binding['name']}' of type {binding['type']}")
        self.is_durable = self.kind in ("orchestrationTrigger", "entityTrigger")
        self.returns = self.kind == "activityTrigger" or self.is_durable or any(
            b["type"] == "http" and b["name"] == "$return" for b in self.bindings.values())
        parameters = set(inspect.signature(self.callable).parameters)
        self.wants_context = "context" in parameters and "context" not in self.bindings
        self.check_parameters(parameters)

    def check_parameters(self, parameters):
        """Bindings and parameters must be the same names; the SDK's own wrappers take what comes."""
        if self.is_durable:
            return
        bound = {name for name in self.bindings if name != "$return"}
        strange = parameters - bound - {"context", "args", "kwargs"}
        missing = bound - parameters
        if strange:
            raise ValueError(f"function '{self.name}' ({self.line}): no binding is called {', '.join(sorted(strange))}")
        if missing and not {"args", "kwargs"} & parameters:
            raise ValueError(f"function '{self.name}' ({self.line}): it has no parameter for the binding "
                             f"{', '.join(sorted(missing))}")

    def metadata(self):
        return {"name": self.name, "function_id": self.id, "directory": self.directory,
                "script_file": self.script, "entry_point": self.callable.__name__,
                "raw_bindings": self.raw_bindings, "language": "python",
                "properties": {"worker_indexed": "True"}, "status": SUCCESS}


def refuse_twins(app):
    """Two functions of one name: the SDK names neither's line."""
    lines = {}
    for builder in getattr(app, "_function_builders", ()):
        function = getattr(builder, "_function", None)
        if function is not None:
            lines.setdefault(function.get_function_name().lower(), []).append(line_of(function.get_user_function()))
    for name, places in lines.items():
        if len(places) > 1:
            raise ValueError(f"two functions are called '{name}': {' and '.join(places)}")


class Worker:
    def __init__(self, channel, worker_id):
        self.channel = channel
        self.worker_id = worker_id
        self.functions = {}
        self.func = None
        self.folder = os.getcwd()
        self.ending = False
        self.running = 0
        self.tasks = set()
        count = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
        threads = int(count) if count.isdigit() and int(count) > 0 else min(32, (os.cpu_count() or 1) + 4)
        self.threads = Threads(threads)
        self.replays = Threads(threads)  # activities that wait for something never hold up an orchestration
        self.lock = threading.Lock()

    # ---- loading ----

    def prepare(self):
        sys.path.insert(0, self.folder)
        packages = os.path.join(self.folder, ".python_packages", "lib", "site-packages")
        if os.path.isdir(packages):
            sys.path.insert(1, packages)
        try:
            import azure.functions as func
        except ImportError as error:
            raise RuntimeError(f"the package {error.name or 'azure-functions'} is missing in {sys.executable}: "
                               f"{sys.executable} -m pip install azure-functions azure-functions-durable") from error
        self.func = func

    def index(self):
        name = os.environ.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
        path = os.path.join(self.folder, name)
        spec = importlib.util.spec_from_file_location(os.path.splitext(name)[0], path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        register = getattr(self.func, "FunctionRegister", None) or self.func.FunctionApp
        apps = {id(v): v for v in vars(module).values() if isinstance(v, register)}
        if len(apps) != 1:
            raise ValueError(f"{name} must have exactly one FunctionApp at module level, and has {len(apps)}")
        app = next(iter(apps.values()))
        refuse_twins(app)
        for app_function in app.get_functions():
            function = Function(app_function, self.folder, name)
            self.functions[function.id] = function
        quicken_the_sdk()

    # ---- handshake ----

    def worker_init_request(self, request_id, message):
        self.folder = message.get("function_app_directory") or self.folder
        result = SUCCESS
        try:
            self.prepare()
        except Exception as error:
            result = failure(error, str(error))
        self.channel.send({"request_id": request_id, "worker_init_response": {
            "result": result,
            "capabilities": {"RawHttpBodyBytes": "true", "RpcHttpBodyOnly": "true",
                             "RpcHttpTriggerMetadataRemoved": "true", "WorkerStatus": "true"},
            "worker_metadata": {"runtime_name": "python", "runtime_version": platform.python_version(),
                                "worker_version": "1"}}})

    def load_error(self, error):
        """One line for people: what, where, and of a missing package the line that mends it."""
        text = f"{type(error).__name__}: {error}{place_in(self.folder, error)}"
        if isinstance(error, ModuleNotFoundError) and error.name:
            text += f"; if that is a package: {sys.executable} -m pip install {error.name.partition('.')[0]}"
        return text

    def functions_metadata_request(self, request_id, message):
        answer = {"function_metadata_results": [], "result": SUCCESS}
        try:
            self.index()
            answer["function_metadata_results"] = [f.metadata() for f in self.functions.values()]
        except BaseException as error:
            answer["result"] = failure(error, self.load_error(error))
        self.channel.send({"request_id": request_id, "function_metadata_response": answer})

    def function_load_request(self, request_id, message):
        result = SUCCESS
        try:
            if not self.functions:
                self.index()
            if message["function_id"] not in self.functions:
                raise KeyError(f"there is no function {message['function_id']}")
        except BaseException as error:
            result = failure(error)
        self.channel.send({"request_id": request_id, "function_load_response": {
            "function_id": message.get("function_id"), "result": result}})

    def worker_status_request(self, request_id, message):
        self.channel.send({"request_id": request_id, "worker_status_response": {}})

    # ---- invocations ----

    def argument(self, function, binding, data):
        kind = binding["type"]
        text = data.get("string", data.get("json"))
        if kind == "httpTrigger":
            http = data["http"]
            body = base64.b64decode(http.get("body", {}).get("bytes", ""))
            return self.func.HttpRequest(method=http["method"], url=http["url"], headers=http.get("headers", {}),
                                         params=http.get("query", {}), route_params=http.get("params", {}), body=body)
        if kind == "durableClient":
            return text
        if kind == "orchestrationTrigger":
            from azure.functions import _durable_functions
            return _durable_functions.OrchestrationContext(text)
        if kind == "entityTrigger":
            from azure.functions import _durable_functions
            return _durable_functions.EntityContext(text)
        if text is None:
            return None
        from azure.functions import meta
        datum = meta.Datum(text, "json" if kind == "timerTrigger" else "string")
        return meta.get_binding_registry().get(kind).decode(datum, trigger_metadata=None)

    def call(self, function, request):
        inputs = {i["name"]: i.get("data", {}) for i in request.get("input_data", [])}
        arguments = {name: self.argument(function, binding, inputs[name])
                     for name, binding in function.bindings.items() if name in inputs}
        if function.is_durable:
            return function.callable(arguments[function.trigger["name"]])
        if function.wants_context:
            arguments["context"] = Context(function.name, function.directory, request)
        return function.callable(**arguments)

    def http_value(self, value):
        if value is None:
            return {}
        if isinstance(value, str):
            return {"string": value}
        headers = {}
        for name in value.headers.keys():
            headers.setdefault(name.lower(), value.headers.getlist(name) if hasattr(value.headers, "getlist")
                               else value.headers[name])
        if "content-type" not in headers and value.mimetype:
            text = value.mimetype.startswith("text/") and value.charset
            headers["content-type"] = value.mimetype + (f"; charset={value.charset}" if text else "")
        return {"http": {"status_code": str(value.status_code), "headers": headers,
                         "body": {"bytes": base64.b64encode(value.get_body()).decode()}}}

    def value(self, function, value):
        if function.kind == "httpTrigger":
            return self.http_value(value)
        if function.is_durable:
            return {"json": value}
        if value is not None and not function.returns:
            raise RuntimeError(f"function '{function.name}' without a $return binding returned a value")
        if function.kind == "activityTrigger":
            from azure.functions import meta
            datum = meta.get_binding_registry().get("activityTrigger").encode(value, expected_type=None)
            return {datum.type: datum.value}
        return {}

    def answer(self, request, **members):
        invocation_id = request["invocation_id"]
        with contextlib.suppress(ValueError):  # the app may have closed it
            sys.stdout.flush()
        try:
            text = to_json({"invocation_response": {"invocation_id": invocation_id, **members}})
        except Exception as error:  # a header that is no text, and the like
            text = to_json({"invocation_response": {"invocation_id": invocation_id, "result": failure(error)}})
        self.channel.send_text(text)
        with self.lock:
            self.running -= 1
            ended = self.ending and not self.running
        if ended:
            self.loop.call_soon_threadsafe(self.loop.stop)

    def run_sync(self, function, request):
        invocation.set(request["invocation_id"])
        try:
            value = self.value(function, self.call(function, request))
        except BaseException as error:
            self.answer(request, result=failure(error))
        else:
            self.answer(request, result=SUCCESS, return_value=value)

    async def run_async(self, function, request):
        invocation.set(request["invocation_id"])
        try:
            value = self.value(function, await self.call(function, request))
        except BaseException as error:
            self.answer(request, result=failure(error))
        else:
            self.answer(request, result=SUCCESS, return_value=value)

    def begin_async(self, function, request):
        task = self.loop.create_task(self.run_async(function, request))
        self.tasks.add(task)  # the loop itself forgets it
        task.add_done_callback(self.tasks.discard)

    def invocation_request(self, request_id, request):
        """On the thread that reads: a call goes to its thread, or to the loop, in one step."""
        function = self.functions.get(request.get("function_id"))
        with self.lock:
            self.running += 1
        if function is None:
            self.answer(request, result=failure(KeyError(f"there is no function {request.get('function_id')}")))
        elif function.is_async:
            self.loop.call_soon_threadsafe(self.begin_async, function, request)
        else:
            threads = self.replays if function.is_durable else self.threads
            threads.run(self.run_sync, function, request)

    def worker_terminate(self, request_id, message):
        with self.lock:
            self.ending = True
            ended = not self.running
        if ended:
            self.loop.stop()

    # ---- life ----

    def take(self, message):
        for kind, content in message.items():
            handler = getattr(self, kind, None) if kind != "request_id" else None
            if handler and isinstance(content, dict):
                handler(message.get("request_id", ""), content)

    def read(self):
        while True:
            try:
                message = self.channel.receive()
            except OSError:
                message = None
            if message is None:
                os._exit(0)
            request = message.get("invocation_request")
            if request:
                self.invocation_request(message.get("request_id", ""), request)
            else:
                self.loop.call_soon_threadsafe(self.take, message)

    def run(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.channel.send({"start_stream": {"worker_id": self.worker_id}})
        threading.Thread(target=self.read, daemon=True).start()
        self.loop.run_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--functions-channel", required=True)
    parser.add_argument("--functions-worker-id", required=True)
    parser.add_argument("--functions-request-id")
    parser.add_argument("--functions-max-message-length", type=int)
    options, _ = parser.parse_known_args()
    channel = Channel(int(options.functions_channel.removeprefix("fd:")))
    debug = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING")
    logging.getLogger().setLevel(logging.DEBUG if debug else logging.INFO)
    logging.getLogger().addHandler(LogHandler(channel))
    worker = Worker(channel, options.functions_worker_id)
    worker.run()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
