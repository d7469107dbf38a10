/*
 * cmd_instance.c - `taskhub instance`: start, look at and manage instances, over the SQL functions.
 *
 * Each command is one statement, a table row of what it is called with and what it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/payload.h"

#define TIME(column, name) \
    "to_char(" column " at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as \"" name "\""
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static const char *flag(const th_client *client, const char *name)
{
    return th_args_get(client->args, name);
}

/*
 * Nobody's transaction hangs on ours, so whoever owns the instance may be woken at once (protocol
 * W5). Being in FROM, it is set before the function is called.
 */
#define WAKING " from set_config('taskhub.notify', 'on', true)"

/* ---- start, raise: with a payload; restart ----------------------------------------------------
 */

/* Prints the id that the statement gives. */
static th_exit print_id(th_client *client, const char *sql, int n, const char *const *params)
{
    th_rows rows;

    th_rc rc = th_rows_query(client->db, client->arena, sql, n, params, &rows, &client->err);
    if (rc != TH_OK)
        return th_client_failed(client, rc);
    if (client->json)
        th_client_print(client, &rows, TH_SHAPE_RECORD);
    else
        puts(th_rows_cell(&rows, 0, 0)); /* alone, for $(...) */
    return TH_EXIT_OK;
}

static th_exit start(th_client *client)
{
    static const char sql[] = "select taskhub.start_instance($1, $2, $3, $4, $5, $6::timestamptz,"
                              " $7) as \"instanceId\"" WAKING;
    const char *input = NULL;

    th_rc rc = th_payload_get(client->arena, client->args, "input", &input, &client->err);
    if (rc != TH_OK)
        return th_client_failed(client, rc);
    const char *params[] = { client->args->operands[0],
                             input,
                             flag(client, "id"),
                             flag(client, "version"),
                             flag(client, "tags"),
                             flag(client, "at"),
                             client->hub };
    return print_id(client, sql, 7, params);
}

static th_exit restart(th_client *client)
{
    static const char sql[] =
        "select taskhub.restart_instance($1, $2::boolean, $3) as \"instanceId\"" WAKING;
    const char *params[] = { client->args->operands[0], flag(client, "same-id") ? "false" : "true",
                             client->hub };

    return print_id(client, sql, 3, params);
}

static th_exit raise_event(th_client *client)
{
    static const char sql[] = "select $1::text as \"instanceId\", $2::text as \"eventName\""
                              " from (select taskhub.raise_event($1, $2, $3, $4)" WAKING ") done";
    const char *data = NULL;

    th_rc rc = th_payload_get(client->arena, client->args, "data", &data, &client->err);
    if (rc != TH_OK)
        return th_client_failed(client, rc);
    const char *params[] = { client->args->operands[0], client->args->operands[1], data,
                             client->hub };
    return th_client_query(client, sql, 4, params, TH_SHAPE_RECORD, "the event is queued");
}

/* ---- terminate, suspend, resume, rewind: with a reason ----------------------------------------
 */

static th_exit control(th_client *client, const char *sql, const char *sentence)
{
    const char *params[] = { client->args->operands[0], flag(client, "reason"), client->hub };

    return th_client_query(client, sql, 3, params, TH_SHAPE_RECORD, sentence);
}

static th_exit terminate_instance(th_client *client)
{
    return control(client,
                   "select $1::text as \"instanceId\""
                   " from (select taskhub.terminate_instance($1, $2, p_hub => $3)" WAKING ") done",
                   "the instance is about to be terminated");
}

static th_exit suspend_instance(th_client *client)
{
    return control(client,
                   "select $1::text as \"instanceId\""
                   " from (select taskhub.suspend_instance($1, $2, $3)" WAKING ") done",
                   "the instance is about to be suspended");
}

static th_exit resume_instance(th_client *client)
{
    return control(client,
                   "select $1::text as \"instanceId\""
                   " from (select taskhub.resume_instance($1, $2, $3)" WAKING ") done",
                   "the instance is about to be resumed");
}

static th_exit rewind_instance(th_client *client)
{
    return control(client,
                   "select $1::text as \"instanceId\""
                   " from (select taskhub.rewind_instance($1, $2, $3)" WAKING ") done",
                   "the instance is about to be rewound");
}

/* ---- show, list, history --------------------------------------------------------------------- */

