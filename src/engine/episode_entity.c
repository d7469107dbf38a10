/*
 * episode_entity.c - entities as an orchestration sees them: signalled, called, locked, and let go
 * of by every run that ends.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/entity_id.h"
#include "engine/entity_int.h"

static void request_body(const th_inst *inst, const th_event *e, th_buf *out)
{
    char execution[TH_UUID_TEXT];
    th_uuid_text(&inst->execution_id, execution);
    th_buf_str(out, "{\"requestId\":");
    th_buf_json_str(out, e->request_id ? e->request_id : "");
    if (e->kind == TH_EntityOperationCalled) {
        th_buf_str(out, ",\"parentInstanceId\":");
        th_buf_json_str(out, inst->id);
        th_buf_printf(out, ",\"parentExecutionId\":\"%s\"", execution);
    }
    if (e->scheduled_time) {
        th_buf_str(out, ",\"scheduledTime\":");
        th_buf_json_str(out, e->scheduled_time);
    }
    th_buf_chr(out, '}');
}

static void send_operation(th_step *step, th_inst *inst, const th_event *e, int32_t seq,
                           int64_t due_us)
{
    char id[TH_UUID_TEXT + 16], execution[TH_UUID_TEXT];
    th_buf body = TH_BUF_INIT;
    th_uuid_text(&inst->execution_id, execution);
    snprintf(id, sizeof id, "%s:%d", execution, seq);
    request_body(inst, e, &body);
    th_batch_message m = { .instance_id = e->target,
                           .kind = (int16_t)e->kind,
                           .name = e->operation,
                           .ref = seq,
                           .message_id = id,
                           .payload = e->payload,
                           .body = body.data };
    th__send_at(step, &m, due_us);
    th_buf_free(&body);
}

/* What can go to no entity must not leave its caller waiting. */
static void refuse(th_step *step, const th_inst *inst, const th_event *e, int32_t seq)
{
    th_buf body = TH_BUF_INIT;
    th_buf_str(&body, "{\"requestId\":");
    th_buf_json_str(&body, e->request_id ? e->request_id : "");
    th_buf_str(
        &body,
        ",\"failure\":{\"type\":\"InvalidEntity\",\"message\":\"no entity can have this id\"}}");
    th_batch_message m = { .instance_id = inst->id,
                           .execution_id = &inst->execution_id,
                           .kind = TH_EntityOperationFailed,
                           .ref = seq,
                           .body = body.data };
    th__send(step, &m);
    th_buf_free(&body);
}

static const char *canonical(th_arena *arena, const char *id)
{
    const char *name, *key;
    return th_entity_id_split(arena, id, &name, &key) ? th_entity_id_make(arena, name, key) : NULL;
}

/* The set as ids in lower case; NULL: empty, or something in it is no entity's id. */
static const char *canonical_set(th_arena *arena, const char *lock_set)
{
    json_t *set = lock_set ? json_loads(lock_set, 0, NULL) : NULL;
    size_t n = json_array_size(set);
    bool good = n > 0;
    th_buf out = TH_BUF_INIT;
    for (size_t i = 0; i < n && good; i++) {
        const char *id = json_string_value(json_array_get(set, i));
        id = id ? canonical(arena, id) : NULL;
        good = id != NULL;
        th_buf_chr(&out, i ? ',' : '[');
        th_buf_json_str(&out, id);
    }
    th_buf_chr(&out, ']');
    const char *text = good ? th_strdup(arena, out.data) : NULL;
    th_buf_free(&out);
    json_decref(set);
    return text;
}

static th_section_ref section_ref(const th_inst *inst, int32_t seq, const char *section,
                                  const char *lock_set)
{
    return (th_section_ref){ .instance_id = inst->id,
                             .execution_id = &inst->execution_id,
                             .ref = seq,
                             .section = section,
                             .lock_set = lock_set };
}

static void ask_for_lock(th_step *step, th_inst *inst, const th_event *e, int32_t seq)
{
    th_section_ref section = section_ref(inst, seq, e->critical_section_id, e->lock_set);
    th_sections_add(&inst->sections, seq, e->critical_section_id, e->lock_set);
    th__send_lock(step, &section, 0);
}

static void unlock(th_step *step, th_inst *inst, const th_event *e)
{
    th_section_ref section = section_ref(inst, TH_NONE, e->critical_section_id, NULL);
    th__send_unlock_to(step, &section, e->target);
    th_sections_unlock(&inst->sections, e->critical_section_id);
}

static bool is_complete(const th_event *e)
{
    if (e->kind == TH_EntityLockRequested)
        return e->lock_set && e->critical_section_id;
    if (e->kind == TH_EntityUnlockSent)
        return e->target && e->critical_section_id;
    return e->target != NULL;
}

void th__act_entity(th_step *step, th_inst *inst, th_row_writer *row, const th_action *action)
{
    th_arena *arena = th_arena_new(0);
    th_event e = action->event;
    bool waits = e.kind == TH_EntityOperationCalled || e.kind == TH_EntityLockRequested;
    if (e.kind == TH_EntityLockRequested) {
        e.lock_set = canonical_set(arena, e.lock_set);
        e.position = 0;
    } else {
        e.target = canonical(arena, e.target);
    }
    bool good = is_complete(&e);
    int32_t seq = th__row_add(row, good ? &e : &action->event);
    if (waits)
        th_opens_add(&inst->opens, seq, e.kind, e.id);
    if (!good && waits)
        refuse(step, inst, &e, seq);
    else if (good && e.kind == TH_EntityLockRequested)
        ask_for_lock(step, inst, &e, seq);
    else if (good && e.kind == TH_EntityUnlockSent)
        unlock(step, inst, &e);
    else if (good)
        send_operation(step, inst, &e, seq, action->due_us);
    th_arena_free(arena);
}

void th__leave_sections(th_step *step, th_inst *inst)
{
    for (size_t i = 0; i < inst->sections.count; i++) {
        const th_section *s = &inst->sections.list[i];
        th_section_ref section = section_ref(inst, s->seq, s->id, s->lock_set);
        th__send_unlock(step, &section, 0);
    }
    th_sections_free(&inst->sections);
}
