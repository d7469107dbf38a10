/*
 * call.h - one call: what the client asked, and ways to answer.
 *
 * A handler is lent the call until it returns; th_call_keep makes it last until th_call_release.
 * All functions may be used from any thread. What is sent after the end, or to a client that has
 * gone, is dropped.
 */
#ifndef TH_WIRE_CALL_H
#define TH_WIRE_CALL_H

#include <stdint.h>

#include "wire/wire.h"

/* gRPC's status codes, by its numbers. */
typedef enum th_status_code {
    TH_STATUS_OK = 0,
    TH_STATUS_CANCELLED = 1,
    TH_STATUS_UNKNOWN = 2,
    TH_STATUS_INVALID_ARGUMENT = 3,
    TH_STATUS_DEADLINE_EXCEEDED = 4,
    TH_STATUS_NOT_FOUND = 5,
    TH_STATUS_ALREADY_EXISTS = 6,
    TH_STATUS_PERMISSION_DENIED = 7,
    TH_STATUS_RESOURCE_EXHAUSTED = 8,
    TH_STATUS_FAILED_PRECONDITION = 9,
    TH_STATUS_ABORTED = 10,
    TH_STATUS_OUT_OF_RANGE = 11,
    TH_STATUS_UNIMPLEMENTED = 12,
    TH_STATUS_INTERNAL = 13,
    TH_STATUS_UNAVAILABLE = 14,
    TH_STATUS_UNAUTHENTICATED = 16
} th_status_code;

/* ---- what was asked ---------------------------------------------------------------------------
 */

/* The request message; lives as long as the call. */
const uint8_t *th_call_message(const th_call *call, size_t *length);

/* Metadata by key, in lower case; NULL: none. Of several the first. Lives as long as the call. */
const char *th_call_metadata(const th_call *call, const char *key);

/* When the client stops waiting, wall clock in microseconds; INT64_MAX: never. */
int64_t th_call_deadline_us(const th_call *call);

/* ---- answers -----------------------------------------------------------------------------------
 */

/* A unary call's one answer: message and OK. The bytes are copied. */
void th_call_reply(th_call *call, const void *message, size_t length);

/* One more message of a stream, queued in order. False: nobody is there to read it. */
bool th_call_send(th_call *call, const void *message, size_t length);

/* Bytes queued by th_call_send and not handed to the network yet. */
size_t th_call_queued(const th_call *call);

/* The end: after what is queued, the status. message may be NULL. */
void th_call_end(th_call *call, th_status_code code, const char *message);

/* ---- calls that last ---------------------------------------------------------------------------
 */

void th_call_keep(th_call *call);
void th_call_release(th_call *call); /* NULL is fine */

/*
 * fn is called once, on the server's thread, when the client has gone (cancelled, deadline over,
 * connection lost) before the call was ended here; at once if it has already. It must not block.
 * One at a time: a second one replaces the first. fn NULL: none any more; then, when this returns,
 * the first is not running and will not.
 */
void th_call_on_gone(th_call *call, void (*fn)(th_call *call, void *data), void *data);

#endif
