/*
 * intake.c - the daemon's callbacks: from the request line to the answer.
 *
 * The daemon calls access_handler for each request at least twice: with the headers, with pieces of
 * the body, and when it is complete; and once more after a resumed connection, to fetch the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/http_int.h"

#define IDLE_TIMEOUT_S 120U
#define CONNECTION_MEMORY ((size_t)32768) /* request line and headers; wiped after each request */
#define RESERVE_AT_ONCE 65536
#define BODY_GRACE (10 * TH__SECOND)
#define LEAST_RATE 240                 /* bytes of a body a second after that, on average */
#define BODIES_AT_ONCE 4               /* of the largest allowed ones have room */
#define DENIED_BODY ((int64_t)1048576) /* read from who has no key, so that the answer is seen */

/* ---- reading a request ------------------------------------------------------------------------
 */

static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text); /* query.c decodes, by other rules than the library's */
}

static void *on_request_line(void *arg, const char *target, struct MHD_Connection *connection)
{
    return th__request_new(arg, connection, target);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    (void)arg;
    (void)connection;
    (void)why;
    if (*context)
        th__request_unref(*context);
    *context = NULL;
}

static int64_t content_length(th__request *r)
{
    const char *text = th__request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text ? strtoll(text, NULL, 10) : 0;
}

/* The RPC door has no limit but that of all bodies together. */
static int64_t body_limit(const th__request *r)
{
    int64_t limit = r->server->options.body_limit;

    return r->port->is_rpc ? BODIES_AT_ONCE * limit : limit;
}

static void refuse_body(th__request *r)
{
    if (r->crowded)
        th__answer_error(r, 503, "Too many large requests at once",
                         "Bodies fill the memory for them", "System.InvalidOperationException");
    else
        th__answer_error(
            r, 413, "Request body too large",
            th_sprintf(r->arena, "The body may have %lld bytes", (long long)body_limit(r)),
            "Microsoft.AspNetCore.Http.BadHttpRequestException");
}

static void parse_target(th__request *r)
{
    th_error err = { 0 };

    if (th_query_parse(r->arena, r->target, &r->query, &err) != TH_OK)
        r->bad_target = th_strdup(r->arena, err.text);
}

static enum MHD_Result count_length(void *arg, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    int *lengths = arg;

    (void)kind;
    (void)value;
    *lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    return MHD_YES;
}

/* Where a body ends is told once, or a proxy before us may have read it another way. */
static bool has_two_ends(th__request *r)
{
    int lengths = 0;

    if (!th__request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH))
        return false;
    if (th__request_header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return true;
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_length, &lengths);
    return lengths > 1;
}

/* Before any of the body is read. */
static enum MHD_Result on_headers(th__request *r, const char *method)
{
    int64_t length = content_length(r);

    r->begun = true;
    r->begun_us = th_mono_us();
    r->method = th_strdup(r->arena, method);
    r->verb = th_verb_parse(method);
    parse_target(r);
    if (has_two_ends(r)) {
        th__answer_invalid(r, "The request has two lengths, or a length and a transfer encoding.");
        return th__answer_send(r);
    }
    r->denied = r->bad_target ? 0 : th__key_check(r);
    if (r->denied) {
        th__answer_empty(r, r->denied);
        return length > DENIED_BODY ? th__answer_send(r) : MHD_YES;
    }
    if (length > body_limit(r)) {
        refuse_body(r);
        return th__answer_send(r);
    }
    if (length > 0)
        th_buf_reserve(&r->body, length < RESERVE_AT_ONCE ? (size_t)length + 1 : RESERVE_AT_ONCE);
    return MHD_YES;
}

static bool take_budget(th__request *r, size_t n)
{
    th_http_server *s = r->server;
    int64_t limit = BODIES_AT_ONCE * s->options.body_limit;

    if (atomic_fetch_add(&s->body_budget, (int64_t)n) + (int64_t)n > limit) {
        atomic_fetch_sub(&s->body_budget, (int64_t)n);
        return false;
    }
    r->budget += (int64_t)n;
    return true;
}

/* The body of a request without a key goes nowhere; one that goes on and on loses the connection.
 */
static enum MHD_Result on_denied_body(th__request *r, size_t *n)
{
    r->received += (int64_t)*n;
    *n = 0;
    return r->received > DENIED_BODY ? MHD_NO : MHD_YES;
}

/* So that nobody holds a connection for the price of a byte now and then. */
static bool is_too_slow(const th__request *r)
{
    int64_t us = th_mono_us() - r->begun_us;

    return us > BODY_GRACE && r->received < us / TH__SECOND * LEAST_RATE;
}

/*
 * A body that is too large is read on, so that the client sees the answer, but not kept; one that
 * goes on for as much again loses the connection.
 */
static enum MHD_Result on_body(th__request *r, const char *data, size_t *n)
{
    int64_t limit = body_limit(r);

    r->received += (int64_t)*n;
    if (is_too_slow(r))
        return MHD_NO;
    if (!r->too_large && r->received > limit)
        r->too_large = true;
    else if (!r->too_large && !take_budget(r, *n))
        r->too_large = r->crowded = true;
    if (!r->too_large)
        th_buf_add(&r->body, data, *n);
    else if (r->received > 2 * limit)
        return MHD_NO;
    *n = 0;
    return MHD_YES;
}

static void on_complete(th__request *r)
{
    if (r->denied)
        return; /* the answer is set */
    if (r->too_large)
        refuse_body(r);
    else if (r->bad_target)
        th__answer_invalid(r, r->bad_target);
    else
        th__dispatch(r);
}

static enum MHD_Result after_wait(th__request *r)
{
    if (atomic_load(&r->state) == TH__FORCED)
        return th__answer_forced(r);
    if (r->finish)
        r->finish(r);
    return th__answer_send(r);
}

static enum MHD_Result access_handler(void *arg, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data,
                                      size_t *data_size, void **context)
{
    th__request *r = *context;

    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (!r)
        return MHD_NO;
    if (!r->begun)
        return on_headers(r, method);
    if (*data_size)
        return r->denied ? on_denied_body(r, data_size) : on_body(r, data, data_size);
    if (r->waiting)
        return after_wait(r);
    on_complete(r);
    if (r->waiting)
        return MHD_YES; /* r may be answered already, on another thread */
    if (r->finish)
        r->finish(r);
    return th__answer_send(r);
}

/* ---- the daemon -------------------------------------------------------------------------------
 */

static void daemon_log(void *arg, const char *format, va_list args)
{
    char text[256];

    (void)arg;
    if (!th_log_on(TH_LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    th_log(TH_LOG_DEBUG, TH_EV_HTTP_ERROR, NULL, "%s", text);
}

/*
 * Poll, not epoll: a suspended connection is in neither set, but costs epoll two calls each time,
 * and a request that the library itself refuses stays open under epoll until it times out (0.9.75).
 */
struct MHD_Daemon *th__daemon_start(th__port *port)
{
    unsigned limit = (unsigned)(port->server->options.max_connections / port->threads + 1);

    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, access_handler, port, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, port,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, port, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, port,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, port, MHD_OPTION_END);
}
