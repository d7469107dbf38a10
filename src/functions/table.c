/*
 * table.c - see table.h.
 */
#include "functions/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "functions/route.h"

enum { MAX_FUNCTIONS = 10000, MAX_NAME = 256 };

static const char *const trigger_names[] = {
    [TH__HTTP] = "httpTrigger",         [TH__ORCHESTRATION] = "orchestrationTrigger",
    [TH__ACTIVITY] = "activityTrigger", [TH__ENTITY] = "entityTrigger",
    [TH__TIMER] = "timerTrigger",
};

const char *th__trigger_name(th__trigger trigger)
{
    return trigger_names[trigger];
}

/* What is being read, and where complaints go. */
typedef struct reader {
    th_arena *arena;
    th__function *f;
    bool triggered;
    th_error *err;
} reader;

static const char *text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static th_rc complain(reader *r, const char *what, const char *detail)
{
    return th_fail(r->err, TH_CONFIG, "function '%.256s': %s%.200s", r->f->name, what,
                   detail ? detail : "");
}

/* ---- bindings -------------------------------------------------------------------------------- */

static const char *trimmed(th_arena *arena, const char *route)
{
    size_t n;

    route += strspn(route, "/");
    for (n = strlen(route); n && route[n - 1] == '/'; n--)
        ;
    return th_strndup(arena, route, n);
}

static const char *upper(th_arena *arena, const char *text)
{
    char *copy = th_strdup(arena, text);

    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}

static th_rc read_methods(reader *r, const json_t *list)
{
    size_t n = json_array_size(list);
    const char **methods;

    if (n == 0)
        return TH_OK;
    methods = th_new(r->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *method = json_string_value(json_array_get(list, i));
        if (!method)
            return complain(r, "'methods' must be a list of names", NULL);
        methods[i] = upper(r->arena, method);
    }
    r->f->methods = methods;
    return TH_OK;
}

static th_rc read_auth(reader *r, const char *level)
{
    static const struct {
        const char *name;
        th__auth auth;
    } levels[] = { { "anonymous", TH__ANONYMOUS },
                   { "function", TH__FUNCTION_KEY },
                   { "admin", TH__ADMIN_KEY } };

    r->f->auth = TH__FUNCTION_KEY;
    if (!level)
        return TH_OK;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcasecmp(levels[i].name, level) != 0)
            continue;
        r->f->auth = levels[i].auth;
        return TH_OK;
    }
    return complain(r, "'authLevel' must be anonymous, function or admin, not ", level);
}

static th_rc read_http(reader *r, const json_t *binding)
{
    const char *route = text_of(binding, "route");
    const char *problem;

    r->f->route = trimmed(r->arena, route ? route : r->f->name);
    problem = th__route_problem(r->f->route);
    if (problem)
        return complain(r, "its route ", problem);
    th_rc rc = read_auth(r, text_of(binding, "authLevel"));
    return rc == TH_OK ? read_methods(r, json_object_get(binding, "methods")) : rc;
}

