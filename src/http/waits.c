/*
 * waits.c - one timer thread for all requests that wait for a time: a heap of them by due time.
 *
 * Thousands may wait for their instances to complete; each costs a heap entry, not a thread. Once a
 * second it also looks for blocking calls that have waited too long.
 */
#include "http/http_int.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct th__waits {
    th_http_server *server;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    th__request **heap;
    size_t count, cap;
    bool flushing; /* everything is due */
    bool stopping;
};

static bool earlier(const th__request *a, const th__request *b)
{
    return a->due_us < b->due_us;
}

static void sift_up(th__waits *w, size_t i)
{
    th__request *r = w->heap[i];

    while (i && earlier(r, w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = r;
}

static void sift_down(th__waits *w, size_t i)
{
    th__request *r = w->heap[i];

    for (size_t child = 2 * i + 1; child < w->count; child = 2 * i + 1) {
        if (child + 1 < w->count && earlier(w->heap[child + 1], w->heap[child]))
            child++;
        if (!earlier(w->heap[child], r))
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = r;
}

static void push(th__waits *w, th__request *r)
{
    if (w->count == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 64;
        w->heap = th_realloc(w->heap, w->cap * sizeof *w->heap);
    }
    w->heap[w->count++] = r;
    sift_up(w, w->count - 1);
}

static th__request *pop(th__waits *w)
{
    th__request *r = w->heap[0];

    w->heap[0] = w->heap[--w->count];
    if (w->count)
        sift_down(w, 0);
    return r;
}

void th__waits_at(th__request *r, int64_t due_us, th__handler on_due)
{
    th__waits *w = r->server->waits;
    bool too_late;

    r->due_us = due_us;
    r->on_due = on_due;
    pthread_mutex_lock(&w->lock);
    too_late = w->stopping; /* the thread may be gone */
    if (!too_late) {
        push(w, r);
        if (w->heap[0] == r)
            pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    if (too_late)
        on_due(r);
}

void th__waits_flush(th__waits *w)
{
    pthread_mutex_lock(&w->lock);
    w->flushing = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static bool has_due(const th__waits *w, int64_t now)
{
    return w->count && (w->flushing || w->heap[0]->due_us <= now);
}

static void sleep_until(th__waits *w, int64_t us)
{
    struct timespec t = { us / TH__SECOND, us % TH__SECOND * 1000 };

    pthread_cond_timedwait(&w->changed, &w->lock, &t);
}

/* Runs what is due, without the lock; returns with it. */
static void run_due(th__waits *w)
{
    while (has_due(w, th_mono_us())) {
        th__request *r = pop(w);
        pthread_mutex_unlock(&w->lock);
        r->on_due(r);
        pthread_mutex_lock(&w->lock);
    }
}

static void *run(void *arg)
{
    th__waits *w = arg;
    int64_t tick = th_mono_us();

    pthread_mutex_lock(&w->lock);
    while (!w->stopping || w->count) {
        int64_t now = th_mono_us(), next;
        run_due(w);
        if (now >= tick) {
            tick = now + TH__SECOND;
            pthread_mutex_unlock(&w->lock);
            th__pool_expire(w->server->pool, now);
            pthread_mutex_lock(&w->lock);
        }
        next = w->count && w->heap[0]->due_us < tick ? w->heap[0]->due_us : tick;
        if (!w->stopping && !has_due(w, th_mono_us()))
            sleep_until(w, next);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

th_rc th__waits_new(th_http_server *server, th__waits **out, th_error *err)
{
    th__waits *w = th_malloc(sizeof *w);
    pthread_condattr_t attr;

    w->server = server;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    *out = w;
    if (pthread_create(&w->thread, NULL, run, w) != 0)
        return th_fail(err, TH_IO, "cannot start the timer thread");
    w->running = true;
    return TH_OK;
}

void th__waits_stop(th__waits *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = w->flushing = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
}

void th__waits_free(th__waits *w)
{
    if (!w)
        return;
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w->heap);
    free(w);
}
