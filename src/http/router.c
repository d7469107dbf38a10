#include "http/router.h"

#include <string.h>
#include <strings.h>

#define MAX_SEGMENTS 16

typedef struct segments {
    const char *at[MAX_SEGMENTS];
    size_t len[MAX_SEGMENTS];
    size_t count;
} segments;

typedef struct row {
    th_verb verb;
    const char *template; /* "*": any segment */
    th_route_id id;
} row;

static const row rows[] = {
    { TH_VERB_GET, "instances/*", TH_ROUTE_STATUS },
    { TH_VERB_POST, "orchestrators/*", TH_ROUTE_START },
    { TH_VERB_POST, "orchestrators/*/*", TH_ROUTE_START },
    { TH_VERB_POST, "orchestrators/*/*/raiseEvent/*", TH_ROUTE_SIGNAL_START },
    { TH_VERB_GET, "instances", TH_ROUTE_LIST },
    { TH_VERB_DELETE, "instances/*", TH_ROUTE_PURGE },
    { TH_VERB_DELETE, "instances", TH_ROUTE_PURGE_MANY },
    { TH_VERB_POST, "instances/*/raiseEvent/*", TH_ROUTE_RAISE },
    { TH_VERB_POST, "instances/*/terminate", TH_ROUTE_TERMINATE },
    { TH_VERB_POST, "instances/*/suspend", TH_ROUTE_SUSPEND },
    { TH_VERB_POST, "instances/*/resume", TH_ROUTE_RESUME },
    { TH_VERB_POST, "instances/*/rewind", TH_ROUTE_REWIND },
    { TH_VERB_POST, "instances/*/restart", TH_ROUTE_RESTART },
    { TH_VERB_GET, "instances/*/explain", TH_ROUTE_EXPLAIN },
    { TH_VERB_POST, "entities", TH_ROUTE_ENTITIES },
    { TH_VERB_POST, "entities/*", TH_ROUTE_ENTITIES },
    { TH_VERB_POST, "entities/*/*", TH_ROUTE_ENTITIES },
    { TH_VERB_DELETE, "entities/*", TH_ROUTE_ENTITIES },
    { TH_VERB_DELETE, "entities/*/*", TH_ROUTE_ENTITIES },
    { TH_VERB_GET, "entities", TH_ROUTE_ENTITIES },
    { TH_VERB_GET, "entities/*", TH_ROUTE_ENTITIES },
    { TH_VERB_GET, "entities/*/*", TH_ROUTE_ENTITIES },
    { TH_VERB_GET, "admin/hub", TH_ROUTE_HUB },
    { TH_VERB_POST, "admin/hub/pause", TH_ROUTE_HUB_PAUSE },
    { TH_VERB_POST, "admin/hub/resume", TH_ROUTE_HUB_RESUME },
    { TH_VERB_GET, "admin/audit", TH_ROUTE_AUDIT },
    { TH_VERB_GET, "admin/items", TH_ROUTE_ITEMS },
    { TH_VERB_POST, "admin/items/*/retry", TH_ROUTE_ITEM_RETRY },
    { TH_VERB_POST, "admin/items/*/*/retry", TH_ROUTE_ITEM_RETRY },
    { TH_VERB_POST, "admin/items/*/*/fail", TH_ROUTE_ITEM_FAIL },
    { TH_VERB_ANY, "makeprimary", TH_ROUTE_MAKEPRIMARY },
    { TH_VERB_GET, "schedules", TH_ROUTE_SCHEDULES },
    { TH_VERB_GET, "schedules/*", TH_ROUTE_SCHEDULE },
    { TH_VERB_PUT, "schedules/*", TH_ROUTE_SCHEDULE_PUT },
    { TH_VERB_DELETE, "schedules/*", TH_ROUTE_SCHEDULE_DROP },
    { TH_VERB_GET, "openapi.json", TH_ROUTE_OPENAPI },
};

static const struct {
    const char *method;
    th_verb verb;
} verbs[] = {
    { "GET", TH_VERB_GET }, { "POST", TH_VERB_POST },       { "DELETE", TH_VERB_DELETE },
    { "PUT", TH_VERB_PUT }, { "OPTIONS", TH_VERB_OPTIONS }, { "HEAD", TH_VERB_HEAD },
};

th_verb th_verb_parse(const char *method)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].method, method) == 0)
            return verbs[i].verb;
    return TH_VERB_OTHER;
}

