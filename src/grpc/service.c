/*
 * service.c - the table of methods; start and end of the service.
 */
#include "grpc/service.h"

#include <stdlib.h>

#include "grpc/workers_int.h"

enum { USUAL_MESSAGE = 100 << 20 }; /* bytes */

/* method, handler, the request's type as protobuf-c spells it; all but those two are of a hub */
#define METHODS(X)                                                                                 \
    X(Hello, hello, NULL)                                                                          \
    X(StartInstance, th__rpc_start_instance, &create_instance_request__descriptor)                 \
    X(GetInstance, th__rpc_get_instance, &get_instance_request__descriptor)                        \
    X(WaitForInstanceStart, th__rpc_wait_start, &get_instance_request__descriptor)                 \
    X(WaitForInstanceCompletion, th__rpc_wait_completion, &get_instance_request__descriptor)       \
    X(RaiseEvent, th__rpc_raise_event, &raise_event_request__descriptor)                           \
    X(TerminateInstance, th__rpc_terminate, &terminate_request__descriptor)                        \
    X(SuspendInstance, th__rpc_suspend, &suspend_request__descriptor)                              \
    X(ResumeInstance, th__rpc_resume, &resume_request__descriptor)                                 \
    X(RewindInstance, th__rpc_rewind, &rewind_instance_request__descriptor)                        \
    X(RestartInstance, th__rpc_restart, &restart_instance_request__descriptor)                     \
    X(QueryInstances, th__rpc_query_instances, &query_instances_request__descriptor)               \
    X(ListInstanceIds, th__rpc_list_instance_ids, &list_instance_ids_request__descriptor)          \
    X(PurgeInstances, th__rpc_purge_instances, &purge_instances_request__descriptor)               \
    X(StreamInstanceHistory, th__rpc_stream_history, &stream_instance_history_request__descriptor) \
    X(SignalEntity, th__rpc_signal_entity, &signal_entity_request__descriptor)                     \
    X(GetEntity, th__rpc_get_entity, &get_entity_request__descriptor)                              \
    X(QueryEntities, th__rpc_query_entities, &query_entities_request__descriptor)                  \
    X(CleanEntityStorage, th__rpc_clean_entities, &clean_entity_storage_request__descriptor)       \
    X(SkipGracefulOrchestrationTerminations, th__rpc_skip_terminations,                            \
      &skip_graceful_orchestration_terminations_request__descriptor)                               \
    X(GetWorkItems, th__rpc_get_work_items, &get_work_items_request__descriptor)                   \
    X(CompleteOrchestratorTask, th__rpc_complete_orchestrator, &orchestrator_response__descriptor) \
    X(CompleteActivityTask, th__rpc_complete_activity, &activity_response__descriptor)             \
    X(CompleteEntityTask, th__rpc_complete_entity, &entity_batch_result__descriptor)               \
    X(AbandonTaskOrchestratorWorkItem, th__rpc_abandon_orchestrator,                               \
      &abandon_orchestration_task_request__descriptor)                                             \
    X(AbandonTaskActivityWorkItem, th__rpc_abandon_activity,                                       \
      &abandon_activity_task_request__descriptor)                                                  \
    X(AbandonTaskEntityWorkItem, th__rpc_abandon_entity, &abandon_entity_task_request__descriptor)

#define HUB_METHODS(X)                                                                        \
    X(CreateTaskHub, th__rpc_create_hub, &create_task_hub_request__descriptor, TH__MAKES_HUB) \
    X(DeleteTaskHub, th__rpc_delete_hub, &delete_task_hub_request__descriptor, TH__ENDS_HUB)

static void hello(th__rpc *rpc)
{
    th__rpc_reply(rpc, NULL);
}

#define HUB_HANDLER(method, handler, type, scope)          \
    static void handle_##method(th_call *call, void *data) \
    {                                                      \
        th__rpc_run(data, call, type, scope, handler);     \
    }
#define HANDLER(method, handler, type) HUB_HANDLER(method, handler, type, TH__WITHIN_HUB)
METHODS(HANDLER)
HUB_METHODS(HUB_HANDLER)
#undef HANDLER
#undef HUB_HANDLER

static const th_wire_method methods[] = {
#define ROW(method, ...) { "/TaskHubSidecarService/" #method, handle_##method },
    METHODS(ROW) HUB_METHODS(ROW)
#undef ROW
};

static th_grpc *grpc_new(const th_grpc_options *options)
{
    th_grpc *grpc = th_malloc(sizeof *grpc);
    th_grpc_options *o = &grpc->options;

    grpc->arena = th_arena_new(0);
    *o = *options;
    o->bind = th_strdup(grpc->arena, options->bind ? options->bind : "127.0.0.1");
    o->cert = th_strdup(grpc->arena, options->cert);
    o->key = th_strdup(grpc->arena, options->key);
    o->conninfo = th_strdup(grpc->arena, options->conninfo);
    o->system_key = th_strdup(grpc->arena, options->system_key);
    grpc->pool = th__grpc_pool_new(o->conninfo);
    grpc->hubs = th__grpc_hubs_new();
    grpc->keys = o->keys ? th__grpc_keys_new() : NULL;
    return grpc;
}

static void grpc_free(th_grpc *grpc)
{
    th__watch_free(grpc->watch);
    th__grpc_keys_free(grpc->keys);
    th__grpc_hubs_free(grpc->hubs);
    th__grpc_pool_free(grpc->pool);
    th_arena_free(grpc->arena);
    free(grpc);
}

th_rc th_grpc_start(const th_grpc_options *options, th_grpc **out, th_error *err)
{
    th_grpc *grpc = grpc_new(options);
    const th_grpc_options *o = &grpc->options;
    th_wire_options wire = {
        .host = o->bind,
        .port = o->port,
        .cert = o->cert,
        .key = o->key,
        .message_max = o->message_max ? o->message_max : USUAL_MESSAGE,
        .methods = methods,
        .method_count = sizeof methods / sizeof *methods,
        .data = grpc,
    };
    th_rc rc = th__watch_start(grpc, &grpc->watch, err);

    *out = NULL;
    if (rc == TH_OK && o->workers)
        rc = th__workers_start(o->workers, err);
    if (rc == TH_OK)
        rc = th_wire_start(&wire, &grpc->wire, err);
    if (rc == TH_OK) {
        *out = grpc;
        return TH_OK;
    }
    if (o->workers)
        th__workers_stop(o->workers);
    th__watch_stop(grpc->watch);
    grpc_free(grpc);
    return rc;
}

int th_grpc_port(const th_grpc *grpc)
{
    return th_wire_port(grpc->wire);
}

void th_grpc_stop(th_grpc *grpc)
{
    if (!grpc)
        return;
    if (grpc->options.workers)
        th__workers_stop(grpc->options.workers);
    th__watch_stop(grpc->watch);
    th_wire_stop(grpc->wire);
    grpc_free(grpc);
}
