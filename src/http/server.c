/*
 * server.c - the libmicrohttpd daemon: its callbacks, start and an orderly stop.
 *
 * The daemon calls access_handler for each request at least twice: with the headers, with pieces of
 * the body, and when it is complete; and once more after a resumed connection, to fetch the answer.
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
#define IDLE_TIMEOUT_S 120U
#define CONNECTION_MEMORY ((size_t)32768) /* request line and headers; wiped after each request */
#define RESERVE_AT_ONCE 65536
#define DENIED_BODY ((int64_t)1048576) /* read from who has no key, so that the answer is seen */

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
    o->system_key = th_strdup(s->arena, from->system_key);
    o->threads = from->threads > 0 ? from->threads : 2;
    o->db_connections = from->db_connections > 0 ? from->db_connections : 2;
    o->max_connections = from->max_connections > 0 ? from->max_connections : 10000;
    o->body_limit = from->body_limit > 0 ? from->body_limit : DEFAULT_BODY_LIMIT;
    return copy_starters(s, err);
}

static char *make_query_suffix(const th_hub *hub)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_str(&buf, "taskHub=");
    th__form_encode(&buf, hub->name);
    th_buf_str(&buf, "&connection=Storage");
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
    s->hubs = th__hubs_new();
    s->query_suffix = make_query_suffix(&options->hub);
    rc = copy_options(s, options, err);
    if (rc != TH_OK) {
        th__server_unref(s);
        return rc;
    }
    *out = s;
    return TH_OK;
}

/* ---- reading a request ------------------------------------------------------------------------
 */

static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text); /* query.c decodes, by other rules than the library's */
}

static void *on_request_line(void *arg, const char *target, struct MHD_Connection *connection)
{
    return th__request_new(arg, connection, target);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    (void)arg;
    (void)connection;
    (void)why;
    if (*context)
        th__request_unref(*context);
    *context = NULL;
}

