/*
 * episode_apply.c - an executor's answer becomes history, activities, timers, messages and a
 * status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/episode_int.h"

enum { ACT_INDEX_BITS = 24 };

/* When the messages of continue as new are due: at once, but read apart from the immediate ones, so
 * that they are found behind however many events. */
enum { RENEWED_DUE_US = 0 };

/* What continue as new hands over, in the order of its seqs: entries whose message was taken in
 * this very episode are skipped, since that message stays where it is. */
typedef struct leftovers {
    const th_completion *completion;
    bool *stays; /* by index of carry */
    size_t at;
} leftovers;

static bool stays(leftovers *l, const th_msg *m, int32_t seq)
{
    const th_completion *c = l->completion;
    if (m->event.kind != TH_EventRaised || !m->message_no)
        return false;
    while (l->at < c->carry_count && c->carry[l->at].seq < seq)
        l->at++;
    if (l->at == c->carry_count || c->carry[l->at].seq != seq)
        return false;
    l->stays[l->at++] = true;
    return true;
}

static bool is_renewal(const th_completion *c)
{
    return c->done && c->status == TH_CONTINUED_AS_NEW;
}

static void record_taken(th_step *step, th_inst *inst, th_row_writer *row, leftovers *left)
{
    th_msg_list kept = { 0 };
    int32_t seq = inst->seq;
    for (size_t i = 0; i < inst->run.fresh_count; i++)
        th__row_add(row, &inst->run.fresh[i]);
    th__relink_taken(step, inst);
    for (th_msg *m; (m = th_msg_pop(&inst->run.taken)) != NULL;) {
        seq++;
        if (is_renewal(left->completion) && stays(left, m, seq)) {
            th_msg_push(&kept, m);
            continue;
        }
        if (m->event.ref != TH_NONE)
            th_opens_remove(&inst->opens, m->event.ref);
        if (m->event.kind == TH_ExecutionStarted) {
            th__create_row(step, inst, &m->event);
            inst->started = true;
            inst->renewed = false;
            if (!inst->replied) /* then what came meanwhile is seen to */
                th__release(step, inst);
            if (m->replaced)
                th__forget_older(step, inst);
        }
        th__consume(step, m);
    }
    inst->rewound = false;
    th_msg_join(&kept, &inst->queue);
    inst->queue = kept;
    inst->last_t_us = inst->run.started_t_us;
}

int64_t th__work_id(th_step *step)
{
    return (step->commit_no << ACT_INDEX_BITS) | (*step->act_index)++;
}

static void born_claimed(th_step *step, th_inst *inst, const th_batch_activity *a)
{
    th_act act = { .partition_id = inst->partition_id,
                   .id = a->id,
                   .claim_no = 1,
                   .execution_id = inst->execution_id,
                   .seq = a->seq,
                   .task_id = a->task_id,
                   .attempt = a->attempt,
                   .instance_id = inst->id,
                   .name = a->name,
                   .version = a->version,
                   .input = a->input,
                   .tags = a->tags,
                   .trace = a->trace,
                   .priority = a->priority };
    th_act_push(&step->born, th_act_new(&act));
}

/* A try that was written when there were no priorities has none in its event either. */
static int16_t own_priority(const th_inst *inst, const th_action *action)
{
    return action->priority ? th__priority_of(action->priority) : inst->priority;
}

static void act_task(th_step *step, th_inst *inst, const th_action *action, int32_t seq)
{
    const th_event *e = &action->event;
    th_batch_key key = th_inst_key(inst);
    bool later = action->due_us > step->now_us;
    bool mine = !later && !inst->careful && step->claim && step->claim(step->arg, e->name);
    th_batch_activity a = { .id = th__work_id(step),
                            .seq = seq,
                            .task_id = e->id,
                            .name = e->name,
                            .version = e->version,
                            .orch_version = inst->version,
                            .input = e->payload,
                            .tags = e->tags,
                            .trace = e->trace,
                            .attempt = e->attempt == TH_NONE ? 1 : e->attempt,
                            .priority = own_priority(inst, action),
                            .due_us = later ? action->due_us : TH_TIME_NEG_INF,
                            .claimed_by = mine ? step->worker_id : 0 };
    th_batch_schedule(step->batch, &key, &a);
    th_opens_add(&inst->opens, seq, e->kind, e->id)->activity = a.id;
    if (mine)
        born_claimed(step, inst, &a);
    else
        step->wrote_queue = true;
}

