/*
 * entities.c - a counter, accounts with transfers under lock, and entities that signal, start and
 * fail.
 */
#include <signal.h>
#include <string.h>
#include <taskhub.h>
#include <unistd.h>

static bool is(const th_entity *e, const char *operation)
{
    return strcmp(th_operation(e), operation) == 0;
}

/* add n, get, reset, delete, fail_after n (adds, asks for much, then fails), slow (half a second),
 * die */
static const char *counter(th_entity *e)
{
    int64_t n = th_get_int(th_state(e), NULL, 0);
    int64_t by = th_get_int(th_input(e), NULL, 0);

    if (is(e, "die"))
        raise(SIGKILL);
    if (is(e, "delete")) {
        th_delete_state(e);
        return NULL;
    }
    if (is(e, "reset"))
        n = 0;
    else if (is(e, "slow"))
        usleep(500000);
    else if (!is(e, "get"))
        n += by;
    if (!is(e, "get"))
        th_set_state(e, th_text(e, "%lld", (long long)n));
    if (is(e, "fail_after")) {
        th_signal_entity(e, "Counter", "never", "add", "1");
        th_start_orchestrator(e, "Echo", "1", "never");
        return th_fail_with(e, "Refused", "after adding %lld", (long long)by);
    }
    return th_text(e, "%lld", (long long)n);
}

/* The list of what it was sent, in order; slow: after half a second. */
static const char *list(th_entity *e)
{
    const char *state = th_state(e);
    size_t n = strlen(state);

    if (is(e, "slow"))
        usleep(500000);
    if (!th_has_state(e))
        th_set_state(e, th_text(e, "[%s]", th_input(e)));
    else
        th_set_state(e, th_text(e, "%.*s,%s]", (int)(n - 1), state, th_input(e)));
    return NULL;
}

static const char *account(th_entity *e)
{
    int64_t balance = th_get_int(th_state(e), NULL, 0);
    int64_t amount = th_get_int(th_input(e), NULL, 0);

    if (is(e, "add")) {
        if (balance + amount < 0)
            return th_fail_with(e, "Overdrawn", "only %lld left", (long long)balance);
        th_set_state(e, th_text(e, "%lld", (long long)(balance + amount)));
    }
    return th_state(e);
}

/* Hands what it gets on to the entity named by its key, and starts an orchestrator of that id. */
static const char *relay(th_entity *e)
{
    if (is(e, "start"))
        return th_quote(e, th_start_orchestrator(e, "Echo", th_input(e), th_entity_key(e)));
    th_signal_entity(e, "Counter", th_entity_key(e), "add", th_input(e));
    if (is(e, "later"))
        th_signal_entity(e, "Counter", th_entity_key(e), "add", "100");
    return NULL;
}

static const char *echo(th_orch *o)
{
    return th_input(o);
}

/* {"key":k,"op":op,"input":i}: the result of one call of a counter. */
static const char *call_counter(th_orch *o)
{
    const char *key = th_get_string(o, th_input(o), "key", "");
    const char *op = th_get_string(o, th_input(o), "op", "get");

    return th_call_entity(o, "counter", key, op, th_get_json(o, th_input(o), "input"));
}

/* {"name":n,"key":k}: what became of a call that may fail. */
static const char *try_call(th_orch *o)
{
    const char *name = th_get_string(o, th_input(o), "name", "Counter");
    const char *key = th_get_string(o, th_input(o), "key", "");
    th_task *task = th_schedule_entity_call(o, name, key, "fail_after", "5");

    return th_try(o, task) ? th_task_result(task) : th_task_failure(task);
}

/* {"key":k,"n":n}: n signals in order to a list, then it asks for the end of the line. */
static const char *many_signals(th_orch *o)
{
    const char *key = th_get_string(o, th_input(o), "key", "");
    int64_t n = th_get_int(th_input(o), "n", 10);

    for (int64_t i = 0; i < n; i++)
        th_signal_entity(o, "List", key, "append", th_text(o, "%lld", (long long)i));
    return th_call_entity(o, "List", key, "append", "\"end\"");
}

/* {"key":k,"delay":microseconds} */
static const char *delayed(th_orch *o)
{
    const char *key = th_get_string(o, th_input(o), "key", "");

    th_signal_entity_at(o, "Counter", key, "add", "7",
                        th_current_time(o) + th_get_int(th_input(o), "delay", 0));
    return th_call_entity(o, "Counter", key, "get", NULL);
}

