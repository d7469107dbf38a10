/*
 * worker.c - one worker process and the thread that talks to it: start, bytes in and out, end, and
 * again.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "functions/crew_int.h"
#include "functions/spawn.h"

#define SECOND ((int64_t)1000000)
#define FIRST_BACKOFF (SECOND / 10)
#define LONGEST_BACKOFF (10 * SECOND)
#define LIVED_WELL (10 * SECOND) /* after so long the next backoff is the first again */
#define LOOK_AT_CALLS SECOND
#define END_PATIENCE (2 * SECOND) /* between the end of the socket and that of the process */

enum { PIECE = 65536, EXTRA_ARGS = 8 };

/* ---- small things -----------------------------------------------------------------------------
 */

static bool is_stopping(th__crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    bool stopping = crew->stopping;
    pthread_mutex_unlock(&crew->lock);
    return stopping;
}

/* Before the app's functions are known a failure ends the start; after that it is logged. */
static void report(th__worker *w, const th_error *err)
{
    th__crew *crew = w->crew;

    pthread_mutex_lock(&crew->lock);
    bool first = !crew->started && crew->failed.rc == TH_OK;
    if (first)
        crew->failed = *err;
    bool started = crew->started, stopping = crew->stopping;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    if (started && !stopping)
        th_log(TH_LOG_ERROR, TH_EV_WORKER_PROCESS, NULL, "worker %d: %s", w->index + 1, err->text);
}

/* ---- the socket -------------------------------------------------------------------------------
 */

/* *ended: the worker has closed its end. */
static th_rc read_socket(th__worker *w, bool *ended, th_error *err)
{
    size_t room, length;
    const char *text;
    char *to = th__frames_room(&w->frames, PIECE, &room);
    ssize_t n = read(w->sock, to, room);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TH_OK;
    *ended = n <= 0;
    if (*ended)
        return TH_OK;
    th__frames_came(&w->frames, (size_t)n);
    for (;;) {
        th_rc rc = th__frames_next(&w->frames, &text, &length, err);
        if (rc == TH_OK && text)
            rc = th__worker_take(w, text, length, err);
        if (rc != TH_OK || !text)
            return rc;
    }
}

