"""What only Node apps have: locks, cookies, hooks, streams, ES modules; what is said of mistakes in an app; and what ends a worker."""
import json
import os
import subprocess

import pytest

import facts
import service as svc
from languages import NODE
from nodeapps import PACKAGE, needs_node, write_app

pytestmark = needs_node
COLD = {"version": "2.0", "extensions": {"durableTask": {"extendedSessionsEnabled": False}}}


@pytest.fixture(scope="module", params=["warm", "cold"] if facts.FULL else ["cold"])
def node(request, database, tmp_path_factory):
    folder = NODE.everything
    if request.param == "cold":
        folder = NODE.everything_with(tmp_path_factory.mktemp("app") / "everything", COLD)
    service = svc.Service(database, apps=[folder], hub=f"Node{request.param}")
    try:
        yield service.start()
        facts.histories_are_gapless(service)
        assert service.stop() == 0
    finally:
        service.close()


def run(service, name, input=None):
    return service.wait_status(service.start_instance(name, None, input))


def output(service, name, input=None):
    status = run(service, name, input)
    assert status["runtimeStatus"] == "Completed", status
    return status["output"]


# --- locks and entities ---------------------------------------------------------------------------


def test_entities_are_locked_together_and_given_back(node):
    keys = [f"{node.hub}-{n}" for n in "ab"]
    instances = [node.start_instance("transfer", None, keys if n % 2 else keys[::-1]) for n in range(10)]
    outputs = [node.wait_status(instance)["output"] for instance in instances]
    assert [o[:2] for o in outputs] == [[True, False]] * 10, outputs
    for key in keys:  # none saw the other's half: each transfer took one away and another one brought it back
        svc.until(lambda: node.request("GET", f"/api/tally/{key}").json == [True, 0], what="both are even")


def test_a_lock_is_given_back_by_whoever_fails(node):
    key = node.hub + "-kept"
    assert run(node, "keeps_lock", key)["runtimeStatus"] == "Failed"
    assert output(node, "counting", key) == [3, "no such operation"]


def test_an_entity_signals_another_and_forgets_its_state(node):
    one, other = node.hub + "-one", node.hub + "-other"
    output(node, "counting", one)
    for operation, body in (("tell", json.dumps(other)), ("forget", None)):
        assert node.post(f"/entities/Tally/{one}?op={operation}", body, headers={"Content-Type": "application/json"}).status == 202
    svc.until(lambda: node.request("GET", f"/api/tally/{other}").json == [True, 3], what="the signal arrives")
    svc.until(lambda: node.request("GET", f"/api/tally/{one}").json[0] is False, what="the state is gone")


@pytest.mark.parametrize("name, words", [
    ("yields_text", "Orchestration yielded data of type string"),
    ("yields_signal", "Orchestration yielded data of type undefined"),
    ("throws_text", "the SDK gave no reason"),
])
def test_what_an_orchestrator_must_not_do_is_said(node, name, words):
    status = run(node, name)
    assert status["runtimeStatus"] == "Failed" and words in status["output"], status


# --- orchestrators and activities -----------------------------------------------------------------


def test_a_large_result_comes_through_or_fails_the_activity_in_words(node):
    assert output(node, "big_result", 20 << 20) == 20 << 20


def test_a_function_knows_the_trace_that_its_orchestration_belongs_to(node):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    started = node.post("/orchestrators/traces", headers={"traceparent": parent, "tracestate": "a=1"})
    assert node.wait_status(started.json["id"], "Completed")["output"] == [parent, "a=1"]
    assert output(node, "traces") == [None, None]


def test_a_result_that_is_no_json_fails_the_activity_in_words(node):
    wanted = {"circular": "Converting circular structure to JSON", "too_big": "Invalid string length"}
    names = list(wanted)[:2 if facts.FULL else 1]
    for name, failure in zip(names, output(node, "bad_results", names), strict=True):
        assert wanted[name] in failure


def test_an_answer_that_something_is_still_running_is_asked_for_again_or_not(node):
    url = node.origin + "/api/job"
    assert output(node, "asks_job", {"url": url, "enablePolling": True}) == [200, "done"]
    assert output(node, "asks_job", {"url": url, "enablePolling": False})[0] == 202


def test_an_activity_that_ends_its_process_each_time_is_given_up(node):
    assert "given up: the worker process died 3 times while it ran" in output(node, "poisoned")
    svc.until(lambda: "exited with status 7" in node.log(), what="the log says how it ended")


@pytest.mark.skipif(not facts.FULL, reason="it takes three starts of a worker")
def test_a_promise_that_nobody_waits_for_ends_the_worker_and_is_in_the_log(node):
    assert "given up" in output(node, "strays")
    assert "Error: stray" in node.log()


