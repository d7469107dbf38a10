/*
 * pump_entities.c - entities at the pump: their turns, their answers, and what waits behind a long
 * operation.
 *
 * Operations run on other threads and may take long. So entities that run are counted apart from
 * orchestrators, and messages that gather behind one leave memory when they are many: those in hand
 * are bounded for all instances of the pump together.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/entity.h"

enum { ROOM_BEHIND = 32, MANY_IN_HAND = TH_HAND / 2, DEFAULT_BATCH = 5000, DEFAULT_ENTITIES = 10 };

/* ---- what gathers behind a run -------------------------------------------------------------- */

bool th__entity_overflows(const th_pump *pump, const th_inst *inst, const th_msg *msg)
{
    bool busy = inst->state == TH_INST_RUNNING || inst->state == TH_INST_PARKED;
    if (!inst->ent || !msg->message_no || inst->queue.count < ROOM_BEHIND ||
        (!busy && !inst->ent->waiting))
        return false;
    return pump->hand_count >= MANY_IN_HAND || th_entity_is_behind(inst->ent, msg);
}

bool th__entity_set_aside(th_pump *pump, th_inst *inst, th_msg *msg)
{
    th_part *part = th__part(pump, inst->partition_id);
    if (!part || part->giving)
        return false;
    th_entity_hold(&th__touch(pump, part)->step, inst, msg);
    return true;
}

/* ---- waiting for a place -------------------------------------------------------------------- */

static int most_running(const th_pump *pump)
{
    int all =
        pump->engine->options.max_entities ? pump->engine->options.max_entities : DEFAULT_ENTITIES;
    int mine = all / pump->engine->pump_count;
    return mine > 0 ? mine : 1;
}

static void wait_for_place(th_pump *pump, th_inst *inst)
{
    th_inst **end = &pump->entities_waiting;
    while (*end)
        end = &(*end)->ready_next;
    *end = inst;
    inst->ready_next = NULL;
    inst->in_ready = true; /* so that nothing else queues it */
    inst->ent->waiting = true;
}

static void give_place(th_pump *pump)
{
    th_inst *inst = pump->entities_waiting;
    if (!inst)
        return;
    pump->entities_waiting = inst->ready_next;
    inst->ready_next = NULL;
    inst->in_ready = inst->ent->waiting = false;
    th__ready(pump, inst);
}

/* ---- turns ---------------------------------------------------------------------------------- */

/* The item that this thread is submitting right now: only a pump's own thread has one. */
static _Thread_local struct submitted {
    const th_pump *pump;
    th_inst *inst;
    uint64_t token;
} submitted;

static void submit(th_pump *pump, th_inst *inst)
{
    int64_t timeout = pump->engine->options.activity_timeout_us;
    th_entity_item item = th_entity_item_of(inst);
    item.token.number = th__item_out(pump, inst);
    item.token.pump = pump->index;
    inst->state = TH_INST_RUNNING;
    inst->run.deadline_us = timeout > 0 ? th_mono_us() + timeout : INT64_MAX;
    submitted = (struct submitted){ pump, inst, inst->token };
    inst->executor->run_entity(inst->executor->self, &item);
    submitted = (struct submitted){ 0 };
}

void th__entity_turn(th_pump *pump, th_part *part, th_inst *inst)
{
    const th_engine *engine = pump->engine;
    int most = engine->options.entity_batch ? engine->options.entity_batch : DEFAULT_BATCH;
    if (pump->entities_out >= most_running(pump)) {
        wait_for_place(pump, inst);
        return;
    }
    th_commit *commit = th__touch(pump, part);
    th_turn turn = th_entity_turn(&commit->step, inst, engine->executors, engine->executor_count,
                                  (size_t)most);
    if (turn == TH_TURN_RUN) {
        submit(pump, inst);
    } else if (turn == TH_TURN_WROTE) {
        inst->state = TH_INST_COMMITTING;
        th__commit_add(commit, inst);
    } else if (turn == TH_TURN_HELD) {
        th__want_held(pump, inst);
    } else if (!inst->queue.head) {
        th__settle_inst(pump, inst);
    }
}

/* ---- settling ------------------------------------------------------------------------------- */

void th__entity_put_back(th_pump *pump, th_inst *inst)
{
    th_part *part = th__part(pump, inst->partition_id);
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;)
        th__hand_out(pump, m);
    if (part)
        part->want_read = true;
}

/*
 * What was held is due again, with lower numbers than what is in memory or comes with a read that
 * is under way: all of it is read once more, in one order.
 */
void th__entity_settled(th_pump *pump, th_inst *inst)
{
    th_ent *ent = inst->ent;
    th_ent_acknowledged(ent);
    ent->singly -= ent->singly < ent->ops ? ent->singly : ent->ops;
    if (!ent->released)
        return;
    ent->released = false;
    ent->came = 0;
    ent->first_held = 0;
    th__entity_put_back(pump, inst);
    if (pump->reading)
        inst->stale_read = pump->read_no;
}

/* ---- answers -------------------------------------------------------------------------------- */

static void apply_done(th_pump *pump, th_inst *inst, const th_entity_answer *answer)
{
    th_part *part = th__part(pump, inst->partition_id);
    if (!part) {
        th__forget_inst(pump, inst);
        return;
    }
    th_commit *commit = th__touch(pump, part);
    th_entity_apply(&commit->step, inst, answer);
    inst->state = TH_INST_COMMITTING;
    th__commit_add(commit, inst);
}

void th__entity_apply(th_pump *pump, th_inst *inst, const th_entity_answer *answer)
{
    if (!inst->ent)
        return;
    th__item_back(pump, inst);
    give_place(pump);
    if (answer->kind == TH_ANSWER_DONE)
        apply_done(pump, inst, answer);
    else
        th__again(pump, inst, answer->delay_us);
}

/* Past functionTimeout. Of several operations it is not known which one hangs: they run again, one
 * at a time. */
void th__entity_expired(th_pump *pump, th_inst *inst)
{
    bool alone = inst->run.taken.count < 2;
    if (inst->executor->cancel)
        inst->executor->cancel(inst->executor->self, (th_token){ pump->index, inst->token });
    th__item_back(pump, inst);
    give_place(pump);
    if (alone)
        th_episode_doom(inst, "TimeoutException", "the operation took longer than functionTimeout");
    else
        inst->ent->singly = inst->run.taken.count;
    th__again(pump, inst, 0);
}

bool th__entity_inline(th_pump *pump, const th_entity_answer *answer)
{
    th_inst *inst = submitted.inst;
    if (submitted.pump != pump || submitted.token != answer->token.number)
        return false;
    submitted = (struct submitted){ 0 };
    th__entity_apply(pump, inst, answer);
    return true;
}
