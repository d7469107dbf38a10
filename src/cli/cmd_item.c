/*
 * cmd_item.c - `taskhub item`: work that waits, runs or was given up: list it, let it run again,
 * let it fail.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static th_exit list_poisoned(th_client *client)
{
    static const char sql[] =
        "select instance_id as \"instanceId\", seq, kind, name, taskhub.utc_text(since) as since,"
        " crashes, reason from taskhub.poisoned where hub = (taskhub.resolve_hub($1)).name"
        " order by taskhub.poisoned.since, instance_id, seq";
    const char *params[] = { client->hub };

    return th_client_query(client, sql, 1, params, TH_SHAPE_TABLE, NULL);
}

static th_exit list_all(th_client *client)
{
    static const char sql[] =
        "select instance_id as \"instanceId\", seq, state, name,"
        " taskhub.utc_text(coalesce(claimed_at, created_at)) as since, crashes,"
        " worker_id as \"workerId\", host, pid from taskhub.activities_view"
        " where hub = (taskhub.resolve_hub($1)).name"
        " order by coalesce(claimed_at, created_at), instance_id, seq";
    const char *params[] = { client->hub };

    return th_client_query(client, sql, 1, params, TH_SHAPE_TABLE, NULL);
}

static th_exit list(th_client *client)
{
    return th_args_get(client->args, "all") ? list_all(client) : list_poisoned(client);
}

static th_exit retry(th_client *client)
{
    static const char sql[] =
        "select $1::text as \"instanceId\", $2::int as seq"
        " from (select taskhub.retry_item($1, $2::int, $3)" TH_CLIENT_TELLING ") done";
    const th_args *args = client->args;
    const char *params[] = { args->operands[0], args->n_operands > 1 ? args->operands[1] : NULL,
                             client->hub };

    return th_client_query(client, sql, 3, params, TH_SHAPE_RECORD, "it is about to run again");
}

static th_exit fail(th_client *client)
{
    static const char sql[] =
        "select $1::text as \"instanceId\", $2::int as seq"
        " from (select taskhub.fail_item($1, $2::int, $3, $4)" TH_CLIENT_TELLING ") done";
    const th_args *args = client->args;
    const char *params[] = { args->operands[0], args->operands[1], th_args_get(args, "reason"),
                             client->hub };

    return th_client_query(client, sql, 4, params, TH_SHAPE_RECORD, "the activity has failed");
}

/* ---- the table ------------------------------------------------------------------------------- */

TH_CLIENT_RUN(list)
TH_CLIENT_RUN(retry)
TH_CLIENT_RUN(fail)

static const th_flag list_flags[] = {
    { "all", NULL, NULL, "all activities that wait or run, and not only what was given up" },
    TH_COMMON_FLAGS,
};
static const th_flag retry_flags[] = { TH_COMMON_FLAGS };
static const th_flag fail_flags[] = {
    { "reason", "TEXT", NULL, "the message of the failure" },
    TH_COMMON_FLAGS,
};

static const th_command item_commands[] = {
    { .name = "list",
      .summary = "Lists activities and instances that were given up as poison",
      .flags = list_flags,
      .n_flags = ARRAY_SIZE(list_flags),
      .run = run_list },
    { .name = "retry",
      .operands = "INSTANCE [SEQ]",
      .summary =
          "Lets an activity run again now, or without a number an instance that was given up",
      .flags = retry_flags,
      .n_flags = ARRAY_SIZE(retry_flags),
      .min_operands = 1,
      .max_operands = 2,
      .operand_name = "the instance id",
      .run = run_retry },
    { .name = "fail",
      .operands = "INSTANCE SEQ",
      .summary = "Ends an activity as failed, whoever has it",
      .flags = fail_flags,
      .n_flags = ARRAY_SIZE(fail_flags),
      .min_operands = 2,
      .max_operands = 2,
      .operand_name = "the instance id or the activity's number",
      .run = run_fail },
    { 0 },
};

const th_command th_cmd_item = {
    .name = "item",
    .summary = "Lists, retries and fails single activities",
    .sub = item_commands,
};
