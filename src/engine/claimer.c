/*
 * claimer.c - activities from the queue: claims as many as slots are free, partition by partition,
 * and sleeps while the watch looks in its stead (protocol A2, A8, W3).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "store/activities.h"
#include "store/notify.h"

enum { POLL_US = 3000000, DEAF_POLL_US = 100000, RETRY_US = 200000, REGISTERED_POLL_US = 10000 };
/* Claims younger than 5 s are left alone (protocol A8); what a lost statement of up to 30 s still
 * claimed is found too. */
enum { RECONCILE_US = 5200000, RECONCILES = 7 };
typedef struct claimer {
    th_engine *engine;
    th_db *db;
    bool idle_lock;
    bool left_over; /* the queue holds more than we could take */
    int reconciles; /* that are still to be done after a lost connection */
    int64_t reconcile_at_us;
    int64_t due_us;    /* monotonic; when the next activity that waits for its time may be claimed;
                          INT64_MAX: none */
    int64_t looked_us; /* monotonic; the last look at the queue */
    bool refreshed;    /* names were read since it is connected */
} claimer;

static void push_claimed(th_act_list *acts, const th_claimed *c, bool suspect)
{
    th_act act = { .partition_id = c->partition_id,
                   .id = c->id,
                   .claim_no = c->claim_no,
                   .execution_id = c->execution_id,
                   .seq = c->seq,
                   .task_id = c->task_id,
                   .attempt = c->attempt,
                   .instance_id = c->instance_id,
                   .name = c->name,
                   .version = c->version,
                   .input = c->input,
                   .tags = c->tags,
                   .trace = c->trace,
                   .priority = c->priority,
                   .suspect = suspect };
    th_act_push(acts, th_act_new(&act));
}

static th_rc claim_some(claimer *c, int32_t partition_id, int32_t limit, th_act_list *acts,
                        th_error *err)
{
    th_arena *arena = th_arena_new(0);
    th_claimed *claimed;
    size_t count = 0, names_count;
    const char *const *names = th_dispatch_names(c->engine->dispatch, arena, &names_count);
    th_rc rc = th_activities_claim(c->db, arena, partition_id, c->engine->worker_id, limit, names,
                                   names_count, &claimed, &count, err);
    for (size_t i = 0; rc == TH_OK && i < count; i++)
        push_claimed(acts, &claimed[i], false);
    th_arena_free(arena);
    return rc;
}

/* At most one, whose completion asks for the next. */
static th_rc claim_suspect(claimer *c, th_act_list *acts, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    th_claimed *claimed;
    size_t count = 0, names_count;
    const th_hub *hub = &c->engine->hub;
    const char *const *names = th_dispatch_names(c->engine->dispatch, arena, &names_count);
    th_rc rc = th_activities_claim_suspect(c->db, arena, hub->first_partition, hub->partition_count,
                                           c->engine->worker_id, names, names_count, &claimed,
                                           &count, err);
    if (rc == TH_OK && count)
        push_claimed(acts, claimed, true);
    th_arena_free(arena);
    return rc;
}

static th_rc waiting(claimer *c, int32_t *partitions, size_t *n, th_error *err)
{
    const th_hub *hub = &c->engine->hub;
    *n = (size_t)hub->partition_count;
    int64_t next_us;
    th_rc rc = th_activities_waiting(c->db, hub->first_partition, hub->partition_count, partitions,
                                     n, &next_us, err);
    c->due_us = next_us == INT64_MAX ? INT64_MAX : th_mono_us() + next_us;
    return rc;
}

static bool has_free_slot(th_engine *engine)
{
    int n = engine->options.activities ? th_dispatch_reserve_free(engine->dispatch) : 0;
    th_dispatch_unreserve(engine->dispatch, (size_t)n);
    return n > 0;
}

