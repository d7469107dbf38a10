"""A pgbouncer in transaction mode before the test cluster."""
import os
import shutil
import socket
import subprocess
import tempfile

import psycopg2.extensions

from service import free_port, until

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

INI = """
[databases]
* = host={host} port={server_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
logfile = {folder}/log
"""


class Pooler:
    """For the database of dsn; .dsn leads through it."""

    def __init__(self, dsn, pool_size=4):
        parts = psycopg2.extensions.parse_dsn(dsn)
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="taskhub-pooler-")
        self.dsn = psycopg2.extensions.make_dsn(dsn, host="127.0.0.1", port=self.port)
        ini = os.path.join(self.folder, "pgbouncer.ini")
        with open(ini, "w", encoding="utf-8") as f:
            f.write(INI.format(host=parts["host"], server_port=parts.get("port", 5432), user=parts["user"],
                               port=self.port, pool_size=pool_size, folder=self.folder))
        command = [PROGRAM, ini]
        if os.geteuid() == 0:  # which it does not run as
            subprocess.run(["chown", "-R", "postgres", self.folder], check=True)
            command = ["runuser", "-u", "postgres", "--", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd="/")
        until(self._listens, what="pgbouncer listens")

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            assert self.process.poll() is None, open(os.path.join(self.folder, "log"), encoding="utf-8").read()
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
