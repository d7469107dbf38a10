/*
 * steps.c - see steps.h.
 */
#include "functions/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/entity_id.h"
#include "base/json.h"

#define LONGEST_DELAY_MS INT64_C(315360000000000) /* ten thousand years */

enum { MAX_STEPS = 1 << 24, MAX_NAME = 256, MOST_LOCKS = 1000 };

typedef struct reader {
    th_arena *arena;
    th__steps *out;
    size_t step_cap, wait_cap;
    const char **locked; /* entities of the last lock, until it is released */
    size_t locked_count;
    const char *section;
    th_error *err;
} reader;

/* ---- members ----------------------------------------------------------------------------------
 */

static const char *text_in(const json_t *action, const char *key)
{
    const json_t *value = json_object_get(action, key);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* A member as JSON text; NULL: absent or null. */
static const char *json_in(reader *r, const json_t *action, const char *key)
{
    const json_t *value = json_object_get(action, key);

    if (!value || json_is_null(value))
        return NULL;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = text ? th_strdup(r->arena, text) : NULL;
    free(text);
    return copy;
}

/* An activity's input that is a string is stored as its content: JSON written once. */
static const char *activity_input(reader *r, const json_t *action)
{
    const char *content = text_in(action, "input");

    if (content && th_json_valid(content, strlen(content), NULL))
        return th_strdup(r->arena, content);
    return json_in(r, action, "input");
}

static th_rc take_name(reader *r, const json_t *action, const char *key, const char **out)
{
    const char *name = text_in(action, key);

    if (!name || !*name)
        return th_fail(r->err, TH_INVALID, "an action of the SDK has no '%s'", key);
    if (strlen(name) > MAX_NAME * 4)
        return th_fail(r->err, TH_INVALID, "'%s' of an action is longer than %d bytes", key,
                       MAX_NAME * 4);
    *out = th_strdup(r->arena, name);
    return TH_OK;
}

static double number_in(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : fallback;
}

static int64_t clamp_ms(double ms)
{
    if (!(ms > 0))
        return 0;
    return ms > (double)LONGEST_DELAY_MS ? LONGEST_DELAY_MS : (int64_t)ms;
}

static th_rc take_retry(reader *r, const json_t *action, th__retry_options *out)
{
    const json_t *options = json_object_get(action, "retryOptions");
    double attempts = number_in(options, "maxNumberOfAttempts", 0);

    if (!(attempts >= 1))
        return th_fail(r->err, TH_INVALID,
                       "retryOptions: maxNumberOfAttempts must be a number from 1 on");
    out->attempts = attempts > INT32_MAX ? INT32_MAX : (int32_t)attempts;
    out->first_ms = clamp_ms(number_in(options, "firstRetryIntervalInMilliseconds", 0));
    out->most_ms = clamp_ms(number_in(options, "maxRetryIntervalInMilliseconds", 0));
    out->factor = number_in(options, "backoffCoefficient", 1);
    if (!isfinite(out->factor) || out->factor <= 0)
        out->factor = 1;
    return TH_OK;
}

int64_t th__retry_delay_us(const th__retry_options *retry, int32_t failed)
{
    double ms = (double)retry->first_ms * pow(retry->factor, failed - 1);

    if (retry->most_ms && ms > (double)retry->most_ms)
        ms = (double)retry->most_ms;
    return clamp_ms(ms) * 1000;
}

/* ---- one action -------------------------------------------------------------------------------
 */

static th__step *push_step(reader *r)
{
    th__steps *s = r->out;

    if (s->count == r->step_cap) {
        size_t cap = r->step_cap ? 2 * r->step_cap : 8;
        th__step *more = th_new(r->arena, th__step, cap);
        if (s->count)
            memcpy(more, s->list, s->count * sizeof *more);
        s->list = more;
        r->step_cap = cap;
    }
    return &s->list[s->count++];
}

static th_rc push_wait(reader *r, const json_t *action)
{
    th__steps *s = r->out;
    const char *name;

    th_rc rc = take_name(r, action, "externalEventName", &name);
    if (rc != TH_OK)
        return rc;
    if (s->wait_count == r->wait_cap) {
        size_t cap = r->wait_cap ? 2 * r->wait_cap : 8;
        const char **more = th_new(r->arena, const char *, cap);
        if (s->wait_count)
            memcpy(more, s->waits, s->wait_count * sizeof *more);
        s->waits = more;
        r->wait_cap = cap;
    }
    s->waits[s->wait_count++] = name;
    return TH_OK;
}

static th_rc take_time(reader *r, const json_t *action, bool required, th__step *step)
{
    const char *text = text_in(action, "fireAt");

    if (!text && !required)
        return TH_OK;
    if (!text || !th_iso_parse(text, &step->due_us))
        return th_fail(r->err, TH_INVALID, "fireAt of an action must be a time");
    step->fire_at = th_strdup(r->arena, text);
    return TH_OK;
}

static th_rc read_call(reader *r, const json_t *action, th__step *step)
{
    bool child = step->type == TH__CALL_CHILD || step->type == TH__CALL_CHILD_RETRY;
    bool retried = step->type == TH__CALL_ACTIVITY_RETRY || step->type == TH__CALL_CHILD_RETRY;
    th_rc rc = take_name(r, action, "functionName", &step->name);

    if (rc == TH_OK && retried)
        rc = take_retry(r, action, &step->retry);
    if (rc != TH_OK)
        return rc;
    step->input = child ? json_in(r, action, "input") : activity_input(r, action);
    if (!child)
        return TH_OK;
    const char *instance = text_in(action, "instanceId"), *version = text_in(action, "version");
    step->instance = instance && *instance ? th_strdup(r->arena, instance) : NULL;
    step->version = version && *version ? th_strdup(r->arena, version) : NULL;
    return TH_OK;
}

static th_rc read_entity(reader *r, const json_t *action, th__step *step)
{
    const char *operation = text_in(action, "operation");
    th_rc rc = take_name(r, action, "instanceId", &step->name);

    if (rc != TH_OK)
        return rc;
    step->operation = th_strdup(r->arena, operation ? operation : "");
    step->input = json_in(r, action, "input");
    return take_time(r, action, false, step);
}

static th_rc read_timer(reader *r, const json_t *action, th__step *step)
{
    step->name = "";
    step->cancelled = json_is_true(json_object_get(action, "isCanceled"));
    return take_time(r, action, true, step);
}

static th_rc read_http(reader *r, const json_t *action, th__step *step)
{
    step->name = "BuiltIn::HttpActivity";
    step->input = json_in(r, action, "httpRequest");
    return step->input ? TH_OK : th_fail(r->err, TH_INVALID, "callHttp has no 'httpRequest'");
}

/* ---- locks ------------------------------------------------------------------------------------
 */

static th_rc read_locked(reader *r, const json_t *entity, const char **out)
{
    const char *name = text_in(entity, "name"), *key = text_in(entity, "key");
    const char *problem = th_entity_id_problem(name, key);

    if (problem)
        return th_fail(r->err, TH_INVALID, "lockSet: the %s", problem);
    *out = th_entity_id_make(r->arena, name, key);
    return TH_OK;
}

static const char *lock_set(const reader *r)
{
    th_buf out = TH_BUF_INIT;

    for (size_t i = 0; i < r->locked_count; i++) {
        th_buf_chr(&out, i ? ',' : '[');
        th_buf_json_str(&out, r->locked[i]);
    }
    th_buf_chr(&out, ']');
    const char *text = th_strdup(r->arena, out.data);
    th_buf_free(&out);
    return text;
}

static th_rc read_lock(reader *r, const json_t *action)
{
    const json_t *set = json_object_get(action, "lockSet");
    size_t n = json_array_size(set);
    th__step step = { .type = TH__LOCK_ENTITIES };

    if (n == 0 || n > MOST_LOCKS)
        return th_fail(r->err, TH_INVALID, "lockSet must have 1 to %d entities", MOST_LOCKS);
    th_rc rc = take_name(r, action, "lockRequestId", &r->section);
    r->locked = th_new(r->arena, const char *, n);
    for (r->locked_count = 0; r->locked_count < n && rc == TH_OK; r->locked_count++)
        rc = read_locked(r, json_array_get(set, r->locked_count), &r->locked[r->locked_count]);
    if (rc != TH_OK)
        return rc;
    step.name = lock_set(r);
    step.section = r->section;
    *push_step(r) = step;
    return TH_OK;
}

/* A step for each entity: that many ids are taken. */
static void read_release(reader *r)
{
    for (size_t i = 0; i < r->locked_count; i++)
        *push_step(r) =
            (th__step){ .type = TH__RELEASE_ENTITIES, .name = r->locked[i], .section = r->section };
    r->locked_count = 0;
}

/* ---- any --------------------------------------------------------------------------------------
 */

static th_rc read_step(reader *r, const json_t *action, json_int_t type)
{
    th__step step = { .type = (th__step_type)type };
    th_rc rc = TH_OK;

    switch (type) {
    case TH__CALL_ACTIVITY:
    case TH__CALL_ACTIVITY_RETRY:
    case TH__CALL_CHILD:
    case TH__CALL_CHILD_RETRY:
        rc = read_call(r, action, &step);
        break;
    case TH__CREATE_TIMER:
        rc = read_timer(r, action, &step);
        break;
    case TH__CALL_ENTITY:
    case TH__SIGNAL_ENTITY:
    case TH__SIGNAL_ENTITY_LATER:
        rc = read_entity(r, action, &step);
        break;
    case TH__CALL_HTTP:
        rc = read_http(r, action, &step);
        break;
    default:
        return th_fail(r->err, TH_INVALID, "an action of type %lld can't be carried out here",
                       (long long)type);
    }
    if (rc == TH_OK)
        *push_step(r) = step;
    return rc;
}

/* ---- the tree ---------------------------------------------------------------------------------
 */

static th_rc read_actions(reader *r, const json_t *list);

static th_rc read_action(reader *r, const json_t *action)
{
    const json_t *type = json_object_get(action, "actionType");

    if (json_is_array(action)) /* what older SDKs yielded together */
        return read_actions(r, action);
    if (!json_is_integer(type))
        return th_fail(r->err, TH_INVALID, "an action of the SDK has no 'actionType'");
    if (r->out->count >= MAX_STEPS)
        return th_fail(r->err, TH_INVALID, "more than %d actions", MAX_STEPS);
    switch (json_integer_value(type)) {
    case TH__WHEN_ANY:
    case TH__WHEN_ALL:
        return read_actions(r, json_object_get(action, "compoundActions"));
    case TH__CONTINUE_AS_NEW:
        r->out->renews = true;
        r->out->new_input = json_in(r, action, "input");
        return TH_OK;
    case TH__WAIT_EVENT:
        return push_wait(r, action);
    case TH__LOCK_ENTITIES:
        return read_lock(r, action);
    case TH__RELEASE_ENTITIES:
        read_release(r);
        return TH_OK;
    default:
        return read_step(r, action, json_integer_value(type));
    }
}

static th_rc read_actions(reader *r, const json_t *list)
{
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n; i++) {
        th_rc rc = read_action(r, json_array_get(list, i));
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* As it stands in the text, so that no number loses a digit. */
static const char *raw_in(reader *r, const char *text, size_t n, const char *key)
{
    const char *value;
    size_t len;

    if (!th_json_member(text, n, key, &value, &len) || (len == 4 && memcmp(value, "null", 4) == 0))
        return NULL;
    return th_strndup(r->arena, value, len);
}

th_rc th__steps_read(th_arena *arena, const char *text, size_t n, th__steps *out, th_error *err)
{
    reader r = { .arena = arena, .out = out, .err = err };
    json_t *root = NULL;

    *out = (th__steps){ 0 };
    th_rc rc = th_json_parse(text, n, 0, &root, err);
    if (rc == TH_OK && !json_is_object(root))
        rc = th_fail(err, TH_INVALID, "the answer of an orchestrator is no JSON object");
    if (rc != TH_OK)
        goto done;
    out->done = json_is_true(json_object_get(root, "isDone"));
    out->output = raw_in(&r, text, n, "output");
    out->status = raw_in(&r, text, n, "customStatus");
    out->error = th_strdup(arena, text_in(root, "error"));
    rc = read_actions(&r, json_object_get(root, "actions"));

done:
    json_decref(root);
    return rc;
}
