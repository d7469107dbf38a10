/*
 * session.c - an orchestrator's episodes: events in, the code runs as far as it gets, steps out.
 *
 * Events go in one after the other, and the code runs after each, so that what th_when_any sees
 * first is the same in every replay.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "runtime/replay.h"
#include "runtime/runtime_int.h"

#define ARENA_START ((size_t)2048)
#define ACTIONS_KEPT ((size_t)256) /* a larger table is given back after its episode */
#define NO_STACK_DELAY (TH_SECOND / 2)

/* ---- a life ---------------------------------------------------------------------------------- */

/* The code may give its result on its own stack, so it is copied before that goes. */
static void take_result(th_orch *o, const char *result)
{
    if (o->scope.failure || o->continues || !result)
        return;

    const char *problem = th__json_problem(o->scope.arena, result);
    if (problem)
        th__session_misuse(o, "the orchestrator's result is not JSON: %s", problem);
    o->result = th_strdup(o->scope.arena, result);
}

static void run_code(void *arg)
{
    th_orch *o = arg;

    take_result(o, o->fn(o));
    o->ended = true;
}

static th_orch *session_new(th_orch_fn *fn, const th_orch_item *item)
{
    th_arena *arena = th_arena_new(ARENA_START);
    th_orch *o = th_new(arena, th_orch, 1);

    o->coro = th_coro_new(run_code, o);
    if (!o->coro) {
        th_arena_free(arena);
        return NULL;
    }
    o->scope = (th__scope){ .kind = TH__ORCH, .arena = arena };
    o->scope.instance_id = th_strdup(arena, item->instance_id);
    o->scope.version = th_strdup(arena, item->version);
    o->scope.tags = th_strdup(arena, item->tags);
    o->scope.trace = th_strdup(arena, item->trace);
    o->fn = fn;
    o->replay.cut_end = &o->replay.cut;
    return o;
}

void th__session_free(th_orch *o)
{
    if (!o)
        return;
    th_coro_free(o->coro);
    th__open_free(&o->open);
    free(o->actions);
    th_arena_free(o->scope.arena);
}

/* ---- ending ---------------------------------------------------------------------------------- */

_Noreturn void th__session_end(th_orch *o)
{
    o->ended = true;
    th_coro_yield(o->coro);
    abort(); /* what has ended is never resumed */
}

/* Ends the session from wherever we are. */
static void end_here(th_orch *o)
{
    o->ended = true;
    if (o->coro && th_coro_current() == o->coro)
        th__session_end(o);
}

void th__session_misuse(th_orch *o, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const char *message = th__vtext(o->scope.arena, fmt, args);
    va_end(args);
    o->scope.failure = th__failure(o->scope.arena, "ApiMisuse", message, false);
    o->continues = false;
    end_here(o);
}

/* ---- steps out ------------------------------------------------------------------------------- */

static th_action *append(th_orch *o)
{
    if (o->action_count == o->action_cap) {
        o->action_cap = o->action_cap ? o->action_cap * 2 : 8;
        o->actions = th_realloc(o->actions, o->action_cap * sizeof *o->actions);
    }
    return &o->actions[o->action_count++];
}

static void clear_actions(th_orch *o)
{
    o->action_count = 0;
    if (o->action_cap <= ACTIONS_KEPT)
        return;
    free(o->actions);
    o->actions = NULL;
    o->action_cap = 0;
}

/* The step is event seq; whatever answers that answers the task. */
static void stand(th_orch *o, int32_t seq, th_task *task)
{
    if (!task)
        return; /* nobody waits for it */
    task->seq = seq;
    if (task->kind == TH__TASK_ACTIVITY && task->u.retry && task->u.retry->first_seq == TH_NONE)
        task->u.retry->first_seq = seq;
    th__open_put(&o->open, seq, task);
}

static void take_step(th_orch *o, const th_action *action, th_task *task, bool extra,
                      int32_t ordinal)
{
    th_action *a = append(o);

    *a = *action;
    a->event.seq = o->next_seq++;
    a->event.id = o->next_id++;
    if (!extra && ordinal != a->event.id)
        a->event.x = th_sprintf(o->scope.arena, "%d", ordinal);
    stand(o, a->event.seq, task);
}

