/*
 * dispatch.c - activity slots.
 */
#include "engine/dispatch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/lanes.h"
#include "engine/names.h"

enum {
    AHEAD_US = 20000,
    ALONE_US = 500000,
    QUICK_US = 5000,
    MAX_AHEAD = 50000,
    MAX_CLAIM = 2000,
    LONG_US = 1000000,
    STRANGER_US = 1000000, /* its worker has gone, or has not the version: not again at once */
    SLOT_BITS = 24
};

typedef struct slot {
    th_act *act; /* NULL: free */
    uint64_t generation;
    int next_free;
} slot;

struct th_dispatch {
    th_dispatch_options options;
    th_names names;
    pthread_mutex_t lock;
    slot *slots;
    int first_free, active;
    int64_t reserved; /* places promised, not started */
    th_lanes waiting;
    bool draining, paused, throttled, stopped, alone, queued;
    int64_t mean_us; /* of all runs, as names measure theirs; -1: unknown */
    atomic_int quick;
};

th_dispatch *th_dispatch_new(const th_dispatch_options *options,
                             const th_executor *const *executors, size_t count)
{
    th_dispatch *d = th_malloc(sizeof *d);
    d->options = *options;
    d->mean_us = -1;
    pthread_mutex_init(&d->lock, NULL);
    th_names_init(&d->names, executors, count);
    d->slots = th_malloc((size_t)options->max * sizeof *d->slots);
    for (int i = 0; i < options->max; i++)
        d->slots[i].next_free = i + 1 < options->max ? i + 1 : -1;
    return d;
}

void th_dispatch_free(th_dispatch *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->options.max; i++)
        th_act_free(d->slots[i].act);
    th_lanes_free(&d->waiting);
    th_names_free(&d->names);
    pthread_mutex_destroy(&d->lock);
    free(d->slots);
    free(d);
}

/* ---- throttle ------------------------------------------------------------------------------- */

/*
 * Says once a change that the limit stops the taking of more work, or no longer does; it is over
 * when it has stopped nothing for a second (th_dispatch_expire is called once a second). Under the
 * lock.
 */
static void note_throttle(th_dispatch *d, bool on)
{
    d->stopped |= on;
    if (d->throttled == on)
        return;
    d->throttled = on;
    if (on)
        th_log(TH_LOG_INFO, TH_EV_THROTTLE, NULL,
               "taking no more activities: %d run and the limit (maxConcurrentActivityFunctions) "
               "is %d",
               d->active, d->options.max);
    else
        th_log(TH_LOG_INFO, TH_EV_THROTTLE_OVER, NULL,
               "taking activities again: %d run and the limit is %d", d->active, d->options.max);
}

/* Nothing new may begin. Under the lock. */
static bool is_closed(const th_dispatch *d)
{
    return d->draining || d->paused;
}

static int64_t allowed_ahead(const th_dispatch *d, int64_t mean_us)
{
    if (mean_us < 0 || mean_us >= AHEAD_US)
        return 0;
    int64_t within_us = d->alone ? ALONE_US : AHEAD_US;
    int64_t ahead = (int64_t)d->options.max * within_us / (mean_us > 0 ? mean_us : 1);
    return ahead < MAX_AHEAD ? ahead : MAX_AHEAD;
}

bool th_dispatch_reserve(th_dispatch *d, const char *name)
{
    bool yes = false;
    pthread_mutex_lock(&d->lock);
    int index = is_closed(d) ? -1 : th_names_find(&d->names, name, NULL);
    if (index >= 0) {
        int64_t backlog = d->reserved + (int64_t)d->waiting.count;
        int64_t ahead = allowed_ahead(d, d->names.names[index].mean_us);
        yes = backlog < d->options.max - d->active + ahead && !(d->queued && ahead == 0);
        if (yes)
            d->reserved++;
        else if (d->active >= d->options.max)
            note_throttle(d, true);
    }
    pthread_mutex_unlock(&d->lock);
    return yes;
}

void th_dispatch_unreserve(th_dispatch *d, size_t n)
{
    pthread_mutex_lock(&d->lock);
    d->reserved -= (int64_t)n;
    pthread_mutex_unlock(&d->lock);
}

int th_dispatch_reserve_free(th_dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    int64_t room = d->options.max - d->active - d->reserved - (int64_t)d->waiting.count;
    room += allowed_ahead(d, d->mean_us);
    if (room > MAX_CLAIM)
        room = MAX_CLAIM;
    if (room < 0 || is_closed(d))
        room = 0;
    d->reserved += room;
    pthread_mutex_unlock(&d->lock);
    return (int)room;
}

void th_dispatch_set_queued(th_dispatch *d, bool queued)
{
    pthread_mutex_lock(&d->lock);
    d->queued = queued;
    pthread_mutex_unlock(&d->lock);
}

