/*
 * threads.h - the threads that activities run on.
 *
 * Threads come as they are needed, up to a maximum, and go when they are idle. Jobs begin in the
 * order they were given. A thread that works is never told of new jobs; one that sleeps is woken,
 * one at a time, and wakes the next if there is more to do.
 */
#ifndef TH_RUNTIME_THREADS_H
#define TH_RUNTIME_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum th__job_state { TH__JOB_QUEUED, TH__JOB_RUNS, TH__JOB_REPLACED } th__job_state;

/* First member of a job. */
typedef struct th__job {
    struct th__job *next;                  /* in the queue */
    struct th__job *live_prev, *live_next; /* of all that are queued or run */
    uint64_t number;                       /* whoever cancels knows it by this */
    bool is_entity;                        /* operations of an entity, not an activity */
    atomic_bool cancelled;
    atomic_int state; /* th__job_state */
} th__job;

/* Runs a job, or gives it back. The pool frees it afterwards (malloc), and empties the arena. */
typedef void th__job_run(void *arg, th__job *job, th_arena *arena);
typedef void th__job_give_back(void *arg, th__job *job);

typedef struct th__threads th__threads;

th__threads *th__threads_new(int max_threads, th__job_run *run, th__job_give_back *give_back,
                             void *arg);

/* From any thread. False: there is no thread and none can be had; the job is still the caller's. */
bool th__threads_submit(th__threads *pool, th__job *job);

/* Sets the flag of that job, if it is queued or runs. */
void th__threads_cancel(th__threads *pool, uint64_t number);

/*
 * That job is over for everybody but itself: if it runs, its thread counts no longer, so that there
 * may be one more until it returns; if it is queued, it never runs. How many such threads there are
 * now; 0: it was not found, or not begun.
 */
int th__threads_replace(th__threads *pool, uint64_t number);

/* Threads whose job was replaced and still runs. */
int th__threads_replaced(th__threads *pool);

/* Gives back what is queued, waits for what runs. */
void th__threads_free(th__threads *pool);

#endif
