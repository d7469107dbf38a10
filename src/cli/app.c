/*
 * app.c - finds an app's shared object and its host.json.
 */
#include "cli/app.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "functions/functions.h"

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool ends_in_so(const char *name)
{
    size_t n = strlen(name);

    return n > 3 && strcmp(name + n - 3, ".so") == 0;
}

static const char *host_json_in(th_arena *arena, const char *folder)
{
    const char *path = th_sprintf(arena, "%s/host.json", folder);

    return is_file(path) ? path : NULL;
}

/* The only *.so of a folder; *found counts them. */
static th_rc only_object(th_arena *arena, const char *folder, const char **out, int *found,
                         th_error *err)
{
    struct dirent *entry;

    *found = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return th_fail(err, TH_CONFIG, "cannot read the folder %s: %s", folder, strerror(errno));
    while ((entry = readdir(dir))) {
        const char *path = th_sprintf(arena, "%s/%s", folder, entry->d_name);
        if (!ends_in_so(entry->d_name) || !is_file(path))
            continue;
        *out = path;
        ++*found;
    }
    closedir(dir);
    return TH_OK;
}

static th_rc find_in_folder(th_arena *arena, const char *folder, bool required, th_app_place *out,
                            th_error *err)
{
    int found = 0;
    const char *name = basename(th_strdup(arena, folder));
    const char *own = th_sprintf(arena, "%s/%s.so", folder, name);

    out->host_json = host_json_in(arena, folder);
    if (th_functions_is_app(folder)) {
        out->functions = th_strdup(arena, folder);
        return TH_OK;
    }
    if (is_file(own)) {
        out->object = own;
        return TH_OK;
    }
    th_rc rc = only_object(arena, folder, &out->object, &found, err);
    if (rc != TH_OK || found == 1)
        return rc;
    out->object = NULL;
    if (!required)
        return TH_OK;
    if (!found)
        return th_fail(
            err, TH_CONFIG,
            "the folder %s has no app: no function_app.py, no %s.so and no other *.so in it",
            folder, name);
    return th_fail(err, TH_CONFIG,
                   "the folder %s has %d shared objects and none is called %s.so: name the one to "
                   "load",
                   folder, found, name);
}

th_rc th_app_find(th_arena *arena, const char *app, th_app_place *out, th_error *err)
{
    char path[PATH_MAX];
    struct stat st;

    *out = (th_app_place){ 0 };
    if (!realpath(app, path) || stat(path, &st) != 0)
        return th_fail(err, TH_CONFIG, "cannot find the app %.300s: %s", app, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return find_in_folder(arena, path, true, out, err);
    if (!S_ISREG(st.st_mode))
        return th_fail(err, TH_CONFIG, "the app %s is neither a file nor a folder", path);
    out->object = th_strdup(arena, path);
    out->host_json = host_json_in(arena, dirname(path));
    return TH_OK;
}

th_rc th_app_find_here(th_arena *arena, th_app_place *out, th_error *err)
{
    char path[PATH_MAX];

    *out = (th_app_place){ 0 };
    if (!realpath(".", path))
        return th_fail(err, TH_CONFIG, "cannot find the working directory: %s", strerror(errno));
    return find_in_folder(arena, path, false, out, err);
}
