/*
 * pump.c - a partition owner's loop: read, run episodes, commit while the next batch runs.
 *
 * One thread, one connection, one or more partitions. It never runs user code that could block, and
 * never waits for another's lock longer than a moment.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"

enum {
    IDLE_AFTER_US = 20000,   /* nothing to do for this long: take the IDLE locks */
    AWAKE_AFTER_US = 100000, /* no such rest for this long: let go of them */
    IDLE_POLL_US = 3000000,
    NO_LOCK_POLL_US = 100000,
    BUSY_POLL_US = 1000, /* while a batch is in flight, completions gather without waking anybody */
    SECOND_BATCH = 400,  /* instances that make a second batch in flight worth its commit */
    GATHER_US = 1500,    /* how long a small batch waits for completions that are about to come */
    GATHER_POLL_US = 300,
};

bool th__is_paused(const th_pump *pump)
{
    return atomic_load(&pump->engine->paused);
}

/* ---- results -------------------------------------------------------------------------------- */

static void batch_done(th_pump *pump, const th_pen_done *done)
{
    if (done->rc == TH_OK) { /* also while a later one, too large to be sent, has failed */
        th__acknowledged(pump);
        return;
    }
    if (pump->failing)
        return;
    pump->failing = true;
    pump->failure = done->error;
    memcpy(pump->failed_in, done->statement, sizeof pump->failed_in);
}

static void one_done(th_pump *pump, th_pen_done *done)
{
    pump->last_answer_us = th_mono_us();
    if (done->op == TH_PEN_BATCH) {
        batch_done(pump, done);
        return;
    }
    if (done->rc != TH_OK) {
        th__reads_failed(pump, done->op);
        return;
    }
    if (done->op == TH_PEN_READ)
        th__take_rows(pump, done);
    else if (done->op == TH_PEN_HELD)
        th__take_held(pump, done);
    else if (done->op == TH_PEN_LOAD)
        th__take_load(pump, done);
    else if (done->op == TH_PEN_IDLE && !done->idle_locked)
        pump->idle_partly = true;
}

static th_rc take_results(th_pump *pump, th_error *err)
{
    th_pen_done done;
    bool got = true;
    th_rc rc = th_pen_pump(pump->pen, err);
    while (rc == TH_OK && got) {
        rc = th_pen_next(pump->pen, &done, &got, err);
        if (rc != TH_OK || !got)
            break;
        one_done(pump, &done);
        th_pen_done_clear(&done);
    }
    return rc;
}

/* ---- work ----------------------------------------------------------------------------------- */

static bool pipeline_must_drain(const th_pump *pump)
{
    return pump->failing || pump->orders || th__is_giving(pump) || pump->resend_at_us ||
           (!pump->ready_head && !th__is_paused(pump) && th__careful_is_due(pump)) ||
           (pump->unsettled && pump->settle_at_us <= th_mono_us());
}

/* A commit costs the same for one instance as for many: local activities that take no time are
 * waited for, for a moment. */
static bool is_gathering(const th_pump *pump)
{
    const th_commit *c = pump->building;
    return c && c->inst_count < SECOND_BATCH && !pump->failing &&
           th_dispatch_quick(pump->engine->dispatch) > 0 && th_mono_us() - c->since_us < GATHER_US;
}

static bool may_send(const th_pump *pump)
{
    const th_commit *c = pump->building;
    if (!c || pump->failing || pump->resend_at_us || pump->flying_count == TH_IN_FLIGHT)
        return false;
    if (pump->flying_count == 0)
        return !is_gathering(pump);
    return c->inst_count >= SECOND_BATCH || th__building_full(pump);
}

/* What needs an idle pipeline: recovery first, then a kept batch, orders, settling, careful
 * instances. */
