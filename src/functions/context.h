/*
 * context.h - the JSON that an SDK is given for an orchestrator: its history as the SDK wants to
 * see it, and what stands around it.
 */
#ifndef TH_FUNCTIONS_CONTEXT_H
#define TH_FUNCTIONS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "engine/executor.h"
#include "functions/app_folder.h"

/* How an event is to be shown. */
typedef struct th__shown {
    int64_t t_us;     /* for events without a time of their own */
    bool played;      /* belongs to an earlier episode */
    const char *name; /* of failures: the function that failed; of external events: the waiter's
                         spelling; NULL: the event's own */
    bool renumbered; /* after a rewind: the SDK has another number for it, or for what it answers */
    int32_t number;
} th__shown;

/*
 * Appends an event, with a comma before it unless out is empty. Kinds that no SDK reads are left
 * out.
 */
void th__context_event(th_buf *out, const th_event *event, const th__shown *shown);

/* Whether an input is a JSON string that holds JSON, as the Python SDK sends and wants it. */
bool th__holds_json(const char *input);

/* What stands behind the history: "],\"input\":...}". */
void th__context_tail(th_buf *out, const th_orch_item *item, const char *input,
                      th__language language);

#endif
