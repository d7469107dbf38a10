/*
 * instances.h - the rows of taskhub.instances: page through by filter, purge, history for the API.
 *
 * One row is one orchestration or entity. An owner's own updates go through batch.h, in the commit
 * of their batch; single status reads of many callers through front.h. These here block; role pool.
 */
#ifndef TH_STORE_INSTANCES_H
#define TH_STORE_INSTANCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"
#include "store/hubs.h"

typedef struct th_instance {
    const char *id;
    const char *name;
    const char *version;      /* NULL: none, as for all texts here */
    const char *execution_id; /* 32 hex digits */
    int status;               /* a th_status number */
    const char *input;
    const char *output;
    const char *failure; /* JSON object */
    const char *custom_status;
    const char *tags;
    const char *parent_instance_id;
    int16_t priority;
    int64_t created_us, updated_us;
    int64_t completed_us; /* 0: not yet */
} th_instance;

typedef struct th_instance_filter {
    int64_t created_from_us, created_to_us; /* 0: none; both inclusive */
    uint32_t statuses;                      /* bit 1 << status; 0: all */
    const char *tags;                       /* NULL: any; JSON object: they have all of these */
    const char *id_prefix;                  /* NULL or "": none; literal, no wildcards */
    const char *name;                       /* of the function, in any case; NULL: all */
    const char *after_id;                   /* continue after this id; NULL: first page */
    int32_t top;                            /* page size, 1..1000 */
    int32_t look_at; /* rows to look at for a page, about; 0: 20,000; never less than top */
    bool want_payloads;
} th_instance_filter;

th_rc th_instance_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                      th_instance **out, th_error *err) TH_MUST_CHECK;

/*
 * Sorted by id (ordinal), over all partitions. *next_id: continue after this one, NULL at the end.
 * A page may be shorter than top, even empty, and yet not the last: where the filter lets few rows
 * through, the work for one page ends all the same. TH_DB_RETRY if it takes longer than ten
 * seconds.
 */
th_rc th_instances_list(th_db *db, th_arena *arena, const th_hub *hub,
                        const th_instance_filter *filter, th_instance **out, size_t *count,
                        const char **next_id, th_error *err) TH_MUST_CHECK;

/* NOT_FOUND, NOT_FINISHED (*status says which). Deletes the row and its history in one statement,
 * and has a row in the audit. key: name of the access key that let the caller in, or NULL. */
th_rc th_instance_purge(th_db *db, const th_hub *hub, const char *id, const char *key, int *status,
                        th_error *err) TH_MUST_CHECK;

/* The present execution's history rows in order: array texts and first seqs. For replay see pen.h.
 */
typedef struct th_history_row {
    int32_t episode, first_seq;
    int64_t at_us;
    const char *events; /* JSON array */
} th_history_row;
th_rc th_history_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                     th_history_row **out, size_t *count, th_error *err) TH_MUST_CHECK;

#endif
