/*
 * http_call.h - executor `http`: durable HTTP calls.
 *
 * It runs the activity BuiltIn::HttpActivity, whose input is a request as Durable Functions writes
 * it (http_request.h) and whose result is the response (http_answer.h). One thread has all requests
 * that are under way. One that is answered with 202 and a Location, or that is to be tried again,
 * goes back to the queue with what comes next as its input and the time for it: while it waits it
 * is a row and nothing else, and any process goes on with it.
 *
 * A life: th_http_calls_new, th_http_calls_attach, th_engine_register, the engine's start and stop,
 * th_http_calls_free, then th_engine_free.
 */
#ifndef TH_RUNTIME_HTTP_CALL_H
#define TH_RUNTIME_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/executor.h"

typedef struct th_http_calls th_http_calls;

typedef struct th_http_call_options {
    int64_t poll_us;     /* pause after a 202 that names none */
    int max_calls;       /* requests under way at once; others wait for their turn */
    int64_t content_max; /* bytes of a response's content */
    const char *allow;   /* entries of http_target.h; NULL or "": everything */
    bool public_only;    /* connects to public addresses only */
    const char *ca_file; /* NULL: the system's certificates */
} th_http_call_options;

/* Copies options. TH_CONFIG: an entry of `allow` that is none, a ca_file that can't be read. No
 * thread starts before the first call. */
th_rc th_http_calls_new(const th_http_call_options *options, th_http_calls **out,
                        th_error *err) TH_MUST_CHECK;

/* Where answers go. Before the engine starts. */
void th_http_calls_attach(th_http_calls *calls, th_engine *engine);

/* Belongs to calls. */
const th_executor *th_http_calls_executor(th_http_calls *calls);

/* Breaks off what is under way and gives it back; the engine must still be there to hear of it. */
void th_http_calls_free(th_http_calls *calls);

#endif
