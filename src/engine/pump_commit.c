/*
 * pump_commit.c - a batch from its first episode until it is acknowledged, and what is done when it
 * fails (protocol, 3).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/entity.h"

enum { MAX_TRIES = 3, BATCH_BYTES = 8 << 20, PARK_US = 3000000 };

/* ---- building ------------------------------------------------------------------------------- */

static bool claim(void *arg, const char *name)
{
    th_engine *engine = arg;
    return engine->options.activities && th_dispatch_reserve(engine->dispatch, name);
}

static th_commit *fresh_commit(th_pump *pump)
{
    th_engine *engine = pump->engine;
    th_commit *c = pump->spare_count ? pump->spare[--pump->spare_count] : NULL;
    if (!c) {
        c = th_malloc(sizeof *c);
        c->batch = th_batch_new();
        c->wakes = th_malloc((size_t)engine->hub.partition_count * sizeof *c->wakes);
    }
    free(c->step.given_up);
    c->step = (th_step){ .batch = c->batch,
                         .worker_id = engine->worker_id,
                         .first_partition = engine->hub.first_partition,
                         .partition_count = engine->hub.partition_count,
                         .claim = claim,
                         .arg = engine,
                         .wakes = c->wakes,
                         .keeps_history = atomic_load(&engine->keeps_history),
                         .keeps_early = atomic_load(&engine->early_seconds) > 0,
                         .min_due_us = TH_TIME_INF };
    c->since_us = th_mono_us();
    return c;
}

static void add_part(th_commit *c, th_part *part)
{
    if (c->part_count == c->part_cap) {
        c->part_cap = c->part_cap ? c->part_cap * 2 : 8;
        c->parts = th_realloc(c->parts, c->part_cap * sizeof *c->parts);
    }
    c->parts[c->part_count++] =
        (th_commit_part){ part->partition_id, part->next_commit++, part->term };
    part->touched = true;
    part->act_index = 0;
    part->in_flight++;
}

th_commit *th__touch(th_pump *pump, th_part *part)
{
    if (!pump->building)
        pump->building = fresh_commit(pump);
    th_commit *c = pump->building;
    if (!part->touched)
        add_part(c, part);
    c->step.now_us = th__db_now(pump);
    c->step.commit_no = part->next_commit - 1;
    c->step.act_index = &part->act_index;
    return c;
}

void th__commit_add(th_commit *c, th_inst *inst)
{
    if (c->inst_count == c->inst_cap) {
        c->inst_cap = c->inst_cap ? c->inst_cap * 2 : 64;
        c->insts = th_realloc(c->insts, c->inst_cap * sizeof(th_inst *));
    }
    c->insts[c->inst_count++] = inst;
}

bool th__building_full(const th_pump *pump)
{
    const th_commit *c = pump->building;
    return c && (c->inst_count >= pump->limit || th_batch_bytes(c->batch) >= BATCH_BYTES);
}

void th__commit_free(th_commit *c)
{
    if (!c)
        return;
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;)
        th_msg_free(m);
    for (th_msg *m; (m = th_msg_pop(&c->step.orphans)) != NULL;)
        th_msg_free(m);
    for (th_act *a; (a = th_act_pop(&c->step.born)) != NULL;)
        th_act_free(a);
    th_batch_free(c->batch);
    free(c->step.given_up);
    free(c->parts);
    free(c->insts);
    free(c->wakes);
    free(c);
}

void th__commit_recycle(th_pump *pump, th_commit *c)
{
    if (pump->spare_count == 4) {
        th__commit_free(c);
        return;
    }
    th_batch_clear(c->batch);
    memset(c->wakes, 0, (size_t)pump->engine->hub.partition_count * sizeof *c->wakes);
    c->part_count = c->inst_count = 0;
    c->tries = 0;
    c->chained = false;
    pump->spare[pump->spare_count++] = c;
}

/* ---- sending -------------------------------------------------------------------------------- */

static void untouch(th_pump *pump, const th_commit *c)
{
    for (size_t i = 0; i < c->part_count; i++) {
        th_part *part = th__part(pump, c->parts[i].partition_id);
        if (part)
            part->touched = false;
    }
}

/* Nothing came of it: the numbers are free again. */
static void give_numbers_back(th_pump *pump, const th_commit *c)
{
    for (size_t i = 0; i < c->part_count; i++) {
        th_part *part = th__part(pump, c->parts[i].partition_id);
        if (!part)
            continue;
        part->touched = false;
        part->in_flight--;
        if (c->parts[i].commit_no < part->next_commit)
            part->next_commit = c->parts[i].commit_no;
    }
}

