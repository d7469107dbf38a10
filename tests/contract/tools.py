"""Programs of strangers for the contract tests, from the packages of tests/requirements.txt."""
import functools
import pathlib
import subprocess

from service import ROOT


@functools.cache
def venv_bin():
    """The folder of the virtual environment's programs; made if it is not there."""
    done = subprocess.run([str(ROOT / "dev"), "venv"], capture_output=True, text=True)
    assert done.returncode == 0, f"./dev venv:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return pathlib.Path(done.stdout.strip().splitlines()[-1]) / "bin"
