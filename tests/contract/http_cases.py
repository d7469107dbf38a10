"""The contract of the HTTP API as rows: a request, and what must come back.

Paths are below the base path. {missing} is an id that no instance has, {new} one that is free; the other
names in braces are instances that are in that state when the request is made: {pending}, {running}, {suspended},
{completed}, {failed}, {terminated}. Rows run in any order and alone.

body is one of
    None                no body
    ANY                 whatever it is, as JSON
    a Python value      the JSON is equal to it
    has(key=value...)   a JSON object that has at least these
    error(text)         an error with all four keys, text in its message or exception message
    message(text)       {"Message": ...} with text in it
    string(text)        a JSON string with text in it
headers: name to exact value, or to None for "not there".
"""
import re
from collections import namedtuple

Row = namedtuple("Row", "title method path status body headers send send_headers")
ANY = object()
ERROR_KEYS = {"Message", "ExceptionMessage", "ExceptionType", "StackTrace"}
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


class Check:
    def __init__(self, words, test):
        self.words, self.test = words, test

    def __repr__(self):
        return self.words


def has(**wanted):
    return Check(f"has {wanted}", lambda v: isinstance(v, dict) and all(
        k in v and v[k] == w for k, w in wanted.items()))


def error(text=""):
    return Check(f"error {text!r}", lambda v: isinstance(v, dict) and set(v) == ERROR_KEYS and (
        text in v["Message"] or text in v["ExceptionMessage"]))


def message(text):
    return Check(f"message {text!r}", lambda v: isinstance(v, dict) and set(v) == {"Message"} and text in v["Message"])


def string(text=""):
    return Check(f"string {text!r}", lambda v: isinstance(v, str) and text in v)


def rows_of(prefix):
    return Check("rows", lambda v: isinstance(v, list) and all(r["instanceId"].startswith(prefix) for r in v))


PAYLOAD = Check("the management payload", lambda v: list(v) == [
    "id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri", "restartPostUri",
    "suspendPostUri", "resumePostUri"])
GENERATED = Check("the payload with a generated id", lambda v: PAYLOAD.test(v) and bool(
    re.fullmatch("[0-9a-f]{32}", v["id"])))


def row(title, method, path, status, body=None, headers=None, send=None, send_headers=None):
    return Row(title, method, path, status, body, headers or {}, send, send_headers or {})


INVALID_JSON = error("Invalid JSON content")
NO_FUNCTION = error("doesn't exist, is disabled")
NO_TYPE = message("Only application/json request content is supported")
ERRORS = Check("all four keys", lambda v: set(v) == ERROR_KEYS)
START = "/orchestrators/Echo"
STATE = Check("the state error", lambda v: error("Cannot ").test(v) and v["ExceptionType"].endswith(
    "InvalidOperationException"))

