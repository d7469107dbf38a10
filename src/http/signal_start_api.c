/*
 * signal_start_api.c - an event for an instance that is started first where none lives. Not of the
 * Durable Functions API.
 *
 * The body is {"event": ..., "input": ...}: the event's payload, and the input in case it is
 * started; both may be missing.
 */
#include "http/http_int.h"

#include <string.h>

#include "base/json.h"
#include "http/render.h"
#include "store/signal_start.h"

#define MAX_NAME 256

static th_rc check_keys(const json_t *root, th_error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(root))
        return th_fail(err, TH_INVALID, "The body must be a JSON object.");
    json_object_foreach ((json_t *)(uintptr_t)root, key, value) {
        if (strcmp(key, "event") != 0 && strcmp(key, "input") != 0)
            return th_fail(err, TH_INVALID, "%.60s: the body has event and input only.", key);
    }
    return TH_OK;
}

/* From the text, so that it is kept byte for byte. */
static const char *member(const th__request *r, const char *name)
{
    const char *text;
    size_t n;

    if (!r->body.len || !th_json_member(r->body.data, r->body.len, name, &text, &n))
        return NULL;
    return th_strndup(r->arena, text, n);
}

static const char *compact(th__request *r, const char *json)
{
    th_buf out = TH_BUF_INIT;
    const char *text;

    if (!json)
        return NULL;
    th_render_compact(&out, json, strlen(json));
    text = th_strndup(r->arena, out.data, out.len);
    th_buf_free(&out);
    return text;
}

static th_rc signal_job(th__request *r, th_db *db, th_error *err)
{
    th_signal_start request = { .name = r->name,
                                .instance_id = r->instance_id,
                                .event_name = r->route.args[2],
                                .payload = compact(r, member(r, "event")),
                                .input = member(r, "input"),
                                .version = r->version,
                                .tags = r->tags,
                                .message_id = r->text };

    return th_signal_with_start(db, r->hub->name, &request, NULL, err);
}

static void answer_started(th__request *r)
{
    r->finish = th__payload_finish;
    th__request_done(r);
}

static void signal_if_known(th__request *r)
{
    if (r->is_known) {
        th__pool_run(r, signal_job, answer_started);
        return;
    }
    th__answer_invalid(r, th__start_unknown(r));
    th__request_done(r);
}

static const char *problem(th__request *r)
{
    json_t *root = NULL;
    th_error err = { 0 };
    th_rc rc = TH_OK;

    if (strlen(r->route.args[2]) > MAX_NAME)
        return "The name of the event is longer than 256 bytes.";
    if (r->body.len) {
        rc = th_json_parse(r->body.data, r->body.len, 0, &root, &err);
        r->bad_json = rc != TH_OK;
        if (rc == TH_OK)
            rc = check_keys(root, &err);
        json_decref(root);
    }
    if (rc != TH_OK)
        return th_strdup(r->arena, err.text);
    return th__start_problem(r);
}

void th__signal_start(th__request *r)
{
    const char *wrong;

    r->name = r->route.args[0];
    r->instance_id = r->route.args[1];
    wrong = problem(r);
    if (!wrong) {
        r->text = th__start_new_id(r->arena); /* of the message: the job may run twice */
        th__known_then(r, TH_ITEM_ORCHESTRATOR, r->name, r->version, signal_if_known);
        return;
    }
    if (r->bad_json)
        th__answer_bad_json(r, wrong);
    else
        th__answer_invalid(r, wrong);
    th__request_done(r);
}
