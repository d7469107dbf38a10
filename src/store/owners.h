/*
 * owners.h - advisory locks of workers: register, bury, watch, who owns what (protocol, 2 and A5).
 *
 * All of it on the control connection, blocking. What a pen does for its partitions (take, give
 * back) is in pen.h.
 */
#ifndef TH_STORE_OWNERS_H
#define TH_STORE_OWNERS_H

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

/* Classes of two-int4 advisory locks (protocol S3). */
enum { TH_LOCK_PEN = 0x74680001, TH_LOCK_WORKER, TH_LOCK_IDLE, TH_LOCK_AIDLE, TH_LOCK_MIGRATE };

typedef struct th_worker_info {
    int32_t worker_id; /* 0: register anew; else taken again after a reconnect */
    int32_t hub_id;
    const char *host;
    int32_t pid;
    bool partitions; /* owns some, and runs orchestrators */
    bool episodes;   /* owns none, and runs orchestrators for those who do */
    bool activities;
    const char *const *orchestrator_names;
    size_t orchestrator_count;
    const char *const *activity_names;
    size_t activity_count;
    const char *const *entity_names;
    size_t entity_count;
} th_worker_info;

/*
 * Takes the WORKER lock, then inserts the row with the server's incarnation. With worker_id set:
 * takes that id's lock again and writes the new incarnation, unless it was buried or its lock
 * cannot be had: then a new id. Sets info->worker_id. On failure the connection is given up (lost),
 * since it may hold a lock that nobody knows of.
 */
th_rc th_worker_register(th_db *control, th_worker_info *info, th_error *err) TH_MUST_CHECK;
/* The names of a live worker are no longer what they were. */
th_rc th_worker_set_names(th_db *control, const th_worker_info *info, th_error *err) TH_MUST_CHECK;
th_rc th_worker_set_draining(th_db *control, int32_t worker_id, th_error *err) TH_MUST_CHECK;
/* Orderly end: marks the row dead and unlocks. */
th_rc th_worker_leave(th_db *control, int32_t worker_id, th_error *err) TH_MUST_CHECK;

typedef struct th_seen_worker {
    int32_t worker_id;
    bool locked;      /* somebody holds its WORKER lock */
    bool same_server; /* its incarnation is the server's present one */
    bool draining;
    bool dead; /* buried */
    bool owns; /* has the orchestrators role */
} th_seen_worker;

typedef struct th_seen_partition {
    int32_t partition_id;
    int32_t holder_pid; /* pid that holds the PEN lock, 0: nobody */
    int32_t worker_id;  /* as `partitions` says; 0: none */
    int32_t pen_pid;    /* as `partitions` says */
    bool clean;
    int64_t
        first_due_us; /* of its messages, held ones aside; TH_TIME_INF: none, or not asked for */
    bool pen_waits_silent; /* the holder is a session that partitions names and that has been in
                              ClientWrite or idle in transaction for over 12 s */
} th_seen_partition;

typedef struct th_watch {
    th_seen_worker *workers; /* of this hub, those not dead, and those dead for less than an hour;
                                sorted by id */
    size_t worker_count;
    th_seen_partition *partitions; /* of this hub, sorted by id */
    size_t partition_count;
    bool paused;  /* the hub: nothing new may begin */
    bool purging; /* purges that were asked for wait */
    bool retains; /* the hub's instances or its audit are kept for a time only */
    int64_t server_now_us;
    int64_t server_up_us;  /* since the postmaster started */
    int32_t early_seconds; /* the hub keeps early events for so long; 0: not, -1: never set */
    bool keeps_history;    /* ... and histories of executions that continued as new */
    bool activities_wait;  /* some are unclaimed, and due within a minute; false if not asked for */
    bool episodes_wait;    /* some are unclaimed and due; false if not asked for */
    int32_t names_print;   /* of the hub's SQL activities: another one when their names change */
} th_watch;

/* Who sleeps in this process, and is woken by the watch if there is something to do. */
typedef struct th_sleepers {
    const int32_t *partitions; /* their owner does */
    size_t partition_count;
    bool activities, episodes; /* who would claim them does */
} th_sleepers;

/* Protocol O7: one statement, which also looks at what sleepers would be woken for (NULL: nobody
 * sleeps). Arrays live in arena. */
th_rc th_owners_watch(th_db *control, int32_t hub_id, const th_sleepers *sleepers, th_arena *arena,
                      th_watch *out, th_error *err) TH_MUST_CHECK;

/* Protocol A5: the one UPDATE. *buried: whether this call did it. */
th_rc th_worker_bury(th_db *control, int32_t worker_id, bool *buried, th_error *err) TH_MUST_CHECK;

/* Protocol O5: ends the session that holds the partition, if it still is the one that `partitions`
 * names; never while it waits for SyncRep. */
th_rc th_owners_fence(th_db *control, int32_t partition_id, bool *done,
                      th_error *err) TH_MUST_CHECK;

/* Deletes early events that were kept for longer than the hub's setting says. */
th_rc th_early_events_expire(th_db *control, const char *hub, int64_t *deleted,
                             th_error *err) TH_MUST_CHECK;

#endif
