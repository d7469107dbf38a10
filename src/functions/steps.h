/*
 * steps.h - what an SDK answers for an orchestrator: all its actions since the start of the
 * execution, taken apart. No I/O, no state.
 */
#ifndef TH_FUNCTIONS_STEPS_H
#define TH_FUNCTIONS_STEPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* actionType */
typedef enum th__step_type {
    TH__CALL_ACTIVITY = 0,
    TH__CALL_ACTIVITY_RETRY = 1,
    TH__CALL_CHILD = 2,
    TH__CALL_CHILD_RETRY = 3,
    TH__CONTINUE_AS_NEW = 4,
    TH__CREATE_TIMER = 5,
    TH__WAIT_EVENT = 6,
    TH__CALL_ENTITY = 7,
    TH__CALL_HTTP = 8,
    TH__SIGNAL_ENTITY = 9,
    TH__SIGNAL_ENTITY_LATER = 10,
    TH__WHEN_ANY = 11,
    TH__WHEN_ALL = 12,
    TH__LOCK_ENTITIES = 13,
    TH__RELEASE_ENTITIES = 14,
} th__step_type;

typedef struct th__retry_options {
    int64_t first_ms, most_ms; /* most_ms 0: no limit */
    double factor;
    int32_t attempts;
} th__retry_options;

/* An action that takes an id. Texts live in the arena given to the reader. */
typedef struct th__step {
    th__step_type type;
    const char *name;      /* of the function; of the entity: its id; "" for timers; of a lock:
                              JSON array of ids */
    const char *instance;  /* of a child: its id, NULL: the host's choice */
    const char *version;   /* of a child */
    const char *operation; /* of an entity */
    const char *section;   /* of a lock and the releases that belong to it: its id */
    const char *input;     /* JSON text; NULL: none */
    const char *fire_at;
    int64_t due_us; /* of fire_at; 0: none */
    bool cancelled;
    th__retry_options retry; /* attempts 0: none */
} th__step;

typedef struct th__steps {
    th__step *list; /* depth first: the order of ids */
    size_t count;
    const char **waits; /* names of all waits for events */
    size_t wait_count;
    bool done;
    bool renews;           /* continue as new */
    const char *new_input; /* JSON text or NULL */
    const char *output;    /* JSON text or NULL */
    const char *status;    /* custom status, JSON text or NULL */
    const char *error;     /* what it failed with; NULL: it did not */
} th__steps;

/* TH_INVALID: not what an SDK answers, or an action that can't be carried out; in words. */
th_rc th__steps_read(th_arena *arena, const char *text, size_t n, th__steps *out,
                     th_error *err) TH_MUST_CHECK;

/* How long to wait after so many failed attempts. */
int64_t th__retry_delay_us(const th__retry_options *retry, int32_t failed);

#endif
