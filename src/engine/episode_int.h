/*
 * episode_int.h - what the files of the episode share.
 */
#ifndef TH_ENGINE_EPISODE_INT_H
#define TH_ENGINE_EPISODE_INT_H

#include "engine/episode.h"

/* The history row of one episode while it is written. */
typedef struct th_row_writer {
    th_buf json;
    int32_t first_seq, next_seq;
} th_row_writer;

void th__row_begin(th_row_writer *w, const th_inst *inst);
int32_t th__row_add(th_row_writer *w, const th_event *event); /* its seq */
/* Puts the row into the batch and moves the instance on. */
void th__row_end(th_row_writer *w, th_step *step, th_inst *inst, int64_t at_us, const char *memo);

/* A message that this batch records: its row goes, or its activity. */
void th__consume(th_step *step, th_msg *msg);
/* A message that nobody takes (protocol I4). */
void th__drop(th_step *step, th_msg *msg);

/* The end of an instance: timers, activities, held messages and what waits in hand go with it. */
void th__finish(th_step *step, th_inst *inst, th_status status, const char *output,
                const char *failure, th_status_op op, const char *custom_status);
/* A change of status, or of the custom status alone. */
void th__change(th_step *step, th_inst *inst, th_status status, th_status_op op,
                const char *custom_status);

/* History of older starts of this id. */
void th__forget_older(th_step *step, const th_inst *inst);

/* ---- episodes for other processes (episode_away.c, entity_away.c) ---- */

/* Number of an activity or episode that this batch writes. */
int64_t th__work_id(th_step *step);
/* The reply in the queue, NULL: there is none. */
th_msg *th__reply_of(const th_inst *inst);
bool th__is_reply(const th_msg *m);
/* Of another run, or of an episode that is over. */
bool th__is_stale_reply(const th_inst *inst, const th_msg *m);
/* No executor here runs it: what waits goes out as an item; HELD, RUN never. */
th_turn th__send_away(th_step *step, th_inst *inst);
/* It is to end before its first episode, and its start, which is recorded, may be held. */
bool th__ends_unread(const th_inst *inst);
/* An item is out, or its reply has come. */
th_turn th__away_turn(th_step *step, th_inst *inst);
/* The item that is out, if one is, is of no use any more. */
void th__recall(th_step *step, th_inst *inst);
/* That message leaves the queue; NULL: it is not there. */
th_msg *th__take_out(th_inst *inst, int64_t message_no);

/* episode.c: for these. */
th_turn th__hold_all(th_step *step, th_inst *inst);
th_turn th__begin(th_step *step, th_inst *inst);
void th__take_message(th_step *step, th_inst *inst, th_msg *m);
void th__fill_fresh(th_inst *inst);

/* After an episode: what its executor's select would take now of what is held is due at once, in
 * the batch of that episode. */
void th__offer_held(th_step *step, th_inst *inst);

/* What is held, if anything, is due at once (protocol I6). */
void th__release(th_step *step, th_inst *inst);

/* Within its bounds; 0 for none. */
int16_t th__priority_of(int32_t given);

/* A message for an instance of any partition of the hub, due at once. */
void th__send(th_step *step, th_batch_message *message);

/* The row of a child that begins, before anything else of it. */
void th__create_row(th_step *step, th_inst *inst, const th_event *started);
/* What the parent of an instance that ends is told. output or failure. */
void th__tell_parent(th_step *step, th_inst *inst, const char *output, const char *failure);
/* A start for an id that another live instance has: its parent is told so. */
void th__refuse_child(th_step *step, const th_msg *start);
/* `"parent":{...}` and, if there are any, version and tags: what a child's start says beside name
 * and input. */
void th__child_start(const th_inst *inst, const th_event *created, int32_t seq, th_buf *out);
bool th__is_child_start(const th_msg *m);
/* A child's start once more, of the very life that has that start id. */
bool th__is_repeated_start(const th_msg *m, const th_uuid *start_id);
/* That start makes the instance; replaces: in place of a finished one. */
void th__begin_life(th_inst *inst, const th_msg *start, bool replaces);

/* Rewinds: asked for by a client, by a parent that was rewound itself, or by nobody here. */
bool th__is_clients_rewind(const th_msg *m);
bool th__is_parents_rewind(const th_msg *m);
bool th__is_stale_rewind(const th_inst *inst, const th_msg *m);
bool th__is_its_child(const th_inst *inst, const th_msg *parents_rewind);
/* Parents' rewinds of a live child: it answers to the new run. True: there was one. */
bool th__relink(th_step *step, th_inst *inst);
/* The same for those that were taken with the child's start; the caller consumes them. */
void th__relink_taken(th_step *step, th_inst *inst);
/* Of a live instance whose execution has ended. False: its order is not in hand. */
bool th__rewind(th_step *step, th_inst *inst);
/* What is meant for the next life of an id, not for this one. */
bool th__outlives(const th_msg *m);
/* A finished or missing instance, with such messages only. RUN: it exists again; take the start. */
th_turn th__afterlife(th_step *step, th_inst *inst);

/* Children that are still open are terminated with their parent. */
void th__terminate_children(th_step *step, th_inst *inst, const char *reason);

/* Entities: one of the four messages, with its event; and what a run that ends releases. */
void th__act_entity(th_step *step, th_inst *inst, th_row_writer *row, const th_action *action);
void th__leave_sections(th_step *step, th_inst *inst);

/* Timers and activities of the execution that ends, and the entities that it holds or has asked
 * for. */
void th__close_opens(th_step *step, th_inst *inst);

/* Control messages, which need no executor. True: something was written. */
bool th__alone(th_step *step, th_inst *inst);
/* Fails the instance by itself, with what was taken or waits as the cause. */
void th__fail_alone(th_step *step, th_inst *inst, const char *failure);

#endif
