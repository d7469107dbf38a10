/*
 * numbers.c - open addressing, at most half full.
 */
#include "engine/numbers.h"

#include <stdlib.h>

#include "base/arena.h"

/* Where it is, or where it would go. */
static int64_t *place(const th_numbers *set, int64_t number)
{
    size_t i = (size_t)((uint64_t)number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (set->cap - 1);
    while (set->slots[i] && set->slots[i] != number)
        i = (i + 1) & (set->cap - 1);
    return &set->slots[i];
}

static void grow(th_numbers *set)
{
    th_numbers bigger = { .count = set->count, .cap = set->cap ? set->cap * 2 : 64 };
    bigger.slots = th_malloc(bigger.cap * sizeof *bigger.slots);
    for (size_t i = 0; i < set->cap; i++)
        if (set->slots[i])
            *place(&bigger, set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = bigger;
}

bool th_numbers_add(th_numbers *set, int64_t number)
{
    if ((set->count + 1) * 2 > set->cap)
        grow(set);
    int64_t *at = place(set, number);
    if (*at)
        return false;
    *at = number;
    set->count++;
    return true;
}

bool th_numbers_has(const th_numbers *set, int64_t number)
{
    return set->count && *place(set, number);
}

void th_numbers_free(th_numbers *set)
{
    free(set->slots);
    *set = (th_numbers){ 0 };
}