static const char *lower(th_arena *arena, const char *text)
{
    char *copy = th_strdup(arena, text);

    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static th_rc read_timer(reader *r, const json_t *binding)
{
    const char *schedule = text_of(binding, "schedule");

    if (!schedule)
        return complain(r, "its timer has no 'schedule'", NULL);
    r->f->schedule = th_strdup(r->arena, schedule);
    r->f->no_monitor = json_is_false(json_object_get(binding, "useMonitor"));
    r->f->on_startup = json_is_true(json_object_get(binding, "runOnStartup"));
    return TH_OK;
}

static th_rc read_trigger(reader *r, th__trigger trigger, const json_t *binding)
{
    static const char *const keys[] = { [TH__ORCHESTRATION] = "orchestration",
                                        [TH__ACTIVITY] = "activity",
                                        [TH__ENTITY] = "entityName",
                                        [TH__TRIGGERS] = NULL };
    const char *name = keys[trigger] ? text_of(binding, keys[trigger]) : NULL;

    if (r->triggered)
        return complain(r, "it has more than one trigger", NULL);
    r->triggered = true;
    r->f->trigger = trigger;
    r->f->parameter = th_strdup(r->arena, text_of(binding, "name"));
    r->f->durable_name = th_strdup(r->arena, name && *name ? name : r->f->name);
    if (trigger == TH__ENTITY)
        r->f->durable_name = lower(r->arena, r->f->durable_name);
    if (strlen(r->f->durable_name) > MAX_NAME)
        return complain(r, "its name is longer than 256 bytes", NULL);
    if (trigger == TH__HTTP)
        return read_http(r, binding);
    return trigger == TH__TIMER ? read_timer(r, binding) : TH_OK;
}

static th_rc read_binding(reader *r, const json_t *binding)
{
    const char *type = text_of(binding, "type"), *name = text_of(binding, "name");
    const char *direction = text_of(binding, "direction");

    if (!type || !name || !*name)
        return complain(r, "a binding has no 'type' or no 'name'", NULL);
    for (int i = 0; i < TH__TRIGGERS; i++)
        if (strcasecmp(type, trigger_names[i]) == 0)
            return read_trigger(r, (th__trigger)i, binding);
    if (strcasecmp(type, "durableClient") == 0) {
        r->f->clients[r->f->client_count++] = th_strdup(r->arena, name);
        return TH_OK;
    }
    if (strcasecmp(type, "http") == 0 && direction && strcasecmp(direction, "out") == 0) {
        r->f->http_out = th_strdup(r->arena, name);
        return TH_OK;
    }
    return complain(r, "there is nothing here for a binding of type ", type);
}

static th_rc read_raw(reader *r, const json_t *text)
{
    json_t *binding = NULL;

    if (!json_is_string(text))
        return complain(r, "'raw_bindings' must be a list of JSON texts", NULL);
    th_rc rc = th_json_parse(json_string_value(text), json_string_length(text), 0, &binding, NULL);
    if (rc != TH_OK || !json_is_object(binding))
        rc = complain(r, "a binding is no JSON object", NULL);
    else
        rc = read_binding(r, binding);
    json_decref(binding);
    return rc;
}

/* ---- functions ------------------------------------------------------------------------------- */

static char *dumped(th_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *copy = th_strdup(arena, text ? text : "null");

    free(text);
    return copy;
}

static th_rc read_function(th_arena *arena, const json_t *result, th__function *f, th_error *err)
{
    reader r = { .arena = arena, .f = f, .err = err };
    const json_t *bindings = json_object_get(result, "raw_bindings");
    const char *name = text_of(result, "name"), *id = text_of(result, "function_id");
    size_t n = json_array_size(bindings);

    if (!name || !*name || !id || !*id)
        return th_fail(err, TH_CONFIG,
                       "the worker lists a function without 'name' or 'function_id'");
    f->name = th_strdup(arena, name);
    f->id = th_strdup(arena, id);
    f->metadata = dumped(arena, result);
    f->clients = th_new(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        th_rc rc = read_raw(&r, json_array_get(bindings, i));
        if (rc != TH_OK)
            return rc;
    }
    return r.triggered ? TH_OK : complain(&r, "it has no trigger", NULL);
}

static th_rc check_names(const th__table *table, th_error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const th__function *f = &table->functions[i];
        if (th__table_find(table, f->trigger, f->durable_name) != f)
            return th_fail(err, TH_CONFIG, "two functions of type %s are called '%.256s'",
                           trigger_names[f->trigger], f->durable_name);
    }
    return TH_OK;
}

th_rc th__table_read(th_arena *arena, const json_t *results, th__table *out, th_error *err)
{
    size_t n = json_array_size(results);

    if (n > MAX_FUNCTIONS)
        return th_fail(err, TH_CONFIG, "the app has %zu functions; at most %d are allowed", n,
                       MAX_FUNCTIONS);
    *out = (th__table){ .functions = th_new(arena, th__function, n + 1), .count = n };
    for (size_t i = 0; i < n; i++) {
        th_rc rc = read_function(arena, json_array_get(results, i), &out->functions[i], err);
        if (rc != TH_OK)
            return rc;
    }
    return check_names(out, err);
}

const th__function *th__table_find(const th__table *table, th__trigger trigger, const char *name)
{
    for (size_t i = 0; name && i < table->count; i++) {
        const th__function *f = &table->functions[i];
        if (f->trigger == trigger && strcasecmp(f->durable_name, name) == 0)
            return f;
    }
    return NULL;
}

const th__function *th__table_nth(const th__table *table, th__trigger trigger, size_t n)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->functions[i].trigger == trigger && n-- == 0)
            return &table->functions[i];
    return NULL;
}
