/*
 * server.h - the HTTP server: the Durable Functions management API, starters, health and metrics.
 *
 * libmicrohttpd with a few threads that never block: a request is parsed, handed to the front (or
 * to a small pool of blocking connections), suspended, and resumed when its outcome is known.
 * The RPC door is a second port, on loopback only, for the clients of the Functions SDKs: the same
 * API below /durabletask/, without keys.
 *
 * With keys on, a request needs one for the door that it comes in by (auth.h), except health and
 * readiness; callers leave them off only on loopback, or if their user insists.
 *
 * A life: new, start, stop, free. The front and the engine must outlive stop.
 */
#ifndef TH_HTTP_SERVER_H
#define TH_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"
#include "http/trigger.h"
#include "store/front.h"
#include "store/hubs.h"

/* GET or POST on <route prefix>/<route> starts an orchestration; a POST's body is its input. */
typedef struct th_http_starter {
    const char *route;        /* "orchestrators/{name}"; literals match in any case */
    const char *orchestrator; /* NULL: what stands at {name} */
} th_http_starter;

#define TH_HTTP_RPC_ADDRESS "127.0.0.1"
#define TH_HTTP_RPC_PORT 17071

typedef struct th_http_options {
    const char *bind;  /* address or host name; NULL: 127.0.0.1 */
    int port;          /* 0: any free one */
    th_engine *engine; /* NULL: front end alone */
    /* Whether an app of this process has that function, run here or not; NULL: the engine knows. */
    bool (*has_function)(void *arg, th_item_kind kind, const char *name, const char *version);
    void *has_arg;
    th_front *front;
    const char *conninfo;        /* for list, purge and history */
    th_hub hub;                  /* the app's own */
    int threads;                 /* 0: 2 */
    int db_connections;          /* for the blocking calls; 0: 2 */
    int max_connections;         /* 0: 10,000 */
    int64_t body_limit;          /* bytes of a request's body; 0: 104857600 */
    const char *connection_name; /* in URLs of answers; NULL: "Storage" */
    const char
        *route_prefix; /* of starters, without slashes at its ends; NULL: "api"; "" is none */
    const th_http_starter *starters;
    size_t starter_count;
    const th_triggers *triggers; /* asked after the starters; NULL: none */
    bool use_forwarded_host;     /* URLs from X-Forwarded-Host and X-Forwarded-Proto */
    bool store_inputs;           /* historyEvents show inputs of activities */
    bool reuse_any_state; /* a start with the id of a live instance terminates that one first */
    const char *default_version; /* of starts that name none; NULL or "": none */
    bool keys;                   /* requests need keys, and URLs in answers have one */
    bool rpc;                    /* serve the RPC door too */
    int rpc_port;                /* of it; 0: TH_HTTP_RPC_PORT, or a spare one if that is taken */
    const char *system_key;      /* the one in URLs of the own hub; NULL: derived from its secret */
} th_http_options;

typedef struct th_http_server th_http_server;

/* Copies the options with their texts. TH_CONFIG: a starter's route is no template. */
th_rc th_http_server_new(const th_http_options *options, th_http_server **out,
                         th_error *err) TH_MUST_CHECK;

/*
 * Listens. TH_IO: the address is in use, not of this machine, or not allowed; the text says which.
 * With keys also errors of the database, from which they are read.
 */
th_rc th_http_server_start(th_http_server *server, th_error *err) TH_MUST_CHECK;

int th_http_server_port(const th_http_server *server);           /* 0 before start */
const char *th_http_server_origin(const th_http_server *server); /* "http://127.0.0.1:7071" */

/* What SDKs call rpcBaseUrl, "http://127.0.0.1:17071/durabletask/"; NULL: there is no RPC door. */
const char *th_http_server_rpc_url(const th_http_server *server);

/* The system key of the own hub, in arena; NULL: requests need none. After start. */
const char *th_http_server_key(th_http_server *server, th_arena *arena);

/*
 * New requests get 503 and /readiness says so; those under way end within drain_us (waits for a
 * completion are answered at once), the rest is answered 503. Then the port is closed. Once; fine
 * before start.
 */
void th_http_server_stop(th_http_server *server, int64_t drain_us);

/* After stop. Memory that a call still in the front needs is freed when that call ends. NULL is
 * fine. */
void th_http_server_free(th_http_server *server);

#endif
