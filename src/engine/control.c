/*
 * control.c - one connection a process for its worker lock, LISTEN and the watch: shares of
 * partitions, the dead, wake-ups.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/balance.h"
#include "engine/engine_int.h"
#include "store/notify.h"
#include "store/owners.h"

enum { WATCH_US = 1000000, RETRY_US = 100000, EXPIRE_US = 30000000 };

typedef struct control {
    th_engine *engine;
    th_db *db;
    th_balance *balance;
    th_arena *arena;
    bool *listening; /* by partition of the hub */
    th_waker waker;
    bool said_draining;
    int64_t expired_us; /* monotonic; when early events were last looked through */
} control;

/* ---- registering ---------------------------------------------------------------------------- */

typedef struct name_list {
    const char **names;
    size_t count, cap;
} name_list;

static void add_name(name_list *l, th_arena *arena, const char *name)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        const char **more = th_new(arena, const char *, l->cap);
        if (l->count)
            memcpy(more, l->names, l->count * sizeof *more);
        l->names = more;
    }
    l->names[l->count++] = name;
}

/* Those of an executor whose workers come and go hold for the moment. */
static void add_offers(name_list *l, th_arena *arena, const th_executor *x, th_item_kind kind)
{
    size_t n = 0;
    const char *const *names = x->offers(x->self, kind, arena, &n);
    for (size_t i = 0; i < n; i++)
        add_name(l, arena, names[i]);
}

static name_list names_of(const th_engine *engine, th_item_kind kind, th_arena *arena)
{
    name_list l = { 0 };
    for (size_t i = 0; i < engine->executor_count; i++) {
        const th_executor *x = engine->executors[i];
        const char *name;
        if (x->offers)
            add_offers(&l, arena, x, kind);
        if (x->offers || x->refresh) /* every process of the hub has those that are refreshed */
            continue;
        for (size_t k = 0; (name = x->list(x->self, kind, k)) != NULL; k++)
            add_name(&l, arena, name);
    }
    return l;
}

static th_worker_info info_of(const th_engine *engine, th_arena *arena)
{
    name_list orchestrators = { 0 }, activities = { 0 }, entities = { 0 };
    if (engine->options.orchestrators) {
        orchestrators = names_of(engine, TH_ITEM_ORCHESTRATOR, arena);
        entities = names_of(engine, TH_ITEM_ENTITY, arena);
    }
    if (engine->options.activities)
        activities = names_of(engine, TH_ITEM_ACTIVITY, arena);
    return (th_worker_info){ .worker_id = engine->worker_id,
                             .hub_id = engine->hub.hub_id,
                             .host = engine->options.where,
                             .pid = (int32_t)getpid(),
                             .partitions = th__owns(engine),
                             .episodes = engine->options.orchestrators,
                             .activities = engine->options.activities,
                             .orchestrator_names = orchestrators.names,
                             .orchestrator_count = orchestrators.count,
                             .activity_names = activities.names,
                             .activity_count = activities.count,
                             .entity_names = entities.names,
                             .entity_count = entities.count };
}

static th_rc register_on(th_engine *engine, th_db *db, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    atomic_store(&engine->names_changed, false);
    th_worker_info info = info_of(engine, arena);
    th_rc rc = th_worker_register(db, &info, err);
    if (rc == TH_OK && info.worker_id != engine->worker_id)
        th_log(TH_LOG_INFO, TH_EV_WORKER_REGISTERED, NULL, "this process is worker %d",
               info.worker_id);
    if (rc == TH_OK)
        engine->worker_id = info.worker_id;
    th_arena_free(arena);
    return rc;
}

/* What workers over gRPC serve stands in our row, so that others know what is served. */
static th_rc show_names(control *c, th_error *err)
{
    if (!atomic_exchange(&c->engine->names_changed, false))
        return TH_OK;
    th_arena *arena = th_arena_new(0);
    th_worker_info info = info_of(c->engine, arena);
    th_rc rc = th_worker_set_names(c->db, &info, err);
    th_arena_free(arena);
    return rc;
}

static void stop_listening(control *c)
{
    memset(c->listening, 0, (size_t)c->engine->hub.partition_count * sizeof *c->listening);
}

