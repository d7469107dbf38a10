#include "engine/episode_rewind.h"

#include <string.h>

enum { NONE = -1 };

/* The old history by seq. What is said of a chain of tries stands at the first of them. */
typedef struct old {
    const th_event **events;
    int32_t count;
    int32_t *answer; /* seq of the event that answers it */
    int32_t *last;   /* of a child: its last try under the same id */
    bool *failed, *succeeded;
    int32_t *seq; /* in the new history; NONE: cut */
} old;

/* ---- the old one ----------------------------------------------------------------------------- */

static size_t count_events(const th_past_episode *past, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += past[i].count;
    return n;
}

static old read_old(th_arena *arena, const th_past_episode *past, size_t count)
{
    size_t n = count_events(past, count);
    old o = { .events = th_new(arena, const th_event *, n + 1),
              .answer = th_new(arena, int32_t, n + 1),
              .last = th_new(arena, int32_t, n + 1),
              .failed = th_new(arena, bool, n + 1),
              .succeeded = th_new(arena, bool, n + 1),
              .seq = th_new(arena, int32_t, n + 1) };

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < past[i].count; k++)
            o.events[o.count++] = &past[i].events[k];
    for (int32_t i = 0; i < o.count; i++)
        o.answer[i] = o.seq[i] = NONE;
    return o;
}

static bool is_in(const old *o, int32_t seq)
{
    return seq >= 0 && seq < o->count;
}

static int32_t first_try(const old *o, int32_t seq)
{
    int32_t first = o->events[seq]->retry_of;

    return is_in(o, first) && first < seq ? first : seq;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void mark_answer(old *o, int32_t seq)
{
    const th_event *e = o->events[seq];

    if (!is_in(o, e->ref) || e->ref >= seq)
        return;
    int32_t first = first_try(o, e->ref);
    o->answer[e->ref] = seq;
    if (e->kind == TH_TaskFailed || e->kind == TH_SubOrchestrationInstanceFailed)
        o->failed[first] = true;
    if (e->kind == TH_TaskCompleted || e->kind == TH_SubOrchestrationInstanceCompleted)
        o->succeeded[first] = true;
}

static void mark(old *o)
{
    for (int32_t i = 0; i < o->count; i++) {
        int32_t first = first_try(o, i);
        if (o->events[i]->kind == TH_SubOrchestrationInstanceCreated &&
            same_text(o->events[i]->instance_id, o->events[first]->instance_id))
            o->last[first] = i;
        mark_answer(o, i);
    }
}

/* ---- what is cut ----------------------------------------------------------------------------- */

/* None of its tries has succeeded. */
static bool is_lost(const old *o, int32_t seq)
{
    int32_t first = first_try(o, seq);

    return o->failed[first] && !o->succeeded[first];
}

static bool is_cut_answer(const old *o, const th_event *e)
{
    if (!is_in(o, e->ref) || o->seq[e->ref] == NONE)
        return true;
    return (e->kind == TH_TaskFailed || e->kind == TH_SubOrchestrationInstanceFailed) &&
           is_lost(o, e->ref);
}

static bool is_cut(const old *o, int32_t seq)
{
    const th_event *e = o->events[seq];

    switch (e->kind) {
    case TH_ExecutionCompleted:
        return true;
    case TH_TaskScheduled:
    case TH_TimerCreated:
        return o->answer[seq] == NONE || is_lost(o, seq);
    case TH_SubOrchestrationInstanceCreated: /* the first try is rewound */
        return is_lost(o, seq) && first_try(o, seq) != seq;
    case TH_EntityOperationCalled:
    case TH_EntityLockRequested:
        return o->answer[seq] == NONE;
    default:
        return e->ref != TH_NONE && is_cut_answer(o, e);
    }
}

/* ---- the new one ----------------------------------------------------------------------------- */

static bool holds(const th_past_episode *episode, th_kind kind)
{
    for (size_t i = 0; i < episode->count; i++)
        if (episode->events[i].kind == kind)
            return true;
    return false;
}

static th_event renumbered(const old *o, const th_event *e, int32_t seq)
{
    th_event copy = *e;

    copy.seq = seq;
    if (e->ref != TH_NONE)
        copy.ref = o->seq[e->ref];
    if (is_in(o, e->retry_of))
        copy.retry_of = o->seq[e->retry_of];
    return copy;
}

/* A start that the engine recorded alone never reached an executor: it needs a clock to be
 * replayed. */
static size_t add_clock(th_event *to, const th_past_episode *from, int64_t at_us, int32_t seq)
{
    if (!holds(from, TH_ExecutionStarted) || holds(from, TH_OrchestratorStarted))
        return 0;
    to[0] = th_event_of(TH_OrchestratorStarted);
    to[0].t_us = at_us;
    to[0].seq = seq;
    return 1;
}

static th_past_episode keep_episode(th_arena *arena, old *o, const th_past_episode *from,
                                    int64_t at_us, int32_t *next_seq)
{
    th_event *to = th_new(arena, th_event, from->count + 1);
    size_t n = add_clock(to, from, at_us, *next_seq);

    for (size_t i = 0; i < from->count; i++) {
        int32_t seq = from->events[i].seq;
        if (is_cut(o, seq))
            continue;
        o->seq[seq] = *next_seq + (int32_t)n;
        to[n] = renumbered(o, &from->events[i], o->seq[seq]);
        n++;
    }
    *next_seq += (int32_t)n;
    return (th_past_episode){ to, n };
}

static bool is_awaited(const old *o, int32_t seq)
{
    return o->events[seq]->kind == TH_SubOrchestrationInstanceCreated && o->seq[seq] != NONE &&
           (o->answer[seq] == NONE || o->seq[o->answer[seq]] == NONE);
}

static void list_children(th_arena *arena, const old *o, th_rewound *out)
{
    size_t n = 0;

    for (int32_t i = 0; i < o->count; i++)
        n += is_awaited(o, i);
    out->children = th_new(arena, th_rewound_child, n + 1);
    for (int32_t i = 0; i < o->count; i++)
        if (is_awaited(o, i))
            out->children[out->child_count++] =
                (th_rewound_child){ renumbered(o, o->events[i], o->seq[i]),
                                    o->last[first_try(o, i)] };
}

bool th_rewind_history(th_arena *arena, const th_past_episode *past, const int64_t *at_us,
                       size_t count, th_rewound *out)
{
    old o = read_old(arena, past, count);
    int32_t next_seq = 0;
    bool started = false;

    mark(&o);
    *out = (th_rewound){ .episodes = th_new(arena, th_past_episode, count + 1),
                         .at_us = th_new(arena, int64_t, count + 1) };
    for (size_t i = 0; i < count; i++) {
        th_past_episode kept = keep_episode(arena, &o, &past[i], at_us[i], &next_seq);
        if (kept.count == 0)
            continue;
        started |= holds(&kept, TH_ExecutionStarted);
        out->at_us[out->count] = at_us[i];
        out->episodes[out->count++] = kept;
    }
    list_children(arena, &o, out);
    return started;
}
