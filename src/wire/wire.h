/*
 * wire.h - gRPC as a server: methods by path, calls that may be answered later and from any thread.
 *
 * HTTP/2, framing, deadlines, keepalive and TLS are gRPC's C core's; messages are bytes, of which
 * this room knows nothing. One thread drives the core; a few others run the handlers, which may
 * block for as long as a database does, but not for as long as a client waits: who must wait keeps
 * the call (call.h) and answers it later.
 */
#ifndef TH_WIRE_WIRE_H
#define TH_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct th_wire th_wire;
typedef struct th_call th_call;

/* Runs on a handler thread when the call's one request message is there. Whoever handles a call
 * ends it once (th_call_reply, th_call_end), now or later. */
typedef void th_wire_handler(th_call *call, void *data);

typedef struct th_wire_method {
    const char *path; /* "/Service/Method"; the table must outlive the server */
    th_wire_handler *handle;
} th_wire_method;

typedef struct th_wire_options {
    const char *host; /* "127.0.0.1" */
    int port;         /* 0: a free one */
    const char *cert; /* file names of a certificate chain and its key, PEM; NULL: clear text */
    const char *key;
    size_t message_max; /* bytes of a request; longer ones are RESOURCE_EXHAUSTED */
    int threads;        /* that run handlers; 0: 4 */
    const th_wire_method *methods;
    size_t method_count;
    void *data; /* for the handlers */
} th_wire_options;

/*
 * Listens and serves. *wire is NULL on failure. Calls of methods that the table lacks are answered
 * UNIMPLEMENTED; when too many wait for a handler thread, RESOURCE_EXHAUSTED.
 * Errors: TH_CONFIG (the certificate or key can't be read), TH_UNAVAILABLE (the address can't be
 * had).
 */
th_rc th_wire_start(const th_wire_options *options, th_wire **wire, th_error *err) TH_MUST_CHECK;

int th_wire_port(const th_wire *wire);

/*
 * Takes no more calls, ends all that are open as UNAVAILABLE, waits until the handlers are through
 * and everybody has let go of the calls they kept. NULL is fine.
 */
void th_wire_stop(th_wire *wire);

#endif
