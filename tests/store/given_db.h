/*
 * given_db.h - what tests of connections start from: the test database, hubs of their own, another
 * session's hands.
 *
 * TH_TEST_DATABASE names a database that has the schema; without it a test program fails at once.
 */
#ifndef TH_TESTS_STORE_GIVEN_DB_H
#define TH_TESTS_STORE_GIVEN_DB_H

#include <poll.h>
#include <stdarg.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/store_int.h"
#include "test.h"

#define SECOND INT64_C(1000000)

__attribute__((unused)) static th_db *given_db_at(const char *conninfo, th_db_role role)
{
    th_error err = { 0 };
    th_db *db = NULL;

    if (th_db_open(conninfo, role, &db, &err) != TH_OK) {
        printf("cannot open the test database: %s\n", err.text);
        exit(2);
    }
    return db;
}

/* The first call brings the schema up to date. */
__attribute__((unused)) static const char *given_conninfo(void)
{
    static bool migrated;
    const char *conninfo = getenv("TH_TEST_DATABASE");
    th_schema_state state;
    th_error err = { 0 };

    if (migrated)
        return conninfo;
    if (!conninfo) {
        printf("TH_TEST_DATABASE is not set\n");
        exit(2);
    }
    th_db *db = given_db_at(conninfo, TH_DB_POOL);
    if (th_migrate(db, &state, &err) != TH_OK) {
        printf("cannot migrate the test database: %s\n", err.text);
        exit(2);
    }
    th_db_close(db);
    migrated = true;
    return conninfo;
}

__attribute__((unused)) static th_db *given_db(th_db_role role)
{
    return given_db_at(given_conninfo(), role);
}

/* The test database's address with something more. The caller frees it. */
__attribute__((unused, format(printf, 1, 2))) static char *given_address(const char *fmt, ...)
{
    th_db *db = given_db(TH_DB_POOL);
    PGconn *pg = th_db_pg(db);
    char more[512], *out = NULL;
    va_list args;

    va_start(args, fmt);
    vsnprintf(more, sizeof more, fmt, args);
    va_end(args);
    if (asprintf(&out, "host='%s' port=%s dbname='%s' user='%s' password='%s' %s", PQhost(pg),
                 PQport(pg), PQdb(pg), PQuser(pg), PQpass(pg), more) < 0)
        abort();
    th_db_close(db);
    return out;
}

/* Formats and runs; the first value of the first row, or "" . Valid until the next call. */
__attribute__((unused, format(printf, 2, 3))) static const char *value_of(th_db *db,
                                                                          const char *fmt, ...)
{
    static _Thread_local char value[512];
    char sql[2048];
    PGresult *res = NULL;
    th_error err = { 0 };
    va_list args;

    va_start(args, fmt);
    vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    value[0] = '\0';
    if (th_db_query(db, sql, 0, NULL, &res, &err) != TH_OK) {
        CHECK_STR(err.text, "a statement that succeeds");
        return value;
    }
    if (PQntuples(res) > 0)
        snprintf(value, sizeof value, "%s", PQgetvalue(res, 0, 0));
    PQclear(res);
    return value;
}

/* A hub with so many partitions; its ids are nobody else's. */
__attribute__((unused)) static int32_t given_hub(th_db *db, int partitions, int32_t *first)
{
    th_uuid random = th_uuid_random();
    char name[TH_UUID_TEXT];

    th_uuid_text(&random, name);
    *first = atoi(value_of(db,
                           "with ids as materialized (select nextval('taskhub.partition_ids') p,"
                           " i from generate_series(1, %d) i), h as (insert into taskhub.hubs"
                           " (name, first_partition, partition_count) select 'h%s', min(p),"
                           " count(*) from ids returning hub_id, first_partition), x as (insert"
                           " into taskhub.partitions (partition_id, hub_id, ordinal) select p,"
                           " hub_id, i - 1 from ids, h) select first_partition from h",
                           partitions, name));
    return atoi(
        value_of(db, "select hub_id from taskhub.partitions where partition_id = %d", *first));
}

/* True as soon as the query gives that value; asked for up to ten seconds. */
__attribute__((unused)) static bool comes_to(th_db *db, const char *sql, const char *want)
{
    int64_t deadline_us = th__real_us() + 10 * SECOND;

    while (strcmp(value_of(db, "%s", sql), want) != 0) {
        if (th__real_us() > deadline_us)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}

#endif
