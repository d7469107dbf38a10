/*
 * migrate.c - see migrate.h.
 *
 * A step is a file of migrations/, applied once in a transaction of its own. After the steps the
 * files of sql/api and the grants are replayed whole in one transaction: cheap, and no difference
 * between an old database and a new one.
 */
#include "store/migrate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/owners.h"
#include "store/store_int.h"
#include "store/th_schema.h"

#define LOWEST_SERVER 140000
#define LOCK_POLL_MS 100
#define LOCK_POLLS 600 /* a minute */
#define TRIES 4        /* of a transaction that met a deadlock or a lock timeout */

/*
 * A step may take long, so it is not to be ended for that; but it must not queue for a lock for
 * long, since everybody else queues behind it. Functions are checked when they run: a file may call
 * what a later file makes.
 */
static const char begin_sql[] = "begin;"
                                "set local statement_timeout = 0;"
                                "set local idle_in_transaction_session_timeout = 0;"
                                "set local lock_timeout = '5s';"
                                "set local search_path = pg_catalog;"
                                "set local standard_conforming_strings = on;"
                                "set local check_function_bodies = off";

/* The schema may have been made for us by one who may create schemas. */
static const char schema_sql[] = "do $$ begin"
                                 " if to_regnamespace('taskhub') is null then"
                                 " create schema taskhub; end if; end $$;"
                                 "create table if not exists taskhub.schema_version ("
                                 "version int primary key, name text not null,"
                                 "applied_at timestamptz not null default now(),"
                                 "min_program int not null default 1)";

static const char record_sql[] = "insert into taskhub.schema_version (version, name, min_program)"
                                 " values ($1::int, $2, $3::int)";

static int step_number(const th_schema_file *step)
{
    return (int)strtol(step->name, NULL, 10);
}

/* A step after which older programs must not run says so: a line "-- min_program: N". */
static int step_min_program(const th_schema_file *step)
{
    static const char mark[] = "\n-- min_program: ";
    const char *line = strstr(step->text, mark);

    return line ? (int)strtol(line + sizeof mark - 1, NULL, 10) : 1;
}

static int highest_step(void)
{
    return th_migrations_count ? step_number(&th_migrations[th_migrations_count - 1]) : 0;
}

/* One row of one boolean. */
static th_rc query_bool(th_db *db, const char *sql, int n, const char *const *params, bool *out,
                        th_error *err)
{
    PGresult *res = NULL;

    th_rc rc = th_db_query(db, sql, n, params, &res, err);
    if (rc == TH_OK)
        *out = PQntuples(res) == 1 && PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);
    return rc;
}

/* ---- what is there ---- */

static th_rc read_versions(th_db *db, th_schema_state *out, th_error *err)
{
    PGresult *res = NULL;

    th_rc rc = th_db_query(db,
                           "select coalesce(max(version), 0), coalesce(max(min_program), 0)"
                           " from taskhub.schema_version",
                           0, NULL, &res, err);
    if (rc == TH_OK) {
        out->version = (int)strtol(PQgetvalue(res, 0, 0), NULL, 10);
        out->min_program = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
    }
    PQclear(res);
    return rc;
}

th_rc th_schema_state_get(th_db *db, th_schema_state *out, th_error *err)
{
    bool there = false;

    *out = (th_schema_state){ .available = highest_step(), .program_level = TH_PROGRAM_LEVEL };
    th_rc rc = query_bool(db, "select to_regclass('taskhub.schema_version') is not null", 0, NULL,
                          &there, err);
    if (rc != TH_OK || !there)
        return rc;
    return read_versions(db, out, err);
}

static th_rc check_level(const th_schema_state *state, th_error *err)
{
    if (state->min_program <= state->program_level)
        return TH_OK;
    return th_fail(err, TH_SCHEMA,
                   "the schema (step %d) needs a program of level %d or higher, and this one is of "
                   "level %d: use a newer taskhub",
                   state->version, state->min_program, state->program_level);
}

th_rc th_schema_check(th_db *db, th_error *err)
{
    th_schema_state state;

    th_rc rc = th_schema_state_get(db, &state, err);
    if (rc == TH_OK)
        rc = check_level(&state, err);
    if (rc != TH_OK || state.version >= state.available)
        return rc;
    if (state.version == 0)
        return th_fail(
            err, TH_SCHEMA,
            "the database has no taskhub schema: run `taskhub migrate` as a user who may "
            "create one");
    return th_fail(err, TH_SCHEMA,
                   "the schema is at step %d and this program needs step %d: run `taskhub migrate` "
                   "as the schema's owner",
                   state.version, state.available);
}

static th_rc check_server(th_db *db, th_error *err)
{
    int version = PQserverVersion(th_db_pg(db));
    const char *encoding = PQparameterStatus(th_db_pg(db), "server_encoding");

    if (version < LOWEST_SERVER)
        return th_fail(err, TH_SCHEMA, "PostgreSQL %d or newer is needed, and the server is %d",
                       LOWEST_SERVER / 10000, version / 10000);
    if (encoding && strcmp(encoding, "UTF8") != 0)
        return th_fail(err, TH_SCHEMA,
                       "the database has the encoding %s, and UTF8 is needed: create one with "
                       "encoding 'UTF8'",
                       encoding);
    return TH_OK;
}

/* ---- the lock ---- */

