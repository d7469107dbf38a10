/*
 * pen_pipe.c - operations of an owner in one libpq pipeline: sent without waiting, reported in
 * order.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "store/owners.h"
#include "store/pen_int.h"

static th_rc lost(th_pen *pen, th_error *err)
{
    return th_fail(err, TH_DB_LOST, "the owner's connection was lost: %.300s",
                   PQerrorMessage(pen->pg));
}

static void cut(th_pen *pen)
{
    shutdown(PQsocket(pen->pg), SHUT_RDWR);
}

static th_rc new_op(th_pen *pen, th_pen_op kind, uint64_t tag, pen_op **out, th_error *err)
{
    if (pen->count == PEN_MAX_OPS)
        return th_fail(err, TH_INTERNAL, "the owner's pipeline is full");
    pen_op *op = &pen->ops[(pen->first + pen->count) % PEN_MAX_OPS];
    *op = (pen_op){ .kind = kind, .tag = tag };
    th_fault fault = th_fault_point();
    if (fault == TH_FAULT_FAIL) {
        cut(pen);
        return th_fail(err, TH_DB_LOST, "injected: the connection was cut before sending");
    }
    op->lie = fault == TH_FAULT_LIE;
    pen->count++;
    *out = op;
    return TH_OK;
}

static th_rc send_prepared(th_pen *pen, pen_op *op, const char *name, const th_params *p,
                           th_error *err)
{
    int sent = PQsendQueryPrepared(pen->pg, name, p ? p->n : 0, p ? p->values : NULL,
                                   p ? p->lengths : NULL, p ? p->formats : NULL, 1);
    if (!sent)
        return lost(pen, err);
    op->names[op->statements++] = name;
    return TH_OK;
}

static th_rc end_op(th_pen *pen, th_error *err)
{
    if (!PQpipelineSync(pen->pg))
        return lost(pen, err);
    pen->dirty = true;
    return th_pen_pump(pen, err);
}

static bool fits(const th_batch_statement *statements, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (statements[i].params->failed)
            return false;
    return true;
}

th_rc th_pen_send_batch(th_pen *pen, th_batch *batch, uint64_t tag, th_error *err)
{
    th_batch_statement statements[TH_BATCH_MAX_STATEMENTS];
    pen_op *op;
    size_t n = th_batch_statements(batch, statements);
    if (!fits(statements, n))
        return th_fail(err, TH_TOO_LARGE,
                       "a batch is larger than PostgreSQL can take in one value");
    th_rc rc = new_op(pen, TH_PEN_BATCH, tag, &op, err);
    if (rc == TH_OK)
        rc = send_prepared(pen, op, "begin", NULL, err);
    for (size_t i = 0; i < n && rc == TH_OK; i++)
        rc = send_prepared(pen, op, statements[i].name, statements[i].params, err);
    if (rc == TH_OK)
        rc = send_prepared(pen, op, "commit", NULL, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

static th_array *column(th_pen *pen, int i, th_type type)
{
    th_array *a = &pen->columns[i];
    th_array_clear(a);
    a->type = type;
    return a;
}

static th_array *partition_column(th_pen *pen, const int32_t *partitions, size_t n)
{
    th_array *a = column(pen, 0, TH_T_INT4);
    for (size_t i = 0; i < n; i++)
        th_array_i32(a, partitions[i]);
    return a;
}

static void hand_column(th_pen *pen, int c, const int64_t *hand, size_t n)
{
    th_array *a = column(pen, c, TH_T_INT8);
    for (size_t i = 0; i < n; i++)
        th_array_i64(a, hand[i]);
    th_param_array(&pen->params, a);
}

static void text_column(th_pen *pen, int c, const char *const *texts, size_t n)
{
    th_array *a = column(pen, c, TH_T_TEXT);
    for (size_t i = 0; i < n; i++)
        th_array_text(a, texts[i]);
    th_param_array(&pen->params, a);
}

th_rc th_pen_send_read(th_pen *pen, const th_pen_read *read, th_error *err)
{
    pen_op *op;
    th_rc rc = new_op(pen, TH_PEN_READ, 0, &op, err);
    if (rc != TH_OK)
        return rc;
    th_params_clear(&pen->params);
    th_param_array(&pen->params, partition_column(pen, read->partitions, read->count));
    hand_column(pen, 1, read->hand, read->hand_count);
    th_param_i32(&pen->params, read->limit);
    text_column(pen, 2, read->left_out, read->left_out_count);
    th_params_ready(&pen->params);
    rc = send_prepared(pen, op, "read", &pen->params, err);
    if (rc != TH_OK)
        return rc;
    th_params_clear(&pen->params);
    th_param_array(&pen->params, partition_column(pen, read->partitions, read->count));
    th_params_ready(&pen->params);
    rc = send_prepared(pen, op, "next", &pen->params, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

static void key_columns(th_pen *pen, const int32_t *partitions, const char *const *ids, size_t n)
{
    th_params_clear(&pen->params);
    th_param_array(&pen->params, partition_column(pen, partitions, n));
    text_column(pen, 1, ids, n);
}

static void held_columns(th_pen *pen, const th_held_key *keys, size_t n)
{
    th_params_clear(&pen->params);
    th_array *parts = column(pen, 0, TH_T_INT4), *ids = column(pen, 1, TH_T_TEXT),
             *numbers = column(pen, 2, TH_T_INT8);
    for (size_t i = 0; i < n; i++) {
        th_array_i32(parts, keys[i].partition_id);
        th_array_text(ids, keys[i].instance_id);
        if (keys[i].message_no)
            th_array_i64(numbers, keys[i].message_no);
        else
            th_array_null(numbers);
    }
    th_param_array(&pen->params, parts);
    th_param_array(&pen->params, ids);
    th_param_array(&pen->params, numbers);
}

th_rc th_pen_send_held(th_pen *pen, const th_held_key *keys, size_t n, const int64_t *hand,
                       size_t hand_count, th_error *err)
{
    pen_op *op;
    th_rc rc = new_op(pen, TH_PEN_HELD, 0, &op, err);
    if (rc != TH_OK)
        return rc;
    held_columns(pen, keys, n);
    hand_column(pen, 3, hand, hand_count);
    th_params_ready(&pen->params);
    rc = send_prepared(pen, op, "held", &pen->params, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

th_rc th_pen_send_load(th_pen *pen, const int32_t *partitions, const char *const *ids, size_t n,
                       th_error *err)
{
    pen_op *op;
    th_rc rc = new_op(pen, TH_PEN_LOAD, 0, &op, err);
    if (rc != TH_OK)
        return rc;
    key_columns(pen, partitions, ids, n);
    th_params_ready(&pen->params);
    rc = send_prepared(pen, op, "load", &pen->params, err);
    if (rc == TH_OK)
        rc = send_prepared(pen, op, "replay", &pen->params, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

th_rc th_pen_send_idle(th_pen *pen, const int32_t *partitions, size_t n, bool on, th_error *err)
{
    pen_op *op;
    th_rc rc = new_op(pen, on ? TH_PEN_IDLE : TH_PEN_AWAKE, 0, &op, err);
    if (rc != TH_OK)
        return rc;
    th_params_clear(&pen->params);
    th_param_array(&pen->params, partition_column(pen, partitions, n));
    th_params_ready(&pen->params);
    rc = send_prepared(pen, op, on ? "idle" : "awake", &pen->params, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

/* A sync with nothing before it. */
th_rc th_pen_send_word(th_pen *pen, th_error *err)
{
    pen_op *op;
    th_rc rc = new_op(pen, TH_PEN_WORD, 0, &op, err);
    return rc == TH_OK ? end_op(pen, err) : rc;
}

