/*
 * wire.c - the server: its address and certificate, the thread that drives the core, the end.
 */
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "wire/wire_int.h"

enum {
    CALLS_AHEAD = 64,       /* accepted by the core before we look */
    DEAD_AFTER_MS = 20000,  /* a silent connection is asked this often whether it lives */
    DEAD_ANSWER_MS = 10000, /* and has so long to answer */
    FILE_MAX = 1 << 20,     /* bytes of a certificate or key file */
    GRACE_S = 2,            /* for clients to read the end of their calls at the stop */
};

/* ---- certificate -------------------------------------------------------------------------------
 */

/* The text of a file, malloc'ed. */
static th_rc read_file(const char *name, char **text, th_error *err)
{
    FILE *file = fopen(name, "re");

    *text = NULL;
    if (!file)
        return th_fail(err, TH_CONFIG, "%s can't be read: %s", name, strerror(errno));
    *text = th_malloc(FILE_MAX + 1);
    size_t n = fread(*text, 1, FILE_MAX + 1, file);
    bool bad = ferror(file) || n > FILE_MAX || memchr(*text, '\0', n);
    fclose(file);
    if (!bad)
        return TH_OK;
    free(*text);
    *text = NULL;
    return th_fail(err, TH_CONFIG, "%s is no PEM file of at most 1 MiB", name);
}

static th_rc credentials(const th_wire_options *options, grpc_server_credentials **creds,
                         th_error *err)
{
    char *cert = NULL, *key = NULL;
    th_rc rc = TH_OK;

    *creds = NULL;
    if (!options->cert) {
        *creds = th__core.grpc_insecure_server_credentials_create();
        return TH_OK;
    }
    if ((rc = read_file(options->cert, &cert, err)) != TH_OK)
        goto done;
    if ((rc = read_file(options->key, &key, err)) != TH_OK)
        goto done;

    grpc_ssl_pem_key_cert_pair pair = { .private_key = key, .cert_chain = cert };
    *creds = th__core.grpc_ssl_server_credentials_create_ex(
        NULL, &pair, 1, GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, NULL);
done:
    free(cert);
    free(key);
    return rc;
}

/* ---- start -------------------------------------------------------------------------------------
 */

static grpc_arg int_arg(const char *name, int value)
{
    grpc_arg arg = { .type = GRPC_ARG_INTEGER, .key = (char *)name };

    arg.value.integer = value;
    return arg;
}

static void make_server(th_wire *wire)
{
    size_t most = wire->options.message_max;
    grpc_arg args[] = {
        int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, most > INT32_MAX ? INT32_MAX : (int)most),
        int_arg(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
        int_arg(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0), /* SDKs may ping as often as they like */
        int_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 0),
        int_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, DEAD_AFTER_MS),
        int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, DEAD_ANSWER_MS),
        int_arg(GRPC_ARG_ALLOW_REUSEPORT, 0),
    };
    grpc_channel_args all = { .num_args = sizeof args / sizeof *args, .args = args };

    wire->server = th__core.grpc_server_create(&all, NULL);
    wire->queue = th__core.grpc_completion_queue_create_for_next(NULL);
    th__core.grpc_server_register_completion_queue(wire->server, wire->queue, NULL);
}

/* With a certificate the core listens itself. */
static th_rc listen_at(th_wire *wire, th_error *err)
{
    const th_wire_options *o = &wire->options;
    char address[300];

    if (!o->cert)
        return TH_OK;
    snprintf(address, sizeof address, strchr(o->host, ':') ? "[%s]:%d" : "%s:%d", o->host, o->port);
    wire->port = th__core.grpc_server_add_http2_port(wire->server, address, wire->creds);
    if (wire->port == 0)
        return th_fail(err, TH_UNAVAILABLE,
                       "gRPC can't listen at %s, or the certificate and key are no pair", address);
    return TH_OK;
}

/* Clients can make the core talk, and what it says of us comes back as an error too. */
static void log_core(gpr_log_func_args *args)
{
    th_log(TH_LOG_DEBUG, TH_EV_DEBUG, NULL, "grpc: %s", args->message);
}

static void *drive(void *arg)
{
    th_wire *wire = arg;

    for (;;) {
        grpc_event event = th__core.grpc_completion_queue_next(
            wire->queue, th__core.gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.tag != wire) /* that is the end of the server's shutdown */
            th__call_done(event.tag, event.success != 0);
    }
}

/* ---- the core ----------------------------------------------------------------------------------
 */

static void core_free(th_wire *wire)
{
    if (wire->creds)
        th__core.grpc_server_credentials_release(wire->creds);
    if (wire->server)
        th__core.grpc_server_destroy(wire->server);
    if (wire->queue)
        th__core.grpc_completion_queue_destroy(wire->queue);
    wire->creds = NULL;
    wire->server = NULL;
    wire->queue = NULL;
    th__core.grpc_shutdown();
}

