/*
 * context_entity.c - entities as an orchestrator uses them: call, signal, lock. All of it runs on
 * its own small stack.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/entity_id.h"
#include "base/json.h"
#include "base/log.h"
#include "runtime/runtime_int.h"

enum { OPERATION_MAX = 256, MOST_LOCKS = 1000 };

/* The critical section that an orchestrator is in. */
struct th__section {
    const char *id;
    const char **targets; /* sorted, each once */
    th_task **calls;      /* the last one to each */
    size_t count;
};

const char *th__operation_problem(const char *name, const char *key, const char *operation)
{
    const char *problem = th_entity_id_problem(name, key);

    if (problem)
        return problem;
    if (!operation)
        return "operation must not be NULL";
    if (strlen(operation) > OPERATION_MAX)
        return "operation must not be longer than 256 bytes";
    return th_utf8_valid(operation, strlen(operation)) ? NULL : "operation must be valid UTF-8";
}

static size_t place_of(const th__section *s, const char *target)
{
    size_t i = 0;

    while (s && i < s->count && strcmp(s->targets[i], target) != 0)
        i++;
    return i;
}

static bool has_locked(const th_orch *o, const char *target)
{
    return o->section && place_of(o->section, target) < o->section->count;
}

/* ---- operations ------------------------------------------------------------------------------ */

static th_action operation(th_orch *o, th_kind kind, const char *name, const char *key,
                           const char *op, const char *input, const char *caller)
{
    th_action action = { .kind = TH_ACT_ENTITY, .event = th_event_of(kind) };
    const char *problem = th__operation_problem(name, key, op);

    th__may_step(o, caller);
    if (problem)
        th__session_misuse(o, "%s: the %s", caller, problem);
    action.event.target = th_entity_id_make(o->scope.arena, name, key);
    action.event.operation = th_strdup(o->scope.arena, op);
    action.event.payload = th__copy_json(o, input, caller);
    action.event.request_id = th_new_guid(o);
    return action;
}

static void check_call(th_orch *o, const char *target, const char *caller)
{
    th__section *s = o->section;
    size_t i = place_of(s, target);

    if (!s)
        return;
    if (i == s->count)
        th__session_misuse(o, "%s: in a critical section only its entities can be called, not %s",
                           caller, target);
    if (s->calls[i] && !s->calls[i]->done)
        th__session_misuse(
            o,
            "%s: a call to %s has not returned yet; in a critical section one at a time is allowed",
            caller, target);
}

static th_task *call(th_orch *o, const char *name, const char *key, const char *op,
                     const char *input, const char *caller)
{
    th_action action = operation(o, TH_EntityOperationCalled, name, key, op, input, caller);

    check_call(o, action.event.target, caller);
    th_task *task = th__task_new(o, TH__TASK_ACTIVITY);
    if (o->section)
        o->section->calls[place_of(o->section, action.event.target)] = task;
    th__session_act(o, &action, task, false);
    return task;
}

th_task *th_schedule_entity_call(th_orch *o, const char *name, const char *key, const char *op,
                                 const char *input)
{
    return call(o, name, key, op, input, "th_schedule_entity_call");
}

const char *th_call_entity(th_orch *o, const char *name, const char *key, const char *op,
                           const char *input)
{
    return th_await(o, call(o, name, key, op, input, "th_call_entity"));
}

static void signal_at(th_orch *o, const char *name, const char *key, const char *op,
                      const char *input, int64_t at, const char *caller)
{
    th_action action = operation(o, TH_EntityOperationSignaled, name, key, op, input, caller);
    char text[TH_ISO_SIZE];

    if (has_locked(o, action.event.target))
        th__session_misuse(o, "%s: in a critical section its entities can be called, not signalled",
                           caller);
    if (at > TH__LAST_TIME)
        th__session_misuse(o, "%s: the time is beyond the year 9999", caller);
    if (at > 0) {
        th_iso_format(text, at, 6);
        action.event.scheduled_time = th_strdup(o->scope.arena, text);
        action.due_us = at;
    }
    th__session_act(o, &action, NULL, false);
}

