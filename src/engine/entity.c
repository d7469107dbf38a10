/*
 * entity.c - an entity in memory, and one turn of it: sift what waits, settle locks alone, take
 * operations to run.
 */
#include "engine/entity.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/entity_id.h"
#include "base/log.h"
#include "engine/entity_int.h"

/* ---- in memory ------------------------------------------------------------------------------ */

th_ent *th_ent_new(const char *id)
{
    th_ent *ent = th_malloc(sizeof *ent);
    th_arena *arena = th_arena_new(0);
    const char *name = "", *key = "";
    ent->is_good = th_entity_id_split(arena, id, &name, &key);
    ent->name = th_mstrdup(name);
    ent->key = ent->is_good ? strchr(id + 1, '@') + 1 : "";
    th_arena_free(arena);
    return ent;
}

static void clear_holder(th_ent *ent)
{
    free(ent->holder);
    free(ent->section);
    ent->holder = ent->section = NULL;
}

void th_ent_cool(th_ent *ent)
{
    clear_holder(ent);
    free(ent->state);
    ent->state = NULL;
    ent->has_row = ent->foreign = ent->released = ent->waiting = false;
    ent->came = 0;
    ent->first_held = 0;
    ent->recent_count = 0;
}

void th_ent_free(th_ent *ent)
{
    if (!ent)
        return;
    th_ent_cool(ent);
    free(ent->seen.hashes);
    free(ent->recent);
    free(ent->name);
    free(ent);
}

static void read_holder(th_ent *ent, const char *json)
{
    json_t *root = json ? json_loads(json, 0, NULL) : NULL;
    const char *holder = json_string_value(json_object_get(root, "instanceId"));
    const char *execution = json_string_value(json_object_get(root, "executionId"));
    const char *section = json_string_value(json_object_get(root, "criticalSectionId"));
    if (holder && section && execution && th_uuid_parse(execution, &ent->holder_execution)) {
        ent->holder = th_mstrdup(holder);
        ent->section = th_mstrdup(section);
    }
    json_decref(root);
}

void th_ent_load(th_inst *inst, const th_instance_row *row)
{
    th_ent *ent = inst->ent;
    th_ent_cool(ent);
    inst->state = TH_INST_READY;
    inst->status = TH_RUNNING;
    inst->exists = true;
    inst->maybe_held = true; /* of an owner that has died */
    if (!row) {
        inst->start_id = th_uuid_random();
        inst->execution_id = th_uuid_random();
        return;
    }
    inst->start_id = row->start_id;
    inst->execution_id = row->execution_id;
    ent->has_row = true;
    ent->foreign = !row->is_entity;
    ent->state = th_mstrdup(row->state);
    read_holder(ent, row->lock_holder);
}

/* ---- what was seen -------------------------------------------------------------------------- */

static uint64_t hash_text(const char *s, uint64_t seed)
{
    uint64_t h = 1469598103934665603u ^ seed;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 1099511628211u;
    return h ? h : 1;
}

static uint64_t hash_of(const th_msg *m)
{
    return m->event.message_id ? hash_text(m->event.message_id, 0) : 0;
}

static bool ring_has(const th_ring *ring, uint64_t hash)
{
    for (size_t i = 0; i < ring->count; i++)
        if (ring->hashes[i] == hash)
            return true;
    return false;
}

static void ring_add(th_ring *ring, uint64_t hash)
{
    if (ring->count == TH_ENTITY_SEEN) {
        ring->hashes[ring->next] = hash;
        ring->next = (ring->next + 1) % TH_ENTITY_SEEN;
        return;
    }
    if (ring->count % 64 == 0)
        ring->hashes = th_realloc(ring->hashes, (ring->count + 64) * sizeof *ring->hashes);
    ring->hashes[ring->count++] = hash;
}

/* Only once it is committed: a message of a batch that failed comes again. */
static void remember(th_ent *ent, const th_msg *m)
{
    uint64_t hash = hash_of(m);
    if (!hash)
        return;
    if (ent->recent_count == ent->recent_cap) {
        ent->recent_cap = ent->recent_cap ? ent->recent_cap * 2 : 16;
        ent->recent = th_realloc(ent->recent, ent->recent_cap * sizeof *ent->recent);
    }
    ent->recent[ent->recent_count++] = hash;
}

void th_ent_acknowledged(th_ent *ent)
{
    for (size_t i = 0; i < ent->recent_count; i++)
        ring_add(&ent->seen, ent->recent[i]);
    ent->recent_count = 0;
}

void th__consume_op(th_step *step, th_inst *inst, th_msg *m)
{
    remember(inst->ent, m);
    th__consume(step, m);
}

/* A set of hashes for one look at the queue. */
typedef struct hash_set {
    uint64_t *slots;
    size_t cap;
} hash_set;

