/*
 * localdb.c - the life of the private cluster: take the directory, make, start, tend, stop.
 */
#include "cli/localdb.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/localdb_int.h"
#include "cli/stop.h"

struct th_localdb {
    th_arena *arena;
    th__dbuser user;
    th__place place;
    th__pgbin bin;
    const char *wal_compression;
    const char *conninfo;
    int lock_fd; /* holds <data_dir>/lock as long as we own the directory */
    int log_fd;
    pid_t pid; /* 0: not running */
    int64_t next_try_us, pause_us;
};

enum { LOG_FILE_MAX = 16 * 1024 * 1024, LOG_TAIL = 600 };

static const int64_t poll_us = 10 * 1000;
static const int64_t patience_us =
    10 * 1000 * 1000LL; /* then say that it takes long, again and again */
static const int64_t shutdown_us = 120 * 1000 * 1000LL;

/* ---- the directory --------------------------------------------------------------------------- */

static const char *owner_in(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return *text ? text : "unknown";
}

static th_rc lock_directory(th_localdb *db, const char *data_dir, th_error *err)
{
    char text[32];
    const char *file = th_sprintf(db->arena, "%s/lock", data_dir);

    db->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (db->lock_fd < 0)
        return th_fail(err, TH_IO, "cannot open %s: %s", file, strerror(errno));
    if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return th_fail(err, TH_EXISTS,
                       "another taskhub (pid %s) runs on the data directory %s: give this one "
                       "another with --data, or share a database with --database",
                       owner_in(db->lock_fd, text, sizeof(text)), data_dir);
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(db->lock_fd, 0) != 0 || pwrite(db->lock_fd, text, (size_t)n, 0) != n)
        return th_fail(err, TH_IO, "cannot write %s: %s", file, strerror(errno));
    return TH_OK;
}

/* PostgreSQL's own log: appended to, and set aside when it has grown large. */
static th_rc open_log(th_localdb *db, th_error *err)
{
    struct stat st;
    const char *file = db->place.log_file;

    if (stat(file, &st) == 0 && st.st_size > LOG_FILE_MAX &&
        rename(file, th_sprintf(db->arena, "%s.1", file)) != 0)
        return th_fail(err, TH_IO, "cannot rename %s: %s", file, strerror(errno));
    db->log_fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    return db->log_fd >= 0 ? TH_OK
                           : th_fail(err, TH_IO, "cannot open %s: %s", file, strerror(errno));
}

