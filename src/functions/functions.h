/*
 * functions.h - executor `functions`: apps written for Azure Functions, run by language workers
 * (workers/README.md). Front door of the room.
 *
 * A life: th_functions_open (the app is loaded, its functions are known), th_functions_attach,
 * th_engine_register of th_functions_executor, th_functions_serve once the HTTP server has an
 * address, the engine's start and stop, th_functions_stop, th_functions_free, then th_engine_free.
 */
#ifndef TH_FUNCTIONS_FUNCTIONS_H
#define TH_FUNCTIONS_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/executor.h"
#include "http/trigger.h"

typedef struct th_functions th_functions;

typedef struct th_functions_options {
    const char *folder;   /* of the app */
    const char *python;   /* NULL: a virtual environment of the app, or python3 */
    const char *node;     /* NULL: node of the PATH */
    const char *hostname; /* host:port of the HTTP server, for WEBSITE_HOSTNAME */
    int64_t timeout_us;   /* functionTimeout, for HTTP triggers; 0: none */
} th_functions_options;

/* Whether a folder holds an app for this executor. */
bool th_functions_is_app(const char *folder);

/*
 * Starts the workers and waits until one has loaded the app. TH_CONFIG: settings, interpreter,
 * packages or the app itself; the text says what mends it.
 */
th_rc th_functions_open(const th_functions_options *options, th_functions **out,
                        th_error *err) TH_MUST_CHECK;

/* Where answers go. Before the engine starts. */
void th_functions_attach(th_functions *functions, th_engine *engine);
const th_executor *th_functions_executor(th_functions *functions);

/* The HTTP triggers, for the server; they live as long as functions. */
const th_triggers *th_functions_triggers(th_functions *functions);

/* What a durable client needs to know: where the management API stands. */
typedef struct th_functions_place {
    const char *origin;  /* "http://127.0.0.1:7071" */
    const char *rpc_url; /* of the API for clients in workers, with a slash at its end */
    const char *hub;
    const char *key; /* system key of the hub; NULL: none is needed */
} th_functions_place;

/* Before the first request. Copies. */
void th_functions_serve(th_functions *functions, const th_functions_place *place);

/* Each function as a line for people: "[GET,POST] http://localhost:7071/api/x" or the trigger's
 * name. prefix: of the routes, without slashes at its ends. */
void th_functions_log(th_functions *functions, const char *origin, const char *prefix);

/* A timer trigger, as a schedule that the hub is to have. */
typedef struct th_functions_timer {
    const char *schedule;     /* name */
    const char *expression;   /* cron, with seconds */
    const char *orchestrator; /* what it starts */
    const char *time_zone;    /* WEBSITE_TIME_ZONE; NULL: UTC */
    bool makes_up;            /* useMonitor: a time that was missed is made up for, once */
    bool on_startup;          /* runOnStartup */
} th_functions_timer;

/* The n-th; NULL: there are fewer. */
const th_functions_timer *th_functions_timer_at(const th_functions *functions, size_t n);

/* Calls that run or wait in workers. */
int th_functions_calls(th_functions *functions);

/* Waits for running calls up to drain_us, then ends the workers; what is left is lost and comes
 * again elsewhere. The engine must still be there. */
void th_functions_stop(th_functions *functions, int64_t drain_us);
void th_functions_free(th_functions *functions); /* NULL is fine */

#endif