# --- HTTP -----------------------------------------------------------------------------------------


def test_cookies_go_out_as_they_were_set(node):
    answer = subprocess.run(["curl", "-sSi", f"{node.origin}/api/cookies"], capture_output=True, text=True, check=True).stdout
    found = [line.split(": ", 1)[1] for line in answer.splitlines() if line.lower().startswith("set-cookie: ")]
    assert found == ["a=1; Path=/; Secure; HttpOnly; SameSite=None",
                     "b=2; Expires=Wed, 02 Jan 2030 03:04:05 GMT; Max-Age=60; SameSite=Lax"]


def test_hooks_change_what_a_function_gets_and_gives(node):
    answer = node.request("GET", "/api/hooked")
    assert (answer.status, answer.json) == (207, {"added": "from the hook", "started": 1})


STREAMS = """
const { app } = require('@azure/functions');
app.setup({ enableHttpStream: true });
app.http('streamed', {
    route: 'streamed/{n}',
    methods: ['POST'],
    handler: async (request) => {
        const parts = [];
        for await (const part of request.body) parts.push(Buffer.from(part));
        const body = new ReadableStream({
            start(controller) {
                controller.enqueue(Buffer.from('got '));
                controller.enqueue(Buffer.concat(parts));
                controller.close();
            },
        });
        return { body, headers: { 'X-Part': request.params.n + request.query.get('q') + request.headers.get('X-One') }, cookies: [{ name: 'c', value: '3' }] };
    },
});
app.http('throws', { handler: () => { throw new Error('on purpose'); } });
"""


def test_an_app_that_streams_gets_and_gives_whole_bodies(make_service, tmp_path):
    service = make_service(apps=[write_app(tmp_path / "app", STREAMS)], hub="Streams").start()
    body = "x" * 200_000
    answer = service.request("POST", "/api/streamed/1?q=2", body, {"X-One": "3"})
    assert (answer.status, answer.text, answer.headers["X-Part"]) == (200, "got " + body, "123")
    assert "c=3" in answer.headers["Set-Cookie"]
    assert "x-ms-invocation-id" not in answer.headers
    assert service.request("GET", "/api/throws").status == 500


@pytest.mark.parametrize("name", ["throws", "throws_words", "wrong_back"])
def test_what_a_function_does_wrong_is_a_500_and_in_the_log(node, name):
    assert node.request("GET", f"/api/{name}").status == 500
    svc.until(lambda: f"function '{name}' failed: " in node.log(), what="the log says why")


# --- loading --------------------------------------------------------------------------------------

HELLO = "const { app } = require('@azure/functions');\napp.http('x', { handler: () => ({ body: 'x' }) });\n"
MODULE = "import { app } from '@azure/functions';\nconst body = await Promise.resolve('x');\napp.http('x', { handler: () => ({ body }) });\n"


@pytest.mark.parametrize("package, files", [
    ({"main": "app.mjs"}, [("app.mjs", MODULE)]),
    ({"main": "src/**/*.js", "type": "module"}, [("src/a/b/x.js", MODULE), ("src/y.js", "")]),
    ({"main": "src/{index,functions/[a-c]?}.js"}, [("src/index.js", HELLO), ("src/functions/d1.js", "throw 1")]),
], ids=["mjs", "type-module", "braces"])
def test_the_files_of_main_are_loaded(make_service, tmp_path, package, files):
    folder = write_app(tmp_path / "app", "throw new Error('not this one')", package={**PACKAGE, **package}, files=files)
    service = make_service(apps=[folder], hub="Loads").start()
    assert service.request("GET", "/api/x").text == "x"


QUEUE = "require('@azure/functions').app.storageQueue('queued', { queueName: 'q', connection: 'c', handler: () => {} });"
TWICE = HELLO + HELLO.split("\n")[1]


@pytest.mark.parametrize("code, words", [
    ("require('nothing-of-that-name')", "the package nothing-of-that-name is missing"),
    ("require('nothing-of-that-name/deep')", "&& npm install nothing-of-that-name"),
    ("require('./not_there.js')", "app.js: Cannot find module './not_there.js'"),
    ("function broken( {", "SyntaxError: app.js: Unexpected"),
    ("throw 'text'", "app.js threw text"),
    ("process.exit(7)", "exited with status 7"),
    ("", "has no functions"),
    (QUEUE, "function 'queued': there is nothing here for the binding"),
    (TWICE, "two functions are called 'x'"),
    (HELLO.replace("'x', {", "'x', { route: 'a/{b',"), "function 'x': its route has a brace"),
    (HELLO.replace("'x', {", "'x', { authLevel: 'everybody',"), "'authLevel' must be"),
][::1 if facts.FULL else 3])
def test_an_app_that_can_t_be_served_ends_the_start_and_says_why(database, tmp_path, code, words):
    assert words in svc.refusal(database, write_app(tmp_path / "app", code))


