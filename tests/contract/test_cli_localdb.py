"""The private cluster: made on first use, gone with its owner, found again after any end."""
import os
import pathlib
import signal
import subprocess
import tempfile

import psycopg2
import pytest

from cli import DATABASE, OK, expect, run
from service import TASKHUB, Service, example, until


@pytest.fixture(scope="module", autouse=True)
def reachable_folders():
    """PostgreSQL does not run as root, so its user must be able to enter the folders above."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def service(request):
    made = Service(None, apps=[example("hello")], hub=None)
    os.chmod(made.cwd, 0o755)
    yield made
    made.close()
    until(lambda: not server_of(made.cwd), what="PostgreSQL has ended")


def server_of(folder):
    """The pid of the server that runs on the cluster below folder, or None."""
    cluster = pathlib.Path(folder, ".taskhub", "pg")
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n")[0])
        return pid if os.path.samefile(f"/proc/{pid}/cwd", cluster) else None
    except (OSError, ValueError):
        return None


def query(folder, statement):
    conn = psycopg2.connect(host=f"{folder}/.taskhub/run", port=5432, user="taskhub", dbname="taskhub")
    try:
        with conn.cursor() as cur:
            cur.execute(statement)
            return cur.fetchall()
    finally:
        conn.close()


def test_start_alone_makes_a_cluster_runs_on_it_and_takes_it_along(service):
    service.start()
    instance = service.start_instance("hello_orchestrator")
    assert service.wait_status(instance)["runtimeStatus"] == "Completed"
    assert service.stop() == OK
    assert server_of(service.cwd) is None
    assert os.path.exists(f"{service.cwd}/.taskhub/pg/PG_VERSION")


def test_the_cluster_keeps_every_promise_of_durability(service):
    service.start()
    rows = query(service.cwd, "select name, setting from pg_settings where name in"
                              " ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'jit')")
    assert dict(rows) == {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
                          "listen_addresses": "", "jit": "off"}
    assert os.stat(f"{service.cwd}/.taskhub/run").st_mode & 0o077 == 0
    service.stop()


def test_after_kill_9_the_server_ends_and_the_next_start_finds_the_data(service):
    service.start()
    instance = service.start_instance("hello_orchestrator")
    service.wait_status(instance)
    service.kill()
    until(lambda: not server_of(service.cwd), what="PostgreSQL follows its owner")
    service.start()
    assert service.status(instance)["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_a_start_right_after_kill_9_waits_for_the_old_server_to_end(service):
    service.start()
    for _ in range(3):
        instance = service.start_instance("hello_orchestrator")
        service.wait_status(instance)
        service.restart("kill")
        assert service.status(instance)["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_a_server_that_is_killed_comes_back_and_nothing_is_lost(service):
    service.start()
    instance = service.start_instance("hello_orchestrator")
    service.wait_status(instance)
    before = server_of(service.cwd)
    os.kill(before, signal.SIGKILL)
    until(lambda: server_of(service.cwd) not in (None, before), what="PostgreSQL runs again")
    service.wait_ready()
    until(lambda: service.get(f"/instances/{instance}").status == 200, what="the instance is read again")
    again = service.start_instance("hello_orchestrator")
    assert service.wait_status(again)["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_both_killed_at_once_is_recovered(service):
    service.start()
    instance = service.start_instance("hello_orchestrator")
    service.wait_status(instance)
    os.kill(server_of(service.cwd), signal.SIGSTOP)  # so that it cannot end in order
    server = server_of(service.cwd)
    service.kill()
    os.kill(server, signal.SIGKILL)
    service.start()
    assert service.status(instance)["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_a_stale_pid_file_with_another_programs_pid_is_no_obstacle(service):
    service.start()
    service.stop()
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        lines = [str(sleeper.pid), f"{service.cwd}/.taskhub/pg", "1", "5432", f"{service.cwd}/.taskhub/run", "", ""]
        pathlib.Path(service.cwd, ".taskhub/pg/postmaster.pid").write_text("\n".join(lines))
        service.start()
        assert sleeper.poll() is None, "the other program is left alone"
        assert service.stop() == OK
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_second_program_on_the_same_folder_is_refused_and_harms_nothing(service):
    service.start()
    done = expect(DATABASE, "start", "--port", 0, cwd=service.cwd)
    assert f"another taskhub (pid {service.process.pid})" in done.stderr
    instance = service.start_instance("hello_orchestrator")
    assert service.wait_status(instance)["runtimeStatus"] == "Completed"
    service.stop()


def test_the_other_commands_find_the_running_cluster(service):
    service.start()
    instance = run("instance", "start", "hello_orchestrator", cwd=service.cwd).stdout.strip()
    assert service.wait_status(instance)["runtimeStatus"] == "Completed"
    assert instance in expect(OK, "instance", "list", cwd=service.cwd).stdout
    service.stop()
    assert expect(DATABASE, "instance", "list", cwd=service.cwd).stderr.startswith("taskhub: no database was named")


def test_a_path_too_long_for_a_socket_gets_one_elsewhere(service):
    folder = os.path.join(service.cwd, "x" * 100)
    os.mkdir(folder, 0o755)
    service.args = ["--data", folder + "/data"]
    service.start()
    assert "host='/tmp/taskhub-" in service.log()
    assert service.wait_status(service.start_instance("hello_orchestrator"))["runtimeStatus"] == "Completed"
    assert service.stop() == OK


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to run PostgreSQL as")
def test_where_postgres_cannot_go_the_cluster_is_kept_elsewhere_and_found_again(service):
    closed = tempfile.mkdtemp(prefix="taskhub-closed-")  # mode 0700
    service.args = ["--data", closed + "/data"]
    service.start()
    home = pathlib.Path(closed, "data/moved-to").read_text().strip()
    try:
        assert f"the cluster is kept in {home}" in service.log()
        instance = service.start_instance("hello_orchestrator")
        service.wait_status(instance)
        service.restart()
        assert service.status(instance)["runtimeStatus"] == "Completed"
        assert service.stop() == OK
    finally:
        service.close()
        subprocess.run(["rm", "-r", home, closed], check=True)


def test_a_stop_while_the_cluster_is_being_made_leaves_nothing_half_done(service):
    service.start(ready=False)
    until(lambda: "making a private" in service.log(), what="initdb has begun")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(30) == OK
    service.process = None
    service.start()
    assert service.wait_status(service.start_instance("hello_orchestrator"))["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_variables_of_libpq_do_not_reach_the_cluster(service):
    service.env = {"PGPORT": "1", "PGHOST": "/nowhere", "PGDATABASE": "none", "PGUSER": "nobody", "PGDATA": "/nowhere",
                   "PGOPTIONS": ""}
    service.start()
    assert service.wait_status(service.start_instance("hello_orchestrator"))["runtimeStatus"] == "Completed"
    assert service.stop() == OK


def test_a_private_cluster_serves_a_program_without_any_app(service):
    service.apps = []
    service.start()
    assert "no app" in service.log()
    assert service.stop() == OK


def test_the_program_follows_its_terminal_only_once(service):
    """A Ctrl-C reaches the whole process group; the server must outlive the program's orderly stop."""
    service.start()
    os.killpg(service.process.pid, signal.SIGINT)
    assert service.process.wait(30) == OK
    assert "PostgreSQL has ended" not in service.log()
    assert server_of(service.cwd) is None


def test_an_environment_without_anything_is_enough(service):
    with open(service.log_path, "wb") as log:
        process = subprocess.Popen([str(TASKHUB), "start", "--port", "0"], cwd=service.cwd, env={}, stderr=log)
    try:
        until(lambda: "is up" in service.log() or process.poll() is not None, what="it is up")
        assert "is up" in service.log()
    finally:
        process.terminate()
    assert process.wait(30) == OK
