/* Schedules over the store: each due time starts one instance, however many run them at once and
 * whatever happens to their connections. */
#include "store/schedules.h"

#include <pthread.h>

#include "given_hub.h"
#include "store/notify.h"
#include "store/params.h"
#include "test.h"

enum { SCHEDULES = 60, TIMES = 15, RUNNERS = 4, DUE = SCHEDULES * TIMES };

/* Many schedules, each with many times that were due yesterday, at three, and with none today. */
static void given_due(const th_hub *hub)
{
    given_sql("select count(taskhub.create_schedule('s' || n, to_char(now() at time zone 'UTC' -"
              " interval '1 day', '\"* 3 \"FMDD FMMM\" *\"'), 'hello', p_missed => 'all',"
              " p_missed_limit => %d, p_hub => '%s')) from generate_series(1, %d) n",
              TIMES, hub->name, SCHEDULES);
    given_sql(
        "update taskhub.schedules set next_at = (date_trunc('day', now() at time zone 'UTC') -"
        " interval '21 hours') at time zone 'UTC' where hub_id = %d",
        (int)hub->hub_id);
}

static long long count_of(const th_hub *hub, const char *table)
{
    return given_sql("select count(*) from taskhub.%s where partition_id between %d and %d", table,
                     (int)hub->first_partition,
                     (int)(hub->first_partition + hub->partition_count - 1));
}

static th_db *open_db(void)
{
    th_db *db = NULL;
    th_error err = { 0 };

    if (th_db_open(given_database(), TH_DB_CONTROL, &db, &err) != TH_OK)
        given_failed("connect", &err);
    return db;
}

/* Runs until nothing is due any more, on a new connection after each failure. */
static int run_all(const th_hub *hub)
{
    th_arena *arena = th_arena_new(0);
    th_schedules_ran ran = { 0 };
    th_db *db = open_db();
    int started = 0;

    while (ran.wait_us <= 0) {
        th_error err = { 0 };

        if (th_schedules_run(db, arena, hub->name, &ran, &err) == TH_OK) {
            started += ran.started;
            continue;
        }
        ran.wait_us = 0;
        th_db_close(db);
        db = open_db();
    }
    th_db_close(db);
    th_arena_free(arena);
    return started;
}

static void *runner(void *hub)
{
    return (void *)(intptr_t)run_all(hub);
}

TEST(many_who_run_at_once_start_each_due_time_once)
{
    th_hub hub = given_hub(4);
    pthread_t threads[RUNNERS];
    int started = 0;

    given_due(&hub);
    for (int i = 0; i < RUNNERS; i++)
        CHECK(pthread_create(&threads[i], NULL, runner, &hub) == 0);
    for (int i = 0; i < RUNNERS; i++) {
        void *count;
        pthread_join(threads[i], &count);
        started += (int)(intptr_t)count;
    }

    CHECK_INT(started, DUE);
    CHECK_INT(count_of(&hub, "instances"), DUE);
    CHECK_INT(count_of(&hub, "inbox"), DUE);
}

/* The answer is lost, but the start is there; or the statement never was. */
static void with_fault(th_fault what)
{
    th_hub hub = given_hub(2);

    given_due(&hub);
    th_fault_arm(what, 2); /* after opening the connection */
    run_all(&hub);
    th_fault_arm(TH_FAULT_NONE, 0);

    CHECK_INT(count_of(&hub, "instances"), DUE);
    CHECK_INT(count_of(&hub, "inbox"), DUE);
}

TEST(a_lost_answer_starts_nothing_twice)
{
    with_fault(TH_FAULT_LIE);
}

TEST(a_lost_statement_leaves_nothing_out)
{
    with_fault(TH_FAULT_FAIL);
}

TEST(a_schedule_that_somebody_is_changing_holds_no_other_up)
{
    th_hub hub = given_hub(1);
    PGconn *stranger = given_stranger();
    th_arena *arena = th_arena_new(0);
    th_schedules_ran ran;
    th_error err = { 0 };
    char sql[200];

    given_due(&hub);
    snprintf(sql, sizeof sql, "begin; select taskhub.enable_schedule('s1', false, '%s')", hub.name);
    PQclear(given_sql_on(stranger, sql));
    CHECK(th_schedules_run(given_db(), arena, hub.name, &ran, &err) == TH_OK);
    CHECK_INT(ran.started, DUE - TIMES);
    CHECK_INT(ran.partition_count, 1);
    CHECK_INT(ran.partitions[0], hub.first_partition);
    CHECK(ran.wait_us <= 0); /* its time is still due */
    PQclear(given_sql_on(stranger, "commit"));
    CHECK(th_schedules_run(given_db(), arena, hub.name, &ran, &err) == TH_OK);
    CHECK_INT(ran.handled, 0);
    PQfinish(stranger);
    th_arena_free(arena);
}

TEST(what_is_put_is_shown_changed_and_deleted)
{
    th_hub hub = given_hub(1);
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    const bool off = false;
    const char *json;
    bool is_new = false;
    th_schedule s = {
        .name = "s", .expression = "0 0 1 1 *", .orchestrator = "hello", .input = "{\"a\": 1.00}"
    };

    CHECK(th_schedule_put(given_db(), hub.name, &s, &err) == TH_OK);
    CHECK(th_schedule_get(given_db(), arena, hub.name, "s", &json, &is_new, &err) == TH_OK);
    CHECK(is_new);
    CHECK(strstr(json, "\"input\" : {\"a\": 1.00}") != NULL);
    CHECK(strstr(json, "\"timeZone\" : \"UTC\"") && strstr(json, "-01-01T00:00:00Z"));

    s.enabled = &off;
    s.input = NULL;
    CHECK(th_schedule_put(given_db(), hub.name, &s, &err) == TH_OK);
    CHECK(th_schedules_list(given_db(), arena, hub.name, &json, &err) == TH_OK);
    CHECK(json[0] == '[' && strstr(json, "\"enabled\" : false") &&
          strstr(json, "\"input\" : null"));

    CHECK(th_schedule_drop(given_db(), hub.name, "s", &err) == TH_OK);
    CHECK(th_schedule_drop(given_db(), hub.name, "s", &err) == TH_NOT_FOUND);
    CHECK_STR(err.sqlstate, "TH001");
    th_error_clear(&err);
    CHECK(th_schedule_get(given_db(), arena, hub.name, "s", &json, &is_new, &err) == TH_NOT_FOUND);
    th_error_clear(&err);
    s.expression = "61 * * * *";
    CHECK(th_schedule_put(given_db(), hub.name, &s, &err) == TH_INVALID);
    CHECK(strncmp(err.text, "expression: ", 12) == 0);
    th_arena_free(arena);
}

static void hear(void *arg, int32_t partition_id)
{
    *(int32_t *)arg = partition_id;
}

TEST(who_listens_is_told_that_a_schedule_was_put)
{
    th_hub hub = given_hub(1);
    th_db *control = open_db();
    th_error err = { 0 };
    int32_t heard = 0;
    th_schedule s = { .name = "s", .expression = "0 0 1 1 *", .orchestrator = "hello" };

    CHECK(th_listen_schedules(control, hub.hub_id, &err) == TH_OK);
    CHECK(th_schedule_put(given_db(), hub.name, &s, &err) == TH_OK);
    CHECK(th_notify_wait(control, -1, 10000000, hear, &heard, &err) == TH_OK);
    CHECK_INT(heard, TH_NOTIFIED_SCHEDULES);
    th_db_close(control);
}
