/*
 * call.c - see call.h.
 */
#include "functions/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "functions/frame.h"

void th__call_begin(th__call *call, const th__function *f)
{
    char id[TH_UUID_TEXT];

    call->is_step = f->trigger == TH__ORCHESTRATION || f->trigger == TH__ENTITY;
    call->id = th_uuid_random();
    th_uuid_text(&call->id, id);
    th__frame_begin(&call->frame);
    th_buf_printf(&call->frame,
                  "{\"invocation_request\":{\"invocation_id\":\"%s\",\"function_id\":", id);
    th_buf_json_str(&call->frame, f->id);
    th_buf_str(&call->frame, ",\"input_data\":[");
}

th_buf *th__call_raw(th__call *call, const char *name)
{
    if (call->open)
        th_buf_str(&call->frame, "},");
    call->open = true;
    th_buf_str(&call->frame, "{\"name\":");
    th_buf_json_str(&call->frame, name);
    th_buf_str(&call->frame, ",\"data\":");
    return &call->frame;
}

static void put_member(th__call *call, const char *name, const char *key, const char *text,
                       size_t n)
{
    th_buf *out = th__call_raw(call, name);

    th_buf_str(out, key);
    th_buf_json(out, text, n);
    th_buf_chr(out, '}');
}

void th__call_text(th__call *call, const char *name, const char *text, size_t n)
{
    put_member(call, name, "{\"string\":", text, n);
}

void th__call_json(th__call *call, const char *name, const char *text)
{
    put_member(call, name, "{\"json\":", text, strlen(text));
}

static void put_trace(th_buf *out, const char *trace)
{
    th_arena *arena = th_arena_new(0);
    const char *parent, *state;

    th_trace_read(arena, trace, &parent, &state);
    if (parent) {
        th_buf_str(out, ",\"trace_context\":{\"trace_parent\":");
        th_buf_json_str(out, parent);
        th_buf_str(out, ",\"trace_state\":");
        th_buf_json_str(out, state ? state : "");
        th_buf_str(out, ",\"attributes\":{}}");
    }
    th_arena_free(arena);
}

void th__call_end(th__call *call, const char *metadata, const char *trace)
{
    th_buf_str(&call->frame, call->open ? "}]" : "]");
    if (metadata) {
        th_buf_str(&call->frame, ",\"trigger_metadata\":");
        th_buf_str(&call->frame, metadata);
    }
    if (trace)
        put_trace(&call->frame, trace);
    th_buf_str(&call->frame, "}}");
    th__frame_end(&call->frame);
}

void th__call_clear(th__call *call)
{
    th_buf_free(&call->frame);
    call->open = false;
}

void th__call_lost(th__call *call, const char *why)
{
    th__outcome outcome = { .end = TH__LOST, .type = "WorkerLost", .message = why, .stack = "" };

    call->done(call, &outcome);
}

void th__call_given_up(th__call *call, int deaths)
{
    char text[200];
    th__outcome outcome = {
        .end = TH__THREW, .type = "WorkerCrashed", .message = text, .stack = ""
    };

    snprintf(text, sizeof text, "it was given up: the worker process died %d times while it ran",
             deaths);
    call->done(call, &outcome);
}

void th__call_late(th__call *call)
{
    th__outcome outcome = { .end = TH__LATE,
                            .type = "Timeout",
                            .message = "it took longer than functionTimeout allows",
                            .stack = "" };

    call->done(call, &outcome);
}

/* ---- what came back ---------------------------------------------------------------------------
 */

const char *th__typed_text(const json_t *typed, size_t *n)
{
    const json_t *value = json_object_get(typed, "json");

    if (!json_is_string(value))
        value = json_object_get(typed, "string");
    *n = json_string_length(value);
    return json_string_value(value);
}

static bool put_dumped(const json_t *value, th_buf *out)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!text)
        return false;
    th_buf_str(out, text);
    free(text);
    return true;
}

/* {"collection_string":{"string":[...]}} */
static const json_t *collection_of(const json_t *typed)
{
    static const char *const kinds[][2] = { { "collection_string", "string" },
                                            { "collection_double", "double" },
                                            { "collection_sint64", "sint64" } };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *list = json_object_get(json_object_get(typed, kinds[i][0]), kinds[i][1]);
        if (json_is_array(list))
            return list;
    }
    return NULL;
}

bool th__typed_json(const json_t *typed, th_buf *out)
{
    static const char *const plain[] = { "string", "int", "double", "bytes" };
    const json_t *json = json_object_get(typed, "json"), *list;

    if (json_is_string(json)) {
        th_buf_add(out, json_string_value(json), json_string_length(json));
        return json_string_length(json) > 0;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const json_t *value = json_object_get(typed, plain[i]);
        if (json_is_string(value) || json_is_number(value))
            return put_dumped(value, out);
    }
    list = collection_of(typed);
    return list && put_dumped(list, out);
}
