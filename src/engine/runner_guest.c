/*
 * runner_guest.c - one episode of another owner: given to an executor, answered, sent back.
 *
 * Answers come on any thread, once at most for a token; what they point to is written down there
 * and then. All else happens on the runner's thread: executors are asked and sessions dropped
 * there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/entity_id.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/runner_int.h"

enum { PLACE_BITS = 24, ORCH_TIMEOUT_US = 60000000 };

/* ---- places ---------------------------------------------------------------------------------- */

static guest *take_place(th_runner *runner)
{
    guest *g = NULL;
    pthread_mutex_lock(&runner->lock);
    for (int i = 0; i < MOST_GUESTS && !g; i++)
        if (runner->guests[i].state == GUEST_FREE)
            g = &runner->guests[i];
    if (g) {
        g->state = GUEST_OUT;
        g->uses++;
        runner->out++;
    }
    pthread_mutex_unlock(&runner->lock);
    return g;
}

/* The token is no longer current from here on. */
static void leave_place(th_runner *runner, guest *g)
{
    if (g->inst)
        th_inst_free(g->inst); /* drops the session */
    th_act_free(g->act);
    th_arena_free(g->arena);
    free(g->memo);
    th_buf_free(&g->payload);
    th_buf_free(&g->body);
    pthread_mutex_lock(&runner->lock);
    *g = (guest){ .uses = g->uses };
    runner->out--;
    pthread_mutex_unlock(&runner->lock);
}

static th_token token_of(const th_runner *runner, const guest *g)
{
    return (th_token){ TH_RUNNER_TOKEN, (g->uses << PLACE_BITS) | (uint64_t)(g - runner->guests) };
}

/* Under the lock; NULL: not current, or answered already. */
static guest *find(th_runner *runner, th_token token)
{
    uint64_t place = token.number & ((1u << PLACE_BITS) - 1);
    if (place >= MOST_GUESTS)
        return NULL;
    guest *g = &runner->guests[place];
    bool current = g->state == GUEST_OUT && g->uses == token.number >> PLACE_BITS;
    return current ? g : NULL;
}

/* ---- answers, from any thread ---------------------------------------------------------------- */

static th_reply_head head_of(const guest *g)
{
    return (th_reply_head){ .item = g->act->id,
                            .t_us = g->t_us,
                            .taken = g->taken,
                            .taken_count = g->taken_count,
                            .executor = g->executor->name };
}

static void begin_reply(guest *g)
{
    th_reply_head head = head_of(g);
    th_reply_begin(&g->body, &head);
}

static void answered(th_runner *runner, guest *g, th_answer_kind kind, int64_t delay_us)
{
    g->kind = kind;
    g->delay_us = delay_us;
    g->state = GUEST_ANSWERED;
    if (!pthread_equal(pthread_self(), runner->thread))
        th__runner_wake(runner);
}

void th__runner_orch_answered(th_runner *runner, const th_answer *answer)
{
    if (!runner)
        return;
    pthread_mutex_lock(&runner->lock);
    guest *g = find(runner, answer->token);
    if (g && answer->kind == TH_ANSWER_DONE) {
        begin_reply(g);
        th_reply_add_orch(&g->payload, &g->body, answer);
        g->memo = th_mstrdup(answer->memo);
    } else if (g && answer->kind == TH_ANSWER_NOT_REPLAYABLE) {
        begin_reply(g);
        th_reply_add_failure(&g->body, answer->failure
                                           ? answer->failure
                                           : "{\"type\":\"NonDeterminism\",\"message\":\"\"}");
    }
    if (g)
        answered(runner, g, answer->kind, answer->delay_us);
    pthread_mutex_unlock(&runner->lock);
}

void th__runner_entity_answered(th_runner *runner, const th_entity_answer *answer)
{
    if (!runner)
        return;
    pthread_mutex_lock(&runner->lock);
    guest *g = find(runner, answer->token);
    if (g && answer->kind == TH_ANSWER_DONE) {
        begin_reply(g);
        th_reply_add_entity(&g->body, answer);
    }
    if (g)
        answered(runner, g, answer->kind, answer->delay_us);
    pthread_mutex_unlock(&runner->lock);
}

