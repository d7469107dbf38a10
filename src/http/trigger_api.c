/*
 * trigger_api.c - requests for HTTP triggers: handed over whole, answered when the app has.
 */
#include "http/http_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_PAIRS = 1000 };

/* Pairs of one request; a name that comes again is joined to the first. */
typedef struct pairs {
    th_arena *arena;
    th_trigger_pair *list;
    size_t count, cap;
} pairs;

static void add_pair(pairs *p, const char *name, const char *value)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcasecmp(p->list[i].name, name) != 0)
            continue;
        p->list[i].value = th_sprintf(p->arena, "%s,%s", p->list[i].value, value);
        return;
    }
    if (p->count == MOST_PAIRS)
        return;
    if (p->count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        th_trigger_pair *more = th_new(p->arena, th_trigger_pair, cap);
        if (p->count)
            memcpy(more, p->list, p->count * sizeof *more);
        p->list = more;
        p->cap = cap;
    }
    p->list[p->count++] = (th_trigger_pair){ name, value };
}

static const char *lower(th_arena *arena, const char *name)
{
    char *copy = th_strdup(arena, name);

    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    pairs *p = arg;

    (void)kind;
    add_pair(p, lower(p->arena, name), th_strdup(p->arena, value ? value : ""));
    return MHD_YES;
}

static th_trigger_request request_of(th__request *r, const char *path)
{
    pairs headers = { .arena = r->arena }, query = { .arena = r->arena };

    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_header, &headers);
    for (size_t i = 0; i < r->query.count; i++)
        add_pair(&query, r->query.params[i].name, r->query.params[i].value);
    return (th_trigger_request){ .method = r->method,
                                 .url = th_sprintf(r->arena, "%s%s", th__request_origin(r),
                                                   r->query.raw),
                                 .path = path,
                                 .headers = headers.list,
                                 .header_count = headers.count,
                                 .query = query.list,
                                 .query_count = query.count,
                                 .body = r->body.data,
                                 .body_len = r->body.len };
}

static void take_headers(th__request *r, const th_trigger_answer *answer)
{
    th_trigger_pair *copies = th_new(r->arena, th_trigger_pair, answer->header_count + 1);

    for (size_t i = 0; i < answer->header_count; i++)
        copies[i] = (th_trigger_pair){ th_strdup(r->arena, answer->headers[i].name),
                                       th_strdup(r->arena, answer->headers[i].value) };
    r->headers = copies;
    r->header_count = answer->header_count;
}

static void answered(void *arg, const th_trigger_answer *answer)
{
    th__request *r = arg;

    th_buf_clear(&r->out);
    r->status = answer->status;
    take_headers(r, answer);
    if (answer->body_len)
        th_buf_add(&r->out, answer->body, answer->body_len);
    th__request_done(r);
}

void th__trigger(th__request *r, const char *path)
{
    const th_triggers *triggers = r->server->options.triggers;
    th_trigger_request request = request_of(r, path);

    r->hub = &r->server->options.hub;
    th__request_wait(r);
    triggers->call(triggers->self, &request, answered, r);
}
