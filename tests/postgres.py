"""A PostgreSQL of a test's own, to be stopped, killed and cut off without harm to other tests."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg2

from service import until


def _bin():
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    return pathlib.Path(os.environ.get("PG_BIN") or folders[-1])


def as_postgres(*command):
    """PostgreSQL refuses to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*user, *command], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}"


class Cluster:
    """One server, on a unix socket in its own folder. Data outlive a kill of the server, not of the machine."""

    def __init__(self):
        # Below /var/tmp: user postgres must be able to get there, and a socket's path must be short.
        self.folder = tempfile.mkdtemp(prefix="taskhub-pg-", dir="/var/tmp")
        self.data = os.path.join(self.folder, "data")
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        as_postgres(str(_bin() / "initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"\nlisten_addresses = ''\nunix_socket_directories = '{self.folder}'\nfsync = off\n"
                       "max_connections = 100\nlogging_collector = off\n")

    @property
    def dsn(self):
        return f"host={self.folder} port=5432 user=postgres dbname=postgres"

    def _ctl(self, *words):
        as_postgres(str(_bin() / "pg_ctl"), "-D", self.data, "-s", "-w", *words)

    def start(self):
        """Returns when it accepts connections."""
        self._ctl("-l", os.path.join(self.folder, "log"), "start")
        until(self.accepts, 30, pause=0.01)
        return self

    def accepts(self):
        try:
            psycopg2.connect(self.dsn).close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, mode="immediate"):
        """immediate: as if it had crashed; what was committed is recovered at the next start."""
        self._ctl("-m", mode, "stop")

    def remove(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
