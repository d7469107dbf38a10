/*
 * instances_api.c - reading instances: the status of one, with or without its history, and the
 * list.
 *
 * A plain status read goes through the front, with those of other callers; what needs the history
 * or many rows goes through the pool of blocking connections.
 */
#include "http/http_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/render.h"
#include "http/token.h"

#define DEFAULT_TOP 100
#define LARGEST_PAGE 1000
#define LIST_TIME (5 * TH__SECOND)
#define LARGE_PAGE ((size_t)16777216) /* bytes; as the store's own pages */

static bool asks(th__request *r, const char *name, bool fallback)
{
    return th_query_bool(&r->query, r->arena, name, fallback);
}

/* ---- one --------------------------------------------------------------------------------------
 */

/* The request's own URL. What can't stand in a header is escaped. */
static const char *own_url(th__request *r)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *raw = r->query.raw, *origin = th__request_origin(r);
    size_t origin_len = strlen(origin);
    char *url = th_alloc(r->arena, origin_len + 3 * strlen(raw) + 1), *at = url + origin_len;

    memcpy(url, origin, origin_len);
    for (; *raw; raw++) {
        unsigned char c = (unsigned char)*raw;
        if (c > ' ' && c < 0x7f) {
            *at++ = *raw;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return url;
}

static void finish_live(th__request *r)
{
    r->location = own_url(r);
    r->retry_after = "5";
}

static void answer_status(th__request *r, const th_instance *instance,
                          const th_render_options *options)
{
    th_buf_clear(&r->out);
    th_render_status(&r->out, instance, options);
    if (r->wait_over) { /* a failure is 200 then, whatever the query says */
        th__answer_json(r, 200);
        return;
    }
    switch (instance->status) {
    case TH_PENDING:
    case TH_RUNNING:
    case TH_CONTINUED_AS_NEW:
    case TH_SUSPENDED:
        th__answer_json(r, 202);
        r->finish = finish_live;
        break;
    case TH_COMPLETED:
    case TH_CANCELED:
    case TH_TERMINATED:
        th__answer_json(r, 200);
        break;
    case TH_FAILED:
        th__answer_json(r, asks(r, "returnInternalServerErrorOnFailure", false) ? 500 : 200);
        break;
    default:
        th__answer_json(r, 500);
    }
}

void th__status_render(th__request *r, const th_instance *instance)
{
    th_render_options options = { .show_input = asks(r, "showInput", true) };

    answer_status(r, instance, &options);
}

static void looked(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc == TH_OK)
        th__status_render(r, answer->instance);
    else
        th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
    th__request_done(r);
}

/* Puts each event at its seq, which is its place in the execution. */
static th_rc read_rows(th_arena *arena, const th_history_row *rows, size_t n,
                       th_render_options *options, th_error *err)
{
    th_event **parts = th_new(arena, th_event *, n);
    size_t *counts = th_new(arena, size_t, n);
    th_event *all;
    int64_t *times;
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        th_rc rc = th_events_read(arena, rows[i].events, strlen(rows[i].events), rows[i].first_seq,
                                  &parts[i], &counts[i], err);
        if (rc != TH_OK)
            return rc;
        total += counts[i];
    }
    all = th_new(arena, th_event, total);
    times = th_new(arena, int64_t, total);
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t k = 0; k < counts[i]; k++, at++) {
            all[at] = parts[i][k];
            times[at] = all[at].t_us ? all[at].t_us : rows[i].at_us;
        }
    options->events = all;
    options->times = times;
    options->event_count = total;
    return TH_OK;
}

static th_rc with_history(th__request *r, th_db *db, th_arena *arena, th_error *err)
{
    const char *id = r->instance_id;
    th_instance *instance = NULL;
    th_history_row *rows = NULL;
    size_t n = 0;
    th_render_options options = { .show_input = asks(r, "showInput", true),
                                  .show_history = true,
                                  .show_history_output = asks(r, "showHistoryOutput", false),
                                  .store_inputs = r->server->options.store_inputs };
    th_rc rc = th_instance_get(db, arena, r->hub, id, &instance, err);

    if (rc == TH_OK)
        rc = th_history_get(db, arena, r->hub, id, &rows, &n, err);
    if (rc == TH_OK)
        rc = read_rows(arena, rows, n, &options, err);
    if (rc == TH_OK)
        answer_status(r, instance, &options);
    return rc;
}

th_rc th__status_job(th__request *r, th_db *db, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    th_rc rc = with_history(r, db, arena, err);

    th_arena_free(arena);
    return rc;
}

