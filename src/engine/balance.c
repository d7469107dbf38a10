/*
 * balance.c - shares of partitions, and workers whose lock has gone.
 */
#include "engine/balance.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
    ANYONE_AFTER_US = 5000000,
    KEEP_OFF_US = 5000000,
    RETURN_US = 15000000,
    TWICE_APART_US = 900000
};

typedef struct seen_free {
    int32_t worker_id;
    int64_t since_us;
    bool dead, named;
} seen_free;

struct th_balance {
    int32_t first, count;
    int64_t *free_since; /* 0: somebody holds it */
    int64_t *given_at;
    seen_free *workers;
    size_t worker_count;
};

th_balance *th_balance_new(int32_t first_partition, int32_t partition_count)
{
    th_balance *b = th_malloc(sizeof *b);
    b->first = first_partition;
    b->count = partition_count;
    b->free_since = th_malloc((size_t)partition_count * sizeof *b->free_since);
    b->given_at = th_malloc((size_t)partition_count * sizeof *b->given_at);
    return b;
}

void th_balance_free(th_balance *b)
{
    if (!b)
        return;
    free(b->free_since);
    free(b->given_at);
    free(b->workers);
    free(b);
}

int32_t th_balance_share(int32_t partitions, int32_t workers, int32_t rank)
{
    return partitions / workers + (rank < partitions % workers ? 1 : 0);
}

static bool counts(const th_seen_worker *w)
{
    return w->locked && !w->dead && !w->draining && w->owns;
}

static int32_t held_by(const th_watch *watch, int32_t worker_id)
{
    int32_t n = 0;
    for (size_t i = 0; i < watch->partition_count; i++)
        n += watch->partitions[i].holder_pid != 0 && watch->partitions[i].worker_id == worker_id;
    return n;
}

typedef struct shares {
    int32_t mine;    /* 0 while this process does not take part */
    bool some_below; /* another worker holds less than its share */
} shares;

static shares work_out(const th_watch *watch, int32_t me)
{
    shares s = { 0 };
    int32_t workers = 0, rank = 0;
    for (size_t i = 0; i < watch->worker_count; i++)
        workers += counts(&watch->workers[i]);
    for (size_t i = 0; i < watch->worker_count; i++) {
        const th_seen_worker *w = &watch->workers[i];
        if (!counts(w))
            continue;
        int32_t share = th_balance_share((int32_t)watch->partition_count, workers, rank++);
        if (w->worker_id == me)
            s.mine = share;
        else if (held_by(watch, w->worker_id) < share)
            s.some_below = true;
    }
    return s;
}

static void note_free(th_balance *b, const th_watch *watch, int64_t now_us)
{
    for (size_t i = 0; i < watch->partition_count; i++) {
        int64_t *since = &b->free_since[watch->partitions[i].partition_id - b->first];
        if (watch->partitions[i].holder_pid)
            *since = 0;
        else if (!*since)
            *since = now_us;
    }
}

/* What was given back is left to those that it was given for, as long as there are such. */
static bool may_take(const th_balance *b, int32_t partition_id, int32_t held, const shares *s,
                     int64_t now_us)
{
    int32_t i = partition_id - b->first;
    if (s->some_below && b->given_at[i] && now_us - b->given_at[i] < KEEP_OFF_US)
        return false;
    return held < s->mine || now_us - b->free_since[i] >= ANYONE_AFTER_US;
}

void th_balance_decide(th_balance *b, const th_watch *watch, int32_t me, bool draining,
                       const bool *mine, int64_t now_us, th_move *moves)
{
    int32_t held = 0;
    shares s = work_out(watch, me);
    note_free(b, watch, now_us);
    for (size_t i = 0; i < watch->partition_count; i++) {
        moves[i] = TH_MOVE_NONE;
        held += mine[i];
    }
    for (size_t i = 0; i < watch->partition_count && !draining && s.mine; i++) {
        int32_t p = watch->partitions[i].partition_id;
        if (mine[i] || watch->partitions[i].holder_pid || !may_take(b, p, held, &s, now_us))
            continue;
        moves[i] = TH_MOVE_TAKE;
        held++;
    }
    if (!s.mine || held <= s.mine || !s.some_below)
        return;
    for (size_t i = watch->partition_count; i-- > 0;) {
        if (!mine[i] || moves[i] != TH_MOVE_NONE)
            continue;
        moves[i] = TH_MOVE_GIVE;
        b->given_at[watch->partitions[i].partition_id - b->first] = now_us;
        return;
    }
}

/* ---- the dead ------------------------------------------------------------------------------- */

static seen_free *remember(th_balance *b, int32_t worker_id)
{
    for (size_t i = 0; i < b->worker_count; i++)
        if (b->workers[i].worker_id == worker_id)
            return &b->workers[i];
    b->workers = th_realloc(b->workers, (b->worker_count + 1) * sizeof *b->workers);
    b->workers[b->worker_count] = (seen_free){ .worker_id = worker_id };
    return &b->workers[b->worker_count++];
}

/* Free twice, a second apart; after a restart of the server everyone has 15 s to come back. */
static bool is_gone(th_balance *b, const th_seen_worker *w, const th_watch *watch, int64_t now_us)
{
    seen_free *seen = remember(b, w->worker_id);
    if (w->locked || w->dead) {
        seen->since_us = 0;
        return false;
    }
    if (!seen->since_us) {
        seen->since_us = now_us;
        return false;
    }
    return now_us - seen->since_us >= TWICE_APART_US &&
           (w->same_server || watch->server_up_us >= RETURN_US);
}

int32_t th_balance_bury(th_balance *b, const th_watch *watch, int32_t me, int64_t now_us)
{
    for (size_t i = 0; i < watch->worker_count; i++) {
        const th_seen_worker *w = &watch->workers[i];
        if (w->worker_id == me || !is_gone(b, w, watch, now_us))
            continue;
        seen_free *seen = remember(b, w->worker_id);
        if (seen->named)
            continue;
        seen->named = true;
        return w->worker_id;
    }
    for (size_t i = 0; i < b->worker_count; i++)
        b->workers[i].named = false;
    return 0;
}

bool th_balance_newly_dead(th_balance *b, const th_watch *watch)
{
    bool any = false;
    for (size_t i = 0; i < watch->worker_count; i++) {
        if (!watch->workers[i].dead)
            continue;
        seen_free *seen = remember(b, watch->workers[i].worker_id);
        any |= !seen->dead;
        seen->dead = true;
    }
    return any;
}
