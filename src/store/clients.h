/*
 * clients.h - what clients ask now and then and nobody else does: statuses of many instances at
 * once, finished ones by time, entities with their lock; acts that SQL functions carry out. These
 * block; role pool.
 */
#ifndef TH_STORE_CLIENTS_H
#define TH_STORE_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"
#include "store/hubs.h"

/* statuses[i]: of the orchestration ids[i]; -1: it is not there. */
th_rc th_instances_status(th_db *db, const int32_t *partitions, const char *const *ids, size_t n,
                          int *statuses, th_error *err) TH_MUST_CHECK;

typedef struct th_finished_filter {
    uint32_t statuses;      /* bit 1 << status */
    int64_t from_us, to_us; /* of the completion: from that time on, before that time; 0: none */
    int64_t after_us;       /* continue after this one; 0: first page */
    const char *after_id;
    int32_t top;
} th_finished_filter;

typedef struct th_finished {
    const char *id;
    int64_t completed_us;
} th_finished;

/* By time of completion, then by id. Fewer than top: the last page. */
th_rc th_instances_finished(th_db *db, th_arena *arena, const th_hub *hub,
                            const th_finished_filter *filter, th_finished **out, size_t *count,
                            th_error *err) TH_MUST_CHECK;

typedef struct th_entity_info {
    const char *id;
    int64_t last_operation_us; /* 0: none */
    const char *state;         /* NULL: none, or not asked for */
    const char *locked_by;     /* id of an orchestration; NULL: nobody */
} th_entity_info;

typedef struct th_entity_query {
    const char *prefix;     /* of the id; NULL or "": all */
    const char *id;         /* this one alone; NULL: by prefix */
    int64_t from_us, to_us; /* time of the last operation, both inclusive; 0: no bound */
    const char *after_id;   /* NULL: first page */
    int32_t top;            /* 1..1000 */
    bool want_states;
    bool transient; /* also those without a state */
} th_entity_query;

/* By id (ordinal). *next_id: continue after this one, NULL at the end. */
th_rc th_entities_query(th_db *db, th_arena *arena, const th_hub *hub, const th_entity_query *query,
                        th_entity_info **out, size_t *count, const char **next_id,
                        th_error *err) TH_MUST_CHECK;

/* taskhub.terminate_instance with its sub-orchestrations. key: name of the access key that let the
 * caller in, for the audit, or NULL. NOT_FOUND, FINISHED. */
th_rc th_instance_terminate_all(th_db *db, const th_hub *hub, const char *id, const char *reason,
                                const char *key, th_error *err) TH_MUST_CHECK;

/* taskhub.signal_entity; due_us 0: at once. message_id NULL: a new one. INVALID. */
th_rc th_entity_signal(th_db *db, const th_hub *hub, const char *name, const char *key,
                       const char *operation, const char *input, int64_t due_us,
                       const char *message_id, th_error *err) TH_MUST_CHECK;

#endif
