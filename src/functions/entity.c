/*
 * entity.c - operations of an entity run in a worker, all in one call.
 */
#include <stdlib.h>
#include <string.h>

#include "base/entity_id.h"
#include "base/json.h"
#include "functions/context.h"
#include "functions/functions_int.h"
#include "functions/suspects.h"

typedef struct entity {
    th__call call; /* first */
    th_functions *functions;
    th_token token;
    size_t op_count;
    char *state; /* as it was; NULL: none */
} entity;

/* ---- the question -----------------------------------------------------------------------------
 */

/* The Python SDK decodes an input twice, whoever sent it. */
static void put_input(th_buf *out, const char *input, th__language language)
{
    th_buf twice = TH_BUF_INIT;

    if (input && language == TH__PYTHON && !th__holds_json(input)) {
        th_buf_json_str(&twice, input);
        input = twice.data;
    }
    th_buf_json_str(out, input);
    th_buf_free(&twice);
}

static void put_op(th_buf *out, const th_entity_op *op, th__language language)
{
    th_buf_str(out, "{\"name\":");
    th_buf_json_str(out, op->name);
    th_buf_str(out, ",\"input\":");
    put_input(out, op->input, language);
    th_buf_str(out, op->is_signal ? ",\"isSignal\":true}" : ",\"isSignal\":false}");
}

