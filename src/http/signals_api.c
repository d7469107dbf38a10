/*
 * signals_api.c - raise an event, terminate, suspend, resume, rewind. 202 means that the message is
 * committed.
 */
#include "http/http_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "http/render.h"

#define MAX_NAME 256

static const char only_json[] = "Only application/json request content is supported";

static void answer_no_change(th__request *r)
{
    const char *text = th_sprintf(
        r->arena, "Cannot %s the orchestration instance %s because instance is in the %s state.",
        r->route.id == TH_ROUTE_SUSPEND ? "suspend" : "resume", r->instance_id,
        th_status_name(r->route.id == TH_ROUTE_SUSPEND ? TH_SUSPENDED : r->instance_status));

    th__answer_error(r, 500, "Something went wrong while processing your request", text,
                     "System.InvalidOperationException");
}

static void answer_missing(th__request *r)
{
    if (r->route.id == TH_ROUTE_REWIND)
        th__answer_string(
            r, 404, th_sprintf(r->arena, "No instance with ID %s was found.", r->instance_id));
    else
        th__answer_empty(r, 404);
}

static void answer_not_failed(th__request *r)
{
    th__answer_string(r, 412,
                      th_sprintf(r->arena,
                                 "The instance '%s' has the status %s; only a Failed one can be "
                                 "rewound.",
                                 r->instance_id, th_status_name(r->instance_status)));
}

static void finish(th__request *r)
{
    if (r->rc == TH_OK)
        th__answer_empty(r, 202);
    else if (r->rc == TH_NO_CHANGE)
        answer_no_change(r);
    else if (r->rc == TH_NOT_FOUND)
        answer_missing(r);
    else if (r->rc == TH_NOT_FAILED)
        answer_not_failed(r);
    else
        th__answer_rc(r, r->rc, r->text);
}

static void signalled(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    r->rc = answer->rc;
    r->instance_status = answer->status;
    /* A resume that changes nothing finds the instance running, also where a queued resume is what
     * makes it so. */
    if (r->route.id == TH_ROUTE_RESUME && (answer->status == TH_SUSPENDED || answer->status < 0))
        r->instance_status = TH_RUNNING;
    r->text = th_strdup(r->arena, answer->text);
    r->finish = finish;
    th__request_done(r);
}

static void submit(th__request *r, const th_signal_request *request)
{
    th__request_wait(r);
    th_front_signal(r->server->options.front, r->hub, request, signalled, r);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";

    if (!type)
        return false;
    type += strspn(type, " ");
    if (strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    type += sizeof json - 1;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

/* NULL: fine; else what is wrong with the event, with *is_json for the kind of answer. */
static const char *event_problem(th__request *r, bool *is_json)
{
    th_error err = { 0 };

    *is_json = false;
    if (!is_json_type(th__request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE)))
        return only_json;
    *is_json = true;
    if (!r->body.len)
        return "The body is empty; it must be one JSON value";
    if (!th_json_valid(r->body.data, r->body.len, &err))
        return th_strdup(r->arena, err.text);
    return NULL;
}

/* The event is bad, but that an instance is missing or finished is what counts first. */
static void looked(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc != TH_OK)
        th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
    else if (th_status_is_terminal(answer->instance->status))
        th__answer_empty(r, 410);
    else if (r->text == only_json)
        th__answer_message(r, 400, only_json);
    else if (r->bad_json)
        th__answer_bad_json(r, r->text);
    else
        th__answer_invalid(r, r->text);
    th__request_done(r);
}

static void raise_event(th__request *r)
{
    th_signal_request request = { .kind = TH_SIGNAL_RAISE,
                                  .instance_id = r->instance_id,
                                  .event_name = r->route.args[1] };
    th_buf compact = TH_BUF_INIT;

    r->text = event_problem(r, &r->bad_json);
    if (!r->text && strlen(request.event_name) > MAX_NAME) {
        r->text = "The name of the event is longer than 256 bytes.";
        r->bad_json = false;
    }
    if (r->text) {
        th__request_wait(r);
        th_front_get(r->server->options.front, r->hub, r->instance_id, looked, r);
        return;
    }
    th_render_compact(&compact, r->body.data, r->body.len);
    request.payload = compact.data;
    submit(r, &request);
    th_buf_free(&compact); /* the front has a copy */
}

/* ---- control ----------------------------------------------------------------------------------
 */

static th_signal_kind kind_of(th_route_id id)
{
    if (id == TH_ROUTE_TERMINATE)
        return TH_SIGNAL_TERMINATE;
    if (id == TH_ROUTE_REWIND)
        return TH_SIGNAL_REWIND;
    return id == TH_ROUTE_SUSPEND ? TH_SIGNAL_SUSPEND : TH_SIGNAL_RESUME;
}

void th__signal(th__request *r)
{
    th_signal_request request;

    r->instance_id = r->route.args[0];
    if (!r->hub) {
        answer_missing(r);
        th__request_done(r);
        return;
    }
    if (r->route.id == TH_ROUTE_RAISE) {
        raise_event(r);
        return;
    }
    request = (th_signal_request){ .kind = kind_of(r->route.id),
                                   .instance_id = r->instance_id,
                                   .payload = th_query_text(&r->query, r->arena, "reason"),
                                   .by_hand = true,
                                   .key_name = r->key_name };
    submit(r, &request);
}
