#include "runtime/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define ARENA_START ((size_t)16 << 10)
#define IDLE_SECONDS 30

enum {
    BATCH = 8
}; /* jobs that a thread takes at once from a long queue, the one it runs included */

typedef struct worker {
    th__threads *pool;
    struct worker *prev, *next; /* of all that live */
    struct worker *sleeper;     /* who slept before */
    struct worker *gone;        /* in the list of those to join */
    pthread_t thread;
    pthread_cond_t wake;
    bool called; /* woken or just made, and not there yet */
    th_arena *arena;
    _Atomic(th__job *) own[BATCH - 1]; /* taken, not begun; idle threads steal them */
} worker;

struct th__threads {
    pthread_mutex_t lock;
    pthread_cond_t empty; /* no thread is left */
    th__job *head, **tail;
    size_t length;
    worker *workers, *sleepers, *gone;
    int count, max;
    int replaced; /* of max: threads whose job is over for everybody else */
    bool calling; /* somebody was called and is not there yet: no need to call more */
    bool stopping;
    atomic_size_t in_batches;
    pthread_mutex_t live_lock;
    th__job *live;
    th__job_run *run;
    th__job_give_back *give_back;
    void *arg;
};

/* ---- jobs that are queued or run ---------------------------------------------------------------
 */

static void live_add(th__threads *pool, th__job *job)
{
    pthread_mutex_lock(&pool->live_lock);
    job->live_prev = NULL;
    job->live_next = pool->live;
    if (pool->live)
        pool->live->live_prev = job;
    pool->live = job;
    pthread_mutex_unlock(&pool->live_lock);
}

static void live_remove(th__threads *pool, th__job *job)
{
    pthread_mutex_lock(&pool->live_lock);
    *(job->live_prev ? &job->live_prev->live_next : &pool->live) = job->live_next;
    if (job->live_next)
        job->live_next->live_prev = job->live_prev;
    pthread_mutex_unlock(&pool->live_lock);
}

static void call_one(th__threads *pool);

static void drop_job(th__threads *pool, th__job *job)
{
    live_remove(pool, job);
    free(job);
}

void th__threads_cancel(th__threads *pool, uint64_t number)
{
    pthread_mutex_lock(&pool->live_lock);
    for (th__job *job = pool->live; job; job = job->live_next)
        if (job->number == number)
            atomic_store(&job->cancelled, true);
    pthread_mutex_unlock(&pool->live_lock);
}

/* Locked by live_lock. NULL: it is over. */
static th__job *find_live(th__threads *pool, uint64_t number)
{
    th__job *job = pool->live;

    while (job && job->number != number)
        job = job->live_next;
    return job;
}

static void change_max(th__threads *pool, int by)
{
    pthread_mutex_lock(&pool->lock);
    pool->max += by;
    pool->replaced += by;
    pthread_mutex_unlock(&pool->lock);
}

int th__threads_replace(th__threads *pool, uint64_t number)
{
    int was = -1, now = 0;

    pthread_mutex_lock(&pool->live_lock);
    th__job *job = find_live(pool, number);
    if (job)
        was = atomic_exchange(&job->state, TH__JOB_REPLACED);
    if (was == TH__JOB_RUNS) {
        change_max(pool, 1);
        pthread_mutex_lock(&pool->lock);
        now = pool->replaced;
        if (pool->head)
            call_one(pool);
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->live_lock);
    return now;
}

int th__threads_replaced(th__threads *pool)
{
    pthread_mutex_lock(&pool->lock);
    int n = pool->replaced;
    pthread_mutex_unlock(&pool->lock);
    return n;
}

/* False: nobody wants it any more. */
static bool begin(th__job *job)
{
    int queued = TH__JOB_QUEUED;

    return atomic_compare_exchange_strong(&job->state, &queued, TH__JOB_RUNS);
}

/* ---- taking jobs ----------------------------------------------------------------------------- */

static th__job *pop(th__threads *pool)
{
    th__job *job = pool->head;

    pool->head = job->next;
    if (!pool->head)
        pool->tail = &pool->head;
    pool->length--;
    return job;
}

static th__job *take_from(worker *w)
{
    th__threads *pool = w->pool;

    for (size_t i = 0; i < BATCH - 1; i++) {
        if (!atomic_load_explicit(&w->own[i], memory_order_relaxed))
            continue;
        th__job *job = atomic_exchange(&w->own[i], NULL);
        if (job) {
            atomic_fetch_sub(&pool->in_batches, 1);
            return job;
        }
    }
    return NULL;
}

/*
 * A few more for later, if every thread is busy and the queue is long. Nobody sleeps then, and
 * nobody goes to sleep without looking here, so a job can't be stuck behind a long one.
 */
static void take_more(worker *w)
{
    th__threads *pool = w->pool;

    if (pool->sleepers || pool->count < pool->max || pool->stopping)
        return;
    size_t share = pool->length / (4 * (size_t)pool->count);
    for (size_t i = 0; i < BATCH - 1 && i < share; i++) {
        atomic_store(&w->own[i], pop(pool));
        atomic_fetch_add(&pool->in_batches, 1);
    }
}

