/*
 * localdb_server.c - the command lines of initdb and postgres: every setting of the private
 * cluster.
 */
#include <string.h>

#include "cli/localdb_int.h"

enum { MAX_WORDS = 64 };

typedef struct words {
    th_arena *arena;
    const char **list;
    size_t n;
} words;

static void add(words *w, const char *word)
{
    if (w->n < MAX_WORDS)
        w->list[w->n++] = word;
}

static words begin(th_arena *arena, const th__pgbin *bin, const char *program)
{
    words w = { .arena = arena, .list = th_new(arena, const char *, MAX_WORDS + 1) };

    add(&w, th_sprintf(arena, "%s/%s", bin->folder, program));
    return w;
}

static void set(words *w, const char *name, const char *value)
{
    add(w, "-c");
    add(w, th_sprintf(w->arena, "%s=%s", name, value));
}

/* The socket's folder is all the authentication: mode 0700. */
const char *const *th__initdb_argv(th_arena *arena, const th__pgbin *bin, const th__place *place)
{
    words w = begin(arena, bin, "initdb");

    add(&w, "-D");
    add(&w, place->making);
    add(&w, "--username=taskhub");
    add(&w, "--auth=trust");
    add(&w, "--encoding=UTF8");
    add(&w, "--locale=C");
    add(&w, "--no-instructions");
    return w.list;
}

/* A server for one session on standard input, before the cluster counts as made. */
const char *const *th__create_argv(th_arena *arena, const th__pgbin *bin, const th__place *place)
{
    words w = begin(arena, bin, "postgres");

    add(&w, "--single");
    add(&w, "-D");
    add(&w, place->making);
    set(&w, "exit_on_error", "on");
    add(&w, "postgres");
    return w.list;
}

/* Ends with status 0 if this build of PostgreSQL knows the value. */
const char *const *th__check_argv(th_arena *arena, const th__pgbin *bin, const th__place *place,
                                  const char *setting, const char *value)
{
    words w = begin(arena, bin, "postgres");

    add(&w, "-D");
    add(&w, place->cluster);
    set(&w, setting, value);
    add(&w, "-C");
    add(&w, setting);
    return w.list;
}

static void set_where(words *w, const th__place *place)
{
    set(w, "listen_addresses", "");
    set(w, "port", "5432");
    set(w, "unix_socket_directories", th_sprintf(w->arena, "\"%s\"", place->sockets));
    set(w, "unix_socket_permissions", "0700");
}

/* Durable first; then modest memory, and room in the WAL so that checkpoints are rare under load.
 */
static void set_behaviour(words *w, const char *wal_compression)
{
    set(w, "fsync", "on");
    set(w, "full_page_writes", "on");
    set(w, "synchronous_commit", "on");
    set(w, "shared_buffers", "128MB");
    set(w, "max_connections", "100");
    set(w, "max_wal_size", "4GB");
    set(w, "checkpoint_timeout", "15min");
    set(w, "wal_compression", wal_compression);
    set(w, "autovacuum_naptime", "10s"); /* queue tables turn over quickly */
    set(w, "jit", "off");
}

static void set_texts(words *w)
{
    set(w, "timezone", "UTC");
    set(w, "log_timezone", "UTC");
    set(w, "lc_messages", "C");
    set(w, "log_line_prefix", "%m [%p] ");
    set(w, "log_checkpoints", "off");
    set(w, "logging_collector", "off"); /* its standard error is our file */
}

const char *const *th__server_argv(th_arena *arena, const th__pgbin *bin, const th__place *place,
                                   const char *wal_compression)
{
    words w = begin(arena, bin, "postgres");

    add(&w, "-D");
    add(&w, place->cluster);
    set_where(&w, place);
    set_behaviour(&w, wal_compression);
    set_texts(&w);
    return w.list;
}
