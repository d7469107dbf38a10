/*
 * engine.h - front door of the engine: register executors, start, stop without losing work,
 * counters.
 *
 * One engine serves one hub. It owns partitions by session locks, runs their instances' episodes
 * and commits them in batches, and runs activities. It knows no language: executors are registered
 * before start.
 */
#ifndef TH_ENGINE_ENGINE_H
#define TH_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/executor.h"

typedef struct th_engine_options {
    const char *conninfo;   /* libpq conninfo or URI, reaching PostgreSQL directly (no pooler) */
    const char *hub;        /* must exist (th_hub_ensure) */
    const char *where;      /* host name, for `workers` */
    int pumps;              /* 0: as many as fit processors and partitions */
    bool orchestrators;     /* owns partitions and runs orchestrators */
    bool no_partitions;     /* owns none: runs orchestrators for those who do */
    bool activities;        /* runs activities */
    int max_activities;     /* concurrent activities of this process */
    int max_orchestrators;  /* concurrent orchestrator episodes outside of the pump's own thread */
    int max_entities;       /* entities that run at once; 0: default */
    int entity_batch;       /* operations that an entity runs in one go; 0: default */
    bool extended_sessions; /* keep instances warm */
    int64_t session_idle_us;
    int64_t session_memory; /* budget in bytes for warm instances; 0: default */
    int64_t poll_us;        /* idle poll; capped at 3 s */
    int64_t
        orch_timeout_us; /* an episode without an answer is given again after this; 0: default */
    int64_t activity_timeout_us; /* functionTimeout; 0: none */
} th_engine_options;

typedef struct th_engine_stats {
    int64_t episodes, batches, starts, completions_local, completions_queue, activities_run;
    int64_t dropped_messages, dropped_completions, batch_failures, replays, evictions, poisoned;
    int32_t partitions_owned, warm_instances, activities_active;
    int32_t paused; /* 1: the hub is */
} th_engine_stats;

typedef struct th_engine_health {
    bool database; /* the last watch (one a second) reached the database within 3 s */
    bool ready;    /* registered and, with orchestrators on, takes part in the shares; false while
                      draining */
    bool paused;   /* the hub is: work is taken in and kept, and nothing new begins */
    bool storage;  /* false while batches are kept because the database has no room */
    char text[200];
} th_engine_health;

/* Copies options. Fails (TH_CONFIG) on values out of range. */
th_rc th_engine_new(const th_engine_options *options, th_engine **out, th_error *err) TH_MUST_CHECK;

/* executor must live until th_engine_free. Before start only. */
void th_engine_register(th_engine *engine, const th_executor *executor);

/* Connects, registers the worker and starts the threads. Later losses of the database are survived.
 */
th_rc th_engine_start(th_engine *engine, th_error *err) TH_MUST_CHECK;

/* Takes no more work, lets running activities end for at most drain_us, gives partitions back, ends
 * the threads. */
void th_engine_stop(th_engine *engine, int64_t drain_us);
void th_engine_free(th_engine *engine);

/* A message was committed to that partition. True: it is ours and was woken (no NOTIFY needed). Any
 * thread. */
bool th_engine_wake(void *engine, int32_t partition_id);

bool th_engine_can_run(const th_engine *engine, th_item_kind kind, const char *name,
                       const char *version);
void th_engine_stats_get(th_engine *engine, th_engine_stats *out);
void th_engine_health_get(th_engine *engine, th_engine_health *out);

#endif
