/*
 * sim_script.h - orchestrations of a few letters, the executor that runs them, and what they must
 * come to.
 *
 * A program is a list of steps; the sum of what the steps bring is the result, so that it does not
 * depend on the order in which things happen:
 *   t task      f three tasks at once     d timer          c timer that is cancelled at once
 *   a task against a timer: whoever is second is waited for (the task) or cancelled (the timer)
 *   e event     s event to the next instance     m custom status     n continue as new     ! fail
 *   k child     x task that may break: then the orchestration fails, and is rewound
 *   g signal    q call of an entity     l lock of both entities     u their unlocking
 */
#ifndef TH_TESTS_UNIT_SIM_SCRIPT_H
#define TH_TESTS_UNIT_SIM_SCRIPT_H

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/executor.h"

enum { SCRIPT_OPEN = 8, SCRIPT_MAIL = 64, SCRIPT_ACTIONS = 32, SCRIPT_MS = 1000 };
enum { SCRIPT_FRAGILE = 5000 }; /* inputs of tasks that may break: from here on */

#define SCRIPT_BROKEN "{\"type\":\"Broken\",\"message\":\"\"}"

/* What an activity of that input brings; a failed one too. */
static inline int64_t script_task_value(int64_t input)
{
    return input % 7 == 3 && input < SCRIPT_FRAGILE ? 1000 + input : 3 * input + 1;
}

/* A rewind runs every task again that failed, even one whose failure did no harm: before what may
 * break there is none. */
static inline int64_t script_input(const char *at, int64_t input)
{
    return input % 7 == 3 && strpbrk(at, "xk") ? input + 1 : input;
}

/* What a child runs: of the children in them none has itself for a child. */
static inline const char *script_child(int64_t place)
{
    static const char *const programs[] = { "t", "qf", "dx", "kt", "tnqt", "am", "gc", "lqut" };
    return programs[place % 8];
}

/* Does it have a step that may break, its own or a child's? */
static inline bool script_can_break(const char *program)
{
    for (const char *p = program; *p; p++)
        if (*p == 'x' || (*p == 'k' && script_can_break(script_child((int64_t)strlen(p)))))
            return true;
    return false;
}

/* Inputs of tasks and values of events are numbered by their place in the program. */
static inline int64_t script_plain(const char *program, int64_t sum, int64_t event_sum)
{
    for (const char *p = program; *p; p++) {
        int64_t place = (int64_t)strlen(p);
        if (*p == 't' || *p == 'a')
            sum += script_task_value(script_input(p, place));
        for (int64_t i = 0; *p == 'f' && i < 3; i++)
            sum += script_task_value(script_input(p, place + 100 * i));
        if (*p == 'x')
            sum += script_task_value(place + SCRIPT_FRAGILE);
        if (*p == 'q')
            sum += 2 * place;
        if (*p == 'k')
            sum += script_plain(script_child(place), 0, 0);
    }
    return sum + event_sum;
}

typedef enum script_wait { WAIT_NOTHING, WAIT_TASKS, WAIT_TIMER, WAIT_EVENT, WAIT_ANY } script_wait;

