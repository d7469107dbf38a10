"""The other side of HTTP calls: a server that answers as its paths say and remembers what it was asked.

    /echo            200, the request's method and body as content, header Echo
    /status/N        that status
    /redirect/N      302, N times, to /echo; /hop?to=URL&status=N once; /loop for ever
    /jobs            202 with a Location, until finish(); also /jobs/..., see `job`
    /flaky/KEY/N     503 N times, then 200
    /slow/KEY        nothing until release(KEY)
    /big/N           N bytes;  /headers/N  N headers;  /binary, /latin1, /reset, /garbage, /cookies
"""
import ssl
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Partner:
    def __init__(self, context=None):
        self.lock = threading.Lock()
        self.asked = []     # (method, path, headers, body)
        self.finished = set()
        self.gates = {}     # of slow ones
        self.gone = set()   # slow ones whose client hung up
        self.counts = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"partner": self}))
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"http{'s' if context else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        for gate in list(self.gates.values()):
            gate.set()
        self.server.shutdown()
        self.server.server_close()

    def finish(self, job):
        self.finished.add(job)

    def release(self, key):
        self.gate(key).set()

    def gate(self, key):
        with self.lock:
            return self.gates.setdefault(key, threading.Event())

    def count(self, key):
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key]

    def requests(self, path):
        """Those of that path, as (method, headers, body)."""
        with self.lock:
            return [(m, h, b) for m, p, h, b in self.asked if p == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    partner = None

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        with self.partner.lock:
            self.partner.asked.append((self.command, path, dict(self.headers.items()), body))
        parts = path.strip("/").split("/")
        try:
            getattr(self, "on_" + parts[0])(parts[1:], dict(urllib.parse.parse_qsl(query)), body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = any

    def on_echo(self, parts, query, body):
        self.answer(200, f"{self.command} {body.decode()}".encode(), [("Echo", "yes"), ("Content-Type", "text/plain")])

    def on_status(self, parts, query, body):
        self.answer(int(parts[0]), b"" if parts[0] == "204" else b"as asked")

    def on_redirect(self, parts, query, body):
        left = int(parts[0])
        self.answer(302, b"", [("Location", f"/redirect/{left - 1}" if left > 1 else "../echo")])

    def on_hop(self, parts, query, body):
        self.answer(int(query["status"]), b"", [("Location", query["to"])])

    def on_loop(self, parts, query, body):
        self.answer(302, b"", [("Location", "/loop")])

    def on_jobs(self, parts, query, body):
        """POST /jobs/NAME makes a job; GET /state/NAME asks for it. ?after=, ?location= name the headers."""
        headers = [("Location", query.get("location", f"/state/{parts[0]}"))]
        if "after" in query:
            headers.append(("Retry-After", query["after"]))
        self.answer(202, b"working", headers)

    def on_state(self, parts, query, body):
        if parts[0] in self.partner.finished:
            self.answer(200, f"done {parts[0]}".encode())
        else:
            self.answer(202, b"still working")

    def on_flaky(self, parts, query, body):
        self.answer(503 if self.partner.count(parts[0]) <= int(parts[1]) else 200, b"flaky")

    def on_slow(self, parts, query, body):
        gate = self.partner.gate(parts[0])
        self.connection.settimeout(0.05)
        while not gate.is_set():
            try:
                if self.connection.recv(1, 0 if isinstance(self.connection, ssl.SSLSocket) else socket.MSG_PEEK) == b"":
                    self.partner.gone.add(parts[0])
                    self.close_connection = True
                    return
            except (socket.timeout, TimeoutError):
                pass
        self.connection.settimeout(None)
        self.answer(200, b"at last")

    def on_big(self, parts, query, body):
        self.answer(200, b"x" * int(parts[0]))

    def on_headers(self, parts, query, body):
        self.answer(200, b"", [(f"H{i}", "v") for i in range(int(parts[0]))])

    def on_cookies(self, parts, query, body):
        self.answer(200, b"", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])

    def on_binary(self, parts, query, body):
        self.answer(200, bytes(range(256)))

    def on_latin1(self, parts, query, body):
        self.answer(200, b"\xfc", [("Content-Type", "text/plain; charset=iso-8859-1")])

    def on_garbage(self, parts, query, body):
        self.close_connection = True
        self.wfile.write(b"\x00\x01this is no HTTP\r\n\r\n")

    def on_reset(self, parts, query, body):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
