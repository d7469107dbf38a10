/*
 * service.c - starts engine, front, HTTP and gRPC servers in this order, and stops them in the
 * reverse one.
 */
#include "cli/service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/bind.h"
#include "engine/engine.h"
#include "grpc/service.h"
#include "http/server.h"
#include "runtime/http_call.h"
#include "runtime/sql_activity.h"
#include "store/db.h"
#include "store/front.h"
#include "store/schedules.h"

struct th_service {
    const th_config *config;
    const char *conninfo;
    th_hub hub;
    th_native *native;
    th_sqlact *sqlact; /* NULL: no activities */
    th_http_calls *calls;
    th_functions *functions; /* NULL: none */
    th_engine *engine;       /* NULL: neither role that needs one */
    th_front *front;         /* NULL: neither HTTP nor gRPC */
    th_http_server *http;
    th_grpc *grpc;
    th_workers *workers; /* NULL: no gRPC, or no engine */
};

/* Several writers share the processors with what they write to; one more than one evens out the
 * waits. */
enum { FRONT_CONNECTIONS = 2 };

bool th_service_wants_grpc(const th_config *config)
{
    return !config->no_grpc && config->grpc_port != 0;
}

/* ---- engine ---------------------------------------------------------------------------------- */

static th_engine_options engine_options(const th_service *service, const char *where)
{
    const th_config *config = service->config;

    return (th_engine_options){
        .conninfo = service->conninfo,
        .hub = service->hub.name,
        .where = where,
        .pumps = config->workers,
        .orchestrators = !config->no_orchestrators,
        .no_partitions = config->no_partitions,
        .activities = !config->no_activities,
        .max_activities = config->max_activities,
        .max_orchestrators = config->max_orchestrators,
        .max_entities = config->max_entities,
        .entity_batch = config->entity_batch,
        .extended_sessions = config->extended_sessions,
        .session_idle_us = config->extended_session_idle_s * INT64_C(1000000),
        .poll_us = config->max_polling_us,
        .activity_timeout_us = config->function_timeout_us > 0 ? config->function_timeout_us : 0,
    };
}

/* A bound name goes before an app's: then it is the same in every process of the hub. */
static void add_sql_activities(th_service *service)
{
    const th_config *config = service->config;
    int64_t timeout_us = config->function_timeout_us;
    th_sqlact_options options = {
        .conninfo = service->conninfo,
        .hub_id = service->hub.hub_id,
        .connections = config->sql_connections < config->max_activities ? config->sql_connections
                                                                        : config->max_activities,
        .timeout_us = timeout_us > 0 ? timeout_us : 0,
    };

    service->sqlact = th_sqlact_new(&options);
    th_sqlact_attach(service->sqlact, service->engine);
    th_engine_register(service->engine, th_sqlact_executor(service->sqlact));
}

static th_rc make_calls(th_service *service, th_error *err)
{
    const th_config *config = service->config;
    th_http_call_options options = {
        .poll_us = config->http_poll_ms * INT64_C(1000),
        .max_calls = config->http_max_calls,
        .content_max = config->http_max_content,
        .allow = config->http_allow,
        .public_only = config->http_public_only,
        .ca_file = config->http_ca_file,
    };

    return th_http_calls_new(&options, &service->calls, err);
}

static th_rc start_engine(th_service *service, th_error *err)
{
    char where[256] = "";

    if (service->config->no_orchestrators && service->config->no_activities)
        return TH_OK;
    if (gethostname(where, sizeof(where) - 1) != 0)
        strcpy(where, "unknown");
    th_engine_options options = engine_options(service, where);
    th_rc rc = make_calls(service, err);
    if (rc == TH_OK)
        rc = th_engine_new(&options, &service->engine, err);
    if (rc != TH_OK)
        return rc;
    if (!service->config->no_activities)
        add_sql_activities(service);
    th_http_calls_attach(service->calls, service->engine);
    th_engine_register(service->engine, th_http_calls_executor(service->calls));
    th_native_attach(service->native, service->engine);
    th_engine_register(service->engine, th_native_executor(service->native));
    if (service->functions) {
        th_functions_attach(service->functions, service->engine);
        th_engine_register(service->engine, th_functions_executor(service->functions));
    }
    if (th_service_wants_grpc(service->config)) {
        service->workers = th_workers_new();
        th_workers_attach(service->workers, service->engine);
        th_engine_register(service->engine, th_workers_executor(service->workers));
    }
    return th_engine_start(service->engine, err);
}

