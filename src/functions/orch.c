/*
 * orch.c - an orchestration's episodes: the SDK is asked in a worker, once or several times, and
 * what it lists becomes the answer to the engine.
 *
 * An episode is asked in steps. At a failure that a retry policy takes up, and at the end of a
 * pause of such a policy, the SDK takes a number at that very moment, so nothing goes before it in
 * a step at which the code may go on and take numbers too. An external event is shown once somebody
 * waits for it. All steps of an episode are one answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "functions/orch_int.h"
#include "functions/suspects.h"

/* A question under way. */
typedef struct asked {
    th__call call; /* first */
    th__orch *o;
    th__run *run; /* to compare with; it may be gone */
} asked;

/* ---- a life -----------------------------------------------------------------------------------
 */

static void run_free(th__run *run)
{
    if (!run)
        return;
    th_buf_free(&run->shown);
    free(run->actions);
    th_arena_free(run->arena);
    free(run);
}

static void unref(th__orch *o)
{
    if (atomic_fetch_sub(&o->refs, 1) != 1)
        return;
    run_free(o->run);
    th_buf_free(&o->history);
    th_buf_free(&o->tail);
    free(o->leaves);
    free(o->retries);
    free(o->waits);
    free(o->held);
    free(o->moved);
    free(o->retry_after);
    free(o->names);
    pthread_mutex_destroy(&o->lock);
    th_arena_free(o->arena);
    free(o);
}

static const char *input_in(const th_event *events, size_t n, bool *found)
{
    for (size_t i = 0; i < n && !*found; i++)
        if (events[i].kind == TH_ExecutionStarted) {
            *found = true;
            return events[i].payload;
        }
    return NULL;
}

static const char *input_of(const th_orch_item *item)
{
    bool found = false;
    const char *input = NULL;

    for (size_t i = 0; i < item->past_count && !found; i++)
        input = input_in(item->past[i].events, item->past[i].count, &found);
    return found ? input : input_in(item->fresh, item->fresh_count, &found);
}

static th__orch *orch_new(th_functions *functions, const th__function *f, const th_orch_item *item)
{
    th__orch *o = th_malloc(sizeof *o);

    atomic_store(&o->refs, 1);
    pthread_mutex_init(&o->lock, NULL);
    o->arena = th_arena_new(1024);
    o->trace = th_strdup(o->arena, item->trace);
    o->functions = functions;
    o->f = f;
    o->last_shown = o->most_shown = TH_NONE;
    o->key = th__suspect_key(item->instance_id, item->execution_id, -1);
    th__context_tail(&o->tail, item, input_of(item), functions->app.language);
    return o;
}

void th__orch_drop(void *self, void *session)
{
    th__orch *o = session;

    (void)self;
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->dropped = true;
    pthread_mutex_unlock(&o->lock);
    unref(o);
}

/* ---- what is shown ----------------------------------------------------------------------------
 */

static bool is_failure(const th_event *e)
{
    return e->kind == TH_TaskFailed || e->kind == TH_SubOrchestrationInstanceFailed;
}

/*
 * The SDK takes a number when it sees this, and its code does not go on: a failure that a policy
 * takes up (the last one too), or the end of a pause before another attempt.
 */
static bool takes_number(th__orch *o, const th_event *e)
{
    const th__retry *r = e->ref == TH_NONE ? NULL : th__retry_of(o, e->ref);

    return r && (is_failure(e) || (r->pausing && r->failed < r->options.attempts));
}

static void show(th__orch *o, th_buf *fresh, const th_event *e, const char *spelled)
{
    th__run *run = o->run;
    th__retry *retry = e->ref == TH_NONE ? NULL : th__retry_of(o, e->ref);
    th__shown shown = { .t_us = run->now_us, .name = spelled };

    shown.renumbered = o->rewound && e->ref != TH_NONE;
    if (shown.renumbered)
        shown.number = th__number_of_seq(o, e->ref);
    if (e->ref != TH_NONE && e->failure)
        shown.name = th__name_of_seq(o, e->ref);
    th__context_event(fresh, e, &shown);
    shown.played = true;
    th__context_event(&run->shown, e, &shown);
    if (retry)
        th__orch_retry(o, retry, e);
    th__orch_showed(o, e, spelled);
}

static bool show_raised(th__orch *o, th_buf *fresh, const th_event *e)
{
    th__wait *wait = th__wait_for(o, e->name ? e->name : "");

    if (!wait)
        return false;
    wait->delivered++;
    show(o, fresh, e, wait->name);
    return true;
}

/* Of the events held, those that somebody waits for by now. False: none. */
static bool show_held(th__orch *o, th_buf *fresh)
{
    size_t kept = 0, n = o->held_count;

    for (size_t i = 0; i < n; i++)
        if (!show_raised(o, fresh, &o->held[i]))
            o->held[kept++] = o->held[i];
    o->held_count = kept;
    return kept < n;
}

