/*
 * pump_turns.c - which instance is next, what it has in hand, and its turn.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/entity.h"

enum { ORCH_TIMEOUT_US = 60000000, CAREFUL_KEYS = 500, A_TRY_US = 1000000 };

/* ---- in hand -------------------------------------------------------------------------------- */

void th__hand_in(th_pump *pump, th_msg *msg)
{
    msg->hand_next = pump->hand;
    if (pump->hand)
        pump->hand->hand_prev = msg;
    pump->hand = msg;
    pump->hand_count++;
}

void th__hand_out(th_pump *pump, th_msg *msg)
{
    if (msg->message_no) {
        *(msg->hand_prev ? &msg->hand_prev->hand_next : &pump->hand) = msg->hand_next;
        if (msg->hand_next)
            msg->hand_next->hand_prev = msg->hand_prev;
        pump->hand_count--;
    }
    th_msg_free(msg);
}

/* ---- the ready list ------------------------------------------------------------------------- */

void th__ready(th_pump *pump, th_inst *inst)
{
    th_warm_use(&pump->warm, inst);
    if (inst->in_ready)
        return;
    inst->in_ready = true;
    inst->ready_next = NULL;
    if (pump->ready_tail)
        pump->ready_tail->ready_next = inst;
    else
        pump->ready_head = inst;
    pump->ready_tail = inst;
    pump->ready_count++;
}

static th_inst *pop_ready(th_pump *pump)
{
    th_inst *inst = pump->ready_head;
    if (!inst)
        return NULL;
    pump->ready_head = inst->ready_next;
    if (!pump->ready_head)
        pump->ready_tail = NULL;
    pump->ready_count--;
    inst->in_ready = false;
    inst->ready_next = NULL;
    return inst;
}

void th__receive(th_pump *pump, th_msg *msg)
{
    th_inst *inst = th_warm_get(&pump->warm, msg->partition_id, msg->instance_id);
    if (inst->stale_read && inst->stale_read == pump->taking_no) {
        th_msg_free(msg); /* it is read once more */
        return;
    }
    if (th__crowd_refuses(pump, inst, msg)) {
        th_msg_free(msg);
        return;
    }
    if (msg->message_no)
        th__hand_in(pump, msg);
    if (inst->ent)
        th_entity_came(inst, msg);
    if (th__entity_overflows(pump, inst, msg) && th__entity_set_aside(pump, inst, msg))
        return;
    /* A new start, or a rewind, of an id whose end we know of, but which still waits here to drop
     * what came too late. */
    if ((msg->event.kind == TH_ExecutionStarted || msg->event.kind == TH_ExecutionRewound) &&
        inst->state == TH_INST_READY && !inst->exists)
        th_inst_cool(inst);
    th_msg_push(&inst->queue, msg);
    if (inst->state == TH_INST_COLD || inst->state == TH_INST_READY)
        th__ready(pump, inst);
}

void th__settle_inst(th_pump *pump, th_inst *inst)
{
    inst->state = TH_INST_READY;
    if (inst->queue.head || inst->doomed) {
        th__ready(pump, inst);
        return;
    }
    if (!inst->ent && (!inst->exists || !pump->engine->options.extended_sessions)) {
        th__forget_inst(pump, inst);
        return;
    }
    th_warm_idle(&pump->warm, inst, th_mono_us());
}

/* Without an answer: from here on what the item points to is gone. */
static void take_item_back(th_pump *pump, th_inst *inst)
{
    bool out = th__item_find(pump, inst->token) == inst;
    if (out && inst->executor->cancel)
        inst->executor->cancel(inst->executor->self, (th_token){ pump->index, inst->token });
    th__item_back(pump, inst);
}

void th__forget_inst(th_pump *pump, th_inst *inst)
{
    if (inst->state == TH_INST_RUNNING)
        take_item_back(pump, inst);
    th_msg_join(&inst->run.taken, &inst->queue);
    inst->queue = inst->run.taken;
    inst->run.taken = (th_msg_list){ 0 };
    for (th_msg *m; (m = th_msg_pop(&inst->queue)) != NULL;) {
        if (m->message_no)
            th__hand_out(pump, m);
        else
            th__completion_elsewhere(pump, m);
    }
    if (inst->state == TH_INST_PARKED)
        pump->parked--;
    if (inst->executor)
        pump->stats.evictions++;
    th_warm_remove(&pump->warm, inst);
}

/* ---- careful rounds (protocol O2) ----------------------------------------------------------- */

static bool is_dangerous(const th_part *part, const th_msg *m)
{
    return m->message_no && m->message_no <= part->careful_until;
}

static bool must_be_careful(const th_part *part, const th_inst *inst)
{
    if (!part->careful_until || inst->careful)
        return false;
    for (const th_msg *m = inst->queue.head; m; m = m->next)
        if (is_dangerous(part, m))
            return true;
    return false;
}

