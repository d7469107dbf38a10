/*
 * client.c - a client and its connection; one statement; what it is refused with.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/sdk_int.h"

/* ---- life --------------------------------------------------------------------------------------
 */

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

taskhub *taskhub_open(const char *conninfo, const char *hub)
{
    taskhub *client = calloc(1, sizeof *client);

    if (!client)
        return NULL;
    client->owns = true;
    client->conninfo = strdup(conninfo ? conninfo : "");
    client->hub = copy(hub);
    if (client->conninfo && (client->hub || !hub))
        return client;
    taskhub_close(client);
    return NULL;
}

taskhub *taskhub_on(PGconn *connection, const char *hub)
{
    taskhub *client = taskhub_open(NULL, hub);

    if (client) {
        client->owns = false;
        client->connection = connection;
    }
    return client;
}

void taskhub_close(taskhub *client)
{
    if (!client)
        return;
    if (client->owns)
        PQfinish(client->connection);
    free(client->conninfo);
    free(client->hub);
    free(client);
}

const char *taskhub_error(const taskhub *client)
{
    return client ? client->error : "no memory";
}

/* ---- failures ----------------------------------------------------------------------------------
 */

taskhub_code th__sdk_fail(taskhub *client, taskhub_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(client->error, sizeof client->error, fmt, args);
    va_end(args);
    client->error[strcspn(client->error, "\n")] = '\0'; /* libpq ends its lines */
    return code;
}

static taskhub_code code_of(const char *sqlstate)
{
    static const struct {
        const char *sqlstate;
        taskhub_code code;
    } codes[] = {
        { "TH001", TASKHUB_NOT_FOUND },  { "TH002", TASKHUB_FINISHED },
        { "TH003", TASKHUB_EXISTS },     { "TH004", TASKHUB_NOT_FINISHED },
        { "TH005", TASKHUB_NOT_FAILED }, { "TH006", TASKHUB_INVALID },
        { "22007", TASKHUB_INVALID },    { "22008", TASKHUB_INVALID }, /* a time */
        { "22021", TASKHUB_INVALID },    { "22P05", TASKHUB_INVALID }, /* no UTF-8 */
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].sqlstate, sqlstate) == 0)
            return codes[i].code;
    return TASKHUB_REFUSED;
}

static taskhub_code refused(taskhub *client, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (PQstatus(client->connection) != CONNECTION_OK || !state)
        return th__sdk_fail(client, TASKHUB_LOST, "%s", PQerrorMessage(client->connection));
    return th__sdk_fail(client, code_of(state), "%s", words ? words : state);
}

/* ---- statements --------------------------------------------------------------------------------
 */

/* Our own connection tells the engine of each change at once; in a transaction of the caller's
 * that is the caller's choice. */
static taskhub_code connect_now(taskhub *client)
{
    if (client->connection)
        PQreset(client->connection);
    else
        client->connection = PQconnectdb(client->conninfo);
    if (PQstatus(client->connection) == CONNECTION_OK) {
        PQclear(PQexec(client->connection, "set client_encoding = 'UTF8'"));
        PQclear(PQexec(client->connection, "set taskhub.notify = on"));
    }
    return PQstatus(client->connection) == CONNECTION_OK
               ? TASKHUB_OK
               : th__sdk_fail(client, TASKHUB_LOST, "%s", PQerrorMessage(client->connection));
}

taskhub_code th__sdk_query(taskhub *client, const char *sql, int n, const char *const *params,
                           PGresult **res)
{
    taskhub_code code = TASKHUB_OK;

    if (res)
        *res = NULL;
    if (client->owns && PQstatus(client->connection) != CONNECTION_OK)
        code = connect_now(client);
    if (code != TASKHUB_OK)
        return code;
    PGresult *got = PQexecParams(client->connection, sql, n, NULL, params, NULL, NULL, 0);
    if (PQresultStatus(got) != PGRES_TUPLES_OK)
        code = refused(client, got);
    if (res && code == TASKHUB_OK)
        *res = got;
    else
        PQclear(got);
    return code;
}
