/*
 * localdb_pid.c - postmaster.pid: who runs the cluster, and what to do about an earlier run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/localdb_int.h"
#include "cli/stop.h"

/* Its lines: pid, data directory, start time, port, socket directory, address, shared memory,
 * state. */
enum { LINE_PID, LINE_SHM = 6, LINE_STATE = 7, PIDFILE_MAX = 8192 };

static const int64_t poll_us = 20 * 1000;
static const int64_t previous_stop_us = 120 * 1000 * 1000LL;
static const int64_t backends_end_us = 15 * 1000 * 1000LL;

static const char *line_at(const char *text, int n)
{
    for (; n > 0 && text; n--) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text;
}

bool th__pidfile_parse(const char *text, th__pidfile *out)
{
    char *end = NULL;
    const char *shm = line_at(text, LINE_SHM), *state = line_at(text, LINE_STATE);

    *out = (th__pidfile){ 0 };
    long pid = strtol(text, &end, 10);
    if (end == text || (*end != '\n' && *end != '\0') || pid <= 0 || pid > INT32_MAX)
        return false;
    out->pid = (pid_t)pid;
    out->has_shm = shm && sscanf(shm, "%lu %lu", &out->shm_key, &out->shm_id) == 2;
    out->ready = state && strncmp(state, "ready", 5) == 0;
    return true;
}

static void pidfile_path(const th__place *place, char *out, size_t size)
{
    snprintf(out, size, "%s/postmaster.pid", place->cluster);
}

bool th__pidfile_read(const th__place *place, th__pidfile *out)
{
    char path[4200], text[PIDFILE_MAX];

    pidfile_path(place, path, sizeof(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return th__pidfile_parse(text, out);
}

/* A postmaster's working directory is its cluster; a pid alone may have gone to another process. */
bool th__server_runs(const th__place *place, const th__pidfile *file)
{
    char cwd[64];
    struct stat here, there;

    snprintf(cwd, sizeof(cwd), "/proc/%ld/cwd", (long)file->pid);
    return stat(cwd, &here) == 0 && stat(place->cluster, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* Backends outlive a killed postmaster for a moment, attached to its shared memory. */
static bool backends_left(const th__pidfile *file)
{
    struct shmid_ds segment;

    return file->has_shm && shmctl((int)file->shm_id, IPC_STAT, &segment) == 0 &&
           (unsigned long)segment.shm_perm.__key == file->shm_key && segment.shm_nattch > 0;
}

static th_rc end_server(const th__place *place, const th__pidfile *file, th_error *err)
{
    int64_t deadline = th_mono_us() + previous_stop_us;

    th_log(TH_LOG_WARN, TH_EV_DB_LOCAL, NULL,
           "an earlier run left PostgreSQL (pid %ld) behind; it is stopped first", (long)file->pid);
    if (kill(file->pid, SIGINT) != 0 && errno != ESRCH)
        return th_fail(err, TH_IO, "cannot stop PostgreSQL (pid %ld) of an earlier run: %s",
                       (long)file->pid, strerror(errno));
    while (th__server_runs(place, file)) {
        if (th_mono_us() > deadline)
            return th_fail(err, TH_IO, "PostgreSQL (pid %ld) of an earlier run does not stop",
                           (long)file->pid);
        if (th_stop_wait(poll_us))
            return th_fail(err, TH_UNAVAILABLE, "stopped while waiting for PostgreSQL to end");
    }
    return TH_OK;
}

static void clear_sockets(const th__place *place)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s/.s.PGSQL.%d", place->sockets, TH__PORT);
    unlink(path);
    snprintf(path, sizeof(path), "%s/.s.PGSQL.%d.lock", place->sockets, TH__PORT);
    unlink(path);
}

/*
 * PostgreSQL refuses to start while the pid in its file lives, even as some other program: after a
 * crash in a container that is the rule rather than the exception. We know better, so the file
 * goes; but not while a backend of the dead server is still there.
 */
static th_rc clear_stale(const th__place *place, const th__pidfile *file, th_error *err)
{
    char path[4200];

    int64_t deadline = th_mono_us() + backends_end_us;
    while (backends_left(file)) {
        if (th_mono_us() > deadline)
            return th_fail(err, TH_IO,
                           "sessions of an earlier PostgreSQL (pid %ld) in %s are still running",
                           (long)file->pid, place->cluster);
        if (th_stop_wait(poll_us))
            return th_fail(err, TH_UNAVAILABLE, "stopped while waiting for PostgreSQL to end");
    }
    if (kill(file->pid, 0) != 0 && errno == ESRCH)
        return TH_OK; /* PostgreSQL itself knows what to do with it */
    th_log(TH_LOG_WARN, TH_EV_DB_LOCAL, NULL,
           "postmaster.pid names pid %ld, which is another program now; the file is removed",
           (long)file->pid);
    pidfile_path(place, path, sizeof(path));
    if (unlink(path) != 0 && errno != ENOENT)
        return th_fail(err, TH_IO, "cannot remove %s: %s", path, strerror(errno));
    return TH_OK;
}

th_rc th__settle_previous(const th__place *place, th_error *err)
{
    th__pidfile file;
    th_rc rc = TH_OK;

    bool found = th__pidfile_read(place, &file);
    if (found && th__server_runs(place, &file)) {
        rc = end_server(place, &file, err);
        found = th__pidfile_read(place, &file); /* an orderly end takes the file along */
    }
    if (rc == TH_OK && found)
        rc = clear_stale(place, &file, err);
    if (rc == TH_OK)
        clear_sockets(place);
    return rc;
}
