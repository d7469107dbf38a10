/*
 * cmd_activity.c - `taskhub activity`: list, bind and unbind SQL activities, over the SQL
 * functions.
 */
#include "cli/client.h"
#include "cli/command.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static th_exit list(th_client *client)
{
    static const char sql[] =
        "select name, function, result, is_there as \"isThere\","
        " security_definer as \"securityDefiner\", created_by as \"createdBy\""
        " from taskhub.sql_activities_view where hub = (taskhub.resolve_hub($1)).name order by "
        "name";
    const char *params[] = { client->hub };

    return th_client_query(client, sql, 1, params, TH_SHAPE_TABLE, NULL);
}

static th_exit create(th_client *client)
{
    static const char sql[] =
        "select $1::text as name, function from (select"
        " taskhub.create_activity($1, $2, $3, $4::boolean) as function" TH_CLIENT_TELLING ") done";
    const th_args *args = client->args;
    const char *params[] = { args->operands[0], args->operands[1], client->hub,
                             th_args_get(args, "replace") ? "true" : "false" };

    return th_client_query(client, sql, 4, params, TH_SHAPE_RECORD, NULL);
}

static th_exit drop(th_client *client)
{
    static const char sql[] =
        "select $1::text as name from (select taskhub.drop_activity($1, $2)" TH_CLIENT_TELLING
        ") done";
    const char *params[] = { client->args->operands[0], client->hub };

    return th_client_query(client, sql, 2, params, TH_SHAPE_RECORD, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

TH_CLIENT_RUN(list)
TH_CLIENT_RUN(create)
TH_CLIENT_RUN(drop)

static const th_flag create_flags[] = {
    { "replace", NULL, NULL, "bind it anew if the name is bound" },
    TH_COMMON_FLAGS,
};
static const th_flag plain_flags[] = { TH_COMMON_FLAGS };

#define FLAGS(table) .flags = table, .n_flags = ARRAY_SIZE(table)
#define OPERANDS(text, n, what) \
    .operands = text, .min_operands = n, .max_operands = n, .operand_name = what

static const th_command activity_commands[] = {
    { .name = "list",
      .summary = "Lists the SQL activities of a hub",
      FLAGS(plain_flags),
      .run = run_list },
    { .name = "create",
      .summary = "Binds an activity's name to a function of the database",
      .text = "Example: taskhub activity create charge 'app.charge(jsonb)'\n",
      OPERANDS("NAME FUNCTION", 2, "the name or the function"),
      FLAGS(create_flags),
      .run = run_create },
    { .name = "drop",
      .summary = "Unbinds a name; calls that wait stay in the queue",
      OPERANDS("NAME", 1, "the activity's name"),
      FLAGS(plain_flags),
      .run = run_drop },
    { 0 },
};

const th_command th_cmd_activity = {
    .name = "activity",
    .summary = "Binds activities to functions of the database",
    .sub = activity_commands,
};
