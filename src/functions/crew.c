/*
 * crew.c - which worker gets a call; how all of them start.
 */
#include "functions/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "functions/crew_int.h"

/* ---- sending ----------------------------------------------------------------------------------
 */

void th__worker_wake(th__worker *w)
{
    if (write(w->wake[1], "", 1) < 0)
        return; /* full: it wakes up anyway */
}

static size_t send_some(const th__worker *w, const char *bytes, size_t n)
{
    size_t sent = 0;

    while (sent < n) {
        ssize_t k = send(w->sock, bytes + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break; /* full, or gone, which its thread sees too */
        sent += (size_t)k;
    }
    return sent;
}

void th__worker_send(th__worker *w, const char *bytes, size_t n)
{
    bool idle = w->out.len == w->out_at;
    size_t sent = idle ? send_some(w, bytes, n) : 0;

    if (sent == n)
        return;
    if (idle) {
        th_buf_clear(&w->out);
        w->out_at = 0;
    }
    th_buf_add(&w->out, bytes + sent, n - sent);
    if (idle)
        th__worker_wake(w);
}

/* ---- giving out -------------------------------------------------------------------------------
 */

static size_t bucket_of(const th_uuid *id)
{
    return ((size_t)id->b[0] << 8 | id->b[1]) % TH__CALL_BUCKETS;
}

static void count(th__worker *w, const th__call *call, int one)
{
    w->call_count += one;
    w->step_count += call->is_step ? one : 0;
    w->suspects += call->is_suspect ? one : 0;
}

static void give(th__worker *w, th__call *call)
{
    th__call **bucket = &w->calls[bucket_of(&call->id)];

    call->next = *bucket;
    *bucket = call;
    count(w, call, 1);
    th__worker_send(w, call->frame.data, call->frame.len);
    th_buf_free(&call->frame);
}

/* Calls of its kind count first, since they share threads with it; then all, which share Python. */
static bool is_busier(const th__worker *w, const th__worker *than, const th__call *call)
{
    int a = call->is_step ? w->step_count : w->call_count - w->step_count;
    int b = call->is_step ? than->step_count : than->call_count - than->step_count;

    return a != b ? a > b : w->call_count >= than->call_count;
}

/* For a suspect: of those without one only. */
static th__worker *least_busy(th__crew *crew, const th__call *call)
{
    th__worker *best = NULL;

    for (int i = 0; i < crew->options.processes; i++) {
        th__worker *w = &crew->workers[i];
        if (w->ready && !(call->is_suspect && w->suspects) && (!best || !is_busier(w, best, call)))
            best = w;
    }
    return best;
}

static void put_waiting(th__crew *crew, th__call *call)
{
    th__call ***end = call->is_suspect ? &crew->apart_end : &crew->waiting_end;

    call->next = NULL;
    **end = call;
    *end = &call->next;
    crew->waiting_count++;
}

static th__call *take_first(th__crew *crew, th__call **list, th__call ***end)
{
    th__call *call = *list;

    *list = call->next;
    if (!*list)
        *end = list;
    crew->waiting_count--;
    return call;
}

/* To whoever can take one. */
static void give_waiting(th__crew *crew)
{
    th__worker *w;

    while (crew->waiting && (w = least_busy(crew, crew->waiting)))
        give(w, take_first(crew, &crew->waiting, &crew->waiting_end));
    while (crew->apart && (w = least_busy(crew, crew->apart)))
        give(w, take_first(crew, &crew->apart, &crew->apart_end));
}

void th__crew_submit(th__crew *crew, th__call *call)
{
    pthread_mutex_lock(&crew->lock);
    bool stopping = crew->stopping;
    int deaths = th__suspects_deaths(&crew->suspects, call->key);
    call->is_suspect = deaths > 0;
    if (deaths >= TH__DEATHS) {
        th__suspects_clear(&crew->suspects, call->key);
    } else if (!stopping) {
        put_waiting(crew, call);
        give_waiting(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    if (deaths >= TH__DEATHS)
        th__call_given_up(call, deaths);
    else if (stopping)
        th__call_lost(call, "the service is stopping");
}

void th__crew_ready(th__worker *w)
{
    th__crew *crew = w->crew;

    pthread_mutex_lock(&crew->lock);
    w->ready = !crew->stopping;
    give_waiting(crew);
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

th__call *th__crew_answered(th__worker *w, const th_uuid *id)
{
    th__crew *crew = w->crew;
    th__call *found = NULL;

    pthread_mutex_lock(&crew->lock);
    for (th__call **p = &w->calls[bucket_of(id)]; *p; p = &(*p)->next) {
        if (!th_uuid_equal(&(*p)->id, id))
            continue;
        found = *p;
        *p = found->next;
        count(w, found, -1);
        th__suspects_clear(&crew->suspects, found->key);
        break;
    }
    if (crew->apart)
        give_waiting(crew);
    if (crew->stopping)
        pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return found;
}

/* Takes them out, so that an answer that still comes finds nobody. */
static th__call *take_late(th__worker *w, int64_t now_us)
{
    th__call *late = NULL;

    for (size_t i = 0; i < TH__CALL_BUCKETS && w->call_count; i++)
        for (th__call **p = &w->calls[i]; *p;) {
            th__call *call = *p;
            if (!call->deadline_us || call->deadline_us > now_us) {
                p = &call->next;
                continue;
            }
            *p = call->next;
            count(w, call, -1);
            call->next = late;
            late = call;
        }
    return late;
}

void th__crew_expire(th__worker *w, int64_t now_us)
{
    pthread_mutex_lock(&w->crew->lock);
    th__call *late = take_late(w, now_us);
    pthread_mutex_unlock(&w->crew->lock);
    for (th__call *next; late; late = next) {
        next = late->next;
        th__call_late(late);
    }
}

static th__call *take_all(th__worker *w, bool died)
{
    th__call *all = NULL;

    for (size_t i = 0; i < TH__CALL_BUCKETS; i++)
        for (th__call *call; (call = w->calls[i]);) {
            w->calls[i] = call->next;
            if (died)
                th__suspects_add(&w->crew->suspects, call->key);
            call->next = all;
            all = call;
        }
    w->call_count = w->step_count = w->suspects = 0;
    return all;
}

void th__crew_lose(th__call *calls, const char *why)
{
    for (th__call *next; calls; calls = next) {
        next = calls->next;
        th__call_lost(calls, why);
    }
}

void th__crew_down(th__worker *w, const char *why, bool died)
{
    th__crew *crew = w->crew;

    pthread_mutex_lock(&crew->lock);
    w->ready = false;
    if (w->sock >= 0)
        close(w->sock);
    w->sock = -1;
    th_buf_free(&w->out);
    w->out_at = 0;
    th__call *lost = take_all(w, died && !crew->stopping);
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    th__crew_lose(lost, why);
}

int th__crew_calls(th__crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    int n = crew->waiting_count;
    for (int i = 0; i < crew->options.processes; i++)
        n += crew->workers[i].call_count;
    pthread_mutex_unlock(&crew->lock);
    return n;
}

/* ---- start ------------------------------------------------------------------------------------
 */

static const char **copy_list(th_arena *arena, const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    const char **copy = th_new(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = th_strdup(arena, list[i]);
    return copy;
}

static th__crew *crew_new(const th__crew_options *options)
{
    th_arena *arena = th_arena_new(0);
    th__crew *crew = th_malloc(sizeof *crew);
    pthread_condattr_t attr;

    crew->arena = arena;
    crew->options = *options;
    crew->options.folder = th_strdup(arena, options->folder);
    crew->options.worker_folder = th_strdup(arena, options->worker_folder);
    crew->options.argv = copy_list(arena, options->argv);
    crew->options.env = copy_list(arena, options->env);
    crew->lister = -1;
    crew->waiting_end = &crew->waiting;
    crew->apart_end = &crew->apart;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->changed, &attr);
    pthread_condattr_destroy(&attr);
    crew->workers = th_malloc(sizeof *crew->workers * (size_t)options->processes);
    for (int i = 0; i < options->processes; i++)
        crew->workers[i] = (th__worker){ .crew = crew,
                                         .index = i,
                                         .sock = -1,
                                         .wake = { -1, -1 },
                                         .lines = { { .fd = -1 }, { .fd = -1 } } };
    return crew;
}

static th_rc start_worker(th__worker *w, th_error *err)
{
    if (pipe2(w->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return th_fail(err, TH_IO, "cannot make a pipe: %s", strerror(errno));
    int rc = pthread_create(&w->thread, NULL, th__worker_main, w);
    if (rc != 0)
        return th_fail(err, TH_IO, "cannot start a thread: %s", strerror(rc));
    w->has_thread = true;
    return TH_OK;
}

/* Until a worker is ready, or can't be. */
static th_rc wait_started(th__crew *crew, th_error *err)
{
    pthread_mutex_lock(&crew->lock);
    while (!crew->started && crew->failed.rc == TH_OK)
        pthread_cond_wait(&crew->changed, &crew->lock);
    th_error failed = crew->failed;
    pthread_mutex_unlock(&crew->lock);
    return failed.rc == TH_OK ? TH_OK : th_fail(err, failed.rc, "%s", failed.text);
}

th_rc th__crew_start(const th__crew_options *options, th__crew **out, th_error *err)
{
    th__crew *crew = crew_new(options);
    th_rc rc = TH_OK;

    for (int i = 0; i < options->processes && rc == TH_OK; i++)
        rc = start_worker(&crew->workers[i], err);
    if (rc == TH_OK)
        rc = wait_started(crew, err);
    if (rc != TH_OK) {
        th__crew_free(crew);
        return rc;
    }
    *out = crew;
    return TH_OK;
}

const th__table *th__crew_table(const th__crew *crew)
{
    return &crew->table;
}
