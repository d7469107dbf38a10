/*
 * client_rpcs.c - calls about one instance: start, get, wait, and what is sent to it.
 */
#include <string.h>

#include "base/clock.h"
#include "grpc/convert.h"
#include "grpc/grpc_int.h"
#include "store/clients.h"

enum { LONGEST_NAME = 256, IGNORE = 1 };

static const char no_instance[] = "there is no such instance";
static const char is_taken[] = "an orchestration instance already exists with this id";

/* ---- get ---------------------------------------------------------------------------------------
 */

static void reply_get(th__rpc *rpc, const th_instance *instance)
{
    const GetInstanceRequest *request = rpc->request;
    GetInstanceResponse response = GET_INSTANCE_RESPONSE__INIT;

    if (instance) {
        response.exists = true;
        response.orchestrationstate =
            th__pb_state(rpc->arena, instance, request->getinputsandoutputs);
    }
    th__rpc_reply(rpc, &response);
}

static void got(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_OK)
        reply_get(arg, answer->instance);
    else if (answer->rc == TH_NOT_FOUND)
        reply_get(arg, NULL);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->text);
}

static bool is_orchestration(const char *id)
{
    return id[0] && id[0] != '@';
}

void th__rpc_get_instance(th__rpc *rpc)
{
    const GetInstanceRequest *request = rpc->request;

    if (is_orchestration(request->instanceid))
        th_front_get(rpc->grpc->options.front, &rpc->hub, request->instanceid, got, rpc);
    else
        reply_get(rpc, NULL);
}

/* ---- wait --------------------------------------------------------------------------------------
 */

static void waited(th__rpc *rpc, th_rc rc, int status)
{
    if (rc != TH_OK)
        th__rpc_fail_rc(rpc, rc, "the server is stopping");
    else if (status < 0)
        reply_get(rpc, NULL);
    else
        th__rpc_get_instance(rpc);
}

static void wait_for(th__rpc *rpc, bool start)
{
    const GetInstanceRequest *request = rpc->request;

    if (is_orchestration(request->instanceid))
        th__watch_instance(rpc, request->instanceid, start, waited);
    else
        reply_get(rpc, NULL);
}

void th__rpc_wait_start(th__rpc *rpc)
{
    wait_for(rpc, true);
}

void th__rpc_wait_completion(th__rpc *rpc)
{
    wait_for(rpc, false);
}

/* ---- start -------------------------------------------------------------------------------------
 */

typedef struct start {
    th_start_request request;
    uint32_t replaceable; /* bits of statuses, of a policy */
    bool ignores;         /* an older policy: what is there stays, and that is fine */
} start;

static void reply_start(th__rpc *rpc)
{
    const start *s = rpc->data;
    CreateInstanceResponse response = CREATE_INSTANCE_RESPONSE__INIT;

    response.instanceid = (char *)s->request.instance_id;
    th__rpc_reply(rpc, &response);
}

static void started(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_OK)
        reply_start(arg);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->rc == TH_EXISTS ? is_taken : answer->text);
}

static void start_now(th__rpc *rpc)
{
    const start *s = rpc->data;

    th_front_start(rpc->grpc->options.front, &rpc->hub, &s->request, started, rpc);
}

/* The live one that is replaced has come to its end, or is gone. */
static void predecessor_over(th__rpc *rpc, th_rc rc, int status)
{
    (void)status;
    if (rc == TH_OK)
        start_now(rpc);
    else
        th__rpc_fail_rc(rpc, rc, "the server is stopping");
}

static void predecessor_told(void *arg, const th_front_answer *answer)
{
    th__rpc *rpc = arg;
    const start *s = rpc->data;

    if (answer->rc == TH_OK || answer->rc == TH_FINISHED || answer->rc == TH_NOT_FOUND)
        th__watch_instance(rpc, s->request.instance_id, false, predecessor_over);
    else
        th__rpc_fail_rc(rpc, answer->rc, answer->text);
}

static void replace(th__rpc *rpc, int status)
{
    const start *s = rpc->data;
    th_signal_request end = { .kind = TH_SIGNAL_TERMINATE,
                              .instance_id = s->request.instance_id,
                              .payload = "\"replaced by a new instance\"" };

    if (!(s->replaceable & 1u << status))
        th__rpc_fail_rc(rpc, TH_EXISTS, is_taken);
    else if (s->ignores)
        reply_start(rpc);
    else if (th_status_is_terminal(status))
        start_now(rpc);
    else
        th_front_signal(rpc->grpc->options.front, &rpc->hub, &end, predecessor_told, rpc);
}

