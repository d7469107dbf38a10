/*
 * interpreter.c - which program runs an app's language (app_folder.h).
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "functions/app_folder.h"

/* ---- Python -----------------------------------------------------------------------------------
 */

static const char *python_in(th_arena *arena, const char *folder)
{
    const char *path = th_sprintf(arena, "%s/bin/python", folder);

    return access(path, X_OK) == 0 ? path : NULL;
}

/* A virtual environment in this folder. */
static const char *python_of(th_arena *arena, const char *folder)
{
    static const char *const names[] = { ".venv", "venv" };
    char real[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *python = realpath(th_sprintf(arena, "%s/%s", folder, names[i]), real)
                                 ? python_in(arena, real)
                                 : NULL;
        if (python)
            return python;
    }
    return NULL;
}

/* A virtual environment in the app's folder, or in one above it. */
static const char *python_beside(th_arena *arena, const char *folder)
{
    char real[PATH_MAX];
    const char *python = NULL;

    if (!realpath(folder, real))
        return NULL;
    while (*real && !(python = python_of(arena, real)))
        *strrchr(real, '/') = '\0';
    return python;
}

static const char *find_python(th_arena *arena, const th__app *app)
{
    const char *environment = th__settings_get(&app->settings, "VIRTUAL_ENV");
    const char *python = python_beside(arena, app->folder);

    if (!python && environment)
        python = python_in(arena, environment);
    return python;
}

/* ---- any --------------------------------------------------------------------------------------
 */

/* The worker starts in the app's folder. */
static const char *from_here(th_arena *arena, const char *path)
{
    char here[PATH_MAX];

    if (strchr(path, '/') && *path != '/' && getcwd(here, sizeof here))
        return th_sprintf(arena, "%s/%s", here, path);
    return path;
}

const char *th__interpreter_of(th_arena *arena, const th__app *app, const char *given)
{
    static const char *const keys[] = {
        [TH__PYTHON] = "languageWorkers__python__defaultExecutablePath",
        [TH__NODE] = "languageWorkers__node__defaultExecutablePath",
    };
    static const char *const names[] = { [TH__PYTHON] = "python3", [TH__NODE] = "node" };

    if (given)
        return from_here(arena, given);
    const char *found = app->language == TH__PYTHON ? find_python(arena, app) : NULL;
    if (!found)
        found = th__settings_get(&app->settings, keys[app->language]);
    return found ? found : names[app->language];
}

const char **th__interpreter_arguments(th_arena *arena, const th__app *app)
{
    static const char *const keys[] = { [TH__PYTHON] = "languageWorkers__python__arguments",
                                        [TH__NODE] = "languageWorkers__node__arguments" };
    const char *text = th__settings_get(&app->settings, keys[app->language]);
    const char **list = th_new(arena, const char *, text ? strlen(text) / 2 + 2 : 1);
    size_t count = 0;

    while (text && *(text += strspn(text, " "))) {
        size_t n = strcspn(text, " ");
        list[count++] = th_strndup(arena, text, n);
        text += n;
    }
    return list;
}
