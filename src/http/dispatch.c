/*
 * dispatch.c - a request that was read whole finds its handler.
 */
#include "http/http_int.h"
#include "http/openapi.h"

#include <string.h>
#include <strings.h>

static void makeprimary(th__request *r)
{
    static const char text[] = "This server has no app leases, so no app is the primary one";

    th__answer_error(r, 400, text, text, "System.InvalidOperationException");
    th__request_done(r);
}

static void openapi(th__request *r)
{
    th_buf_clear(&r->out);
    th_buf_str(&r->out, th_openapi_json);
    th__answer_json(r, 200);
    th__request_done(r);
}

static void not_found(th__request *r)
{
    th__answer_empty(r, 404);
    th__request_done(r);
}

static const th__handler handlers[] = {
    [TH_ROUTE_NONE] = not_found,
    [TH_ROUTE_START] = th__start,
    [TH_ROUTE_SIGNAL_START] = th__signal_start,
    [TH_ROUTE_STATUS] = th__status,
    [TH_ROUTE_LIST] = th__list,
    [TH_ROUTE_PURGE] = th__purge,
    [TH_ROUTE_PURGE_MANY] = th__purge_many,
    [TH_ROUTE_RAISE] = th__signal,
    [TH_ROUTE_TERMINATE] = th__signal,
    [TH_ROUTE_SUSPEND] = th__signal,
    [TH_ROUTE_RESUME] = th__signal,
    [TH_ROUTE_REWIND] = th__signal,
    [TH_ROUTE_RESTART] = th__restart,
    [TH_ROUTE_EXPLAIN] = th__operate,
    [TH_ROUTE_HUB] = th__operate,
    [TH_ROUTE_HUB_PAUSE] = th__operate,
    [TH_ROUTE_HUB_RESUME] = th__operate,
    [TH_ROUTE_AUDIT] = th__operate,
    [TH_ROUTE_ITEMS] = th__operate,
    [TH_ROUTE_ITEM_RETRY] = th__operate,
    [TH_ROUTE_ITEM_FAIL] = th__operate,
    [TH_ROUTE_ENTITIES] = th__entities,
    [TH_ROUTE_MAKEPRIMARY] = makeprimary,
    [TH_ROUTE_SCHEDULES] = th__schedules,
    [TH_ROUTE_SCHEDULE] = th__schedules,
    [TH_ROUTE_SCHEDULE_PUT] = th__schedules,
    [TH_ROUTE_SCHEDULE_DROP] = th__schedules,
    [TH_ROUTE_OPENAPI] = openapi,
};

static bool needs_hub(th_route_id id)
{
    return id != TH_ROUTE_NONE && id != TH_ROUTE_MAKEPRIMARY && id != TH_ROUTE_OPENAPI;
}

static void below_base(th__request *r, const char *path)
{
    if (!r->port->is_rpc && (r->verb == TH_VERB_HEAD || r->verb == TH_VERB_OTHER)) {
        /* Other verbs never reach the API: its host's router turns them away. */
        th__answer_empty(r, 405);
        return;
    }
    r->route = th_router_match(r->arena, r->verb, path);
    if (needs_hub(r->route.id))
        th__hub_then(r, handlers[r->route.id]);
    else
        handlers[r->route.id](r);
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

/* The path of a trigger that answers such requests; NULL: there is none. */
static const char *trigger_path(const th__request *r, th_trigger_level *level)
{
    const th_triggers *triggers = r->server->options.triggers;
    const char *path = triggers ? below_prefix(r) : NULL;

    return path && triggers->find(triggers->self, r->method, path, level) ? path : NULL;
}

static bool try_triggers(th__request *r)
{
    th_trigger_level level;
    const char *path = trigger_path(r, &level);

    if (path)
        th__trigger(r, path);
    return path != NULL;
}

typedef struct admin_page {
    const char *path;
    th__handler handler;
    th_door door;
} admin_page;

static const admin_page *admin_page_of(const th__request *r)
{
    static const admin_page pages[] = {
        { "/health", th__health, TH_DOOR_OPEN },
        { "/readiness", th__readiness, TH_DOOR_OPEN },
        { "/metrics", th__metrics, TH_DOOR_METRICS },
    };

    if (r->verb != TH_VERB_GET && r->verb != TH_VERB_HEAD)
        return NULL;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].path, r->query.path) == 0)
            return &pages[i];
    return NULL;
}

/* Of what is not there no key is asked, but where apps have routes of their own. */
static th_door trigger_door(const th__request *r)
{
    static const th_door doors[] = { [TH_TRIGGER_OPEN] = TH_DOOR_OPEN,
                                     [TH_TRIGGER_FUNCTION] = TH_DOOR_STARTER,
                                     [TH_TRIGGER_MASTER] = TH_DOOR_ADMIN };
    th_trigger_level level;

    if (r->server->options.starter_count && below_prefix(r))
        return TH_DOOR_STARTER;
    return trigger_path(r, &level) ? doors[level] : TH_DOOR_OPEN;
}

/* In the order of th__dispatch. Below a door there is no path that opens without its key. */
th_door th__dispatch_door(th__request *r)
{
    const admin_page *page = admin_page_of(r);

    if (page)
        return page->door;
    const char *path = th_router_below_base(r->query.path);
    if (path)
        return th_router_is_admin(path) ? TH_DOOR_ADMIN : TH_DOOR_WEBHOOK;
    return trigger_door(r);
}

static void stopping(th__request *r)
{
    static const char text[] = "The service is stopping";

    th__answer_error(r, 503, text, text, "System.OperationCanceledException");
}

/* The API, and nothing else of what the public door has. */
static void by_rpc(th__request *r)
{
    const char *path = th__rpc_below(r->query.path), *stranger = th__rpc_stranger(r);

    if (stranger)
        th__answer_error(r, 403, "Forbidden", stranger, "System.UnauthorizedAccessException");
    else if (atomic_load(&r->server->draining))
        stopping(r);
    else if (path)
        below_base(r, path);
    else
        not_found(r);
}

void th__dispatch(th__request *r)
{
    const char *path = th_router_below_base(r->query.path);
    const admin_page *page = admin_page_of(r);

    if (r->port->is_rpc)
        by_rpc(r);
    else if (page)
        page->handler(r);
    else if (atomic_load(&r->server->draining))
        stopping(r);
    else if (path)
        below_base(r, path);
    else if (!try_starters(r) && !try_triggers(r))
        not_found(r);
}
