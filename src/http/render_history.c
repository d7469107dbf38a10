/*
 * render_history.c - historyEvents: the stored events of the present execution, results joined with
 * what they answer.
 *
 * Orchestrator starts are left out, and so is each scheduling of an activity or child whose result
 * is there: its name, time and input stand in the result. A result names its scheduling by `ref`,
 * the seq of that event.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "http/render.h"

typedef struct view {
    th_buf *out;
    const th_instance *instance;
    const th_render_options *options;
    bool *answered; /* by seq */
} view;

static void key(const view *v, const char *name)
{
    th_buf_chr(v->out, ',');
    th_buf_json_str(v->out, name);
    th_buf_chr(v->out, ':');
}

static void text_key(const view *v, const char *name, const char *text)
{
    key(v, name);
    th_buf_json_str(v->out, text);
}

static void time_key(const view *v, const char *name, size_t i)
{
    key(v, name);
    th_render_time(v->out, v->options->times[i]);
}

static void input_key(const view *v, const char *text)
{
    if (v->options->show_input)
        text_key(v, "Input", text);
}

static void result_key(const view *v, const char *text)
{
    if (!v->options->show_history_output)
        return;
    key(v, "Result");
    th_render_text(v->out, text);
}

/* A time that came as text: up to seven digits of its fraction, trailing zeros cut. */
static void fire_at_key(const view *v, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    const char *dot = text ? strchr(text, '.') : NULL;
    int64_t us;

    key(v, "FireAt");
    if (dot && n && text[n - 1] == 'Z') {
        size_t digits = (size_t)(text + n - 1 - dot - 1);
        digits = digits > 7 ? 7 : digits;
        while (digits && dot[digits] == '0')
            digits--;
        th_buf_chr(v->out, '"');
        th_buf_add(v->out, text, (size_t)(dot - text) + (digits ? digits + 1 : 0));
        th_buf_str(v->out, "Z\"");
    } else if (text && th_iso_parse(text, &us)) {
        th_render_time(v->out, us);
    } else {
        th_buf_json_str(v->out, text);
    }
}

static void text_of(const view *v, const char *name, const json_t *failure, const char *from)
{
    text_key(v, name, json_string_value(json_object_get(failure, from)));
}

#define MAX_INNER 20

static void failure_object(const view *v, const json_t *failure, int depth)
{
    const json_t *inner = json_object_get(failure, "inner");
    const json_t *properties = json_object_get(failure, "properties");
    char *dump = json_is_object(properties) ? json_dumps(properties, JSON_COMPACT) : NULL;

    th_buf_str(v->out, "{\"ErrorType\":");
    th_buf_json_str(v->out, json_string_value(json_object_get(failure, "type")));
    text_of(v, "ErrorMessage", failure, "message");
    text_of(v, "StackTrace", failure, "stack");
    key(v, "InnerFailure");
    if (json_is_object(inner) && depth < MAX_INNER)
        failure_object(v, inner, depth + 1);
    else
        th_buf_str(v->out, "null");
    key(v, "IsNonRetriable");
    th_buf_str(v->out, json_is_true(json_object_get(failure, "nonRetriable")) ? "true" : "false");
    key(v, "Properties");
    th_buf_str(v->out, dump ? dump : "null");
    th_buf_chr(v->out, '}');
    free(dump);
}

static json_t *failure_of(const th_event *e)
{
    json_t *root = NULL;

    if (!e->failure || th_json_parse(e->failure, strlen(e->failure), 0, &root, NULL) != TH_OK)
        return NULL;
    return root;
}

static void failure_details_key(const view *v, const json_t *failure)
{
    key(v, "FailureDetails");
    if (failure)
        failure_object(v, failure, 0);
    else
        th_buf_str(v->out, "null");
}

/* Reason is the message; Details the stack, or the message once more where there is none. */
static void failure_keys(const view *v, const th_event *e)
{
    json_t *failure = failure_of(e);
    const char *message = json_string_value(json_object_get(failure, "message"));
    const char *stack = json_string_value(json_object_get(failure, "stack"));

    text_key(v, "Reason", message ? message : e->failure);
    text_key(v, "Details", stack ? stack : message);
    failure_details_key(v, failure);
    json_decref(failure);
}

static void scheduled_keys(const view *v, const th_event *e)
{
    const th_event *from = NULL;

    if (e->ref >= 0 && (size_t)e->ref < v->options->event_count)
        from = &v->options->events[e->ref];
    key(v, "ScheduledTime");
    if (from)
        th_render_time(v->out, v->options->times[e->ref]);
    else
        th_buf_str(v->out, "null");
    text_key(v, "FunctionName", from ? from->name : NULL);
    input_key(v, from && v->options->store_inputs ? from->payload : NULL);
}