static void put_batch(th_buf *out, const th_entity_item *item, th__language language)
{
    th_buf_str(out, "{\"self\":{\"name\":");
    th_buf_json_str(out, item->name);
    th_buf_str(out, ",\"key\":");
    th_buf_json_str(out, item->key);
    th_buf_str(out, item->state ? "},\"exists\":true,\"state\":" : "},\"exists\":false,\"state\":");
    th_buf_json_str(out, item->state);
    th_buf_str(out, ",\"batch\":[");
    for (size_t i = 0; i < item->op_count; i++) {
        if (i)
            th_buf_chr(out, ',');
        put_op(out, &item->ops[i], language);
    }
    th_buf_str(out, "]}");
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* Text of a member: a string's content, JSON of what is no string; NULL: absent or null. */
static const char *text_in(th_arena *arena, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return th_strndup(arena, json_string_value(value), json_string_length(value));
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = th_strdup(arena, text);
    free(text);
    return copy;
}

/* What a failed operation says: JSON text of a message, or of an error. */
static const char *failure_of(th_arena *arena, const char *result)
{
    json_t *value = NULL;
    th_buf out = TH_BUF_INIT;

    if (!result || th_json_parse(result, strlen(result), 0, &value, NULL) != TH_OK)
        value = NULL;
    th__failure_json(&out, "Error",
                     json_is_string(value) ? json_string_value(value)
                     : result              ? result
                                           : "",
                     NULL);
    const char *text = th_strdup(arena, out.data);
    th_buf_free(&out);
    json_decref(value);
    return text;
}

static th_entity_result result_of(th_arena *arena, const json_t *result)
{
    const char *text = text_in(arena, result, "result");

    if (json_is_true(json_object_get(result, "isError")))
        return (th_entity_result){ .failure = failure_of(arena, text) };
    if (text && !th_json_valid(text, strlen(text), NULL))
        return (th_entity_result){ .failure = failure_of(arena, "\"the result is not JSON\"") };
    return (th_entity_result){ .output = text };
}

static void take_results(th_arena *arena, const json_t *list, th_entity_answer *answer)
{
    size_t n = json_array_size(list);
    th_entity_result *results = th_new(arena, th_entity_result, n + 1);

    for (size_t i = 0; i < n; i++)
        results[i] = result_of(arena, json_array_get(list, i));
    answer->results = results;
    answer->result_count = n;
}

static void take_signals(th_arena *arena, const json_t *list, th_entity_answer *answer)
{
    size_t n = json_array_size(list);
    th_entity_action *actions = th_new(arena, th_entity_action, n + 1);

    for (size_t i = 0; i < n; i++) {
        const json_t *signal = json_array_get(list, i), *target = json_object_get(signal, "target");
        const char *name = text_in(arena, target, "name"), *key = text_in(arena, target, "key");
        const char *operation = text_in(arena, signal, "name");
        const char *input = text_in(arena, signal, "input");
        if (!name || !key)
            continue;
        actions[answer->action_count++] =
            (th_entity_action){ .kind = TH_ENTITY_SIGNALS,
                                .target = th_entity_id_make(arena, name, key),
                                .name = operation ? operation : "",
                                .input = input && *input ? input : NULL };
    }
    answer->actions = actions;
}

/* All operations fail alike, and the state stays: that takes an answer for each. */
static void fail_all(th_arena *arena, const entity *e, const char *failure,
                     th_entity_answer *answer)
{
    th_entity_result *results = th_new(arena, th_entity_result, e->op_count + 1);

    for (size_t i = 0; i < e->op_count; i++)
        results[i].failure = failure;
    answer->results = results;
    answer->result_count = e->op_count;
    answer->state = e->state;
}

static bool take_state(th_arena *arena, const json_t *root, th_entity_answer *answer)
{
    const char *state = text_in(arena, root, "entityState");

    if (!json_is_true(json_object_get(root, "entityExists")))
        return true;
    answer->state = state;
    return !state || th_json_valid(state, strlen(state), NULL);
}

static bool take_answer(th_arena *arena, const entity *e, const th__outcome *outcome,
                        th_entity_answer *answer)
{
    size_t n = 0;
    const char *text = th__typed_text(outcome->value, &n);
    json_t *root = NULL;
    bool good = text && th_json_parse(text, n, 0, &root, NULL) == TH_OK;
    size_t count = json_array_size(json_object_get(root, "results"));

    good = good && count > 0 && count <= e->op_count && take_state(arena, root, answer);
    if (good) {
        take_results(arena, json_object_get(root, "results"), answer);
        take_signals(arena, json_object_get(root, "signals"), answer);
    }
    json_decref(root);
    return good;
}

static const char *thrown(th_arena *arena, const th__outcome *outcome)
{
    th_buf out = TH_BUF_INIT;

    th__failure_json(&out, outcome->type, outcome->message, outcome->stack);
    const char *text = th_strdup(arena, out.data);
    th_buf_free(&out);
    return text;
}

static void answered(th__call *call, const th__outcome *outcome)
{
    entity *e = (entity *)call;
    th_arena *arena = th_arena_new(0);
    th_entity_answer answer = { .token = e->token, .kind = TH_ANSWER_DONE };

    if (outcome->end == TH__LOST)
        answer.kind = TH_ANSWER_LOST;
    else if (outcome->end == TH__THREW)
        fail_all(arena, e, thrown(arena, outcome), &answer);
    else if (!take_answer(arena, e, outcome, &answer))
        fail_all(arena, e, failure_of(arena, "\"the entity's answer can't be read\""), &answer);
    th_engine_entity_answered(e->functions->engine, &answer);
    th_arena_free(arena);
    th__call_clear(call);
    free(e->state);
    free(e);
}

void th__entity_start(void *self, const th_entity_item *item)
{
    th_functions *functions = self;
    const th__function *f = th__table_find(functions->table, TH__ENTITY, item->name);
    th_buf batch = TH_BUF_INIT;

    if (!f) {
        th_entity_answer answer = { .token = item->token,
                                    .kind = TH_ANSWER_ABANDONED,
                                    .delay_us = 1000000 };
        th_engine_entity_answered(functions->engine, &answer);
        return;
    }
    entity *e = th_malloc(sizeof *e);
    e->functions = functions;
    e->token = item->token;
    e->op_count = item->op_count;
    e->state = th_mstrdup(item->state);
    e->call.done = answered;
    e->call.key = th__suspect_key(item->entity_id, "", 0);
    put_batch(&batch, item, functions->app.language);
    th__call_begin(&e->call, f);
    th__call_text(&e->call, f->parameter, batch.data, batch.len);
    th__call_end(&e->call, NULL, NULL);
    th_buf_free(&batch);
    th__crew_submit(functions->crew, &e->call);
}
