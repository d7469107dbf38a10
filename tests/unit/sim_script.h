/*
 * sim_script.h - orchestrations of a few letters, the executor that runs them, and what they must
 * come to.
 *
 * A program is a list of steps; the sum of what the steps bring is the result, so that it does not
 * depend on the order in which things happen:
 *   t task      f three tasks at once     d timer          c timer that is cancelled at once
 *   a task against a timer: whoever is second is waited for (the task) or cancelled (the timer)
 *   e event     s event to the next instance     m custom status     n continue as new     ! fail
 */
#ifndef TH_TESTS_UNIT_SIM_SCRIPT_H
#define TH_TESTS_UNIT_SIM_SCRIPT_H

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/executor.h"

enum { SCRIPT_OPEN = 8, SCRIPT_MAIL = 64, SCRIPT_ACTIONS = 32, SCRIPT_MS = 1000 };

/* What an activity of that input brings; a failed one too. */
static inline int64_t script_task_value(int64_t input)
{
    return input % 7 == 3 ? 1000 + input : 3 * input + 1;
}

/* Inputs of tasks and values of events are numbered by their place in the program. */
static inline int64_t script_plain(const char *program, int64_t sum, int64_t event_sum)
{
    for (const char *p = program; *p; p++) {
        int64_t place = (int64_t)strlen(p);
        if (*p == 't' || *p == 'a')
            sum += script_task_value(place);
        if (*p == 'f')
            sum += script_task_value(place) + script_task_value(place + 100) +
                   script_task_value(place + 200);
    }
    return sum + event_sum;
}

typedef enum script_wait { WAIT_NOTHING, WAIT_TASKS, WAIT_TIMER, WAIT_EVENT, WAIT_ANY } script_wait;

/* The state of one execution: a function of its events alone. */
typedef struct script {
    char program[64], next_id[24];
    const char *at;
    bool begun, ended, fails, renews;
    uint64_t token; /* of the item that it ran last */
    bool ahead;     /* whose answer did not count */
    int64_t sum, last_t_us;
    script_wait wait;
    struct {
        int32_t seq;
        int64_t due_us; /* of timers */
        bool timer, cancelled;
    } open[SCRIPT_OPEN];
    int opens, tasks_left;
    int32_t next_seq, cancelled[SCRIPT_MAIL];
    int cancelled_count;
    int64_t mail[SCRIPT_MAIL];
    char mail_id[SCRIPT_MAIL][24];
    int mail_count;
    th_action actions[SCRIPT_ACTIONS];
    char texts[SCRIPT_ACTIONS][48];
    size_t action_count;
    bool status_set;
    char status[24];
    int next_action_id;
} script;

/* ---- steps ---------------------------------------------------------------------------------- */

static inline th_action *script_act(script *s, th_action_kind kind, th_kind event)
{
    th_action *a = &s->actions[s->action_count];
    *a = (th_action){ .kind = kind, .event = th_event_of(event) };
    s->texts[s->action_count][0] = 0;
    s->action_count++;
    if (kind != TH_ACT_CANCEL_TIMER) {
        a->event.id = s->next_action_id++;
        s->next_seq++;
    }
    return a;
}

static inline char *script_text(script *s)
{
    return s->texts[s->action_count - 1];
}

static inline void script_open(script *s, bool timer, int64_t due_us)
{
    s->open[s->opens].seq = s->next_seq - 1;
    s->open[s->opens].timer = timer;
    s->open[s->opens++].due_us = due_us;
}

static inline void script_task(script *s, int64_t input)
{
    th_action *a = script_act(s, TH_ACT_TASK, TH_TaskScheduled);
    snprintf(script_text(s), sizeof s->texts[0], "%lld", (long long)input);
    a->event.name = "Compute";
    a->event.payload = script_text(s);
    script_open(s, false, 0);
    s->tasks_left++;
}

static inline void script_timer(script *s, int64_t delay_us)
{
    int64_t due_us = s->last_t_us + delay_us;
    th_action *a = script_act(s, TH_ACT_TIMER, TH_TimerCreated);
    char text[TH_ISO_SIZE];
    th_iso_format(text, due_us, 6);
    snprintf(script_text(s), sizeof s->texts[0], "%s", text);
    a->event.fire_at = script_text(s);
    a->due_us = due_us;
    script_open(s, true, due_us);
}

