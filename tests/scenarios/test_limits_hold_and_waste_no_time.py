"""f2: chains of activities side by side under maxConcurrentActivityFunctions, in one process and in three."""
import datetime
import re
import uuid

import pytest

import facts
import service as svc
from facts import FULL

pytestmark = pytest.mark.alone

LIMIT = 4
# At full length the ideal is 25 s on one process and 10 s on three; a run may take 3 % more. Shortened, the fixed costs of
# ten steps on a busy machine weigh more than that.
SECONDS, SLACK = (1.0, 0.0) if FULL else (0.1, 0.5)
CHAINS, LENGTH = 10, 10
START = re.compile(r"^(\S+) INFO .* F2 input: (\d+) start, hostname: (\S+), process:id (\d+) thread ID: (\d+)$")


@pytest.fixture
def fleet(make_service):
    hub = "Limit" + uuid.uuid4().hex[:8]

    def start(n):
        services = [make_service(apps=[svc.example("f2")], hub=hub) for _ in range(n)]
        for each in services:
            each.start()
        return services

    return start


def starts(service):
    """(when, input) of each F2, by the lines that it logs."""
    found = [m.groups() for m in map(START.match, service.log().splitlines()) if m]
    return [(datetime.datetime.fromisoformat(when.replace("Z", "+00:00")), int(n)) for when, n, *_ in found]


def most_at_once(moments):
    """How many ran at the same time at most, each for SECONDS from its start (a log line tells milliseconds)."""
    length = datetime.timedelta(seconds=SECONDS - 0.004)
    return max(sum(1 for other in moments if when <= other < when + length) for when in moments)


def run(services, length=LENGTH):
    one = services[0]
    instance = one.start_instance("f2_orchestrator", input={"chains": CHAINS, "length": length, "seconds": SECONDS})
    assert one.wait_status(instance, "Completed", 120)["output"] == CHAINS * length
    return one.sql("select extract(epoch from completed_at - created_at)::float from taskhub.instances_view where instance_id = %s",
                   [instance])[0][0]


def all_inputs(services):
    return sorted(n for each in services for _, n in starts(each))


def test_one_process_runs_four_at_once_and_loses_no_time(fleet):
    services = fleet(1)
    took = run(services)
    ideal = CHAINS * LENGTH * SECONDS / LIMIT
    assert all_inputs(services) == list(range(100))
    assert most_at_once([when for when, _ in starts(services[0])]) == LIMIT
    assert took <= 1.03 * ideal + SLACK, f"{took:.3f} s instead of {ideal} s"
    facts.all_is_well(services[0])


def test_three_processes_run_four_each_and_lose_no_time(fleet):
    services = fleet(3)
    held = "select count(distinct holder_pid) from taskhub.partitions_view where hub = %s and held"
    svc.until(lambda: services[0].sql(held, [services[0].hub])[0][0] >= 3, 15, what="partitions are shared out")
    took = run(services)
    ideal = LENGTH * SECONDS
    assert all_inputs(services) == list(range(100))
    for each in services:
        moments = [when for when, _ in starts(each)]
        assert moments, "one process had no part in it"
        assert most_at_once(moments) <= LIMIT
    assert took <= 1.03 * ideal + SLACK, f"{took:.3f} s instead of {ideal} s"
    facts.all_is_well(services[0])


def test_the_log_says_once_a_change_that_the_limit_stops_work_and_once_that_it_no_longer_does(fleet):
    service, = fleet(1)
    for n in range(2):
        run([service], length=3)
        svc.until(lambda n=n: service.log().count(" throttle.over ") == n + 1, 10, what="the limit stops nothing any more")
    lines = [line for line in service.log().splitlines() if re.search(r" throttle(\.over)? ", line)]
    assert [" throttle.over " in line for line in lines] == [False, True] * 2, lines
    assert "4 run and the limit (maxConcurrentActivityFunctions) is 4" in lines[0], lines