STARTS = [
    row("a start without a body", "POST", START, 202, GENERATED, {"Retry-After": "10"}),
    row("any content type", "POST", START, 202, GENERATED, send='"x"', send_headers=TEXT),
    row("an empty string", "POST", START, 202, GENERATED, send='""'),
    row("a string that holds JSON", "POST", START, 202, GENERATED, send='"{\\"a\\": 1}"'),
    row("the name in another case", "POST", "/orchestrators/eCHO", 202, GENERATED),
    row("cut JSON", "POST", START + "/{new}", 400, INVALID_JSON, send='{"a":'),
    row("blanks only", "POST", START + "/{new}", 400, INVALID_JSON, send="  "),
    row("NaN in the body", "POST", START + "/{new}", 400, INVALID_JSON, send="NaN"),
    row("blanks around the value", "POST", START, 202, GENERATED, send=" \n[1]\t"),
    row("an empty segment", "POST", "/orchestrators//{new}", 404),
    row("an id of blanks", "POST", START + "/%20%20", 202, PAYLOAD),
    row("a body and a wrong name", "POST", "/orchestrators/X", 400, ERRORS, send="{}"),
    row("two values", "POST", START + "/{new}", 400, INVALID_JSON, send="{} {}"),
    row("a raw NUL in the body", "POST", START + "/{new}", 400, INVALID_JSON, send=b'"a\0b"'),
    row("invalid UTF-8 in the body", "POST", START + "/{new}", 400, INVALID_JSON, send=b'"\xff"'),
    row("an unknown function", "POST", "/orchestrators/X", 400, NO_FUNCTION),
    row("an unknown function with an id", "POST", "/orchestrators/X/{new}", 400, NO_FUNCTION),
    row("an id that begins with @", "POST", START + "/@a", 400, error()),
    row("the same, encoded", "POST", START + "/%40a", 400, error()),
    row("# in an id", "POST", START + "/a%23b", 400, error()),
    row("? in an id", "POST", START + "/a%3Fb", 400, error()),
    row("a backslash in an id", "POST", START + "/a%5Cb", 400, error()),
    row("a control character in an id", "POST", START + "/a%01b", 400, error()),
    row("an encoded slash is a slash", "POST", START + "/a%2Fb", 404),
    row("257 characters", "POST", START + "/" + 257 * "a", 400, error()),
    row("129 characters of two UTF-16 units", "POST", START + "/" + 129 * "%F0%9F%98%80", 400, error()),
    row("a live id: running", "POST", START + "/{running}", 409, error(
        "An Orchestration instance with the status Running already exists.")),
    row("a live id: suspended", "POST", START + "/{suspended}", 409, error()),
    row("a finished id: completed", "POST", START + "/{completed}", 202, PAYLOAD),
    row("a finished id: failed", "POST", START + "/{failed}", 202, PAYLOAD),
    row("a finished id: terminated", "POST", START + "/{terminated}", 202, PAYLOAD),
    row("GET of a start", "GET", START, 404),
    row("no function", "POST", "/orchestrators", 404),
    row("an unknown hub", "POST", START + "?taskHub=NoSuchHub", 400, error("NoSuchHub")),
    row("timeout alone does not wait", "POST", START + "?timeout=5", 202, GENERATED),
    row("pollingInterval alone does not wait", "POST", START + "?pollingInterval=1", 202, GENERATED),
    row("a timeout that is no number", "POST", START + "?timeout=abc&pollingInterval=1", 202, GENERATED),
    row("an interval beyond the timeout", "POST", START + "?timeout=1&pollingInterval=5", 400, error()),
    row("a negative interval", "POST", START + "?timeout=5&pollingInterval=-1", 400, error()),
    row("NaN", "POST", START + "?timeout=NaN&pollingInterval=1", 400, error()),
    row("a timeout beyond all time", "POST", START + "?timeout=1e308&pollingInterval=1", 400, error()),
]

