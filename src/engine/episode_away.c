/*
 * episode_away.c - an episode that no executor here can run: out as an item, for a process that
 * can, and its reply (protocol O6).
 *
 * While it is out its messages are held, and so is what comes meanwhile: an instance costs no
 * memory however long it waits. The reply names the messages that it took; they are read again, and
 * from there on it is an episode like any other. What was not taken, or came, is made due again in
 * that batch. A reply counts if it continues the history as it stands; one that does not is
 * dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/episode_int.h"

enum { MOST_AWAY = 500 }; /* messages of an item */

/* ---- replies in the queue -------------------------------------------------------------------- */

bool th__is_reply(const th_msg *m)
{
    return (int)m->event.kind == TH_EPISODE_ANSWERED;
}

th_msg *th__reply_of(const th_inst *inst)
{
    for (th_msg *m = inst->queue.head; m; m = m->next)
        if (th__is_reply(m))
            return m;
    return NULL;
}

bool th__is_stale_reply(const th_inst *inst, const th_msg *m)
{
    return inst->ended || m->event.ref != inst->seq || !m->has_execution ||
           !th_uuid_equal(&m->execution_id, &inst->execution_id);
}

const int64_t *th_episode_wants_held(const th_inst *inst, size_t *count)
{
    const th_msg *m = th__reply_of(inst);
    *count = m && m->reply ? m->reply->taken_count : 0;
    return *count ? m->reply->taken : NULL;
}

bool th__ends_unread(const th_inst *inst)
{
    bool ends = false, has_start = false;
    if (inst->started || inst->listed || !inst->maybe_held)
        return false;
    for (const th_msg *m = inst->queue.head; m; m = m->next) {
        ends |= m->event.kind == TH_ExecutionTerminated;
        has_start |= m->event.kind == TH_ExecutionStarted;
    }
    return ends && !has_start;
}

static th_msg *take_out(th_inst *inst, const th_msg *wanted, int64_t message_no)
{
    th_msg_list rest = { 0 };
    th_msg *found = NULL;
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (!found && (m == wanted || (message_no && m->message_no == message_no)))
            found = m;
        else
            th_msg_push(&rest, m);
    }
    inst->queue = rest;
    return found;
}

th_msg *th__take_out(th_inst *inst, int64_t message_no)
{
    th_msg *head = inst->queue.head;
    if (head && head->message_no == message_no)
        return th_msg_pop(&inst->queue);
    return take_out(inst, NULL, message_no);
}

/* ---- out ------------------------------------------------------------------------------------ */

/* Results of activities that ran here have no row yet: they come again as messages that do. */
static void hand_over_local(th_step *step, th_inst *inst)
{
    th_msg_list rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th_msg_push(m->message_no ? &rest : &step->orphans, m);
    inst->queue = rest;
}

static th_msg *start_that_became(const th_inst *inst)
{
    for (th_msg *m = inst->queue.head; m; m = m->next)
        if (m->became)
            return m;
    return NULL;
}

/* What was made of a message is in memory only, and would not be read again: it gets a row. */
static void write_start(th_step *step, th_inst *inst, th_msg *m)
{
    th_buf body = TH_BUF_INIT;
    th_buf_str(&body, "{\"parent\":");
    th_buf_str(&body, m->event.parent);
    if (m->event.version) {
        th_buf_str(&body, ",\"version\":");
        th_buf_json_str(&body, m->event.version);
    }
    if (m->event.tags) {
        th_buf_str(&body, ",\"tags\":");
        th_buf_str(&body, m->event.tags);
    }
    if (m->event.trace) {
        th_buf_str(&body, ",\"trace\":");
        th_buf_str(&body, m->event.trace);
    }
    if (m->event.priority != TH_NONE)
        th_buf_printf(&body, ",\"priority\":%d", (int)m->event.priority);
    th_buf_chr(&body, '}');
    th_batch_message start = { .instance_id = inst->id,
                               .start_id = &m->start_id,
                               .execution_id = &m->execution_id,
                               .kind = TH_ExecutionStarted,
                               .name = m->event.name,
                               .ref = TH_NONE,
                               .payload = m->event.payload,
                               .body = body.data };
    th__create_row(step, inst, &m->event);
    th__send(step, &start);
    th_buf_free(&body);
    take_out(inst, m, 0);
    th__consume(step, m);
    step->wrote_now = true;
}

static th_msg_list cut_behind(th_msg_list *list, size_t most)
{
    th_msg_list first = { 0 };
    while (list->head && first.count < most)
        th_msg_push(&first, th_msg_pop(list));
    th_msg_list rest = *list;
    *list = first;
    return rest;
}

/* Its messages' numbers, and OrchestratorStarted with an event for each of them: a rewind too,
 * which the code is not told of. */
