/*
 * pen.h - an owner's connection: partition locks, batches and inbox reads, in one pipeline
 * (protocol, 1 to 4).
 *
 * The lock is the pen: a partition's lock is held by the session that writes its commits. One
 * thread uses a pen. Blocking calls (acquire, give, rollback, settle) need an idle pipeline; the
 * th_pen_send_* calls queue operations, and th_pen_next tells of each when all its results are in,
 * in the order of sending.
 */
#ifndef TH_STORE_PEN_H
#define TH_STORE_PEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/batch.h"

typedef struct th_pen th_pen;

/* Connects with role pen (db.h) and prepares the statements. Errors as th_db_open. */
th_rc th_pen_open(const char *conninfo, th_pen **out, th_error *err) TH_MUST_CHECK;
void th_pen_close(th_pen *pen);

int th_pen_fd(const th_pen *pen);
int th_pen_pid(const th_pen *pen);
bool th_pen_wants_write(const th_pen *pen);
int th_pen_in_flight(const th_pen *pen); /* operations sent and not reported */

/* ---- ownership, blocking --------------------------------------------------------------------- */

typedef struct th_ownership {
    int64_t term; /* this ownership's number; the next commit is term + 1 */
    bool clean;   /* the last owner gave it back in order, or was this very worker, which lives */
    int64_t last_message; /* the highest message_no that was due at takeover, if it was not clean;
                             else 0 */
} th_ownership;

/* Protocol O1. TH_NOT_OWNER: another session holds the lock. TH_CONFLICT: the chain says that
 * another writer exists. */
th_rc th_pen_acquire(th_pen *pen, int32_t partition_id, int32_t worker_id, th_ownership *out,
                     th_error *err) TH_MUST_CHECK;

/* Protocol O4: marks it clean, then unlocks. */
th_rc th_pen_give(th_pen *pen, int32_t partition_id, th_error *err) TH_MUST_CHECK;

/*
 * Protocol A5: sets free what dead or unknown workers hold in that partition, one crash more each,
 * but not what `me` holds. Activities with `limit` crashes are deleted and answered as failed in
 * the same statement. *left are locked: a SQL activity's session has outlived its process; try
 * again later. *freed, *poisoned, *left may be NULL.
 */
th_rc th_pen_release_dead(th_pen *pen, int32_t partition_id, int32_t me, int32_t limit,
                          int64_t *freed, int64_t *poisoned, int64_t *left,
                          th_error *err) TH_MUST_CHECK;

/* Ids of that partition that have early events: held, and bound to no start. They live in arena. */
th_rc th_pen_early(th_pen *pen, th_arena *arena, int32_t partition_id, const char *const **ids,
                   size_t *count, th_error *err) TH_MUST_CHECK;

/* Raises `attempts` of these messages, committed before their instances run (protocol O2). */
typedef struct th_message_key {
    int32_t partition_id;
    int64_t due_us;
    int64_t message_no;
} th_message_key;
th_rc th_pen_count_attempts(th_pen *pen, const th_message_key *keys, size_t n,
                            th_error *err) TH_MUST_CHECK;

/* After a failed batch, when all operations were reported: ends the aborted transaction. */
th_rc th_pen_rollback(th_pen *pen, th_error *err) TH_MUST_CHECK;

/* Protocol B6, on a new pen that holds the lock or on any: did number n of that term commit? Asks
 * only when the old session is gone. */
th_rc th_pen_settled(th_pen *pen, int32_t partition_id, int64_t commit_no, int64_t term,
                     bool *committed, th_error *err) TH_MUST_CHECK;
/* S5: that backend no longer holds the partition's lock. */
th_rc th_pen_is_gone(th_pen *pen, int32_t partition_id, int old_pid, bool *gone,
                     th_error *err) TH_MUST_CHECK;

/* ---- the pipeline --------------------------------------------------------------------------- */

typedef enum th_pen_op {
    TH_PEN_BATCH,
    TH_PEN_READ,
    TH_PEN_HELD,
    TH_PEN_LOAD,
    TH_PEN_IDLE,
    TH_PEN_AWAKE,
    TH_PEN_WORD
} th_pen_op;