STATUS = [
    row("a missing one", "GET", "/instances/{missing}", 404),
    row("a running one", "GET", "/instances/{running}?x=%20", 202, has(runtimeStatus="Running", output=None),
        {"Retry-After": "5"}),
    row("a suspended one", "GET", "/instances/{suspended}", 202, has(runtimeStatus="Suspended"),
        {"Retry-After": "5"}),
    row("a completed one", "GET", "/instances/{completed}", 200, has(
        runtimeStatus="Completed", name="Echo", input={"b": 1, "a": 2}, output={"b": 1, "a": 2}, customStatus=None),
        {"Location": None, "Retry-After": None, "Content-Type": "application/json; charset=utf-8"}),
    row("a terminated one", "GET", "/instances/{terminated}", 200, has(runtimeStatus="Terminated", output="enough")),
    row("a failed one", "GET", "/instances/{failed}", 200, has(
        runtimeStatus="Failed", output="it broke: for the test")),
    row("a failed one as 500", "GET", "/instances/{failed}?returnInternalServerErrorOnFailure=true", 500,
        has(runtimeStatus="Failed")),
    row("... TRUE", "GET", "/instances/{failed}?returnInternalServerErrorOnFailure=TRUE", 500, ANY),
    row("... 1 is no boolean", "GET", "/instances/{failed}?returnInternalServerErrorOnFailure=1", 200, ANY),
    row("without input", "GET", "/instances/{completed}?showInput=false", 200, has(input=None)),
    row("without input, False", "GET", "/instances/{completed}?showInput=False", 200, has(input=None)),
    row("without input, name in capitals", "GET", "/instances/{completed}?SHOWINPUT=false", 200, has(input=None)),
    row("showInput=0", "GET", "/instances/{completed}?showInput=0", 200, has(input={"b": 1, "a": 2})),
    row("showInput twice", "GET", "/instances/{completed}?showInput=false&showInput=true", 200,
        has(input={"b": 1, "a": 2})),
    row("the literal in capitals", "GET", "/INSTANCES/{completed}", 200, ANY),
    row("a slash at the end", "GET", "/instances/{completed}/", 200, ANY),
    row("an empty segment", "GET", "/instances//{completed}", 404),
    row("too many segments", "GET", "/instances/{completed}/a/b/c", 404),
    row("PUT", "PUT", "/instances/{completed}", 404),
    row("OPTIONS", "OPTIONS", "/instances/{completed}", 404),
    row("PATCH", "PATCH", "/instances/{completed}", 405),
    row("POST", "POST", "/instances/{completed}", 404),
    row("POST of all", "POST", "/instances", 404),
    row("an operation by GET", "GET", "/instances/{running}/suspend", 404),
    row("two escapes, of which one is bad", "GET", "/instances/a%20%4", 400, error("two hex digits")),
    row("an escape that is escaped is read once", "GET", "/instances/{completed}%2520", 404),
    row("a very long id", "GET", "/instances/" + 4000 * "x", 404),
    row("an unknown operation of a missing one", "POST", "/instances/{missing}/explode", 404),
    row("another hub", "GET", "/instances/{completed}?taskHub=NoSuchHub", 404),
    row("the own hub in capitals", "GET", "/instances/{completed}?taskHub=TESTHUB", 200, ANY),
    row("a blank hub", "GET", "/instances/{completed}?taskHub=%20", 200, ANY),
    row("the connection's name is of no matter", "GET", "/instances/{completed}?connection=x&code=y", 200, ANY),
    row("a bad escape", "GET", "/instances/%zz", 400, error("two hex digits")),
    row("a NUL", "GET", "/instances/a%00b", 400, error("NUL")),
    row("invalid UTF-8", "GET", "/instances/%ff", 400, error("UTF-8")),
    row("an overlong UTF-8 sequence", "GET", "/instances/%c0%af", 400, error("UTF-8")),
    row("a NUL in the query", "GET", "/instances/{completed}?x=%00", 400, error("NUL")),
    row("the base itself", "GET", "", 404),
    row("an unknown path", "GET", "/nothing/here", 404),
    row("makeprimary", "POST", "/makeprimary", 400, error()),
    row("makeprimary by GET", "GET", "/makeprimary", 400, error()),
]

