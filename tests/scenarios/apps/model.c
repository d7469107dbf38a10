/*
 * model.c - orchestrators for the tests of early events, tags, priorities, versions, cancellation
 * and timeouts.
 */
#include <taskhub.h>

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

TH_APP(app)
{
    th_add_orchestrator(app, "tells", tells);
    th_add_orchestrator(app, "tagging_parent", tagging_parent);
    th_add_orchestrator(app, "bad_tags", bad_tags);
    th_add_orchestrator(app, "retries_with_tags", retries_with_tags);
    th_add_activity(app, "tell", tell);
    th_add_activity(app, "third_time", third_time);
    th_add_orchestrator(app, "takes_five", takes_five);
}
