/*
 * episode_child.c - sub-orchestrations: how a child begins, what its parent is told, what ends with
 * it.
 *
 * A child's start is a message to the partition of the child's id; its owner makes the row. The
 * parent link (instance, execution, ref) stands in that message and in the row, so that the result
 * finds the run that waits for it.
 */
#include <stdio.h>
#include <string.h>

#include "engine/episode_int.h"
#include "engine/lanes.h"

void th__send(th_step *step, th_batch_message *m)
{
    int32_t ordinal = th_partition_ordinal(m->instance_id, step->partition_count);
    m->partition_id = step->first_partition + ordinal;
    m->due_us = TH_TIME_NEG_INF;
    th_batch_send(step->batch, m);
    if (step->wakes)
        step->wakes[ordinal] = true;
}

int16_t th__priority_of(int32_t given)
{
    if (given == TH_NONE)
        return 0;
    return (int16_t)(given > TH_PRIORITY_MOST    ? TH_PRIORITY_MOST
                     : given < -TH_PRIORITY_MOST ? -TH_PRIORITY_MOST
                                                 : given);
}

void th__create_row(th_step *step, th_inst *inst, const th_event *started)
{
    if (!inst->create)
        return;
    th_batch_key key = th_inst_key(inst);
    th_batch_child child = { .name = inst->name,
                             .version = inst->version,
                             .input = started->payload,
                             .tags = inst->tags,
                             .parent_instance_id = inst->parent_instance_id,
                             .parent_execution_id =
                                 inst->parent_instance_id ? &inst->parent_execution_id : NULL,
                             .parent_ref = inst->parent_instance_id ? inst->parent_ref : TH_NONE,
                             .priority = inst->priority };
    th_batch_create(step->batch, &key, &child);
    if (inst->replaces)
        th_batch_forget(step->batch, &key);
    inst->create = inst->replaces = false;
}

static void answer_parent(th_step *step, const char *parent_id, const th_uuid *parent_execution,
                          int32_t ref, const char *output, const char *failure)
{
    th_buf body = TH_BUF_INIT;
    if (failure) {
        th_buf_str(&body, "{\"failure\":");
        th_buf_str(&body, failure);
        th_buf_chr(&body, '}');
    }
    th_batch_message m = { .instance_id = parent_id,
                           .execution_id = parent_execution,
                           .kind = failure ? TH_SubOrchestrationInstanceFailed
                                           : TH_SubOrchestrationInstanceCompleted,
                           .ref = ref,
                           .payload = failure ? NULL : output,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
}

static void failure_text(th_buf *out, const char *type, const char *what, const char *id,
                         const char *reason)
{
    th_buf message = TH_BUF_INIT;
    th_buf_printf(&message, "the sub-orchestration '%s' %s", id, what);
    if (reason && *reason) {
        th_buf_str(&message, ": ");
        th_buf_str(&message, reason);
    }
    th_buf_str(out, "{\"type\":");
    th_buf_json_str(out, type);
    th_buf_str(out, ",\"message\":");
    th_buf_json_str(out, message.data);
    th_buf_chr(out, '}');
    th_buf_free(&message);
}

void th__tell_parent(th_step *step, th_inst *inst, const char *output, const char *failure)
{
    th_buf ended = TH_BUF_INIT;
    if (!inst->parent_instance_id)
        return;
    if (!failure && (inst->status == TH_TERMINATED || inst->status == TH_CANCELED ||
                     inst->status == TH_FAILED)) {
        failure_text(&ended, "SubOrchestrationTerminated",
                     inst->status == TH_TERMINATED ? "was terminated" : "did not complete",
                     inst->id, output);
        failure = ended.data;
    }
    answer_parent(step, inst->parent_instance_id, &inst->parent_execution_id, inst->parent_ref,
                  output, failure);
    th_buf_free(&ended);
}

void th__refuse_child(th_step *step, const th_msg *start)
{
    th_buf failure = TH_BUF_INIT;
    if (!start->has_parent)
        return; /* an entity's: nobody waits for it */
    failure_text(&failure, "InstanceAlreadyExists", "was not started: a live instance has its id",
                 start->instance_id, NULL);
    answer_parent(step, start->parent_instance_id, &start->parent_execution_id, start->parent_ref,
                  NULL, failure.data);
    th_buf_free(&failure);
}

void th__terminate_children(th_step *step, th_inst *inst, const char *reason)
{
    for (size_t i = 0; i < inst->opens.cap; i++) {
        const th_open *open = &inst->opens.slots[i];
        if (open->kind != TH_SubOrchestrationInstanceCreated || open->seq < 0 || !open->text)
            continue;
        th_batch_message m = { .instance_id = open->text,
                               .kind = TH_ExecutionTerminated,
                               .ref = TH_NONE,
                               .payload = reason,
                               .body = "{\"recurse\":true}" };
        th__send(step, &m);
    }
}
