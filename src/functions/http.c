/*
 * http.c - HTTP triggers: a request becomes a call, what the function returns becomes the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "functions/functions_int.h"
#include "functions/route.h"
#include "functions/trigger_answer.h"

typedef struct visit {
    th__call call; /* first */
    th_functions *functions;
    const th__function *f;
    char *origin; /* of the page that asks; NULL: it is of none, or of no account */
    th_trigger_done done;
    void *arg;
} visit;

/* ---- routes -----------------------------------------------------------------------------------
 */

static bool takes_method(const th__function *f, const char *method)
{
    if (!f->methods)
        return true;
    for (size_t i = 0; f->methods[i]; i++)
        if (strcasecmp(f->methods[i], method) == 0)
            return true;
    return false;
}

/* method NULL: any. */
static const th__function *route_of(th_functions *functions, th_arena *arena, const char *method,
                                    const char *path, th__route_params *params)
{
    for (size_t i = 0; i < functions->route_count; i++) {
        const th__function *f = functions->routes[i];
        if ((!method || takes_method(f, method)) && th__route_match(arena, f->route, path, params))
            return f;
    }
    return NULL;
}

/* With CORS such requests are the host's to answer, without a key and for any method. */
static bool is_preflight(const th_functions *functions, const char *method)
{
    return functions->cors.origins && strcmp(method, "OPTIONS") == 0;
}

static bool find(void *self, const char *method, const char *path, th_trigger_level *level)
{
    static const th_trigger_level levels[] = { [TH__ANONYMOUS] = TH_TRIGGER_OPEN,
                                               [TH__FUNCTION_KEY] = TH_TRIGGER_FUNCTION,
                                               [TH__ADMIN_KEY] = TH_TRIGGER_MASTER };
    th_arena *arena = th_arena_new(1024);
    bool asks = is_preflight(self, method);
    const th__function *f = route_of(self, arena, asks ? NULL : method, path, NULL);

    if (f)
        *level = asks ? TH_TRIGGER_OPEN : levels[f->auth];
    th_arena_free(arena);
    return f != NULL;
}

static int compare_routes(const void *a, const void *b)
{
    const th__function *const *x = a, *const *y = b;
    int order = th__route_compare((*x)->route, (*y)->route);

    if (order)
        return order;
    return *x < *y ? -1 : 1; /* as the app lists them */
}

/* ---- the request ------------------------------------------------------------------------------
 */

static void put_map(th_buf *out, const char *key, const th_trigger_pair *pairs, size_t n)
{
    th_buf_printf(out, ",\"%s\":{", key);
    for (size_t i = 0; i < n; i++) {
        if (i)
            th_buf_chr(out, ',');
        th_buf_json_str(out, pairs[i].name);
        th_buf_chr(out, ':');
        th_buf_json_str(out, pairs[i].value);
    }
    th_buf_chr(out, '}');
}

static void put_params(th_buf *out, const th__route_params *params)
{
    th_trigger_pair pairs[TH__ROUTE_SEGMENTS];

    for (size_t i = 0; i < params->count; i++)
        pairs[i] = (th_trigger_pair){ params->names[i], params->values[i] };
    put_map(out, "params", pairs, params->count);
}

static void put_body(th_buf *out, const th_trigger_request *request)
{
    th_buf_str(out, ",\"body\":{");
    if (request->body_len) {
        th_buf_str(out, "\"bytes\":\"");
        th_base64_encode(out, request->body, request->body_len);
        th_buf_chr(out, '"');
    }
    th_buf_chr(out, '}');
}

