/*
 * order.c - a program that takes an order: its row and the orchestration that sees to it are
 * committed together, or neither is.
 *
 *     order CONNINFO [ORCHESTRATOR]
 */
#include <stdio.h>
#include <taskhub_client.h>

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

static int run(PGconn *db, PGresult **res, const char *sql)
{
    PQclear(*res);
    *res = PQexec(db, sql);
    return PQresultStatus(*res) == PGRES_COMMAND_OK;
}

/* In one transaction of the program's own. */
static int take_order(PGconn *db, const char *orchestrator, char id[TASKHUB_ID_SIZE])
{
    taskhub *hub = taskhub_on(db, NULL);
    PGresult *res = NULL;
    int good = run(db, &res, "create table if not exists orders (id text primary key)") &&
               run(db, &res, "begin") &&
               taskhub_start(hub, orchestrator, NULL, NULL, id) == TASKHUB_OK;

    if (good) {
        const char *params[] = { id };
        PQclear(res);
        res = PQexecParams(db, "insert into orders values ($1)", 1, NULL, params, NULL, NULL, 0);
        good = PQresultStatus(res) == PGRES_COMMAND_OK && run(db, &res, "commit");
    }
    if (!good)
        complain("order", *taskhub_error(hub) ? taskhub_error(hub) : PQerrorMessage(db));
    PQclear(res);
    taskhub_close(hub);
    return good;
}

/* By a connection of the client's own. */
static int see_to_it(const char *conninfo, const char *id)
{
    taskhub *hub = taskhub_open(conninfo, NULL);
    taskhub_instance *done = NULL;
    int failed = taskhub_wait(hub, id, 30000, &done) != TASKHUB_OK;

    if (failed)
        complain(id, taskhub_error(hub));
    else
        printf("%s %s\n", done->status, done->output ? done->output : "");
    taskhub_instance_free(done);
    taskhub_close(hub);
    return failed;
}

int main(int argc, char **argv)
{
    char id[TASKHUB_ID_SIZE];

    if (argc < 2)
        return complain("usage", "order CONNINFO [ORCHESTRATOR]");
    PGconn *db = PQconnectdb(argv[1]);
    if (PQstatus(db) != CONNECTION_OK) {
        complain("order", PQerrorMessage(db));
        PQfinish(db);
        return 1;
    }
    int taken = take_order(db, argc > 2 ? argv[2] : "hello_orchestrator", id);
    PQfinish(db);
    return taken ? see_to_it(argv[1], id) : 1;
}
