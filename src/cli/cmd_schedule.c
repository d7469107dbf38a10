/*
 * cmd_schedule.c - `taskhub schedule`: list, make, halt and delete schedules, over the SQL
 * functions.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/payload.h"

#define TIME(column, name) \
    "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as \"" name "\""
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static th_exit list(th_client *client)
{
    static const char sql[] =
        "select name, expression, time_zone as \"timeZone\", orchestrator, enabled, overlap,"
        " missed, " TIME("next_at", "nextTime") ", " TIME(
            "last_at",
            "lastTime") ","
                        " last_status as \"lastStatus\", problem from taskhub.schedules_view"
                        " where hub = (taskhub.resolve_hub($1)).name order by name";
    const char *params[] = { client->hub };

    return th_client_query(client, sql, 1, params, TH_SHAPE_TABLE, NULL);
}

static th_exit create(th_client *client)
{
    static const char sql[] = "select $1::text as name, " TIME(
        "next_at",
        "nextTime") " from (select taskhub.create_schedule($1, $2, $3, $4, coalesce($5, 'UTC'),"
                    " coalesce($6, 'allow'), coalesce($7, 'skip'), coalesce($8::int, 100), null,"
                    " $9::boolean, $10) as next_at" TH_CLIENT_TELLING ") done";
    const th_args *args = client->args;
    const char *input = NULL;

    th_rc rc = th_payload_get(client->arena, args, "input", &input, &client->err);
    if (rc != TH_OK)
        return th_client_failed(client, rc);
    const char *params[] = { args->operands[0],
                             args->operands[1],
                             args->operands[2],
                             input,
                             th_args_get(args, "time-zone"),
                             th_args_get(args, "overlap"),
                             th_args_get(args, "missed"),
                             th_args_get(args, "missed-limit"),
                             th_args_get(args, "replace") ? "true" : "false",
                             client->hub };
    return th_client_query(client, sql, 10, params, TH_SHAPE_RECORD, NULL);
}

static th_exit set_enabled(th_client *client, const char *enabled)
{
    static const char sql[] = "select $1::text as name, " TIME(
        "next_at", "nextTime") " from (select taskhub.enable_schedule($1, $2::boolean, $3) as "
                               "next_at" TH_CLIENT_TELLING ") done";
    const char *params[] = { client->args->operands[0], enabled, client->hub };

    return th_client_query(client, sql, 3, params, TH_SHAPE_RECORD, NULL);
}

static th_exit enable(th_client *client)
{
    return set_enabled(client, "true");
}

static th_exit disable(th_client *client)
{
    return set_enabled(client, "false");
}

static th_exit drop(th_client *client)
{
    static const char sql[] =
        "select $1::text as name from (select taskhub.drop_schedule($1, $2)) done";
    const char *params[] = { client->args->operands[0], client->hub };

    return th_client_query(client, sql, 2, params, TH_SHAPE_RECORD, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

TH_CLIENT_RUN(list)
TH_CLIENT_RUN(create)
TH_CLIENT_RUN(enable)
TH_CLIENT_RUN(disable)
TH_CLIENT_RUN(drop)

static const th_flag create_flags[] = {
    { "input", "JSON", NULL, "the orchestrator's input" },
    { "input-file", "FILE", NULL, "the same from a file; - is standard input" },
    { "time-zone", "NAME", NULL, "IANA name of the zone whose clocks count (UTC)" },
    { "overlap", "POLICY", NULL, "while the last instance lives: allow, skip or replace (allow)" },
    { "missed", "POLICY", NULL, "times when nothing ran: skip, once or all (skip)" },
    { "missed-limit", "N", NULL, "with all: at most so many at once, 1 to 1000 (100)" },
    { "replace", NULL, NULL, "change it if there is one of that name" },
    TH_COMMON_FLAGS,
};
static const th_flag plain_flags[] = { TH_COMMON_FLAGS };

#define FLAGS(table) .flags = table, .n_flags = ARRAY_SIZE(table)
#define OPERANDS(text, n, what) \
    .operands = text, .min_operands = n, .max_operands = n, .operand_name = what
#define ONE_NAME OPERANDS("NAME", 1, "the schedule's name")

static const th_command schedule_commands[] = {
    { .name = "list",
      .summary = "Lists the schedules of a hub",
      FLAGS(plain_flags),
      .run = run_list },
    { .name = "create",
      .summary = "Makes a schedule: starts an orchestrator by a cron expression",
      .text = "Example: taskhub schedule create nightly '30 2 * * *' report --time-zone "
              "Europe/Berlin\n",
      OPERANDS("NAME EXPRESSION ORCHESTRATOR", 3, "the name, the expression or the orchestrator"),
      FLAGS(create_flags),
      .run = run_create },
    { .name = "enable",
      .summary = "Lets a schedule run again, from now on",
      ONE_NAME,
      FLAGS(plain_flags),
      .run = run_enable },
    { .name = "disable",
      .summary = "Halts a schedule",
      ONE_NAME,
      FLAGS(plain_flags),
      .run = run_disable },
    { .name = "drop",
      .summary = "Deletes a schedule; what it has started goes on",
      ONE_NAME,
      FLAGS(plain_flags),
      .run = run_drop },
    { 0 },
};

const th_command th_cmd_schedule = {
    .name = "schedule",
    .summary = "Starts orchestrators by the clock",
    .sub = schedule_commands,
};
