/*
 * sleepers.h - who sleeps in this process, and is woken by the watch.
 *
 * An idle process says next to nothing: owners, the claimer and the runner of episodes take their
 * IDLE locks, look once more (protocol W2, W3), and leave it to the watch (O7) to look again. What
 * it finds wakes them. Whoever is not seen to by a watch (its connection is lost, or it takes too
 * long) looks for itself after a while (W4).
 */
#ifndef TH_ENGINE_SLEEPERS_H
#define TH_ENGINE_SLEEPERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/owners.h"

struct th_engine;

/* One who sleeps: its own thread says so, the watch tells it until when all was seen. */
typedef struct th_sleeper {
    atomic_bool asleep;
    atomic_llong watched_us; /* monotonic; the last watch that looked in its stead */
} th_sleeper;

void th__sleep_watched(th_sleeper *sleeper, bool asleep);
/* When something was last looked at: by itself (then) or in its stead. */
int64_t th__last_look_us(const th_sleeper *sleeper, int64_t own_look_us);

/* What stays to be claimed by others would wake ours with every watch. */
typedef struct th_waker {
    int64_t activities_us, episodes_us; /* monotonic; when they were last woken; 0: nothing waits */
} th_waker;

/* Before a watch: whom it looks for. Arrays live in arena. */
th_sleepers th__sleepers(struct th_engine *engine, th_arena *arena);
/* After it: began_us is when it was sent (monotonic). */
void th__wake_sleepers(struct th_engine *engine, th_waker *waker, const th_sleepers *sleepers,
                       const th_watch *watch, int64_t began_us);

/* Whether to wake those who claim: at once when something begins to wait, then every few seconds.
 */
bool th__wakes_claimer(int64_t *last_us, bool waits, int64_t now_us);

#endif
