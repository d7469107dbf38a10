/*
 * scenarios.c - one orchestrator for each scenario of cases.py and the files beside it, under its
 * name.
 */
#include <string.h>
#include <taskhub.h>
#include <time.h>

/* ---- activities ------------------------------------------------------------------------------ */

static void pause_for(double seconds)
{
    struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

    nanosleep(&pause, NULL);
}

static const char *add_one(th_activity *a)
{
    return th_text(a, "%lld", (long long)th_get_int(th_input(a), NULL, 0) + 1);
}

static const char *echo(th_activity *a)
{
    return th_input(a);
}

static const char *nap(th_activity *a)
{
    pause_for(th_get_number(th_input(a), NULL, 0));
    return th_input(a);
}

/* Naps until nobody waits for it, for that long at most. */
static const char *nap_lightly(th_activity *a)
{
    double seconds = th_get_number(th_input(a), NULL, 0);

    for (double slept = 0; slept < seconds && !th_is_cancelled(a); slept += 0.01)
        pause_for(0.01);
    return th_input(a);
}

static const char *refuse(th_activity *a)
{
    return th_fail_with(a, "Refused", "no %s", th_input(a));
}

/* Succeeds at the try that the input names. */
static const char *flaky(th_activity *a)
{
    if (th_attempt(a) < th_get_int(th_input(a), NULL, 1))
        return th_fail_with(a, "Flaky", "try %d", th_attempt(a));
    return th_text(a, "%d", th_attempt(a));
}

static const char *hopeless(th_activity *a)
{
    return th_fail_for_good(a, "Hopeless", "try %d", th_attempt(a));
}

/* ---- activities in sequence, in parallel, failing -------------------------------------------- */

static const char *sequence(th_orch *o)
{
    const char *n = th_input(o);

    for (int i = 0; i < 3; i++)
        n = th_call_activity(o, "AddOne", n);
    return n;
}

static const char *long_sequence(th_orch *o)
{
    int64_t length = th_get_int(th_input(o), NULL, 100);
    const char *n = "0";

    for (int64_t i = 0; i < length; i++)
        n = th_call_activity(o, "AddOne", n);
    th_set_custom_status(o, "\"half way\"");
    th_wait_event(o, "Go");
    for (int64_t i = 0; i < length; i++)
        n = th_call_activity(o, "AddOne", n);
    return n;
}

static th_task *fan_out_of(th_orch *o, const char *activity, size_t n)
{
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_activity(o, activity, th_text(o, "%zu", i), NULL);
    return th_when_all(o, tasks, n);
}

static const char *fan_out(th_orch *o)
{
    return th_await(o, fan_out_of(o, "Echo", (size_t)th_get_int(th_input(o), NULL, 0)));
}

/* One of them fails: the others are waited for, and the failure is that of the first that failed.
 */
static const char *fan_out_with_a_failure(th_orch *o)
{
    th_task *tasks[] = { th_schedule_activity(o, "Nap", "0.05", NULL),
                         th_schedule_activity(o, "Refuse", "\"it\"", NULL),
                         th_schedule_activity(o, "Nap", "0.1", NULL) };
    th_task *all = th_when_all(o, tasks, 3);
    bool good = th_try(o, all);

    return th_text(o, "[%s,%s,%s]", good ? "true" : "false", th_task_failure(all),
                   th_task_done(tasks[2]) ? "true" : "false");
}

static const char *unhandled(th_orch *o)
{
    th_call_activity(o, "Refuse", "\"way\"");
    return "\"not reached\"";
}

static const char *handled(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "Refuse", "\"way\"", NULL);

    return th_try(o, task) ? "\"not reached\"" : th_task_failure(task);
}

static const char *passes_payload(th_orch *o)
{
    return th_call_activity(o, "Echo", th_input(o));
}

static const char *gives_nothing(th_orch *o)
{
    (void)o;
    return NULL;
}

/* ---- retries --------------------------------------------------------------------------------- */