SIGNALS = [
    row("terminate: missing", "POST", "/instances/{missing}/terminate", 404),
    row("terminate: running", "POST", "/instances/{running}/terminate?reason=a+b%26c", 202),
    row("terminate: suspended", "POST", "/instances/{suspended}/terminate", 202),
    row("terminate: completed", "POST", "/instances/{completed}/terminate", 410),
    row("terminate: failed", "POST", "/instances/{failed}/terminate", 410),
    row("terminate: terminated", "POST", "/instances/{terminated}/terminate", 410),
    row("terminate: by GET", "GET", "/instances/{running}/terminate", 404),
    row("terminate: the literal in capitals", "POST", "/instances/{running}/TERMINATE", 202),
    row("suspend: missing", "POST", "/instances/{missing}/suspend", 404),
    row("suspend: running", "POST", "/instances/{running}/suspend", 202),
    row("suspend: suspended", "POST", "/instances/{suspended}/suspend", 500, STATE),
    row("suspend: completed", "POST", "/instances/{completed}/suspend", 410),
    row("resume: missing", "POST", "/instances/{missing}/resume", 404),
    row("resume: running", "POST", "/instances/{running}/resume", 500, STATE),
    row("resume: suspended", "POST", "/instances/{suspended}/resume", 202),
    row("resume: failed", "POST", "/instances/{failed}/resume", 410),
    row("an unknown operation", "POST", "/instances/{running}/explode", 404),
    row("raise: no name", "POST", "/instances/{running}/raiseEvent", 404),
    row("raise: missing, everything else wrong too", "POST", "/instances/{missing}/raiseEvent/Go", 404,
        send="{", send_headers=TEXT),
    row("raise: completed, everything else wrong too", "POST", "/instances/{completed}/raiseEvent/Go", 410,
        send="{", send_headers=TEXT),
    row("raise: completed", "POST", "/instances/{completed}/raiseEvent/Go", 410, send="1", send_headers=JSON),
    row("raise: text", "POST", "/instances/{running}/raiseEvent/Go", 400, NO_TYPE, send="1", send_headers=TEXT),
    row("raise: no type", "POST", "/instances/{running}/raiseEvent/Go", 400, NO_TYPE, send="1"),
    row("raise: type in capitals with charset", "POST", "/instances/{running}/raiseEvent/Go", 202, send="1",
        send_headers={"Content-Type": "Application/JSON; charset=utf-8"}),
    row("raise: a type that only begins so", "POST", "/instances/{running}/raiseEvent/Go", 400, NO_TYPE, send="1",
        send_headers={"Content-Type": "application/json-patch+json"}),
    row("raise: empty body", "POST", "/instances/{running}/raiseEvent/Go", 400, INVALID_JSON, send_headers=JSON),
    row("raise: cut body", "POST", "/instances/{running}/raiseEvent/Go", 400, INVALID_JSON, send="{",
        send_headers=JSON),
    row("raise: null", "POST", "/instances/{running}/raiseEvent/Go", 202, send="null", send_headers=JSON),
    row("raise: a number", "POST", "/instances/{running}/raiseEvent/Go", 202, send="5", send_headers=JSON),
    row("raise: a string", "POST", "/instances/{running}/raiseEvent/Go", 202, send='"x"', send_headers=JSON),
    row("raise: deep", "POST", "/instances/{running}/raiseEvent/Go", 202, send=400 * "[" + 400 * "]",
        send_headers=JSON),
    row("raise: 1 MiB", "POST", "/instances/{running}/raiseEvent/Go", 202, send='"' + (1 << 20) * "x" + '"',
        send_headers=JSON),
    row("raise: a name with a blank", "POST", "/instances/{running}/raiseEvent/My%20Event", 202, send="1",
        send_headers=JSON),
    row("raise: a name with an accent", "POST", "/instances/{running}/raiseEvent/%C3%A9vt", 202, send="1",
        send_headers=JSON),
    row("raise: suspended", "POST", "/instances/{suspended}/raiseEvent/Go", 202, send="1", send_headers=JSON),
    row("rewind: missing", "POST", "/instances/{missing}/rewind", 404, string()),
    row("rewind: missing hub", "POST", "/instances/{failed}/rewind?taskHub=NoSuchHub", 404, string()),
    row("rewind: failed", "POST", "/instances/{failed}/rewind?reason=a+b%26c", 202),
    row("rewind: failed, the literal in capitals", "POST", "/instances/{failed}/REWIND", 202),
    row("rewind: running", "POST", "/instances/{running}/rewind", 412, string("Running")),
    row("rewind: suspended", "POST", "/instances/{suspended}/rewind", 412, string("Suspended")),
    row("rewind: completed", "POST", "/instances/{completed}/rewind", 412, string("Completed")),
    row("rewind: terminated", "POST", "/instances/{terminated}/rewind", 412, string("Terminated")),
    row("rewind: by GET", "GET", "/instances/{failed}/rewind", 404),
    row("restart: missing", "POST", "/instances/{missing}/restart", 400, error(
        "InstanceId does not match a valid orchestration instance.")),
    row("restart: an entity", "POST", "/instances/@counter@k/restart", 400, error(
        "InstanceId does not match a valid orchestration instance.")),
    row("restart: missing hub", "POST", "/instances/{completed}/restart?taskHub=NoSuchHub", 400, error()),
    row("restart: completed", "POST", "/instances/{completed}/restart", 202, GENERATED, {"Retry-After": "10"}),
    row("restart: failed", "POST", "/instances/{failed}/restart", 202, GENERATED),
    row("restart: running, a new id", "POST", "/instances/{running}/restart", 202, GENERATED),
    row("restart: the body is of no matter", "POST", "/instances/{completed}/restart", 202, GENERATED, send="{"),
    row("restart: completed, same id", "POST", "/instances/{completed}/restart?restartWithNewInstanceId=false", 202,
        PAYLOAD),
    row("restart: terminated, same id", "POST", "/instances/{terminated}/restart?restartWithNewInstanceId=FALSE", 202,
        PAYLOAD),
    row("restart: no boolean", "POST", "/instances/{running}/restart?restartWithNewInstanceId=0", 202, GENERATED),
    row("restart: running, same id", "POST", "/instances/{running}/restart?restartWithNewInstanceId=false", 409, error(
        "A non-terminal instance with this instance ID already exists.")),
    row("restart: suspended, same id", "POST", "/instances/{suspended}/restart?restartWithNewInstanceId=false", 409,
        error()),
    row("restart: an interval beyond the timeout", "POST", "/instances/{completed}/restart?timeout=1&pollingInterval=5",
        400, error()),
    row("restart: by GET", "GET", "/instances/{completed}/restart", 404),
]

