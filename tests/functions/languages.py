"""What differs between the languages of function apps, for scenarios that are told once for all."""
import dataclasses
import json
import os
import pathlib

import pytest

import nodeapps
import pyapps


@dataclasses.dataclass(frozen=True)
class Language:
    name: str
    everything: str  # the app of these tests, a folder
    sources: tuple   # what such an app consists of, beside its host.json
    args: list
    worker: str      # part of a worker's command line
    error: str       # what a lookup that fails throws

    def __str__(self):
        return self.name

    def everything_with(self, folder, host):
        """The app of everything with a host.json of its own."""
        folder = pathlib.Path(folder)
        folder.mkdir()
        for name in self.sources:
            os.symlink(os.path.join(self.everything, name), folder / name)
        if self.name == "node":
            os.symlink(nodeapps.MODULES, folder / "node_modules")
        (folder / "host.json").write_text(json.dumps(host))
        return folder


PYTHON = Language("python", pyapps.app("everything"), ("function_app.py", "local.settings.json"), pyapps.WITH_PYTHON,
                  "worker.py", "KeyError: 'the key'")
NODE = Language("node", pyapps.app("everything_node"), ("package.json", "src", "local.settings.json"), [],
                "worker.js", "RangeError: the key")
LANGUAGES = [pytest.param(PYTHON, id="python"), pytest.param(NODE, id="node", marks=nodeapps.needs_node)]
