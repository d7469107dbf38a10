/*
 * cleaner.h - the thread that deletes finished instances: purges that somebody asked for, and the
 * hub's retention.
 *
 * Every process that runs orchestrators has one; the database sees to it that one at a time is at
 * work. It takes small steps and rests after each for three times as long, so that running work
 * hardly notices. Its connection is open only while there is something to do.
 */
#ifndef TH_ENGINE_CLEANER_H
#define TH_ENGINE_CLEANER_H

#include <stdint.h>

/* How long to rest after a step that took so long and says to wait so long. */
int64_t th__cleaner_rest_us(int64_t took_us, int64_t wait_us);

void *th__cleaner_main(void *engine);

#endif
