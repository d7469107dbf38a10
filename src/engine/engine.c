/*
 * engine.c - front door: options, executors, threads, who owns what in this process, counters.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/cleaner.h"
#include "engine/engine_int.h"
#include "engine/schedules.h"

enum { DEFAULT_MEMORY = 256 << 20 };

/* ---- small things that the threads share ----------------------------------------------------- */

void th__poke(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* full is fine: it is readable */
}

void th__absorb(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

void th__want_claims(th_engine *engine)
{
    if (!atomic_exchange(&engine->claims_wanted, true))
        th__poke(engine->claimer_fd);
}

void th__look_for_claims(th_engine *engine)
{
    atomic_store(&engine->look_wanted, true);
    th__poke(engine->claimer_fd);
}

void th__refresh_names(th_engine *engine)
{
    atomic_store(&engine->names_wanted, true);
    th__poke(engine->claimer_fd);
}

void th__offer_episodes(th_engine *engine)
{
    if (engine->runner)
        th__runner_wake(engine->runner);
    if (!atomic_exchange(&engine->episodes_written, true))
        th__poke(engine->claimer_fd);
}

bool th__owns(const th_engine *engine)
{
    return engine->options.orchestrators && !engine->options.no_partitions;
}

void th__wake_owner(th_engine *engine, int32_t partition_id)
{
    if (th_engine_wake(engine, partition_id))
        return;
    atomic_store(&engine->foreign_wakes[partition_id - engine->hub.first_partition], true);
    if (!atomic_exchange(&engine->any_foreign_wake, true))
        th__poke(engine->claimer_fd);
}

void th__want_watch(th_engine *engine)
{
    atomic_store(&engine->watch_wanted, true);
    th__poke(engine->control_fd);
}

/* Results of activities that end meanwhile go to the database, where a restart finds them. */
void th__set_paused(th_engine *engine, bool paused)
{
    if (atomic_exchange(&engine->paused, paused) == paused)
        return;
    th_dispatch_set_paused(engine->dispatch, paused);
    if (paused) {
        th_log(TH_LOG_INFO, TH_EV_HUB_PAUSED, NULL,
               "the hub is paused: nothing new begins until it is resumed");
        return;
    }
    th_log(TH_LOG_INFO, TH_EV_HUB_RESUMED, NULL, "the hub goes on");
    for (int32_t i = 0; i < engine->hub.partition_count; i++)
        th_engine_wake(engine, engine->hub.first_partition + i);
    th__want_claims(engine);
    th__poke(engine->schedules_fd);
}

static th_owner_slot *slot_of(th_engine *engine, int32_t partition_id)
{
    int32_t i = partition_id - engine->hub.first_partition;
    return i >= 0 && i < engine->hub.partition_count ? &engine->owners[i] : NULL;
}

th_pump *th__owner_of(th_engine *engine, int32_t partition_id, int64_t *acquisition)
{
    th_owner_slot *slot = slot_of(engine, partition_id);
    if (!slot)
        return NULL;
    pthread_rwlock_rdlock(&engine->owners_lock);
    th_pump *pump = slot->pump;
    *acquisition = slot->acquisition;
    pthread_rwlock_unlock(&engine->owners_lock);
    return pump;
}

void th__owner_set(th_engine *engine, int32_t partition_id, th_pump *pump, int64_t acquisition)
{
    th_owner_slot *slot = slot_of(engine, partition_id);
    pthread_rwlock_wrlock(&engine->owners_lock);
    slot->pump = pump;
    slot->acquisition = acquisition;
    slot->pending = false;
    pthread_rwlock_unlock(&engine->owners_lock);
}

bool th_engine_wake(void *arg, int32_t partition_id)
{
    th_engine *engine = arg;
    int64_t acquisition;
    th_pump *pump = th__owner_of(engine, partition_id, &acquisition);
    if (!pump)
        return false;
    th__pump_wake(pump, partition_id);
    return true;
}

/* ---- answers -------------------------------------------------------------------------------- */

void th_engine_orch_answered(th_engine *engine, const th_answer *answer)
{
    if (answer->token.pump == TH_RUNNER_TOKEN) {
        th__runner_orch_answered(engine->runner, answer);
        return;
    }
    if (answer->token.pump < 0 || answer->token.pump >= engine->pump_count)
        return;
    th_pump *pump = &engine->pumps[answer->token.pump];
    if (!th__pump_inline(pump, answer))
        th__pump_answer(pump, answer);
}

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    th_dispatch_answer(engine->dispatch, answer);
}

