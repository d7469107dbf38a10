/*
 * app_folder.h - a function app's folder: its script, the interpreter and the worker that run it.
 */
#ifndef TH_FUNCTIONS_APP_FOLDER_H
#define TH_FUNCTIONS_APP_FOLDER_H

#include <stdbool.h>

#include "functions/settings.h"

typedef enum th__language { TH__PYTHON, TH__NODE, TH__LANGUAGES } th__language;

typedef struct th__app {
    const char *folder;
    th__settings settings;
    th__language language;
    const char *script; /* what makes it an app: function_app.py, package.json */
    const char *interpreter;
    const char **argv;  /* of a worker: interpreter, its arguments, the worker's file; NULL */
    const char *worker; /* the worker's file */
    const char *worker_folder;
    int processes; /* FUNCTIONS_WORKER_PROCESS_COUNT */
} th__app;

/*
 * Reads settings and finds the rest. given: --python and --node by language, or NULLs. hostname:
 * host:port of the HTTP server. TH_CONFIG: what is missing, and what mends it.
 */
th_rc th__app_open(th_arena *arena, const char *folder, const char *const given[TH__LANGUAGES],
                   const char *hostname, th__app *out, th_error *err) TH_MUST_CHECK;

/* interpreter.c: the program that runs the app's language, and arguments that its settings give. */
const char *th__interpreter_of(th_arena *arena, const th__app *app, const char *given);
const char **th__interpreter_arguments(th_arena *arena, const th__app *app); /* NULL at the end */

#endif
