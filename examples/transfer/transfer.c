/*
 * transfer.c - money from one account to another: two SQL activities (transfer.sql), each exactly
 * once, and a compensation.
 *
 *     psql -f transfer.sql
 *     curl -d '{"from":"alice","to":"bob","amount":10}' \
 *          http://localhost:7071/api/orchestrators/transfer_orchestrator
 */
#include <taskhub.h>

static const char *entry(th_orch *o, const char *account, const char *amount)
{
    return th_text(o, "{\"account\":%s,\"amount\":%s}", account, amount);
}

/* Takes the money, and gives it back if the other account can't take it. */
static const char *transfer_orchestrator(th_orch *o)
{
    const char *from = th_get(o, th_input(o), "from"), *to = th_get(o, th_input(o), "to");
    const char *amount = th_get(o, th_input(o), "amount");

    if (!from || !to || !amount)
        return th_fail_with(o, "BadInput", "input must have from, to and amount");
    th_call_activity(o, "Withdraw", entry(o, from, amount));

    th_task *deposit = th_schedule_activity(o, "Deposit", entry(o, to, amount), NULL);
    if (th_try(o, deposit))
        return th_task_result(deposit);
    th_call_activity(o, "Deposit", entry(o, from, amount));
    return th_fail_with(o, "TransferFailed", "the money went back: %s", th_task_failure(deposit));
}

TH_APP(app)
{
    th_add_orchestrator(app, "transfer_orchestrator", transfer_orchestrator);
    th_add_starter(app, "orchestrators/{name}", NULL);
}