/* The queue must be empty before it may be destroyed. */
static void drain_unstarted(th_wire *wire)
{
    th__core.grpc_server_shutdown_and_notify(wire->server, wire->queue, wire);
    th__core.grpc_completion_queue_shutdown(wire->queue);
    drive(wire);
}

static th_rc core_serve(th_wire *wire, th_error *err)
{
    th_rc rc = listen_at(wire, err);

    if (rc == TH_OK)
        rc = th__handlers_start(wire, err);
    if (rc != TH_OK)
        return rc;
    th__core.grpc_server_start(wire->server);
    for (int i = 0; i < CALLS_AHEAD; i++)
        th__call_accept(wire);
    if (pthread_create(&wire->driver, NULL, drive, wire) != 0)
        return th_fail(err, TH_IO, "no thread for the gRPC server can be made");
    return TH_OK;
}

static th_rc core_start(th_wire *wire, th_error *err)
{
    th_rc rc = th__core_load(err);

    if (rc != TH_OK)
        return rc;
    th__core.gpr_set_log_function(log_core);
    th__core.grpc_init();
    rc = credentials(&wire->options, &wire->creds, err);
    if (rc == TH_OK) {
        make_server(wire);
        rc = core_serve(wire, err);
        if (rc != TH_OK) {
            th__handlers_stop(wire);
            drain_unstarted(wire);
        }
    }
    if (rc != TH_OK)
        core_free(wire);
    wire->running = rc == TH_OK;
    return rc;
}

void th__wire_connected(th_wire *wire, int fd)
{
    th_error err = { 0 };

    if (wire->running || core_start(wire, &err) == TH_OK) {
        th__core.grpc_server_add_channel_from_fd(wire->server, fd, wire->creds);
        return;
    }
    th_log(TH_LOG_ERROR, TH_EV_START, NULL, "a gRPC client was sent away: %s", err.text);
    close(fd);
}

/* ---- start -------------------------------------------------------------------------------------
 */

static void wire_free(th_wire *wire)
{
    pthread_cond_destroy(&wire->idle);
    pthread_cond_destroy(&wire->ready);
    pthread_mutex_destroy(&wire->lock);
    free(wire);
}

/* With a certificate at once, so that a bad one is told; else for the first who connects. */
static th_rc open_up(th_wire *wire, th_error *err)
{
    if (wire->options.cert)
        return core_start(wire, err);
    wire->port = wire->options.port;
    th_rc rc = th__door_open(&wire->door, wire->options.host, &wire->port, err);
    return rc == TH_OK ? th__door_keep(wire, err) : rc;
}

th_rc th_wire_start(const th_wire_options *options, th_wire **out, th_error *err)
{
    th_wire *wire = th_malloc(sizeof *wire);

    *out = NULL;
    wire->options = *options;
    wire->door.fd = -1;
    pthread_mutex_init(&wire->lock, NULL);
    pthread_cond_init(&wire->ready, NULL);
    pthread_cond_init(&wire->idle, NULL);
    th_rc rc = open_up(wire, err);
    if (rc == TH_OK) {
        *out = wire;
        return TH_OK;
    }
    th__door_close(&wire->door);
    wire_free(wire);
    return rc;
}

int th_wire_port(const th_wire *wire)
{
    return wire->port;
}

/* ---- stop --------------------------------------------------------------------------------------
 */

/* Ends the open calls; each is kept while it is told, so that the list may change meanwhile. */
static void end_calls(th_wire *wire)
{
    size_t n = 0;

    pthread_mutex_lock(&wire->lock);
    wire->stopping = true;
    th_call **calls = th_malloc(sizeof *calls * (wire->call_count + 1));
    for (th_call *call = wire->calls; call; call = call->next)
        if (th__call_keep_alive(call))
            calls[n++] = call;
    pthread_mutex_unlock(&wire->lock);
    for (size_t i = 0; i < n; i++) {
        th_call_end(calls[i], TH_STATUS_UNAVAILABLE, "the server is stopping");
        th_call_release(calls[i]);
    }
    free(calls);
}

static void wait_idle(th_wire *wire, int seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&wire->lock);
    while (wire->call_count > 0 &&
           (seconds < 0 ? pthread_cond_wait(&wire->idle, &wire->lock)
                        : pthread_cond_timedwait(&wire->idle, &wire->lock, &until)) == 0)
        ;
    pthread_mutex_unlock(&wire->lock);
}

static void core_stop(th_wire *wire)
{
    th__core.grpc_server_shutdown_and_notify(wire->server, wire->queue, wire);
    end_calls(wire);
    wait_idle(wire, GRACE_S);
    th__core.grpc_server_cancel_all_calls(wire->server);
    th__handlers_stop(wire);
    wait_idle(wire, -1);
    th__core.grpc_completion_queue_shutdown(wire->queue);
    pthread_join(wire->driver, NULL);
    core_free(wire);
}

void th_wire_stop(th_wire *wire)
{
    if (!wire)
        return;
    th__door_close(&wire->door);
    if (wire->running)
        core_stop(wire);
    wire_free(wire);
}
