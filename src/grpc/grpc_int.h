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
typedef struct th__watch th__watch;

struct th_grpc {
    th_grpc_options options;
    th_arena *arena; /* texts of the options */
    th_wire *wire;
    th__grpc_pool *pool;
    th__grpc_hubs *hubs;
    th__watch *watch;
    th__grpc_keys *keys; /* NULL: calls need none */
};

typedef struct th__rpc {
    th_grpc *grpc;
    th_call *call;
    th_arena *arena; /* for what lives as long as the call */
    th_hub hub;
    const char *key_name; /* of the access key that opened; NULL: none was needed */
    const void *request;  /* the message of the method's type */
    void *data;           /* the handler's own */
} th__rpc;

typedef void th__rpc_handler(th__rpc *rpc);

/* What a call is about, and so which hub must be there and which keys open it. */
typedef enum th__rpc_scope {
    TH__WITHIN_HUB, /* system and master keys */
    TH__ENDS_HUB,   /* master keys */
    TH__MAKES_HUB,  /* the same; the hub need not be there, and rpc->hub is not set */
} th__rpc_scope;

/* ---- rpc.c -------------------------------------------------------------------------------------
 */

/* Key, hub and message are judged; then the handler runs. type NULL: an empty message. */
void th__rpc_run(th_grpc *grpc, th_call *call, const ProtobufCMessageDescriptor *type,
                 th__rpc_scope scope, th__rpc_handler *handler);

/* From bytes that were checked, in the call's arena; NULL: it can't be. */
const void *th__rpc_unpack(th__rpc *rpc, const ProtobufCMessageDescriptor *type,
                           const uint8_t *bytes, size_t n);

/* A message of a stream. False: nobody is there to read it. */
bool th__rpc_send(th__rpc *rpc, const void *message);

/* Each ends the call and frees rpc. */
void th__rpc_end(th__rpc *rpc);                        /* a stream, as OK */
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
/* What was remembered of it may no longer be so. */
void th__grpc_hub_forget(th__grpc_hubs *hubs, const char *name);

/* ---- keys.c: which keys are let in ----------------------------------------------------------
 */

th__grpc_keys *th__grpc_keys_new(void);
void th__grpc_keys_free(th__grpc_keys *keys);
/* The call's key opens the hub that it names (or the own one). False: the call is ended. */
bool th__grpc_key_check(th__rpc *rpc, th__rpc_scope scope);

/* ---- watch.c: calls that wait for an instance ----------------------------------------------- */

th_rc th__watch_start(th_grpc *grpc, th__watch **out, th_error *err) TH_MUST_CHECK;
void th__watch_stop(th__watch *watch); /* ends all waits; NULL is fine */
void th__watch_free(th__watch *watch);

/* rc TH_OK: the instance has started or finished, status -1: it is not there (any more).
 * TH_UNAVAILABLE: the service stops, or the client has gone. */
typedef void th__watched(th__rpc *rpc, th_rc rc, int status);
/* then runs later, on the watch's thread; id lives as long as the call. */
void th__watch_instance(th__rpc *rpc, const char *id, bool for_start, th__watched *then);

/* ---- handlers: client_rpcs.c, query_rpcs.c, entity_rpcs.c ----------------------------------- */

th__rpc_handler th__rpc_start_instance, th__rpc_get_instance, th__rpc_wait_start,
    th__rpc_wait_completion, th__rpc_raise_event, th__rpc_terminate, th__rpc_suspend,
    th__rpc_resume, th__rpc_rewind, th__rpc_restart;
th__rpc_handler th__rpc_query_instances, th__rpc_list_instance_ids, th__rpc_purge_instances,
    th__rpc_stream_history;
th__rpc_handler th__rpc_signal_entity, th__rpc_get_entity, th__rpc_query_entities,
    th__rpc_clean_entities;
/* admin_rpcs.c */
th__rpc_handler th__rpc_create_hub, th__rpc_delete_hub, th__rpc_skip_terminations;
/* worker_rpcs.c */
th__rpc_handler th__rpc_get_work_items, th__rpc_complete_orchestrator, th__rpc_complete_activity,
    th__rpc_complete_entity, th__rpc_abandon_orchestrator, th__rpc_abandon_activity,
    th__rpc_abandon_entity;

#endif
