/*
 * split_activities.c - the activities of split_orchestrators.c.
 */
#include <taskhub.h>

static const char *step(th_activity *a)
{
    return th_text(a, "%lld", (long long)th_get_int(th_input(a), NULL, 0) + 1);
}

TH_APP(app)
{
    th_add_activity(app, "Step", step);
}
