/*
 * worker_executor.c - the executor that the engine sees, and the keeper: a thread that pings quiet
 * workers and takes back what lost ones had.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "grpc/workers_int.h"

#define NOBODY_PAUSE TH__SECOND /* before an item that nobody here can run comes again */

/* ---- back to the engine ------------------------------------------------------------------------
 */

void th__work_return(th_workers *w, th__work *item, th_answer_kind kind, int64_t delay_us)
{
    th_answer orch = { .token = item->token, .kind = kind, .delay_us = delay_us };
    th_activity_answer activity = { .token = item->token, .kind = kind, .delay_us = delay_us };
    th_entity_answer entity = { .token = item->token, .kind = kind, .delay_us = delay_us };

    if (item->kind == TH_ITEM_ORCHESTRATOR)
        th_engine_orch_answered(w->engine, &orch);
    else if (item->kind == TH_ITEM_ACTIVITY)
        th_engine_activity_answered(w->engine, &activity);
    else
        th_engine_entity_answered(w->engine, &entity);
    th__work_free(item);
}

/* ---- from the engine ---------------------------------------------------------------------------
 */

void th__workers_begin(th_workers *w, th__work *item)
{
    pthread_mutex_lock(&w->lock);
    bool wanted = !w->stopping && th__streams_accept(w, item->kind, item->name, item->version);
    if (wanted) {
        th__streams_send(w, item);
        th__work_add(w, item);
    }
    pthread_mutex_unlock(&w->lock);
    if (!wanted)
        th__work_return(w, item, TH_ANSWER_ABANDONED, NOBODY_PAUSE);
}

static void run_activity(void *self, const th_activity_item *given)
{
    th_workers *w = self;
    th_arena *arena = th_arena_new(0);
    th__work *item = th__work_new(TH_ITEM_ACTIVITY, given->token, given->instance_id, given->name,
                                  given->version);
    WorkItem work = WORK_ITEM__INIT;
    ActivityRequest request = ACTIVITY_REQUEST__INIT;
    OrchestrationInstance instance = ORCHESTRATION_INSTANCE__INIT;

    item->task_id = given->task_id;
    th__work_name(w, item);
    instance.instanceid = (char *)given->instance_id;
    instance.executionid = th__pb_text(arena, given->execution_id);
    request.name = (char *)given->name;
    request.version = th__pb_text(arena, given->version);
    request.input = th__pb_text(arena, given->input);
    request.orchestrationinstance = &instance;
    request.taskid = given->task_id;
    request.parenttracecontext = th__pb_trace(arena, given->trace);
    request.tags =
        th__pb_tags(arena, given->tags, &activity_request__tags_entry__descriptor, &request.n_tags);
    work.request_case = WORK_ITEM__REQUEST_ACTIVITY_REQUEST;
    work.activityrequest = &request;
    work.completiontoken = item->completion;
    th__work_pack(item, &work);
    th_arena_free(arena);
    th__workers_begin(w, item);
}

/* Nobody waits for it any more: a worker can't be told, and its answer will find nothing. */
static void cancel(void *self, th_token token)
{
    th_workers *w = self;
    th__work *found = NULL;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; !found && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item && !found; item = item->next)
            if (item->token.pump == token.pump && item->token.number == token.number)
                found = item;
    /* An activity runs to its end, and its slot of the engine is free only then. */
    if (found && found->kind == TH_ITEM_ACTIVITY && found->stream)
        found = NULL;
    if (found)
        th__work_take(w, found);
    th__streams_offer(w);
    pthread_mutex_unlock(&w->lock);
    if (found && found->kind == TH_ITEM_ACTIVITY)
        th__work_return(w, found, TH_ANSWER_LOST, 0);
    else
        th__work_free(found);
}

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    th_workers *w = self;

    pthread_mutex_lock(&w->lock);
    bool can = !w->stopping && th__streams_accept(w, kind, name, version);
    pthread_mutex_unlock(&w->lock);
    return can;
}