static bool set_add(hash_set *set, uint64_t hash)
{
    size_t i = hash & (set->cap - 1);
    for (; set->slots[i]; i = (i + 1) & (set->cap - 1))
        if (set->slots[i] == hash)
            return false;
    set->slots[i] = hash;
    return true;
}

/* ---- sifting -------------------------------------------------------------------------------- */

static bool is_operation(const th_msg *m)
{
    return m->event.kind == TH_EntityOperationSignaled || m->event.kind == TH_EntityOperationCalled;
}

static bool is_lock(const th_msg *m)
{
    return m->event.kind == TH_EntityLockRequested && m->has_parent &&
           m->event.critical_section_id && m->event.lock_set;
}

static bool is_unlock(const th_msg *m)
{
    return m->event.kind == TH_EntityUnlockSent && m->has_parent && m->event.critical_section_id;
}

/* A client has it deleted. */
static bool is_purge(const th_msg *m)
{
    return m->event.kind == TH_ExecutionTerminated;
}

static bool is_for_entity(const th_msg *m)
{
    if (is_purge(m) || th__is_reply(m))
        return true;
    if (m->event.kind == TH_EntityOperationCalled)
        return m->has_parent;
    return m->event.kind == TH_EntityOperationSignaled || is_lock(m) || is_unlock(m);
}

/* A repeat of (parent execution, request) that is still queued, or of a message id. */
static bool is_repeat(const th_ent *ent, hash_set *set, const th_msg *m)
{
    uint64_t hash = hash_of(m), request = 0;
    if (m->event.kind == TH_EntityOperationCalled && m->event.request_id) {
        uint64_t seed;
        memcpy(&seed, m->parent_execution_id.b, sizeof seed);
        request = hash_text(m->event.request_id, seed ^ 1);
    }
    if (hash && (ring_has(&ent->seen, hash) || !set_add(set, hash)))
        return true;
    return request && !set_add(set, request);
}

static void sift(th_step *step, th_inst *inst)
{
    th_msg_list rest = { 0 };
    hash_set set = { .cap = 16 };
    while (set.cap < inst->queue.count * 4)
        set.cap *= 2;
    set.slots = th_malloc(set.cap * sizeof *set.slots);
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (!is_for_entity(m) || is_repeat(inst->ent, &set, m))
            th__drop(step, m);
        else
            th_msg_push(&rest, m);
    }
    inst->queue = rest;
    free(set.slots);
}

/* ---- failing operations --------------------------------------------------------------------- */

void th__fail_op(th_step *step, th_inst *inst, th_msg *m, const char *failure)
{
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    if (m->event.kind == TH_EntityOperationCalled)
        th__answer_call(step, m, NULL, failure);
    else if (is_operation(m))
        th_log(TH_LOG_ERROR, TH_EV_OPERATION_FAILED, &ctx, "signal '%.100s' was given up: %.300s",
               m->event.name ? m->event.name : "", failure);
    th__consume_op(step, inst, m);
}

static th_turn fail_all(th_step *step, th_inst *inst, const char *type, const char *message)
{
    th_buf failure = TH_BUF_INIT;
    th_buf_str(&failure, "{\"type\":");
    th_buf_json_str(&failure, type);
    th_buf_str(&failure, ",\"message\":");
    th_buf_json_str(&failure, message);
    th_buf_chr(&failure, '}');
    bool any = inst->queue.head != NULL;
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th__fail_op(step, inst, m, failure.data); /* locks and orders go with them */
    th_buf_free(&failure);
    return any ? TH_TURN_WROTE : TH_TURN_NOTHING;
}

/* What killed the process, or the database would not take: the first of the queue, which went
 * alone. */
static th_turn fail_first(th_step *step, th_inst *inst)
{
    th_msg *m = th_msg_pop(&inst->queue);
    if (!m)
        return TH_TURN_NOTHING; /* it is read again */
    th__fail_op(step, inst, m, inst->doom);
    free(inst->doom);
    inst->doom = NULL;
    inst->doomed = false;
    return TH_TURN_WROTE;
}

/* ---- the turn ------------------------------------------------------------------------------- */

void th_entity_hold(th_step *step, th_inst *inst, th_msg *m)
{
    th_ent *ent = inst->ent;
    inst->maybe_held = true;
    if (!ent->first_held || m->message_no < ent->first_held)
        ent->first_held = m->message_no;
    if (m->due_us != TH_TIME_INF)
        th_batch_hold(step->batch, m->partition_id, m->due_us, m->message_no);
    th_msg_push(&step->spent, m);
}

static void purge(th_step *step, th_inst *inst, th_msg *order)
{
    th_ent *ent = inst->ent;
    free(ent->state);
    ent->state = NULL;
    th__clear_holder(step, inst);
    th__consume(step, order);
}

void th_entity_came(th_inst *inst, const th_msg *m)
{
    if (++inst->ent->came == TH_BATCH_RELEASE_SOME || m->behind)
        inst->maybe_held = true;
}

