"""Fixtures shared by tests/contract, tests/grpc, tests/scenarios and tests/never.

A module names what it needs in plain variables:
    APPS = [example("hello")]    the apps of `service` (default: the example hello)
    ARGS = ["--no-activities"]   more arguments
    GRPC = True                  gRPC too, at service.grpc_port (default: none)
"""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import service as svc  # noqa: E402


os.environ.setdefault("TASKHUB_GRPC_PORT", "0")  # of what is started otherwise: one port for all would be taken


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time, so nothing else runs beside it")


@pytest.fixture(scope="module")
def database():
    """Conninfo of a new, empty database; dropped at the end of the module."""
    dsn = svc.create_database()
    yield dsn
    svc.drop_database(dsn)


@pytest.fixture(scope="module")
def service(request, database):
    """A running service with the module's APPS and ARGS, shared by the tests of the module."""
    running = svc.Service(database, apps=getattr(request.module, "APPS", [svc.example("hello")]),
                          args=getattr(request.module, "ARGS", []), grpc=getattr(request.module, "GRPC", False))
    try:
        yield running.start()
        code = running.stop()
        assert code == 0, f"exit code {code}:\n{running.log()[-3000:]}"
    finally:
        running.close()


@pytest.fixture
def make_service(database):
    """make_service(apps=..., args=..., hub=..., database=...) gives a Service that is not started yet."""
    made = []

    def make(**options):
        options.setdefault("database", database)
        options.setdefault("apps", [svc.example("hello")])
        made.append(svc.Service(**options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of the logs of the services that run."""
    report = (yield).get_result()
    if report.failed:
        for running in svc.Service.started:
            report.sections.append((f"log of hub {running.hub} on port {running.port}", running.log()[-4000:]))