static th_rc connect_control(control *c, th_error *err)
{
    th_rc rc = th_db_open(c->engine->options.conninfo, TH_DB_CONTROL, &c->db, err);
    if (rc == TH_OK)
        rc = register_on(c->engine, c->db, err);
    if (rc == TH_OK && th__owns(c->engine))
        rc = th_listen_schedules(c->db, c->engine->hub.hub_id, err);
    if (rc != TH_OK) {
        th_db_close(c->db);
        c->db = NULL;
    }
    stop_listening(c);
    return rc;
}

/* ---- the watch ------------------------------------------------------------------------------ */

static th_pump *pump_for(th_engine *engine, int32_t partition_id)
{
    return &engine->pumps[(partition_id - engine->hub.first_partition) % engine->pump_count];
}

static bool is_mine(th_engine *engine, int32_t partition_id)
{
    pthread_rwlock_rdlock(&engine->owners_lock);
    const th_owner_slot *slot = &engine->owners[partition_id - engine->hub.first_partition];
    bool mine = slot->pump || slot->pending;
    pthread_rwlock_unlock(&engine->owners_lock);
    return mine;
}

static void set_pending(th_engine *engine, int32_t partition_id)
{
    pthread_rwlock_wrlock(&engine->owners_lock);
    engine->owners[partition_id - engine->hub.first_partition].pending = true;
    pthread_rwlock_unlock(&engine->owners_lock);
}

static th_rc listen_to(control *c, int32_t partition_id, bool on, th_error *err)
{
    bool *listening = &c->listening[partition_id - c->engine->hub.first_partition];
    if (*listening == on)
        return TH_OK;
    th_rc rc = th_listen_partition(c->db, partition_id, on, err);
    if (rc == TH_OK)
        *listening = on;
    return rc;
}

static th_rc take(control *c, int32_t partition_id, th_error *err)
{
    th_rc rc = listen_to(c, partition_id, true, err);
    if (rc != TH_OK)
        return rc;
    set_pending(c->engine, partition_id);
    th__pump_order(pump_for(c->engine, partition_id), TH_ORDER_ACQUIRE, partition_id);
    return TH_OK;
}

static void say_skipped(const th_seen_partition *p)
{
    th_log_ctx ctx = { .partition = p->partition_id };
    th_log(TH_LOG_DEBUG, TH_EV_PARTITION_SKIPPED, &ctx, "worker %d holds it", p->worker_id);
}

static th_rc move_partitions(control *c, const th_watch *watch, th_error *err)
{
    size_t n = watch->partition_count;
    bool *mine = th_new(c->arena, bool, n + 1);
    th_move *moves = th_new(c->arena, th_move, n + 1);
    th_rc rc = TH_OK;
    for (size_t i = 0; i < n; i++)
        mine[i] = is_mine(c->engine, watch->partitions[i].partition_id);
    th_balance_decide(c->balance, watch, c->engine->worker_id, atomic_load(&c->engine->draining),
                      mine, th_mono_us(), moves);
    for (size_t i = 0; i < n && rc == TH_OK; i++) {
        int32_t p = watch->partitions[i].partition_id;
        if (moves[i] == TH_MOVE_TAKE)
            rc = take(c, p, err);
        else if (moves[i] == TH_MOVE_GIVE)
            th__pump_order(pump_for(c->engine, p), TH_ORDER_GIVE, p);
        else if (mine[i])
            rc = listen_to(c, p, true, err);
        else {
            rc = listen_to(c, p, false, err);
            say_skipped(&watch->partitions[i]);
        }
    }
    return rc;
}

static th_rc bury(control *c, const th_watch *watch, th_error *err)
{
    int32_t id;
    while ((id = th_balance_bury(c->balance, watch, c->engine->worker_id, th_mono_us())) != 0) {
        bool buried = false;
        th_rc rc = th_worker_bury(c->db, id, &buried, err);
        if (rc != TH_OK)
            return rc;
        if (buried)
            th_log(TH_LOG_WARN, TH_EV_WORKER_BURIED, NULL, "worker %d is dead: its lock is gone",
                   id);
    }
    return TH_OK;
}

