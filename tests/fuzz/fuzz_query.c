/*
 * fuzz_query.c - request targets: path, query string, routes, typed parameters, continuation
 * tokens.
 *
 * Whatever parses must hold what its readers rely on: valid UTF-8, a path that begins with a slash,
 * routes whose arguments are segments of that path.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/query.h"
#include "http/router.h"
#include "http/token.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_params(const th_query *query, th_arena *arena)
{
    int32_t n;
    double seconds;
    int64_t us;
    bool named;

    for (size_t i = 0; i < query->count; i++) {
        const char *value = th_query_text(query, arena, query->params[i].name);
        MUST(value && th_utf8_valid(value, strlen(value)));
        MUST(th_utf8_valid(query->params[i].name, strlen(query->params[i].name)));
        th_query_bool(query, arena, query->params[i].name, true);
        th_query_int(query, arena, query->params[i].name, &n);
        th_query_seconds(query, arena, query->params[i].name, &seconds);
        th_query_time(query, arena, query->params[i].name, &us);
    }
    MUST(th_query_statuses(query, arena, &named) < 1u << 8);
}

static void route(const th_query *query, th_arena *arena)
{
    const char *below = th_router_below_base(query->path), *name = NULL;

    for (int verb = TH_VERB_GET; verb <= TH_VERB_OTHER; verb++) {
        th_route found = th_router_match(arena, (th_verb)verb, below ? below : query->path);
        for (size_t i = 0; i < TH_ROUTE_ARGS && found.args[i]; i++)
            MUST(found.args[i][0] && !strchr(found.args[i], '/') &&
                 strstr(query->path, found.args[i]));
    }
    if (th_template_match(arena, "orchestrators/{name}", query->path, &name))
        MUST(name && *name);
    if (!th_template_problem(query->path, false))
        th_template_match(arena, query->path, "/a/b", &name);
}

static void token(const char *text, th_arena *arena)
{
    const char *id = th_token_read(arena, 1, text);

    MUST(!id || th_utf8_valid(id, strlen(id)));
    if (*text && th_utf8_valid(text, strlen(text)) && strlen(text) < 1000)
        MUST(strcmp(th_token_read(arena, 1, th_token_make(arena, 1, text)), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    th_arena *arena = th_arena_new(0);
    char *text = th_strndup(arena, (const char *)data, size);
    th_query query;

    if (size <= 4096) {
        token(text, arena);
        if (th_query_parse(arena, text, &query, NULL) == TH_OK) {
            MUST(query.path[0] == '/' && th_utf8_valid(query.path, strlen(query.path)));
            read_params(&query, arena);
            route(&query, arena);
        }
    }
    th_arena_free(arena);
    return 0;
}
