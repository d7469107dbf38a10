/*
 * orch_act.c - what an SDK lists becomes actions of the episode; what a retry policy does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "functions/orch_int.h"

/* ---- marks ------------------------------------------------------------------------------------
 */

/* {"o":ordinal,"r":[first,most,factor,attempts],"i":true}; NULL: nothing to say. What a policy does
 * has {"n":after} instead. */
static const char *mark_text(th_arena *arena, const th__mark *mark)
{
    const char *sep = "{";
    th_buf out = TH_BUF_INIT;

    if (mark->ordinal != TH_NONE) {
        th_buf_printf(&out, "%s\"o\":%d", sep, mark->ordinal);
        sep = ",";
    }
    if (mark->retried) {
        th_buf_printf(&out, "%s\"r\":[%lld,%lld,%.17g,%d]", sep, (long long)mark->retry.first_ms,
                      (long long)mark->retry.most_ms, mark->retry.factor, mark->retry.attempts);
        sep = ",";
    }
    if (mark->named) {
        th_buf_printf(&out, "%s\"i\":true", sep);
        sep = ",";
    }
    if (!out.len)
        return NULL;
    th_buf_chr(&out, '}');
    const char *text = th_strdup(arena, out.data);
    th_buf_free(&out);
    return text;
}

static int32_t count_in(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;

    return n >= 0 && n < INT32_MAX ? (int32_t)n : TH_NONE;
}

th__mark th__mark_read(const char *x)
{
    th__mark mark = { .ordinal = TH_NONE, .after = TH_NONE };
    json_t *root = NULL;

    if (!x || th_json_parse(x, strlen(x), 0, &root, NULL) != TH_OK)
        return mark;
    const json_t *retry = json_object_get(root, "r");
    mark.ordinal = count_in(root, "o");
    mark.after = count_in(root, "n");
    mark.named = json_is_true(json_object_get(root, "i"));
    mark.retried = json_array_size(retry) == 4;
    mark.retry.first_ms = json_integer_value(json_array_get(retry, 0));
    mark.retry.most_ms = json_integer_value(json_array_get(retry, 1));
    mark.retry.factor = json_number_value(json_array_get(retry, 2));
    mark.retry.attempts = (int32_t)json_integer_value(json_array_get(retry, 3));
    json_decref(root);
    return mark;
}

/* ---- actions ----------------------------------------------------------------------------------
 */

static th_action *push(th__run *run, const th_action *action)
{
    run->actions =
        th__grow(run->actions, run->action_count, &run->action_cap, sizeof *run->actions);
    run->actions[run->action_count] = *action;
    return &run->actions[run->action_count++];
}

/* An action that makes an event, under an id. Its seq. */
static int32_t push_event(th__run *run, th_action *action, int32_t id)
{
    action->event.id = id;
    action->event.seq = run->next_seq;
    push(run, action);
    return run->next_seq++;
}

static th_action call_action(const th__retry *r)
{
    th_action a = { .kind = r->is_child ? TH_ACT_CHILD : TH_ACT_TASK,
                    .event = th_event_of(r->is_child ? TH_SubOrchestrationInstanceCreated
                                                     : TH_TaskScheduled) };

    a.event.name = r->name;
    a.event.payload = r->input;
    a.event.instance_id = r->instance;
    a.event.version = r->version;
    return a;
}

static th_action timer_action(th__run *run, int64_t due_us)
{
    th_action a = { .kind = TH_ACT_TIMER, .event = th_event_of(TH_TimerCreated), .due_us = due_us };
    char text[TH_ISO_SIZE];

    th_iso_format(text, due_us, 6);
    a.event.fire_at = th_strdup(run->arena, text);
    return a;
}

/* ---- retries ----------------------------------------------------------------------------------
 */

/* An action of a policy, under the next number. */
static void push_retry(th__orch *o, th__retry *r, th_action *action)
{
    int32_t after = (int32_t)o->leaf_count;

    action->event.retry_of = r->first_seq;
    action->event.x = th_sprintf(o->run->arena, "{\"n\":%d}", after);
    r->open_id = th__take_number(o, after);
    r->open_seq = push_event(o->run, action, r->open_id);
}

/* Also after the last attempt there is a pause, since the SDK waits for one; it is over at once. */
static void pause_retry(th__orch *o, th__retry *r)
{
    bool last = r->failed >= r->options.attempts;
    int64_t delay_us = last ? 0 : th__retry_delay_us(&r->options, r->failed);
    th_action a = timer_action(o->run, o->run->now_us + delay_us);

    push_retry(o, r, &a);
    r->pausing = true;
}

