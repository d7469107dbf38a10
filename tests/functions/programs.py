"""Random programs for the orchestrator `program` of apps/everything, and what each must give whatever order things happen in."""
import json
import random

FAILED = "failed"


class Maker:
    """Programs from a seed. Names of events, entities and files are used once in a program."""

    def __init__(self, seed, rewound=False):
        self.random, self.names, self.rewound = random.Random(seed), 0, rewound
        self.events = {}

    def name(self, kind):
        self.names += 1
        return f"{kind}{self.names}"

    def retry(self, name, depth, fatal):
        """In a fatal step it fails as often as it may, and succeeds in the second half of what a rewind allows it. Of programs
        that are rewound no other fails, since a rewind would take that back."""
        attempts = self.random.randint(1, 3)
        if fatal:
            succeeds_at = attempts + self.random.randint(1, attempts) if self.rewound else self.random.randint(1, attempts)
        else:
            succeeds_at = self.random.choice([self.random.randint(1, attempts), 99 if not self.rewound or depth else 1])
        return {"op": "retry", "value": name, "attempts": attempts, "succeeds_at": succeeds_at,
                "pause": self.random.randint(1, 8), "nap": self.random.choice([0, 0, 0.004])}

    def op(self, depth, fatal):
        kind = self.random.choice(["call", "call", "retry", "retry", "timer", "event", "entity"] + ["child", "child_retry"] * (depth < 1))
        if kind == "call":
            return {"op": kind, "value": self.random.choice([self.names, "text", None, [1, {"a": []}], True])}
        if kind == "retry":
            return self.retry(self.name("r"), depth, fatal)
        if kind == "timer":
            return {"op": kind, "value": self.random.randint(0, 20)}
        if kind == "event" and (depth > 0 or self.rewound):  # they come to the parent; and what comes as an instance fails is lost
            return {"op": "call", "value": 1}
        if kind == "event":
            name = self.name("e")
            self.events[name] = self.random.randint(0, 99)
            return {"op": kind, "value": name}
        if kind == "entity":
            return {"op": kind, "value": self.name("k"), "operation": "get" if self.rewound else "add"}  # a rewind may call again
        return {"op": kind, "steps": self.steps(depth + 1, self.random.randint(1, 2)), "attempts": 2, "pause": 1}

    def steps(self, depth=0, count=None):
        steps = []
        for _ in range(count or self.random.randint(1, 3)):
            how = self.random.choice(["one", "all", "each"])
            fatal = self.rewound and depth == 0 and how != "each" and self.random.random() < 0.8
            ops = [self.op(depth, fatal) for _ in range(1 if how == "one" else self.random.randint(1, 4))]
            if fatal and how == "all":
                ops[0] = self.retry(self.name("r"), depth, fatal)
            steps.append({"how": how, "ops": ops, "fatal": fatal})
        return steps


def result_of(op, events):
    kind = op["op"]
    if kind == "retry":
        limit = op["attempts"] if not op.get("rewound") else 2 * op["attempts"]
        return [op["value"], op["succeeds_at"]] if op["succeeds_at"] <= limit else FAILED
    if kind == "timer":
        return None
    if kind == "event":
        return events[op["value"]]
    if kind == "entity":
        return 0 if op["operation"] == "get" else 1
    return op["value"] if kind == "call" else wanted(op["steps"], events)


def wanted(steps, events):
    """What the program gives; of a program with fatal steps, what it gives once it was rewound often enough."""
    results = []
    for step in steps:
        for op in step["ops"]:
            op["rewound"] = step["fatal"]
        each = [result_of(op, events) for op in step["ops"]]
        if step["how"] == "each":
            results.append(sorted(each, key=json.dumps))
        elif FAILED in each:
            results.append(FAILED)
        else:
            results.append(each if step["how"] == "all" else each[0])
    return results
