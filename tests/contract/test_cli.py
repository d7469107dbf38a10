"""What the command line and the configuration refuse, with which exit status and which words."""
import json
import subprocess

import pytest

from cli import CONFIG, DATABASE, FAILED, OK, USAGE, expect, run
from service import TASKHUB, example

HELP = [
    ([], USAGE, "Usage: taskhub COMMAND"),
    (["--help"], OK, "Exit status: 0"),
    (["help"], OK, "Usage: taskhub COMMAND"),
    (["start", "--help"], OK, "--no-orchestrators"),
    (["start", "-h"], OK, "Exit status: 0"),
    (["instance"], USAGE, "purge"),
    (["instance", "--help"], OK, "terminate"),
    (["instance", "list", "--help"], OK, "--status NAME,..."),
    (["migrate", "--help"], OK, "--database CONNINFO"),
    (["hub", "create", "--help"], OK, "--partitions N"),
    (["key", "create", "--help"], OK, "--kind KIND"),
    (["key"], USAGE, "revoke"),
    (["version"], OK, "taskhub "),
]


@pytest.mark.parametrize("words, status, text", HELP, ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_help_is_there_for_every_command(words, status, text, tmp_path):
    done = expect(status, *words, cwd=tmp_path)
    assert text in done.stdout + done.stderr


REFUSED = [
    (["nope"], USAGE, "there is no command 'nope'"),
    (["start", "--nope"], USAGE, "unknown option --nope"),
    (["start", "-x"], USAGE, "unknown option -x"),
    (["start", "--port"], USAGE, "--port needs a value"),
    (["start", "--no-http=yes"], USAGE, "--no-http takes no value"),
    (["instance", "show"], USAGE, "the instance id is missing"),
    (["instance", "show", "a", "b"], USAGE, "'b' is one word too many"),
    (["hub", "create"], USAGE, "the hub's name is missing"),
    (["migrate", "now"], USAGE, "'now' is one word too many"),
    (["start", "--port", "abc"], CONFIG, "--port: "),
    (["start", "--port", "70000"], CONFIG, "--port: "),
    (["start", "--port", "-1"], CONFIG, "--port: "),
    (["start", "--workers", "x"], CONFIG, "--workers: "),
    (["start", "--partitions", "0"], CONFIG, "--partitions: "),
    (["start", "--partitions", "1025"], CONFIG, "--partitions: "),
    (["start", "--drain", "1s"], CONFIG, "--drain: "),
    (["start", "--drain", "-1"], CONFIG, "--drain: "),
    (["start", "--hub", "1hub"], CONFIG, "--hub: "),
    (["start", "--hub", "a-b"], CONFIG, "--hub: "),
    (["start", "--log-format", "xml"], CONFIG, "--log-format: "),
    (["start", "--log-level", "loud"], CONFIG, "--log-level: "),
    (["start", "--no-http", "--no-grpc", "--no-orchestrators", "--no-activities"], CONFIG, "nothing to do"),
    (["start", "--auth", "--no-auth"], CONFIG, "--auth and --no-auth cannot both be given"),
    (["key", "create"], USAGE, "the key's name is missing"),
    (["key", "revoke"], USAGE, "the key's name is missing"),
    (["key", "list", "all"], USAGE, "'all' is one word too many"),
    (["key", "create", "ci", "--kind", "admin"], CONFIG, "--kind: must be master, system or function"),
    (["key", "create", "ci"], DATABASE, "`taskhub start`"),
    (["start", "missing.so"], CONFIG, "missing.so: No such file"),
    (["start", "--database", "postgresql://h/d", "--database-file", "f"], CONFIG, "cannot both be given"),
    (["start", "--database-file", "missing"], CONFIG, "--database-file: cannot read missing"),
    (["start", "--database", "host"], CONFIG, "neither key=value pairs nor a valid"),
    (["instance", "list"], DATABASE, "`taskhub start`"),
    (["hub", "list", "--data", "elsewhere"], DATABASE, "no private cluster is running in elsewhere"),
]


@pytest.mark.parametrize("words, status, text", REFUSED, ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_what_makes_no_sense_is_refused_by_name(words, status, text, tmp_path):
    done = expect(status, *words, cwd=tmp_path)
    assert text in done.stderr
    assert not (tmp_path / ".taskhub").exists(), "nothing may be left behind"


ENVIRONMENT = [
    ({"TASKHUB_PORT": "abc"}, "TASKHUB_PORT: "),
    ({"TASKHUB_HUB": "x"}, "TASKHUB_HUB: "),
    ({"TASKHUB_SYSTEM_KEY": "s3cret"}, "TASKHUB_SYSTEM_KEY: must be 20 to 128 characters"),
    ({"TASKHUB_LOG_LEVEL": "loud"}, "TASKHUB_LOG_LEVEL: "),
    ({"TASKHUB_DATABASE_URL": "nonsense"}, "neither key=value pairs nor a valid"),
]


@pytest.mark.parametrize("env, text", ENVIRONMENT, ids=lambda v: next(iter(v)) if isinstance(v, dict) else None)
def test_a_bad_variable_of_the_environment_is_named(env, text, tmp_path):
    assert text in expect(CONFIG, "start", cwd=tmp_path, env=env).stderr


HOST_JSON = [
    ("{", "host.json"),
    ("[]", "host.json"),
    ('{\n"extensions": {\n"durableTask": {\n"maxConcurrentActivityFunctions": "four"}}}',
     "host.json:4: extensions.durableTask.maxConcurrentActivityFunctions"),
    ('{"extensions": {"durableTask": {"hubName": "a b"}}}', "extensions.durableTask.hubName"),
    ('{"extensions": {"durableTask": {"hubName": 5}}}', "extensions.durableTask.hubName"),
    ('{"extensions": {"durableTask": {"storageProvider": {"partitionCount": 0}}}}', "storageProvider.partitionCount"),
    ('{"functionTimeout": "soon"}', "functionTimeout"),
]


@pytest.mark.parametrize("text, where", HOST_JSON)
def test_a_mistake_in_host_json_is_shown_with_its_place(text, where, tmp_path):
    (tmp_path / "host.json").write_text(text)
    done = expect(CONFIG, "start", cwd=tmp_path)
    assert where in done.stderr


def test_a_flag_beats_the_environment(tmp_path):
    done = expect(CONFIG, "start", "--hub", "1flag", cwd=tmp_path, env={"TASKHUB_HUB": "1env"})
    assert "--hub: " in done.stderr


def test_an_app_that_is_no_shared_object_is_refused(tmp_path):
    app = tmp_path / "app.so"
    app.write_text("not an object\n")
    done = expect(CONFIG, "start", app, cwd=tmp_path)
    assert "app.so" in done.stderr
    assert not (tmp_path / ".taskhub").exists()


def test_a_folder_with_several_shared_objects_and_none_of_its_name_is_refused(tmp_path):
    for name in ("a.so", "b.so"):
        (tmp_path / name).write_text("")
    assert "name the one to load" in expect(CONFIG, "start", tmp_path, cwd="/").stderr


def test_an_app_is_refused_twice_under_one_name(tmp_path):
    done = expect(CONFIG, "start", example("hello"), example("hello"), cwd=tmp_path)
    assert "hello" in done.stderr


def test_errors_at_start_are_json_lines_when_asked_for(tmp_path):
    done = expect(CONFIG, "start", "--log-format", "json", "--auth", "--no-auth", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines and any("--no-auth" in str(line) for line in lines)


def test_standard_output_that_cannot_be_written_is_a_failure(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([str(TASKHUB), "version"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == FAILED
    assert "cannot write" in done.stderr


def test_the_database_flag_is_not_echoed_in_errors(tmp_path):
    done = run("start", "--database", "postgresql://me:s3cret@127.0.0.1:1/x", "--port", "abc", cwd=tmp_path)
    assert done.returncode == CONFIG
    assert "s3cret" not in done.stderr + done.stdout


def test_a_bad_system_key_is_not_quoted(tmp_path):
    done = run("start", cwd=tmp_path, env={"TASKHUB_SYSTEM_KEY": "s3cret s3cret s3cret s3cret"})
    assert done.returncode == CONFIG
    assert "s3cret" not in done.stderr + done.stdout
