/* convert_event.c - events of a history as the wire has them. */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "grpc/convert.h"

static char *or_empty(const char *text)
{
    return (char *)(text ? text : "");
}

static int32_t number(int32_t n)
{
    return n == TH_NONE ? 0 : n;
}

static OrchestrationInstance *instance(th_arena *arena, const char *id, const char *execution_id)
{
    OrchestrationInstance *of = TH__PB_NEW(arena, OrchestrationInstance, orchestration_instance);

    of->instanceid = or_empty(id);
    of->executionid = th__pb_text(arena, execution_id);
    return of;
}

static const char *member(th_arena *arena, const json_t *object, const char *key)
{
    return th_strdup(arena, json_string_value(json_object_get(object, key)));
}

static ParentInstanceInfo *parent(th_arena *arena, const char *json)
{
    json_t *root = NULL;

    if (!json || th_json_parse(json, strlen(json), 0, &root, NULL) != TH_OK)
        return NULL;
    ParentInstanceInfo *info = TH__PB_NEW(arena, ParentInstanceInfo, parent_instance_info);
    info->taskscheduledid = (int32_t)json_integer_value(json_object_get(root, "id"));
    info->name = th__pb_text(arena, member(arena, root, "name"));
    info->version = th__pb_text(arena, member(arena, root, "version"));
    info->orchestrationinstance =
        instance(arena, member(arena, root, "instanceId"), member(arena, root, "executionId"));
    json_decref(root);
    return info;
}

/* ---- each kind: the message that stands in the event -------------------------------------------
 */

static void *started(th_arena *arena, const th_event *e, const th__pb_origin *origin)
{
    ExecutionStartedEvent *m = TH__PB_NEW(arena, ExecutionStartedEvent, execution_started_event);

    m->name = or_empty(e->name);
    m->version = th__pb_text(arena, e->version);
    m->input = th__pb_text(arena, e->payload);
    m->orchestrationinstance = instance(arena, origin->instance_id, origin->execution_id);
    m->parentinstance = parent(arena, e->parent);
    m->scheduledstarttimestamp = th__pb_time_of_text(arena, e->scheduled_start);
    m->parenttracecontext = th__pb_trace(arena, e->trace);
    m->tags =
        th__pb_tags(arena, e->tags, &execution_started_event__tags_entry__descriptor, &m->n_tags);
    return m;
}

static void *completed(th_arena *arena, const th_event *e)
{
    ExecutionCompletedEvent *m =
        TH__PB_NEW(arena, ExecutionCompletedEvent, execution_completed_event);

    m->orchestrationstatus = (OrchestrationStatus)number(e->status);
    m->result = th__pb_text(arena, e->payload);
    m->failuredetails = th__pb_failure(arena, e->failure);
    return m;
}

static void *terminated(th_arena *arena, const th_event *e)
{
    ExecutionTerminatedEvent *m =
        TH__PB_NEW(arena, ExecutionTerminatedEvent, execution_terminated_event);

    m->input = th__pb_text(arena, e->payload);
    m->recurse = e->recurse == 1;
    return m;
}

static void *rewound(th_arena *arena, const th_event *e)
{
    ExecutionRewoundEvent *m = TH__PB_NEW(arena, ExecutionRewoundEvent, execution_rewound_event);

    m->reason = th__pb_text(arena, e->payload);
    m->parentexecutionid = th__pb_text(arena, e->parent_execution_id);
    m->instanceid = th__pb_text(arena, e->instance_id);
    m->parenttracecontext = th__pb_trace(arena, e->trace);
    return m;
}

static void *task_scheduled(th_arena *arena, const th_event *e)
{
    TaskScheduledEvent *m = TH__PB_NEW(arena, TaskScheduledEvent, task_scheduled_event);

    m->name = or_empty(e->name);
    m->version = th__pb_text(arena, e->version);
    m->input = th__pb_text(arena, e->payload);
    m->parenttracecontext = th__pb_trace(arena, e->trace);
    m->tags =
        th__pb_tags(arena, e->tags, &task_scheduled_event__tags_entry__descriptor, &m->n_tags);
    return m;
}

static void *task_completed(th_arena *arena, const th_event *e)
{
    TaskCompletedEvent *m = TH__PB_NEW(arena, TaskCompletedEvent, task_completed_event);

    m->taskscheduledid = number(e->task_id);
    m->result = th__pb_text(arena, e->payload);
    return m;
}

