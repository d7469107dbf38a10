/*
 * contract.c - the orchestrators that the contract tests start. Names say how an instance ends up.
 */
#include <string.h>
#include <taskhub.h>
#include <unistd.h>

/* Completes at once with its input. */
static const char *echo(th_orch *o)
{
    return th_input(o);
}

static const char *nothing(th_orch *o)
{
    (void)o;
    return NULL;
}

static const char *fails(th_orch *o)
{
    return th_fail_with(o, "Broken", "it broke: %s", "for the test");
}

/* Runs until the event Go comes, and completes with its payload. The custom status is the input. */
static const char *waits(th_orch *o)
{
    th_set_custom_status(o, th_input(o));
    return th_wait_event(o, "Go");
}

/* The same with an event of the name that is its input. */
static const char *waits_for(th_orch *o)
{
    return th_wait_event(o, th_get_string(o, th_input(o), NULL, ""));
}

/* Takes as long as its input says, in seconds. */
static const char *sleeps(th_orch *o)
{
    th_sleep(o, th_get_int(th_input(o), NULL, 1) * TH_SECOND);
    return "\"slept\"";
}

static const char *say(th_activity *a)
{
    return th_text(a, "{\"said\": %s}", th_input(a));
}

static const char *refuse(th_activity *a)
{
    return th_fail_with(a, "Refused", "no %s", th_input(a));
}

/* Long enough to be looked at while it runs. */
static const char *dawdle(th_activity *a)
{
    (void)a;
    sleep(5);
    return NULL;
}

static const char *dawdles(th_orch *o)
{
    return th_call_activity(o, "Dawdle", "\"slowly\"");
}

/* One activity that succeeds, one that fails, then a wait: a history with all of them in it. */
static const char *mixed(th_orch *o)
{
    th_task *said = th_schedule_activity(o, "Say", "\"hi\"", NULL);
    th_task *refused = th_schedule_activity(o, "Refuse", "\"way\"", NULL);

    th_try(o, said);
    th_try(o, refused);
    return th_wait_event(o, "Go");
}

/* Starts over once, then waits. */
static const char *again(th_orch *o)
{
    if (th_get_int(th_input(o), NULL, 0) == 0) {
        th_call_activity(o, "Say", "\"first\"");
        return th_continue_as_new(o, "1");
    }
    return th_wait_event(o, "Go");
}

/* add n (1 if there is no number), get, delete, text: keeps what came */
static const char *counter(th_entity *e)
{
    const char *op = th_operation(e);
    int64_t n = th_get_int(th_state(e), NULL, 0);

    if (strcmp(op, "delete") == 0)
        th_delete_state(e);
    else if (strcmp(op, "text") == 0)
        th_set_state(e, th_input(e));
    else if (strcmp(op, "get") != 0)
        th_set_state(e, th_text(e, "%lld", (long long)(n + th_get_int(th_input(e), NULL, 1))));
    return th_state(e);
}

TH_APP(app)
{
    th_add_orchestrator(app, "Echo", echo);
    th_add_orchestrator(app, "Nothing", nothing);
    th_add_orchestrator(app, "Fails", fails);
    th_add_orchestrator(app, "Waits", waits);
    th_add_orchestrator(app, "WaitsFor", waits_for);
    th_add_orchestrator(app, "Sleeps", sleeps);
    th_add_orchestrator(app, "Mixed", mixed);
    th_add_orchestrator(app, "Again", again);
    th_add_orchestrator(app, "Dawdles", dawdles);
    th_add_entity(app, "Counter", counter);
    th_add_activity(app, "Dawdle", dawdle);
    th_add_activity(app, "Say", say);
    th_add_activity(app, "Refuse", refuse);
    th_add_starter(app, "orchestrators/{name}", NULL);
    th_add_starter(app, "echo", "Echo");
}