void th_engine_entity_answered(th_engine *engine, const th_entity_answer *answer)
{
    if (answer->token.pump == TH_RUNNER_TOKEN) {
        th__runner_entity_answered(engine->runner, answer);
        return;
    }
    if (answer->token.pump < 0 || answer->token.pump >= engine->pump_count)
        return;
    th_pump *pump = &engine->pumps[answer->token.pump];
    if (!th__entity_inline(pump, answer))
        th__pump_entity_answer(pump, answer);
}

/* Its completion is in the inbox already, if its claim was still current. */
static void committed(th_engine *engine, th_act *act)
{
    atomic_fetch_add(&engine->completions_queue, 1);
    th__wake_owner(engine, act->partition_id);
    if (act->suspect)
        th__want_claims(engine); /* the next one may run */
    th_act_free(act);
}

static void activity_done(void *arg, th_act *act, bool abandoned, int64_t delay_us)
{
    th_engine *engine = arg;
    int64_t acquisition;
    if (abandoned) {
        th__abandon(engine, act, delay_us);
        return;
    }
    atomic_fetch_add(&engine->activities_run, 1);
    if (act->committed) {
        committed(engine, act);
        return;
    }
    th_pump *pump = th__owner_of(engine, act->partition_id, &acquisition);
    if (pump && !act->suspect && !atomic_load(&engine->paused))
        th__pump_complete(pump, act);
    else
        th__complete_elsewhere(engine, act);
}

static void slots_idle(void *arg)
{
    th_engine *engine = arg;
    if (atomic_load(&engine->queue_left))
        th__want_claims(engine);
}

/* ---- life ----------------------------------------------------------------------------------- */

static th_rc check_options(const th_engine_options *o, th_error *err)
{
    if (o->max_activities < 1 || o->max_activities > 1000000)
        return th_fail(err, TH_CONFIG, "maxConcurrentActivityFunctions must be from 1 to 1000000");
    if (o->max_orchestrators < 1)
        return th_fail(err, TH_CONFIG, "maxConcurrentOrchestratorFunctions must be at least 1");
    if (o->max_entities < 0 || o->max_entities > 1000000)
        return th_fail(err, TH_CONFIG, "maxConcurrentEntityFunctions must be from 1 to 1000000");
    if (o->entity_batch < 0 || o->entity_batch > 1000000)
        return th_fail(err, TH_CONFIG, "maxEntityOperationBatchSize must be from 1 to 1000000");
    if (o->pumps < 0 || o->pumps > 64)
        return th_fail(err, TH_CONFIG, "workers must be from 0 (automatic) to 64");
    return TH_OK;
}

th_rc th_engine_new(const th_engine_options *options, th_engine **out, th_error *err)
{
    th_rc rc = check_options(options, err);
    if (rc != TH_OK)
        return rc;
    th_engine *engine = th_malloc(sizeof *engine);
    engine->options = *options;
    engine->options.conninfo = th_mstrdup(options->conninfo);
    engine->options.hub = th_mstrdup(options->hub);
    engine->options.where = th_mstrdup(options->where ? options->where : "");
    if (!options->session_memory)
        engine->options.session_memory = DEFAULT_MEMORY;
    pthread_rwlock_init(&engine->owners_lock, NULL);
    pthread_mutex_init(&engine->completions_lock, NULL);
    engine->control_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    engine->claimer_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    engine->completer_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    engine->schedules_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    engine->cleaner_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    *out = engine;
    return TH_OK;
}

void th_engine_register(th_engine *engine, const th_executor *executor)
{
    if (engine->executor_count < TH_MAX_EXECUTORS)
        engine->executors[engine->executor_count++] = executor;
}

