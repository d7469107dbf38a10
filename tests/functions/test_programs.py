"""Hundreds of made-up orchestrations at once, each with the outcome that its program has, warm and replayed, in Python on the newest SDK
and an older one, and in Node; and some that fail are rewound until they don't."""
import json
import os
import subprocess

import pytest

import facts
import service as svc
from programs import Maker, wanted
import nodeapps
from languages import NODE, PYTHON as PYTHON_APPS
from pyapps import PYTHON, ROOT

SEED = int(os.environ.get("TH_SEED") or int.from_bytes(os.urandom(4), "big"))
COUNT = 1500 if facts.FULL else 120
REWOUND = 200 if facts.FULL else 20
OLDER = ["azure-functions==1.21.3", "azure-functions-durable==1.3.1"]


def older_python():
    """An environment with the SDK of some years ago, made once."""
    folder = ROOT / ".dev" / "venv-older"
    if not (folder / "made").exists():
        subprocess.run([PYTHON, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *OLDER], check=True)
        (folder / "made").touch()
    return str(folder / "bin" / "python")


KINDS = ["warm-newest", "cold-newest", "warm-older", "cold-older"] if facts.FULL else ["cold-newest"]
KINDS += [pytest.param(kind, marks=nodeapps.needs_node) for kind in (["warm-node", "cold-node"] if facts.FULL else ["cold-node"])]


@pytest.fixture(scope="module", params=KINDS)
def programs(request, database, tmp_path_factory):
    sessions, version = request.param.split("-")
    language = NODE if version == "node" else PYTHON_APPS
    folder = language.everything_with(tmp_path_factory.mktemp("app") / "app", {"version": "2.0", "extensions": {
        "durableTask": {"extendedSessionsEnabled": sessions == "warm"}}})
    service = svc.Service(database, apps=[folder], hub="Programs" + request.param.replace("-", ""),
                          args=["--python", older_python()] if version == "older" else language.args,
                          env={"FUNCTIONS_WORKER_PROCESS_COUNT": "2"})
    try:
        yield service.start()
    finally:
        service.close()


def start(service, folder, prefix, number, rewound=False):
    maker = Maker(f"{SEED}-{number}", rewound)
    steps = maker.steps()
    folder = folder / f"{prefix}{number}"
    folder.mkdir()
    text = json.dumps({"folder": str(folder), "steps": steps}).replace('"value": "k', f'"value": "{service.hub}{prefix}{number}k')
    instance = service.start_instance("program", f"{prefix}-{number}", json.loads(text))
    for name in sorted(maker.events):
        answer = service.post(f"/instances/{instance}/raiseEvent/{name}", json.dumps(maker.events[name]),
                              headers={"Content-Type": "application/json"})
        assert answer.status in (202, 410), answer  # 410: something else failed the step that waited, and it was the last
    return instance, wanted(steps, maker.events)


def ended(service, ids):
    left = """select instance_id from taskhub.instances_view where hub = %s and instance_id = any(%s) and completed_at is null"""
    svc.until(lambda: not service.sql(left, [service.hub, ids]), 60 + len(ids) / 5, what=f"all have ended (seed {SEED})")
    return {row[0]: row[1:] for row in service.sql("""select instance_id, runtime_status, output, failure
        from taskhub.instances_view where hub = %s and instance_id = any(%s)""", [service.hub, ids])}


def check(service, expected, rows):
    wrong = [(i, rows[i], expected[i]) for i in expected
             if rows[i][0] != "Completed" or json.loads(rows[i][1]) != expected[i]]
    assert not wrong, f"seed {SEED}: {len(wrong)} of {len(expected)} are wrong: {wrong[:3]}"
    facts.histories_are_gapless(service)
    facts.no_answer_was_applied_twice(service)


def test_programs_give_what_they_must_in_any_order(programs, tmp_path):
    expected = dict(start(programs, tmp_path, "program", n) for n in range(COUNT))
    check(programs, expected, ended(programs, list(expected)))


def test_programs_that_failed_are_rewound_and_give_what_they_must(programs, tmp_path):
    if "node" in programs.hub:
        pytest.skip("that SDK's Task.any waits for another task where some have ended already, as they have after a rewind")
    expected = dict(start(programs, tmp_path, "rewound", n, rewound=True) for n in range(REWOUND))
    times = 0
    for _ in range(12):  # a fatal step at a time, and one of its calls at a time
        rows = ended(programs, list(expected))
        failed = [i for i in expected if rows[i][0] == "Failed"]
        for instance in failed:
            assert programs.post(f"/instances/{instance}/rewind?reason=again").status == 202
        times += len(failed)
        if not failed:
            break
    assert times > REWOUND // 5, f"seed {SEED}: only {times} rewinds"
    check(programs, expected, rows)