static void act_timer(th_step *step, th_inst *inst, const th_action *action, int32_t seq)
{
    th_open *open = th_opens_add(&inst->opens, seq, TH_TimerCreated, action->event.id);
    open->due_us = action->due_us;
    open->text = th_mstrdup(action->event.fire_at);
    th_batch_message timer = { .partition_id = inst->partition_id,
                               .due_us = action->due_us,
                               .instance_id = inst->id,
                               .start_id = &inst->start_id,
                               .execution_id = &inst->execution_id,
                               .kind = TH_TimerFired,
                               .ref = seq };
    th_batch_send(step->batch, &timer);
    if (action->due_us < step->min_due_us)
        step->min_due_us = action->due_us;
}

static void act_cancel(th_step *step, th_inst *inst, int32_t ref)
{
    const th_open *open = th_opens_find(&inst->opens, ref);
    if (!open || open->kind != TH_TimerCreated)
        return;
    th_batch_key key = th_inst_key(inst);
    th_batch_untimer(step->batch, &key, open->due_us, ref);
    th_opens_remove(&inst->opens, ref);
}

static void give_up(th_step *step, const th_inst *inst, int32_t seq)
{
    if (step->given_up_count == step->given_up_cap) {
        step->given_up_cap = step->given_up_cap ? step->given_up_cap * 2 : 8;
        step->given_up = th_realloc(step->given_up, step->given_up_cap * sizeof *step->given_up);
    }
    step->given_up[step->given_up_count++] =
        (th_given_up){ inst->partition_id, inst->execution_id, seq };
}

/* Claimed or not, its row goes; whoever runs it is told, and may stop early. */
static void act_cancel_task(th_step *step, th_inst *inst, int32_t ref)
{
    const th_open *open = th_opens_find(&inst->opens, ref);
    if (!open || open->kind != TH_TaskScheduled)
        return;
    th_batch_key key = th_inst_key(inst);
    th_batch_cancel(step->batch, &key, open->activity, ref);
    th_opens_remove(&inst->opens, ref);
    give_up(step, inst, ref);
}

static void act_event(th_step *step, th_inst *inst, const th_event *e, int32_t seq)
{
    char id[TH_UUID_TEXT + 16], execution[TH_UUID_TEXT];
    th_uuid_text(&inst->execution_id, execution);
    snprintf(id, sizeof id, "%s:%d", execution, seq);
    th_batch_message raised = { .instance_id = e->instance_id,
                                .kind = TH_EventRaised,
                                .name = e->name,
                                .ref = TH_NONE,
                                .message_id = id,
                                .payload = e->payload,
                                .body = step->keeps_early ? "{\"early\":true}" : NULL };
    th__send(step, &raised);
}

/* The default id of a child: its parent's execution and the event's seq, so that a repeat gives the
 * same. */
static const char *child_id(const th_inst *inst, const th_event *e, int32_t seq, char *space,
                            size_t size)
{
    char execution[TH_UUID_TEXT];
    if (e->instance_id)
        return e->instance_id;
    th_uuid_text(&inst->execution_id, execution);
    snprintf(space, size, "%s:%04x", execution, (unsigned)seq);
    return space;
}

