/*
 * transfer.c - money from one account to another: two SQL activities (transfer.sql), each exactly
 * once, and a compensation.
 *
 *     psql -f transfer.sql
 *     curl -d '{"from":"alice","to":"bob","amount":10}' \
 *          http://localhost:7071/api/orchestrators/transfer_orchestrator
 */
#include <taskhub.h>

static const char *entry(th_orch *o, const char *account, double amount)
{
    return th_text(o, "{\"account\":%s,\"amount\":%.2f}", th_quote(o, account), amount);
}

/* Takes the money, and gives it back if the other account can't take it. */
static const char *transfer_orchestrator(th_orch *o)
{
    const char *from = th_get_string(o, th_input(o), "from", "");
    const char *to = th_get_string(o, th_input(o), "to", "");
    double amount = th_get_number(th_input(o), "amount", 0);

    if (!(amount > 0))
        return th_fail_with(o, "BadInput", "amount must be more than 0");
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