static void try_again(th__orch *o, th__retry *r)
{
    th_action a = call_action(r);

    a.event.attempt = r->failed + 1;
    push_retry(o, r, &a);
    r->pausing = false;
}

void th__orch_retry(th__orch *o, th__retry *r, const th_event *answer)
{
    bool failed =
        answer->kind == TH_TaskFailed || answer->kind == TH_SubOrchestrationInstanceFailed;

    r->open_seq = TH_NONE;
    if (failed) {
        r->failed++;
        if (o->run)
            pause_retry(o, r);
    } else if (answer->kind == TH_TimerFired && r->failed < r->options.attempts && o->run) {
        try_again(o, r);
    }
}

/* ---- new ones ---------------------------------------------------------------------------------
 */

static th__mark mark_of(const th__step *s, const th__leaf *leaf, size_t ordinal)
{
    return (th__mark){ .ordinal = (size_t)leaf->id == ordinal ? TH_NONE : (int32_t)ordinal,
                       .retried = s->retry.attempts > 0,
                       .named = s->retry.attempts > 0 && s->instance,
                       .retry = s->retry };
}

static void act_call(th__orch *o, const th__step *s, th__leaf *leaf, const char *x)
{
    bool child = s->type == TH__CALL_CHILD || s->type == TH__CALL_CHILD_RETRY;
    th__retry call = { .name = leaf->name,
                       .input = s->input,
                       .instance = s->instance,
                       .version = s->version,
                       .is_child = child };
    th_action a = call_action(&call);

    a.event.x = x;
    leaf->seq = push_event(o->run, &a, leaf->id);
    if (!s->retry.attempts)
        return;
    th__retry *r = th__retry_begin(o, &s->retry);
    r->name = leaf->name;
    r->input = th_strdup(o->arena, s->input);
    r->instance = th_strdup(o->arena, s->instance);
    r->version = th_strdup(o->arena, s->version);
    r->is_child = child;
    r->first_seq = r->open_seq = leaf->seq;
    r->open_id = leaf->id;
}

static void act_timer(th__orch *o, const th__step *s, th__leaf *leaf, const char *x)
{
    th_action a = timer_action(o->run, s->due_us);

    leaf->cancelled = s->cancelled;
    if (s->cancelled)
        return; /* it takes an id, and nothing else */
    a.event.fire_at = th_strdup(o->run->arena, s->fire_at);
    a.event.x = x;
    leaf->seq = push_event(o->run, &a, leaf->id);
}

static const char *new_guid(th_arena *arena)
{
    th_uuid id = th_uuid_random();
    char t[TH_UUID_TEXT];

    th_uuid_text(&id, t);
    return th_sprintf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", t, t + 8, t + 12, t + 16, t + 20);
}

static void act_entity(th__orch *o, const th__step *s, th__leaf *leaf, const char *x)
{
    bool call = s->type == TH__CALL_ENTITY;
    th_action a = { .kind = TH_ACT_ENTITY,
                    .event =
                        th_event_of(call ? TH_EntityOperationCalled : TH_EntityOperationSignaled),
                    .due_us = s->due_us };
    th__shown shown = { .t_us = o->run->now_us, .played = true };

    a.event.request_id = new_guid(o->run->arena);
    a.event.operation = s->operation;
    a.event.target = s->name;
    a.event.payload = s->input;
    a.event.scheduled_time = s->fire_at;
    a.event.x = x;
    leaf->seq = push_event(o->run, &a, leaf->id);
    a.event.id = leaf->id;
    if (call)
        th__context_event(&o->history, &a.event, &shown);
}

static void act_lock(th__orch *o, const th__step *s, th__leaf *leaf, const char *x)
{
    bool locks = s->type == TH__LOCK_ENTITIES;
    th_action a = { .kind = TH_ACT_ENTITY,
                    .event = th_event_of(locks ? TH_EntityLockRequested : TH_EntityUnlockSent) };
    th__shown shown = { .t_us = o->run->now_us, .played = true };

    a.event.critical_section_id = s->section;
    a.event.x = x;
    if (locks) {
        a.event.lock_set = s->name;
        a.event.position = 0;
    } else {
        a.event.target = s->name;
    }
    leaf->seq = push_event(o->run, &a, leaf->id);
    a.event.id = leaf->id;
    if (locks)
        th__context_event(&o->history, &a.event, &shown);
}

