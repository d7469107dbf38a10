/*
 * config.h - host.json, environment and flags in one struct; each value knows where it came from.
 *
 * A life: th_config_new, th_config_set for each flag, th_config_load, read the fields,
 * th_config_free. A flag wins over the environment, that over host.json, that over the default, in
 * whichever order they are set. Nobody writes to the fields but this module. Not thread-safe while
 * it loads.
 */
#ifndef TH_BASE_CONFIG_H
#define TH_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/version.h"

/* In order of weight. */
typedef enum th_origin { TH_FROM_DEFAULT, TH_FROM_HOST_JSON, TH_FROM_ENV, TH_FROM_FLAG } th_origin;

typedef struct th_config {
    const char *database;  /* conninfo or URI; NULL: none, a private cluster in data_dir */
    const char *hub;       /* follows the rules below once loaded */
    const char *bind;      /* 127.0.0.1 */
    int port;              /* 7071; 0: any free one */
    int rpc_port;          /* 0: no RPC door; -1: not said, then local_rpc decides */
    int grpc_port;         /* 4001; 0: no gRPC */
    const char *grpc_cert; /* files of a certificate chain and its key, PEM; NULL: clear text */
    const char *grpc_key;
    const char *data_dir; /* .taskhub */
    int workers;          /* pumps; 0: chosen by the processors */
    th_log_level log_level;
    th_log_format log_format;
    bool no_http;
    bool no_grpc;
    bool no_orchestrators; /* owns no partitions either */
    bool no_partitions;    /* runs orchestrators for those who own some */
    bool no_activities;
    bool auth;              /* requests need keys even on loopback */
    bool no_auth;           /* they need none wherever they come from */
    const char *system_key; /* instead of the one derived from the hub's secret; NULL: that one */

    int max_activities;          /* at once in this process; 10 x processors */
    int max_orchestrators;       /* the same */
    int max_entities;            /* the same */
    int entity_batch;            /* operations that an entity runs in one go; 5000 */
    bool extended_sessions;      /* keep suspended orchestrators in memory; true */
    int extended_session_idle_s; /* 30; never negative */
    int sql_connections;         /* SQL activities at once in this process, a connection each; 8 */
    int partition_count;         /* of a hub that is created; 4 */
    int64_t max_polling_us;      /* longest pause between looks at the queues; 30 s */
    bool store_inputs;           /* keep inputs in the history; false */
    bool reuse_any_state;        /* overridableExistingInstanceStates is AnyState; false */
    const char *default_version; /* of new orchestrations, and of this process; NULL: none */
    th_version_match version_match;
    bool version_fail;           /* what does not match fails, instead of being left; false */
    int64_t function_timeout_us; /* 30 min; -1: none */
    bool local_rpc;              /* localRpcEndpointEnabled: the RPC door; false */
    bool use_forwarded_host;     /* URLs from X-Forwarded-Host and -Proto; false */
    int http_poll_ms;            /* pause of an HTTP call after a 202 that names none; 30000 */
    int http_max_calls;          /* requests of HTTP calls at once in this process; 100 */
    int64_t http_max_content;    /* bytes of the content that an HTTP call may get; 10485760 */
    const char *http_allow;      /* places that HTTP calls may go to, apart by blanks; NULL: all */
    bool http_public_only;       /* they connect to public addresses only; false */
    const char *http_ca_file;    /* certificates that they trust; NULL: the system's */
    const char *connection_name; /* in the URLs of answers, by which nothing is chosen; "Storage" */
    const char *route_prefix; /* of HTTP triggers, without slashes at its ends; may be ""; "api" */
    int64_t body_limit;       /* bytes of an HTTP request's body; 104857600 */

    const char **warnings; /* one sentence each, for the caller to log */
    size_t n_warnings;

    struct th_config_inner *inner; /* owner of all strings; which value came from where */
} th_config;

th_config *th_config_new(void); /* all defaults */
void th_config_free(th_config *config);

/*
 * Sets one value by its name in the struct ("port", "log_format"; dashes count as underscores) from
 * text. Weaker than what is there: checked, then dropped. value NULL: true, for flags like no_http.
 * TH_CONFIG: no such setting, or a bad value; err names the flag or variable and the rule.
 */
th_rc th_config_set(th_config *config, const char *name, const char *value, th_origin origin,
                    th_error *err) TH_MUST_CHECK;

/* host.json from a file (none: fine), or from a text with its name for errors. */
th_rc th_config_host_file(th_config *config, const char *file, th_error *err) TH_MUST_CHECK;
th_rc th_config_host_text(th_config *config, const char *file, const char *text, size_t n,
                          th_error *err) TH_MUST_CHECK;

/* TASKHUB_DATABASE_URL and its like, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. Empty counts as not set. */
th_rc th_config_env(th_config *config, th_error *err) TH_MUST_CHECK;

/* Last step: the hub's name is resolved and checked. */
th_rc th_config_finish(th_config *config, th_error *err) TH_MUST_CHECK;

/* The three above in a row. host_json NULL: no file. */
th_rc th_config_load(th_config *config, const char *host_json, th_error *err) TH_MUST_CHECK;

/* Of a setting by name: its origin; the place ("host.json:4: extensions.durableTask.hubName",
 * "TASKHUB_HUB", "--hub", "default"). An unknown name gives TH_FROM_DEFAULT and NULL. */
th_origin th_config_origin(const th_config *config, const char *name);
const char *th_config_where(const th_config *config, const char *name);

/* Every setting as a line "port = 7071 (default)"; the database is not spelled out, as it may hold
 * a password, and neither is the system key. */
void th_config_print(const th_config *config, th_buf *out);

/*
 * Hub names: letters and digits, a letter first, 3 to 45 characters. NULL: fine; else a phrase that
 * says what is wrong. Names are compared without regard to case.
 */
const char *th_hub_name_problem(const char *name);

/* A site's name made into a hub name by leaving out what does not fit. */
#define TH_HUB_NAME_SIZE 46
void th_hub_name_from(const char *site, char out[TH_HUB_NAME_SIZE]);

#endif
