/*
 * coro.h - coroutines: code that stops in the middle and goes on later.
 *
 * A coroutine runs when it is resumed, on the thread that resumes it, until it yields or its
 * function returns. It may be resumed by one thread now and by another later, never by two at once.
 * It may be given up while it is suspended: then nothing on its stack is unwound.
 */
#ifndef TH_RUNTIME_CORO_H
#define TH_RUNTIME_CORO_H

#include <stdbool.h>

typedef struct th_coro th_coro;
typedef void th_coro_fn(void *arg);

/* Suspended before the first line of fn. NULL: no stack to be had (stacks.h). */
th_coro *th_coro_new(th_coro_fn *fn, void *arg);

void th_coro_resume(th_coro *coro); /* not from inside itself, and not once it is done */
void th_coro_yield(th_coro *coro);  /* from inside, at any depth */
bool th_coro_done(const th_coro *coro);

/* The coroutine that this thread is in, or NULL. */
th_coro *th_coro_current(void);

/* Not from inside itself. NULL is fine. */
void th_coro_free(th_coro *coro);

#endif
