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

static void add(th_names *n, const char *name, const th_executor *executor)
{
    if (n->count && th_names_find(n, name) >= 0)
        return;
    n->names = th_realloc(n->names, (n->count + 1) * sizeof *n->names);
    n->lower = th_realloc(n->lower, (n->count + 1) * sizeof *n->lower);
    th_name *x = &n->names[n->count];
    *x = (th_name){
        .lower = th_mstrdup(name), .hash = hash_lower(name), .executor = executor, .mean_us = -1
    };
    lower_in_place(x->lower);
    n->lower[n->count] = x->lower;
    n->count++;
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
    for (size_t i = 0; i < count; i++) {
        const th_executor *x = executors[i];
        const char *name;
        for (size_t k = 0; (name = x->list(x->self, TH_ITEM_ACTIVITY, k)) != NULL; k++)
            add(names, name, x);
    }
    index_names(names);
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

static bool equal_lower(const char *lower, const char *name)
{
    for (; *lower && *name; lower++, name++)
        if (*lower != (char)tolower((unsigned char)*name))
            return false;
    return *lower == *name;
}

int th_names_find(const th_names *n, const char *name)
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