static void keep_cut(th_orch *o, const th_action *action, th_task *task, bool extra,
                     int32_t ordinal)
{
    th__cut *cut = th_new(o->scope.arena, th__cut, 1);

    *cut = (th__cut){ NULL, *action, task, extra, ordinal };
    *o->replay.cut_end = cut;
    o->replay.cut_end = &cut->next;
}

static void stand_in_history(th_orch *o, const th_event *event, th_task *task)
{
    if (event->id >= o->next_id)
        o->next_id = event->id + 1;
    stand(o, event->seq, task);
}

static bool place(th_orch *o, const th_action *action, th_task *task, bool extra, int32_t ordinal)
{
    const th_event *event = NULL;

    if (!o->replay.episode) {
        take_step(o, action, task, extra, ordinal);
        return true;
    }
    switch (th__replay_match(o, action, extra, ordinal, &event)) {
    case TH__SAME:
        stand_in_history(o, event, task);
        return true;
    case TH__CUT:
        keep_cut(o, action, task, extra, ordinal);
        return true;
    case TH__DIFFERS:
        break;
    }
    end_here(o);
    return false;
}

bool th__session_act(th_orch *o, const th_action *action, th_task *task, bool extra)
{
    if (o->ended)
        return false;
    if (o->action_count >= TH__MOST_ACTIONS) {
        o->action_count = 0; /* it is a loop without end: nobody wants these */
        th__session_misuse(o, "more than %d steps without waiting", TH__MOST_ACTIONS);
        return false;
    }
    return place(o, action, task, extra, extra ? TH_NONE : o->next_ordinal++);
}

void th__session_act_cut(th_orch *o)
{
    th__cut *cut = o->replay.cut;

    o->replay.cut = NULL;
    o->replay.cut_end = &o->replay.cut;
    for (; cut && !o->ended; cut = cut->next)
        place(o, &cut->action, cut->task, cut->extra, cut->ordinal);
}

bool th__session_timer(th_orch *o, th_task *task, int64_t due_us, int32_t retry_of, bool extra)
{
    th_action action = { .kind = TH_ACT_TIMER, .event = th_event_of(TH_TimerCreated) };
    char fire_at[TH_ISO_SIZE];

    th_iso_format(fire_at, due_us, 6);
    action.event.fire_at = th_strdup(o->scope.arena, fire_at);
    action.event.retry_of = retry_of;
    action.due_us = due_us;
    return th__session_act(o, &action, task, extra);
}

static void drop_cut(th_orch *o, const th_task *task)
{
    for (th__cut **p = &o->replay.cut; *p; p = &(*p)->next) {
        if ((*p)->task != task)
            continue;
        if (o->replay.cut_end == &(*p)->next)
            o->replay.cut_end = p;
        *p = (*p)->next;
        return;
    }
}

/* Takes back the step that the task stands for. */
static void take_back(th_orch *o, th_task *task, th_action_kind kind)
{
    if (task->seq == TH_NONE) {
        drop_cut(o, task);
        return;
    }
    th__open_take(&o->open, task->seq);
    if (o->replay.episode) /* done long ago */
        return;

    th_action *a = append(o);
    *a = (th_action){ .kind = kind, .cancel_ref = task->seq };
    a->event = th_event_of(TH_KIND_NONE);
}

void th__session_untimer(th_orch *o, th_task *task)
{
    take_back(o, task, TH_ACT_CANCEL_TIMER);
}

void th__session_untask(th_orch *o, th_task *task)
{
    take_back(o, task, task->pausing ? TH_ACT_CANCEL_TIMER : TH_ACT_CANCEL_TASK);
}

/* ---- events in ------------------------------------------------------------------------------- */

static bool is_failure(const th_event *e)
{
    return e->kind == TH_TaskFailed || e->kind == TH_SubOrchestrationInstanceFailed ||
           e->kind == TH_EntityOperationFailed;
}

static void answer_task(th_orch *o, const th_event *e)
{
    th_task *task = th__open_take(&o->open, e->ref);

    if (!task)
        return; /* a cancelled timer's */
    if (e->kind == TH_TimerFired && task->kind == TH__TASK_ACTIVITY)
        th__retry_again(task);
    else if (!is_failure(e))
        th__task_complete(task, th_strdup(o->scope.arena, e->payload), NULL);
    else if (!th__retry_pause(task, e->failure))
        th__task_complete(task, NULL, th_strdup(o->scope.arena, e->failure ? e->failure : "{}"));
}

