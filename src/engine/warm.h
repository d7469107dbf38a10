/*
 * warm.h - the instances that a pump has in memory: lookup, least recently used first, eviction.
 */
#ifndef TH_ENGINE_WARM_H
#define TH_ENGINE_WARM_H

#include "engine/inst.h"

typedef struct th_warm {
    th_inst **slots;
    size_t cap, count;
    th_inst *lru_head, *lru_tail; /* idle ones, least recently used at the head */
    size_t idle;
} th_warm;

void th_warm_init(th_warm *warm);
void th_warm_free(th_warm *warm); /* frees all instances; in what is freed, none is found */

th_inst *th_warm_find(const th_warm *warm, int32_t partition_id, const char *id);
/* Found, or new and COLD. */
th_inst *th_warm_get(th_warm *warm, int32_t partition_id, const char *id);
void th_warm_remove(th_warm *warm, th_inst *inst); /* frees it */

/* An instance with nothing to do waits at the tail; one that is used leaves the list. */
void th_warm_idle(th_warm *warm, th_inst *inst, int64_t now_us);
void th_warm_use(th_warm *warm, th_inst *inst);

/* The least recently used idle one if there are more than `keep` idle, or it has been idle since
 * before `before_us`; else NULL. */
th_inst *th_warm_oldest(const th_warm *warm, size_t keep, int64_t before_us);

/* Calls fn for each; fn may remove the one that it is given. */
void th_warm_each(th_warm *warm, void (*fn)(void *arg, th_inst *inst), void *arg);

#endif