static void write_texts(th_step *step, th_inst *inst, th_buf *numbers, th_buf *events)
{
    const th_event *fresh = inst->run.fresh;
    th_buf_chr(events, '[');
    th_event_write(events, fresh++);
    for (const th_msg *m = inst->run.taken.head; m; m = m->next) {
        th_buf_printf(numbers, "%s%lld", numbers->len ? "," : "[", (long long)m->message_no);
        th_buf_chr(events, ',');
        th_event_write(events, m->event.kind == TH_ExecutionRewound ? &m->event : fresh++);
        if (m->event.kind == TH_ExecutionStarted)
            th__create_row(step, inst, &m->event);
    }
    th_buf_chr(numbers, ']');
    th_buf_chr(events, ']');
}

static void write_item(th_step *step, th_inst *inst)
{
    th_buf numbers = TH_BUF_INIT, events = TH_BUF_INIT;
    th_batch_key key = th_inst_key(inst);
    write_texts(step, inst, &numbers, &events);
    inst->away_id = th__work_id(step);
    th_batch_item item = { .id = inst->away_id,
                           .kind = TH_EPISODE_ORCHESTRATOR,
                           .seq = inst->seq,
                           .episode = inst->episode,
                           .name = inst->name,
                           .version = inst->version,
                           .events = events.data,
                           .messages = numbers.data };
    th_batch_episode(step->batch, &key, &item);
    th_buf_free(&numbers);
    th_buf_free(&events);
}

th_turn th__send_away(th_step *step, th_inst *inst)
{
    th_msg *became = start_that_became(inst);
    hand_over_local(step, inst);
    if (!inst->queue.head)
        return TH_TURN_NOTHING;
    if (became) {
        write_start(step, inst, became);
        return TH_TURN_WROTE;
    }
    if (inst->maybe_held)
        return TH_TURN_HELD;
    th_msg_list rest = cut_behind(&inst->queue, MOST_AWAY);
    th_turn turn = th__begin(step, inst);
    th_msg_join(&inst->queue, &rest);
    if (turn != TH_TURN_RUN)
        return turn;
    inst->came = inst->queue.head != NULL;
    write_item(step, inst);
    th_episode_undo(inst);
    th__hold_all(step, inst);
    th_inst_drop_past(inst);
    inst->away = true;
    step->wrote_episodes = true;
    return TH_TURN_WROTE;
}

void th__recall(th_step *step, th_inst *inst)
{
    if (!inst->away)
        return;
    th_batch_recall(step->batch, inst->partition_id, inst->id);
    inst->away = false;
    inst->maybe_held = true;
}

/* ---- back ----------------------------------------------------------------------------------- */

/* As it was taken when the item was made. */
static bool retake(th_step *step, th_inst *inst, const th_reply *r)
{
    inst->run = (th_run){ .arena = th_arena_new(0), .started_t_us = r->t_us };
    bool whole = r->t_us > inst->last_t_us;
    for (size_t i = 0; i < r->taken_count && whole; i++) {
        th_msg *m = th__take_out(inst, r->taken[i]);
        whole = m != NULL;
        if (m)
            th__take_message(step, inst, m);
    }
    if (!whole || inst->run.taken.count != r->taken_count) {
        th_episode_undo(inst);
        return false;
    }
    th__fill_fresh(inst);
    return true;
}

static void release(th_step *step, th_inst *inst)
{
    if (!inst->released) { /* else its start has done so */
        inst->maybe_held = true;
        th__release(step, inst);
    }
    inst->came = false;
}

static void refuse(th_inst *inst)
{
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    th_log(TH_LOG_WARN, TH_EV_MESSAGE_DROPPED, &ctx,
           "an episode that another process ran does not fit: it is given out again");
}

static void apply(th_step *step, th_inst *inst, const th_reply *r)
{
    th__recall(step, inst); /* a later item, if there is one */
    inst->ran_by = r->executor;
    inst->replied = true;
    th_episode_apply(step, inst, &r->answer);
    inst->replied = false;
    inst->ran_by = NULL;
    inst->maybe_held = inst->exists;
    if (inst->exists && !inst->renewed && (r->more || inst->came))
        release(step, inst); /* a next generation has its start to wake it, and reads all */
}

static void take_reply(th_step *step, th_inst *inst, const th_reply *r)
{
    if (!r || !inst->away || !r->item || r->item == inst->away_id)
        inst->away = false;
    if (r && r->failure) {
        th__fail_alone(step, inst, r->failure);
    } else if (r && !r->taken_count) {
        if (r->more || inst->came)
            release(step, inst);
    } else if (r && retake(step, inst, r)) {
        apply(step, inst, r);
    } else if (!inst->away) {
        refuse(inst);
        release(step, inst);
    }
}

th_turn th__away_turn(th_step *step, th_inst *inst)
{
    size_t count;
    th_msg *m = th__reply_of(inst);
    if (!m) {
        inst->came = true;
        return th__hold_all(step, inst);
    }
    if (!inst->listed && th_episode_wants_held(inst, &count))
        return TH_TURN_HELD;
    inst->listed = false;
    take_out(inst, m, 0);
    th__consume(step, m);
    take_reply(step, inst, m->reply);
    return TH_TURN_WROTE;
}