/* {"from":a,"to":b,"amount":n} */
static const char *transfer(th_orch *o)
{
    const char *from = th_get_string(o, th_input(o), "from", "");
    const char *to = th_get_string(o, th_input(o), "to", "");
    int64_t amount = th_get_int(th_input(o), "amount", 0);
    th_entity_id accounts[] = { { "Account", from }, { "account", to } };

    th_lock_entities(o, accounts, 2);
    th_call_entity(o, "Account", from, "add", th_text(o, "%lld", (long long)-amount));
    th_call_entity(o, "Account", to, "add", th_text(o, "%lld", (long long)amount));
    th_unlock(o);
    return "\"done\"";
}

/* The sum of two accounts, as nobody else sees them change. */
static const char *audit(th_orch *o)
{
    const char *a = th_get_string(o, th_input(o), "from", "");
    const char *b = th_get_string(o, th_input(o), "to", "");
    th_entity_id accounts[] = { { "Account", b }, { "Account", a } };

    th_lock_entities(o, accounts, 2);
    int64_t sum = th_get_int(th_call_entity(o, "Account", a, "get", NULL), NULL, 0);
    sum += th_get_int(th_call_entity(o, "Account", b, "get", NULL), NULL, 0);
    return th_text(o, "%lld", (long long)sum);
}

/* {"keys":[k...],"then":"wait"|"fail"|"again"|"return"}: locks counters and ends in some way. */
static const char *locker(th_orch *o)
{
    const char *keys = th_get_json(o, th_input(o), "keys");
    const char *then = th_get_string(o, th_input(o), "then", "return");
    th_entity_id ids[8];
    size_t n = 0;

    for (const char *key; n < 8 && (key = th_get_element(o, keys, n)) != NULL; n++)
        ids[n] = (th_entity_id){ "Counter", th_get_string(o, key, NULL, "") };
    if (strcmp(then, "over") == 0)
        return "\"over\"";
    th_lock_entities(o, ids, n);
    th_set_custom_status(o, "\"locked\"");
    if (strcmp(then, "wait") == 0)
        th_wait_event(o, "go");
    if (strcmp(then, "fail") == 0)
        return th_fail_with(o, "Failed", "while it had locks");
    if (strcmp(then, "again") == 0)
        return th_continue_as_new(o, "{\"keys\":[],\"then\":\"over\"}");
    return th_call_entity(o, "Counter", ids[0].key, "add", "1");
}

/* In a critical section: what is not allowed there. */
static const char *misuser(th_orch *o)
{
    th_entity_id one = { "Counter", "m" };
    const char *how = th_get_string(o, th_input(o), NULL, "");

    th_lock_entities(o, &one, 1);
    if (strcmp(how, "lock") == 0)
        th_lock_entities(o, &one, 1);
    if (strcmp(how, "call") == 0)
        th_call_entity(o, "Counter", "other", "get", NULL);
    if (strcmp(how, "signal") == 0)
        th_signal_entity(o, "Counter", "m", "add", "1");
    if (strcmp(how, "child") == 0)
        th_call_orchestrator(o, "Echo", NULL);
    if (strcmp(how, "twice") == 0) {
        th_schedule_entity_call(o, "Counter", "m", "get", NULL);
        th_schedule_entity_call(o, "Counter", "m", "get", NULL);
    }
    return "\"allowed\"";
}

TH_APP(app)
{
    th_add_entity(app, "Counter", counter);
    th_add_entity(app, "List", list);
    th_add_entity(app, "Account", account);
    th_add_entity(app, "Relay", relay);
    th_add_orchestrator(app, "Echo", echo);
    th_add_orchestrator(app, "CallCounter", call_counter);
    th_add_orchestrator(app, "TryCall", try_call);
    th_add_orchestrator(app, "ManySignals", many_signals);
    th_add_orchestrator(app, "Delayed", delayed);
    th_add_orchestrator(app, "Transfer", transfer);
    th_add_orchestrator(app, "Audit", audit);
    th_add_orchestrator(app, "Locker", locker);
    th_add_orchestrator(app, "Misuser", misuser);
}
