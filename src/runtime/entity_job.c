/*
 * entity_job.c - operations of an entity, and what taskhub.h offers to them.
 *
 * A failed operation leaves nothing behind: state and actions go back to where they stood before
 * it.
 */
#include "runtime/entity_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/entity_id.h"
#include "base/ids.h"
#include "base/log.h"
#include "runtime/names.h"
#include "runtime/runtime_int.h"

#define LONG_ENOUGH TH_SECOND /* what is done by then is committed; the rest comes again */

typedef struct job {
    th__job job;     /* first */
    th_arena *arena; /* holds what follows */
    th_entity_item item;
    th_entity_fn *fn;
    const char *default_version; /* of orchestrations that it starts */
} job;

struct th_entity {
    th__scope scope; /* first */
    const th_entity_item *item;
    const th_entity_op *op;
    const char *default_version;
    const char *state;  /* NULL: none */
    const char *misuse; /* failure of the operation, whatever its function returns */
    th_entity_action *actions;
    size_t action_count, action_cap;
};

/* ---- the job -------------------------------------------------------------------------------- */

static const th_entity_op *copy_ops(th_arena *arena, const th_entity_item *item)
{
    th_entity_op *ops = th_new(arena, th_entity_op, item->op_count + 1);

    for (size_t i = 0; i < item->op_count; i++) {
        ops[i] = item->ops[i];
        ops[i].request_id = th_strdup(arena, ops[i].request_id);
        ops[i].name = th_strdup(arena, ops[i].name);
        ops[i].input = th_strdup(arena, ops[i].input);
        ops[i].parent_instance_id = th_strdup(arena, ops[i].parent_instance_id);
    }
    return ops;
}

th__job *th__entity_job(const th_entity_item *item, th_entity_fn *fn, const char *default_version)
{
    job *j = th_malloc(sizeof *j);

    j->job.number = item->token.number;
    j->job.is_entity = true;
    j->default_version = default_version;
    j->arena = th_arena_new(0);
    j->item = *item;
    j->item.entity_id = th_strdup(j->arena, item->entity_id);
    j->item.name = th_strdup(j->arena, item->name);
    j->item.key = th_strdup(j->arena, item->key);
    j->item.state = th_strdup(j->arena, item->state);
    j->item.ops = copy_ops(j->arena, item);
    j->fn = fn;
    return &j->job;
}

void th__entity_job_clear(th__job *th_job)
{
    job *j = (job *)th_job;

    th_arena_free(j->arena);
    j->arena = NULL;
}

th_token th__entity_token(const th__job *j)
{
    return ((const job *)j)->item.token;
}

/* The state before an operation, to go back to. */
typedef struct before {
    const char *state;
    size_t action_count;
} before;

static const char *result_problem(th_entity *e, const char *result)
{
    const char *problem = result ? th__json_problem(e->scope.arena, result) : NULL;

    if (!problem)
        return NULL;
    return th__failure(e->scope.arena, "ApiMisuse",
                       th_sprintf(e->scope.arena, "the result of operation '%s' is not JSON: %s",
                                  e->op->name, problem),
                       false);
}

static th_entity_result run_one(th_entity *e, th_entity_fn *fn)
{
    before was = { e->state, e->action_count };
    th_entity_result result = { 0 };

    e->scope.input = e->op->input;
    e->scope.failure = e->misuse = NULL;
    const char *output = fn(e);

    result.failure = e->misuse ? e->misuse : e->scope.failure;
    if (!result.failure)
        result.failure = result_problem(e, output);
    if (!result.failure) {
        result.output = th_strdup(e->scope.arena, output);
        return result;
    }
    e->state = was.state;
    e->action_count = was.action_count;
    return result;
}

void th__entity_run(th_engine *engine, th__job *th_job, th_arena *arena)
{
    job *j = (job *)th_job;
    const th_entity_item *item = &j->item;
    th_entity e = { .scope = { .kind = TH__ENTITY, .arena = arena },
                    .default_version = j->default_version,
                    .item = item,
                    .state = item->state };
    th_entity_result *results = th_new(arena, th_entity_result, item->op_count + 1);
    int64_t until = th_mono_us() + LONG_ENOUGH;
    size_t n = 0;

    e.scope.instance_id = item->entity_id;
    while (n < item->op_count && (n == 0 || th_mono_us() < until)) {
        e.op = &item->ops[n];
        results[n++] = run_one(&e, j->fn);
    }
    th_entity_answer answer = { .token = item->token,
                                .kind = TH_ANSWER_DONE,
                                .results = results,
                                .result_count = n,
                                .state = e.state,
                                .actions = e.actions,
                                .action_count = e.action_count };
    th_engine_entity_answered(engine, &answer);
    free(e.actions);
}

