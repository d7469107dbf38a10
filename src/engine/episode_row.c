/*
 * episode_row.c - what every kind of episode writes: the history row, consumed messages, status
 * changes, the end.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/episode_int.h"

void th__row_begin(th_row_writer *w, const th_inst *inst)
{
    *w = (th_row_writer){ .json = TH_BUF_INIT, .first_seq = inst->seq, .next_seq = inst->seq };
    th_buf_reserve(&w->json, 512);
    th_buf_chr(&w->json, '[');
}

int32_t th__row_add(th_row_writer *w, const th_event *event)
{
    if (w->next_seq != w->first_seq)
        th_buf_chr(&w->json, ',');
    th_event_write(&w->json, event);
    return w->next_seq++;
}

void th__row_end(th_row_writer *w, th_step *step, th_inst *inst, int64_t at_us, const char *memo)
{
    th_batch_key key = th_inst_key(inst);
    th_buf_chr(&w->json, ']');
    th_batch_history(step->batch, &key, inst->episode, w->first_seq, at_us, w->json.data,
                     w->json.len, memo);
    th_buf_free(&w->json);
    inst->episode++;
    inst->seq = w->next_seq;
}

void th__consume(th_step *step, th_msg *msg)
{
    if (msg->message_no)
        th_batch_consume(step->batch, msg->partition_id, msg->due_us, msg->message_no);
    else
        th_batch_finish(step->batch, msg->partition_id, msg->activity_id, msg->claim_no);
    th_msg_push(&step->spent, msg);
}

void th__drop(th_step *step, th_msg *msg)
{
    step->dropped++;
    if (!msg->message_no) {
        th_msg_push(&step->orphans, msg);
        return;
    }
    th_batch_drop(step->batch, msg->partition_id, msg->due_us, msg->message_no);
    th_msg_push(&step->spent, msg);
}

void th__forget_older(th_step *step, const th_inst *inst)
{
    th_batch_key key = th_inst_key(inst);
    th_batch_forget(step->batch, &key);
}

/* In this very batch: a wish in memory to read them later would be lost with the owner. */
void th__release(th_step *step, th_inst *inst)
{
    if (!inst->maybe_held)
        return;
    th_batch_release(step->batch, inst->partition_id, inst->id);
    inst->maybe_held = false;
    inst->released = true;
    step->wrote_now = true;
}

static void write_change(th_step *step, th_inst *inst, const th_batch_change *change)
{
    th_batch_key key = th_inst_key(inst);
    th_batch_instance(step->batch, &key, change);
    inst->status = change->status;
    inst->is_new = false;
}

void th__change(th_step *step, th_inst *inst, th_status status, th_status_op op,
                const char *custom_status)
{
    if (inst->status == (int)status && op == TH_STATUS_LEAVE && !inst->is_new)
        return;
    th_batch_change change = { .status = (int16_t)status,
                               .custom_op = (int16_t)op,
                               .custom_status = op == TH_STATUS_SET ? custom_status : NULL,
                               .executor = inst->executor ? inst->executor->name : inst->ran_by };
    write_change(step, inst, &change);
}

void th__close_opens(th_step *step, th_inst *inst)
{
    th_batch_key key = th_inst_key(inst);
    bool tasks = false;
    for (size_t i = 0; i < inst->opens.cap; i++) {
        const th_open *open = &inst->opens.slots[i];
        if (open->kind == TH_KIND_NONE || open->seq < 0)
            continue;
        if (open->kind == TH_TimerCreated)
            th_batch_untimer(step->batch, &key, open->due_us, open->seq);
        else
            tasks |= open->kind == TH_TaskScheduled;
    }
    if (tasks) {
        th_batch_unschedule(step->batch, &key);
        inst->left_tasks = true;
        inst->left_execution = inst->execution_id;
    }
    th_opens_free(&inst->opens);
    if (inst->sections.count)
        th__leave_sections(step, inst);
}

static void drop_queue(th_step *step, th_inst *inst)
{
    th_msg_list rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (th__outlives(m))
            th_msg_push(&rest, m);
        else
            th__drop(step, m);
    }
    inst->queue = rest;
}

void th__finish(th_step *step, th_inst *inst, th_status status, const char *output,
                const char *failure, th_status_op op, const char *custom_status)
{
    /* Lists of failed instances go by what has a failure. */
    const char *kept = status == TH_FAILED && !failure ? "{}" : failure;
    th_batch_change change = { .status = (int16_t)status,
                               .output = output,
                               .failure = kept,
                               .custom_op = (int16_t)op,
                               .custom_status = op == TH_STATUS_SET ? custom_status : NULL,
                               .executor = inst->executor ? inst->executor->name : inst->ran_by };
    write_change(step, inst, &change);
    th__relink(step, inst);
    th__tell_parent(step, inst, output, failure);
    th__close_opens(step, inst);
    th__recall(step, inst);
    if (inst->maybe_held)
        th_batch_unhold(step->batch, inst->partition_id, inst->id);
    drop_queue(step, inst);
    inst->ending = true;
    inst->exists = false;
}
