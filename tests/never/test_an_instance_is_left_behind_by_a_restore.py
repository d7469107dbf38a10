"""A hub with work under way is backed up, and the backup restored elsewhere: everything that runs in it ends."""
import os
import shutil
import subprocess
import tempfile
import uuid

import psycopg2.extensions
import pytest

import facts
import postgres
import service as svc
from facts import FULL
from load import Load

APPS = [svc.example("hello"), svc.example("accounts"), svc.app("never")]


def program(name):
    return str(postgres._bin() / name)  # pylint: disable=protected-access


def work_under_way(service):
    """Instances of every kind of wait: activities that run, timers, events, a start that is to come, one that is paused."""
    ids = {
        "naps": [service.start_instance("Naps", f"nap-{i}", 1) for i in range(8)],
        "sleeps": [service.start_instance("Sleeps", f"sleep-{i}", 1) for i in range(8)],
        "collects": [service.start_instance("Collect", f"collect-{i}") for i in range(4)],
        "paused": [service.start_instance("Waits", "paused")],
    }
    service.sql("select taskhub.start_instance('Echo', '7', 'scheduled', null, null, now() + interval '2 s', %s)", [service.hub])
    ids["scheduled"] = ["scheduled"]
    for instance in ids["collects"]:
        service.raise_event(instance, "Number", 1)
    service.wait_status("paused", "Running")
    service.post("/instances/paused/suspend")
    service.wait_status("paused", "Suspended")
    service.sql("select taskhub.signal_entity('Counter', 'kept', 'add', '5', p_hub => %s)", [service.hub])
    svc.until(lambda: counter(service) == [("5",)], 10, what="the entity has its state")
    return ids


def counter(service):
    return service.sql("select state from taskhub.entities_view where hub = %s and key = 'kept'", [service.hub])


def everything_ends(service, ids):
    """In the restored hub; what was started before the backup was taken is there, and all that is there ends."""
    running = [r[0] for r in service.sql("select instance_id from taskhub.instances_view where hub = %s and not is_entity "
                                         "and completed_at is null", [service.hub])]
    assert set(ids["collects"] + ids["paused"]) <= set(running), running
    for instance in ids["collects"]:
        service.raise_event(instance, "Number", 2)
        service.raise_event(instance, "Number", -1)
    assert service.post("/instances/paused/resume").status == 202
    service.raise_event("paused", "Go", 3)
    outputs = facts.wait_ended(service, sum(ids.values(), []), 60)
    assert {outputs[i] for i in ids["collects"]} == {"[1,2]"}
    assert (outputs["paused"], outputs["scheduled"]) == ("3", "7")
    facts.wait_ended(service, running, 60)
    assert counter(service) == [("5",)]
    service.wait_status(service.start_instance("hello_orchestrator"), "Completed", 10)
    facts.all_is_well(service)


def backed_up(service, take_backup):
    """Takes the backup while work goes on, then ends the original without mercy."""
    ids = work_under_way(service)
    with Load(service, 100, "load", doors=("http", "sql")) as load:
        svc.until(lambda: load.count() > 30, 20, what="the load is on")
        take_backup()
    service.kill()
    return ids


@pytest.fixture
def restored():
    """restored(dump): the conninfo of a new database, filled from it."""
    made = []

    def restore(dump):
        made.append(svc.create_database())
        subprocess.run([program("pg_restore"), "--exit-on-error", "-d", made[-1], dump], check=True)
        return made[-1]

    yield restore
    for dsn in made:
        svc.drop_database(dsn)


def test_a_dump_of_a_hub_that_works_is_restored_into_another_database_and_all_goes_on(make_service, restored):
    hub = "Dumped" + uuid.uuid4().hex[:8]
    service = make_service(apps=APPS, hub=hub).start()
    folder = tempfile.mkdtemp(prefix="taskhub-dump-", dir="/var/tmp")
    dump = os.path.join(folder, "hub.dump")
    try:
        ids = backed_up(service, lambda: subprocess.run(
            [program("pg_dump"), "-Fc", "-d", service.database, "-f", dump], check=True))
        there = make_service(apps=APPS, hub=hub, database=restored(dump)).start()
        everything_ends(there, ids)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Copy(postgres.Cluster):
    """A server on a base backup of another one, with a socket of its own."""

    def __init__(self, original):  # pylint: disable=super-init-not-called
        self.folder = tempfile.mkdtemp(prefix="taskhub-pg-", dir="/var/tmp")
        self.data = os.path.join(self.folder, "data")
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        host = psycopg2.extensions.parse_dsn(original.dsn)["host"]
        postgres.as_postgres(program("pg_basebackup"), "-h", host, "-p", "5432", "-U", "postgres", "-D", self.data,
                             "-c", "fast", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"\nunix_socket_directories = '{self.folder}'\n")


@pytest.mark.skipif(not FULL, reason="takes long: on another server everyone has 15 s to come back")
def test_a_base_backup_of_a_server_that_works_is_started_elsewhere_and_all_goes_on(make_service):
    original, copy = postgres.Cluster().start(), None
    hub = "Copied" + uuid.uuid4().hex[:8]
    service = make_service(apps=APPS, hub=hub, database=original.dsn).start()
    try:
        copies = []
        ids = backed_up(service, lambda: copies.append(Copy(original)))
        copy = copies[0].start()
        there = make_service(apps=APPS, hub=hub, database=copy.dsn).start()
        everything_ends(there, ids)
        there.close()
    finally:
        service.close()
        for cluster in (original, copy):
            if cluster:
                cluster.remove()
