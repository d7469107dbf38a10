/*
 * timer.c - timer triggers.
 *
 * The hub's schedules do the waiting: each due time starts one instance of an orchestration called
 * TimerTrigger::<function>, whose one activity of the same name is the function. So a timer fires
 * once for all processes of a hub, and a run that is lost with its process is made up for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "functions/functions_int.h"

#define SCHEDULE_PREFIX "timer."
#define PAST_DUE_AFTER ((int64_t)5 * 1000000)
#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* ---- schedules --------------------------------------------------------------------------------
 */

/* Every so often, as cron can say it; NULL: it can't. */
static const char *cron_of_span(th_arena *arena, int64_t us)
{
    if (us < SECOND || us % SECOND)
        return NULL;
    if (us < MINUTE)
        return MINUTE % us ? NULL : th_sprintf(arena, "*/%d * * * * *", (int)(us / SECOND));
    if (us < HOUR)
        return HOUR % us || us % MINUTE ? NULL
                                        : th_sprintf(arena, "0 */%d * * * *", (int)(us / MINUTE));
    if (24 * HOUR % us || us % HOUR)
        return NULL;
    return us == 24 * HOUR ? "0 0 0 * * *" : th_sprintf(arena, "0 0 */%d * * *", (int)(us / HOUR));
}

static th_rc expression_of(th_functions *functions, const th__function *f, const char **out,
                           th_error *err)
{
    const char *text = th__settings_expand(&functions->app.settings, functions->arena, f->schedule);
    int64_t us;

    *out = text;
    if (!th_duration_parse(text, &us))
        return TH_OK; /* cron: the hub judges it */
    *out = cron_of_span(functions->arena, us);
    if (*out)
        return TH_OK;
    return th_fail(err, TH_CONFIG,
                   "function '%.200s': its timer's span %.40s can't be kept by the clock: it must "
                   "divide a minute, an hour or a day",
                   f->name, text);
}

static th_rc open_timer(th_functions *functions, const th__function *f, th_error *err)
{
    th_functions_timer *t = &functions->schedules[functions->timer_count];
    const char *zone = th__settings_get(&functions->app.settings, "WEBSITE_TIME_ZONE");

    t->schedule = th_sprintf(functions->arena, SCHEDULE_PREFIX "%s", f->name);
    t->orchestrator = th_sprintf(functions->arena, TH__TIMER_PREFIX "%s", f->name);
    t->time_zone = zone;
    t->makes_up = !f->no_monitor;
    t->on_startup = f->on_startup;
    functions->timers[functions->timer_count++] = t->orchestrator;
    return expression_of(functions, f, &t->expression, err);
}

th_rc th__timers_open(th_functions *functions, th_error *err)
{
    size_t n = functions->table->count;
    const th__function *f;

    functions->timers = th_new(functions->arena, const char *, n + 1);
    functions->schedules = th_new(functions->arena, th_functions_timer, n + 1);
    for (size_t i = 0; (f = th__table_nth(functions->table, TH__TIMER, i)); i++) {
        th_rc rc = open_timer(functions, f, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

const th_functions_timer *th_functions_timer_at(const th_functions *functions, size_t n)
{
    return n < functions->timer_count ? &functions->schedules[n] : NULL;
}

/* ---- runs -------------------------------------------------------------------------------------
 */

const th__function *th__timer_named(const th_functions *functions, const char *name)
{
    size_t n = sizeof TH__TIMER_PREFIX - 1;

    if (!functions->timer_count || !name || strncasecmp(name, TH__TIMER_PREFIX, n) != 0)
        return NULL;
    return th__table_find(functions->table, TH__TIMER, name + n);
}

/* input: what is known of the schedule (taskhub.start_scheduled). */
static void call_function(th_answer *answer, th_action *action, const th_orch_item *item,
                          const char *input)
{
    *action = (th_action){ .kind = TH_ACT_TASK, .event = th_event_of(TH_TaskScheduled) };
    action->event.id = 0;
    action->event.name = item->name;
    action->event.payload = input;
    answer->actions = action;
    answer->action_count = 1;
}

/* The whole orchestration: a call, and its outcome. */
void th__timer_orch(th_functions *functions, const th_orch_item *item)
{
    th_answer answer = { .token = item->token, .kind = TH_ANSWER_DONE };
    th_action action;

    answer.completion.id = TH_NONE;
    for (size_t i = 0; i < item->fresh_count; i++) {
        const th_event *e = &item->fresh[i];
        if (e->kind == TH_ExecutionStarted)
            call_function(&answer, &action, item, e->payload);
        if (e->kind != TH_TaskCompleted && e->kind != TH_TaskFailed)
            continue;
        answer.completion.done = true;
        answer.completion.status = e->kind == TH_TaskFailed ? TH_FAILED : TH_COMPLETED;
        answer.completion.failure = e->failure;
    }
    th_engine_orch_answered(functions->engine, &answer);
}

/* The due time stands in the instance's id; one that was started otherwise is never late. */
static bool is_past_due(const th__function *f, const char *instance_id)
{
    size_t n = sizeof SCHEDULE_PREFIX - 1 + strlen(f->name);
    int64_t due_us;

    return strlen(instance_id) > n && instance_id[n] == ':' &&
           th_iso_parse(instance_id + n + 1, &due_us) && th_now_us() - due_us > PAST_DUE_AFTER;
}

void th__timer_input(th__call *call, const th__function *f, const char *instance_id,
                     const char *status)
{
    th_buf out = TH_BUF_INIT;

    if (!status || *status != '{' || !th_json_valid(status, strlen(status), NULL))
        status = "null"; /* it was started by hand, or as the app started */
    th_buf_printf(&out,
                  "{\"IsPastDue\":%s,\"Schedule\":{\"AdjustForDST\":true},\"ScheduleStatus\":%s}",
                  is_past_due(f, instance_id) ? "true" : "false", status);
    th__call_json(call, f->parameter, out.data);
    th_buf_free(&out);
}
