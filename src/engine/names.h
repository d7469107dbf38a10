/*
 * names.h - activity names that this process can run, and how long each takes.
 */
#ifndef TH_ENGINE_NAMES_H
#define TH_ENGINE_NAMES_H

#include "engine/executor.h"

enum { TH_OFFERING = 8 }; /* executors with offers */

typedef struct th_name {
    char *lower; /* names compare case-insensitively */
    uint64_t hash;
    const th_executor *executor; /* NULL: nobody runs it any longer */
    int64_t timeout_us;          /* 0: that of all; -1: none */
    int64_t mean_us;             /* of its runs, exponentially weighted; -1: unknown */
} th_name;

typedef struct th_names {
    th_name *names;
    const char **lower; /* those that somebody runs, alone */
    int *slots;
    size_t count, lower_count, cap;
    int offers[TH_OFFERING]; /* places of executors with offers, in their order */
    size_t offer_count;
} th_names;

void th_names_init(th_names *names, const th_executor *const *executors, size_t count);
/* Asks the executors again: an entry keeps its place, what they no longer list has no executor. */
void th_names_refresh(th_names *names, const th_executor *const *executors, size_t count);
void th_names_free(th_names *names);
/* -1: nobody runs it, or not now. */
int th_names_find(const th_names *names, const char *name, const char *version);
/* Those that are listed, and those that are offered now; the array lives in arena, the listed names
 * as long as names. */
const char *const *th_names_all(const th_names *names, th_arena *arena, size_t *count);
/* The weighted mean after one more run. */
int64_t th_mean_of(int64_t mean_us, int64_t us);
void th_names_measure(th_names *names, int index, int64_t us);

#endif
