/*
 * context.c - the orchestrator's half of taskhub.h: call, wait, timer, all, any, continue as new.
 *
 * All of it runs on the orchestrator's own small stack. What is wrong about a call ends the
 * orchestrator as failed right there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/tags.h"
#include "runtime/names.h"
#include "runtime/runtime_int.h"

/* ---- guards ---------------------------------------------------------------------------------- */

/* From another thread or after the end, there is nobody to tell but the developer. */
static void be_inside(const th_orch *o, const char *caller)
{
    if (o && o->scope.kind == TH__ORCH && o->coro && th_coro_current() == o->coro)
        return;
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, NULL,
           "%s was called outside of the orchestrator that it was given; aborting", caller);
    abort();
}

/* For what takes a step or waits. */
void th__may_step(th_orch *o, const char *caller)
{
    be_inside(o, caller);
    if (o->continues)
        th__session_misuse(o, "%s: after th_continue_as_new the orchestrator must return", caller);
}

static void check_task(th_orch *o, const th_task *task, const char *caller)
{
    if (!task)
        th__session_misuse(o, "%s: the task is NULL", caller);
    if (task->o != o)
        th__session_misuse(o, "%s: the task belongs to another orchestrator", caller);
}

static void check_tasks(th_orch *o, th_task *const *tasks, size_t n, const char *caller)
{
    if (n > TH__MOST_TASKS)
        th__session_misuse(o, "%s: %zu tasks are more than %d", caller, n, TH__MOST_TASKS);
    if (n > 0 && !tasks)
        th__session_misuse(o, "%s: the tasks are NULL", caller);
    for (size_t i = 0; i < n; i++)
        check_task(o, tasks[i], caller);
}

static const char *copy_name(th_orch *o, const char *name, const char *caller)
{
    const char *problem = th__name_problem(name);

    if (problem)
        th__session_misuse(o, "%s: the name %s", caller, problem);
    return th_strdup(o->scope.arena, name);
}

const char *th__copy_json(th_orch *o, const char *text, const char *caller)
{
    const char *problem = text ? th__json_problem(o->scope.arena, text) : NULL;

    if (problem)
        th__session_misuse(o, "%s: the text is not JSON (th_quote makes a string): %s", caller,
                           problem);
    return th_strdup(o->scope.arena, text);
}

static const char *copy_version(th_orch *o, const char *version, const char *caller)
{
    if (version && (!th_utf8_valid(version, strlen(version)) || strlen(version) > TH__NAME_MAX))
        th__session_misuse(o, "%s: the version must be UTF-8 of at most %d bytes", caller,
                           TH__NAME_MAX);
    return th_strdup(o->scope.arena, version);
}

static int32_t check_priority(th_orch *o, int priority, const char *caller)
{
    if (priority < -TH__MOST_PRIORITY || priority > TH__MOST_PRIORITY)
        th__session_misuse(o, "%s: the priority must be from -%d to %d", caller, TH__MOST_PRIORITY,
                           TH__MOST_PRIORITY);
    return priority;
}

