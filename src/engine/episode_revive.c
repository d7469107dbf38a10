/*
 * episode_revive.c - rewinds: a failed instance goes on as a new execution, and its children with
 * it.
 *
 * A client's rewind finds the row Pending, since its own statement made it so; a parent's finds it
 * in any state. The batch that rewinds an instance writes the history that stays, under a new
 * execution id, and a message that lets it run on; then the owner forgets what it knew, reads the
 * new history and replays it.
 */
#include <string.h>

#include "engine/episode_int.h"
#include "engine/episode_rewind.h"

/* ---- which rewinds there are ------------------------------------------------------------------
 */

static bool is_rewind(const th_msg *m)
{
    return m->event.kind == TH_ExecutionRewound;
}

/* That of the batch that rewound it: lets it run on. */
static bool is_own(const th_msg *m)
{
    return is_rewind(m) && !m->has_parent && m->has_execution;
}

bool th__is_parents_rewind(const th_msg *m)
{
    return is_rewind(m) && m->has_parent;
}

bool th__is_clients_rewind(const th_msg *m)
{
    return is_rewind(m) && !m->has_parent && !m->has_execution;
}

bool th__is_stale_rewind(const th_inst *inst, const th_msg *m)
{
    if (is_own(m))
        return !inst->rewound || !th_uuid_equal(&m->execution_id, &inst->execution_id);
    if (m->has_parent)
        return false;
    return !inst->ended && (inst->started || inst->status != TH_PENDING || !m->has_start);
}

/* Does the row say that the run which was rewound waits for it? */
bool th__is_its_child(const th_inst *inst, const th_msg *m)
{
    return inst->parent_instance_id &&
           strcmp(inst->parent_instance_id, m->parent_instance_id) == 0 &&
           inst->parent_ref == m->was_ref &&
           th_uuid_equal(&inst->parent_execution_id, &m->was_execution_id);
}

static th_msg *take_first(th_inst *inst, bool (*wanted)(const th_inst *, const th_msg *))
{
    th_msg_list rest = { 0 };
    th_msg *found = NULL;
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (!found && wanted(inst, m))
            found = m;
        else
            th_msg_push(&rest, m);
    }
    inst->queue = rest;
    return found;
}

static bool is_its_parents(const th_inst *inst, const th_msg *m)
{
    return th__is_parents_rewind(m) && th__is_its_child(inst, m);
}

static bool rewinds_it(const th_inst *inst, const th_msg *m)
{
    return th__is_clients_rewind(m) || is_its_parents(inst, m);
}

/* ---- children whose parent was rewound ---------------------------------------------------------
 */

static void take_link(th_inst *inst, const th_msg *m)
{
    th_inst_set_parent(inst, m->parent_instance_id, &m->parent_execution_id, m->parent_ref);
}

static void write_link(th_step *step, th_inst *inst)
{
    th_batch_key key = th_inst_key(inst);
    th_batch_link link = { inst->parent_execution_id, inst->parent_ref };
    th_batch_relink(step->batch, &key, &link);
}

bool th__relink(th_step *step, th_inst *inst)
{
    th_msg *m = inst->parent_instance_id ? take_first(inst, is_its_parents) : NULL;
    if (!m)
        return false;
    for (; m; m = take_first(inst, is_its_parents)) {
        take_link(inst, m);
        th__consume(step, m);
    }
    write_link(step, inst);
    return true;
}

void th__relink_taken(th_step *step, th_inst *inst)
{
    bool found = false;
    for (const th_msg *m = inst->parent_instance_id ? inst->run.taken.head : NULL; m; m = m->next) {
        if (!th__is_parents_rewind(m))
            continue;
        if (th__is_its_child(inst, m)) {
            take_link(inst, m);
            found = true;
        } else {
            th__refuse_child(step, m);
        }
    }
    if (found)
        write_link(step, inst);
}

