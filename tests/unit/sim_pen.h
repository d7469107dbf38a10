/*
 * sim_pen.h - the whole of pen.h over sim_server.h.
 *
 * It stands in for store/pen*.c: a program that defines these functions links without them. A cut
 * connection loses the results that were not fetched, whether their operations were carried out or
 * not (protocol S5). Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_SIM_PEN_H
#define TH_TESTS_UNIT_SIM_PEN_H

#include "sim_server.h"

/* ---- opening and sending --------------------------------------------------------------------- */

th_rc th_pen_open(const char *conninfo, th_pen **out, th_error *err)
{
    (void)conninfo;
    if (!server.calm && sim_once_in(4))
        return th_fail(err, TH_DB_LOST, "simulated: nobody answers");
    *out = th_malloc(sizeof **out);
    (*out)->pid = ++server.next_pid;
    return TH_OK;
}

static void sim_op_end(th_pen *pen)
{
    sim_op *op = &pen->ops[pen->first];
    th_arena_free(op->arena);
    pen->first = (pen->first + 1) % SIM_OPS;
    pen->count--;
}

void th_pen_close(th_pen *pen)
{
    if (!pen)
        return;
    while (pen->count) {
        th_pen_done_clear(&pen->ops[pen->first].done);
        sim_op_end(pen);
    }
    free(pen);
}

int th_pen_fd(const th_pen *pen)
{
    (void)pen;
    return -1;
}

int th_pen_pid(const th_pen *pen)
{
    return pen->pid;
}

bool th_pen_wants_write(const th_pen *pen)
{
    (void)pen;
    return false;
}

int th_pen_in_flight(const th_pen *pen)
{
    return pen->count;
}

static sim_op *sim_op_new(th_pen *pen, th_pen_op kind, const int32_t *partitions, size_t n)
{
    if (!CHECK(pen->count < SIM_OPS))
        abort();
    sim_op *op = &pen->ops[(pen->first + pen->count++) % SIM_OPS];
    *op = (sim_op){ .kind = kind, .n = n, .arena = th_arena_new(0) };
    op->partitions = th_new(op->arena, int32_t, n + 1);
    if (n)
        memcpy(op->partitions, partitions, n * sizeof *partitions);
    return op;
}

static th_rc sim_sent(th_pen *pen, th_error *err)
{
    return pen->lost ? th_fail(err, TH_DB_LOST, "simulated: the connection was cut") : TH_OK;
}

static void sim_op_hand(sim_op *op, const int64_t *hand, size_t n)
{
    op->hand = th_new(op->arena, int64_t, n + 1);
    op->hand_count = n;
    if (n)
        memcpy(op->hand, hand, n * sizeof *hand);
}

static void sim_op_left_out(sim_op *op, const char *const *ids, size_t n)
{
    op->left_out = th_new(op->arena, const char *, n + 1);
    op->left_out_count = n;
    for (size_t i = 0; i < n; i++)
        op->left_out[i] = th_strdup(op->arena, ids[i]);
}

static void sim_op_ids(sim_op *op, const char *const *ids)
{
    op->ids = th_new(op->arena, const char *, op->n + 1);
    for (size_t i = 0; i < op->n; i++)
        op->ids[i] = th_strdup(op->arena, ids[i]);
}

th_rc th_pen_send_batch(th_pen *pen, th_batch *batch, uint64_t tag, th_error *err)
{
    sim_op *op = sim_op_new(pen, TH_PEN_BATCH, NULL, 0);
    op->batch = batch;
    op->tag = tag;
    return sim_sent(pen, err);
}

th_rc th_pen_send_read(th_pen *pen, const th_pen_read *read, th_error *err)
{
    sim_op *op = sim_op_new(pen, TH_PEN_READ, read->partitions, read->count);
    sim_op_hand(op, read->hand, read->hand_count);
    sim_op_left_out(op, read->left_out, read->left_out_count);
    op->limit = read->limit;
    return sim_sent(pen, err);
}

th_rc th_pen_send_held(th_pen *pen, const th_held_key *keys, size_t n, const int64_t *hand,
                       size_t hand_count, th_error *err)
{
    int32_t *parts = th_malloc((n + 1) * sizeof *parts);
    const char **ids = th_malloc((n + 1) * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        parts[i] = keys[i].partition_id;
        ids[i] = keys[i].instance_id;
    }
    sim_op *op = sim_op_new(pen, TH_PEN_HELD, parts, n);
    sim_op_ids(op, ids);
    sim_op_hand(op, hand, hand_count);
    free(parts);
    free(ids);
    return sim_sent(pen, err);
}

th_rc th_pen_send_load(th_pen *pen, const int32_t *partitions, const char *const *ids, size_t n,
                       th_error *err)
{
    sim_op_ids(sim_op_new(pen, TH_PEN_LOAD, partitions, n), ids);
    return sim_sent(pen, err);
}

th_rc th_pen_send_idle(th_pen *pen, const int32_t *partitions, size_t n, bool on, th_error *err)
{
    sim_op_new(pen, on ? TH_PEN_IDLE : TH_PEN_AWAKE, partitions, n);
    return sim_sent(pen, err);
}