static const char *copy_tags(th_orch *o, const char *tags, const char *caller)
{
    const char *problem = tags ? th_tags_problem(tags, strlen(tags)) : NULL;

    if (problem)
        th__session_misuse(o, "%s: the tags %s", caller, problem);
    return th_strdup(o->scope.arena, tags);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void wait_for(th_orch *o, const th_task *task)
{
    o->awaited = task;
    while (!task->done)
        th_coro_yield(o->coro);
    o->awaited = NULL;
}

const char *th_await(th_orch *o, th_task *task)
{
    th__may_step(o, "th_await");
    check_task(o, task, "th_await");
    wait_for(o, task);
    if (task->failure) {
        o->scope.failure = task->failure;
        th__session_end(o);
    }
    return th_task_result(task);
}

bool th_try(th_orch *o, th_task *task)
{
    th__may_step(o, "th_try");
    check_task(o, task, "th_try");
    wait_for(o, task);
    return !task->failure;
}

th_task *th_when_all(th_orch *o, th_task *const *tasks, size_t n)
{
    th__may_step(o, "th_when_all");
    check_tasks(o, tasks, n, "th_when_all");

    th_task *all = th__task_all(o, tasks, n);
    if (all->depth > TH__DEEPEST_ALL)
        th__session_misuse(o, "th_when_all: more than %d inside each other", TH__DEEPEST_ALL);
    return all;
}

/* Of those that are complete the one that was first; n: none is. */
static size_t first_done(th_task *const *tasks, size_t n)
{
    size_t first = n;

    for (size_t i = 0; i < n; i++)
        if (tasks[i]->done && (first == n || tasks[i]->order < tasks[first]->order))
            first = i;
    return first;
}

size_t th_when_any(th_orch *o, th_task *const *tasks, size_t n)
{
    th__may_step(o, "th_when_any");
    check_tasks(o, tasks, n, "th_when_any");
    if (n == 0)
        th__session_misuse(o, "th_when_any: no tasks");

    size_t first = first_done(tasks, n);
    if (first < n)
        return first;
    o->any_round = ++o->any_last;
    for (size_t i = n;
         i-- > 0;) { /* backwards: of a task that is there twice the first place counts */
        tasks[i]->any_round = o->any_round;
        tasks[i]->any_index = i;
    }
    while (o->any_round)
        th_coro_yield(o->coro);
    return o->any_index;
}

bool th_task_done(const th_task *task)
{
    return task && task->done;
}

bool th_task_failed(const th_task *task)
{
    return task && task->failure;
}

const char *th_task_result(th_task *task)
{
    if (!task || !task->done || task->failure)
        return "null";
    if (task->kind == TH__TASK_ALL && !task->result)
        task->result = th__task_results(task);
    return task->result ? task->result : "null";
}

const char *th_task_failure(const th_task *task)
{
    return task && task->failure ? task->failure : "null";
}

/* ---- activities ------------------------------------------------------------------------------ */

/* The first try of a task or child; with a policy, those after it too. */
static th_task *try_step(th_orch *o, th_action *action, const th_retry *retry, const char *caller)
{
    const char *problem = retry ? th__retry_problem(retry) : NULL;

    if (problem)
        th__session_misuse(o, "%s: %s", caller, problem);
    th_task *task = th__task_new(o, TH__TASK_ACTIVITY);
    task->is_activity = action->kind == TH_ACT_TASK;
    if (retry) {
        task->u.retry = th__retry_new(o, retry, action);
        action->event.attempt = 1;
    }
    th__session_act(o, action, task, false);
    return task;
}

static th_task *schedule(th_orch *o, const char *name, const char *input, const th_call *call,
                         const th_retry *retry, const char *caller)
{
    th_action action = { .kind = TH_ACT_TASK, .event = th_event_of(TH_TaskScheduled) };

    th__may_step(o, caller);
    action.event.name = copy_name(o, name, caller);
    action.event.payload = th__copy_json(o, input, caller);
    if (call) {
        action.event.version = copy_version(o, call->version, caller);
        action.event.tags = copy_tags(o, call->tags, caller);
        action.priority = check_priority(o, call->priority, caller);
    }
    return try_step(o, &action, retry, caller);
}

/* A policy without attempts is none. */
static const th_retry *policy_of(const th_retry *retry)
{
    return retry->max_attempts ? retry : NULL;
}

th_task *th_schedule_activity_with(th_orch *o, const char *name, const char *input,
                                   const th_call *call)
{
    return schedule(o, name, input, call, call ? policy_of(&call->retry) : NULL,
                    "th_schedule_activity_with");
}

th_task *th_schedule_activity(th_orch *o, const char *name, const char *input,
                              const th_retry *retry)
{
    return schedule(o, name, input, NULL, retry, "th_schedule_activity");
}

const char *th_call_activity(th_orch *o, const char *name, const char *input)
{
    return th_await(o, schedule(o, name, input, NULL, NULL, "th_call_activity"));
}

/* ---- sub-orchestrations ---------------------------------------------------------------------- */

static void copy_child(th_orch *o, th_action *action, const th_child *child, const char *caller)
{
    const char *problem = child->instance_id ? th_instance_id_problem(child->instance_id) : NULL;

    if (problem)
        th__session_misuse(o, "%s: the instance id %s", caller, problem);
    action->event.instance_id = th_strdup(o->scope.arena, child->instance_id);
    action->event.version = copy_version(o, child->version, caller);
    action->event.tags = copy_tags(o, child->tags, caller);
    action->priority = check_priority(o, child->priority, caller);
}

static th_task *schedule_child(th_orch *o, const char *name, const char *input,
                               const th_child *child, const char *caller)
{
    th_action action = { .kind = TH_ACT_CHILD,
                         .event = th_event_of(TH_SubOrchestrationInstanceCreated) };

    th__may_step(o, caller);
    if (o->section)
        th__session_misuse(o, "%s: in a critical section no children can be started", caller);
    action.event.name = copy_name(o, name, caller);
    action.event.payload = th__copy_json(o, input, caller);
    if (child)
        copy_child(o, &action, child, caller);
    if (!action.event.version)
        action.event.version = o->default_version;
    return try_step(o, &action, child ? policy_of(&child->retry) : NULL, caller);
}

th_task *th_schedule_orchestrator(th_orch *o, const char *name, const char *input,
                                  const th_child *child)
{
    return schedule_child(o, name, input, child, "th_schedule_orchestrator");
}

const char *th_call_orchestrator(th_orch *o, const char *name, const char *input)
{
    return th_await(o, schedule_child(o, name, input, NULL, "th_call_orchestrator"));
}

/* ---- time ------------------------------------------------------------------------------------ */

int64_t th_current_time(const th_orch *o)
{
    be_inside(o, "th_current_time");
    return o->now_us;
}

th_task *th_schedule_timer(th_orch *o, int64_t delay)
{
    th__may_step(o, "th_schedule_timer");
    if (delay < 0)
        delay = 0;
    if (delay > TH__LAST_TIME - o->now_us)
        th__session_misuse(o, "th_schedule_timer: the time is beyond the year 9999");

    th_task *task = th__task_new(o, TH__TASK_TIMER);
    th__session_timer(o, task, o->now_us + delay, TH_NONE, false);
    return task;
}

void th_sleep(th_orch *o, int64_t delay)
{
    wait_for(o, th_schedule_timer(o, delay));
}

void th_cancel(th_orch *o, th_task *task)
{
    th__may_step(o, "th_cancel");
    check_task(o, task, "th_cancel");
    if (task->done)
        return;
    if (task->kind == TH__TASK_TIMER)
        th__session_untimer(o, task);
    else if (task->kind == TH__TASK_EVENT)
        th__mail_forget(task);
    else if (task->is_activity)
        th__session_untask(o, task);
    else
        th__session_misuse(
            o, "th_cancel: only timers, activities and waits for events can be cancelled");
    th__task_complete(task, NULL,
                      "{\"type\":\"TaskCanceled\",\"message\":\"the orchestrator cancelled it\"}");
}

/* ---- external events ------------------------------------------------------------------------- */

th_task *th_schedule_event_wait(th_orch *o, const char *name)
{
    th__may_step(o, "th_schedule_event_wait");
    name = copy_name(o, name, "th_schedule_event_wait");

    th_task *task = th__task_new(o, TH__TASK_EVENT);
    th__mail_expect(o, task, name);
    return task;
}

const char *th_wait_event(th_orch *o, const char *name)
{
    return th_await(o, th_schedule_event_wait(o, name));
}

bool th_wait_event_for(th_orch *o, const char *name, int64_t timeout, const char **payload)
{
    th_task *event = th_schedule_event_wait(o, name);
    bool came = event->done;

    if (!came) {
        th_task *race[] = { event, th_schedule_timer(o, timeout) };
        came = th_when_any(o, race, 2) == 0;
        th_cancel(o, race[came]);
    }
    if (payload)
        *payload = th_task_result(event);
    return came;
}

/* ---- the rest -------------------------------------------------------------------------------- */

void th_set_custom_status(th_orch *o, const char *json)
{
    th__may_step(o, "th_set_custom_status");
    o->custom_status = th__copy_json(o, json, "th_set_custom_status");
    o->status_op = json ? TH_STATUS_SET : TH_STATUS_CLEAR;
}

const char *th_continue_as_new(th_orch *o, const char *input)
{
    th__may_step(o, "th_continue_as_new");
    o->new_input = th__copy_json(o, input, "th_continue_as_new");
    o->continues = true;
    return NULL;
}

/* From what is the same in every replay, laid out as a random (version 4) UUID. */
const char *th_new_guid(th_orch *o)
{
    uint8_t h[32];

    be_inside(o, "th_new_guid");
    const char *seed = th_sprintf(o->scope.arena, "%s\n%lld\n%llu", o->scope.instance_id,
                                  (long long)o->now_us, (unsigned long long)o->guids++);
    th_sha256(seed, strlen(seed), h);
    h[6] = (uint8_t)((h[6] & 0x0F) | 0x40);
    h[8] = (uint8_t)((h[8] & 0x3F) | 0x80);
    return th_sprintf(o->scope.arena,
                      "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0],
                      h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12],
                      h[13], h[14], h[15]);
}

bool th_is_replaying(const th_orch *o)
{
    be_inside(o, "th_is_replaying");
    return o->scope.quiet;
}
