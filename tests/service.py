"""A running `taskhub start` as tests see it: start, stop, kill, restart, HTTP and SQL.

Needs nothing but the standard library and psycopg2. Two variables of the environment steer it:
TH_BUILD, the build folder (default: build/ in the repository), and TH_TEST_DATABASE, the conninfo
of a superuser on a private cluster.
"""
import http.client
import json
import os
import pathlib
import shutil
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import psycopg2
import psycopg2.extensions

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("TH_BUILD", ROOT / "build")).resolve()
TASKHUB = BUILD / "taskhub"
BASE = "/runtime/webhooks/durabletask"
TERMINAL = ("Completed", "Failed", "Canceled", "Terminated")


def example(name):
    """The folder of an example app: example("hello")."""
    return str(BUILD / "examples" / name)


def app(name):
    """A test app, compiled from tests/*/apps/<name>.c."""
    return str(BUILD / "tests" / "apps" / f"{name}.so")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(check, timeout=20.0, pause=0.05, what=None):
    """Calls check until it gives something true and returns that; AssertionError after timeout."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what or check.__name__}; last: {value!r}")
        time.sleep(pause)


def wait_a_random_while(most):
    """For tests that do harm at a moment which is nothing to anybody: the one pause that waits for nothing."""
    time.sleep(random.uniform(0, most))


def cluster():
    dsn = os.environ.get("TH_TEST_DATABASE")
    if not dsn:
        raise RuntimeError("TH_TEST_DATABASE must hold the conninfo of a superuser on a private cluster")
    return dsn


def connect(dsn):
    """An autocommit connection."""
    conn = psycopg2.connect(dsn)
    conn.autocommit = True
    return conn


def _admin(statement):
    conn = connect(cluster())
    try:
        with conn.cursor() as cur:
            cur.execute(statement)
    finally:
        conn.close()


def create_database():
    """A new empty database; returns its conninfo."""
    name = "th_test_" + uuid.uuid4().hex[:12]
    _admin(f'create database "{name}"')
    return psycopg2.extensions.make_dsn(cluster(), dbname=name)


def drop_database(dsn):
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    _admin(f'drop database if exists "{name}" with (force)')


class Answer:
    """Status, headers (names in any case) and body of one HTTP answer."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:300]!r}>"


