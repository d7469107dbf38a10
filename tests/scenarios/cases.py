"""One list of scenarios, for every executor and every door.

A case is a name, the orchestrator, its input (JSON text, None for none), what is done while it runs, and how it ends. What is
done is a list of steps:
    ("event", name, JSON text)     ("suspend",)  ("resume",)  ("terminate", reason)
    ("see", status)                waits until the runtime status is that
    ("custom", value)              waits until the custom status is that
    ("activities", n)              waits until n activities are queued or run
    ("held", n)                    waits until n messages are held
"""
from collections import namedtuple

Case = namedtuple("Case", "name orchestrator input steps status output")

GO = ("event", "Go", '"go"')


def case(name, orchestrator, output, steps=(), input=None, status="Completed"):
    return Case(name, orchestrator, input, steps, status, output)


def failed(name, orchestrator, message, input=None, steps=()):
    return Case(name, orchestrator, input, steps, "Failed", message)


CASES = [
    # activities
    case("a sequence", "Sequence", 10, input="7"),
    case("no input is null", "Sequence", 3),
    case("the orchestrator's name in another case", "sEQUENCE", 3),
    case("no result", "GivesNothing", None),
    case("a fan-out of none", "FanOut", [], input="0"),
    case("a fan-out of one", "FanOut", [0], input="1"),
    case("a fan-out whose results come in the order given", "FanOut", list(range(300)), input="300"),
    case("a fan-out of which one fails", "FanOutWithAFailure", [False, {"type": "Refused", "message": 'no "it"'}, True]),
    failed("a failure that nobody takes in hand", "Unhandled", 'no "way"'),
    case("a failure that is taken in hand", "Handled", {"type": "Refused", "message": 'no "way"'}),
    case("a payload with everything in it", "PassesPayload", {"é": ["\U0001f600", "\u0000", 1e10, -0.5, True, None, {}]},
         input='{"é": ["\U0001f600", "\\u0000", 1e10, -0.5, true, null, {}]}'),
    case("a payload of a megabyte", "PassesPayload", "x" * (1 << 20), input='"' + "x" * (1 << 20) + '"'),
    case("an empty text", "PassesPayload", "", input='""'),

    # retries
    case("a try that needs no other", "Retry", 1, input="1"),
    case("retries until it works", "Retry", 4, input="4"),
    failed("retries in vain", "RetryInVain", "try 3"),
    failed("a failure for good is not tried again", "RetryHopeless", "try 1"),
    case("a handler that agrees until it works", "RetryHandled", 3, input='{"good": 3, "last": 4}'),
    failed("a handler that gives up", "RetryHandled", "try 2", input='{"good": 5, "last": 2}'),

    # timers
    case("a timer", "Sleeps", "slept", input="0.1"),
    case("a timer of no time", "Sleeps", "slept", input="0"),
    case("a timer of negative time", "Sleeps", "slept", input="-5"),
    case("timers in the order they are due", "ThreeTimers", [1, 2, 0]),
    case("an event before its timer", "EventOrTimer", "go", [("see", "Running"), GO], input="3600"),
    case("a timer before its event", "EventOrTimer", "timer", input="0.1"),
    case("a timer before its activity", "ActivityOrTimer", "timer"),

    # events
    case("an event while it waits", "Waits", "go", [("see", "Running"), GO]),
    case("an event right after the start", "Waits", "go", [GO]),
    case("an event without a payload of interest", "Waits", None, [("event", "Go", "null")]),
    case("an event's name in another case", "Waits", 1, [("event", "gO", "1")]),
    case("an event of another name comes first", "Waits", "go", [("event", "Other", "1"), GO]),
    case("events before anyone waits keep their order", "NapsThenWaits", [1, 2, 3],
         [("event", "Go", "1"), ("event", "Go", "2"), ("event", "Go", "3")]),
    case("events in the other order than they are waited for", "WaitsForTwo", [1, 2],
         [("event", "Second", "2"), ("event", "First", "1")]),
    case("an event after its wait has timed out is kept for the next", "WaitsInVainThenAgain", [False, "go"],
         [("custom", "timed out"), GO]),
    case("an event within the time", "WaitsInVainThenAgain", [True, 2], [("event", "Go", "1"), ("event", "Go", "2")]),
    case("a wait that was given up takes no event", "CancelsAWait", ["go", True], [("see", "Running"), GO]),

    # suspend and resume
    case("suspended and resumed", "Waits", "go",
         [("see", "Running"), ("suspend",), ("see", "Suspended"), ("resume",), ("see", "Running"), GO]),
    case("an event is held while it is suspended", "Waits", "go",
         [("see", "Running"), ("suspend",), ("see", "Suspended"), GO, ("held", 1), ("resume",)]),
    case("an activity's completion is held while it is suspended", "Naps", 0.3,
         [("activities", 1), ("suspend",), ("see", "Suspended"), ("activities", 0), ("held", 1), ("resume",)]),
    case("a timer is held while it is suspended", "Sleeps", "slept",
         [("see", "Running"), ("suspend",), ("see", "Suspended"), ("held", 1), ("resume",)], input="0.3"),
    case("events that were held keep their order", "NapsThenWaits", [1, 2, 3],
         [("see", "Running"), ("suspend",), ("see", "Suspended"), ("event", "Go", "1"), ("event", "Go", "2"), ("held", 2),
          ("resume",), ("event", "Go", "3")]),
    case("ended while suspended", "Waits", "enough",
         [("see", "Running"), ("suspend",), ("see", "Suspended"), GO, ("held", 1), ("terminate", "enough")], status="Terminated"),

    # ends
    case("ended while it waits", "Waits", "enough", [("see", "Running"), ("terminate", "enough")], status="Terminated"),
    case("ended right after the start", "Sequence", "enough", [("terminate", "enough")], status="Terminated"),
    case("ended in the middle of a fan-out", "FiftyNaps", "enough", [("activities", 50), ("terminate", "enough")],
         status="Terminated"),
    case("done with tasks still open", "LeavesTasksOpen", "done"),

    # custom status
    case("custom status", "Statuses", "done",
         [("custom", {"step": 1}), ("event", "Next", "0"), ("custom", "ü"), ("event", "Next", "0"), ("custom", None),
          ("event", "Next", "0"), ("custom", []), ("event", "Next", "0")]),
]
RACES = {"ended right after the start"}  # may be done before the end arrives