static const char *retry(th_orch *o)
{
    th_retry policy = { .first_interval = 100 * TH_MILLISECOND, .max_attempts = 5, .backoff = 2 };

    return th_await(o, th_schedule_activity(o, "Flaky", th_input(o), &policy));
}

static const char *retry_capped(th_orch *o)
{
    th_retry policy = { .first_interval = 50 * TH_MILLISECOND,
                        .max_attempts = 5,
                        .backoff = 10,
                        .max_interval = 100 * TH_MILLISECOND };

    return th_await(o, th_schedule_activity(o, "Flaky", "5", &policy));
}

static const char *retry_in_vain(th_orch *o)
{
    th_retry policy = { .first_interval = 10 * TH_MILLISECOND, .max_attempts = 3 };

    return th_await(o, th_schedule_activity(o, "Flaky", "9", &policy));
}

static const char *retry_hopeless(th_orch *o)
{
    th_retry policy = { .first_interval = 10 * TH_MILLISECOND, .max_attempts = 9 };

    return th_await(o, th_schedule_activity(o, "Hopeless", NULL, &policy));
}

static const char *retry_out_of_time(th_orch *o)
{
    th_retry policy = { .first_interval = 200 * TH_MILLISECOND,
                        .max_attempts = 100,
                        .timeout = 500 * TH_MILLISECOND };

    return th_await(o, th_schedule_activity(o, "Flaky", "99", &policy));
}

/* Gives up at the try whose number the data name, or at the first failure of another type. */
static bool until_try(const th_failed_try *failed, void *data)
{
    return failed->attempt < *(const int *)data && strcmp(failed->type, "Flaky") == 0 &&
           strstr(failed->message, "try") && failed->elapsed >= 0;
}

static const char *retry_handled(th_orch *o)
{
    int *last = th_memory(o, sizeof *last);
    th_retry policy = {
        .first_interval = 10 * TH_MILLISECOND, .max_attempts = 9, .handler = until_try, .data = last
    };

    *last = (int)th_get_int(th_input(o), "last", 1);
    return th_await(o,
                    th_schedule_activity(o, "Flaky", th_get_json(o, th_input(o), "good"), &policy));
}

/* ---- timers ---------------------------------------------------------------------------------- */

static int64_t microseconds(th_orch *o)
{
    return (int64_t)(th_get_number(th_input(o), NULL, 1) * (double)TH_SECOND);
}

static const char *sleeps(th_orch *o)
{
    th_sleep(o, microseconds(o));
    return "\"slept\"";
}

/* The event, or a timer that takes as long as the input says. */
static const char *event_or_timer(th_orch *o)
{
    th_task *event = th_schedule_event_wait(o, "Go");
    th_task *timer = th_schedule_timer(o, microseconds(o));
    th_task *race[] = { event, timer };

    if (th_when_any(o, race, 2) == 1) {
        th_cancel(o, event);
        return "\"timer\"";
    }
    th_cancel(o, timer);
    return th_task_result(event);
}

static const char *activity_or_timer(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "NapLightly", "5", NULL);
    th_task *race[] = { task, th_schedule_timer(o, 200 * TH_MILLISECOND) };

    return th_when_any(o, race, 2) == 1 ? "\"timer\"" : "\"activity\"";
}

static const char *three_timers(th_orch *o)
{
    th_task *timers[] = { th_schedule_timer(o, 150 * TH_MILLISECOND),
                          th_schedule_timer(o, 50 * TH_MILLISECOND),
                          th_schedule_timer(o, 100 * TH_MILLISECOND) };
    const char *order = "";
    size_t n = 3, at[] = { 0, 1, 2 };

    while (n > 0) {
        size_t i = th_when_any(o, timers, n);

        order = th_text(o, "%s%s%zu", order, *order ? "," : "", at[i]);
        n--;
        timers[i] = timers[n];
        at[i] = at[n];
    }
    return th_text(o, "[%s]", order);
}

/* ---- events ---------------------------------------------------------------------------------- */

