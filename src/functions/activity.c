/*
 * activity.c - an activity runs in a worker.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "functions/functions_int.h"
#include "functions/suspects.h"

typedef struct activity {
    th__call call; /* first */
    th_functions *functions;
    th_token token;
} activity;

/* The result's JSON text in out; NULL: none. What is not JSON is passed on as a string. */
static const char *result_of(const th__outcome *outcome, th_buf *out)
{
    th_buf quoted = TH_BUF_INIT;

    if (!th__typed_json(outcome->value, out) || strcmp(out->data, "null") == 0)
        return NULL;
    if (!th_json_valid(out->data, out->len, NULL)) {
        th_buf_json(&quoted, out->data, out->len);
        th_buf_free(out);
        *out = quoted;
    }
    return out->data;
}

static void answered(th__call *call, const th__outcome *outcome)
{
    activity *a = (activity *)call;
    th_activity_answer answer = { .token = a->token, .kind = TH_ANSWER_DONE };
    th_buf text = TH_BUF_INIT;

    if (outcome->end == TH__LOST) {
        answer.kind = TH_ANSWER_LOST;
    } else if (outcome->end == TH__THREW) {
        th__failure_json(&text, outcome->type, outcome->message, outcome->stack);
        answer.failure = text.data;
    } else {
        answer.result = result_of(outcome, &text);
    }
    th_engine_activity_answered(a->functions->engine, &answer);
    th_buf_free(&text);
    th__call_clear(call);
    free(a);
}

static void put_metadata(th_buf *out, const th_activity_item *item)
{
    th_buf_str(out, "{\"instanceId\":{\"string\":");
    th_buf_json_str(out, item->instance_id);
    th_buf_str(out, "}}");
}

static void answer_unknown(th_functions *functions, const th_activity_item *item)
{
    th_buf failure = TH_BUF_INIT, message = TH_BUF_INIT;

    th_buf_printf(&message, "no function of this app is an activity '%s'",
                  item->name ? item->name : "");
    th__failure_json(&failure, "FunctionNotFound", message.data, NULL);
    th_activity_answer answer = { .token = item->token,
                                  .kind = TH_ANSWER_DONE,
                                  .failure = failure.data };
    th_engine_activity_answered(functions->engine, &answer);
    th_buf_free(&failure);
    th_buf_free(&message);
}

void th__activity_run(void *self, const th_activity_item *item)
{
    th_functions *functions = self;
    const th__function *timer = th__timer_named(functions, item->name);
    const th__function *f =
        timer ? timer : th__table_find(functions->table, TH__ACTIVITY, item->name);
    th_buf metadata = TH_BUF_INIT;

    if (!f) {
        answer_unknown(functions, item);
        return;
    }
    if (!th__can_call(functions, f)) {
        th_activity_answer later = { .token = item->token,
                                     .kind = TH_ANSWER_ABANDONED,
                                     .delay_us = 200000 };
        th_engine_activity_answered(functions->engine, &later);
        return;
    }
    activity *a = th_malloc(sizeof *a);
    a->functions = functions;
    a->token = item->token;
    a->call.done = answered;
    a->call.key = th__suspect_key(item->instance_id, item->execution_id, item->seq);
    put_metadata(&metadata, item);
    th__call_begin(&a->call, f);
    if (timer)
        th__timer_input(&a->call, f, item->instance_id, item->input);
    else if (item->input)
        th__call_text(&a->call, f->parameter, item->input, strlen(item->input));
    else
        th_buf_str(th__call_raw(&a->call, f->parameter), "{}");
    th__put_clients(functions, &a->call, f);
    th__call_end(&a->call, metadata.data, item->trace);
    th_buf_free(&metadata);
    th__crew_submit(functions->crew, &a->call);
}
