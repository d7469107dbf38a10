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

/* What is held, if anything, is due at once (protocol I6). */
void th__release(th_step *step, th_inst *inst);

/* Timers and activities of the execution that ends. */
void th__close_opens(th_step *step, th_inst *inst);

/* Control messages, which need no executor. True: something was written. */
bool th__alone(th_step *step, th_inst *inst);
/* Fails the instance by itself, with what was taken or waits as the cause. */
void th__fail_alone(th_step *step, th_inst *inst, const char *failure);

#endif
