/*
 * stacks.h - stacks for coroutines: guarded, pooled, many.
 *
 * A stack is TH_STACK_SIZE bytes above TH_STACK_GUARD bytes that fault when touched. Memory is
 * taken from the system as pages are touched, and given back for stacks that wait unused. One pool
 * serves the process, from any thread.
 */
#ifndef TH_RUNTIME_STACKS_H
#define TH_RUNTIME_STACKS_H

#include <stddef.h>

#define TH_STACK_SIZE ((size_t)64 << 10)
#define TH_STACK_GUARD ((size_t)64 << 10)

/* The low end of a stack, or NULL: no memory, or the system's limit of mappings is near. */
void *th_stack_take(void);
void th_stack_give(void *stack);

/* Stacks that are taken. */
size_t th_stacks_taken(void);

/* Tests: at most that many at once; 0: as many as the system allows. */
void th_stacks_limit(size_t most);

#endif