static th_rc work_alone(th_pump *pump, th_error *err)
{
    if (pump->failing)
        return th__recover(pump, err);
    if (pump->resend_at_us)
        return pump->resend_at_us <= th_mono_us() ? th__resend(pump, err) : TH_OK;
    if (pump->flying_count > 0)
        return TH_OK;
    if (pump->idle_locks && (pump->orders || th__is_giving(pump)))
        return th__go_idle(pump, false, err); /* its IDLE locks are those of all that it owns */
    th_rc rc = th__obey(pump, err);
    if (rc == TH_OK && th__is_giving(pump))
        rc = th__give_finished(pump, err);
    if (rc == TH_OK && pump->unsettled && pump->settle_at_us <= th_mono_us())
        th__settle(pump);
    if (rc == TH_OK && pump->pen && !pump->ready_head && !pump->building && !th__is_paused(pump) &&
        th__careful_is_due(pump))
        rc = th__careful_round(pump, err);
    return rc;
}

static th_rc work_on(th_pump *pump, bool drain, th_error *err)
{
    th_rc rc = TH_OK;
    bool paused = th__is_paused(pump);
    if (!paused)
        th__run_turns(pump);
    if (may_send(pump))
        rc = th__send_commit(pump, err);
    if (rc == TH_OK && !drain && !paused && pump->part_count)
        rc = th__send_reads(pump, err);
    if (rc == TH_OK && !drain && !paused && pump->part_count)
        rc = th__send_loads(pump, err);
    return rc;
}

static th_rc work(th_pump *pump, th_error *err)
{
    th__check_times(pump, th_mono_us());
    bool drain = pipeline_must_drain(pump);
    if (drain && th_pen_in_flight(pump->pen) == 0) {
        th_rc rc = work_alone(pump, err);
        if (rc != TH_OK || !pump->pen)
            return rc;
        drain = pipeline_must_drain(pump);
    }
    th_rc rc = pump->failing ? TH_OK : work_on(pump, drain, err);
    return rc == TH_OK ? take_results(pump, err) : rc;
}

/* ---- sleep ---------------------------------------------------------------------------------- */

static bool wants_read(const th_pump *pump)
{
    if (pump->hand_count >= TH_HAND)
        return pump->want_starts;
    for (size_t i = 0; i < pump->part_count; i++)
        if (pump->parts[i].want_read && !pump->parts[i].giving)
            return true;
    return th__crowd_thins(pump);
}

static bool has_work(const th_pump *pump)
{
    if (pump->building || pump->orders || th__is_giving(pump))
        return true;
    return !th__is_paused(pump) && (pump->ready_head || th__careful_is_due(pump) ||
                                    pump->loads.count || pump->helds.count || wants_read(pump));
}

static int64_t until_due(const th_pump *pump)
{
    int64_t least = IDLE_POLL_US, now = th__db_now(pump);
    for (size_t i = 0; i < pump->part_count && !th__is_paused(pump); i++)
        if (pump->parts[i].next_due_us != TH_TIME_INF && pump->parts[i].next_due_us - now < least)
            least = pump->parts[i].next_due_us - now;
    if (pump->careful && least > 100000)
        least = 100000;
    if (pump->entities_out && least > 1000000)
        least = 1000000;
    if ((pump->running || pump->parked) && least > 50000)
        least = 50000;
    if (pump->unsettled && least > 100000)
        least = 100000;
    return least > 0 ? least : 0;
}

/* How long until an idle pump looks at its partitions again; what the watch sees in its stead
 * counts. */
static int64_t until_look(const th_pump *pump, int64_t now_us)
{
    int64_t poll_us = pump->engine->options.poll_us;
    int64_t last_us = th__last_look_us(&pump->sleeper, pump->last_read_us);
    if (poll_us <= 0 || poll_us > IDLE_POLL_US)
        poll_us = IDLE_POLL_US;
    return last_us + poll_us - now_us;
}

static int64_t idle_sleep(const th_pump *pump, int64_t now_us)
{
    int64_t look = pump->idle_locks   ? until_look(pump, now_us)
                   : pump->part_count ? NO_LOCK_POLL_US
                                      : IDLE_POLL_US;
    int64_t due = until_due(pump);
    if (look < 0)
        look = 0;
    return due < look ? due : look;
}

/* There is something to do again, after a rest or not. */
static void note_work(th_pump *pump, int64_t now_us)
{
    if (pump->nothing_since_us && now_us - pump->nothing_since_us >= IDLE_AFTER_US)
        pump->rested_us = now_us;
    pump->nothing_since_us = 0;
}