/* Never the waiting form: a waiter holds a snapshot and stops vacuum (protocol S4). */
static th_rc take_lock(th_db *db, const char *key, th_error *err)
{
    const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
    bool mine = false;

    for (int i = 0; i < LOCK_POLLS; i++) {
        th_rc rc = query_bool(db, "select pg_try_advisory_lock($1::int, 0)", 1, &key, &mine, err);
        if (rc != TH_OK || mine)
            return rc;
        nanosleep(&pause, NULL);
    }
    return th_fail(err, TH_UNAVAILABLE,
                   "another migration of this database has been running for over %d s",
                   LOCK_POLLS * LOCK_POLL_MS / 1000);
}

static th_rc give_lock(th_db *db, const char *key, th_error *err)
{
    bool was_mine = false;

    th_rc rc = query_bool(db, "select pg_advisory_unlock($1::int, 0)", 1, &key, &was_mine, err);
    if (rc == TH_OK && !was_mine)
        rc = th_fail(err, TH_SCHEMA,
                     "the migration lock was lost: connect to the server itself, not to a pooler");
    return rc;
}

/* ---- transactions ---- */

typedef th_rc work_fn(th_db *db, const void *arg, th_error *err);

static th_rc run_once(th_db *db, work_fn *work, const void *arg, th_error *err)
{
    th_rc rc = th_db_script(db, begin_sql, err);

    if (rc == TH_OK)
        rc = work(db, arg, err);
    if (rc == TH_OK)
        return th_db_script(db, "commit", err);
    if (!th_db_is_lost(db) && th_db_script(db, "rollback", NULL) != TH_OK)
        th_fail(err, rc, "the migration could not be rolled back"); /* err has the first failure */
    return rc;
}

static th_rc in_transaction(th_db *db, work_fn *work, const void *arg, th_error *err)
{
    th_error one = { 0 };
    th_rc rc = TH_DB_RETRY;

    for (int i = 0; i < TRIES && rc == TH_DB_RETRY; i++) {
        th_error_clear(&one);
        rc = run_once(db, work, arg, &one);
    }
    if (rc != TH_OK && err && err->rc == TH_OK)
        *err = one;
    return rc;
}

/* Runs a file; a failure names it. */
static th_rc run_file(th_db *db, const th_schema_file *file, th_error *err)
{
    th_error one = { 0 };

    th_rc rc = th_db_script(db, file->text, &one);
    if (rc == TH_OK)
        return rc;
    if (err && err->rc == TH_OK)
        memcpy(err->sqlstate, one.sqlstate, sizeof err->sqlstate);
    return th_fail(err, rc, "%s: %s", file->name, one.text);
}

static th_rc create_schema(th_db *db, const void *arg, th_error *err)
{
    (void)arg;
    return th_db_script(db, schema_sql, err);
}

static th_rc apply_step(th_db *db, const void *arg, th_error *err)
{
    const th_schema_file *step = arg;
    char number[16], min_program[16];
    const char *const params[] = { number, step->name, min_program };

    snprintf(number, sizeof number, "%d", step_number(step));
    snprintf(min_program, sizeof min_program, "%d", step_min_program(step));
    th_rc rc = run_file(db, step, err);
    if (rc == TH_OK)
        rc = th_db_query(db, record_sql, 3, params, NULL, err);
    return rc;
}

static th_rc replay_api(th_db *db, const void *arg, th_error *err)
{
    th_rc rc = TH_OK;

    (void)arg;
    for (size_t i = 0; i < th_api_files_count && rc == TH_OK; i++)
        rc = run_file(db, &th_api_files[i], err);
    for (size_t i = 0; i < th_grants_count && rc == TH_OK; i++)
        rc = run_file(db, &th_grants[i], err);
    return rc;
}

/* ---- all of it ---- */

/*
 * A schema that is further than this program, and lets it run, stays as it is: replaying our older
 * functions would undo what the newer program brought.
 */
static th_rc migrate_locked(th_db *db, th_error *err)
{
    th_schema_state state;

    th_rc rc = th_schema_state_get(db, &state, err);
    if (rc == TH_OK)
        rc = check_level(&state, err);
    if (rc != TH_OK || state.version > state.available)
        return rc;

    if (state.version == 0)
        rc = in_transaction(db, create_schema, NULL, err);
    for (size_t i = 0; i < th_migrations_count && rc == TH_OK; i++)
        if (step_number(&th_migrations[i]) > state.version)
            rc = in_transaction(db, apply_step, &th_migrations[i], err);
    if (rc == TH_OK)
        rc = in_transaction(db, replay_api, NULL, err);
    return rc;
}

static th_rc migrate_with_lock(th_db *db, th_error *err)
{
    const int64_t patience = db->patience_us;
    char key[16];

    snprintf(key, sizeof key, "%d", (int)TH_LOCK_MIGRATE);
    th_rc rc = take_lock(db, key, err);
    if (rc != TH_OK)
        return rc;

    db->patience_us = TH__FOREVER; /* a step may take long */
    rc = migrate_locked(db, err);
    db->patience_us = patience;
    if (th_db_is_lost(db))
        return rc;
    th_rc given = give_lock(db, key, err);
    return rc == TH_OK ? given : rc;
}

th_rc th_migrate(th_db *db, th_schema_state *out, th_error *err)
{
    th_rc rc = check_server(db, err);

    if (rc == TH_OK)
        rc = migrate_with_lock(db, err);
    if (rc == TH_OK)
        rc = th_schema_state_get(db, out, err);
    return rc;
}