@pytest.mark.parametrize("package, words", [
    ({"main": None}, 'package.json has no "main"'),
    ({"main": "dist/*.js", "scripts": {"build": "tsc"}}, "no file matches \"main\" of package.json (dist/*.js): npm run build"),
    ({"main": "src/x.js"}, "does not exist (src/x.js)"),
])
def test_a_main_that_names_nothing_is_said(database, tmp_path, package, words):
    assert words in svc.refusal(database, write_app(tmp_path / "app", HELLO, package={**PACKAGE, **package}))


def test_missing_packages_are_said_with_the_line_that_mends_it(database, tmp_path):
    folder = write_app(tmp_path / "app", HELLO, modules=False)
    assert f"the package @azure/functions is missing: cd {folder} && npm install" in svc.refusal(database, folder)


def test_an_sdk_of_the_older_model_is_refused(database, tmp_path):
    folder = write_app(tmp_path / "app", HELLO, modules=False)
    for name, version in (("@azure/functions", "4.5.0"), ("durable-functions", "2.1.3")):
        os.makedirs(f"{folder}/node_modules/{name}")
        (tmp_path / "app" / "node_modules" / name / "package.json").write_text(json.dumps({"version": version}))
    assert "durable-functions is 2.1.3; only apps of the v4 model run here" in svc.refusal(database, folder)


def test_a_node_that_is_not_there_or_too_old_is_named(database, tmp_path):
    folder = write_app(tmp_path / "app", HELLO)
    assert "cannot start /nowhere/node" in svc.refusal(database, folder, ["--node", "/nowhere/node"])
    old = tmp_path / "old.js"
    old.write_text("Object.defineProperty(process.versions, 'node', { value: '18.20.0' });")
    text = svc.refusal(database, folder, env={"languageWorkers__node__arguments": f"--require {old}"})
    assert "is Node 18.20.0; it must be 20 or newer (--node PATH)" in text


def test_the_option_for_the_other_language_is_refused(database, tmp_path):
    assert "--python is for Python apps" in svc.refusal(database, write_app(tmp_path / "app", HELLO), ["--python", "python3"])


@pytest.mark.parametrize("runtime, language", [("node", "x.js"), ("python", None)])
def test_where_both_languages_are_the_setting_decides(database, tmp_path, runtime, language):
    folder = write_app(tmp_path / "app", HELLO, files=[("function_app.py", "raise ValueError('python was it')")],
                       settings={"Values": {"FUNCTIONS_WORKER_RUNTIME": runtime}})
    service = svc.Service(database, apps=[folder], hub="Both")
    try:
        service.start(ready=bool(language))
        if not language:
            assert service.process.wait(30) == 3
        assert ("package.json with node" in service.log()) == bool(language)
    finally:
        service.close()


def test_a_folder_with_a_package_json_alone_is_no_app(make_service, tmp_path):
    service = make_service(apps=[], hub="NoApp")
    with open(os.path.join(service.cwd, "package.json"), "w", encoding="ascii") as file:
        json.dump({"dependencies": {"react": "19"}}, file)
    service.start()
    assert "no app: this process runs no functions" in service.log()


def test_code_that_never_ends_ends_with_the_host(make_service, tmp_path):
    code = HELLO + "app.http('spins', { handler: () => { for (;;); } });\nconsole.log(`I am ${process.pid}.`);\n"
    service = make_service(apps=[write_app(tmp_path / "app", code)], hub="Spins").start()
    pid = int(service.log().split("I am ")[1].split(".")[0])
    with pytest.raises(OSError):
        service.request("GET", "/api/spins", timeout=0.5)
    service.kill()
    svc.until(lambda: not os.path.exists(f"/proc/{pid}"), what="the worker is gone")


def test_what_an_app_starts_holds_no_channel(make_service, tmp_path):
    """A child of a worker that is gone must not keep its socket open, or nobody would notice the death."""
    code = HELLO + """
const { spawn } = require('node:child_process');
app.http('dies', { handler: () => { spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }); process.exit(1); } });
"""
    service = make_service(apps=[write_app(tmp_path / "app", code)], hub="Children").start()
    assert service.request("GET", "/api/dies").status == 502
    svc.until(lambda: service.request("GET", "/api/x").status == 200, 20, what="another worker")
