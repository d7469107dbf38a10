"""A service whose process runs everything and owns nothing: the owner of all partitions has no app.

A module that imports both fixtures, and tests of another one with its APPS, has these run so.
"""
import pytest

import facts
import service as svc


@pytest.fixture(scope="module")
def owner(database):
    """Owns what there is, and runs nothing."""
    owner = svc.Service(database, apps=[], args=["--no-activities"])
    try:
        yield owner.start()
        assert owner.stop() == 0, owner.log()[-3000:]
    finally:
        owner.close()


@pytest.fixture(scope="module")
def service(request, database, owner):
    """Runs everything, and owns nothing."""
    runner = svc.Service(database, apps=request.module.APPS, args=["--no-partitions"])
    try:
        yield runner.start()
        facts.nothing_is_stuck(runner)
        owners = runner.sql("""select distinct w.pid from taskhub.partitions p join taskhub.hubs h using (hub_id)
                                 join taskhub.workers w on w.worker_id = p.worker_id where h.name = %s""", [runner.hub])
        assert owners == [(owner.process.pid,)], "the owner has owned all the time"
        assert runner.stop() == 0, runner.log()[-3000:]
    finally:
        runner.close()