class Service:
    """One process. It is not running until start()."""

    started = []  # those that were started and not closed yet: their logs are shown when a test fails

    def __init__(self, database, apps=(), hub="TestHub", port=None, args=(), env=None, host="127.0.0.1", grpc=False):
        self.database = database
        self.apps = [str(app) for app in apps]
        self.hub = hub
        self.host = host
        self.port = port or free_port()
        self.grpc_port = free_port() if grpc else 0
        self.args = list(args)
        self.env = {"TASKHUB_GRPC_PORT": str(self.grpc_port), **(env or {})}
        self.headers = {}  # of every request, beside its own
        self.process = None
        self.cwd = tempfile.mkdtemp(prefix="taskhub-test-")
        self.log_path = os.path.join(self.cwd, "service.log")
        self._sql = None

    # -- the process

    def command(self):
        command = [str(TASKHUB), "start", "--port", str(self.port)]
        if self.database:
            command += ["--database", self.database]
        if self.hub:
            command += ["--hub", self.hub]
        return command + self.args + self.apps

    def start(self, ready=True, timeout=30.0):
        """ready=False: returns at once, without waiting for /readiness."""
        assert self.process is None, "already started"
        if self not in Service.started:
            Service.started.append(self)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.cwd, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        if ready:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=30.0):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"exited with {self.process.returncode}:\n{self.log()[-3000:]}")
            try:
                return self.request("GET", "/readiness", timeout=5).status == 200
            except OSError:
                return False

        try:
            until(ready, timeout, what="GET /readiness answers 200")
        except AssertionError as e:
            raise AssertionError(f"{e}\nlog:\n{self.log()[-3000:]}") from None

    def stop(self, timeout=30.0):
        """The orderly end (SIGTERM); returns the exit code, None if it was not running."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self):
        """kill -9."""
        return self._end(signal.SIGKILL, 10.0)

    def _end(self, sig, timeout):
        process, self.process = self.process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(sig)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"still running {timeout} s after signal {sig}:\n{self.log()[-3000:]}") from None

    def restart(self, how="stop", ready=True):
        """how: 'stop' or 'kill'."""
        getattr(self, how)()
        return self.start(ready)

    def rss(self):
        """Resident memory, in MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def close(self):
        """For fixtures: ends the process in whatever state it is, and the SQL connection."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        self.kill()
        if self in Service.started:
            Service.started.remove(self)
        if self._sql is not None:
            self._sql.close()
            self._sql = None
        if not os.path.exists(os.path.join(self.cwd, ".taskhub")):  # else a private cluster may still run there
            shutil.rmtree(self.cwd, ignore_errors=True)

    # -- HTTP

    @property
    def origin(self):
        return f"http://{self.host}:{self.port}"

    def request(self, method, path, body=None, headers=None, timeout=30.0):
        """path: as it goes over the wire (already encoded), or a URL of this service."""
        if path.startswith("http"):
            url = urllib.parse.urlsplit(path)
            path = url.path + ("?" + url.query if url.query else "")
        if isinstance(body, str):
            body = body.encode("utf-8")
        conn = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            conn.request(method, path, body=body, headers={**self.headers, **(headers or {})})
            response = conn.getresponse()
            return Answer(response, response.read())
        finally:
            conn.close()

    def call(self, method, path, body=None, headers=None, timeout=30.0):
        """The same, below the base path of the management API."""
        return self.request(method, BASE + path, body, headers, timeout)

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body, **kw)

    def delete(self, path, **kw):
        return self.call("DELETE", path, **kw)

    # -- the API's daily acts

    def start_instance(self, name, instance_id=None, input=None, query=""):
        """Starts an orchestration; returns its id. input: a Python value, or None for none."""
        path = f"/orchestrators/{quote(name)}" + (f"/{quote(instance_id)}" if instance_id else "") + query
        answer = self.post(path, None if input is None else json.dumps(input))
        assert answer.status == 202, answer
        return answer.json["id"]

    def status(self, instance_id, query=""):
        """The status object, or None if there is no such instance."""
        answer = self.get(f"/instances/{quote(instance_id)}{query}")
        if answer.status == 404:
            return None
        assert answer.status in (200, 202), answer
        return answer.json

    def wait_status(self, instance_id, wanted=TERMINAL, timeout=30.0):
        """Waits until runtimeStatus is wanted (a name or several); returns the status object."""
        wanted = (wanted,) if isinstance(wanted, str) else wanted

        def there():
            status = self.status(instance_id)
            return status if status and status["runtimeStatus"] in wanted else None

        return until(there, timeout, what=f"{instance_id} is {' or '.join(wanted)}")

    def raise_event(self, instance_id, name, value=None):
        answer = self.post(f"/instances/{quote(instance_id)}/raiseEvent/{quote(name)}", json.dumps(value),
                           headers={"Content-Type": "application/json"})
        assert answer.status == 202, answer

    # -- SQL

    def sql(self, statement, params=None):
        """Runs one statement in the service's database (autocommit); rows as tuples, [] if none."""
        if self._sql is None or self._sql.closed:
            self._sql = connect(self.database)
        try:
            return self._sql_run(statement, params)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._sql.close()
            raise

    def forget_sql(self):
        """After a crash of the server: the next statement gets a connection of its own."""
        self._sql.close()

    def _sql_run(self, statement, params):
        with self._sql.cursor() as cur:
            cur.execute(statement, params)
            return cur.fetchall() if cur.description else []


def refusal(database, folder, args=(), env=None):
    """What a start says that is refused; its exit status is that of bad configuration."""
    service = Service(database, apps=[folder], args=list(args), env=env)
    try:
        service.start(ready=False)
        assert service.process.wait(30) == 3, service.log()
        return service.log()
    finally:
        service.close()


def quote(segment):
    """One path segment, percent-encoded."""
    return urllib.parse.quote(segment, safe="")
