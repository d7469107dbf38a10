/*
 * log.h - one structured line an event, to standard error, as text or JSON.
 *
 * An event has a name from one list, so that operators can search for it; a context says which hub,
 * partition, instance it is about. Thread-safe; a line is written with one write().
 */
#ifndef TH_BASE_LOG_H
#define TH_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum th_log_level {
    TH_LOG_DEBUG,
    TH_LOG_INFO,
    TH_LOG_WARN,
    TH_LOG_ERROR,
    TH_LOG_OFF
} th_log_level;
typedef enum th_log_format { TH_LOG_TEXT, TH_LOG_JSON } th_log_format;

/* name in C, name in the log. Rooms add theirs here. */
#define TH_EVENT_MAP(X)                         \
    X(START, "start")                           \
    X(STOP, "stop")                             \
    X(CONFIG_WARNING, "config.warning")         \
    X(DB_CONNECTED, "db.connected")             \
    X(DB_LOST, "db.lost")                       \
    X(DB_LOCAL, "db.local")                     \
    X(DB_STORAGE, "db.storage")                 \
    X(SCHEMA, "schema")                         \
    X(WORKER_REGISTERED, "worker.registered")   \
    X(WORKER_BURIED, "worker.buried")           \
    X(PARTITION_ACQUIRED, "partition.acquired") \
    X(PARTITION_GIVEN, "partition.given")       \
    X(PARTITION_LOST, "partition.lost")         \
    X(PARTITION_SKIPPED, "partition.skipped")   \
    X(PARTITION_FENCED, "partition.fenced")     \
    X(BATCH_FAILED, "batch.failed")             \
    X(BATCH_SETTLED, "batch.settled")           \
    X(INSTANCE_FAILED, "instance.failed")       \
    X(INSTANCE_POISON, "instance.poison")       \
    X(MESSAGE_DROPPED, "message.dropped")       \
    X(OPERATION_FAILED, "operation.failed")     \
    X(ACTIVITY_FAILED, "activity.failed")       \
    X(ACTIVITY_POISON, "activity.poison")       \
    X(COMPLETION_DROPPED, "completion.dropped") \
    X(THROTTLE, "throttle")                     \
    X(THROTTLE_OVER, "throttle.over")           \
    X(CLAIM_RECONCILED, "claim.reconciled")     \
    X(SCHEDULE_FAILED, "schedule.failed")       \
    X(PURGE_FAILED, "purge.failed")             \
    X(HUB_PAUSED, "hub.paused")                 \
    X(HUB_RESUMED, "hub.resumed")               \
    X(APP_LOADED, "app.loaded")                 \
    X(APP_LOG, "app.log")                       \
    X(WORKER_PROCESS, "worker.process")         \
    X(HTTP_LISTENING, "http.listening")         \
    X(GRPC_LISTENING, "grpc.listening")         \
    X(GRPC_ERROR, "grpc.error")                 \
    X(HTTP_ERROR, "http.error")                 \
    X(KEYS, "keys")                             \
    X(HOST, "host")                             \
    X(DEBUG, "debug")

typedef enum th_log_event {
#define TH_EVENT_ENUM(name, text) TH_EV_##name,
    TH_EVENT_MAP(TH_EVENT_ENUM)
#undef TH_EVENT_ENUM
        TH_EV_COUNT
} th_log_event;

typedef struct th_log_ctx {
    const char *hub;      /* NULL: the process's hub, see th_log_set_hub */
    int32_t partition;    /* 0: none (partition ids start at 1) */
    const char *instance; /* NULL: none */
} th_log_ctx;

void th_log_setup(th_log_level level, th_log_format format);
bool th_log_level_parse(const char *s, th_log_level *out);   /* debug, info, warn, error, off */
bool th_log_format_parse(const char *s, th_log_format *out); /* text, json */
bool th_log_on(th_log_level level);

/* The hub of lines whose context names none; NULL: none. The name is copied, and cut at 63 bytes.
 */
void th_log_set_hub(const char *hub);

/* ctx may be NULL. The message is one sentence; newlines and control characters in it are escaped.
 */
void th_log(th_log_level level, th_log_event event, const th_log_ctx *ctx, const char *fmt, ...)
    TH_PRINTF(4, 5);

#endif