static void release_claims_of_dead(control *c, const th_watch *watch)
{
    bool left = atomic_exchange(&c->engine->dead_claims_left, false);
    if (!th_balance_newly_dead(c->balance, watch) && !left)
        return;
    for (size_t i = 0; i < watch->partition_count; i++)
        if (is_mine(c->engine, watch->partitions[i].partition_id))
            th__pump_order(pump_for(c->engine, watch->partitions[i].partition_id),
                           TH_ORDER_RELEASE_DEAD, watch->partitions[i].partition_id);
}

static th_rc fence(control *c, const th_watch *watch, th_error *err)
{
    for (size_t i = 0; i < watch->partition_count; i++) {
        const th_seen_partition *p = &watch->partitions[i];
        bool done = false;
        if (!p->pen_waits_silent || is_mine(c->engine, p->partition_id))
            continue;
        th_rc rc = th_owners_fence(c->db, p->partition_id, &done, err);
        if (rc != TH_OK)
            return rc;
        th_log_ctx ctx = { .partition = p->partition_id };
        if (done)
            th_log(TH_LOG_WARN, TH_EV_PARTITION_FENCED, &ctx,
                   "the silent session %d that held it was ended", p->holder_pid);
    }
    return TH_OK;
}

static bool is_alone(const control *c, const th_watch *watch)
{
    for (size_t i = 0; i < watch->worker_count; i++) {
        const th_seen_worker *w = &watch->workers[i];
        if (w->worker_id != c->engine->worker_id && w->locked && !w->dead)
            return false;
    }
    return true;
}

static bool am_buried(const control *c, const th_watch *watch)
{
    for (size_t i = 0; i < watch->worker_count; i++)
        if (watch->workers[i].worker_id == c->engine->worker_id)
            return watch->workers[i].dead;
    return true;
}

/* What an owner elsewhere has given up nobody tells us, so we ask: once a second, for all that take
 * longer. */
static th_rc look_for_unwanted(control *c, th_error *err)
{
    th_engine *engine = c->engine;
    size_t n;
    th_claim *claims = th_dispatch_long(engine->dispatch, th_mono_us(), &n);
    bool *unwanted = th_new(c->arena, bool, n + 1);
    th_rc rc = n ? th_activities_unwanted(c->db, claims, n, unwanted, err) : TH_OK;
    for (size_t i = 0; i < n && rc == TH_OK; i++)
        if (unwanted[i])
            th_dispatch_cancel_claim(engine->dispatch, &claims[i]);
    free(claims);
    return rc;
}

/* Of one process or another; what two do at once they share. */
static th_rc expire_early(control *c, const th_watch *watch, th_error *err)
{
    int64_t half_us = (int64_t)watch->early_seconds * 500000, now_us = th_mono_us();
    int64_t every_us = half_us > 0 && half_us < EXPIRE_US ? half_us : EXPIRE_US, deleted = 0;
    if (watch->early_seconds < 0 || now_us - c->expired_us < every_us)
        return TH_OK;
    c->expired_us = now_us;
    th_rc rc = th_early_events_expire(c->db, c->engine->hub.name, &deleted, err);
    if (deleted)
        th_log(TH_LOG_INFO, TH_EV_MESSAGE_DROPPED, NULL,
               "%lld early events have expired: no instance of their ids has started",
               (long long)deleted);
    return rc;
}

/* Before partitions are taken: what runs on them goes by these. */
static void take_settings(th_engine *engine, const th_watch *watch)
{
    atomic_store(&engine->early_seconds, watch->early_seconds);
    atomic_store(&engine->keeps_history, watch->keeps_history);
}

/* What people have set for the whole hub. */
static void obey_hub(th_engine *engine, const th_watch *watch)
{
    bool cleaning = watch->purging || watch->retains;

    th__set_paused(engine, watch->paused);
    if (atomic_exchange(&engine->cleaning, cleaning) != cleaning || watch->purging)
        th__poke(engine->cleaner_fd);
}

