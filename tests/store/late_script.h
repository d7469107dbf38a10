/*
 * late_script.h - orchestrations of the late executor: scripts over events, and the steps that they
 * take. A script has no stack to keep: it is called from the first event on whenever the history is
 * gone through again, and what it remembers is in its late_orch.
 */
#ifndef TH_TESTS_STORE_LATE_SCRIPT_H
#define TH_TESTS_STORE_LATE_SCRIPT_H

#include "base/arena.h"
#include "engine/executor.h"

enum { LATE_KEEPS = 8 };

/* Starts as zeros in each replay. */
typedef struct late_orch {
    /* The script's own. */
    int step;
    int64_t sum;
    const char *texts[LATE_KEEPS];
    int32_t seqs[LATE_KEEPS];

    const char *input;  /* of the run */
    th_arena *arena;    /* texts of steps must live in it, or for ever */
    int64_t now_us;     /* the orchestrator's clock */
    const char *awaits; /* the event that it waits for, if any; the memo tells */

    /* The executor's. */
    bool replaying;
    int32_t next_seq, next_id;
    th_action *actions;
    size_t action_count;
    th_status_op status_op;
    const char *custom_status;
    th_completion completion;
    th_event *carry;
} late_orch;

/* Called for each event that comes to the run, until it is complete. */
typedef void late_script(late_orch *o, const th_event *event);

/* Steps; those that are answered give the seq that the answer refers to. */
int32_t late_task(late_orch *o, const char *name, const char *input);
int32_t late_timer(late_orch *o, int64_t delay_us);
void late_cancel(late_orch *o, int32_t seq);
void late_status(late_orch *o, const char *json);
void late_complete(late_orch *o, const char *result);
void late_fail(late_orch *o, const char *failure);
/* Events that come after this in the same episode go along. */
void late_continue(late_orch *o, const char *input);

#endif
