/*
 * model.c - orchestrators for the tests of early events, tags, priorities, versions, cancellation
 * and timeouts.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <taskhub.h>
#include <unistd.h>

/* The payloads of the next five events "go", in the order in which they came. */
static const char *takes_five(th_orch *o)
{
    const char *taken[5];

    for (int i = 0; i < 5; i++)
        taken[i] = th_wait_event(o, "go");
    return th_list(o, taken, 5);
}

/* What it has been given: {"tags", "version", "input"}. */
static const char *tells(th_orch *o)
{
    return th_text(o, "{\"tags\": %s, \"version\": %s, \"input\": %s}", th_tags(o),
                   th_quote(o, th_version(o)), th_input(o));
}

static const char *tell(th_activity *a)
{
    return th_text(a, "{\"tags\": %s, \"version\": %s}", th_tags(a), th_quote(a, th_version(a)));
}

/* A child and an activity, without options and with: what each of the four is told. */
static const char *tagging_parent(th_orch *o)
{
    th_child child = { .tags = "{\"kind\": \"child\"}" };
    th_call call = { .tags = "{\"kind\": \"call\"}", .version = "7" };
    th_task *all[] = { th_schedule_orchestrator(o, "tells", "1", NULL),
                       th_schedule_orchestrator(o, "tells", "2", &child),
                       th_schedule_activity_with(o, "tell", NULL, NULL),
                       th_schedule_activity_with(o, "tell", NULL, &call) };

    return th_await(o, th_when_all(o, all, 4));
}

static const char *bad_tags(th_orch *o)
{
    th_call call = { .tags = "{\"kind\": 1}" };

    return th_await(o, th_schedule_activity_with(o, "tell", NULL, &call));
}

/* Fails with its tags until the third try. */
static const char *third_time(th_activity *a)
{
    if (th_attempt(a) < 3)
        return th_fail_with(a, "NotYet", "%s", th_tags(a));
    return th_tags(a);
}

static const char *retries_with_tags(th_orch *o)
{
    th_call call = { .retry = { .first_interval = 1000, .max_attempts = 3 },
                     .tags = "{\"kind\": \"retried\"}" };

    return th_await(o, th_schedule_activity_with(o, "third_time", NULL, &call));
}

/* In which order they ran, counted in this process. Takes as many milliseconds as its input says.
 */
static const char *turn(th_activity *a)
{
    static atomic_int turns;
    int n = atomic_fetch_add(&turns, 1);

    usleep((useconds_t)th_get_int(th_input(a), NULL, 0) * 1000);
    return th_text(a, "%d", n);
}

/* {"ms": each, "priorities": [...]}: a turn for each, all scheduled at once. */
static const char *turns(th_orch *o)
{
    const char *ms = th_get_json(o, th_input(o), "ms"), *priority;
    const char *list = th_get_json(o, th_input(o), "priorities");
    th_task *all[100];
    size_t n = 0;

    for (; n < 100 && (priority = th_get_element(o, list, n)) != NULL; n++) {
        th_call call = { .priority = (int)th_get_int(priority, NULL, 0) };
        all[n] = th_schedule_activity_with(o, "turn", ms, &call);
    }
    return th_await(o, th_when_all(o, all, n));
}

static const char *one_turn(th_orch *o)
{
    return th_call_activity(o, "turn", th_input(o));
}

/* The same two generations on, or a child down. */
static const char *turn_later(th_orch *o)
{
    int64_t left = th_get_int(th_input(o), NULL, 0);

    if (left > 0)
        return th_continue_as_new(o, th_text(o, "%lld", (long long)left - 1));
    return th_call_orchestrator(o, "one_turn", "1");
}

/* Children with priorities of their own. */
static const char *ranked_children(th_orch *o)
{
    th_child low = { .priority = -1 }, high = { .priority = 9 };
    th_task *all[] = { th_schedule_orchestrator(o, "one_turn", "1", &low),
                       th_schedule_orchestrator(o, "one_turn", "1", NULL),
                       th_schedule_orchestrator(o, "one_turn", "1", &high) };

    return th_await(o, th_when_all(o, all, 3));
}

/* Which code runs, and which version it was started with. */
static const char *say_version(th_orch *o, const char *code)
{
    th_wait_event(o, "go");
    return th_text(o, "{\"code\": \"%s\", \"version\": %s}", code, th_quote(o, th_version(o)));
}

static const char *versioned_1(th_orch *o)
{
    return say_version(o, "1.0");
}

static const char *versioned_2(th_orch *o)
{
    return say_version(o, "2.0");
}

