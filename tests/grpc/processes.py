"""Workers of other languages, each a process that says "ready" on its standard output."""
import contextlib
import os
import subprocess


@contextlib.contextmanager
def running(command, **env):
    worker = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env={**os.environ, **env})
    try:
        assert worker.stdout.readline() == b"ready\n"
        yield worker
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()