bool th_entity_is_behind(const th_ent *ent, const th_msg *m)
{
    return m->behind || (ent->first_held && m->message_no > ent->first_held);
}

/* Free, it takes what is in order; locked, what its holder asks for. */
static bool may_run(const th_ent *ent, const th_msg *m)
{
    return ent->holder ? th__is_holder(ent, m) : !th_entity_is_behind(ent, m);
}

typedef struct scan {
    th_msg_list run, rest;
    bool wrote;
} scan;

/* In order: what comes behind operations that are to run may change who has the entity, so it waits
 * for them. */
static void scan_one(th_step *step, th_inst *inst, scan *s, th_msg *m)
{
    if (inst->ent->released || s->rest.head) {
        th_msg_push(&s->rest, m);
    } else if (is_operation(m)) {
        if (may_run(inst->ent, m)) {
            th_msg_push(&s->run, m);
            return;
        }
        th_entity_hold(step, inst, m);
        s->wrote = true;
    } else if (s->run.head) {
        th_msg_push(&s->rest, m);
    } else {
        s->wrote = true;
        if (is_lock(m))
            th__lock(step, inst, m);
        else if (is_purge(m))
            purge(step, inst, m);
        else
            th__unlock(step, inst, m);
    }
}

static scan scan_queue(th_step *step, th_inst *inst)
{
    scan s = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        scan_one(step, inst, &s, m);
    return s;
}

static const th_executor *executor_for(const th_ent *ent, const th_executor *const *executors,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (executors[i]->run_entity &&
            executors[i]->can_run(executors[i]->self, TH_ITEM_ENTITY, ent->name, NULL))
            return executors[i];
    return NULL;
}

th_turn th__begin_ops(th_inst *inst, th_msg_list *ops, size_t most)
{
    inst->run = (th_run){ .arena = th_arena_new(0) };
    if (inst->ent->singly || most < 1)
        most = 1;
    while (ops->head && inst->run.taken.count < most)
        th_msg_push(&inst->run.taken, th_msg_pop(ops));
    inst->ent->ops = inst->run.taken.count;
    th_msg_join(ops, &inst->queue);
    inst->queue = *ops;
    return TH_TURN_RUN;
}

static th_turn take_turn(th_step *step, th_inst *inst, const th_executor *const *executors,
                         size_t count, size_t most)
{
    th_ent *ent = inst->ent;
    ent->ops = 0;
    sift(step, inst);
    if (!ent->is_good || ent->foreign)
        return fail_all(step, inst, "InvalidEntity", "no entity can have this id");
    if (inst->away || th__reply_of(inst))
        return th__entity_away_turn(step, inst);
    if (inst->doomed)
        return fail_first(step, inst);
    scan s = scan_queue(step, inst);
    inst->queue = s.rest;
    if (!s.run.head && s.wrote && !ent->released)
        th__put_held_back(step, inst);
    if (s.wrote) {
        th_msg_join(&s.run, &inst->queue);
        inst->queue = s.run;
        th__write_entity(step, inst, false);
        return TH_TURN_WROTE;
    }
    if (!s.run.head)
        return th__is_empty_row(inst) && th__write_entity(step, inst, false) ? TH_TURN_WROTE
                                                                             : TH_TURN_NOTHING;
    inst->executor = executor_for(ent, executors, count);
    if (!inst->executor)
        return th__entity_send_away(step, inst, &s.run, most);
    return th__begin_ops(inst, &s.run, most);
}

th_turn th_entity_turn(th_step *step, th_inst *inst, const th_executor *const *executors,
                       size_t count, size_t most)
{
    th_turn turn = take_turn(step, inst, executors, count, most);
    /* With nothing left in memory nobody would come back for what is held. */
    if (turn != TH_TURN_RUN && turn != TH_TURN_HELD && !inst->away && !inst->queue.head &&
        !inst->ent->released && th__put_held_back(step, inst))
        turn = TH_TURN_WROTE;
    return turn;
}

th_entity_item th_entity_item_of(th_inst *inst)
{
    const th_ent *ent = inst->ent;
    th_entity_op *ops = th_new(inst->run.arena, th_entity_op, inst->run.taken.count + 1);
    size_t n = 0;
    for (const th_msg *m = inst->run.taken.head; m; m = m->next)
        ops[n++] = (th_entity_op){ .request_id = m->event.request_id,
                                   .name = m->event.name ? m->event.name : "",
                                   .input = m->event.payload,
                                   .is_signal = m->event.kind == TH_EntityOperationSignaled,
                                   .parent_instance_id = m->parent_instance_id };
    return (th_entity_item){ .entity_id = inst->id,
                             .name = ent->name,
                             .key = th_strdup(inst->run.arena, ent->key),
                             .state = ent->state,
                             .ops = ops,
                             .op_count = n };
}