/* ---- back to the owner ----------------------------------------------------------------------- */

static th_act *take_act(th_runner *runner, guest *g)
{
    pthread_mutex_lock(&runner->lock);
    th_act *act = g->act;
    g->act = NULL;
    pthread_mutex_unlock(&runner->lock);
    return act;
}

static void send_reply(th_runner *runner, guest *g)
{
    th_act *act = take_act(runner, g);
    th_reply_end(&g->body);
    act->result = g->payload.len ? th_buf_steal(&g->payload) : NULL;
    act->failure = th_buf_steal(&g->body);
    th__complete_elsewhere(runner->engine, act);
}

static void send_back(th_runner *runner, guest *g)
{
    th__abandon(runner->engine, take_act(runner, g), g->delay_us);
}

static void item_of(guest *g, th_orch_item *item, char *execution)
{
    th_inst *inst = g->inst;
    th_uuid_text(&inst->execution_id, execution);
    *item = (th_orch_item){ .instance_id = inst->id,
                            .execution_id = execution,
                            .name = inst->name,
                            .version = inst->version,
                            .tags = inst->tags,
                            .parent = inst->parent,
                            .trace = inst->trace,
                            .memo = inst->memo,
                            .session = &inst->session,
                            .past = inst->past,
                            .past_count = inst->past_count };
}

/* Of what was left, would it take some now, after this episode? */
static bool wants_more(guest *g)
{
    const th_executor *x = g->executor;
    char execution[TH_UUID_TEXT];
    th_orch_item item;
    bool any = false;
    if (!x->select || !g->left_count)
        return false;
    free(g->inst->memo);
    g->inst->memo = th_mstrdup(g->memo);
    item_of(g, &item, execution);
    bool *take = th_new(g->arena, bool, g->left_count);
    memset(take, 1, g->left_count * sizeof *take);
    x->select(x->self, &item, g->left, g->left_count, take);
    for (size_t i = 0; i < g->left_count; i++)
        any |= take[i];
    return any;
}

static void settle(th_runner *runner, guest *g)
{
    bool whole = g->kind == TH_ANSWER_DONE || g->kind == TH_ANSWER_NOT_REPLAYABLE;
    if (whole && g->inst && wants_more(g))
        th_reply_add_flag(&g->body, "more");
    if (whole)
        send_reply(runner, g);
    else
        send_back(runner, g);
    leave_place(runner, g);
}

/* Whether it is to be settled: it was answered, or its time is over. */
static bool is_over(th_runner *runner, guest *g, int64_t now_us)
{
    pthread_mutex_lock(&runner->lock);
    bool over = g->state == GUEST_ANSWERED;
    bool late = g->state == GUEST_OUT && g->act && g->deadline_us <= now_us;
    if (late && !g->inst) {
        begin_reply(g);
        th_reply_add_flag(&g->body, "expired");
    }
    if (late)
        answered(runner, g, g->inst ? TH_ANSWER_LOST : TH_ANSWER_DONE, 0);
    th_token token = token_of(runner, g);
    pthread_mutex_unlock(&runner->lock);
    if (late && g->executor->cancel)
        g->executor->cancel(g->executor->self, token);
    return over || late;
}

void th__guests_settle(th_runner *runner, int64_t now_us)
{
    for (int i = 0; i < MOST_GUESTS; i++)
        if (is_over(runner, &runner->guests[i], now_us))
            settle(runner, &runner->guests[i]);
}

static bool call_back(th_runner *runner, guest *g)
{
    pthread_mutex_lock(&runner->lock);
    bool out = g->state == GUEST_OUT;
    if (out)
        answered(runner, g, TH_ANSWER_LOST, 0);
    th_token token = token_of(runner, g);
    pthread_mutex_unlock(&runner->lock);
    if (out && g->executor->cancel)
        g->executor->cancel(g->executor->self, token);
    return out;
}

void th__guests_give_back(th_runner *runner)
{
    for (int i = 0; i < MOST_GUESTS; i++)
        if (call_back(runner, &runner->guests[i]))
            settle(runner, &runner->guests[i]);
}

