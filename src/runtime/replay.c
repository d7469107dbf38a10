#include "runtime/replay.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/names.h"

/* ---- words ----------------------------------------------------------------------------------- */

static const char *describe(th_orch *o, const th_event *e, int32_t id)
{
    th_arena *arena = o->scope.arena;
    const char *kind = th_kind_name((int)e->kind);

    kind = kind ? kind : "an event of unknown kind";
    if (e->kind == TH_TimerCreated)
        return th_sprintf(arena, "%s for %s (id %d)", kind, e->fire_at ? e->fire_at : "?", id);
    if (e->operation && e->target)
        return th_sprintf(arena, "%s '%s' to %s (id %d)", kind, e->operation, e->target, id);
    if (e->lock_set || e->target)
        return th_sprintf(arena, "%s of %s (id %d)", kind, e->lock_set ? e->lock_set : e->target,
                          id);
    if (e->name)
        return th_sprintf(arena, "%s '%s' (id %d)", kind, e->name, id);
    return th_sprintf(arena, "%s (id %d)", kind, id);
}

static void differ(th_orch *o, int32_t seq, const char *expected, const char *came)
{
    if (o->replay.difference)
        return;
    o->replay.difference = th_sprintf(
        o->scope.arena,
        "the orchestrator does not repeat its history: at event %d, expected %s, but it %s. "
        "Was its code changed, or does it decide by something that is not in its history?",
        seq, expected, came);
}

/* ---- one step -------------------------------------------------------------------------------- */

static bool is_step(const th_event *e)
{
    switch (e->kind) {
    case TH_TaskScheduled:
    case TH_SubOrchestrationInstanceCreated:
    case TH_TimerCreated:
    case TH_EventSent:
    case TH_EntityOperationSignaled:
    case TH_EntityOperationCalled:
    case TH_EntityLockRequested:
    case TH_EntityUnlockSent:
        return true;
    default:
        return false;
    }
}

/* The next event that a step made, or NULL. */
static const th_event *next_step(th__replay *r)
{
    while (r->at < r->episode->count && !is_step(&r->episode->events[r->at]))
        r->at++;
    return r->at < r->episode->count ? &r->episode->events[r->at] : NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Kind, and what the kind does; the id is looked at elsewhere. */
static bool same_step(const th_event *was, const th_event *is)
{
    if (was->kind != is->kind)
        return false;
    if (is->kind == TH_TimerCreated)
        return same_text(was->fire_at, is->fire_at);
    if (is->kind == TH_EntityLockRequested)
        return same_text(was->lock_set, is->lock_set);
    if (is->target)
        return same_text(was->target, is->target) && same_text(was->operation, is->operation);
    return was->name && is->name && th__name_compare(was->name, is->name) == 0;
}

/* Of the code's own steps: how many it took before that one. */
static int32_t ordinal_of(const th_event *e)
{
    return e->x ? (int32_t)strtol(e->x, NULL, 10) : e->id;
}

/* In a rewound history: is that event the one of this step, which may have been cut out? */
static bool same_place(const th_event *was, const th_event *is, bool extra, int32_t ordinal)
{
    if (extra || was->retry_of != TH_NONE)
        return extra && was->retry_of == is->retry_of && was->kind == is->kind;
    return ordinal_of(was) == ordinal;
}

static int32_t seq_after(const th_past_episode *episode)
{
    return episode->count ? episode->events[episode->count - 1].seq + 1 : 0;
}

th__match th__replay_match(th_orch *o, const th_action *action, bool extra, int32_t ordinal,
                           const th_event **event)
{
    th__replay *r = &o->replay;
    const th_event *is = &action->event, *was = next_step(r);

    if (r->rewinds > 0 && (!was || !same_place(was, is, extra, ordinal)))
        return TH__CUT;
    if (!was) {
        differ(o, seq_after(r->episode), "no further step in this episode",
               th_sprintf(o->scope.arena, "took the step %s", describe(o, is, o->next_id)));
        return TH__DIFFERS;
    }

    bool same_id = r->rewound ? same_place(was, is, extra, ordinal) : was->id == o->next_id;
    if (!same_id || !same_step(was, is)) {
        differ(o, was->seq, describe(o, was, was->id),
               th_sprintf(o->scope.arena, "took the step %s", describe(o, is, o->next_id)));
        return TH__DIFFERS;
    }
    r->at++;
    *event = was;
    return TH__SAME;
}

/* ---- episodes -------------------------------------------------------------------------------- */

static bool holds(const th_past_episode *episode, th_kind kind)
{
    for (size_t i = 0; i < episode->count; i++)
        if (episode->events[i].kind == kind)
            return true;
    return false;
}

/*
 * After the last event: nothing may be left over on either side. But where a rewind has cut a step
 * that had failed, what the code did about the failure is left over: the answer that comes this
 * time says what it does now.
 */
static void check_end(th_orch *o, const th_past_episode *episode)
{
    th__replay *r = &o->replay;
    const th_event *was = next_step(r);
    bool completed = holds(episode, TH_ExecutionCompleted);

    if (was && r->rewinds > 0 && r->cut)
        return;
    if (was)
        differ(o, was->seq, describe(o, was, was->id),
               o->ended ? "ended before" : "waits without taking that step");
    else if (o->ended && !completed && r->rewinds == 0)
        differ(o, seq_after(episode), "the orchestrator to go on after this episode",
               "ended in it");
    else if (!o->ended && completed)
        differ(o, seq_after(episode) - 1, "the orchestrator to end in this episode", "goes on");
}

static size_t count_rewinds(const th_orch_item *item)
{
    size_t n = 0;

    for (size_t i = 0; i < item->past_count; i++)
        n += holds(&item->past[i], TH_ExecutionRewound);
    return n;
}

/* An episode that the engine ran alone (suspend, resume, rewind) has no OrchestratorStarted. */
static void run_episode(th_orch *o, const th_past_episode *episode, bool *after_rewind)
{
    th__replay *r = &o->replay;

    if (holds(episode, TH_ExecutionRewound)) {
        r->rewinds--;
        *after_rewind = true;
    }
    if (!holds(episode, TH_OrchestratorStarted))
        return;

    r->episode = episode;
    r->at = 0;
    if (*after_rewind)
        th__session_act_cut(o);
    *after_rewind = false;
    th__session_deliver(o, episode->events, episode->count);
    check_end(o, episode);
}

bool th__replay_past(th_orch *o, const th_orch_item *item)
{
    th__replay *r = &o->replay;
    bool after_rewind = false;

    r->rewinds = count_rewinds(item);
    r->rewound = r->rewinds > 0;
    o->scope.quiet = true;
    for (size_t i = 0; i < item->past_count && !r->difference; i++)
        run_episode(o, &item->past[i], &after_rewind);
    o->scope.quiet = false;
    r->episode = NULL;
    return !r->difference;
}
