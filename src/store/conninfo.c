/*
 * conninfo.c - from what the user gave to the parameters of each attempt to connect (protocol S1).
 *
 * Several hosts are tried one after the other by us and not by libpq: a server that answers but is
 * not to be trusted (S2) must not hide the right one behind it, and no host may use up the time of
 * the others.
 */
#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"

/* Of the session, so that no default of a role or database changes them. Later ones win over what
 * the user put before. */
static const char session_options[] =
    "-c lock_timeout=1s -c statement_timeout=30s -c idle_in_transaction_session_timeout=5s"
    " -c idle_session_timeout=10s -c client_connection_check_interval=1s"
    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=10s -c TimeZone=UTC -c DateStyle=ISO"
    " -c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off"
    " -c jit=off"; /* compiling a statement takes longer than any of ours runs */

typedef struct pair {
    const char *keyword, *value;
} pair;

static const pair for_all[] = {
    { "client_encoding", "UTF8" },  { "keepalives", "1" },       { "keepalives_idle", "5" },
    { "keepalives_interval", "2" }, { "keepalives_count", "3" }, { "tcp_user_timeout", "10000" },
};
#define FOR_ALL_COUNT (sizeof for_all / sizeof *for_all)
#define MOST_OVERRIDES (FOR_ALL_COUNT + 6)

static const PQconninfoOption *find(const th__conninfo *info, const char *keyword)
{
    for (const PQconninfoOption *o = info->options; o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0)
            return o;
    return NULL;
}

/* As libpq would: the conninfo, else the environment. NULL: neither has it. */
static const char *given(const th__conninfo *info, const char *keyword)
{
    const PQconninfoOption *o = find(info, keyword);
    const char *value = o ? o->val : NULL;

    if (o && (!value || !*value) && o->envvar)
        value = getenv(o->envvar);
    return value && *value ? value : NULL;
}

static int count_items(const char *list)
{
    int n = list != NULL;

    for (const char *c = list; c && *c; c++)
        n += *c == ',';
    return n;
}

/* n items of a list; a list of one stands for all of them. NULL stays NULL. */
static const char **split(th_arena *arena, const char *list, int n)
{
    if (!list)
        return NULL;
    const char **items = th_new(arena, const char *, (size_t)n);
    int have = count_items(list);
    const char *at = list;

    for (int i = 0; i < n; i++) {
        size_t len = strcspn(at, ",");

        items[i] = th_strndup(arena, at, len);
        if (have > 1)
            at += len + (at[len] == ',');
    }
    return items;
}

/* Lists that don't match are left to libpq, which says so. */
static void find_attempts(th__conninfo *info)
{
    const char *host = given(info, "host"), *addr = given(info, "hostaddr");
    const char *port = given(info, "port");
    int n = count_items(addr ? addr : host), ports = count_items(port);

    info->attempts = 1;
    if (n < 2 || (host && addr && count_items(host) != n) || (ports > 1 && ports != n))
        return;
    info->attempts = n;
    info->hosts = split(info->arena, host, n);
    info->hostaddrs = split(info->arena, addr, n);
    info->ports = split(info->arena, port, n);
}

static bool is_uri(const char *conninfo)
{
    return strncmp(conninfo, "postgres://", 11) == 0 || strncmp(conninfo, "postgresql://", 13) == 0;
}

/*
 * A password with a raw '@' or '/' in a URI spills into host, port or database, and libpq's
 * complaint about them would show it.
 */
static bool looks_spilled(const th__conninfo *info, const char *conninfo)
{
    const char *port = given(info, "port"), *host = given(info, "host");

    if (port && port[strspn(port, "0123456789, ")])
        return true;
    if (!is_uri(conninfo))
        return false;
    const char *authority = strstr(conninfo, "://") + 3;
    const char *rest = authority + strcspn(authority, "/?");
    const char *path_end = rest + strcspn(rest, "?");
    const char *at = strchr(authority, '@');

    return (host && host[0] != '/' && host[0] != '@' && strchr(host, '@')) ||
           (at && at > rest && at < path_end);
}

th_rc th__conninfo_parse(const char *conninfo, th_db_role role, th__conninfo *out, th_error *err)
{
    char *why = NULL;

    *out = (th__conninfo){ .arena = th_arena_new(0), .role = role };
    out->options = PQconninfoParse(conninfo ? conninfo : "", &why);
    PQfreemem(why); /* quotes parts of the conninfo */
    if (!out->options)
        return th_fail(err, TH_CONFIG,
                       "the database connection is neither key=value pairs nor a valid "
                       "postgresql:// URI");
    if (looks_spilled(out, conninfo ? conninfo : ""))
        return th_fail(err, TH_CONFIG,
                       "the database connection has no valid host, port or database name; "
                       "in a URI write '@' as %%40 and '/' as %%2F inside user, password and "
                       "database name");
    find_attempts(out);
    return TH_OK;
}

void th__conninfo_free(th__conninfo *info)
{
    PQconninfoFree(info->options);
    th_arena_free(info->arena);
    *info = (th__conninfo){ 0 };
}

static void put(th__conn_params *p, size_t *n, const char *keyword, const char *value)
{
    if (!value)
        return;
    p->keywords[*n] = keyword;
    p->values[(*n)++] = value;
}

/* A pool connection may go through a pooler, which refuses `options` and whose sessions are not
 * ours to set. */
static void put_session(const th__conninfo *info, th__conn_params *p, size_t *n)
{
    static const char *const names[] = { [TH_DB_PEN] = "taskhub pen",
                                         [TH_DB_CONTROL] = "taskhub control",
                                         [TH_DB_POOL] = "taskhub pool" };
    const char *theirs = given(info, "options");

    put(p, n, "application_name", names[info->role]);
    if (info->role != TH_DB_POOL)
        put(p, n, "options",
            theirs ? th_sprintf(info->arena, "%s %s", theirs, session_options) : session_options);
    if (!given(info, "target_session_attrs"))
        put(p, n, "target_session_attrs", "read-write");
}

/* What the user gave first: libpq takes the last of each keyword. */
th__conn_params th__conninfo_params(const th__conninfo *info, int attempt)
{
    size_t n = 0, given_count = 0;

    for (const PQconninfoOption *o = info->options; o->keyword; o++)
        given_count += o->val != NULL;
    size_t size = given_count + MOST_OVERRIDES + 1;
    th__conn_params p = { th_new(info->arena, const char *, size),
                          th_new(info->arena, const char *, size) };

    for (const PQconninfoOption *o = info->options; o->keyword; o++)
        put(&p, &n, o->keyword, o->val);
    for (size_t i = 0; i < FOR_ALL_COUNT; i++)
        put(&p, &n, for_all[i].keyword, for_all[i].value);
    put(&p, &n, "host", info->hosts ? info->hosts[attempt] : NULL);
    put(&p, &n, "hostaddr", info->hostaddrs ? info->hostaddrs[attempt] : NULL);
    put(&p, &n, "port", info->ports ? info->ports[attempt] : NULL);
    put_session(info, &p, &n);
    return p;
}