void th__child_start(const th_inst *inst, const th_event *e, int32_t seq, th_buf *out)
{
    char execution[TH_UUID_TEXT];
    th_uuid_text(&inst->execution_id, execution);
    th_buf_str(out, "\"parent\":{\"instanceId\":");
    th_buf_json_str(out, inst->id);
    th_buf_printf(out, ",\"executionId\":\"%s\",\"name\":", execution);
    th_buf_json_str(out, inst->name);
    if (inst->version) {
        th_buf_str(out, ",\"version\":");
        th_buf_json_str(out, inst->version);
    }
    th_buf_printf(out, ",\"id\":%d,\"ref\":%d}", e->id, seq);
    if (e->version) {
        th_buf_str(out, ",\"version\":");
        th_buf_json_str(out, e->version);
    }
    if (e->tags) {
        th_buf_str(out, ",\"tags\":");
        th_buf_str(out, e->tags);
    }
    if (e->trace) {
        th_buf_str(out, ",\"trace\":");
        th_buf_str(out, e->trace);
    }
    if (e->priority != TH_NONE)
        th_buf_printf(out, ",\"priority\":%d", th__priority_of(e->priority));
}

static void start_child(th_step *step, th_inst *inst, const th_event *e, int32_t seq)
{
    th_uuid start_id = th_uuid_random(), execution_id = th_uuid_random();
    th_buf body = TH_BUF_INIT;
    th_buf_chr(&body, '{');
    th__child_start(inst, e, seq, &body);
    th_buf_chr(&body, '}');
    th_batch_message start = { .instance_id = e->instance_id,
                               .start_id = &start_id,
                               .execution_id = &execution_id,
                               .kind = TH_ExecutionStarted,
                               .name = e->name,
                               .ref = TH_NONE,
                               .payload = e->payload,
                               .body = body.data };
    th__send(step, &start);
    th_buf_free(&body);
}

static void act_child(th_step *step, th_inst *inst, th_row_writer *row, const th_action *action)
{
    const th_event *given = &action->event;
    char space[TH_UUID_TEXT + 16];
    th_event e = *given;
    if (own_priority(inst, action))
        e.priority = own_priority(inst, action);
    e.instance_id = child_id(inst, given, row->next_seq, space, sizeof space);
    int32_t seq = th__row_add(row, &e);
    th_open *open = th_opens_add(&inst->opens, seq, e.kind, e.id);
    open->text = th_mstrdup(e.instance_id);
    start_child(step, inst, &e, seq);
}

/* What it schedules belongs to the trace of its start, unless the action says more. */
static const th_action *with_trace(const th_inst *inst, const th_action *action, th_action *space)
{
    if (!inst->trace || action->event.trace ||
        (action->kind != TH_ACT_TASK && action->kind != TH_ACT_CHILD))
        return action;
    *space = *action;
    space->event.trace = inst->trace;
    return space;
}

static void act(th_step *step, th_inst *inst, th_row_writer *row, const th_action *given)
{
    th_action space;
    const th_action *action = with_trace(inst, given, &space);
    if (action->kind == TH_ACT_CANCEL_TIMER) {
        act_cancel(step, inst, action->cancel_ref);
        return;
    }
    if (action->kind == TH_ACT_CANCEL_TASK) {
        act_cancel_task(step, inst, action->cancel_ref);
        return;
    }
    if (action->kind == TH_ACT_CHILD) {
        act_child(step, inst, row, action);
        return;
    }
    if (action->kind == TH_ACT_ENTITY) {
        th__act_entity(step, inst, row, action);
        return;
    }
    int32_t seq = th__row_add(row, &action->event);
    if (action->kind == TH_ACT_TASK)
        act_task(step, inst, action, seq);
    else if (action->kind == TH_ACT_TIMER)
        act_timer(step, inst, action, seq);
    else if (action->kind == TH_ACT_EVENT)
        act_event(step, inst, &action->event, seq);
}

/* ---- completion ----------------------------------------------------------------------------- */

static void send_carry(th_step *step, th_inst *inst, const th_event *e)
{
    th_batch_message m = { .partition_id = inst->partition_id,
                           .due_us = RENEWED_DUE_US,
                           .instance_id = inst->id,
                           .start_id = &inst->start_id,
                           .execution_id = &inst->execution_id,
                           .kind = TH_EventRaised,
                           .name = e->name,
                           .ref = TH_NONE,
                           .message_id = e->message_id,
                           .payload = e->payload,
                           .body = "{\"carry\":true}" };
    th_batch_send(step->batch, &m);
}

