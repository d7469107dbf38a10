/*
 * episode.c - one turn of an instance: sift what waits, settle it alone or take it for an episode,
 * apply the answer.
 */
#include "engine/episode.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "engine/episode_int.h"

/* ---- what waits ----------------------------------------------------------------------------- */

static bool same(const th_uuid *a, const th_uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool is_result(const th_msg *m)
{
    return m->event.ref != TH_NONE;
}

bool th__is_child_start(const th_msg *m)
{
    return m->event.kind == TH_ExecutionStarted && (m->has_parent || m->makes);
}

void th__begin_life(th_inst *inst, const th_msg *m, bool replaces)
{
    bool careful = inst->careful;
    th_inst_cool(inst);
    inst->careful = careful;
    th_inst_set_identity(inst, &m->start_id, &m->execution_id, m->event.name, m->event.version,
                         m->event.tags);
    th_inst_set_parent(inst, m->parent_instance_id, &m->parent_execution_id, m->parent_ref);
    inst->priority = th__priority_of(m->event.priority);
    inst->status = TH_PENDING;
    inst->exists = inst->is_new = inst->create = true;
    inst->replaces = inst->maybe_held = replaces;
    inst->state = TH_INST_READY;
}

bool th__is_repeated_start(const th_msg *m, const th_uuid *start_id)
{
    return th__is_child_start(m) && same(&m->start_id, start_id);
}

/* A child's start makes its row, unless a live one is there, or what it once made has ended. */
static bool adopt_child(th_inst *inst, const th_msg *m)
{
    if (!th__is_child_start(m) || (m->row.found && !th_status_is_terminal(m->row.status)))
        return false;
    if (m->row.found && th__is_repeated_start(m, &m->row.start_id))
        return false;
    th__begin_life(inst, m, m->row.found);
    return true;
}

bool th_episode_adopt(th_inst *inst)
{
    for (const th_msg *m = inst->queue.head; m; m = m->next) {
        const th_msg_row *row = &m->row;
        if (adopt_child(inst, m))
            return true;
        if (m->event.kind != TH_ExecutionStarted || !row->found || row->status != TH_PENDING ||
            !same(&row->start_id, &m->start_id))
            continue;
        th_inst_set_identity(inst, &row->start_id, &row->execution_id, row->name, row->version,
                             row->tags);
        inst->priority = row->priority;
        inst->status = TH_PENDING;
        inst->exists = inst->is_new = true;
        inst->maybe_held = m->due_us != TH_TIME_NEG_INF || m->replaced;
        inst->state = TH_INST_READY;
        return true;
    }
    return false;
}

/* It waits for an instance of that id. A finished one has had its chance. */
static bool is_early(const th_msg *m)
{
    return m->early && !m->row.found;
}

static void hold_early(th_step *step, th_msg *m)
{
    if (m->due_us != TH_TIME_INF)
        th_batch_hold(step->batch, m->partition_id, m->due_us, m->message_no);
    th_msg_push(&step->spent, m);
    step->early++;
}

static bool for_nobody(const th_msg *m)
{
    if (m->event.kind == TH_KIND_NONE)
        return true;
    if (m->row.found && th_status_is_terminal(m->row.status) &&
        th__is_repeated_start(m, &m->row.start_id))
        return true;
    if (th__outlives(m))
        return false; /* it is adopted or refused */
    if (!m->message_no)
        return false; /* a local completion says nothing of the row */
    return !m->row.found || th_status_is_terminal(m->row.status) ||
           (m->has_start && !same(&m->start_id, &m->row.start_id));
}

bool th_episode_drop_stale(th_step *step, th_inst *inst)
{
    th_msg_list rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (is_early(m))
            hold_early(step, m);
        else if (for_nobody(m))
            th__drop(step, m);
        else
            th_msg_push(&rest, m);
    }
    inst->queue = rest;
    return rest.head == NULL;
}

/* Protocol I4, against what the owner knows. */
static bool is_stale(th_inst *inst, const th_msg *m)
{
    if (!inst->exists)
        return !th__outlives(m);
    if (m->event.kind == TH_KIND_NONE || m->for_entity)
        return true;
    if (m->has_start && !same(&m->start_id, &inst->start_id))
        return true;
    if (th__is_reply(m))
        return th__is_stale_reply(inst, m);
    if (m->event.kind == TH_ExecutionRewound)
        return th__is_stale_rewind(inst, m);
    if (m->event.kind == TH_ExecutionStarted)
        return inst->started || (m->has_execution && !same(&m->execution_id, &inst->execution_id));
    if (!is_result(m))
        return false;
    if (inst->ended)
        return true; /* it is cut */
    if (m->has_execution && !same(&m->execution_id, &inst->execution_id))
        return true;
    return !th_opens_find(&inst->opens, m->event.ref);
}

