/*
 * admin_rpcs.c - calls of administrators: hubs as a whole, and instances that are to end at once.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/config.h"
#include "grpc/convert.h"
#include "grpc/grpc_int.h"

enum { MOST_IDS = 500 };

/* ---- hubs --------------------------------------------------------------------------------------
 */

static void reply_hub(th__rpc *rpc, const char *name, th_rc rc, const th_error *err)
{
    th__grpc_hub_forget(rpc->grpc->hubs, name);
    if (rc == TH_OK)
        th__rpc_reply(rpc, NULL);
    else if (strcmp(err->sqlstate, "42501") == 0) /* insufficient_privilege */
        th__rpc_fail(rpc, TH_STATUS_PERMISSION_DENIED, "%s", err->text);
    else
        th__rpc_fail_rc(rpc, rc, err->text);
}

static th_rc create(th__rpc *rpc, th_db *db, void *name, th_error *err)
{
    const CreateTaskHubRequest *request = rpc->request;

    return th_hub_create(db, name, rpc->grpc->options.hub.partition_count,
                         request->recreateifexists, err);
}

/* One that is there stays as it is, unless the client wants it new. */
void th__rpc_create_hub(th__rpc *rpc)
{
    const char *name = th_call_metadata(rpc->call, "taskhub");
    const char *own = rpc->grpc->options.hub.name;
    th_error err = { 0 };

    name = name && *name ? name : own;
    const char *problem = th_hub_name_problem(name);
    if (problem) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "metadata taskhub: %s", problem);
        return;
    }
    th_rc rc = th__grpc_pool_run(rpc, create, (void *)(uintptr_t)name, &err);
    reply_hub(rpc, name, rc == TH_EXISTS ? TH_OK : rc, &err);
}

static th_rc drop(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    (void)data;
    return th_hub_drop(db, rpc->hub.name, err);
}

void th__rpc_delete_hub(th__rpc *rpc)
{
    th_error err = { 0 };
    th_rc rc = th__grpc_pool_run(rpc, drop, NULL, &err);

    reply_hub(rpc, rpc->hub.name, rc, &err);
}

/* ---- terminations ------------------------------------------------------------------------------
 */

/*
 * The engine ends each by itself, without its worker; the answer comes when all have ended. Their
 * answers come on threads of the front, then one after the other on that of the watch.
 */
typedef struct ending {
    th__rpc *rpc;
    const char *id;
    bool told;
} ending;

typedef struct endings {
    ending *all;
    size_t count, next;
    atomic_size_t open; /* of which the front has not answered; and one for whoever asks */
    const char **left;  /* not terminated */
    size_t left_count;
} endings;

static void wait_for_next(th__rpc *rpc);

static void one_ended(th__rpc *rpc, th_rc rc, int status)
{
    endings *e = rpc->data;

    if (rc != TH_OK) {
        th__rpc_fail_rc(rpc, rc, "the server is stopping");
        return;
    }
    if (status != TH_TERMINATED)
        e->left[e->left_count++] = e->all[e->next].id;
    e->next++;
    wait_for_next(rpc);
}

static void wait_for_next(th__rpc *rpc)
{
    endings *e = rpc->data;
    SkipGracefulOrchestrationTerminationsResponse response =
        SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS_RESPONSE__INIT;

    for (; e->next < e->count && !e->all[e->next].told; e->next++)
        e->left[e->left_count++] = e->all[e->next].id;
    if (e->next < e->count) {
        th__watch_instance(rpc, e->all[e->next].id, false, one_ended);
        return;
    }
    response.unterminatedinstanceids = (char **)e->left;
    response.n_unterminatedinstanceids = e->left_count;
    th__rpc_reply(rpc, &response);
}

/* After the last answer the rest is one thread's. */
static void count_down(th__rpc *rpc)
{
    endings *e = rpc->data;

    if (atomic_fetch_sub(&e->open, 1) == 1)
        wait_for_next(rpc);
}

static void told(void *arg, const th_front_answer *answer)
{
    ending *one = arg;

    one->told = answer->rc == TH_OK;
    count_down(one->rpc);
}

static void terminate(th__rpc *rpc, ending *one, const char *reason)
{
    th_signal_request signal = { .kind = TH_SIGNAL_TERMINATE,
                                 .instance_id = one->id,
                                 .payload = reason,
                                 .by_hand = true,
                                 .key_name = rpc->key_name };

    if (one->id[0] && one->id[0] != '@')
        th_front_signal(rpc->grpc->options.front, &rpc->hub, &signal, told, one);
    else
        count_down(rpc);
}

/* An id that comes again is the same wish: the second of two may find the first carried out. */
static bool is_repeated(const endings *e, const char *id)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->all[i].id, id) == 0)
            return true;
    return false;
}

void th__rpc_skip_terminations(th__rpc *rpc)
{
    const SkipGracefulOrchestrationTerminationsRequest *request = rpc->request;
    const InstanceBatch none = INSTANCE_BATCH__INIT;
    const InstanceBatch *batch = request->instancebatch ? request->instancebatch : &none;
    size_t n = batch->n_instanceids;
    endings *e = th_new(rpc->arena, endings, 1);

    if (n > MOST_IDS) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "instanceBatch: at most %d ids", MOST_IDS);
        return;
    }
    rpc->data = e;
    e->all = th_new(rpc->arena, ending, n + 1);
    e->left = th_new(rpc->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!is_repeated(e, batch->instanceids[i]))
            e->all[e->count++] = (ending){ .rpc = rpc, .id = batch->instanceids[i] };
    n = e->count;
    atomic_init(&e->open, n + 1);
    for (size_t i = 0; i < n; i++)
        terminate(rpc, &e->all[i], th__pb_text_of(request->reason));
    count_down(rpc);
}