th_rc th_pen_send_word(th_pen *pen, th_error *err)
{
    sim_op_new(pen, TH_PEN_WORD, NULL, 0);
    return sim_sent(pen, err);
}

/* ---- results --------------------------------------------------------------------------------- */

th_rc th_pen_pump(th_pen *pen, th_error *err)
{
    return sim_sent(pen, err);
}

th_rc th_pen_next(th_pen *pen, th_pen_done *done, bool *got, th_error *err)
{
    sim_op *op = &pen->ops[pen->first];
    *got = !pen->lost && pen->count > 0 && op->executed;
    if (*got) {
        *done = op->done;
        sim_op_end(pen);
    }
    return sim_sent(pen, err);
}

void th_pen_done_clear(th_pen_done *done)
{
    th_arena_free(done->arena);
    *done = (th_pen_done){ 0 };
}

/* ---- what blocks ----------------------------------------------------------------------------- */

/* Only with nothing in the pipeline, and not inside an aborted transaction. */
static th_rc sim_alone(th_pen *pen, th_error *err)
{
    CHECK_INT(pen->count, 0);
    CHECK(!pen->aborted);
    if (!server.calm && sim_once_in(40))
        sim_cut(pen);
    return sim_sent(pen, err);
}

th_rc th_pen_acquire(th_pen *pen, int32_t partition_id, int32_t worker_id, th_ownership *out,
                     th_error *err)
{
    bool *clean = &server.clean[partition_id - 1];
    int64_t n = sim_last_commit(server.db, partition_id) + 1;
    (void)worker_id;
    th_rc rc = sim_alone(pen, err);
    if (rc != TH_OK)
        return rc;
    *out = (th_ownership){ .term = n, .clean = *clean };
    sim_commit *c = SIM_NEW(server.db, commits);
    *c = (sim_commit){ partition_id, n, n };
    for (size_t i = 0; i < server.db->messages_count && !*clean; i++) {
        const sim_message *m = &server.db->messages[i];
        if (m->partition == partition_id && m->due <= server.db->now_us &&
            m->no > out->last_message)
            out->last_message = m->no;
    }
    *clean = false;
    return TH_OK;
}

th_rc th_pen_give(th_pen *pen, int32_t partition_id, th_error *err)
{
    th_rc rc = sim_alone(pen, err);
    if (rc == TH_OK)
        server.clean[partition_id - 1] = true;
    return rc;
}

/* Nobody sends early events here. */
th_rc th_pen_early(th_pen *pen, th_arena *arena, int32_t partition_id, const char *const **ids,
                   size_t *count, th_error *err)
{
    (void)arena;
    (void)partition_id;
    *ids = NULL;
    *count = 0;
    return sim_alone(pen, err);
}

th_rc th_pen_release_dead(th_pen *pen, int32_t partition_id, int32_t me, int32_t limit,
                          int64_t *freed, int64_t *poisoned, int64_t *left, th_error *err)
{
    th_rc rc = sim_alone(pen, err);
    *freed = *poisoned = *left = 0;
    for (size_t i = 0; i < server.db->activities_count && rc == TH_OK; i++) {
        sim_activity *a = &server.db->activities[i];
        if (a->partition != partition_id || !a->claimed_by || a->claimed_by == me ||
            a->claimed_by == SIM_REMOTE)
            continue;
        a->claimed_by = 0;
        CHECK(++a->crashes < limit);
        ++*freed;
    }
    return rc;
}

th_rc th_pen_count_attempts(th_pen *pen, const th_message_key *keys, size_t n, th_error *err)
{
    th_rc rc = sim_alone(pen, err);
    for (size_t i = 0; i < n && rc == TH_OK; i++) {
        sim_message *m =
            sim_message_at(server.db, keys[i].partition_id, keys[i].due_us, keys[i].message_no);
        if (m) /* a cancelled timer's has gone */
            m->attempts++;
    }
    return rc;
}

th_rc th_pen_rollback(th_pen *pen, th_error *err)
{
    pen->aborted = false;
    return sim_alone(pen, err);
}

/* The statement of store/pen.c: before the next term's first number, or with no next term not above
 * the last. */
th_rc th_pen_settled(th_pen *pen, int32_t partition_id, int64_t commit_no, int64_t term,
                     bool *committed, th_error *err)
{
    int64_t next = INT64_MAX;
    th_rc rc = sim_alone(pen, err);
    for (size_t i = 0; i < server.db->commits_count; i++) {
        const sim_commit *c = &server.db->commits[i];
        if (c->partition == partition_id && c->no == c->term && c->term > term && c->term < next)
            next = c->term;
    }
    *committed = next != INT64_MAX ? next > commit_no
                                   : sim_last_commit(server.db, partition_id) >= commit_no;
    return rc;
}

th_rc th_pen_is_gone(th_pen *pen, int32_t partition_id, int old_pid, bool *gone, th_error *err)
{
    (void)partition_id;
    *gone = old_pid != pen->pid && (server.calm || !sim_once_in(3));
    return sim_alone(pen, err);
}

#endif
