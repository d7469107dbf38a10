/* lanes.c - see lanes.h. */
#include "engine/lanes.h"

#include <stdlib.h>

#include "base/arena.h"

static th_lane *lane_of(th_lanes *lanes, int16_t priority)
{
    for (size_t i = 0; i < lanes->used; i++)
        if (lanes->list[i].priority == priority)
            return &lanes->list[i];
    if (lanes->used == lanes->cap) {
        lanes->cap = lanes->cap ? lanes->cap * 2 : 4;
        lanes->list = th_realloc(lanes->list, lanes->cap * sizeof *lanes->list);
    }
    lanes->list[lanes->used] = (th_lane){ .priority = priority };
    return &lanes->list[lanes->used++];
}

void th_lanes_push(th_lanes *lanes, th_act *act, int64_t now_us)
{
    act->waits_since_us = now_us;
    th_act_push(&lane_of(lanes, act->priority)->acts, act);
    lanes->count++;
}

/* The smaller, the sooner it is its turn. */
static int64_t rank(const th_lane *lane)
{
    return lane->acts.head->waits_since_us - lane->priority * TH_PRIORITY_US;
}

th_act *th_lanes_pop(th_lanes *lanes)
{
    th_lane *next = lanes->used ? &lanes->list[0] : NULL;

    for (size_t i = 1; i < lanes->used; i++)
        if (rank(&lanes->list[i]) < rank(next))
            next = &lanes->list[i];
    if (!next)
        return NULL;
    th_act *act = th_act_pop(&next->acts);
    if (!next->acts.head)
        *next = lanes->list[--lanes->used];
    lanes->count--;
    return act;
}

void th_lanes_take(th_lanes *lanes, th_act_list *out)
{
    for (size_t i = 0; i < lanes->used; i++)
        th_act_join(out, &lanes->list[i].acts);
    lanes->used = lanes->count = 0;
}

void th_lanes_free(th_lanes *lanes)
{
    for (th_act *act; (act = th_lanes_pop(lanes)) != NULL;)
        th_act_free(act);
    free(lanes->list);
    *lanes = (th_lanes){ 0 };
}