static int most_attempts(const th_inst *inst)
{
    int most = 0;
    for (const th_msg *m = inst->queue.head; m;
         m = inst->ent ? NULL : m->next) /* an entity's first: see count_keys */
        if (m->attempts > most)
            most = m->attempts;
    return most;
}

/*
 * Operations of an entity run together once. When that killed the process they go one at a time,
 * each counted alone, so that those behind the one at fault are not taken for it.
 */
static size_t count_keys(th_pump *pump, th_inst *inst, th_message_key *keys, size_t n)
{
    const th_part *part = th__part(pump, inst->partition_id);
    bool first_only = inst->ent && most_attempts(inst) > 0;
    if (first_only)
        inst->ent->singly = 1;
    for (th_msg *m = inst->queue.head; m && n < CAREFUL_KEYS; m = m->next) {
        if (!part || !is_dangerous(part, m) || !th_numbers_add(&pump->counted, m->message_no))
            continue;
        keys[n++] = (th_message_key){ m->partition_id, m->due_us, m->message_no };
        m->attempts++;
        if (first_only)
            break;
    }
    return n;
}

static void doom_poison(th_inst *inst)
{
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    th_log(TH_LOG_ERROR, TH_EV_INSTANCE_POISON, &ctx,
           "the process died %d times while this instance ran; it fails as poison",
           TH_ATTEMPT_LIMIT);
    th_episode_doom(inst, inst->ent ? "PoisonOperation" : "PoisonOrchestrator",
                    inst->ent ? "the operation was given up: the process died each time it ran"
                              : "the orchestrator was given up: the process died each time it ran");
}

/*
 * What was tried already waits for a second a try, counted from the takeover: processes that are
 * killed one after the other, by whatever hand, have not run it then, and nobody counts it as their
 * death. What is to be given up has waited enough.
 */
static bool may_be_tried(const th_pump *pump, const th_inst *inst, int64_t now_us)
{
    int tries = most_attempts(inst);
    const th_part *part = tries ? th__part((th_pump *)(uintptr_t)pump, inst->partition_id) : NULL;
    return !part || tries >= TH_ATTEMPT_LIMIT || now_us - part->owned_since_us >= tries * A_TRY_US;
}

bool th__careful_is_due(const th_pump *pump)
{
    int64_t now_us = pump->careful ? th_mono_us() : 0;
    for (const th_inst *i = pump->careful; i; i = i->ready_next)
        if (may_be_tried(pump, i, now_us))
            return true;
    return false;
}

/*
 * Those that were never tried go together; those that were, one at a time, after all others: the
 * least tried first, so that processes which are killed early, one after the other, do not give up
 * an instance that is merely first in line.
 */
static th_inst *choose_careful(th_pump *pump, th_inst **chosen)
{
    th_inst *rest = NULL, *alone = NULL;
    int64_t now_us = th_mono_us();
    *chosen = NULL;
    for (th_inst *i = pump->careful, *next; i; i = next) {
        next = i->ready_next;
        bool fresh = most_attempts(i) == 0;
        th_inst **list = fresh ? chosen : &rest;
        if (!fresh && may_be_tried(pump, i, now_us) &&
            (!alone || most_attempts(i) < most_attempts(alone)))
            alone = i;
        i->ready_next = *list;
        *list = i;
    }
    if (*chosen || !alone)
        return rest;
    th_inst *left = NULL;
    for (th_inst *i = rest, *next; i; i = next) {
        next = i->ready_next;
        th_inst **list = i == alone ? chosen : &left;
        i->ready_next = *list;
        *list = i;
    }
    return left;
}

th_rc th__careful_round(th_pump *pump, th_error *err)
{
    th_message_key keys[CAREFUL_KEYS];
    th_inst *chosen;
    size_t n = 0;
    pump->careful = choose_careful(pump, &chosen);
    for (th_inst *i = chosen, *next; i; i = next) {
        next = i->ready_next;
        if (n == CAREFUL_KEYS) { /* none runs uncounted */
            i->ready_next = pump->careful;
            pump->careful = i;
            continue;
        }
        i->in_ready = false;
        i->careful = true;
        if (most_attempts(i) >= TH_ATTEMPT_LIMIT) {
            doom_poison(i);
            pump->stats.poisoned++;
        } else {
            n = count_keys(pump, i, keys, n);
        }
        th__ready(pump, i);
    }
    return n ? th_pen_count_attempts(pump->pen, keys, n, err) : TH_OK;
}

