"""A socket before PostgreSQL's that kills the service with kill -9 when one particular request comes by."""
import os
import select
import signal
import threading

from cutter import Cutter

MOMENTS = ("before", "after", "answered")


class Killer(Cutter):
    """
    Kills the process of `victim()` at the nth request that has `word` in it: before it is passed on, right after (so that the
    server carries it out and nobody hears of it), or when its answer has come, which the process does not get.
    """

    def __init__(self, database, word, nth, moment, victim):
        self.word, self.moment, self.victim = word, moment, victim
        self.left, self.killed = nth, threading.Event()
        self._lock = threading.Lock()
        super().__init__(database, 0)

    def _is_the_one(self, data):
        with self._lock:
            if self.killed.is_set() or self.word not in data:
                return False
            self.left -= 1
            return self.left == 0

    def _forward(self, client, server):
        for ready in select.select([client, server], [], [], 30)[0]:
            data = ready.recv(1 << 16)
            if not data:
                return False
            if ready is server:
                client.sendall(data)
            elif self._is_the_one(data):
                self._kill(client, server, data)
                return False
            else:
                server.sendall(data)
        return True

    def _kill(self, client, server, data):
        if self.moment != "before":
            server.sendall(data)
        if self.moment == "answered":
            select.select([server], [], [], 30)
        os.kill(self.victim(), signal.SIGKILL)
        self.killed.set()
        client.close()
        self._drain(server)
