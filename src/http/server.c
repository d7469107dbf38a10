/*
 * server.c - the server as a whole: its options, start and an orderly stop.
 */
#include "http/server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/http_int.h"

#define DEFAULT_BODY_LIMIT ((int64_t)104857600)
#define RPC_THREADS 1

/* ---- options ----------------------------------------------------------------------------------
 */

static th_rc copy_starters(th_http_server *s, th_error *err)
{
    size_t n = s->options.starter_count;
    th_http_starter *copies = th_new(s->arena, th_http_starter, n ? n : 1);

    for (size_t i = 0; i < n; i++) {
        const th_http_starter *from = &s->options.starters[i];
        const char *problem = th_template_problem(from->route, from->orchestrator == NULL);
        if (problem)
            return th_fail(err, TH_CONFIG, "the route '%s' of an HTTP starter %s", from->route,
                           problem);
        copies[i].route = th_strdup(s->arena, from->route);
        copies[i].orchestrator = th_strdup(s->arena, from->orchestrator);
    }
    s->options.starters = copies;
    return TH_OK;
}

/* "[::1]" is how URLs spell ::1. */
static const char *without_brackets(th_arena *arena, const char *bind)
{
    size_t n = strlen(bind);

    if (n > 2 && bind[0] == '[' && bind[n - 1] == ']')
        return th_strndup(arena, bind + 1, n - 2);
    return th_strdup(arena, bind);
}

static th_rc copy_options(th_http_server *s, const th_http_options *from, th_error *err)
{
    th_http_options *o = &s->options;

    *o = *from;
    o->bind = without_brackets(s->arena, from->bind ? from->bind : "127.0.0.1");
    o->conninfo = th_strdup(s->arena, from->conninfo);
    o->route_prefix = th_strdup(s->arena, from->route_prefix ? from->route_prefix : "api");
    o->default_version = from->default_version && *from->default_version
                             ? th_strdup(s->arena, from->default_version)
                             : NULL;
    o->connection_name =
        th_strdup(s->arena, from->connection_name ? from->connection_name : "Storage");
    o->system_key = th_strdup(s->arena, from->system_key);
    o->threads = from->threads > 0 ? from->threads : 2;
    o->db_connections = from->db_connections > 0 ? from->db_connections : 2;
    o->max_connections = from->max_connections > 0 ? from->max_connections : 10000;
    o->body_limit = from->body_limit > 0 ? from->body_limit : DEFAULT_BODY_LIMIT;
    return copy_starters(s, err);
}

static char *make_query_suffix(const th_http_options *options)
{
    th_buf buf = TH_BUF_INIT;

    th__query_suffix(&buf, &options->hub, options->connection_name);
    return th_buf_steal(&buf);
}

th_rc th_http_server_new(const th_http_options *options, th_http_server **out, th_error *err)
{
    th_http_server *s = th_malloc(sizeof *s);
    th_rc rc;

    atomic_store(&s->refs, 1);
    s->arena = th_arena_new(0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    s->public_port.server = s->rpc_port.server = s;
    s->rpc_port.is_rpc = true;
    s->hubs = th__hubs_new();
    s->known = th__known_new();
    rc = copy_options(s, options, err);
    s->query_suffix = make_query_suffix(&s->options);
    if (rc != TH_OK) {
        th__server_unref(s);
        return rc;
    }
    *out = s;
    return TH_OK;
}

/* ---- start and stop ---------------------------------------------------------------------------
 */

static th_rc start_threads(th_http_server *s, th_error *err)
{
    th_rc rc = th__pool_new(s->options.conninfo, s->options.db_connections, &s->pool, err);

    if (rc == TH_OK && s->options.keys)
        rc = th__key_ring_start(&s->options, &s->key_ring, err);
    if (rc == TH_OK)
        rc = th__waits_new(s, &s->waits, err);
    return rc;
}

/* Both ports before any thread: that an address is taken is the likeliest failure. */
static th_rc listen_all(th_http_server *s, th_error *err)
{
    th_rc rc = th__port_listen(&s->public_port, s->options.bind, s->options.port, err);

    if (rc != TH_OK || !s->options.rpc)
        return rc;
    rc = th__rpc_listen(&s->rpc_port, s->options.rpc_port, err);
    if (rc == TH_OK)
        s->rpc_url = th_sprintf(s->arena, "%s/durabletask/", s->rpc_port.origin);
    return rc;
}

static th_rc serve_all(th_http_server *s, th_error *err)
{
    th_rc rc = th__port_serve(&s->public_port, s->options.threads, err);

    return rc == TH_OK && s->options.rpc ? th__port_serve(&s->rpc_port, RPC_THREADS, err) : rc;
}

th_rc th_http_server_start(th_http_server *s, th_error *err)
{
    th_rc rc = listen_all(s, err);

    if (rc == TH_OK)
        rc = start_threads(s, err);
    if (rc == TH_OK)
        rc = serve_all(s, err);
    if (rc == TH_OK)
        th_log(TH_LOG_DEBUG, TH_EV_HTTP_LISTENING, NULL, "listening on %s", s->public_port.origin);
    else
        th_http_server_stop(s, 0);
    return rc;
}

int th_http_server_port(const th_http_server *server)
{
    return server->public_port.number;
}

const char *th_http_server_origin(const th_http_server *server)
{
    return server->public_port.origin;
}

const char *th_http_server_rpc_url(const th_http_server *server)
{
    return server->rpc_url;
}

/* Until no request is under way. */
static void wait_idle(th_http_server *s, int64_t until_us)
{
    pthread_mutex_lock(&s->lock);
    while (atomic_load(&s->active) && th_mono_us() < until_us) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 20000000; /* the clock may jump, so no long sleep hangs on it */
        if (t.tv_nsec >= 1000000000) {
            t.tv_nsec -= 1000000000;
            t.tv_sec++;
        }
        pthread_cond_timedwait(&s->idle, &s->lock, &t);
    }
    pthread_mutex_unlock(&s->lock);
}

void th_http_server_stop(th_http_server *s, int64_t drain_us)
{
    int64_t now = th_mono_us();

    atomic_store(&s->draining, true);
    if (s->waits)
        th__waits_flush(s->waits);
    if (s->public_port.daemons) {
        wait_idle(s, now + drain_us);
        for (int i = 0; i < 2; i++) { /* twice: one more may just have begun to wait */
            th__requests_force(s);
            wait_idle(s, th_mono_us() + TH__SECOND / 2); /* the answers go out */
        }
    }
    th__port_stop(&s->public_port);
    th__port_stop(&s->rpc_port);
    if (s->waits)
        th__waits_stop(s->waits);
    /* A thread that still hangs in the database keeps the memory; the program is about to end
     * anyway. */
    if (s->pool && !th__pool_stop(s->pool, 2 * TH__SECOND))
        th__server_ref(s);
    if (!th__key_ring_stop(s->key_ring, 2 * TH__SECOND))
        th__server_ref(s);
}

void th_http_server_free(th_http_server *server)
{
    if (server)
        th__server_unref(server);
}