static th_exit show(th_client *client)
{
    static const char sql[] =
        "select instance_id as \"instanceId\", name, version, runtime_status as "
        "\"runtimeStatus\","
        " input, output, failure, custom_status as \"customStatus\", " TIME(
            "created_at",
            "crea"
            "tedT"
            "ime") ", " TIME("updated_at",
                             "lastUpdatedTime") ", " TIME("completed_at",
                                                          "completedTime") ", " TIME("scheduled_"
                                                                                     "start",
                                                                                     "scheduledStar"
                                                                                     "tTime") ","
                                                                                              " exe"
                                                                                              "cuti"
                                                                                              "on_"
                                                                                              "id "
                                                                                              "as "
                                                                                              "\"ex"
                                                                                              "ecut"
                                                                                              "ionI"
                                                                                              "d\","
                                                                                              " par"
                                                                                              "ent_"
                                                                                              "inst"
                                                                                              "ance"
                                                                                              "_id "
                                                                                              "as "
                                                                                              "\"pa"
                                                                                              "rent"
                                                                                              "Inst"
                                                                                              "ance"
                                                                                              "Id\""
                                                                                              ", "
                                                                                              "tags"
                                                                                              ","
                                                                                              " hub"
                                                                                              ", "
                                                                                              "part"
                                                                                              "itio"
                                                                                              "n_"
                                                                                              "id "
                                                                                              "as "
                                                                                              "part"
                                                                                              "itio"
                                                                                              "n"
                                                                                              " fro"
                                                                                              "m "
                                                                                              "task"
                                                                                              "hub."
                                                                                              "get_"
                                                                                              "inst"
                                                                                              "ance"
                                                                                              "($1,"
                                                                                              " $"
                                                                                              "2)";
    const char *params[] = { client->args->operands[0], client->hub };

    return th_client_query(client, sql, 2, params, TH_SHAPE_RECORD, NULL);
}

/* Whether only statuses of instances that have not ended are asked for: an index has those. */
static bool is_live(const char *status)
{
    return status && !strcasestr(status, "Completed") && !strcasestr(status, "Failed") &&
           !strcasestr(status, "Terminated") && !strcasestr(status, "Canceled");
}

/* Newest first, which is what a person looks for; big hubs are paged through over HTTP or SQL. Each
 * partition gives its newest, by an index. */
static th_exit list(th_client *client)
{
    static const char sql[] =
        "select i.instance_id as \"instanceId\", i.name, i.runtime_status as "
        "\"runtimeStatus\", " TIME("i.created_at", "createdTime") ", " TIME(
            "i.updated_at",
            "lastUpdatedTime") " from taskhub.resolve_hub($1) h"
                               " cross join generate_series(h.first_partition, h.first_partition + "
                               "h.partition_count - 1) p"
                               " cross join lateral (select v.* from taskhub.instances_view v"
                               " where v.partition_id = p and not v.is_entity"
                               " and ($2::text is null or lower(v.runtime_status) = any "
                               "(string_to_array(lower($2), ',')))"
                               " and ($3::text is null or lower(v.name) = lower($3))"
                               " and ($4::text is null or starts_with(v.instance_id, $4))"
                               " and ($5::timestamptz is null or v.created_at >= $5)"
                               " and ($6::timestamptz is null or v.created_at <= $6)"
                               " and ($8::boolean is null or v.completed_at is null)"
                               " and ($9::boolean is null or v.failure is not null)"
                               " order by v.created_at desc limit $7::int) i"
                               " order by i.created_at desc, i.instance_id limit $7::int";
    const char *top = flag(client, "top"), *status = flag(client, "status");
    const char *params[] = { client->hub,
                             status,
                             flag(client, "name"),
                             flag(client, "prefix"),
                             flag(client, "from"),
                             flag(client, "to"),
                             top ? top : "100",
                             is_live(status) ? "true" : NULL,
                             status && strcasecmp(status, "Failed") == 0 ? "true" : NULL };

    return th_client_query(client, sql, 9, params, TH_SHAPE_TABLE, NULL);
}

static th_exit history(th_client *client)
{
    static const char sql[] =
        "select e.seq, e.episode, " TIME("e.at", "time") ", e.kind, e.name, e.ref, e.payload"
                                                         " from taskhub.get_instance($1, $2) i"
                                                         " join taskhub.history_events e"
                                                         " on e.partition_id = i.partition_id"
                                                         " and e.instance_id = i.instance_id"
                                                         " and e.execution_id = i.execution_id"
                                                         " order by e.seq";
    const char *params[] = { client->args->operands[0], client->hub };

    return th_client_query(client, sql, 2, params, TH_SHAPE_TABLE, NULL);
}

