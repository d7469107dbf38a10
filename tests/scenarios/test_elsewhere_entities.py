"""What test_entities.py tells, where the owner of all partitions has no app."""
import pytest

import facts
from test_entities import *  # noqa: F401,F403  pylint: disable=unused-wildcard-import,wildcard-import
from elsewhere import owner, service  # noqa: F401,F811  pylint: disable=reimported,unused-import

pytestmark = pytest.mark.skipif(not facts.FULL, reason="only with TH_FULL=1")
