/*
 * cors.h - which web pages of other origins may call an app's HTTP triggers (Host.CORS of
 * local.settings.json).
 */
#ifndef TH_FUNCTIONS_CORS_H
#define TH_FUNCTIONS_CORS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/trigger.h"

typedef struct th__cors {
    const char **origins; /* NULL at the end; NULL: pages of other origins are not spoken to */
    bool any;             /* "*" */
    bool credentials;     /* CORSCredentials */
} th__cors;

/* text: "*", or origins with commas between; NULL: none. TH_CONFIG: it names no origins. */
th_rc th__cors_read(th_arena *arena, const char *text, bool credentials, th__cors *out,
                    th_error *err) TH_MUST_CHECK;

/* What Access-Control-Allow-Origin says to a request's Origin; NULL: the header is not sent. */
const char *th__cors_allowed(const th__cors *cors, const char *origin);

/* Adds what a page of that origin (NULL: none) needs to read the answer; in arena. */
void th__cors_answer(th_arena *arena, const th__cors *cors, const char *origin,
                     th_trigger_answer *answer);

/* The answer to an OPTIONS request, which asks what may be sent; in arena. */
void th__cors_preflight(th_arena *arena, const th__cors *cors, const th_trigger_request *request,
                        th_trigger_answer *answer);

#endif
