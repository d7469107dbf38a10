/*
 * signal_start.h - an event for an instance that is started first where none lives. Blocks; role
 * pool.
 */
#ifndef TH_STORE_SIGNAL_START_H
#define TH_STORE_SIGNAL_START_H

#include <stdbool.h>

#include "base/error.h"
#include "store/db.h"

typedef struct th_signal_start {
    const char *name; /* of the orchestrator */
    const char *instance_id;
    const char *event_name;
    const char *payload; /* JSON; NULL: none, as for all below */
    const char *input;
    const char *version;
    const char *tags;
    const char *message_id; /* a repeat of the call with the same one sends one event */
} th_signal_start;

/* TH_INVALID. The owner is woken; *started may be NULL. */
th_rc th_signal_with_start(th_db *db, const char *hub, const th_signal_start *request,
                           bool *started, th_error *err) TH_MUST_CHECK;

#endif
