"""The Node apps of these tests, and the folder that has the official packages (`./dev` prepares it)."""
import json
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / ".dev" / "node" / "node_modules"
needs_node = pytest.mark.skipif(not MODULES.exists(), reason="no Node 20 with npm here")
PACKAGE = {"name": "app", "private": True, "main": "app.js",
           "dependencies": {"@azure/functions": "^4.0.0", "durable-functions": "^3.0.0"}}


def write_app(folder, code, host=None, settings=None, package=PACKAGE, files=(), modules=True):
    """Makes an app in a folder; returns the folder's name. files: of other names, as pairs."""
    folder.mkdir(exist_ok=True)
    (folder / "host.json").write_text(json.dumps(host or {"version": "2.0"}))
    (folder / "package.json").write_text(json.dumps(package))
    for name, text in [("app.js", code), *files]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if modules:
        os.symlink(MODULES, folder / "node_modules")
    if settings is not None:
        (folder / "local.settings.json").write_text(json.dumps(settings))
    return str(folder)
