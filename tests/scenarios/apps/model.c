/*
 * model.c - orchestrators for the tests of early events, tags, priorities, versions, cancellation
 * and timeouts.
 */
#include <taskhub.h>

/* The payloads of the next five events "go", in the order in which they came. */
static const char *takes_five(th_orch *o)
{
    const char *taken[5];

    for (int i = 0; i < 5; i++)
        taken[i] = th_wait_event(o, "go");
    return th_list(o, taken, 5);
}

TH_APP(app)
{
    th_add_orchestrator(app, "takes_five", takes_five);
}
