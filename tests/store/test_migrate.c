/*
 * test_migrate.c - the schema comes once, whole and in order, whoever else migrates at the same
 * time.
 *
 * Each test has a database of its own, in the cluster that TH_TEST_DATABASE names (a superuser).
 */
#include "store/migrate.h"

#include <pthread.h>
#include <time.h>

#include "store/owners.h"
#include "store/th_schema.h"
#include "test.h"

/* TH_TEST_DATABASE with another database and user (NULL: as there), as keywords and values. */
static void conninfo_of(const char *dbname, const char *user, char *out, size_t size)
{
    const char *base = getenv("TH_TEST_DATABASE");
    PQconninfoOption *options = PQconninfoParse(base ? base : "", NULL);
    size_t n = 0;

    for (PQconninfoOption *o = options; o && o->keyword; o++) {
        const char *value = strcmp(o->keyword, "dbname") == 0         ? dbname
                            : user && strcmp(o->keyword, "user") == 0 ? user
                                                                      : o->val;
        if (value && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s='%s' ", o->keyword, value);
    }
    PQconninfoFree(options);
}

static th_db *open_db(const char *dbname, const char *user)
{
    char conninfo[1024] = "";
    th_error err = { 0 };
    th_db *db = NULL;

    conninfo_of(dbname, user, conninfo, sizeof conninfo);
    if (th_db_open(conninfo, TH_DB_CONTROL, &db, &err) != TH_OK)
        printf("cannot connect: %s\n", err.text);
    CHECK(db != NULL);
    return db;
}

static bool run(th_db *db, const char *sql)
{
    th_error err = { 0 };

    if (th_db_query(db, sql, 0, NULL, NULL, &err) == TH_OK)
        return true;
    printf("%s: %s\n", sql, err.text);
    return CHECK(false);
}

static int64_t number(th_db *db, const char *sql)
{
    PGresult *res = NULL;
    th_error err = { 0 };
    int64_t n = -1;

    if (th_db_query(db, sql, 0, NULL, &res, &err) == TH_OK && PQntuples(res) == 1)
        n = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    else
        printf("%s: %s\n", sql, err.text);
    PQclear(res);
    return n;
}

static th_db *fresh(const char *dbname, const char *options)
{
    char sql[200];
    th_db *admin = open_db("postgres", NULL);

    if (!admin)
        return NULL;
    snprintf(sql, sizeof sql, "drop database if exists %s with (force)", dbname);
    run(admin, sql);
    snprintf(sql, sizeof sql, "create database %s %s", dbname, options);
    run(admin, sql);
    th_db_close(admin);
    return open_db(dbname, NULL);
}

static void drop(th_db *db, const char *dbname)
{
    char sql[200];

    th_db_close(db);
    db = open_db("postgres", NULL);
    if (!db)
        return;
    snprintf(sql, sizeof sql, "drop database if exists %s with (force)", dbname);
    run(db, sql);
    th_db_close(db);
}

static th_rc migrate(th_db *db, th_schema_state *state)
{
    th_error err = { 0 };
    th_rc rc = th_migrate(db, state, &err);

    if (rc != TH_OK)
        printf("migrate: %s\n", err.text);
    return rc;
}

/* The number that the last step's file begins with. */
static int last_step(void)
{
    return (int)strtol(th_migrations[th_migrations_count - 1].name, NULL, 10);
}

TEST(an_empty_database_gets_all_steps_and_the_program_may_run_on_it)
{
    th_db *db = fresh("th_migrate_a", "");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    CHECK_INT(th_schema_check(db, &err), TH_SCHEMA);
    CHECK(strstr(err.text, "taskhub migrate") != NULL);
    CHECK_INT(migrate(db, &state), TH_OK);
    CHECK_INT(state.version, last_step());
    CHECK_INT(state.available, state.version);
    CHECK_INT(number(db, "select count(*) from taskhub.schema_version"), th_migrations_count);
    CHECK_INT(number(db, "select count(*) from pg_locks where locktype = 'advisory'"
                         " and database = (select oid from pg_database where datname = "
                         "current_database())"),
              0);
    th_error_clear(&err);
    CHECK_INT(th_schema_check(db, &err), TH_OK);
    drop(db, "th_migrate_a");
}

TEST(migrating_again_keeps_the_rows_and_brings_back_lost_functions)
{
    th_db *db = fresh("th_migrate_b", "");
    th_schema_state state = { 0 };

    if (!db)
        return;
    CHECK_INT(migrate(db, &state), TH_OK);
    run(db, "select taskhub.create_hub('hub')");
    run(db, "select taskhub.start_instance('hello', null, 'a')");
    run(db, "drop function taskhub.raise_event");
    CHECK_INT(migrate(db, &state), TH_OK);
    run(db, "select taskhub.raise_event('a', 'Approved')");
    CHECK_INT(number(db, "select count(*) from taskhub.inbox"), 2);
    CHECK_INT(number(db, "select count(*) from taskhub.schema_version"), th_migrations_count);
    drop(db, "th_migrate_b");
}

typedef struct migration {
    th_rc rc;
    th_schema_state state;
    const char *dbname;
} migration;

static void *migrate_thread(void *arg)
{
    migration *m = arg;
    th_db *db = open_db(m->dbname, NULL);

    m->rc = db ? migrate(db, &m->state) : TH_DB_LOST;
    th_db_close(db);
    return NULL;
}

TEST(two_migrations_at_once_both_succeed_and_apply_each_step_once)
{
    th_db *db = fresh("th_migrate_c", "");
    migration m[3] = { { .dbname = "th_migrate_c" },
                       { .dbname = "th_migrate_c" },
                       { .dbname = "th_migrate_c" } };
    pthread_t threads[3];

    if (!db)
        return;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, migrate_thread, &m[i]);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(m[i].rc, TH_OK);
        CHECK_INT(m[i].state.version, last_step());
    }
    CHECK_INT(number(db, "select count(*) from taskhub.schema_version"), th_migrations_count);
    drop(db, "th_migrate_c");
}