/* What starts the child anew, should it be gone, goes along. */
static void send_to_child(th_step *step, th_inst *inst, const th_rewound_child *child,
                          const th_uuid *was, const char *reason)
{
    const th_event *e = &child->created;
    char execution[TH_UUID_TEXT];
    th_buf body = TH_BUF_INIT;
    th_uuid_text(was, execution);
    th_buf_chr(&body, '{');
    th__child_start(inst, e, e->seq, &body);
    th_buf_printf(&body, ",\"was\":{\"executionId\":\"%s\",\"ref\":%d}", execution, child->was_ref);
    if (e->payload) {
        th_buf_str(&body, ",\"input\":");
        th_buf_json_str(&body, e->payload);
    }
    th_buf_chr(&body, '}');
    th_batch_message m = { .instance_id = e->instance_id,
                           .kind = TH_ExecutionRewound,
                           .name = e->name,
                           .ref = TH_NONE,
                           .payload = reason,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
}

/* ---- the rewind --------------------------------------------------------------------------------
 */

static void write_kept(th_step *step, th_inst *inst, const th_rewound *kept)
{
    inst->episode = inst->seq = 0;
    for (size_t i = 0; i < kept->count; i++) {
        th_row_writer row;
        th__row_begin(&row, inst);
        for (size_t k = 0; k < kept->episodes[i].count; k++)
            th__row_add(&row, &kept->episodes[i].events[k]);
        th__row_end(&row, step, inst, kept->at_us[i], NULL);
    }
}

static void write_rewound(th_step *step, th_inst *inst, const th_msg *order, const th_uuid *was)
{
    char from[TH_UUID_TEXT], parent[TH_UUID_TEXT];
    th_event e = th_event_of(TH_ExecutionRewound);
    th_row_writer row;
    th_uuid_text(was, from);
    e.t_us = order->event.t_us;
    e.payload = order->event.payload;
    e.from = from;
    if (order->has_parent) {
        th_uuid_text(&order->parent_execution_id, parent);
        e.parent_execution_id = parent;
        e.instance_id = order->parent_instance_id;
    }
    th__row_begin(&row, inst);
    th__row_add(&row, &e);
    th__row_end(&row, step, inst, step->now_us, NULL);
}

static void send_run_on(th_step *step, th_inst *inst)
{
    th_batch_message m = { .partition_id = inst->partition_id,
                           .due_us = TH_TIME_NEG_INF,
                           .instance_id = inst->id,
                           .start_id = &inst->start_id,
                           .execution_id = &inst->execution_id,
                           .kind = TH_ExecutionRewound,
                           .ref = TH_NONE };
    th_batch_send(step->batch, &m);
    step->wrote_now = true;
}

static void change_row(th_step *step, th_inst *inst, const th_msg *order, const th_uuid *was)
{
    th_batch_link link = { order->parent_execution_id, order->parent_ref };
    inst->execution_id = th_uuid_random();
    if (order->has_parent)
        take_link(inst, order);
    th_batch_key key = th_inst_key(inst);
    th_batch_rewind(step->batch, &key, was, order->has_parent ? &link : NULL);
    inst->status = TH_PENDING;
    inst->reload = true;
}

/* False: nothing was written, since its history has no start. */
static bool rewind(th_step *step, th_inst *inst, th_msg *order)
{
    th_arena *arena = th_arena_new(0);
    th_rewound kept;
    th_uuid was = inst->execution_id;
    bool can = th_rewind_history(arena, inst->past, inst->past_at_us, inst->past_count, &kept);
    if (!can)
        goto done;
    change_row(step, inst, order, &was);
    write_kept(step, inst, &kept);
    write_rewound(step, inst, order, &was);
    send_run_on(step, inst);
    for (size_t i = 0; i < kept.child_count; i++)
        send_to_child(step, inst, &kept.children[i], &was, order->event.payload);
    th__consume(step, order);
    th__release(step, inst);
done:
    th_arena_free(arena);
    return can;
}

bool th__rewind(th_step *step, th_inst *inst)
{
    th_msg *order = take_first(inst, rewinds_it);
    if (!order)
        return false;
    if (rewind(step, inst, order))
        return true;
    th__consume(step, order);
    th_episode_doom(inst, "UnreadableHistory", "it can't be rewound: its history has no start");
    th__fail_alone(step, inst, inst->doom);
    return true;
}

/* ---- after the end -----------------------------------------------------------------------------
 */

bool th__outlives(const th_msg *m)
{
    return th__is_child_start(m) || th__is_parents_rewind(m);
}

bool th_episode_goes_on(const th_inst *inst)
{
    if (inst->reload)
        return true;
    for (const th_msg *m = inst->ending ? inst->queue.head : NULL; m; m = m->next)
        if (th__outlives(m))
            return true;
    return false;
}

static const th_event *end_of(const th_inst *inst)
{
    for (size_t i = inst->past_count; i-- > 0;)
        for (size_t k = inst->past[i].count; k-- > 0;)
            if (inst->past[i].events[k].kind == TH_ExecutionCompleted)
                return &inst->past[i].events[k];
    return NULL;
}

/* A finished child answers again, as it did. */
static void answer_again(th_step *step, th_inst *inst, th_msg *m)
{
    static const char lost[] = "{\"type\":\"UnreadableHistory\",\"message\":\"how the "
                               "sub-orchestration ended can't be read\"}";
    const th_event *end = end_of(inst);
    take_link(inst, m);
    write_link(step, inst);
    th__consume(step, m);
    th__tell_parent(step, inst, end ? end->payload : NULL, end ? end->failure : lost);
}

/* The child is gone, or its id is another's by now: it is created anew. */
static void become_start(th_msg *m)
{
    m->became = true;
    m->event.kind = TH_ExecutionStarted;
    m->event.payload = m->child_input;
    m->has_start = m->has_execution = true;
    m->start_id = th_uuid_random();
    m->execution_id = th_uuid_random();
}

th_turn th__afterlife(th_step *step, th_inst *inst)
{
    th_msg *m = inst->queue.head;
    if (!m)
        return TH_TURN_NOTHING;
    if (th__is_parents_rewind(m) && !th__is_its_child(inst, m))
        become_start(m);
    if (inst->name && th__is_repeated_start(m, &inst->start_id)) {
        th__drop(step, th_msg_pop(&inst->queue));
        return TH_TURN_WROTE;
    }
    if (th__is_child_start(m)) {
        th__begin_life(inst, m, inst->name != NULL);
        return TH_TURN_RUN;
    }
    th_msg_pop(&inst->queue);
    if (inst->status != TH_FAILED || !rewind(step, inst, m))
        answer_again(step, inst, m);
    return TH_TURN_WROTE;
}
