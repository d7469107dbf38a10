/*
 * start_api.c - starts: by the management API, by a starter's route, with a wait for the completion
 * or without.
 */
#include "http/http_int.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/tags.h"
#include "base/trace.h"
#include "http/render.h"

#define LONGEST_WAIT_S 922337203685.0    /* what a .NET TimeSpan holds */
#define SHORTEST_PAUSE (TH__SECOND / 50) /* between two looks, whatever the caller asks for */
#define REPLACE_WITHIN (180 * TH__SECOND)
#define REPLACE_PAUSE (TH__SECOND / 10)
#define MAX_NAME 256

/* ---- what may be started ----------------------------------------------------------------------
 */

static const char *unknown_hub(th__request *r)
{
    if (r->hub)
        return NULL;
    return th_sprintf(r->arena, "There is no task hub '%s'.",
                      th_query_text(&r->query, r->arena, "taskHub"));
}

const char *th__request_trace(th__request *r)
{
    return th_trace_json(r->arena, th__request_header(r, "traceparent"),
                         th__request_header(r, "tracestate"));
}

const char *th__query_tags(th__request *r, const char **problem)
{
    const char *tags = th_query_text(&r->query, r->arena, "tags"), *wrong;

    if (!tags || !*tags)
        return NULL;
    wrong = th_tags_problem(tags, strlen(tags));
    if (wrong)
        *problem = th_sprintf(r->arena, "tags %s.", wrong);
    return tags;
}

const char *th__start_unknown(th__request *r)
{
    return th_sprintf(
        r->arena,
        "The function '%s' doesn't exist, is disabled, or is not an orchestrator "
        "function. Additional info: no app that runs here, or ever ran for this hub, has an "
        "orchestrator of that name.",
        r->name);
}

static const char *bad_priority(th__request *r)
{
    const char *text = th_query_text(&r->query, r->arena, "priority");

    if (!text || !*text)
        return NULL;
    if (!th_query_int(&r->query, r->arena, "priority", &r->priority) || r->priority < -100 ||
        r->priority > 100)
        return "priority must be a whole number from -100 to 100.";
    return NULL;
}

static const char *bad_id(th__request *r)
{
    const char *problem = r->instance_id ? th_instance_id_problem(r->instance_id) : NULL;

    return problem ? th_sprintf(r->arena, "The instance id %s.", problem) : NULL;
}

const char *th__start_problem(th__request *r)
{
    const char *problem = unknown_hub(r);

    r->version = th_query_text(&r->query, r->arena, "version");
    if (!r->version || !*r->version)
        r->version = r->server->options.default_version;

    if (!problem && strlen(r->name) > MAX_NAME)
        problem = "The name of the function is longer than 256 bytes.";
    if (!problem)
        problem = bad_id(r);
    if (!problem)
        r->tags = th__query_tags(r, &problem);
    if (!problem)
        problem = bad_priority(r);
    r->trace = th__request_trace(r);
    return problem;
}

/* ---- the wait for a completion ----------------------------------------------------------------
 */

static void answer_payload(th__request *r)
{
    r->finish = th__payload_finish;
    th__request_done(r);
}

static void wait_ended(th__request *r, const th_instance *instance)
{
    r->wait_over = true;
    if (instance->status == TH_COMPLETED) {
        th_buf_clear(&r->out);
        th_render_output(&r->out, instance);
        th__answer_json(r, 200);
    } else if (th_query_bool(&r->query, r->arena, "showHistory", false)) {
        th__pool_run(r, th__status_job, NULL);
        return;
    } else {
        th__status_render(r, instance);
    }
    th__request_done(r);
}

static void wait_looked(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;
    int64_t now = th_mono_us();
    int64_t next = now + r->wait_pause_us;

    if (answer->rc == TH_OK && th_status_is_terminal(answer->instance->status)) {
        wait_ended(r, answer->instance);
    } else if (answer->rc != TH_OK || now >= r->wait_until_us ||
               atomic_load(&r->server->draining) || th__request_is_left(r)) {
        answer_payload(r); /* it was started, whatever became of the looking */
    } else {
        th__waits_at(r, next < r->wait_until_us ? next : r->wait_until_us, th__start_wait_check);
    }
}

void th__start_wait_check(th__request *r)
{
    if (atomic_load(&r->server->draining))
        answer_payload(r);
    else
        th_front_get(r->server->options.front, r->hub, r->instance_id, wait_looked, r);
}

static const char *wait_problem(double timeout, double interval)
{
    if (isnan(timeout) || isnan(interval))
        return "timeout and pollingInterval must be numbers.";
    if (fabs(timeout) > LONGEST_WAIT_S || fabs(interval) > LONGEST_WAIT_S)
        return "timeout or pollingInterval is too large.";
    if (interval > timeout)
        return "The polling interval must not be longer than the timeout.";
    if (interval < 0 && timeout > 0)
        return "The polling interval must not be negative.";
    return NULL;
}