static void *task_failed(th_arena *arena, const th_event *e)
{
    TaskFailedEvent *m = TH__PB_NEW(arena, TaskFailedEvent, task_failed_event);

    m->taskscheduledid = number(e->task_id);
    m->failuredetails = th__pb_failure(arena, e->failure);
    return m;
}

static void *child_created(th_arena *arena, const th_event *e)
{
    SubOrchestrationInstanceCreatedEvent *m = TH__PB_NEW(
        arena, SubOrchestrationInstanceCreatedEvent, sub_orchestration_instance_created_event);

    m->instanceid = or_empty(e->instance_id);
    m->name = or_empty(e->name);
    m->version = th__pb_text(arena, e->version);
    m->input = th__pb_text(arena, e->payload);
    m->parenttracecontext = th__pb_trace(arena, e->trace);
    m->tags =
        th__pb_tags(arena, e->tags,
                    &sub_orchestration_instance_created_event__tags_entry__descriptor, &m->n_tags);
    return m;
}

static void *child_completed(th_arena *arena, const th_event *e)
{
    SubOrchestrationInstanceCompletedEvent *m = TH__PB_NEW(
        arena, SubOrchestrationInstanceCompletedEvent, sub_orchestration_instance_completed_event);

    m->taskscheduledid = number(e->task_id);
    m->result = th__pb_text(arena, e->payload);
    return m;
}

static void *child_failed(th_arena *arena, const th_event *e)
{
    SubOrchestrationInstanceFailedEvent *m = TH__PB_NEW(arena, SubOrchestrationInstanceFailedEvent,
                                                        sub_orchestration_instance_failed_event);

    m->taskscheduledid = number(e->task_id);
    m->failuredetails = th__pb_failure(arena, e->failure);
    return m;
}

static void *timer_created(th_arena *arena, const th_event *e)
{
    TimerCreatedEvent *m = TH__PB_NEW(arena, TimerCreatedEvent, timer_created_event);

    m->fireat = th__pb_time_of_text(arena, e->fire_at);
    return m;
}

static void *timer_fired(th_arena *arena, const th_event *e)
{
    TimerFiredEvent *m = TH__PB_NEW(arena, TimerFiredEvent, timer_fired_event);

    m->fireat = th__pb_time_of_text(arena, e->fire_at);
    m->timerid = number(e->task_id);
    return m;
}

static void *event_sent(th_arena *arena, const th_event *e)
{
    EventSentEvent *m = TH__PB_NEW(arena, EventSentEvent, event_sent_event);

    m->instanceid = or_empty(e->instance_id);
    m->name = or_empty(e->name);
    m->input = th__pb_text(arena, e->payload);
    return m;
}

static void *event_raised(th_arena *arena, const th_event *e)
{
    EventRaisedEvent *m = TH__PB_NEW(arena, EventRaisedEvent, event_raised_event);

    m->name = or_empty(e->name);
    m->input = th__pb_text(arena, e->payload);
    return m;
}

static void *suspended(th_arena *arena, const th_event *e)
{
    ExecutionSuspendedEvent *m =
        TH__PB_NEW(arena, ExecutionSuspendedEvent, execution_suspended_event);

    m->input = th__pb_text(arena, e->payload);
    return m;
}

static void *resumed(th_arena *arena, const th_event *e)
{
    ExecutionResumedEvent *m = TH__PB_NEW(arena, ExecutionResumedEvent, execution_resumed_event);

    m->input = th__pb_text(arena, e->payload);
    return m;
}

static void *signaled(th_arena *arena, const th_event *e)
{
    EntityOperationSignaledEvent *m =
        TH__PB_NEW(arena, EntityOperationSignaledEvent, entity_operation_signaled_event);

    m->requestid = or_empty(e->request_id);
    m->operation = or_empty(e->operation);
    m->scheduledtime = th__pb_time_of_text(arena, e->scheduled_time);
    m->input = th__pb_text(arena, e->payload);
    m->targetinstanceid = th__pb_text(arena, e->target);
    return m;
}

static void *called(th_arena *arena, const th_event *e)
{
    EntityOperationCalledEvent *m =
        TH__PB_NEW(arena, EntityOperationCalledEvent, entity_operation_called_event);

    m->requestid = or_empty(e->request_id);
    m->operation = or_empty(e->operation);
    m->scheduledtime = th__pb_time_of_text(arena, e->scheduled_time);
    m->input = th__pb_text(arena, e->payload);
    m->parentinstanceid = th__pb_text(arena, e->parent_instance_id);
    m->parentexecutionid = th__pb_text(arena, e->parent_execution_id);
    m->targetinstanceid = th__pb_text(arena, e->target);
    return m;
}