void th__status(th__request *r)
{
    r->instance_id = r->route.args[0];
    if (!r->hub) {
        th__answer_empty(r, 404);
        th__request_done(r);
    } else if (asks(r, "showHistory", false)) {
        th__pool_run(r, th__status_job, NULL);
    } else {
        th__request_wait(r);
        th_front_get(r->server->options.front, r->hub, r->instance_id, looked, r);
    }
}

/* ---- many -------------------------------------------------------------------------------------
 */

/* Writes what the store has of the page, and moves the filter on by that much. */
static th_rc list_part(th__request *r, th_db *db, th_instance_filter *f,
                       const th_render_options *options, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    th_instance *rows = NULL;
    size_t n = 0;
    th_rc rc = th_instances_list(db, arena, r->hub, f, &rows, &n, &f->after_id, err);

    for (size_t i = 0; i < n; i++) {
        if (r->out.len > 1)
            th_buf_chr(&r->out, ',');
        th_render_status(&r->out, &rows[i], options);
    }
    f->top -= (int32_t)n;
    f->after_id = rc == TH_OK ? th_strdup(r->arena, f->after_id) : NULL;
    th_arena_free(arena);
    return rc;
}

/* Until the page is full, large, or has taken long enough; the token says where to go on. */
static th_rc list_job(th__request *r, th_db *db, th_error *err)
{
    th_instance_filter f = *r->filter;
    th_render_options options = { .show_input = asks(r, "showInput", true) };
    int64_t until_us = th_mono_us() + LIST_TIME;
    th_rc rc;

    th_buf_chr(&r->out, '[');
    do
        rc = list_part(r, db, &f, &options, err);
    while (rc == TH_OK && f.after_id && f.top > 0 && r->out.len < LARGE_PAGE &&
           th_mono_us() < until_us);
    if (rc != TH_OK)
        return rc;
    th_buf_chr(&r->out, ']');
    r->token = f.after_id ? th_token_make(r->arena, r->hub->hub_id, f.after_id) : " ";
    th__answer_json(r, 200);
    return TH_OK;
}

/* Absent or unparsable: the default. False: answered. */
static bool read_top(th__request *r, int32_t *top)
{
    *top = DEFAULT_TOP;
    if (th_query_int(&r->query, r->arena, "top", top) && *top <= 0) {
        th__answer_invalid(r, "top must be 1 or more.");
        return false;
    }
    if (*top > LARGEST_PAGE)
        *top = LARGEST_PAGE; /* a page may be shorter than asked for; the token tells */
    return true;
}

bool th__token_read(th__request *r, const char **after)
{
    const char *token = th__request_header(r, "x-ms-continuation-token");

    if (!token || !*token)
        return true;
    if (r->hub)
        *after = th_token_read(r->arena, r->hub->hub_id, token);
    if (*after || !r->hub)
        return true;
    th__answer_invalid(r,
                       "The continuation token is not one that this server gave out for this hub.");
    return false;
}

/* 0 means "no bound" to the store, so the first instant of 1970 becomes its neighbour. */
static int64_t bound(th__request *r, const char *name, int64_t neighbour)
{
    int64_t us = 0;

    if (!th_query_time(&r->query, r->arena, name, &us))
        return 0;
    return us ? us : neighbour;
}

static const char *named_function(th__request *r)
{
    const char *name = th_query_text(&r->query, r->arena, "name");

    return name && *name ? name : NULL;
}

static bool read_filter(th__request *r, th_instance_filter *f)
{
    bool named;
    const char *problem = NULL;

    f->created_from_us = bound(r, "createdTimeFrom", 1);
    f->created_to_us = bound(r, "createdTimeTo", -1);
    f->statuses = th_query_statuses(&r->query, r->arena, &named);
    f->id_prefix = th_query_text(&r->query, r->arena, "instanceIdPrefix");
    f->want_payloads = true;
    f->tags = th__query_tags(r, &problem);
    if (problem) {
        th__answer_invalid(r, problem);
        return false;
    }
    f->name = named_function(r);
    return read_top(r, &f->top) && th__token_read(r, &f->after_id);
}

void th__list(th__request *r)
{
    th_instance_filter *filter = th_new(r->arena, th_instance_filter, 1);

    r->filter = filter;
    if (!read_filter(r, filter)) {
        th__request_done(r);
    } else if (!r->hub) {
        th_buf_str(&r->out, "[]");
        th__answer_json(r, 200);
        r->token = " ";
        th__request_done(r);
    } else {
        th__pool_run(r, list_job, NULL);
    }
}
