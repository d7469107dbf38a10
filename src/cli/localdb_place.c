/*
 * localdb_place.c - the directories of the private cluster.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ids.h"
#include "cli/localdb_int.h"

enum { HASH_TEXT = 17 };

/* Eight bytes of a path's SHA-256 name a directory that stands elsewhere. */
static void path_hash(const char *path, char out[HASH_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[32];

    th_sha256(path, strlen(path), sum);
    for (int i = 0; i < HASH_TEXT / 2; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[HASH_TEXT - 1] = '\0';
}

static th_rc make_folders(const char *path, th_error *err)
{
    char part[PATH_MAX];

    if (strlen(path) >= sizeof(part))
        return th_fail(err, TH_IO, "the path of the data directory is too long");
    strcpy(part, path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return th_fail(err, TH_IO, "cannot make the directory %s: %s", part, strerror(errno));
        *p = '/';
    }
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
        return th_fail(err, TH_IO, "cannot make the directory %s: %s", part, strerror(errno));
    return TH_OK;
}

th_rc th__data_dir(th_arena *arena, const char *data_dir, bool make, const char **out,
                   th_error *err)
{
    char path[PATH_MAX];
    struct stat st;

    if (make) {
        th_rc rc = make_folders(data_dir, err);
        if (rc != TH_OK)
            return rc;
    }
    if (!realpath(data_dir, path) || stat(path, &st) != 0)
        return th_fail(err, TH_NOT_FOUND, "there is no data directory %.300s", data_dir);
    if (!S_ISDIR(st.st_mode))
        return th_fail(err, TH_IO, "the data directory %s is a file", path);
    *out = th_strdup(arena, path);
    return TH_OK;
}

/* The socket's path must fit the system's limit; and libpq and PostgreSQL read lists there. */
static bool socket_path_fits(const char *folder)
{
    struct sockaddr_un address;

    return strlen(folder) + strlen("/.s.PGSQL.5432") < sizeof(address.sun_path) &&
           !strpbrk(folder, ",\"");
}

static void fill_place(th_arena *arena, const th__dbuser *user, th__place *place)
{
    char hash[HASH_TEXT];

    place->cluster = th_sprintf(arena, "%s/pg", place->home);
    place->making = th_sprintf(arena, "%s/pg.new", place->home);
    place->log_file = th_sprintf(arena, "%s/postgres.log", place->home);
    place->sockets = th_sprintf(arena, "%s/run", place->home);
    if (socket_path_fits(place->sockets))
        return;
    path_hash(place->home, hash);
    place->sockets = th_sprintf(arena, "/tmp/taskhub-%u-%s", (unsigned)user->uid, hash);
}

bool th__place_has_cluster(const th__place *place)
{
    return th__cluster_major(place) > 0;
}

/* ---- a home elsewhere ------------------------------------------------------------------------ */

static const char *moved_file(th_arena *arena, const char *data_dir)
{
    return th_sprintf(arena, "%s/moved-to", data_dir);
}

static const char *read_moved(th_arena *arena, const char *data_dir)
{
    char path[PATH_MAX];

    int fd = open(moved_file(arena, data_dir), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t n = read(fd, path, sizeof(path) - 1);
    close(fd);
    if (n < 2 || path[0] != '/')
        return NULL;
    path[n] = '\0';
    path[strcspn(path, "\n")] = '\0';
    return th_strdup(arena, path);
}

static th_rc write_moved(th_arena *arena, const char *data_dir, const char *home, th_error *err)
{
    const char *file = moved_file(arena, data_dir);
    const char *text = th_sprintf(arena, "%s\n", home);

    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
    int bad = errno;
    if (fd >= 0)
        close(fd);
    return ok ? TH_OK : th_fail(err, TH_IO, "cannot write %s: %s", file, strerror(bad));
}

/* Whether the server's user can work below home; makes what it needs there. */
static th_rc try_home(th_arena *arena, const th__dbuser *user, const char *home, th__place *place,
                      th_error *err)
{
    place->home = home;
    fill_place(arena, user, place);
    th__remove_tree(place->making);
    th_rc rc = th__dbuser_mkdir(user, place->making, err);
    if (rc == TH_OK && !th__dbuser_can_use(user, place->making)) {
        rmdir(place->making);
        rc = th_fail(err, TH_IO, "the user that PostgreSQL runs as cannot reach %s", home);
    }
    return rc;
}

/* A folder of root's own below a shared one: nobody else may have put it there. */
static bool make_root_folder(const char *path)
{
    struct stat st;

    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return false;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 && !(st.st_mode & 0022);
}

static th_rc move_elsewhere(th_arena *arena, const th__dbuser *user, th__place *place,
                            th_error *err)
{
    char hash[HASH_TEXT];
    th_error ignored = { 0 };

    path_hash(place->data_dir, hash);
    const char *homes[] = { th_sprintf(arena, "/var/lib/taskhub/%s", hash),
                            th_sprintf(arena, "/var/tmp/taskhub-%s", hash) };
    make_root_folder("/var/lib/taskhub");
    for (size_t i = 0; i < 2; i++) {
        th_error_clear(&ignored);
        if (make_root_folder(homes[i]) && try_home(arena, user, homes[i], place, &ignored) == TH_OK)
            return write_moved(arena, place->data_dir, homes[i], err);
    }
    return th_fail(err, TH_IO,
                   "PostgreSQL runs as user postgres, who can reach neither %s nor a place below "
                   "/var/lib or /var/tmp: give --data a directory that it can reach",
                   place->data_dir);
}

/* ---- choosing -------------------------------------------------------------------------------- */

void th__place_look(th_arena *arena, const char *data_dir, const th__dbuser *user, th__place *out)
{
    const char *moved = read_moved(arena, data_dir);

    *out = (th__place){ .data_dir = data_dir, .home = data_dir };
    fill_place(arena, user, out);
    if (th__place_has_cluster(out) || !moved)
        return;
    out->home = moved;
    fill_place(arena, user, out);
}

/* The cluster is there: it must be used, or its data would seem to be gone. */
static th_rc check_reachable(const th__dbuser *user, const th__place *place, th_error *err)
{
    if (th__dbuser_can_use(user, place->cluster))
        return TH_OK;
    return th_fail(err, TH_IO,
                   "the user that PostgreSQL runs as (%u) cannot use the cluster in %s: mind the "
                   "permissions of the folders above it",
                   (unsigned)user->uid, place->cluster);
}

th_rc th__place_make(th_arena *arena, const char *data_dir, const th__dbuser *user, th__place *out,
                     bool *moved, th_error *err)
{
    th_error first = { 0 };
    th_rc rc = TH_OK;

    *moved = false;
    th__place_look(arena, data_dir, user, out);
    if (th__place_has_cluster(out)) {
        rc = check_reachable(user, out, err);
    } else if (try_home(arena, user, data_dir, out, &first) != TH_OK) {
        if (!user->drop)
            return th_fail(err, first.rc, "%s", first.text);
        rc = move_elsewhere(arena, user, out, err);
        *moved = rc == TH_OK;
    }
    return rc == TH_OK ? th__dbuser_mkdir(user, out->sockets, err) : rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void th__remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A value of a conninfo string, quoted. */
static const char *conninfo_quote(th_arena *arena, const char *value)
{
    char *out = th_alloc(arena, 2 * strlen(value) + 3), *p = out;

    *p++ = '\'';
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            *p++ = '\\';
        *p++ = *value;
    }
    *p = '\'';
    return out;
}

const char *th__place_conninfo(th_arena *arena, const th__place *place)
{
    return th_sprintf(arena, "host=%s port=%d user=taskhub dbname=taskhub",
                      conninfo_quote(arena, place->sockets), TH__PORT);
}
