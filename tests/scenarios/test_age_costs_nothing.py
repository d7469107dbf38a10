"""Cost does not grow with age: among many finished instances lists answer at once, work runs as in an empty hub, an idle
service stays idle, and the purge of all of them hardly slows what runs.

The finished instances are inserted by SQL as the engine leaves them. Rates are compared in pairs, one right after the other,
and the median of the pairs' ratios counts: what else the machine does meets both.
"""
import json
import statistics
import time

import pytest

import facts
import service as svc
from facts import FULL

APPS = [svc.example("hello")]
OLD = 5_000_000 if FULL else 200_000
WORK, PAIRS, TRIES = (5000, 9, 3) if FULL else (1000, 5, 3)
LEAST = 0.75
CLEAN_LOCK = 0x74680006  # held by whoever takes a step of a purge
LOOK_AT = 20000  # rows for one page of a list, at most
MOST_PAGES = 3 * LOOK_AT  # of 8 kB: rows and their keys, wherever they lie

FILL = """
    with made as (
        insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, name, input, output, failure,
                                       created_at, updated_at, completed_at)
        select h.first_partition + taskhub.partition_hash(i.id) %% h.partition_count, i.id, gen_random_uuid(), gen_random_uuid(),
               case when i.n %% 20000 = 0 then 3 else 1 end, 'hello_orchestrator', '"x"', '["a", "b", "c"]',
               case when i.n %% 20000 = 0 then '{"type":"Odd","message":"x"}' end, i.at, i.at, i.at
        from taskhub.hubs h, (select md5(n::text) as id, n, now() - interval '30 days' + n * interval '10 days' / %s as at
                              from generate_series(1, %s) n) i
        where h.name = %s
        order by 1, 2
        returning partition_id, instance_id, execution_id, created_at)
    insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, at, events)
    select partition_id, instance_id, execution_id, 0, 0, created_at, '[{"kind":"OrchestratorStarted"}]' from made"""


@pytest.fixture(scope="module")
def aged(service):
    """The module's service, on tables with OLD finished instances and ten that live."""
    service.sql(FILL, [OLD, OLD, service.hub])
    service.sql("vacuum analyze taskhub.instances")
    service.sql("vacuum analyze taskhub.history")
    service.sql("checkpoint")
    later = "select taskhub.start_instance('hello_orchestrator', null, 'later-' || n, p_scheduled_start => now() + interval '1 day', " \
            "p_hub => %s) from generate_series(1, 10) n"
    service.sql(later, [service.hub])
    return service


@pytest.fixture(scope="module")
def empty():
    """A service of its own database, which nobody has used."""
    dsn = svc.create_database()
    running = svc.Service(dsn, apps=APPS)
    try:
        yield running.start()
    finally:
        running.close()
        svc.drop_database(dsn)


def rate(service):
    """hello sequences a second, started by one statement."""
    service.sql("set taskhub.notify = on")
    began = time.monotonic()
    ids = [r[0] for r in service.sql("select taskhub.start_instances('hello_orchestrator', array_fill('1'::text, array[%s]), %s)",
                                     [WORK, service.hub])]
    busy = "select exists (select from taskhub.inbox where due = '-infinity') or exists (select from taskhub.activities)"
    svc.until(lambda: service.sql(busy) == [(False,)], 120, pause=0.01)
    took = time.monotonic() - began
    facts.wait_ended(service, ids, timeout=30)
    return WORK / took


def best_ratio(pair):
    """The median of the ratios of pairs; the best of some tries, as soon as one is good enough."""
    best = 0
    for _ in range(TRIES):
        best = max(best, statistics.median(pair() for _ in range(PAIRS)))
        if best >= LEAST:
            break
    return best


# ---- lists

def statement():
    """sql/query/instances_list.sql with its parameters written as PREPARE wants them."""
    return (svc.ROOT / "sql" / "query" / "instances_list.sql").read_text(encoding="utf-8")


def explain(service, **given):
    """The plan of a page of the HTTP list, run: its nodes, flat, and the pages that it looked at."""
    first, count = service.sql("select first_partition, partition_count from taskhub.hubs where name = %s", [service.hub])[0]
    values = {11: LOOK_AT // count, 12: given.get("name"), 13: None, 1: first, 2: first + count - 1, 3: given.get("after", ""), 4: given.get("prefix", ""), 5: given.get("below"),
              6: given.get("statuses", 0), 7: given.get("created_from"), 8: given.get("created_to"), 9: 100, 10: True}
    names = {1: "int", 2: "int", 3: "text", 4: "text", 5: "text", 6: "int", 7: "timestamptz", 8: "timestamptz", 9: "int", 10: "boolean",
             11: "int", 12: "text", 13: "text"}
    service.sql("deallocate all")
    service.sql(f"prepare page({', '.join(names[i] for i in sorted(names))}) as {statement()}")
    arguments = ", ".join(["%s"] * 13)
    plan = service.sql(f"explain (analyze, buffers, format json) execute page({arguments})", [values[i] for i in range(1, 14)])[0][0]
    plan = plan if isinstance(plan, list) else json.loads(plan)
    nodes, queue = [], [plan[0]["Plan"]]
    while queue:
        node = queue.pop()
        nodes.append(node)
        queue += node.get("Plans", [])
    return nodes, plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]