/* ---- results -------------------------------------------------------------------------------- */

th_rc th_pen_pump(th_pen *pen, th_error *err)
{
    if (!PQconsumeInput(pen->pg))
        return lost(pen, err);
    int left = PQflush(pen->pg);
    if (left < 0)
        return lost(pen, err);
    pen->dirty = left > 0;
    return TH_OK;
}

static void note_error(th_pen *pen, pen_op *op, const PGresult *r)
{
    if (op->failed)
        return;
    op->failed = true;
    th_db_result_error(pen->db, r, &op->error);
    const char *name = op->seen < op->statements ? op->names[op->seen] : "sync";
    snprintf(op->failed_in, sizeof op->failed_in, "%.15s", name);
}

/* Keeps the result if it is one of the first two that has rows wanted; true: kept. */
static bool keep_result(pen_op *op, PGresult *r)
{
    if (op->kind == TH_PEN_BATCH || op->seen > 1 || PQresultStatus(r) != PGRES_TUPLES_OK)
        return false;
    op->results[op->seen] = r;
    return true;
}

static void take_result(th_pen *pen, pen_op *op, PGresult *r)
{
    switch (PQresultStatus(r)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (op->kind == TH_PEN_BATCH && op->seen == op->statements - 1)
            op->unlinked = strcmp(PQcmdStatus(r), "COMMIT") != 0;
        break;
    case PGRES_PIPELINE_ABORTED:
        op->skipped = true;
        break;
    default:
        note_error(pen, op, r);
        break;
    }
    bool kept = keep_result(op, r);
    op->seen++;
    if (!kept)
        PQclear(r);
}

