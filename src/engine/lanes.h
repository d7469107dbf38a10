/*
 * lanes.h - activities that wait for a slot, by priority.
 *
 * First come first served among those of one priority; between priorities, one more counts like a
 * minute of waiting (TH_PRIORITY_US), as in the queue (batch_schedule.sql), so that none waits for
 * ever. With one priority, which is the rule, it is a list.
 */
#ifndef TH_ENGINE_LANES_H
#define TH_ENGINE_LANES_H

#include "engine/act.h"

enum { TH_PRIORITY_MOST = 100 }; /* from minus that */
#define TH_PRIORITY_US INT64_C(60000000)

typedef struct th_lane {
    int16_t priority;
    th_act_list acts;
} th_lane;

typedef struct th_lanes {
    th_lane *list; /* not empty ones, in no order */
    size_t used, cap;
    size_t count; /* of activities */
} th_lanes;

void th_lanes_push(th_lanes *lanes, th_act *act, int64_t now_us); /* takes act */
th_act *th_lanes_pop(th_lanes *lanes);                            /* NULL: none */
void th_lanes_take(th_lanes *lanes, th_act_list *out);            /* all of them, behind out's */
void th_lanes_free(th_lanes *lanes);                              /* and the activities */

#endif
