/*
 * client.c - what a durable client is given: the URLs of the management API, with placeholders
 * (contract: the binding's JSON of Durable Functions).
 */
#include <string.h>

#include "functions/functions_int.h"

#define BASE "/runtime/webhooks/durabletask"

/* What all URLs have in common. */
typedef struct urls {
    th_buf *out;
    const th_functions_place *place;
    const char *suffix;
} urls;

static void put_url(const urls *u, const char *key, const char *path)
{
    th_buf url = TH_BUF_INIT;

    th_buf_printf(&url, "%s" BASE "%s%s", u->place->origin, path, u->suffix);
    th_buf_str(u->out, key);
    th_buf_json_str(u->out, url.data);
    th_buf_free(&url);
}

static void put_creation(const urls *u)
{
    put_url(u, ",\"creationUrls\":{\"createNewInstancePostUri\":",
            "/orchestrators/{functionName}[/{instanceId}]?");
    put_url(u, ",\"createAndWaitOnNewInstancePostUri\":",
            "/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}"
            "&pollingInterval={intervalInSeconds}&");
    th_buf_chr(u->out, '}');
}

static void put_management(const urls *u)
{
    static const char *const list[][2] = {
        { "statusQueryGetUri", "/instances/INSTANCEID?" },
        { "sendEventPostUri", "/instances/INSTANCEID/raiseEvent/{eventName}?" },
        { "terminatePostUri", "/instances/INSTANCEID/terminate?reason={text}&" },
        { "rewindPostUri", "/instances/INSTANCEID/rewind?reason={text}&" },
        { "purgeHistoryDeleteUri", "/instances/INSTANCEID?" },
        { "restartPostUri", "/instances/INSTANCEID/restart?" },
        { "suspendPostUri", "/instances/INSTANCEID/suspend?reason={text}&" },
        { "resumePostUri", "/instances/INSTANCEID/resume?reason={text}&" },
    };

    th_buf_str(u->out, ",\"managementUrls\":{\"id\":\"INSTANCEID\"");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        th_buf_printf(u->out, ",\"%s\":", list[i][0]);
        put_url(u, "", list[i][1]);
    }
    th_buf_chr(u->out, '}');
}

static const char *suffix_of(th_arena *arena, const th_functions_place *place)
{
    if (place->key)
        return th_sprintf(arena, "taskHub=%s&connection=Storage&code=%s", place->hub, place->key);
    return th_sprintf(arena, "taskHub=%s&connection=Storage", place->hub);
}

const char *th__client_json(th_arena *arena, const th_functions_place *place)
{
    th_buf out = TH_BUF_INIT;
    urls u = { .out = &out, .place = place, .suffix = suffix_of(arena, place) };
    const char *query = place->key ? th_sprintf(arena, "code=%s", place->key) : "";

    th_buf_str(&out, "{\"taskHubName\":");
    th_buf_json_str(&out, place->hub);
    put_creation(&u);
    put_management(&u);
    th_buf_str(&out, ",\"baseUrl\":");
    th_buf_json_str(&out, th_sprintf(arena, "%s" BASE, place->origin));
    th_buf_str(&out, ",\"requiredQueryStringParameters\":");
    th_buf_json_str(&out, query);
    th_buf_str(&out, ",\"rpcBaseUrl\":");
    th_buf_json_str(&out, place->rpc_url);
    th_buf_str(&out, ",\"httpBaseUrl\":null}");
    const char *copy = th_strdup(arena, out.data);
    th_buf_free(&out);
    return copy;
}

bool th__can_call(const th_functions *functions, const th__function *f)
{
    return f->client_count == 0 || functions->client;
}

void th__put_clients(const th_functions *functions, th__call *call, const th__function *f)
{
    const char *client = functions->client ? functions->client : "{}";

    for (size_t i = 0; i < f->client_count; i++)
        th__call_text(call, f->clients[i], client, strlen(client));
}