/* One look at all partitions; *found: how many were claimed. */
static th_rc claim_round(claimer *c, size_t *found, th_error *err)
{
    th_engine *engine = c->engine;
    th_act_list acts = { 0 };
    c->looked_us = th_mono_us();
    if (atomic_load(&engine->paused)) {
        c->due_us = INT64_MAX;
        c->left_over = false;
        return TH_OK;
    }
    int32_t *partitions = th_malloc((size_t)engine->hub.partition_count * sizeof *partitions);
    size_t n = 0;
    int room = engine->options.activities ? th_dispatch_reserve_free(engine->dispatch) : 0;
    int left = room;
    th_rc rc = waiting(c, partitions, &n, err);
    for (size_t i = 0; rc == TH_OK && i < n && left > 0; i++) {
        size_t before = acts.count;
        rc = claim_some(c, partitions[i], left, &acts, err);
        left -= (int)(acts.count - before);
    }
    if (rc == TH_OK && n > 0 && left > 0) {
        size_t before = acts.count;
        rc = claim_suspect(c, &acts, err);
        left -= (int)(acts.count - before);
    }
    c->left_over = rc == TH_OK && n > 0 && left == 0;
    atomic_store(&engine->queue_left, c->left_over);
    th_dispatch_set_queued(engine->dispatch, c->left_over);
    if (c->left_over && engine->options.activities)
        th_dispatch_stopped(engine->dispatch);
    *found = acts.count;
    th_dispatch_unreserve(engine->dispatch, (size_t)left);
    if (acts.head)
        th_dispatch_start(engine->dispatch, &acts);
    if (c->left_over &&
        has_free_slot(engine)) /* it came free before it could know that the queue has more */
        th__want_claims(engine);
    free(partitions);
    return rc;
}

static th_rc idle_lock(claimer *c, bool on, th_error *err)
{
    bool had = false;
    if (c->idle_lock == on || !c->engine->options.activities)
        return TH_OK;
    th_rc rc = th_activities_idle(c->db, c->engine->hub.hub_id, on, &had, err);
    if (rc == TH_OK)
        c->idle_lock = on && had; /* a sender may have been probing it */
    return rc;
}

/* A completion that a pump still holds keeps its token: the claim comes free, its number stays. */
static th_rc reconcile(claimer *c, th_error *err)
{
    th_engine *engine = c->engine;
    for (int32_t i = 0; i < engine->hub.partition_count; i++) {
        int32_t p = engine->hub.first_partition + i;
        int64_t freed = 0;
        size_t n;
        int64_t *running = th_dispatch_running(engine->dispatch, p, &n);
        if (engine->runner)
            running = th__runner_running(engine->runner, p, running, &n);
        th_rc rc = th_activities_reconcile(c->db, p, engine->worker_id, running, n, &freed, err);
        free(running);
        if (rc != TH_OK)
            return rc;
        th_log_ctx ctx = { .partition = p };
        if (freed)
            th_log(TH_LOG_WARN, TH_EV_CLAIM_RECONCILED, &ctx,
                   "%lld claims of this process that it does not run came free", (long long)freed);
    }
    return TH_OK;
}

/* After a lost connection, a few times. */
static th_rc reconcile_in_time(claimer *c, th_error *err)
{
    if (atomic_exchange(&c->engine->connection_error, false)) {
        c->reconciles = RECONCILES;
        c->reconcile_at_us = th_mono_us() + RECONCILE_US;
    }
    if (!c->reconciles || c->reconcile_at_us > th_mono_us())
        return TH_OK;
    c->reconciles--;
    c->reconcile_at_us = th_mono_us() + RECONCILE_US;
    return reconcile(c, err);
}

/* When the queue is to be looked at without a reason; monotonic. What the watch sees counts, and
 * who runs no activities looks only for those who do. */
static int64_t next_look_us(const claimer *c)
{
    bool deaf = !c->idle_lock && !c->left_over;
    int64_t last_us = th__last_look_us(&c->engine->claimer_sleeper, c->looked_us);
    int64_t poll_at_us = last_us + (deaf ? DEAF_POLL_US : POLL_US);
    if (!c->engine->options.activities)
        return INT64_MAX;
    return poll_at_us < c->due_us ? poll_at_us : c->due_us;
}

static int64_t sleep_us(const claimer *c)
{
    int64_t at_us = next_look_us(c), now_us = th_mono_us();
    if (c->reconciles && c->reconcile_at_us < at_us)
        at_us = c->reconcile_at_us;
    if (at_us <= now_us)
        return 0;
    return at_us - now_us < POLL_US ? at_us - now_us : POLL_US;
}

static void notified(void *arg, int32_t what)
{
    th_engine *engine = ((claimer *)arg)->engine;
    if (what == TH_NOTIFIED_NAMES)
        atomic_store(&engine->names_wanted, true);
    else
        atomic_store(&engine->look_wanted, true);
}

/* Locks first, then one more look, then sleep. */
static th_rc sleep_until_wanted(claimer *c, th_error *err)
{
    size_t found = 0;
    bool had = c->idle_lock;
    th_sleeper *sleeper = &c->engine->claimer_sleeper;
    th_rc rc = idle_lock(c, !c->left_over, err);
    if (rc == TH_OK && c->idle_lock && !had && !atomic_load(&c->engine->claims_wanted))
        rc = claim_round(c, &found, err);
    if (rc != TH_OK || found)
        return rc;
    th__sleep_watched(sleeper, c->idle_lock);
    rc = th_db_keep_alive(c->db, POLL_US, err);
    if (rc == TH_OK)
        rc = th_notify_wait(c->db, c->engine->claimer_fd, sleep_us(c), notified, c, err);
    th__sleep_watched(sleeper, false);
    th__absorb(c->engine->claimer_fd);
    return rc;
}

