/*
 * event.c - kinds by name and number; events to and from JSON, driven by one table of keys.
 */
#include "engine/event.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

typedef struct kind_info {
    const char *name;
    int event_type;
    const char *payload_key;
} kind_info;

enum { KIND_MAX = 31 };

static const kind_info kinds[KIND_MAX] = {
#define KIND_ROW(name, number, type, payload) [number] = { #name, type, payload },
    TH_KIND_MAP(KIND_ROW)
#undef KIND_ROW
};

typedef enum field_type { FIELD_TEXT, FIELD_JSON, FIELD_NUMBER, FIELD_BOOL } field_type;

typedef struct field {
    const char *key;
    size_t offset;
    field_type type;
} field;

#define FIELD(key, member, type)              \
    {                                         \
        key, offsetof(th_event, member), type \
    }

/* All keys but kind, t, and the payload, whose key depends on the kind; in the order they are
 * written. */
static const field fields[] = {
    FIELD("id", id, FIELD_NUMBER),
    FIELD("ref", ref, FIELD_NUMBER),
    FIELD("task_id", task_id, FIELD_NUMBER),
    FIELD("name", name, FIELD_TEXT),
    FIELD("version", version, FIELD_TEXT),
    FIELD("status", status, FIELD_NUMBER),
    FIELD("failure", failure, FIELD_JSON),
    FIELD("instanceId", instance_id, FIELD_TEXT),
    FIELD("executionId", execution_id, FIELD_TEXT),
    FIELD("fireAt", fire_at, FIELD_TEXT),
    FIELD("scheduledTime", scheduled_time, FIELD_TEXT),
    FIELD("scheduledStart", scheduled_start, FIELD_TEXT),
    FIELD("tags", tags, FIELD_JSON),
    FIELD("trace", trace, FIELD_JSON),
    FIELD("parent", parent, FIELD_JSON),
    FIELD("raisedAs", raised_as, FIELD_TEXT),
    FIELD("requestId", request_id, FIELD_TEXT),
    FIELD("operation", operation, FIELD_TEXT),
    FIELD("target", target, FIELD_TEXT),
    FIELD("parentInstanceId", parent_instance_id, FIELD_TEXT),
    FIELD("parentExecutionId", parent_execution_id, FIELD_TEXT),
    FIELD("criticalSectionId", critical_section_id, FIELD_TEXT),
    FIELD("lockSet", lock_set, FIELD_JSON),
    FIELD("form", form, FIELD_TEXT),
    FIELD("data", data, FIELD_TEXT),
    FIELD("from", from, FIELD_TEXT),
    FIELD("attempt", attempt, FIELD_NUMBER),
    FIELD("retryOf", retry_of, FIELD_NUMBER),
    FIELD("priority", priority, FIELD_NUMBER),
    FIELD("position", position, FIELD_NUMBER),
    FIELD("recurse", recurse, FIELD_BOOL),
    FIELD("x", x, FIELD_TEXT),
    FIELD("messageId", message_id, FIELD_TEXT),
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static const kind_info *info_of(int kind)
{
    return kind > 0 && kind < KIND_MAX && kinds[kind].name ? &kinds[kind] : NULL;
}

const char *th_kind_name(int kind)
{
    const kind_info *info = info_of(kind);
    return info ? info->name : NULL;
}

int th_kind_event_type(int kind)
{
    const kind_info *info = info_of(kind);
    return info ? info->event_type : -1;
}

th_kind th_kind_parse(const char *name, size_t n)
{
    for (int i = 0; i < KIND_MAX; i++)
        if (kinds[i].name && strlen(kinds[i].name) == n && memcmp(kinds[i].name, name, n) == 0)
            return (th_kind)i;
    return TH_KIND_NONE;
}

bool th_kind_is_consumed(int kind)
{
    switch (kind) {
    case TH_OrchestratorStarted:
    case TH_ExecutionStarted:
    case TH_TaskCompleted:
    case TH_TaskFailed:
    case TH_SubOrchestrationInstanceCompleted:
    case TH_SubOrchestrationInstanceFailed:
    case TH_TimerFired:
    case TH_EventRaised:
    case TH_EntityOperationCompleted:
    case TH_EntityOperationFailed:
    case TH_EntityLockGranted:
        return true;
    default:
        return false;
    }
}

static const char *const status_names[] = {
    "Running",  "Completed",  "ContinuedAsNew", "Failed",
    "Canceled", "Terminated", "Pending",        "Suspended"
};

const char *th_status_name(int status)
{
    return status >= 0 && status <= TH_SUSPENDED ? status_names[status] : "Unknown";
}

bool th_status_parse(const char *name, int *out)
{
    for (int i = 0; i <= TH_SUSPENDED; i++) {
        if (strcmp(status_names[i], name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool th_status_is_terminal(int status)
{
    return status == TH_COMPLETED || status == TH_FAILED || status == TH_CANCELED ||
           status == TH_TERMINATED;
}

th_event th_event_of(th_kind kind)
{
    th_event e = { .kind = kind };
    e.id = e.ref = e.task_id = e.status = e.position = e.attempt = e.retry_of = e.priority =
        e.recurse = TH_NONE;
    return e;
}

th_event th_event_copy(th_arena *arena, const th_event *event)
{
    th_event copy = *event;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (fields[i].type != FIELD_TEXT && fields[i].type != FIELD_JSON)
            continue;
        const char **at = (const char **)(void *)((char *)&copy + fields[i].offset);
        *at = th_strdup(arena, *at);
    }
    copy.payload = th_strdup(arena, event->payload);
    return copy;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_key(th_buf *out, const char *key)
{
    th_buf_add(out, ",\"", 2);
    th_buf_str(out, key);
    th_buf_add(out, "\":", 2);
}

static void write_field(th_buf *out, const th_event *e, const field *f)
{
    const char *at = (const char *)e + f->offset;
    if (f->type == FIELD_TEXT || f->type == FIELD_JSON) {
        const char *text = *(const char *const *)(const void *)at;
        if (!text)
            return;
        write_key(out, f->key);
        if (f->type == FIELD_JSON)
            th_buf_str(out, text);
        else
            th_buf_json_str(out, text);
        return;
    }
    int32_t number = *(const int32_t *)(const void *)at;
    if (number == TH_NONE)
        return;
    write_key(out, f->key);
    if (f->type == FIELD_BOOL)
        th_buf_str(out, number ? "true" : "false");
    else
        th_buf_i64(out, number);
}

void th_event_write(th_buf *out, const th_event *e)
{
    const kind_info *info = info_of((int)e->kind);
    th_buf_str(out, "{\"kind\":\"");
    th_buf_str(out, info ? info->name : "Unknown");
    th_buf_chr(out, '"');
    if (e->t_us) {
        write_key(out, "t");
        th_buf_i64(out, e->t_us);
    }
    for (size_t i = 0; i < FIELD_COUNT; i++)
        write_field(out, e, &fields[i]);
    if (e->payload && info) {
        write_key(out, info->payload_key);
        th_buf_json_str(out, e->payload);
    }
    th_buf_chr(out, '}');
}

/* ---- reading -------------------------------------------------------------------------------- */

static const field *field_of(const char *key)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static th_rc wrong_type(th_error *err, const char *key, const char *want)
{
    return th_fail(err, TH_INVALID, "event: key '%s' must be %s", key, want);
}

static th_rc read_number(const json_t *value, const char *key, int32_t *out, th_error *err)
{
    if (json_is_boolean(value)) {
        *out = json_is_true(value);
        return TH_OK;
    }
    if (!json_is_integer(value))
        return wrong_type(err, key, "a whole number");
    json_int_t n = json_integer_value(value);
    if (n <= INT32_MIN || n > INT32_MAX)
        return wrong_type(err, key, "a number of 32 bits");
    *out = (int32_t)n;
    return TH_OK;
}

static th_rc read_text(th_arena *arena, const json_t *value, const char *key, const char **out,
                       th_error *err)
{
    if (json_is_null(value))
        return TH_OK;
    if (!json_is_string(value))
        return wrong_type(err, key, "a string");
    if (memchr(json_string_value(value), 0, json_string_length(value)))
        return wrong_type(err, key, "a string without a NUL in it");
    *out = th_strndup(arena, json_string_value(value), json_string_length(value));
    return TH_OK;
}

static void read_json(th_arena *arena, const json_t *value, const char **out)
{
    if (json_is_null(value))
        return;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        *out = th_strdup(arena, text);
    free(text);
}

static th_rc read_field(th_arena *arena, const field *f, const json_t *value, th_event *e,
                        th_error *err)
{
    char *at = (char *)e + f->offset;
    switch (f->type) {
    case FIELD_TEXT:
        return read_text(arena, value, f->key, (const char **)(void *)at, err);
    case FIELD_JSON:
        read_json(arena, value, (const char **)(void *)at);
        return TH_OK;
    default:
        return read_number(value, f->key, (int32_t *)(void *)at, err);
    }
}

static th_rc read_time(const json_t *value, int64_t *out, th_error *err)
{
    if (!json_is_integer(value))
        return wrong_type(err, "t", "microseconds as a whole number");
    *out = (int64_t)json_integer_value(value);
    return TH_OK;
}

static th_rc read_object(th_arena *arena, json_t *object, th_event *e, th_error *err)
{
    const kind_info *info = info_of((int)e->kind);
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        const field *f = field_of(key);
        th_rc rc = TH_OK;
        if (f)
            rc = read_field(arena, f, value, e, err);
        else if (strcmp(key, "t") == 0)
            rc = read_time(value, &e->t_us, err);
        else if (info && strcmp(key, info->payload_key) == 0)
            rc = read_text(arena, value, key, &e->payload, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

static th_rc read_event(th_arena *arena, json_t *object, int32_t seq, th_event *e, th_error *err)
{
    const json_t *kind = json_object_get(object, "kind");
    if (!json_is_string(kind))
        return th_fail(err, TH_INVALID, "event %d: needs a 'kind' that is a string", seq);
    *e = th_event_of(th_kind_parse(json_string_value(kind), json_string_length(kind)));
    if (e->kind == TH_KIND_NONE)
        return th_fail(err, TH_INVALID, "event %d: unknown kind '%.60s'", seq,
                       json_string_value(kind));
    e->seq = seq;
    return read_object(arena, object, e, err);
}

static json_t *parse(const char *json, size_t n, const char *what, th_error *err)
{
    json_error_t at;
    json_t *root = json_loadb(json, n, JSON_ALLOW_NUL, &at);
    if (!root)
        th_fail(err, TH_INVALID, "%s: %s at byte %d", what, at.text, at.position);
    return root;
}

th_rc th_events_read(th_arena *arena, const char *json, size_t n, int32_t first_seq, th_event **out,
                     size_t *count, th_error *err)
{
    th_rc rc = TH_OK;
    json_t *root = parse(json, n, "history", err);
    if (!root)
        return TH_INVALID;
    if (!json_is_array(root)) {
        rc = th_fail(err, TH_INVALID, "history: the events of an episode must be an array");
        goto done;
    }
    *count = json_array_size(root);
    *out = th_new(arena, th_event, *count ? *count : 1);
    for (size_t i = 0; i < *count && rc == TH_OK; i++)
        rc = read_event(arena, json_array_get(root, i), first_seq + (int32_t)i, &(*out)[i], err);
done:
    json_decref(root);
    return rc;
}

th_rc th_event_read_body(th_arena *arena, const char *json, size_t n, th_event *event,
                         th_error *err)
{
    json_t *root = parse(json, n, "message body", err);
    if (!root)
        return TH_INVALID;
    th_rc rc = json_is_object(root) ? read_object(arena, root, event, err)
                                    : th_fail(err, TH_INVALID, "message body: must be an object");
    json_decref(root);
    return rc;
}
