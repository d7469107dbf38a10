"""A role that may log in and owns the schema, and nothing more, migrates and runs the whole program."""
import os

import psycopg2.extensions
import pytest

import cli
import given
import service as svc
from given import new_id
from service import app, cluster, connect, until

APPS = [app("contract")]


def admin(dsn, *statements):
    conn = connect(dsn)
    try:
        with conn.cursor() as cur:
            for statement in statements:
                cur.execute(statement)
    finally:
        conn.close()


KINDS = ["owner of the schema", "may create a schema"]


@pytest.fixture(scope="module", params=KINDS if os.environ.get("TH_FULL") == "1" else KINDS[:1])
def plain(request):
    """The conninfo of such a role in a database of its own."""
    dsn = svc.create_database()
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    role = "plain_" + name
    admin(dsn, f"create role {role} login nosuperuser nocreaterole nocreatedb noreplication nobypassrls",
          f"create schema taskhub authorization {role}" if request.param == "owner of the schema" else
          f"grant create on database {name} to {role}",
          "revoke all on schema public from public")
    yield psycopg2.extensions.make_dsn(dsn, user=role)
    svc.drop_database(dsn)
    admin(cluster(), f"drop role {role}")


@pytest.fixture(scope="module")
def service(plain):
    cli.expect(cli.OK, "migrate", "--database", plain, cwd="/")
    running = svc.Service(plain, apps=APPS, args=["--auth"])
    try:
        running.start()
        done = cli.expect(cli.OK, "key", "create", "test", "--kind", "master", "--hub", running.hub, "--database", plain,
                          cwd="/")
        running.headers = {"x-functions-key": done.stdout.strip()}
        until(lambda: running.get("/instances").status == 200)
        yield running
        assert running.stop() == 0
    finally:
        running.close()


def test_a_second_migration_finds_nothing_to_do(service, plain):
    assert "is at version" in cli.expect(cli.OK, "migrate", "--database", plain, cwd="/").stdout


def test_instances_run_are_steered_and_purged(service):
    for state in ("completed", "failed", "terminated", "suspended"):
        given.STATES[state](service)
    instance = given.running(service)
    service.raise_event(instance, "Go", 5)
    assert service.wait_status(instance)["output"] == 5
    assert service.delete(f"/instances/{instance}").json == {"instancesDeleted": 1}
    assert service.post(f"/instances/{given.failed(service)}/rewind").status == 202


def test_entities_and_schedules_work(service):
    key = new_id()
    assert service.post(f"/entities/Counter/{key}?op=add").status == 202
    assert until(lambda: service.get(f"/entities/counter/{key}").body) == b"1"
    body = '{"expression": "* * * * * *", "orchestrator": "Echo", "input": 7}'
    assert service.call("PUT", f"/schedules/{key}", body).status == 201
    assert until(lambda: service.get(f"/schedules/{key}").json["lastInstanceId"])
    assert service.delete(f"/schedules/{key}").status == 204


def test_the_owner_starts_by_sql(service):
    service.sql("set taskhub.notify = on")
    [(instance,)] = service.sql("select taskhub.start_instance('Echo', '1')")
    assert service.wait_status(instance)["output"] == 1
    assert service.sql("select rolsuper, rolcreaterole from pg_roles where rolname = current_user") == [(False, False)]


def test_another_process_of_the_same_role_takes_over(service, plain):
    other = svc.Service(plain, apps=APPS, args=["--no-auth"])
    try:
        other.start()
        instance = given.running(other)
        service.kill()
        other.raise_event(instance, "Go", "over")
        assert other.wait_status(instance)["output"] == "over"
        service.start()
    finally:
        other.close()
