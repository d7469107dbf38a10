/*
 * activities.h - the activities queue: claim, complete, abandon, reconcile (protocol, 5).
 *
 * On pool connections; all of it blocks. What an owner does with activities of its own batches is
 * in batch.h.
 */
#ifndef TH_STORE_ACTIVITIES_H
#define TH_STORE_ACTIVITIES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/db.h"
#include "store/pen.h"

/* A claimed work item. Its token is (partition_id, id, claim_no). */
typedef struct th_claimed {
    int32_t partition_id;
    int64_t id;
    int32_t claim_no;
    const char *instance_id;
    th_uuid start_id, execution_id;
    int32_t seq, task_id, attempt;
    const char *name;
    const char *version;
    const char *input;
    const char *tags;
    const char *trace;
    int16_t priority;
    int16_t kind;         /* 0 an activity; see th_episode_kind */
    const char *messages; /* of an episode: JSON array of numbers */
} th_claimed;

/* Protocol A2, one partition: at most `limit` due, unclaimed items with one of these names
 * (compared case-insensitively; names_count 0: none). */
th_rc th_activities_claim(th_db *db, th_arena *arena, int32_t partition_id, int32_t worker_id,
                          int32_t limit, const char *const *lower_names, size_t names_count,
                          th_claimed **out, size_t *count, th_error *err) TH_MUST_CHECK;

/*
 * Those that several workers have died with, which th_activities_claim leaves out: at most one, and
 * none while this worker holds another that has not been completed. So what kills its worker is
 * found, and what ran beside it is not blamed.
 */
th_rc th_activities_claim_suspect(th_db *db, th_arena *arena, int32_t first_partition,
                                  int32_t partition_count, int32_t worker_id,
                                  const char *const *lower_names, size_t names_count,
                                  th_claimed **out, size_t *count, th_error *err) TH_MUST_CHECK;

/*
 * The same for episodes that other processes' partitions need run (protocol O6), over all
 * partitions of a hub. suspect: one that workers have died with.
 */
typedef struct th_episode_names {
    const char *const *orchestrators; /* in lower case */
    size_t orchestrator_count;
    const char *const *entities;
    size_t entity_count;
    const char *const *refused; /* as th_episode_refusal makes them: these are left */
    size_t refused_count;
} th_episode_names;
char *th_episode_refusal(const char *name, const char *version); /* for the caller to free */
th_rc th_episodes_claim(th_db *db, th_arena *arena, int32_t first_partition,
                        int32_t partition_count, int32_t worker_id, int32_t limit,
                        const th_episode_names *names, bool suspect, th_claimed **out,
                        size_t *count, th_error *err) TH_MUST_CHECK;

/* What such episodes stand on: rows as an owner loads them (pen.h), in the order of the keys. */
typedef struct th_loaded {
    th_instance_row *instances;
    size_t instance_count;
    th_episode_row *episodes;
    size_t episode_count;
    th_arena *arena; /* holds the arrays */
    void *results[2];
} th_loaded;
th_rc th_episodes_load(th_db *db, const th_claimed *claimed, size_t n, th_loaded *out,
                       th_error *err) TH_MUST_CHECK;
void th_loaded_free(th_loaded *loaded);

typedef struct th_completed {
    int32_t partition_id;
    int64_t id;
    int32_t claim_no;
    const char *result;  /* NULL: none */
    const char *failure; /* JSON object: failed */
    /* Of an abandoned one: */
    int64_t delay_us;       /* due again after that; 0: as it was */
    const char *next_input; /* it got somewhere and goes on with this; NULL: as it was */
    bool is_reply; /* of an episode: result and failure are the payload and body of the answer */
} th_completed;

/*
 * Protocol A4, many at once: deletes those whose claim number is still current and writes their
 * completions to the inbox. done[i] says which; the others are dropped. Sorts items by key.
 */
th_rc th_activities_complete(th_db *db, th_completed *items, size_t n, bool *done,
                             th_error *err) TH_MUST_CHECK;

/*
 * Protocol A6: sets claims free that are still current. One with a next input starts over in
 * everything but its claim number: crashes so far are forgotten; if its execution has ended it is
 * deleted, since nobody waits for it.
 */
th_rc th_activities_abandon(th_db *db, const th_completed *items, size_t n,
                            th_error *err) TH_MUST_CHECK;

/* Protocol A8: claims of this worker in that partition, older than 5 s, whose id is not in
 * running[], come free. */
th_rc th_activities_reconcile(th_db *db, int32_t partition_id, int32_t worker_id,
                              const int64_t *running, size_t n, int64_t *freed,
                              th_error *err) TH_MUST_CHECK;

/* A claim that runs here. */
typedef struct th_claim {
    int32_t partition_id;
    int64_t id;
    int32_t claim_no;
} th_claim;

/* Which of them nobody waits for any more: unwanted[i]. */
th_rc th_activities_unwanted(th_db *db, const th_claim *claims, size_t n, bool *unwanted,
                             th_error *err) TH_MUST_CHECK;

/*
 * Whether partitions of a hub have unclaimed, due activities: their ids; count at most n. *next_us:
 * in how long the first of those that are not due yet will be, at most a minute; INT64_MAX: none.
 */
th_rc th_activities_waiting(th_db *db, int32_t first_partition, int32_t partition_count,
                            int32_t *partitions, size_t *count, int64_t *next_us,
                            th_error *err) TH_MUST_CHECK;

#endif
