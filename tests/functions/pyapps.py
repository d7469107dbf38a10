"""The Python apps of these tests, and the interpreter that has the official packages (`./dev` prepares it)."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = os.environ.get("TH_PYTHON") or str(ROOT / ".dev" / "venv" / "bin" / "python")
WITH_PYTHON = ["--python", PYTHON]


def app(name):
    """A folder of tests/functions/apps."""
    return str(pathlib.Path(__file__).resolve().parent / "apps" / name)


def example(name):
    return str(ROOT / "examples" / name)


def write_app(folder, code, host=None, settings=None):
    """Makes an app in a folder; returns the folder's name."""
    import json
    folder.mkdir(exist_ok=True)
    (folder / "host.json").write_text(json.dumps(host or {"version": "2.0"}))
    (folder / "function_app.py").write_text(code)
    if settings is not None:
        (folder / "local.settings.json").write_text(json.dumps(settings))
    return str(folder)
