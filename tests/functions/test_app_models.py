"""Other ways to write an app: blueprints, ASGI and WSGI apps, classes that go through activities, names of one's own."""
import service as svc
from pyapps import WITH_PYTHON, write_app

BLUEPRINT = """
import azure.functions as func
import azure.durable_functions as df
import json

bp = df.Blueprint()

class Point:
    def __init__(self, x): self.x = x
    @staticmethod
    def to_json(point): return str(point.x)
    @staticmethod
    def from_json(text): return Point(int(text))

@bp.activity_trigger(input_name="point", activity="Move it")
def move(point: Point) -> Point:
    return Point(point.x + 1)

@bp.orchestration_trigger(context_name="ctx", orchestration="By another name")
def moves(ctx):
    point = yield ctx.call_activity("move IT", Point(4))
    return [type(point).__name__, point.x]

@bp.function_name("Renamed")
@bp.route(route="renamed", auth_level="anonymous")
async def async_one(req: func.HttpRequest) -> str:
    return "renamed"

app = df.DFApp()
app.register_functions(bp)
"""

ASGI = """
import azure.functions as func

async def hello(scope, receive, send):
    message = await receive()
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        return
    await send({"type": "http.response.start", "status": 203, "headers": [[b"x-path", scope["path"].encode()]]})
    await send({"type": "http.response.body", "body": b"got " + message["body"]})

app = func.AsgiFunctionApp(app=hello, http_auth_level=func.AuthLevel.ANONYMOUS)
"""

WSGI = """
import azure.functions as func

def hello(environ, start_response):
    start_response("202 Accepted", [("X-Path", environ["PATH_INFO"])])
    return [b"got ", environ["wsgi.input"].read()]

app = func.WsgiFunctionApp(app=hello, http_auth_level=func.AuthLevel.ANONYMOUS)
"""


SLOW = """
import azure.functions as func
import time
app = func.FunctionApp()

@app.route(route="slow", auth_level="anonymous")
def slow(req):
    time.sleep(3)
    return "late"
"""


TRACED = """
import azure.functions as func
import azure.durable_functions as df
app = df.DFApp()

@app.activity_trigger(input_name="x")
def traced(x: str, context: func.Context):
    return [context.trace_context.Traceparent, context.trace_context.trace_state]

@app.orchestration_trigger(context_name="ctx")
def traces(ctx):
    return (yield ctx.call_activity("traced", ""))
"""


def started(make_service, tmp_path, code, host=None):
    return make_service(apps=[write_app(tmp_path / "app", code, host)], args=WITH_PYTHON).start()


def test_blueprints_names_of_one_s_own_and_classes(make_service, tmp_path):
    service = started(make_service, tmp_path, BLUEPRINT)
    status = service.wait_status(service.start_instance("by ANOTHER name"))
    assert status["output"] == ["Point", 5], status
    assert service.request("GET", "/api/renamed").text == "renamed"


def test_a_function_knows_the_trace_that_its_orchestration_belongs_to(make_service, tmp_path):
    service = started(make_service, tmp_path, TRACED)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    started_one = service.post("/orchestrators/traces", headers={"traceparent": parent, "tracestate": "a=1"})
    assert service.wait_status(started_one.json["id"], "Completed")["output"] == [parent, "a=1"]
    assert service.wait_status(service.start_instance("traces"), "Completed")["output"] == ["", ""]


def test_an_asgi_app_has_all_below_its_prefix(make_service, tmp_path):
    service = started(make_service, tmp_path, ASGI, {"version": "2.0", "extensions": {"http": {"routePrefix": ""}}})
    answer = service.request("POST", "/any/where", "a body")
    assert (answer.status, answer.text, answer.headers["x-path"]) == (203, "got a body", "/any/where")
    assert service.request("GET", "/readiness").status == 200  # the host's own pages stay


def test_a_function_that_takes_too_long_is_a_504(make_service, tmp_path):
    service = started(make_service, tmp_path, SLOW, {"version": "2.0", "functionTimeout": "00:00:01"})
    assert service.request("GET", "/api/slow").status == 504
    assert service.request("GET", "/api/nothing").status == 404  # and the host goes on


def test_a_wsgi_app(make_service, tmp_path):
    service = started(make_service, tmp_path, WSGI)
    answer = service.request("POST", "/api/any/where", "a body")
    assert (answer.status, answer.text, answer.headers["x-path"]) == (202, "got a body", "/api/any/where")


PAGES = """
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

@app.route(route="things/{id}", methods=["PUT"])
def put_thing(req): return "put"

@app.route(route="throws", auth_level="anonymous")
def throws(req): raise ValueError("on purpose")
"""


def test_pages_of_the_origins_that_are_allowed_may_call(make_service, tmp_path):
    settings = {"Values": {}, "Host": {"CORS": "https://a.example", "CORSCredentials": True}}
    service = make_service(apps=[write_app(tmp_path / "app", PAGES, settings=settings)], args=[*WITH_PYTHON, "--auth"],
                           hub="Pages").start()
    page, asks = {"Origin": "https://a.example"}, {"Access-Control-Request-Method": "PUT",
                                                   "Access-Control-Request-Headers": "x-functions-key"}
    answer = service.request("OPTIONS", "/api/things/1", headers={**page, **asks})  # a browser sends no key with it
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-functions-key"
    stranger = service.request("OPTIONS", "/api/things/1", headers={"Origin": "https://b.example", **asks})
    assert stranger.status == 204 and "Access-Control-Allow-Origin" not in stranger.headers
    assert service.request("OPTIONS", "/api/nothing", headers={**page, **asks}).status == 404
    assert service.request("PUT", "/api/things/1", headers=page).status == 401
    broken = service.request("GET", "/api/throws", headers=page)
    assert broken.status == 500 and broken.headers["Access-Control-Allow-Credentials"] == "true"