static void begin(th_orch *o, const th_event *e)
{
    if (o->begun)
        return;
    o->begun = true;
    o->scope.input = th_strdup(o->scope.arena, e->payload);
    o->wake = true;
}

static void deliver(th_orch *o, const th_event *e)
{
    switch (e->kind) {
    case TH_OrchestratorStarted:
        if (e->t_us > o->now_us)
            o->now_us = e->t_us;
        break;
    case TH_ExecutionStarted:
        begin(o, e);
        break;
    case TH_TaskCompleted:
    case TH_TaskFailed:
    case TH_SubOrchestrationInstanceCompleted:
    case TH_SubOrchestrationInstanceFailed:
    case TH_TimerFired:
    case TH_EntityOperationCompleted:
    case TH_EntityOperationFailed:
    case TH_EntityLockGranted:
        answer_task(o, e);
        break;
    case TH_EventRaised:
        th__mail_raise(o, e);
        break;
    default: /* what the engine did alone, and what steps made */
        break;
    }
}

static void run(th_orch *o)
{
    o->wake = false;
    th_coro_resume(o->coro);
}

void th__session_deliver(th_orch *o, const th_event *events, size_t n)
{
    for (size_t i = 0; i < n && !o->replay.difference; i++) {
        deliver(o, &events[i]);
        if (o->wake && o->begun && !o->ended)
            run(o);
        if (o->ended) { /* its stack can serve another one already */
            th_coro_free(o->coro);
            o->coro = NULL;
        }
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static th_completion completion_of(th_orch *o)
{
    th_completion c = { .done = true, .id = o->next_id };

    if (o->scope.failure) {
        c.status = TH_FAILED;
        c.failure = o->scope.failure;
    } else if (o->continues) {
        c.status = TH_CONTINUED_AS_NEW;
        c.new_input = o->new_input;
        c.carry = th__mail_left(o, &c.carry_count);
    } else {
        c.status = TH_COMPLETED;
        c.result = o->result;
    }
    return c;
}

static void answer_done(th_engine *engine, th_orch *o, th_token token)
{
    th_answer answer = { .token = token, .kind = TH_ANSWER_DONE };

    answer.actions = o->actions;
    answer.action_count = o->action_count;
    answer.status_op = o->status_op;
    answer.custom_status = o->custom_status;
    if (o->ended) {
        answer.completion = completion_of(o);
    } else {
        answer.completion.id = TH_NONE;
        answer.memo = th__mail_waits(o);
    }
    th_engine_orch_answered(engine, &answer);
}

static void answer_not_replayable(th_engine *engine, th_orch *o, th_token token)
{
    th_answer answer = { .token = token, .kind = TH_ANSWER_NOT_REPLAYABLE };

    answer.completion.id = TH_NONE;
    answer.failure = th__failure(o->scope.arena, "NonDeterministicOrchestrationException",
                                 o->replay.difference, false);
    th_engine_orch_answered(engine, &answer);
}

static void answer_later(th_engine *engine, th_token token)
{
    th_answer answer = { .token = token, .kind = TH_ANSWER_ABANDONED, .delay_us = NO_STACK_DELAY };

    answer.completion.id = TH_NONE;
    th_engine_orch_answered(engine, &answer);
}

static void run_fresh(th_orch *o, const th_orch_item *item)
{
    clear_actions(o);
    o->status_op = TH_STATUS_LEAVE;
    o->custom_status = NULL;
    o->next_seq = item->next_seq;
    th__session_act_cut(o);
    th__session_deliver(o, item->fresh, item->fresh_count);
}

void th__session_run(th_engine *engine, th_orch_fn *fn, const char *default_version,
                     const th_orch_item *item)
{
    th_orch *o = *item->session;

    if (!o) {
        o = fn ? session_new(fn, item) : NULL;
        if (!o) {
            answer_later(engine, item->token);
            return;
        }
        o->default_version = default_version;
        *item->session = o; /* from here on the engine's to drop; the answer's texts live as long */
        th__replay_past(o, item);
    }
    if (!o->replay.difference)
        run_fresh(o, item);
    if (o->replay.difference)
        answer_not_replayable(engine, o, item->token);
    else
        answer_done(engine, o, item->token);
}