static void wait_for_care(th_pump *pump, th_inst *inst)
{
    inst->in_ready = true; /* so that nothing else queues it */
    inst->ready_next = pump->careful;
    pump->careful = inst;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void submit(th_pump *pump, th_inst *inst)
{
    const th_engine_options *options = &pump->engine->options;
    int64_t timeout = options->orch_timeout_us ? options->orch_timeout_us : ORCH_TIMEOUT_US;
    th_orch_item item = th_episode_item(inst);
    item.token.number = th__item_out(pump, inst);
    item.token.pump = pump->index;
    inst->state = TH_INST_RUNNING;
    inst->run.deadline_us = th_mono_us() + timeout;
    pump->inline_token = inst->token;
    pump->inline_inst = inst;
    inst->executor->run_orchestrator(inst->executor->self, &item);
    pump->inline_token = 0;
    pump->inline_inst = NULL;
}

static void cold_turn(th_pump *pump, th_part *part, th_inst *inst)
{
    if (inst->ent) {
        th__want_load(pump, inst);
        return;
    }
    if (th_episode_adopt(inst)) {
        th__ready(pump, inst);
        pump->stats.starts++;
        return;
    }
    th_step *step = &th__touch(pump, part)->step;
    size_t early = step->early;
    bool nothing_left = th_episode_drop_stale(step, inst);
    if (step->early != early)
        th_early_add(&pump->early, inst->partition_id, inst->id);
    if (nothing_left) {
        th_warm_remove(&pump->warm, inst);
        return;
    }
    th__want_load(pump, inst);
}

/* An executor that keeps no session gets the whole history each time, and so does one that takes
 * over what went to another process; where no executor here runs it, who does reads it. */
static bool needs_history(const th_pump *pump, const th_inst *inst)
{
    return inst->exists && inst->started && !inst->doomed && !inst->session && !inst->past &&
           (inst->executor ||
            th_engine_can_run(pump->engine, TH_ITEM_ORCHESTRATOR, inst->name, inst->version));
}

/* Its worker has gone: whoever runs it next, here or elsewhere, reads its history. */
static bool has_left(const th_inst *inst)
{
    const th_executor *x = inst->executor;
    return x && x->offers && inst->exists && inst->started && !inst->doomed &&
           !x->can_run(x->self, TH_ITEM_ORCHESTRATOR, inst->name, inst->version);
}

static void load_again(th_pump *pump, th_inst *inst)
{
    bool careful = inst->careful;
    th_inst_cool(inst);
    inst->careful = careful;
    th__want_load(pump, inst);
}

/* What came before it is due with its start. */
static void look_for_early(th_pump *pump, th_inst *inst)
{
    if (pump->early.ids.count && inst->exists && !inst->started)
        inst->maybe_held |= th_early_has(&pump->early, inst->partition_id, inst->id);
}

static void ready_turn(th_pump *pump, th_part *part, th_inst *inst)
{
    if (inst->ent) {
        th__entity_turn(pump, part, inst);
        return;
    }
    if (needs_history(pump, inst) || has_left(inst)) {
        load_again(pump, inst);
        return;
    }
    th_commit *commit = th__touch(pump, part);
    size_t early = commit->step.early;
    look_for_early(pump, inst);
    th_turn turn =
        th_episode_turn(&commit->step, inst, pump->engine->executors, pump->engine->executor_count);
    if (commit->step.early != early)
        th_early_add(&pump->early, inst->partition_id, inst->id);
    look_for_early(pump, inst); /* the turn may have been the start of its next life */
    if (turn == TH_TURN_RUN) {
        submit(pump, inst);
        return;
    }
    if (turn == TH_TURN_HELD) {
        th__want_held(pump, inst);
        return;
    }
    if (turn == TH_TURN_WROTE) {
        inst->state = TH_INST_COMMITTING;
        th__commit_add(commit, inst);
        return;
    }
    if (!inst->exists)
        th__forget_inst(pump, inst);
    else if (inst->queue.head == NULL)
        th__settle_inst(pump, inst);
}

static void one_turn(th_pump *pump, th_inst *inst)
{
    th_part *part = th__part(pump, inst->partition_id);
    if (!part) {
        th__forget_inst(pump, inst);
        return;
    }
    if (part->giving)
        return; /* the next owner's */
    if (must_be_careful(part, inst) &&
        (inst->state == TH_INST_COLD || inst->state == TH_INST_READY))
        wait_for_care(pump, inst);
    else if (inst->state == TH_INST_COLD)
        cold_turn(pump, part, inst);
    else if (inst->state == TH_INST_READY)
        ready_turn(pump, part, inst);
}

static bool too_many_running(const th_pump *pump)
{
    int limit = pump->engine->options.max_orchestrators / pump->engine->pump_count;
    return pump->running >= (limit > 0 ? limit : 1);
}

void th__run_turns(th_pump *pump)
{
    while (!th__building_full(pump) && !too_many_running(pump)) {
        th_inst *inst = pop_ready(pump);
        if (!inst)
            return;
        one_turn(pump, inst);
    }
}

/* ---- answers -------------------------------------------------------------------------------- */

static void park(th_pump *pump, th_inst *inst, int64_t delay_us)
{
    inst->state = TH_INST_PARKED;
    inst->parked_until_us = th_mono_us() + delay_us;
    pump->parked++;
}

void th__again(th_pump *pump, th_inst *inst, int64_t delay_us)
{
    th_episode_undo(inst);
    if (delay_us > 0) {
        park(pump, inst, delay_us);
        return;
    }
    inst->state = TH_INST_READY;
    th__ready(pump, inst);
}

static void apply_done(th_pump *pump, th_inst *inst, const th_answer *answer)
{
    th_part *part = th__part(pump, inst->partition_id);
    if (!part) {
        th__forget_inst(pump, inst);
        return;
    }
    th_commit *commit = th__touch(pump, part);
    th_episode_apply(&commit->step, inst, answer);
    pump->stats.episodes++;
    inst->state = TH_INST_COMMITTING;
    th__commit_add(commit, inst);
}

static void apply_unreplayable(th_pump *pump, th_inst *inst, const th_answer *answer)
{
    th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
    th_log(TH_LOG_ERROR, TH_EV_INSTANCE_FAILED, &ctx, "replay differs from history: %.600s",
           answer->failure ? answer->failure : "");
    th_episode_undo(inst);
    free(inst->doom);
    inst->doom = th_mstrdup(answer->failure ? answer->failure
                                            : "{\"type\":\"NonDeterminism\",\"message\":\"\"}");
    inst->doomed = true;
    inst->state = TH_INST_READY;
    th__ready(pump, inst);
}

void th__apply(th_pump *pump, th_inst *inst, const th_answer *answer)
{
    th__item_back(pump, inst);
    switch (answer->kind) {
    case TH_ANSWER_DONE:
        apply_done(pump, inst, answer);
        return;
    case TH_ANSWER_NOT_REPLAYABLE:
        apply_unreplayable(pump, inst, answer);
        return;
    case TH_ANSWER_NEEDS_HISTORY:
        th_episode_undo(inst);
        inst->session = NULL;
        th_inst_cool(inst);
        th__ready(pump, inst);
        return;
    case TH_ANSWER_LOST:
    case TH_ANSWER_ABANDONED:
        th__again(pump, inst, answer->delay_us);
        return;
    }
}

bool th__pump_inline(th_pump *pump, const th_answer *answer)
{
    if (pump != th__this_pump || !pump->inline_token || answer->token.number != pump->inline_token)
        return false;
    th_inst *inst = pump->inline_inst;
    pump->inline_token = 0;
    th__apply(pump, inst, answer);
    return true;
}

/* ---- time ----------------------------------------------------------------------------------- */

typedef struct moment {
    th_pump *pump;
    int64_t now_us;
} moment;

static void check_one(void *arg, th_inst *inst)
{
    const moment *m = arg;
    if (inst->state == TH_INST_PARKED && inst->parked_until_us <= m->now_us) {
        m->pump->parked--;
        inst->state = inst->name || (inst->ent && inst->exists) ? TH_INST_READY : TH_INST_COLD;
        th__ready(m->pump, inst);
    } else if (inst->ent && inst->state == TH_INST_RUNNING && inst->run.deadline_us <= m->now_us) {
        th__entity_expired(m->pump, inst);
    } else if (inst->state == TH_INST_RUNNING && inst->run.deadline_us <= m->now_us) {
        take_item_back(m->pump, inst);
        th__again(m->pump, inst, 0);
    }
}

static void evict_idle(th_pump *pump, int64_t now_us)
{
    const th_engine_options *o = &pump->engine->options;
    size_t keep = (size_t)(o->session_memory / 16384 / pump->engine->pump_count);
    for (th_inst *i; (i = th_warm_oldest(&pump->warm, keep, now_us - o->session_idle_us)) != NULL;)
        th__forget_inst(pump, i);
}

void th__check_times(th_pump *pump, int64_t now_us)
{
    bool sweep = now_us - pump->last_sweep_us >= 1000000;
    bool waiting = pump->running > 0 || pump->parked > 0;
    if ((pump->entities_out && sweep) ||
        (waiting && (sweep || now_us - pump->last_sweep_us >= 50000))) {
        moment m = { pump, now_us };
        th_warm_each(&pump->warm, check_one, &m);
        pump->last_sweep_us = now_us;
    }
    if (sweep) {
        evict_idle(pump, now_us);
        pump->last_sweep_us = now_us;
    }
    int64_t db_now = th__db_now(pump);
    for (size_t i = 0; i < pump->part_count; i++) {
        if (pump->parts[i].next_due_us <= db_now) {
            pump->parts[i].want_read = true;
            pump->parts[i].next_due_us = TH_TIME_INF;
        }
    }
}