static bool has_parents_rewind(const th_msg_list *list)
{
    for (const th_msg *m = list->head; m; m = m->next)
        if (th__is_parents_rewind(m))
            return true;
    return false;
}

/*
 * Another child's start for a live id; a repeat of its own is none. So is the rewind of a child
 * that it is not; but one that comes after another is judged by what that makes of it.
 */
static bool is_refused(const th_inst *inst, const th_msg *m, const th_msg_list *before)
{
    if (inst->exists && th__is_parents_rewind(m))
        return !th__is_its_child(inst, m) && !has_parents_rewind(before);
    if (!th__is_child_start(m) || !inst->exists || same(&m->start_id, &inst->start_id))
        return false;
    return !inst->parent_instance_id || inst->parent_ref != m->parent_ref ||
           !same(&inst->parent_execution_id, &m->parent_execution_id);
}

static void sift(th_step *step, th_inst *inst)
{
    th_msg_list rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        bool refused = is_refused(inst, m, &rest);
        if (refused)
            th__refuse_child(step, m);
        if (!inst->exists && is_early(m))
            hold_early(step, m);
        else if (refused || is_stale(inst, m))
            th__drop(step, m);
        else
            th_msg_push(&rest, m);
    }
    inst->queue = rest;
}

/* Messages that the instance can't take yet leave the due range (protocol I6); local completions
 * get a row for it. */
static void hold_one(th_step *step, th_inst *inst, th_msg *m)
{
    inst->maybe_held = true;
    if (m->message_no) {
        if (m->due_us != TH_TIME_INF)
            th_batch_hold(step->batch, m->partition_id, m->due_us, m->message_no);
        th_msg_push(&step->spent, m);
        return;
    }
    th_buf body = TH_BUF_INIT;
    if (m->event.failure)
        th_buf_printf(&body, "{\"failure\":%s}", m->event.failure);
    th_batch_message held = { .partition_id = m->partition_id,
                              .due_us = TH_TIME_INF,
                              .instance_id = inst->id,
                              .start_id = &inst->start_id,
                              .execution_id = &m->execution_id,
                              .kind = (int16_t)m->event.kind,
                              .ref = m->event.ref,
                              .payload = m->event.payload,
                              .body = m->event.failure ? body.data : NULL };
    th_batch_send(step->batch, &held);
    th_buf_free(&body);
    th__consume(step, m);
}

th_turn th__hold_all(th_step *step, th_inst *inst)
{
    if (!inst->queue.head)
        return TH_TURN_NOTHING;
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        hold_one(step, inst, m);
    return TH_TURN_WROTE;
}

/* The start first, then what continue as new handed over, then the rest (events.md, 5). */
static bool start_to_front(th_inst *inst)
{
    th_msg_list start = { 0 }, carry = { 0 }, rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (m->event.kind == TH_ExecutionStarted && !start.head)
            th_msg_push(&start, m);
        else
            th_msg_push(m->carry ? &carry : &rest, m);
    }
    bool found = start.head != NULL;
    th_msg_join(&start, &carry);
    th_msg_join(&start, &rest);
    inst->queue = start;
    return found;
}

static const th_executor *executor_for(const th_inst *inst, const th_executor *const *executors,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (executors[i]->can_run(executors[i]->self, TH_ITEM_ORCHESTRATOR, inst->name,
                                  inst->version))
            return executors[i];
    return NULL;
}

/* A worker for it that was not there when its history could have been read: the item goes round. */
static bool came_just_now(const th_inst *inst)
{
    const th_executor *x = inst->executor;
    return x && x->offers && inst->started && !inst->session && !inst->past;
}

/* ---- taking --------------------------------------------------------------------------------- */

static th_orch_item item_of(th_inst *inst, th_arena *arena)
{
    char *execution = th_alloc(arena, TH_UUID_TEXT);
    th_uuid_text(&inst->execution_id, execution);
    return (th_orch_item){ .instance_id = inst->id,
                           .execution_id = execution,
                           .name = inst->name,
                           .version = inst->version,
                           .tags = inst->tags,
                           .parent = inst->parent,
                           .trace = inst->trace,
                           .memo = inst->memo,
                           .session = &inst->session,
                           .past = inst->session ? NULL : inst->past,
                           .past_count = inst->session ? 0 : inst->past_count,
                           .next_seq = inst->seq };
}

static bool has_select(const th_inst *inst)
{
    return inst->executor && inst->executor->select;
}