/* The state of one execution: a function of its events alone. */
typedef struct script {
    char program[64], self[48], next_id[24]; /* self: tells its children from any others */
    const char *at;
    bool begun, ended, fails, renews;
    bool broken;        /* a task or a child was */
    bool lost, revived; /* a rewind cut its open task; it may be scheduled again */
    int64_t lost_input;
    char section[24];
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
    char texts[SCRIPT_ACTIONS][128], ids[SCRIPT_ACTIONS][64];
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
    s->texts[s->action_count][0] = s->ids[s->action_count][0] = 0;
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

static inline void script_start_child(script *s, int64_t place)
{
    th_action *a = script_act(s, TH_ACT_CHILD, TH_SubOrchestrationInstanceCreated);
    snprintf(s->ids[s->action_count - 1], sizeof s->ids[0], "%s.%d", s->self, (int)place);
    snprintf(script_text(s), sizeof s->texts[0], "0 %s.%d - %s", s->self, (int)place,
             script_child(place));
    a->event.instance_id = s->ids[s->action_count - 1];
    a->event.name = "Script";
    a->event.payload = script_text(s);
    script_open(s, false, 0);
    s->tasks_left++;
}

/* ---- entities -------------------------------------------------------------------------------- */

static inline void script_operation(script *s, th_kind kind, int64_t place)
{
    th_action *a = script_act(s, TH_ACT_ENTITY, kind);
    char *id = s->ids[s->action_count - 1];
    snprintf(id, sizeof s->ids[0], "r%d", s->next_seq - 1);
    snprintf(script_text(s), sizeof s->texts[0], "%d", (int)place);
    a->event.target = place % 2 ? "@acc@a" : "@acc@b";
    a->event.operation = "add";
    a->event.request_id = id;
    a->event.payload = script_text(s);
    if (kind == TH_EntityOperationSignaled)
        return;
    script_open(s, false, 0);
    s->tasks_left++;
}

static inline void script_lock(script *s)
{
    th_action *a = script_act(s, TH_ACT_ENTITY, TH_EntityLockRequested);
    snprintf(s->section, sizeof s->section, "s%d", s->next_seq - 1);
    snprintf(s->ids[s->action_count - 1], sizeof s->ids[0], "%s", s->section);
    a->event.critical_section_id = s->ids[s->action_count - 1];
    a->event.lock_set = "[\"@acc@a\",\"@acc@b\"]";
    a->event.position = 0;
    script_open(s, false, 0);
    s->tasks_left++;
}

static inline void script_unlock(script *s, const char *target)
{
    th_action *a = script_act(s, TH_ACT_ENTITY, TH_EntityUnlockSent);
    snprintf(s->ids[s->action_count - 1], sizeof s->ids[0], "%s", s->section);
    a->event.critical_section_id = s->ids[s->action_count - 1];
    a->event.target = target;
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
        script_task(s, script_input(s->at, place));
        s->wait = WAIT_TASKS;
        break;
    case 'f':
        for (int i = 0; i < 3; i++)
            script_task(s, script_input(s->at, place + 100 * i));
        s->wait = WAIT_TASKS;
        break;
    case 'a':
        script_task(s, script_input(s->at, place));
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
    case 'k':
        script_start_child(s, place);
        s->wait = WAIT_TASKS;
        break;
    case 'x':
        script_task(s, place + SCRIPT_FRAGILE);
        s->wait = WAIT_TASKS;
        break;
    case 'g':
        script_operation(s, TH_EntityOperationSignaled, place);
        break;
    case 'q':
        script_operation(s, TH_EntityOperationCalled, place);
        s->wait = WAIT_TASKS;
        break;
    case 'l':
        script_lock(s);
        s->wait = WAIT_TASKS;
        break;
    case 'u':
        script_unlock(s, "@acc@b");
        script_unlock(s, "@acc@a");
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

/* "sum self next program" */
static inline void script_begin(script *s, const char *input)
{
    long long sum = 0;
    CHECK(!s->begun); /* a start is given once */
    if (!CHECK(input != NULL) ||
        !CHECK(sscanf(input, "%lld %47s %23s %63s", &sum, s->self, s->next_id, s->program) >= 3))
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

/* What it brings; a failure brings something, too. */
static inline int64_t script_value(script *s, const th_event *e)
{
    if (e->kind == TH_EntityLockGranted)
        return 0;
    if (e->kind == TH_SubOrchestrationInstanceFailed ||
        (e->kind == TH_TaskFailed && strstr(e->failure, "Broken"))) {
        s->broken = s->fails = s->ended = true;
        return 0;
    }
    return e->kind == TH_TaskFailed ? 1000 + atoll(strstr(e->failure, "\"message\":\"") + 11)
                                    : atoll(e->payload);
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
            s->sum += script_value(s, e);
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
    for (size_t i = 0; i < n; i++)
        s->revived |= events[i].kind == TH_ExecutionRewound;
    if (!n || events[0].kind != TH_OrchestratorStarted)
        return; /* the engine's own */
    while (consumed < n && th_kind_is_consumed((int)events[consumed].kind))
        consumed++;
    s->action_count = 0;
    s->status_set = false;
    s->next_seq = events[0].seq + (int32_t)consumed;
    if (s->lost && s->revived) {
        s->lost = s->revived = false;
        script_task(s, s->lost_input);
    }
    for (size_t i = 0; i < consumed; i++)
        script_deliver(s, &events[i]);
}

static inline bool script_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool script_is_same(const th_event *a, const th_event *b)
{
    return a->kind == b->kind && script_same_text(a->payload, b->payload) &&
           script_same_text(a->fire_at, b->fire_at) && script_same_text(a->target, b->target);
}

static inline void script_renumber(script *s, int32_t from, int32_t to)
{
    for (int i = 0; i < s->opens; i++)
        if (s->open[i].seq == from)
            s->open[i].seq = to;
    for (int i = 0; i < s->cancelled_count; i++)
        if (s->cancelled[i] == from)
            s->cancelled[i] = to;
}

/* Not in history: a rewind has cut it. A timer was cancelled, or will be; a task is the one that
 * broke, for which all waited, and is scheduled again after the rewind. */
static inline void script_was_cut(script *s, const th_event *e, int32_t seq)
{
    if (e->kind == TH_TimerCreated) {
        script_renumber(s, seq, -2);
        return;
    }
    if (!CHECK(e->kind == TH_TaskScheduled && atoll(e->payload) >= SCRIPT_FRAGILE))
        return;
    s->lost = true;
    s->lost_input = atoll(e->payload);
    s->opens = s->tasks_left = 0;
}

/* The history is what the script does, but for what rewinds have cut. */
static inline void script_replay(script *s, const th_past_episode *past)
{
    size_t at = 0;
    int32_t seq;
    script_episode(s, past->events, past->count);
    if (!past->count || past->events[0].kind != TH_OrchestratorStarted)
        return;
    while (at < past->count && th_kind_is_consumed((int)past->events[at].kind))
        at++;
    seq = past->events[0].seq + (int32_t)at;
    for (size_t i = 0; i < s->action_count; i++) {
        const th_event *made = &s->actions[i].event;
        if (s->actions[i].kind == TH_ACT_CANCEL_TIMER)
            continue;
        if (at < past->count && script_is_same(made, &past->events[at]))
            script_renumber(s, seq, past->events[at++].seq);
        else
            script_was_cut(s, made, seq);
        seq++;
    }
    CHECK(at == past->count || past->events[at].kind == TH_ExecutionCompleted);
    s->next_seq = past->events[past->count - 1].seq + 1;
}

/* ---- answers -------------------------------------------------------------------------------- */

typedef struct script_answer_texts {
    char result[160];
    th_event carry[SCRIPT_MAIL];
    char carry_payload[SCRIPT_MAIL][24];
} script_answer_texts;

static inline void script_renewal(const script *s, th_completion *c, script_answer_texts *texts)
{
    snprintf(texts->result, sizeof texts->result, "%lld %s %s %s", (long long)s->sum, s->self,
             s->next_id, s->at);
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
        snprintf(texts->result, sizeof texts->result,
                 s->broken ? SCRIPT_BROKEN : "{\"type\":\"Sum\",\"message\":\"%lld\"}",
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
