/*
 * entity_send.c - messages that orchestrations and entities send to each other.
 *
 * Keys that are columns of inbox stand there: the operation (name), the input (payload), the seq of
 * the caller's event (ref).
 */
#include <jansson.h>
#include <string.h>

#include "base/entity_id.h"
#include "engine/entity_int.h"

void th__send_at(th_step *step, th_batch_message *m, int64_t due_us)
{
    if (due_us <= step->now_us) {
        th__send(step, m);
        return;
    }
    int32_t ordinal = th_partition_ordinal(m->instance_id, step->partition_count);
    m->partition_id = step->first_partition + ordinal;
    m->due_us = due_us;
    th_batch_send(step->batch, m);
    if (step->wakes)
        step->wakes[ordinal] = true; /* its owner learns when it is due */
}

bool th__lock_place(th_arena *arena, const char *lock_set, int32_t position, const char **target,
                    int32_t *count)
{
    json_t *set = lock_set ? json_loads(lock_set, 0, NULL) : NULL;
    const char *at = NULL, *name, *key;
    *count = (int32_t)json_array_size(set);
    if (position >= 0 && position < *count)
        at = json_string_value(json_array_get(set, (size_t)position));
    bool found = at && th_entity_id_split(arena, at, &name, &key);
    if (found)
        *target = th_entity_id_make(arena, name, key);
    json_decref(set);
    return found;
}

void th__lock_message_id(const th_uuid *execution_id, const char *section, th_buf *out)
{
    char execution[TH_UUID_TEXT];
    th_uuid_text(execution_id, execution);
    th_buf_printf(out, "%s/", execution);
    th_buf_str(out, section);
}

static void section_body(const th_section_ref *s, int32_t position, th_buf *out)
{
    char execution[TH_UUID_TEXT];
    th_uuid_text(s->execution_id, execution);
    th_buf_str(out, "{\"criticalSectionId\":");
    th_buf_json_str(out, s->section);
    th_buf_str(out, ",\"parentInstanceId\":");
    th_buf_json_str(out, s->instance_id);
    th_buf_printf(out, ",\"parentExecutionId\":\"%s\"", execution);
    if (position != TH_NONE && s->lock_set) {
        th_buf_printf(out, ",\"position\":%d,\"lockSet\":", position);
        th_buf_str(out, s->lock_set);
    }
    th_buf_chr(out, '}');
}

static void send_section(th_step *step, const th_section_ref *s, th_kind kind, const char *target,
                         int32_t position)
{
    th_buf body = TH_BUF_INIT, id = TH_BUF_INIT;
    section_body(s, position, &body);
    if (kind == TH_EntityLockRequested)
        th__lock_message_id(s->execution_id, s->section, &id);
    th_batch_message m = { .instance_id = target,
                           .kind = (int16_t)kind,
                           .ref = s->ref,
                           .message_id = id.data,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
    th_buf_free(&id);
}

static void send_to_place(th_step *step, const th_section_ref *s, th_kind kind, int32_t position)
{
    th_arena *arena = th_arena_new(0);
    const char *target;
    int32_t count;
    if (th__lock_place(arena, s->lock_set, position, &target, &count))
        send_section(step, s, kind, target, position);
    th_arena_free(arena);
}

void th__send_lock(th_step *step, const th_section_ref *s, int32_t position)
{
    send_to_place(step, s, TH_EntityLockRequested, position);
}

void th__send_unlock(th_step *step, const th_section_ref *s, int32_t position)
{
    send_to_place(step, s, TH_EntityUnlockSent, position);
}

void th__send_unlock_to(th_step *step, const th_section_ref *s, const char *target)
{
    send_section(step, s, TH_EntityUnlockSent, target, TH_NONE);
}

void th__answer_call(th_step *step, const th_msg *call, const char *output, const char *failure)
{
    th_buf body = TH_BUF_INIT;
    th_buf_str(&body, "{\"requestId\":");
    th_buf_json_str(&body, call->event.request_id ? call->event.request_id : "");
    if (failure) {
        th_buf_str(&body, ",\"failure\":");
        th_buf_str(&body, failure);
    }
    th_buf_chr(&body, '}');
    th_batch_message m = { .instance_id = call->parent_instance_id,
                           .execution_id = &call->parent_execution_id,
                           .kind = failure ? TH_EntityOperationFailed : TH_EntityOperationCompleted,
                           .ref = call->parent_ref,
                           .payload = failure ? NULL : output,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
}

void th__grant(th_step *step, const th_section_ref *s)
{
    th_buf body = TH_BUF_INIT;
    th_buf_str(&body, "{\"criticalSectionId\":");
    th_buf_json_str(&body, s->section);
    th_buf_chr(&body, '}');
    th_batch_message m = { .instance_id = s->instance_id,
                           .execution_id = s->execution_id,
                           .kind = TH_EntityLockGranted,
                           .ref = s->ref,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
}
