/*
 * pump_own.c - partitions come and go: acquire, give back, lose; and commits whose acknowledgement
 * was lost (protocol, 2 and B6).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"

enum {
    GIVE_PATIENCE_US = 1000000,
    RETRY_US = 100000,
    RETRY_MAX_US = 1000000,
    SETTLE_EVERY_US = 200000
};

th_part *th__part(th_pump *pump, int32_t partition_id)
{
    for (size_t i = 0; i < pump->part_count; i++)
        if (pump->parts[i].partition_id == partition_id)
            return &pump->parts[i];
    return NULL;
}

/* ---- acquire -------------------------------------------------------------------------------- */

static void add_part(th_pump *pump, int32_t partition_id, const th_ownership *own)
{
    pump->parts = th_realloc(pump->parts, (pump->part_count + 1) * sizeof *pump->parts);
    th_part *part = &pump->parts[pump->part_count++];
    *part = (th_part){ .partition_id = partition_id,
                       .term = own->term,
                       .next_commit = own->term + 1,
                       .owned_since_us = th_mono_us(),
                       .careful_until = own->clean ? 0 : own->last_message,
                       .want_read = true,
                       .next_due_us = TH_TIME_INF };
    part->acquisition = atomic_fetch_add(&pump->engine->next_acquisition, 1) + 1;
    th__owner_set(pump->engine, partition_id, pump, part->acquisition);
}

static void say_acquired(int32_t partition_id, const th_ownership *own)
{
    th_log_ctx ctx = { .partition = partition_id };
    th_log(TH_LOG_INFO, TH_EV_PARTITION_ACQUIRED, &ctx,
           "owned by this process from commit %lld on%s", (long long)own->term,
           own->clean ? "" : "; the last owner did not give it back, so carefully");
}

static th_rc release_dead(th_pump *pump, int32_t partition_id, th_error *err)
{
    int64_t freed = 0, poisoned = 0, left = 0;
    th_rc rc = th_pen_release_dead(pump->pen, partition_id, pump->engine->worker_id, TH_CRASH_LIMIT,
                                   &freed, &poisoned, &left, err);
    th_log_ctx ctx = { .partition = partition_id };
    th_part *part = th__part(pump, partition_id);
    if (rc != TH_OK)
        return rc;
    if (left)
        atomic_store(&pump->engine->dead_claims_left, true);
    if (freed)
        th_log(TH_LOG_WARN, TH_EV_CLAIM_RECONCILED, &ctx,
               "%lld activities of dead workers came free", (long long)freed);
    if (freed)
        th__want_claims(pump->engine);
    if (!poisoned)
        return TH_OK;
    th_log(
        TH_LOG_ERROR, TH_EV_ACTIVITY_POISON, &ctx,
        "%lld activities are poison: their workers died %d times; they fail, or are parked if the "
        "hub says so",
        (long long)poisoned, TH_CRASH_LIMIT);
    pump->stats.poisoned += poisoned;
    if (part)
        part->want_read = true;
    return TH_OK;
}

/* Events that wait for instances: their starts must know of them. */
static th_rc learn_early(th_pump *pump, int32_t partition_id, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    const char *const *ids = NULL;
    size_t n = 0;
    th_rc rc = th_pen_early(pump->pen, arena, partition_id, &ids, &n, err);
    for (size_t i = 0; i < n; i++)
        th_early_add(&pump->early, partition_id, ids[i]);
    th_arena_free(arena);
    return rc;
}

