/*
 * rewinding.c - orchestrators that fail as long as a file is missing, and activities that note each
 * of their runs.
 *
 * The input is the path P of a scratch file, or {"path": P, ...}. Runs are noted in P.runs, a name
 * a line; Check fails unless P.ok is there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <taskhub.h>
#include <unistd.h>

static const char *path_of(void *ctx, const char *input)
{
    const char *path = th_get_string(ctx, input, "path", NULL);

    return path ? path : th_get_string(ctx, input, NULL, "");
}

/* ---- activities
 * ---------------------------------------------------------------------------------- */

static void note(th_activity *a)
{
    const char *name = th_get_string(a, th_input(a), "name", "?");
    const char *line = th_text(a, "%s\n", name);
    int fd = open(th_text(a, "%s.runs", path_of(a, th_input(a))),
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return;
    if (write(fd, line, strlen(line)) < 0)
        th_log_warn(a, "cannot note a run");
    close(fd);
}

static const char *note_activity(th_activity *a)
{
    note(a);
    return th_get_json(a, th_input(a), "name");
}

static const char *check_activity(th_activity *a)
{
    note(a);
    if (access(th_text(a, "%s.ok", path_of(a, th_input(a))), F_OK) != 0)
        return th_fail_with(a, "NotYet", "the file is not there");
    return th_get_json(a, th_input(a), "name");
}

/* ---- orchestrators
 * ------------------------------------------------------------------------------- */

static const char *named(th_orch *o, const char *name)
{
    return th_text(o, "{\"path\":%s,\"name\":\"%s\"}", th_quote(o, path_of(o, th_input(o))), name);
}

static const char *steps(th_orch *o)
{
    const char *a = th_call_activity(o, "Note", named(o, "a"));
    const char *b = th_call_activity(o, "Check", named(o, "b"));
    const char *c = th_call_activity(o, "Note", named(o, "c"));

    return th_text(o, "[%s,%s,%s]", a, b, c);
}

static const char *retrying(th_orch *o)
{
    static const th_retry twice = { .first_interval = 20 * TH_MILLISECOND, .max_attempts = 2 };

    th_await(o, th_schedule_activity(o, "Check", named(o, "r"), &twice));
    return th_call_activity(o, "Note", named(o, "s"));
}

/* Fails with P.ok missing, but not before it has made up for that. */
static const char *compensating(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "Check", named(o, "b"), NULL);

    if (th_try(o, task))
        return th_call_activity(o, "Note", named(o, "thanks"));
    th_call_activity(o, "Note", named(o, "sorry"));
    return th_fail_with(o, "GivenUp", "made up for it");
}

static const char *fan(th_orch *o)
{
    th_task *tasks[10];

    for (int i = 0; i < 10; i++)
        tasks[i] = th_schedule_activity(o, i % 3 == 1 ? "Check" : "Note",
                                        named(o, th_text(o, "%d", i)), NULL);
    return th_await(o, th_when_all(o, tasks, 10));
}

/* Two events, then a step that fails. */
static const char *listening(th_orch *o)
{
    const char *one = th_wait_event(o, "one");

    th_call_activity(o, "Check", named(o, "b"));
    return th_text(o, "[%s,%s]", one, th_wait_event(o, "two"));
}

/* {"path": P, "child": id}: a child of that id, between two steps. */
static const char *parent(th_orch *o)
{
    th_child how = { .instance_id = th_get_string(o, th_input(o), "child", NULL) };
    const char *a = th_call_activity(o, "Note", named(o, "p"));
    const char *kid = th_await(o, th_schedule_orchestrator(o, "steps", th_input(o), &how));
    const char *z = th_call_activity(o, "Note", named(o, "q"));

    return th_text(o, "[%s,%s,%s]", a, kid, z);
}

static const char *grandparent(th_orch *o)
{
    return th_call_orchestrator(o, "parent", th_input(o));
}

static const char *waits(th_orch *o)
{
    return th_wait_event(o, "go");
}

/* {"path": P, "waiting": id}: one child that completes, one that waits, one that fails; the last is
 * asked first. */
static const char *family(th_orch *o)
{
    th_child how = { .instance_id = th_get_string(o, th_input(o), "waiting", NULL) };
    th_task *waiting = th_schedule_orchestrator(o, "waits", NULL, &how);
    th_task *good = th_schedule_orchestrator(o, "good", th_input(o), NULL);
    const char *well = th_await(o, good);
    const char *bad = th_call_orchestrator(o, "steps", th_input(o));

    return th_text(o, "[%s,%s,%s]", well, bad, th_await(o, waiting));
}

static const char *good(th_orch *o)
{
    return th_call_activity(o, "Note", named(o, "good"));
}

/* {"path": P, "width": n}: n children that fail. */
static const char *wide(th_orch *o)
{
    size_t n = (size_t)th_get_int(th_input(o), "width", 10);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_orchestrator(o, "steps", th_input(o), NULL);
    th_await(o, th_when_all(o, tasks, n));
    return th_text(o, "%zu", n);
}

static const char *retrying_parent(th_orch *o)
{
    th_child how = { .retry = { .first_interval = 20 * TH_MILLISECOND, .max_attempts = 2 },
                     .instance_id = th_get_string(o, th_input(o), "child", NULL) };

    return th_await(o, th_schedule_orchestrator(o, "steps", th_input(o), &how));
}

TH_APP(app)
{
    th_add_activity(app, "Note", note_activity);
    th_add_activity(app, "Check", check_activity);
    th_add_orchestrator(app, "steps", steps);
    th_add_orchestrator(app, "retrying", retrying);
    th_add_orchestrator(app, "compensating", compensating);
    th_add_orchestrator(app, "fan", fan);
    th_add_orchestrator(app, "listening", listening);
    th_add_orchestrator(app, "parent", parent);
    th_add_orchestrator(app, "grandparent", grandparent);
    th_add_orchestrator(app, "waits", waits);
    th_add_orchestrator(app, "family", family);
    th_add_orchestrator(app, "good", good);
    th_add_orchestrator(app, "wide", wide);
    th_add_orchestrator(app, "retrying_parent", retrying_parent);
}