static int64_t content_length(th__request *r)
{
    const char *text = th__request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void refuse_body(th__request *r)
{
    if (r->crowded)
        th__answer_error(r, 503, "Too many large requests at once",
                         "Bodies fill the memory for them", "System.InvalidOperationException");
    else
        th__answer_error(r, 413, "Request body too large",
                         th_sprintf(r->arena, "The body may have %lld bytes",
                                    (long long)r->server->options.body_limit),
                         "Microsoft.AspNetCore.Http.BadHttpRequestException");
}

static void parse_target(th__request *r)
{
    th_error err = { 0 };

    if (th_query_parse(r->arena, r->target, &r->query, &err) != TH_OK)
        r->bad_target = th_strdup(r->arena, err.text);
}

/* Before any of the body is read. */
static enum MHD_Result on_headers(th__request *r, const char *method)
{
    int64_t length = content_length(r);

    r->begun = true;
    r->method = th_strdup(r->arena, method);
    r->verb = th_verb_parse(method);
    parse_target(r);
    r->denied = r->bad_target ? 0 : th__key_check(r);
    if (r->denied) {
        th__answer_empty(r, r->denied);
        return length > DENIED_BODY ? th__answer_send(r) : MHD_YES;
    }
    if (length > r->server->options.body_limit) {
        refuse_body(r);
        return th__answer_send(r);
    }
    if (length > 0)
        th_buf_reserve(&r->body, length < RESERVE_AT_ONCE ? (size_t)length + 1 : RESERVE_AT_ONCE);
    return MHD_YES;
}

/* What all bodies together may take: some of the largest allowed ones. */
static bool take_budget(th__request *r, size_t n)
{
    th_http_server *s = r->server;
    int64_t limit = 4 * s->options.body_limit;

    if (atomic_fetch_add(&s->body_budget, (int64_t)n) + (int64_t)n > limit) {
        atomic_fetch_sub(&s->body_budget, (int64_t)n);
        return false;
    }
    r->budget += (int64_t)n;
    return true;
}

/* The body of a request without a key goes nowhere; one that goes on and on loses the connection.
 */
static enum MHD_Result on_denied_body(th__request *r, size_t *n)
{
    r->received += (int64_t)*n;
    *n = 0;
    return r->received > DENIED_BODY ? MHD_NO : MHD_YES;
}

/*
 * A body that is too large is read on, so that the client sees the answer, but not kept; one that
 * goes on for as much again loses the connection.
 */
static enum MHD_Result on_body(th__request *r, const char *data, size_t *n)
{
    int64_t limit = r->server->options.body_limit;

    r->received += (int64_t)*n;
    if (!r->too_large && r->received > limit)
        r->too_large = true;
    else if (!r->too_large && !take_budget(r, *n))
        r->too_large = r->crowded = true;
    if (!r->too_large)
        th_buf_add(&r->body, data, *n);
    else if (r->received > 2 * limit)
        return MHD_NO;
    *n = 0;
    return MHD_YES;
}

static void on_complete(th__request *r)
{
    if (r->denied)
        return; /* the answer is set */
    if (r->too_large)
        refuse_body(r);
    else if (r->bad_target)
        th__answer_invalid(r, r->bad_target);
    else
        th__dispatch(r);
}

static enum MHD_Result after_wait(th__request *r)
{
    if (atomic_load(&r->state) == TH__FORCED)
        return th__answer_unavailable(r->connection);
    if (r->finish)
        r->finish(r);
    return th__answer_send(r);
}

static enum MHD_Result access_handler(void *arg, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data,
                                      size_t *data_size, void **context)
{
    th__request *r = *context;

    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (!r)
        return MHD_NO;
    if (!r->begun)
        return on_headers(r, method);
    if (*data_size)
        return r->denied ? on_denied_body(r, data_size) : on_body(r, data, data_size);
    if (r->waiting)
        return after_wait(r);
    on_complete(r);
    if (r->waiting)
        return MHD_YES; /* r may be answered already, on another thread */
    if (r->finish)
        r->finish(r);
    return th__answer_send(r);
}

/* ---- start and stop ---------------------------------------------------------------------------
 */

static void daemon_log(void *arg, const char *format, va_list args)
{
    char text[256];

    (void)arg;
    if (!th_log_on(TH_LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    th_log(TH_LOG_DEBUG, TH_EV_HTTP_ERROR, NULL, "%s", text);
}

static void make_origin(th_http_server *s)
{
    bool brackets = strchr(s->options.bind, ':') != NULL;
    char text[512];

    snprintf(text, sizeof text, brackets ? "http://[%s]:%d" : "http://%s:%d", s->options.bind,
             s->port);
    free(s->origin);
    s->origin = th_mstrdup(text);
}

/*
 * Poll, not epoll: a suspended connection is in neither set, but costs epoll two calls each time,
 * and a request that the library itself refuses stays open under epoll until it times out (0.9.75).
 */
static struct MHD_Daemon *start_daemon(th_http_server *s)
{
    unsigned limit = (unsigned)(s->options.max_connections / s->options.threads + 1);

    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, access_handler, s, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, s,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, s, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
}

static th_rc start_daemons(th_http_server *s, th_error *err)
{
    s->daemons = th_new(s->arena, struct MHD_Daemon *, (size_t)s->options.threads);
    for (int i = 0; i < s->options.threads; i++) {
        s->daemons[i] = start_daemon(s);
        if (!s->daemons[i])
            return th_fail(err, TH_IO, "cannot start the HTTP server's threads");
    }
    return TH_OK;
}

static void stop_daemons(th_http_server *s)
{
    th__acceptor_stop(s->acceptor);
    s->acceptor = NULL;
    for (int i = 0; s->daemons && i < s->options.threads; i++)
        if (s->daemons[i])
            MHD_stop_daemon(s->daemons[i]);
    s->daemons = NULL;
}

static th_rc start_threads(th_http_server *s, th_error *err)
{
    th_rc rc = th__pool_new(s->options.conninfo, s->options.db_connections, &s->pool, err);

    if (rc == TH_OK && s->options.keys)
        rc = th__key_ring_start(&s->options, &s->key_ring, err);
    if (rc == TH_OK)
        rc = th__waits_new(s, &s->waits, err);
    if (rc == TH_OK)
        rc = start_daemons(s, err);
    return rc;
}

th_rc th_http_server_start(th_http_server *s, th_error *err)
{
    int fd = -1;
    th_rc rc = th__listen(s->options.bind, s->options.port, &fd, &s->port, err);

    if (rc != TH_OK)
        return rc;
    make_origin(s);
    rc = start_threads(s, err);
    if (rc == TH_OK)
        rc = th__acceptor_start(s, fd, &s->acceptor, err);
    if (rc != TH_OK) {
        close(fd);
        th_http_server_stop(s, 0);
        return rc;
    }
    th_log(TH_LOG_DEBUG, TH_EV_HTTP_LISTENING, NULL, "listening on %s", s->origin);
    return TH_OK;
}

int th_http_server_port(const th_http_server *server)
{
    return server->port;
}

const char *th_http_server_origin(const th_http_server *server)
{
    return server->origin;
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
    if (s->daemons) {
        wait_idle(s, now + drain_us);
        for (int i = 0; i < 2; i++) { /* twice: one more may just have begun to wait */
            th__requests_force(s);
            wait_idle(s, th_mono_us() + TH__SECOND / 2); /* the answers go out */
        }
        stop_daemons(s);
    }
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