/* ---- for the operation ---------------------------------------------------------------------- */

static th_entity *checked(const th_entity *e, const char *caller)
{
    if (e && e->scope.kind == TH__ENTITY)
        return (th_entity *)(uintptr_t)e;
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, NULL,
           "%s was called with something that is not an entity's operation; aborting", caller);
    abort();
}

void th__entity_misuse(th_entity *e, const char *fmt, ...)
{
    va_list args;

    if (e->misuse)
        return;
    va_start(args, fmt);
    const char *text = th__vtext(e->scope.arena, fmt, args);
    va_end(args);
    e->misuse = th__failure(e->scope.arena, "ApiMisuse", text, false);
}

const char *th_operation(const th_entity *e)
{
    return checked(e, "th_operation")->op->name;
}

const char *th_entity_key(const th_entity *e)
{
    return checked(e, "th_entity_key")->item->key;
}

const char *th_state(const th_entity *e)
{
    const char *state = checked(e, "th_state")->state;

    return state ? state : "null";
}

bool th_has_state(const th_entity *e)
{
    return checked(e, "th_has_state")->state != NULL;
}

/* The text in the operation's arena; false: it is not JSON, and the operation fails for it. */
static bool copy_json(th_entity *e, const char *text, const char *caller, const char **out)
{
    const char *problem = text ? th__json_problem(e->scope.arena, text) : NULL;

    if (problem)
        th__entity_misuse(e, "%s: the text is not JSON (th_quote makes a string): %s", caller,
                          problem);
    else
        *out = th_strdup(e->scope.arena, text);
    return !problem;
}

void th_set_state(th_entity *e, const char *json)
{
    checked(e, "th_set_state");
    copy_json(e, json, "th_set_state", &e->state);
}

void th_delete_state(th_entity *e)
{
    checked(e, "th_delete_state")->state = NULL;
}

static void push_action(th_entity *e, const th_entity_action *action)
{
    if (e->action_count >= TH__MOST_ACTIONS) {
        th__entity_misuse(e, "more than %d signals and starts in one go", TH__MOST_ACTIONS);
        return;
    }
    if (e->action_count == e->action_cap) {
        e->action_cap = e->action_cap ? e->action_cap * 2 : 8;
        e->actions = th_realloc(e->actions, e->action_cap * sizeof *e->actions);
    }
    e->actions[e->action_count++] = *action;
}

void th__entity_signal(th_entity *e, const char *name, const char *key, const char *operation,
                       const char *input, int64_t at, const char *caller)
{
    th_entity_action action = { .kind = TH_ENTITY_SIGNALS, .due_us = at };
    const char *problem = th__operation_problem(name, key, operation);

    if (problem) {
        th__entity_misuse(e, "%s: the %s", caller, problem);
        return;
    }
    if (!copy_json(e, input, caller, &action.input))
        return;
    action.target = th_entity_id_make(e->scope.arena, name, key);
    action.name = th_strdup(e->scope.arena, operation);
    push_action(e, &action);
}

static const char *new_id(th_arena *arena)
{
    th_uuid id = th_uuid_random();
    char text[TH_UUID_TEXT];

    th_uuid_text(&id, text);
    return th_strdup(arena, text);
}

const char *th_start_orchestrator(th_entity *e, const char *name, const char *input,
                                  const char *instance_id)
{
    th_entity_action action = { .kind = TH_ENTITY_STARTS };
    const char *problem = th__name_problem(name);

    checked(e, "th_start_orchestrator");
    if (problem)
        th__entity_misuse(e, "th_start_orchestrator: the name %s", problem);
    else if (instance_id && (problem = th_instance_id_problem(instance_id)))
        th__entity_misuse(e, "th_start_orchestrator: the instance id %s", problem);
    if (problem || !copy_json(e, input, "th_start_orchestrator", &action.input))
        return "";
    action.name = th_strdup(e->scope.arena, name);
    action.version = e->default_version;
    action.target = instance_id ? th_strdup(e->scope.arena, instance_id) : new_id(e->scope.arena);
    push_action(e, &action);
    return action.target;
}
