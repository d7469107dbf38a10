/*
 * stacks.c - slabs of stacks; what was used last is used again first.
 *
 * A guard made by mprotect splits the mapping, so each stack costs two of vm.max_map_count (65530
 * by default). Linux 6.13 has guards that live in the page tables and cost none; they are tried
 * first. With the others we stop well before the limit, since malloc and thread stacks need
 * mappings too.
 */
#include "runtime/stacks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "runtime/sanitize.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define STRIDE (TH_STACK_SIZE + TH_STACK_GUARD)
#define PER_SLAB ((size_t)64)
#define HOT ((size_t)256)         /* unused stacks that keep their pages */
#define KEEP_MAPS ((size_t)16384) /* mappings left to everybody else */
#define DEFAULT_MAPS ((size_t)65530)

/* Lies at the high end of an unused stack, on a page that its next user touches first. */
typedef struct unused {
    struct unused *next;
    void *stack;
} unused;

static struct {
    pthread_mutex_t lock;
    unused *hot, *cold;
    size_t hot_count, taken, made;
    size_t most; /* as set by a test */
    size_t room; /* as the system has it; 0: not asked yet */
    bool mprotect_only;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t max_maps(void)
{
    size_t maps = DEFAULT_MAPS;
    FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

    if (!f)
        return maps;
    if (fscanf(f, "%zu", &maps) != 1)
        maps = DEFAULT_MAPS;
    fclose(f);
    return maps;
}

/* How many stacks fit if each takes two mappings. */
static size_t room_by_maps(void)
{
    size_t maps = max_maps();

    return maps > 2 * KEEP_MAPS ? (maps - KEEP_MAPS) / 2 : maps / 4;
}

static bool guard(char *low)
{
    if (!pool.mprotect_only && madvise(low, TH_STACK_GUARD, MADV_GUARD_INSTALL) == 0)
        return true;
    pool.mprotect_only = true;
    return mprotect(low, TH_STACK_GUARD, PROT_NONE) == 0;
}

static void push(unused **list, void *stack)
{
    unused *u = (unused *)(void *)((char *)stack + TH_STACK_SIZE - sizeof *u);

    th__stack_unpoison(u, sizeof *u);
    u->stack = stack;
    u->next = *list;
    *list = u;
}

static void *pop(unused **list)
{
    unused *u = *list;

    *list = u->next;
    return u->stack;
}

static bool full(void)
{
    if (!pool.room)
        pool.room = room_by_maps();
    return pool.mprotect_only && pool.made + PER_SLAB > pool.room;
}

/* One more mapping, cut into stacks. Only whole ones with a guard are used. */
static bool add_slab(void)
{
    char *slab = mmap(NULL, STRIDE * PER_SLAB, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    size_t good = 0;

    if (slab == MAP_FAILED)
        return false;
    madvise(slab, STRIDE * PER_SLAB, MADV_NOHUGEPAGE);
    while (good < PER_SLAB && guard(slab + good * STRIDE))
        good++;
    if (good == 0) {
        munmap(slab, STRIDE * PER_SLAB);
        return false;
    }
    for (size_t i = good; i-- > 0;)
        push(&pool.cold, slab + i * STRIDE + TH_STACK_GUARD);
    th__stack_roots(slab + TH_STACK_GUARD, STRIDE, TH_STACK_SIZE, good);
    pool.made += good;
    return true;
}

static void *take(void)
{
    if (pool.most && pool.taken >= pool.most)
        return NULL;
    if (pool.hot) {
        pool.hot_count--;
        return pop(&pool.hot);
    }
    if (!pool.cold && (full() || !add_slab()))
        return NULL;
    return pop(&pool.cold);
}

void *th_stack_take(void)
{
    pthread_mutex_lock(&pool.lock);
    void *stack = take();
    pool.taken += stack != NULL;
    pthread_mutex_unlock(&pool.lock);

    if (stack)
        th__stack_unpoison(stack, TH_STACK_SIZE); /* whoever was abandoned on it left marks */
    return stack;
}

void th_stack_give(void *stack)
{
    pthread_mutex_lock(&pool.lock);
    bool hot = pool.hot_count < HOT;
    pool.taken--;
    if (hot) {
        push(&pool.hot, stack);
        pool.hot_count++;
    }
    pthread_mutex_unlock(&pool.lock);
    if (hot)
        return;

    th__stack_unpoison(stack, TH_STACK_SIZE);
    madvise(stack, TH_STACK_SIZE, MADV_DONTNEED);
    pthread_mutex_lock(&pool.lock);
    push(&pool.cold, stack);
    pthread_mutex_unlock(&pool.lock);
}

size_t th_stacks_taken(void)
{
    pthread_mutex_lock(&pool.lock);
    size_t n = pool.taken;
    pthread_mutex_unlock(&pool.lock);
    return n;
}

void th_stacks_limit(size_t most)
{
    pthread_mutex_lock(&pool.lock);
    pool.most = most;
    pthread_mutex_unlock(&pool.lock);
}
