"""A front end and SQL clients through pgbouncer in transaction mode; the owner of the work has its own connections."""
import json
import threading

import pytest

import cli
import given
import http_matrix as matrix
from given import INPUT, new_id
from pooler import Pooler
from service import app, connect, until

APPS = [app("contract")]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def pooler(database):
    running = Pooler(database)
    yield running
    running.close()


@pytest.fixture(scope="module")
def front(service, pooler):
    """The front end; service, which shares its hub, does the work."""
    import service as svc

    running = svc.Service(pooler.dsn, apps=APPS, args=["--no-orchestrators", "--no-activities"])
    try:
        yield running.start()
        assert running.stop() == 0
    finally:
        running.close()


CELLS = [c for c in matrix.cells() if c[1] in ("missing", "Running", "Failed")]


@pytest.fixture(scope="module")
def stock():
    return matrix.Stock()


@pytest.mark.parametrize("operation, state, status", [pytest.param(*c, id=f"{c[0]}: {c[1]}") for c in CELLS])
def test_every_operation_answers_as_without_a_pooler(front, stock, operation, state, status):
    instance = stock.take(lambda: given.STATES[state.lower()](front), state, operation, status)
    method, path, body, headers = matrix.REQUESTS[operation]
    assert front.call(method, path.format(id=instance), body, headers=headers).status == status


def test_a_wait_ends_with_the_output(front):
    answer = front.post("/orchestrators/Echo?timeout=20&pollingInterval=0.1", json.dumps(INPUT))
    assert answer.status == 200 and answer.json == INPUT


def test_lists_come_in_pages_and_a_purge_takes_them(front):
    prefix = new_id()
    ids = [front.start_instance("Echo", f"{prefix}{n}") for n in range(3)]
    for instance in ids:
        front.wait_status(instance)
    first = front.get(f"/instances?instanceIdPrefix={prefix}&top=2")
    token = first.headers["x-ms-continuation-token"]
    second = front.get(f"/instances?instanceIdPrefix={prefix}&top=2", headers={"x-ms-continuation-token": token})
    assert [row["instanceId"] for row in first.json + second.json] == ids
    assert front.delete("/instances?createdTimeFrom=2000-01-01").json["instancesDeleted"] >= 3
    assert front.status(ids[0]) is None


def test_an_entity_is_signalled_read_and_purged(front):
    key = new_id()
    assert front.post(f"/entities/Counter/{key}?op=add", "5", headers=JSON).status == 202
    assert until(lambda: front.get(f"/entities/counter/{key}").body) == b"5"
    assert key in [row["entityId"]["key"] for row in front.get("/entities/counter?top=1000").json]
    assert front.delete(f"/instances/@counter@{key}").json == {"instancesDeleted": 1}


def test_a_schedule_is_made_shown_and_dropped(front):
    body = json.dumps({"expression": "0 0 1 1 *", "orchestrator": "Echo"})
    name = new_id()
    assert front.call("PUT", f"/schedules/{name}", body, headers=JSON).status == 201
    assert front.get(f"/schedules/{name}").json["orchestrator"] == "Echo"
    assert front.delete(f"/schedules/{name}").status == 204


def test_many_clients_share_few_connections(front, service):
    ids = []

    def start():
        for _ in range(10):
            ids.append(front.start_instance("Echo", new_id()))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 80
    for instance in ids:
        service.wait_status(instance, "Completed")


@pytest.fixture
def sql(pooler):
    """sql(statement...) runs them in a transaction of their own, and wakes the owners at its end; the last one's row."""
    conn = connect(pooler.dsn)
    conn.autocommit = False

    def run(*statements, commit=True):
        with conn.cursor() as cur:
            cur.execute("select set_config('taskhub.notify', 'on', true)")
            for statement in statements:
                cur.execute(*statement)
            row = cur.fetchone()
            (conn.commit if commit else conn.rollback)()
            return row

    yield run
    conn.close()


def test_sql_clients_start_signal_and_read(service, sql):
    [instance] = sql(("select taskhub.start_instance('Waits', '5')",))
    service.wait_status(instance, "Running")
    sql(("select taskhub.raise_event(%s, 'Go', '[1]')", (instance,)))
    service.wait_status(instance, "Completed")
    assert sql(("select runtime_status, output from taskhub.instances_view where instance_id = %s", (instance,))) == (
        "Completed", "[1]")
    sql(("select taskhub.purge_instance(%s)", (instance,)))
    assert service.status(instance) is None


def test_a_start_in_a_transaction_that_is_rolled_back_never_was(service, sql):
    one, two = new_id(), new_id()
    sql(("select taskhub.start_instance('Echo', null, %s)", (one,)), commit=False)
    sql(("select taskhub.start_instance('Echo', null, %s)", (two,)))
    service.wait_status(two, "Completed")
    assert service.status(one) is None


def test_requests_with_keys_go_through_too(make_service, pooler, service):
    front = make_service(apps=APPS, database=pooler.dsn, args=["--auth", "--no-orchestrators", "--no-activities"]).start()
    done = cli.expect(cli.OK, "key", "create", new_id(), "--kind", "system", "--hub", "TestHub", "--database",
                      pooler.dsn, cwd="/")
    key = {"x-functions-key": done.stdout.strip()}
    assert front.get("/instances?top=1").status == 401
    until(lambda: front.get("/instances?top=1", headers=key).status == 200)


def test_an_owner_is_told_that_a_pooler_is_in_between(pooler, tmp_path):
    done = cli.run("start", APPS[0], "--database", pooler.dsn, "--port", "0", cwd=tmp_path)
    assert done.returncode == cli.DATABASE
    assert "a pooler is in between" in done.stderr
