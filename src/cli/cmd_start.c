/*
 * cmd_start.c - `taskhub start`: one process of a task hub, from its configuration to its orderly
 * end.
 *
 * Start-up is a list of steps; the first that fails ends the program with its exit status, and what
 * the steps before it had is given back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loopback.h"
#include "cli/app.h"
#include "cli/bind.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/localdb.h"
#include "cli/service.h"
#include "cli/stop.h"
#include "cli/watch.h"

static const int64_t database_patience_us = 30 * 1000 * 1000LL;
static const int64_t tend_us = 500 * 1000;
static const int default_drain_s =
    8; /* below the ten seconds after which container runtimes kill */
enum { MAX_DRAIN_S = 24 * 3600, MAX_THREADS = 10000 };

typedef struct start {
    th_arena *arena;
    const th_args *args;
    th_config *config;
    int64_t drain_us;
    th_app_place *apps;
    size_t n_apps;
    th_native *native;
    th_functions *functions; /* NULL: no app of that kind */
    th_localdb *localdb;     /* NULL: a database was named */
    const char *conninfo;
    th_hub hub;
    th_service *service;
    th_watch *watch; /* --watch */
    bool again;      /* a file has changed */
    th_error err;
} start;

/* ---- configuration --------------------------------------------------------------------------- */

