/*
 * front_get.c - the thread of a read connection: one statement for all who wait for a status.
 */
#include "store/front_int.h"
#include "store/instances_int.h"
#include "store/th_sql.h"

enum { POSITION, FITS, INSTANCE };

void th__reader_init(th__reader *reader, th_front *front)
{
    reader->line = (th__line){ .front = front, .queue = &front->reads };
    th__front_list_init(&reader->taken);
    th__front_list_init(&reader->again);
    th_array_init(&reader->partition, TH_T_INT4);
    th_array_init(&reader->instance, TH_T_TEXT);
}

void th__reader_free(th__reader *reader)
{
    th_array_free(&reader->partition);
    th_array_free(&reader->instance);
    th_params_free(&reader->params);
}

static void fill(th__reader *reader)
{
    th__array_reset(&reader->partition);
    th__array_reset(&reader->instance);
    th_params_clear(&reader->params);
    for (size_t i = 0; i < reader->count; i++) {
        th_array_i32(&reader->partition, reader->items[i]->partition_id);
        th_array_text(&reader->instance, reader->items[i]->instance_id);
    }
    th_param_array(&reader->params, &reader->partition);
    th_param_array(&reader->params, &reader->instance);
    th_params_ready(&reader->params);
}

static void read_row(th__reader *reader, const PGresult *res, int row)
{
    size_t position = (size_t)th_get_i32(PQgetvalue(res, row, POSITION));
    char execution_id[TH_UUID_TEXT];
    th_instance instance;

    if (position < 1 || position > reader->count || !reader->items[position - 1])
        return;
    th__front_request *r = reader->items[position - 1];
    reader->items[position - 1] = NULL;
    if (!*PQgetvalue(res, row, FITS)) {
        th__front_list_add(&reader->again, r);
        return;
    }
    th__instance_read(res, row, INSTANCE, execution_id, &instance);
    th__front_answer_row(reader->line.front, r, &instance);
}

static void answer_all(th__reader *reader, th_rc rc, const char *text)
{
    for (size_t i = 0; i < reader->count; i++)
        if (reader->items[i])
            th__front_answer(reader->line.front, reader->items[i], rc, -1, text);
    reader->count = 0;
}

/* Reads are repeated freely: after a lost connection, or when the server was short of something. */
static th_rc insist(th__reader *reader, PGresult **res, th_error *err)
{
    for (;;) {
        th__step step = { .sql = th_sql_front_get, .params = &reader->params };

        th_error_clear(err);
        th_rc rc = th__line_ready(&reader->line, err);
        if (rc == TH_OK)
            rc = th__line_run(&reader->line, &step, 1, err);
        if (rc == TH_OK)
            *res = step.res;
        if (rc == TH_DB_STORAGE || rc == TH_DB_RETRY)
            rc = th__line_backoff(&reader->line, err) == TH_OK ? TH_DB_LOST : TH_UNAVAILABLE;
        if (rc != TH_DB_LOST)
            return rc;
        if (th__line_hopeless(&reader->line))
            return err->rc = TH_UNAVAILABLE;
    }
}

/* False: the statement failed, by the fault of one of several. */
static bool read_items(th__reader *reader)
{
    th_error err = { 0 };
    PGresult *res = NULL;

    fill(reader);
    th_rc rc = insist(reader, &res, &err);
    if (rc == TH_OK) {
        for (int row = 0; row < PQntuples(res); row++)
            read_row(reader, res, row);
        PQclear(res);
        answer_all(reader, TH_NOT_FOUND, NULL);
        return true;
    }
    if (rc != TH_UNAVAILABLE && !th__line_concerns_all(rc, &err) && reader->count > 1)
        return false;
    answer_all(reader, th__line_blame(rc, &err), err.text);
    return true;
}

static void put_back(th__reader *reader)
{
    for (size_t i = 0; i < reader->count; i++)
        th__front_list_add(&reader->again, reader->items[i]);
    reader->count = 0;
}

void *th__reader_main(void *arg)
{
    th__reader *reader = arg;
    th__front_request *r;

    while (th__front_queue_take(reader->line.queue, &reader->taken, TH__READ_COUNT, SIZE_MAX,
                                TH__FOREVER)) {
        for (reader->count = 0; (r = th__front_list_pop(&reader->taken)) != NULL; reader->count++)
            reader->items[reader->count] = r;
        if (!read_items(reader))
            put_back(reader);
        while ((r = th__front_list_pop(&reader->again)) != NULL) {
            reader->items[0] = r;
            reader->count = 1;
            read_items(reader);
        }
    }
    th__line_close(&reader->line);
    return NULL;
}
