/*
 * crew_stop.c - how workers end: asked to, made to, and what they leave behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "functions/crew_int.h"

#define SECOND ((int64_t)1000000)
#define STOP_POLITELY (2 * SECOND) /* after worker_terminate, and again after SIGTERM */

static struct timespec in_us(int64_t us)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += us / SECOND;
    t.tv_nsec += us % SECOND * 1000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static int running(const th__crew *crew)
{
    int n = 0;

    for (int i = 0; i < crew->options.processes; i++)
        n += crew->workers[i].call_count;
    return n;
}

static int alive(const th__crew *crew)
{
    int n = 0;

    for (int i = 0; i < crew->options.processes; i++)
        n += crew->workers[i].pid != 0;
    return n;
}

/* Until none is left, or the time is over. Under the lock. */
static void wait_none(th__crew *crew, int (*left)(const th__crew *crew), int64_t us)
{
    struct timespec until = in_us(us);

    while (left(crew) && pthread_cond_timedwait(&crew->changed, &crew->lock, &until) != ETIMEDOUT)
        ;
}

static void signal_all(const th__crew *crew, int signal)
{
    for (int i = 0; i < crew->options.processes; i++)
        if (crew->workers[i].pid)
            kill(-crew->workers[i].pid, signal);
}

static void ask_to_end(th__crew *crew)
{
    th_buf frame = TH_BUF_INIT;

    th__frame_begin(&frame);
    th_buf_str(&frame, "{\"worker_terminate\":{\"grace_period\":\"5s\"}}");
    th__frame_end(&frame);
    for (int i = 0; i < crew->options.processes; i++) {
        th__worker *w = &crew->workers[i];
        if (w->sock >= 0)
            th__worker_send(w, frame.data, frame.len);
        w->ready = false;
        th__worker_wake(w);
    }
    th_buf_free(&frame);
}

static void end_processes(th__crew *crew)
{
    static const int signals[] = { SIGTERM, SIGKILL };

    ask_to_end(crew);
    wait_none(crew, alive, STOP_POLITELY);
    for (size_t i = 0; i < 2 && alive(crew); i++) {
        signal_all(crew, signals[i]);
        wait_none(crew, alive, STOP_POLITELY);
    }
}

void th__crew_stop(th__crew *crew, int64_t drain_us)
{
    pthread_mutex_lock(&crew->lock);
    if (crew->stopped) {
        pthread_mutex_unlock(&crew->lock);
        return;
    }
    crew->stopping = crew->stopped = true;
    wait_none(crew, running, drain_us);
    end_processes(crew);
    *crew->waiting_end = crew->apart;
    th__call *left = crew->waiting;
    crew->waiting = crew->apart = NULL;
    crew->waiting_end = &crew->waiting;
    crew->apart_end = &crew->apart;
    crew->waiting_count = 0;
    pthread_mutex_unlock(&crew->lock);
    th__crew_lose(left, "the service is stopping");
    for (int i = 0; i < crew->options.processes; i++)
        if (crew->workers[i].has_thread)
            pthread_join(crew->workers[i].thread, NULL);
}

void th__crew_free(th__crew *crew)
{
    if (!crew)
        return;
    th__crew_stop(crew, 0);
    for (int i = 0; i < crew->options.processes; i++)
        for (int end = 0; end < 2; end++)
            if (crew->workers[i].wake[end] >= 0)
                close(crew->workers[i].wake[end]);
    free(crew->workers);
    th__suspects_free(&crew->suspects);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    th_arena_free(crew->arena);
    free(crew);
}
