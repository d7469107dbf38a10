/*
 * open.c - a hash table from the seq of an event to the task that waits for its answer.
 *
 * Linear probing; taking closes the gap, so that a table which tasks come to and leave for months
 * stays as small as what is open at once.
 */
#include <stdlib.h>

#include "runtime/runtime_int.h"

enum { FIRST_CAP = 8 };

static size_t home(const th__open *open, int32_t seq)
{
    return ((uint32_t)seq * 2654435769u) & (open->cap - 1);
}

static void insert(th__open *open, int32_t seq, th_task *task)
{
    size_t i = home(open, seq);

    while (open->slots[i].task)
        i = (i + 1) & (open->cap - 1);
    open->slots[i] = (th__open_slot){ seq, task };
}

static void grow(th__open *open)
{
    th__open bigger = { .cap = open->cap ? open->cap * 2 : FIRST_CAP, .count = open->count };

    bigger.slots = th_malloc(bigger.cap * sizeof *bigger.slots);
    for (size_t i = 0; i < open->cap; i++)
        if (open->slots[i].task)
            insert(&bigger, open->slots[i].seq, open->slots[i].task);
    free(open->slots);
    *open = bigger;
}

void th__open_put(th__open *open, int32_t seq, th_task *task)
{
    if (open->count * 4 >= open->cap * 3)
        grow(open);
    insert(open, seq, task);
    open->count++;
}

/* Moves back what would not be found any more behind the gap at i. */
static void close_gap(th__open *open, size_t i)
{
    size_t mask = open->cap - 1;

    for (size_t k = (i + 1) & mask; open->slots[k].task; k = (k + 1) & mask) {
        size_t wanted = home(open, open->slots[k].seq);
        if (((k - wanted) & mask) < ((k - i) & mask))
            continue;
        open->slots[i] = open->slots[k];
        open->slots[k].task = NULL;
        i = k;
    }
}

th_task *th__open_take(th__open *open, int32_t seq)
{
    if (open->cap == 0)
        return NULL;

    size_t i = home(open, seq);
    while (open->slots[i].task && open->slots[i].seq != seq)
        i = (i + 1) & (open->cap - 1);

    th_task *task = open->slots[i].task;
    if (!task)
        return NULL;
    open->slots[i].task = NULL;
    open->count--;
    close_gap(open, i);
    return task;
}

void th__open_free(th__open *open)
{
    free(open->slots);
    *open = (th__open){ 0 };
}
