/*
 * reply.c - replies as text. Numbers and texts of the body stand under the names of their fields.
 */
#include "engine/reply.h"

#include <jansson.h>
#include <string.h>

/* By kind; numbers may differ between versions of the program. */
static const char *const action_names[] = {
    [TH_ACT_TASK] = "task",
    [TH_ACT_TIMER] = "timer",
    [TH_ACT_CANCEL_TIMER] = "cancelTimer",
    [TH_ACT_CANCEL_TASK] = "cancelTask",
    [TH_ACT_CHILD] = "child",
    [TH_ACT_EVENT] = "event",
    [TH_ACT_ENTITY] = "entity",
};
static const char *const entity_action_names[] = {
    [TH_ENTITY_SIGNALS] = "signal",
    [TH_ENTITY_STARTS] = "start",
};
enum {
    ACTIONS = sizeof action_names / sizeof action_names[0],
    ENTITY_ACTIONS = sizeof entity_action_names / sizeof entity_action_names[0],
};

static bool is_cancel(th_action_kind kind)
{
    return kind == TH_ACT_CANCEL_TIMER || kind == TH_ACT_CANCEL_TASK;
}

/* ---- writing -------------------------------------------------------------------------------- */

void th_numbers_write(th_buf *out, const int64_t *numbers, size_t n)
{
    th_buf_chr(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            th_buf_chr(out, ',');
        th_buf_i64(out, numbers[i]);
    }
    th_buf_chr(out, ']');
}

static void add_text(th_buf *out, const char *key, const char *text)
{
    if (!text)
        return;
    th_buf_printf(out, ",\"%s\":", key);
    th_buf_json_str(out, text);
}

static void add_number(th_buf *out, const char *key, int64_t number)
{
    if (number)
        th_buf_printf(out, ",\"%s\":%lld", key, (long long)number);
}

void th_reply_begin(th_buf *body, const th_reply_head *head)
{
    th_buf_printf(body, "{\"item\":%lld", (long long)head->item);
    add_number(body, "t", head->t_us);
    add_text(body, "executor", head->executor);
    th_buf_str(body, ",\"taken\":");
    th_numbers_write(body, head->taken, head->taken_count);
}

void th_reply_add_flag(th_buf *body, const char *flag)
{
    th_buf_printf(body, ",\"%s\":true", flag);
}

void th_reply_add_failure(th_buf *body, const char *failure)
{
    add_text(body, "failure", failure);
}

void th_reply_end(th_buf *body)
{
    th_buf_chr(body, '}');
}

static void add_event(th_buf *payload, const th_event *event)
{
    if (payload->len > 1)
        th_buf_chr(payload, ',');
    th_event_write(payload, event);
}

static void add_action(th_buf *payload, th_buf *body, const th_action *a)
{
    th_buf_printf(body, "{\"kind\":\"%s\"", action_names[a->kind]);
    if (is_cancel(a->kind))
        th_buf_printf(body, ",\"cancel\":%d", (int)a->cancel_ref);
    else
        add_event(payload, &a->event);
    add_number(body, "due", a->due_us);
    add_number(body, "priority", a->priority);
    th_buf_chr(body, '}');
}

static void add_carry(th_buf *payload, th_buf *body, const th_completion *c)
{
    th_buf_str(body, ",\"carry\":[");
    for (size_t i = 0; i < c->carry_count; i++) {
        th_buf_printf(body, "%s%d", i ? "," : "", (int)c->carry[i].seq);
        add_event(payload, &c->carry[i]);
    }
    th_buf_chr(body, ']');
}

static void add_completion(th_buf *payload, th_buf *body, const th_completion *c)
{
    th_event e = th_event_of(TH_ExecutionCompleted);
    e.id = c->id;
    e.status = (int32_t)c->status;
    e.payload = c->result;
    e.failure = c->failure;
    add_carry(payload, body, c);
    add_text(body, "newInput", c->new_input);
    add_text(body, "newVersion", c->new_version);
    th_reply_add_flag(body, "done");
    add_event(payload, &e);
}

