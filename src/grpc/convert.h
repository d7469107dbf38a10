/*
 * convert.h - messages of the wire from and to the texts, times and events of the engine.
 *
 * What is made lives in the arena; it may point to the texts that it was made of.
 */
#ifndef TH_GRPC_CONVERT_H
#define TH_GRPC_CONVERT_H

#include <durabletask.pb-c.h>

#include "base/arena.h"
#include "engine/event.h"
#include "store/instances.h"

/* An empty message of the type whose name protobuf-c spells so. */
#define TH__PB_NEW(arena, Type, name) ((Type *)th__pb_new((arena), &name##__descriptor))
void *th__pb_new(th_arena *arena, const ProtobufCMessageDescriptor *type);

/* ---- texts and times: NULL is absent on both sides ------------------------------------------ */

Google__Protobuf__StringValue *th__pb_text(th_arena *arena, const char *text);
const char *th__pb_text_of(const Google__Protobuf__StringValue *value);

Google__Protobuf__Timestamp *th__pb_time(th_arena *arena, int64_t us); /* 0: NULL */
/* A text of up to nine digits, as th__pb_time_text writes it. */
Google__Protobuf__Timestamp *th__pb_time_of_text(th_arena *arena, const char *text);
/* With all nine digits. NULL: absent, or beyond the years 1 to 9999. */
const char *th__pb_time_text(th_arena *arena, const Google__Protobuf__Timestamp *time);
/* Rounded up to 1 us; 0: absent. False: beyond the years 1 to 9999. */
bool th__pb_time_us(const Google__Protobuf__Timestamp *time, int64_t *us);

/* ---- failures, tags, traces: JSON objects in the engine ------------------------------------- */

TaskFailureDetails *th__pb_failure(th_arena *arena, const char *json);
const char *th__pb_failure_json(th_arena *arena, const TaskFailureDetails *failure);

/* All map<string, string> look alike but for the type of their entries. */
typedef struct th__pb_tag {
    ProtobufCMessage base;
    char *key, *value;
} th__pb_tag;

void *th__pb_tags(th_arena *arena, const char *json, const ProtobufCMessageDescriptor *type,
                  size_t *n);
const char *th__pb_tags_json(th_arena *arena, const void *tags, size_t n); /* NULL: none */

TraceContext *th__pb_trace(th_arena *arena, const char *json);
const char *th__pb_trace_json(th_arena *arena, const TraceContext *trace);

/* ---- instances and events ------------------------------------------------------------------- */

OrchestrationState *th__pb_state(th_arena *arena, const th_instance *instance, bool payloads);

/* Whose events they are, and the time of those that have none of their own. */
typedef struct th__pb_origin {
    const char *instance_id, *execution_id;
    int64_t t_us;
} th__pb_origin;

HistoryEvent *th__pb_event(th_arena *arena, const th_event *event, const th__pb_origin *origin);

#endif
