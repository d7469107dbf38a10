"""The two ways to manage instances, behind one set of verbs, so that every scenario runs over both."""
import json

from service import quote


class Http:
    def __init__(self, service):
        self.service = service

    def start(self, name, instance, value):
        """value: JSON text, or None."""
        answer = self.service.post(f"/orchestrators/{quote(name)}/{quote(instance)}", value)
        assert answer.status == 202, answer

    def _post(self, path, body=None):
        answer = self.service.post(path, body, headers={"Content-Type": "application/json"})
        assert answer.status == 202, answer

    def event(self, instance, name, value):
        self._post(f"/instances/{quote(instance)}/raiseEvent/{quote(name)}", value)

    def suspend(self, instance):
        self._post(f"/instances/{quote(instance)}/suspend?reason=why")

    def resume(self, instance):
        self._post(f"/instances/{quote(instance)}/resume?reason=why")

    def terminate(self, instance, reason):
        self._post(f"/instances/{quote(instance)}/terminate?reason={quote(reason)}")

    def purge(self, instance):
        answer = self.service.delete(f"/instances/{quote(instance)}")
        assert answer.status == 200, answer

    def look(self, instance):
        """(runtime status, output, custom status), as Python values."""
        status = self.service.status(instance)
        return status and (status["runtimeStatus"], status["output"], status["customStatus"])


class Sql:
    def __init__(self, service):
        self.service = service
        service.sql("set taskhub.notify = on")

    def _call(self, call, *params):
        return self.service.sql(f"select taskhub.{call}", [*params, self.service.hub])

    def start(self, name, instance, value):
        self._call("start_instance(%s, %s, %s, p_hub => %s)", name, value, instance)

    def event(self, instance, name, value):
        self._call("raise_event(%s, %s, %s, %s)", instance, name, value)

    def suspend(self, instance):
        self._call("suspend_instance(%s, 'why', %s)", instance)

    def resume(self, instance):
        self._call("resume_instance(%s, 'why', %s)", instance)

    def terminate(self, instance, reason):
        self._call("terminate_instance(%s, %s, false, %s)", instance, reason)

    def purge(self, instance):
        self._call("purge_instance(%s, %s)", instance)

    def look(self, instance):
        rows = self.service.sql("""select runtime_status, output, failure, custom_status from taskhub.instances_view
                                   where hub = %s and instance_id = %s""", [self.service.hub, instance])
        if not rows:
            return None
        status, output, failure, custom = rows[0]
        if status == "Failed":
            return status, json.loads(failure)["message"], custom and json.loads(custom)
        if status == "Terminated":  # free text
            return status, output, custom and json.loads(custom)
        return status, output and json.loads(output), custom and json.loads(custom)


DOORS = {"http": Http, "sql": Sql}