static th_exit explain(th_client *client)
{
    static const char sql[] = "select reason, " TIME("since", "since") ", " TIME(
        "due", "due") ", sentence"
                      " from taskhub.explain($1, $2)";
    const char *params[] = { client->args->operands[0], client->hub };

    return th_client_query(client, sql, 2, params, TH_SHAPE_TABLE, NULL);
}

/* ---- purge ----------------------------------------------------------------------------------- */

static th_exit purge_one(th_client *client)
{
    static const char sql[] = "select 1 as \"instancesDeleted\""
                              " from (select taskhub.purge_instance($1, $2, $3::boolean)) done";
    const char *params[] = { client->args->operands[0], client->hub,
                             flag(client, "recursive") ? "true" : "false" };

    return th_client_query(client, sql, 3, params, TH_SHAPE_RECORD, "1 instance purged");
}

/* The parameters of both statements below. */
#define PURGE_ARGUMENTS \
    "($1::timestamptz, $2::timestamptz, string_to_array($3, ','), $4::boolean, $5, $6)"

static th_exit purge_later(th_client *client, const char *const *params)
{
    static const char sql[] = "select taskhub.request_purge" PURGE_ARGUMENTS " as \"purgeId\"";

    return th_client_query(client, sql, 6, params, TH_SHAPE_RECORD, NULL);
}

/* Batch by batch, each its own commit; on a terminal it shows how many went. */
static th_exit purge_now(th_client *client, const char **params)
{
    static const char sql[] = "select deleted, next_after from taskhub.purge_batch" PURGE_ARGUMENTS;
    static const char count[] = "select $1::bigint as \"instancesDeleted\"";
    bool shown = isatty(STDERR_FILENO);
    long long total = 0;
    th_rows rows;

    do {
        th_rc rc = th_rows_query(client->db, client->arena, sql, 6, params, &rows, &client->err);
        if (rc != TH_OK)
            return th_client_failed(client, rc);
        total += strtoll(th_rows_cell(&rows, 0, 0), NULL, 10);
        params[4] = th_rows_cell(&rows, 0, 1);
        if (shown)
            fprintf(stderr, "\r%lld instances purged", total);
    } while (params[4]);
    if (shown)
        fputc('\n', stderr);
    const char *sum[] = { th_sprintf(client->arena, "%lld", total) };
    return th_client_query(client, count, 1, sum, TH_SHAPE_RECORD, NULL);
}

static th_exit purge_many(th_client *client)
{
    const char *params[] = {
        flag(client, "from"),
        flag(client, "to"),
        flag(client, "status"),
        flag(client, "recursive") ? "true" : "false",
        NULL,
        client->hub,
    };

    if (!params[0]) {
        th_fail(&client->err, TH_INVALID,
                "purge needs an instance id, or --from TIME ('-infinity' for all)");
        return th_command_failed(TH_EXIT_USAGE, &client->err);
    }
    return flag(client, "background") ? purge_later(client, params) : purge_now(client, params);
}

static th_exit list_purges(th_client *client)
{
    static const char sql[] =
        "select purge_id as \"purgeId\", kind, state, deleted, percent,"
        " taskhub.utc_text(asked_at) as \"askedTime\", asked_by as \"askedBy\","
        " taskhub.utc_text(finished_at) as \"finishedTime\" from taskhub.purges_view"
        " where hub = (taskhub.resolve_hub($1)).name order by purge_id";
    const char *params[] = { client->hub };

    return th_client_query(client, sql, 1, params, TH_SHAPE_TABLE, NULL);
}

static th_exit purge(th_client *client)
{
    return client->args->n_operands ? purge_one(client) : purge_many(client);
}

/* ---- the table ------------------------------------------------------------------------------- */

TH_CLIENT_RUN(start)
TH_CLIENT_RUN(show)
TH_CLIENT_RUN(list)
TH_CLIENT_RUN(history)
TH_CLIENT_RUN(explain)
TH_CLIENT_RUN(raise_event)
TH_CLIENT_RUN(terminate_instance)
TH_CLIENT_RUN(suspend_instance)
TH_CLIENT_RUN(resume_instance)
TH_CLIENT_RUN(rewind_instance)
TH_CLIENT_RUN(restart)
TH_CLIENT_RUN(purge)
TH_CLIENT_RUN(list_purges)