/* Which of those in the queue its executor takes now. */
static bool *selected(th_inst *inst, th_arena *arena)
{
    const th_executor *x = inst->executor;
    size_t n = inst->queue.count, i = 0;
    bool *take = th_new(arena, bool, n + 1);
    memset(take, 1, n * sizeof *take);
    if (!has_select(inst) || !n)
        return take;
    th_event *waiting = th_new(arena, th_event, n);
    for (const th_msg *m = inst->queue.head; m; m = m->next)
        waiting[i++] = m->event;
    th_orch_item item = item_of(inst, arena);
    x->select(x->self, &item, waiting, n, take);
    i = 0;
    for (const th_msg *m = inst->queue.head; m; m = m->next, i++)
        take[i] |= m->event.kind == TH_ExecutionStarted || m->event.kind == TH_ExecutionRewound;
    return take;
}

void th__offer_held(th_step *step, th_inst *inst)
{
    if (!has_select(inst) || !inst->queue.head)
        return;
    th_arena *arena = th_arena_new(0);
    const bool *take = selected(inst, arena);
    bool any = false, blind = !inst->session && !inst->memo;
    for (const th_msg *m = inst->queue.head; m; m = m->next)
        any |= (*take++ || blind) && m->due_us == TH_TIME_INF;
    inst->maybe_held |= any;
    if (any)
        th__release(step, inst);
    th_arena_free(arena);
}

/* Those of the queue that are held, too, such as a generation has left to the next one. */
static th_msg_list take_held(th_inst *inst)
{
    th_msg_list held = { 0 }, rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th_msg_push(m->due_us == TH_TIME_INF ? &held : &rest, m);
    inst->queue = rest;
    return held;
}

void th_episode_held_came(th_inst *inst, th_msg_list *came)
{
    bool listed = th__reply_of(inst) != NULL;
    th_msg_list there = take_held(inst), held = { 0 };
    while (there.head && came->head) {
        bool first = there.head->message_no < came->head->message_no;
        th_msg_push(&held, th_msg_pop(first ? &there : came));
    }
    th_msg_join(&held, &there);
    th_msg_join(&held, came);
    th_msg_join(&held, &inst->queue);
    inst->queue = held;
    inst->listed = listed;
    inst->maybe_held &= listed; /* else these were all */
}

/* Taken: in the queue's order, one start, one result an event, no repeat of a message id. */
void th__take_message(th_step *step, th_inst *inst, th_msg *m)
{
    const th_msg *first = inst->run.taken.head;
    if (first && first->event.kind == TH_ExecutionStarted && m->event.kind == TH_ExecutionStarted) {
        th__drop(step, m);
        return;
    }
    if (m->event.message_id && th_inst_seen(inst, m->event.message_id)) {
        th__drop(step, m);
        return;
    }
    if (is_result(m)) {
        th_open *open = th_opens_find(&inst->opens, m->event.ref);
        if (!open) {
            th__drop(step, m);
            return;
        }
        if (open->taken) { /* for later: the one taken may be of a claim that is not current, and
                              its batch refused */
            th_msg_push(&inst->queue, m);
            return;
        }
        open->taken = true;
        if (open->kind != TH_EntityOperationCalled && open->kind != TH_EntityLockRequested)
            m->event.task_id = open->id;
        if (m->event.kind == TH_TimerFired)
            m->event.fire_at = th_strdup(m->arena, open->text);
    }
    th_msg_push(&inst->run.taken, m);
}

/* What is left stays where it is as long as episodes follow each other: only an instance that comes
 * to rest holds it. */
static void take_messages(th_step *step, th_inst *inst)
{
    const bool *take = selected(inst, inst->run.arena);
    th_msg_list waiting = { 0 }, left = { 0 };
    th_msg_join(&waiting, &inst->queue);
    for (th_msg *m; (m = th_msg_pop(&waiting)) != NULL;) {
        if (*take++)
            th__take_message(step, inst, m);
        else
            th_msg_push(&left, m);
    }
    if (inst->run.taken.head) {
        th_msg_join(&left, &inst->queue);
        inst->queue = left;
        return;
    }
    for (th_msg *m; (m = th_msg_pop(&left)) != NULL;)
        hold_one(step, inst, m);
}

/* Never back, never twice, never before a timer that it fires (events.md, 2). */
static int64_t orchestrator_time(const th_step *step, const th_inst *inst)
{
    int64_t t = step->now_us;
    if (t <= inst->last_t_us)
        t = inst->last_t_us + 1;
    for (const th_msg *m = inst->run.taken.head; m; m = m->next) {
        if (m->event.kind != TH_TimerFired)
            continue;
        const th_open *open = th_opens_find((th_opens *)(uintptr_t)&inst->opens, m->event.ref);
        if (open && open->due_us > t)
            t = open->due_us;
    }
    return t;
}

