/*
 * http_int.h - what files of this room share: one request from its first byte to its answer.
 *
 * A handler runs on one of the daemon's threads and ends in exactly one th__request_done, at once
 * or later. To wait for something it calls th__request_wait first (the connection is suspended) and
 * hands the request to the front, the pool of blocking connections, or the timer; whoever has it
 * then owns it until th__request_done. A request that is forced to an end by stop stays in memory
 * until its owner lets go.
 */
#ifndef TH_HTTP_INT_H
#define TH_HTTP_INT_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/auth.h"
#include "http/query.h"
#include "http/router.h"
#include "http/server.h"
#include "store/instances.h"

#define TH__SECOND ((int64_t)1000000)
#define TH__JSON_TYPE "application/json; charset=utf-8"

typedef struct th__request th__request;
typedef struct th__pool th__pool;
typedef struct th__waits th__waits;
typedef struct th__hubs th__hubs;
typedef struct th__known th__known;
typedef struct th__key_ring th__key_ring;
typedef struct th__acceptor th__acceptor;
typedef struct th__port th__port;

typedef void (*th__handler)(th__request *r);

/* A blocking piece of a request. TH_OK: the answer is set; any other: answered by th__answer_rc.
 * May run twice. */
typedef th_rc (*th__job)(th__request *r, th_db *db, th_error *err);

enum { TH__IDLE, TH__WAITING, TH__ANSWERED, TH__FORCED }; /* of th__request.state */

struct th__port {
    th_http_server *server;
    bool is_rpc;  /* the loopback door of the Functions SDKs; else the public one */
    bool is_open; /* fd listens */
    int fd, number;
    char *origin; /* "http://127.0.0.1:7071" */
    int threads;
    struct MHD_Daemon **daemons; /* one a thread; NULL where it is not started */
    th__acceptor *acceptor;
    th__port *next; /* of the ports that serve */
};

struct th__request {
    th_http_server *server;
    const th__port *port; /* that it came in by */
    struct MHD_Connection *connection;
    th_arena *arena;
    th_buf body, out;
    char *target; /* as it came in the request line */
    const char *method;
    th_verb verb;
    th_query query;
    th_route route;
    const char *bad_target; /* what is wrong with it; query is empty then */
    const th_hub *hub;      /* the one addressed; NULL: there is none of that name */
    bool strange_hub;       /* taskHub named none when its key was judged: it stays none */

    /* reading */
    bool begun;     /* the handler has seen the headers */
    int denied;     /* 401 or 403: the body is read, not kept */
    bool too_large; /* the body was cut; answered 413, or 503 if crowded */
    bool crowded;
    int64_t received; /* bytes of the body so far */
    int64_t begun_us; /* when the headers were complete */
    int64_t budget;   /* bytes taken from the server's budget for bodies */

    /* answer */
    int status;
    const char *content_type; /* NULL: no body */
    const char *location;
    const char *retry_after;
    const th_trigger_pair *headers; /* more of them, of a trigger's answer */
    size_t header_count;
    const char *token;  /* x-ms-continuation-token; " " goes out as an empty value */
    th__handler finish; /* runs on the daemon's thread before the answer goes out; may be NULL */

    /* waiting */
    bool waiting; /* written by the daemon's thread before it hands the request on */
    atomic_int state, refs;
    th__request *prev, *next; /* in server->flight */
    th__request *job_next;    /* in the pool's queue */
    th__job job;
    th__handler then; /* after the job, instead of the answer; may be NULL */
    int64_t job_deadline_us;
    int64_t due_us; /* in the timer's heap */
    th__handler on_due;

    /* what the handlers of starts and waits keep */
    const char *instance_id, *name;
    const char *input, *version, *tags, *trace; /* of a start */
    int32_t priority;
    int64_t wait_until_us, wait_pause_us;
    const char *known_kind, *known_name; /* of what is looked up */
    bool is_known;
    bool is_starter, is_restart, wait_over, bad_json, wants_ready;
    th_rc rc;
    int instance_status;
    const char *text;
    const th_instance_filter *filter;
    const struct th_entity_filter *entities;
    th_uuid entity_start; /* of the one that is purged */
    bool is_sent;         /* the order to do so */
    const char *key_name; /* of the access key that opened; NULL: none was needed */
    int64_t purged;
    const char *purged_until; /* a purge by filter goes on there; NULL: at its beginning, or done */
    bool recursive;
};

