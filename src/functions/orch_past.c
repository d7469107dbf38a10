/*
 * orch_past.c - an orchestration that is not in memory is made again from its history and the memo
 * of its last episode.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "functions/orch_int.h"

enum { MAX_ORDINAL = 1 << 24 };

/* What the memo says, and what is looked for meanwhile. */
typedef struct past {
    th__orch *o;
    json_t *memo; /* NULL: none */
    const json_t *held, *moved;
    const th_event **stash; /* events that are shown later, by index of moved */
    int64_t t_us;           /* of the episode */
} past;

static int32_t number(const json_t *value)
{
    return json_is_integer(value) ? (int32_t)json_integer_value(value) : TH_NONE;
}

static bool is_held(const past *p, int32_t seq)
{
    for (size_t i = 0; i < json_array_size(p->held); i++)
        if (number(json_array_get(p->held, i)) == seq)
            return true;
    return false;
}

/* ---- what was shown ---------------------------------------------------------------------------
 */

static void show_one(past *p, const th_event *e, const char *spelled)
{
    th__orch *o = p->o;
    th__retry *retry = e->ref == TH_NONE ? NULL : th__retry_of(o, e->ref);
    th__shown shown = { .t_us = p->t_us, .played = true, .name = spelled };

    shown.renumbered = o->rewound && e->ref != TH_NONE;
    if (shown.renumbered)
        shown.number = th__number_of_seq(o, e->ref);
    if (e->ref != TH_NONE && e->failure)
        shown.name = th__name_of_seq(o, e->ref);
    th__context_event(&o->history, e, &shown);
    if (retry)
        th__orch_retry(o, retry, e);
    if (e->kind == TH_EventRaised)
        th__wait_named(o, spelled ? spelled : e->name)->delivered++;
    th__orch_showed(o, e, spelled);
}

/* And what is shown behind it. */
static void show(past *p, const th_event *e, const char *spelled)
{
    show_one(p, e, spelled);
    for (size_t i = 0; i < json_array_size(p->moved); i++) {
        const json_t *entry = json_array_get(p->moved, i);
        if (!p->stash[i] || number(json_array_get(entry, 1)) != p->o->last_shown)
            continue;
        const th_event *moved = p->stash[i];
        p->stash[i] = NULL;
        show_one(p, moved, json_string_value(json_array_get(entry, 2)));
    }
}

static size_t moved_index(const past *p, int32_t seq)
{
    size_t i = 0, n = json_array_size(p->moved);

    while (i < n && number(json_array_get(json_array_get(p->moved, i), 0)) != seq)
        i++;
    return i;
}

/* One that only has another spelling is in the list too, behind what came before it. */
static void take_raised(past *p, const th_event *e)
{
    size_t i = moved_index(p, e->seq);

    if (i < json_array_size(p->moved)) {
        const json_t *entry = json_array_get(p->moved, i);
        if (number(json_array_get(entry, 1)) == p->o->last_shown)
            show(p, e, json_string_value(json_array_get(entry, 2)));
        else
            p->stash[i] = e;
    } else if (is_held(p, e->seq)) {
        th__hold(p->o, e);
    } else {
        show(p, e, NULL);
    }
}

/* ---- what was asked for -----------------------------------------------------------------------
 */

static th__step_type type_of(const th_event *e, const th__mark *mark)
{
    switch (e->kind) {
    case TH_TaskScheduled:
        if (e->name && strcasecmp(e->name, "BuiltIn::HttpActivity") == 0)
            return TH__CALL_HTTP;
        return mark->retried ? TH__CALL_ACTIVITY_RETRY : TH__CALL_ACTIVITY;
    case TH_SubOrchestrationInstanceCreated:
        return mark->retried ? TH__CALL_CHILD_RETRY : TH__CALL_CHILD;
    case TH_EntityOperationCalled:
        return TH__CALL_ENTITY;
    case TH_EntityOperationSignaled:
        return TH__SIGNAL_ENTITY;
    case TH_EntityLockRequested:
        return TH__LOCK_ENTITIES;
    case TH_EntityUnlockSent:
        return TH__RELEASE_ENTITIES;
    default:
        return TH__CREATE_TIMER;
    }
}

static void begin_retry(past *p, const th_event *e, const th__mark *mark, const th__leaf *leaf)
{
    th__orch *o = p->o;
    th__retry *r = th__retry_begin(o, &mark->retry);

    r->name = leaf->name;
    r->input = th_strdup(o->arena, e->payload);
    r->version = th_strdup(o->arena, e->version);
    r->instance = mark->named ? th_strdup(o->arena, e->instance_id) : NULL;
    r->is_child = e->kind == TH_SubOrchestrationInstanceCreated;
    r->first_seq = r->open_seq = e->seq;
    r->open_id = leaf->id;
}