void th__fill_fresh(th_inst *inst)
{
    th_run *run = &inst->run;
    run->fresh = th_new(run->arena, th_event, run->taken.count + 1);
    run->fresh[0] = th_event_of(TH_OrchestratorStarted);
    run->fresh[0].t_us = run->started_t_us;
    run->fresh_count = 1;
    for (const th_msg *m = run->taken.head; m; m = m->next)
        if (m->event.kind !=
            TH_ExecutionRewound) /* recorded already, or none of the code's business */
            run->fresh[run->fresh_count++] = m->event;
    for (size_t i = 0; i < run->fresh_count; i++)
        run->fresh[i].seq = inst->seq + (int32_t)i;
    /* An execution's first event of its own carries the name, which stands in the row. */
    for (size_t i = 0; i < run->fresh_count; i++)
        if (run->fresh[i].kind == TH_ExecutionStarted) {
            th_inst_note_start(inst, &run->fresh[i]);
            run->fresh[i].name = inst->name;
            run->fresh[i].version = inst->version;
        }
}

th_turn th__begin(th_step *step, th_inst *inst)
{
    size_t spent = step->spent.count;
    inst->run = (th_run){ .arena = th_arena_new(0) };
    take_messages(step, inst);
    if (!inst->run.taken.head) {
        th_arena_free(inst->run.arena);
        inst->run = (th_run){ 0 };
        return step->spent.count > spent ? TH_TURN_WROTE : TH_TURN_NOTHING;
    }
    inst->run.started_t_us = orchestrator_time(step, inst);
    th__fill_fresh(inst);
    return TH_TURN_RUN;
}

/* A client has rewound it, and there is nothing to be rewound. */
static bool has_lost_history(const th_inst *inst)
{
    for (const th_msg *m = inst->queue.head; m && !inst->started; m = m->next)
        if (th__is_clients_rewind(m))
            return true;
    return false;
}

th_turn th_episode_turn(th_step *step, th_inst *inst, const th_executor *const *executors,
                        size_t count)
{
    sift(step, inst);
    if (!inst->exists) {
        th_turn turn = th__afterlife(step, inst);
        if (turn != TH_TURN_RUN)
            return turn;
        sift(step, inst);
    }
    if (inst->doomed) {
        th__fail_alone(step, inst, inst->doom);
        return TH_TURN_WROTE;
    }
    if (!inst->queue.head)
        return TH_TURN_NOTHING;
    if (inst->ended || has_lost_history(inst))
        return th__rewind(step, inst) ? TH_TURN_WROTE : th__hold_all(step, inst);
    if (!inst->create && th__relink(step, inst))
        return TH_TURN_WROTE;
    if (th__ends_unread(inst))
        return TH_TURN_HELD;
    if (th__alone(step, inst))
        return TH_TURN_WROTE;
    if (inst->status == TH_SUSPENDED)
        return th__hold_all(step, inst);
    if (inst->away || th__reply_of(inst))
        return th__away_turn(step, inst);
    if (!inst->started && !start_to_front(inst))
        return inst->renewed ? TH_TURN_NOTHING : th__hold_all(step, inst);
    if (!inst->executor)
        inst->executor = executor_for(inst, executors, count);
    if (came_just_now(inst))
        inst->executor = NULL;
    if (!inst->executor)
        return th__send_away(step, inst);
    if (inst->maybe_held && has_select(inst))
        return TH_TURN_HELD;
    return th__begin(step, inst);
}

th_orch_item th_episode_item(th_inst *inst)
{
    th_orch_item item = item_of(inst, inst->run.arena);
    item.fresh = inst->run.fresh;
    item.fresh_count = inst->run.fresh_count;
    item.next_seq = inst->seq + (int32_t)inst->run.fresh_count;
    return item;
}

void th_episode_undo(th_inst *inst)
{
    for (const th_msg *m = inst->run.taken.head; m; m = m->next) {
        th_open *open = is_result(m) ? th_opens_find(&inst->opens, m->event.ref) : NULL;
        if (open)
            open->taken = false;
        if (m->event.message_id && inst->seen.count)
            inst->seen.count--; /* remembered in this order, so the last ones */
    }
    th_msg_join(&inst->run.taken, &inst->queue);
    inst->queue = inst->run.taken;
    th_arena_free(inst->run.arena);
    inst->run = (th_run){ 0 };
    inst->token = 0;
}