static const char *waits(th_orch *o)
{
    return th_wait_event(o, "Go");
}

static const char *naps_then_waits(th_orch *o)
{
    const char *got[3];

    th_call_activity(o, "Nap", th_text(o, "%g", th_get_number(th_input(o), NULL, 0.3)));
    for (int i = 0; i < 3; i++)
        got[i] = th_wait_event(o, "Go");
    return th_list(o, got, 3);
}

static const char *waits_for_two(th_orch *o)
{
    const char *got[2];

    got[0] = th_wait_event(o, "First");
    got[1] = th_wait_event(o, "Second");
    return th_list(o, got, 2);
}

/* An event that comes after its wait has timed out is kept for the next wait. */
static const char *waits_in_vain_then_again(th_orch *o)
{
    const char *late = NULL;
    bool came = th_wait_event_for(o, "Go", 100 * TH_MILLISECOND, NULL);

    th_set_custom_status(o, came ? "\"came\"" : "\"timed out\"");
    late = th_wait_event(o, "Go");
    return th_text(o, "[%s,%s]", came ? "true" : "false", late);
}

static const char *cancels_a_wait(th_orch *o)
{
    th_task *given_up = th_schedule_event_wait(o, "Go");

    th_cancel(o, given_up);

    const char *got = th_wait_event(o, "Go");

    return th_text(o, "[%s,%s]", got, th_task_failed(given_up) ? "true" : "false");
}

static const char *naps(th_orch *o)
{
    return th_call_activity(o, "Nap", "0.3");
}

/* ---- ends ------------------------------------------------------------------------------------ */

static const char *fifty_naps(th_orch *o)
{
    th_task *naps_of[50];

    th_schedule_timer(o, TH_HOUR);
    th_schedule_event_wait(o, "Never");
    for (int i = 0; i < 50; i++)
        naps_of[i] = th_schedule_activity(o, "NapLightly", "1", NULL);
    return th_await(o, th_when_all(o, naps_of, 50));
}

static const char *leaves_tasks_open(th_orch *o)
{
    th_schedule_timer(o, TH_HOUR);
    th_schedule_event_wait(o, "Never");
    th_schedule_activity(o, "Nap", "0.2", NULL);
    return "\"done\"";
}

static const char *statuses(th_orch *o)
{
    const char *steps[] = { "{\"step\":1}", "\"\xc3\xbc\"", NULL, "[]" };

    for (int i = 0; i < 4; i++) {
        th_set_custom_status(o, steps[i]);
        th_wait_event(o, "Next");
    }
    return "\"done\"";
}

/* ---- continue as new ------------------------------------------------------------------------- */

/* {"left":n,"sum":s,"times":[...]}: each tenth generation takes an event; each thousandth notes the
 * time. */
static const char *generations(th_orch *o)
{
    int64_t left = th_get_int(th_input(o), "left", 0), sum = th_get_int(th_input(o), "sum", 0);
    int64_t step = th_get_int(th_input(o), "step", 1000); /* between two looks at the clock */
    const char *times = th_get_json(o, th_input(o), "times");

    if (left % step == 0) {
        size_t n = 0;

        while (times && th_get_element(o, times, n))
            n++;

        const char **items = th_memory(o, (n + 1) * sizeof *items);

        for (size_t i = 0; i < n; i++)
            items[i] = th_get_element(o, times, i);
        items[n] = th_text(o, "%lld", (long long)th_current_time(o));
        times = th_list(o, items, n + 1);
    }
    if (left == 0)
        return th_text(o, "{\"sum\":%lld,\"times\":%s}", (long long)sum, times);
    if (left % 10 == 0)
        sum += th_get_int(th_wait_event(o, "Add"), NULL, 0);
    return th_continue_as_new(
        o, th_text(o, "{\"left\":%lld,\"sum\":%lld,\"step\":%lld,\"times\":%s}",
                   (long long)left - 1, (long long)sum, (long long)step, times ? times : "[]"));
}

/* A generation an event, with everything that a generation can leave behind: the list of what came.
 */
