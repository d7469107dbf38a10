"""Requests to the RPC door."""
import http.client
import json

from service import Answer, quote, until


class Door:
    """Requests to an RPC door, as given.py and the tables make them."""

    def __init__(self, port, service=None):
        self.port, self.service = port, service

    def raw(self, method, path, body=None, headers=None):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            conn.request(method, path, body, headers or {})
            response = conn.getresponse()
            return Answer(response, response.read())
        finally:
            conn.close()

    def call(self, method, path, body=None, headers=None):
        return self.raw(method, "/durabletask" + path, body, headers)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def start_instance(self, name, instance_id=None, input=None):
        answer = self.post(f"/orchestrators/{name}" + (f"/{instance_id}" if instance_id else ""), json.dumps(input))
        assert answer.status == 202, answer
        return answer.json["id"]

    def status(self, instance):
        answer = self.call("GET", "/instances/" + quote(instance))
        return answer.json if answer.status != 404 else None

    def wait_status(self, instance, wanted=("Completed", "Failed", "Canceled", "Terminated")):
        return until(lambda: self.status(instance)["runtimeStatus"] in wanted and self.status(instance))

    def sql(self, *args):
        return self.service.sql(*args)
