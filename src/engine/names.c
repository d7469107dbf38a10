/*
 * names.c - a small table of activity names.
 */
#include "engine/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static uint64_t hash_lower(const char *s)
{
    uint64_t h = 1469598103934665603u;
    for (; *s; s++)
        h = (h ^ (uint8_t)tolower((unsigned char)*s)) * 1099511628211u;
    return h;
}

static void lower_in_place(char *s)
{
    for (; *s; s++)
        *s = (char)tolower((unsigned char)*s);
}

static bool equal_lower(const char *lower, const char *name)
{
    for (; *lower && *name; lower++, name++)
        if (*lower != (char)tolower((unsigned char)*name))
            return false;
    return *lower == *name;
}

/* Its place, whoever runs it; -1: never heard of. */
static int place_of(const th_names *n, const char *name)
{
    if (!n->slots) {
        for (size_t i = 0; i < n->count; i++)
            if (equal_lower(n->names[i].lower, name))
                return (int)i;
        return -1;
    }
    for (size_t at = hash_lower(name) & (n->cap - 1); n->slots[at]; at = (at + 1) & (n->cap - 1))
        if (equal_lower(n->names[n->slots[at] - 1].lower, name))
            return n->slots[at] - 1;
    return -1;
}

/* The first executor that lists a name has it. */
static void add(th_names *n, const char *name, const th_executor *executor)
{
    int place = place_of(n, name);
    if (place >= 0) {
        if (!n->names[place].executor)
            n->names[place].executor = executor;
        return;
    }
    n->names = th_realloc(n->names, (n->count + 1) * sizeof *n->names);
    th_name *x = &n->names[n->count++];
    *x = (th_name){
        .lower = th_mstrdup(name), .hash = hash_lower(name), .executor = executor, .mean_us = -1
    };
    if (executor->timeout)
        x->timeout_us = executor->timeout(executor->self, name);
    lower_in_place(x->lower);
}

static void list_lower(th_names *n)
{
    n->lower = th_realloc(n->lower, (n->count + 1) * sizeof *n->lower);
    n->lower_count = 0;
    for (size_t i = 0; i < n->count; i++)
        if (n->names[i].executor)
            n->lower[n->lower_count++] = n->names[i].lower;
}

static void index_names(th_names *n)
{
    n->cap = 16;
    while (n->cap < n->count * 4)
        n->cap *= 2;
    n->slots = th_malloc(n->cap * sizeof *n->slots);
    for (size_t i = 0; i < n->count; i++) {
        size_t at = n->names[i].hash & (n->cap - 1);
        while (n->slots[at])
            at = (at + 1) & (n->cap - 1);
        n->slots[at] = (int)i + 1;
    }
}

void th_names_init(th_names *names, const th_executor *const *executors, size_t count)
{
    *names = (th_names){ 0 };
    th_names_refresh(names, executors, count);
}

/* All that an executor with offers runs is measured as one, at a place of its own. */
static void keep_offers(th_names *n, const th_executor *const *executors, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!executors[i]->offers || kept == TH_OFFERING)
            continue;
        if (kept == n->offer_count) {
            n->names = th_realloc(n->names, (n->count + 1) * sizeof *n->names);
            n->names[n->count] = (th_name){ .lower = th_mstrdup("*"), .mean_us = -1 };
            n->offers[n->offer_count++] = (int)n->count++;
        }
        n->names[n->offers[kept++]].executor = executors[i];
    }
}

void th_names_refresh(th_names *names, const th_executor *const *executors, size_t count)
{
    for (size_t i = 0; i < names->count; i++)
        names->names[i].executor = NULL;
    free(names->slots);
    names->slots = NULL; /* while names come in */
    for (size_t i = 0; i < count; i++) {
        const th_executor *x = executors[i];
        const char *name;
        for (size_t k = 0; !x->offers && (name = x->list(x->self, TH_ITEM_ACTIVITY, k)); k++)
            add(names, name, x);
    }
    list_lower(names);
    index_names(names);
    keep_offers(names, executors, count);
}

int th_names_find(const th_names *n, const char *name, const char *version)
{
    int place = place_of(n, name);
    if (place >= 0 && n->names[place].executor)
        return place;
    for (size_t i = 0; i < n->offer_count; i++) {
        const th_executor *x = n->names[n->offers[i]].executor;
        if (x->can_run(x->self, TH_ITEM_ACTIVITY, name, version))
            return n->offers[i];
    }
    return -1;
}

const char *const *th_names_all(const th_names *n, th_arena *arena, size_t *count)
{
    const char **all = th_new(arena, const char *, n->lower_count + 1);
    memcpy(all, n->lower, n->lower_count * sizeof *all);
    *count = n->lower_count;
    for (size_t i = 0; i < n->offer_count; i++) {
        const th_executor *x = n->names[n->offers[i]].executor;
        size_t more;
        const char *const *offered = x->offers(x->self, TH_ITEM_ACTIVITY, arena, &more);
        const char **both = th_new(arena, const char *, *count + more + 1);
        memcpy(both, all, *count * sizeof *both);
        memcpy(both + *count, offered, more * sizeof *both);
        all = both;
        *count += more;
    }
    return all;
}

void th_names_free(th_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->names[i].lower);
    free(n->names);
    free(n->lower);
    free(n->slots);
    *n = (th_names){ 0 };
}

/* Shorter runs count for more: a busy machine makes single runs long, not the name slow. */
int64_t th_mean_of(int64_t mean_us, int64_t us)
{
    if (mean_us < 0)
        return us;
    return mean_us + (us - mean_us) / (us < mean_us ? 8 : 32);
}

void th_names_measure(th_names *n, int index, int64_t us)
{
    n->names[index].mean_us = th_mean_of(n->names[index].mean_us, us);
}
