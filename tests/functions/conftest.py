"""The scenarios that an app in each language runs alike: `language`, and `service` for its app of everything."""
import pytest

import service as svc
from languages import LANGUAGES


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def service(request, language, database):
    """The app of everything, with what the module adds in ARGS and ENV."""
    running = svc.Service(database, apps=[language.everything], hub=language.name,
                          args=language.args + getattr(request.module, "ARGS", []), env=getattr(request.module, "ENV", None))
    try:
        yield running.start()
        assert running.stop() == 0, running.log()[-3000:]
    finally:
        running.close()