static const th_flag start_flags[] = {
    { "input", "JSON", NULL, "the orchestrator's input" },
    { "input-file", "FILE", NULL, "the same from a file; - is standard input" },
    { "id", "ID", NULL, "instance id (default: 32 random hex digits)" },
    { "version", "TEXT", NULL, "version of the orchestrator" },
    { "tags", "JSON", NULL, "an object of texts" },
    { "at", "TIME", NULL, "do not start before, e.g. 2027-01-31T06:00:00Z" },
    TH_COMMON_FLAGS,
};
static const th_flag restart_flags[] = {
    { "same-id", NULL, NULL,
      "under the same id, in place of the finished one; without it: a new id" },
    TH_COMMON_FLAGS,
};
static const th_flag raise_flags[] = {
    { "data", "JSON", NULL, "the event's payload" },
    { "data-file", "FILE", NULL, "the same from a file; - is standard input" },
    TH_COMMON_FLAGS,
};
static const th_flag reason_flags[] = {
    { "reason", "TEXT", NULL, "kept in the history" },
    TH_COMMON_FLAGS,
};
static const th_flag plain_flags[] = { TH_COMMON_FLAGS };
static const th_flag list_flags[] = {
    { "status", "NAME,...", NULL, "only these: Pending, Running, Completed, Failed, ..." },
    { "name", "NAME", NULL, "only this orchestrator" },
    { "prefix", "TEXT", NULL, "only ids that start so" },
    { "from", "TIME", NULL, "created at that time or later" },
    { "to", "TIME", NULL, "created at that time or earlier" },
    { "top", "N", NULL, "at most so many, the newest (100)" },
    TH_COMMON_FLAGS,
};
static const th_flag purge_flags[] = {
    { "from", "TIME", NULL, "without ID: those created at that time or later; required" },
    { "to", "TIME", NULL, "without ID: those created at that time or earlier" },
    { "status", "NAME,...", NULL,
      "without ID: some of Completed, Failed, Canceled, Terminated\n(default: all of these)" },
    { "recursive", NULL, NULL,
      "with the sub-orchestrations that they started and that have finished" },
    { "background", NULL, NULL, "without ID: leave it to running processes, and print its number" },
    TH_COMMON_FLAGS,
};

#define FLAGS(table) .flags = table, .n_flags = ARRAY_SIZE(table)
#define OPERANDS(text, min, max, what) \
    .operands = text, .min_operands = min, .max_operands = max, .operand_name = what
#define ONE_ID OPERANDS("ID", 1, 1, "the instance id")

static const th_command instance_commands[] = {
    { .name = "start",
      .summary = "Starts an orchestrator and prints the instance id",
      OPERANDS("NAME", 1, 1, "the orchestrator's name"),
      FLAGS(start_flags),
      .run = run_start },
    { .name = "show", .summary = "Shows an instance", ONE_ID, FLAGS(plain_flags), .run = run_show },
    { .name = "list",
      .summary = "Lists instances, the newest first",
      FLAGS(list_flags),
      .run = run_list },
    { .name = "history",
      .summary = "Shows the events of an instance's present execution",
      ONE_ID,
      FLAGS(plain_flags),
      .run = run_history },
    { .name = "explain",
      .summary = "Says why an instance is not running, one line a reason",
      ONE_ID,
      FLAGS(plain_flags),
      .run = run_explain },
    { .name = "raise",
      .summary = "Sends an external event to an instance",
      OPERANDS("ID EVENT", 2, 2, "the instance id or the event's name"),
      FLAGS(raise_flags),
      .run = run_raise_event },
    { .name = "terminate",
      .summary = "Ends an instance as Terminated",
      ONE_ID,
      FLAGS(reason_flags),
      .run = run_terminate_instance },
    { .name = "suspend",
      .summary = "Suspends an instance until it is resumed",
      ONE_ID,
      FLAGS(reason_flags),
      .run = run_suspend_instance },
    { .name = "resume",
      .summary = "Resumes a suspended instance",
      ONE_ID,
      FLAGS(reason_flags),
      .run = run_resume_instance },
    { .name = "rewind",
      .summary = "Runs a failed instance on from where it failed",
      ONE_ID,
      FLAGS(reason_flags),
      .run = run_rewind_instance },
    { .name = "restart",
      .summary =
          "Starts an instance over, with its name, version, input and tags, and prints the id",
      ONE_ID,
      FLAGS(restart_flags),
      .run = run_restart },
    { .name = "purge",
      .summary = "Deletes finished instances with their history",
      OPERANDS("[ID]", 0, 1, "the instance id"),
      FLAGS(purge_flags),
      .run = run_purge },
    { .name = "purges",
      .summary = "Shows how far purges in the background, and the retention, are",
      FLAGS(plain_flags),
      .run = run_list_purges },
    { 0 },
};

const th_command th_cmd_instance = {
    .name = "instance",
    .summary = "Starts, shows and manages instances",
    .sub = instance_commands,
};
