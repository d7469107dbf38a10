/*
 * http_calls.c - orchestrators that make HTTP calls as their input says.
 */
#include <taskhub.h>

enum { MOST = 100 };

/* {"answer":...} or {"failure":...} */
static const char *outcome(th_orch *o, th_task *task)
{
    if (th_try(o, task))
        return th_text(o, "{\"answer\":%s}", th_task_result(task));
    return th_text(o, "{\"failure\":%s}", th_task_failure(task));
}

/* The input is a request as Durable Functions writes it. */
static const char *raw(th_orch *o)
{
    return outcome(o, th_schedule_activity(o, "BuiltIn::HttpActivity", th_input(o), NULL));
}

static const char **texts(th_orch *o, const char *array)
{
    const char **list = th_memory(o, (MOST + 1) * sizeof *list);
    const char *item;

    for (size_t i = 0; i < MOST && (item = th_get_element(o, array, i)); i++)
        list[i] = th_get_string(o, item, NULL, NULL);
    return list;
}

static int *numbers(th_orch *o, const char *array)
{
    int *list = th_memory(o, (MOST + 1) * sizeof *list);
    const char *item;

    for (size_t i = 0; i < MOST && (item = th_get_element(o, array, i)); i++)
        list[i] = (int)th_get_int(item, NULL, 0);
    return list;
}

static bool never(const th_failed_try *failed, void *data)
{
    (void)failed;
    (void)data;
    return false;
}

static th_task *call(th_orch *o, const char *in)
{
    const char *headers = th_get_json(o, in, "headers"), *statuses = th_get_json(o, in, "statuses");
    th_http how = { .headers = headers ? texts(o, headers) : NULL,
                    .no_polling = th_get_bool(in, "noPolling", false),
                    .timeout = th_get_int(in, "timeoutMs", 0) * TH_MILLISECOND,
                    .retry_statuses = statuses ? numbers(o, statuses) : NULL };

    how.retry.max_attempts = (int)th_get_int(in, "attempts", 0);
    how.retry.first_interval = th_get_int(in, "intervalMs", 0) * TH_MILLISECOND;
    how.retry.handler = th_get_bool(in, "handler", false) ? never : NULL;
    return th_schedule_http(o, th_get_string(o, in, "method", "GET"),
                            th_get_string(o, in, "url", NULL), th_get_string(o, in, "body", NULL),
                            &how);
}

/* {"method","url","body","headers","noPolling","timeoutMs","attempts","intervalMs","statuses"} */
static const char *fetch(th_orch *o)
{
    return outcome(o, call(o, th_input(o)));
}

/* What the readers of answers make of one: [status, content, header Echo, header none]. */
static const char *read_answer(th_orch *o)
{
    const char *answer =
        th_call_http(o, "POST", th_get_string(o, th_input(o), NULL, ""), "body", NULL);
    const char *parts[] = { th_text(o, "%d", th_http_status(answer)),
                            th_quote(o, th_http_content(o, answer)),
                            th_quote(o, th_http_header(o, answer, "eCHO")),
                            th_quote(o, th_http_header(o, answer, "none")) };

    return th_list(o, parts, 4);
}

/* An array of what Fetch takes: all at once, the statuses. */
static const char *fan_out(th_orch *o)
{
    th_task *tasks[MOST];
    const char *statuses[MOST], *in;
    size_t n = 0;

    for (; n < MOST && (in = th_get_element(o, th_input(o), n)); n++)
        tasks[n] = call(o, in);
    th_await(o, th_when_all(o, tasks, n));
    for (size_t i = 0; i < n; i++)
        statuses[i] = th_text(o, "%d", th_http_status(th_task_result(tasks[i])));
    return th_list(o, statuses, n);
}

/* A call that nobody waits for any more after a moment. */
static const char *impatient(th_orch *o)
{
    th_task *race[] = { call(o, th_input(o)), th_schedule_timer(o, 200 * TH_MILLISECOND) };

    return th_when_any(o, race, 2) == 0 ? "\"answered\"" : "\"gave up\"";
}

static const char *quick(th_activity *a)
{
    return th_input(a);
}

static const char *work(th_orch *o)
{
    return th_call_activity(o, "Quick", th_input(o));
}

TH_APP(app)
{
    th_add_orchestrator(app, "Raw", raw);
    th_add_orchestrator(app, "Fetch", fetch);
    th_add_orchestrator(app, "ReadAnswer", read_answer);
    th_add_orchestrator(app, "FanOut", fan_out);
    th_add_orchestrator(app, "Impatient", impatient);
    th_add_orchestrator(app, "Work", work);
    th_add_activity(app, "Quick", quick);
}
