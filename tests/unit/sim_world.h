/*
 * sim_world.h - a process with one pump, its executor and activities, and the users of its hub.
 *
 * The pump, the dispatcher and all that they call are the real ones; time, the server and all
 * others are moved by hand. Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_SIM_WORLD_H
#define TH_TESTS_UNIT_SIM_WORLD_H

#include <sys/eventfd.h>

#include "engine/engine_int.h"
#include "sim_pen.h"
#include "sim_script.h"

#define SIM_START INT64_C(1790000000000000)

enum { PLANS = 4, RUNNING_MOST = 64, LATE_MOST = 32, SIM_SLOTS = 3, ENTITY_OPS = 16 };

/* What a user wants of one instance id. */
typedef struct plan {
    char id[24], next_id[24], program[40];
    int64_t sum, event_sum;
    int events_left, restarts_left, event_no, starts;
    bool started, terminated, dup_events;
} plan;

typedef struct sim_running {
    th_token token;
    int64_t input;
} sim_running;

/* An activity that a process elsewhere has claimed. */
typedef struct sim_remote {
    int32_t partition, claim_no;
    int64_t number;
} sim_remote;

typedef struct sim_late {
    th_arena *arena;
    th_answer answer;
} sim_late;

/* An entity's answer that has not been given yet. */
typedef struct sim_late_entity {
    th_token token;
    size_t count;
    int64_t outputs[ENTITY_OPS], state;
} sim_late_entity;

typedef struct world {
    sim_db db;
    th_engine *engine;
    th_pump *pump;
    th_executor executor;
    int32_t worker;
    bool sessions, late_answers;
    plan plans[PLANS];
    int plan_count;
    sim_running running[RUNNING_MOST];
    size_t running_count;
    sim_remote remote[RUNNING_MOST];
    size_t remote_count;
    sim_late late[LATE_MOST];
    size_t late_count;
    sim_late_entity late_entities[SIM_ENTITIES];
    size_t late_entity_count;
    int kills;
} world;

static th_uuid sim_new_uuid(void)
{
    th_uuid id;
    for (size_t i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)sim_random();
    return id;
}

/* ---- the executor: orchestrators ------------------------------------------------------------- */

static bool sim_can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)self;
    (void)version;
    return strcmp(name, kind == TH_ITEM_ENTITY ? "acc" : "Script") == 0;
}

static const char *sim_list(void *self, th_item_kind kind, size_t n)
{
    (void)self;
    return kind == TH_ITEM_ACTIVITY && n == 0 ? "compute" : NULL;
}

static void sim_drop(void *self, void *session)
{
    (void)self;
    free(session);
}

static void sim_mark_ahead(void *arg, th_inst *inst)
{
    script *s = inst->session;
    if (s && s->token == *(uint64_t *)arg)
        s->ahead = true;
}

static void sim_cancel(void *self, th_token token)
{
    th_warm_each(&((world *)self)->pump->warm, sim_mark_ahead, &token.number);
}

static void sim_answer_with(world *w, th_token token, th_answer_kind kind, int64_t delay_us)
{
    th_answer a = { .token = token, .kind = kind, .delay_us = delay_us, .completion.id = TH_NONE };
    th_engine_orch_answered(w->engine, &a);
}

static void sim_keep_late(world *w, const th_answer *answer)
{
    sim_late *late = &w->late[w->late_count++];
    th_arena *arena = late->arena = th_arena_new(0);
    th_action *actions = th_new(arena, th_action, answer->action_count + 1);
    th_event *carry = th_new(arena, th_event, answer->completion.carry_count + 1);
    late->answer = *answer;
    for (size_t i = 0; i < answer->action_count; i++) {
        actions[i] = answer->actions[i];
        actions[i].event = th_event_copy(arena, &answer->actions[i].event);
    }
    for (size_t i = 0; i < answer->completion.carry_count; i++)
        carry[i] = th_event_copy(arena, &answer->completion.carry[i]);
    late->answer.actions = actions;
    late->answer.custom_status = th_strdup(arena, answer->custom_status);
    late->answer.completion.carry = carry;
    late->answer.completion.result = th_strdup(arena, answer->completion.result);
    late->answer.completion.failure = th_strdup(arena, answer->completion.failure);
    late->answer.completion.new_input = th_strdup(arena, answer->completion.new_input);
}

static void sim_answer(world *w, const script *s, th_token token)
{
    static script_answer_texts texts;
    th_answer answer = script_answer_of(s, token, &texts);
    if (w->late_answers && w->late_count < LATE_MOST && sim_once_in(2)) {
        sim_keep_late(w, &answer);
        return;
    }
    th_engine_orch_answered(w->engine, &answer);
    if (!server.calm && sim_once_in(10))
        th_engine_orch_answered(w->engine, &answer); /* twice */
}