static th_rc acquire(th_pump *pump, int32_t partition_id, th_error *err)
{
    th_ownership own;
    th_error why = { 0 };
    if (th__part(pump, partition_id))
        return TH_OK;
    th_rc rc = th_pen_acquire(pump->pen, partition_id, pump->engine->worker_id, &own, &why);
    if (rc == TH_NOT_OWNER) {
        th_log_ctx ctx = { .partition = partition_id };
        th_log(TH_LOG_DEBUG, TH_EV_PARTITION_SKIPPED, &ctx, "left alone: another process holds it");
        th__owner_set(pump->engine, partition_id, NULL, 0);
        return TH_OK;
    }
    if (rc != TH_OK) { /* the lock may be held: only closing the connection is safe (S4) */
        th__owner_set(pump->engine, partition_id, NULL, 0);
        *err = why;
        return rc;
    }
    add_part(pump, partition_id, &own);
    say_acquired(partition_id, &own);
    rc = learn_early(pump, partition_id, err);
    return rc == TH_OK ? release_dead(pump, partition_id, err) : rc;
}

/* ---- give back ------------------------------------------------------------------------------ */

static void unlink_list(th_inst **list, int32_t partition_id)
{
    while (*list) {
        th_inst *inst = *list;
        if (inst->partition_id != partition_id) {
            list = &inst->ready_next;
            continue;
        }
        *list = inst->ready_next;
        inst->in_ready = false;
        inst->ready_next = NULL;
    }
}

static void unlink_asked(th_asked *asked, int32_t partition_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < asked->count; i++)
        if (asked->list[i]->partition_id != partition_id)
            asked->list[kept++] = asked->list[i];
    asked->count = kept;
}

static void unlink_part(th_pump *pump, int32_t partition_id)
{
    unlink_asked(&pump->loads, partition_id);
    unlink_asked(&pump->helds, partition_id);
    unlink_list(&pump->ready_head, partition_id);
    unlink_list(&pump->careful, partition_id);
    unlink_list(&pump->entities_waiting, partition_id);
    pump->ready_tail = NULL;
    pump->ready_count = 0;
    for (th_inst *i = pump->ready_head; i; i = i->ready_next) {
        pump->ready_tail = i;
        pump->ready_count++;
    }
}

typedef struct part_search {
    th_pump *pump;
    int32_t partition_id;
    size_t running;
    bool impatient; /* for what entities do */
} part_search;

static void count_running(void *arg, th_inst *inst)
{
    part_search *s = arg;
    bool runs = inst->state == TH_INST_RUNNING && !(inst->ent && s->impatient);
    s->running +=
        inst->partition_id == s->partition_id && (runs || inst->state == TH_INST_COMMITTING);
}

static void forget_of_part(void *arg, th_inst *inst)
{
    part_search *s = arg;
    if (inst->partition_id == s->partition_id)
        th__forget_inst(s->pump, inst);
}

/* Episodes that are out are waited for, but not for long: the next owner gives them out again. */
static bool is_busy(th_pump *pump, const th_part *part)
{
    int64_t patience_us = atomic_load(&pump->engine->patience_us);
    part_search s = { .partition_id = part->partition_id,
                      .impatient = patience_us && th_mono_us() >= patience_us };
    if (th_mono_us() - part->giving_since_us >= GIVE_PATIENCE_US)
        return part->in_flight > 0;
    th_warm_each(&pump->warm, count_running, &s);
    return part->in_flight > 0 || s.running > 0;
}

static void remove_part(th_pump *pump, size_t i)
{
    th__owner_set(pump->engine, pump->parts[i].partition_id, NULL, 0);
    pump->parts[i] = pump->parts[--pump->part_count];
}

static th_rc give(th_pump *pump, size_t i, th_error *err)
{
    int32_t partition_id = pump->parts[i].partition_id;
    part_search s = { .pump = pump, .partition_id = partition_id };
    unlink_part(pump, partition_id);
    th__owner_set(pump->engine, partition_id, NULL, 0);
    th_warm_each(&pump->warm, forget_of_part, &s);
    th_rc rc = th_pen_give(pump->pen, partition_id, err);
    if (rc != TH_OK)
        return rc;
    th_log_ctx ctx = { .partition = partition_id };
    th_log(TH_LOG_INFO, TH_EV_PARTITION_GIVEN, &ctx, "given back in order");
    remove_part(pump, i);
    return TH_OK;
}