/* Until some session polls for the migration lock: its last statement says so. */
static bool someone_polls(th_db *db)
{
    const struct timespec pause = { .tv_nsec = 20000000 };

    for (int i = 0; i < 500; i++) {
        if (number(db, "select count(*) from pg_stat_activity where datname = current_database()"
                       " and pid <> pg_backend_pid() and query like '%pg_try_advisory_lock%'") > 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

TEST(a_migration_waits_while_another_session_holds_the_lock)
{
    th_db *db = fresh("th_migrate_d", "");
    migration m = { .dbname = "th_migrate_d" };
    char sql[100];
    pthread_t thread;

    if (!db)
        return;
    snprintf(sql, sizeof sql, "select pg_try_advisory_lock(%d, 0)", (int)TH_LOCK_MIGRATE);
    run(db, sql);
    pthread_create(&thread, NULL, migrate_thread, &m);
    CHECK(someone_polls(db));
    CHECK_INT(number(db, "select count(*) from pg_namespace where nspname = 'taskhub'"), 0);
    snprintf(sql, sizeof sql, "select pg_advisory_unlock(%d, 0)", (int)TH_LOCK_MIGRATE);
    run(db, sql);
    pthread_join(thread, NULL);
    CHECK_INT(m.rc, TH_OK);
    drop(db, "th_migrate_d");
}

TEST(a_schema_that_needs_a_newer_program_is_refused_and_left_as_it_is)
{
    th_db *db = fresh("th_migrate_e", "");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    CHECK_INT(migrate(db, &state), TH_OK);
    run(db, "insert into taskhub.schema_version values (999, 'future', now(), 99)");
    run(db, "drop function taskhub.raise_event");
    CHECK_INT(th_schema_check(db, &err), TH_SCHEMA);
    CHECK(strstr(err.text, "level 99") != NULL);
    CHECK(strstr(err.text, "newer taskhub") != NULL);
    th_error_clear(&err);
    CHECK_INT(th_migrate(db, &state, &err), TH_SCHEMA);
    CHECK_INT(number(db, "select count(*) from pg_proc where proname = 'raise_event'"), 0);
    drop(db, "th_migrate_e");
}

TEST(a_newer_schema_that_lets_this_program_run_keeps_its_own_functions)
{
    th_db *db = fresh("th_migrate_f", "");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    CHECK_INT(migrate(db, &state), TH_OK);
    run(db, "insert into taskhub.schema_version values (999, 'future', now(), 1)");
    run(db, "drop function taskhub.raise_event");
    CHECK_INT(th_schema_check(db, &err), TH_OK);
    CHECK_INT(migrate(db, &state), TH_OK);
    CHECK_INT(state.version, 999);
    CHECK_INT(number(db, "select count(*) from pg_proc where proname = 'raise_event'"), 0);
    drop(db, "th_migrate_f");
}

TEST(a_schema_behind_the_program_is_named_with_both_steps)
{
    th_db *db = fresh("th_migrate_g", "");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    CHECK_INT(migrate(db, &state), TH_OK);
    run(db, "delete from taskhub.schema_version where version > 1");
    CHECK_INT(th_schema_check(db, &err), TH_SCHEMA);
    CHECK(strstr(err.text, "at step 1 ") != NULL);
    drop(db, "th_migrate_g");
}

TEST(a_step_that_fails_is_named_and_leaves_nothing_behind)
{
    th_db *db = fresh("th_migrate_h", "");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    run(db, "create schema taskhub");
    run(db, "create table taskhub.instances (id int)");
    CHECK_INT(th_migrate(db, &state, &err), TH_DB);
    CHECK(strstr(err.text, "0002_instances.sql: ") != NULL);
    CHECK_STR(err.sqlstate, "42P07");
    CHECK_INT(number(db, "select max(version) from taskhub.schema_version"), 1);
    run(db, "drop table taskhub.instances");
    CHECK_INT(migrate(db, &state), TH_OK);
    CHECK_INT(state.version, last_step());
    drop(db, "th_migrate_h");
}

TEST(an_owner_who_may_create_neither_roles_nor_schemas_can_migrate_a_schema_made_for_him)
{
    th_db *db = fresh("th_migrate_i", ""), *plain = NULL;
    th_schema_state state = { 0 };

    if (!db)
        return;
    run(db, "drop role if exists th_migrate_plain");
    run(db, "create role th_migrate_plain login");
    run(db, "create schema taskhub authorization th_migrate_plain");
    plain = open_db("th_migrate_i", "th_migrate_plain");
    if (plain)
        CHECK_INT(migrate(plain, &state), TH_OK);
    th_db_close(plain);
    CHECK_INT(state.version, last_step());
    CHECK_INT(number(db, "select count(*) from pg_tables where schemaname = 'taskhub'"
                         " and tableowner <> 'th_migrate_plain'"),
              0);
    drop(db, "th_migrate_i");
    db = open_db("postgres", NULL);
    if (db)
        run(db, "drop role th_migrate_plain");
    th_db_close(db);
}

TEST(a_database_in_another_encoding_is_refused_by_name)
{
    th_db *db = fresh("th_migrate_j", "encoding 'SQL_ASCII' locale 'C' template template0");
    th_schema_state state = { 0 };
    th_error err = { 0 };

    if (!db)
        return;
    CHECK_INT(th_migrate(db, &state, &err), TH_SCHEMA);
    CHECK(strstr(err.text, "SQL_ASCII") != NULL);
    drop(db, "th_migrate_j");
}