/* ---- front and HTTP -------------------------------------------------------------------------- */

static th_rc start_front(th_service *service, th_error *err)
{
    th_front_options options = {
        .conninfo = service->conninfo,
        .connections = FRONT_CONNECTIONS,
        .wake = service->engine ? th_engine_wake : NULL,
        .wake_arg = service->engine,
    };

    return th_front_new(&options, &service->front, err);
}

static th_http_starter *copy_starters(const th_native *native, size_t *count)
{
    const th_starter *from = th_native_starters(native, count);
    th_http_starter *to = th_malloc((*count + 1) * sizeof(*to));

    for (size_t i = 0; i < *count; i++)
        to[i] = (th_http_starter){ .route = from[i].route, .orchestrator = from[i].orchestrator };
    return to;
}

/* An explicit port, none included, weighs more than host.json; clients inside of apps need one. */
static bool has_rpc_door(const th_service *service)
{
    const th_config *config = service->config;

    return config->rpc_port < 0 ? config->local_rpc || service->functions : config->rpc_port > 0;
}

static bool has_function(void *arg, th_item_kind kind, const char *name, const char *version)
{
    const th_service *service = arg;
    const th_executor *apps[] = { th_native_executor(service->native),
                                  service->functions ? th_functions_executor(service->functions)
                                                     : NULL };

    for (size_t i = 0; i < 2; i++)
        if (apps[i] && apps[i]->can_run(apps[i]->self, kind, name, version))
            return true;
    return false;
}

static th_rc start_http(th_service *service, th_error *err)
{
    const th_config *config = service->config;
    th_http_options options = {
        .bind = config->bind,
        .port = config->port,
        .engine = service->engine,
        .has_function = has_function,
        .has_arg = service,
        .front = service->front,
        .conninfo = service->conninfo,
        .hub = service->hub,
        .body_limit = config->body_limit,
        .route_prefix = config->route_prefix,
        .connection_name = config->connection_name,
        .use_forwarded_host = config->use_forwarded_host,
        .store_inputs = config->store_inputs,
        .reuse_any_state = config->reuse_any_state,
        .default_version = config->default_version,
        .keys = th_bind_needs_keys(config),
        .system_key = config->system_key,
        .rpc = has_rpc_door(service),
        .rpc_port = config->rpc_port > 0 ? config->rpc_port : 0,
        .triggers = service->functions ? th_functions_triggers(service->functions) : NULL,
    };
    th_http_starter *starters = copy_starters(service->native, &options.starter_count);

    options.starters = starters;
    th_rc rc = th_http_server_new(&options, &service->http, err);
    free(starters);
    return rc == TH_OK ? th_http_server_start(service->http, err) : rc;
}

static void say_rpc_door(const th_service *service)
{
    const char *url = th_http_server_rpc_url(service->http);

    if (url)
        th_log(
            TH_LOG_INFO, TH_EV_HTTP_LISTENING, NULL,
            "the RPC door of the Functions SDKs is %s; programs of this machine need no key there",
            url);
}

/* Where clients inside of apps find the management API. */
static void serve_functions(th_service *service)
{
    th_arena *arena = th_arena_new(0);
    const char *origin = th_http_server_origin(service->http);
    bool any = strcmp(service->config->bind, "0.0.0.0") == 0;
    th_functions_place place = { .hub = service->hub.name,
                                 .key = th_http_server_key(service->http, arena) };

    if (any)
        origin = th_sprintf(arena, "http://127.0.0.1:%d", th_http_server_port(service->http));
    place.origin = origin;
    place.rpc_url = th_http_server_rpc_url(service->http);
    if (!place.rpc_url) /* it was refused: then the public door has to do */
        place.rpc_url = th_sprintf(arena, "%s/runtime/webhooks/durabletask/", origin);
    th_functions_serve(service->functions, &place);
    th_functions_log(service->functions, th_http_server_origin(service->http),
                     service->config->route_prefix);
    th_arena_free(arena);
}

