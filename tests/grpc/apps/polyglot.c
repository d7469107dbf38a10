/* An orchestrator in C whose activities are in other languages, and an activity for theirs. */
#include <taskhub.h>

/* Input: the names of two activities, first and second; the second gets what the first gave. */
static const char *relay(th_orch *o)
{
    const char *first = th_get_string(o, th_input(o), "first", "");
    const char *second = th_get_string(o, th_input(o), "second", "");

    return th_call_activity(o, second, th_call_activity(o, first, "0"));
}

static const char *c_plus_one(th_activity *a)
{
    return th_text(a, "%lld", (long long)th_get_int(th_input(a), NULL, 0) + 1);
}

static const char *trace_of_activity(th_activity *a)
{
    return th_trace(a);
}

/* Both contexts, its own and its activity's. */
static const char *traces(th_orch *o)
{
    return th_text(o, "[%s,%s]", th_trace(o), th_call_activity(o, "TraceOf", NULL));
}

TH_APP(app)
{
    th_add_orchestrator(app, "Traces", traces);
    th_add_activity(app, "TraceOf", trace_of_activity);
    th_add_orchestrator(app, "Relay", relay);
    th_add_activity(app, "cPlusOne", c_plus_one);
}
