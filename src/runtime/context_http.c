/*
 * context_http.c - the orchestrator's half of taskhub.h: HTTP calls.
 *
 * A call is an activity whose input is the request; polls and tries are the executor's matter
 * (http_call.c) and leave nothing in the history.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "runtime/http_request.h"
#include "runtime/runtime_int.h"

/* ---- calls ----------------------------------------------------------------------------------- */

static void check_text(th_orch *o, const char *text, const char *what, const char *caller)
{
    if (!th_utf8_valid(text, strlen(text)))
        th__session_misuse(o, "%s: the %s is not valid UTF-8", caller, what);
}

/* "Name: value" */
static th__http_header header_of(th_orch *o, const char *line, const char *caller)
{
    const char *colon = strchr(line, ':');

    check_text(o, line, "header", caller);
    if (!colon)
        th__session_misuse(o, "%s: the header '%.100s' is not \"Name: value\"", caller, line);

    const char *value = colon + 1 + strspn(colon + 1, " \t");
    th__http_header header = { th_strndup(o->scope.arena, line, (size_t)(colon - line)),
                               th_strdup(o->scope.arena, value) };
    const char *problem = th__http_header_problem(header.name, header.value);
    if (problem)
        th__session_misuse(o, "%s: the header '%.100s' %s", caller, header.name, problem);
    return header;
}

static void take_headers(th_orch *o, th__http_request *request, const char *const *lines,
                         const char *caller)
{
    size_t n = 0;

    while (lines && lines[n])
        n++;
    th__http_header *headers = th_new(o->scope.arena, th__http_header, n + 1);
    for (size_t i = 0; i < n; i++)
        headers[i] = header_of(o, lines[i], caller);
    request->headers = headers;
    request->header_count = n;
}

static void take_retry(th_orch *o, th__http_request *request, const th_http *how,
                       const char *caller)
{
    const char *problem = how->retry.max_attempts ? th__retry_problem(&how->retry) : NULL;

    if (problem)
        th__session_misuse(o, "%s: %s", caller, problem);
    if (how->retry.handler) /* tries are made without the orchestrator, maybe in another process */
        th__session_misuse(o, "%s: the retry policy of an HTTP call can't have a handler", caller);
    request->retry = how->retry;
    request->statuses = how->retry_statuses;
    while (request->statuses && request->statuses[request->status_count])
        request->status_count++;
}

static void take_how(th_orch *o, th__http_request *request, const th_http *how, const char *caller)
{
    take_headers(o, request, how->headers, caller);
    take_retry(o, request, how, caller);
    request->polls = !how->no_polling;
    if (how->timeout < 0)
        th__session_misuse(o, "%s: timeout must not be negative", caller);
    if (how->timeout)
        request->timeout_us = how->timeout;
}

static const char *request_text(th_orch *o, const th__http_request *request)
{
    th_buf out = TH_BUF_INIT;

    th__http_request_write(&out, request);
    const char *text = th_strndup(o->scope.arena, out.data, out.len);
    th_buf_free(&out);
    return text;
}

static th_task *schedule(th_orch *o, const char *method, const char *url, const char *body,
                         const th_http *how, const char *caller)
{
    th__http_request request = { .polls = true, .timeout_us = TH__HTTP_TIMEOUT, .attempt = 1 };
    th_action action = { .kind = TH_ACT_TASK, .event = th_event_of(TH_TaskScheduled) };

    th__may_step(o, caller);
    if (!method || !url)
        th__session_misuse(o, "%s: the %s is NULL", caller, method ? "url" : "method");
    const char *problem = th__http_method_problem(method);
    if (problem)
        th__session_misuse(o, "%s: the method %s", caller, problem);
    check_text(o, url, "url", caller);
    if (body)
        check_text(o, body, "body", caller);
    request.method = method;
    request.uri = url;
    request.content = body;
    request.content_len = body ? strlen(body) : 0;
    if (how)
        take_how(o, &request, how, caller);
    action.event.name = TH__HTTP_ACTIVITY;
    action.event.payload = request_text(o, &request);

    th_task *task = th__task_new(o, TH__TASK_ACTIVITY);
    th__session_act(o, &action, task, false);
    return task;
}

th_task *th_schedule_http(th_orch *o, const char *method, const char *url, const char *body,
                          const th_http *how)
{
    return schedule(o, method, url, body, how, "th_schedule_http");
}

const char *th_call_http(th_orch *o, const char *method, const char *url, const char *body,
                         const th_http *how)
{
    return th_await(o, schedule(o, method, url, body, how, "th_call_http"));
}

/* ---- answers --------------------------------------------------------------------------------- */

int th_http_status(const char *answer)
{
    int64_t status = th_get_int(answer, "statusCode", 0);

    return status >= 100 && status <= 999 ? (int)status : 0;
}

const char *th_http_content(void *ctx, const char *answer)
{
    return th_get_string(ctx, answer, "content", "");
}

const char *th_http_header(void *ctx, const char *answer, const char *name)
{
    const char *headers = name ? th_get_json(ctx, answer, "headers") : NULL;
    const char *value = headers ? th__json_any_case(headers, name) : NULL;

    if (value && *value == '[') /* several */
        value = th_get_element(ctx, value, 0);
    return th_get_string(ctx, value, NULL, NULL);
}
