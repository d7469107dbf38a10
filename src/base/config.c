/*
 * config.c - the list of settings and their fields; see config.h.
 *
 * Everything about a setting stands in one line of th__settings. Apart from here: values from text
 * (config_value.c), host.json (config_host.c), and steps that see several settings (config_load.c).
 */
#include "base/config.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_int.h"

#define S INT64_C(1000000)
#define AT(field) offsetof(th_config, field)
#define DURABLE "extensions.durableTask."
#define HTTP DURABLE "httpSettings."
#define STORAGE DURABLE "storageProvider."

const th__setting th__settings[] = {
    { "database", "TASKHUB_DATABASE_URL", NULL, AT(database), TH__STR, 1, 0 },
    { "hub", "TASKHUB_HUB", DURABLE "hubName", AT(hub), TH__STR, 1, 0 },
    { "bind", "TASKHUB_BIND", NULL, AT(bind), TH__STR, 1, 0 },
    { "port", "TASKHUB_PORT", NULL, AT(port), TH__INT, 0, 65535 },
    { "rpc_port", "TASKHUB_RPC_PORT", NULL, AT(rpc_port), TH__PORT, 0, 65535 },
    { "grpc_port", "TASKHUB_GRPC_PORT", NULL, AT(grpc_port), TH__INT, 0, 65535 },
    { "grpc_cert", "TASKHUB_GRPC_CERT", NULL, AT(grpc_cert), TH__STR, 1, 0 },
    { "grpc_key", "TASKHUB_GRPC_KEY", NULL, AT(grpc_key), TH__STR, 1, 0 },
    { "data_dir", "TASKHUB_DATA", NULL, AT(data_dir), TH__STR, 1, 0 },
    { "workers", "TASKHUB_WORKERS", NULL, AT(workers), TH__INT, 0, 1024 },
    { "log_level", "TASKHUB_LOG_LEVEL", NULL, AT(log_level), TH__LEVEL, 0, 0 },
    { "log_format", "TASKHUB_LOG_FORMAT", NULL, AT(log_format), TH__FORMAT, 0, 0 },
    { "no_grpc", NULL, NULL, AT(no_grpc), TH__BOOL, 0, 0 },
    { "no_http", NULL, NULL, AT(no_http), TH__BOOL, 0, 0 },
    { "no_orchestrators", NULL, NULL, AT(no_orchestrators), TH__BOOL, 0, 0 },
    { "no_partitions", NULL, NULL, AT(no_partitions), TH__BOOL, 0, 0 },
    { "no_activities", NULL, NULL, AT(no_activities), TH__BOOL, 0, 0 },
    { "auth", NULL, NULL, AT(auth), TH__BOOL, 0, 0 },
    { "no_auth", NULL, NULL, AT(no_auth), TH__BOOL, 0, 0 },
    { "system_key", "TASKHUB_SYSTEM_KEY", NULL, AT(system_key), TH__KEY, 20, 128 },
    { "max_activities", NULL, DURABLE "maxConcurrentActivityFunctions", AT(max_activities), TH__INT,
      1, INT32_MAX },
    { "max_orchestrators", NULL, DURABLE "maxConcurrentOrchestratorFunctions",
      AT(max_orchestrators), TH__INT, 1, INT32_MAX },
    { "max_entities", NULL, DURABLE "maxConcurrentEntityFunctions", AT(max_entities), TH__INT, 1,
      1000000 },
    { "entity_batch", NULL, DURABLE "maxEntityOperationBatchSize", AT(entity_batch), TH__INT, 1,
      1000000 },
    { "extended_sessions", NULL, DURABLE "extendedSessionsEnabled", AT(extended_sessions), TH__BOOL,
      0, 0 },
    { "extended_session_idle_s", NULL, DURABLE "extendedSessionIdleTimeoutInSeconds",
      AT(extended_session_idle_s), TH__INT, INT32_MIN, INT32_MAX },
    { "sql_connections", "TASKHUB_SQL_CONNECTIONS", STORAGE "sqlActivityConnections",
      AT(sql_connections), TH__INT, 1, 1000 },
    { "partition_count", NULL, STORAGE "partitionCount", AT(partition_count), TH__INT, 1, 1024 },
    { "max_polling_us", NULL, STORAGE "maxQueuePollingInterval", AT(max_polling_us), TH__DURATION,
      0, 0 },
    { "store_inputs", NULL, DURABLE "storeInputsInOrchestrationHistory", AT(store_inputs), TH__BOOL,
      0, 0 },
    { "reuse_any_state", NULL, DURABLE "overridableExistingInstanceStates", AT(reuse_any_state),
      TH__STATES, 0, 0 },
    { "default_version", NULL, DURABLE "defaultVersion", AT(default_version), TH__STR, 0, 0 },
    { "version_match", NULL, DURABLE "versionMatchStrategy", AT(version_match), TH__MATCH, 0, 0 },
    { "version_fail", NULL, DURABLE "versionFailureStrategy", AT(version_fail), TH__FAILING, 0, 0 },
    { "function_timeout_us", NULL, "functionTimeout", AT(function_timeout_us), TH__TIMEOUT, 0, 0 },
    { "local_rpc", NULL, DURABLE "localRpcEndpointEnabled", AT(local_rpc), TH__BOOL, 0, 0 },
    { "use_forwarded_host", NULL, DURABLE "httpSettings.useForwardedHost", AT(use_forwarded_host),
      TH__BOOL, 0, 0 },
    { "http_poll_ms", NULL, HTTP "defaultAsyncRequestSleepTimeMilliseconds", AT(http_poll_ms),
      TH__INT, 1, INT32_MAX },
    { "http_max_calls", NULL, HTTP "maxConcurrentCalls", AT(http_max_calls), TH__INT, 1, 100000 },
    { "http_max_content", NULL, HTTP "maxResponseContentBytes", AT(http_max_content), TH__SIZE, 1,
      1000000000 },
    { "http_allow", "TASKHUB_HTTP_ALLOW", HTTP "allowList", AT(http_allow), TH__LIST, 0, 0 },
    { "http_public_only", NULL, HTTP "publicAddressesOnly", AT(http_public_only), TH__BOOL, 0, 0 },
    { "http_ca_file", "TASKHUB_HTTP_CA_FILE", HTTP "caFile", AT(http_ca_file), TH__STR, 1, 0 },
    { "connection_name", NULL, STORAGE "connectionName", AT(connection_name), TH__STR, 1, 0 },
    { "connection_string_name", NULL, STORAGE "connectionStringName", AT(connection_name), TH__STR,
      1, 0 }, /* its old name */
    { "route_prefix", NULL, "extensions.http.routePrefix", AT(route_prefix), TH__ROUTE, 0, 0 },
    { "body_limit", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", NULL, AT(body_limit), TH__SIZE, 1,
      1000000000 },
};
const size_t th__setting_count = sizeof th__settings / sizeof th__settings[0];

