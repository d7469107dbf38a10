#include "runtime/app.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/entity_id.h"

enum { ROUTE_MAX = 1024 };

/* ---- registering ----------------------------------------------------------------------------- */

static void add_function(th_app *app, const char *what, th__names *names, th__named named)
{
    const char *problem = th__name_problem(named.name), *name = named.name;

    if (problem)
        th_fail(app->err, TH_CONFIG, "app '%s': the name of %s %s", app->name, what, problem);
    else if (strncasecmp(name, "BuiltIn::", 9) == 0)
        th_fail(app->err, TH_CONFIG,
                "app '%s': the name of %s must not begin with BuiltIn::", app->name, what);
    else if (!named.fn)
        th_fail(app->err, TH_CONFIG, "app '%s': %s '%s' has no function", app->name, what, name);
    else {
        named.name = th_strdup(app->arena, named.name);
        named.version = th_strdup(app->arena, named.version);
        th__names_add(names, &named);
    }
}

void th_add_orchestrator(th_app *app, const char *name, th_orch_fn *fn)
{
    add_function(app, "an orchestrator", &app->orchestrators,
                 (th__named){ .name = name, .fn = (void (*)(void))fn });
}

void th_add_orchestrator_version(th_app *app, const char *name, const char *version, th_orch_fn *fn)
{
    const char *problem = th__name_problem(version);

    if (problem)
        th_fail(app->err, TH_CONFIG, "app '%s': the version of orchestrator '%s' %s", app->name,
                name ? name : "", problem);
    else
        add_function(app, "an orchestrator", &app->orchestrators,
                     (th__named){ .name = name, .version = version, .fn = (void (*)(void))fn });
}

void th_add_activity(th_app *app, const char *name, th_activity_fn *fn)
{
    th_add_activity_with(app, name, fn, NULL);
}

void th_add_activity_with(th_app *app, const char *name, th_activity_fn *fn,
                          const th_activity_options *options)
{
    int64_t timeout = options ? options->timeout : 0;

    if (timeout < 0 && timeout != TH_NO_TIMEOUT)
        th_fail(app->err, TH_CONFIG, "app '%s': the timeout of activity '%s' is negative",
                app->name, name ? name : "");
    else
        add_function(app, "an activity", &app->activities,
                     (th__named){ .name = name, .fn = (void (*)(void))fn, .timeout_us = timeout });
}

