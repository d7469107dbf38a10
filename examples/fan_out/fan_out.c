/*
 * fan_out.c - many activities at once, with and without a timeout; many children; many events.
 *
 *     curl -d '{"width":100}' http://localhost:7071/api/orchestrators/fan_out_orchestrator
 *     curl -d '{"width":3,"sleep":5,"timeout":2}'
 * http://localhost:7071/api/orchestrators/deadline_orchestrator
 */
#include <taskhub.h>
#include <time.h>

enum { MOST = 1000000 };

/* The square of a number, or of {"n":number,"sleep":seconds} after a while. */
static const char *square(th_activity *a)
{
    int64_t n = th_get_int(th_input(a), "n", th_get_int(th_input(a), NULL, 0));
    double seconds = th_get_number(th_input(a), "sleep", 0);

    if (seconds > 0) {
        struct timespec pause = { (time_t)seconds,
                                  (long)((seconds - (double)(time_t)seconds) * 1e9) };
        nanosleep(&pause, NULL);
    }
    if (n > 3000000000 || n < -3000000000)
        return th_fail_for_good(a, "TooLarge", "the square of %lld is too large", (long long)n);
    return th_text(a, "%lld", (long long)(n * n));
}

/* {"width":n}, or just n. */
static size_t width_of(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), "width", th_get_int(th_input(o), NULL, 10));

    return n < 0 ? 0 : n > MOST ? MOST : (size_t)n;
}

static int64_t sum_of(th_task **tasks, size_t n)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += th_get_int(th_task_result(tasks[i]), NULL, 0);
    return sum;
}

/* The sum of the squares of 0 to width - 1, all computed at the same time. */
static const char *fan_out_orchestrator(th_orch *o)
{
    size_t n = width_of(o);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_activity(o, "Square", th_text(o, "%zu", i), NULL);
    if (!th_try(o, th_when_all(o, tasks, n)))
        return th_fail_with(o, "FanOutFailed", "one of %zu squares failed", n);
    return th_text(o, "%lld", (long long)sum_of(tasks, n));
}

/* The same, but it does not wait longer than {"timeout":seconds}. */
static const char *deadline_orchestrator(th_orch *o)
{
    size_t n = width_of(o);
    double timeout = th_get_number(th_input(o), "timeout", 30);
    double seconds = th_get_number(th_input(o), "sleep", 0);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    if (!(timeout >= 0 && timeout <= 86400))
        return th_fail_with(o, "BadInput", "timeout must be from 0 to 86400 seconds");
    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_activity(o, "Square",
                                        th_text(o, "{\"n\":%zu,\"sleep\":%g}", i, seconds), NULL);

    th_task *all = th_when_all(o, tasks, n);
    th_task *deadline = th_schedule_timer(o, (int64_t)(timeout * (double)TH_SECOND));
    th_task *race[] = { all, deadline };

    if (th_when_any(o, race, 2) == 1)
        return th_fail_with(o, "Timeout", "not done within %g seconds", timeout);
    th_cancel(o, deadline);
    th_await(o, all);
    return th_text(o, "%lld", (long long)sum_of(tasks, n));
}

static const char *child_orchestrator(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 0);

    return th_text(o, "%lld", (long long)(n * n));
}

/* The sum of the squares, each computed by a sub-orchestration. */
static const char *children_orchestrator(th_orch *o)
{
    size_t n = width_of(o);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_orchestrator(o, "child_orchestrator", th_text(o, "%zu", i), NULL);
    if (!th_try(o, th_when_all(o, tasks, n)))
        return th_fail_with(o, "ChildFailed", "one of %zu children failed", n);
    return th_text(o, "%lld", (long long)sum_of(tasks, n));
}

/* The sum of so many events called Number. */
static const char *events_orchestrator(th_orch *o)
{
    size_t n = width_of(o);
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += th_get_int(th_wait_event(o, "Number"), NULL, 0);
    return th_text(o, "%lld", (long long)sum);
}

TH_APP(app)
{
    th_add_activity(app, "Square", square);
    th_add_orchestrator(app, "fan_out_orchestrator", fan_out_orchestrator);
    th_add_orchestrator(app, "deadline_orchestrator", deadline_orchestrator);
    th_add_orchestrator(app, "child_orchestrator", child_orchestrator);
    th_add_orchestrator(app, "children_orchestrator", children_orchestrator);
    th_add_orchestrator(app, "events_orchestrator", events_orchestrator);
    th_add_starter(app, "orchestrators/{name}", NULL);
}
