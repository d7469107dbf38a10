/* convert.c - see convert.h: texts, times, failures, tags, traces, instances. */
#include "grpc/convert.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"

#define FIRST_SECOND INT64_C(-62135596800) /* of the year 1 */
#define LAST_SECOND INT64_C(253402300799)  /* of the year 9999 */

void *th__pb_new(th_arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = th_alloc(arena, type->sizeof_message);

    protobuf_c_message_init(type, message);
    return message;
}

/* ---- texts -------------------------------------------------------------------------------------
 */

Google__Protobuf__StringValue *th__pb_text(th_arena *arena, const char *text)
{
    Google__Protobuf__StringValue *value;

    if (!text)
        return NULL;
    value = TH__PB_NEW(arena, Google__Protobuf__StringValue, google__protobuf__string_value);
    value->value = (char *)text;
    return value;
}

const char *th__pb_text_of(const Google__Protobuf__StringValue *value)
{
    return value ? value->value : NULL;
}

/* ---- times -------------------------------------------------------------------------------------
 */

static Google__Protobuf__Timestamp *new_time(th_arena *arena, int64_t seconds, int32_t nanos)
{
    Google__Protobuf__Timestamp *time =
        TH__PB_NEW(arena, Google__Protobuf__Timestamp, google__protobuf__timestamp);

    time->seconds = seconds;
    time->nanos = nanos;
    return time;
}

Google__Protobuf__Timestamp *th__pb_time(th_arena *arena, int64_t us)
{
    int64_t seconds = us / 1000000, rest = us % 1000000;

    if (us == 0)
        return NULL;
    if (rest < 0) {
        seconds--;
        rest += 1000000;
    }
    return new_time(arena, seconds, (int32_t)rest * 1000);
}

Google__Protobuf__Timestamp *th__pb_time_of_text(th_arena *arena, const char *text)
{
    const char *dot = text ? strchr(text, '.') : NULL;
    int32_t nanos = 0, unit = 100000000;
    int64_t us;

    if (!text || !th_iso_parse(text, &us))
        return NULL;
    for (const char *c = dot ? dot + 1 : ""; *c >= '0' && *c <= '9'; c++, unit /= 10)
        nanos += (*c - '0') * unit;
    /* The text's fraction was rounded up to a whole second at most. */
    int64_t seconds = us / 1000000;
    if (us % 1000000 < 0 || (nanos > 999999000 && us % 1000000 == 0))
        seconds--;
    return new_time(arena, seconds, nanos);
}

static bool is_time(const Google__Protobuf__Timestamp *time)
{
    return time->seconds >= FIRST_SECOND && time->seconds <= LAST_SECOND && time->nanos >= 0 &&
           time->nanos <= 999999999;
}

const char *th__pb_time_text(th_arena *arena, const Google__Protobuf__Timestamp *time)
{
    struct tm tm;

    if (!time || !is_time(time))
        return NULL;
    time_t seconds = time->seconds;
    gmtime_r(&seconds, &tm);
    return th_sprintf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", tm.tm_year + 1900,
                      tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, time->nanos);
}

