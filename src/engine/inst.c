/*
 * inst.c - an instance in memory.
 */
#include "engine/inst.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/entity.h"

/* ---- open events ---------------------------------------------------------------------------- */

enum { TOMBSTONE = -1 }; /* as a seq: the place was used */

static size_t place(const th_opens *o, int32_t seq)
{
    return ((uint32_t)seq * 2654435761u) & (o->cap - 1);
}

void th_opens_free(th_opens *o)
{
    for (size_t i = 0; i < o->cap; i++)
        free((void *)(uintptr_t)o->slots[i].text);
    free(o->slots);
    *o = (th_opens){ 0 };
}

static th_open *slot_for(th_opens *o, int32_t seq)
{
    size_t i = place(o, seq);
    while (o->slots[i].kind != TH_KIND_NONE)
        i = (i + 1) & (o->cap - 1);
    return &o->slots[i];
}

static void grow(th_opens *o)
{
    th_opens bigger = { .cap = 16 }; /* by what lives: a long execution leaves many tombstones */
    while (bigger.cap < o->live * 4)
        bigger.cap *= 2;
    bigger.slots = th_malloc(bigger.cap * sizeof *bigger.slots);
    for (size_t i = 0; i < o->cap; i++)
        if (o->slots[i].kind != TH_KIND_NONE && o->slots[i].seq != TOMBSTONE)
            *slot_for(&bigger, o->slots[i].seq) = o->slots[i];
    bigger.live = bigger.used = o->live;
    free(o->slots);
    *o = bigger;
}

th_open *th_opens_add(th_opens *o, int32_t seq, th_kind kind, int32_t id)
{
    if ((o->used + 1) * 2 > o->cap)
        grow(o);
    th_open *open = slot_for(o, seq);
    *open = (th_open){ .seq = seq, .kind = kind, .id = id };
    o->used++;
    o->live++;
    return open;
}

th_open *th_opens_find(th_opens *o, int32_t seq)
{
    if (o->cap == 0 || seq < 0)
        return NULL;
    for (size_t i = place(o, seq); o->slots[i].kind != TH_KIND_NONE; i = (i + 1) & (o->cap - 1))
        if (o->slots[i].seq == seq)
            return &o->slots[i];
    return NULL;
}

void th_opens_remove(th_opens *o, int32_t seq)
{
    th_open *open = th_opens_find(o, seq);
    if (!open)
        return;
    free((void *)(uintptr_t)open->text);
    open->text = NULL;
    open->seq = TOMBSTONE;
    o->live--;
}

/* ---- life ----------------------------------------------------------------------------------- */

th_inst *th_inst_new(int32_t partition_id, const char *id)
{
    th_inst *inst = th_malloc(sizeof *inst);
    inst->partition_id = partition_id;
    inst->id = th_mstrdup(id);
    if (id[0] == '@')
        inst->ent = th_ent_new(inst->id);
    return inst;
}

void th_inst_drop_session(th_inst *inst)
{
    if (inst->session && inst->executor && inst->executor->drop)
        inst->executor->drop(inst->executor->self, inst->session);
    inst->session = NULL;
}

void th_inst_drop_past(th_inst *inst)
{
    th_arena_free(inst->past_arena);
    inst->past_arena = NULL;
    inst->past = NULL;
    inst->past_at_us = NULL;
    inst->past_count = 0;
}

static void free_texts(th_inst *inst)
{
    free(inst->name);
    free(inst->version);
    free(inst->tags);
    free(inst->trace);
    free(inst->parent);
    free(inst->memo);
    free(inst->doom);
    free(inst->parent_instance_id);
    inst->parent_instance_id = NULL;
    inst->name = inst->version = inst->tags = inst->parent = inst->memo = inst->doom = NULL;
    inst->trace = NULL;
}

static void drop_run(th_inst *inst)
{
    th_msg_join(&inst->run.taken, &inst->queue);
    inst->queue = inst->run.taken;
    th_arena_free(inst->run.arena);
    inst->run = (th_run){ 0 };
    inst->token = 0;
}

