/*
 * fake_engine.h - an engine of a hundred lines for tests of the runtime room.
 *
 * It keeps one instance's history in memory and gives the executor items as the engine would. With
 * cold set, the session is dropped before each episode, so that everything is replayed each time.
 * Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_FAKE_ENGINE_H
#define TH_TESTS_UNIT_FAKE_ENGINE_H

#include <taskhub.h>

#include "base/arena.h"
#include "base/log.h"
#include "engine/executor.h"
#include "runtime/native.h"

#define T0 INT64_C(1790000000000000) /* when its clock starts; a second passes an episode */

struct th_engine {
    th_native *native;
    const th_executor *executor;
    th_arena *arena;
    bool cold;
    void *session;
    const char *name;
    int64_t now;

    th_past_episode *past;
    size_t past_count;
    int32_t next_seq;

    th_event fresh[64]; /* messages for the next episode; [0] is OrchestratorStarted */
    size_t fresh_count;
    th_event *more; /* instead of fresh, if there are many */
    size_t more_count;

    /* the last answer; texts live in arena */
    int answers;
    th_answer answer;
    th_action *actions;
};

typedef struct th_engine fake;

static const char *copy(fake *f, const char *s)
{
    return th_strdup(f->arena, s);
}

static th_event copy_event(fake *f, const th_event *e)
{
    return th_event_copy(f->arena, e);
}

/* Apps of these tests have no entities of their own. */
void th_engine_entity_answered(th_engine *f, const th_entity_answer *answer)
{
    (void)f;
    CHECK(!answer);
}

void th_engine_orch_answered(th_engine *f, const th_answer *answer)
{
    f->answers++;
    f->answer = *answer;
    f->answer.custom_status = copy(f, answer->custom_status);
    f->answer.failure = copy(f, answer->failure);
    f->answer.completion.result = copy(f, answer->completion.result);
    f->answer.completion.failure = copy(f, answer->completion.failure);
    f->answer.completion.new_input = copy(f, answer->completion.new_input);
    f->actions = th_new(f->arena, th_action, answer->action_count);
    for (size_t i = 0; i < answer->action_count; i++) {
        f->actions[i] = answer->actions[i];
        f->actions[i].event = copy_event(f, &answer->actions[i].event);
    }
    f->answer.actions = f->actions;

    th_event *carry = th_new(f->arena, th_event, answer->completion.carry_count);
    for (size_t i = 0; i < answer->completion.carry_count; i++)
        carry[i] = copy_event(f, &answer->completion.carry[i]);
    f->answer.completion.carry = carry;
}

__attribute__((unused)) static fake *fake_new(th_native_entry *entry)
{
    fake *f = calloc(1, sizeof *f);
    th_error err = { 0 };

    th_log_setup(TH_LOG_WARN, TH_LOG_TEXT);
    f->arena = th_arena_new(0);
    f->now = T0;
    f->native = th_native_new(1);
    th_native_attach(f->native, f);
    f->executor = th_native_executor(f->native);
    f->fresh_count = 1;
    if (!CHECK_INT(th_native_add(f->native, "app", entry, &err), TH_OK))
        puts(err.text);
    return f;
}

static void fake_drop(fake *f)
{
    if (f->session)
        f->executor->drop(f->executor->self, f->session);
    f->session = NULL;
}

__attribute__((unused)) static void fake_free(fake *f)
{
    fake_drop(f);
    th_native_free(f->native);
    free(f->past);
    th_arena_free(f->arena);
    free(f);
}

/* ---- messages ------------------------------------------------------------------------------- */

static th_event *message(fake *f, th_kind kind)
{
    th_event *e = &f->fresh[f->fresh_count++];

    *e = th_event_of(kind);
    e->t_us = f->now;
    return e;
}

__attribute__((unused)) static void given_start(fake *f, const char *name, const char *input)
{
    th_event *e = message(f, TH_ExecutionStarted);

    f->name = e->name = name;
    e->payload = input;
}

__attribute__((unused)) static void given_result(fake *f, int32_t ref, const char *result)
{
    th_event *e = message(f, TH_TaskCompleted);

    e->ref = ref;
    e->payload = result;
}

__attribute__((unused)) static void given_failure(fake *f, int32_t ref, const char *failure)
{
    th_event *e = message(f, TH_TaskFailed);

    e->ref = ref;
    e->failure = failure;
}

__attribute__((unused)) static void given_fired(fake *f, int32_t ref)
{
    message(f, TH_TimerFired)->ref = ref;
}

__attribute__((unused)) static void given_raised(fake *f, const char *name, const char *payload)
{
    th_event *e = message(f, TH_EventRaised);

    e->name = name;
    e->payload = payload;
}

/* ---- episodes ------------------------------------------------------------------------------- */

static void remember(fake *f, const th_event *consumed, size_t n)
{
    th_event *all = th_new(f->arena, th_event, n + f->answer.action_count + 1);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        all[count++] = consumed[i];
    for (size_t i = 0; i < f->answer.action_count; i++)
        if (f->actions[i].kind != TH_ACT_CANCEL_TIMER && f->actions[i].kind != TH_ACT_CANCEL_TASK)
            all[count++] = f->actions[i].event;
    for (size_t i = n; i < count; i++)
        if (!CHECK_INT(all[i].seq, f->next_seq + (int32_t)i))
            break;
    if (f->answer.completion.done) {
        all[count] = th_event_of(TH_ExecutionCompleted);
        all[count].seq = f->next_seq + (int32_t)count;
        count++;
    }
    f->next_seq += (int32_t)count;
    f->past = realloc(f->past, (f->past_count + 1) * sizeof *f->past);
    f->past[f->past_count++] = (th_past_episode){ all, count };
}

/* Runs what was given; a second passes. True: answered as done, and then it is history. */
__attribute__((unused)) static bool run(fake *f)
{
    th_event *fresh = f->more ? f->more : f->fresh;
    size_t n = f->more ? f->more_count : f->fresh_count;
    th_orch_item item = { .token = { 0, 7 }, .instance_id = "i1", .execution_id = "e1" };

    if (f->cold)
        fake_drop(f);
    f->now += TH_SECOND;
    fresh[0] = th_event_of(TH_OrchestratorStarted);
    fresh[0].t_us = f->now;
    for (size_t i = 0; i < n; i++)
        fresh[i].seq = f->next_seq + (int32_t)i;
    item.name = f->name;
    item.session = &f->session;
    item.past = f->session ? NULL : f->past;
    item.past_count = f->session ? 0 : f->past_count;
    item.fresh = fresh;
    item.fresh_count = n;
    item.next_seq = f->next_seq + (int32_t)n;

    int before = f->answers;
    f->executor->run_orchestrator(f->executor->self, &item);
    CHECK_INT(f->answers, before + 1);
    bool done = f->answer.kind == TH_ANSWER_DONE;
    if (done)
        remember(f, fresh, n);
    f->fresh_count = 1;
    return done;
}

/* The n-th event of a kind in history, from 0. Aborts if there is none. */
__attribute__((unused)) static th_event *past_event(fake *f, th_kind kind, int n)
{
    for (size_t i = 0; i < f->past_count; i++)
        for (size_t k = 0; k < f->past[i].count; k++)
            if (f->past[i].events[k].kind == kind && n-- == 0)
                return (th_event *)(uintptr_t)&f->past[i].events[k];
    printf("no such event in history\n");
    abort();
}

__attribute__((unused)) static int32_t seq_of(fake *f, th_kind kind, int n)
{
    return past_event(f, kind, n)->seq;
}

#endif