PURGES = [
    row("a missing one", "DELETE", "/instances/{missing}", 404),
    row("a missing entity", "DELETE", "/instances/@counter@none", 200, {"instancesDeleted": 0}),
    row("completed", "DELETE", "/instances/{completed}", 200, {"instancesDeleted": 1}),
    row("failed", "DELETE", "/instances/{failed}", 200, {"instancesDeleted": 1}),
    row("terminated", "DELETE", "/instances/{terminated}", 200, {"instancesDeleted": 1}),
    row("running", "DELETE", "/instances/{running}", 412, string("Running")),
    row("suspended", "DELETE", "/instances/{suspended}", 412, string("Suspended")),
    row("many: no date", "DELETE", "/instances", 400, "Please provide value for 'createdTimeFrom' parameter."),
    row("many: a bad date", "DELETE", "/instances?createdTimeFrom=bad", 400,
        "Please provide value for 'createdTimeFrom' parameter."),
    row("many: nothing so late", "DELETE", "/instances?createdTimeFrom=2999-01-01", 404),
    row("many: nothing so early", "DELETE",
        "/instances?createdTimeFrom=1-01-01T00:00:00.000000Z&createdTimeTo=1970-01-01", 404),
    row("many: only live ones asked for", "DELETE", "/instances?createdTimeFrom=2000-01-01&runtimeStatus=Running", 404),
    row("many: only unknown names", "DELETE", "/instances?createdTimeFrom=2000-01-01&runtimeStatus=bogus", 404),
    row("many: another hub", "DELETE", "/instances?createdTimeFrom=2000-01-01&taskHub=NoSuchHub", 404),
]

LISTS = [
    row("top=0", "GET", "/instances?top=0", 400, error("top")),
    row("top=-1", "GET", "/instances?top=-1", 400, error("top")),
    row("top=abc", "GET", "/instances?top=abc", 200, ANY),
    row("top beyond 32 bits", "GET", "/instances?top=99999999999", 200, ANY),
    row("a token that is none", "GET", "/instances", 400, error("token"),
        send_headers={"x-ms-continuation-token": "garbage"}),
    row("an empty token", "GET", "/instances", 200, ANY, send_headers={"x-ms-continuation-token": ""}),
    row("another hub", "GET", "/instances?taskHub=NoSuchHub", 200, [], {"x-ms-continuation-token": ""}),
    row("a date that is none", "GET", "/instances?createdTimeFrom=nonsense", 200, ANY),
    row("from later than to", "GET", "/instances?createdTimeFrom=2990-01-01&createdTimeTo=2980-01-01", 200, []),
    row("an end before all", "GET", "/instances?createdTimeTo=1970-01-01T00:00:00Z", 200, []),
    row("a prefix that none has", "GET", "/instances?instanceIdPrefix=a_%25", 200, []),
    row("top in another case", "GET", "/instances?TOP=0", 400, error("top")),
    row("top twice is no number", "GET", "/instances?top=0&top=0", 200, ANY),
    row("an empty prefix", "GET", "/instances?instanceIdPrefix=&top=1", 200, rows_of("")),
    row("showHistory is of no matter", "GET", "/instances?showHistory=true&top=1", 200,
        Check("no historyEvents", lambda v: all("historyEvents" not in r for r in v))),
    row("HEAD", "HEAD", "/instances", 405),
]