/* History of before marks has no rewind: there the number is the event's. */
static void retry_went_on(past *p, const th_event *e, const th__mark *mark)
{
    th__orch *o = p->o;
    int32_t after = mark->after == TH_NONE ? e->id - (int32_t)o->taken : mark->after;

    if (after < 0 || after > MAX_ORDINAL)
        return;
    if (after)
        th__leaf_at(o, (size_t)after - 1);
    int32_t id = th__take_number(o, after);
    for (size_t i = 0; i < o->retry_count; i++) {
        if (o->retries[i]->first_seq != e->retry_of)
            continue;
        o->retries[i]->open_seq = e->seq;
        o->retries[i]->open_id = id;
        o->retries[i]->pausing = e->kind == TH_TimerCreated;
    }
}

static const char *name_of(const th_event *e)
{
    if (e->lock_set)
        return e->lock_set;
    return e->target ? e->target : e->name ? e->name : "";
}

static void take_asked(past *p, const th_event *e)
{
    th__mark mark = th__mark_read(e->x);
    int32_t ordinal = mark.ordinal == TH_NONE ? e->id : mark.ordinal;

    if (e->id < 0 || ordinal > MAX_ORDINAL)
        return; /* TH_NONE too: it takes no id */
    if (e->retry_of != TH_NONE) {
        retry_went_on(p, e, &mark);
        return;
    }
    th__leaf *leaf = th__leaf_at(p->o, (size_t)ordinal);
    leaf->type = type_of(e, &mark);
    leaf->name = th__orch_name(p->o, name_of(e));
    leaf->id = th__number_at(p->o, (size_t)ordinal);
    leaf->seq = e->seq;
    leaf->known = true;
    if (mark.retried)
        begin_retry(p, e, &mark, leaf);
    if (e->kind == TH_EntityOperationCalled || e->kind == TH_EntityLockRequested) {
        th__shown shown = {
            .t_us = p->t_us, .played = true, .renumbered = true, .number = leaf->id
        };
        th__context_event(&p->o->history, e, &shown);
    }
}

static void take_past(past *p, const th_event *e)
{
    switch (e->kind) {
    case TH_OrchestratorStarted:
        p->t_us = e->t_us;
        show(p, e, NULL);
        break;
    case TH_EventRaised:
        take_raised(p, e);
        break;
    case TH_TaskScheduled:
    case TH_SubOrchestrationInstanceCreated:
    case TH_TimerCreated:
    case TH_EntityOperationCalled:
    case TH_EntityOperationSignaled:
    case TH_EntityLockRequested:
    case TH_EntityUnlockSent:
        take_asked(p, e);
        break;
    default:
        if (th_kind_is_consumed((int)e->kind))
            show(p, e, NULL);
    }
}

/* ---- the memo ---------------------------------------------------------------------------------
 */

static void take_memo(past *p)
{
    th__orch *o = p->o;
    const json_t *waits = json_object_get(p->memo, "waits");
    int32_t n = number(json_object_get(p->memo, "n"));

    for (size_t w = 0; w < json_array_size(waits); w++) {
        const char *name = json_string_value(json_array_get(waits, w));
        if (name)
            th__wait_named(o, name)->seen++; /* and those delivered, below */
    }
    for (size_t w = 0; w < o->wait_count; w++)
        o->waits[w].seen += o->waits[w].delivered;
    if (n > 0)
        th__leaf_at(o, (size_t)n - 1);
    for (size_t l = 0; n != TH_NONE && l < o->leaf_count; l++)
        if (!o->leaves[l].known) /* a timer that was cancelled before it began */
            o->leaves[l].known = o->leaves[l].cancelled = true;
}

static th_rc read_memo(past *p, const char *memo, th_error *err)
{
    if (!memo)
        return TH_OK;
    th_rc rc = th_json_parse(memo, strlen(memo), 0, &p->memo, err);
    if (rc != TH_OK || !json_is_object(p->memo))
        return th_fail(err, TH_INVALID, "the memo of the last episode is not this executor's");
    p->held = json_object_get(p->memo, "h");
    p->moved = json_object_get(p->memo, "d");
    return TH_OK;
}

static bool is_rewound(const th_orch_item *item)
{
    for (size_t i = 0; i < item->past_count; i++)
        for (size_t k = 0; k < item->past[i].count; k++)
            if (item->past[i].events[k].kind == TH_ExecutionRewound)
                return true;
    return false;
}

th_rc th__orch_rebuild(th__orch *o, const th_orch_item *item, th_error *err)
{
    past p = { .o = o };
    th_rc rc = read_memo(&p, item->memo, err);

    if (rc == TH_OK) {
        o->rewound = is_rewound(item);
        o->unsettled = o->rewound && !p.memo;
        p.stash = th_malloc((json_array_size(p.moved) + 1) * sizeof *p.stash);
        for (size_t i = 0; i < item->past_count; i++)
            for (size_t k = 0; k < item->past[i].count; k++)
                take_past(&p, &item->past[i].events[k]);
        take_memo(&p);
    }
    free(p.stash);
    json_decref(p.memo);
    return rc;
}
