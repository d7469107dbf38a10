/*
 * http_request.h - the input of an HTTP call, as Durable Functions writes it, and how far it is.
 *
 *     {"method":"POST","uri":"https://...","content":"...","headers":{"Accept":"text/plain"},
 *      "asynchronousPatternEnabled":true,"timeout":"00:00:30",
 *      "retryOptions":{"firstRetryInterval":"00:00:05","maxNumberOfAttempts":3}}
 *
 * An item that waits for its next poll or try has its progress in a member of its own, "progress";
 * a poll is a request like any other.
 */
#ifndef TH_RUNTIME_HTTP_REQUEST_H
#define TH_RUNTIME_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <taskhub.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define TH__HTTP_ACTIVITY "BuiltIn::HttpActivity" /* its name in histories */
#define TH__HTTP_TIMEOUT (100 * TH_SECOND)        /* of one request that names none */

typedef struct th__http_header {
    const char *name, *value;
} th__http_header;

typedef struct th__http_request {
    const char *method; /* upper case */
    const char *uri;
    const char *content; /* NULL: none */
    size_t content_len;
    const th__http_header *headers;
    size_t header_count;
    bool polls;          /* 202 with a Location is no end */
    int64_t timeout_us;  /* of one request */
    th_retry retry;      /* max_attempts 0: one try */
    const int *statuses; /* to try again after; none: 400 and up */
    size_t status_count;

    int attempt;        /* from 1 */
    int64_t since_us;   /* wall clock of the first attempt; 0: this is it */
    int64_t poll_count; /* 202s so far */
} th__http_request;

/*
 * Strict where it matters, any case of letters in names, unknown members ignored. TH_INVALID or
 * TH_NOT_SUPPORTED (a token source): err names the member and the rule. All of *out lives in arena;
 * whether the URI is good, th__http_target_parse tells.
 */
th_rc th__http_request_parse(th_arena *arena, const char *text, size_t n, th__http_request *out,
                             th_error *err) TH_MUST_CHECK;

/* What parse reads; the same request comes back. */
void th__http_request_write(th_buf *out, const th__http_request *request);

/* {"name":"value","name":["value","value"]}, as Durable Functions writes them. */
void th__http_headers_write(th_buf *out, const th__http_header *headers, size_t count);

/* NULL: there is none. In any case of letters. */
const char *th__http_header_of(const th__http_request *request, const char *name);

/* Takes headers out: those that describe a content; those that let somebody in. */
void th__http_drop_content(th_arena *arena, th__http_request *request);
void th__http_drop_credentials(th_arena *arena, th__http_request *request);

/* Whether an answer with that status is to be tried again, if any try is left. */
bool th__http_retries(const th__http_request *request, int status);

/* The pause before the next try, for a policy that has one left and time enough. False: none. */
bool th__http_next_try(const th__http_request *request, int64_t now_us, int64_t *pause_us);

/* Why a method or a header can't be sent: a phrase; NULL: fine. */
const char *th__http_method_problem(const char *method);
const char *th__http_header_problem(const char *name, const char *value);

#endif