/* Chooses what the SDK is shown next. False: nothing new. */
static bool show_next(th__orch *o, th_buf *fresh)
{
    th__run *run = o->run;
    bool shown, goes_on; /* goes_on: the code may, at something that was shown */

    if (!run->began) {
        run->began = true;
        show(o, fresh, &run->fresh[run->at++], NULL); /* OrchestratorStarted */
    }
    if (o->unsettled) {
        o->unsettled = false;
        return true;
    }
    shown = goes_on = show_held(o, fresh);
    while (run->at < run->count) {
        const th_event *e = &run->fresh[run->at];
        bool silent = takes_number(o, e);
        if (silent && goes_on)
            break;
        run->at++;
        if (e->kind == TH_EventRaised && !show_raised(o, fresh, e)) {
            th__hold(o, e);
            continue;
        }
        if (e->kind != TH_EventRaised)
            show(o, fresh, e, NULL);
        shown = true;
        goes_on |= !silent;
    }
    return shown;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void answered(th__call *call, const th__outcome *outcome);

static void write_question(th__orch *o, th__call *call, const th_buf *fresh)
{
    th_buf text = TH_BUF_INIT;

    th_buf_reserve(&text, o->history.len + fresh->len + o->tail.len + 32);
    th_buf_str(&text, "{\"history\":[");
    th_buf_add(&text, o->history.data, o->history.len);
    if (o->history.len && fresh->len)
        th_buf_chr(&text, ',');
    th_buf_add(&text, fresh->data, fresh->len);
    th_buf_add(&text, o->tail.data, o->tail.len);
    th__call_begin(call, o->f);
    th__call_text(call, o->f->parameter, text.data, text.len);
    th__put_clients(o->functions, call, o->f);
    th__call_end(call, NULL, o->trace);
    th_buf_free(&text);
}

/* The next question, to be submitted once the lock is open; NULL: nothing is left to be asked. */
static asked *next_question(th__orch *o)
{
    th_buf fresh = TH_BUF_INIT;
    asked *a = NULL;

    if (show_next(o, &fresh) || !o->run->called) {
        a = th_malloc(sizeof *a);
        a->call.done = answered;
        a->call.key = o->key;
        a->o = o;
        a->run = o->run;
        o->run->called = true;
        atomic_fetch_add(&o->refs, 1);
        write_question(o, &a->call, &fresh);
    }
    th_buf_free(&fresh);
    return a;
}

static void keep_shown(th__orch *o)
{
    th__run *run = o->run;

    if (o->history.len && run->shown.len)
        th_buf_chr(&o->history, ',');
    th_buf_add(&o->history, run->shown.data, run->shown.len);
    th_buf_clear(&run->shown);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static const char label[] = "$OutOfProcData$:";

/* The SDK's list, in the answer or in the message of the exception. NULL: in neither. */
static const char *list_of(const th__outcome *outcome, size_t *n)
{
    const char *at;

    if (outcome->end == TH__RETURNED)
        return th__typed_text(outcome->value, n);
    at = strstr(outcome->message, label);
    if (!at)
        return NULL;
    at += sizeof label - 1;
    *n = strlen(at);
    return at;
}

static void take_status(th__orch *o, const th__steps *steps)
{
    th__run *run = o->run;

    run->status = steps->status;
    if (steps->status)
        run->status_op = TH_STATUS_SET;
    else if (o->has_status)
        run->status_op = TH_STATUS_CLEAR;
    o->has_status = steps->status != NULL;
}

static th__verdict take_steps(th__orch *o, const char *text, size_t n, const th__outcome *outcome)
{
    th__steps steps;
    th_error err = { 0 };
    th_rc rc = th__steps_read(o->run->arena, text, n, &steps, &err);

    if (rc != TH_OK)
        return th__verdict_failed(o, err.text, NULL);
    if (outcome->end == TH__THREW && !steps.error)
        steps.error = "the SDK gave no reason";
    rc = th__orch_act(o, &steps, &err);
    if (rc != TH_OK)
        return th__verdict_unreplayable(o, err.text);
    take_status(o, &steps);
    if (outcome->end == TH__THREW)
        return th__verdict_failed(o, steps.error, outcome->stack);
    if (steps.done)
        return th__verdict_ended(o, &steps);
    return (th__verdict){ 0 };
}

static th__verdict take_outcome(th__orch *o, const th__outcome *outcome)
{
    size_t n = 0;

    if (outcome->end == TH__LOST)
        return th__verdict_of(o, TH_ANSWER_LOST);
    keep_shown(o);
    const char *text = list_of(outcome, &n);
    if (text)
        return take_steps(o, text, n, outcome);
    return th__verdict_failed(
        o,
        outcome->end == TH__THREW
            ? outcome->message
            : "the function is not an orchestrator of the SDK: it gave no list "
              "of actions",
        outcome->stack);
}

/* Takes what the SDK said; then either the verdict is due, or the next question. */
static asked *go_on(th__orch *o, const th__outcome *outcome, th__verdict *v)
{
    *v = take_outcome(o, outcome);
    if (v->is_due)
        return NULL;
    asked *next = next_question(o);
    if (!next) {
        keep_shown(o);
        *v = th__verdict_done(o);
    }
    return next;
}

static void answered(th__call *call, const th__outcome *outcome)
{
    asked *a = (asked *)call, *next = NULL;
    th__orch *o = a->o;
    th__verdict v = { 0 };

    pthread_mutex_lock(&o->lock);
    if (!o->dropped && o->run == a->run)
        next = go_on(o, outcome, &v);
    pthread_mutex_unlock(&o->lock);
    if (next)
        th__crew_submit(o->functions->crew, &next->call);
    if (v.is_due)
        th_engine_orch_answered(o->functions->engine, &v.answer);
    run_free(v.run);
    th__call_clear(call);
    free(a);
    unref(o);
}

/* ---- items ------------------------------------------------------------------------------------
 */

static th__run *run_new(const th_orch_item *item)
{
    th__run *run = th_malloc(sizeof *run);

    run->arena = th_arena_new(0);
    run->token = item->token;
    run->fresh = th_new(run->arena, th_event, item->fresh_count + 1);
    for (size_t i = 0; i < item->fresh_count; i++)
        run->fresh[i] = th_event_copy(run->arena, &item->fresh[i]);
    run->count = item->fresh_count;
    run->now_us = item->fresh[0].t_us;
    run->next_seq = item->next_seq;
    return run;
}

static void answer(th_functions *functions, th_token token, th_answer_kind kind, int64_t delay_us)
{
    th_answer answer = { .token = token, .kind = kind, .delay_us = delay_us };

    answer.completion.id = TH_NONE;
    th_engine_orch_answered(functions->engine, &answer);
}

/* A new one, with all that history tells. NULL: answered already. */
static th__orch *open_cold(th_functions *functions, const th_orch_item *item)
{
    const th__function *f = th__table_find(functions->table, TH__ORCHESTRATION, item->name);
    th_log_ctx ctx = { .instance = item->instance_id };
    th_error err = { 0 };

    if (!f) {
        answer(functions, item->token, TH_ANSWER_ABANDONED, 1000000);
        return NULL;
    }
    th__orch *o = orch_new(functions, f, item);
    if (th__orch_rebuild(o, item, &err) == TH_OK)
        return o;
    th_log(TH_LOG_ERROR, TH_EV_INSTANCE_FAILED, &ctx, "its history cannot be replayed: %s",
           err.text);
    o->run = run_new(item);
    th__verdict v = th__verdict_unreplayable(o, err.text);
    th_engine_orch_answered(functions->engine, &v.answer);
    run_free(v.run);
    unref(o);
    return NULL;
}

/* Whether memory stands where the item begins. */
static bool fits(th__orch *o, const th_orch_item *item)
{
    pthread_mutex_lock(&o->lock);
    bool fits = !o->broken && !o->run && o->expected_seq == item->fresh[0].seq;
    pthread_mutex_unlock(&o->lock);
    return fits;
}

static void begin(th__orch *o, const th_orch_item *item)
{
    th_functions *functions = o->functions; /* the answer may end o */
    th__verdict v = { 0 };

    pthread_mutex_lock(&o->lock);
    o->run = run_new(item);
    o->run->called = o->expected_seq != 0; /* what was made from history is asked in any case */
    asked *first = next_question(o);
    if (!first) {
        keep_shown(o);
        v = th__verdict_done(o);
    }
    pthread_mutex_unlock(&o->lock);
    if (first)
        th__crew_submit(functions->crew, &first->call);
    else
        th_engine_orch_answered(functions->engine, &v.answer);
    run_free(v.run);
}

void th__orch_run(void *self, const th_orch_item *item)
{
    th_functions *functions = self;
    th__orch *o = *item->session;

    if (o && !fits(o, item)) {
        *item->session = NULL;
        th__orch_drop(functions, o);
        answer(functions, item->token, TH_ANSWER_NEEDS_HISTORY, 0);
        return;
    }
    if (th__timer_named(functions, item->name)) {
        th__timer_orch(functions, item);
        return;
    }
    if (!o) {
        o = open_cold(functions, item);
        if (!o)
            return;
        *item->session = o;
    }
    begin(o, item);
}
