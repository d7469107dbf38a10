/*
 * router.h - method and decoded path to a route, by one table; templates of starters.
 *
 * Literals match in any case, slashes at both ends don't count, an empty inner segment matches
 * nothing, and neither does a known path with another verb.
 */
#ifndef TH_HTTP_ROUTER_H
#define TH_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef enum th_verb {
    TH_VERB_GET,
    TH_VERB_PUT,
    TH_VERB_POST,
    TH_VERB_DELETE,
    TH_VERB_OPTIONS,
    TH_VERB_HEAD,
    TH_VERB_OTHER,
    TH_VERB_ANY /* in the table only */
} th_verb;

typedef enum th_route_id {
    TH_ROUTE_NONE, /* 404 */
    TH_ROUTE_START,
    TH_ROUTE_SIGNAL_START,
    TH_ROUTE_STATUS,
    TH_ROUTE_LIST,
    TH_ROUTE_PURGE,
    TH_ROUTE_PURGE_MANY,
    TH_ROUTE_RAISE,
    TH_ROUTE_TERMINATE,
    TH_ROUTE_SUSPEND,
    TH_ROUTE_RESUME,
    TH_ROUTE_REWIND,
    TH_ROUTE_RESTART,
    TH_ROUTE_EXPLAIN,
    TH_ROUTE_HUB,
    TH_ROUTE_HUB_PAUSE,
    TH_ROUTE_HUB_RESUME,
    TH_ROUTE_AUDIT,
    TH_ROUTE_ITEMS,
    TH_ROUTE_ITEM_RETRY,
    TH_ROUTE_ITEM_FAIL,
    TH_ROUTE_ENTITIES,
    TH_ROUTE_MAKEPRIMARY,
    TH_ROUTE_SCHEDULES,
    TH_ROUTE_SCHEDULE,
    TH_ROUTE_SCHEDULE_PUT,
    TH_ROUTE_SCHEDULE_DROP,
    TH_ROUTE_OPENAPI,
} th_route_id;

#define TH_ROUTE_ARGS 3

typedef struct th_route {
    th_route_id id;
    const char *args[TH_ROUTE_ARGS]; /* the variable segments in order; NULL: not there */
} th_route;

#define TH_HTTP_BASE "/runtime/webhooks/durabletask"

th_verb th_verb_parse(const char *method); /* methods are case-sensitive */

/*
 * The part of path after the base path ("" or what begins with "/"), NULL if path is not below it.
 * The base's last segment matches in any case.
 */
const char *th_router_below_base(const char *path);

/* Whether a path below the base begins with "admin": no route that does so has another door. */
bool th_router_is_admin(const char *path);

/* Route of a path below the base. Arguments live in arena. */
th_route th_router_match(th_arena *arena, th_verb verb, const char *path);

/* The table, row by row; "*" in a template is any segment. False: there is no row i. A route that
 * is added to it is described in openapi.json too. */
bool th_router_row(size_t i, th_verb *verb, const char **template);

/*
 * A starter's template, segments of literals and "{name}" placeholders. NULL: fine; else a phrase
 * that says what is wrong with it. needs_name: one placeholder must be {name}.
 */
const char *th_template_problem(const char *template, bool needs_name);

/* Whether path (without its prefix) fits; *name is what stands at {name}, or NULL. */
bool th_template_match(th_arena *arena, const char *template, const char *path, const char **name);

#endif
