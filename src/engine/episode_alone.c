/*
 * episode_alone.c - what the engine carries out by itself: terminate, suspend, resume, and failures
 * of its own.
 *
 * Such episodes have no OrchestratorStarted and never reach an executor (events.md, 2 and 5).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/episode_int.h"

static bool is_control(const th_msg *m)
{
    return m->event.kind == TH_ExecutionTerminated || m->event.kind == TH_ExecutionSuspended ||
           m->event.kind == TH_ExecutionResumed;
}

/* Takes the messages that match out of the queue; the others keep their order. */
static th_msg_list take(th_inst *inst, bool (*match)(const th_msg *))
{
    th_msg_list taken = { 0 }, rest = { 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th_msg_push(match(m) ? &taken : &rest, m);
    inst->queue = rest;
    return taken;
}

static bool is_start(const th_msg *m)
{
    return m->event.kind == TH_ExecutionStarted;
}

static bool is_terminate(const th_msg *m)
{
    return m->event.kind == TH_ExecutionTerminated;
}

/* A start that is still waiting is recorded first, so that the history of what never ran says what
 * it was; one that is not due yet goes with the instance. */
static void record_start(th_step *step, th_inst *inst, th_row_writer *row)
{
    th_msg_list starts = take(inst, is_start);
    if (!inst->started) /* it ends without a first episode; its start may not even be due */
        th__forget_older(step, inst);
    for (th_msg *m; (m = th_msg_pop(&starts)) != NULL;) {
        if (inst->started) {
            th__drop(step, m);
            continue;
        }
        th__create_row(step, inst, &m->event);
        th__row_add(row, &m->event);
        inst->started = true;
        th__consume(step, m);
    }
    if (!inst->started) {
        th_batch_key key = th_inst_key(inst);
        th_batch_unstart(step->batch, &key);
    }
}

static void add_completed(th_row_writer *row, th_status status, const char *result,
                          const char *failure)
{
    th_event e = th_event_of(TH_ExecutionCompleted);
    e.status = (int32_t)status;
    e.payload = result;
    e.failure = failure;
    th__row_add(row, &e);
}

static void terminate(th_step *step, th_inst *inst, th_msg *order)
{
    th_row_writer row;
    th__row_begin(&row, inst);
    record_start(step, inst, &row);
    th__row_add(&row, &order->event);
    th__consume(step, order);
    add_completed(&row, TH_TERMINATED, order->event.payload, NULL);
    th__row_end(&row, step, inst, step->now_us, NULL);
    if (order->event.recurse == 1)
        th__terminate_children(step, inst, order->event.payload);
    th__finish(step, inst, TH_TERMINATED, order->event.payload, NULL, TH_STATUS_LEAVE, NULL);
}

static int status_after(const th_msg *m, int status)
{
    if (m->event.kind == TH_ExecutionSuspended)
        return TH_SUSPENDED;
    return status == TH_SUSPENDED ? TH_RUNNING : status;
}

static void suspend_or_resume(th_step *step, th_inst *inst, th_msg_list *orders)
{
    int status = inst->status;
    th_row_writer row;
    th__row_begin(&row, inst);
    for (th_msg *m; (m = th_msg_pop(orders)) != NULL;) {
        if (status_after(m, status) ==
            status) { /* nothing to record; a Pending one must not get history by it */
            th__drop(step, m);
            continue;
        }
        th__row_add(&row, &m->event);
        status = status_after(m, status);
        th__consume(step, m);
    }
    if (row.next_seq == row.first_seq) {
        th_buf_free(&row.json);
        return;
    }
    th__row_end(&row, step, inst, step->now_us, inst->memo);
    th__recall(step, inst); /* its history has gone on */
    if (status != TH_SUSPENDED)
        th__release(step, inst);
    th__change(step, inst, (th_status)status, TH_STATUS_LEAVE, NULL);
}

/* What the executor's session has not seen must not be replayed to it: these events are none of its
 * business. */
bool th__alone(th_step *step, th_inst *inst)
{
    th_msg_list ends = take(inst, is_terminate);
    th_msg *first = th_msg_pop(&ends);
    if (first) {
        th_msg_join(&ends, &inst->queue);
        inst->queue = ends;
        terminate(step, inst, first);
        return true;
    }
    th_msg_list orders = take(inst, is_control);
    if (!orders.head)
        return false;
    suspend_or_resume(step, inst, &orders);
    return true;
}

void th__fail_alone(th_step *step, th_inst *inst, const char *failure)
{
    th_row_writer row;
    char *kept = th_mstrdup(failure);
    th__row_begin(&row, inst);
    record_start(step, inst, &row);
    add_completed(&row, TH_FAILED, NULL, kept);
    th__row_end(&row, step, inst, step->now_us, NULL);
    th__finish(step, inst, TH_FAILED, NULL, kept, TH_STATUS_LEAVE, NULL);
    free(kept);
}

void th_episode_doom(th_inst *inst, const char *type, const char *message)
{
    th_buf json = TH_BUF_INIT;
    th_buf_str(&json, "{\"type\":");
    th_buf_json_str(&json, type);
    th_buf_str(&json, ",\"message\":");
    th_buf_json_str(&json, message);
    th_buf_chr(&json, '}');
    free(inst->doom);
    inst->doom = th_buf_steal(&json);
    inst->doomed = true;
}
