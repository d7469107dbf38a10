/*
 * purges.h - passes over finished instances: steps of those that the engine makes.
 */
#ifndef TH_STORE_PURGES_H
#define TH_STORE_PURGES_H

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

typedef struct th_purge_step {
    int64_t deleted;
    int64_t wait_us; /* until the next step; 0: at once; TH_TIME_INF: there is nothing to do */
} th_purge_step;

/* One step of a hub's passes, committed. Nothing to do for whoever comes while another is at it. */
th_rc th_purges_step(th_db *db, th_arena *arena, const char *hub, th_purge_step *out,
                     th_error *err) TH_MUST_CHECK;

/* A purge by filter, as HTTP asks for it. Times in microseconds, statuses as bits. */
typedef struct th_purge_filter {
    int64_t created_from_us, created_to_us;
    uint32_t statuses; /* bit 1 << status */
    bool recursive;
    const char *key;   /* name of the access key that let the caller in; NULL: none */
    const char *after; /* where to go on, as the last batch said; NULL: at the beginning */
} th_purge_filter;

/* One small batch, committed. *next lives in arena; NULL: done. */
th_rc th_purge_batch(th_db *db, th_arena *arena, const char *hub, const th_purge_filter *filter,
                     int64_t *deleted, const char **next, th_error *err) TH_MUST_CHECK;

/* Leaves the rest to the engine. */
th_rc th_purge_request(th_db *db, th_arena *arena, const char *hub, const th_purge_filter *filter,
                       int64_t *purge_id, th_error *err) TH_MUST_CHECK;

/* One finished instance with the finished ones that it started. TH_NOT_FOUND, TH_NOT_FINISHED. */
th_rc th_purge_tree(th_db *db, const char *hub, const char *key, const char *id,
                    th_error *err) TH_MUST_CHECK;

#endif
