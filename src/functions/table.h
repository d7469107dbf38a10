/*
 * table.h - the functions of an app, as its worker lists them (function_metadata_response).
 *
 * Built once when the first worker has indexed the app; from then on it does not change and any
 * thread may read it. What a worker sends is checked here: names, bindings and their types.
 */
#ifndef TH_FUNCTIONS_TABLE_H
#define TH_FUNCTIONS_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

typedef enum th__trigger {
    TH__HTTP,
    TH__ORCHESTRATION,
    TH__ACTIVITY,
    TH__ENTITY,
    TH__TIMER,
    TH__TRIGGERS
} th__trigger;

typedef enum th__auth { TH__ANONYMOUS, TH__FUNCTION_KEY, TH__ADMIN_KEY } th__auth;

typedef struct th__function {
    const char *name;
    const char *id; /* the worker's, opaque */
    th__trigger trigger;
    const char *parameter;    /* the trigger's binding */
    const char *durable_name; /* what orchestrators, activities and entities are called by */
    const char **clients;     /* names of its durableClient inputs */
    size_t client_count;
    const char *http_out;       /* name of its HTTP output; NULL: none */
    const char *route;          /* HTTP: below the prefix, no slash at its ends */
    const char *const *methods; /* HTTP: upper case, NULL at the end; NULL: all */
    th__auth auth;
    const char *schedule; /* timer */
    bool on_startup, no_monitor;
    const char *metadata; /* JSON as the worker sent it, for function_load_request */
} th__function;

typedef struct th__table {
    th__function *functions;
    size_t count;
} th__table;

/*
 * Reads the list; all of it lives in arena. TH_CONFIG: something that can't be served, in words for
 * the app's author.
 */
th_rc th__table_read(th_arena *arena, const json_t *results, th__table *out,
                     th_error *err) TH_MUST_CHECK;

/* By durable name, in any case. NULL: there is none. */
const th__function *th__table_find(const th__table *table, th__trigger trigger, const char *name);

/* The n-th of a kind; NULL: there are fewer. */
const th__function *th__table_nth(const th__table *table, th__trigger trigger, size_t n);

const char *th__trigger_name(th__trigger trigger); /* "httpTrigger", ... */

#endif