void th_dispatch_stopped(th_dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    if (d->active >= d->options.max)
        note_throttle(d, true);
    pthread_mutex_unlock(&d->lock);
}

void th_dispatch_set_alone(th_dispatch *d, bool alone)
{
    pthread_mutex_lock(&d->lock);
    d->alone = alone;
    pthread_mutex_unlock(&d->lock);
}

/* ---- running -------------------------------------------------------------------------------- */

static uint64_t number_of(const th_dispatch *d, const th_act *act)
{
    return (d->slots[act->slot].generation << SLOT_BITS) | act->slot;
}

/* Takes a slot for the next that waits; NULL when none is free or nothing waits. Under the lock. */
static th_act *next_to_run(th_dispatch *d)
{
    if (d->first_free < 0 || !d->waiting.count)
        return NULL;
    th_act *act = th_lanes_pop(&d->waiting);
    act->slot = (uint32_t)d->first_free;
    slot *s = &d->slots[act->slot];
    d->first_free = s->next_free;
    s->generation++;
    s->act = act;
    act->started_us = th_mono_us();
    d->active++;
    return act;
}

static void run(th_dispatch *d, const th_act *act, uint64_t number)
{
    th_activity_item item = { .token = { -1, number },
                              .instance_id = act->instance_id,
                              .execution_id = act->execution_text,
                              .seq = act->seq,
                              .task_id = act->task_id,
                              .name = act->name,
                              .version = act->version,
                              .input = act->input,
                              .tags = act->tags,
                              .trace = act->trace,
                              .attempt = act->attempt,
                              .delivery = act->claim_no,
                              .partition_id = act->partition_id,
                              .id = act->id };
    (void)d;
    act->executor->run_activity(act->executor->self, &item);
}

/*
 * Starts what waits while slots are free; executors are called without the lock, since they may
 * answer at once. Such an answer finds us below it on the stack and leaves the next to us: else the
 * stack would grow with what waits.
 */
static void run_waiting(th_dispatch *d)
{
    static _Thread_local const th_dispatch *starting;
    const th_dispatch *outer = starting;
    if (outer == d)
        return;
    starting = d;
    for (;;) {
        pthread_mutex_lock(&d->lock);
        th_act *act = next_to_run(d);
        uint64_t number = act ? number_of(d, act) : 0;
        pthread_mutex_unlock(&d->lock);
        if (!act)
            break;
        run(d, act, number);
    }
    starting = outer;
}

static void note_quick(th_dispatch *d, th_act *act)
{
    int64_t mean_us = d->names.names[act->name_index].mean_us;
    act->quick = mean_us >= 0 && mean_us < QUICK_US;
    if (act->quick)
        atomic_fetch_add(&d->quick, 1);
}

static void forget_quick(th_dispatch *d, th_act *act)
{
    if (act->quick)
        atomic_fetch_sub(&d->quick, 1);
    act->quick = false;
}

void th_dispatch_start(th_dispatch *d, th_act_list *acts)
{
    th_act_list strangers = { 0 };
    int64_t now_us = th_mono_us();
    pthread_mutex_lock(&d->lock);
    for (th_act *act; (act = th_act_pop(acts)) != NULL;) {
        d->reserved--;
        act->name_index = th_names_find(&d->names, act->name, act->version);
        if (act->name_index < 0 || is_closed(d)) {
            th_act_push(&strangers, act);
            continue;
        }
        act->executor = d->names.names[act->name_index].executor;
        note_quick(d, act);
        th_lanes_push(&d->waiting, act, now_us);
    }
    pthread_mutex_unlock(&d->lock);
    for (th_act *act; (act = th_act_pop(&strangers)) != NULL;)
        d->options.done(d->options.arg, act, true, d->draining ? 0 : STRANGER_US);
    run_waiting(d);
}

/* Frees the slot of a token that is still current. Under the lock. */
static th_act *take_by_token(th_dispatch *d, uint64_t number)
{
    uint64_t index = number & ((1u << SLOT_BITS) - 1);
    if (index >= (uint64_t)d->options.max)
        return NULL;
    slot *s = &d->slots[index];
    if (!s->act || s->generation != number >> SLOT_BITS)
        return NULL;
    th_act *act = s->act;
    s->act = NULL;
    s->next_free = d->first_free;
    d->first_free = (int)index;
    d->active--;
    int64_t us = th_mono_us() - act->started_us;
    th_names_measure(&d->names, act->name_index, us);
    d->mean_us = th_mean_of(d->mean_us, us);
    forget_quick(d, act);
    return act;
}

static void keep_answer(th_act *act, const th_activity_answer *answer)
{
    act->result = answer->failure ? NULL : th_mstrdup(answer->result);
    act->failure = th_mstrdup(answer->failure);
    act->committed = answer->committed;
}