static th__job *steal(th__threads *pool)
{
    if (atomic_load(&pool->in_batches) == 0)
        return NULL;
    for (worker *w = pool->workers; w; w = w->next) {
        th__job *job = take_from(w);
        if (job)
            return job;
    }
    return NULL;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *work(void *arg);

static void join_gone(th__threads *pool)
{
    for (worker *w = pool->gone, *next; w; w = next) {
        next = w->gone;
        pthread_join(w->thread, NULL);
        pthread_cond_destroy(&w->wake);
        th_arena_free(w->arena);
        free(w);
    }
    pool->gone = NULL;
}

static worker *worker_new(th__threads *pool)
{
    worker *w = th_malloc(sizeof *w);
    pthread_condattr_t attr;

    w->pool = pool;
    w->arena = th_arena_new(ARENA_START);
    w->called = true;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    return w;
}

static void link_worker(th__threads *pool, worker *w)
{
    w->next = pool->workers;
    if (pool->workers)
        pool->workers->prev = w;
    pool->workers = w;
    pool->count++;
}

static void unlink_worker(th__threads *pool, worker *w)
{
    *(w->prev ? &w->prev->next : &pool->workers) = w->next;
    if (w->next)
        w->next->prev = w->prev;
    pool->count--;
}

/* Locked. Its thread waits for the lock first. */
static bool spawn(th__threads *pool)
{
    worker *w = worker_new(pool);

    join_gone(pool);
    link_worker(pool, w);
    if (pthread_create(&w->thread, NULL, work, w) == 0) {
        pool->calling = true;
        return true;
    }
    unlink_worker(pool, w);
    pthread_cond_destroy(&w->wake);
    th_arena_free(w->arena);
    free(w);
    return false;
}

static void wake(worker *w)
{
    w->called = true;
    pthread_cond_signal(&w->wake);
}

/* Locked, and there is a job. One more thread, unless one is on its way. */
static void call_one(th__threads *pool)
{
    worker *w = pool->sleepers;

    if (pool->calling)
        return;
    if (w) {
        pool->sleepers = w->sleeper;
        pool->calling = true;
        wake(w);
    } else if (pool->count < pool->max) {
        spawn(pool);
    }
}

static void forget_sleeper(th__threads *pool, const worker *w)
{
    worker **p = &pool->sleepers;

    while (*p != w)
        p = &(*p)->sleeper;
    *p = w->sleeper;
}

/* Locked. False: nobody called for so long that the thread may end. */
static bool sleep_until_called(worker *w)
{
    th__threads *pool = w->pool;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    w->called = false;
    w->sleeper = pool->sleepers;
    pool->sleepers = w;
    while (!w->called && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w->wake, &pool->lock, &until);
    if (!w->called)
        forget_sleeper(pool, w);
    return w->called;
}

static void arrive(worker *w)
{
    if (!w->called)
        return;
    w->called = false;
    w->pool->calling = false;
}

/* Locked. NULL: the thread ends. */
static th__job *find(worker *w)
{
    th__threads *pool = w->pool;

    for (;;) {
        arrive(w);
        if (pool->head) {
            th__job *job = pop(pool);
            take_more(w);
            return job;
        }
        th__job *stolen = steal(pool);
        if (stolen || pool->stopping || pool->count > pool->max || !sleep_until_called(w))
            return stolen;
    }
}

static th__job *next_job(worker *w)
{
    th__threads *pool = w->pool;
    th__job *job = take_from(w);

    if (job)
        return job;
    pthread_mutex_lock(&pool->lock);
    job = find(w);
    if (job && pool->head)
        call_one(pool);
    if (!job) {
        unlink_worker(pool, w);
        w->gone = pool->gone;
        pool->gone = w;
        if (pool->count == 0)
            pthread_cond_signal(&pool->empty);
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *work(void *arg)
{
    worker *w = arg;

    for (th__job *job; (job = next_job(w)) != NULL;) {
        bool runs = begin(job);
        if (runs)
            w->pool->run(w->pool->arg, job, w->arena);
        live_remove(w->pool, job);
        if (runs && atomic_load(&job->state) == TH__JOB_REPLACED)
            change_max(w->pool, -1);
        free(job);
        th_arena_reset(w->arena);
    }
    return NULL;
}

/* ---- front door ------------------------------------------------------------------------------ */

th__threads *th__threads_new(int max_threads, th__job_run *run, th__job_give_back *give_back,
                             void *arg)
{
    th__threads *pool = th_malloc(sizeof *pool);

    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->live_lock, NULL);
    pthread_cond_init(&pool->empty, NULL);
    pool->tail = &pool->head;
    pool->max = max_threads;
    pool->run = run;
    pool->give_back = give_back;
    pool->arg = arg;
    return pool;
}

bool th__threads_submit(th__threads *pool, th__job *job)
{
    live_add(pool, job);
    pthread_mutex_lock(&pool->lock);
    bool ok = pool->count > 0 || spawn(pool);
    if (ok) {
        job->next = NULL;
        *pool->tail = job;
        pool->tail = &job->next;
        pool->length++;
        call_one(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!ok)
        live_remove(pool, job);
    return ok;
}

/* Locked. All that has not begun, as a list. */
static th__job *take_unbegun(th__threads *pool)
{
    for (th__job *job; (job = steal(pool)) != NULL; pool->tail = &job->next) {
        job->next = NULL;
        *pool->tail = job;
    }
    th__job *list = pool->head;

    pool->head = NULL;
    pool->tail = &pool->head;
    pool->length = 0;
    return list;
}

static void end_threads(th__threads *pool)
{
    for (worker *w = pool->sleepers; w; w = w->sleeper)
        wake(w);
    pool->sleepers = NULL;
    while (pool->count > 0)
        pthread_cond_wait(&pool->empty, &pool->lock);
    join_gone(pool);
}

void th__threads_free(th__threads *pool)
{
    if (!pool)
        return;

    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    th__job *list = take_unbegun(pool);
    pthread_mutex_unlock(&pool->lock);

    for (th__job *job = list, *next; job; job = next) {
        next = job->next;
        pool->give_back(pool->arg, job);
        drop_job(pool, job);
    }
    pthread_mutex_lock(&pool->lock);
    end_threads(pool);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&pool->empty);
    pthread_mutex_destroy(&pool->live_lock);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
