/* scripts.c - orchestrations as code, and the same as scripts. */
#include "scripts.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 5, EVENTS = 3 };

/* ---- activities ------------------------------------------------------------------------------ */

static const char *echo(th_activity *a)
{
    return th_input(a);
}

static const char *fail(th_activity *a)
{
    return th_fail_with(a, "Luck", "out of luck");
}

static const char *late_echo(th_arena *arena, const char *input, const char **failure)
{
    (void)arena;
    (void)failure;
    return input;
}

static const char *late_failing(th_arena *arena, const char *input, const char **failure)
{
    (void)arena;
    (void)input;
    *failure = OUT_OF_LUCK;
    return NULL;
}

/* ---- InARow: three activities one after the other -------------------------------------------- */

static const char *in_a_row(th_orch *o)
{
    const char *results[3];

    for (int i = 0; i < 3; i++)
        results[i] = th_call_activity(o, "Echo", th_text(o, "%d", i + 1));
    return th_list(o, results, 3);
}

static void late_in_a_row(late_orch *o, const th_event *e)
{
    if (e->kind == TH_TaskCompleted)
        o->texts[o->step++] = e->payload;
    else if (e->kind != TH_ExecutionStarted)
        return;
    if (o->step < 3)
        late_task(o, "Echo", th_sprintf(o->arena, "%d", o->step + 1));
    else
        late_complete(o, th_sprintf(o->arena, "[%s,%s,%s]", o->texts[0], o->texts[1], o->texts[2]));
}

/* ---- AtOnce: five activities, summed up ------------------------------------------------------ */

static const char *at_once(th_orch *o)
{
    th_task *tasks[WIDTH];
    int64_t sum = 0;

    for (int i = 0; i < WIDTH; i++)
        tasks[i] = th_schedule_activity(o, "Echo", th_text(o, "%d", i + 1), NULL);
    th_await(o, th_when_all(o, tasks, WIDTH));
    for (int i = 0; i < WIDTH; i++)
        sum += th_get_int(th_task_result(tasks[i]), NULL, 0);
    return th_text(o, "%lld", (long long)sum);
}

static void late_at_once(late_orch *o, const th_event *e)
{
    for (int i = 0; i < WIDTH && e->kind == TH_ExecutionStarted; i++)
        late_task(o, "Echo", th_sprintf(o->arena, "%d", i + 1));
    if (e->kind != TH_TaskCompleted)
        return;
    o->sum += atoll(e->payload);
    if (++o->step == WIDTH)
        late_complete(o, th_sprintf(o->arena, "%lld", (long long)o->sum));
}

/* ---- Pause: a timer of 30 ms, after a status ------------------------------------------------- */

static const char *take_pause(th_orch *o)
{
    th_set_custom_status(o, "\"resting\"");
    th_sleep(o, 30 * TH_MILLISECOND);
    return "\"rested\"";
}

static void late_pause(late_orch *o, const th_event *e)
{
    if (e->kind == TH_ExecutionStarted) {
        late_status(o, "\"resting\"");
        late_timer(o, 30 * TH_MILLISECOND);
    } else if (e->kind == TH_TimerFired) {
        late_complete(o, "\"rested\"");
    }
}

/* ---- Race: an event against a timer of an hour, which is cancelled --------------------------- */

static const char *race(th_orch *o)
{
    const char *payload = "\"too late\"";

    th_wait_event_for(o, "go", TH_HOUR, &payload);
    return payload;
}

static void late_race(late_orch *o, const th_event *e)
{
    if (e->kind == TH_ExecutionStarted) {
        o->seqs[0] = late_timer(o, TH_HOUR);
        o->awaits = "go";
    } else if (e->kind == TH_EventRaised && strcmp(e->name, "go") == 0) {
        late_cancel(o, o->seqs[0]);
        late_complete(o, e->payload);
    }
}

/* ---- TwoEvents: first a, then b, however they come ------------------------------------------- */

static const char *two_events(th_orch *o)
{
    const char *both[2];

    both[0] = th_wait_event(o, "a");
    both[1] = th_wait_event(o, "b");
    return th_list(o, both, 2);
}

static void late_two_events(late_orch *o, const th_event *e)
{
    if (e->kind == TH_EventRaised)
        o->texts[strcmp(e->name, "b") == 0] = e->payload;
    o->awaits = o->texts[0] ? "b" : "a";
    if (o->texts[0] && o->texts[1])
        late_complete(o, th_sprintf(o->arena, "[%s,%s]", o->texts[0], o->texts[1]));
}