/* Instead of running: the worker is lost, or has no time. */
static bool sim_refuses(world *w, th_token token)
{
    if (server.calm || !sim_once_in(40))
        return false;
    bool lost = sim_once_in(2);
    sim_answer_with(w, token, lost ? TH_ANSWER_LOST : TH_ANSWER_ABANDONED,
                    lost ? 0 : (int64_t)sim_pick(20000));
    return true;
}

static script *sim_cold(const th_orch_item *item)
{
    script *s = th_malloc(sizeof *s);
    int32_t seq = 0;
    for (size_t i = 0; i < item->past_count; i++) { /* what the engine did alone may be missing */
        CHECK(item->past[i].count > 0 && item->past[i].events[0].seq >= seq);
        seq = item->past[i].events[0].seq + (int32_t)item->past[i].count;
        script_replay(s, &item->past[i]);
    }
    CHECK(item->fresh[0].seq >= seq);
    return s;
}

static void sim_run_orchestrator(void *self, const th_orch_item *item)
{
    world *w = self;
    script *s = *item->session;
    CHECK_INT(item->next_seq, item->fresh[0].seq + (int32_t)item->fresh_count);
    if (sim_refuses(w, item->token))
        return;
    if (s && (s->ahead || sim_once_in(30))) {
        free(s);
        *item->session = NULL;
        sim_answer_with(w, item->token, TH_ANSWER_NEEDS_HISTORY, 0);
        return;
    }
    if (!s)
        s = sim_cold(item);
    CHECK(item->fresh[0].seq >= s->next_seq);
    s->token = item->token.number;
    if (w->sessions)
        *item->session = s;
    script_episode(s, item->fresh, item->fresh_count);
    sim_answer(w, s, item->token);
    if (!w->sessions)
        free(s);
}

static void sim_answer_late(world *w)
{
    if (!w->late_count)
        return;
    size_t i = sim_pick(w->late_count);
    sim_late late = w->late[i];
    w->late[i] = w->late[--w->late_count];
    th_engine_orch_answered(w->engine, &late.answer);
    th_arena_free(late.arena);
}

/* ---- the executor: entities ------------------------------------------------------------------ */

static void sim_answer_entity(world *w, const sim_late_entity *late)
{
    char texts[ENTITY_OPS][24], state[24];
    th_entity_result results[ENTITY_OPS] = { 0 };
    th_entity_answer a = { .token = late->token, .results = results, .result_count = late->count };
    for (size_t i = 0; i < late->count; i++) {
        snprintf(texts[i], sizeof texts[i], "%lld", (long long)late->outputs[i]);
        results[i].output = texts[i];
    }
    snprintf(state, sizeof state, "%lld", (long long)late->state);
    a.state = state;
    th_engine_entity_answered(w->engine, &a);
    if (!server.calm && sim_once_in(10))
        th_engine_entity_answered(w->engine, &a);
}

static bool sim_entity_refuses(world *w, th_token token)
{
    th_entity_answer a = { .token = token, .kind = TH_ANSWER_LOST };
    if (server.calm || !sim_once_in(20))
        return false;
    if (sim_once_in(2)) {
        a.kind = TH_ANSWER_ABANDONED;
        a.delay_us = (int64_t)sim_pick(20000);
    }
    th_engine_entity_answered(w->engine, &a);
    return true;
}

/* While somebody holds it, nobody else's operation is given out. */
static void sim_check_holder(world *w, const th_entity_item *item)
{
    const sim_instance *row = sim_find(&w->db, item->entity_id);
    for (size_t i = 0; row && row->holder && i < item->op_count; i++)
        if (CHECK(item->ops[i].parent_instance_id != NULL))
            CHECK(strstr(row->holder, item->ops[i].parent_instance_id) != NULL);
}

static void sim_run_entity(void *self, const th_entity_item *item)
{
    world *w = self;
    sim_late_entity late = { .token = item->token, .state = item->state ? atoll(item->state) : 0 };
    sim_check_holder(w, item);
    if (sim_entity_refuses(w, item->token))
        return;
    size_t n = sim_once_in(4) ? 1 + sim_pick(item->op_count) : item->op_count;
    for (late.count = 0; late.count < n && late.count < ENTITY_OPS; late.count++) {
        int64_t value = atoll(item->ops[late.count].input);
        CHECK_STR(item->ops[late.count].name, "add");
        late.state += value;
        late.outputs[late.count] = 2 * value;
    }
    if (w->late_answers && w->late_entity_count < SIM_ENTITIES && sim_once_in(2))
        w->late_entities[w->late_entity_count++] = late;
    else
        sim_answer_entity(w, &late);
}

static void sim_answer_entity_late(world *w)
{
    if (!w->late_entity_count)
        return;
    sim_late_entity late = w->late_entities[0];
    w->late_entities[0] = w->late_entities[--w->late_entity_count];
    sim_answer_entity(w, &late);
}

