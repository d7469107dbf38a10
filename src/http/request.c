/*
 * request.c - the life of one request: memory, waiting, being answered, being forced to an end.
 *
 * Two may hold a request: the daemon, from the request line until the answer has gone out, and
 * whoever it waits for. Each has one reference. `state` decides who resumes the connection: the
 * owner that has the answer (ANSWERED) or stop (FORCED); the one that comes second only lets go.
 */
#include "http/http_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_SPARES 512
#define ARENA_BLOCK 8192
#define KEEP_BUFFER 65536 /* larger ones are not kept for the next request */

void th__server_ref(th_http_server *server)
{
    atomic_fetch_add(&server->refs, 1);
}

void th__server_unref(th_http_server *server)
{
    if (atomic_fetch_sub(&server->refs, 1) != 1)
        return;
    while (server->spare) {
        th__request *r = server->spare;
        server->spare = r->next;
        th_buf_free(&r->body);
        th_buf_free(&r->out);
        th_arena_free(r->arena);
        free(r);
    }
    th__pool_free(server->pool);
    th__waits_free(server->waits);
    th__hubs_free(server->hubs);
    th__known_free(server->known);
    th__key_ring_free(server->key_ring);
    pthread_cond_destroy(&server->idle);
    pthread_mutex_destroy(&server->lock);
    th_arena_free(server->arena);
    free(server->public_port.origin);
    free(server->rpc_port.origin);
    free(server->query_suffix);
    free(server);
}

static th__request *take_spare(th_http_server *server)
{
    th__request *r;

    pthread_mutex_lock(&server->lock);
    r = server->spare;
    if (r) {
        server->spare = r->next;
        server->spares--;
    }
    pthread_mutex_unlock(&server->lock);
    if (!r) {
        r = th_malloc(sizeof *r);
        r->arena = th_arena_new(ARENA_BLOCK);
    }
    return r;
}

th__request *th__request_new(const th__port *port, struct MHD_Connection *connection,
                             const char *target)
{
    th_http_server *server = port->server;
    th__request *r = take_spare(server);

    th__server_ref(server);
    atomic_fetch_add(&server->active, 1);
    r->server = server;
    r->port = port;
    r->connection = connection;
    r->next = NULL;
    r->target = th_strdup(r->arena, target);
    atomic_store(&r->refs, 1);
    return r;
}

/* As new, but for the memory it may keep. */
static void wipe(th__request *r)
{
    th__request kept = { .arena = r->arena, .body = r->body, .out = r->out };

    if (kept.body.cap > KEEP_BUFFER)
        th_buf_free(&kept.body);
    if (kept.out.cap > KEEP_BUFFER)
        th_buf_free(&kept.out);
    th_buf_clear(&kept.body);
    th_buf_clear(&kept.out);
    kept.body.limit = kept.out.limit = 0;
    kept.body.failed = kept.out.failed = false;
    th_arena_reset(kept.arena);
    *r = kept;
}

static void free_request(th__request *r)
{
    th_buf_free(&r->body);
    th_buf_free(&r->out);
    th_arena_free(r->arena);
    free(r);
}

void th__request_unref(th__request *r)
{
    th_http_server *server = r->server;
    bool keep;

    if (atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    atomic_fetch_sub(&server->body_budget, r->budget);
    atomic_fetch_sub(&server->active, 1);
    wipe(r);
    pthread_mutex_lock(&server->lock);
    keep = server->spares < MAX_SPARES;
    if (keep) {
        r->next = server->spare;
        server->spare = r;
        server->spares++;
    }
    pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->lock);
    if (!keep)
        free_request(r);
    th__server_unref(server);
}

static void link_flight(th__request *r)
{
    th_http_server *server = r->server;

    pthread_mutex_lock(&server->lock);
    r->prev = NULL;
    r->next = server->flight;
    if (r->next)
        r->next->prev = r;
    server->flight = r;
    pthread_mutex_unlock(&server->lock);
}

static void unlink_locked(th__request *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        r->server->flight = r->next;
    if (r->next)
        r->next->prev = r->prev;
}

void th__request_wait(th__request *r)
{
    if (r->waiting)
        return;
    r->waiting = true;
    atomic_fetch_add(&r->refs, 1);
    atomic_store(&r->state, TH__WAITING);
    /* Before the request is handed on: its answer may come before this thread returns to the
     * daemon. */
    MHD_suspend_connection(r->connection);
    link_flight(r);
}

/* True: the caller is the one that ends the waiting. */
static bool settle(th__request *r, int how)
{
    int waiting = TH__WAITING;

    return atomic_compare_exchange_strong(&r->state, &waiting, how);
}

void th__request_done(th__request *r)
{
    th_http_server *server = r->server;
    bool first;

    if (!r->waiting)
        return; /* still on the daemon's thread, which sends the answer itself */
    pthread_mutex_lock(&server->lock);
    first = settle(r, TH__ANSWERED);
    if (first)
        unlink_locked(r);
    pthread_mutex_unlock(&server->lock);
    if (first)
        MHD_resume_connection(r->connection);
    th__request_unref(r);
}

/* The daemon keeps its reference until the connection was resumed, so r stays while this runs. */
static void force_locked(th__request *r)
{
    if (!settle(r, TH__FORCED))
        return;
    unlink_locked(r);
    MHD_resume_connection(r->connection);
}

void th__request_force(th__request *r)
{
    pthread_mutex_lock(&r->server->lock);
    force_locked(r);
    pthread_mutex_unlock(&r->server->lock);
}

void th__requests_force(th_http_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (th__request *r = server->flight, *next; r; r = next) {
        next = r->next;
        force_locked(r);
    }
    pthread_mutex_unlock(&server->lock);
}

static bool is_closed(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    ssize_t n = info ? recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 1;

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool th__request_is_left(th__request *r)
{
    bool left;

    pthread_mutex_lock(&r->server->lock); /* while it waits, the daemon lets the connection be */
    left = atomic_load(&r->state) == TH__WAITING && is_closed(r->connection);
    pthread_mutex_unlock(&r->server->lock);
    return left;
}

const char *th__request_header(th__request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}
