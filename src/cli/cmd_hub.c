/*
 * cmd_hub.c - `taskhub hub`: list and create task hubs.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"

static th_exit run_list(th_arena *arena, const th_args *args)
{
    static const char sql[] =
        "select h.name, h.partition_count as partitions,"
        " (select count(*) from taskhub.partitions_view p where p.hub = h.name and p.held)"
        " as owned,"
        " to_char(h.created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        " as \"createdTime\" from taskhub.hubs h order by h.name";
    th_client client;
    th_rows rows;
    th_exit status = th_client_open(&client, arena, args);

    if (status == TH_EXIT_OK) {
        th_rc rc = th_rows_query(client.db, arena, sql, 0, NULL, &rows, &client.err);
        if (rc == TH_OK)
            th_client_print(&client, &rows, TH_SHAPE_TABLE);
        else
            status = th_client_failed(&client, rc);
    }
    th_client_close(&client);
    return status;
}

static th_exit run_create(th_arena *arena, const th_args *args)
{
    th_client client;
    th_rows rows;
    const char *params[] = { args->operands[0], NULL };
    th_exit status = th_client_open(&client, arena, args);

    if (status != TH_EXIT_OK)
        goto done;
    params[1] = th_sprintf(arena, "%d", client.config->partition_count);
    th_rc rc =
        th_rows_query(client.db, arena, "select taskhub.create_hub($1, $2::int) as \"hubId\"", 2,
                      params, &rows, &client.err);
    if (rc != TH_OK)
        status = th_client_failed(&client, rc);
    else if (client.json)
        th_client_print(&client, &rows, TH_SHAPE_RECORD);
    else
        printf("hub %s has been created with %s partitions\n", params[0], params[1]);

done:
    th_client_close(&client);
    return status;
}

static const th_flag list_flags[] = { TH_DATABASE_FLAGS, TH_JSON_FLAG };
static const th_flag create_flags[] = {
    { "partitions", "N", "partition_count", "1 to 1024, fixed from then on (host.json; 4)" },
    TH_DATABASE_FLAGS,
    TH_JSON_FLAG,
};

static const th_command hub_commands[] = {
    { .name = "list",
      .summary = "Lists the hubs of a database",
      .flags = list_flags,
      .n_flags = sizeof(list_flags) / sizeof(*list_flags),
      .run = run_list },
    { .name = "create",
      .operands = "NAME",
      .summary = "Creates a hub",
      .text = "`taskhub start` creates its hub itself; this is for doing it ahead, or with a role\n"
              "that may do more.\n",
      .flags = create_flags,
      .n_flags = sizeof(create_flags) / sizeof(*create_flags),
      .min_operands = 1,
      .max_operands = 1,
      .operand_name = "the hub's name",
      .run = run_create },
    { 0 },
};

const th_command th_cmd_hub = {
    .name = "hub",
    .summary = "Lists and creates task hubs",
    .sub = hub_commands,
};