static th_rc watch_once(control *c, th_error *err)
{
    th_watch watch = { 0 };
    int64_t began_us = th_mono_us();
    th_arena_reset(c->arena);
    th_sleepers sleepers = th__sleepers(c->engine, c->arena);
    th_rc rc = th_owners_watch(c->db, c->engine->hub.hub_id, &sleepers, c->arena, &watch, err);
    if (rc == TH_OK)
        take_settings(c->engine, &watch);
    if (rc == TH_OK && am_buried(c, &watch))
        rc = register_on(c->engine, c->db, err);
    if (rc == TH_OK)
        obey_hub(c->engine, &watch);
    if (rc == TH_OK)
        th__wake_sleepers(c->engine, &c->waker, &sleepers, &watch, began_us);
    if (rc == TH_OK && th__owns(c->engine))
        rc = move_partitions(c, &watch, err);
    if (rc == TH_OK)
        rc = bury(c, &watch, err);
    if (rc == TH_OK)
        rc = fence(c, &watch, err);
    if (rc == TH_OK && c->engine->options.orchestrators)
        rc = expire_early(c, &watch, err);
    if (rc == TH_OK)
        rc = look_for_unwanted(c, err);
    if (rc == TH_OK)
        rc = show_names(c, err);
    if (rc == TH_OK && atomic_load(&c->engine->draining) && !c->said_draining) {
        rc = th_worker_set_draining(c->db, c->engine->worker_id, err);
        c->said_draining = rc == TH_OK;
    }
    if (rc != TH_OK)
        return rc;
    release_claims_of_dead(c, &watch);
    th_dispatch_set_alone(c->engine->dispatch, is_alone(c, &watch));
    atomic_store(&c->engine->last_watch_us, th_mono_us());
    return TH_OK;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void notified(void *arg, int32_t partition_id)
{
    th_engine *engine = arg;
    if (partition_id == TH_NOTIFIED_SCHEDULES)
        th__poke(engine->schedules_fd);
    else if (partition_id)
        th_engine_wake(engine, partition_id);
    else
        th__want_claims(engine);
}

/* Wakes what a lost LISTEN may have missed (protocol W4). */
static void wake_all(th_engine *engine)
{
    for (int32_t i = 0; i < engine->hub.partition_count; i++)
        th_engine_wake(engine, engine->hub.first_partition + i);
    th__poke(engine->schedules_fd);
}

static th_rc wait_a_second(control *c, th_error *err)
{
    int64_t until = th_mono_us() + WATCH_US, left;
    th_rc rc = TH_OK;
    while (rc == TH_OK && (left = until - th_mono_us()) > 0 && !atomic_load(&c->engine->stopping) &&
           !atomic_exchange(&c->engine->watch_wanted, false)) {
        rc = th_notify_wait(c->db, c->engine->control_fd, left, notified, c->engine, err);
        th__absorb(c->engine->control_fd);
    }
    return rc;
}

static void lost(control *c, const th_error *why)
{
    th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "the control connection: %s", why->text);
    th_db_close(c->db);
    c->db = NULL;
    c->said_draining = false;
}

static void reconnect(control *c)
{
    th_error err = { 0 };
    if (connect_control(c, &err) != TH_OK) {
        th_log(TH_LOG_DEBUG, TH_EV_DB_LOST, NULL, "control can't connect: %s", err.text);
        usleep(RETRY_US);
        return;
    }
    th_log(TH_LOG_INFO, TH_EV_DB_CONNECTED, NULL, "connected to PostgreSQL");
    wake_all(c->engine);
}

static void one_round(control *c)
{
    th_error err = { 0 };
    if (!c->db)
        reconnect(c);
    if (!c->db)
        return;
    th_rc rc = watch_once(c, &err);
    th_dispatch_expire(c->engine->dispatch, th_mono_us());
    if (rc == TH_OK)
        rc = wait_a_second(c, &err);
    if (rc != TH_OK)
        lost(c, &err);
}

void *th__control_main(void *arg)
{
    control c = { .engine = arg };
    th_error err = { 0 };
    c.balance = th_balance_new(c.engine->hub.first_partition, c.engine->hub.partition_count);
    c.arena = th_arena_new(0);
    c.listening = th_malloc((size_t)c.engine->hub.partition_count * sizeof *c.listening);
    while (!atomic_load(&c.engine->stopping))
        one_round(&c);
    if (c.db && th_worker_leave(c.db, c.engine->worker_id, &err) != TH_OK)
        th_log(TH_LOG_WARN, TH_EV_STOP, NULL, "leaving: %s", err.text);
    th_db_close(c.db);
    th_balance_free(c.balance);
    th_arena_free(c.arena);
    free(c.listening);
    return NULL;
}
