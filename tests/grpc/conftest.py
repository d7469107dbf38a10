import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "contract"))  # cli.py


@pytest.fixture(scope="module")
def raw(service):
    """A connection that says just what it is told."""
    from raw import Raw  # needs gRPC, which only these tests have  # pylint: disable=import-outside-toplevel
    client = Raw(service.grpc_port)
    yield client
    client.close()


@pytest.fixture
def name():
    """A function's name that no other test has."""
    from given import new_id  # pylint: disable=import-outside-toplevel
    return "f" + new_id().replace("-", "")
