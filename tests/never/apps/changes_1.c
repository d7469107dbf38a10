/*
 * changes_1.c - orchestrators as they are before somebody changes them; changes_2.c has them
 * afterwards. Each calls First and Second, then waits for Go.
 */
#include <taskhub.h>

static const char *old(th_orch *o)
{
    th_call_activity(o, "First", NULL);
    th_call_activity(o, "Second", NULL);
    th_set_custom_status(o, "\"waits for Go\"");
    th_wait_event(o, "Go");
    return "\"old\"";
}

static const char *nothing(th_activity *a)
{
    (void)a;
    return NULL;
}

TH_APP(app)
{
    th_add_orchestrator(app, "OtherName", old);
    th_add_orchestrator(app, "OtherKind", old);
    th_add_orchestrator(app, "OtherOrder", old);
    th_add_orchestrator(app, "ExtraStep", old);
    th_add_orchestrator(app, "MissingStep", old);
    th_add_orchestrator(app, "EndsEarly", old);
    th_add_orchestrator(app, "LaterStep", old);
    th_add_orchestrator(app, "OtherLog", old);
    th_add_orchestrator(app, "OnlyInTheFirst", old);
    th_add_activity(app, "First", nothing);
    th_add_activity(app, "Second", nothing);
}
