/*
 * batch.h - the one commit of an owner: what all its episodes changed, as columns (protocol B1).
 *
 * Filled row by row, then sent by pen.h as one transaction in one pipeline, and kept until it is
 * acknowledged: a retry sends the same bytes under the same numbers. Texts are copied. The order of
 * statements is that of B1.
 */
#ifndef TH_STORE_BATCH_H
#define TH_STORE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "store/params.h"

typedef struct th_batch th_batch;

typedef struct th_batch_key {
    int32_t partition_id;
    const char *instance_id;
    th_uuid start_id;
    th_uuid execution_id;
} th_batch_key;

typedef struct th_batch_change {
    int16_t status;
    const char *output;
    const char *failure;
    int16_t custom_op; /* 0 leave, 1 clear, 2 set */
    const char *custom_status;
    const char *executor; /* NULL: leave */
} th_batch_change;

typedef struct th_batch_message {
    int32_t partition_id;
    int64_t due_us; /* TH_TIME_NEG_INF: at once; TH_TIME_INF: held */
    const char *instance_id;
    const th_uuid *start_id;     /* NULL: whichever */
    const th_uuid *execution_id; /* NULL: whichever */
    int16_t kind;
    const char *name;
    int32_t ref; /* INT32_MIN: none */
    const char *message_id;
    const char *payload;
    const char *body;
} th_batch_message;

typedef struct th_batch_activity {
    int64_t id;
    int32_t seq;
    int32_t task_id;
    const char *name;
    const char *version;
    const char *orch_version;
    const char *input;
    const char *tags;
    int32_t attempt;
    int16_t priority;
    const char *trace;  /* JSON object, or NULL */
    int64_t due_us;     /* TH_TIME_NEG_INF: at once */
    int32_t claimed_by; /* 0: nobody */
} th_batch_activity;

th_batch *th_batch_new(void);
void th_batch_free(th_batch *batch);
void th_batch_clear(th_batch *batch);

/* Rows so far, and bytes so far: for the bounds of B5. */
int64_t th_batch_rows(const th_batch *batch);
int64_t th_batch_bytes(const th_batch *batch);

void th_batch_chain(th_batch *batch, int32_t partition_id, int64_t commit_no, int64_t term);
/* The row of a sub-orchestration that begins: new, or over a finished one (protocol B1.2). */
typedef struct th_batch_child {
    const char *name;
    const char *version;
    const char *input;
    const char *tags;
    const char *parent_instance_id;
    const th_uuid *parent_execution_id;
    int32_t parent_ref;
    int16_t priority;
} th_batch_child;
void th_batch_create(th_batch *batch, const th_batch_key *key, const th_batch_child *child);
void th_batch_instance(th_batch *batch, const th_batch_key *key, const th_batch_change *change);
/* keep_history: that of earlier executions stays. */
void th_batch_renew(th_batch *batch, const th_batch_key *key, const char *input,
                    const char *version, bool keep_history);
/* A failed instance goes on as the execution of the key; `was` is the one that failed. link NULL:
 * the parent stays. */
typedef struct th_batch_link {
    th_uuid parent_execution_id;
    int32_t parent_ref;
} th_batch_link;
void th_batch_rewind(th_batch *batch, const th_batch_key *key, const th_uuid *was,
                     const th_batch_link *link);
/* A sub-orchestration whose parent was rewound: its answer goes to that run. */
void th_batch_relink(th_batch *batch, const th_batch_key *key, const th_batch_link *link);
/* The row of an entity, made with its first operation; gone: deleted. */
typedef struct th_batch_entity {
    bool gone;
    const char *name;
    const char *state;       /* NULL: none */
    const char *lock_holder; /* JSON; NULL: nobody */
    int64_t operated_us;     /* TH_TIME_INF: no operation ran */
    const char *executor;    /* NULL: leave */
} th_batch_entity;
void th_batch_put_entity(th_batch *batch, const th_batch_key *key, const th_batch_entity *entity);
/* Held lock requests of that message id, which are given up. */
void th_batch_unrequest(th_batch *batch, int32_t partition_id, const char *instance_id,
                        const char *message_id);
void th_batch_forget(th_batch *batch, const th_batch_key *key);
void th_batch_history(th_batch *batch, const th_batch_key *key, int32_t episode, int32_t first_seq,
                      int64_t at_us, const char *events, size_t events_len, const char *memo);
void th_batch_consume(th_batch *batch, int32_t partition_id, int64_t due_us, int64_t message_no);
void th_batch_drop(th_batch *batch, int32_t partition_id, int64_t due_us, int64_t message_no);
void th_batch_hold(th_batch *batch, int32_t partition_id, int64_t due_us, int64_t message_no);
void th_batch_untimer(th_batch *batch, const th_batch_key *key, int64_t due_us, int32_t ref);
/* All that the instance holds (due = 'infinity') is due at once, in the order of its numbers
 * (protocol I6). */
void th_batch_release(th_batch *batch, int32_t partition_id, const char *instance_id);
/* The first of them only, at most so many. */
enum { TH_BATCH_RELEASE_SOME = 500 };
void th_batch_release_some(th_batch *batch, int32_t partition_id, const char *instance_id);
/* The start that the instance still waits for, at the time that its row names: goes with its end.
 */
void th_batch_unstart(th_batch *batch, const th_batch_key *key);
/* All that the instance still holds: goes with its end. */
void th_batch_unhold(th_batch *batch, int32_t partition_id, const char *instance_id);
void th_batch_send(th_batch *batch, const th_batch_message *message);
void th_batch_schedule(th_batch *batch, const th_batch_key *key, const th_batch_activity *activity);
void th_batch_finish(th_batch *batch, int32_t partition_id, int64_t id, int32_t claim_no);
/* One that is given up; id 0: not known. */
void th_batch_cancel(th_batch *batch, const th_batch_key *key, int64_t id, int32_t seq);
/* Kind of the message by which an episode is answered that another process has run. */
enum { TH_EPISODE_ANSWERED = 100 };

/* An episode for another process (protocol O6). */
typedef enum th_episode_kind { TH_EPISODE_ORCHESTRATOR = 1, TH_EPISODE_ENTITY = 2 } th_episode_kind;
typedef struct th_batch_item {
    int64_t id;
    int16_t kind;
    int32_t seq, episode;
    const char *name;
    const char *version;
    const char *events;   /* JSON array */
    const char *messages; /* JSON array of their numbers */
} th_batch_item;
/* In place of one that is out. */
void th_batch_episode(th_batch *batch, const th_batch_key *key, const th_batch_item *item);
/* The episode of an instance that is out comes back, claimed or not. */
void th_batch_recall(th_batch *batch, int32_t partition_id, const char *instance_id);
void th_batch_unschedule(th_batch *batch, const th_batch_key *key);

/* ---- for pen.c ---- */

enum { TH_BATCH_MAX_STATEMENTS = 25 };

typedef struct th_batch_statement {
    const char *name; /* of the prepared statement */
    th_params *params;
} th_batch_statement;

/* Sorts, finishes the columns; the statements that have rows, in the order of B1. Valid until
 * clear. */
size_t th_batch_statements(th_batch *batch, th_batch_statement out[TH_BATCH_MAX_STATEMENTS]);

/* Name and text of every statement that a batch may use; NULL name at the end. */
typedef struct th_batch_sql {
    const char *name;
    const char *text;
} th_batch_sql;
extern const th_batch_sql th_batch_all_sql[];

#endif
