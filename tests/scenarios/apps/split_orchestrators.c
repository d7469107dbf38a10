/*
 * split_orchestrators.c - orchestrators whose activities another app has.
 */
#include <fcntl.h>
#include <signal.h>
#include <taskhub.h>
#include <unistd.h>

/* As many steps as the input says, one after the other. */
static const char *chain(th_orch *o)
{
    int64_t n = th_get_int(th_input(o), NULL, 0);
    const char *value = "0";

    for (int64_t i = 0; i < n; i++)
        value = th_call_activity(o, "Step", value);
    return value;
}

/* After its first step it kills the process, once: the file of the input tells. */
static const char *dies_once(th_orch *o)
{
    const char *value = th_call_activity(o, "Step", "0");
    const char *path = th_get_string(o, th_input(o), "path", "");
    int fd = open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        raise(SIGKILL);
    }
    return th_call_activity(o, "Step", value);
}

static const char *dies_always(th_orch *o)
{
    (void)o;
    raise(SIGKILL);
    return NULL;
}

static const char *waits(th_orch *o)
{
    return th_wait_event(o, "Go");
}

TH_APP(app)
{
    th_add_orchestrator(app, "Chain", chain);
    th_add_orchestrator(app, "DiesOnce", dies_once);
    th_add_orchestrator(app, "DiesAlways", dies_always);
    th_add_orchestrator(app, "Waits", waits);
}
