/*
 * warm.c - instances in memory.
 */
#include "engine/warm.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(int32_t partition_id, const char *id)
{
    uint64_t h = 1469598103934665603u ^ (uint64_t)(uint32_t)partition_id;
    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 1099511628211u;
    return h ^ (h >> 29);
}

void th_warm_init(th_warm *w)
{
    *w = (th_warm){ .cap = 1024 };
    w->slots = th_malloc(w->cap * sizeof(th_inst *));
}

static void free_one(void *arg, th_inst *inst)
{
    th_warm_remove(arg, inst);
}

void th_warm_free(th_warm *w)
{
    if (!w->slots)
        return;
    th_warm_each(w, free_one, w);
    free(w->slots);
    *w = (th_warm){ 0 };
}

static th_inst *find(const th_warm *w, uint64_t hash, int32_t partition_id, const char *id)
{
    for (th_inst *i = w->slots[hash & (w->cap - 1)]; i; i = i->hash_next)
        if (i->hash == hash && i->partition_id == partition_id && strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

th_inst *th_warm_find(const th_warm *w, int32_t partition_id, const char *id)
{
    return w->slots ? find(w, hash_of(partition_id, id), partition_id, id) : NULL;
}

static void grow(th_warm *w)
{
    size_t cap = w->cap * 2;
    th_inst **slots = th_malloc(cap * sizeof(th_inst *));
    for (size_t s = 0; s < w->cap; s++) {
        for (th_inst *i = w->slots[s], *next; i; i = next) {
            next = i->hash_next;
            i->hash_next = slots[i->hash & (cap - 1)];
            slots[i->hash & (cap - 1)] = i;
        }
    }
    free(w->slots);
    w->slots = slots;
    w->cap = cap;
}

th_inst *th_warm_get(th_warm *w, int32_t partition_id, const char *id)
{
    uint64_t hash = hash_of(partition_id, id);
    th_inst *inst = find(w, hash, partition_id, id);
    if (inst)
        return inst;
    if (w->count >= w->cap)
        grow(w);
    inst = th_inst_new(partition_id, id);
    inst->hash = hash;
    inst->hash_next = w->slots[hash & (w->cap - 1)];
    w->slots[hash & (w->cap - 1)] = inst;
    w->count++;
    return inst;
}

void th_warm_use(th_warm *w, th_inst *inst)
{
    if (!inst->in_lru)
        return;
    *(inst->lru_prev ? &inst->lru_prev->lru_next : &w->lru_head) = inst->lru_next;
    *(inst->lru_next ? &inst->lru_next->lru_prev : &w->lru_tail) = inst->lru_prev;
    inst->lru_prev = inst->lru_next = NULL;
    inst->in_lru = false;
    w->idle--;
}

void th_warm_idle(th_warm *w, th_inst *inst, int64_t now_us)
{
    th_warm_use(w, inst);
    inst->idle_since_us = now_us;
    inst->in_lru = true;
    inst->lru_prev = w->lru_tail;
    *(w->lru_tail ? &w->lru_tail->lru_next : &w->lru_head) = inst;
    w->lru_tail = inst;
    w->idle++;
}

void th_warm_remove(th_warm *w, th_inst *inst)
{
    th_warm_use(w, inst);
    th_inst **at = &w->slots[inst->hash & (w->cap - 1)];
    while (*at != inst)
        at = &(*at)->hash_next;
    *at = inst->hash_next;
    w->count--;
    th_inst_free(inst);
}

th_inst *th_warm_oldest(const th_warm *w, size_t keep, int64_t before_us)
{
    th_inst *oldest = w->lru_head;
    if (!oldest || (w->idle <= keep && oldest->idle_since_us >= before_us))
        return NULL;
    return oldest;
}

void th_warm_each(th_warm *w, void (*fn)(void *arg, th_inst *inst), void *arg)
{
    for (size_t s = 0; s < w->cap; s++) {
        for (th_inst *i = w->slots[s], *next; i; i = next) {
            next = i->hash_next;
            fn(arg, i);
        }
    }
}