static th_rc outcome(const pen_op *op, th_error *err)
{
    if (op->failed) {
        *err = op->error;
        return op->error.rc;
    }
    if (op->skipped)
        return th_fail(err, TH_UNAVAILABLE, "skipped, since an earlier operation failed");
    if (op->unlinked)
        return th_fail(err, TH_UNAVAILABLE, "the commit was answered with a rollback");
    return TH_OK;
}

static th_rc finish_op(th_pen *pen, th_pen_done *done, th_error *err)
{
    pen_op *op = &pen->ops[pen->first];
    pen->first = (pen->first + 1) % PEN_MAX_OPS;
    pen->count--;
    if (op->lie) {
        cut(pen);
        PQclear(op->results[0]);
        PQclear(op->results[1]);
        return th_fail(err, TH_DB_LOST, "injected: the answer was lost");
    }
    *done = (th_pen_done){ .op = op->kind, .tag = op->tag, .arena = th_arena_new(0) };
    done->rc = outcome(op, &done->error);
    memcpy(done->statement, op->failed_in, sizeof done->statement);
    th__pen_parse(op, done);
    done->results[0] = op->results[0];
    done->results[1] = op->results[1];
    return TH_OK;
}

th_rc th_pen_next(th_pen *pen, th_pen_done *done, bool *got, th_error *err)
{
    int nulls = 0;
    *got = false;
    while (pen->count > 0 && nulls < 2) {
        if (PQstatus(pen->pg) == CONNECTION_BAD)
            return lost(pen, err);
        if (PQisBusy(pen->pg))
            return TH_OK;
        PGresult *r = PQgetResult(pen->pg);
        if (!r) {
            nulls++;
            continue;
        }
        nulls = 0;
        if (PQresultStatus(r) != PGRES_PIPELINE_SYNC) {
            take_result(pen, &pen->ops[pen->first], r);
            continue;
        }
        PQclear(r);
        *got = true;
        th_rc rc = finish_op(pen, done, err);
        *got = rc == TH_OK;
        return rc;
    }
    return TH_OK;
}

void th_pen_done_clear(th_pen_done *done)
{
    PQclear(done->results[0]);
    PQclear(done->results[1]);
    th_arena_free(done->arena);
    *done = (th_pen_done){ 0 };
}
