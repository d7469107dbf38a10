/*
 * given_hub.h - what tests of instances start from: a database with the schema, a hub of their own.
 *
 * TH_TEST_DATABASE names the cluster. The schema is migrated once a program; hubs have random
 * names, so that programs can run side by side.
 */
#ifndef TH_TESTS_STORE_GIVEN_HUB_H
#define TH_TESTS_STORE_GIVEN_HUB_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/ids.h"
#include "store/db.h"
#include "store/hubs.h"
#include "store/migrate.h"

static inline void given_failed(const char *what, const th_error *err)
{
    fprintf(stderr, "cannot %s: %s\n", what, err->text);
    exit(2);
}

static inline const char *given_database(void)
{
    const char *conninfo = getenv("TH_TEST_DATABASE");

    if (!conninfo || !*conninfo) {
        fprintf(stderr, "TH_TEST_DATABASE must name the database to test against\n");
        exit(2);
    }
    return conninfo;
}

/* One connection for the test's own looks and deeds. */
static inline th_db *given_db(void)
{
    static th_db *db;
    th_schema_state state;
    th_error err = { 0 };

    if (db)
        return db;
    if (th_db_open(given_database(), TH_DB_POOL, &db, &err) != TH_OK)
        given_failed("connect", &err);
    if (th_migrate(db, &state, &err) != TH_OK)
        given_failed("migrate", &err);
    return db;
}

static inline th_hub given_hub(int32_t partitions)
{
    th_uuid id = th_uuid_random();
    char text[TH_UUID_TEXT], name[24];
    th_error err = { 0 };
    th_hub hub;

    th_uuid_text(&id, text);
    snprintf(name, sizeof name, "t%.20s", text);
    if (th_hub_ensure(given_db(), name, partitions, &hub, &err) != TH_OK)
        given_failed("create a hub", &err);
    return hub;
}

static inline PGresult *given_sql_on(PGconn *pg, const char *sql)
{
    PGresult *res = PQexec(pg, sql);

    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(pg));
        exit(2);
    }
    return res;
}

/* A formatted statement on the test's connection, and the first value of its answer (-1: no row, or
 * null). */
__attribute__((format(printf, 1, 2))) static inline long long given_sql(const char *fmt, ...)
{
    char sql[4096];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    PGresult *res = given_sql_on(th_db_pg(given_db()), sql);
    bool empty = PQntuples(res) == 0 || PQgetisnull(res, 0, 0);
    long long value = empty ? -1 : atoll(PQgetvalue(res, 0, 0));
    PQclear(res);
    return value;
}

/* A stranger's connection, in which a transaction may stay open. */
static inline PGconn *given_stranger(void)
{
    PGconn *pg = PQconnectdb(given_database());

    if (PQstatus(pg) != CONNECTION_OK) {
        fprintf(stderr, "%s\n", PQerrorMessage(pg));
        exit(2);
    }
    return pg;
}

static inline int64_t given_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