void th_inst_cool(th_inst *inst)
{
    drop_run(inst);
    th_inst_drop_session(inst);
    th_inst_drop_past(inst);
    free_texts(inst);
    th_opens_free(&inst->opens);
    th_sections_free(&inst->sections);
    if (inst->ent)
        th_ent_cool(inst->ent);
    free(inst->seen.hashes);
    inst->seen = (th_seen){ 0 };
    inst->state = TH_INST_COLD;
    inst->exists = inst->started = inst->renewed = inst->is_new = inst->maybe_held = false;
    inst->create = inst->replaces = false;
    inst->ended = inst->rewound = inst->reload = false;
    inst->away = inst->came = inst->listed = false;
    inst->away_id = 0;
    inst->ending = inst->doomed = inst->careful = inst->left_tasks = inst->released = false;
    inst->episode = inst->seq = 0;
    inst->last_t_us = 0;
    inst->executor = NULL;
}

void th_inst_free(th_inst *inst)
{
    if (!inst)
        return;
    th_inst_cool(inst);
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th_msg_free(m);
    th_ent_free(inst->ent);
    free(inst->id);
    free(inst);
}

void th_inst_set_identity(th_inst *inst, const th_uuid *start_id, const th_uuid *execution_id,
                          const char *name, const char *version, const char *tags)
{
    inst->start_id = *start_id;
    inst->execution_id = *execution_id;
    inst->name = th_mstrdup(name);
    inst->version = th_mstrdup(version);
    inst->tags = th_mstrdup(tags);
}

void th_inst_note_start(th_inst *inst, const th_event *started)
{
    if (started->kind != TH_ExecutionStarted || (!started->trace && !inst->trace))
        return;
    free(inst->trace);
    inst->trace = th_mstrdup(started->trace);
}

void th_inst_set_parent(th_inst *inst, const char *instance_id, const th_uuid *execution_id,
                        int32_t ref)
{
    free(inst->parent_instance_id);
    inst->parent_instance_id = th_mstrdup(instance_id);
    inst->parent_execution_id = *execution_id;
    inst->parent_ref = ref;
}

th_batch_key th_inst_key(const th_inst *inst)
{
    return (th_batch_key){ inst->partition_id, inst->id, inst->start_id, inst->execution_id };
}

static uint64_t hash_text(const char *s)
{
    uint64_t h = 1469598103934665603u;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 1099511628211u;
    return h;
}

bool th_inst_seen(th_inst *inst, const char *message_id)
{
    uint64_t h = hash_text(message_id);
    th_seen *seen = &inst->seen;
    for (size_t i = 0; i < seen->count; i++)
        if (seen->hashes[i] == h)
            return true;
    if (seen->count == seen->cap) {
        seen->cap = seen->cap ? seen->cap * 2 : 8;
        seen->hashes = th_realloc(seen->hashes, seen->cap * sizeof *seen->hashes);
    }
    seen->hashes[seen->count++] = h;
    return false;
}

/* ---- loading -------------------------------------------------------------------------------- */

bool th_due_of(const char *fire_at, int64_t *due_us)
{
    return fire_at && th_iso_parse(fire_at, due_us);
}

