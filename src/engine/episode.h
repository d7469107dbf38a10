/*
 * episode.h - messages and actions to new state; no I/O, so every rule is unit-tested.
 *
 * One turn of an instance looks at what waits for it and either settles it alone (terminate,
 * suspend, resume, drops, holds, failures), or takes messages for an episode that an executor runs.
 * The executor's answer is then applied. All effects go into the step: columns of the batch, and
 * lists of what is to be done once the batch is acknowledged.
 */
#ifndef TH_ENGINE_EPISODE_H
#define TH_ENGINE_EPISODE_H

#include "engine/act.h"
#include "engine/inst.h"

/* A task of an execution. */
typedef struct th_given_up {
    int32_t partition_id;
    th_uuid execution_id;
    int32_t seq;
} th_given_up;

typedef struct th_step {
    th_batch *batch;
    int64_t now_us; /* the database's clock */
    int32_t worker_id;
    int32_t first_partition, partition_count; /* of the hub */

    /* Ids of activities: number of the commit and position in it (unique in the partition). */
    int64_t commit_no;
    int32_t *act_index;

    /* Whether an activity of that name is born claimed by this process (protocol A1). */
    bool (*claim)(void *arg, const char *name);
    void *arg;

    /* Out. */
    th_msg_list spent;   /* messages that this batch records or drops */
    th_msg_list orphans; /* local completions that nobody waits for: dropped by token */
    th_given_up
        *given_up; /* tasks that their orchestrators cancelled: told at the acknowledgement */
    size_t given_up_count, given_up_cap;
    th_act_list born;   /* start at the acknowledgement */
    int64_t min_due_us; /* earliest timer written; TH_TIME_INF: none */
    bool wrote_now;     /* an immediate message for an instance of the same partition */
    bool *wakes;        /* by ordinal: partitions that get an immediate message; NULL: not wanted */
    bool keeps_history; /* the hub keeps histories of executions that continued as new */
    bool keeps_early;   /* the hub keeps events for instances that do not exist yet */
    size_t early;       /* such events that were held */
    bool wrote_queue;   /* unclaimed activities */
    bool wrote_episodes; /* for other processes */
    int64_t dropped;
} th_step;

typedef enum th_turn {
    TH_TURN_NOTHING, /* nothing to do for it now */
    TH_TURN_WROTE,   /* the batch has changes of this instance */
    TH_TURN_RUN,     /* inst->run is filled: submit it */
    TH_TURN_HELD,    /* its held messages are to be read first, see th_episode_held_came */
} th_turn;

/* COLD, with a start message of a pending row: becomes READY without reading anything. False: must
 * be loaded. */
bool th_episode_adopt(th_inst *inst);

/* COLD: drops what the rows beside the messages show to be for nobody. True: nothing is left. */
bool th_episode_drop_stale(th_step *step, th_inst *inst);

/* READY. executors: all that are registered. */
th_turn th_episode_turn(th_step *step, th_inst *inst, const th_executor *const *executors,
                        size_t count);

/* With TH_TURN_HELD: numbers of those that are needed; NULL: all. */
const int64_t *th_episode_wants_held(const th_inst *inst, size_t *count);
/* Those that it held are in hand: in the order of numbers, ahead of what waits. */
void th_episode_held_came(th_inst *inst, th_msg_list *held);

/* The item of inst->run for the executor; token is set by the caller. */
th_orch_item th_episode_item(th_inst *inst);

/* A whole answer (DONE): history, actions, completion. inst->run is consumed. */
void th_episode_apply(th_step *step, th_inst *inst, const th_answer *answer);

/* After the batch is acknowledged: the instance must be read again, for what was written or waits
 * (rewinds; a child's next life). */
bool th_episode_goes_on(const th_inst *inst);

/* Lost or abandoned: the messages go back to the front of the queue, as if never taken. */
void th_episode_undo(th_inst *inst);

/* Marks the instance to fail with this failure at its next turn. */
void th_episode_doom(th_inst *inst, const char *type, const char *message);

#endif
