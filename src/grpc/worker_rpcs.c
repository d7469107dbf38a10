/*
 * worker_rpcs.c - calls of workers: the stream of items, answers, items given back.
 *
 * An answer to an item that is no longer out (or never was) changes nothing and is answered OK.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "grpc/check.h"
#include "grpc/workers_int.h"

enum { MOST_FILTERS = 10000 };

#define GRACE (10 * TH__SECOND)    /* of items whose stream has ended: their answers may come */
#define ABANDONED_PAUSE TH__SECOND /* before an item that was given back comes again */
#define MOST_CHUNKS ((size_t)256 << 20) /* bytes of an answer */

/* False: the call is ended. */
static bool serves(th__rpc *rpc)
{
    const th_grpc_options *o = &rpc->grpc->options;

    if (o->workers && rpc->hub.hub_id == o->hub.hub_id)
        return true;
    th__rpc_fail(rpc, TH_STATUS_FAILED_PRECONDITION,
                 "this process runs hub '%s' and gives out work of no other", o->hub.name);
    return false;
}

/* ---- streams -----------------------------------------------------------------------------------
 */

static void leave(th_workers *w, th__stream *s)
{
    for (th__stream **at = &w->streams; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    for (size_t i = 0; w->item_count && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next)
            if (item->stream == s) {
                item->stream = NULL;
                item->give_up_us = th_mono_us() + GRACE;
            }
}

static bool is_in(const th_workers *w, const th__stream *s)
{
    for (const th__stream *at = w->streams; at; at = at->next)
        if (at == s)
            return true;
    return false;
}

/* On the server's own thread. A stream that the stop has taken is the stop's to end. */
static void stream_gone(th_call *call, void *data)
{
    th__stream *s = data;
    th_workers *w = s->rpc->grpc->options.workers;

    (void)call;
    pthread_mutex_lock(&w->lock);
    bool mine = is_in(w, s);
    if (mine)
        leave(w, s);
    pthread_mutex_unlock(&w->lock);
    if (!mine)
        return;
    th_engine_offers_changed(w->engine);
    th__rpc_end(s->rpc);
}

static th__filter *filter_at(th__stream *s, th_item_kind kind, size_t n, th_arena *arena)
{
    s->filter_count[kind] = n;
    return s->filters[kind] = th_new(arena, th__filter, n + 1);
}

static void read_filters(th__stream *s, const WorkItemFilters *f, th_arena *arena)
{
    s->any = !f || (f->n_orchestrations == 0 && f->n_activities == 0 && f->n_entities == 0);
    if (s->any)
        return;
    th__filter *o = filter_at(s, TH_ITEM_ORCHESTRATOR, f->n_orchestrations, arena);
    th__filter *a = filter_at(s, TH_ITEM_ACTIVITY, f->n_activities, arena);
    th__filter *e = filter_at(s, TH_ITEM_ENTITY, f->n_entities, arena);
    for (size_t i = 0; i < f->n_orchestrations; i++)
        o[i] = (th__filter){ f->orchestrations[i]->name,
                             (const char *const *)f->orchestrations[i]->versions,
                             f->orchestrations[i]->n_versions };
    for (size_t i = 0; i < f->n_activities; i++)
        a[i] =
            (th__filter){ f->activities[i]->name, (const char *const *)f->activities[i]->versions,
                          f->activities[i]->n_versions };
    for (size_t i = 0; i < f->n_entities; i++)
        e[i] = (th__filter){ .name = f->entities[i]->name };
}

static int limit(int32_t asked)
{
    return asked > 0 ? asked : 0;
}

static th__stream *stream_of(th__rpc *rpc)
{
    const GetWorkItemsRequest *request = rpc->request;
    th__stream *s = th_new(rpc->arena, th__stream, 1);

    s->rpc = rpc;
    s->most[TH_ITEM_ORCHESTRATOR] = limit(request->maxconcurrentorchestrationworkitems);
    s->most[TH_ITEM_ACTIVITY] = limit(request->maxconcurrentactivityworkitems);
    s->most[TH_ITEM_ENTITY] = limit(request->maxconcurrententityworkitems);
    s->said_us = th_mono_us();
    for (size_t i = 0; i < request->n_capabilities; i++)
        s->streams |=
            request->capabilities[i] == WORKER_CAPABILITY__WORKER_CAPABILITY_HISTORY_STREAMING;
    read_filters(s, request->workitemfilters, rpc->arena);
    return s;
}

static bool join(th_workers *w, th__stream *s)
{
    pthread_mutex_lock(&w->lock);
    bool open = !w->stopping;
    if (open) {
        s->next = w->streams;
        w->streams = s;
        th__streams_offer(w);
    }
    pthread_mutex_unlock(&w->lock);
    return open;
}

void th__rpc_get_work_items(th__rpc *rpc)
{
    const GetWorkItemsRequest *request = rpc->request;
    const WorkItemFilters *f = request->workitemfilters;
    th_workers *w = rpc->grpc->options.workers;

    if (!serves(rpc))
        return;
    if (f && f->n_orchestrations + f->n_activities + f->n_entities > MOST_FILTERS) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "workItemFilters: at most %d entries",
                     MOST_FILTERS);
        return;
    }
    th__stream *s = stream_of(rpc);
    th_call *call = rpc->call;
    if (!join(w, s)) {
        th__rpc_fail(rpc, TH_STATUS_UNAVAILABLE, "the server is stopping");
        return;
    }
    th_call_on_gone(call, stream_gone, s); /* the handler's thread is lent the call */
    th_engine_offers_changed(w->engine);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

