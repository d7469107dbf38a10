/*
 * early.h - which ids have early events: events that came before their instance, and are held until
 * it starts.
 *
 * A set of hashes, so that it may say yes without a reason, never no: what is held is released with
 * a start where this says yes. Empty in a hub that keeps none, so a start costs nothing there.
 */
#ifndef TH_ENGINE_EARLY_H
#define TH_ENGINE_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/numbers.h"

typedef struct th_early {
    th_numbers ids;
} th_early;

void th_early_add(th_early *early, int32_t partition_id, const char *instance_id);
bool th_early_has(const th_early *early, int32_t partition_id, const char *instance_id);
void th_early_free(th_early *early); /* empty again */

#endif
