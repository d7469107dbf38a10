/*
 * app_folder.h - a function app's folder: its script, the interpreter and the worker that run it.
 */
#ifndef TH_FUNCTIONS_APP_FOLDER_H
#define TH_FUNCTIONS_APP_FOLDER_H

#include <stdbool.h>

#include "functions/settings.h"

typedef struct th__app {
    const char *folder;
    th__settings settings;
    const char *script; /* function_app.py, or PYTHON_SCRIPT_FILE_NAME */
    const char *interpreter;
    const char *worker; /* the worker's file */
    const char *worker_folder;
    int processes; /* FUNCTIONS_WORKER_PROCESS_COUNT */
} th__app;

/*
 * Reads settings and finds the rest; python: --python, or NULL. hostname: host:port of the HTTP
 * server. TH_CONFIG: what is missing, and what mends it.
 */
th_rc th__app_open(th_arena *arena, const char *folder, const char *python, const char *hostname,
                   th__app *out, th_error *err) TH_MUST_CHECK;

#endif
