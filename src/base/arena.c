/*
 * arena.c - a stack of blocks; the newest serves until it is full, then a larger one goes on top.
 *
 * Under AddressSanitizer what is not handed out is poisoned, and a gap follows each piece, so that
 * an overrun inside an arena is found like one on the heap.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define GAP 16
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define GAP 0
#endif

#define DEFAULT_BLOCK ((size_t)4096)
#define LARGEST_STEP ((size_t)1 << 20) /* blocks stop doubling here */
#define ALIGN alignof(max_align_t)

typedef struct block {
    struct block *below;
    size_t cap;
    size_t used;
    alignas(max_align_t) char data[];
} block;

struct th_arena {
    block *top;
    size_t next; /* size of the next block */
    size_t size; /* bytes taken from the system */
};

/* Plain stdio on the stack: whatever could ask for memory is no help here. */
static _Noreturn void no_memory(size_t size)
{
    char line[96];
    int len = snprintf(line, sizeof line, "no memory: %zu bytes were asked for; aborting\n", size);

    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        abort();
    abort();
}

void *th_malloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        no_memory(size);
    return p;
}

void *th_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q)
        no_memory(size);
    return q;
}

char *th_mstrdup(const char *s)
{
    if (!s)
        return NULL;

    size_t n = strlen(s) + 1;
    return memcpy(th_realloc(NULL, n), s, n);
}

static void push_block(th_arena *arena, size_t cap)
{
    if (cap > SIZE_MAX / 2)
        no_memory(cap);

    block *b = th_realloc(NULL, sizeof *b + cap);
    b->below = arena->top;
    b->cap = cap;
    b->used = 0;
    POISON(b->data, cap);
    arena->top = b;
    arena->size += sizeof *b + cap;
}

static void pop_block(th_arena *arena)
{
    block *b = arena->top;

    arena->top = b->below;
    arena->size -= sizeof *b + b->cap;
    UNPOISON(b->data, b->cap);
    free(b);
}

/* Takes back what the top block handed out beyond used. */
static void shrink_top(th_arena *arena, size_t used)
{
    block *b = arena->top;

    POISON(b->data + used, b->cap - used);
    b->used = used;
}

th_arena *th_arena_new(size_t first_block)
{
    th_arena *arena = th_malloc(sizeof *arena);

    arena->next = first_block ? first_block : DEFAULT_BLOCK;
    arena->size = sizeof *arena;
    push_block(arena, arena->next);
    return arena;
}

void th_arena_free(th_arena *arena)
{
    if (!arena)
        return;
    while (arena->top)
        pop_block(arena);
    free(arena);
}

void th_arena_reset(th_arena *arena)
{
    while (arena->top->below)
        pop_block(arena);
    arena->next = arena->top->cap;
    shrink_top(arena, 0);
}

static void grow(th_arena *arena, size_t need)
{
    if (arena->next < LARGEST_STEP)
        arena->next *= 2;
    push_block(arena, need > arena->next ? need : arena->next);
}

/* Room for size bytes, not cleared. */
static void *take(th_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4)
        no_memory(size);

    size_t step = (size + GAP + ALIGN - 1) & ~(ALIGN - 1);
    if (step > arena->top->cap - arena->top->used)
        grow(arena, step);

    char *p = arena->top->data + arena->top->used;
    arena->top->used += step;
    UNPOISON(p, size);
    return p;
}

void *th_alloc(th_arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

void *th_alloc_array(th_arena *arena, size_t size, size_t n)
{
    size_t total;

    if (__builtin_mul_overflow(size, n, &total))
        no_memory(SIZE_MAX);
    return th_alloc(arena, total);
}

char *th_strndup(th_arena *arena, const char *s, size_t n)
{
    char *copy = take(arena, n + 1);

    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *th_strdup(th_arena *arena, const char *s)
{
    return s ? th_strndup(arena, s, strlen(s)) : NULL;
}

char *th_sprintf(th_arena *arena, const char *fmt, ...)
{
    char small[256]; /* most texts fit, so that they are formatted once */
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, fmt, args);
    size_t n = len < 0 ? 0 : (size_t)len;
    char *out = take(arena, n + 1);

    if (n < sizeof small)
        memcpy(out, small, n);
    else
        vsnprintf(out, n + 1, fmt, again);
    out[n] = '\0';
    va_end(again);
    va_end(args);
    return out;
}

th_arena_mark th_arena_mark_here(const th_arena *arena)
{
    return (th_arena_mark){ arena->top, arena->top->used };
}

void th_arena_rewind(th_arena *arena, th_arena_mark mark)
{
    while (arena->top != mark.block)
        pop_block(arena);
    shrink_top(arena, mark.used);
}

size_t th_arena_size(const th_arena *arena)
{
    return arena->size;
}
