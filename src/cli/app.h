/*
 * app.h - from the APP words of the command line to shared objects, function apps and a host.json.
 *
 * APP is a shared object, or a folder: with function_app.py in it an app for Azure Functions, else
 * <folder>/<folder name>.so, else the only *.so in it.
 * host.json is looked for in the folder, or beside the shared object.
 */
#ifndef TH_CLI_APP_H
#define TH_CLI_APP_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct th_app_place {
    const char *functions; /* folder of an Azure Functions app; NULL: it is none */
    const char *object;    /* absolute path of the shared object; NULL: the folder has none */
    const char *host_json; /* NULL: none */
} th_app_place;

/* TH_CONFIG: no such file, a folder without a shared object, or with several and none of its name.
 */
th_rc th_app_find(th_arena *arena, const char *app, th_app_place *out, th_error *err) TH_MUST_CHECK;

/* The working directory, where having no shared object is fine. */
th_rc th_app_find_here(th_arena *arena, th_app_place *out, th_error *err) TH_MUST_CHECK;

#endif
