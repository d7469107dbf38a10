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

/* First member of a job. */
typedef struct th__job {
    struct th__job *next;                  /* in the queue */
    struct th__job *live_prev, *live_next; /* of all that are queued or run */
    uint64_t number;                       /* whoever cancels knows it by this */
    bool is_entity;                        /* operations of an entity, not an activity */
    atomic_bool cancelled;
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

/* Gives back what is queued, waits for what runs. */
void th__threads_free(th__threads *pool);

#endif