static th_rc take_directory(th_localdb *db, const char *data_dir, th_error *err)
{
    const char *path = NULL;
    bool moved = false;

    th_rc rc = th__dbuser_get(&db->user, err);
    if (rc == TH_OK)
        rc = th__data_dir(db->arena, data_dir, true, &path, err);
    if (rc == TH_OK)
        rc = lock_directory(db, path, err);
    if (rc == TH_OK)
        rc = th__place_make(db->arena, path, &db->user, &db->place, &moved, err);
    if (rc == TH_OK && moved)
        th_log(TH_LOG_WARN, TH_EV_DB_LOCAL, NULL,
               "PostgreSQL cannot run as root, and its user postgres cannot reach %s: the cluster "
               "is kept in %s",
               path, db->place.home);
    if (rc == TH_OK)
        rc = open_log(db, err);
    return rc;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* The last lines of the log, on one line, for an error text. */
static const char *log_tail(const th_localdb *db)
{
    char *text = th_alloc(db->arena, LOG_TAIL + 1);

    off_t size = lseek(db->log_fd, 0, SEEK_END);
    ssize_t n = pread(db->log_fd, text, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
    text[n > 0 ? n : 0] = '\0';
    char *from = size > LOG_TAIL && strchr(text, '\n') ? strchr(text, '\n') + 1 : text;
    for (char *p = from; *p; p++)
        if (*p == '\n')
            *p = p[1] ? '|' : '\0';
    return from;
}

static th_rc run_tool(th_localdb *db, const char *what, const char *const *argv, int in,
                      th_error *err)
{
    int status = 0;
    th__run run = { .argv = argv, .user = &db->user, .in = in, .out = db->log_fd };

    th_rc rc = th__run_wait(&run, &status, err);
    if (rc != TH_OK || status == 0)
        return rc;
    return th_fail(err, TH_IO, "%s failed (status %d): %s", what, status, log_tail(db));
}

static th_rc create_database(th_localdb *db, th_error *err)
{
    static const char statement[] = "create database taskhub\n";

    int fd = memfd_create("taskhub", MFD_CLOEXEC);
    if (fd < 0 || write(fd, statement, strlen(statement)) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        if (fd >= 0)
            close(fd);
        return th_fail(err, TH_IO, "cannot make a memory file: %s", strerror(errno));
    }
    const char *const *argv = th__create_argv(db->arena, &db->bin, &db->place);
    th_rc rc = run_tool(db, "creating the database", argv, fd, err);
    close(fd);
    return rc;
}

/* A rename that a power cut undoes would leave the data under a name that counts as unfinished. */
static th_rc sync_folder(const char *folder, th_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int bad = errno;

    if (fd >= 0)
        close(fd);
    return ok ? TH_OK : th_fail(err, TH_IO, "cannot sync %s: %s", folder, strerror(bad));
}

/* Made beside its final place and moved there when complete: a crash leaves no half a cluster. */
static th_rc make_cluster(th_localdb *db, th_error *err)
{
    const th__place *place = &db->place;

    th_log(TH_LOG_INFO, TH_EV_DB_LOCAL, NULL, "making a private PostgreSQL %d cluster in %s",
           db->bin.major, place->home);
    th_rc rc = run_tool(db, "initdb", th__initdb_argv(db->arena, &db->bin, place), -1, err);
    if (rc == TH_OK)
        rc = create_database(db, err);
    if (rc == TH_OK && rename(place->making, place->cluster) != 0)
        rc = th_fail(err, TH_IO, "cannot rename %s: %s", place->making, strerror(errno));
    return rc == TH_OK ? sync_folder(place->home, err) : rc;
}

static const char *choose_wal_compression(th_localdb *db)
{
    int status = 1;
    th_error ignored = { 0 };

    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0)
        return "off";
    const char *const *argv =
        th__check_argv(db->arena, &db->bin, &db->place, "wal_compression", "lz4");
    th__run run = { .argv = argv, .user = &db->user, .in = -1, .out = nowhere };
    bool ok = th__run_wait(&run, &status, &ignored) == TH_OK && status == 0;
    close(nowhere);
    return ok ? "lz4" : "off";
}

/* ---- the server ------------------------------------------------------------------------------ */

static th_rc start_failed(th_localdb *db, int status, th_error *err)
{
    db->pid = 0;
    return th_fail(err, TH_IO, "PostgreSQL did not start (status %d), see %s: %s", status,
                   db->place.log_file, log_tail(db));
}

/* Recovery after a crash may take its time; there is no limit as long as the server lives. */
static th_rc wait_ready(th_localdb *db, th_error *err)
{
    th__pidfile file;
    int status = 0;
    int64_t say_us = th_mono_us() + patience_us;

    for (;;) {
        if (th__pidfile_read(&db->place, &file) && file.pid == db->pid && file.ready)
            return TH_OK;
        if (th__run_ended(db->pid, &status))
            return start_failed(db, status, err);
        if (th_stop_wait(poll_us))
            return th_fail(err, TH_UNAVAILABLE, "stopped while PostgreSQL was starting");
        if (th_mono_us() < say_us)
            continue;
        say_us += patience_us;
        th_log(TH_LOG_INFO, TH_EV_DB_LOCAL, NULL, "PostgreSQL is still starting (recovering): %s",
               db->place.log_file);
    }
}

static th_rc start_server(th_localdb *db, th_error *err)
{
    const char *const *argv = th__server_argv(db->arena, &db->bin, &db->place, db->wal_compression);
    th__run run = {
        .argv = argv, .user = &db->user, .in = -1, .out = db->log_fd, .dies_with_us = true
    };

    th_rc rc = th__settle_previous(&db->place, err);
    if (rc == TH_OK)
        rc = th__run_start(&run, &db->pid, err);
    if (rc != TH_OK) {
        db->pid = 0;
        return rc;
    }
    return wait_ready(db, err);
}

static th_rc bring_up(th_localdb *db, const char *data_dir, th_error *err)
{
    th_rc rc = take_directory(db, data_dir, err);
    if (rc == TH_OK)
        rc = th__pgbin_find(db->arena, th__cluster_major(&db->place), &db->bin, err);
    if (rc == TH_OK && !th__place_has_cluster(&db->place))
        rc = make_cluster(db, err);
    if (rc != TH_OK)
        return rc;
    db->wal_compression = choose_wal_compression(db);
    db->conninfo = th__place_conninfo(db->arena, &db->place);
    return start_server(db, err);
}

th_rc th_localdb_start(const char *data_dir, th_localdb **out, th_error *err)
{
    th_localdb *db = th_malloc(sizeof(*db));

    db->arena = th_arena_new(0);
    db->lock_fd = db->log_fd = -1;
    th_rc rc = bring_up(db, data_dir, err);
    if (rc != TH_OK) {
        th_localdb_stop(db);
        db = NULL;
    }
    *out = db;
    return rc;
}

const char *th_localdb_conninfo(const th_localdb *db)
{
    return db->conninfo;
}

const char *th_localdb_folder(const th_localdb *db)
{
    return db->place.home;
}

const char *th_localdb_socket_folder(const th_localdb *db)
{
    return db->place.sockets;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static void start_again(th_localdb *db)
{
    th_error err = { 0 };
    static const int64_t pause_min_us = 500 * 1000, pause_max_us = 30 * 1000 * 1000LL;
    th_arena_mark mark = th_arena_mark_here(db->arena);

    if (start_server(db, &err) == TH_OK) {
        th_log(TH_LOG_INFO, TH_EV_DB_LOCAL, NULL, "PostgreSQL runs again (pid %ld)", (long)db->pid);
        db->pause_us = 0;
    } else {
        th_log(TH_LOG_ERROR, TH_EV_DB_LOCAL, NULL, "%s", err.text);
        db->pause_us = db->pause_us ? db->pause_us * 2 : pause_min_us;
        if (db->pause_us > pause_max_us)
            db->pause_us = pause_max_us;
    }
    db->next_try_us = th_mono_us() + db->pause_us;
    th_arena_rewind(db->arena, mark);
}

void th_localdb_tend(th_localdb *db)
{
    int status = 0;

    if (!db || th_stop_requested())
        return;
    if (db->pid && !th__run_ended(db->pid, &status))
        return;
    if (db->pid)
        th_log(TH_LOG_ERROR, TH_EV_DB_LOCAL, NULL, "PostgreSQL has ended (status %d), see %s",
               status, db->place.log_file);
    db->pid = 0;
    if (th_mono_us() >= db->next_try_us)
        start_again(db);
}

void th_localdb_stop(th_localdb *db)
{
    if (!db)
        return;
    if (db->pid)
        th__run_kill(db->pid, SIGINT, shutdown_us);
    if (db->log_fd >= 0)
        close(db->log_fd);
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    th_arena_free(db->arena);
    free(db);
}

th_rc th_localdb_find(th_arena *arena, const char *data_dir, const char **conninfo, th_error *err)
{
    th__dbuser user;
    th__place place;
    th__pidfile file;
    const char *path = NULL;
    th_error ignored = { 0 };

    bool found = th__dbuser_get(&user, &ignored) == TH_OK &&
                 th__data_dir(arena, data_dir, false, &path, &ignored) == TH_OK;
    if (found) {
        th__place_look(arena, path, &user, &place);
        found = th__pidfile_read(&place, &file) && file.ready && th__server_runs(&place, &file);
    }
    if (!found)
        return th_fail(err, TH_NOT_FOUND,
                       "no database was named and no private cluster is running in %s: give "
                       "--database, set TASKHUB_DATABASE_URL, or run `taskhub start` first",
                       data_dir);
    *conninfo = th__place_conninfo(arena, &place);
    return TH_OK;
}
