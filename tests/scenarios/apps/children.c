/*
 * children.c - sub-orchestrations: called, several at once, with given ids, failing, retried,
 * terminated with their parent.
 */
#include <taskhub.h>

static const char *add_one(th_activity *a)
{
    return th_text(a, "%lld", (long long)th_get_int(th_input(a), NULL, 0) + 1);
}

static const char *fail_twice(th_activity *a)
{
    if (th_attempt(a) < 1)
        return th_fail_with(a, "Never", "attempts count from 1");
    return th_fail_with(a, "Refused", "always");
}

static const char *child(th_orch *o)
{
    return th_call_activity(o, "AddOne", th_input(o));
}

static const char *parent(th_orch *o)
{
    const char *one = th_call_orchestrator(o, "child", "1");
    return th_call_orchestrator(o, "child", one);
}

/* {"width":n}: the sum of n children's results. */
static const char *many(th_orch *o)
{
    size_t n = (size_t)th_get_int(th_input(o), "width", 10);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_orchestrator(o, "child", th_text(o, "%zu", i), NULL);
    th_await(o, th_when_all(o, tasks, n));
    for (size_t i = 0; i < n; i++)
        sum += th_get_int(th_task_result(tasks[i]), NULL, 0);
    return th_text(o, "%lld", (long long)sum);
}

/* The input is the child's id; the failure, if there is one, is the result. */
static const char *named(th_orch *o)
{
    th_child how = { .instance_id = th_get_string(o, th_input(o), NULL, "") };
    th_task *task = th_schedule_orchestrator(o, "child", "41", &how);

    return th_try(o, task) ? th_task_result(task) : th_task_failure(task);
}

static const char *failing_child(th_orch *o)
{
    return th_call_activity(o, "FailTwice", NULL);
}

static const char *failing_parent(th_orch *o)
{
    return th_call_orchestrator(o, "failing_child", NULL);
}

static const char *retrying_parent(th_orch *o)
{
    th_child how = { .retry = { .first_interval = 50 * TH_MILLISECOND, .max_attempts = 3 } };
    th_task *task = th_schedule_orchestrator(o, "failing_child", NULL, &how);

    return th_try(o, task) ? "\"succeeded\"" : th_task_failure(task);
}

static const char *unknown_parent(th_orch *o)
{
    th_task *task = th_schedule_orchestrator(o, "nobody_has_this", NULL, NULL);

    return th_try(o, task) ? "\"succeeded\"" : th_task_failure(task);
}

static const char *waiting_child(th_orch *o)
{
    return th_wait_event(o, "go");
}

/* The input is the child's id. */
static const char *waiting_parent(th_orch *o)
{
    th_child how = { .instance_id = th_get_string(o, th_input(o), NULL, "") };
    th_task *task = th_schedule_orchestrator(o, "waiting_child", NULL, &how);

    return th_try(o, task) ? th_task_result(task) : th_task_failure(task);
}

TH_APP(app)
{
    th_add_activity(app, "AddOne", add_one);
    th_add_activity(app, "FailTwice", fail_twice);
    th_add_orchestrator(app, "child", child);
    th_add_orchestrator(app, "parent", parent);
    th_add_orchestrator(app, "many", many);
    th_add_orchestrator(app, "named", named);
    th_add_orchestrator(app, "failing_child", failing_child);
    th_add_orchestrator(app, "failing_parent", failing_parent);
    th_add_orchestrator(app, "retrying_parent", retrying_parent);
    th_add_orchestrator(app, "unknown_parent", unknown_parent);
    th_add_orchestrator(app, "waiting_child", waiting_child);
    th_add_orchestrator(app, "waiting_parent", waiting_parent);
}