const char *th_router_below_base(const char *path)
{
    static const char parents[] = "/runtime/webhooks/";
    static const char last[] = "durabletask";
    const char *rest;

    if (strncmp(path, parents, sizeof parents - 1) != 0)
        return NULL;
    rest = path + sizeof parents - 1;
    if (strncasecmp(rest, last, sizeof last - 1) != 0)
        return NULL;
    rest += sizeof last - 1;
    return *rest == '\0' || *rest == '/' ? rest : NULL;
}

bool th_router_is_admin(const char *path)
{
    path += strspn(path, "/");
    return strncasecmp(path, "admin", 5) == 0;
}

/* Splits n bytes at slashes; false: an empty segment inside, or more of them than any route has. */
static bool split(const char *path, size_t n, segments *out)
{
    const char *end = path + n;

    out->count = 0;
    while (path < end) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const char *stop = slash ? slash : end;
        if (stop == path || out->count == MAX_SEGMENTS)
            return false;
        out->at[out->count] = path;
        out->len[out->count++] = (size_t)(stop - path);
        path = slash ? slash + 1 : end;
    }
    return true;
}

static bool split_path(const char *path, segments *out)
{
    size_t n;

    path += strspn(path, "/");
    n = strlen(path);
    while (n && path[n - 1] == '/')
        n--;
    return split(path, n, out);
}

static bool literal_equal(const segments *path, const segments *template, size_t i)
{
    return path->len[i] == template->len[i] &&
           strncasecmp(path->at[i], template->at[i], path->len[i]) == 0;
}

static bool is_star(const segments *template, size_t i)
{
    return template->len[i] == 1 && template->at[i][0] == '*';
}

static bool row_matches(const row *r, const segments *path, segments *template)
{
    if (!split(r->template, strlen(r->template), template) || template->count != path->count)
        return false;
    for (size_t i = 0; i < path->count; i++)
        if (!is_star(template, i) && !literal_equal(path, template, i))
            return false;
    return true;
}

static th_route take_args(th_arena *arena, const row *r, const segments *path,
                          const segments *template)
{
    th_route route = { .id = r->id };
    size_t n = 0;

    for (size_t i = 0; i < path->count; i++)
        if (is_star(template, i) && n < TH_ROUTE_ARGS)
            route.args[n++] = th_strndup(arena, path->at[i], path->len[i]);
    return route;
}

th_route th_router_match(th_arena *arena, th_verb verb, const char *path)
{
    segments found, template;

    if (!split_path(path, &found) || found.count == 0)
        return (th_route){ .id = TH_ROUTE_NONE };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((rows[i].verb == verb || rows[i].verb == TH_VERB_ANY) &&
            row_matches(&rows[i], &found, &template))
            return take_args(arena, &rows[i], &found, &template);
    return (th_route){ .id = TH_ROUTE_NONE };
}

bool th_router_row(size_t i, th_verb *verb, const char **template)
{
    if (i >= sizeof rows / sizeof *rows)
        return false;
    *verb = rows[i].verb;
    *template = rows[i].template;
    return true;
}

static bool is_placeholder(const segments *template, size_t i)
{
    return template->at[i][0] == '{' && template->at[i][template->len[i] - 1] == '}';
}

static bool is_name(const segments *template, size_t i)
{
    return template->len[i] == 6 && strncasecmp(template->at[i], "{name}", 6) == 0;
}

static const char *segment_problem(const segments *template, size_t i)
{
    if (is_placeholder(template, i))
        return template->len[i] < 3 ? "has a placeholder without a name" : NULL;
    if (memchr(template->at[i], '{', template->len[i]) ||
        memchr(template->at[i], '}', template->len[i]))
        return "has a brace that is not around a whole segment";
    return NULL;
}

const char *th_template_problem(const char *template, bool needs_name)
{
    segments parts;
    size_t names = 0;

    if (!split_path(template, &parts))
        return "has an empty segment or more than 16";
    if (parts.count == 0)
        return "is empty";
    for (size_t i = 0; i < parts.count; i++) {
        const char *problem = segment_problem(&parts, i);
        if (problem)
            return problem;
        names += is_name(&parts, i);
    }
    if (names > 1)
        return "has more than one {name}";
    return needs_name && names == 0 ? "has no {name}, and names no orchestrator either" : NULL;
}

bool th_template_match(th_arena *arena, const char *template, const char *path, const char **name)
{
    segments parts, found;

    *name = NULL;
    if (!split_path(template, &parts) || !split_path(path, &found) || parts.count != found.count)
        return false;
    for (size_t i = 0; i < parts.count; i++) {
        if (is_name(&parts, i))
            *name = th_strndup(arena, found.at[i], found.len[i]);
        else if (!is_placeholder(&parts, i) && !literal_equal(&found, &parts, i))
            return false;
    }
    return true;
}