static void put_request(th_buf *out, const th_trigger_request *request,
                        const th__route_params *params)
{
    th_buf_str(out, "{\"http\":{\"method\":");
    th_buf_json_str(out, request->method);
    th_buf_str(out, ",\"url\":");
    th_buf_json_str(out, request->url);
    put_map(out, "headers", request->headers, request->header_count);
    put_map(out, "query", request->query, request->query_count);
    put_params(out, params);
    put_body(out, request);
    th_buf_str(out, "}}");
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* The output named by the function's HTTP binding, else what it returned. */
static const json_t *value_of(const visit *v, const th__outcome *outcome)
{
    const char *name = v->f->http_out;

    for (size_t i = 0; name && i < json_array_size(outcome->outputs); i++) {
        const json_t *output = json_array_get(outcome->outputs, i);
        const char *of = json_string_value(json_object_get(output, "name"));
        if (of && strcmp(of, name) == 0)
            return json_object_get(output, "data");
    }
    return outcome->value;
}

static th_trigger_answer failed(const visit *v, int status, const char *why)
{
    th_log(TH_LOG_ERROR, TH_EV_HTTP_ERROR, NULL, "function '%s' failed: %s", v->f->name, why);
    return (th_trigger_answer){ .status = status };
}

static void answered(th__call *call, const th__outcome *outcome)
{
    visit *v = (visit *)call;
    th_arena *arena = th_arena_new(0);
    th_trigger_answer answer;
    th_error err = { 0 };

    if (outcome->end == TH__LOST)
        answer = failed(v, 502, outcome->message);
    else if (outcome->end == TH__LATE)
        answer = failed(v, 504, outcome->message);
    else if (outcome->end == TH__THREW)
        answer = failed(v, 500, outcome->message);
    else if (th__trigger_answer(arena, value_of(v, outcome), &answer, &err) != TH_OK)
        answer = failed(v, 500, err.text);
    th__cors_answer(arena, &v->functions->cors, v->origin, &answer);
    v->done(v->arg, &answer);
    th_arena_free(arena);
    th__call_clear(call);
    free(v->origin);
    free(v);
}

static char *origin_of(const th_trigger_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, "origin") == 0)
            return th_mstrdup(request->headers[i].value);
    return NULL;
}

static void tell_page(th_functions *functions, const th_trigger_request *request,
                      th_trigger_done done, void *arg)
{
    th_arena *arena = th_arena_new(0);
    th_trigger_answer answer;

    th__cors_preflight(arena, &functions->cors, request, &answer);
    done(arg, &answer);
    th_arena_free(arena);
}

static void call(void *self, const th_trigger_request *request, th_trigger_done done, void *arg)
{
    th_functions *functions = self;

    if (is_preflight(functions, request->method)) {
        tell_page(functions, request, done, arg);
        return;
    }
    th_arena *arena = th_arena_new(0);
    th__route_params params;
    const th__function *f = route_of(functions, arena, request->method, request->path, &params);

    if (!f || !th__can_call(functions, f)) {
        th_trigger_answer answer = { .status = f ? 503 : 404 };
        done(arg, &answer);
        th_arena_free(arena);
        return;
    }
    visit *v = th_malloc(sizeof *v);
    v->functions = functions;
    v->f = f;
    v->origin = functions->cors.origins ? origin_of(request) : NULL;
    v->done = done;
    v->arg = arg;
    v->call.done = answered;
    if (functions->timeout_us)
        v->call.deadline_us = th_mono_us() + functions->timeout_us;
    th__call_begin(&v->call, f);
    put_request(th__call_raw(&v->call, f->parameter), request, &params);
    th__put_clients(functions, &v->call, f);
    th__call_end(&v->call, NULL, NULL);
    th_arena_free(arena);
    th__crew_submit(functions->crew, &v->call);
}

void th__http_open(th_functions *functions)
{
    const th__table *table = functions->table;

    functions->routes = th_new(functions->arena, const th__function *, table->count + 1);
    for (size_t i = 0; i < table->count; i++)
        if (table->functions[i].trigger == TH__HTTP)
            functions->routes[functions->route_count++] = &table->functions[i];
    if (functions->route_count)
        qsort(functions->routes, functions->route_count, sizeof *functions->routes, compare_routes);
    functions->triggers = (th_triggers){ .self = functions, .find = find, .call = call };
}
