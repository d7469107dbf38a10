/*
 * crew.h - the language workers of an app: processes that are started, given calls, started again
 * when they end, and stopped in order.
 *
 * Each has a thread here that starts its process, reads its socket and its standard streams, and
 * calls `done` of the calls that it answers. Calls come from any thread and never block; each goes
 * to the worker that has the fewest. While none is ready, calls wait for one.
 */
#ifndef TH_FUNCTIONS_CREW_H
#define TH_FUNCTIONS_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "functions/call.h"
#include "functions/table.h"

typedef struct th__crew th__crew;

typedef struct th__crew_options {
    const char *folder;      /* the app's */
    const char *const *argv; /* the interpreter, its own arguments, the worker's file */
    const char *const *env;  /* all of it */
    const char *worker_folder;
    int processes;
} th__crew_options;

/*
 * Starts the processes and waits until the first has listed the app's functions. Copies options.
 * TH_CONFIG: the app can't be loaded, the text is the worker's own; TH_IO: no process starts.
 */
th_rc th__crew_start(const th__crew_options *options, th__crew **out, th_error *err) TH_MUST_CHECK;

const th__table *th__crew_table(const th__crew *crew);

/* Takes the call. */
void th__crew_submit(th__crew *crew, th__call *call);

int th__crew_calls(th__crew *crew); /* running and waiting ones */

/*
 * Waits for at most drain_us until running calls have been answered, ends the processes (asked
 * first, then SIGTERM, then SIGKILL), and answers what is left as lost. Once; later calls are lost
 * at once.
 */
void th__crew_stop(th__crew *crew, int64_t drain_us);
void th__crew_free(th__crew *crew); /* stops it, if that was not done */

#endif
