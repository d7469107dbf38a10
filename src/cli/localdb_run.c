/*
 * localdb_run.c - runs PostgreSQL's programs as children, as the right user, with little
 * environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/localdb_int.h"
#include "cli/stop.h"

static const int64_t poll_us = 20 * 1000;

/* PG* variables of the caller must not reach the server. */
static char *const *small_environment(void)
{
    static char path[4096], library_path[4096];
    static char *environment[] = { path, "LC_ALL=C", "TZ=UTC", NULL, NULL };
    const char *libraries = getenv("LD_LIBRARY_PATH");

    snprintf(path, sizeof(path), "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    if (libraries) {
        snprintf(library_path, sizeof(library_path), "LD_LIBRARY_PATH=%s", libraries);
        environment[3] = library_path;
    }
    return environment;
}

static void complain(const char *what)
{
    const char *why = strerrordesc_np(errno);
    const char *parts[] = { "cannot ", what, ": ", why ? why : "unknown error", "\n" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            return;
}

/* Signals as a program expects to find them. */
static void reset_signals(void)
{
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * In the child: only what is safe after fork in a threaded program. A session of its own keeps a
 * terminal's Ctrl-C away from the server, which has to outlive our own orderly stop.
 */
static _Noreturn void become(const th__run *run, int in, pid_t parent, char *const *environment)
{
    reset_signals();
    setsid();
    umask(0077);
    if (dup2(in, 0) < 0 || dup2(run->out, 1) < 0 || dup2(run->out, 2) < 0)
        _exit(127);
    syscall(SYS_close_range, 3U, ~0U, 0U);
    if (!th__dbuser_become(run->user)) {
        complain("change to the user that PostgreSQL runs as");
        _exit(127);
    }
    if (chdir(run->folder ? run->folder : "/") != 0) {
        complain("enter the working directory");
        _exit(127);
    }
    /* After the change of user, which would clear it; the parent may be gone already. */
    if (run->dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent))
        _exit(127);
    execve(run->argv[0], (char *const *)run->argv, environment);
    complain(run->argv[0]);
    _exit(127);
}

th_rc th__run_start(const th__run *run, pid_t *pid, th_error *err)
{
    th_rc rc = TH_OK;
    pid_t parent = getpid();
    char *const *environment = small_environment();

    int in = run->in >= 0 ? run->in : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return th_fail(err, TH_IO, "cannot open /dev/null: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0)
        become(run, in, parent, environment);
    if (*pid < 0)
        rc = th_fail(err, TH_IO, "cannot make a process for %s: %s", run->argv[0], strerror(errno));
    if (in != run->in)
        close(in);
    return rc;
}

bool th__run_ended(pid_t pid, int *status)
{
    int raw = 0;
    pid_t got = waitpid(pid, &raw, WNOHANG);

    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    *status = got < 0 ? 127 : WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return true;
}

void th__run_kill(pid_t pid, int signal_no, int64_t wait_us)
{
    int status = 0;
    int64_t deadline = th_mono_us() + wait_us;

    kill(pid, signal_no);
    while (!th__run_ended(pid, &status)) {
        if (th_mono_us() > deadline)
            kill(pid, SIGKILL);
        usleep((useconds_t)poll_us);
    }
}

th_rc th__run_wait(const th__run *run, int *status, th_error *err)
{
    pid_t pid = 0;

    th_rc rc = th__run_start(run, &pid, err);
    if (rc != TH_OK)
        return rc;
    while (!th__run_ended(pid, status)) {
        if (!th_stop_requested()) {
            usleep((useconds_t)poll_us);
            continue;
        }
        th__run_kill(pid, SIGTERM, 5 * 1000 * 1000);
        return th_fail(err, TH_UNAVAILABLE, "stopped while %s was running", run->argv[0]);
    }
    return TH_OK;
}
