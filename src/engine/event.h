/*
 * event.h - the kinds of history events and messages, one list; to and from JSON.
 *
 * One struct serves all kinds: what a kind does not have stays absent (NULL, or TH_NONE for
 * numbers). Absent and empty differ: "" is present and empty, and comes back as it came (events.md,
 * 2). A payload is text that is never parsed here; in JSON it is a string that holds that text.
 */
#ifndef TH_ENGINE_EVENT_H
#define TH_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* name, number in `inbox.kind` (that of gRPC's HistoryEvent field), EventType of HTTP, payload key
 * in JSON. */
#define TH_KIND_MAP(X)                                    \
    X(OrchestratorStarted, 14, 12, "input")               \
    X(ExecutionStarted, 3, 0, "input")                    \
    X(ExecutionCompleted, 4, 1, "result")                 \
    X(ExecutionTerminated, 5, 3, "input")                 \
    X(ExecutionSuspended, 21, 19, "reason")               \
    X(ExecutionResumed, 22, 20, "reason")                 \
    X(ExecutionRewound, 30, 21, "reason")                 \
    X(TaskScheduled, 6, 4, "input")                       \
    X(TaskCompleted, 7, 5, "result")                      \
    X(TaskFailed, 8, 6, "result")                         \
    X(SubOrchestrationInstanceCreated, 9, 7, "input")     \
    X(SubOrchestrationInstanceCompleted, 10, 8, "result") \
    X(SubOrchestrationInstanceFailed, 11, 9, "result")    \
    X(TimerCreated, 12, 10, "input")                      \
    X(TimerFired, 13, 11, "input")                        \
    X(EventSent, 16, 14, "input")                         \
    X(EventRaised, 17, 15, "input")                       \
    X(EntityOperationSignaled, 23, 14, "input")           \
    X(EntityOperationCalled, 24, 14, "input")             \
    X(EntityLockRequested, 27, 14, "input")               \
    X(EntityUnlockSent, 29, 14, "input")                  \
    X(EntityOperationCompleted, 25, 15, "output")         \
    X(EntityOperationFailed, 26, 15, "output")            \
    X(EntityLockGranted, 28, 15, "output")

typedef enum th_kind {
    TH_KIND_NONE = 0,
#define TH_KIND_ENUM(name, number, type, payload) TH_##name = (number),
    TH_KIND_MAP(TH_KIND_ENUM)
#undef TH_KIND_ENUM
} th_kind;

#define TH_NONE INT32_MIN /* an absent number */

/* Numbers of gRPC's OrchestrationStatus; also in instances.status. */
typedef enum th_status {
    TH_RUNNING = 0,
    TH_COMPLETED = 1,
    TH_CONTINUED_AS_NEW = 2,
    TH_FAILED = 3,
    TH_CANCELED = 4,
    TH_TERMINATED = 5,
    TH_PENDING = 6,
    TH_SUSPENDED = 7,
} th_status;

const char *th_status_name(int status); /* "Running", ...; "Unknown" for others */
bool th_status_parse(const char *name, int *out);
bool th_status_is_terminal(int status); /* Completed, Failed, Canceled, Terminated */

typedef struct th_event {
    th_kind kind;
    int32_t seq; /* over all events of an execution; given by the engine, not written into JSON */
    int32_t id;  /* of the action, given by the executor */
    int32_t ref; /* in results: seq of the event that it answers */
    int32_t task_id; /* in results: that event's id */
    int64_t t_us;    /* 0: left out (then it is the episode's time) */
    const char *name;
    const char *version;
    const char *payload; /* input, result, output, reason: the kind says which key */
    const char
        *failure; /* JSON object {type, message, stack?, inner?, nonRetriable?, properties?} */
    const char *instance_id;
    const char *execution_id;
    const char *fire_at; /* text, as given */
    const char *scheduled_time;
    const char *scheduled_start;
    const char *tags;   /* JSON object */
    const char *trace;  /* JSON object */
    const char *parent; /* JSON object {instanceId, executionId, name, version?, id, ref} */
    const char *raised_as;
    const char *request_id;
    const char *operation;
    const char *target;
    const char *parent_instance_id;
    const char *parent_execution_id;
    const char *critical_section_id;
    const char *lock_set; /* JSON array */
    const char *form;
    const char *data;
    const char *from;       /* ExecutionRewound: the execution that was cut */
    const char *x;          /* private to the executor */
    const char *message_id; /* EventRaised: makes a repeat recognisable (protocol I4); left out at
                               every door */
    int32_t status;         /* ExecutionCompleted */
    int32_t position;
    int32_t attempt;
    int32_t retry_of;
    int32_t priority; /* TH_NONE: none of its own */
    int32_t recurse;  /* 0, 1 or TH_NONE */
} th_event;

/* An event of that kind with everything absent. */
th_event th_event_of(th_kind kind);

const char *th_kind_name(int kind); /* NULL for an unknown number */
th_kind th_kind_parse(const char *name, size_t n);
int th_kind_event_type(int kind);
bool th_kind_is_consumed(
    int kind); /* comes to an instance as a message (or is OrchestratorStarted) */

/* A copy whose texts live in arena. */
th_event th_event_copy(th_arena *arena, const th_event *event);

/* Appends the event as a JSON object. */
void th_event_write(th_buf *out, const th_event *event);

/* Reads the array of one history row; events and texts live in arena; seq counts from first_seq. */
th_rc th_events_read(th_arena *arena, const char *json, size_t n, int32_t first_seq, th_event **out,
                     size_t *count, th_error *err) TH_MUST_CHECK;

/* Reads one JSON object whose keys are those of an event (a message's body) into *event; unknown
 * keys are ignored. */
th_rc th_event_read_body(th_arena *arena, const char *json, size_t n, th_event *event,
                         th_error *err) TH_MUST_CHECK;

#endif