void th_reply_add_orch(th_buf *payload, th_buf *body, const th_answer *answer)
{
    th_buf_chr(payload, '[');
    th_buf_str(body, ",\"actions\":[");
    for (size_t i = 0; i < answer->action_count; i++) {
        if (i)
            th_buf_chr(body, ',');
        add_action(payload, body, &answer->actions[i]);
    }
    th_buf_chr(body, ']');
    add_number(body, "statusOp", (int64_t)answer->status_op);
    add_text(body, "customStatus", answer->custom_status);
    add_text(body, "memo", answer->memo);
    if (answer->completion.done)
        add_completion(payload, body, &answer->completion);
    th_buf_chr(payload, ']');
}

static void add_results(th_buf *body, const th_entity_answer *answer)
{
    th_buf_str(body, ",\"results\":[");
    for (size_t i = 0; i < answer->result_count; i++) {
        th_buf_str(body, i ? ",{\"n\":0" : "{\"n\":0");
        add_text(body, "output", answer->results[i].output);
        add_text(body, "failure", answer->results[i].failure);
        th_buf_chr(body, '}');
    }
    th_buf_chr(body, ']');
}

void th_reply_add_entity(th_buf *body, const th_entity_answer *answer)
{
    add_results(body, answer);
    th_buf_str(body, ",\"actions\":[");
    for (size_t i = 0; i < answer->action_count; i++) {
        const th_entity_action *a = &answer->actions[i];
        th_buf_printf(body, "%s{\"kind\":\"%s\"", i ? "," : "", entity_action_names[a->kind]);
        add_text(body, "target", a->target);
        add_text(body, "name", a->name);
        add_text(body, "input", a->input);
        add_text(body, "version", a->version);
        add_text(body, "tags", a->tags);
        add_text(body, "trace", a->trace);
        add_number(body, "due", a->due_us);
        th_buf_chr(body, '}');
    }
    th_buf_chr(body, ']');
    add_text(body, "state", answer->state);
}

/* ---- reading -------------------------------------------------------------------------------- */

typedef struct reader {
    th_arena *arena;
    th_error *err;
    th_event *events; /* of the payload */
    size_t event_count, at;
    th_rc rc; /* the first failure */
} reader;

static void refuse(reader *r, const char *key, const char *want)
{
    if (r->rc == TH_OK)
        r->rc = th_fail(r->err, TH_INVALID, "reply: '%s' must be %s", key, want);
}

static const char *text_of(reader *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return NULL;
    if (!json_is_string(value) || memchr(json_string_value(value), 0, json_string_length(value))) {
        refuse(r, key, "a string without a NUL in it");
        return NULL;
    }
    return th_strndup(r->arena, json_string_value(value), json_string_length(value));
}

/* A text that is a JSON object; it is put among others as it is. */
static const char *object_of(reader *r, const json_t *object, const char *key)
{
    const char *text = text_of(r, object, key);
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    bool good = !text || json_is_object(root);
    json_decref(root);
    if (!good)
        refuse(r, key, "the text of a JSON object");
    return good ? text : NULL;
}

static int64_t number_of(reader *r, const json_t *object, const char *key, int64_t least,
                         int64_t most)
{
    const json_t *value = json_object_get(object, key);
    json_int_t n = json_integer_value(value);
    if (!value)
        return 0;
    if (!json_is_integer(value) || n < least || n > most) {
        refuse(r, key, "a whole number in its range");
        return 0;
    }
    return (int64_t)n;
}

/* Its place among the names; the count of them: it is none. */
static int place_of(reader *r, const json_t *object, const char *const *names, int count)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    int i = 0;
    while (i < count && (!kind || strcmp(kind, names[i]) != 0))
        i++;
    if (i == count)
        refuse(r, "kind", "that of an action");
    return i;
}

static const json_t *array_of(reader *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (value && !json_is_array(value))
        refuse(r, key, "an array");
    return json_is_array(value) ? value : NULL;
}

static const int64_t *numbers_of(reader *r, const json_t *array, const char *key, size_t *count)
{
    *count = json_array_size(array);
    int64_t *numbers = th_new(r->arena, int64_t, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_integer(value))
            refuse(r, key, "an array of whole numbers");
        numbers[i] = (int64_t)json_integer_value(value);
    }
    return numbers;
}