/* What this process may use, which in a container is less than what the machine has. */
static int processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);

    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n <= 65536 ? (int)n : 1;
}

static void set_defaults(th_config *config)
{
    int slots = 10 * processors();

    config->bind = "127.0.0.1";
    config->port = 7071;
    config->rpc_port = -1;
    config->grpc_port = 4001;
    config->data_dir = ".taskhub";
    config->log_level = TH_LOG_INFO;
    config->log_format = TH_LOG_TEXT;
    config->sql_connections = 8;
    config->max_activities = slots;
    config->max_orchestrators = slots;
    config->max_entities = slots;
    config->entity_batch = 5000;
    config->extended_sessions = true;
    config->extended_session_idle_s = 30;
    config->partition_count = 4;
    config->max_polling_us = 30 * S;
    config->function_timeout_us = 30 * 60 * S;
    config->http_poll_ms = 30000;
    config->http_max_calls = 100;
    config->http_max_content = 10485760;
    config->connection_name = "Storage";
    config->route_prefix = "api";
    config->body_limit = 104857600;
}

th_config *th_config_new(void)
{
    th_arena *arena = th_arena_new(0);
    th_config *config = th_new(arena, th_config, 1);

    config->inner = th_new(arena, struct th_config_inner, 1);
    config->inner->arena = arena;
    config->inner->origin = th_new(arena, th_origin, th__setting_count);
    config->inner->where = th_new(arena, const char *, th__setting_count);
    for (size_t i = 0; i < th__setting_count; i++)
        config->inner->where[i] = "default";
    set_defaults(config);
    return config;
}

void th_config_free(th_config *config)
{
    if (config)
        th_arena_free(config->inner->arena); /* the struct itself lives there */
}

void th__config_warn(th_config *config, const char *fmt, ...)
{
    struct th_config_inner *inner = config->inner;
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    th__cut_at_character(text);

    if (config->n_warnings == inner->warnings_cap) {
        size_t cap = inner->warnings_cap ? 2 * inner->warnings_cap : 8;
        const char **more = th_new(inner->arena, const char *, cap);

        if (config->n_warnings)
            memcpy(more, config->warnings, config->n_warnings * sizeof *more);
        config->warnings = more;
        inner->warnings_cap = cap;
    }
    config->warnings[config->n_warnings++] = th_strdup(inner->arena, text);
}

static const char *without_outer_slashes(th_arena *arena, const char *route)
{
    size_t n;

    route += strspn(route, "/");
    for (n = strlen(route); n > 0 && route[n - 1] == '/'; n--)
        ;
    return th_strndup(arena, route, n);
}