static void chain(th_commit *c)
{
    if (c->chained)
        return;
    for (size_t i = 0; i < c->part_count; i++)
        th_batch_chain(c->batch, c->parts[i].partition_id, c->parts[i].commit_no, c->parts[i].term);
    c->chained = true;
}

static th_rc send_one(th_pump *pump, th_commit *c, th_error *err)
{
    th_rc rc = th_pen_send_batch(pump->pen, c->batch, (uint64_t)(uintptr_t)c, err);
    if (rc != TH_TOO_LARGE)
        return rc;
    pump->failing = true;
    pump->failure = *err;
    th_error_clear(err);
    return TH_OK;
}

static void drop_orphans(th_pump *pump, th_commit *c)
{
    for (th_msg *m; (m = th_msg_pop(&c->step.orphans)) != NULL;)
        th__completion_elsewhere(pump, m);
}

/* ---- acknowledged --------------------------------------------------------------------------- */

/* What is in memory is of no use to what comes next. */
static void read_again(th_pump *pump, th_inst *inst)
{
    th_inst_cool(inst);
    if (inst->queue.head)
        th__ready(pump, inst);
    else
        th_warm_remove(&pump->warm, inst);
}

/* What is in hand came later than what is due again now, so it is read again, behind that. */
static void put_rows_back(th_pump *pump, th_inst *inst)
{
    th_msg_list local = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (m->message_no)
            th__hand_out(pump, m);
        else
            th_msg_push(&local, m);
    }
    inst->queue = local;
    inst->released = false;
    if (pump->reading) {
        inst->refused_read = pump->read_no;
        pump->refusing = true;
    }
}

static void settle_inst(th_pump *pump, th_inst *inst)
{
    inst->conflicts = 0;
    inst->careful = false;
    if (inst->released)
        put_rows_back(pump, inst);
    if (inst->left_tasks)
        th_dispatch_cancel(pump->engine->dispatch, inst->partition_id, &inst->left_execution);
    inst->left_tasks = false;
    if (inst->ent)
        th__entity_settled(pump, inst);
    if (th_episode_goes_on(inst)) {
        read_again(pump, inst);
        return;
    }
    if (inst->ending && !inst->queue.head) {
        th_warm_remove(&pump->warm, inst);
        return;
    }
    if (inst->ending) { /* what waits may be for a new start of the same id: the rows know */
        th_inst_cool(inst);
        th__ready(pump, inst);
        return;
    }
    if (inst->renewed) {
        th_inst_drop_session(inst);
        pump->want_starts = true;
    }
    th__settle_inst(pump, inst);
}

static void release_parts(th_pump *pump, const th_commit *c)
{
    for (size_t i = 0; i < c->part_count; i++) {
        th_part *part = th__part(pump, c->parts[i].partition_id);
        if (!part)
            continue;
        part->in_flight--;
        part->want_read |= c->step.wrote_now;
        if (c->step.min_due_us < part->next_due_us)
            part->next_due_us = c->step.min_due_us;
    }
}

static void wake_others(th_pump *pump, th_commit *c)
{
    th_engine *engine = pump->engine;
    for (int32_t i = 0; i < engine->hub.partition_count; i++) {
        if (!c->wakes[i])
            continue;
        c->wakes[i] = false;
        th_part *part = th__part(pump, engine->hub.first_partition + i);
        if (part)
            part->want_read = true;
        else
            th__wake_owner(engine, engine->hub.first_partition + i);
    }
}

/* What the batch did is so: all that it needed can go. */
static void settle_all(th_pump *pump, th_commit *c)
{
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;)
        th__hand_out(pump, m);
    drop_orphans(pump, c);
    pump->stats.dropped_messages += c->step.dropped;
    for (size_t i = 0; i < c->inst_count; i++)
        settle_inst(pump, c->insts[i]);
    th__commit_recycle(pump, c);
}

void th__acknowledged(th_pump *pump)
{
    th_commit *c = pump->flying[0];
    pump->flying[0] = pump->flying[1];
    pump->flying_count--;
    release_parts(pump, c);
    wake_others(pump, c);
    if (c->step.born.head)
        th_dispatch_start(pump->engine->dispatch, &c->step.born);
    for (size_t i = 0; i < c->step.given_up_count; i++)
        th_dispatch_cancel_task(pump->engine->dispatch, c->step.given_up[i].partition_id,
                                &c->step.given_up[i].execution_id, c->step.given_up[i].seq);
    if (c->step.wrote_queue)
        th__want_claims(pump->engine);
    if (c->step.wrote_episodes)
        th__offer_episodes(pump->engine);
    settle_all(pump, c);
    if (pump->limit < TH_BATCH_ROWS)
        pump->limit = pump->limit * 2 < TH_BATCH_ROWS ? pump->limit * 2 : TH_BATCH_ROWS;
    atomic_store(&pump->engine->storage_trouble, false);
    pump->backoff_us = 0;
}

