/*
 * dispatch.c - a request that was read whole finds its handler.
 */
#include "http/http_int.h"

#include <string.h>
#include <strings.h>

static const char not_built[] = "This server does not serve entities over HTTP yet";

static void entities(th__request *r)
{
    th__answer_error(r, 501, not_built, not_built, "System.NotImplementedException");
    th__request_done(r);
}

static void makeprimary(th__request *r)
{
    static const char text[] = "This server has no app leases, so no app is the primary one";

    th__answer_error(r, 400, text, text, "System.InvalidOperationException");
    th__request_done(r);
}

static void not_found(th__request *r)
{
    th__answer_empty(r, 404);
    th__request_done(r);
}

static const th__handler handlers[] = {
    [TH_ROUTE_NONE] = not_found,     [TH_ROUTE_START] = th__start,
    [TH_ROUTE_STATUS] = th__status,  [TH_ROUTE_LIST] = th__list,
    [TH_ROUTE_PURGE] = th__purge,    [TH_ROUTE_PURGE_MANY] = th__purge_many,
    [TH_ROUTE_RAISE] = th__signal,   [TH_ROUTE_TERMINATE] = th__signal,
    [TH_ROUTE_SUSPEND] = th__signal, [TH_ROUTE_RESUME] = th__signal,
    [TH_ROUTE_REWIND] = th__not_yet, [TH_ROUTE_RESTART] = th__not_yet,
    [TH_ROUTE_ENTITIES] = entities,  [TH_ROUTE_MAKEPRIMARY] = makeprimary,
};

/* Other verbs never reach the API: its host's router turns them away. */
static void below_base(th__request *r, const char *path)
{
    if (r->verb == TH_VERB_HEAD || r->verb == TH_VERB_OTHER) {
        th__answer_empty(r, 405);
        return;
    }
    r->route = th_router_match(r->arena, r->verb, path);
    if (r->route.id == TH_ROUTE_NONE || r->route.id == TH_ROUTE_MAKEPRIMARY)
        handlers[r->route.id](r);
    else
        th__hub_then(r, handlers[r->route.id]);
}

/* The path after "/<prefix>", NULL if it begins otherwise. */
static const char *below_prefix(const th__request *r)
{
    const char *prefix = r->server->options.route_prefix;
    size_t n = strlen(prefix);

    if (!n)
        return r->query.path;
    if (strncasecmp(r->query.path + 1, prefix, n) != 0 || r->query.path[1 + n] != '/')
        return NULL;
    return r->query.path + 1 + n;
}

static bool try_starters(th__request *r)
{
    const th_http_options *o = &r->server->options;
    const char *path = below_prefix(r);

    for (size_t i = 0; path && i < o->starter_count; i++) {
        const char *name = NULL;
        if (!th_template_match(r->arena, o->starters[i].route, path, &name))
            continue;
        if (r->verb == TH_VERB_GET || r->verb == TH_VERB_POST)
            th__starter(r, o->starters[i].orchestrator ? o->starters[i].orchestrator : name);
        else
            th__answer_empty(r, 404);
        return true;
    }
    return false;
}

static bool try_admin(th__request *r)
{
    static const struct {
        const char *path;
        th__handler handler;
    } pages[] = {
        { "/health", th__health },
        { "/readiness", th__readiness },
        { "/metrics", th__metrics },
    };

    if (r->verb != TH_VERB_GET && r->verb != TH_VERB_HEAD)
        return false;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].path, r->query.path) != 0)
            continue;
        pages[i].handler(r);
        return true;
    }
    return false;
}

void th__dispatch(th__request *r)
{
    const char *path = th_router_below_base(r->query.path);
    static const char stopping[] = "The service is stopping";

    if (try_admin(r))
        return;
    if (atomic_load(&r->server->draining))
        th__answer_error(r, 503, stopping, stopping, "System.OperationCanceledException");
    else if (path)
        below_base(r, path);
    else if (!try_starters(r))
        not_found(r);
}
