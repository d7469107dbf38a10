/*
 * worker_entity.c - operations of entities as workers get and answer them.
 */
#include <string.h>

#include "base/entity_id.h"
#include "grpc/workers_int.h"

/* ---- out ---------------------------------------------------------------------------------------
 */

static HistoryEvent *request_of(th_arena *arena, const th_entity_op *op)
{
    th__pb_origin origin = { 0 };
    th_event e = th_event_of(op->is_signal ? TH_EntityOperationSignaled : TH_EntityOperationCalled);

    e.request_id = op->request_id;
    e.operation = op->name;
    e.payload = op->input;
    e.parent_instance_id = op->parent_instance_id;
    return th__pb_event(arena, &e, &origin);
}

void th__run_entity(void *self, const th_entity_item *given)
{
    th_workers *w = self;
    th_arena *arena = th_arena_new(0);
    th__work *item =
        th__work_new(TH_ITEM_ENTITY, given->token, given->entity_id, given->name, NULL);
    WorkItem work = WORK_ITEM__INIT;
    EntityRequest request = ENTITY_REQUEST__INIT;

    item->state = th_mstrdup(given->state);
    item->op_count = given->op_count;
    th__work_name(w, item);
    request.instanceid = (char *)given->entity_id;
    request.entitystate = th__pb_text(arena, given->state);
    request.operationrequests = th_new(arena, HistoryEvent *, given->op_count + 1);
    for (size_t i = 0; i < given->op_count; i++)
        request.operationrequests[request.n_operationrequests++] =
            request_of(arena, &given->ops[i]);
    work.request_case = WORK_ITEM__REQUEST_ENTITY_REQUEST_V2;
    work.entityrequestv2 = &request;
    work.completiontoken = item->completion;
    th__work_pack(item, &work);
    th_arena_free(arena);
    th__workers_begin(w, item);
}

/* ---- in ----------------------------------------------------------------------------------------
 */

static const char no_result[] =
    "{\"type\":\"EntityFailed\",\"message\":\"the worker gave no result\"}";

/* A failure of the whole is one of each operation: none was executed. */
static void fail_all(const th__work *item, th_arena *arena, const TaskFailureDetails *failure,
                     th_entity_answer *answer)
{
    th_entity_result *results = th_new(arena, th_entity_result, item->op_count + 1);

    for (size_t i = 0; i < item->op_count; i++)
        results[i].failure = th__pb_failure_json(arena, failure);
    answer->results = results;
    answer->result_count = item->op_count;
    answer->state = th_strdup(arena, item->state);
}

static th_entity_result result_of(th_arena *arena, const OperationResult *r)
{
    switch (r->result_type_case) {
    case OPERATION_RESULT__RESULT_TYPE_SUCCESS:
        return (th_entity_result){ .output = th__pb_text_of(r->success->result) };
    case OPERATION_RESULT__RESULT_TYPE_FAILURE:
        return (th_entity_result){ .failure =
                                       r->failure->failuredetails
                                           ? th__pb_failure_json(arena, r->failure->failuredetails)
                                           : no_result };
    default:
        return (th_entity_result){ .failure = no_result };
    }
}

static bool read_signal(const SendSignalAction *a, th_entity_action *out)
{
    *out = (th_entity_action){ .kind = TH_ENTITY_SIGNALS,
                               .target = a->instanceid,
                               .name = a->name,
                               .input = th__pb_text_of(a->input) };
    return th__pb_time_us(a->scheduledtime, &out->due_us);
}

static bool read_start(th_arena *arena, const StartNewOrchestrationAction *a, th_entity_action *out)
{
    *out = (th_entity_action){ .kind = TH_ENTITY_STARTS,
                               .target = *a->instanceid ? a->instanceid : NULL,
                               .name = a->name,
                               .input = th__pb_text_of(a->input),
                               .version = th__pb_text_of(a->version),
                               .trace = th__pb_trace_json(arena, a->parenttracecontext) };
    return *a->name && (!out->target || !th_instance_id_problem(out->target)) &&
           th__pb_time_us(a->scheduledtime, &out->due_us);
}

/* An action that can't be carried out is left out: whoever asked for it waits for nothing. */
static bool read_action(th_arena *arena, const OperationAction *a, th_entity_action *out)
{
    const char *name, *key;

    switch (a->operation_action_type_case) {
    case OPERATION_ACTION__OPERATION_ACTION_TYPE_SEND_SIGNAL:
        return read_signal(a->sendsignal, out) &&
               th_entity_id_split(arena, a->sendsignal->instanceid, &name, &key) &&
               (out->target = th_entity_id_make(arena, name, key)) != NULL;
    case OPERATION_ACTION__OPERATION_ACTION_TYPE_START_NEW_ORCHESTRATION:
        return read_start(arena, a->startneworchestration, out);
    default:
        return false;
    }
}

void th__entity_answer(const th__work *item, th_arena *arena, const EntityBatchResult *result,
                       th_entity_answer *answer)
{
    *answer = (th_entity_answer){ .token = item->token, .kind = TH_ANSWER_DONE };
    if (result->failuredetails && result->n_results == 0) {
        fail_all(item, arena, result->failuredetails, answer);
        return;
    }
    size_t n = result->n_results < item->op_count ? result->n_results : item->op_count;
    th_entity_result *results = th_new(arena, th_entity_result, n + 1);
    th_entity_action *actions = th_new(arena, th_entity_action, result->n_actions + 1);
    for (size_t i = 0; i < n; i++)
        results[i] = result_of(arena, result->results[i]);
    for (size_t i = 0; i < result->n_actions; i++)
        if (read_action(arena, result->actions[i], &actions[answer->action_count]))
            answer->action_count++;
    answer->results = results;
    answer->result_count = n;
    answer->actions = actions;
    if (result->entitystate && *result->entitystate->value)
        answer->state = result->entitystate->value;
}