/* One line with what a person would want to open. */
static void say_listening(const th_service *service)
{
    size_t count = 0;
    th_buf line = TH_BUF_INIT;
    const char *prefix = service->config->route_prefix;
    const char *origin = th_http_server_origin(service->http);
    const th_starter *starters = th_native_starters(service->native, &count);

    th_buf_printf(&line, "%s serves hub %s", origin, service->hub.name);
    for (size_t i = 0; i < count; i++) {
        th_buf_printf(&line, "%s %s/%s%s%s", i ? "," : "; start with", origin, prefix,
                      prefix[0] ? "/" : "", starters[i].route);
        if (starters[i].orchestrator)
            th_buf_printf(&line, " (%s)", starters[i].orchestrator);
    }
    if (th_bind_needs_keys(service->config))
        th_buf_str(&line, "; requests need a key (taskhub key create)");
    th_log(TH_LOG_INFO, TH_EV_HTTP_LISTENING, NULL, "%s", line.data);
    th_buf_free(&line);
}

static void say_all(const th_service *service)
{
    say_listening(service);
    say_rpc_door(service);
}

/* ---- timer triggers ---------------------------------------------------------------------------
 */

static th_rc put_timer(th_db *db, const th_service *service, const th_functions_timer *timer,
                       th_error *err)
{
    th_error why = { 0 };
    th_schedule schedule = { .name = timer->schedule,
                             .expression = timer->expression,
                             .orchestrator = timer->orchestrator,
                             .time_zone = timer->time_zone,
                             .overlap = "skip",
                             .missed = timer->makes_up ? "once" : "skip" };
    th_rc rc = th_schedule_put(db, service->hub.name, &schedule, &why);

    if (rc == TH_OK)
        return TH_OK;
    return th_fail(err, rc == TH_INVALID ? TH_CONFIG : rc, "the timer '%s' (%s): %s",
                   timer->schedule, timer->expression, why.text);
}

/* Started whenever a process does, beside the schedule. */
static th_rc run_timer(th_db *db, const th_service *service, const th_functions_timer *timer,
                       th_error *err)
{
    const char *const params[] = { timer->orchestrator, timer->schedule, service->hub.name };

    if (!timer->on_startup)
        return TH_OK;
    return th_db_query(db,
                       "select taskhub.start_instance($1, null, $2 || ':startup-' || "
                       "replace(gen_random_uuid()::text, '-', ''), p_hub => $3)",
                       3, params, NULL, err);
}

/* The schedules of timer triggers are as the app says, whatever they were. */
static th_rc put_timers(th_service *service, th_error *err)
{
    const th_functions_timer *timer;
    th_db *db = NULL;
    th_rc rc = TH_OK;

    if (!service->functions || !th_functions_timer_at(service->functions, 0))
        return TH_OK;
    rc = th_db_open(service->conninfo, TH_DB_POOL, &db, err);
    for (size_t n = 0; rc == TH_OK && (timer = th_functions_timer_at(service->functions, n)); n++) {
        rc = put_timer(db, service, timer, err);
        if (rc == TH_OK)
            rc = run_timer(db, service, timer, err);
    }
    th_db_close(db);
    return rc;
}

/* ---- gRPC ------------------------------------------------------------------------------------ */

static void say_grpc(const th_service *service)
{
    const th_config *config = service->config;

    th_log(TH_LOG_INFO, TH_EV_GRPC_LISTENING, NULL, "%s:%d serves Durable Task SDKs%s%s",
           config->bind, th_grpc_port(service->grpc), config->grpc_cert ? " over TLS" : "",
           th_bind_needs_keys(config) ? "; calls need a key (taskhub key create)" : "");
}

/* A second process on one machine should start as easily as the first: only a port that somebody
 * asked for has to be had. */