/* How long to sleep: 0: go on at once. */
static int64_t how_long(th_pump *pump, int64_t now_us)
{
    if (!pump->pen)
        return pump->retry_at_us > now_us ? pump->retry_at_us - now_us : 0;
    if (pump->flying_count > 0)
        note_work(pump, now_us);
    if (th_pen_in_flight(pump->pen) > 0)
        return BUSY_POLL_US;
    if (is_gathering(pump))
        return GATHER_POLL_US;
    if (pump->resend_at_us)
        return pump->resend_at_us > now_us ? pump->resend_at_us - now_us : 0;
    if (has_work(pump)) {
        note_work(pump, now_us);
        return pump->running || (pump->entities_out && th__is_giving(pump)) ? BUSY_POLL_US : 0;
    }
    if (!pump->nothing_since_us)
        pump->nothing_since_us = now_us;
    int64_t quiet = now_us - pump->nothing_since_us;
    if (quiet < IDLE_AFTER_US) {
        int64_t due = until_due(pump);
        return due < IDLE_AFTER_US - quiet ? due : IDLE_AFTER_US - quiet;
    }
    return idle_sleep(pump, now_us);
}

/* With a batch in flight nobody wakes the pump: its answer will, and completions gather meanwhile.
 */
static void sleep_for(th_pump *pump, int64_t us)
{
    struct pollfd fds[2] = { { .fd = pump->event_fd, .events = POLLIN } };
    nfds_t n = 1;
    if (pump->pen) {
        fds[n].fd = th_pen_fd(pump->pen);
        fds[n].events = (short)(POLLIN | (th_pen_wants_write(pump->pen) ? POLLOUT : 0));
        n++;
    }
    if (!pump->flying_count && us != GATHER_POLL_US) {
        atomic_store(&pump->asleep, true);
        pthread_mutex_lock(&pump->lock);
        if (pump->mail.any)
            us = 0;
        pthread_mutex_unlock(&pump->lock);
    }
    struct timespec t = { us / 1000000, (us % 1000000) * 1000 };
    ppoll(fds, n, &t, NULL);
    atomic_store(&pump->asleep, false);
    if (fds[0].revents)
        th__absorb(pump->event_fd);
}

static bool is_idle(const th_pump *pump)
{
    return !has_work(pump) && th_pen_in_flight(pump->pen) == 0 && !pump->failing &&
           !pump->resend_at_us;
}

/* An owner keeps its IDLE locks through a short piece of work, whose commits would wait for their
 * release: as long as it holds them it is notified of whatever is committed (protocol W2). */
static th_rc wake_up(th_pump *pump, int64_t now_us, th_error *err)
{
    if (!has_work(pump))
        return TH_OK;
    note_work(pump, now_us);
    if (!pump->idle_locks || pump->failing || pipeline_must_drain(pump) ||
        now_us - pump->rested_us < AWAKE_AFTER_US)
        return TH_OK;
    return th__go_idle(pump, false, err);
}

/* After a while of nothing: the IDLE locks, so that senders notify; each poll looks at all
 * partitions. */
static th_rc rest(th_pump *pump, int64_t now_us, th_error *err)
{
    bool idle = is_idle(pump);
    if (pump->idle_partly && !pump->failing && !pipeline_must_drain(pump)) {
        pump->nothing_since_us =
            now_us + NO_LOCK_POLL_US - IDLE_AFTER_US; /* a sender was probing: again in a while */
        return th__go_idle(pump, false, err);
    }
    if (!idle || !pump->part_count)
        return wake_up(pump, now_us, err);
    if (pump->nothing_since_us && now_us - pump->nothing_since_us >= IDLE_AFTER_US &&
        !pump->idle_locks)
        return th__go_idle(pump, true, err);
    if (pump->idle_locks && until_look(pump, now_us) <= 0)
        for (size_t i = 0; i < pump->part_count; i++)
            pump->parts[i].want_read = true;
    return TH_OK;
}

/* Messages in hand would be seen again by every watch: with some the pump looks for itself. */
static bool leaves_it_to_the_watch(const th_pump *pump)
{
    return pump->pen && pump->part_count && pump->idle_locks && !pump->hand_count && is_idle(pump);
}

