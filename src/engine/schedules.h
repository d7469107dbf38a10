/*
 * schedules.h - the thread that starts what is due of the hub's schedules.
 *
 * Every process that runs orchestrators has one; the database sees to it that a due time starts one
 * instance, whoever comes first. The thread sleeps until the next due time, and looks now and then
 * whether a schedule was made or changed meanwhile. Its connection is open only while the hub has
 * schedules.
 */
#ifndef TH_ENGINE_SCHEDULES_H
#define TH_ENGINE_SCHEDULES_H

#include <stdint.h>

#include "store/schedules.h"

/* How long to sleep after a look that found this. */
int64_t th__schedules_pause_us(const th_schedules_ran *ran);

void *th__schedules_main(void *engine);

#endif
