"""Which operation an instance answers how in which state: a table, and the request of each operation.

{id} is the instance; the others are answered by what it may do in its state, whatever the body and reason say.
"""
TABLE = """
operation            missing Pending Running Suspended Completed Failed Terminated Canceled
status                   404     202     202       202       200    200        200      200
status-500               404     202     202       202       200    500        200      200
status-history           404     202     202       202       200    200        200      200
start-same-id            202     409     409       409       202    202        202      202
purge-one                404     412     412       412       200    200        200      200
raise-event              404     202     202       202       410    410        410      410
raise-bad-type           404     400     400       400       410    410        410      410
raise-bad-json           404     400     400       400       410    410        410      410
terminate                404     202     202       202       410    410        410      410
suspend                  404     202     202       500       410    410        410      410
resume                   404     500     500       202       410    410        410      410
rewind                   404     412     412       412       412    202        412      412
restart-new-id           400     202     202       202       202    202        202      202
restart-same-id          400     409     409       409       202    202        202      202
start-and-wait-0         202     409     409       409       202    202        202      202
"""

JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}

# method, path below the base, body, headers
REQUESTS = {
    "status": ("GET", "/instances/{id}", None, None),
    "status-500": ("GET", "/instances/{id}?returnInternalServerErrorOnFailure=true", None, None),
    "status-history": ("GET", "/instances/{id}?showHistory=true&showHistoryOutput=true", None, None),
    "start-same-id": ("POST", "/orchestrators/Waits/{id}", "{}", JSON),
    "purge-one": ("DELETE", "/instances/{id}", None, None),
    "raise-event": ("POST", "/instances/{id}/raiseEvent/Other", "1", JSON),
    "raise-bad-type": ("POST", "/instances/{id}/raiseEvent/Other", "1", TEXT),
    "raise-bad-json": ("POST", "/instances/{id}/raiseEvent/Other", "{", JSON),
    "terminate": ("POST", "/instances/{id}/terminate?reason=x", None, None),
    "suspend": ("POST", "/instances/{id}/suspend?reason=x", None, None),
    "resume": ("POST", "/instances/{id}/resume?reason=x", None, None),
    "rewind": ("POST", "/instances/{id}/rewind?reason=x", None, None),
    "restart-new-id": ("POST", "/instances/{id}/restart", None, None),
    "restart-same-id": ("POST", "/instances/{id}/restart?restartWithNewInstanceId=false", None, None),
    # The last looks of a wait may find the new one still live or not: Waits is live for good.
    "start-and-wait-0": ("POST", "/orchestrators/Waits/{id}?timeout=0&pollingInterval=0", "{}", JSON),
}

# What the body of an answer is, by its status, for those that have one in the contract.
EMPTY, PAYLOAD, STATUS, ERROR, MESSAGE, STRING, COUNT = range(7)
BODIES = {
    "status": {404: EMPTY, 202: STATUS, 200: STATUS},
    "status-500": {404: EMPTY, 202: STATUS, 200: STATUS, 500: STATUS},
    "status-history": {404: EMPTY, 202: STATUS, 200: STATUS},
    "start-same-id": {202: PAYLOAD, 409: ERROR},
    "purge-one": {404: EMPTY, 412: STRING, 200: COUNT},
    "raise-event": {404: EMPTY, 202: EMPTY, 410: EMPTY},
    "raise-bad-type": {404: EMPTY, 400: MESSAGE, 410: EMPTY},
    "raise-bad-json": {404: EMPTY, 400: ERROR, 410: EMPTY},
    "terminate": {404: EMPTY, 202: EMPTY, 410: EMPTY},
    "suspend": {404: EMPTY, 202: EMPTY, 500: ERROR, 410: EMPTY},
    "resume": {404: EMPTY, 202: EMPTY, 500: ERROR, 410: EMPTY},
    "rewind": {404: STRING, 202: EMPTY, 412: STRING},
    "restart-new-id": {400: ERROR, 202: PAYLOAD},
    "restart-same-id": {400: ERROR, 409: ERROR, 202: PAYLOAD},
    "start-and-wait-0": {202: PAYLOAD, 409: ERROR},
}


def changes(operation, status):
    """Whether the instance is another one after that answer."""
    return status < 300 and not operation.startswith("status") and operation != "restart-new-id"


class Stock:
    """Instances by state; those that nothing has changed are used again."""

    def __init__(self):
        self.kept = {}

    def take(self, make, state, operation, status):
        """make() gives a new one."""
        if changes(operation, status) or state == "missing":
            return make()
        if state not in self.kept:
            self.kept[state] = make()
        return self.kept[state]


def cells():
    """(operation, state, status) of each cell."""
    head, *lines = TABLE.strip().splitlines()
    states = head.split()[1:]
    for line in lines:
        operation, *statuses = line.split()
        for state, status in zip(states, statuses, strict=True):
            yield operation, state, int(status)