/* Errors of the two numbers show only now: the instance is started whatever they say. */
static void begin_wait(th__request *r)
{
    double timeout = 0, interval = 0;
    const char *problem;
    int64_t now = th_mono_us();

    if (!th_query_seconds(&r->query, r->arena, "timeout", &timeout) ||
        !th_query_seconds(&r->query, r->arena, "pollingInterval", &interval)) {
        answer_payload(r);
        return;
    }
    problem = wait_problem(timeout, interval);
    if (problem) {
        th__answer_invalid(r, problem);
        th__request_done(r);
        return;
    }
    r->wait_until_us = timeout > 0 ? now + (int64_t)(timeout * 1e6) : now;
    r->wait_pause_us = interval > 0 ? (int64_t)(interval * 1e6) : 0;
    if (r->wait_pause_us < SHORTEST_PAUSE)
        r->wait_pause_us = SHORTEST_PAUSE;
    th__start_wait_check(r);
}

/* ---- replacing a live one (overridableExistingInstanceStates is AnyState) -----------------------
 */

static void answer_exists(th__request *r)
{
    const char *text =
        r->is_restart
            ? "A non-terminal instance with this instance ID already exists."
            : th_sprintf(r->arena, "An Orchestration instance with the status %s already exists.",
                         th_status_name(r->instance_status));

    th__answer_error(r, 409, text, text,
                     "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException");
    th__request_done(r);
}

static void replace_check(th__request *r);

static void replace_looked(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc == TH_NOT_FOUND ||
        (answer->rc == TH_OK && th_status_is_terminal(answer->instance->status))) {
        th__start_now(r);
    } else if (answer->rc != TH_OK) {
        th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
        th__request_done(r);
    } else if (th_mono_us() >= r->wait_until_us || atomic_load(&r->server->draining)) {
        answer_exists(r);
    } else {
        th__waits_at(r, th_mono_us() + REPLACE_PAUSE, replace_check);
    }
}

static void replace_check(th__request *r)
{
    if (atomic_load(&r->server->draining))
        answer_exists(r);
    else
        th_front_get(r->server->options.front, r->hub, r->instance_id, replace_looked, r);
}

static void replace_terminated(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc == TH_OK || answer->rc == TH_FINISHED || answer->rc == TH_NOT_FOUND) {
        replace_check(r);
        return;
    }
    th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
    th__request_done(r);
}

static void replace(th__request *r)
{
    th_signal_request terminate = { .kind = TH_SIGNAL_TERMINATE,
                                    .instance_id = r->instance_id,
                                    .payload =
                                        "A new instance with the same ID has been requested." };

    if (!r->wait_until_us)
        r->wait_until_us = th_mono_us() + REPLACE_WITHIN;
    th_front_signal(r->server->options.front, r->hub, &terminate, replace_terminated, r);
}

/* ---- the start --------------------------------------------------------------------------------
 */

static void started(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    r->instance_status = answer->status;
    if (answer->rc == TH_OK) {
        begin_wait(r);
    } else if (answer->rc == TH_EXISTS && r->server->options.reuse_any_state && !r->is_restart) {
        replace(r);
    } else if (answer->rc == TH_EXISTS) {
        answer_exists(r);
    } else {
        th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
        th__request_done(r);
    }
}

void th__start_now(th__request *r)
{
    th_start_request request = { .instance_id = r->instance_id,
                                 .name = r->name,
                                 .version = r->version,
                                 .input = r->input,
                                 .tags = r->tags,
                                 .trace = r->trace,
                                 .priority = (int16_t)r->priority,
                                 .restart_of = r->is_restart ? r->route.args[0] : NULL,
                                 .key_name = r->key_name };

    th_front_start(r->server->options.front, r->hub, &request, started, r);
}

const char *th__start_new_id(th_arena *arena)
{
    th_uuid id = th_uuid_random();
    char text[TH_UUID_TEXT];

    th_uuid_text(&id, text);
    return th_strdup(arena, text);
}

static void refuse_start(th__request *r, const char *problem)
{
    th__answer_invalid(r, problem);
    th__request_done(r);
}

static void start_if_known(th__request *r)
{
    if (!r->is_known) {
        refuse_start(r, th__start_unknown(r));
        return;
    }
    th__request_wait(r);
    th__start_now(r);
}

static void check_then_start(th__request *r)
{
    th_error err = { 0 };
    const char *problem;

    if (r->body.len && !th_json_valid(r->body.data, r->body.len, &err)) {
        th__answer_bad_json(r, th_strdup(r->arena, err.text));
        th__request_done(r);
        return;
    }
    r->input = r->body.len ? r->body.data : NULL;
    problem = th__start_problem(r);
    if (problem) {
        refuse_start(r, problem);
        return;
    }
    if (!r->instance_id)
        r->instance_id = th__start_new_id(r->arena);
    th__known_then(r, TH_ITEM_ORCHESTRATOR, r->name, r->version, start_if_known);
}

void th__start(th__request *r)
{
    r->name = r->route.args[0];
    r->instance_id = r->route.args[1];
    check_then_start(r);
}

void th__starter(th__request *r, const char *name)
{
    r->name = name;
    r->is_starter = true;
    r->hub = &r->server->options.hub;
    check_then_start(r);
}
