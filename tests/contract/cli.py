"""Runs the program as a person at a shell would: words in, exit status and two texts out."""
import os
import subprocess

from service import TASKHUB

OK, FAILED, USAGE, CONFIG, DATABASE, PORT = range(6)


def clean_environment(more=None):
    """The caller's environment without what would configure the program or libpq."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TASKHUB_", "PG", "WEBSITE_"))}
    return {**kept, **(more or {})}


def run(*words, cwd, env=None, timeout=60, stdin=None):
    return subprocess.run([str(TASKHUB), *map(str, words)], cwd=cwd, env=clean_environment(env), text=True,
                          input=stdin, capture_output=True, timeout=timeout)


def expect(status, *words, **options):
    """Runs and checks the exit status; returns the finished process."""
    done = run(*words, **options)
    assert done.returncode == status, (
        f"{' '.join(map(str, words))}: exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done
