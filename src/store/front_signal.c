/*
 * front_signal.c - parameters and rows of front_signal.sql, front_control.sql, front_rewind.sql and
 * front_entity.sql.
 */
#include "store/front_int.h"

/* Kinds and statuses as in engine/event.h. */
enum { SUSPENDED = 21, RESUMED = 22, REWOUND = 30 };

bool th__signal_is_control(const th__front_request *r)
{
    return r->message == SUSPENDED || r->message == RESUMED;
}

bool th__signal_is_entity(const th__front_request *r)
{
    return r->to_entity;
}

bool th__signal_is_rewind(const th__front_request *r)
{
    return r->message == REWOUND;
}

void th__signal_columns_init(th__signal_columns *c)
{
    *c = (th__signal_columns){ 0 };
    th_array_init(&c->partition, TH_T_INT4);
    th_array_init(&c->instance, TH_T_TEXT);
    th_array_init(&c->kind, TH_T_INT2);
    th_array_init(&c->name, TH_T_TEXT);
    th_array_init(&c->payload, TH_T_TEXT);
    th_array_init(&c->message, TH_T_TEXT);
}

static void each_column(th__signal_columns *c, void (*fn)(th_array *))
{
    fn(&c->partition);
    fn(&c->instance);
    fn(&c->kind);
    fn(&c->name);
    fn(&c->payload);
    fn(&c->message);
}

void th__signal_columns_free(th__signal_columns *c)
{
    each_column(c, th_array_free);
    th_params_free(&c->params);
}

static void add_signal(th__signal_columns *c, const th__front_request *r)
{
    char message_id[TH_UUID_TEXT];

    th_uuid_text(&r->start_id, message_id);
    th_array_i32(&c->partition, r->partition_id);
    th_array_text(&c->instance, r->instance_id);
    th_array_i16(&c->kind, r->message);
    th_array_text(&c->name, r->name);
    th_array_text(&c->payload, r->input);
    th_array_text(&c->message, message_id);
}

void th__signals_fill(th__signal_columns *c, th__front_request *const *items, size_t n)
{
    each_column(c, th__array_reset);
    th_params_clear(&c->params);
    for (size_t i = 0; i < n; i++)
        add_signal(c, items[i]);
    th_param_array(&c->params, &c->partition);
    th_param_array(&c->params, &c->instance);
    th_param_array(&c->params, &c->kind);
    th_param_array(&c->params, &c->name);
    th_param_array(&c->params, &c->payload);
    th_param_array(&c->params, &c->message);
    th_params_ready(&c->params);
}

/* ---- rows: position, status, no_change ---------------------------------------------------------
 */

enum { POSITION, STATUS, NO_CHANGE };

static bool is_terminal(int status)
{
    return status == 1 || status == 3 || status == 4 || status == 5;
}

static void read_row(const PGresult *res, int row, th__front_request **items, size_t n)
{
    size_t position = (size_t)th_get_i32(PQgetvalue(res, row, POSITION));

    if (position < 1 || position > n)
        return;
    th__front_request *r = items[position - 1];
    r->status = th_get_i16(PQgetvalue(res, row, STATUS));
    if (is_terminal(r->status))
        r->outcome = TH__FINISHED;
    else
        r->outcome = *PQgetvalue(res, row, NO_CHANGE) ? TH__UNCHANGED : TH__DONE;
}

void th__signals_read(const PGresult *res, th__front_request **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i]->outcome = TH__NO_ROW;
    for (int row = 0; row < PQntuples(res); row++)
        read_row(res, row, items, n);
}

/* ---- rows: position, status, done --------------------------------------------------------------
 */

enum { DONE = 2 };

void th__rewinds_read(const PGresult *res, th__front_request **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i]->outcome = TH__NO_ROW;
    for (int row = 0; row < PQntuples(res); row++) {
        size_t position = (size_t)th_get_i32(PQgetvalue(res, row, POSITION));

        if (position < 1 || position > n)
            continue;
        items[position - 1]->status = th_get_i16(PQgetvalue(res, row, STATUS));
        items[position - 1]->outcome = *PQgetvalue(res, row, DONE) ? TH__DONE : TH__UNFAILED;
    }
}