static void act(th__orch *o, const th__step *s, size_t ordinal)
{
    th__leaf *leaf = th__leaf_at(o, ordinal);

    leaf->type = s->type;
    leaf->name = th__orch_name(o, s->name);
    leaf->id = th__number_at(o, ordinal);
    leaf->known = true;
    th__mark mark = mark_of(s, leaf, ordinal);
    const char *x = mark_text(o->run->arena, &mark);
    if (s->type == TH__CREATE_TIMER)
        act_timer(o, s, leaf, x);
    else if (s->type == TH__CALL_ENTITY || s->type == TH__SIGNAL_ENTITY ||
             s->type == TH__SIGNAL_ENTITY_LATER)
        act_entity(o, s, leaf, x);
    else if (s->type == TH__LOCK_ENTITIES || s->type == TH__RELEASE_ENTITIES)
        act_lock(o, s, leaf, x);
    else
        act_call(o, s, leaf, x);
}

/* ---- the list ---------------------------------------------------------------------------------
 */

static th__step_type plain(th__step_type type)
{
    return type == TH__SIGNAL_ENTITY_LATER ? TH__SIGNAL_ENTITY : type;
}

static const char *words(th__step_type type)
{
    static const char *const names[] = {
        [TH__CALL_ACTIVITY] = "activity",
        [TH__CALL_ACTIVITY_RETRY] = "retried activity",
        [TH__CALL_CHILD] = "sub-orchestration",
        [TH__CALL_CHILD_RETRY] = "retried sub-orchestration",
        [TH__CREATE_TIMER] = "timer",
        [TH__CALL_ENTITY] = "call of entity",
        [TH__CALL_HTTP] = "HTTP call",
        [TH__SIGNAL_ENTITY] = "signal to entity",
        [TH__LOCK_ENTITIES] = "lock of entities",
        [TH__RELEASE_ENTITIES] = "release of entity",
    };

    return names[plain(type)];
}

static th_rc check(const th__leaf *leaf, const th__step *s, size_t ordinal, th_error *err)
{
    if (plain(leaf->type) == plain(s->type) && strcasecmp(leaf->name, s->name) == 0)
        return TH_OK;
    return th_fail(err, TH_NONDETERMINISM,
                   "step %zu of the orchestrator was %s '%.200s', and is %s '%.200s' when it is "
                   "replayed",
                   ordinal + 1, words(leaf->type), leaf->name, words(s->type), s->name);
}

static void cancel(th__orch *o, th__leaf *leaf)
{
    th_action a = { .kind = TH_ACT_CANCEL_TIMER, .cancel_ref = leaf->seq };

    a.event = th_event_of(TH_KIND_NONE);
    leaf->cancelled = true;
    if (leaf->seq != TH_NONE)
        push(o->run, &a);
}

static th_rc take_known(th__orch *o, const th__step *s, size_t ordinal, th_error *err)
{
    th__leaf *leaf = &o->leaves[ordinal];
    th_rc rc = check(leaf, s, ordinal, err);

    if (rc == TH_OK && s->type == TH__CREATE_TIMER && s->cancelled && !leaf->cancelled)
        cancel(o, leaf);
    return rc;
}

static void recount_waits(th__orch *o, const th__steps *steps)
{
    for (size_t i = 0; i < o->wait_count; i++)
        o->waits[i].seen = 0;
    for (size_t i = 0; i < steps->wait_count; i++)
        th__wait_named(o, steps->waits[i])->seen++;
}

th_rc th__orch_act(th__orch *o, const th__steps *steps, th_error *err)
{
    size_t known = o->leaf_count;

    for (size_t i = 0; i < steps->count; i++) {
        th_rc rc = TH_OK;
        if (i < known && o->leaves[i].known)
            rc = take_known(o, &steps->list[i], i, err);
        else
            act(o, &steps->list[i], i);
        if (rc != TH_OK)
            return rc;
    }
    if (steps->count < known)
        return th_fail(err, TH_NONDETERMINISM,
                       "the orchestrator had taken %zu steps, and takes %zu when it is replayed%s",
                       known, steps->count,
                       o->rewound ? "; after a rewind: it had gone on after a failure that the "
                                    "rewind took back"
                                  : "");
    recount_waits(o, steps);
    return TH_OK;
}