void th__give_later(th_part *part)
{
    if (part->giving)
        return;
    part->giving = true;
    part->giving_since_us = th_mono_us();
}

bool th__is_giving(const th_pump *pump)
{
    for (size_t i = 0; i < pump->part_count; i++)
        if (pump->parts[i].giving)
            return true;
    return false;
}

/* Needs an idle pipeline. Those still busy wait for their batches. */
th_rc th__give_finished(th_pump *pump, th_error *err)
{
    for (size_t i = pump->part_count; i-- > 0;) {
        th_part *part = &pump->parts[i];
        if (!part->giving || is_busy(pump, part))
            continue;
        th_rc rc = give(pump, i, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* ---- orders --------------------------------------------------------------------------------- */

static th_rc obey_one(th_pump *pump, const th_order *order, th_error *err)
{
    th_part *part = th__part(pump, order->partition_id);
    switch (order->kind) {
    case TH_ORDER_ACQUIRE:
        return pump->stopping ? TH_OK : acquire(pump, order->partition_id, err);
    case TH_ORDER_GIVE:
        if (part)
            th__give_later(part);
        return TH_OK;
    case TH_ORDER_RELEASE_DEAD:
        return part ? release_dead(pump, order->partition_id, err) : TH_OK;
    }
    return TH_OK;
}

th_rc th__obey(th_pump *pump, th_error *err)
{
    th_rc rc = TH_OK;
    while (pump->orders && rc == TH_OK) {
        th_order *order = pump->orders;
        pump->orders = order->next;
        rc = obey_one(pump, order, err);
        free(order);
    }
    return rc;
}

/* ---- lose ----------------------------------------------------------------------------------- */

/* Rows will be read again by whoever owns the partition; of local completions and claims we must
 * take care. */
static void make_unsettled(th_pump *pump, th_commit *c, int old_pid)
{
    th_msg_list local = { 0 };
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;) {
        if (m->message_no)
            th__hand_out(pump, m);
        else
            th_msg_push(&local, m);
    }
    th_msg_join(&local, &c->step.orphans);
    c->step.spent = local;
    c->inst_count = 0;
    th_unsettled *u = th_malloc(sizeof *u);
    u->old_pid = old_pid;
    u->commit = c;
    u->next = pump->unsettled;
    pump->unsettled = u;
}

static void forget_all(void *arg, th_inst *inst)
{
    th__forget_inst(arg, inst);
}

static void drop_building(th_pump *pump)
{
    th_commit *c = pump->building;
    if (!c)
        return;
    pump->building = NULL;
    th_msg_join(&c->step.spent, &c->step.orphans);
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;) {
        if (m->message_no)
            th__hand_out(pump, m);
        else
            th__completion_elsewhere(pump, m);
    }
    th_dispatch_unreserve(pump->engine->dispatch, c->step.born.count);
    for (th_act *a; (a = th_act_pop(&c->step.born)) != NULL;)
        th_act_free(a);
    th__commit_recycle(pump, c);
}

static void reset(th_pump *pump)
{
    th__crowds_forget(pump);
    pump->ready_head = pump->ready_tail = pump->careful = pump->entities_waiting = NULL;
    pump->ready_count = 0;
    pump->loads.count = pump->loads.sent = pump->helds.count = pump->helds.sent = 0;
    pump->reading = pump->idle_locks = pump->idle_partly = pump->failing = false;
    pump->part_count = 0;
    pump->resend_at_us = 0;
    pump->limit = TH_BATCH_ROWS;
}

void th__lose(th_pump *pump, const th_error *why)
{
    int old_pid = pump->pen ? th_pen_pid(pump->pen) : 0;
    if (pump->part_count || pump->pen)
        th_log(TH_LOG_WARN, TH_EV_PARTITION_LOST, NULL, "%zu partitions are lost: %s",
               pump->part_count, why->text);
    for (size_t i = 0; i < pump->part_count; i++)
        th__owner_set(pump->engine, pump->parts[i].partition_id, NULL, 0);
    th_pen_close(pump->pen);
    pump->pen = NULL;
    drop_building(pump);
    while (pump->flying_count > 0)
        make_unsettled(pump, pump->flying[--pump->flying_count], old_pid);
    th_warm_each(&pump->warm, forget_all, pump);
    for (th_order *o; (o = pump->orders) != NULL;) {
        pump->orders = o->next;
        if (o->kind == TH_ORDER_ACQUIRE)
            th__owner_set(pump->engine, o->partition_id, NULL, 0);
        free(o);
    }
    reset(pump);
    pump->retry_at_us = th_mono_us() + (int64_t)(pump->index * 7 + 5) * 1000;
    atomic_store(&pump->engine->connection_error, true);
}

th_rc th__connect(th_pump *pump, th_error *err)
{
    th_rc rc = th_pen_open(pump->engine->options.conninfo, &pump->pen, err);
    if (rc == TH_OK) {
        pump->backoff_us = 0;
        pump->last_answer_us = th_mono_us();
        th__want_watch(pump->engine); /* what it lost is free by now */
        return TH_OK;
    }
    pump->pen = NULL;
    pump->backoff_us = pump->backoff_us ? pump->backoff_us * 2 : RETRY_US;
    if (pump->backoff_us > RETRY_MAX_US)
        pump->backoff_us = RETRY_MAX_US;
    pump->retry_at_us = th_mono_us() + pump->backoff_us;
    return rc;
}

/* ---- settle (protocol B6) ------------------------------------------------------------------- */

static void settled(th_pump *pump, th_commit *c, bool committed)
{
    th_engine *engine = pump->engine;
    th_log_ctx ctx = { .partition = c->part_count ? c->parts[0].partition_id : 0 };
    th_log(TH_LOG_INFO, TH_EV_BATCH_SETTLED, &ctx, "batch %lld, whose answer was lost, %s",
           (long long)(c->part_count ? c->parts[0].commit_no : 0),
           committed ? "had committed" : "had not committed");
    th_dispatch_unreserve(engine->dispatch, c->step.born.count);
    for (th_act *a; (a = th_act_pop(&c->step.born)) != NULL;) {
        if (committed)
            th__abandon(engine, a, 0);
        else
            th_act_free(a);
    }
    for (th_msg *m; (m = th_msg_pop(&c->step.spent)) != NULL;)
        th__completion_elsewhere(pump, m);
    th__commit_recycle(pump, c);
}

static th_rc try_settle(th_pump *pump, const th_unsettled *u, bool *known, bool *committed,
                        th_error *err)
{
    const th_commit_part *part = &u->commit->parts[0];
    *known = *committed = false;
    th_rc rc = th_pen_is_gone(pump->pen, part->partition_id, u->old_pid, known, err);
    if (rc == TH_OK && *known)
        rc = th_pen_settled(pump->pen, part->partition_id, part->commit_no, part->term, committed,
                            err);
    return rc;
}

void th__settle(th_pump *pump)
{
    th_error err = { 0 };
    pump->settle_at_us = th_mono_us() + SETTLE_EVERY_US;
    for (th_unsettled **at = &pump->unsettled; *at;) {
        th_unsettled *u = *at;
        bool known = false, committed = false;
        if (u->commit->part_count && try_settle(pump, u, &known, &committed, &err) != TH_OK) {
            th__lose(pump, &err);
            return;
        }
        if (!known && u->commit->part_count) {
            at = &u->next;
            continue;
        }
        *at = u->next;
        settled(pump, u->commit, committed);
        free(u);
    }
}

void th__free_unsettled(th_pump *pump)
{
    for (th_unsettled *u; (u = pump->unsettled) != NULL;) {
        pump->unsettled = u->next;
        th__commit_free(u->commit);
        free(u);
    }
}
