/*
 * entity_int.h - what the files of entities share.
 */
#ifndef TH_ENGINE_ENTITY_INT_H
#define TH_ENGINE_ENTITY_INT_H

#include "engine/entity.h"
#include "engine/episode_int.h"

/* entity_send.c: messages to and from entities. */

/* Due at due_us, or at once if that is past; to any instance of the hub. */
void th__send_at(th_step *step, th_batch_message *message, int64_t due_us);
/* The entity of the order itself, or of the place in the lock set. False: there is no such place.
 */
bool th__lock_place(th_arena *arena, const char *lock_set, int32_t position, const char **target,
                    int32_t *count);
typedef struct th_section_ref {
    const char *instance_id; /* whose critical section */
    const th_uuid *execution_id;
    int32_t ref; /* of its EntityLockRequested */
    const char *section;
    const char *lock_set;
} th_section_ref;
/* To the entity at that position of the lock set; nothing if there is none. */
void th__send_lock(th_step *step, const th_section_ref *section, int32_t position);
void th__send_unlock(th_step *step, const th_section_ref *section, int32_t position);
/* To that entity alone. */
void th__send_unlock_to(th_step *step, const th_section_ref *section, const char *target);
/* What a queued lock request is found by. */
void th__lock_message_id(const th_uuid *execution_id, const char *section, th_buf *out);
/* The answer to a call; failure NULL: completed. */
void th__answer_call(th_step *step, const th_msg *call, const char *output, const char *failure);
void th__grant(th_step *step, const th_section_ref *section);

/* entity_lock.c: critical sections as the entity sees them. */
bool th__is_holder(const th_ent *ent, const th_msg *msg);
/* Grants it or holds it. */
void th__lock(th_step *step, th_inst *inst, th_msg *request);
void th__unlock(th_step *step, th_inst *inst, th_msg *order);
/* The first of what is held is due again, if nobody has the entity locked. True: written. */
bool th__put_held_back(th_step *step, th_inst *inst);
/* Nobody holds it any more; what was held is put back. */
void th__clear_holder(th_step *step, th_inst *inst);

/* entity.c: the message goes with the batch, and its id is remembered once that is committed. */
void th__consume_op(th_step *step, th_inst *inst, th_msg *msg);

/* Takes at most so many of the operations into inst->run; the rest goes back to the queue. */
th_turn th__begin_ops(th_inst *inst, th_msg_list *ops, size_t most);
/* It fails, and whoever waits for it is told. */
void th__fail_op(th_step *step, th_inst *inst, th_msg *m, const char *failure);

/* entity_away.c: as with orchestrations (episode_int.h). */
th_turn th__entity_send_away(th_step *step, th_inst *inst, th_msg_list *ops, size_t most);
th_turn th__entity_away_turn(th_step *step, th_inst *inst);

/* entity_apply.c */
/* The row as it is now: written, or deleted if nothing is left of the entity. True: something was
 * written. */
bool th__write_entity(th_step *step, th_inst *inst, bool operated);
/* It is no more than its empty row. */
bool th__is_empty_row(const th_inst *inst);

#endif
