/*
 * stop.c - the thread that takes the signals.
 */
#include "cli/stop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/exits.h"

static sigset_t stop_signals;
static atomic_bool requested;
static int wake_fd = -1; /* readable for ever once a stop is requested */

/* A SIGHUP that is ignored on purpose (nohup) stays so; a SIGINT that a shell's "&" ignores does
 * not. */
static void gather_signals(void)
{
    struct sigaction now;

    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGTERM);
    if (sigaction(SIGHUP, NULL, &now) != 0 || now.sa_handler != SIG_IGN)
        sigaddset(&stop_signals, SIGHUP);
    signal(SIGINT, SIG_DFL);
}

/* A wrapper may pass on what its terminal has sent to us already: that is one signal, not two. */
static const int64_t same_us = 500 * 1000;

static void *take_signals(void *arg)
{
    int signal_no = 0;

    (void)arg;
    while (sigwait(&stop_signals, &signal_no) != 0)
        continue;
    th_log(TH_LOG_INFO, TH_EV_STOP, NULL, "stopping (%s); once more to stop at once",
           strsignal(signal_no));
    atomic_store(&requested, true);
    eventfd_write(wake_fd, 1);

    int64_t first_us = th_mono_us();
    do
        while (sigwait(&stop_signals, &signal_no) != 0)
            continue;
    while (th_mono_us() - first_us < same_us);
    th_log(TH_LOG_WARN, TH_EV_STOP, NULL, "stopped at once (%s)", strsignal(signal_no));
    _exit(TH_EXIT_FAILED);
}

th_rc th_stop_setup(th_error *err)
{
    pthread_t thread;

    gather_signals();
    signal(SIGPIPE, SIG_IGN);
    wake_fd = eventfd(0, EFD_CLOEXEC);
    if (wake_fd < 0)
        return th_fail(err, TH_IO, "cannot make an eventfd: %s", strerror(errno));

    int bad = pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
    if (!bad)
        bad = pthread_create(&thread, NULL, take_signals, NULL);
    if (bad)
        return th_fail(err, TH_IO, "cannot make the signal thread: %s", strerror(bad));
    pthread_detach(thread);
    return TH_OK;
}

bool th_stop_requested(void)
{
    return atomic_load(&requested);
}

bool th_stop_wait(int64_t timeout_us)
{
    struct pollfd fd = { .fd = wake_fd, .events = POLLIN };

    if (!th_stop_requested())
        poll(&fd, 1, (int)((timeout_us + 999) / 1000));
    return th_stop_requested();
}