/* Under the lock; NULL: not out, or of another instance. */
static th__work *find(th_workers *w, th_item_kind kind, const char *token, const char *instance_id,
                      int32_t task_id)
{
    th__work *item =
        *token ? th__work_find(w, token) : th__work_find_of(w, kind, instance_id, task_id);

    if (!item || item->kind != kind || !item->was_out)
        return NULL;
    return !*instance_id || strcmp(item->instance_id, instance_id) == 0 ? item : NULL;
}

static void stale(th__rpc *rpc, const char *what, const char *instance_id)
{
    th_log_ctx ctx = { .instance = instance_id };

    th_log(TH_LOG_DEBUG, TH_EV_COMPLETION_DROPPED, &ctx, "%s that nobody waits for", what);
    th__rpc_reply(rpc, NULL);
}

/* The slot that has come free. */
static void offer(th_workers *w)
{
    pthread_mutex_lock(&w->lock);
    th__streams_offer(w);
    pthread_mutex_unlock(&w->lock);
}

/* Under the lock: one more message of an answer in several. */
static void keep_chunk(th__rpc *rpc, th__work *item, int32_t index)
{
    size_t n;
    const uint8_t *bytes = th_call_message(rpc->call, &n);

    if (index == 0)
        th_buf_clear(&item->chunks);
    item->chunks.limit = MOST_CHUNKS;
    th_buf_add(&item->chunks, bytes, n);
}

/* Messages of one type behind each other are one message: repeated fields join. */
static const OrchestratorResponse *whole_answer(th__rpc *rpc, th__work *item,
                                                const OrchestratorResponse *last)
{
    if (!item->chunks.len)
        return last;
    keep_chunk(rpc, item, 1);
    const OrchestratorResponse *whole =
        item->chunks.failed ? NULL
                            : th__rpc_unpack(rpc, &orchestrator_response__descriptor,
                                             (const uint8_t *)item->chunks.data, item->chunks.len);
    th_buf_clear(&item->chunks);
    return whole;
}