static int choose_pumps(const th_engine *engine)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int n = engine->options.pumps ? engine->options.pumps : processors > 8 ? 8 : (int)processors;
    if (n > engine->hub.partition_count)
        n = engine->hub.partition_count;
    return n > 0 ? n : 1;
}

static th_rc find_hub(th_engine *engine, th_error *err)
{
    th_db *db = NULL;
    th_rc rc = th_db_open(engine->options.conninfo, TH_DB_POOL, &db, err);
    if (rc == TH_OK)
        rc = th_hub_get(db, engine->options.hub, &engine->hub, err);
    th_db_close(db);
    return rc;
}

static th_rc start_thread(pthread_t *thread, bool *running, void *(*fn)(void *), th_engine *engine,
                          th_error *err)
{
    int code = pthread_create(thread, NULL, fn, engine);
    if (code != 0)
        return th_fail(err, TH_IO, "starting a thread: %s", strerror(code));
    *running = true;
    return TH_OK;
}

static th_rc start_threads(th_engine *engine, th_error *err)
{
    th_rc rc = TH_OK;
    for (int i = 0; i < engine->pump_count && rc == TH_OK && th__owns(engine); i++)
        rc = th__pump_start(engine, &engine->pumps[i], i, err);
    if (rc == TH_OK)
        rc = start_thread(&engine->completer, &engine->completer_running, th__completer_main,
                          engine, err);
    if (rc == TH_OK)
        rc =
            start_thread(&engine->claimer, &engine->claimer_running, th__claimer_main, engine, err);
    if (rc == TH_OK)
        rc =
            start_thread(&engine->control, &engine->control_running, th__control_main, engine, err);
    if (rc == TH_OK && engine->options.orchestrators)
        rc = th__runner_start(engine, &engine->runner, err);
    if (rc == TH_OK && th__owns(engine))
        rc = start_thread(&engine->schedules, &engine->schedules_running, th__schedules_main,
                          engine, err);
    if (rc == TH_OK && engine->options.orchestrators)
        rc =
            start_thread(&engine->cleaner, &engine->cleaner_running, th__cleaner_main, engine, err);
    return rc;
}

th_rc th_engine_start(th_engine *engine, th_error *err)
{
    th_rc rc = find_hub(engine, err);
    if (rc != TH_OK)
        return rc;
    th_dispatch_options options = { .max = engine->options.max_activities,
                                    .timeout_us = engine->options.activity_timeout_us,
                                    .done = activity_done,
                                    .idle = slots_idle,
                                    .arg = engine };
    engine->dispatch = th_dispatch_new(&options, engine->executors, engine->executor_count);
    th__set_paused(engine, engine->hub.paused);
    engine->owners = th_malloc((size_t)engine->hub.partition_count * sizeof *engine->owners);
    engine->foreign_wakes =
        th_malloc((size_t)engine->hub.partition_count * sizeof *engine->foreign_wakes);
    engine->pump_count = choose_pumps(engine);
    engine->pumps = th_malloc((size_t)engine->pump_count * sizeof *engine->pumps);
    rc = start_threads(engine, err);
    if (rc != TH_OK)
        th_engine_stop(engine, 0);
    return rc;
}

static void wait_for_activities(th_engine *engine, int64_t drain_us)
{
    int64_t until = th_mono_us() + drain_us;
    while (th_dispatch_active(engine->dispatch) > 0 && th_mono_us() < until)
        usleep(5000);
}

static void join(pthread_t thread, bool *running, int fd)
{
    if (!*running)
        return;
    th__poke(fd);
    pthread_join(thread, NULL);
    *running = false;
}

void th_engine_stop(th_engine *engine, int64_t drain_us)
{
    if (!engine->dispatch)
        return;
    atomic_store(&engine->patience_us, th_mono_us() + drain_us);
    atomic_store(&engine->draining, true);
    th__want_watch(engine); /* so that others hear of it */
    th_dispatch_drain(engine->dispatch);
    wait_for_activities(engine, drain_us);
    for (int i = 0; i < engine->pump_count; i++)
        if (engine->pumps[i].started)
            th__pump_stop(&engine->pumps[i]);
    th__runner_stop(engine->runner);
    atomic_store(&engine->stopping, true);
    join(engine->claimer, &engine->claimer_running, engine->claimer_fd);
    join(engine->completer, &engine->completer_running, engine->completer_fd);
    join(engine->schedules, &engine->schedules_running, engine->schedules_fd);
    join(engine->cleaner, &engine->cleaner_running, engine->cleaner_fd);
    join(engine->control, &engine->control_running, engine->control_fd);
}