struct th_http_server {
    th_http_options options;
    th_arena *arena; /* texts of the options */
    th__port public_port, rpc_port;
    const char *rpc_url; /* NULL: no RPC door */
    char *query_suffix;  /* taskHub=...&connection=Storage of the own hub */
    atomic_bool draining;
    atomic_int refs;
    atomic_int_fast64_t body_budget; /* bytes of bodies in memory */
    atomic_int_fast64_t answered[6]; /* by hundreds of the status */
    atomic_int_fast64_t active;      /* requests between first byte and completion */

    pthread_mutex_t lock; /* of the four below */
    pthread_cond_t idle;  /* flight became empty, or active fell */
    th__request *flight;  /* waiting ones */
    th__request *spare;   /* for reuse */
    size_t spares;

    th__pool *pool;
    th__waits *waits;
    th__hubs *hubs;
    th__known *known;
    th__key_ring *key_ring; /* NULL: requests need no keys */
};

/* request.c */
th__request *th__request_new(const th__port *port, struct MHD_Connection *connection,
                             const char *target);
void th__request_unref(th__request *r);
void th__request_wait(th__request *r);  /* suspends; no-op if that was done before */
void th__request_done(th__request *r);  /* the answer is set; r is no longer the caller's */
void th__request_force(th__request *r); /* waiting: answers it 503, whoever has it */
void th__requests_force(th_http_server *server); /* all that wait */
bool th__request_is_left(th__request *r);        /* waiting: the client has closed its end */
void th__server_ref(th_http_server *server);
void th__server_unref(th_http_server *server); /* the last one frees */
const char *th__request_header(th__request *r, const char *name);

/* answer.c: each sets status and body; none sends. */
void th__answer_empty(th__request *r, int status);
void th__answer_json(th__request *r, int status); /* the body stands in r->out */
void th__answer_string(th__request *r, int status, const char *text);
void th__answer_message(th__request *r, int status, const char *message);
void th__answer_error(th__request *r, int status, const char *message, const char *exception,
                      const char *type);
void th__answer_invalid(th__request *r, const char *text); /* 400: an argument */
void th__answer_bad_json(th__request *r, const char *text);
void th__answer_rc(th__request *r, th_rc rc, const char *text);
enum MHD_Result th__answer_send(th__request *r);
enum MHD_Result th__answer_forced(th__request *r);

/* pool.c: blocking connections with threads of their own. */
th_rc th__pool_new(const char *conninfo, int threads, th__pool **out, th_error *err) TH_MUST_CHECK;
void th__pool_run(th__request *r, th__job job, th__handler then); /* suspends r */
void th__pool_expire(th__pool *pool, int64_t now_us); /* answers 503 what has waited too long */
bool th__pool_stop(th__pool *pool,
                   int64_t wait_us); /* false: a thread still hangs in the database */
void th__pool_free(th__pool *pool);

/* waits.c: one timer thread. */
th_rc th__waits_new(th_http_server *server, th__waits **out, th_error *err) TH_MUST_CHECK;
/* r must be waiting; monotonic time. on_due may come early while the server is draining: it answers
 * then. */
void th__waits_at(th__request *r, int64_t due_us, th__handler on_due);
void th__waits_flush(th__waits *waits); /* all are due now, and what comes later too */
void th__waits_stop(th__waits *waits);
void th__waits_free(th__waits *waits);

/* hub_names.c */
th__hubs *th__hubs_new(void);
void th__hubs_free(th__hubs *hubs);
void th__hub_then(th__request *r, th__handler handler); /* sets r->hub by taskHub, then goes on */
const char *th__hub_asked(th__request *r);              /* NULL: no hub is named */

/* key_ring.c */
/* Reads the keys once, then once a second until stop. */
th_rc th__key_ring_start(const th_http_options *options, th__key_ring **out,
                         th_error *err) TH_MUST_CHECK;
bool th__key_ring_stop(th__key_ring *ring, int64_t wait_us); /* as th__pool_stop; NULL is fine */
void th__key_ring_free(th__key_ring *ring);
int th__key_check(th__request *r); /* before routing; 0: go on; else 401 or 403 */
/* The system key of r->hub, in r's arena; NULL: URLs need none. */
const char *th__key_for_urls(th__request *r);

