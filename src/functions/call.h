/*
 * call.h - one invocation of a function: what is asked, and what came of it.
 *
 * Whoever wants something run embeds a th__call as its first member, writes the request into it,
 * hands it to the workers, and has it back with the outcome.
 */
#ifndef TH_FUNCTIONS_CALL_H
#define TH_FUNCTIONS_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ids.h"
#include "functions/table.h"

typedef enum th__end {
    TH__RETURNED,
    TH__THREW, /* the function, or the worker before it could run it */
    TH__LOST,  /* the worker is gone: nobody knows how far it came */
    TH__LATE   /* its deadline has passed; it may still run */
} th__end;

/* Valid during the call of `done` only. */
typedef struct th__outcome {
    th__end end;
    const json_t *value;                /* return_value, a TypedData; NULL: none */
    const json_t *outputs;              /* output_data; NULL: none */
    const char *type, *message, *stack; /* of what was thrown or why it is lost; never NULL */
} th__outcome;

typedef struct th__call th__call;
struct th__call {
    th__call *next; /* the workers' */
    th_uuid id;
    th_buf frame; /* the invocation_request */
    bool open;    /* an input was written */
    bool
        is_step; /* of an orchestration or entity: short, and on threads of its own in the worker */
    uint64_t key; /* what it does, for suspects.h; 0: it is not run again */
    bool is_suspect;
    int64_t deadline_us; /* monotonic, looked at once a second; 0: none */
    /* Once, on a worker's thread, or on that which stops the workers. The call is the callee's. */
    void (*done)(th__call *call, const th__outcome *outcome);
};

/* Writes the request: begin, inputs, end. */
void th__call_begin(th__call *call, const th__function *f);
void th__call_text(th__call *call, const char *name, const char *text, size_t n); /* string */
void th__call_json(th__call *call, const char *name, const char *text);           /* json */
th_buf *th__call_raw(th__call *call, const char *name); /* a TypedData is appended by the caller */
/* metadata: JSON object of TypedData; trace: as events have it. NULL: none. */
void th__call_end(th__call *call, const char *metadata, const char *trace);
void th__call_clear(th__call *call); /* frees the frame */

/* Each calls done. */
void th__call_lost(th__call *call, const char *why);
void th__call_given_up(th__call *call, int deaths);
void th__call_late(th__call *call);

/*
 * A TypedData's value as JSON text: json as it is, string as a JSON string, numbers; appended to
 * out. False: nothing is in it (null). TH__typed_json never fails: what it can't read is null.
 */
bool th__typed_json(const json_t *typed, th_buf *out);

/* The text in `json` or `string`; NULL: neither. */
const char *th__typed_text(const json_t *typed, size_t *n);

#endif