static void signal_from(void *ctx, const char *name, const char *key, const char *op,
                        const char *input, int64_t at, const char *caller)
{
    th__scope *scope = ctx;

    if (scope && scope->kind == TH__ORCH)
        signal_at(ctx, name, key, op, input, at, caller);
    else if (scope && scope->kind == TH__ENTITY)
        th__entity_signal(ctx, name, key, op, input, at, caller);
    else {
        th_log(
            TH_LOG_ERROR, TH_EV_APP_LOG, NULL,
            "%s was called with a context that is neither an orchestrator nor an entity; aborting",
            caller);
        abort();
    }
}

void th_signal_entity(void *ctx, const char *name, const char *key, const char *op,
                      const char *input)
{
    signal_from(ctx, name, key, op, input, 0, "th_signal_entity");
}

void th_signal_entity_at(void *ctx, const char *name, const char *key, const char *op,
                         const char *input, int64_t at)
{
    signal_from(ctx, name, key, op, input, at, "th_signal_entity_at");
}

/* ---- critical sections ----------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_entities(th_orch *o, const th_entity_id *entities, size_t n)
{
    if (n > 0 && !entities)
        th__session_misuse(o, "th_lock_entities: the entities are NULL");
    if (n > MOST_LOCKS)
        th__session_misuse(o, "th_lock_entities: %zu entities are more than %d", n, MOST_LOCKS);
    for (size_t i = 0; i < n; i++) {
        const char *problem = th_entity_id_problem(entities[i].name, entities[i].key);
        if (problem)
            th__session_misuse(o, "th_lock_entities: the %s", problem);
    }
}

/* In the one order for all, each once. */
static th__section *section_of(th_orch *o, const th_entity_id *entities, size_t n)
{
    th_arena *arena = o->scope.arena;
    th__section *s = th_new(arena, th__section, 1);

    s->targets = th_new(arena, const char *, n);
    s->calls = th_new(arena, th_task *, n);
    for (size_t i = 0; i < n; i++)
        s->targets[i] = th_entity_id_make(arena, entities[i].name, entities[i].key);
    qsort(s->targets, n, sizeof *s->targets, by_text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(s->targets[i], s->targets[s->count - 1]) != 0)
            s->targets[s->count++] = s->targets[i];
    s->id = th_new_guid(o);
    return s;
}

static const char *lock_set(th_orch *o, const th__section *s)
{
    th_buf out = TH_BUF_INIT;

    for (size_t i = 0; i < s->count; i++) {
        th_buf_chr(&out, i ? ',' : '[');
        th_buf_json_str(&out, s->targets[i]);
    }
    th_buf_chr(&out, ']');
    const char *text = th_strdup(o->scope.arena, out.data);
    th_buf_free(&out);
    return text;
}

void th_lock_entities(th_orch *o, const th_entity_id *entities, size_t n)
{
    th_action action = { .kind = TH_ACT_ENTITY, .event = th_event_of(TH_EntityLockRequested) };

    th__may_step(o, "th_lock_entities");
    if (o->section)
        th__session_misuse(o,
                           "th_lock_entities: the orchestrator is in a critical section already");
    check_entities(o, entities, n);
    if (n == 0)
        return;
    th__section *s = section_of(o, entities, n);
    action.event.critical_section_id = s->id;
    action.event.lock_set = lock_set(o, s);
    action.event.position = 0;
    th_task *task = th__task_new(o, TH__TASK_ACTIVITY);
    th__session_act(o, &action, task, false);
    th_await(o, task);
    o->section = s;
}

void th_unlock(th_orch *o)
{
    th__may_step(o, "th_unlock");
    th__section *s = o->section;

    o->section = NULL;
    for (size_t i = 0; s && i < s->count; i++) {
        th_action action = { .kind = TH_ACT_ENTITY, .event = th_event_of(TH_EntityUnlockSent) };
        action.event.critical_section_id = s->id;
        action.event.target = s->targets[i];
        th__session_act(o, &action, NULL, false);
    }
}