static const th_event *next_event(reader *r)
{
    if (r->at < r->event_count)
        return &r->events[r->at++];
    refuse(r, "payload", "as many events as the body tells of");
    return NULL;
}

/* ---- reading: orchestrators ------------------------------------------------------------------ */

static bool is_entity_message(th_kind kind)
{
    return kind == TH_EntityOperationSignaled || kind == TH_EntityOperationCalled ||
           kind == TH_EntityLockRequested || kind == TH_EntityUnlockSent;
}

/* What an executor in this process never does. */
static bool is_action(th_action_kind kind, const th_event *e)
{
    switch (kind) {
    case TH_ACT_TASK:
        return e->kind == TH_TaskScheduled && e->name;
    case TH_ACT_TIMER:
        return e->kind == TH_TimerCreated && e->fire_at;
    case TH_ACT_CHILD:
        return e->kind == TH_SubOrchestrationInstanceCreated && e->name;
    case TH_ACT_EVENT:
        return e->kind == TH_EventSent && e->name && e->instance_id;
    case TH_ACT_ENTITY:
        return is_entity_message(e->kind) &&
               (e->kind == TH_EntityLockRequested ? e->lock_set != NULL : e->target != NULL);
    default:
        return false;
    }
}

static void read_action(reader *r, const json_t *object, th_action *a)
{
    *a = (th_action){ .kind = (th_action_kind)place_of(r, object, action_names, ACTIONS),
                      .event = th_event_of(TH_KIND_NONE),
                      .due_us = number_of(r, object, "due", INT64_MIN / 2, INT64_MAX / 2),
                      .priority = (int32_t)number_of(r, object, "priority", INT16_MIN, INT16_MAX) };
    if (is_cancel(a->kind)) {
        a->cancel_ref = (int32_t)number_of(r, object, "cancel", 0, INT32_MAX);
        return;
    }
    const th_event *e = next_event(r);
    if (e && !is_action(a->kind, e))
        refuse(r, "actions", "of the kinds of their events, and whole");
    else if (e)
        a->event = *e;
}

static void read_actions(reader *r, const json_t *root, th_answer *answer)
{
    const json_t *array = array_of(r, root, "actions");
    answer->action_count = json_array_size(array);
    th_action *actions = th_new(r->arena, th_action, answer->action_count + 1);
    for (size_t i = 0; i < answer->action_count && r->rc == TH_OK; i++)
        read_action(r, json_array_get(array, i), &actions[i]);
    answer->actions = actions;
}

static void read_carry(reader *r, const json_t *root, th_completion *c)
{
    const int64_t *seqs = numbers_of(r, array_of(r, root, "carry"), "carry", &c->carry_count);
    th_event *carry = th_new(r->arena, th_event, c->carry_count + 1);
    for (size_t i = 0; i < c->carry_count && r->rc == TH_OK; i++) {
        const th_event *e = next_event(r);
        if (!e || e->kind != TH_EventRaised || seqs[i] < 0 || seqs[i] > INT32_MAX) {
            refuse(r, "carry", "the numbers of external events");
            return;
        }
        carry[i] = *e;
        carry[i].seq = (int32_t)seqs[i];
    }
    c->carry = carry;
}

static bool may_end_so(int32_t status)
{
    return status == TH_CONTINUED_AS_NEW || th_status_is_terminal(status);
}

static void read_completion(reader *r, const json_t *root, th_completion *c)
{
    c->id = TH_NONE;
    if (!json_is_true(json_object_get(root, "done")))
        return;
    read_carry(r, root, c);
    c->new_input = text_of(r, root, "newInput");
    c->new_version = text_of(r, root, "newVersion");
    const th_event *e = next_event(r);
    if (!e || e->kind != TH_ExecutionCompleted || !may_end_so(e->status)) {
        refuse(r, "payload", "events of which the last is the completion");
        return;
    }
    c->done = true;
    c->id = e->id;
    c->status = (th_status)e->status;
    c->result = e->payload;
    c->failure = e->failure;
}