static void *lock_requested(th_arena *arena, const th_event *e)
{
    EntityLockRequestedEvent *m =
        TH__PB_NEW(arena, EntityLockRequestedEvent, entity_lock_requested_event);
    json_t *set = NULL;

    m->criticalsectionid = or_empty(e->critical_section_id);
    m->position = number(e->position);
    m->parentinstanceid = th__pb_text(arena, e->parent_instance_id);
    if (!e->lock_set || th_json_parse(e->lock_set, strlen(e->lock_set), 0, &set, NULL) != TH_OK)
        return m;
    m->lockset = th_new(arena, char *, json_array_size(set) + 1);
    for (size_t i = 0; i < json_array_size(set); i++) {
        const char *id = json_string_value(json_array_get(set, i));
        m->lockset[m->n_lockset++] = or_empty(th_strdup(arena, id));
    }
    json_decref(set);
    return m;
}

static void *unlock_sent(th_arena *arena, const th_event *e)
{
    EntityUnlockSentEvent *m = TH__PB_NEW(arena, EntityUnlockSentEvent, entity_unlock_sent_event);

    m->criticalsectionid = or_empty(e->critical_section_id);
    m->parentinstanceid = th__pb_text(arena, e->parent_instance_id);
    m->targetinstanceid = th__pb_text(arena, e->target);
    return m;
}

static void *operation_completed(th_arena *arena, const th_event *e)
{
    EntityOperationCompletedEvent *m =
        TH__PB_NEW(arena, EntityOperationCompletedEvent, entity_operation_completed_event);

    m->requestid = or_empty(e->request_id);
    m->output = th__pb_text(arena, e->payload);
    return m;
}

static void *operation_failed(th_arena *arena, const th_event *e)
{
    EntityOperationFailedEvent *m =
        TH__PB_NEW(arena, EntityOperationFailedEvent, entity_operation_failed_event);

    m->requestid = or_empty(e->request_id);
    m->failuredetails = th__pb_failure(arena, e->failure);
    return m;
}

static void *lock_granted(th_arena *arena, const th_event *e)
{
    EntityLockGrantedEvent *m =
        TH__PB_NEW(arena, EntityLockGrantedEvent, entity_lock_granted_event);

    m->criticalsectionid = or_empty(e->critical_section_id);
    return m;
}

static void *inner(th_arena *arena, const th_event *e, const th__pb_origin *origin)
{
    typedef void *maker(th_arena *, const th_event *);
    static maker *const makers[] = {
        [TH_ExecutionCompleted] = completed,
        [TH_ExecutionTerminated] = terminated,
        [TH_ExecutionRewound] = rewound,
        [TH_ExecutionSuspended] = suspended,
        [TH_ExecutionResumed] = resumed,
        [TH_TaskScheduled] = task_scheduled,
        [TH_TaskCompleted] = task_completed,
        [TH_TaskFailed] = task_failed,
        [TH_SubOrchestrationInstanceCreated] = child_created,
        [TH_SubOrchestrationInstanceCompleted] = child_completed,
        [TH_SubOrchestrationInstanceFailed] = child_failed,
        [TH_TimerCreated] = timer_created,
        [TH_TimerFired] = timer_fired,
        [TH_EventSent] = event_sent,
        [TH_EventRaised] = event_raised,
        [TH_EntityOperationSignaled] = signaled,
        [TH_EntityOperationCalled] = called,
        [TH_EntityLockRequested] = lock_requested,
        [TH_EntityUnlockSent] = unlock_sent,
        [TH_EntityOperationCompleted] = operation_completed,
        [TH_EntityOperationFailed] = operation_failed,
        [TH_EntityLockGranted] = lock_granted,
    };

    if (e->kind == TH_ExecutionStarted)
        return started(arena, e, origin);
    if (e->kind == TH_OrchestratorStarted)
        return TH__PB_NEW(arena, OrchestratorStartedEvent, orchestrator_started_event);
    return makers[e->kind](arena, e);
}

HistoryEvent *th__pb_event(th_arena *arena, const th_event *e, const th__pb_origin *origin)
{
    HistoryEvent *event = TH__PB_NEW(arena, HistoryEvent, history_event);

    event->eventid = e->id == TH_NONE ? -1 : e->id;
    event->timestamp = th__pb_time(arena, e->t_us ? e->t_us : origin->t_us);
    /* A kind's number is that of its field, and one pointer stands for all fields of the union. */
    event->event_type_case = (HistoryEvent__EventTypeCase)e->kind;
    event->executionstarted = inner(arena, e, origin);
    return event;
}
