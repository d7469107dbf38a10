/*
 * cmd_hub.c - `taskhub hub`: list, create, pause, resume and set task hubs.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"

static th_exit list(th_client *client)
{
    static const char sql[] =
        "select h.name, h.partition_count as partitions,"
        " (select count(*) from taskhub.partitions_view p where p.hub = h.name and p.held)"
        " as owned,"
        " taskhub.utc_text(h.created_at) as \"createdTime\","
        " taskhub.utc_text(h.paused_at) as \"pausedTime\", h.paused_by as \"pausedBy\","
        " h.pause_reason as reason from taskhub.hubs h order by h.name";

    return th_client_query(client, sql, 0, NULL, TH_SHAPE_TABLE, NULL);
}
TH_CLIENT_RUN(list)

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

/* Runs a statement whose first parameter is the hub, NULL: as it is configured. */
static th_exit change(th_arena *arena, const th_args *args, const char *sql, const char *reason,
                      const char *sentence)
{
    th_client client;
    th_rows rows;
    th_exit status = th_client_open(&client, arena, args);

    if (status != TH_EXIT_OK)
        goto done;
    const char *params[] = { args->n_operands ? args->operands[0] : client.hub, reason };
    th_rc rc = th_rows_query(client.db, arena, sql, reason ? 2 : 1, params, &rows, &client.err);
    if (rc != TH_OK)
        status = th_client_failed(&client, rc);
    else if (client.json)
        th_client_print(&client, &rows, TH_SHAPE_RECORD);
    else
        printf("hub %s %s\n", th_rows_cell(&rows, 0, 0), sentence);

done:
    th_client_close(&client);
    return status;
}

static th_exit run_pause(th_arena *arena, const th_args *args)
{
    static const char sql[] =
        "select (taskhub.resolve_hub($1)).name,"
        " taskhub.utc_text(taskhub.pause_hub(nullif($2, ''), $1)) as \"pausedTime\"";
    const char *reason = th_args_get(args, "reason");

    return change(arena, args, sql, reason ? reason : "",
                  "is paused: nothing new begins until it is resumed");
}

static th_exit run_resume(th_arena *arena, const th_args *args)
{
    static const char sql[] =
        "select (taskhub.resolve_hub($1)).name, taskhub.resume_hub($1) as \"wasPaused\"";

    return change(arena, args, sql, NULL, "goes on");
}

static th_exit set(th_client *client)
{
    static const char sql[] = "select $2::text as setting, $3::text as value"
                              " from (select taskhub.set_hub($2, $3, $1)) done";
    const th_args *args = client->args;
    const char *params[] = { client->hub, args->operands[0],
                             args->n_operands > 1 ? args->operands[1] : NULL };

    return th_client_query(client, sql, 3, params, TH_SHAPE_RECORD, NULL);
}
TH_CLIENT_RUN(set)

static th_exit settings(th_client *client)
{
    static const char sql[] = "select key as setting, value"
                              " from jsonb_each_text((taskhub.resolve_hub($1)).settings)"
                              " order by key";

    return th_client_query(client, sql, 1, &client->hub, TH_SHAPE_TABLE, NULL);
}
TH_CLIENT_RUN(settings)

static th_exit audit(th_client *client)
{
    static const char sql[] =
        "select taskhub.utc_text(at) as time, act, instance_id as \"instanceId\","
        " db_user as \"user\", key_name as key, client, arguments::text as arguments"
        " from taskhub.audit_view where hub = (taskhub.resolve_hub($1)).name"
        " order by at desc, audit_id desc limit $2::int";
    const char *top = th_args_get(client->args, "top");
    const char *params[] = { client->hub, top ? top : "100" };

    return th_client_query(client, sql, 2, params, TH_SHAPE_TABLE, NULL);
}
TH_CLIENT_RUN(audit)

static const th_flag list_flags[] = { TH_DATABASE_FLAGS, TH_JSON_FLAG };
static const th_flag create_flags[] = {
    { "partitions", "N", "partition_count", "1 to 1024, fixed from then on (host.json; 4)" },
    TH_DATABASE_FLAGS,
    TH_JSON_FLAG,
};

static const th_flag pause_flags[] = {
    { "reason", "TEXT", NULL, "shown to whoever asks why nothing runs" },
    TH_HUB_FLAG,
    TH_DATABASE_FLAGS,
    TH_JSON_FLAG,
};
static const th_flag resume_flags[] = { TH_HUB_FLAG, TH_DATABASE_FLAGS, TH_JSON_FLAG };

static const th_flag audit_flags[] = {
    { "top", "N", NULL, "at most so many, the latest (100)" },
    TH_HUB_FLAG,
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
    { .name = "pause",
      .operands = "[NAME]",
      .summary = "Lets nothing new begin in a hub; what comes in is kept",
      .text = "Running episodes and activities end; processes obey within a second or two, and\n"
              "restarts change nothing.\n",
      .flags = pause_flags,
      .n_flags = sizeof(pause_flags) / sizeof(*pause_flags),
      .max_operands = 1,
      .operand_name = "the hub's name",
      .run = run_pause },
    { .name = "resume",
      .operands = "[NAME]",
      .summary = "Lets a paused hub go on",
      .flags = resume_flags,
      .n_flags = sizeof(resume_flags) / sizeof(*resume_flags),
      .max_operands = 1,
      .operand_name = "the hub's name",
      .run = run_resume },
    { .name = "set",
      .operands = "SETTING [VALUE]",
      .summary = "Changes a setting for all processes of a hub; without a value: the default",
      .text = "Settings:\n"
              "  poison   fail or park: what becomes of an activity that killed five workers\n"
              "  keep_completed, keep_failed, keep_terminated, keep_canceled\n"
              "           how long instances that ended so are kept, e.g. '30 days'\n"
              "  keep_audit   the same for what `taskhub hub audit` lists\n",
      .flags = resume_flags,
      .n_flags = sizeof(resume_flags) / sizeof(*resume_flags),
      .min_operands = 1,
      .max_operands = 2,
      .operand_name = "the setting",
      .run = run_set },
    { .name = "settings",
      .summary = "Lists the settings of a hub that are not the default",
      .flags = resume_flags,
      .n_flags = sizeof(resume_flags) / sizeof(*resume_flags),
      .run = run_settings },
    { .name = "audit",
      .summary = "Lists what people did by hand, the latest first",
      .flags = audit_flags,
      .n_flags = sizeof(audit_flags) / sizeof(*audit_flags),
      .run = run_audit },
    { 0 },
};

const th_command th_cmd_hub = {
    .name = "hub",
    .summary = "Lists, creates, pauses, resumes and sets task hubs",
    .sub = hub_commands,
};
