"""How many activities run at once, and what a worker's threads are for."""
import json
import subprocess

import pytest

import facts
import service as svc
from pyapps import PYTHON, ROOT, WITH_PYTHON, example, write_app

SECONDS = 1 if facts.FULL else 0.1
SLACK = 1.03 if facts.FULL else 1.6  # what the engine and Python take hardly depends on the activities' time
CHAINS, LENGTH, LIMIT = 10, 10, 4  # the limit is that of host.json

TOOK = """select extract(epoch from completed_at - created_at)::float8 from taskhub.instances_view
where hub = %s and instance_id = %s"""


@pytest.mark.alone
@pytest.mark.parametrize("processes", [1, 2, 4] if facts.FULL else [2])
def test_chains_of_activities_take_what_their_limit_makes_of_them(make_service, processes):
    service = make_service(apps=[example("python-f2")], args=WITH_PYTHON, hub=f"F2x{processes}",
                           env={"FUNCTIONS_WORKER_PROCESS_COUNT": str(processes)}).start()
    warm = {"chains": LIMIT * processes, "length": 1, "seconds": 0.05}
    service.wait_status(service.start_instance("f2_orchestrator", None, warm), "Completed")
    wanted = {"chains": CHAINS, "length": LENGTH, "seconds": SECONDS}
    instance = service.start_instance("f2_orchestrator", None, wanted)
    assert service.wait_status(instance, "Completed", timeout=120)["output"] == CHAINS * LENGTH
    took, = service.sql(TOOK, [service.hub, instance])[0]
    ideal = CHAINS * LENGTH * SECONDS / LIMIT
    assert ideal <= took <= ideal * SLACK, took


SLEEPY = """
import azure.durable_functions as df
import time
app = df.DFApp()

@app.activity_trigger(input_name="seconds")
def nap(seconds: float):
    time.sleep(seconds)

@app.orchestration_trigger(context_name="context")
def naps(context):
    yield context.task_all([context.call_activity("nap", 60) for _ in range(3)])

@app.orchestration_trigger(context_name="context")
def quick(context):
    return "done"
    yield
"""


def test_activities_that_hold_all_threads_hold_up_no_orchestration(make_service, tmp_path):
    folder = write_app(tmp_path / "app", SLEEPY)
    service = make_service(apps=[folder], args=[*WITH_PYTHON, "--drain", "0"], hub="Sleepy",
                           env={"PYTHON_THREADPOOL_THREAD_COUNT": "1"}).start()
    naps = service.start_instance("naps")
    svc.until(lambda: service.sql("select count(*) from taskhub.activities_view where hub = 'Sleepy'") == [(3,)],
              what="all are scheduled")
    assert service.wait_status(service.start_instance("quick"))["output"] == "done"
    assert service.status(naps)["runtimeStatus"] == "Running"
    service.kill()


QUICK = """
import sys
sys.path.insert(0, sys.argv[1])
import azure.durable_functions
import worker
module = sys.modules["azure.durable_functions.models.history.HistoryEvent"]
parse = module.dt_parse
worker.quicken_the_sdk()
assert module.dt_parse is not parse
for text in ("2026-01-02T03:04:05.000678Z", "1969-12-31T23:59:59.999999Z", "2026-01-02T03:04:05.0000000Z", "2026-01-02T03:04:05Z",
             "2026-01-02T03:04:05.123Z", "2026-01-02 03:04:05.123456+02:00", "2026-01-02T03:04:05,123456Z"):
    mine, its = module.dt_parse(text), parse(text)
    assert mine == its and repr(mine) == repr(its), text
for text in ("2026-13-02T03:04:05.000678Z", "", "no time"):
    for one in (module.dt_parse, parse):
        try:
            one(text)
        except ValueError as error:
            continue
        raise AssertionError(text)
"""


def test_the_quick_way_to_read_times_gives_what_the_sdk_s_own_gives():
    subprocess.run([PYTHON, "-B", "-c", QUICK, str(ROOT / "workers" / "python")], check=True)