bool th__pb_time_us(const Google__Protobuf__Timestamp *time, int64_t *us)
{
    *us = 0;
    if (!time)
        return true;
    if (!is_time(time))
        return false;
    *us = time->seconds * 1000000 + (time->nanos + 999) / 1000;
    return true;
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static json_t *parse_object(const char *json)
{
    json_t *root = NULL;

    if (!json || th_json_parse(json, strlen(json), 0, &root, NULL) != TH_OK)
        return NULL;
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

/* Gives root back. */
static const char *print(th_arena *arena, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = th_strdup(arena, text);

    free(text);
    json_decref(root);
    return copy;
}

static char *copy_member(th_arena *arena, const json_t *object, const char *key)
{
    return th_strdup(arena, json_string_value(json_object_get(object, key)));
}

/* ---- google.protobuf.Value ---------------------------------------------------------------------
 */

static json_t *json_of_struct(const Google__Protobuf__Struct *object);

static json_t *json_of_list(const Google__Protobuf__ListValue *list);

static json_t *json_of_value(const Google__Protobuf__Value *value)
{
    switch (value ? value->kind_case : GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET) {
    case GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE:
        return isfinite(value->number_value) ? json_real(value->number_value) : json_null();
    case GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE:
        return json_string(value->string_value);
    case GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE:
        return json_boolean(value->bool_value);
    case GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE:
        return json_of_struct(value->struct_value);
    case GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE:
        return json_of_list(value->list_value);
    default:
        return json_null();
    }
}

static json_t *json_of_struct(const Google__Protobuf__Struct *object)
{
    json_t *json = json_object();

    for (size_t i = 0; i < object->n_fields; i++)
        json_object_set_new(json, object->fields[i]->key, json_of_value(object->fields[i]->value));
    return json;
}

static json_t *json_of_list(const Google__Protobuf__ListValue *list)
{
    json_t *json = json_array();

    for (size_t i = 0; i < list->n_values; i++)
        json_array_append_new(json, json_of_value(list->values[i]));
    return json;
}

static Google__Protobuf__Value *value_of_json(th_arena *arena, const json_t *json);

static void set_struct(th_arena *arena, Google__Protobuf__Value *value, const json_t *json)
{
    Google__Protobuf__Struct *object =
        TH__PB_NEW(arena, Google__Protobuf__Struct, google__protobuf__struct);
    const char *key;
    json_t *member;

    object->fields =
        th_new(arena, Google__Protobuf__Struct__FieldsEntry *, json_object_size(json) + 1);
    json_object_foreach ((json_t *)json, key, member) {
        Google__Protobuf__Struct__FieldsEntry *entry = TH__PB_NEW(
            arena, Google__Protobuf__Struct__FieldsEntry, google__protobuf__struct__fields_entry);
        entry->key = th_strdup(arena, key);
        entry->value = value_of_json(arena, member);
        object->fields[object->n_fields++] = entry;
    }
    value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
    value->struct_value = object;
}

static void set_list(th_arena *arena, Google__Protobuf__Value *value, const json_t *json)
{
    Google__Protobuf__ListValue *list =
        TH__PB_NEW(arena, Google__Protobuf__ListValue, google__protobuf__list_value);

    list->n_values = json_array_size(json);
    list->values = th_new(arena, Google__Protobuf__Value *, list->n_values + 1);
    for (size_t i = 0; i < list->n_values; i++)
        list->values[i] = value_of_json(arena, json_array_get(json, i));
    value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
    value->list_value = list;
}

static Google__Protobuf__Value *value_of_json(th_arena *arena, const json_t *json)
{
    Google__Protobuf__Value *value =
        TH__PB_NEW(arena, Google__Protobuf__Value, google__protobuf__value);

    value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE;
    if (json_is_object(json)) {
        set_struct(arena, value, json);
    } else if (json_is_array(json)) {
        set_list(arena, value, json);
    } else if (json_is_string(json)) {
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
        value->string_value = th_strdup(arena, json_string_value(json));
    } else if (json_is_number(json)) {
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
        value->number_value = json_number_value(json);
    } else if (json_is_boolean(json)) {
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE;
        value->bool_value = json_is_true(json);
    }
    return value;
}

/* ---- failures ----------------------------------------------------------------------------------
 */

static void set_properties(th_arena *arena, TaskFailureDetails *failure, const json_t *json)
{
    const char *key;
    json_t *member;

    failure->properties =
        th_new(arena, TaskFailureDetails__PropertiesEntry *, json_object_size(json) + 1);
    json_object_foreach ((json_t *)json, key, member) {
        TaskFailureDetails__PropertiesEntry *entry = TH__PB_NEW(
            arena, TaskFailureDetails__PropertiesEntry, task_failure_details__properties_entry);
        entry->key = th_strdup(arena, key);
        entry->value = value_of_json(arena, member);
        failure->properties[failure->n_properties++] = entry;
    }
}

static TaskFailureDetails *failure_of_json(th_arena *arena, const json_t *json)
{
    TaskFailureDetails *failure = TH__PB_NEW(arena, TaskFailureDetails, task_failure_details);
    const char *type = copy_member(arena, json, "type");
    const char *message = copy_member(arena, json, "message");
    const json_t *inner = json_object_get(json, "inner");

    failure->errortype = (char *)(type ? type : "");
    failure->errormessage = (char *)(message ? message : "");
    failure->stacktrace = th__pb_text(arena, copy_member(arena, json, "stack"));
    failure->isnonretriable = json_is_true(json_object_get(json, "nonRetriable"));
    if (json_is_object(inner))
        failure->innerfailure = failure_of_json(arena, inner);
    if (json_is_object(json_object_get(json, "properties")))
        set_properties(arena, failure, json_object_get(json, "properties"));
    return failure;
}

TaskFailureDetails *th__pb_failure(th_arena *arena, const char *json)
{
    TaskFailureDetails *failure;
    json_t *root = parse_object(json);

    if (root) {
        failure = failure_of_json(arena, root);
        json_decref(root);
        return failure;
    }
    if (!json)
        return NULL;
    failure = TH__PB_NEW(arena, TaskFailureDetails, task_failure_details);
    failure->errortype = (char *)"UnreadableFailure";
    failure->errormessage = (char *)json;
    return failure;
}

static json_t *json_of_failure(const TaskFailureDetails *failure)
{
    json_t *json = json_object();

    json_object_set_new(json, "type", json_string(failure->errortype));
    json_object_set_new(json, "message", json_string(failure->errormessage));
    if (failure->stacktrace)
        json_object_set_new(json, "stack", json_string(failure->stacktrace->value));
    if (failure->innerfailure)
        json_object_set_new(json, "inner", json_of_failure(failure->innerfailure));
    if (failure->isnonretriable)
        json_object_set_new(json, "nonRetriable", json_true());
    if (failure->n_properties) {
        json_t *properties = json_object();
        for (size_t i = 0; i < failure->n_properties; i++)
            json_object_set_new(properties, failure->properties[i]->key,
                                json_of_value(failure->properties[i]->value));
        json_object_set_new(json, "properties", properties);
    }
    return json;
}

const char *th__pb_failure_json(th_arena *arena, const TaskFailureDetails *failure)
{
    return failure ? print(arena, json_of_failure(failure)) : NULL;
}

/* ---- tags and traces ---------------------------------------------------------------------------
 */

void *th__pb_tags(th_arena *arena, const char *json, const ProtobufCMessageDescriptor *type,
                  size_t *n)
{
    json_t *root = parse_object(json), *member;
    th__pb_tag **tags = th_new(arena, th__pb_tag *, json_object_size(root) + 1);
    const char *key;

    *n = 0;
    json_object_foreach (root, key, member) {
        if (!json_is_string(member))
            continue;
        th__pb_tag *tag = th__pb_new(arena, type);
        tag->key = th_strdup(arena, key);
        tag->value = th_strdup(arena, json_string_value(member));
        tags[(*n)++] = tag;
    }
    json_decref(root);
    return tags;
}

const char *th__pb_tags_json(th_arena *arena, const void *tags, size_t n)
{
    th__pb_tag *const *all = tags;

    if (n == 0)
        return NULL;
    json_t *json = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(json, all[i]->key, json_string(all[i]->value));
    return print(arena, json);
}

TraceContext *th__pb_trace(th_arena *arena, const char *json)
{
    json_t *root = parse_object(json);

    if (!root)
        return NULL;
    TraceContext *trace = TH__PB_NEW(arena, TraceContext, trace_context);
    const char *parent = copy_member(arena, root, "parent");
    const char *span = copy_member(arena, root, "spanId");
    trace->traceparent = (char *)(parent ? parent : "");
    trace->spanid = (char *)(span ? span : "");
    trace->tracestate = th__pb_text(arena, copy_member(arena, root, "state"));
    json_decref(root);
    return trace;
}

const char *th__pb_trace_json(th_arena *arena, const TraceContext *trace)
{
    if (!trace)
        return NULL;
    json_t *json = json_object();
    json_object_set_new(json, "parent", json_string(trace->traceparent));
    if (trace->tracestate)
        json_object_set_new(json, "state", json_string(trace->tracestate->value));
    if (*trace->spanid)
        json_object_set_new(json, "spanId", json_string(trace->spanid));
    return print(arena, json);
}

/* ---- instances ---------------------------------------------------------------------------------
 */

OrchestrationState *th__pb_state(th_arena *arena, const th_instance *i, bool payloads)
{
    OrchestrationState *state = TH__PB_NEW(arena, OrchestrationState, orchestration_state);

    state->instanceid = th_strdup(arena, i->id);
    state->name = th_strdup(arena, i->name ? i->name : "");
    state->version = th__pb_text(arena, th_strdup(arena, i->version));
    state->orchestrationstatus = (OrchestrationStatus)i->status;
    state->createdtimestamp = th__pb_time(arena, i->created_us);
    state->lastupdatedtimestamp = th__pb_time(arena, i->updated_us);
    state->completedtimestamp = th__pb_time(arena, i->completed_us);
    state->executionid = th__pb_text(arena, th_strdup(arena, i->execution_id));
    state->parentinstanceid = th__pb_text(arena, th_strdup(arena, i->parent_instance_id));
    state->tags =
        th__pb_tags(arena, i->tags, &orchestration_state__tags_entry__descriptor, &state->n_tags);
    state->failuredetails = th__pb_failure(arena, th_strdup(arena, i->failure));
    if (payloads) {
        state->input = th__pb_text(arena, th_strdup(arena, i->input));
        state->output = th__pb_text(arena, th_strdup(arena, i->output));
        state->customstatus = th__pb_text(arena, th_strdup(arena, i->custom_status));
    }
    return state;
}