/* ---- on its way ----------------------------------------------------------------------------- */

th_rc th__send_commit(th_pump *pump, th_error *err)
{
    th_commit *c = pump->building;
    if (!c)
        return TH_OK;
    if (th_batch_rows(c->batch) == 0) {
        give_numbers_back(pump, c);
        pump->building = NULL;
        settle_all(pump, c);
        return TH_OK;
    }
    chain(c);
    untouch(pump, c);
    pump->building = NULL;
    pump->flying[pump->flying_count++] = c;
    pump->stats.batches++;
    return send_one(pump, c, err);
}

/* ---- failed --------------------------------------------------------------------------------- */

void th__completion_elsewhere(th_pump *pump, th_msg *m)
{
    th_act act = { .partition_id = m->partition_id,
                   .id = m->activity_id,
                   .claim_no = m->claim_no,
                   .execution_id = m->execution_id,
                   .seq = m->event.ref,
                   .instance_id = m->instance_id,
                   .name = "" };
    th_act *copy = th_act_new(&act);
    copy->result = th_mstrdup(m->event.payload);
    copy->failure = th_mstrdup(m->event.failure);
    th__complete_elsewhere(pump->engine, copy);
    th_msg_free(m);
}

static void free_born(th_pump *pump, th_commit *c)
{
    th_dispatch_unreserve(pump->engine->dispatch, c->step.born.count);
    for (th_act *a; (a = th_act_pop(&c->step.born)) != NULL;)
        th_act_free(a);
}

/* Messages of a batch that did not commit: rows are read again, local completions wait for the next
 * batch. */
static void unspend(th_pump *pump, th_commit *c, bool doubtful)
{
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;) {
        if (m->message_no) {
            th__hand_out(pump, m);
        } else if (doubtful) {
            th__completion_elsewhere(pump, m);
        } else {
            th__receive(pump, m);
        }
    }
    drop_orphans(pump, c);
}

/* Nothing that has run ahead of a failed commit is used again. */
static void evict(th_pump *pump, th_commit *c, bool doubtful)
{
    for (size_t i = 0; i < c->inst_count; i++) {
        th_inst_cool(c->insts[i]);
        if (c->insts[i]->ent) /* what waits behind messages that are read again must not come before
                                 them */
            th__entity_put_back(pump, c->insts[i]);
    }
    unspend(pump, c, doubtful);
    free_born(pump, c);
    for (size_t i = 0; i < c->inst_count; i++) {
        th_inst *inst = c->insts[i];
        put_rows_back(pump, inst);
        if (inst->queue.head)
            th__ready(pump, inst);
        else if (!inst->in_ready && inst->state == TH_INST_COLD && inst->conflicts == 0)
            th_warm_remove(&pump->warm, inst);
    }
    give_numbers_back(pump, c);
    th__commit_recycle(pump, c);
}

static void evict_all(th_pump *pump, bool doubtful)
{
    if (pump->building) {
        th_commit *c = pump->building;
        pump->building = NULL;
        evict(pump, c, doubtful);
    }
    while (pump->flying_count > 0)
        evict(pump, pump->flying[--pump->flying_count], doubtful);
    for (size_t i = 0; i < pump->part_count; i++)
        pump->parts[i].want_read = true;
}

static bool is_chain_broken(const th_pump *pump)
{
    bool conflict = pump->failure.rc == TH_CONFLICT || strcmp(pump->failure.sqlstate, "23505") == 0;
    return conflict && strcmp(pump->failed_in, "chain") == 0;
}

static bool is_conflict(const th_pump *pump)
{
    return pump->failure.rc == TH_CONFLICT || (strcmp(pump->failure.sqlstate, "23505") == 0 &&
                                               strcmp(pump->failed_in, "history") == 0);
}

/* A second conflict of the same instance means that what we know is wrong: start over. */
static bool count_conflicts(const th_commit *c)
{
    bool twice = false;
    for (size_t i = 0; i < c->inst_count; i++)
        twice |= ++c->insts[i]->conflicts >= 3;
    return twice;
}

