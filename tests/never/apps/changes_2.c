/*
 * changes_2.c - the orchestrators of changes_1.c under the same names, changed as each name says.
 */
#include <taskhub.h>

static const char *rest(th_orch *o)
{
    th_set_custom_status(o, "\"waits for Go\"");
    th_wait_event(o, "Go");
    return "\"new\"";
}

static const char *other_name(th_orch *o)
{
    th_call_activity(o, "Other", NULL);
    th_call_activity(o, "Second", NULL);
    return rest(o);
}

static const char *other_kind(th_orch *o)
{
    th_sleep(o, TH_SECOND);
    th_call_activity(o, "Second", NULL);
    return rest(o);
}

static const char *other_order(th_orch *o)
{
    th_call_activity(o, "Second", NULL);
    th_call_activity(o, "First", NULL);
    return rest(o);
}

static const char *extra_step(th_orch *o)
{
    th_call_activity(o, "First", NULL);
    th_call_activity(o, "Second", NULL);
    th_call_activity(o, "Extra", NULL);
    return rest(o);
}

static const char *missing_step(th_orch *o)
{
    th_call_activity(o, "First", NULL);
    return rest(o);
}

static const char *ends_early(th_orch *o)
{
    (void)o;
    return "\"new\"";
}

/* A step after all that history knows is no difference. */
static const char *later_step(th_orch *o)
{
    th_call_activity(o, "First", NULL);
    th_call_activity(o, "Second", NULL);

    const char *result = rest(o);

    th_call_activity(o, "Extra", NULL);
    return result;
}

static const char *other_log(th_orch *o)
{
    th_log_info(o, "code that takes no step may change");
    th_call_activity(o, "first", NULL);
    th_call_activity(o, "SECOND", NULL);
    return rest(o);
}

static const char *nothing(th_activity *a)
{
    (void)a;
    return NULL;
}

TH_APP(app)
{
    th_add_orchestrator(app, "OtherName", other_name);
    th_add_orchestrator(app, "OtherKind", other_kind);
    th_add_orchestrator(app, "OtherOrder", other_order);
    th_add_orchestrator(app, "ExtraStep", extra_step);
    th_add_orchestrator(app, "MissingStep", missing_step);
    th_add_orchestrator(app, "EndsEarly", ends_early);
    th_add_orchestrator(app, "LaterStep", later_step);
    th_add_orchestrator(app, "OtherLog", other_log);
    th_add_activity(app, "First", nothing);
    th_add_activity(app, "Second", nothing);
    th_add_activity(app, "Other", nothing);
    th_add_activity(app, "Extra", nothing);
}
