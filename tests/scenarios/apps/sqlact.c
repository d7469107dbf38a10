/*
 * sqlact.c - orchestrators that call activities by names which tests bind to SQL functions.
 */
#include <taskhub.h>

/* {"name":"Post","input":"any JSON, as a text"}: that activity's result; no input member: none. */
static const char *call_one(th_orch *o)
{
    const char *name = th_get_string(o, th_input(o), "name", "Post");

    return th_call_activity(o, name, th_get_string(o, th_input(o), "input", NULL));
}

/* The same with up to five tries, a moment apart. */
static const char *call_retried(th_orch *o)
{
    const char *name = th_get_string(o, th_input(o), "name", "Post");
    th_retry retry = { .first_interval = TH_SECOND / 20, .max_attempts = 5 };

    return th_await(
        o, th_schedule_activity(o, name, th_get_string(o, th_input(o), "input", NULL), &retry));
}

static const char *post(th_orch *o, int64_t n)
{
    return th_text(o, "{\"who\":%s,\"n\":%lld}", th_quote(o, th_instance_id(o)), (long long)n);
}

/* n: Post n times, one after the other. */
static const char *in_a_row(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 3);

    for (int64_t i = 0; i < n; i++)
        th_call_activity(o, "Post", post(o, i));
    return th_text(o, "%lld", (long long)n);
}

/* n: Post n times at once; how many rows they say they wrote. */
static const char *at_once(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 10), sum = 0;
    th_task **tasks = th_memory(o, (size_t)n * sizeof(th_task *));

    for (int64_t i = 0; i < n; i++)
        tasks[i] = th_schedule_activity(o, "Post", post(o, i), NULL);
    th_await(o, th_when_all(o, tasks, (size_t)n));
    for (int64_t i = 0; i < n; i++)
        sum += th_get_int(th_task_result(tasks[i]), NULL, 0);
    return th_text(o, "%lld", (long long)sum);
}

/* n children that post twice each. */
static const char *family(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 3);
    th_task **tasks = th_memory(o, (size_t)n * sizeof(th_task *));

    for (int64_t i = 0; i < n; i++)
        tasks[i] = th_schedule_orchestrator(o, "in_a_row", "2", NULL);
    th_await(o, th_when_all(o, tasks, (size_t)n));
    return th_text(o, "%lld", (long long)n);
}

/* What an app has under a name that a test binds. */
static const char *from_the_app(th_activity *a)
{
    return th_quote(a, "from the app");
}

TH_APP(app)
{
    th_add_activity(app, "InBoth", from_the_app);
    th_add_orchestrator(app, "call_one", call_one);
    th_add_orchestrator(app, "call_retried", call_retried);
    th_add_orchestrator(app, "in_a_row", in_a_row);
    th_add_orchestrator(app, "at_once", at_once);
    th_add_orchestrator(app, "family", family);
}