void th_add_entity(th_app *app, const char *name, th_entity_fn *fn)
{
    const char *problem = name && *name ? th_entity_id_problem(name, "") : NULL;

    if (problem)
        th_fail(app->err, TH_CONFIG, "app '%s': an entity's %s", app->name, problem);
    else
        add_function(app, "an entity", &app->entities,
                     (th__named){ .name = name, .fn = (void (*)(void))fn });
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* One segment: plain characters of a path, or a name in braces. */
static bool good_segment(const char *s, size_t n)
{
    bool braces = n > 0 && s[0] == '{';
    size_t from = braces, to = braces ? n - 1 : n;

    if (n == 0 || (braces && (n < 3 || s[n - 1] != '}')))
        return false;
    for (size_t i = from; i < to; i++)
        if ((unsigned char)s[i] <= 0x20 || s[i] == 0x7F || strchr("{}?#%\\", s[i]))
            return false;
    return true;
}

static const char *route_problem(const char *route, const char *orchestrator)
{
    bool named = false;

    if (!route || !*route)
        return "has no route";
    if (strlen(route) > ROUTE_MAX)
        return "has a route of more than 1024 bytes";
    for (const char *p = route; *p;) {
        size_t n = strcspn(p, "/");
        if (!good_segment(p, n))
            return "has a route whose parts are not plain text or a name in braces";
        named = named || (n == 6 && memcmp(p, "{name}", 6) == 0);
        p += n;
        if (*p == '/' && !*++p)
            return "has a route that ends with a slash";
    }
    return orchestrator || named ? NULL
                                 : "has neither an orchestrator nor a {name} part in its route";
}

static void push_starter(th__starters *starters, th_starter starter)
{
    if (starters->count == starters->cap) {
        starters->cap = starters->cap ? starters->cap * 2 : 4;
        starters->list = th_realloc(starters->list, starters->cap * sizeof *starters->list);
    }
    starters->list[starters->count++] = starter;
}

void th_add_starter(th_app *app, const char *route, const char *orchestrator)
{
    const char *problem;

    if (route && *route == '/')
        route++;
    problem = route_problem(route, orchestrator);
    if (!problem && orchestrator)
        problem = th__name_problem(orchestrator) ? "names no good orchestrator" : NULL;
    if (problem) {
        th_fail(app->err, TH_CONFIG, "app '%s': the starter '%s' %s", app->name, route ? route : "",
                problem);
        return;
    }
    push_starter(&app->starters, (th_starter){ th_strdup(app->arena, route),
                                               th_strdup(app->arena, orchestrator), app->name });
}

/* ---- apps together --------------------------------------------------------------------------- */

static void join_names(th__names *out, const th__names *a, const th__names *b)
{
    for (size_t i = 0; i < a->count; i++)
        th__names_add(out, &a->list[i]);
    for (size_t i = 0; i < b->count; i++)
        th__names_add(out, &b->list[i]);
    th__names_sort(out);
}

static const th_starter *starter_of(const th__starters *starters, const char *route)
{
    for (size_t i = 0; i < starters->count; i++)
        if (th__name_compare(starters->list[i].route, route) == 0)
            return &starters->list[i];
    return NULL;
}

/* Two apps may both ask for "orchestrators/{name}": it is the same starter. */
static bool same_start(const th_starter *a, const th_starter *b)
{
    if (!a->orchestrator || !b->orchestrator)
        return a->orchestrator == b->orchestrator;
    return th__name_compare(a->orchestrator, b->orchestrator) == 0;
}

static void join_starters(th__starters *out, const th__starters *from, const char **twice)
{
    for (size_t i = 0; i < from->count; i++) {
        const th_starter *there = starter_of(out, from->list[i].route);
        if (!there)
            push_starter(out, from->list[i]);
        else if (!same_start(there, &from->list[i]))
            *twice = from->list[i].route;
    }
}

/* Gives a route that two starters want for different orchestrators, or NULL. */
static const char *join(struct th_app *out, const struct th_app *a, const struct th_app *b)
{
    const char *twice = NULL;

    join_names(&out->orchestrators, &a->orchestrators, &b->orchestrators);
    join_names(&out->activities, &a->activities, &b->activities);
    join_names(&out->entities, &a->entities, &b->entities);
    join_starters(&out->starters, &a->starters, &twice);
    join_starters(&out->starters, &b->starters, &twice);
    return twice;
}

static th_rc check_twice(const struct th_app *all, const char *route, const char *name,
                         th_error *err)
{
    const char *twice;

    if ((twice = th__names_twice(&all->orchestrators)))
        return th_fail(err, TH_CONFIG, "app '%s': the orchestrator '%s' is there already", name,
                       twice);
    if ((twice = th__names_twice(&all->activities)))
        return th_fail(err, TH_CONFIG, "app '%s': the activity '%s' is there already", name, twice);
    if ((twice = th__names_twice(&all->entities)))
        return th_fail(err, TH_CONFIG, "app '%s': the entity '%s' is there already", name, twice);
    if (route)
        return th_fail(err, TH_CONFIG,
                       "app '%s': the route '%s' starts another orchestrator already", name, route);
    return TH_OK;
}

th_rc th__app_merge(struct th_app *to, const struct th_app *from, th_error *err)
{
    struct th_app all = { .name = to->name, .arena = to->arena };
    const char *route = join(&all, to, from);

    th_rc rc = check_twice(&all, route, from->name, err);
    if (rc != TH_OK) {
        th__app_clear(&all);
        return rc;
    }
    th__app_clear(to);
    *to = all;
    return TH_OK;
}

void th__app_clear(struct th_app *app)
{
    th__names_free(&app->orchestrators);
    th__names_free(&app->activities);
    th__names_free(&app->entities);
    free(app->starters.list);
    app->starters = (th__starters){ 0 };
}
