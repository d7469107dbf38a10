/*
 * client.h - what the commands that look into a database share: their flags, the connection,
 * output.
 */
#ifndef TH_CLI_CLIENT_H
#define TH_CLI_CLIENT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/config.h"
#include "cli/args.h"
#include "cli/exits.h"
#include "store/db.h"
#include "store/rows.h"

/* Rows of a flag table; the same words for every command. */
#define TH_DATABASE_FLAGS                                                                   \
    { "database", "CONNINFO", NULL,                                                         \
      "PostgreSQL, as a URI or key=value pairs\n"                                           \
      "(TASKHUB_DATABASE_URL; default: the private cluster)" },                             \
        { "database-file", "FILE", NULL, "the same, read from a file" },                    \
    {                                                                                       \
        "data", "DIR", "data_dir", "folder of the private cluster (TASKHUB_DATA; .taskhub)" \
    }
#define TH_HUB_FLAG                                                                     \
    {                                                                                   \
        "hub", "NAME", "hub",                                                           \
            "task hub (TASKHUB_HUB; host.json; else the only one there is, or default)" \
    }
#define TH_COMMON_FLAGS TH_HUB_FLAG, TH_DATABASE_FLAGS, TH_JSON_FLAG
#define TH_JSON_FLAG                               \
    {                                              \
        "json", NULL, NULL, "JSON instead of text" \
    }

/*
 * Hands --database and --database-file to the configuration and hides a password in argv. *exposed
 * says that there was one to hide. Both flags given: TH_CONFIG.
 */
th_rc th_client_database_flags(th_arena *arena, const th_args *args, th_config *config,
                               bool *exposed, th_error *err) TH_MUST_CHECK;

typedef struct th_client {
    th_arena *arena;
    const th_args *args;
    th_config *config;
    th_db *db;
    const char *hub; /* NULL: nobody named one */
    bool json;
    th_error err;
} th_client;

/* Reads host.json of the working directory, environment and flags, and connects. Says what fails.
 */
th_exit th_client_open(th_client *client, th_arena *arena, const th_args *args) TH_MUST_CHECK;
void th_client_close(th_client *client);

/* What a command does once it is connected, and the same as th_command.run: opens, acts, closes. */
typedef th_exit th_client_act(th_client *client);
th_exit th_client_run(th_arena *arena, const th_args *args, th_client_act *act);
#define TH_CLIENT_RUN(act)                                         \
    static th_exit run_##act(th_arena *arena, const th_args *args) \
    {                                                              \
        return th_client_run(arena, args, act);                    \
    }

/* Prints client->err and gives the exit status that fits rc. */
th_exit th_client_failed(const th_client *client, th_rc rc);

/* A query whose rows are printed: as a table, one "name: value" a line, or JSON. */
typedef enum th_shape { TH_SHAPE_TABLE, TH_SHAPE_RECORD } th_shape;
void th_client_print(const th_client *client, const th_rows *rows, th_shape shape);

/* Runs a statement; what it says is printed as rows, or for people as the sentence, if not NULL. */
th_exit th_client_query(th_client *client, const char *sql, int n, const char *const *params,
                        th_shape shape, const char *sentence);

/* In a statement: nobody's transaction hangs on ours, so running processes may be told at once. */
#define TH_CLIENT_TELLING " from set_config('taskhub.notify', 'on', true)"

#endif
