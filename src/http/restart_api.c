/*
 * restart_api.c - restarts: a start with the name, version, input and tags of an instance that was
 * there before, under a new id or the same one.
 */
#include "http/http_int.h"

static const char no_match[] = "InstanceId does not match a valid orchestration instance.";

static void answer_no_match(th__request *r)
{
    th__answer_error(r, 400, no_match, no_match, "System.ArgumentException");
    th__request_done(r);
}

/* The row is gone once this returns. */
static void take(th__request *r, const th_instance *instance)
{
    r->name = th_strdup(r->arena, instance->name);
    r->version = th_strdup(r->arena, instance->version);
    r->input = th_strdup(r->arena, instance->input);
    r->tags = th_strdup(r->arena, instance->tags);
    r->priority = instance->priority;
    if (th_query_bool(&r->query, r->arena, "restartWithNewInstanceId", true))
        r->instance_id = th__start_new_id(r->arena);
}

static void restart_if_known(th__request *r)
{
    if (r->is_known)
        th__start_now(r);
    else
        answer_no_match(r);
}

static void looked(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc == TH_OK) {
        take(r, answer->instance);
        th__known_then(r, TH_ITEM_ORCHESTRATOR, r->name, r->version, restart_if_known);
    } else if (answer->rc == TH_NOT_FOUND) {
        answer_no_match(r);
    } else {
        th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
        th__request_done(r);
    }
}

void th__restart(th__request *r)
{
    r->instance_id = r->route.args[0];
    r->is_restart = true;
    r->trace = th__request_trace(r);
    if (!r->hub || r->instance_id[0] == '@') { /* an entity is not started */
        answer_no_match(r);
        return;
    }
    th__request_wait(r);
    th_front_get(r->server->options.front, r->hub, r->instance_id, looked, r);
}
