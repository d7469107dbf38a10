/*
 * localdb_bin.c - finds PostgreSQL's programs, initdb and postgres, in one folder.
 */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/localdb_int.h"

int th__pg_major(const char *text)
{
    const char *p = strstr(text, "PostgreSQL) ");
    int major = 0;

    return p && sscanf(p + strlen("PostgreSQL) "), "%d", &major) == 1 && major > 0 ? major : 0;
}

int th__cluster_major(const th__place *place)
{
    char path[4200], text[32];

    snprintf(path, sizeof(path), "%s/PG_VERSION", place->cluster);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return atoi(text);
}

/* What a program writes, at most size - 1 bytes. */
static bool output_of(const char *const *argv, char *out, size_t size)
{
    int status = 1, ends[2];
    th_error ignored = { 0 };
    size_t n = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    th__run run = { .argv = argv, .in = -1, .out = ends[1] };
    pid_t pid = 0;
    th_rc rc = th__run_start(&run, &pid, &ignored);
    close(ends[1]);
    for (ssize_t got; rc == TH_OK && n < size - 1; n += (size_t)got)
        if ((got = read(ends[0], out + n, size - 1 - n)) <= 0)
            break;
    out[n] = '\0';
    close(ends[0]);
    while (rc == TH_OK && !th__run_ended(pid, &status))
        usleep(1000);
    return rc == TH_OK && status == 0;
}

/* The major version of the programs in a folder; 0: they are not there. */
static int major_of(th_arena *arena, const char *folder)
{
    char text[256];
    const char *postgres = th_sprintf(arena, "%s/postgres", folder);
    const char *initdb = th_sprintf(arena, "%s/initdb", folder);

    if (access(postgres, X_OK) != 0 || access(initdb, X_OK) != 0)
        return 0;
    const char *argv[] = { postgres, "-V", NULL };
    return output_of(argv, text, sizeof(text)) ? th__pg_major(text) : 0;
}

typedef struct search {
    th_arena *arena;
    int want;
    th__pgbin found;
    int seen[16]; /* versions that did not fit, for the message */
    size_t n_seen;
} search;

static bool try_folder(search *s, const char *folder)
{
    int major = major_of(s->arena, folder);

    if (!major)
        return false;
    if (s->want ? major != s->want : major < TH__OLDEST_PG) {
        if (s->n_seen < sizeof(s->seen) / sizeof(*s->seen))
            s->seen[s->n_seen++] = major;
        return false;
    }
    s->found = (th__pgbin){ .folder = th_strdup(s->arena, folder), .major = major };
    return true;
}

/* Packages often put links into PATH; the programs need the folder that they really are in. */
static bool try_path(search *s)
{
    char real[PATH_MAX];
    const char *path = getenv("PATH");

    for (const char *p = path ? path : ""; *p; p += strspn(p, ":")) {
        size_t n = strcspn(p, ":");
        const char *program = th_sprintf(s->arena, "%.*s/initdb", (int)n, p);
        p += n;
        if (!realpath(program, real))
            continue;
        *strrchr(real, '/') = '\0';
        if (try_folder(s, real))
            return true;
    }
    return false;
}

static int by_version_down(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)b, *(const char *const *)a);
}

static bool try_debian(search *s)
{
    glob_t found = { 0 };
    bool ok = false;

    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), by_version_down);
        for (size_t i = 0; i < found.gl_pathc && !ok; i++)
            ok = try_folder(s, found.gl_pathv[i]);
    }
    globfree(&found);
    return ok;
}

static bool try_pg_config(search *s)
{
    char text[PATH_MAX];
    const char *argv[] = { "/usr/bin/env", "pg_config", "--bindir", NULL };

    if (!output_of(argv, text, sizeof(text)))
        return false;
    text[strcspn(text, "\n")] = '\0';
    return try_folder(s, text);
}

static th_rc not_found(const search *s, th_error *err)
{
    if (!s->n_seen)
        return th_fail(err, TH_IO,
                       "no PostgreSQL server programs (initdb, postgres) in PATH, in "
                       "/usr/lib/postgresql/*/bin or where pg_config says: install PostgreSQL "
                       "(Debian: apt-get install postgresql), or give --database");
    if (s->want)
        return th_fail(err, TH_IO,
                       "the private cluster was made by PostgreSQL %d, but only version %d is "
                       "installed here: install %d, or take another --data directory",
                       s->want, s->seen[0], s->want);
    return th_fail(err, TH_IO,
                   "PostgreSQL %d is installed, but at least version %d is needed: install a newer "
                   "one, or give --database",
                   s->seen[0], TH__OLDEST_PG);
}

th_rc th__pgbin_find(th_arena *arena, int want, th__pgbin *out, th_error *err)
{
    search s = { .arena = arena, .want = want };

    if (!try_path(&s) && !try_debian(&s) && !try_pg_config(&s))
        return not_found(&s, err);
    *out = s.found;
    return TH_OK;
}
