"""The rows of http_cases.py against a service that runs everything."""
import pytest

from given import check_row
from http_cases import CASES
from service import app

APPS = [app("contract")]


@pytest.mark.parametrize("row", [pytest.param(r, id=f"{group}: {r.title}") for group, r in CASES])
def test_case(service, row):
    check_row(service, row)