static const char *collects_for_ever(th_orch *o)
{
    const char *list = th_get_string(o, th_input(o), NULL, "");
    const char *number = th_wait_event(o, "Number");

    if (th_get_int(number, NULL, 0) < 0)
        return th_text(o, "[%s]", list);
    th_schedule_timer(o, TH_HOUR);
    th_schedule_event_wait(o, "Never");
    th_schedule_activity(o, "Nap", "0.01", NULL);
    return th_continue_as_new(o, th_quote(o, th_text(o, "%s%s%s", list, *list ? "," : "", number)));
}

/* ---- what is the same in every replay ---------------------------------------------------------
 */

static const char *deterministic(th_orch *o)
{
    const char *before = th_text(o, "%lld", (long long)th_current_time(o));
    const char *guids = th_text(o, "\"%s\",\"%s\"", th_new_guid(o), th_new_guid(o));
    const char *after;

    th_call_activity(o, "Nap", "0.01");
    after = th_text(o, "%lld,\"%s\"", (long long)th_current_time(o), th_new_guid(o));
    th_set_custom_status(o, th_text(o, "[%s,%s,%s]", before, guids, after));
    th_log_info(o, "this line is logged once, replaying: %s", th_is_replaying(o) ? "yes" : "no");
    th_wait_event(o, "Go");
    return th_text(o, "[%s,%s,%s]", before, guids, after);
}

TH_APP(app)
{
    th_add_activity(app, "AddOne", add_one);
    th_add_activity(app, "Echo", echo);
    th_add_activity(app, "Nap", nap);
    th_add_activity(app, "NapLightly", nap_lightly);
    th_add_activity(app, "Refuse", refuse);
    th_add_activity(app, "Flaky", flaky);
    th_add_activity(app, "Hopeless", hopeless);
    th_add_orchestrator(app, "Sequence", sequence);
    th_add_orchestrator(app, "LongSequence", long_sequence);
    th_add_orchestrator(app, "FanOut", fan_out);
    th_add_orchestrator(app, "FanOutWithAFailure", fan_out_with_a_failure);
    th_add_orchestrator(app, "Unhandled", unhandled);
    th_add_orchestrator(app, "Handled", handled);
    th_add_orchestrator(app, "PassesPayload", passes_payload);
    th_add_orchestrator(app, "GivesNothing", gives_nothing);
    th_add_orchestrator(app, "Retry", retry);
    th_add_orchestrator(app, "RetryHandled", retry_handled);
    th_add_orchestrator(app, "RetryCapped", retry_capped);
    th_add_orchestrator(app, "RetryInVain", retry_in_vain);
    th_add_orchestrator(app, "RetryHopeless", retry_hopeless);
    th_add_orchestrator(app, "RetryOutOfTime", retry_out_of_time);
    th_add_orchestrator(app, "Sleeps", sleeps);
    th_add_orchestrator(app, "EventOrTimer", event_or_timer);
    th_add_orchestrator(app, "ActivityOrTimer", activity_or_timer);
    th_add_orchestrator(app, "ThreeTimers", three_timers);
    th_add_orchestrator(app, "Waits", waits);
    th_add_orchestrator(app, "NapsThenWaits", naps_then_waits);
    th_add_orchestrator(app, "WaitsForTwo", waits_for_two);
    th_add_orchestrator(app, "WaitsInVainThenAgain", waits_in_vain_then_again);
    th_add_orchestrator(app, "CancelsAWait", cancels_a_wait);
    th_add_orchestrator(app, "Naps", naps);
    th_add_orchestrator(app, "FiftyNaps", fifty_naps);
    th_add_orchestrator(app, "LeavesTasksOpen", leaves_tasks_open);
    th_add_orchestrator(app, "Statuses", statuses);
    th_add_orchestrator(app, "Generations", generations);
    th_add_orchestrator(app, "CollectsForEver", collects_for_ever);
    th_add_orchestrator(app, "Deterministic", deterministic);
}
