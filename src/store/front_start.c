/*
 * front_start.c - parameters and rows of front_start.sql.
 */
#include <string.h>

#include "store/front_int.h"

#define USUAL_COLUMN (16 << 20)

void th__array_reset(th_array *a)
{
    if (a->buf.cap > USUAL_COLUMN)
        th_array_free(a);
    a->buf.failed = false;
    th_array_clear(a);
}

void th__start_columns_init(th__start_columns *c)
{
    *c = (th__start_columns){ 0 };
    th_array_init(&c->partition, TH_T_INT4);
    th_array_init(&c->instance, TH_T_TEXT);
    th_array_init(&c->start, TH_T_UUID);
    th_array_init(&c->execution, TH_T_UUID);
    th_array_init(&c->name, TH_T_TEXT);
    th_array_init(&c->version, TH_T_TEXT);
    th_array_init(&c->input, TH_T_TEXT);
    th_array_init(&c->tags, TH_T_TEXT);
    th_array_init(&c->scheduled, TH_T_TIMESTAMPTZ);
    th_array_init(&c->priority, TH_T_INT2);
    th_array_init(&c->trace, TH_T_TEXT);
}

static void each_column(th__start_columns *c, void (*fn)(th_array *))
{
    fn(&c->partition);
    fn(&c->instance);
    fn(&c->start);
    fn(&c->execution);
    fn(&c->name);
    fn(&c->version);
    fn(&c->input);
    fn(&c->tags);
    fn(&c->scheduled);
    fn(&c->priority);
    fn(&c->trace);
}

void th__start_columns_free(th__start_columns *c)
{
    each_column(c, th_array_free);
    th_params_free(&c->params);
}

static void add_start(th__start_columns *c, th__front_request *r)
{
    th_array_i32(&c->partition, r->partition_id);
    th_array_text(&c->instance, r->instance_id);
    th_array_uuid(&c->start, &r->start_id);
    th_array_uuid(&c->execution, &r->execution_id);
    th_array_text(&c->name, r->name);
    th_array_text(&c->version, r->version);
    th_array_text(&c->input, r->input);
    th_array_text(&c->tags, r->tags);
    if (r->scheduled_us)
        th_array_time(&c->scheduled, r->scheduled_us);
    else
        th_array_null(&c->scheduled);
    th_array_i16(&c->priority, r->priority);
    th_array_text(&c->trace, r->trace);
}

void th__starts_fill(th__start_columns *c, th__front_request *const *items, size_t n)
{
    each_column(c, th__array_reset);
    th_params_clear(&c->params);
    for (size_t i = 0; i < n; i++)
        add_start(c, items[i]);
    th_param_array(&c->params, &c->partition);
    th_param_array(&c->params, &c->instance);
    th_param_array(&c->params, &c->start);
    th_param_array(&c->params, &c->execution);
    th_param_array(&c->params, &c->name);
    th_param_array(&c->params, &c->version);
    th_param_array(&c->params, &c->input);
    th_param_array(&c->params, &c->tags);
    th_param_array(&c->params, &c->scheduled);
    th_param_array(&c->params, &c->priority);
    th_param_array(&c->params, &c->trace);
    th_params_ready(&c->params);
}

/* ---- rows: position, status, ours; or started --------------------------------------------------
 */

enum { POSITION, STATUS, OURS, STARTED };

static void read_found(const PGresult *res, int row, th__front_request **items, size_t n)
{
    size_t position = (size_t)th_get_i32(PQgetvalue(res, row, POSITION));

    if (position < 1 || position > n)
        return;
    items[position - 1]->outcome = *PQgetvalue(res, row, OURS) ? TH__DONE : TH__LIVE;
    items[position - 1]->status = th_get_i16(PQgetvalue(res, row, STATUS));
    if (items[position - 1]->outcome == TH__DONE)
        items[position - 1]->by_hand = false; /* written down by the try that was committed */
}

/* Rows come in the order of the items; at is where the last one was. */
static size_t read_started(const PGresult *res, int row, th__front_request **items, size_t n,
                           size_t at)
{
    const char *id = PQgetvalue(res, row, STARTED);

    for (size_t i = 0; i < n; i++) {
        th__front_request *r = items[(at + i) % n];

        if (memcmp(r->start_id.b, id, sizeof r->start_id.b) != 0)
            continue;
        r->outcome = TH__DONE;
        r->status = 6; /* Pending */
        return (at + i + 1) % n;
    }
    return at;
}

void th__starts_read(const PGresult *res, th__front_request **items, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        items[i]->outcome = TH__NO_ROW;
    for (int row = 0; row < PQntuples(res); row++) {
        if (PQgetisnull(res, row, STARTED))
            read_found(res, row, items, n);
        else
            at = read_started(res, row, items, n, at);
    }
}
