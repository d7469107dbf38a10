/*
 * inst.h - an instance as its partition's owner knows it: identity, where its history stands, what
 * is open, what waits.
 */
#ifndef TH_ENGINE_INST_H
#define TH_ENGINE_INST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/event.h"
#include "engine/executor.h"
#include "engine/msg.h"
#include "store/batch.h"

/* An event of the present execution that waits for its result. */
typedef struct th_open {
    int32_t seq;
    int32_t id;
    th_kind kind;     /* TaskScheduled, TimerCreated, ...; TH_KIND_NONE: free place */
    bool taken;       /* its result is in the episode that runs */
    int64_t due_us;   /* timers */
    int64_t activity; /* tasks: number of the activity; 0: not known */
    const char *text; /* timers: fireAt; children: their id; owned by the table */
} th_open;

/* Open addressing by seq; grows, never shrinks while the execution lives. */
typedef struct th_opens {
    th_open *slots;
    size_t cap, used, live; /* used counts tombstones too */
} th_opens;

void th_opens_free(th_opens *opens);
th_open *th_opens_add(th_opens *opens, int32_t seq, th_kind kind, int32_t id);
th_open *th_opens_find(th_opens *opens, int32_t seq);
void th_opens_remove(th_opens *opens, int32_t seq);

/* 64-bit hashes of message ids that the execution has seen (protocol I4). */
typedef struct th_seen {
    uint64_t *hashes;
    size_t count, cap;
} th_seen;

typedef enum th_inst_state {
    TH_INST_COLD,       /* known by its messages only */
    TH_INST_LOADING,    /* its row and history, or its held messages, are being read */
    TH_INST_READY,      /* nothing under way */
    TH_INST_RUNNING,    /* an executor has its item */
    TH_INST_COMMITTING, /* in a batch that is not acknowledged */
    TH_INST_PARKED,     /* set aside alone until parked_until_us (protocol B4) */
} th_inst_state;

/* The episode that runs: what was taken, and what the executor reads. */
typedef struct th_run {
    th_arena *arena;
    th_event *fresh;
    size_t fresh_count;
    th_msg_list taken;
    int64_t started_t_us; /* the orchestrator's clock */
    int64_t deadline_us;  /* monotonic; without an answer by then the item is given again */
} th_run;

/* Critical sections that the execution has asked for and not left: all that it must release at its
 * end. */
typedef struct th_section {
    int32_t seq; /* of its EntityLockRequested */
    char *id;
    char *lock_set; /* JSON array of entity ids */
    int32_t left;   /* entities not yet unlocked */
} th_section;

typedef struct th_sections {
    th_section *list;
    size_t count, cap;
} th_sections;

void th_sections_add(th_sections *sections, int32_t seq, const char *id, const char *lock_set);
th_section *th_sections_find(th_sections *sections, const char *id);
/* One of its entities was unlocked; the last one ends it. */
void th_sections_unlock(th_sections *sections, const char *id);
void th_sections_free(th_sections *sections);

typedef struct th_ent th_ent; /* entity.h */

typedef struct th_inst th_inst;
struct th_inst {
    th_inst *hash_next;
    th_inst *lru_prev, *lru_next;
    th_inst *ready_next;
    bool in_ready, in_lru;
    uint64_t hash;

    int32_t partition_id;
    char *id;
    th_inst_state state;
    th_uuid start_id, execution_id;
    char *name, *version, *tags, *parent, *trace;
    char *parent_instance_id; /* NULL: nobody waits for it */
    th_uuid parent_execution_id;
    int32_t parent_ref;
    int16_t priority; /* of its activities and children that have none of their own */
    int status;
    bool exists;     /* its row is there and not finished */
    bool started;    /* history has ExecutionStarted */
    bool renewed;    /* continue as new: waits for its own start message */
    bool is_new;     /* no episode committed yet by this owner, so the row says Pending */
    bool create;     /* a child that begins: its row is to be made */
    bool replaces;   /* ... over a finished one */
    bool maybe_held; /* messages may be held that are not in the queue */
    bool ended;   /* history has ExecutionCompleted: if the row is live all the same, it waits to be
                     rewound */
    bool rewound; /* history ends with a rewind, after which nothing has run yet */
    bool reload;  /* the batch under way rewinds it: then it is read again */
    bool released;   /* the batch under way makes held messages due again: what came after them is
                        read again behind them */
    bool ending;     /* the batch under way finishes it */
    bool doomed;     /* fails with `doom` at its next turn */
    bool left_tasks; /* the batch under way drops open tasks of `left_execution`: those that run may
                        stop early */
    th_uuid left_execution;
    bool away;            /* its episode is out for another process; what comes meanwhile is held */
    int64_t away_id;      /* of that item */
    bool came;            /* something may have come meanwhile */
    bool listed;          /* what the reply in the queue has taken is in the queue, too */
    bool replied;         /* while such a reply is applied */
    const char *ran_by;   /* and the name of the executor that ran it */
    bool careful;         /* runs after its attempts were counted (protocol O2) */
    char *doom;           /* JSON failure */
    int32_t episode, seq; /* the next ones */
    int64_t last_t_us;
    char *memo;
    th_opens opens;
    th_sections sections;
    th_seen seen;
    th_ent *ent;         /* NULL: an orchestration */
    uint64_t stale_read; /* what that read of the pump brings for it is older than what it knows; 0:
                           none */
    th_msg_list queue;
    bool crowded;            /* reads leave its messages out */
    uint64_t refused_read;   /* rows of that read are dropped: earlier ones are to be read first */
    int64_t parked_until_us; /* monotonic */
    int conflicts;           /* batches of it that met TH409 in a row */

    const th_executor *executor;
    void *session;
    uint64_t token; /* of the item that is out; 0: none */
    th_run run;

    /* Cold: the history to replay, until the first answer. */
    th_arena *past_arena;
    th_past_episode *past;
    int64_t *past_at_us; /* when each episode was written */
    size_t past_count;
    int64_t idle_since_us; /* monotonic */
};

th_inst *th_inst_new(int32_t partition_id, const char *id);
void th_inst_free(th_inst *inst); /* drops the session; frees queued messages */

/* Forgets all that was learnt, keeps the queue: COLD again. */
void th_inst_cool(th_inst *inst);
void th_inst_drop_session(th_inst *inst);

void th_inst_set_identity(th_inst *inst, const th_uuid *start_id, const th_uuid *execution_id,
                          const char *name, const char *version, const char *tags);
/* ExecutionStarted, read or about to run: the trace that it belongs to. Other events: nothing. */
void th_inst_note_start(th_inst *inst, const th_event *started);
void th_inst_set_parent(th_inst *inst, const char *instance_id, const th_uuid *execution_id,
                        int32_t ref);
th_batch_key th_inst_key(const th_inst *inst);

/* Has that message id been seen? Remembers it. */
bool th_inst_seen(th_inst *inst, const char *message_id);

/* From the rows that were read: identity, position, open events; the events for replay. TH_INVALID:
 * a row can't be read. */
th_rc th_inst_load(th_inst *inst, const th_instance_row *row, const th_episode_row *episodes,
                   size_t count, th_error *err) TH_MUST_CHECK;

/* The history that was read is no longer needed. */
void th_inst_drop_past(th_inst *inst);

/* Rounds up to a microsecond. False: not a time. */
bool th_due_of(const char *fire_at, int64_t *due_us);

#endif