int64_t *th__runner_running(th_runner *runner, int32_t partition_id, int64_t *ids, size_t *count)
{
    pthread_mutex_lock(&runner->lock);
    ids = th_realloc(ids, (*count + (size_t)runner->out + 1) * sizeof *ids);
    for (int i = 0; i < MOST_GUESTS; i++) {
        const th_act *act = runner->guests[i].act;
        if (runner->guests[i].state != GUEST_FREE && act && act->partition_id == partition_id)
            ids[(*count)++] = act->id;
    }
    pthread_mutex_unlock(&runner->lock);
    return ids;
}

/* ---- in: what both kinds have ---------------------------------------------------------------- */

static const th_executor *executor_for(const th_engine *engine, const th_claimed *c)
{
    th_item_kind kind = c->kind == TH_EPISODE_ENTITY ? TH_ITEM_ENTITY : TH_ITEM_ORCHESTRATOR;
    for (size_t i = 0; i < engine->executor_count; i++) {
        const th_executor *x = engine->executors[i];
        if ((kind == TH_ITEM_ORCHESTRATOR || x->run_entity) &&
            x->can_run(x->self, kind, c->name, c->version))
            return x;
    }
    return NULL;
}

bool th__guest_has_executor(const th_runner *runner, const th_claimed *c)
{
    return executor_for(runner->engine, c) != NULL;
}

static th_act *act_of(const th_claimed *c)
{
    th_act act = { .partition_id = c->partition_id,
                   .id = c->id,
                   .claim_no = c->claim_no,
                   .kind = c->kind,
                   .execution_id = c->execution_id,
                   .seq = c->seq,
                   .instance_id = c->instance_id,
                   .name = c->name };
    return th_act_new(&act);
}

static bool read_item(guest *g, const th_claimed *c, const int64_t **numbers, th_event **events,
                      size_t *count)
{
    th_error err = { 0 };
    size_t event_count = 0;
    const char *json = c->input ? c->input : "";
    bool is_orchestrator = c->kind == TH_EPISODE_ORCHESTRATOR;
    th_rc rc = th_events_read(g->arena, json, strlen(json), c->seq, events, &event_count, &err);
    if (rc == TH_OK)
        rc = th_numbers_read(g->arena, c->messages, numbers, count, &err);
    if (rc == TH_OK && event_count == *count + is_orchestrator)
        return true;
    th_log_ctx ctx = { .partition = c->partition_id, .instance = c->instance_id };
    th_log(TH_LOG_WARN, TH_EV_MESSAGE_DROPPED, &ctx, "its episode can't be read: %s",
           rc == TH_OK ? "its messages and events differ in number" : err.text);
    return false;
}

/* ---- in: orchestrators ----------------------------------------------------------------------- */

/* The history is that from which the owner has made it. */
static bool load(guest *g, const th_claimed *c, const th_instance_row *row,
                 const th_episode_row *episodes, size_t count)
{
    th_error err = { 0 };
    g->inst = th_inst_new(c->partition_id, c->instance_id);
    if (!row || th_inst_load(g->inst, row, episodes, count, &err) != TH_OK)
        return false;
    return g->inst->exists && th_uuid_equal(&g->inst->execution_id, &c->execution_id) &&
           g->inst->seq == c->seq && g->inst->episode == c->task_id;
}

static const bool *selected(guest *g, const th_orch_item *item, const th_event *waiting, size_t n)
{
    const th_executor *x = g->executor;
    bool *take = th_new(g->arena, bool, n + 1);
    memset(take, 1, n * sizeof *take);
    if (x->select && n)
        x->select(x->self, item, waiting, n, take);
    for (size_t i = 0; i < n; i++)
        take[i] |= waiting[i].kind == TH_ExecutionStarted || waiting[i].kind == TH_ExecutionRewound;
    return take;
}

/* events: OrchestratorStarted and what waits. Splits that into what it takes, which becomes fresh,
 * and what it leaves. */
