/*
 * arena.h - memory for one unit of work: an HTTP request, an episode, a batch.
 *
 * Nothing in an arena is freed alone. No memory: the program logs and aborts, so the functions
 * never return NULL; sizes from outside are bounded by the caller first. Not thread-safe.
 */
#ifndef TH_BASE_ARENA_H
#define TH_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

typedef struct th_arena th_arena;

typedef struct th_arena_mark {
    void *block;
    size_t used;
} th_arena_mark;

th_arena *th_arena_new(size_t first_block); /* 0: a default size */
void th_arena_free(th_arena *arena);        /* NULL is fine */
void th_arena_reset(th_arena *arena);       /* empty again; keeps the first block */

void *th_alloc(th_arena *arena, size_t size); /* zeroed, aligned for any type */
#define th_new(arena, type, n) ((type *)th_alloc_array((arena), sizeof(type), (n)))
void *th_alloc_array(th_arena *arena, size_t size, size_t n); /* aborts on overflow */

char *th_strdup(th_arena *arena, const char *s); /* NULL gives NULL */
char *th_strndup(th_arena *arena, const char *s, size_t n);
char *th_sprintf(th_arena *arena, const char *fmt, ...) TH_PRINTF(2, 3);

th_arena_mark th_arena_mark_here(const th_arena *arena);
void th_arena_rewind(th_arena *arena, th_arena_mark mark); /* frees all that came after the mark */
size_t th_arena_size(const th_arena *arena);               /* bytes taken from the system */

/* malloc family for what outlives a unit of work: abort instead of NULL. */
void *th_malloc(size_t size); /* zeroed */
void *th_realloc(void *p, size_t size);
char *th_mstrdup(const char *s); /* NULL gives NULL */

#endif
