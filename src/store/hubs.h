/*
 * hubs.h - the rows of taskhub.hubs: create, find, partition count.
 */
#ifndef TH_STORE_HUBS_H
#define TH_STORE_HUBS_H

#include <stdbool.h>

#include "base/error.h"
#include "store/db.h"

typedef struct th_hub {
    int32_t hub_id;
    char name[64];
    int32_t first_partition;
    int32_t partition_count;
    bool paused; /* when it was looked up */
} th_hub;

/* Creates the hub with that many partitions if it is not there; an existing hub keeps its count.
 * Safe concurrently. */
th_rc th_hub_ensure(th_db *db, const char *name, int32_t partitions, th_hub *out,
                    th_error *err) TH_MUST_CHECK;

/* TH_EXISTS. recreate: one that is there is deleted with all that is in it, unless a process serves
 * it (TH_NOT_FINISHED). */
th_rc th_hub_create(th_db *db, const char *name, int32_t partitions, bool recreate,
                    th_error *err) TH_MUST_CHECK;

/* With all that is in it; for good. TH_NOT_FOUND. TH_NOT_FINISHED: a process serves it. */
th_rc th_hub_drop(th_db *db, const char *name, th_error *err) TH_MUST_CHECK;

/* Names compare case-insensitively. TH_NOT_FOUND when there is none. */
th_rc th_hub_get(th_db *db, const char *name, th_hub *out, th_error *err) TH_MUST_CHECK;

/* Whether a worker of the hub has ever registered that name, in any case of letters. kind:
 * orchestrator, activity or entity. */
th_rc th_hub_knows(th_db *db, int32_t hub_id, const char *kind, const char *name, bool *known,
                   th_error *err) TH_MUST_CHECK;

int32_t th_hub_partition_of(const th_hub *hub, const char *instance_id);

#endif