static void predecessor_found(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_NOT_FOUND)
        start_now(arg);
    else if (answer->rc == TH_OK)
        replace(arg, answer->status);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->text);
}

static bool read_policy(th__rpc *rpc, const OrchestrationIdReusePolicy *policy, start *s)
{
    const uint32_t live = 1u << TH_PENDING | 1u << TH_RUNNING | 1u << TH_SUSPENDED;

    for (size_t i = 0; i < policy->n_replaceablestatus; i++)
        if ((unsigned)policy->replaceablestatus[i] <= TH_SUSPENDED)
            s->replaceable |= 1u << policy->replaceablestatus[i];
    s->ignores = policy->action == IGNORE;
    if (policy->action != 0 || !(s->replaceable & live) || s->replaceable & 1u << TH_TERMINATED)
        return true;
    th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT,
                 "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse "
                 "of running instances");
    return false;
}

static const char *new_id(th_arena *arena)
{
    char text[TH_UUID_TEXT];
    th_uuid id = th_uuid_random();

    th_uuid_text(&id, text);
    return th_strdup(arena, text);
}

/* NULL: all is well. */
static const char *start_problem(th__rpc *rpc, const CreateInstanceRequest *request, int64_t *due)
{
    const char *problem = *request->instanceid ? th_instance_id_problem(request->instanceid) : NULL;

    if (problem)
        return th_sprintf(rpc->arena, "instanceId: %s", problem);
    if (!*request->name || strlen(request->name) > LONGEST_NAME)
        return "name: must have 1 to 256 bytes";
    if (request->version && strlen(request->version->value) > LONGEST_NAME)
        return "version: must have at most 256 bytes";
    if (!th__pb_time_us(request->scheduledstarttimestamp, due))
        return "scheduledStartTimestamp: must be between the years 1 and 9999";
    if (*due < 0)
        *due = 0; /* long ago: at once */
    return NULL;
}

void th__rpc_start_instance(th__rpc *rpc)
{
    const CreateInstanceRequest *request = rpc->request;
    start *s = th_new(rpc->arena, start, 1);
    int64_t due_us = 0;
    const char *problem = start_problem(rpc, request, &due_us);

    if (problem) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "%s", problem);
        return;
    }
    rpc->data = s;
    s->request = (th_start_request){
        .instance_id = *request->instanceid ? request->instanceid : new_id(rpc->arena),
        .name = request->name,
        .version = th__pb_text_of(request->version),
        .input = th__pb_text_of(request->input),
        .tags = th__pb_tags_json(rpc->arena, request->tags, request->n_tags),
        .trace = th__pb_trace_json(rpc->arena, request->parenttracecontext),
        .scheduled_start_us = due_us,
    };
    if (!request->orchestrationidreusepolicy)
        start_now(rpc);
    else if (read_policy(rpc, request->orchestrationidreusepolicy, s))
        th_front_get(rpc->grpc->options.front, &rpc->hub, s->request.instance_id, predecessor_found,
                     rpc);
}

/* ---- signals -----------------------------------------------------------------------------------
 */

/* What changes nothing any more is fine (events.md, 8). */
static void signalled(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_OK || answer->rc == TH_FINISHED || answer->rc == TH_NO_CHANGE)
        th__rpc_reply(arg, NULL);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->rc == TH_NOT_FOUND ? no_instance : answer->text);
}

static void terminated(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_NOT_FOUND)
        th__rpc_reply(arg, NULL);
    else
        signalled(arg, answer);
}

static void signal_instance(th__rpc *rpc, const th_signal_request *request, th_front_done done)
{
    if (is_orchestration(request->instance_id))
        th_front_signal(rpc->grpc->options.front, &rpc->hub, request, done, rpc);
    else
        done(rpc, &(th_front_answer){ .rc = TH_NOT_FOUND, .text = no_instance });
}

void th__rpc_raise_event(th__rpc *rpc)
{
    const RaiseEventRequest *request = rpc->request;
    th_signal_request signal = { .kind = TH_SIGNAL_RAISE,
                                 .instance_id = request->instanceid,
                                 .event_name = request->name,
                                 .payload = th__pb_text_of(request->input) };

    if (!*request->name || strlen(request->name) > LONGEST_NAME)
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "name: must have 1 to 256 bytes");
    else
        signal_instance(rpc, &signal, signalled);
}

