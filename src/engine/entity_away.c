/*
 * entity_away.c - operations that no executor here can run: out as an item, for a process that can,
 * and its reply (protocol O6).
 *
 * The rules are those of episode_away.c, but a reply counts only for the item that is out: the
 * state that it stands on has no number. What is held is put back when the reply has come; under a
 * lock, all of it, since the holder's messages are among it.
 */
#include "base/log.h"
#include "engine/entity_int.h"

enum { MOST_AWAY = 500 }; /* operations of an item */

/* ---- out ------------------------------------------------------------------------------------ */

static void write_item(th_step *step, th_inst *inst)
{
    th_buf numbers = TH_BUF_INIT, events = TH_BUF_INIT;
    th_batch_key key = th_inst_key(inst);
    for (const th_msg *m = inst->run.taken.head; m; m = m->next) {
        th_buf_printf(&numbers, "%s%lld", numbers.len ? "," : "[", (long long)m->message_no);
        th_buf_chr(&events, events.len ? ',' : '[');
        th_event_write(&events, &m->event);
    }
    th_buf_chr(&numbers, ']');
    th_buf_chr(&events, ']');
    inst->away_id = th__work_id(step);
    th_batch_item item = { .id = inst->away_id,
                           .kind = TH_EPISODE_ENTITY,
                           .name = inst->ent->name,
                           .events = events.data,
                           .messages = numbers.data };
    th_batch_episode(step->batch, &key, &item);
    th_buf_free(&numbers);
    th_buf_free(&events);
}

static void hold_list(th_step *step, th_inst *inst, th_msg_list *list)
{
    for (th_msg *m; (m = th_msg_pop(list)) != NULL;)
        th_entity_hold(step, inst, m);
}

static void forget_run(th_inst *inst)
{
    th_arena_free(inst->run.arena);
    inst->run = (th_run){ 0 };
}

th_turn th__entity_send_away(th_step *step, th_inst *inst, th_msg_list *ops, size_t most)
{
    th__begin_ops(inst, ops, most < MOST_AWAY ? most : MOST_AWAY);
    inst->ent->ops = 0;
    write_item(step, inst);
    hold_list(step, inst, &inst->run.taken);
    hold_list(step, inst, &inst->queue);
    forget_run(inst);
    inst->away = true;
    step->wrote_episodes = true;
    return TH_TURN_WROTE;
}

/* ---- back ----------------------------------------------------------------------------------- */

static void put_all_back(th_step *step, th_inst *inst)
{
    inst->maybe_held = true;
    if (inst->ent->released || th__put_held_back(step, inst))
        return;
    th_batch_release(step->batch, inst->partition_id, inst->id);
    inst->maybe_held = false;
    inst->ent->released = true;
    step->wrote_now = true;
}

/* Back to the queue. */
static void untake(th_inst *inst)
{
    th_msg_join(&inst->run.taken, &inst->queue);
    inst->queue = inst->run.taken;
    forget_run(inst);
}

static bool retake(th_inst *inst, const th_reply *r)
{
    inst->run = (th_run){ .arena = th_arena_new(0) };
    for (size_t i = 0; i < r->taken_count; i++) {
        th_msg *m = th__take_out(inst, r->taken[i]);
        if (!m) {
            untake(inst);
            return false;
        }
        th_msg_push(&inst->run.taken, m);
    }
    return true;
}

/* Of several it is not known which one is at fault: they run one at a time to show it. */
static void give_up(th_step *step, th_inst *inst, const th_reply *r)
{
    static const char timeout[] = "{\"type\":\"TimeoutException\",\"message\":\"the operation took "
                                  "longer than functionTimeout\"}";
    if (r->taken_count > 1)
        inst->ent->singly = r->taken_count;
    else
        th__fail_op(step, inst, th_msg_pop(&inst->run.taken), r->expired ? timeout : r->failure);
    untake(inst);
}

static void take_reply(th_step *step, th_inst *inst, const th_reply *r)
{
    inst->ent->ops = 0;
    if (!r->taken_count || !retake(inst, r))
        return;
    if (r->expired || r->failure) {
        give_up(step, inst, r);
        return;
    }
    inst->ent->ops = r->taken_count;
    inst->ran_by = r->executor;
    th_entity_apply(step, inst, &r->entity);
    inst->ran_by = NULL;
}

static th_turn hold_all(th_step *step, th_inst *inst)
{
    bool any = inst->queue.head != NULL;
    hold_list(step, inst, &inst->queue);
    return any ? TH_TURN_WROTE : TH_TURN_NOTHING;
}

static bool is_current(const th_inst *inst, const th_reply *r)
{
    return r && inst->away && r->item == inst->away_id;
}

th_turn th__entity_away_turn(th_step *step, th_inst *inst)
{
    size_t count;
    th_msg *m = th__reply_of(inst);
    if (!m)
        return hold_all(step, inst);
    bool current = is_current(inst, m->reply);
    if (current && !inst->listed && th_episode_wants_held(inst, &count))
        return TH_TURN_HELD;
    inst->listed = false;
    th__take_out(inst, m->message_no);
    th__consume(step, m);
    if (!current && inst->away)
        return TH_TURN_WROTE; /* of an earlier one */
    inst->away = false;
    if (current)
        take_reply(step, inst, m->reply);
    put_all_back(step, inst);
    return TH_TURN_WROTE;
}
