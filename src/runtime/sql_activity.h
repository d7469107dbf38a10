/*
 * sql_activity.h - executor `sql`: activities that are functions of the database, each in one
 * transaction together with its completion.
 *
 * Every process of the hub runs all of them; which names are bound is looked up while it runs
 * (taskhub.create_activity). A life: th_sqlact_new, th_sqlact_attach, th_engine_register before
 * other executors (a bound name goes before an app's), the engine's start and stop, th_sqlact_free,
 * then th_engine_free. Threads and their connections come as they are needed, and go when idle.
 */
#ifndef TH_RUNTIME_SQL_ACTIVITY_H
#define TH_RUNTIME_SQL_ACTIVITY_H

#include <stdint.h>

#include "engine/executor.h"

typedef struct th_sqlact th_sqlact;

typedef struct th_sqlact_options {
    const char *conninfo;
    int32_t hub_id;
    int connections;    /* at most; so many run at once */
    int64_t timeout_us; /* functionTimeout; 0: none */
} th_sqlact_options;

/* Copies options. */
th_sqlact *th_sqlact_new(const th_sqlact_options *options);

/* Where answers go. Before the engine starts. */
void th_sqlact_attach(th_sqlact *sqlact, th_engine *engine);

/* Belongs to sqlact. */
const th_executor *th_sqlact_executor(th_sqlact *sqlact);

/* Nothing may run any more. */
void th_sqlact_free(th_sqlact *sqlact);

#endif
