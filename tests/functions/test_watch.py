"""taskhub start --watch: an app that is worked on is started again with each change, also from an error."""
import os

import service as svc
from pyapps import WITH_PYTHON, write_app

CODE = """
import azure.functions as func
import texts
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="{name}")
def {name}(req):
    return texts.TEXT
"""


def write(folder, name, text):
    """As editors do it: the new file takes the old one's place."""
    (folder / (name + ".new")).write_text(text)
    os.replace(folder / (name + ".new"), folder / name)


def says(service, path, text):
    def asks():
        try:
            answer = service.request("GET", path, timeout=5)
        except OSError:
            return False
        return answer.status == 200 and answer.text == text
    svc.until(asks, 40, what=f"{path} answers {text}")


def test_a_change_starts_the_app_again_also_from_an_error(make_service, tmp_path):
    folder = tmp_path / "app"
    write_app(folder, CODE.replace("{name}", "one"))
    write(folder, "texts.py", "TEXT = 'first'\n")
    service = make_service(apps=[folder], args=[*WITH_PYTHON, "--watch"], hub="Watched").start()
    pid = service.process.pid
    says(service, "/api/one", "first")
    write(folder, "texts.py", "TEXT = 'second'\n")
    says(service, "/api/one", "second")
    write(folder, "texts.py", "TEXT = (\n")
    svc.until(lambda: "waiting for a change of the app's files" in service.log(), 40, what="the error is there")
    assert "SyntaxError" in service.log() and service.process.poll() is None
    write(folder, "texts.py", "TEXT = 'third'\n")
    write(folder, "function_app.py", CODE.replace("{name}", "two"))
    says(service, "/api/two", "third")
    assert service.request("GET", "/api/one").status == 404
    assert service.process.pid == pid and service.stop() == 0
