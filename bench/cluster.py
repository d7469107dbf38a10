"""The PostgreSQL that the figures are measured on: databases, CPU time, the disk's fdatasync.

The cluster is private to the bench (./dev bench starts it), so that every one of its processes may
be counted. Its data directory must be readable for us.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import time
import uuid

import psycopg2
import psycopg2.extensions

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("TH_BUILD", ROOT / "build")).resolve()
TICKS = os.sysconf("SC_CLK_TCK")
TEMPLATE = "taskhub_bench_template"


def program(name):
    return str(BUILD / "bench" / name)


def run_json(*command):
    """Runs a program of bench/ and reads the JSON object that it prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {done.returncode}")
    return json.loads(done.stdout)


def connect(dsn, **options):
    conn = psycopg2.connect(dsn, **options)
    conn.autocommit = True
    return conn


def ask(conn, statement, params=None):
    """The one row of an answer, or its one value."""
    with conn.cursor() as cursor:
        cursor.execute(statement, params)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row and len(row) == 1 else row


def ticks_of(pid, with_children):
    """utime + stime of a process, in ticks, with those of the children that it has waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # just gone: its parent has waited for it
    return sum(map(int, fields[11:15] if with_children else fields[11:13]))


def children_of(parent):
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{entry.name}/stat", encoding="ascii", errors="replace") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == parent:
                    yield int(entry.name)


class Machine:
    """What the processors did since it was made, ours and that of others, who share the machine."""

    def __init__(self):
        self.began, self.busy = time.monotonic(), self._busy()

    @staticmethod
    def _busy():
        with open("/proc/stat", encoding="ascii") as f:
            user, nice, system, _idle, _wait, irq, softirq, steal = map(int, f.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / TICKS

    def others(self, ours):
        """The share of the machine that went to others, when ours is what we used in CPU seconds."""
        there = (time.monotonic() - self.began) * os.cpu_count()
        return min(max((self._busy() - self.busy - ours) / there, 0), 1)


class Cluster:
    def __init__(self, dsn, rest_s=1.5):
        self.dsn = dsn
        self.rest_s = rest_s
        self.has_template = False
        self.admin = connect(dsn)
        self.data = pathlib.Path(ask(self.admin, "show data_directory"))
        self.postmaster = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def describe(self):
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method",
                 "shared_buffers", "max_wal_size")
        return {name: ask(self.admin, f"show {name}") for name in names}

    def _dsn(self, name):
        return psycopg2.extensions.make_dsn(self.dsn, dbname=name)

    def _template(self):
        """A database with the schema, made once, of which the others are copies."""
        if ask(self.admin, "select count(*) from pg_database where datname = %s", [TEMPLATE]):
            ask(self.admin, f"drop database {TEMPLATE} with (force)")
        ask(self.admin, f"create database {TEMPLATE}")
        subprocess.run([str(BUILD / "taskhub"), "migrate", "--database", self._dsn(TEMPLATE)],
                       check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def database(self):
        """Conninfo of a new database with the schema; it goes at the end. A checkpoint and a rest come
        first, so that none of the work before is written (nor its files freed) in the measurement."""
        if not self.has_template:
            self._template()
            self.has_template = True
        name = "taskhub_bench_" + uuid.uuid4().hex[:8]
        ask(self.admin, f"create database {name} template {TEMPLATE}")
        ask(self.admin, "checkpoint")
        time.sleep(self.rest_s)
        try:
            yield self._dsn(name)
        finally:
            ask(self.admin, f"drop database if exists {name} with (force)")

    def cpu_seconds(self):
        """Of all processes of the server, those that have ended included."""
        ticks = ticks_of(self.postmaster, True)
        return (ticks + sum(ticks_of(pid, False) for pid in children_of(self.postmaster))) / TICKS

    def fdatasync_us(self, n=200, rest_ms=0):
        """What one write of a WAL page and its fdatasync take on the disk of the data (median), one after
        the other or with rests between them."""
        return run_json(program("fdatasync"), str(self.data.parent), str(n), str(rest_ms))["p50_us"]

    def ceiling(self, *options):
        """bench/ceiling in a database of its own; cpu_seconds: its own and the server's, all in all."""
        with self.database() as dsn:
            before, machine = self.cpu_seconds(), Machine()
            result = run_json(program("ceiling"), "--database", dsn, *map(str, options))
            result["cpu_seconds"] = self.cpu_seconds() - before + result["client_cpu_seconds"]
            result["others"] = machine.others(result["cpu_seconds"])
        return result

    def close(self):
        if self.has_template:
            ask(self.admin, f"drop database if exists {TEMPLATE} with (force)")
        self.admin.close()