/* A message as read, with its instance's row. Texts are valid until th_pen_done_clear. */
typedef struct th_inbox_row {
    int32_t partition_id;
    int64_t due_us;
    int64_t message_no;
    const char *instance_id;
    bool has_start, has_execution;
    th_uuid start_id, execution_id;
    int16_t kind;
    const char *name;
    int32_t ref; /* INT32_MIN: none */
    const char *message_id;
    int16_t attempts;
    const char *payload;
    const char *body;
    int64_t sent_us;
    bool found; /* the instance's row is there; the rest is from it */
    th_uuid row_start_id, row_execution_id;
    int16_t status;
    const char *row_name;
    const char *version;
    const char *input; /* only with a start message of that start */
    const char *tags;
    const char *parent_instance_id;
    bool has_parent_execution;
    th_uuid parent_execution_id;
    int32_t parent_ref;
    bool is_entity;
    bool behind; /* for an entity that holds an earlier message */
    int16_t priority;
} th_inbox_row;

typedef struct th_next_due {
    int32_t partition_id;
    int64_t now_us;
    int64_t due_us; /* TH_TIME_INF: none */
} th_next_due;

typedef struct th_instance_row {
    int32_t partition_id;
    const char *instance_id;
    int64_t episode_out; /* id of the episode that another process is to run; 0: none */
    bool found;          /* there is an instance; the rest is from its row */
    th_uuid start_id, execution_id;
    int16_t status;
    const char *name;
    const char *version;
    const char *tags;
    const char *parent_instance_id;
    bool has_parent_execution;
    th_uuid parent_execution_id;
    int32_t parent_ref;
    bool is_entity;
    const char *state, *lock_holder; /* entities */
    int16_t priority;
} th_instance_row;

typedef struct th_episode_row {
    int32_t partition_id;
    const char *instance_id;
    th_uuid execution_id;
    int32_t episode, first_seq;
    int64_t at_us;
    const char *events;
    size_t events_len;
    const char *memo;
} th_episode_row;

typedef struct th_pen_done {
    th_pen_op op;
    uint64_t tag;
    th_rc rc; /* TH_OK, or why it failed; TH_UNAVAILABLE: skipped because an earlier operation had
                 failed */
    char statement[16]; /* of a batch: the one that failed */
    th_error error;
    th_inbox_row *rows; /* READ, HELD */
    size_t count;
    th_instance_row *instances; /* LOAD: one for each that was asked for */
    size_t instance_count;
    th_episode_row *episodes; /* LOAD, by instance and episode */
    size_t episode_count;
    th_next_due *next; /* READ */
    size_t next_count;
    bool idle_locked; /* IDLE: all locks were had */
    th_arena *arena;  /* holds the arrays */
    void *results[2]; /* hold the texts */
} th_pen_done;

/* Queue an operation. The batch stays the caller's and must live until it is reported. TH_DB_LOST:
 * close the pen. */
th_rc th_pen_send_batch(th_pen *pen, th_batch *batch, uint64_t tag, th_error *err) TH_MUST_CHECK;
/* What is due in these partitions, at most `limit` a range and partition (protocol I2): not the
 * rows in hand, and of the instances that are left out only what starts, ends, suspends or resumes
 * them, or has a due time. */
typedef struct th_pen_read {
    const int32_t *partitions;
    size_t count;
    const int64_t *hand;
    size_t hand_count;
    const char *const *left_out;
    size_t left_out_count;
    int32_t limit;
} th_pen_read;
th_rc th_pen_send_read(th_pen *pen, const th_pen_read *read, th_error *err) TH_MUST_CHECK;
/* Held messages, by instance and number; a number 0: all of that instance. */
typedef struct th_held_key {
    int32_t partition_id;
    const char *instance_id;
    int64_t message_no;
} th_held_key;
th_rc th_pen_send_held(th_pen *pen, const th_held_key *keys, size_t n, const int64_t *hand,
                       size_t hand_count, th_error *err) TH_MUST_CHECK;
/* The instances' rows, and the histories of their present executions. */
th_rc th_pen_send_load(th_pen *pen, const int32_t *partitions, const char *const *ids, size_t n,
                       th_error *err) TH_MUST_CHECK;
/* Protocol W2: take (or let go of) the IDLE locks of these partitions. */
th_rc th_pen_send_idle(th_pen *pen, const int32_t *partitions, size_t n, bool on,
                       th_error *err) TH_MUST_CHECK;

/* A word, which is no statement: a pen that is silent for too long is taken away (protocol S1). */
th_rc th_pen_send_word(th_pen *pen, th_error *err) TH_MUST_CHECK;

/* Moves bytes both ways without blocking. */
th_rc th_pen_pump(th_pen *pen, th_error *err) TH_MUST_CHECK;

/* One finished operation, if there is one: *got. */
th_rc th_pen_next(th_pen *pen, th_pen_done *done, bool *got, th_error *err) TH_MUST_CHECK;
void th_pen_done_clear(th_pen_done *done);

#endif
