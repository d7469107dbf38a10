/*
 * sim_server.h - a PostgreSQL over the tables of sim_model.h that takes its time and fails.
 *
 * An operation is carried out when sim_server_step says so, in the order of sending; what a refused
 * batch leaves is an aborted transaction, as in a pipeline. Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_SIM_SERVER_H
#define TH_TESTS_UNIT_SIM_SERVER_H

#include "sim_model.h"
#include "store/pen.h"

enum { SIM_OPS = 32, SIM_PARTITIONS = 2, SIM_REMOTE = 9999 /* a worker that is well */ };

typedef struct sim_op {
    th_pen_op kind;
    th_batch *batch;
    uint64_t tag;
    int32_t *partitions;
    const char **ids;
    size_t n;
    int64_t *hand;
    size_t hand_count;
    const char **left_out;
    size_t left_out_count;
    int32_t limit;
    bool executed;
    th_arena *arena;
    th_pen_done done;
} sim_op;

struct th_pen {
    int pid;
    bool lost, aborted;
    sim_op ops[SIM_OPS];
    int first, count;
};

/* One server, and what goes wrong with it. */
typedef struct sim_server {
    sim_db *db;
    uint64_t random;
    bool clean[SIM_PARTITIONS];
    bool calm; /* nothing goes wrong any more */
    int next_pid;
    int fail_left; /* so many more batches are refused in the way of the last one */
    th_error failing;
    const char *failing_in;
    int64_t batches, failures, cuts;
} sim_server;

static sim_server server;