static void choose(guest *g, th_orch_item *item, const int64_t *numbers, th_event *events, size_t n)
{
    const bool *take = selected(g, item, events + 1, n);
    int64_t *taken = th_new(g->arena, int64_t, n + 1);
    th_event *left = th_new(g->arena, th_event, n + 1);
    size_t kept = 1;
    for (size_t i = 0; i < n; i++) {
        if (!take[i]) {
            left[g->left_count++] = events[i + 1];
            continue;
        }
        taken[g->taken_count++] = numbers[i];
        if (events[i + 1].kind == TH_ExecutionRewound)
            continue; /* none of the code's business */
        events[kept] = events[i + 1];
        events[kept].seq = g->inst->seq + (int32_t)kept;
        th_inst_note_start(g->inst, &events[kept]);
        kept++;
    }
    g->taken = taken;
    g->left = left;
    g->t_us = events[0].t_us;
    item->fresh = events;
    item->fresh_count = kept;
    item->next_seq = g->inst->seq + (int32_t)kept;
    item->trace = g->inst->trace;
}

static void take_nothing(th_runner *runner, guest *g)
{
    pthread_mutex_lock(&runner->lock);
    begin_reply(g);
    answered(runner, g, TH_ANSWER_DONE, 0);
    pthread_mutex_unlock(&runner->lock);
    g->left_count = 0; /* nothing has changed by which it would take any */
}

static void run_orchestrator(th_runner *runner, guest *g, const int64_t *numbers, th_event *events,
                             size_t n)
{
    const th_engine_options *o = &runner->engine->options;
    th_orch_item item;
    item_of(g, &item, th_alloc(g->arena, TH_UUID_TEXT));
    choose(g, &item, numbers, events, n);
    g->deadline_us = th_mono_us() + (o->orch_timeout_us ? o->orch_timeout_us : ORCH_TIMEOUT_US);
    item.token = token_of(runner, g);
    if (!g->taken_count)
        take_nothing(runner, g);
    else
        g->executor->run_orchestrator(g->executor->self, &item);
}

/* ---- in: entities ---------------------------------------------------------------------------- */

static void run_entity(th_runner *runner, guest *g, const th_claimed *c, const th_instance_row *row,
                       const int64_t *numbers, const th_event *events, size_t n)
{
    int64_t timeout = runner->engine->options.activity_timeout_us;
    th_entity_op *ops = th_new(g->arena, th_entity_op, n + 1);
    th_entity_item item = { .token = token_of(runner, g),
                            .entity_id = th_strdup(g->arena, c->instance_id),
                            .state = row ? th_strdup(g->arena, row->state) : NULL,
                            .ops = ops,
                            .op_count = n };
    for (size_t i = 0; i < n; i++)
        ops[i] = (th_entity_op){ .request_id = events[i].request_id,
                                 .name = events[i].name ? events[i].name : "",
                                 .input = events[i].payload,
                                 .is_signal = events[i].kind == TH_EntityOperationSignaled,
                                 .parent_instance_id = events[i].parent_instance_id };
    g->taken = numbers;
    g->taken_count = n;
    g->deadline_us = timeout > 0 ? th_mono_us() + timeout : INT64_MAX;
    if (!th_entity_id_split(g->arena, item.entity_id, &item.name, &item.key))
        g->deadline_us = 0; /* an owner makes none such; its time is over at once */
    else
        g->executor->run_entity(g->executor->self, &item);
}

/* ---- in -------------------------------------------------------------------------------------- */

bool th__guest_begin(th_runner *runner, const th_claimed *c, const th_instance_row *row,
                     const th_episode_row *episodes, size_t count)
{
    const int64_t *numbers;
    th_event *events;
    size_t n;
    const th_executor *executor = executor_for(runner->engine, c);
    guest *g = executor ? take_place(runner) : NULL;
    if (!g)
        return false;
    g->executor = executor;
    g->arena = th_arena_new(0);
    bool good = read_item(g, c, &numbers, &events, &n);
    if (good && c->kind == TH_EPISODE_ORCHESTRATOR)
        good = load(g, c, row, episodes, count);
    if (!good) {
        leave_place(runner, g);
        return false;
    }
    if (g->inst)
        g->inst->executor = executor; /* whose session it is */
    pthread_mutex_lock(&runner->lock);
    g->act = act_of(c);
    pthread_mutex_unlock(&runner->lock);
    if (c->kind == TH_EPISODE_ORCHESTRATOR)
        run_orchestrator(runner, g, numbers, events, n);
    else
        run_entity(runner, g, c, row, numbers, events, n);
    return true;
}