static void write_field(th_config *config, const th__setting *setting, th__value value)
{
    void *field = (char *)config + setting->offset;

    switch (setting->kind) {
    case TH__STR:
    case TH__LIST:
    case TH__KEY:
        *(const char **)field = th_strdup(config->inner->arena, value.s);
        break;
    case TH__ROUTE:
        *(const char **)field = without_outer_slashes(config->inner->arena, value.s);
        break;
    case TH__INT:
    case TH__PORT:
        *(int *)field = (int)value.i;
        break;
    case TH__SIZE:
    case TH__DURATION:
    case TH__TIMEOUT:
        *(int64_t *)field = value.i;
        break;
    case TH__MATCH:
        *(th_version_match *)field = (th_version_match)value.i;
        break;
    case TH__BOOL:
    case TH__STATES:
    case TH__FAILING:
        *(bool *)field = value.i != 0;
        break;
    case TH__LEVEL:
        *(th_log_level *)field = (th_log_level)value.i;
        break;
    case TH__FORMAT:
        *(th_log_format *)field = (th_log_format)value.i;
        break;
    }
}

void th__config_put(th_config *config, const th__setting *setting, th__value value,
                    th_origin origin, const char *where)
{
    size_t i = (size_t)(setting - th__settings);

    if (origin < config->inner->origin[i])
        return;
    write_field(config, setting, value);
    config->inner->origin[i] = origin;
    config->inner->where[i] = th_strdup(config->inner->arena, where);
}

/* Equal when dashes are underscores. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    return *a == *b;
}

const th__setting *th__setting_find(const char *name)
{
    for (size_t i = 0; name && i < th__setting_count; i++)
        if (same_name(th__settings[i].name, name))
            return &th__settings[i];
    return NULL;
}

/* What the user wrote: "--log-format", "TASKHUB_LOG_FORMAT". */
static void name_source(char out[64], const th__setting *setting, th_origin origin)
{
    if (origin != TH_FROM_FLAG) {
        const char *name = origin == TH_FROM_ENV ? setting->env : setting->path;
        snprintf(out, 64, "%s", name ? name : setting->name);
        return;
    }
    snprintf(out, 64, "--%s", setting->name);
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = '-';
}

th_rc th_config_set(th_config *config, const char *name, const char *value, th_origin origin,
                    th_error *err)
{
    const th__setting *setting = th__setting_find(name);
    char where[64], problem[TH__PROBLEM];
    th__value parsed = { 0 };

    if (!setting)
        return th_fail(err, TH_CONFIG, "there is no setting '%s'", name ? name : "");

    name_source(where, setting, origin);
    if (!value && setting->kind != TH__BOOL)
        return th_fail(err, TH_CONFIG, "%s: needs a value", where);

    const char *rule = th__setting_parse(setting, value ? value : "true", &parsed, problem);
    if (rule)
        return th_fail(err, TH_CONFIG, "%s: %s", where, rule);
    th__config_put(config, setting, parsed, origin, where);
    return TH_OK;
}

th_origin th_config_origin(const th_config *config, const char *name)
{
    const th__setting *setting = th__setting_find(name);

    return setting ? config->inner->origin[setting - th__settings] : TH_FROM_DEFAULT;
}

const char *th_config_where(const th_config *config, const char *name)
{
    const th__setting *setting = th__setting_find(name);

    return setting ? config->inner->where[setting - th__settings] : NULL;
}

static void print_value(const th_config *config, const th__setting *setting, th_buf *out)
{
    static const char *const levels[] = { "debug", "info", "warn", "error", "off" };
    const void *field = (const char *)config + setting->offset;
    const char *text = NULL;

    switch (setting->kind) {
    case TH__STR:
    case TH__LIST:
    case TH__ROUTE:
    case TH__KEY:
        text = *(const char *const *)field;
        if (text && (setting->offset == AT(database) || setting->kind == TH__KEY))
            text = "(given)";
        th_buf_str(out, text ? text : "(none)");
        break;
    case TH__INT:
        th_buf_i64(out, *(const int *)field);
        break;
    case TH__PORT:
        if (*(const int *)field < 0)
            th_buf_str(out, "(not said)");
        else
            th_buf_i64(out, *(const int *)field);
        break;
    case TH__SIZE:
    case TH__DURATION:
    case TH__TIMEOUT:
        th_buf_i64(out, *(const int64_t *)field);
        break;
    case TH__MATCH:
        th_buf_str(out, th__match_names[*(const th_version_match *)field]);
        break;
    case TH__BOOL:
    case TH__STATES:
    case TH__FAILING:
        th_buf_str(out, *(const bool *)field ? "true" : "false");
        break;
    case TH__LEVEL:
        th_buf_str(out, levels[*(const th_log_level *)field]);
        break;
    case TH__FORMAT:
        th_buf_str(out, *(const th_log_format *)field == TH_LOG_JSON ? "json" : "text");
        break;
    }
}

void th_config_print(const th_config *config, th_buf *out)
{
    for (size_t i = 0; i < th__setting_count; i++) {
        th_buf_printf(out, "%s = ", th__settings[i].name);
        print_value(config, &th__settings[i], out);
        th_buf_printf(out, " (%s)\n", config->inner->where[i]);
    }
}