static void execution_started(const view *v, const th_event *e, size_t i)
{
    input_key(v, e->payload ? e->payload : v->instance->input);
    key(v, "Correlation");
    th_buf_str(v->out, "null");
    text_key(v, "ScheduledStartTime", e->scheduled_start);
    key(v, "Generation");
    th_buf_chr(v->out, '0');
    time_key(v, "Timestamp", i);
    text_key(v, "FunctionName", e->name ? e->name : v->instance->name);
}

static void execution_completed(const view *v, const th_event *e, size_t i)
{
    json_t *failure = failure_of(e);

    text_key(v, "OrchestrationStatus", th_status_name(e->status));
    result_key(v, e->payload);
    failure_details_key(v, failure);
    time_key(v, "Timestamp", i);
    json_decref(failure);
}

static void scheduled(const view *v, const th_event *e, size_t i)
{
    text_key(v, "Name", e->name);
    if (e->kind == TH_SubOrchestrationInstanceCreated)
        text_key(v, "InstanceId", e->instance_id);
    input_key(v, v->options->store_inputs ? e->payload : NULL);
    time_key(v, "Timestamp", i);
}

static void answered(const view *v, const th_event *e, size_t i)
{
    if (e->kind == TH_TaskFailed || e->kind == TH_SubOrchestrationInstanceFailed)
        failure_keys(v, e);
    else
        result_key(v, e->payload);
    time_key(v, "Timestamp", i);
    scheduled_keys(v, e);
}

static void timer(const view *v, const th_event *e, size_t i)
{
    fire_at_key(v, e->fire_at);
    time_key(v, "Timestamp", i);
}

static void sent(const view *v, const th_event *e, size_t i)
{
    text_key(v, "InstanceId", e->instance_id ? e->instance_id : e->target);
    text_key(v, "Name", e->name ? e->name : e->operation);
    input_key(v, e->payload);
    time_key(v, "Timestamp", i);
}

static void raised(const view *v, const th_event *e, size_t i)
{
    text_key(v, "Name", e->name ? e->name : e->request_id);
    input_key(v, e->payload);
    time_key(v, "Timestamp", i);
}

static void control(const view *v, const th_event *e, size_t i)
{
    if (e->kind == TH_ExecutionTerminated) {
        input_key(v, e->payload);
    } else {
        text_key(v, "Reason", e->payload);
        if (e->kind == TH_ExecutionRewound) {
            text_key(v, "ParentExecutionId", e->parent_execution_id);
            text_key(v, "InstanceId", e->instance_id);
        }
    }
    time_key(v, "Timestamp", i);
}

static void render_keys(const view *v, const th_event *e, size_t i)
{
    switch (th_kind_event_type((int)e->kind)) {
    case 0:
        execution_started(v, e, i);
        break;
    case 1:
        execution_completed(v, e, i);
        break;
    case 4:
    case 7:
        scheduled(v, e, i);
        break;
    case 5:
    case 6:
    case 8:
    case 9:
        answered(v, e, i);
        break;
    case 10:
    case 11:
        timer(v, e, i);
        break;
    case 14:
        sent(v, e, i);
        break;
    case 15:
        raised(v, e, i);
        break;
    default:
        control(v, e, i);
    }
}

/* Entity messages go by the names of the events that they were before. */
static const char *type_name(const th_event *e)
{
    switch (th_kind_event_type((int)e->kind)) {
    case 14:
        return "EventSent";
    case 15:
        return "EventRaised";
    default:
        return th_kind_name((int)e->kind);
    }
}

static bool is_shown(const view *v, size_t i)
{
    th_kind kind = v->options->events[i].kind;

    if (kind == TH_OrchestratorStarted)
        return false;
    if (kind == TH_TaskScheduled || kind == TH_SubOrchestrationInstanceCreated)
        return !v->answered[i];
    return true;
}

static void mark_answered(view *v)
{
    size_t n = v->options->event_count;

    v->answered = th_malloc(n * sizeof *v->answered);
    for (size_t i = 0; i < n; i++) {
        const th_event *e = &v->options->events[i];
        int type = th_kind_event_type((int)e->kind);
        if ((type == 5 || type == 6 || type == 8 || type == 9) && e->ref >= 0 && (size_t)e->ref < n)
            v->answered[e->ref] = true;
    }
}

void th_render_history(th_buf *out, const th_instance *instance, const th_render_options *options)
{
    view v = { .out = out, .instance = instance, .options = options };
    bool first = true;

    mark_answered(&v);
    th_buf_chr(out, '[');
    for (size_t i = 0; i < options->event_count; i++) {
        if (!is_shown(&v, i))
            continue;
        th_buf_str(out, first ? "{\"EventType\":" : ",{\"EventType\":");
        th_buf_json_str(out, type_name(&options->events[i]));
        render_keys(&v, &options->events[i], i);
        th_buf_chr(out, '}');
        first = false;
    }
    th_buf_chr(out, ']');
    free(v.answered);
}
