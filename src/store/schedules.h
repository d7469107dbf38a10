/*
 * schedules.h - the rows of taskhub.schedules: run what is due, list, make, delete.
 *
 * Deciding what is due is all in SQL (taskhub.run_schedules), by the database's clock. All of it
 * blocks.
 */
#ifndef TH_STORE_SCHEDULES_H
#define TH_STORE_SCHEDULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

typedef struct th_schedules_ran {
    int32_t handled;     /* schedules that were due */
    int32_t started;     /* instances */
    int32_t *partitions; /* those that have something new in their inbox */
    size_t partition_count;
    const char *problems; /* of schedules that failed and are tried again; NULL: none did */
    int64_t wait_us; /* until one is due next, less than 0 if one is; TH_TIME_INF: none will be */
} th_schedules_ran;

/*
 * Starts what is due in the hub, each due time exactly one instance, whoever else calls this. *out
 * lives in arena. Sends no wake-up: tell the partitions' owners.
 */
th_rc th_schedules_run(th_db *db, th_arena *arena, const char *hub, th_schedules_ran *out,
                       th_error *err) TH_MUST_CHECK;

/* What a schedule is to be; NULL or 0: the default. */
typedef struct th_schedule {
    const char *name, *expression, *orchestrator;
    const char *input; /* JSON text, kept byte for byte; NULL: none */
    const char *time_zone, *overlap, *missed;
    int32_t missed_limit;
    const bool *enabled; /* NULL: as it was; of a new one true */
} th_schedule;

/* Makes it or, if there is one of that name, changes it; running engines are told. TH_INVALID. */
th_rc th_schedule_put(th_db *db, const char *hub, const th_schedule *schedule,
                      th_error *err) TH_MUST_CHECK;

/* One as a JSON object, with the keys of the HTTP API; *is_new: it was never changed. */
th_rc th_schedule_get(th_db *db, th_arena *arena, const char *hub, const char *name,
                      const char **json, bool *is_new, th_error *err) TH_MUST_CHECK;

/* All of a hub as a JSON array of such objects, by name. */
th_rc th_schedules_list(th_db *db, th_arena *arena, const char *hub, const char **json,
                        th_error *err) TH_MUST_CHECK;

/* TH_NOT_FOUND. */
th_rc th_schedule_drop(th_db *db, const char *hub, const char *name, th_error *err) TH_MUST_CHECK;

#endif
