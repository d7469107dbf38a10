/* sleepers.c - see sleepers.h. */
#include "engine/sleepers.h"

#include "base/clock.h"
#include "engine/engine_int.h"

enum { WAKE_AGAIN_US = 3000000 };

void th__sleep_watched(th_sleeper *sleeper, bool asleep)
{
    atomic_store(&sleeper->asleep, asleep);
}

int64_t th__last_look_us(const th_sleeper *sleeper, int64_t own_look_us)
{
    int64_t watched_us = atomic_load(&sleeper->watched_us);
    return watched_us > own_look_us ? watched_us : own_look_us;
}

/* ---- before a watch -------------------------------------------------------------------------- */

static size_t sleeping_partitions(th_engine *engine, int32_t *partitions)
{
    size_t n = 0;
    for (int32_t i = 0; i < engine->hub.partition_count; i++) {
        int64_t acquisition;
        th_pump *pump = th__owner_of(engine, engine->hub.first_partition + i, &acquisition);
        if (pump && atomic_load(&pump->sleeper.asleep))
            partitions[n++] = engine->hub.first_partition + i;
    }
    return n;
}

th_sleepers th__sleepers(th_engine *engine, th_arena *arena)
{
    int32_t *partitions = th_new(arena, int32_t, (size_t)engine->hub.partition_count + 1);
    if (atomic_load(&engine->paused))
        return (th_sleepers){ 0 };
    return (th_sleepers){ .partitions = partitions,
                          .partition_count = sleeping_partitions(engine, partitions),
                          .activities = atomic_load(&engine->claimer_sleeper.asleep),
                          .episodes = atomic_load(&engine->runner_sleeper.asleep) };
}

/* ---- after it -------------------------------------------------------------------------------- */

bool th__wakes_claimer(int64_t *last_us, bool waits, int64_t now_us)
{
    if (!waits)
        *last_us = 0;
    if (!waits || (*last_us && now_us - *last_us < WAKE_AGAIN_US))
        return false;
    *last_us = now_us;
    return true;
}

static bool is_among(const th_sleepers *sleepers, int32_t partition_id)
{
    for (size_t i = 0; i < sleepers->partition_count; i++)
        if (sleepers->partitions[i] == partition_id)
            return true;
    return false;
}

static void wake_owners(th_engine *engine, const th_sleepers *sleepers, const th_watch *watch,
                        int64_t began_us)
{
    for (size_t i = 0; i < watch->partition_count; i++) {
        const th_seen_partition *p = &watch->partitions[i];
        int64_t acquisition;
        th_pump *pump = is_among(sleepers, p->partition_id)
                            ? th__owner_of(engine, p->partition_id, &acquisition)
                            : NULL;
        if (!pump)
            continue;
        atomic_store(&pump->sleeper.watched_us, began_us);
        if (p->first_due_us == TH_TIME_INF)
            continue;
        bool is_due = p->first_due_us <= watch->server_now_us;
        th__pump_due(pump, p->partition_id, is_due ? 0 : p->first_due_us - watch->server_now_us);
    }
}

void th__wake_sleepers(th_engine *engine, th_waker *waker, const th_sleepers *sleepers,
                       const th_watch *watch, int64_t began_us)
{
    int64_t now_us = th_mono_us();
    wake_owners(engine, sleepers, watch, began_us);
    if (sleepers->activities)
        atomic_store(&engine->claimer_sleeper.watched_us, began_us);
    if (sleepers->episodes)
        atomic_store(&engine->runner_sleeper.watched_us, began_us);
    if (th__wakes_claimer(&waker->activities_us, watch->activities_wait, now_us))
        th__look_for_claims(engine);
    if (th__wakes_claimer(&waker->episodes_us, watch->episodes_wait, now_us))
        th__runner_wake(engine->runner);
    if (watch->names_print != atomic_load(&engine->names_print))
        th__refresh_names(engine);
}