/* ---- the executor: activities ---------------------------------------------------------------- */

static bool sim_fails(int64_t input, char *failure, size_t size)
{
    if (input >= SCRIPT_FRAGILE) {
        snprintf(failure, size, SCRIPT_BROKEN);
        return !server.calm && sim_once_in(2);
    }
    snprintf(failure, size, "{\"type\":\"Odd\",\"message\":\"%lld\"}", (long long)input);
    return input % 7 == 3;
}

static void sim_answer_activity(world *w, sim_running r)
{
    char text[64];
    th_activity_answer a = { .token = r.token };
    if (!server.calm && sim_once_in(25)) {
        a.kind = sim_once_in(2) ? TH_ANSWER_LOST : TH_ANSWER_ABANDONED;
        a.delay_us = (int64_t)sim_pick(5000);
    }
    if (sim_fails(r.input, text, sizeof text)) {
        a.failure = text;
    } else {
        snprintf(text, sizeof text, "%lld", (long long)script_task_value(r.input));
        a.result = text;
    }
    th_engine_activity_answered(w->engine, &a);
    if (!server.calm && sim_once_in(10))
        th_engine_activity_answered(w->engine, &a);
}

static void sim_run_activity(void *self, const th_activity_item *item)
{
    world *w = self;
    sim_running r = { item->token, atoll(item->input) };
    if (w->running_count == RUNNING_MOST || sim_once_in(3))
        sim_answer_activity(w, r);
    else
        w->running[w->running_count++] = r;
    CHECK(w->running_count <= SIM_SLOTS);
}

static void sim_finish_activity(world *w)
{
    if (!w->running_count)
        return;
    size_t i = sim_pick(w->running_count);
    sim_running r = w->running[i];
    w->running[i] = w->running[--w->running_count];
    sim_answer_activity(w, r);
}

/* As the engine does with what its dispatcher has finished. */
static void sim_done(void *arg, th_act *act, bool abandoned, int64_t delay_us)
{
    world *w = arg;
    int64_t acquisition;
    if (abandoned)
        th__abandon(w->engine, act, delay_us);
    else if (th__owner_of(w->engine, act->partition_id, &acquisition))
        th__pump_complete(w->pump, act);
    else
        th__complete_elsewhere(w->engine, act);
}

static void sim_idle(void *arg)
{
    (void)arg;
}

/* ---- the process ----------------------------------------------------------------------------- */

static void sim_boot(world *w)
{
    th_engine_options options = { .conninfo = "",
                                  .hub = "sim",
                                  .orchestrators = true,
                                  .activities = true,
                                  .max_activities = SIM_SLOTS,
                                  .max_orchestrators = 1 + (int)sim_pick(5),
                                  .max_entities = 1 + (int)sim_pick(2),
                                  .entity_batch = 1 + (int)sim_pick(4),
                                  .extended_sessions = !sim_once_in(4),
                                  .session_memory = 16384 * (1 + (int64_t)sim_pick(3)),
                                  .session_idle_us = 1000000,
                                  .orch_timeout_us = 200000 };
    th_dispatch_options slots = { .max = SIM_SLOTS, .done = sim_done, .idle = sim_idle, .arg = w };
    if (!CHECK_INT(th_engine_new(&options, &w->engine, NULL), TH_OK))
        abort();
    th_engine *e = w->engine;
    e->hub = (th_hub){
        .hub_id = 1, .name = "sim", .first_partition = 1, .partition_count = SIM_PARTITIONS
    };
    e->worker_id = ++w->worker;
    th_engine_register(e, &w->executor);
    e->dispatch = th_dispatch_new(&slots, e->executors, e->executor_count);
    e->owners = th_malloc(SIM_PARTITIONS * sizeof *e->owners);
    e->foreign_wakes = th_malloc(SIM_PARTITIONS * sizeof *e->foreign_wakes);
    e->pump_count = 1;
    w->pump = e->pumps = th_malloc(sizeof *e->pumps);
    w->pump->engine = e;
    w->pump->limit = sim_once_in(3) ? 1 : TH_BATCH_ROWS;
    w->pump->crowd = sim_once_in(2) ? TH_CROWD : 1 + sim_pick(3);
    w->pump->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    th__mail_init(w->pump);
    th_warm_init(&w->pump->warm);
    th__this_pump = w->pump;
}

/* As kill -9 does: what the server has got so far may still be carried out. */
static void sim_kill(world *w)
{
    if (w->pump->pen)
        sim_cut(w->pump->pen);
    th_engine_free(w->engine);
    while (w->late_count)
        th_arena_free(w->late[--w->late_count].arena);
    w->running_count = w->late_entity_count = 0;
}

