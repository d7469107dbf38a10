"""A socket before PostgreSQL's that cuts connections when the harm is greatest: when a COMMIT (or what commits by itself) has
been passed on and its answer has not. So the client does not know what became of it."""
import os
import random
import select
import shutil
import socket
import tempfile
import threading

import psycopg2.extensions


class Cutter:
    """Forwards to the server of `database`; `share` of the requests with one of `words` get no answer, but a closed connection."""

    def __init__(self, database, share, words=(b"COMMIT", b"commit\0")):
        self.words = words
        parts = psycopg2.extensions.parse_dsn(database)
        self.server = os.path.join(parts["host"], ".s.PGSQL." + parts.get("port", "5432"))
        self.folder = tempfile.mkdtemp(prefix="taskhub-cut-", dir="/var/tmp")
        self.dsn = psycopg2.extensions.make_dsn(database, host=self.folder, port="5432")
        self.share, self.cuts = share, 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.path.join(self.folder, ".s.PGSQL.5432"))
        self._listener.listen(64)
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Only when nobody is left that needs it: whoever connects later logs that the socket is not there."""
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept, which a mere close does not
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed, or this client has gone: the next one comes all the same
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(self.server)
                while self._forward(client, server):
                    pass
            except OSError:
                pass

    def _forward(self, client, server):
        """One round; False: one side has ended, or was cut."""
        for ready in select.select([client, server], [], [], 30)[0]:
            data = ready.recv(1 << 16)
            if not data:
                return False
            if ready is server:
                client.sendall(data)
                continue
            server.sendall(data)
            if any(word in data for word in self.words) and random.random() < self.share:
                self._cut(client, server)
                return False
        return True

    def _cut(self, client, server):
        """The client hears no more; the server finishes what it has got."""
        self.cuts += 1
        client.close()
        self._drain(server)

    @staticmethod
    def _drain(server):
        server.shutdown(socket.SHUT_WR)
        while server.recv(1 << 16):
            pass
