/*
 * bound.h - activities whose name is bound to a function of the database (taskhub.sql_activities).
 *
 * One statement runs the function and completes the activity, so that either both happen or
 * neither. On pool connections; all of it blocks. A failure is written like that of any activity
 * (activities.h), after the function's work was rolled back.
 */
#ifndef TH_STORE_BOUND_H
#define TH_STORE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

/* The hub's bound names, which live in arena, and the print by which the watch knows them
 * (owners.h). */
th_rc th_bound_names(th_db *db, th_arena *arena, int32_t hub_id, const char ***names, size_t *count,
                     int32_t *print, th_error *err) TH_MUST_CHECK;

typedef struct th_bound_call {
    int32_t hub_id;
    const char *name;
    int32_t partition_id; /* with id and claim_no the token of protocol A3 */
    int64_t id;
    int32_t claim_no;
    int64_t timeout_us; /* the function is stopped after this; 0: never */
} th_bound_call;

typedef enum th_bound_outcome {
    TH_BOUND_DONE,      /* committed, with its completion */
    TH_BOUND_DROPPED,   /* the instance has finished: it did not run, and the row is gone */
    TH_BOUND_STALE,     /* the claim is no longer current, or it was committed before */
    TH_BOUND_UNBOUND,   /* the name is not bound */
    TH_BOUND_FAILED,    /* nothing has happened; `failed` says why */
    TH_BOUND_TIMED_OUT, /* nothing has happened: it was stopped */
    TH_BOUND_RETRY, /* nothing has happened: a deadlock or its like, see protocol B4; `failed` too
                     */
    TH_BOUND_IN_DOUBT, /* the connection was lost: it may have committed, and may still do so */
    TH_BOUND_LATE,     /* the same, after the time was up */
} th_bound_outcome;

/* What the server said of a failure; NULL: nothing. */
typedef struct th_bound_failure {
    const char *sqlstate, *message, *detail, *hint, *context, *schema, *table, *column, *constraint;
} th_bound_failure;

/* Texts live in arena. err says what it was when the connection was lost. */
th_bound_outcome th_bound_run(th_db *db, th_arena *arena, const th_bound_call *call,
                              th_bound_failure *failed, th_error *err);

#endif