void th_dispatch_answer(th_dispatch *d, const th_activity_answer *answer)
{
    pthread_mutex_lock(&d->lock);
    th_act *act = take_by_token(d, answer->token.number);
    bool idle = act && d->waiting.count <= (size_t)d->options.max;
    pthread_mutex_unlock(&d->lock);
    if (!act)
        return;
    bool abandoned = answer->kind != TH_ANSWER_DONE;
    if (abandoned)
        act->next_input = th_mstrdup(answer->next_input);
    else
        keep_answer(act, answer);
    d->options.done(d->options.arg, act, abandoned, answer->delay_us);
    run_waiting(d);
    if (idle)
        d->options.idle(d->options.arg);
}

/* Sets *flag first, so that nothing comes to wait behind it. */
static void close_by(th_dispatch *d, bool *flag)
{
    th_act_list waiting = { 0 };
    pthread_mutex_lock(&d->lock);
    *flag = true;
    th_lanes_take(&d->waiting, &waiting);
    for (th_act *act = waiting.head; act; act = act->next)
        forget_quick(d, act);
    pthread_mutex_unlock(&d->lock);
    for (th_act *act; (act = th_act_pop(&waiting)) != NULL;)
        d->options.done(d->options.arg, act, true, 0);
}

void th_dispatch_drain(th_dispatch *d)
{
    close_by(d, &d->draining);
}

