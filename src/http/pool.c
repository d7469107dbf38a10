/*
 * pool.c - blocking database work of requests: a queue, a few threads, a connection each.
 *
 * Lists, purges and histories are rare next to starts and status reads, which go through the front.
 * A job that finds its connection lost runs once more on a new one. While the database can't be
 * reached, jobs are answered at once instead of each waiting for a connection in turn.
 */
#include "http/http_int.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define MAX_QUEUED 1000
#define DOWN_PAUSE (TH__SECOND / 2) /* after a failed connect, until the next try */
#define JOB_TIME (10 * TH__SECOND)  /* in the queue, then it is answered 503 */
#define RUN_TIME                                                                     \
    (45 * TH__SECOND) /* of a job, then the same; more than any of them gives itself \
                       */

typedef struct worker {
    th__pool *pool;
    pthread_t thread;
    bool running;
    th_db *db;
    th__request *job; /* under the pool's lock, as since_us */
    int64_t since_us;
} worker;

struct th__pool {
    char *conninfo;
    pthread_mutex_t lock;
    pthread_cond_t more;
    th__request *first, *last;
    size_t queued;
    bool stopping;
    int64_t down_until_us;
    int count;
    worker workers[];
};

static bool is_down(th__pool *pool)
{
    bool down;

    pthread_mutex_lock(&pool->lock);
    down = th_mono_us() < pool->down_until_us;
    pthread_mutex_unlock(&pool->lock);
    return down;
}

static th_rc connect_worker(worker *w, th_error *err)
{
    th_rc rc;

    if (w->db && !th_db_is_lost(w->db))
        return TH_OK;
    th_db_close(w->db);
    w->db = NULL;
    if (is_down(w->pool))
        return th_fail(err, TH_UNAVAILABLE, "the database cannot be reached");
    rc = th_db_open(w->pool->conninfo, TH_DB_POOL, &w->db, err);
    if (rc == TH_OK)
        return TH_OK;
    w->db = NULL;
    pthread_mutex_lock(&w->pool->lock);
    w->pool->down_until_us = th_mono_us() + DOWN_PAUSE;
    pthread_mutex_unlock(&w->pool->lock);
    return rc;
}

static th_rc run_once(worker *w, th__request *r, th_error *err)
{
    th_rc rc = connect_worker(w, err);

    if (rc != TH_OK)
        return rc;
    th_buf_clear(&r->out);
    return r->job(r, w->db, err);
}

static void run_job(worker *w, th__request *r)
{
    th_error err = { 0 };
    th_rc rc = run_once(w, r, &err);
    th__handler then = r->then;

    if (rc == TH_DB_LOST || rc == TH_DB_RETRY) {
        th_error_clear(&err);
        rc = run_once(w, r, &err);
    }
    pthread_mutex_lock(&w->pool->lock);
    w->job = NULL;
    pthread_mutex_unlock(&w->pool->lock);
    if (rc == TH_OK && then) {
        then(r);
        return;
    }
    if (rc != TH_OK)
        th__answer_rc(r, rc, th_strdup(r->arena, err.text));
    th__request_done(r);
}

static th__request *pop_locked(th__pool *pool)
{
    th__request *r = pool->first;

    if (!r)
        return NULL;
    pool->first = r->job_next;
    if (!pool->first)
        pool->last = NULL;
    pool->queued--;
    return r;
}

static th__request *next_job(worker *w)
{
    th__pool *pool = w->pool;

    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->more, &pool->lock);
    w->job = pop_locked(pool);
    w->since_us = th_mono_us();
    pthread_mutex_unlock(&pool->lock);
    return w->job;
}

static void *work(void *arg)
{
    worker *w = arg;

    for (th__request *r = next_job(w); r; r = next_job(w))
        run_job(w, r);
    th_db_close(w->db);
    w->db = NULL;
    return NULL;
}

static void answer_busy(th__request *r, const char *text)
{
    th__answer_rc(r, TH_UNAVAILABLE, text);
    th__request_done(r);
}

void th__pool_run(th__request *r, th__job job, th__handler then)
{
    th__pool *pool = r->server->pool;
    bool taken;

    r->job = job;
    r->then = then;
    r->job_next = NULL;
    r->job_deadline_us = th_mono_us() + JOB_TIME;
    th__request_wait(r);
    pthread_mutex_lock(&pool->lock);
    taken = pool->queued < MAX_QUEUED && !pool->stopping;
    if (taken) {
        if (pool->last)
            pool->last->job_next = r;
        else
            pool->first = r;
        pool->last = r;
        pool->queued++;
        pthread_cond_signal(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!taken)
        answer_busy(r, "too many calls wait for the database");
}

/* A job that hangs keeps its thread and its connection until the network gives up. */
static void expire_running(th__pool *pool, int64_t now_us)
{
    pthread_mutex_lock(&pool->lock);
    for (int i = 0; i < pool->count; i++) {
        worker *w = &pool->workers[i];
        if (w->job && w->since_us + RUN_TIME <= now_us)
            th__request_force(w->job);
    }
    pthread_mutex_unlock(&pool->lock);
}

void th__pool_expire(th__pool *pool, int64_t now_us)
{
    expire_running(pool, now_us);
    for (;;) {
        th__request *r = NULL;

        pthread_mutex_lock(&pool->lock);
        if (pool->first && pool->first->job_deadline_us <= now_us)
            r = pop_locked(pool);
        pthread_mutex_unlock(&pool->lock);
        if (!r)
            return;
        answer_busy(r, "the database did not answer in time");
    }
}

th_rc th__pool_new(const char *conninfo, int threads, th__pool **out, th_error *err)
{
    th__pool *pool = th_malloc(sizeof *pool + (size_t)threads * sizeof *pool->workers);

    pool->conninfo = th_mstrdup(conninfo);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    *out = pool;
    for (; pool->count < threads; pool->count++) {
        worker *w = &pool->workers[pool->count];
        w->pool = pool;
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            return th_fail(err, TH_IO, "cannot start a thread for database calls");
        w->running = true;
    }
    return TH_OK;
}

static struct timespec real_time_in(int64_t us)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += us / TH__SECOND;
    now.tv_nsec += us % TH__SECOND * 1000;
    if (now.tv_nsec >= 1000000000) {
        now.tv_nsec -= 1000000000;
        now.tv_sec++;
    }
    return now;
}

bool th__pool_stop(th__pool *pool, int64_t wait_us)
{
    struct timespec until = real_time_in(wait_us);
    bool all = true;

    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->count; i++) {
        worker *w = &pool->workers[i];
        if (w->running && pthread_timedjoin_np(w->thread, NULL, &until) == 0)
            w->running = false;
        all = all && !w->running;
    }
    return all;
}

void th__pool_free(th__pool *pool)
{
    if (!pool)
        return;
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool->conninfo);
    free(pool);
}
