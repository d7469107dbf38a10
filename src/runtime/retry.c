/*
 * retry.c - retry policies: the next try is a timer away, or there is none.
 *
 * Each try is a TaskScheduled of its own and each pause a TimerCreated; `retryOf` ties them to the
 * first try. All of it follows from history: the clock is the orchestrator's, and the arithmetic is
 * the same on every machine.
 */
#include <math.h>

#include "base/clock.h"
#include "runtime/runtime_int.h"

#define LONGEST_PAUSE ((int64_t)100 * 366 * TH_DAY)

const char *th__retry_problem(const th_retry *policy)
{
    if (policy->max_attempts < 1 || policy->max_attempts > TH__MOST_ATTEMPTS)
        return "max_attempts must be from 1 to 100000";
    if (policy->first_interval < 0 || policy->first_interval > LONGEST_PAUSE)
        return "first_interval must be from 0 to 100 years";
    if (policy->backoff != 0 && !(policy->backoff >= 1 && isfinite(policy->backoff)))
        return "backoff must be 0 or at least 1";
    if (policy->max_interval < 0)
        return "max_interval must not be negative";
    if (policy->timeout < 0)
        return "timeout must not be negative";
    return NULL;
}

th__retrying *th__retry_new(th_orch *o, const th_retry *policy, const th_action *step)
{
    th__retrying *retry = th_new(o->scope.arena, th__retrying, 1);

    retry->policy = *policy;
    retry->step = *step;
    retry->attempt = 1;
    retry->first_seq = TH_NONE;
    retry->started_us = o->now_us;
    retry->next_us = policy->first_interval;
    return retry;
}

/* Length of the pause that begins now; the one after it gets longer. */
static int64_t next_pause(th__retrying *retry)
{
    const th_retry *policy = &retry->policy;
    int64_t pause = retry->next_us;

    if (policy->max_interval && pause > policy->max_interval)
        pause = policy->max_interval;
    if (policy->backoff > 1) {
        double longer = (double)pause * policy->backoff;
        retry->next_us = longer < (double)LONGEST_PAUSE ? (int64_t)longer : LONGEST_PAUSE;
    }
    return pause;
}

/* The handler runs outside the orchestrator's coroutine and has no th_orch to take steps with. */
static bool handler_agrees(th_orch *o, const th__retrying *retry, const char *failure)
{
    if (!retry->policy.handler)
        return true;

    const th_failed_try failed = {
        .attempt = retry->attempt,
        .elapsed = o->now_us - retry->started_us,
        .input = retry->step.event.payload,
        .type = th_get_string(o, failure, "type", ""),
        .message = th_get_string(o, failure, "message", ""),
    };
    return retry->policy.handler(&failed, retry->policy.data);
}

bool th__retry_pause(th_task *task, const char *failure)
{
    th_orch *o = task->o;
    th__retrying *retry = task->u.retry;

    if (!retry || retry->attempt >= retry->policy.max_attempts ||
        th_get_bool(failure, "nonRetriable", false) || !handler_agrees(o, retry, failure))
        return false;

    int64_t due = o->now_us + next_pause(retry);
    if (retry->policy.timeout && due - retry->started_us > retry->policy.timeout)
        return false;
    task->pausing = due <= TH__LAST_TIME;
    return task->pausing && th__session_timer(o, task, due, retry->first_seq, true);
}

void th__retry_again(th_task *task)
{
    th__retrying *retry = task->u.retry;
    th_action action = retry->step;

    task->pausing = false;
    action.event.attempt = ++retry->attempt;
    action.event.retry_of = retry->first_seq;
    th__session_act(task->o, &action, task, true);
}