static const char *list(void *self, th_item_kind kind, size_t n)
{
    (void)self;
    (void)kind;
    (void)n;
    return NULL; /* see offers */
}

static const char *const *offers(void *self, th_item_kind kind, th_arena *arena, size_t *count)
{
    th_workers *w = self;

    pthread_mutex_lock(&w->lock);
    const char *const *names = th__streams_names(w, kind, arena, count);
    pthread_mutex_unlock(&w->lock);
    return names;
}

/* ---- the keeper --------------------------------------------------------------------------------
 */

/* Takes one out that goes back; NULL: there is none. */
static th__work *take_given_up(th_workers *w, int64_t now_us)
{
    for (size_t i = 0; w->item_count && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next) {
            bool late = item->give_up_us && item->give_up_us <= now_us;
            bool orphan = !item->stream && !item->was_out &&
                          !th__streams_accept(w, item->kind, item->name, item->version);
            if (!late && !orphan)
                continue;
            th__work_take(w, item);
            return item;
        }
    return NULL;
}

/* With the lock, which it gives up meanwhile. */
static void give_back(th_workers *w, th__work *item)
{
    th_answer answer = { .token = item->token };
    bool ends = th__orch_too_large(item, &answer);

    pthread_mutex_unlock(&w->lock);
    if (ends) {
        th_engine_orch_answered(w->engine, &answer);
        th__work_free(item);
    } else {
        th__work_return(w, item, item->was_out ? TH_ANSWER_LOST : TH_ANSWER_ABANDONED,
                        item->was_out ? 0 : NOBODY_PAUSE);
    }
    pthread_mutex_lock(&w->lock);
}

static void *keep(void *arg)
{
    th_workers *w = arg;
    struct timespec at;

    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        th__work *item;
        int64_t now_us = th_mono_us();
        th__streams_ping(w, now_us);
        while ((item = take_given_up(w, now_us)))
            give_back(w, item);
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec++;
        if (!w->stopping)
            pthread_cond_timedwait(&w->wake, &w->lock, &at);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- life --------------------------------------------------------------------------------------
 */

th_workers *th_workers_new(void)
{
    th_workers *w = th_malloc(sizeof *w);
    th_uuid id = th_uuid_random();
    pthread_condattr_t attr;

    th_uuid_text(&id, w->prefix);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    w->executor = (th_executor){ .name = "durabletask",
                                 .self = w,
                                 .can_run = can_run,
                                 .list = list,
                                 .offers = offers,
                                 .run_orchestrator = th__run_orchestrator,
                                 .drop = th__drop_session,
                                 .run_activity = run_activity,
                                 .cancel = cancel,
                                 .run_entity = th__run_entity };
    return w;
}

void th_workers_free(th_workers *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < TH__ITEM_SLOTS; i++)
        for (th__work *item; (item = w->slots[i]);) {
            w->slots[i] = item->next;
            th__work_free(item);
        }
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

const th_executor *th_workers_executor(const th_workers *w)
{
    return &w->executor;
}

void th_workers_attach(th_workers *w, th_engine *engine)
{
    w->engine = engine;
}

th_rc th__workers_start(th_workers *w, th_error *err)
{
    if (pthread_create(&w->keeper, NULL, keep, w) != 0)
        return th_fail(err, TH_IO, "no thread for workers can be made");
    w->keeping = true;
    return TH_OK;
}

void th__workers_stop(th_workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    th__stream *streams = w->streams;
    w->streams = NULL;
    for (size_t i = 0; i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next)
            item->stream = NULL;
    pthread_mutex_unlock(&w->lock);
    if (w->keeping)
        pthread_join(w->keeper, NULL);
    w->keeping = false;
    for (th__stream *s = streams, *next; s; s = next) {
        next = s->next;
        th_call_on_gone(s->rpc->call, NULL, NULL);
        th__rpc_fail(s->rpc, TH_STATUS_UNAVAILABLE, "the server is stopping");
    }
}