/* Of the one open timer. */
static inline void script_cancel(script *s)
{
    for (int i = 0; i < s->opens; i++) {
        if (!s->open[i].timer)
            continue;
        script_act(s, TH_ACT_CANCEL_TIMER, TH_KIND_NONE)->cancel_ref = s->open[i].seq;
        s->cancelled[s->cancelled_count++] = s->open[i].seq;
        s->open[i] = s->open[--s->opens];
        return;
    }
}

static inline void script_send(script *s, int64_t value)
{
    th_action *a = script_act(s, TH_ACT_EVENT, TH_EventSent);
    snprintf(script_text(s), sizeof s->texts[0], "%lld", (long long)value);
    a->event.instance_id = s->next_id;
    a->event.name = "e";
    a->event.payload = script_text(s);
}

static inline bool script_take_mail(script *s)
{
    if (!s->mail_count)
        return false;
    s->sum += s->mail[0];
    s->mail_count--;
    memmove(s->mail, s->mail + 1, (size_t)s->mail_count * sizeof s->mail[0]);
    memmove(s->mail_id, s->mail_id + 1, (size_t)s->mail_count * sizeof s->mail_id[0]);
    return true;
}

/* Begins the step at hand. */
static inline void script_step(script *s)
{
    int64_t place = (int64_t)strlen(s->at);
    switch (*s->at++) {
    case 't':
        script_task(s, place);
        s->wait = WAIT_TASKS;
        break;
    case 'f':
        for (int i = 0; i < 3; i++)
            script_task(s, place + 100 * i);
        s->wait = WAIT_TASKS;
        break;
    case 'a':
        script_task(s, place);
        script_timer(s, place * 3 * SCRIPT_MS);
        s->wait = WAIT_ANY;
        break;
    case 'd':
        script_timer(s, place * 5 * SCRIPT_MS);
        s->wait = WAIT_TIMER;
        break;
    case 'c':
        script_timer(s, place * SCRIPT_MS);
        script_cancel(s);
        break;
    case 'e':
        s->wait = script_take_mail(s) ? WAIT_NOTHING : WAIT_EVENT;
        break;
    case 's':
        script_send(s, 50000);
        break;
    case 'm':
        s->status_set = true;
        snprintf(s->status, sizeof s->status, "%lld", (long long)place);
        break;
    case 'n':
        s->renews = s->ended = true;
        break;
    default: /* '!' */
        s->fails = s->ended = true;
        break;
    }
}

static inline void script_run(script *s)
{
    while (s->begun && !s->ended && s->wait == WAIT_NOTHING) {
        if (*s->at)
            script_step(s);
        else
            s->ended = true;
    }
}

/* ---- events --------------------------------------------------------------------------------- */

/* "program sum" */
static inline void script_begin(script *s, const char *input)
{
    long long sum = 0;
    CHECK(!s->begun); /* a start is given once */
    if (!CHECK(input != NULL) ||
        !CHECK(sscanf(input, "%lld %23s %63s", &sum, s->next_id, s->program) >= 2))
        return;
    s->sum = sum;
    s->at = s->program;
    s->begun = true;
}

static inline bool script_was_cancelled(const script *s, int32_t ref)
{
    for (int i = 0; i < s->cancelled_count; i++)
        if (s->cancelled[i] == ref)
            return true;
    return false;
}

static inline void script_answer(script *s, const th_event *e)
{
    for (int i = 0; i < s->opens; i++) {
        if (s->open[i].seq != e->ref)
            continue;
        bool timer = s->open[i].timer;
        CHECK((e->kind == TH_TimerFired) == timer);
        if (timer)
            CHECK(s->last_t_us >= s->open[i].due_us); /* never before it fires */
        else
            s->tasks_left--;
        if (!timer)
            s->sum += e->kind == TH_TaskFailed
                          ? 1000 + atoll(strstr(e->failure, "\"message\":\"") + 11)
                          : atoll(e->payload);
        s->open[i] = s->open[--s->opens];
        if (timer || s->tasks_left == 0) {
            if (s->wait == WAIT_ANY && !timer)
                script_cancel(s);
            s->wait = s->tasks_left ? WAIT_TASKS : WAIT_NOTHING;
        }
        return;
    }
    CHECK(e->kind == TH_TimerFired &&
          script_was_cancelled(s, e->ref)); /* each ref is answered once */
}

