/*
 * late_script.c - steps of a scripted orchestration; while it is replayed they only count.
 */
#include "late_script.h"

#include "base/clock.h"
#include "base/ids.h"

enum { MOST_ACTIONS = 64 };

static th_action *add(late_orch *o, th_action_kind kind, th_kind event)
{
    static _Thread_local th_action ignored;
    th_action *a = &ignored;

    if (!o->replaying) {
        if (!o->actions)
            o->actions = th_new(o->arena, th_action, MOST_ACTIONS);
        a = &o->actions[o->action_count++];
    }
    *a = (th_action){ .kind = kind, .event = th_event_of(event) };
    return a;
}

static int32_t number(late_orch *o, th_action *a)
{
    a->event.id = o->next_id++;
    a->event.seq = o->next_seq++;
    return a->event.seq;
}

int32_t late_task(late_orch *o, const char *name, const char *input)
{
    th_action *a = add(o, TH_ACT_TASK, TH_TaskScheduled);

    a->event.name = name;
    a->event.payload = input;
    return number(o, a);
}

int32_t late_timer(late_orch *o, int64_t delay_us)
{
    th_action *a = add(o, TH_ACT_TIMER, TH_TimerCreated);
    char *fire_at = th_alloc(o->arena, TH_ISO_SIZE);

    a->due_us = o->now_us + delay_us;
    th_iso_format(fire_at, a->due_us, 6);
    a->event.fire_at = fire_at;
    return number(o, a);
}

void late_cancel(late_orch *o, int32_t seq)
{
    th_action *a = add(o, TH_ACT_CANCEL_TIMER, TH_KIND_NONE);

    a->cancel_ref = seq;
}

void late_status(late_orch *o, const char *json)
{
    o->status_op = json ? TH_STATUS_SET : TH_STATUS_CLEAR;
    o->custom_status = json;
}

static void complete(late_orch *o, th_status status)
{
    o->completion = (th_completion){ .done = true, .status = status, .id = TH_NONE };
}

void late_complete(late_orch *o, const char *result)
{
    complete(o, TH_COMPLETED);
    o->completion.result = result;
}

void late_fail(late_orch *o, const char *failure)
{
    complete(o, TH_FAILED);
    o->completion.failure = failure;
}

void late_continue(late_orch *o, const char *input)
{
    complete(o, TH_CONTINUED_AS_NEW);
    o->completion.new_input = input;
}
