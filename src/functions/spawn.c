/*
 * spawn.c - see spawn.h.
 */
#include "functions/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OURS, THEIRS, ABOVE = 10 };

/* Two ends each: of the socket, standard output, standard error. */
typedef struct ends {
    int fd[3][2];
} ends;

static void close_side(ends *e, int side)
{
    for (int i = 0; i < 3; i++) {
        if (e->fd[i][side] >= 0)
            close(e->fd[i][side]);
        e->fd[i][side] = -1;
    }
}

/* Their ends must not be one of the numbers that they get in the process. */
static th_rc lift(int *fd, th_error *err)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, ABOVE);

    if (high < 0)
        return th_fail(err, TH_IO, "cannot make a worker's pipes: %s", strerror(errno));
    close(*fd);
    *fd = high;
    return TH_OK;
}

static th_rc open_ends(ends *e, th_error *err)
{
    int made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, e->fd[0]);

    for (int i = 1; i < 3 && made == 0; i++)
        made = pipe2(e->fd[i], O_CLOEXEC);
    if (made != 0)
        return th_fail(err, TH_IO, "cannot make a worker's pipes: %s", strerror(errno));
    for (int i = 0; i < 3; i++) {
        th_rc rc = lift(&e->fd[i][THEIRS], err);
        if (rc != TH_OK)
            return rc;
        fcntl(e->fd[i][OURS], F_SETFL, O_NONBLOCK);
    }
    return TH_OK;
}

static void set_actions(posix_spawn_file_actions_t *actions, const ends *e, const char *folder)
{
    posix_spawn_file_actions_init(actions);
    posix_spawn_file_actions_addchdir_np(actions, folder);
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions, e->fd[1][THEIRS], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(actions, e->fd[2][THEIRS], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(actions, e->fd[0][THEIRS], TH__CHANNEL_FD);
}

/* As a shell would start it: own process group, no signal blocked or ignored. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
}

static th_rc spawn(const char *const *argv, const char *const *env, const char *folder,
                   const ends *e, pid_t *pid, th_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    set_actions(&actions, e, folder);
    set_attributes(&attributes);
    int rc = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv,
                          (char *const *)(uintptr_t)env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc == 0 ? TH_OK : th_fail(err, TH_IO, "cannot start %s: %s", argv[0], strerror(rc));
}

th_rc th__spawn(const char *const *argv, const char *const *env, const char *folder,
                th__spawned *out, th_error *err)
{
    ends e = { { { -1, -1 }, { -1, -1 }, { -1, -1 } } };
    th_rc rc = open_ends(&e, err);

    if (rc == TH_OK)
        rc = spawn(argv, env, folder, &e, &out->pid, err);
    close_side(&e, THEIRS);
    if (rc != TH_OK) {
        close_side(&e, OURS);
        return rc;
    }
    out->sock = e.fd[0][OURS];
    out->out = e.fd[1][OURS];
    out->err = e.fd[2][OURS];
    return TH_OK;
}

void th__wait_words(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "exited with status %d", WEXITSTATUS(status));
}