/* known.c */
th__known *th__known_new(void);
void th__known_free(th__known *known);
/* Sets r->is_known and goes on; may wait for the database. r->hub is set. */
void th__known_then(th__request *r, th_item_kind kind, const char *name, const char *version,
                    th__handler then);

/* handlers */
void th__dispatch(th__request *r);         /* dispatch.c: any request that was read whole */
th_door th__dispatch_door(th__request *r); /* the door that it would come in by */
void th__start(th__request *r);            /* start_api.c */
void th__starter(th__request *r, const char *name);
void th__trigger(th__request *r, const char *path); /* trigger_api.c; path below the prefix */
void th__start_wait_check(th__request *r);
/* Takes version (and what else stands in the query) for a start of r->name; what is wrong with it,
 * or NULL. */
const char *th__start_problem(th__request *r);
const char *th__start_unknown(th__request *r); /* why a name that nobody knows is refused */
void th__signal_start(th__request *r);         /* signal_start_api.c */
/* Name, instance_id and the rest of the start are set; r is waiting. */
void th__start_now(th__request *r);
const char *th__start_new_id(th_arena *arena);
/* The trace context of the headers, which what is started belongs to; or NULL. */
const char *th__request_trace(th__request *r);
/* The query's tags, or NULL; *problem: what is wrong with them. */
const char *th__query_tags(th__request *r, const char **problem);
void th__status(th__request *r); /* instances_api.c */
void th__status_render(th__request *r, const th_instance *instance);
th_rc th__status_job(th__request *r, th_db *db, th_error *err);
void th__list(th__request *r);
/* Of the request's header; absent or empty: *after stays. False: it is none of ours; answered. */
bool th__token_read(th__request *r, const char **after);
void th__signal(th__request *r); /* signals_api.c */
void th__purge(th__request *r);  /* purge_api.c */
void th__purge_many(th__request *r);
void th__restart(th__request *r);   /* restart_api.c */
void th__entities(th__request *r);  /* entities_api.c */
void th__schedules(th__request *r); /* schedules_api.c */
void th__operate(th__request *r);   /* operate_api.c */
void th__health(th__request *r);    /* admin_api.c */
void th__readiness(th__request *r);
void th__metrics(th__request *r);

/* listen.c: a listening socket, non-blocking. */
th_rc th__listen(const char *bind, int port, int *fd, int *got_port, th_error *err) TH_MUST_CHECK;

/* accept.c: a thread that feeds port->daemons from port->fd. */
th_rc th__acceptor_start(th__port *port, th__acceptor **out, th_error *err) TH_MUST_CHECK;
void th__acceptor_stop(th__acceptor *acceptor); /* NULL is fine */

/* intake.c: a daemon with a thread and no socket of its own; NULL: it cannot start. */
struct MHD_Daemon *th__daemon_start(th__port *port);

/* port.c */
/* Connections wait from now on; number 0: any free one. */
th_rc th__port_listen(th__port *port, const char *bind, int number, th_error *err) TH_MUST_CHECK;
th_rc th__port_serve(th__port *port, int threads, th_error *err) TH_MUST_CHECK;
void th__port_stop(th__port *port); /* fine for one that was never opened */

/* unreadable.c */
/* MHD_queue_response, which is not to be called by that name in this program. */
enum MHD_Result th__queue(struct MHD_Connection *connection, unsigned status,
                          struct MHD_Response *response);
void th__unreadable_add(th__port *port); /* the library's own answers are JSON there */
void th__unreadable_remove(th__port *port);

/* rpc_door.c */
/* wanted 0: 17071, or a spare one if that is taken. */
th_rc th__rpc_listen(th__port *port, int wanted, th_error *err) TH_MUST_CHECK;
/* NULL: a program of this machine; else what shows that it is none, as a sentence. */
const char *th__rpc_stranger(th__request *r);
/* The part of a path after either base path; NULL: below none of them. */
const char *th__rpc_below(const char *path);

/* urls.c */
const char *th__request_origin(th__request *r);
void th__form_encode(th_buf *out, const char *text);
void th__query_suffix(th_buf *out, const th_hub *hub, const char *connection);
void th__payload_finish(th__request *r); /* 202 with the management payload */

#endif