/* Several operations: which of them it is shows when each goes alone. */
static bool is_divisible(const th_inst *inst)
{
    return inst->ent && inst->ent->ops > 1;
}

static void set_aside(th_inst *inst, const th_error *why)
{
    bool locked = why->rc == TH_DB_RETRY; /* never the instance's own fault */
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    if (locked || inst->doomed) {
        th_log(TH_LOG_WARN, TH_EV_BATCH_FAILED, &ctx, "set aside for a moment: %s", why->text);
        inst->conflicts = 1; /* stays in memory although its queue is empty */
        return;
    }
    th_log(TH_LOG_ERROR, TH_EV_INSTANCE_FAILED, &ctx, "the database refused its changes: %s",
           why->text);
}

/* What fails alone fails its instance with the error, or is parked where a user holds its row. */
static void isolate_one(th_pump *pump, th_commit *c)
{
    th_inst *inst = c->insts[0];
    th_error why = pump->failure;
    bool locked = why.rc == TH_DB_RETRY || inst->doomed;
    if (is_divisible(inst) && !locked) {
        inst->ent->singly = inst->ent->ops;
        inst->conflicts = 1; /* stays in memory, and knows that */
        evict_all(pump, false);
        inst->conflicts = 0;
        return;
    }
    set_aside(inst, &why);
    inst->conflicts = 1;
    evict_all(pump, false);
    inst->conflicts = 0;
    if (locked) {
        inst->state = TH_INST_PARKED;
        inst->parked_until_us = th_mono_us() + PARK_US;
        pump->parked++;
        return;
    }
    th_episode_doom(inst, "DatabaseRefused", why.text);
}

static void isolate(th_pump *pump)
{
    th_commit *c = pump->flying[0];
    size_t n = c->inst_count;
    pump->limit = n / 2 > 0 ? n / 2 : 1;
    if (n == 1)
        isolate_one(pump, c);
    else
        evict_all(pump, false);
}

th_rc th__resend(th_pump *pump, th_error *err)
{
    th_rc rc = TH_OK;
    pump->resend_at_us = 0;
    for (int i = 0; i < pump->flying_count && rc == TH_OK && !pump->failing; i++)
        rc = send_one(pump, pump->flying[i], err);
    return rc;
}

static th_rc keep_for_later(th_pump *pump)
{
    if (!atomic_exchange(&pump->engine->storage_trouble, true))
        th_log(TH_LOG_ERROR, TH_EV_DB_STORAGE, NULL, "batches are kept and sent again: %s",
               pump->failure.text);
    pump->backoff_us = pump->backoff_us ? pump->backoff_us * 2 : 100000;
    if (pump->backoff_us > 5000000)
        pump->backoff_us = 5000000;
    pump->resend_at_us = th_mono_us() + pump->backoff_us;
    return TH_OK;
}

/* Who holds a row for longer than we wait (protocol S1) may hold it for long: the batch is not sent
 * again as it is, which would cost all its instances that time at every try. */
static bool is_row_held(const th_pump *pump)
{
    return strcmp(pump->failure.sqlstate, "55P03") == 0;
}

static th_rc choose(th_pump *pump, th_error *err)
{
    th_commit *first = pump->flying[0];
    if (is_chain_broken(pump)) {
        *err = pump->failure;
        th_log(TH_LOG_ERROR, TH_EV_BATCH_FAILED, NULL,
               "another writer was found in the chain of commits: %s", pump->failure.text);
        return TH_CONFLICT;
    }
    if (pump->failure.rc == TH_DB_RETRY && !is_row_held(pump) && first->tries++ < MAX_TRIES)
        return th__resend(pump, err);
    if (pump->failure.rc == TH_DB_STORAGE)
        return keep_for_later(pump);
    if (is_conflict(pump)) {
        if (count_conflicts(first)) {
            *err = pump->failure;
            return TH_CONFLICT;
        }
        evict_all(pump, true);
        return TH_OK;
    }
    isolate(pump);
    return TH_OK;
}

/* All that was in flight has been reported. */
th_rc th__recover(th_pump *pump, th_error *err)
{
    pump->failing = false;
    pump->stats.batch_failures++;
    th_log(TH_LOG_WARN, TH_EV_BATCH_FAILED, NULL, "a batch failed in '%s' (%s): %s",
           pump->failed_in,
           pump->failure.sqlstate[0] ? pump->failure.sqlstate : th_rc_name(pump->failure.rc),
           pump->failure.text);
    th_rc rc = th_pen_rollback(pump->pen, err);
    return rc == TH_OK ? choose(pump, err) : rc;
}
