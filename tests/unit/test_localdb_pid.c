/* test_localdb_pid.c - postmaster.pid, read and judged. */
#include "cli/localdb_int.h"
#include "test.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY "4711\n/srv/a b/pg\n1700000000\n5432\n/srv/a b/run\n\n  5432001         7\nready   \n"

static th__pidfile file;

TEST(the_file_of_a_running_server_gives_its_pid_its_memory_and_that_it_is_ready)
{
    CHECK(th__pidfile_parse(READY, &file));
    CHECK_INT(file.pid, 4711);
    CHECK(file.has_shm);
    CHECK_INT(file.shm_key, 5432001);
    CHECK_INT(file.shm_id, 7);
    CHECK(file.ready);
}

TEST(a_server_that_starts_or_stops_is_not_ready)
{
    CHECK(th__pidfile_parse("1\n/pg\n0\n5432\n/run\n\n1 2\nstarting\n", &file));
    CHECK(!file.ready);
    CHECK(th__pidfile_parse("1\n/pg\n0\n5432\n/run\n\n1 2\nstopping\n", &file));
    CHECK(!file.ready);
}

TEST(a_file_that_is_being_written_has_only_its_first_lines)
{
    CHECK(th__pidfile_parse("4711\n/srv/pg\n17000", &file));
    CHECK_INT(file.pid, 4711);
    CHECK(!file.has_shm);
    CHECK(!file.ready);
    CHECK(th__pidfile_parse("4711", &file));
}

TEST(what_does_not_begin_with_a_pid_is_no_such_file)
{
    CHECK(!th__pidfile_parse("", &file));
    CHECK(!th__pidfile_parse("\n", &file));
    CHECK(!th__pidfile_parse("x\n", &file));
    CHECK(!th__pidfile_parse("-5\n", &file));
    CHECK(!th__pidfile_parse("0\n", &file));
    CHECK(!th__pidfile_parse("12x\n", &file));
    CHECK(!th__pidfile_parse("99999999999999999999\n", &file));
}

/* ---- what an earlier run left ---- */

static char home[64];
static char cluster[128], pid_path[256];
static th__place place;
static th_error err;

static void given_cluster_of(pid_t pid)
{
    snprintf(home, sizeof(home), "/tmp/test_localdb.XXXXXX");
    CHECK(mkdtemp(home) != NULL);
    snprintf(cluster, sizeof(cluster), "%s/pg", home);
    CHECK_INT(mkdir(cluster, 0700), 0);
    snprintf(pid_path, sizeof(pid_path), "%s/postmaster.pid", cluster);
    FILE *f = fopen(pid_path, "w");
    if (CHECK(f != NULL)) {
        fprintf(f, "%ld\n%s\n0\n5432\n%s\n\n", (long)pid, cluster, home);
        fclose(f);
    }
    place = (th__place){ .cluster = cluster, .sockets = home };
    th_error_clear(&err);
}

static void remove_cluster(void)
{
    unlink(pid_path);
    CHECK_INT(rmdir(cluster), 0);
    CHECK_INT(rmdir(home), 0);
}

/* A process that waits to be ended, with that working directory. */
static pid_t given_process_in(const char *folder)
{
    int ends[2];
    char ready = 0;

    CHECK_INT(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder) != 0 || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    CHECK_INT(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

TEST(a_pid_that_went_to_another_program_is_not_the_server_and_its_file_goes)
{
    given_cluster_of(getpid());
    CHECK(th__pidfile_read(&place, &file));
    CHECK(!th__server_runs(&place, &file));
    CHECK_INT(th__settle_previous(&place, &err), TH_OK);
    CHECK(access(pid_path, F_OK) != 0);
    remove_cluster();
}

TEST(the_file_of_a_dead_server_is_left_to_postgresql)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    given_cluster_of(pid);
    CHECK_INT(th__settle_previous(&place, &err), TH_OK);
    CHECK(access(pid_path, F_OK) == 0);
    remove_cluster();
}

TEST(a_server_that_outlived_its_owner_is_ended)
{
    int status = 0;

    given_cluster_of(1);
    pid_t pid = given_process_in(cluster);
    FILE *f = fopen(pid_path, "w");
    if (CHECK(f != NULL)) {
        fprintf(f, "%ld\n", (long)pid);
        fclose(f);
    }
    CHECK(th__pidfile_read(&place, &file));
    CHECK(th__server_runs(&place, &file));
    CHECK_INT(th__settle_previous(&place, &err), TH_OK);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
    remove_cluster();
}

TEST(a_cluster_that_never_ran_needs_nothing)
{
    given_cluster_of(1);
    unlink(pid_path);
    CHECK_INT(th__settle_previous(&place, &err), TH_OK);
    remove_cluster();
}
