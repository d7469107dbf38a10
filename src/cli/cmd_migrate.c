/*
 * cmd_migrate.c - `taskhub migrate`: applies the schema.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "store/migrate.h"

static void print_versions(const th_client *client, int before, const th_schema_state *now)
{
    if (client->json)
        printf("{\"before\": %d, \"version\": %d, \"available\": %d, \"programLevel\": %d}\n",
               before, now->version, now->available, now->program_level);
    else if (before == now->version)
        printf("schema taskhub is at version %d, as before\n", now->version);
    else
        printf("schema taskhub is at version %d (was %d)\n", now->version, before);
}

static th_exit run(th_arena *arena, const th_args *args)
{
    th_client client;
    th_schema_state before = { 0 }, now = { 0 };
    th_exit status = th_client_open(&client, arena, args);

    if (status != TH_EXIT_OK)
        goto done;
    th_rc rc = th_schema_state_get(client.db, &before, &client.err);
    if (rc == TH_OK)
        rc = th_migrate(client.db, &now, &client.err);
    if (rc == TH_OK)
        print_versions(&client, before.version, &now);
    else
        status = th_command_failed(TH_EXIT_DATABASE, &client.err);

done:
    th_client_close(&client);
    return status;
}

static const th_flag flags[] = { TH_DATABASE_FLAGS, TH_JSON_FLAG };

const th_command th_cmd_migrate = {
    .name = "migrate",
    .summary = "Applies the schema to a database and prints its version",
    .text = "Run it with a role that may create a schema. It can be repeated, and may run beside\n"
            "processes that serve: they are told by `schema_version` whether they still fit.\n",
    .flags = flags,
    .n_flags = sizeof(flags) / sizeof(*flags),
    .run = run,
};