/* Owners in other processes, of partitions that our commits wrote messages to. */
static th_rc wake_foreign(claimer *c, th_error *err)
{
    th_engine *engine = c->engine;
    if (!atomic_exchange(&engine->any_foreign_wake, false))
        return TH_OK;
    int32_t *partitions = th_malloc((size_t)engine->hub.partition_count * sizeof *partitions);
    size_t n = 0;
    for (int32_t i = 0; i < engine->hub.partition_count; i++)
        if (atomic_exchange(&engine->foreign_wakes[i], false))
            partitions[n++] = engine->hub.first_partition + i;
    th_rc rc = n ? th_notify_partitions(c->db, partitions, n, err) : TH_OK;
    free(partitions);
    return rc;
}

/* Which activities can be run may change while we run: SQL activities. */
static th_rc refresh_names(claimer *c, th_error *err)
{
    th_engine *engine = c->engine;
    bool any = false;
    th_rc rc = TH_OK;
    bool wanted = atomic_exchange(&engine->names_wanted, false);
    if (!engine->options.activities || (c->refreshed && !wanted))
        return TH_OK;
    for (size_t i = 0; i < engine->executor_count && rc == TH_OK; i++) {
        const th_executor *x = engine->executors[i];
        bool changed = false;
        int32_t print = 0;
        rc = x->refresh ? x->refresh(x->self, c->db, &changed, &print, err) : TH_OK;
        any |= changed;
        if (x->refresh && rc == TH_OK)
            atomic_store(&engine->names_print, print);
    }
    if (any)
        th_dispatch_refresh(engine->dispatch, engine->executors, engine->executor_count);
    c->refreshed = rc == TH_OK;
    return rc;
}

/* Episodes that our commits wrote: whoever can run them hears of it. */
static th_rc tell_runners(claimer *c, th_error *err)
{
    if (!atomic_exchange(&c->engine->episodes_written, false))
        return TH_OK;
    return th_notify_episodes(c->db, c->engine->hub.hub_id, err);
}

static th_rc round_of(claimer *c, th_error *err)
{
    size_t found = 0;
    bool wanted = atomic_exchange(&c->engine->claims_wanted, false);
    bool seen = atomic_exchange(&c->engine->look_wanted, false);
    th_rc rc = wake_foreign(c, err);
    if (rc == TH_OK)
        rc = tell_runners(c, err);
    if (rc == TH_OK)
        rc = refresh_names(c, err);
    if (rc == TH_OK && wanted)
        rc = idle_lock(c, false, err);
    if (rc == TH_OK && (wanted || seen || next_look_us(c) <= th_mono_us()))
        rc = claim_round(c, &found, err);
    if (rc == TH_OK && c->left_over && wanted)
        rc = th_notify_activities(c->db, c->engine->hub.hub_id, err);
    if (rc == TH_OK)
        rc = reconcile_in_time(c, err);
    if (rc == TH_OK && !found)
        rc = sleep_until_wanted(c, err);
    return rc;
}

static void connect_again(claimer *c, const th_error *why)
{
    th_error err = { 0 };
    if (c->db) {
        th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "claims wait: %s", why->text);
        atomic_store(&c->engine->connection_error, true);
    }
    th_db_close(c->db);
    c->db = NULL;
    c->idle_lock = false;
    if (th_db_open(c->engine->options.conninfo, TH_DB_CONTROL, &c->db, &err) != TH_OK)
        usleep(RETRY_US);
    else if (th_listen_activities(c->db, c->engine->hub.hub_id, &err) != TH_OK ||
             th_listen_names(c->db, c->engine->hub.hub_id, &err) != TH_OK)
        usleep(RETRY_US);
    atomic_store(&c->engine->look_wanted, true);
    c->refreshed = false;
}

void *th__claimer_main(void *arg)
{
    claimer c = { .engine = arg };
    th_error err = { 0 };
    while (!atomic_load(&c.engine->stopping)) {
        th_error_clear(&err);
        if (!c.engine->worker_id) {
            usleep(REGISTERED_POLL_US);
            continue;
        }
        th_rc rc = c.db ? round_of(&c, &err) : TH_DB_LOST;
        if (rc != TH_OK)
            connect_again(&c, &err);
    }
    th_db_close(c.db);
    return NULL;
}