void th_dispatch_set_paused(th_dispatch *d, bool paused)
{
    if (paused) {
        close_by(d, &d->paused);
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->paused = false;
    pthread_mutex_unlock(&d->lock);
}

/* Without the lock: an executor may have locks of its own. A token that is no longer current harms
 * nothing. */
static void cancel_run(const th_executor *executor, uint64_t number)
{
    if (executor->cancel)
        executor->cancel(executor->self, (th_token){ -1, number });
}

/* Which activities are meant: all of an execution (seq TH_NONE), or one of it. */
typedef struct meant {
    int32_t partition_id;
    const th_uuid *execution_id;
    int32_t seq;
} meant;

static bool is_of(const th_act *act, const meant *m)
{
    return act && act->partition_id == m->partition_id &&
           (m->seq == TH_NONE || act->seq == m->seq) &&
           memcmp(&act->execution_id, m->execution_id, sizeof *m->execution_id) == 0;
}

static th_act_list take_waiting(th_dispatch *d, const meant *m)
{
    th_act_list all = { 0 }, taken = { 0 };
    pthread_mutex_lock(&d->lock);
    th_lanes_take(&d->waiting, &all);
    for (th_act *act; (act = th_act_pop(&all)) != NULL;) {
        if (!is_of(act, m)) {
            th_lanes_push(&d->waiting, act, act->waits_since_us);
            continue;
        }
        forget_quick(d, act);
        th_act_push(&taken, act);
    }
    pthread_mutex_unlock(&d->lock);
    return taken;
}

static void cancel(th_dispatch *d, const meant *m)
{
    th_act_list waiting = take_waiting(d, m);
    for (th_act *act; (act = th_act_pop(&waiting)) != NULL;)
        d->options.done(d->options.arg, act, false, 0);
    for (int i = 0; i < d->options.max; i++) {
        pthread_mutex_lock(&d->lock);
        th_act *act = is_of(d->slots[i].act, m) ? d->slots[i].act : NULL;
        const th_executor *executor = act ? act->executor : NULL;
        uint64_t number = act ? number_of(d, act) : 0;
        if (act)
            act->cancelled = true;
        pthread_mutex_unlock(&d->lock);
        if (executor)
            cancel_run(executor, number);
    }
}

void th_dispatch_cancel(th_dispatch *d, int32_t partition_id, const th_uuid *execution_id)
{
    cancel(d, &(meant){ partition_id, execution_id, TH_NONE });
}

void th_dispatch_cancel_task(th_dispatch *d, int32_t partition_id, const th_uuid *execution_id,
                             int32_t seq)
{
    cancel(d, &(meant){ partition_id, execution_id, seq });
}

th_claim *th_dispatch_long(th_dispatch *d, int64_t now_us, size_t *count)
{
    pthread_mutex_lock(&d->lock);
    th_claim *claims = th_malloc(((size_t)d->active + 1) * sizeof *claims);
    *count = 0;
    for (int i = 0; i < d->options.max && d->active > 0; i++) {
        const th_act *act = d->slots[i].act;
        if (act && !act->cancelled && now_us - act->started_us >= LONG_US)
            claims[(*count)++] = (th_claim){ act->partition_id, act->id, act->claim_no };
    }
    pthread_mutex_unlock(&d->lock);
    return claims;
}

void th_dispatch_cancel_claim(th_dispatch *d, const th_claim *claim)
{
    for (int i = 0; i < d->options.max; i++) {
        pthread_mutex_lock(&d->lock);
        th_act *act = d->slots[i].act;
        bool it = act && act->partition_id == claim->partition_id && act->id == claim->id &&
                  act->claim_no == claim->claim_no;
        const th_executor *executor = it ? act->executor : NULL;
        uint64_t number = it ? number_of(d, act) : 0;
        if (it)
            act->cancelled = true;
        pthread_mutex_unlock(&d->lock);
        if (executor)
            cancel_run(executor, number);
    }
}

/* An activity whose time is over. */
typedef struct expired {
    uint64_t number;
    const th_executor *executor;
    int32_t partition_id;
    char text[400];
} expired;

/* INT64_MAX: for ever. */
static int64_t time_of(const th_dispatch *d, const th_act *act)
{
    int64_t own_us = d->names.names[act->name_index].timeout_us;
    int64_t us = own_us ? own_us : d->options.timeout_us;
    return us > 0 ? us : INT64_MAX;
}

static th_act *next_expired(th_dispatch *d, int64_t now_us)
{
    for (int i = 0; i < d->options.max; i++) {
        th_act *act = d->slots[i].act;
        if (act && !act->executor->commits && now_us - act->started_us > time_of(d, act))
            return act;
    }
    return NULL;
}

/* Whatever runs it goes on without a slot. */
static void expire(th_dispatch *d, const expired *x)
{
    th_token token = { -1, x->number };
    th_buf failure = TH_BUF_INIT;
    th_buf_str(&failure, "{\"type\":\"TimeoutException\",\"message\":");
    th_buf_json_str(&failure, x->text);
    th_buf_chr(&failure, '}');
    th_log_ctx ctx = { .partition = x->partition_id };
    th_log(TH_LOG_WARN, TH_EV_ACTIVITY_FAILED, &ctx, "%s", x->text);
    cancel_run(x->executor, x->number);
    if (x->executor->replace)
        x->executor->replace(x->executor->self, token);
    th_dispatch_answer(d, &(th_activity_answer){ .token = token, .failure = failure.data });
    th_buf_free(&failure);
}

void th_dispatch_expire(th_dispatch *d, int64_t now_us)
{
    pthread_mutex_lock(&d->lock);
    if (!d->stopped && d->active < d->options.max)
        note_throttle(d, false);
    d->stopped = false;
    pthread_mutex_unlock(&d->lock);
    for (;;) {
        expired x = { 0 };
        pthread_mutex_lock(&d->lock);
        th_act *act = next_expired(d, now_us);
        if (act) {
            x = (expired){ .number = number_of(d, act),
                           .executor = act->executor,
                           .partition_id = act->partition_id };
            snprintf(x.text, sizeof x.text, "the activity '%.256s' took longer than %g s%s",
                     act->name, (double)time_of(d, act) / 1e6,
                     d->names.names[act->name_index].timeout_us ? "" : " (functionTimeout)");
        }
        pthread_mutex_unlock(&d->lock);
        if (!act)
            return;
        expire(d, &x);
    }
}

/* ---- looking -------------------------------------------------------------------------------- */

int th_dispatch_active(th_dispatch *d)
{
    pthread_mutex_lock(&d->lock);
    int n = d->active;
    pthread_mutex_unlock(&d->lock);
    return n;
}

int th_dispatch_quick(const th_dispatch *d)
{
    return atomic_load(&d->quick);
}

int64_t *th_dispatch_running(th_dispatch *d, int32_t partition_id, size_t *count)
{
    pthread_mutex_lock(&d->lock);
    int64_t *ids = th_malloc((d->waiting.count + (size_t)d->active + 1) * sizeof *ids);
    size_t n = 0;
    for (int i = 0; i < d->options.max; i++)
        if (d->slots[i].act && d->slots[i].act->partition_id == partition_id)
            ids[n++] = d->slots[i].act->id;
    for (size_t i = 0; i < d->waiting.used; i++)
        for (const th_act *a = d->waiting.list[i].acts.head; a; a = a->next)
            if (a->partition_id == partition_id)
                ids[n++] = a->id;
    pthread_mutex_unlock(&d->lock);
    *count = n;
    return ids;
}

void th_dispatch_refresh(th_dispatch *d, const th_executor *const *executors, size_t count)
{
    pthread_mutex_lock(&d->lock);
    th_names_refresh(&d->names, executors, count);
    pthread_mutex_unlock(&d->lock);
}

const char *const *th_dispatch_names(const th_dispatch *d, th_arena *arena, size_t *count)
{
    return th_names_all(&d->names, arena, count);
}
