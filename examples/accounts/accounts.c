/*
 * accounts.c - entities: a counter, accounts, and a transfer that nobody sees half done.
 *
 *     $ taskhub start build/examples/accounts &
 *     $ base=http://localhost:7071/runtime/webhooks/durabletask
 *     $ curl -X POST "$base/entities/Account/ann?op=add" -H 'Content-Type: application/json' -d 100
 *     $ curl -X POST "$base/orchestrators/Transfer" -d '{"from":"ann","to":"bob","amount":30}'
 *     $ curl "$base/entities/Account/bob"
 *     30
 */
#include <string.h>
#include <taskhub.h>

/* add n, get, and delete: the whole life of a counter. */
static const char *counter(th_entity *e)
{
    int64_t n = th_get_int(th_state(e), NULL, 0);

    if (strcmp(th_operation(e), "add") == 0)
        th_set_state(e, th_text(e, "%lld", (long long)(n + th_get_int(th_input(e), NULL, 1))));
    else if (strcmp(th_operation(e), "delete") == 0)
        th_delete_state(e);
    else if (strcmp(th_operation(e), "get") != 0)
        return th_fail_with(e, "UnknownOperation", "a counter has no '%s'", th_operation(e));
    return th_state(e);
}

/* An account is never overdrawn: an operation that fails leaves nothing behind. */
static const char *account(th_entity *e)
{
    int64_t balance = th_get_int(th_state(e), NULL, 0);
    int64_t amount = th_get_int(th_input(e), NULL, 0);

    if (strcmp(th_operation(e), "add") == 0) {
        if (balance + amount < 0)
            return th_fail_with(e, "Overdrawn", "%s has only %lld", th_entity_key(e),
                                (long long)balance);
        th_set_state(e, th_text(e, "%lld", (long long)(balance + amount)));
        th_signal_entity(e, "Counter", "bookings", "add", "1");
    }
    return th_state(e);
}

static const char *transfer(th_orch *o)
{
    const char *from = th_get_string(o, th_input(o), "from", "");
    const char *to = th_get_string(o, th_input(o), "to", "");
    int64_t amount = th_get_int(th_input(o), "amount", 0);
    th_entity_id accounts[] = { { "Account", from }, { "Account", to } };

    th_lock_entities(o, accounts, 2);
    th_call_entity(o, "Account", from, "add", th_text(o, "%lld", (long long)-amount));
    th_call_entity(o, "Account", to, "add", th_text(o, "%lld", (long long)amount));
    return NULL; /* the end releases the locks, also if the first call fails and ends it */
}

TH_APP(app)
{
    th_add_entity(app, "Counter", counter);
    th_add_entity(app, "Account", account);
    th_add_orchestrator(app, "Transfer", transfer);
}