static const char *versioned_any(th_orch *o)
{
    return say_version(o, "any");
}

/* Children with the default version and with one of their own. */
static const char *versioned_parent(th_orch *o)
{
    th_child old = { .version = "1.0" };
    th_task *all[] = { th_schedule_orchestrator(o, "tells", NULL, NULL),
                       th_schedule_orchestrator(o, "tells", NULL, &old) };

    return th_await(o, th_when_all(o, all, 2));
}

/* Runs until it is cancelled, at most for twenty seconds; then leaves a file behind as its input
 * says. */
static const char *until_cancelled(th_activity *a)
{
    int left = 2000;

    while (!th_is_cancelled(a) && --left > 0)
        usleep(10000);
    FILE *f = fopen(th_get_string(a, th_input(a), "file", "/dev/null"), "w");
    if (f) {
        fputs(left > 0 ? "cancelled" : "ran out", f);
        fclose(f);
    }
    return "\"too late\"";
}

/* Starts it, and gives it up at the event "stop"; what the task says then, after another wait. */
static const char *gives_up(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "until_cancelled", th_input(o), NULL);

    th_wait_event(o, "stop");
    th_cancel(o, task);
    th_wait_event(o, "go");
    return th_text(o, "[%s, %s]", th_task_failure(task), th_call_activity(o, "turn", "0"));
}

/* One slot: the second never runs. Cancelled in the very episode, in the queue, and in a pause. */
static const char *gives_up_early(th_orch *o)
{
    th_retry retry = { .first_interval = TH_HOUR, .max_attempts = 3 };
    th_task *same = th_schedule_activity(o, "until_cancelled", th_input(o), NULL);
    th_task *paused = th_schedule_activity(o, "third_time", NULL, &retry);

    th_cancel(o, same);
    th_sleep(o, TH_SECOND);
    th_cancel(o, paused);
    th_cancel(o, paused);
    return th_list(o, (const char *[]){ th_task_failure(same), th_task_failure(paused) }, 2);
}

static const char *cancels_a_child(th_orch *o)
{
    th_cancel(o, th_schedule_orchestrator(o, "tells", NULL, NULL));
    return NULL;
}

/* As long as its input says, whatever it is told. */
static const char *stubborn(th_activity *a)
{
    usleep((useconds_t)th_get_int(th_input(a), NULL, 0) * 1000);
    return th_is_cancelled(a) ? "\"told\"" : "\"in time\"";
}

/* {"name", "ms"}: the activity's result, or its failure. */
static const char *tries_activity(th_orch *o)
{
    const char *name = th_get_string(o, th_input(o), "name", "");
    th_task *task = th_schedule_activity(o, name, th_get_json(o, th_input(o), "ms"), NULL);

    return th_try(o, task) ? th_task_result(task) : th_task_failure(task);
}

TH_APP(app)
{
    th_activity_options short_time = { .timeout = TH_SECOND / 2 }, no_end = { TH_NO_TIMEOUT };

    th_add_activity(app, "stubborn", stubborn);
    th_add_activity_with(app, "stubborn_short", stubborn, &short_time);
    th_add_activity_with(app, "stubborn_endless", stubborn, &no_end);
    th_add_orchestrator(app, "tries_activity", tries_activity);
    th_add_activity(app, "until_cancelled", until_cancelled);
    th_add_orchestrator(app, "gives_up", gives_up);
    th_add_orchestrator(app, "gives_up_early", gives_up_early);
    th_add_orchestrator(app, "cancels_a_child", cancels_a_child);
    th_add_orchestrator_version(app, "versioned", "2.0", versioned_2);
    th_add_orchestrator_version(app, "versioned", "1.0", versioned_1);
    th_add_orchestrator_version(app, "mixed", "1.0", versioned_1);
    th_add_orchestrator(app, "mixed", versioned_any);
    th_add_orchestrator(app, "versioned_parent", versioned_parent);
    th_add_activity(app, "turn", turn);
    th_add_orchestrator(app, "turns", turns);
    th_add_orchestrator(app, "one_turn", one_turn);
    th_add_orchestrator(app, "turn_later", turn_later);
    th_add_orchestrator(app, "ranked_children", ranked_children);
    th_add_orchestrator(app, "tells", tells);
    th_add_orchestrator(app, "tagging_parent", tagging_parent);
    th_add_orchestrator(app, "bad_tags", bad_tags);
    th_add_orchestrator(app, "retries_with_tags", retries_with_tags);
    th_add_activity(app, "tell", tell);
    th_add_activity(app, "third_time", third_time);
    th_add_orchestrator(app, "takes_five", takes_five);
}
