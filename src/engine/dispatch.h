/*
 * dispatch.h - activity slots and throttles: local first, then claims from the queue (DESIGN.md,
 * "Local first").
 *
 * At most `max` activities run at once. An owner claims for itself, at birth, what free slots will
 * have started within about 20 ms (half a second where no other process runs activities), judged by
 * that name's measured duration; an unknown name counts for free slots only. Claims from the queue
 * are measured the same way. Thread-safe.
 */
#ifndef TH_ENGINE_DISPATCH_H
#define TH_ENGINE_DISPATCH_H

#include "engine/act.h"
#include "store/activities.h"

typedef struct th_dispatch th_dispatch;

typedef struct th_dispatch_options {
    int max;            /* slots */
    int64_t timeout_us; /* functionTimeout; 0: none */
    /* Where a finished activity goes: its result or failure is set, or act->committed, or abandoned
     * is. Owns act. Any thread. */
    void (*done)(void *arg, th_act *act, bool abandoned, int64_t delay_us);
    /* The local queue has run low: more may be claimed. Any thread, must not block. */
    void (*idle)(void *arg);
    void *arg;
} th_dispatch_options;

th_dispatch *th_dispatch_new(const th_dispatch_options *options,
                             const th_executor *const *executors, size_t count);
void th_dispatch_free(th_dispatch *d); /* nothing may run any more */

/* Protocol A1: may an activity of that name be born claimed? True reserves a place, until start or
 * unreserve. */
bool th_dispatch_reserve(th_dispatch *d, const char *name);
void th_dispatch_unreserve(th_dispatch *d, size_t n);

/* Reserved ones, after their commit. Takes the list. */
void th_dispatch_start(th_dispatch *d, th_act_list *acts);

/* Whether no other process of the hub runs activities: then there is nobody to leave quick ones to,
 * and more is claimed ahead. */
void th_dispatch_set_alone(th_dispatch *d, bool alone);

/* How many more may be claimed from the queue now; reserves them. Give back with unreserve what was
 * not found. */
int th_dispatch_reserve_free(th_dispatch *d);

void th_dispatch_answer(th_dispatch *d, const th_activity_answer *answer);

/* Whether the queue holds more than this process could take: then a slow activity that is born now
 * waits its turn there, behind those that were there first. */
void th_dispatch_set_queued(th_dispatch *d, bool queued);

/* The queue holds work that no slot is free for: the limit stops it, if it is reached. */
void th_dispatch_stopped(th_dispatch *d);

/* Nobody waits for the activities of that execution any more: those that run here are told so, and
 * may stop early; those that wait for a slot are done, without a result. */
void th_dispatch_cancel(th_dispatch *d, int32_t partition_id, const th_uuid *execution_id);

/* The same for one activity of it. */
void th_dispatch_cancel_task(th_dispatch *d, int32_t partition_id, const th_uuid *execution_id,
                             int32_t seq);

/* What has been running for a second or more and was not told that nobody waits for it; the caller
 * frees. Then: it is told, if it still runs. */
th_claim *th_dispatch_long(th_dispatch *d, int64_t now_us, size_t *count);
void th_dispatch_cancel_claim(th_dispatch *d, const th_claim *claim);

/* No more claims; what waits for a slot comes back as abandoned. */
void th_dispatch_drain(th_dispatch *d);
/* The same, until it is called with false. */
void th_dispatch_set_paused(th_dispatch *d, bool paused);
/* Once a second: those past the timeout are failed by token (protocol A7); the throttle is looked
 * at. */
void th_dispatch_expire(th_dispatch *d, int64_t now_us);

int th_dispatch_active(th_dispatch *d);
/* Local activities that wait or run and whose names take only a few ms: their completions are about
 * to come. */
int th_dispatch_quick(const th_dispatch *d);
/* Ids in that partition that wait or run here; the caller frees. */
int64_t *th_dispatch_running(th_dispatch *d, int32_t partition_id, size_t *count);

/* Asks the executors again which activities they run. */
void th_dispatch_refresh(th_dispatch *d, const th_executor *const *executors, size_t count);

/* Names that some executor can run, lower-case; and those that are offered now; as th_names_all. */
const char *const *th_dispatch_names(const th_dispatch *d, th_arena *arena, size_t *count);

#endif