RUNNING, COMPLETED, FAILED, PENDING, SUSPENDED = (1 << n for n in (0, 1, 3, 6, 7))
FILTERS = {
    "none": {},
    "a later page": {"after": "80000000000000000000000000000000"},
    "a prefix": {"prefix": "abc", "below": "abd"},
    "a prefix that few have": {"prefix": "later-", "below": "later."},
    "completed": {"statuses": COMPLETED},
    "failed": {"statuses": FAILED},
    "live": {"statuses": RUNNING | PENDING | SUSPENDED},
    "running, which none is": {"statuses": RUNNING},
    "created within an hour": {"created_from": "now() - interval '1 hour'"},
    "created within a minute, long ago": {"created_from": "now() - interval '25 days'", "created_to": "now() - interval '25 days' + interval '1 minute'"},
    "created later than anything": {"created_from": "now() + interval '1 year'"},
    "created before anything": {"created_to": "now() - interval '1 year'"},
    "completed within an hour": {"statuses": COMPLETED, "created_from": "now() - interval '1 hour'"},
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_list_looks_at_a_few_pages_whatever_its_filter(aged, name):
    given = {k: aged.sql(f"select {v}")[0][0] if k.startswith("created") else v for k, v in FILTERS[name].items()}
    nodes, pages = explain(aged, **given)
    assert not [n for n in nodes if n["Node Type"] == "Seq Scan"], nodes
    assert pages < MOST_PAGES, f"{pages} pages"


def test_lists_over_http_answer_at_once_and_walk_on_for_what_few_have(aged):
    def took(query):
        times = []
        for _ in range(5):
            began = time.monotonic()
            assert aged.get("/instances?top=50" + query).status == 200
            times.append(time.monotonic() - began)
        return min(times)

    for query in "", "&runtimeStatus=Completed", "&instanceIdPrefix=abc", "&createdTimeFrom=2000-01-01":
        assert took(query) < 0.1, query
    for query in "&runtimeStatus=Failed", "&runtimeStatus=Pending", "&runtimeStatus=Running", "&createdTimeFrom=2100-01-01":
        assert took(query) < 6, query  # some ms for each 20,000 rows, five seconds at most


# ---- work

def test_work_runs_as_fast_as_in_an_empty_hub(aged, empty):
    assert best_ratio(lambda: rate(aged) / rate(empty)) >= LEAST


def test_an_idle_service_reads_next_to_nothing_of_what_is_old(aged):
    read = "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where schemaname = 'taskhub' and relname = %s"

    def sum_of():
        return sum(aged.sql(read, [table])[0][0] for table in ("instances", "history"))

    def is_idle():
        before = sum_of()
        aged.sql("select pg_sleep(1.5)")
        return sum_of() - before < 50

    svc.until(is_idle, 20, what="nothing is read any more")  # what was read before may be counted as late as after ten seconds


def test_the_purge_of_all_that_is_old_hardly_slows_what_runs(aged):
    hub_id = aged.sql("select hub_id from taskhub.hubs where name = %s", [aged.hub])[0][0]
    lock, unlock = ("select pg_advisory%s(%%s, %%s)" % word for word in ("_lock", "_unlock"))
    deleted = "select sum(deleted) from taskhub.purges_view where hub = %s"
    aged.sql(lock, [CLEAN_LOCK, hub_id])  # the purge stands still while this session has it
    aged.sql("select taskhub.request_purge('-infinity', now() - interval '15 days', p_hub => %s)", [aged.hub])

    def pair():
        alone = rate(aged)
        aged.sql(unlock, [CLEAN_LOCK, hub_id])
        at = aged.sql(deleted, [aged.hub])
        svc.until(lambda: aged.sql(deleted, [aged.hub]) > at, 10, pause=0.01, what="the purge goes on")
        beside = rate(aged)
        aged.sql(lock, [CLEAN_LOCK, hub_id])
        return beside / alone

    ratio = best_ratio(pair)
    left = "select count(*) from taskhub.instances where completed_at < now() - interval '15 days'"
    assert 0 < aged.sql(left)[0][0] < OLD, "the purge was under way"
    aged.sql(unlock, [CLEAN_LOCK, hub_id])
    assert ratio >= LEAST
    facts.nothing_is_stuck(aged)