static void read_orch(reader *r, const json_t *root, th_answer *answer)
{
    answer->kind = TH_ANSWER_DONE;
    answer->status_op = (th_status_op)number_of(r, root, "statusOp", 0, TH_STATUS_SET);
    answer->custom_status = text_of(r, root, "customStatus");
    answer->memo = text_of(r, root, "memo");
    read_actions(r, root, answer);
    read_completion(r, root, &answer->completion);
}

/* ---- reading: entities ----------------------------------------------------------------------- */

static void read_entity_action(reader *r, const json_t *object, th_entity_action *a)
{
    a->kind = (th_entity_action_kind)place_of(r, object, entity_action_names, ENTITY_ACTIONS);
    a->target = text_of(r, object, "target");
    a->name = text_of(r, object, "name");
    a->input = text_of(r, object, "input");
    a->version = text_of(r, object, "version");
    a->tags = object_of(r, object, "tags");
    a->trace = object_of(r, object, "trace");
    a->due_us = number_of(r, object, "due", INT64_MIN / 2, INT64_MAX / 2);
    if (!a->name)
        refuse(r, "name", "there in each action of an entity");
}

static void read_entity(reader *r, const json_t *root, th_entity_answer *answer)
{
    const json_t *results = array_of(r, root, "results"), *actions = array_of(r, root, "actions");
    answer->result_count = json_array_size(results);
    th_entity_result *list = th_new(r->arena, th_entity_result, answer->result_count + 1);
    for (size_t i = 0; i < answer->result_count && r->rc == TH_OK; i++) {
        list[i].output = text_of(r, json_array_get(results, i), "output");
        list[i].failure = object_of(r, json_array_get(results, i), "failure");
    }
    answer->results = list;
    answer->state = text_of(r, root, "state");
    answer->action_count = json_array_size(actions);
    th_entity_action *asked = th_new(r->arena, th_entity_action, answer->action_count + 1);
    for (size_t i = 0; i < answer->action_count && r->rc == TH_OK; i++)
        read_entity_action(r, json_array_get(actions, i), &asked[i]);
    answer->actions = asked;
}

/* ---- reading: all ---------------------------------------------------------------------------- */

static void read_head(reader *r, const json_t *root, th_reply *out)
{
    out->item = number_of(r, root, "item", 0, INT64_MAX);
    out->t_us = number_of(r, root, "t", 0, INT64_MAX / 2);
    out->taken = numbers_of(r, array_of(r, root, "taken"), "taken", &out->taken_count);
    out->more = json_is_true(json_object_get(root, "more"));
    out->expired = json_is_true(json_object_get(root, "expired"));
    out->failure = object_of(r, root, "failure");
    out->executor = text_of(r, root, "executor");
}

static json_t *load(const char *json, th_error *err)
{
    json_error_t at;
    json_t *root = json_loads(json, JSON_ALLOW_NUL, &at);
    if (root && json_is_object(root))
        return root;
    th_fail(err, TH_INVALID, "reply: %s", root ? "must be an object" : at.text);
    json_decref(root);
    return NULL;
}

th_rc th_reply_read(th_arena *arena, const char *payload, const char *body, th_reply *out,
                    th_error *err)
{
    reader r = { .arena = arena, .err = err };
    *out = (th_reply){ 0 };
    json_t *root = load(body ? body : "", err);
    if (!root)
        return TH_INVALID;
    if (payload)
        r.rc = th_events_read(arena, payload, strlen(payload), 0, &r.events, &r.event_count, err);
    if (r.rc == TH_OK)
        read_head(&r, root, out);
    if (r.rc == TH_OK && json_object_get(root, "results"))
        read_entity(&r, root, &out->entity);
    else if (r.rc == TH_OK)
        read_orch(&r, root, &out->answer);
    json_decref(root);
    return r.rc;
}

th_rc th_numbers_read(th_arena *arena, const char *json, const int64_t **out, size_t *count,
                      th_error *err)
{
    reader r = { .arena = arena, .err = err };
    json_error_t at;
    json_t *root = json_loads(json ? json : "", 0, &at);
    if (!json_is_array(root))
        r.rc = th_fail(err, TH_INVALID, "message numbers: must be an array");
    else
        *out = numbers_of(&r, root, "messages", count);
    json_decref(root);
    return r.rc;
}