static inline void script_mail(script *s, const th_event *e)
{
    if (!CHECK(s->mail_count < SCRIPT_MAIL))
        return;
    s->mail[s->mail_count] = atoll(e->payload);
    snprintf(s->mail_id[s->mail_count++], sizeof s->mail_id[0], "%s",
             e->message_id ? e->message_id : "");
    if (s->wait == WAIT_EVENT && script_take_mail(s))
        s->wait = WAIT_NOTHING;
}

static inline void script_deliver(script *s, const th_event *e)
{
    switch (e->kind) {
    case TH_OrchestratorStarted:
        CHECK(e->t_us > s->last_t_us);
        s->last_t_us = e->t_us;
        break;
    case TH_ExecutionStarted:
        script_begin(s, e->payload);
        break;
    case TH_EventRaised:
        script_mail(s, e);
        break;
    default:
        if (e->ref != TH_NONE)
            script_answer(s, e);
        break;
    }
    script_run(s);
}

/* An episode of history, or the new one: what it consumed is delivered, what it made is numbered
 * behind. */
static inline void script_episode(script *s, const th_event *events, size_t n)
{
    size_t consumed = 0;
    if (!n || events[0].kind != TH_OrchestratorStarted)
        return; /* the engine's own */
    while (consumed < n && th_kind_is_consumed((int)events[consumed].kind))
        consumed++;
    s->action_count = 0;
    s->status_set = false;
    s->next_seq = events[0].seq + (int32_t)consumed;
    for (size_t i = 0; i < consumed; i++)
        script_deliver(s, &events[i]);
}

static inline void script_replay(script *s, const th_past_episode *past)
{
    size_t made = 0, want = 0;
    script_episode(s, past->events, past->count);
    if (!past->count || past->events[0].kind != TH_OrchestratorStarted)
        return;
    for (size_t i = 0; i < past->count; i++)
        made += !th_kind_is_consumed((int)past->events[i].kind);
    for (size_t i = 0; i < s->action_count; i++)
        want += s->actions[i].kind != TH_ACT_CANCEL_TIMER;
    CHECK_INT(made, want); /* the history is what the script does */
}

/* ---- answers -------------------------------------------------------------------------------- */

typedef struct script_answer_texts {
    char result[96];
    th_event carry[SCRIPT_MAIL];
    char carry_payload[SCRIPT_MAIL][24];
} script_answer_texts;

static inline void script_renewal(const script *s, th_completion *c, script_answer_texts *texts)
{
    snprintf(texts->result, sizeof texts->result, "%lld %s %s", (long long)s->sum, s->next_id,
             s->at);
    c->status = TH_CONTINUED_AS_NEW;
    c->new_input = texts->result;
    for (int i = 0; i < s->mail_count; i++) {
        th_event *e = &texts->carry[i];
        *e = th_event_of(TH_EventRaised);
        snprintf(texts->carry_payload[i], sizeof texts->carry_payload[i], "%lld",
                 (long long)s->mail[i]);
        e->name = "e";
        e->payload = texts->carry_payload[i];
        e->message_id = s->mail_id[i][0] ? s->mail_id[i] : NULL;
    }
    c->carry = texts->carry;
    c->carry_count = (size_t)s->mail_count;
}

/* Points into the script and the texts. */
static inline th_answer script_answer_of(const script *s, th_token token,
                                         script_answer_texts *texts)
{
    th_answer a = { .token = token,
                    .actions = s->actions,
                    .action_count = s->action_count,
                    .completion.id = TH_NONE };
    if (s->status_set) {
        a.status_op = TH_STATUS_SET;
        a.custom_status = s->status;
    }
    if (!s->ended)
        return a;
    a.completion.done = true;
    a.completion.id = s->next_action_id;
    if (s->renews) {
        script_renewal(s, &a.completion, texts);
    } else if (s->fails) {
        a.completion.status = TH_FAILED;
        snprintf(texts->result, sizeof texts->result, "{\"type\":\"Sum\",\"message\":\"%lld\"}",
                 (long long)s->sum);
        a.completion.failure = texts->result;
    } else {
        a.completion.status = TH_COMPLETED;
        snprintf(texts->result, sizeof texts->result, "%lld", (long long)s->sum);
        a.completion.result = texts->result;
    }
    return a;
}

#endif
