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

#include "base/json.h"
#include "functions/functions.h"

enum { MAX_PROCESSES = 256 };

#ifndef TH_WORKERS_SOURCE
#define TH_WORKERS_SOURCE ""
#endif

static bool is_readable(const char *path)
{
    return access(path, R_OK) == 0;
}

/* ---- which language ---------------------------------------------------------------------------
 */

/* By the names of FUNCTIONS_WORKER_RUNTIME. */
static const struct {
    const char *runtime, *title, *worker, *option;
} languages[TH__LANGUAGES] = {
    [TH__PYTHON] = { "python", "Python", "python/worker.py", "--python" },
    [TH__NODE] = { "node", "Node", "node/worker.js", "--node" },
};

static const char *python_script(const th__settings *settings)
{
    const char *name = th__settings_get(settings, "PYTHON_SCRIPT_FILE_NAME");

    return name ? name : "function_app.py";
}

static bool is_listed(const json_t *root, const char *list)
{
    return json_object_get(json_object_get(root, list), "@azure/functions") != NULL;
}

/* Not every folder with a package.json: one that is set to be an app, or asks for the package. */
static bool is_node_app(th_arena *arena, const char *folder, const char *runtime)
{
    const char *file = th_sprintf(arena, "%s/package.json", folder);
    th_json_doc doc = { 0 };
    th_error none = { 0 };

    if (!is_readable(file))
        return false;
    if (runtime)
        return strcasecmp(runtime, "node") == 0;
    bool is_app = th_json_doc_read(file, 0, &doc, &none) == TH_OK &&
                  (is_listed(doc.root, "dependencies") || is_listed(doc.root, "devDependencies"));
    th_json_doc_free(&doc);
    return is_app;
}

/* What is there decides; where both are, the setting. TH__LANGUAGES: neither. */
static th__language language_of(th_arena *arena, const char *folder, const th__settings *settings)
{
    const char *runtime = th__settings_get(settings, "FUNCTIONS_WORKER_RUNTIME");
    bool python = is_readable(th_sprintf(arena, "%s/%s", folder, python_script(settings)));

    if (python && !(runtime && strcasecmp(runtime, "node") == 0))
        return TH__PYTHON;
    if (is_node_app(arena, folder, runtime))
        return TH__NODE;
    return python ? TH__PYTHON : TH__LANGUAGES;
}

bool th_functions_is_app(const char *folder)
{
    th_arena *arena = th_arena_new(0);
    th__settings settings;
    th_error err = { 0 };

    if (th__settings_read(arena, folder, &settings, &err) != TH_OK)
        settings = (th__settings){ 0 }; /* said when the app is opened */
    bool is_app = language_of(arena, folder, &settings) != TH__LANGUAGES;
    th_arena_free(arena);
    return is_app;
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
    const char *file = languages[app->language].worker;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!places[i] || !*places[i])
            continue;
        app->worker = th_sprintf(arena, "%s/%s", places[i], file);
        app->worker_folder =
            th_sprintf(arena, "%s/%s", places[i], languages[app->language].runtime);
        if (is_readable(app->worker))
            return TH_OK;
    }
    return th_fail(err, TH_CONFIG,
                   "the %s worker is not where it was installed (%s); set TASKHUB_WORKERS to the "
                   "folder that holds %s",
                   languages[app->language].title, app->worker, file);
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

    if (app->language == TH__LANGUAGES)
        return th_fail(err, TH_CONFIG, "%s holds no app for Azure Functions", app->folder);
    if (!runtime || strcasecmp(runtime, languages[app->language].runtime) == 0)
        return TH_OK;
    return th_fail(err, TH_CONFIG, "FUNCTIONS_WORKER_RUNTIME is '%.40s'; the app in %s is a %s app",
                   runtime, app->folder, languages[app->language].title);
}

static void complete_environment(th__app *app, const char *hostname)
{
    th__settings *s = &app->settings;

    th__settings_set(s, "FUNCTIONS_WORKER_RUNTIME", languages[app->language].runtime);
    th__settings_set(s, "FUNCTIONS_WORKER_DIRECTORY", app->worker_folder);
    th__settings_set(s, "FUNCTIONS_APPLICATION_DIRECTORY", app->folder);
    th__settings_set(s, "AzureWebJobsScriptRoot", app->folder);
    th__settings_default(s, "AZURE_FUNCTIONS_ENVIRONMENT", "Development");
    th__settings_set(s, "WEBSITE_HOSTNAME", hostname);
    th__settings_set(s, "PYTHONUNBUFFERED", "1");
}

static const char **argv_of(th_arena *arena, const th__app *app)
{
    const char **given = th__interpreter_arguments(arena, app);
    size_t n = 0;

    while (given[n])
        n++;
    const char **argv = th_new(arena, const char *, n + 3);
    argv[0] = app->interpreter;
    memcpy(argv + 1, given, n * sizeof *argv);
    argv[n + 1] = app->worker;
    return argv;
}

/* What was given for another language would be looked for in vain. */
static th_rc check_given(const th__app *app, const char *const given[TH__LANGUAGES], th_error *err)
{
    for (int i = 0; i < TH__LANGUAGES; i++)
        if (given[i] && i != (int)app->language)
            return th_fail(err, TH_CONFIG, "%s is for %s apps; the app in %s is a %s app",
                           languages[i].option, languages[i].title, app->folder,
                           languages[app->language].title);
    return TH_OK;
}

th_rc th__app_open(th_arena *arena, const char *folder, const char *const given[TH__LANGUAGES],
                   const char *hostname, th__app *out, th_error *err)
{
    *out = (th__app){ .folder = th_strdup(arena, folder) };
    th_rc rc = th__settings_read(arena, folder, &out->settings, err);

    if (rc == TH_OK) {
        out->language = language_of(arena, folder, &out->settings);
        rc = check_runtime(out, err);
    }
    if (rc == TH_OK)
        rc = check_given(out, given, err);
    if (rc == TH_OK)
        rc = read_processes(out, err);
    if (rc == TH_OK)
        rc = find_worker(arena, out, err);
    if (rc != TH_OK)
        return rc;
    out->script = out->language == TH__NODE ? "package.json" : python_script(&out->settings);
    out->interpreter = th__interpreter_of(arena, out, given[out->language]);
    out->argv = argv_of(arena, out);
    complete_environment(out, hostname);
    return TH_OK;
}
