/*
 * wire_int.h - what the files of this room share: the server, its calls and their operations.
 */
#ifndef TH_WIRE_WIRE_INT_H
#define TH_WIRE_WIRE_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "wire/call.h"
#include "wire/core.h"
#include "wire/wire.h"

/* What the completion queue hands back: which operation of which call is done. */
typedef enum th__op_kind {
    TH__OP_ACCEPT,  /* a call has come */
    TH__OP_MESSAGE, /* its request message is there */
    TH__OP_CLOSE,   /* the client needs no more: all was sent, or it has gone */
    TH__OP_SEND,    /* a message of a stream has been handed to the network */
    TH__OP_STATUS   /* so has the end */
} th__op_kind;

typedef struct th__op {
    th__op_kind kind;
    th_call *call;
} th__op;

/* The socket that listens, and the thread that takes whoever connects. */
typedef struct th__door {
    int fd; /* -1: none */
    pthread_t keeper;
    bool kept; /* the thread is there */
    atomic_bool closing;
} th__door;

/* A message that waits to be sent. */
typedef struct th__out {
    struct th__out *next;
    grpc_byte_buffer *bytes;
    size_t length;
} th__out;

struct th_call {
    th_wire *wire;
    th_call *next, *prev; /* of the server's open calls */
    th_call *next_ready;  /* in the line for a handler thread */
    const th_wire_method *method;
    atomic_int refs; /* handlers, keepers, operations in flight */

    grpc_call *grpc;
    grpc_call_details details;
    grpc_metadata_array metadata;
    char **values; /* its texts, ended by a NUL as the core's are not; NULL: not read yet */
    grpc_byte_buffer *received;
    grpc_slice message; /* the received bytes in one piece */
    int cancelled;
    th__op accept, read, close, send, status;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t told;
    th__out *first, *last;
    size_t queued;
    bool begun;   /* initial metadata are out or on their way */
    bool sending; /* one message is on its way */
    bool ended;   /* code and text stand */
    bool closing; /* the status is on its way */
    bool gone;    /* the client is not there any more */
    bool telling; /* on_gone runs */
    th_status_code code;
    char *text;
    void (*on_gone)(th_call *call, void *data);
    void *gone_data;
};

struct th_wire {
    th_wire_options options;
    th__door door; /* clear text: the core is started for the first who knocks */
    bool running;  /* the core is */
    grpc_server *server;
    grpc_server_credentials *creds;
    grpc_completion_queue *queue;
    int port;
    pthread_t driver;
    pthread_t *handlers;
    int handler_count;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t ready;
    pthread_cond_t idle; /* the last call has gone */
    th_call *calls;
    size_t call_count;
    th_call *first_ready, *last_ready;
    size_t ready_count;
    bool stopping;
    bool no_handlers; /* they are to end */
};

/* ---- wire.c ------------------------------------------------------------------------------------
 */

/* On the keeper's thread: serves a connection, which it takes. The first starts the core. */
void th__wire_connected(th_wire *wire, int fd);

/* ---- door.c ------------------------------------------------------------------------------------
 */

/* Listens; *port is what it got. TH_UNAVAILABLE: the address can't be had. */
th_rc th__door_open(th__door *door, const char *host, int *port, th_error *err) TH_MUST_CHECK;
/* From now on connections are taken. */
th_rc th__door_keep(th_wire *wire, th_error *err) TH_MUST_CHECK;
void th__door_close(th__door *door);

/* ---- call.c ------------------------------------------------------------------------------------
 */

/* Asks the core for the next call. */
void th__call_accept(th_wire *wire);

/* As th_call_keep, of a call in the list, under the server's lock. False: its last reference has
 * gone, and it is about to leave the list. */
bool th__call_keep_alive(th_call *call);

/* An operation is done; runs on the driver's thread. */
void th__call_done(th__op *op, bool ok);

/* ---- handlers.c --------------------------------------------------------------------------------
 */

th_rc th__handlers_start(th_wire *wire, th_error *err);
void th__handlers_stop(th_wire *wire);

/* Lines the call up for a handler thread, which it is lent; false: the line is full. */
bool th__handlers_take(th_call *call);

#endif
