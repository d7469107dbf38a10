/*
 * app_folder.c - see app_folder.h.
 */
#include "functions/app_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "functions/functions.h"

enum { MAX_PROCESSES = 256 };

#ifndef TH_WORKERS_SOURCE
#define TH_WORKERS_SOURCE ""
#endif

static bool is_readable(const char *path)
{
    return access(path, R_OK) == 0;
}

static const char *script_of(const th__settings *settings)
{
    const char *name = th__settings_get(settings, "PYTHON_SCRIPT_FILE_NAME");

    return name ? name : "function_app.py";
}

bool th_functions_is_app(const char *folder)
{
    th_arena *arena = th_arena_new(0);
    th__settings settings;
    th_error err = { 0 };
    const char *script = "function_app.py";

    if (th__settings_read(arena, folder, &settings, &err) == TH_OK)
        script = script_of(&settings);
    bool is_app = is_readable(th_sprintf(arena, "%s/%s", folder, script));
    th_arena_free(arena);
    return is_app;
}

/* ---- the interpreter --------------------------------------------------------------------------
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

static const char *choose_python(th_arena *arena, const th__app *app, const char *given)
{
    const char *environment = th__settings_get(&app->settings, "VIRTUAL_ENV");
    const char *set =
        th__settings_get(&app->settings, "languageWorkers__python__defaultExecutablePath");
    const char *python = given;
    char here[PATH_MAX];

    /* The worker starts in the app's folder. */
    if (python && strchr(python, '/') && *python != '/' && getcwd(here, sizeof here))
        python = th_sprintf(arena, "%s/%s", here, python);
    if (!python)
        python = python_beside(arena, app->folder);
    if (!python && environment)
        python = python_in(arena, environment);
    if (!python)
        python = set;
    return python ? python : "python3";
}

/* ---- the worker -------------------------------------------------------------------------------
 */

static const char *beside_program(th_arena *arena)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    if (n <= 0)
        return NULL;
    program[n] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    return th_sprintf(arena, "%s/../share/taskhub/workers", program);
}

static th_rc find_worker(th_arena *arena, th__app *app, th_error *err)
{
    const char *places[] = { th__settings_get(&app->settings, "TASKHUB_WORKERS"),
                             beside_program(arena), TH_WORKERS_SOURCE };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!places[i] || !*places[i])
            continue;
        app->worker_folder = th_sprintf(arena, "%s/python", places[i]);
        app->worker = th_sprintf(arena, "%s/worker.py", app->worker_folder);
        if (is_readable(app->worker))
            return TH_OK;
    }
    return th_fail(err, TH_CONFIG,
                   "the Python worker is not where it was installed (%s); set TASKHUB_WORKERS to "
                   "the folder that holds python/worker.py",
                   app->worker);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static th_rc read_processes(th__app *app, th_error *err)
{
    const char *text = th__settings_get(&app->settings, "FUNCTIONS_WORKER_PROCESS_COUNT");
    char *end = NULL;

    app->processes = 1;
    if (!text)
        return TH_OK;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n > MAX_PROCESSES)
        return th_fail(
            err, TH_CONFIG,
            "FUNCTIONS_WORKER_PROCESS_COUNT: must be a whole number up to %d, not '%.40s'",
            MAX_PROCESSES, text);
    app->processes = n < 1 ? 1 : (int)n;
    return TH_OK;
}

static th_rc check_runtime(const th__app *app, th_error *err)
{
    const char *runtime = th__settings_get(&app->settings, "FUNCTIONS_WORKER_RUNTIME");

    if (!runtime || strcasecmp(runtime, "python") == 0)
        return TH_OK;
    return th_fail(err, TH_CONFIG,
                   "FUNCTIONS_WORKER_RUNTIME is '%.40s'; the app in %s is a Python app", runtime,
                   app->folder);
}

static void complete_environment(th__app *app, const char *hostname)
{
    th__settings *s = &app->settings;

    th__settings_set(s, "FUNCTIONS_WORKER_RUNTIME", "python");
    th__settings_set(s, "FUNCTIONS_WORKER_DIRECTORY", app->worker_folder);
    th__settings_set(s, "FUNCTIONS_APPLICATION_DIRECTORY", app->folder);
    th__settings_set(s, "AzureWebJobsScriptRoot", app->folder);
    th__settings_default(s, "AZURE_FUNCTIONS_ENVIRONMENT", "Development");
    th__settings_set(s, "WEBSITE_HOSTNAME", hostname);
    th__settings_set(s, "PYTHONUNBUFFERED", "1");
}

th_rc th__app_open(th_arena *arena, const char *folder, const char *python, const char *hostname,
                   th__app *out, th_error *err)
{
    *out = (th__app){ .folder = th_strdup(arena, folder) };
    th_rc rc = th__settings_read(arena, folder, &out->settings, err);

    if (rc == TH_OK)
        rc = check_runtime(out, err);
    if (rc == TH_OK)
        rc = read_processes(out, err);
    if (rc == TH_OK)
        rc = find_worker(arena, out, err);
    if (rc != TH_OK)
        return rc;
    out->script = script_of(&out->settings);
    out->interpreter = choose_python(arena, out, python);
    complete_environment(out, hostname);
    return TH_OK;
}