void th_engine_free(th_engine *engine)
{
    if (!engine)
        return;
    for (int i = 0; i < engine->pump_count; i++)
        th__pump_free(&engine->pumps[i]);
    th__runner_free(engine->runner);
    th_dispatch_free(engine->dispatch);
    for (th_act *a; (a = th_act_pop(&engine->completions)) != NULL;)
        th_act_free(a);
    close(engine->control_fd);
    close(engine->claimer_fd);
    close(engine->completer_fd);
    close(engine->schedules_fd);
    close(engine->cleaner_fd);
    pthread_rwlock_destroy(&engine->owners_lock);
    pthread_mutex_destroy(&engine->completions_lock);
    free(engine->pumps);
    free(engine->owners);
    free(engine->foreign_wakes);
    free((void *)(uintptr_t)engine->options.conninfo);
    free((void *)(uintptr_t)engine->options.hub);
    free((void *)(uintptr_t)engine->options.where);
    free(engine);
}

void th_engine_offers_changed(th_engine *engine)
{
    if (!engine->dispatch)
        return; /* not started yet */
    atomic_store(&engine->names_changed, true);
    th__want_claims(engine);
    if (engine->runner)
        th__runner_wake(engine->runner);
}

/* ---- looking -------------------------------------------------------------------------------- */

bool th_engine_can_run(const th_engine *engine, th_item_kind kind, const char *name,
                       const char *version)
{
    for (size_t i = 0; i < engine->executor_count; i++)
        if (engine->executors[i]->can_run(engine->executors[i]->self, kind, name, version))
            return true;
    return false;
}

static void add_stats(th_engine_stats *sum, const th_pump *pump)
{
    const th_engine_stats *s = &pump->shown;
    sum->episodes += s->episodes;
    sum->batches += s->batches;
    sum->starts += s->starts;
    sum->completions_local += s->completions_local;
    sum->dropped_messages += s->dropped_messages;
    sum->batch_failures += s->batch_failures;
    sum->replays += s->replays;
    sum->evictions += s->evictions;
    sum->poisoned += s->poisoned;
    sum->partitions_owned += s->partitions_owned;
    sum->warm_instances += s->warm_instances;
}

void th_engine_stats_get(th_engine *engine, th_engine_stats *out)
{
    *out = (th_engine_stats){ 0 };
    for (int i = 0; i < engine->pump_count; i++) {
        if (!engine->pumps[i].started)
            continue;
        pthread_mutex_lock(&engine->pumps[i].lock);
        add_stats(out, &engine->pumps[i]);
        pthread_mutex_unlock(&engine->pumps[i].lock);
    }
    out->completions_queue = atomic_load(&engine->completions_queue);
    out->dropped_completions = atomic_load(&engine->dropped_completions);
    out->activities_run = atomic_load(&engine->activities_run);
    out->paused = atomic_load(&engine->paused);
    out->activities_active = engine->dispatch ? th_dispatch_active(engine->dispatch) : 0;
}

void th_engine_health_get(th_engine *engine, th_engine_health *out)
{
    int64_t last = atomic_load(&engine->last_watch_us);
    bool draining = atomic_load(&engine->draining);
    out->database = last && th_mono_us() - last < 3000000;
    out->storage = !atomic_load(&engine->storage_trouble);
    out->paused = atomic_load(&engine->paused);
    out->ready = out->database && engine->worker_id && !draining;
    snprintf(out->text, sizeof out->text, "%s",
             draining         ? "draining"
             : !out->database ? "the database does not answer"
             : !out->storage  ? "the database has no room or cannot write"
             : out->paused    ? "the hub is paused"
                              : "ok");
}
