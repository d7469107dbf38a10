/*
 * localdb_user.c - the user that PostgreSQL runs as: ourselves, or postgres when we are root.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/localdb_int.h"

static const char *const server_user = "postgres"; /* Debian's and everybody's name for it */

th_rc th__dbuser_get(th__dbuser *out, th_error *err)
{
    *out = (th__dbuser){ .uid = geteuid(), .gid = getegid() };
    if (out->uid != 0)
        return TH_OK;

    errno = 0;
    const struct passwd *entry = getpwnam(server_user);
    if (!entry)
        return th_fail(err, TH_IO,
                       "PostgreSQL does not run as root, and this machine has no user %s to run "
                       "the private cluster: run as another user, or give --database",
                       server_user);
    out->drop = true;
    out->uid = entry->pw_uid;
    out->gid = entry->pw_gid;
    out->n_groups = TH__MAX_GROUPS;
    if (getgrouplist(server_user, out->gid, out->groups, &out->n_groups) < 0)
        out->n_groups = TH__MAX_GROUPS; /* the first ones will do */
    return TH_OK;
}

/* System calls without libc around them: the child of a threaded program may do no more. */
bool th__dbuser_become(const th__dbuser *user)
{
    if (!user || !user->drop)
        return true;
    return syscall(SYS_setgroups, (size_t)user->n_groups, user->groups) == 0 &&
           syscall(SYS_setgid, user->gid) == 0 && syscall(SYS_setuid, user->uid) == 0;
}

/* A directory that stands in for ours in a shared folder must not be taken for it. */
static th_rc check_own(const th__dbuser *user, const char *path, th_error *err)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return th_fail(err, TH_IO, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return th_fail(err, TH_IO, "%s is not a directory", path);
    if (st.st_uid != user->uid)
        return th_fail(err, TH_IO, "the directory %s belongs to user %u, not to user %u", path,
                       (unsigned)st.st_uid, (unsigned)user->uid);
    if (st.st_mode & 0077)
        return th_fail(err, TH_IO, "the directory %s is open to other users: chmod 700 it", path);
    return TH_OK;
}

th_rc th__dbuser_mkdir(const th__dbuser *user, const char *path, th_error *err)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST
                   ? check_own(user, path, err)
                   : th_fail(err, TH_IO, "cannot make the directory %s: %s", path, strerror(errno));
    if (user->drop && lchown(path, user->uid, user->gid) != 0) {
        int bad = errno;
        rmdir(path);
        return th_fail(err, TH_IO, "cannot give the directory %s to user %s: %s", path, server_user,
                       strerror(bad));
    }
    return TH_OK;
}

bool th__dbuser_can_use(const th__dbuser *user, const char *path)
{
    int status = 0;

    if (!user->drop)
        return access(path, R_OK | W_OK | X_OK) == 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(th__dbuser_become(user) && access(path, R_OK | W_OK | X_OK) == 0 ? 0 : 1);
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