/* The control thread: partitions that nobody holds are taken. */
static void sim_control(world *w)
{
    for (int32_t p = 1; p <= SIM_PARTITIONS; p++) {
        th_owner_slot *slot = &w->engine->owners[p - 1];
        if (slot->pump || slot->pending)
            continue;
        slot->pending = true;
        th__pump_order(w->pump, TH_ORDER_ACQUIRE, p);
    }
}

static void sim_give(world *w)
{
    int32_t p = 1 + (int32_t)sim_pick(SIM_PARTITIONS);
    th__pump_order(w->pump, TH_ORDER_GIVE, p);
}

/* ---- the queue: completions and claims (protocol A2, A4, A6) --------------------------------- */

static void sim_complete_row(world *w, int32_t partition, int64_t number, int32_t claim_no,
                             const char *result, const char *failure)
{
    const sim_activity *a = sim_activity_at(&w->db, partition, number, claim_no);
    if (!a)
        return; /* dropped by its token */
    sim_message *m =
        sim_message_new(&w->db, partition, a->id, failure ? TH_TaskFailed : TH_TaskCompleted);
    m->has_start = m->has_execution = true;
    m->start = a->start;
    m->execution = a->execution;
    m->ref = a->seq;
    m->payload = failure ? NULL : sim_keep(&w->db, result);
    m->body = failure ? th_sprintf(w->db.arena, "{\"failure\":%s}", failure) : NULL;
    SIM_DELETE(&w->db, activities, (size_t)(a - w->db.activities));
    th_engine_wake(w->engine, partition);
}

static void sim_abandon_row(world *w, const th_act *act)
{
    sim_activity *a = sim_activity_at(&w->db, act->partition_id, act->id, act->claim_no);
    int64_t delay_us = -1 - act->started_us;
    if (!a)
        return;
    a->claimed_by = 0;
    if (delay_us > 0)
        a->due = w->db.now_us + delay_us;
}

static void sim_completer(world *w)
{
    th_act_list acts = w->engine->completions;
    w->engine->completions = (th_act_list){ 0 };
    for (th_act *a; (a = th_act_pop(&acts)) != NULL;) {
        if (a->started_us < 0)
            sim_abandon_row(w, a);
        else
            sim_complete_row(w, a->partition_id, a->id, a->claim_no, a->result, a->failure);
        th_act_free(a);
    }
}

static void sim_claim_here(world *w, sim_activity *row)
{
    th_act_list acts = { 0 };
    row->claimed_by = w->worker;
    row->claim_no++;
    th_act act = { .partition_id = row->partition,
                   .id = row->number,
                   .claim_no = row->claim_no,
                   .execution_id = row->execution,
                   .seq = row->seq,
                   .task_id = row->task_id,
                   .attempt = row->attempt,
                   .instance_id = row->id,
                   .name = row->name,
                   .input = row->input };
    th_act_push(&acts, th_act_new(&act));
    th_dispatch_start(w->engine->dispatch, &acts);
}

static void sim_claim_there(world *w, sim_activity *row)
{
    if (w->remote_count == RUNNING_MOST)
        return;
    row->claimed_by = SIM_REMOTE;
    w->remote[w->remote_count++] = (sim_remote){ row->partition, ++row->claim_no, row->number };
}

static void sim_claim(world *w)
{
    for (size_t i = 0; i < w->db.activities_count; i++) {
        sim_activity *row = &w->db.activities[i];
        if (row->claimed_by || row->due > w->db.now_us || (!server.calm && sim_once_in(3)))
            continue;
        int room = th_dispatch_reserve_free(w->engine->dispatch);
        if (room > 0)
            th_dispatch_unreserve(w->engine->dispatch, (size_t)room - 1);
        if (room > 0)
            sim_claim_here(w, row);
        else
            sim_claim_there(w, row);
        return; /* what an inline answer did may have moved the rows */
    }
}

static void sim_finish_remote(world *w)
{
    char text[64];
    if (!w->remote_count)
        return;
    sim_remote r = w->remote[--w->remote_count];
    const sim_activity *a = sim_activity_at(&w->db, r.partition, r.number, r.claim_no);
    int64_t input = a ? atoll(a->input) : 0;
    if (sim_fails(input, text, sizeof text)) {
        sim_complete_row(w, r.partition, r.number, r.claim_no, NULL, text);
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)script_task_value(input));
    sim_complete_row(w, r.partition, r.number, r.claim_no, text, NULL);
}

/* Somebody takes what this process runs, as if it had been found dead. */
static void sim_steal(world *w)
{
    for (size_t i = 0; i < w->db.activities_count; i++)
        if (w->db.activities[i].claimed_by == w->worker && sim_once_in(2)) {
            sim_claim_there(w, &w->db.activities[i]);
            return;
        }
}

#endif
