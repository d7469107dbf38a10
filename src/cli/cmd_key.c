/*
 * cmd_key.c - `taskhub key`: create, list and revoke access keys of the HTTP API.
 */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "store/keys.h"

static const char *kind_of(const th_args *args)
{
    const char *kind = th_args_get(args, "kind");

    return kind ? kind : "system";
}

/* The key goes to standard output alone on its line, for scripts; what it is, beside it. */
static void print_key(const th_client *client, const char *name, const char *kind, const char *key)
{
    static const char *names[] = { "name", "kind", "key" };
    static const th_column_kind kinds[] = { TH_COLUMN_TEXT, TH_COLUMN_TEXT, TH_COLUMN_TEXT };
    const char *cells[] = { name, kind, key };
    const th_rows rows = {
        .count = 1, .columns = 3, .names = names, .kinds = kinds, .cells = cells
    };

    if (client->json) {
        th_client_print(client, &rows, TH_SHAPE_RECORD);
        return;
    }
    fprintf(stderr, "%s key \"%s\" has been created; it is shown only this once:\n", kind, name);
    printf("%s\n", key);
}

static th_exit run_create(th_arena *arena, const th_args *args)
{
    const char *name = args->operands[0], *kind = kind_of(args);
    char key[TH_BASE64URL_32];
    th_client client;
    th_error err = { 0 };

    if (th_key_kind_parse(kind) == TH_KEY_NONE) {
        th_fail(&err, TH_CONFIG, "--kind: must be master, system or function");
        return th_command_failed(TH_EXIT_CONFIG, &err);
    }
    th_exit status = th_client_open(&client, arena, args);
    if (status != TH_EXIT_OK)
        goto done;
    th_key_make(key);
    th_rc rc = th_key_create(client.db, client.hub, name, kind, key, &client.err);
    if (rc == TH_OK)
        print_key(&client, name, kind, key);
    else
        status = th_client_failed(&client, rc);

done:
    th_client_close(&client);
    return status;
}

static th_exit list(th_client *client)
{
    static const char sql[] =
        "select h.name as hub, k.name, k.kind, to_char(k.created_at at time zone 'utc', f.iso) as"
        " \"createdTime\", to_char(k.revoked_at at time zone 'utc', f.iso) as \"revokedTime\""
        " from (select hub_id, '" TH_SYSTEM_KEY_NAME "' as name, 'system' as kind, created_at,"
        " null::timestamptz as revoked_at, 0 as key_id from taskhub.hub_secrets"
        " union all select hub_id, name, kind, created_at, revoked_at, key_id from taskhub.keys) k"
        " join taskhub.hubs h using (hub_id), (values ('YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) f(iso)"
        " where $1::text is null or h.hub_id = (taskhub.resolve_hub($1)).hub_id"
        " order by h.name, k.key_id";

    return th_client_query(client, sql, 1, &client->hub, TH_SHAPE_TABLE, NULL);
}
TH_CLIENT_RUN(list)

static th_exit revoke(th_client *client)
{
    const char *name = client->args->operands[0];
    th_rc rc = th_key_revoke(client->db, client->hub, name, &client->err);

    if (rc != TH_OK)
        return th_client_failed(client, rc);
    fprintf(stderr, "key \"%s\" has been revoked\n", name);
    return TH_EXIT_OK;
}
TH_CLIENT_RUN(revoke)

static const th_flag create_flags[] = {
    { "kind", "KIND", NULL,
      "system: the management API; function: starters;\nmaster: both (system)" },
    TH_HUB_FLAG,
    TH_DATABASE_FLAGS,
    TH_JSON_FLAG,
};
static const th_flag list_flags[] = {
    { "hub", "NAME", "hub", "of that hub only (TASKHUB_HUB; host.json; else all)" },
    TH_DATABASE_FLAGS,
    TH_JSON_FLAG,
};
static const th_flag revoke_flags[] = { TH_HUB_FLAG, TH_DATABASE_FLAGS };

static const th_command key_commands[] = {
    { .name = "create",
      .operands = "NAME",
      .summary = "Creates an access key and prints it",
      .text = "The key is shown this once; the database gets its hash. Requests bring it in the\n"
              "header x-functions-key or the query parameter code. Running processes accept it\n"
              "within a second or two.\n",
      .flags = create_flags,
      .n_flags = sizeof(create_flags) / sizeof(*create_flags),
      .min_operands = 1,
      .max_operands = 1,
      .operand_name = "the key's name",
      .run = run_create },
    { .name = "list",
      .summary = "Lists access keys, also those that are revoked; never the keys themselves",
      .flags = list_flags,
      .n_flags = sizeof(list_flags) / sizeof(*list_flags),
      .run = run_list },
    { .name = "revoke",
      .operands = "NAME",
      .summary = "Revokes an access key",
      .text = "Running processes refuse it within a second or two. " TH_SYSTEM_KEY_NAME "\n"
              "is the key in the URLs that the hub gives out: a new one takes its place, and the\n"
              "URLs given out before end.\n",
      .flags = revoke_flags,
      .n_flags = sizeof(revoke_flags) / sizeof(*revoke_flags),
      .min_operands = 1,
      .max_operands = 1,
      .operand_name = "the key's name",
      .run = run_revoke },
    { 0 },
};

const th_command th_cmd_key = {
    .name = "key",
    .summary = "Creates, lists and revokes access keys of the HTTP API",
    .sub = key_commands,
};