/* What operators do: the audit has it. */
static void act(th__rpc *rpc, th_signal_request *request, th_front_done done)
{
    request->by_hand = true;
    request->key_name = rpc->key_name;
    signal_instance(rpc, request, done);
}

static th_rc terminate_all(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    const TerminateRequest *request = data;

    return th_instance_terminate_all(db, &rpc->hub, request->instanceid,
                                     th__pb_text_of(request->output), rpc->key_name, err);
}

void th__rpc_terminate(th__rpc *rpc)
{
    const TerminateRequest *request = rpc->request;
    th_signal_request signal = { .kind = TH_SIGNAL_TERMINATE,
                                 .instance_id = request->instanceid,
                                 .payload = th__pb_text_of(request->output) };
    th_error err = { 0 };

    if (!request->recursive || !is_orchestration(request->instanceid)) {
        act(rpc, &signal, terminated);
        return;
    }
    th_rc rc = th__grpc_pool_run(rpc, terminate_all, (void *)request, &err);
    terminated(rpc, &(th_front_answer){ .rc = rc, .text = err.text });
}

void th__rpc_suspend(th__rpc *rpc)
{
    const SuspendRequest *request = rpc->request;
    th_signal_request signal = { .kind = TH_SIGNAL_SUSPEND,
                                 .instance_id = request->instanceid,
                                 .payload = th__pb_text_of(request->reason) };

    act(rpc, &signal, signalled);
}

void th__rpc_resume(th__rpc *rpc)
{
    const ResumeRequest *request = rpc->request;
    th_signal_request signal = { .kind = TH_SIGNAL_RESUME,
                                 .instance_id = request->instanceid,
                                 .payload = th__pb_text_of(request->reason) };

    act(rpc, &signal, signalled);
}

static void rewound(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_OK)
        th__rpc_reply(arg, NULL);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->rc == TH_NOT_FOUND ? no_instance : answer->text);
}

void th__rpc_rewind(th__rpc *rpc)
{
    const RewindInstanceRequest *request = rpc->request;
    th_signal_request signal = { .kind = TH_SIGNAL_REWIND,
                                 .instance_id = request->instanceid,
                                 .payload = th__pb_text_of(request->reason) };

    act(rpc, &signal, rewound);
}

/* ---- restart -----------------------------------------------------------------------------------
 */

static void restarted(void *arg, const th_front_answer *answer)
{
    th__rpc *rpc = arg;
    const start *s = rpc->data;
    RestartInstanceResponse response = RESTART_INSTANCE_RESPONSE__INIT;

    response.instanceid = (char *)s->request.instance_id;
    if (answer->rc == TH_OK)
        th__rpc_reply(rpc, &response);
    else if (answer->rc == TH_EXISTS)
        th__rpc_fail_rc(rpc, TH_NOT_FINISHED, NULL);
    else
        th__rpc_fail_rc(rpc, answer->rc, answer->text);
}

/* The row is gone once this returns. */
static void restart_found(void *arg, const th_front_answer *answer)
{
    th__rpc *rpc = arg;
    const RestartInstanceRequest *request = rpc->request;

    if (answer->rc != TH_OK) {
        rewound(rpc, answer);
        return;
    }
    const th_instance *row = answer->instance;
    start *s = th_new(rpc->arena, start, 1);
    s->request = (th_start_request){
        .instance_id = request->restartwithnewinstanceid ? new_id(rpc->arena) : request->instanceid,
        .name = th_strdup(rpc->arena, row->name),
        .version = th_strdup(rpc->arena, row->version),
        .input = th_strdup(rpc->arena, row->input),
        .tags = th_strdup(rpc->arena, row->tags),
        .restart_of = request->instanceid,
        .key_name = rpc->key_name,
    };
    rpc->data = s;
    th_front_start(rpc->grpc->options.front, &rpc->hub, &s->request, restarted, rpc);
}

void th__rpc_restart(th__rpc *rpc)
{
    const RestartInstanceRequest *request = rpc->request;

    if (is_orchestration(request->instanceid))
        th_front_get(rpc->grpc->options.front, &rpc->hub, request->instanceid, restart_found, rpc);
    else
        th__rpc_fail_rc(rpc, TH_NOT_FOUND, no_instance);
}
