/*
 * client.c - configuration and connection of the commands that look into a database.
 */
#include "cli/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/localdb.h"
#include "cli/secret.h"

th_rc th_client_database_flags(th_arena *arena, const th_args *args, th_config *config,
                               bool *exposed, th_error *err)
{
    char *conninfo = th_args_get(args, "database");
    const char *file = th_args_get(args, "database-file");
    const char *text = conninfo;
    th_rc rc = TH_OK;

    *exposed = false;
    if (conninfo && file)
        return th_fail(err, TH_CONFIG, "--database and --database-file cannot both be given");
    if (file)
        rc = th_secret_file(arena, file, &text, err);
    if (rc == TH_OK && text)
        rc = th_config_set(config, "database", text, TH_FROM_FLAG, err);
    if (conninfo)
        *exposed = th_secret_hide(conninfo);
    return rc;
}

static th_rc configure(th_client *client, bool *exposed)
{
    static const char host_json[] = "host.json";
    const char *file = access(host_json, F_OK) == 0 ? host_json : NULL;

    th_rc rc = th_args_configure(client->args, client->config, &client->err);
    if (rc == TH_OK)
        rc = th_client_database_flags(client->arena, client->args, client->config, exposed,
                                      &client->err);
    if (rc == TH_OK)
        rc = th_config_load(client->config, file, &client->err);
    return rc;
}

static th_rc connect_client(th_client *client)
{
    const char *conninfo = client->config->database;

    if (!conninfo) {
        th_rc rc =
            th_localdb_find(client->arena, client->config->data_dir, &conninfo, &client->err);
        if (rc != TH_OK)
            return rc;
    }
    return th_db_open(conninfo, TH_DB_POOL, &client->db, &client->err);
}

th_exit th_client_open(th_client *client, th_arena *arena, const th_args *args)
{
    bool exposed = false;

    *client = (th_client){ .arena = arena, .args = args, .config = th_config_new() };
    th_log_setup(TH_LOG_WARN, TH_LOG_TEXT);
    client->json = th_args_get(args, "json") != NULL;
    th_rc rc = configure(client, &exposed);
    if (rc != TH_OK)
        return th_client_failed(client, rc);
    if (exposed)
        fputs("taskhub: warning: a password on the command line can be read by every user of "
              "this machine; use TASKHUB_DATABASE_URL, --database-file or PGPASSFILE\n",
              stderr);
    if (th_config_origin(client->config, "hub") != TH_FROM_DEFAULT)
        client->hub = client->config->hub;
    if (connect_client(client) != TH_OK)
        return th_command_failed(TH_EXIT_DATABASE, &client->err);
    return TH_EXIT_OK;
}

void th_client_close(th_client *client)
{
    th_db_close(client->db);
    th_config_free(client->config);
}

th_exit th_client_run(th_arena *arena, const th_args *args, th_client_act *act)
{
    th_client client;
    th_exit status = th_client_open(&client, arena, args);

    if (status == TH_EXIT_OK)
        status = act(&client);
    th_client_close(&client);
    return status;
}

th_exit th_client_failed(const th_client *client, th_rc rc)
{
    /* 3F000, 42P01, 42883: no such schema, table, function */
    static const char *const missing[] = { "3F000", "42P01", "42883" };

    for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
        if (strcmp(client->err.sqlstate, missing[i]) == 0)
            fputs("taskhub: the database has no schema taskhub that fits; "
                  "`taskhub migrate` makes it\n",
                  stderr);
    return th_command_failed(th_exit_of(rc), &client->err);
}

th_exit th_client_query(th_client *client, const char *sql, int n, const char *const *params,
                        th_shape shape, const char *sentence)
{
    th_rows rows;
    th_rc rc = th_rows_query(client->db, client->arena, sql, n, params, &rows, &client->err);

    if (rc != TH_OK)
        return th_client_failed(client, rc);
    if (sentence && !client->json)
        puts(sentence);
    else
        th_client_print(client, &rows, shape);
    return TH_EXIT_OK;
}
