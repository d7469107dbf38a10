/*
 * completer.c - completions and abandoned claims that go through the queue's own statement
 * (protocol A4, A6): partitions that are not ours, and what was in doubt when a connection was
 * lost.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "store/activities.h"
#include "store/notify.h"

enum { AT_ONCE = 500, RETRY_US = 200000 };

static void enqueue(th_engine *engine, th_act *act)
{
    pthread_mutex_lock(&engine->completions_lock);
    th_act_push(&engine->completions, act);
    pthread_mutex_unlock(&engine->completions_lock);
    th__poke(engine->completer_fd);
}

void th__complete_elsewhere(th_engine *engine, th_act *act)
{
    act->started_us = 0;
    enqueue(engine, act);
}

/* started_us -1 - delay marks an abandoned one. */
void th__abandon(th_engine *engine, th_act *act, int64_t delay_us)
{
    act->started_us = -1 - delay_us;
    enqueue(engine, act);
}

static th_act_list take(th_engine *engine)
{
    th_act_list some = { 0 };
    pthread_mutex_lock(&engine->completions_lock);
    while (some.count < AT_ONCE && engine->completions.head)
        th_act_push(&some, th_act_pop(&engine->completions));
    pthread_mutex_unlock(&engine->completions_lock);
    return some;
}

static void put_back(th_engine *engine, th_act_list *acts)
{
    pthread_mutex_lock(&engine->completions_lock);
    th_act_join(acts, &engine->completions);
    engine->completions = *acts;
    pthread_mutex_unlock(&engine->completions_lock);
}

static bool is_abandoned(const th_act *a)
{
    return a->started_us < 0;
}

/* Those that are abandoned, or those that are not. */
static size_t pick(const th_act_list *acts, bool abandoned, th_completed *items)
{
    size_t n = 0;
    for (const th_act *a = acts->head; a; a = a->next) {
        if (is_abandoned(a) != abandoned)
            continue;
        items[n++] = (th_completed){ .partition_id = a->partition_id,
                                     .id = a->id,
                                     .claim_no = a->claim_no,
                                     .result = a->result,
                                     .failure = a->failure,
                                     .is_reply = a->kind != 0,
                                     .delay_us = abandoned ? -1 - a->started_us : 0,
                                     .next_input = a->next_input };
    }
    return n;
}

/* Owners hear of it: ours in memory, others if they sleep. */
static th_rc tell_owners(th_engine *engine, th_db *db, const th_completed *items, size_t n,
                         th_error *err)
{
    int32_t foreign[AT_ONCE];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && items[i].partition_id == items[i - 1].partition_id)
            continue;
        if (!th_engine_wake(engine, items[i].partition_id))
            foreign[count++] = items[i].partition_id;
    }
    return count ? th_notify_partitions(db, foreign, count, err) : TH_OK;
}

static th_rc write_completions(th_engine *engine, th_db *db, th_completed *items, size_t n,
                               th_error *err)
{
    bool done[AT_ONCE];
    size_t written = 0;
    th_rc rc = th_activities_complete(db, items, n, done, err);
    if (rc != TH_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        written += done[i];
    atomic_fetch_add(&engine->completions_queue, (long long)written);
    atomic_fetch_add(&engine->dropped_completions, (long long)(n - written));
    if (written < n)
        th_log(TH_LOG_INFO, TH_EV_COMPLETION_DROPPED, NULL,
               "%zu completions were dropped: their claims are no longer current", n - written);
    return tell_owners(engine, db, items, n, err);
}

static bool has_episodes(const th_act_list *acts)
{
    for (const th_act *a = acts->head; a; a = a->next)
        if (a->kind)
            return true;
    return false;
}

static th_rc write_all(th_engine *engine, th_db *db, const th_act_list *acts, th_error *err)
{
    th_completed *items = th_malloc((acts->count + 1) * sizeof *items);
    size_t n = pick(acts, false, items);
    th_rc rc = n ? write_completions(engine, db, items, n, err) : TH_OK;
    n = rc == TH_OK ? pick(acts, true, items) : 0;
    if (n) {
        rc = th_activities_abandon(db, items, n, err);
        th__want_claims(engine);
        if (has_episodes(acts))
            th__offer_episodes(engine);
    }
    free(items);
    return rc;
}

static void pause_for(th_engine *engine, int64_t us)
{
    struct pollfd fd = { .fd = engine->completer_fd, .events = POLLIN };
    struct timespec t = { us / 1000000, (us % 1000000) * 1000 };
    ppoll(&fd, 1, &t, NULL);
    th__absorb(engine->completer_fd);
}

static th_db *reconnect(th_engine *engine, th_db *db, const th_error *why)
{
    th_error err = { 0 };
    if (db)
        th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "completions wait: %s", why->text);
    th_db_close(db);
    db = NULL;
    if (th_db_open(engine->options.conninfo, TH_DB_POOL, &db, &err) != TH_OK)
        return NULL;
    return db;
}

static void one_round(th_engine *engine, th_db **db)
{
    th_error err = { 0 };
    th_act_list acts = take(engine);
    if (!acts.head) {
        pause_for(engine, 1000000);
        return;
    }
    if (!*db)
        *db = reconnect(engine, NULL, &err);
    th_rc rc = *db ? write_all(engine, *db, &acts, &err) : TH_DB_LOST;
    if (rc == TH_OK) {
        for (th_act *a; (a = th_act_pop(&acts)) != NULL;) {
            if (a->suspect && !a->kind)
                th__want_claims(engine); /* the next one may run */
            th_act_free(a);
        }
        return;
    }
    put_back(engine, &acts);
    if (rc == TH_DB_LOST || (*db && th_db_is_lost(*db)))
        *db = reconnect(engine, *db, &err);
    else
        th_log(TH_LOG_WARN, TH_EV_COMPLETION_DROPPED, NULL, "completions are tried again: %s",
               err.text);
    if (!atomic_load(&engine->stopping))
        usleep(RETRY_US);
}

static bool is_empty(th_engine *engine)
{
    pthread_mutex_lock(&engine->completions_lock);
    bool empty = engine->completions.head == NULL;
    pthread_mutex_unlock(&engine->completions_lock);
    return empty;
}

/* At the end what is queued is written, for a few tries. */
void *th__completer_main(void *arg)
{
    th_engine *engine = arg;
    th_db *db = NULL;
    while (!atomic_load(&engine->stopping))
        one_round(engine, &db);
    for (int tries = 0; tries < 3 && !is_empty(engine); tries++)
        one_round(engine, &db);
    th_db_close(db);
    return NULL;
}
