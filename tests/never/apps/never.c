/*
 * never.c - orchestrators and activities for tests that do harm.
 */
#include <signal.h>
#include <taskhub.h>
#include <time.h>
#include <unistd.h>

static void pause_for(double seconds)
{
    struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

    nanosleep(&pause, NULL);
}

/* The way of a bad pointer, without the sanitizers' own handlers in between. */
static void crash(void)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

/* Collects the events Number until one is negative: an array of what came, as it came. */
static const char *collect(th_orch *o)
{
    const char *all = "";

    for (;;) {
        const char *number = th_wait_event(o, "Number");

        if (th_get_int(number, NULL, 0) < 0)
            return th_text(o, "[%s]", all);
        all = th_text(o, "%s%s%s", all, *all ? "," : "", number);
    }
}

static const char *waits(th_orch *o)
{
    return th_wait_event(o, "Go");
}

static const char *sleeps(th_orch *o)
{
    th_sleep(o, (int64_t)(th_get_number(th_input(o), NULL, 1) * (double)TH_SECOND));
    return "\"slept\"";
}

static const char *echo(th_orch *o)
{
    return th_input(o);
}

/* Takes as long as its input says the first time it is handed out, no time later; tells where it
 * ran and which delivery it was. */
static const char *nap(th_activity *a)
{
    double seconds = th_get_number(th_input(a), NULL, 1);

    th_log_info(a, "nap begins, delivery %d", th_delivery(a));
    for (double slept = 0; th_delivery(a) == 1 && slept < seconds && !th_is_cancelled(a);
         slept += 0.05)
        pause_for(0.05);
    return th_text(a, "{\"pid\":%d,\"delivery\":%d}", (int)getpid(), th_delivery(a));
}

static const char *naps(th_orch *o)
{
    return th_call_activity(o, "Nap", th_input(o));
}

static const char *segv(th_activity *a)
{
    th_log_warn(a, "the process is about to crash, delivery %d", th_delivery(a));
    crash();
    return NULL;
}

/* What became of an activity that kills whoever runs it. */
static const char *calls_segv(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "Segv", NULL, NULL);

    if (th_try(o, task))
        return "\"succeeded?\"";
    return th_task_failure(task);
}

/* Kills its process in the middle of an episode. */
static const char *killer(th_orch *o)
{
    th_log_warn(o, "the orchestrator is about to crash");
    crash();
    return NULL;
}

static const char *waits_and_kills(th_orch *o)
{
    th_wait_event(o, "Go");
    crash();
    return NULL;
}

static const char *hundred(th_orch *o)
{
    for (int i = 0; i < 100; i++)
        th_call_activity(o, "Quick", NULL);
    return "100";
}

static const char *quick(th_activity *a)
{
    (void)a;
    return "1";
}

/* Texts that are none. The input says which. */
static const char *bad_output(th_orch *o)
{
    (void)o;
    return "\"\xff\xfe\"";
}

static const char *not_json(th_orch *o)
{
    (void)o;
    return "no JSON at all";
}

static const char *bad_failure(th_orch *o)
{
    return th_fail_with(o, "Bad\xff", "text that is no UTF-8: \xc3\x28 \x01");
}

static const char *bad_status(th_orch *o)
{
    th_set_custom_status(o, "\"\xff\"");
    return "1";
}

static const char *spoil(th_activity *a)
{
    th_log_info(a, "a line that is no UTF-8: \xff\xfe");
    return "{\"x\": \"\xff\"}";
}

static const char *calls_spoil(th_orch *o)
{
    return th_call_activity(o, "Spoil", NULL);
}

static const char *bad_name(th_orch *o)
{
    return th_call_activity(o, "\xff", NULL);
}

static const char *calls_missing(th_orch *o)
{
    return th_call_activity(o, "Missing", NULL);
}

/* A text that the constraint of a test refuses. */
static const char *forbidden(th_orch *o)
{
    (void)o;
    return "\"forbidden\"";
}

TH_APP(app)
{
    th_add_orchestrator(app, "Collect", collect);
    th_add_orchestrator(app, "Waits", waits);
    th_add_orchestrator(app, "Echo", echo);
    th_add_orchestrator(app, "Sleeps", sleeps);
    th_add_orchestrator(app, "Naps", naps);
    th_add_orchestrator(app, "CallsSegv", calls_segv);
    th_add_orchestrator(app, "Killer", killer);
    th_add_orchestrator(app, "WaitsAndKills", waits_and_kills);
    th_add_orchestrator(app, "Hundred", hundred);
    th_add_orchestrator(app, "BadOutput", bad_output);
    th_add_orchestrator(app, "NotJson", not_json);
    th_add_orchestrator(app, "BadFailure", bad_failure);
    th_add_orchestrator(app, "BadStatus", bad_status);
    th_add_orchestrator(app, "BadName", bad_name);
    th_add_orchestrator(app, "CallsSpoil", calls_spoil);
    th_add_orchestrator(app, "CallsMissing", calls_missing);
    th_add_orchestrator(app, "Forbidden", forbidden);
    th_add_activity(app, "Nap", nap);
    th_add_activity(app, "Segv", segv);
    th_add_activity(app, "Quick", quick);
    th_add_activity(app, "Spoil", spoil);
}
