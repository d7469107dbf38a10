/*
 * grpc_int.h - what files of this room share: one call of a client, and what it needs.
 *
 * A call runs on a handler thread, which may wait for the database, and is ended once by
 * th__rpc_reply or th__rpc_fail, at once or later and from any thread.
 */
#ifndef TH_GRPC_GRPC_INT_H
#define TH_GRPC_GRPC_INT_H

#include <durabletask.pb-c.h>
#include <pthread.h>

#include "base/arena.h"
#include "grpc/service.h"
#include "store/db.h"
#include "store/keys.h"
#include "wire/call.h"

#define TH__SECOND INT64_C(1000000)

typedef struct th__grpc_pool th__grpc_pool;
typedef struct th__grpc_hubs th__grpc_hubs;
typedef struct th__grpc_keys th__grpc_keys;

struct th_grpc {
    th_grpc_options options;
    th_arena *arena; /* texts of the options */
    th_wire *wire;
    th__grpc_pool *pool;
    th__grpc_hubs *hubs;
    th__grpc_keys *keys; /* NULL: calls need none */
};

typedef struct th__rpc {
    th_grpc *grpc;
    th_call *call;
    th_arena *arena; /* for what lives as long as the call */
    th_hub hub;
    const void *request; /* the message of the method's type */
} th__rpc;

typedef void th__rpc_handler(th__rpc *rpc);

/* ---- rpc.c -------------------------------------------------------------------------------------
 */

/* Key, hub and message are judged; then the handler runs. type NULL: an empty message. */
void th__rpc_run(th_grpc *grpc, th_call *call, const ProtobufCMessageDescriptor *type,
                 th__rpc_handler *handler);

/* Both end the call and free rpc. */
void th__rpc_reply(th__rpc *rpc, const void *message); /* NULL: an empty one */
void th__rpc_fail(th__rpc *rpc, th_status_code code, const char *fmt, ...) TH_PRINTF(3, 4);
void th__rpc_fail_rc(th__rpc *rpc, th_rc rc, const char *text); /* with the code of rc */

/* ---- pool.c: connections for calls that wait for the database ------------------------------ */

th__grpc_pool *th__grpc_pool_new(const char *conninfo);
void th__grpc_pool_free(th__grpc_pool *pool);
/* TH_UNAVAILABLE: there is no database. */
th_rc th__grpc_pool_take(th__grpc_pool *pool, th_db **db, th_error *err) TH_MUST_CHECK;
void th__grpc_pool_give(th__grpc_pool *pool, th_db *db); /* NULL is fine */

/* A piece of work on a connection; once more on a new one when the connection was lost. */
typedef th_rc th__grpc_job(th__rpc *rpc, th_db *db, void *data, th_error *err);
th_rc th__grpc_pool_run(th__rpc *rpc, th__grpc_job *job, void *data, th_error *err) TH_MUST_CHECK;

/* ---- hubs.c: hubs by name, remembered for a while ------------------------------------------ */

th__grpc_hubs *th__grpc_hubs_new(void);
void th__grpc_hubs_free(th__grpc_hubs *hubs);
/* Of the metadata `taskhub`; none: the own one. TH_NOT_FOUND. */
th_rc th__grpc_hub_find(th__rpc *rpc, th_error *err) TH_MUST_CHECK;

/* ---- keys.c: which keys are let in ----------------------------------------------------------
 */

th__grpc_keys *th__grpc_keys_new(void);
void th__grpc_keys_free(th__grpc_keys *keys);
/* The call's key opens the hub that it names (or the own one). False: the call is ended. */
bool th__grpc_key_check(th__rpc *rpc);

/* ---- handlers, each of the method of its name ----------------------------------------------- */

#endif