/* Who sleeps, is paused, or has its hand full still has to say something now and then (protocol
 * S1).
 */
static th_rc stay_alive(th_pump *pump, int64_t now_us, th_error *err)
{
    if (now_us - pump->last_answer_us < IDLE_POLL_US || th_pen_in_flight(pump->pen) > 0)
        return TH_OK;
    return th_pen_send_word(pump->pen, err);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void try_connect(th_pump *pump)
{
    th_error err = { 0 };
    if (pump->stopping || pump->retry_at_us > th_mono_us())
        return;
    if (th__connect(pump, &err) != TH_OK)
        th_log(TH_LOG_DEBUG, TH_EV_DB_LOST, NULL, "an owner can't connect: %s", err.text);
}

_Thread_local th_pump *th__this_pump;

void th__pump_round(th_pump *pump)
{
    th_error err = { 0 };
    th__this_pump = pump;
    th__absorb_mail(pump);
    if (!pump->pen)
        try_connect(pump);
    if (!pump->pen)
        return;
    th_rc rc = work(pump, &err);
    if (rc == TH_OK && pump->pen)
        rc = rest(pump, th_mono_us(), &err);
    if (rc == TH_OK && pump->pen)
        rc = stay_alive(pump, th_mono_us(), &err);
    if (rc != TH_OK && pump->pen)
        th__lose(pump, &err);
    th__sleep_watched(&pump->sleeper, leaves_it_to_the_watch(pump));
}

static void give_all(th_pump *pump)
{
    for (size_t i = 0; i < pump->part_count; i++)
        th__give_later(&pump->parts[i]);
}

static bool is_finished(th_pump *pump)
{
    if (!pump->stopping)
        return false;
    give_all(pump);
    return !pump->pen || (pump->part_count == 0 && pump->flying_count == 0 && !pump->failing);
}

static void *pump_main(void *arg)
{
    th_pump *pump = arg;
    while (!is_finished(pump)) {
        th__pump_round(pump);
        if (is_finished(pump))
            break;
        int64_t us = how_long(pump, th_mono_us());
        if (us > 0)
            sleep_for(pump, us);
    }
    th__absorb_mail(pump);
    th_warm_free(&pump->warm); /* sessions are dropped while their executors are still there */
    return NULL;
}

th_rc th__pump_start(th_engine *engine, th_pump *pump, int index, th_error *err)
{
    pump->engine = engine;
    pump->index = index;
    pump->limit = TH_BATCH_ROWS;
    pump->crowd = TH_CROWD;
    th__mail_init(pump);
    th_warm_init(&pump->warm);
    pump->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pump->event_fd < 0)
        return th_fail(err, TH_IO, "eventfd: %s", strerror(errno));
    if (pthread_create(&pump->thread, NULL, pump_main, pump) != 0)
        return th_fail(err, TH_IO, "starting a pump: %s", strerror(errno));
    pump->started = true;
    return TH_OK;
}

void th__pump_stop(th_pump *pump)
{
    pthread_mutex_lock(&pump->lock);
    pump->mail.stop = pump->mail.any = true;
    pthread_mutex_unlock(&pump->lock);
    th__poke(pump->event_fd);
    if (pump->started)
        pthread_join(pump->thread, NULL);
    pump->started = false;
}

void th__pump_free(th_pump *pump)
{
    th_error why = { .text = "the program ends" };
    if (!pump->engine)
        return;
    if (pump->part_count || pump->flying_count)
        th__lose(pump, &why);
    th_pen_close(pump->pen);
    th__crowds_forget(pump);
    th_warm_free(&pump->warm);
    th__free_unsettled(pump);
    th__commit_free(pump->building);
    while (pump->spare_count > 0)
        th__commit_free(pump->spare[--pump->spare_count]);
    th__mail_free(pump);
    th_numbers_free(&pump->counted);
    th_early_free(&pump->early);
    th__items_free(&pump->items);
    free(pump->parts);
    free(pump->loads.list);
    free(pump->helds.list);
    free(pump->crowds);
    close(pump->event_fd);
}