static void replay_event(th_inst *inst, const th_event *e)
{
    th_open *open;
    switch (e->kind) {
    case TH_ExecutionStarted:
        inst->started = true;
        th_inst_note_start(inst, e);
        return;
    case TH_OrchestratorStarted:
        inst->last_t_us = e->t_us;
        inst->rewound = false;
        return;
    case TH_ExecutionCompleted:
        inst->ended = true;
        return;
    case TH_ExecutionRewound:
        inst->rewound = true;
        return;
    case TH_SubOrchestrationInstanceCreated:
        open = th_opens_add(&inst->opens, e->seq, e->kind, e->id);
        open->text = th_mstrdup(e->instance_id);
        return;
    case TH_EntityLockRequested:
        if (e->critical_section_id)
            th_sections_add(&inst->sections, e->seq, e->critical_section_id, e->lock_set);
        th_opens_add(&inst->opens, e->seq, e->kind, e->id);
        return;
    case TH_TaskScheduled:
    case TH_EntityOperationCalled:
        th_opens_add(&inst->opens, e->seq, e->kind, e->id);
        return;
    case TH_EntityUnlockSent:
        th_sections_unlock(&inst->sections, e->critical_section_id);
        return;
    case TH_TimerCreated:
        open = th_opens_add(&inst->opens, e->seq, e->kind, e->id);
        open->text = th_mstrdup(e->fire_at);
        if (!th_due_of(e->fire_at, &open->due_us))
            open->due_us = 0;
        return;
    case TH_EventRaised:
        if (e->message_id)
            th_inst_seen(inst, e->message_id);
        return;
    default:
        if (e->ref != TH_NONE)
            th_opens_remove(&inst->opens, e->ref);
        return;
    }
}

static th_rc load_episode(th_inst *inst, const th_episode_row *row, th_past_episode *past,
                          th_error *err)
{
    th_event *events;
    if (row->episode != inst->episode || row->first_seq != inst->seq)
        return th_fail(err, TH_INVALID, "history has a gap at episode %d", inst->episode);
    th_rc rc = th_events_read(inst->past_arena, row->events, row->events_len, row->first_seq,
                              &events, &past->count, err);
    if (rc != TH_OK)
        return rc;
    past->events = events;
    for (size_t i = 0; i < past->count; i++)
        replay_event(inst, &events[i]);
    inst->episode++;
    inst->seq += (int32_t)past->count;
    free(inst->memo);
    inst->memo = th_mstrdup(row->memo);
    return TH_OK;
}

/* An instance whose history can't be read fails in an episode of its own, behind all that is there.
 */
static void go_behind(th_inst *inst, const th_episode_row *last)
{
    inst->episode = last->episode + 1;
    if (inst->seq <= last->first_seq)
        inst->seq = last->first_seq + 1;
}

/* All that may come before the start: an instance can be suspended while it is Pending. */
static bool is_before_start(const th_past_episode *past, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!past[i].count)
            return false;
        for (size_t k = 0; k < past[i].count; k++)
            if (past[i].events[k].kind != TH_ExecutionSuspended &&
                past[i].events[k].kind != TH_ExecutionResumed)
                return false;
    }
    return true;
}

th_rc th_inst_load(th_inst *inst, const th_instance_row *row, const th_episode_row *episodes,
                   size_t count, th_error *err)
{
    th_inst_set_identity(inst, &row->start_id, &row->execution_id, row->name, row->version,
                         row->tags);
    inst->priority = row->priority;
    inst->status = row->status;
    inst->exists = !th_status_is_terminal(row->status);
    inst->maybe_held = inst->came = true;
    if (row->parent_instance_id && row->has_parent_execution)
        th_inst_set_parent(inst, row->parent_instance_id, &row->parent_execution_id,
                           row->parent_ref);
    inst->state = TH_INST_READY;
    inst->past_arena = th_arena_new(0);
    inst->past = th_new(inst->past_arena, th_past_episode, count + 1);
    inst->past_at_us = th_new(inst->past_arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        th_rc rc = load_episode(inst, &episodes[i], &inst->past[i], err);
        if (rc != TH_OK) {
            go_behind(inst, &episodes[count - 1]);
            return rc;
        }
        inst->past_at_us[i] = episodes[i].at_us;
    }
    if (!inst->started &&
        !is_before_start(inst->past,
                         count)) { /* it would hold every message, and wait for nothing */
        go_behind(inst, &episodes[count - 1]);
        return th_fail(err, TH_INVALID, "history does not begin with ExecutionStarted");
    }
    inst->past_count = count;
    inst->renewed = inst->episode == 0 && row->status == TH_RUNNING;
    return TH_OK;
}
