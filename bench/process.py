"""`taskhub start` as the bench runs it: tests/service.py, with what only the bench asks of a process."""
import contextlib
import os
import sys
import time

import cluster

sys.path.insert(0, str(cluster.ROOT / "tests"))

import service  # noqa: E402

example = service.example
PAGE = os.sysconf("SC_PAGE_SIZE")


class Process(service.Service):
    def cpu_seconds(self):
        return cluster.ticks_of(self.process.pid, True) / cluster.TICKS

    def resident_mb(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * PAGE / 1e6

    def sql_close(self):
        """So that a server without work has none of ours either."""
        if self._sql is not None:
            self._sql.close()
            self._sql = None

    def wait_owned(self, processes=1, timeout=30.0):
        """Until every partition of the hub has an owner, and that many processes share them."""
        def owned():
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended:\n{self.log()[-3000:]}")
            rows = self.sql(
                "select p.worker_id from taskhub.partitions p join taskhub.hubs h using (hub_id) "
                "where h.name = %s", [self.hub])
            owners = {row[0] for row in rows}
            return rows and None not in owners and len(owners) >= processes

        service.until(owned, timeout, what="the partitions have owners")


@contextlib.contextmanager
def running(dsn, app, *args, http=False, hub="Bench", wait=True, env=None, grpc=False):
    """A process of the hub that is ready to work."""
    options = ["--log-level", "warn", *args] + ([] if http else ["--no-http"])
    process = Process(dsn, [app], hub=hub, args=options, env=env, grpc=grpc)
    try:
        process.start(ready=http)
        if wait:
            process.wait_owned()
        yield process
        process.stop()
    finally:
        process.close()


def settle(seconds=0.3):
    """Lets a process that has just come up come to rest."""
    time.sleep(seconds)