static th_exit grpc_failed(const th_service *service, th_rc rc, th_error *err)
{
    if (rc != TH_UNAVAILABLE)
        return th_exit_of(rc);
    if (th_config_origin(service->config, "grpc_port") != TH_FROM_DEFAULT)
        return TH_EXIT_PORT;
    th_log(TH_LOG_WARN, TH_EV_GRPC_ERROR, NULL, "%s: this process serves no gRPC", err->text);
    th_error_clear(err);
    return TH_EXIT_OK;
}

static th_exit start_grpc(th_service *service, th_error *err)
{
    const th_config *config = service->config;
    th_grpc_options options = {
        .bind = config->bind,
        .port = config->grpc_port,
        .cert = config->grpc_cert,
        .key = config->grpc_key,
        .front = service->front,
        .conninfo = service->conninfo,
        .hub = service->hub,
        .workers = service->workers,
        .keys = th_bind_needs_keys(config),
        .system_key = config->system_key,
        .message_max = (size_t)config->body_limit,
    };
    th_rc rc = th_grpc_start(&options, &service->grpc, err);

    if (rc != TH_OK)
        return grpc_failed(service, rc, err);
    say_grpc(service);
    return TH_EXIT_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static th_exit start_all(th_service *service, th_error *err)
{
    th_rc rc = start_engine(service, err);

    bool grpc = th_service_wants_grpc(service->config);

    if (rc == TH_OK)
        rc = put_timers(service, err);
    if (rc == TH_OK && (grpc || !service->config->no_http))
        rc = start_front(service, err);
    th_exit status = th_exit_of(rc);
    if (rc == TH_OK && grpc)
        status = start_grpc(service, err); /* first: /readiness speaks for it too */
    if (status != TH_EXIT_OK || service->config->no_http)
        return status;
    rc = start_http(service, err);
    if (rc == TH_IO)
        return TH_EXIT_PORT;
    if (rc == TH_OK && service->functions)
        serve_functions(service);
    if (rc == TH_OK)
        say_all(service);
    return th_exit_of(rc);
}

th_exit th_service_start(const th_service_options *options, th_service **out, th_error *err)
{
    th_service *service = th_malloc(sizeof(*service));

    service->config = options->config;
    service->conninfo = options->conninfo;
    service->hub = options->hub;
    service->native = options->native;
    service->functions = options->functions;
    th_exit status = start_all(service, err);
    if (status != TH_EXIT_OK) {
        th_service_stop(service, 0);
        service = NULL;
    }
    *out = service;
    return status;
}

static int32_t activities_left(const th_service *service)
{
    th_engine_stats stats = { 0 };

    if (!service->engine)
        return 0;
    th_engine_stats_get(service->engine, &stats);
    return stats.activities_active + th_native_entities(service->native) +
           th_native_overdue(service->native);
}

/* First the door, so that nothing new comes in; the engine goes on meanwhile. */
bool th_service_stop(th_service *service, int64_t drain_us)
{
    int64_t deadline = th_mono_us() + drain_us;

    if (service->http)
        th_http_server_stop(service->http, drain_us);
    int64_t left_us = deadline - th_mono_us();
    if (service->engine)
        th_engine_stop(service->engine, left_us > 0 ? left_us : 0);
    th_grpc_stop(service->grpc);
    th_front_free(service->front);
    th_http_server_free(service->http);

    left_us = deadline - th_mono_us();
    if (service->functions)
        th_functions_stop(service->functions, left_us > 0 ? left_us : 0);
    int32_t left = activities_left(service);
    if (left > 0) {
        th_log(TH_LOG_WARN, TH_EV_STOP, NULL,
               "%d activities or entities did not end in time; they will be run again by another "
               "process",
               (int)left);
        return false; /* their threads still use native and engine */
    }
    th_http_calls_free(service->calls);
    th_functions_free(service->functions);
    th_native_free(service->native);
    th_sqlact_free(service->sqlact);
    th_engine_free(service->engine);
    th_workers_free(service->workers);
    free(service);
    return true;
}
