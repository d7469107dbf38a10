/*
 * entity_lock.c - critical sections as an entity sees them: granted, handed on, released, given up.
 *
 * A request goes from entity to entity in the order of the lock set; the last one tells the
 * orchestrator. A release takes the same way behind it, so that it can't arrive before what it
 * releases: an entity that holds lets go and hands it on, one where the request still waits forgets
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/entity_int.h"

static bool same(const th_uuid *a, const th_uuid *b)
{
    return th_uuid_equal(a, b);
}

bool th__is_holder(const th_ent *ent, const th_msg *m)
{
    return ent->holder && m->has_parent && same(&ent->holder_execution, &m->parent_execution_id) &&
           strcmp(ent->holder, m->parent_instance_id) == 0;
}

static bool is_of_section(const th_ent *ent, const th_msg *m)
{
    return th__is_holder(ent, m) && strcmp(ent->section, m->event.critical_section_id) == 0;
}

static th_section_ref section_of(const th_msg *m)
{
    return (th_section_ref){ .instance_id = m->parent_instance_id,
                             .execution_id = &m->parent_execution_id,
                             .ref = m->parent_ref,
                             .section = m->event.critical_section_id,
                             .lock_set = m->event.lock_set };
}

static void hand_on(th_step *step, const th_msg *request)
{
    th_section_ref section = section_of(request);
    int32_t next = request->event.position + 1, count = 0;
    const char *target;
    if (th__lock_place(request->arena, section.lock_set, next, &target, &count))
        th__send_lock(step, &section, next);
    else
        th__grant(step, &section);
}

void th__lock(th_step *step, th_inst *inst, th_msg *request)
{
    th_ent *ent = inst->ent;
    if (request->event.position == TH_NONE || is_of_section(ent, request)) {
        th__drop(step, request);
        return;
    }
    if (ent->holder || th_entity_is_behind(ent, request)) {
        th_entity_hold(step, inst, request);
        return;
    }
    ent->holder = th_mstrdup(request->parent_instance_id);
    ent->section = th_mstrdup(request->event.critical_section_id);
    ent->holder_execution = request->parent_execution_id;
    hand_on(step, request);
    th__consume(step, request);
}

/* It waits here, held, or was never here. */
static void forget_request(th_step *step, th_inst *inst, const th_msg *order)
{
    th_buf id = TH_BUF_INIT;
    th__lock_message_id(&order->parent_execution_id, order->event.critical_section_id, &id);
    th_batch_unrequest(step->batch, inst->partition_id, inst->id, id.data);
    th_buf_free(&id);
}

/* In this very batch: a wish in memory to read them later would be lost with the owner. */
bool th__put_held_back(th_step *step, th_inst *inst)
{
    if (!inst->maybe_held || inst->ent->holder)
        return false;
    th_batch_release_some(step->batch, inst->partition_id, inst->id);
    inst->maybe_held = false;
    inst->ent->released = true;
    step->wrote_now = true;
    return true;
}

void th__clear_holder(th_step *step, th_inst *inst)
{
    th_ent *ent = inst->ent;
    free(ent->holder);
    free(ent->section);
    ent->holder = ent->section = NULL;
    th__put_held_back(step, inst);
}

void th__unlock(th_step *step, th_inst *inst, th_msg *order)
{
    th_ent *ent = inst->ent;
    th_section_ref section = section_of(order);
    if (is_of_section(ent, order)) {
        th__clear_holder(step, inst);
    } else {
        forget_request(step, inst, order);
    }
    if (section.lock_set && order->event.position != TH_NONE)
        th__send_unlock(step, &section, order->event.position + 1);
    th__consume(step, order);
}