static th_rc find_apps(start *s)
{
    size_t n = s->args->n_operands;

    s->apps = th_new(s->arena, th_app_place, n + 1);
    if (n == 0) {
        s->n_apps = 1;
        return th_app_find_here(s->arena, &s->apps[0], &s->err);
    }
    for (; s->n_apps < n; s->n_apps++) {
        th_rc rc =
            th_app_find(s->arena, s->args->operands[s->n_apps], &s->apps[s->n_apps], &s->err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* From here on, so that a change of host.json or of code that is broken is seen too. */
static void watch_apps(start *s)
{
    if (!th_args_get(s->args, "watch"))
        return;
    s->watch = th_new(s->arena, th_watch, 1);
    for (size_t i = 0; i < s->n_apps; i++) {
        const th_app_place *app = &s->apps[i];
        const char *slash = app->object ? strrchr(app->object, '/') : NULL;
        if (app->functions)
            th_watch_add(s->watch, app->functions);
        else if (slash)
            th_watch_add(s->watch,
                         th_strndup(s->arena, app->object, (size_t)(slash - app->object)));
    }
    th_watch_begin(s->watch);
}

/* The first host.json counts: a process has one configuration. */
static const char *host_json(const start *s)
{
    for (size_t i = 0; i < s->n_apps; i++)
        if (s->apps[i].host_json)
            return s->apps[i].host_json;
    return NULL;
}

static th_rc read_drain(start *s)
{
    char *end = NULL;
    const char *text = th_args_get(s->args, "drain");

    s->drain_us = default_drain_s * INT64_C(1000000);
    if (!text)
        return TH_OK;
    errno = 0;
    long seconds = strtol(text, &end, 10);
    if (errno || end == text || *end || seconds < 0 || seconds > MAX_DRAIN_S)
        return th_fail(&s->err, TH_CONFIG, "--drain: must be a whole number from 0 to %d seconds",
                       MAX_DRAIN_S);
    s->drain_us = seconds * INT64_C(1000000);
    return TH_OK;
}

static th_rc check_roles(start *s)
{
    const th_config *config = s->config;

    if (config->no_http && !th_service_wants_grpc(config) && config->no_orchestrators &&
        config->no_activities)
        return th_fail(
            &s->err, TH_CONFIG,
            "--no-http, --no-grpc, --no-orchestrators and --no-activities together leave "
            "nothing to do");
    if (!config->grpc_cert != !config->grpc_key)
        return th_fail(&s->err, TH_CONFIG, "--grpc-cert and --grpc-key must be given together");
    if (config->auth && config->no_auth)
        return th_fail(&s->err, TH_CONFIG, "--auth and --no-auth cannot both be given");
    if (!config->no_http && config->no_auth && !th_is_loopback(config->bind))
        th_log(TH_LOG_WARN, TH_EV_CONFIG_WARNING, NULL,
               "--no-auth: whoever can reach %s manages this hub", config->bind);
    return TH_OK;
}

/* Before host.json is read, so that its errors already come out in the format asked for. */
static th_rc read_flags(start *s, bool *exposed)
{
    th_rc rc = th_args_configure(s->args, s->config, &s->err);

    if (rc == TH_OK)
        rc = th_client_database_flags(s->arena, s->args, s->config, exposed, &s->err);
    if (rc == TH_OK)
        rc = th_config_env(s->config, &s->err);
    th_log_setup(s->config->log_level, s->config->log_format);
    return rc;
}

static void log_warnings(const start *s, bool exposed)
{
    if (exposed)
        th_log(TH_LOG_WARN, TH_EV_CONFIG_WARNING, NULL,
               "a password on the command line can be read by every user of this machine: use "
               "TASKHUB_DATABASE_URL, --database-file or PGPASSFILE");
    for (size_t i = 0; i < s->config->n_warnings; i++)
        th_log(TH_LOG_WARN, TH_EV_CONFIG_WARNING, NULL, "%s", s->config->warnings[i]);
}

static th_exit configure(start *s)
{
    bool exposed = false;
    th_rc rc = read_flags(s, &exposed);

    if (rc == TH_OK)
        rc = read_drain(s);
    if (rc == TH_OK)
        rc = find_apps(s);
    if (rc == TH_OK)
        watch_apps(s);
    if (rc == TH_OK)
        rc = th_config_load(s->config, host_json(s), &s->err);
    log_warnings(s, exposed);
    if (rc == TH_OK)
        rc = check_roles(s);
    if (rc != TH_OK)
        return TH_EXIT_CONFIG;
    th_log_set_hub(s->config->hub);
    return TH_EXIT_OK;
}

/* ---- apps ------------------------------------------------------------------------------------ */

static void add_names(th_buf *line, const th_executor *executor, th_item_kind kind,
                      const char *what)
{
    const char *name;

    for (size_t n = 0; (name = executor->list(executor->self, kind, n)); n++) {
        if (n == 0)
            th_buf_printf(line, "%s%s", line->len ? "; " : "", what);
        th_buf_printf(line, "%s%s", n ? ", " : "", name);
    }
}

static void say_names(const start *s)
{
    th_buf line = TH_BUF_INIT;
    const th_executor *executor = th_native_executor(s->native);

    add_names(&line, executor, TH_ITEM_ORCHESTRATOR, "orchestrators ");
    add_names(&line, executor, TH_ITEM_ACTIVITY, "activities ");
    add_names(&line, executor, TH_ITEM_ENTITY, "entities ");
    if (line.len)
        th_log(TH_LOG_INFO, TH_EV_APP_LOADED, NULL, "%s", line.data);
    else if (!s->functions)
        th_log(TH_LOG_WARN, TH_EV_APP_LOADED, NULL, "no app: this process runs no functions");
    th_buf_free(&line);
}

/* host:port as apps see it; "localhost" where the address is none that one connects to. */
static const char *hostname_of(const start *s)
{
    const char *bind = s->config->bind;
    bool any = strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0;

    return th_sprintf(s->arena, "%s:%d", any ? "localhost" : bind, s->config->port);
}

static th_rc open_functions(start *s, const char *folder)
{
    th_functions_options options = { .folder = folder,
                                     .python = th_args_get(s->args, "python"),
                                     .node = th_args_get(s->args, "node"),
                                     .hostname = hostname_of(s),
                                     .timeout_us = s->config->function_timeout_us > 0
                                                       ? s->config->function_timeout_us
                                                       : 0 };

    if (s->functions)
        return th_fail(&s->err, TH_CONFIG,
                       "%s: a process serves one app for Azure Functions, and has one already",
                       folder);
    return th_functions_open(&options, &s->functions, &s->err);
}

/* Before the database: an app that does not load should leave nothing behind. */
static th_exit load_apps(start *s)
{
    int threads = s->config->max_activities;

    th_versions versions = { .own = s->config->default_version && *s->config->default_version
                                        ? s->config->default_version
                                        : NULL,
                             .match = s->config->version_match,
                             .fail = s->config->version_fail };

    s->native = th_native_new(threads < MAX_THREADS ? threads : MAX_THREADS);
    th_native_set_versions(s->native, &versions);
    for (size_t i = 0; i < s->n_apps; i++) {
        const char *object = s->apps[i].object;
        if (s->apps[i].functions && open_functions(s, s->apps[i].functions) != TH_OK)
            return TH_EXIT_CONFIG;
        if (!object)
            continue;
        if (th_native_load(s->native, object, &s->err) != TH_OK)
            return TH_EXIT_CONFIG;
        th_log(TH_LOG_INFO, TH_EV_APP_LOADED, NULL, "loaded %s", object);
    }
    say_names(s);
    return TH_EXIT_OK;
}

/* ---- database -------------------------------------------------------------------------------- */

static th_rc start_localdb(start *s)
{
    th_rc rc = th_localdb_start(s->config->data_dir, &s->localdb, &s->err);

    if (rc != TH_OK)
        return rc;
    s->conninfo = th_localdb_conninfo(s->localdb);
    th_log(TH_LOG_INFO, TH_EV_DB_LOCAL, NULL,
           "private PostgreSQL in %s; look into it with: psql \"%s\"",
           th_localdb_folder(s->localdb), s->conninfo);
    return TH_OK;
}

/* Who owns partitions or runs activities holds locks of sessions. Other failures are for the
 * engine, which tries again. */
static th_rc check_direct(start *s)
{
    th_error why = { 0 };
    th_db *db = NULL;
    th_rc rc;

    if (s->config->no_orchestrators && s->config->no_activities)
        return TH_OK;
    rc = th_db_open(s->conninfo, TH_DB_CONTROL, &db, &why);
    if (rc == TH_OK)
        th_db_close(db);
    return rc == TH_SCHEMA && th_database_refuses(why.text)
               ? th_fail(&s->err, TH_SCHEMA, "%s", why.text)
               : TH_OK;
}

static th_exit open_database(start *s)
{
    th_db *db = NULL;
    th_schema_state schema;
    th_rc rc = TH_OK;

    if (s->config->database)
        s->conninfo = s->config->database;
    else
        rc = start_localdb(s);
    if (rc == TH_OK)
        rc = th_database_open(s->conninfo, database_patience_us, &db, &s->err);
    if (rc == TH_CONFIG) /* the conninfo itself */
        return TH_EXIT_CONFIG;
    if (rc == TH_OK)
        rc = check_direct(s);
    if (rc == TH_OK)
        rc = th_database_schema(db, s->localdb != NULL, &schema, &s->err);
    if (rc == TH_OK)
        rc = th_hub_ensure(db, s->config->hub, s->config->partition_count, &s->hub, &s->err);
    if (rc == TH_OK && s->hub.partition_count != s->config->partition_count &&
        th_config_origin(s->config, "partition_count") != TH_FROM_DEFAULT)
        th_log(TH_LOG_WARN, TH_EV_CONFIG_WARNING, NULL, "%s: hub %s keeps its %d partitions",
               th_config_where(s->config, "partition_count"), s->hub.name,
               (int)s->hub.partition_count);
    th_db_close(db);
    return rc == TH_OK ? TH_EXIT_OK : TH_EXIT_DATABASE;
}

/* ---- serving --------------------------------------------------------------------------------- */

static th_exit start_service(start *s)
{
    th_service_options options = { .config = s->config,
                                   .conninfo = s->conninfo,
                                   .hub = s->hub,
                                   .native = s->native,
                                   .functions = s->functions };

    s->native = NULL; /* the service's now */
    s->functions = NULL;
    th_exit status = th_service_start(&options, &s->service, &s->err);
    if (status == TH_EXIT_OK)
        th_log(TH_LOG_INFO, TH_EV_START, NULL, "taskhub %s is up (pid %ld)", TH_VERSION,
               (long)getpid());
    return status;
}

static bool has_changed(start *s)
{
    s->again = s->watch && th_watch_changed(s->watch);
    if (s->again)
        th_log(TH_LOG_INFO, TH_EV_START, NULL, "files have changed: starting again");
    return s->again;
}

static void serve(start *s)
{
    while (!th_stop_wait(tend_us) && !has_changed(s))
        th_localdb_tend(s->localdb);
}

/* What is wrong with an app or its host.json may be mended while we wait. */
static void await_change(start *s)
{
    if (!s->watch)
        return;
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "waiting for a change of the app's files");
    while (!th_stop_wait(tend_us) && !has_changed(s))
        ;
}

/* The same command in the same process, from its beginning. Comes back only if that can't be. */
static void start_again(void)
{
    char line[65536];
    char *argv[1024];
    size_t argc = 0;
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t n = file ? fread(line, 1, sizeof line, file) : 0;

    if (file)
        fclose(file);
    if (n == 0 || n == sizeof line)
        return;
    line[n - 1] = '\0';
    for (char *at = line; at < line + n && argc < 1023; at += strlen(at) + 1)
        argv[argc++] = at;
    argv[argc] = NULL;
    fflush(NULL);
    execv("/proc/self/exe", argv);
}

static void finish(start *s)
{
    bool clean = !s->service || th_service_stop(s->service, s->drain_us);

    th_functions_free(s->functions);
    if (s->native)
        th_native_free(s->native);
    th_localdb_stop(s->localdb);
    if (s->service)
        th_log(TH_LOG_INFO, TH_EV_STOP, NULL, "stopped");
    th_config_free(s->config);
    if (!clean && !s->again) {
        fflush(NULL);
        _exit(TH_EXIT_OK);
    }
}

static th_exit run(th_arena *arena, const th_args *args)
{
    static th_exit (*const steps[])(start * s) = { configure, load_apps, open_database,
                                                   start_service };
    start s = { .arena = arena, .args = args, .config = th_config_new() };
    th_exit status = th_stop_setup(&s.err) == TH_OK ? TH_EXIT_OK : TH_EXIT_FAILED;

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && status == TH_EXIT_OK; i++)
        status = th_stop_requested() ? TH_EXIT_OK : steps[i](&s);
    if (status == TH_EXIT_OK && s.service)
        serve(&s);
    else if (th_stop_requested())
        status = TH_EXIT_OK; /* asked to stop while it was starting */
    else
        th_log(TH_LOG_ERROR, TH_EV_START, NULL, "%s", s.err.text);
    if (status == TH_EXIT_CONFIG)
        await_change(&s);
    finish(&s);
    if (s.again && !th_stop_requested()) {
        start_again();
        th_log(TH_LOG_ERROR, TH_EV_START, NULL, "cannot start again: %s", strerror(errno));
        return TH_EXIT_FAILED;
    }
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const th_flag flags[] = {
    TH_DATABASE_FLAGS,
    { "hub", "NAME", "hub", "task hub (TASKHUB_HUB; host.json; default)" },
    { "partitions", "N", "partition_count", "of a hub that is new: 1 to 1024 (host.json; 4)" },
    { "python", "FILE", NULL, "interpreter of a Python app (its .venv; VIRTUAL_ENV; python3)" },
    { "node", "FILE", NULL, "interpreter of a Node app (node)" },
    { "watch", NULL, NULL, "start again whenever a file of an app changes, for development" },
    { "port", "N", "port", "HTTP port, 0 for any free one (TASKHUB_PORT; 7071)" },
    { "bind", "ADDRESS", "bind", "HTTP address (TASKHUB_BIND; 127.0.0.1)" },
    { "rpc-port", "N|none", "rpc_port",
      "loopback port of the Functions SDKs' clients, which\nneed no key there (TASKHUB_RPC_PORT; "
      "none)" },
    { "auth", NULL, "auth", "requests need access keys on loopback too" },
    { "no-auth", NULL, "no_auth", "requests need no keys, whoever can reach the address" },
    { "workers", "N", "workers",
      "threads that own partitions, 0: by processors\n(TASKHUB_WORKERS; 0)" },
    { "drain", "SECONDS", NULL, "how long running work may take at a stop (8)" },
    { "grpc-port", "N", "grpc_port",
      "port of the Durable Task service, 0: none\n(TASKHUB_GRPC_PORT; 4001)" },
    { "grpc-cert", "FILE", "grpc_cert",
      "its TLS certificate chain, PEM (TASKHUB_GRPC_CERT; none)" },
    { "grpc-key", "FILE", "grpc_key", "the key of that certificate (TASKHUB_GRPC_KEY)" },
    { "no-http", NULL, "no_http", "serve no HTTP" },
    { "no-grpc", NULL, "no_grpc", "serve no gRPC" },
    { "no-orchestrators", NULL, "no_orchestrators",
      "own no partitions, run no orchestrators and no entities" },
    { "no-partitions", NULL, "no_partitions",
      "own no partitions: run orchestrators and entities for\nprocesses that do" },
    { "no-activities", NULL, "no_activities", "run no activities" },
    { "log-format", "text|json", "log_format",
      "of the log on standard error\n(TASKHUB_LOG_FORMAT; text)" },
    { "log-level", "LEVEL", "log_level",
      "debug, info, warn, error or off\n(TASKHUB_LOG_LEVEL; info)" },
};

const th_command th_cmd_start = {
    .name = "start",
    .operands = "[APP...]",
    .summary = "Runs a task hub: functions, engine, HTTP API and gRPC service in one process",
    .text =
        "APP is a shared object, or a folder with host.json and either one shared object or a "
        "Python\napp for Azure Functions (function_app.py); without APP "
        "the\n"
        "working directory is looked at. Without --database a private PostgreSQL cluster runs in\n"
        ".taskhub, made on first use. Any number of processes may share a database and a hub.\n"
        "\n"
        "SIGINT, SIGTERM: finish what runs and stop. A second one: stop at once. Nothing is lost\n"
        "either way.\n"
        "\n"
        "Exit status: 0 stopped when asked to, 2 wrong usage, 3 bad configuration or app, 4 no\n"
        "database or one that refuses, 5 the HTTP or gRPC address cannot be had. That the default\n"
        "port of gRPC is taken is a warning: then this process serves none.\n",
    .flags = flags,
    .n_flags = sizeof(flags) / sizeof(*flags),
    .max_operands = 64,
    .run = run,
};