/* ---- CountDown: continues as new, one less each time ----------------------------------------- */

static const char *count_down(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 0);

    if (n == 0)
        return "\"lift-off\"";
    th_call_activity(o, "Echo", "null");
    return th_continue_as_new(o, th_text(o, "%lld", (long long)n - 1));
}

static void late_count_down(late_orch *o, const th_event *e)
{
    if (e->kind == TH_TaskCompleted)
        late_continue(o, th_sprintf(o->arena, "%lld", atoll(o->input) - 1));
    else if (e->kind == TH_ExecutionStarted && atoll(o->input) == 0)
        late_complete(o, "\"lift-off\"");
    else if (e->kind == TH_ExecutionStarted)
        late_task(o, "Echo", "null");
}

/* ---- Collect: one event a run; its input is the sum so far, and 100 for each event ------------
 */

static const char *collect(th_orch *o)
{
    int64_t sum = th_get_int(th_input(o), NULL, 0) + 100;

    sum += th_get_int(th_wait_event(o, "item"), NULL, 0);
    if (sum / 100 < EVENTS)
        return th_continue_as_new(o, th_text(o, "%lld", (long long)sum));
    return th_text(o, "%lld", (long long)sum);
}

static void late_collect(late_orch *o, const th_event *e)
{
    o->awaits = "item";
    if (e->kind != TH_EventRaised)
        return;
    long long sum = atoll(o->input) + 100 + atoll(e->payload);
    if (sum / 100 < EVENTS)
        late_continue(o, th_sprintf(o->arena, "%lld", sum));
    else
        late_complete(o, th_sprintf(o->arena, "%lld", sum));
}

/* ---- Unlucky: an activity fails, and nobody minds ---------------------------------------------
 */

static const char *unlucky(th_orch *o)
{
    return th_call_activity(o, "Fail", NULL);
}

static void late_unlucky(late_orch *o, const th_event *e)
{
    if (e->kind == TH_ExecutionStarted)
        late_task(o, "Fail", NULL);
    else if (e->kind == TH_TaskFailed)
        late_fail(o, e->failure);
}

/* ---- PlanB: an activity fails, and another one does it ----------------------------------------
 */

static const char *plan_b(th_orch *o)
{
    th_task *first = th_schedule_activity(o, "Fail", NULL, NULL);

    if (th_try(o, first))
        return "\"lucky\"";
    return th_call_activity(o, "Echo", "\"plan b\"");
}

static void late_plan_b(late_orch *o, const th_event *e)
{
    if (e->kind == TH_ExecutionStarted)
        late_task(o, "Fail", NULL);
    else if (e->kind == TH_TaskFailed)
        late_task(o, "Echo", "\"plan b\"");
    else if (e->kind == TH_TaskCompleted)
        late_complete(o, e->payload);
}

/* ---- Wait: an event ----------------------------------------------------------------------------
 */

static const char *await_go(th_orch *o)
{
    return th_wait_event(o, "go");
}

static void late_await_go(late_orch *o, const th_event *e)
{
    o->awaits = "go";
    if (e->kind == TH_EventRaised)
        late_complete(o, e->payload);
}

/* ---- names -------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    th_orch_fn *code;
    late_script *script;
} orchestrators[] = {
    { "InARow", in_a_row, late_in_a_row },
    { "AtOnce", at_once, late_at_once },
    { "Pause", take_pause, late_pause },
    { "Race", race, late_race },
    { "TwoEvents", two_events, late_two_events },
    { "CountDown", count_down, late_count_down },
    { "Collect", collect, late_collect },
    { "Unlucky", unlucky, late_unlucky },
    { "PlanB", plan_b, late_plan_b },
    { "Wait", await_go, late_await_go },
};

enum { ORCHESTRATORS = sizeof orchestrators / sizeof orchestrators[0] };

void scripts_app(struct th_app *app)
{
    for (int i = 0; i < ORCHESTRATORS; i++)
        th_add_orchestrator(app, orchestrators[i].name, orchestrators[i].code);
    th_add_activity(app, "Echo", echo);
    th_add_activity(app, "Fail", fail);
}

void scripts_add(late *executor)
{
    for (int i = 0; i < ORCHESTRATORS; i++)
        late_add(executor, orchestrators[i].name, orchestrators[i].script);
    late_add_activity(executor, "Echo", late_echo);
    late_add_activity(executor, "Fail", late_failing);
}
