/*
 * entity_apply.c - an executor's answer becomes the entity's row, answers to callers, signals and
 * starts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/entity_id.h"
#include "base/log.h"
#include "engine/entity_int.h"

enum { LOW = 32 }; /* with fewer in memory, more is put back */

/* ---- the row -------------------------------------------------------------------------------- */

static void write_holder(const th_ent *ent, th_buf *out)
{
    char execution[TH_UUID_TEXT];
    th_uuid_text(&ent->holder_execution, execution);
    th_buf_str(out, "{\"instanceId\":");
    th_buf_json_str(out, ent->holder);
    th_buf_printf(out, ",\"executionId\":\"%s\",\"criticalSectionId\":", execution);
    th_buf_json_str(out, ent->section);
    th_buf_chr(out, '}');
}

bool th__is_empty_row(const th_inst *inst)
{
    const th_ent *ent = inst->ent;
    return ent->has_row && !ent->state && !ent->holder;
}

bool th__write_entity(th_step *step, th_inst *inst, bool operated)
{
    th_ent *ent = inst->ent;
    th_buf holder = TH_BUF_INIT;
    th_batch_key key = th_inst_key(inst);
    bool empty = !ent->state && !ent->holder;
    if (empty && !ent->has_row)
        return false;
    if (ent->holder)
        write_holder(ent, &holder);
    th_batch_entity row = { .gone = empty,
                            .name = ent->name,
                            .state = ent->state,
                            .lock_holder = holder.data,
                            .operated_us = operated ? step->now_us : TH_TIME_INF,
                            .executor = inst->executor ? inst->executor->name : inst->ran_by };
    th_batch_put_entity(step->batch, &key, &row);
    ent->has_row = !empty;
    if (empty)
        inst->start_id = th_uuid_random(); /* a next row is another life of it */
    th_buf_free(&holder);
    return true;
}

/* ---- what an operation asked for ------------------------------------------------------------ */

static void send_signal(th_step *step, th_inst *inst, const th_entity_action *a)
{
    th_arena *arena = th_arena_new(0);
    const char *name, *key;
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    th_uuid id = th_uuid_random();
    char request[TH_UUID_TEXT];
    th_uuid_text(&id, request);
    if (!th_entity_id_split(arena, a->target, &name, &key)) {
        th_log(TH_LOG_ERROR, TH_EV_OPERATION_FAILED, &ctx,
               "a signal to '%.300s' goes nowhere: not an entity's id", a->target ? a->target : "");
        th_arena_free(arena);
        return;
    }
    th_batch_message m = { .instance_id = th_entity_id_make(arena, name, key),
                           .kind = TH_EntityOperationSignaled,
                           .name = a->name,
                           .ref = TH_NONE,
                           .message_id = request,
                           .payload = a->input,
                           .body = th_sprintf(arena, "{\"requestId\":\"%s\"}", request) };
    th__send_at(step, &m, a->due_us);
    th_arena_free(arena);
}

static void start_body(const th_entity_action *a, th_buf *out)
{
    th_buf_str(out, "{\"makes\":true");
    if (a->version) {
        th_buf_str(out, ",\"version\":");
        th_buf_json_str(out, a->version);
    }
    if (a->tags) {
        th_buf_str(out, ",\"tags\":");
        th_buf_str(out, a->tags);
    }
    if (a->trace) {
        th_buf_str(out, ",\"trace\":");
        th_buf_str(out, a->trace);
    }
    th_buf_chr(out, '}');
}

/* Nobody waits for it; an id that a live instance has makes it come to nothing. */
static void start(th_step *step, const th_entity_action *a)
{
    th_uuid start_id = th_uuid_random(), execution_id = th_uuid_random();
    char id[TH_UUID_TEXT];
    th_buf body = TH_BUF_INIT;
    th_uuid_text(&execution_id, id);
    start_body(a, &body);
    th_batch_message m = { .instance_id = a->target ? a->target : id,
                           .start_id = &start_id,
                           .execution_id = &execution_id,
                           .kind = TH_ExecutionStarted,
                           .name = a->name,
                           .ref = TH_NONE,
                           .payload = a->input,
                           .body = body.data };
    th__send_at(step, &m, a->due_us);
    th_buf_free(&body);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void settle_op(th_step *step, th_inst *inst, th_msg *m, const th_entity_result *result)
{
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    if (m->event.kind == TH_EntityOperationCalled)
        th__answer_call(step, m, result->output, result->failure);
    else if (result->failure)
        th_log(TH_LOG_WARN, TH_EV_OPERATION_FAILED, &ctx, "signal '%.100s' failed: %.300s",
               m->event.name, result->failure);
    th__consume_op(step, inst, m);
}

static void put_back(th_inst *inst)
{
    th_msg_join(&inst->run.taken, &inst->queue);
    inst->queue = inst->run.taken;
    th_arena_free(inst->run.arena);
    inst->run = (th_run){ 0 };
    inst->token = 0;
}

void th_entity_apply(th_step *step, th_inst *inst, const th_entity_answer *answer)
{
    th_ent *ent = inst->ent;
    for (size_t i = 0; i < answer->result_count && inst->run.taken.head; i++)
        settle_op(step, inst, th_msg_pop(&inst->run.taken), &answer->results[i]);
    for (size_t i = 0; i < answer->action_count && answer->result_count; i++) {
        if (answer->actions[i].kind == TH_ENTITY_SIGNALS)
            send_signal(step, inst, &answer->actions[i]);
        else
            start(step, &answer->actions[i]);
    }
    if (answer->result_count) {
        char *state = th_mstrdup(answer->state);
        free(ent->state);
        ent->state = state;
    }
    put_back(inst);
    if (inst->queue.count < LOW)
        th__put_held_back(step, inst);
    th__write_entity(step, inst, answer->result_count > 0);
}