NO_ENTITY = message("not an entity function")
ENTITIES = [
    row("read one that is not there", "GET", "/entities/Counter/none", 404),
    row("read: a name that none can have", "GET", "/entities/a@b/k", 404),
    row("read: another hub", "GET", "/entities/Counter/k?taskHub=NoSuchHub", 404),
    row("signal", "POST", "/entities/Counter/{new}?op=add", 202, send="1", send_headers=JSON),
    row("signal without a body", "POST", "/entities/Counter/{new}?op=add", 202),
    row("signal without an operation", "POST", "/entities/Counter/{new}", 202),
    row("signal without a key", "POST", "/entities/Counter?op=get", 202),
    row("signal: the name in capitals", "POST", "/entities/COUNTER/{new}?op=add", 202),
    row("signal: $ is an ordinary key", "POST", "/entities/Counter/$?op=get", 202),
    row("signal: no name", "POST", "/entities", 400, message("The name of an entity is missing.")),
    row("signal: an unknown function", "POST", "/entities/X/k", 400, NO_ENTITY),
    row("signal: an orchestrator is none", "POST", "/entities/Echo/k", 400, NO_ENTITY),
    row("signal: cut JSON", "POST", "/entities/Counter/{new}", 400, message("Could not parse JSON content"), send="{",
        send_headers=JSON),
    row("signal: text that is no JSON", "POST", "/entities/Counter/{new}", 202, send="{", send_headers=TEXT),
    row("signal: text that is not UTF-8", "POST", "/entities/Counter/{new}", 400, ANY, send=b"\xff", send_headers=TEXT),
    row("signal: # in the key", "POST", "/entities/Counter/a%23b", 400, message("key must not contain")),
    row("signal: a control character in the key", "POST", "/entities/Counter/a%01b", 400, message("control characters")),
    row("signal: too long an operation", "POST", "/entities/Counter/k?op=" + 257 * "o", 400, message("256 bytes")),
    row("signal: too long a key", "POST", "/entities/Counter/" + 255 * "k", 400, message("254 characters")),
    row("signal: another hub", "POST", "/entities/Counter/k?taskHub=NoSuchHub", 400, message("NoSuchHub")),
    row("signal: too many segments", "POST", "/entities/Counter/a/b", 404),
    row("delete", "DELETE", "/entities/Counter/{new}", 202),
    row("delete: no name", "DELETE", "/entities", 404),
    row("delete: an unknown function", "DELETE", "/entities/X/k", 400, NO_ENTITY),
    row("list by a name that none has", "GET", "/entities/Nobody", 200, [], {"x-ms-continuation-token": ""}),
    row("list: another hub", "GET", "/entities?taskHub=NoSuchHub", 200, [], {"x-ms-continuation-token": ""}),
    row("list: nothing so late", "GET", "/entities?lastOperationTimeFrom=2990-01-01", 200, []),
    row("list: nothing so early", "GET", "/entities?lastOperationTimeTo=1970-01-01T00:00:00Z", 200, []),
    row("list: top=0", "GET", "/entities?top=0", 400, error("top")),
    row("list: a token that is none", "GET", "/entities", 400, error("token"),
        send_headers={"x-ms-continuation-token": "garbage"}),
    row("PUT", "PUT", "/entities/Counter/k", 404),
]

CASES = ([("start", r) for r in STARTS] + [("status", r) for r in STATUS] + [("signal", r) for r in SIGNALS] +
         [("purge", r) for r in PURGES] + [("list", r) for r in LISTS] + [("entity", r) for r in ENTITIES])

# Where nothing runs orchestrators: every instance stays Pending.
PENDING = [
    row("status", "GET", "/instances/{pending}", 202, has(runtimeStatus="Pending", output=None), {"Retry-After": "5"}),
    row("history of a pending one is left out", "GET", "/instances/{pending}?showHistory=true", 202,
        Check("no historyEvents", lambda v: "historyEvents" not in v)),
    row("start again", "POST", START + "/{pending}", 409, error("with the status Pending already exists")),
    row("purge", "DELETE", "/instances/{pending}", 412, string("Pending")),
    row("raise", "POST", "/instances/{pending}/raiseEvent/Go", 202, send="1", send_headers=JSON),
    row("terminate", "POST", "/instances/{pending}/terminate", 202),
    row("suspend", "POST", "/instances/{pending}/suspend", 202),
    row("resume", "POST", "/instances/{pending}/resume", 500, STATE),
    row("rewind", "POST", "/instances/{pending}/rewind", 412, string("Pending")),
    row("restart", "POST", "/instances/{pending}/restart", 202, GENERATED),
    row("restart under the same id", "POST", "/instances/{pending}/restart?restartWithNewInstanceId=false", 409, error()),
    row("a wait that ends at once", "POST", START + "?timeout=0&pollingInterval=0", 202, GENERATED),
    row("a negative wait", "POST", START + "?timeout=-5&pollingInterval=-5", 202, GENERATED),
    row("256 characters", "POST", START + "/" + 256 * "x", 202, PAYLOAD),
    row("128 characters of two UTF-16 units", "POST", START + "/" + 128 * "%F0%9F%98%80", 202, PAYLOAD),
]