/* The same start, a new execution: earlier history goes, timers and activities too; events that
 * wait stay. */
static void renew(th_step *step, th_inst *inst, const leftovers *left)
{
    const th_completion *c = left->completion;
    th_buf body = TH_BUF_INIT;
    if (inst->trace)
        th_buf_printf(&body, "{\"trace\":%s}", inst->trace);
    th__close_opens(step, inst);
    inst->execution_id = th_uuid_random();
    th_batch_key key = th_inst_key(inst);
    th_batch_renew(step->batch, &key, c->new_input, c->new_version, step->keeps_history);
    th_batch_message start = { .partition_id = inst->partition_id,
                               .due_us = RENEWED_DUE_US,
                               .instance_id = inst->id,
                               .start_id = &inst->start_id,
                               .execution_id = &inst->execution_id,
                               .kind = TH_ExecutionStarted,
                               .name = inst->name,
                               .ref = TH_NONE,
                               .payload = c->new_input,
                               .body = body.data };
    for (size_t i = 0; i < c->carry_count; i++) /* first: who has the start has them all */
        if (!left->stays[i])
            send_carry(step, inst, &c->carry[i]);
    th_batch_send(step->batch, &start);
    th_buf_free(&body);
    if (c->new_version) {
        free(inst->version);
        inst->version = th_mstrdup(c->new_version);
    }
    inst->episode = inst->seq = 0;
    inst->seen.count = 0;
    inst->started = false;
    inst->renewed = true;
    inst->status = TH_RUNNING;
    inst->is_new = false;
    step->wrote_now = true;
}

static void complete(th_step *step, th_inst *inst, th_row_writer *row, const th_answer *answer)
{
    const th_completion *c = &answer->completion;
    th_event e = th_event_of(TH_ExecutionCompleted);
    e.id = c->id;
    e.status = (int32_t)c->status;
    e.payload = c->result;
    e.failure = c->failure;
    th__row_add(row, &e);
    th__row_end(row, step, inst, inst->run.started_t_us, answer->memo);
    th__finish(step, inst, c->status, c->result, c->failure, answer->status_op,
               answer->custom_status);
}

static void keep_memo(th_inst *inst, const char *memo)
{
    if (!memo && !inst->memo)
        return;
    free(inst->memo);
    inst->memo = th_mstrdup(memo);
}

void th_episode_apply(th_step *step, th_inst *inst, const th_answer *answer)
{
    const th_completion *c = &answer->completion;
    th_row_writer row;
    leftovers left = { .completion = c,
                       .stays = th_new(inst->run.arena, bool, c->carry_count + 1) };
    th__row_begin(&row, inst);
    record_taken(step, inst, &row, &left);
    for (size_t i = 0; i < answer->action_count; i++)
        act(step, inst, &row, &answer->actions[i]);
    if (is_renewal(c)) {
        if (step->keeps_history)
            th__row_end(&row, step, inst, inst->run.started_t_us, answer->memo);
        else
            th_buf_free(&row.json); /* the execution's history goes as a whole */
        if (answer->status_op != TH_STATUS_LEAVE || inst->is_new)
            th__change(step, inst, TH_RUNNING, answer->status_op, answer->custom_status);
        renew(step, inst, &left);
    } else if (c->done) {
        complete(step, inst, &row, answer);
    } else {
        th__row_end(&row, step, inst, inst->run.started_t_us, answer->memo);
        th__change(step, inst, TH_RUNNING, answer->status_op, answer->custom_status);
    }
    keep_memo(inst, inst->renewed ? NULL : answer->memo); /* not handed on to a new run */
    if (!c->done)
        th__offer_held(step, inst);
    th_inst_drop_past(inst);
    th_arena_free(inst->run.arena);
    inst->run = (th_run){ 0 };
    inst->token = 0;
}
