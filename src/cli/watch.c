/*
 * watch.c - see watch.h.
 */
#include "cli/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 12, MOST_ENTRIES = 20000 };

/* One look. */
typedef struct look {
    uint64_t sum; /* of files, in whichever order they come */
    size_t left;
} look;

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    for (const unsigned char *b = p; n--; b++)
        h = (h ^ *b) * UINT64_C(1099511628211);
    return h;
}

static bool is_code(const char *name)
{
    static const char *const ends[] = { ".py", ".js", ".mjs", ".cjs", ".json", ".so" };
    const char *end = strrchr(name, '.');

    for (size_t i = 0; end && i < sizeof ends / sizeof *ends; i++)
        if (strcmp(end, ends[i]) == 0)
            return true;
    return false;
}

static bool is_looked_into(int parent, const char *name)
{
    char mark[sizeof(((struct dirent *)0)->d_name) + sizeof "/pyvenv.cfg"];

    if (*name == '.' || strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0)
        return false;
    strcpy(mark, name);
    strcat(mark, "/pyvenv.cfg");
    return faccessat(parent, mark, F_OK, 0) != 0;
}

static void look_at(look *l, int parent, const char *name, uint64_t path, int depth);

static void look_into(look *l, int fd, uint64_t path, int depth)
{
    DIR *dir = fdopendir(fd);

    if (!dir) {
        close(fd);
        return;
    }
    for (struct dirent *entry; l->left && (entry = readdir(dir)); l->left--)
        if (*entry->d_name != '.')
            look_at(l, fd, entry->d_name, path, depth);
    closedir(dir);
}

static void look_at(look *l, int parent, const char *name, uint64_t path, int depth)
{
    struct stat st;

    path = mix(path, name, strlen(name) + 1);
    if (fstatat(parent, name, &st, 0) != 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        int fd = depth < DEEPEST && is_looked_into(parent, name)
                     ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                     : -1;
        if (fd >= 0)
            look_into(l, fd, path, depth + 1);
    } else if (is_code(name)) {
        path = mix(path, &st.st_mtim, sizeof st.st_mtim);
        path = mix(path, &st.st_ino, sizeof st.st_ino);
        l->sum += mix(path, &st.st_size, sizeof st.st_size);
    }
}

static uint64_t sum_of(const th_watch *watch)
{
    look l = { .left = MOST_ENTRIES };

    for (size_t i = 0; i < watch->count; i++) {
        int fd = open(watch->folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            look_into(&l, fd, i, 0);
    }
    return l.sum;
}

void th_watch_add(th_watch *watch, const char *folder)
{
    if (watch->count < TH_WATCH_FOLDERS)
        watch->folders[watch->count++] = folder;
}

void th_watch_begin(th_watch *watch)
{
    watch->was = watch->saw = sum_of(watch);
}

bool th_watch_changed(th_watch *watch)
{
    uint64_t now = sum_of(watch);
    bool still = now == watch->saw;

    watch->saw = now;
    return still && now != watch->was;
}