static void write_socket(th__worker *w)
{
    pthread_mutex_lock(&w->crew->lock);
    size_t left = w->out.len - w->out_at;
    if (w->sock >= 0 && left) {
        ssize_t n = send(w->sock, w->out.data + w->out_at, left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            w->out_at += (size_t)n;
        if (w->out_at == w->out.len) {
            th_buf_free(&w->out);
            w->out_at = 0;
        }
    }
    pthread_mutex_unlock(&w->crew->lock);
}

static void drain_wake(th__worker *w)
{
    char bytes[64];

    while (read(w->wake[0], bytes, sizeof bytes) > 0)
        ;
}

static bool wants_to_write(th__worker *w)
{
    pthread_mutex_lock(&w->crew->lock);
    bool wants = w->out.len > w->out_at;
    pthread_mutex_unlock(&w->crew->lock);
    return wants;
}

static int timeout_ms(const th__worker *w)
{
    int64_t left = w->deadline_us - th_mono_us();

    if (!w->deadline_us)
        return (int)(LOOK_AT_CALLS / 1000);
    return left > 0 ? (int)(left / 1000) + 1 : 0;
}

static bool is_listed(th__crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    bool listed = crew->listed;
    pthread_mutex_unlock(&crew->lock);
    return listed;
}

static void look_at_calls(th__worker *w)
{
    int64_t now = th_mono_us();

    if (now - w->looked_us < LOOK_AT_CALLS)
        return;
    w->looked_us = now;
    th__crew_expire(w, now);
}

/* One round: waits for something and does it. */
static th_rc round_of(th__worker *w, bool *ended, th_error *err)
{
    struct pollfd fds[] = { { .fd = w->sock, .events = POLLIN },
                            { .fd = w->wake[0], .events = POLLIN },
                            { .fd = w->lines[0].fd, .events = POLLIN },
                            { .fd = w->lines[1].fd, .events = POLLIN } };

    if (wants_to_write(w))
        fds[0].events |= POLLOUT;
    int n = poll(fds, 4, timeout_ms(w));
    if (n < 0 && errno != EINTR)
        return th_fail(err, TH_IO, "poll: %s", strerror(errno));
    if (n == 0 && w->deadline_us)
        return th_fail(err, TH_IO, "it did not answer for %lld seconds while it started",
                       (long long)(TH__PATIENCE_US / SECOND));
    look_at_calls(w);
    if (fds[1].revents)
        drain_wake(w);
    for (int i = 0; i < 2; i++)
        if (fds[2 + i].revents)
            th__lines_read(&w->lines[i]);
    if (fds[0].revents & POLLOUT)
        write_socket(w);
    if (w->phase == TH__WAITING && is_listed(w->crew))
        th__worker_load(w);
    return fds[0].revents & (POLLIN | POLLHUP | POLLERR) ? read_socket(w, ended, err) : TH_OK;
}

/* ---- the process ------------------------------------------------------------------------------
 */

static const char *const *arguments(th__worker *w, th_arena *arena)
{
    const char *const *from = w->crew->options.argv;
    size_t n = 0;

    while (from[n])
        n++;
    const char **argv = th_new(arena, const char *, n + EXTRA_ARGS + 1);
    memcpy(argv, from, n * sizeof *argv);
    argv[n++] = "--functions-channel";
    argv[n++] = th_sprintf(arena, "fd:%d", TH__CHANNEL_FD);
    argv[n++] = "--functions-worker-id";
    argv[n++] = w->id;
    argv[n++] = "--functions-request-id";
    argv[n++] = w->id;
    argv[n++] = "--functions-max-message-length";
    argv[n++] = th_sprintf(arena, "%zu", TH__FRAME_LIMIT);
    return argv;
}

static th_rc start_process(th__worker *w, th_error *err)
{
    th__crew *crew = w->crew;
    th_arena *arena = th_arena_new(0);
    th_uuid id = th_uuid_random();
    th__spawned spawned;

    th_uuid_text(&id, w->id);
    th_rc rc =
        th__spawn(arguments(w, arena), crew->options.env, crew->options.folder, &spawned, err);
    th_arena_free(arena);
    if (rc != TH_OK)
        return rc;
    w->lines[0] = (th__lines){ .fd = spawned.out };
    w->lines[1] = (th__lines){ .fd = spawned.err, .is_error = true };
    pthread_mutex_lock(&crew->lock);
    w->pid = spawned.pid;
    w->sock = spawned.sock;
    pthread_mutex_unlock(&crew->lock);
    th__worker_enter(w, TH__STARTING);
    return TH_OK;
}

/* Its streams are read until it has ended; when that takes too long it is killed. */
static void await_end(th__worker *w, int *status)
{
    int64_t until = th_mono_us() + END_PATIENCE;

    while (waitpid(w->pid, status, WNOHANG) == 0) {
        struct pollfd fds[] = { { .fd = w->lines[0].fd, .events = POLLIN },
                                { .fd = w->lines[1].fd, .events = POLLIN } };
        if (th_mono_us() > until)
            kill(-w->pid, SIGKILL);
        poll(fds, 2, 20);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                th__lines_read(&w->lines[i]);
    }
    kill(-w->pid, SIGKILL); /* what it has left behind */
}

static void read_rest(th__lines *lines)
{
    struct pollfd fd = { .fd = lines->fd, .events = POLLIN };

    while (lines->fd >= 0 && poll(&fd, 1, 0) > 0 && th__lines_read(lines))
        ;
    th__lines_close(lines);
}

static void end_process(th__worker *w, th_error *err)
{
    int status = 0;
    char words[100], why[200];

    await_end(w, &status);
    th__wait_words(status, words, sizeof words);
    snprintf(why, sizeof why, "the worker process %s", words);
    for (int i = 0; i < 2; i++)
        read_rest(&w->lines[i]);
    if (err->rc == TH_OK)
        th_fail(err, TH_IO, "the process (pid %d) %s", (int)w->pid, words);
    report(w, err);
    th__crew_down(w, why, true);
    th__frames_free(&w->frames);
    w->phase = TH__DOWN;
    pthread_mutex_lock(&w->crew->lock);
    w->pid = 0;
    pthread_cond_broadcast(&w->crew->changed);
    pthread_mutex_unlock(&w->crew->lock);
}

/* From the process's start to its end. */
static void live(th__worker *w)
{
    th_error err = { 0 };
    bool ended = false;
    th_rc rc = start_process(w, &err);

    if (rc != TH_OK) {
        report(w, &err);
        return;
    }
    while (rc == TH_OK && !ended)
        rc = round_of(w, &ended, &err);
    /* Calls are given to others at once, not only when the process is gone. */
    pthread_mutex_lock(&w->crew->lock);
    w->ready = false;
    if (rc != TH_OK)
        kill(-w->pid, SIGKILL);
    pthread_mutex_unlock(&w->crew->lock);
    end_process(w, &err);
}

static void pause_before_next(th__worker *w)
{
    th__crew *crew = w->crew;
    bool lived = w->ready_at_us && th_mono_us() - w->ready_at_us > LIVED_WELL;
    int64_t until;

    w->backoff_us = lived || !w->backoff_us ? FIRST_BACKOFF : 2 * w->backoff_us;
    if (w->backoff_us > LONGEST_BACKOFF)
        w->backoff_us = LONGEST_BACKOFF;
    w->ready_at_us = 0;
    until = th_mono_us() + w->backoff_us;
    while (th_mono_us() < until && !is_stopping(crew)) {
        struct pollfd fd = { .fd = w->wake[0], .events = POLLIN };
        poll(&fd, 1, (int)((until - th_mono_us()) / 1000) + 1);
        drain_wake(w);
    }
}

static bool may_start(th__crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    bool may = !crew->stopping && crew->failed.rc == TH_OK;
    pthread_mutex_unlock(&crew->lock);
    return may;
}

void *th__worker_main(void *worker)
{
    th__worker *w = worker;

    while (may_start(w->crew)) {
        live(w);
        if (may_start(w->crew))
            pause_before_next(w);
    }
    return NULL;
}
