/*
 * act.h - an activity that this process has claimed: its token, and what the executor is given.
 */
#ifndef TH_ENGINE_ACT_H
#define TH_ENGINE_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "engine/executor.h"

typedef struct th_act th_act;
struct th_act {
    th_act *next;
    int32_t partition_id; /* with id and claim_no the token of protocol A3 */
    int64_t id;
    int32_t claim_no;
    th_uuid execution_id;
    char execution_text[TH_UUID_TEXT];
    int32_t seq, task_id, attempt;
    const char *instance_id;
    const char *name;
    const char *version;
    const char *input;
    const char *tags;
    const char *trace;
    int16_t priority;

    /* The dispatcher's. */
    const th_executor *executor;
    int64_t waits_since_us; /* monotonic */
    int64_t started_us;     /* monotonic; 0: waits for a slot */
    uint32_t slot;
    int name_index;
    int16_t kind; /* 0: an activity; th_episode_kind: an episode of another owner, whose result and
                     failure are payload and body of the reply */
    bool suspect; /* workers have died with it: its completion is written at once, before the next
                     such one is claimed */
    bool cancelled; /* it has been told that nobody waits for it */
    bool quick;     /* counts among those that will be done in a moment */
    /* The answer, once there is one. */
    char *result, *failure;
    bool committed;   /* the executor has written it */
    char *next_input; /* of an abandoned one that goes on with another input; or NULL */
    char texts[];
};

typedef struct th_act_list {
    th_act *head, *tail;
    size_t count;
} th_act_list;

/* Copies the texts of `from` (whose own texts may lie anywhere). */
th_act *th_act_new(const th_act *from);
void th_act_free(th_act *act);

void th_act_push(th_act_list *list, th_act *act);
th_act *th_act_pop(th_act_list *list);
void th_act_join(th_act_list *front, th_act_list *back);

#endif