static inline uint64_t sim_random(void)
{
    uint64_t x = server.random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline size_t sim_pick(size_t n)
{
    return (size_t)(sim_random() % n);
}

/* Once in n times. */
static inline bool sim_once_in(size_t n)
{
    return sim_pick(n) == 0;
}

/* ---- carrying out: reads --------------------------------------------------------------------- */

static bool sim_in_hand(const sim_op *op, int64_t no)
{
    for (size_t i = 0; i < op->hand_count; i++)
        if (op->hand[i] == no)
            return true;
    return false;
}

/* For an entity that holds an earlier one. */
static bool sim_is_behind(const sim_message *m)
{
    for (size_t i = 0; i < server.db->messages_count && *m->id == '@'; i++) {
        const sim_message *held = &server.db->messages[i];
        if (held->due == TH_TIME_INF && held->no < m->no && strcmp(held->id, m->id) == 0)
            return true;
    }
    return false;
}

static bool sim_is_left_out(const sim_op *op, const sim_message *m)
{
    bool always = m->kind == TH_ExecutionStarted || m->kind == TH_ExecutionTerminated ||
                  m->kind == TH_ExecutionSuspended || m->kind == TH_ExecutionResumed ||
                  m->kind == TH_ExecutionRewound;
    for (size_t i = 0; i < op->left_out_count; i++)
        if (!always && m->due == TH_TIME_NEG_INF && strcmp(op->left_out[i], m->id) == 0)
            return true;
    return false;
}

static void sim_row(th_inbox_row *row, const sim_message *m)
{
    const sim_instance *i = sim_find(server.db, m->id);
    *row = (th_inbox_row){ .partition_id = m->partition,
                           .due_us = m->due,
                           .message_no = m->no,
                           .instance_id = m->id,
                           .has_start = m->has_start,
                           .has_execution = m->has_execution,
                           .start_id = m->start,
                           .execution_id = m->execution,
                           .kind = m->kind,
                           .name = m->name,
                           .ref = m->ref,
                           .message_id = m->message_id,
                           .attempts = m->attempts,
                           .payload = m->payload,
                           .body = m->body,
                           .sent_us = m->sent,
                           .found = i != NULL,
                           .behind = sim_is_behind(m),
                           .parent_ref = TH_NONE };
    if (!i)
        return;
    row->row_start_id = i->start;
    row->row_execution_id = i->execution;
    row->status = (int16_t)i->status;
    row->row_name = i->name;
    row->version = i->version;
    row->parent_instance_id = i->parent;
    row->has_parent_execution = i->parent != NULL;
    row->parent_execution_id = i->parent_execution;
    row->parent_ref = i->parent ? i->parent_ref : TH_NONE;
    row->is_entity = i->is_entity;
    row->input =
        m->kind == TH_ExecutionStarted && th_uuid_equal(&i->start, &m->start) ? i->input : NULL;
}

static int sim_by_due(const void *a, const void *b)
{
    const th_inbox_row *x = a, *y = b;
    if (x->due_us != y->due_us)
        return x->due_us < y->due_us ? -1 : 1;
    return x->message_no < y->message_no ? -1 : 1;
}

/* Of one partition: those due at once, or those whose time has come; at most `limit`. */
static void sim_range(sim_op *op, int32_t partition, bool at_once)
{
    th_pen_done *done = &op->done;
    size_t first = done->count;
    for (size_t i = 0; i < server.db->messages_count; i++) {
        const sim_message *m = &server.db->messages[i];
        bool due = at_once ? m->due == TH_TIME_NEG_INF
                           : m->due > TH_TIME_NEG_INF && m->due <= server.db->now_us;
        if (due && m->partition == partition && !sim_in_hand(op, m->no) && !sim_is_left_out(op, m))
            sim_row(&done->rows[done->count++], m);
    }
    qsort(done->rows + first, done->count - first, sizeof *done->rows, sim_by_due);
    if (done->count - first > (size_t)op->limit)
        done->count = first + (size_t)op->limit;
}

static void sim_do_read(sim_op *op)
{
    th_pen_done *done = &op->done;
    done->rows = th_new(done->arena, th_inbox_row, 2 * server.db->messages_count + 1);
    done->next = th_new(done->arena, th_next_due, op->n + 1);
    for (size_t i = 0; i < op->n; i++) {
        th_next_due *next = &done->next[done->next_count++];
        *next = (th_next_due){ op->partitions[i], server.db->now_us, TH_TIME_INF };
        sim_range(op, op->partitions[i], true);
        sim_range(op, op->partitions[i], false);
        for (size_t k = 0; k < server.db->messages_count; k++) {
            const sim_message *m = &server.db->messages[k];
            if (m->partition == op->partitions[i] && m->due > server.db->now_us &&
                m->due < next->due_us)
                next->due_us = m->due;
        }
    }
}

static void sim_do_held(sim_op *op)
{
    th_pen_done *done = &op->done;
    done->rows = th_new(done->arena, th_inbox_row, server.db->messages_count * op->n + 1);
    for (size_t i = 0; i < op->n; i++)
        for (size_t k = 0; k < server.db->messages_count; k++) {
            const sim_message *m = &server.db->messages[k];
            if (m->due == TH_TIME_INF && strcmp(m->id, op->ids[i]) == 0 && !sim_in_hand(op, m->no))
                sim_row(&done->rows[done->count++], m);
        }
}

static void sim_load_episodes(th_pen_done *done, const sim_instance *i)
{
    size_t found = 0;
    for (size_t k = 0; k < server.db->episodes_count; k++)
        found += strcmp(server.db->episodes[k].id, i->id) == 0 &&
                 th_uuid_equal(&server.db->episodes[k].execution, &i->execution);
    for (int32_t n = 0; n < (int32_t)found; n++)
        for (size_t k = 0; k < server.db->episodes_count; k++) {
            const sim_episode *e = &server.db->episodes[k];
            if (e->episode != n || strcmp(e->id, i->id) != 0 ||
                !th_uuid_equal(&e->execution, &i->execution))
                continue;
            done->episodes[done->episode_count++] =
                (th_episode_row){ .partition_id = e->partition,
                                  .instance_id = e->id,
                                  .execution_id = e->execution,
                                  .episode = e->episode,
                                  .first_seq = e->first_seq,
                                  .at_us = e->at,
                                  .events = e->events,
                                  .events_len = strlen(e->events),
                                  .memo = e->memo };
        }
}

static void sim_do_load(sim_op *op)
{
    th_pen_done *done = &op->done;
    done->instances = th_new(done->arena, th_instance_row, op->n + 1);
    done->episodes = th_new(done->arena, th_episode_row, server.db->episodes_count + 1);
    for (size_t k = 0; k < op->n; k++) {
        const sim_instance *i = sim_find(server.db, op->ids[k]);
        if (!i)
            continue;
        done->instances[done->instance_count++] =
            (th_instance_row){ .partition_id = i->partition,
                               .instance_id = i->id,
                               .found = true,
                               .start_id = i->start,
                               .execution_id = i->execution,
                               .status = (int16_t)i->status,
                               .name = i->name,
                               .version = i->version,
                               .parent_instance_id = i->parent,
                               .has_parent_execution = i->parent != NULL,
                               .parent_execution_id = i->parent_execution,
                               .parent_ref = i->parent ? i->parent_ref : TH_NONE,
                               .is_entity = i->is_entity,
                               .state = i->state,
                               .lock_holder = i->holder };
        sim_load_episodes(done, i);
    }
}

/* ---- carrying out: batches ------------------------------------------------------------------- */

static void sim_refuse(sim_op *op, const th_error *why, const char *statement)
{
    op->done.rc = why->rc;
    op->done.error = *why;
    snprintf(op->done.statement, sizeof op->done.statement, "%s", statement);
    server.failures++;
}

/* Once in a while a few batches are refused, in one of the ways of protocol B4. */
static void sim_choose_failure(void)
{
    static const struct {
        th_rc rc;
        const char *sqlstate, *statement;
        int most;
    } ways[] = { { TH_DB_RETRY, "40001", "consume", 3 },
                 { TH_DB_RETRY, "55P03", "instances", 8 },
                 { TH_DB_STORAGE, "53100", "history", 3 },
                 { TH_CONFLICT, "TH409", "consume", 1 },
                 { TH_DB, "23505", "history", 1 } };
    if (server.fail_left > 0 || server.calm || !sim_once_in(25))
        return;
    size_t way = sim_pick(sizeof ways / sizeof ways[0]);
    server.fail_left = 1 + (int)sim_pick((size_t)ways[way].most);
    server.failing = (th_error){ .rc = ways[way].rc };
    snprintf(server.failing.sqlstate, sizeof server.failing.sqlstate, "%s", ways[way].sqlstate);
    snprintf(server.failing.text, sizeof server.failing.text, "simulated: %s", ways[way].sqlstate);
    server.failing_in = ways[way].statement;
}

static void sim_do_batch(th_pen *pen, sim_op *op)
{
    server.batches++;
    sim_choose_failure();
    if (server.fail_left > 0) {
        server.fail_left--;
        sim_refuse(op, &server.failing, server.failing_in);
        pen->aborted = true;
        return;
    }
    const char *refused = sim_apply(server.db, op->batch);
    if (!refused)
        return;
    th_error why = { .rc = TH_CONFLICT, .sqlstate = "TH409" };
    snprintf(why.text, sizeof why.text, "simulated: another number of rows in '%s'", refused);
    sim_refuse(op, &why, refused);
    pen->aborted = true;
}

static void sim_execute(th_pen *pen, sim_op *op)
{
    static const th_error aborted = { .rc = TH_DB,
                                      .sqlstate = "25P02",
                                      .text = "simulated: the transaction is aborted" };
    op->executed = true;
    op->done = (th_pen_done){ .op = op->kind, .tag = op->tag, .arena = th_arena_new(0) };
    if (pen->aborted)
        sim_refuse(op, &aborted, "begin");
    else if (op->kind == TH_PEN_BATCH)
        sim_do_batch(pen, op);
    else if (op->kind == TH_PEN_READ)
        sim_do_read(op);
    else if (op->kind == TH_PEN_HELD)
        sim_do_held(op);
    else if (op->kind == TH_PEN_LOAD)
        sim_do_load(op);
    else
        op->done.idle_locked = server.calm || !sim_once_in(3);
}

/* Carries out one operation; false: there is none. */
static bool sim_server_step(th_pen *pen)
{
    for (int i = 0; pen && i < pen->count; i++) {
        sim_op *op = &pen->ops[(pen->first + i) % SIM_OPS];
        if (op->executed)
            continue;
        sim_execute(pen, op);
        return true;
    }
    return false;
}

/* The connection is cut; what was sent may still be carried out. */
static void sim_cut(th_pen *pen)
{
    while (!sim_once_in(3) && sim_server_step(pen))
        ;
    pen->lost = true;
    server.cuts++;
}

#endif
