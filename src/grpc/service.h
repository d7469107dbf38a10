/*
 * service.h - the Durable Task service over gRPC, as its SDKs speak it: clients and workers.
 *
 * A life: new, start, stop, free. The front and the engine must outlive stop.
 */
#ifndef TH_GRPC_SERVICE_H
#define TH_GRPC_SERVICE_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/engine.h"
#include "grpc/workers.h"
#include "store/front.h"
#include "store/hubs.h"

typedef struct th_grpc_options {
    const char *bind; /* address or host name; NULL: 127.0.0.1 */
    int port;         /* 0: any free one */
    const char *cert; /* file names of a certificate chain and its key, PEM; NULL: clear text */
    const char *key;
    th_front *front;
    const char *conninfo;   /* for queries, purges and history */
    th_hub hub;             /* of calls that name none */
    bool keys;              /* calls need a system or master key of their hub */
    const char *system_key; /* of the own hub; NULL: derived from its secret */
    th_workers *workers;    /* attached to an engine of the hub; NULL: no work is given out */
    size_t message_max;     /* bytes of a request; 0: 100 MiB */
} th_grpc_options;

typedef struct th_grpc th_grpc;

/*
 * Copies the options with their texts, and listens. *out is NULL on failure.
 * TH_CONFIG: the certificate or its key can't be read. TH_UNAVAILABLE: the address can't be had.
 */
th_rc th_grpc_start(const th_grpc_options *options, th_grpc **out, th_error *err) TH_MUST_CHECK;

int th_grpc_port(const th_grpc *grpc);

/* Ends open calls as UNAVAILABLE, waits for what is under way, and frees. NULL is fine. */
void th_grpc_stop(th_grpc *grpc);

#endif
