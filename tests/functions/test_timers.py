"""Timer triggers: once for all processes of a hub, by cron or span, and what is wrong with one is said."""
import pytest

import service as svc
import nodeapps
from pyapps import WITH_PYTHON, write_app

HEAD = "import azure.functions as func\nimport os, time\napp = func.FunctionApp()\n"
TICKS = HEAD + """
@app.timer_trigger(schedule="%EVERY%", arg_name="t")
def tick(t: func.TimerRequest):
    with open(os.environ["TICKS"], "a", encoding="ascii") as f:
        status = t.schedule_status
        f.write(f"{int(time.time())} {status['Last']} {status['Next']} {t.past_due}\\n")

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="t", run_on_startup=True)
async def at_start(t: func.TimerRequest):
    raise ValueError("on purpose")
"""

NODE_TICKS = """
const { app } = require('@azure/functions');
const { appendFileSync } = require('node:fs');

app.timer('tick', {
    schedule: '%EVERY%',
    handler: (timer) => {
        const late = timer.isPastDue ? 'True' : 'False';
        const { last, next } = timer.scheduleStatus;
        appendFileSync(process.env.TICKS, `${Math.floor(Date.now() / 1000)} ${last} ${next} ${late}\\n`);
    },
});

app.timer('at_start', {
    schedule: '0 0 0 1 1 *',
    runOnStartup: true,
    handler: async () => {
        throw new Error('on purpose');
    },
});
"""


@pytest.mark.parametrize("write, code, args, hub", [
    (write_app, TICKS, WITH_PYTHON, "Timers"),
    pytest.param(nodeapps.write_app, NODE_TICKS, [], "NodeTimers", marks=nodeapps.needs_node),
], ids=["python", "node"])
def test_a_timer_fires_once_for_all_processes(make_service, tmp_path, write, code, args, hub):
    ticks = tmp_path / "ticks"
    folder = write(tmp_path / "app", code, settings={"Values": {"EVERY": "00:00:01"}})
    services = [make_service(apps=[folder], args=args, hub=hub, env={"TICKS": str(ticks)}) for _ in range(2)]
    for service in services:
        service.start()

    def lines():
        return ticks.read_text().splitlines() if ticks.exists() else []
    svc.until(lambda: len(lines()) >= 3, what="three ticks")
    seen = lines()
    assert len({line.split()[0] for line in seen}) >= len(seen) - 1, seen  # a second may hold the end of one wait
    assert all(line.endswith("False") for line in seen), seen
    due = [line.split()[1:3] for line in seen]
    assert due[0][0].startswith("0001-01-01T") and due[1][0] < due[1][1], due  # never before, and after that each has a past
    assert all(last < following for (last, _), (following, _) in zip(due, due[1:])), due
    rows = services[0].sql("select instance_id from taskhub.instances_view where hub = %s and instance_id like 'timer.tick:%%'", [hub])
    assert len(rows) in (len(seen), len(seen) + 1, len(seen) + 2)
    failed = services[0].sql("select runtime_status from taskhub.instances_view where hub = %s and instance_id like 'timer.at_start:startup-%%'", [hub])
    svc.until(lambda: services[0].sql("""select count(*) from taskhub.instances_view where hub = %s
        and instance_id like 'timer.at_start:startup-%%' and runtime_status = 'Failed'""", [hub]) == [(2,)], what="both starts ran it")
    assert len(failed) == 2


@pytest.mark.parametrize("schedule, words", [
    ("99 * * * * *", "timer.late"),
    ("00:00:07", "must divide a minute, an hour or a day"),
])
def test_a_schedule_that_can_t_be_followed_ends_the_start(database, tmp_path, schedule, words):
    code = HEAD + f'\n@app.timer_trigger(schedule="{schedule}", arg_name="t")\ndef late(t): pass\n'
    service = svc.Service(database, apps=[write_app(tmp_path / "app", code)], args=WITH_PYTHON, hub="Refused")
    try:
        service.start(ready=False)
        assert service.process.wait(30) != 0
        assert words in service.log()
    finally:
        service.close()
