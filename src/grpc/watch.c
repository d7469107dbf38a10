/*
 * watch.c - calls that wait for an instance to start or to finish.
 *
 * One thread looks at all of them with one statement for a thousand ids, each call's own at growing
 * pauses. A waiting call costs a few hundred bytes and no thread.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "grpc/grpc_int.h"
#include "store/clients.h"

enum { AT_ONCE = 1000 };

#define FIRST_PAUSE INT64_C(10000)
#define LONGEST_PAUSE INT64_C(500000)
#define PAUSE_AFTER_FAILURE TH__SECOND

typedef struct watcher {
    struct watcher *next;
    th__rpc *rpc;
    const char *id;
    int32_t partition;
    bool for_start;
    th__watched *then;
    int64_t due_us, pause_us;
    atomic_bool gone;
} watcher;

struct th__watch {
    th_grpc *grpc;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    watcher *first;
    bool stopping;

    /* the thread's own */
    watcher *due[AT_ONCE];
    int32_t partitions[AT_ONCE];
    const char *ids[AT_ONCE];
    int statuses[AT_ONCE];
};

/* ---- one ---------------------------------------------------------------------------------------
 */

static void client_gone(th_call *call, void *data)
{
    (void)call;
    atomic_store(&((watcher *)data)->gone, true);
}

static bool is_over(const watcher *w, int status)
{
    return status < 0 || (w->for_start ? status != TH_PENDING : th_status_is_terminal(status));
}

/* Ends the wait; w is gone after it. */
static void end(watcher *w, th_rc rc, int status)
{
    th__rpc *rpc = w->rpc;
    th__watched *then = w->then;

    th_call_on_gone(rpc->call, NULL, NULL);
    then(rpc, rc, status);
}

static void put(th__watch *watch, watcher *w)
{
    pthread_mutex_lock(&watch->lock);
    bool open = !watch->stopping;
    if (open) {
        w->next = watch->first;
        watch->first = w;
        pthread_cond_signal(&watch->changed);
    }
    pthread_mutex_unlock(&watch->lock);
    if (!open)
        end(w, TH_UNAVAILABLE, -1);
}

void th__watch_instance(th__rpc *rpc, const char *id, bool for_start, th__watched *then)
{
    watcher *w = th_new(rpc->arena, watcher, 1);

    w->rpc = rpc;
    w->id = id;
    w->partition = th_hub_partition_of(&rpc->hub, id);
    w->for_start = for_start;
    w->then = then;
    w->pause_us = FIRST_PAUSE;
    th_call_on_gone(rpc->call, client_gone, w);
    put(rpc->grpc->watch, w);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

/* Takes those that are due, or whose client has gone, out of the list. *next_us: when there is more
 * to do. */
static size_t take_due(th__watch *watch, int64_t now_us, int64_t *next_us)
{
    size_t n = 0;
    watcher **at = &watch->first;

    *next_us = INT64_MAX;
    while (*at && n < AT_ONCE) {
        watcher *w = *at;
        if (w->due_us <= now_us || watch->stopping || atomic_load(&w->gone)) {
            *at = w->next;
            watch->due[n++] = w;
            continue;
        }
        if (w->due_us < *next_us)
            *next_us = w->due_us;
        at = &w->next;
    }
    return n;
}

static void sleep_until(th__watch *watch, int64_t us)
{
    struct timespec at = { us / TH__SECOND, us % TH__SECOND * 1000 };

    if (us == INT64_MAX)
        pthread_cond_wait(&watch->changed, &watch->lock);
    else
        pthread_cond_timedwait(&watch->changed, &watch->lock, &at);
}

static bool look(th__watch *watch, size_t n)
{
    th_db *db = NULL;
    th_error err = { 0 };

    for (size_t i = 0; i < n; i++) {
        watch->partitions[i] = watch->due[i]->partition;
        watch->ids[i] = watch->due[i]->id;
    }
    th_rc rc = th__grpc_pool_take(watch->grpc->pool, &db, &err);
    if (rc == TH_OK)
        rc = th_instances_status(db, watch->partitions, watch->ids, n, watch->statuses, &err);
    th__grpc_pool_give(watch->grpc->pool, db);
    if (rc != TH_OK)
        th_log(TH_LOG_DEBUG, TH_EV_DEBUG, NULL, "instances that are waited for: %s", err.text);
    return rc == TH_OK;
}

static void settle(th__watch *watch, watcher *w, bool known, int status, bool stopping)
{
    if (known && is_over(w, status)) {
        end(w, TH_OK, status);
    } else if (stopping || atomic_load(&w->gone)) {
        end(w, TH_UNAVAILABLE, -1);
    } else {
        w->due_us = th_mono_us() + (known ? w->pause_us : PAUSE_AFTER_FAILURE);
        w->pause_us += w->pause_us / 2;
        if (w->pause_us > LONGEST_PAUSE)
            w->pause_us = LONGEST_PAUSE;
        put(watch, w);
    }
}

static void *run(void *arg)
{
    th__watch *watch = arg;

    pthread_mutex_lock(&watch->lock);
    for (;;) {
        int64_t next_us;
        size_t n = take_due(watch, th_mono_us(), &next_us);
        bool stopping = watch->stopping;
        if (n == 0 && stopping)
            break;
        if (n == 0) {
            sleep_until(watch, next_us);
            continue;
        }
        pthread_mutex_unlock(&watch->lock);
        bool known = !stopping && look(watch, n);
        for (size_t i = 0; i < n; i++)
            settle(watch, watch->due[i], known, watch->statuses[i], stopping);
        pthread_mutex_lock(&watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

th_rc th__watch_start(th_grpc *grpc, th__watch **out, th_error *err)
{
    th__watch *watch = *out = th_malloc(sizeof *watch);
    pthread_condattr_t attr;

    watch->grpc = grpc;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&watch->thread, NULL, run, watch) != 0)
        return th_fail(err, TH_IO, "no thread for calls that wait can be made");
    watch->running = true;
    return TH_OK;
}

void th__watch_stop(th__watch *watch)
{
    if (!watch || !watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    watch->running = false;
}

void th__watch_free(th__watch *watch)
{
    if (!watch)
        return;
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
