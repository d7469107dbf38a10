/*
 * msg.h - a message in hand: an inbox row that was read, or the completion of a local activity
 * (which has no row).
 */
#ifndef TH_ENGINE_MSG_H
#define TH_ENGINE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ids.h"
#include "engine/event.h"
#include "engine/reply.h"
#include "store/pen.h"

/* The instance's row beside a start message. */
typedef struct th_msg_row {
    bool found, has_parent_execution, is_entity;
    th_uuid start_id, execution_id, parent_execution_id;
    int16_t status;
    const char *name, *version, *tags, *parent_instance_id;
    int32_t parent_ref;
    int16_t priority;
} th_msg_row;

typedef struct th_msg th_msg;
struct th_msg {
    th_msg *next;                  /* in an instance's queue or a commit's list */
    th_msg *hand_prev, *hand_next; /* among all inbox rows in hand */
    int32_t partition_id;
    int64_t due_us;
    int64_t message_no;  /* 0: a local completion, without a row */
    int64_t activity_id; /* of a local completion, with claim_no its token */
    int32_t claim_no;
    bool has_start, has_execution;
    th_uuid start_id, execution_id;
    int16_t attempts;
    bool replaced;   /* a start over a finished instance: older history goes */
    bool carry;      /* EventRaised handed over by continue as new */
    bool early;      /* EventRaised for an id that no instance had when it was sent */
    bool makes;      /* a start that makes the row, like a child's, but nobody waits for it */
    bool behind;     /* an entity holds an earlier one */
    bool for_entity; /* operation, lock or unlock; has_parent and the three below: who sent it, and
                        its event */
    bool became; /* a start that the row is not: it is a parent's rewind of a child that was gone */
    bool untimed; /* dropped without a trace: its timer was cancelled while it was in hand */
    char *instance_id;
    bool has_parent; /* a child's start, or a parent's rewind: who waits for it */
    const char *parent_instance_id;
    th_uuid parent_execution_id;
    int32_t parent_ref;
    th_uuid was_execution_id; /* a parent's rewind: who waited until then */
    int32_t was_ref;
    const char *child_input; /* ... and the input of the child, should it be gone */
    th_event event;
    const th_reply *reply; /* of kind TH_EPISODE_ANSWERED; NULL: it can't be read */
    th_msg_row row;
    th_arena *arena; /* holds everything, this struct too */
};

typedef struct th_msg_list {
    th_msg *head, *tail;
    size_t count;
} th_msg_list;

/* Copies. A row whose body can't be read gives a message of kind TH_KIND_NONE, which is dropped;
 * but the result of a task stays one. */
th_msg *th_msg_from_row(const th_inbox_row *row);

/* A local completion. failure NULL: completed. */
th_msg *th_msg_local(int32_t partition_id, const char *instance_id, const th_uuid *execution_id,
                     int32_t seq, int32_t task_id, int64_t activity_id, int32_t claim_no,
                     const char *result, const char *failure, int64_t now_us);
void th_msg_free(th_msg *msg);

void th_msg_push(th_msg_list *list, th_msg *msg); /* at the end */
th_msg *th_msg_pop(th_msg_list *list);            /* the first, or NULL */
void th_msg_join(th_msg_list *front,
                 th_msg_list *back); /* back goes behind front; back is empty then */

#endif