void th__rpc_complete_orchestrator(th__rpc *rpc)
{
    const OrchestratorResponse *response = rpc->request;
    th_workers *w = rpc->grpc->options.workers;
    th_answer answer;

    if (!serves(rpc))
        return;
    pthread_mutex_lock(&w->lock);
    th__work *item =
        find(w, TH_ITEM_ORCHESTRATOR, response->completiontoken, response->instanceid, 0);
    if (item && response->ispartial) {
        keep_chunk(rpc, item, response->chunkindex ? response->chunkindex->value : 0);
        pthread_mutex_unlock(&w->lock);
        th__rpc_reply(rpc, NULL);
        return;
    }
    bool again = response->requireshistory;
    if (item) {
        response = whole_answer(rpc, item, response);
        th__work_take(w, item);
        again |= !response;
        if (!again)
            th__orch_answer(item, rpc->arena, response, &answer);
    }
    pthread_mutex_unlock(&w->lock);
    if (!item) {
        stale(rpc, "an episode", response->instanceid);
        return;
    }
    if (again) {
        th__work_return(w, item, TH_ANSWER_ABANDONED, ABANDONED_PAUSE);
    } else {
        th_engine_orch_answered(w->engine, &answer);
        th__work_free(item);
    }
    offer(w);
    th__rpc_reply(rpc, NULL);
}

void th__rpc_complete_activity(th__rpc *rpc)
{
    const ActivityResponse *response = rpc->request;
    th_workers *w = rpc->grpc->options.workers;

    if (!serves(rpc))
        return;
    pthread_mutex_lock(&w->lock);
    th__work *item = find(w, TH_ITEM_ACTIVITY, response->completiontoken, response->instanceid,
                          response->taskid);
    if (item)
        th__work_take(w, item);
    pthread_mutex_unlock(&w->lock);
    if (!item) {
        stale(rpc, "a result", response->instanceid);
        return;
    }
    const char *result = th__pb_text_of(response->result);
    th_activity_answer answer = {
        .token = item->token,
        .kind = TH_ANSWER_DONE,
        .result = result && *result ? result : NULL,
        .failure = th__pb_failure_json(rpc->arena, response->failuredetails),
    };
    th_engine_activity_answered(w->engine, &answer);
    th__work_free(item);
    offer(w);
    th__rpc_reply(rpc, NULL);
}

void th__rpc_complete_entity(th__rpc *rpc)
{
    const EntityBatchResult *result = rpc->request;
    th_workers *w = rpc->grpc->options.workers;
    th_entity_answer answer;

    if (!serves(rpc))
        return;
    pthread_mutex_lock(&w->lock);
    th__work *item =
        *result->completiontoken ? find(w, TH_ITEM_ENTITY, result->completiontoken, "", 0) : NULL;
    if (item)
        th__work_take(w, item);
    pthread_mutex_unlock(&w->lock);
    if (!item) {
        stale(rpc, "operations", NULL);
        return;
    }
    if (result->requiresstate) {
        th__work_return(w, item, TH_ANSWER_ABANDONED, ABANDONED_PAUSE);
    } else {
        th__entity_answer(item, rpc->arena, result, &answer);
        th_engine_entity_answered(w->engine, &answer);
        th__work_free(item);
    }
    offer(w);
    th__rpc_reply(rpc, NULL);
}

/* ---- given back --------------------------------------------------------------------------------
 */

static void abandon(th__rpc *rpc, th_item_kind kind, const char *token)
{
    th_workers *w = rpc->grpc->options.workers;

    if (!serves(rpc))
        return;
    pthread_mutex_lock(&w->lock);
    th__work *item = *token ? find(w, kind, token, "", 0) : NULL;
    if (item)
        th__work_take(w, item);
    pthread_mutex_unlock(&w->lock);
    if (item) {
        th__work_return(w, item, TH_ANSWER_ABANDONED, ABANDONED_PAUSE);
        offer(w);
    }
    th__rpc_reply(rpc, NULL);
}

void th__rpc_abandon_orchestrator(th__rpc *rpc)
{
    const AbandonOrchestrationTaskRequest *request = rpc->request;

    abandon(rpc, TH_ITEM_ORCHESTRATOR, request->completiontoken);
}

void th__rpc_abandon_activity(th__rpc *rpc)
{
    const AbandonActivityTaskRequest *request = rpc->request;

    abandon(rpc, TH_ITEM_ACTIVITY, request->completiontoken);
}

void th__rpc_abandon_entity(th__rpc *rpc)
{
    const AbandonEntityTaskRequest *request = rpc->request;

    abandon(rpc, TH_ITEM_ENTITY, request->completiontoken);
}
