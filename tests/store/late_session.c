/*
 * late_session.c - the history as the late executor believes it to be, and scripts run over it.
 */
#include "late_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "late_script.h"

enum { MEMO = 200, MOST_STEPS = 64 };

/* ---- sessions -------------------------------------------------------------------------------- */

typedef struct part {
    th_event *events;
    size_t count;
    const char *memo;
} part;

struct late_session {
    th_arena *arena;
    part *parts;
    size_t count, cap;
};

void late_session_free(late_session *s)
{
    if (!s)
        return;
    free(s->parts);
    th_arena_free(s->arena);
    free(s);
}

static part *add_part(late_session *s, const th_event *events, size_t count, size_t room)
{
    if (s->count == s->cap) {
        s->cap = s->cap * 2 + 4;
        s->parts = th_realloc(s->parts, s->cap * sizeof *s->parts);
    }
    part *p = &s->parts[s->count++];
    *p = (part){ .events = th_new(s->arena, th_event, count + room + 1), .count = count };
    for (size_t i = 0; i < count; i++)
        p->events[i] = th_event_copy(s->arena, &events[i]);
    return p;
}

late_session *late_session_new(const th_orch_item *item)
{
    late_session *s = th_malloc(sizeof *s);

    s->arena = th_arena_new(0);
    for (size_t i = 0; i < item->past_count; i++)
        add_part(s, item->past[i].events, item->past[i].count, 0);
    if (s->count)
        s->parts[s->count - 1].memo = th_strdup(s->arena, item->memo);
    return s;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool late_session_go_back(late_session *s, const char *memo)
{
    size_t n = s->count;

    while (n > 0 && !same(s->parts[n - 1].memo, memo))
        n--;
    if (n == 0 && memo)
        return false;
    s->count = n;
    return true;
}

/* ---- an episode ------------------------------------------------------------------------------ */

static void keep_carry(late_orch *o, const th_event *e)
{
    if (o->completion.status != TH_CONTINUED_AS_NEW || e->kind != TH_EventRaised)
        return;
    if (!o->carry)
        o->carry = th_new(o->arena, th_event, MOST_STEPS);
    o->carry[o->completion.carry_count++] = *e;
    o->completion.carry = o->carry;
}

static void feed(late_orch *o, late_script *script, const th_event *e)
{
    if (e->kind == TH_OrchestratorStarted)
        o->now_us = e->t_us;
    if (e->kind == TH_ExecutionStarted)
        o->input = e->payload;
    if (o->completion.done)
        keep_carry(o, e);
    else if (th_kind_is_consumed((int)e->kind))
        script(o, e);
}

/* The engine's own episodes are none of a script's business. */
static bool is_own(const part *p)
{
    return p->count > 0 && p->events[0].kind == TH_OrchestratorStarted;
}

static void run_part(late_orch *o, late_script *script, const part *p)
{
    size_t consumed = 0;

    while (consumed < p->count && th_kind_is_consumed((int)p->events[consumed].kind))
        consumed++;
    if (!is_own(p))
        return;
    o->next_seq = p->events[0].seq + (int32_t)consumed;
    for (size_t i = 0; i < consumed; i++)
        feed(o, script, &p->events[i]);
}

static const char *memo_of(const late_orch *o, unsigned n)
{
    char *memo = th_alloc(o->arena, MEMO);

    if (o->awaits)
        snprintf(memo, MEMO, "{\"waits\":[\"%s\"],\"late\":%u}", o->awaits, n);
    else
        snprintf(memo, MEMO, "{\"late\":%u}", n);
    return memo;
}

static void keep_produced(late_session *s, part *p, const late_orch *o, const char *memo)
{
    for (size_t i = 0; i < o->action_count; i++)
        if (o->actions[i].kind != TH_ACT_CANCEL_TIMER)
            p->events[p->count++] = th_event_copy(s->arena, &o->actions[i].event);
    p->memo = th_strdup(s->arena, memo);
}

th_answer late_session_answer(late_session *s, const th_orch_item *item, late_script *script,
                              unsigned number, th_arena *arena)
{
    late_orch o = { .arena = arena, .replaying = true };
    part *fresh = add_part(s, item->fresh, item->fresh_count, MOST_STEPS);

    for (size_t i = 0; i + 1 < s->count; i++)
        run_part(&o, script, &s->parts[i]);
    o.replaying = false;
    o.status_op = TH_STATUS_LEAVE;
    run_part(&o, script, fresh);

    th_answer answer = { .token = item->token,
                         .kind = TH_ANSWER_DONE,
                         .actions = o.actions,
                         .action_count = o.action_count,
                         .status_op = o.status_op,
                         .custom_status = o.custom_status,
                         .completion = o.completion,
                         .memo = memo_of(&o, number) };
    keep_produced(s, fresh, &o, answer.memo);
    return answer;
}

/* ---- answers that outlive their session ------------------------------------------------------ */

static void copy_carry(th_arena *arena, th_answer *a)
{
    th_event *carry = th_new(arena, th_event, a->completion.carry_count + 1);

    for (size_t i = 0; i < a->completion.carry_count; i++)
        carry[i] = th_event_copy(arena, &a->completion.carry[i]);
    a->completion.carry = carry;
}

void late_answer_own(th_arena *arena, th_answer *a)
{
    th_completion *c = &a->completion;

    for (size_t i = 0; i < a->action_count; i++)
        ((th_action *)(uintptr_t)a->actions)[i].event = th_event_copy(arena, &a->actions[i].event);
    a->custom_status = th_strdup(arena, a->custom_status);
    c->result = th_strdup(arena, c->result);
    c->failure = th_strdup(arena, c->failure);
    c->new_input = th_strdup(arena, c->new_input);
    copy_carry(arena, a);
}
