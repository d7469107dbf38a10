/* Workers and who holds what: register, come back, leave, bury; the watch; the fence. */
#include "store/owners.h"

#include "base/arena.h"
#include "given_db.h"
#include "store/params.h"

static th_worker_info given_info(int32_t hub_id)
{
    static const char *const orchestrators[] = { "Hello", "with \"quotes\", and {braces}" };

    return (th_worker_info){ .hub_id = hub_id,
                             .host = "host-1",
                             .pid = 4711,
                             .partitions = true,
                             .orchestrator_names = orchestrators,
                             .orchestrator_count = 2 };
}

static int32_t given_worker(th_db *control, int32_t hub_id)
{
    th_worker_info info = given_info(hub_id);
    th_error err = { 0 };

    CHECK(th_worker_register(control, &info, &err) == TH_OK);
    CHECK_STR(err.text, "");
    CHECK(info.worker_id > 0);
    return info.worker_id;
}

static th_watch watch_of(th_db *control, int32_t hub_id, th_arena *arena)
{
    th_watch watch;
    th_error err = { 0 };

    CHECK(th__owners_watch(control, hub_id, NULL, 0, arena, &watch, &err) == TH_OK);
    CHECK_STR(err.text, "");
    return watch;
}

/* The server lets go of a closed session's locks a moment later. */
static bool comes_free(th_db *db, int32_t class, int32_t id)
{
    char sql[300];

    snprintf(sql, sizeof sql,
             "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 2"
             " and classid = %d and objid = %d"
             " and database = (select oid from pg_database where datname = current_database())",
             class, id);
    return comes_to(db, sql, "0");
}

static int worker_lock_count(th_db *db, int pid)
{
    return atoi(value_of(db,
                         "select count(*) from pg_locks where locktype = 'advisory' and pid = %d"
                         " and classid = %d",
                         pid, (int)TH_LOCK_WORKER));
}

TEST(a_registered_worker_has_a_row_and_its_lock)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    int32_t id = given_worker(control, hub_id);
    th_arena *arena = th_arena_new(0);
    th_watch watch = watch_of(control, hub_id, arena);

    CHECK_STR(value_of(control,
                       "select concat_ws('|', hub_id - %d, host, pid, roles, orchestrators,"
                       " activities, draining, dead_at is null) from taskhub.workers"
                       " where worker_id = %d",
                       hub_id, id),
              "0|host-1|4711|orchestrators|{Hello,\"with \\\"quotes\\\", and {braces}\"}|{}|f|t");
    CHECK_STR(value_of(control, "select incarnation from taskhub.workers where worker_id = %d", id),
              th_db_incarnation(control));
    if (CHECK_INT(watch.worker_count, 1)) {
        CHECK_INT(watch.workers[0].worker_id, id);
        CHECK(watch.workers[0].locked && watch.workers[0].same_server && watch.workers[0].owns);
        CHECK(!watch.workers[0].draining && !watch.workers[0].dead);
    }
    th_arena_free(arena);
    th_db_close(control);
}

TEST(a_worker_without_the_orchestrators_role_owns_nothing)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    th_worker_info info = { .hub_id = hub_id, .host = "h", .pid = 1, .activities = true };
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };

    CHECK(th_worker_register(control, &info, &err) == TH_OK);
    th_watch watch = watch_of(control, hub_id, arena);
    CHECK(watch.worker_count == 1 && !watch.workers[0].owns);
    th_arena_free(arena);
    th_db_close(control);
}

TEST(a_worker_comes_back_under_its_id_with_the_new_incarnation)
{
    th_db *watcher = given_db(TH_DB_CONTROL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(watcher, 1, &first);
    th_worker_info info = given_info(hub_id);
    th_error err = { 0 };

    info.worker_id = given_worker(control, hub_id);
    int32_t id = info.worker_id;
    th_db_close(control);
    CHECK(comes_free(watcher, TH_LOCK_WORKER, id));
    value_of(watcher, "update taskhub.workers set incarnation = 'old' where worker_id = %d", id);

    control = given_db(TH_DB_CONTROL);
    CHECK(th_worker_register(control, &info, &err) == TH_OK);
    CHECK_INT(info.worker_id, id);
    CHECK_STR(value_of(watcher, "select incarnation from taskhub.workers where worker_id = %d", id),
              th_db_incarnation(control));
    CHECK_INT(worker_lock_count(watcher, th_db_pid(control)), 1);
    th_db_close(control);
    th_db_close(watcher);
}

TEST(a_buried_worker_gets_a_new_id_and_keeps_no_old_lock)
{
    th_db *watcher = given_db(TH_DB_CONTROL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(watcher, 1, &first);
    th_worker_info info = given_info(hub_id);
    bool buried = false;
    th_error err = { 0 };

    info.worker_id = given_worker(control, hub_id);
    int32_t id = info.worker_id;
    th_db_close(control);
    CHECK(comes_free(watcher, TH_LOCK_WORKER, id));
    CHECK(th_worker_bury(watcher, id, &buried, &err) == TH_OK && buried);

    control = given_db(TH_DB_CONTROL);
    CHECK(th_worker_register(control, &info, &err) == TH_OK);
    CHECK(info.worker_id > id);
    CHECK_INT(worker_lock_count(watcher, th_db_pid(control)), 1);
    th_db_close(control);
    th_db_close(watcher);
}

TEST(a_worker_whose_old_session_still_holds_the_lock_gets_a_new_id)
{
    th_db *old = given_db(TH_DB_CONTROL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(old, 1, &first);
    th_worker_info info = given_info(hub_id);
    th_error err = { 0 };

    info.worker_id = given_worker(old, hub_id);
    int32_t id = info.worker_id;
    CHECK(th_worker_register(control, &info, &err) == TH_OK);
    CHECK(info.worker_id > id);
    th_db_close(old);
    th_db_close(control);
}

TEST(ids_whose_lock_a_stranger_holds_are_passed_over)
{
    th_db *stranger = given_db(TH_DB_POOL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(stranger, 1, &first);
    int next = atoi(value_of(stranger, "select nextval(pg_get_serial_sequence('taskhub.workers',"
                                       " 'worker_id'))"));

    for (int i = 1; i <= 3; i++)
        value_of(stranger, "select pg_advisory_lock(%d, %d)", (int)TH_LOCK_WORKER, next + i);
    CHECK(given_worker(control, hub_id) > next + 3);
    CHECK_INT(worker_lock_count(stranger, th_db_pid(control)), 1);
    th_db_close(stranger);
    th_db_close(control);
}

TEST(a_failed_registration_gives_up_the_connection_and_with_it_the_lock)
{
    th_db *control = given_db(TH_DB_CONTROL), *watcher = given_db(TH_DB_POOL);
    int pid = th_db_pid(control);
    th_worker_info info = given_info(1);
    char sql[120];
    th_error err = { 0 };

    info.host = "not UTF-8: \xFF";
    CHECK(th_worker_register(control, &info, &err) == TH_DB);
    CHECK_STR(err.sqlstate, "22021");
    CHECK_INT(info.worker_id, 0);
    CHECK(th_db_is_lost(control));
    snprintf(sql, sizeof sql,
             "select count(*) from pg_locks where locktype = 'advisory' and pid = %d", pid);
    CHECK(comes_to(watcher, sql, "0"));
    th_db_close(control);
    th_db_close(watcher);
}

TEST(draining_and_leaving_are_seen_by_the_others)
{
    th_db *watcher = given_db(TH_DB_CONTROL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(watcher, 1, &first);
    int32_t id = given_worker(control, hub_id);
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };

    CHECK(th_worker_set_draining(control, id, &err) == TH_OK);
    th_watch watch = watch_of(watcher, hub_id, arena);
    CHECK(watch.worker_count == 1 && watch.workers[0].draining && watch.workers[0].locked);

    CHECK(th_worker_leave(control, id, &err) == TH_OK);
    watch = watch_of(watcher, hub_id, arena);
    CHECK(watch.worker_count == 1 && watch.workers[0].dead && !watch.workers[0].locked);
    CHECK(!th_db_is_lost(control));
    CHECK(th_worker_leave(control, id, &err) == TH_INTERNAL); /* it holds no lock any more */
    th_arena_free(arena);
    th_db_close(control);
    th_db_close(watcher);
}

TEST(workers_that_died_over_an_hour_ago_are_not_shown)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    int32_t id = given_worker(control, hub_id);
    th_arena *arena = th_arena_new(0);

    value_of(
        control,
        "update taskhub.workers set dead_at = now() - interval '61 minutes' where worker_id = %d",
        id);
    CHECK_INT(watch_of(control, hub_id, arena).worker_count, 0);
    th_arena_free(arena);
    th_db_close(control);
}

TEST(a_worker_is_buried_once_and_only_when_its_lock_is_free)
{
    th_db *watcher = given_db(TH_DB_CONTROL), *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(watcher, 1, &first);
    int32_t id = given_worker(control, hub_id);
    bool buried = true;
    th_error err = { 0 };

    CHECK(th_worker_bury(watcher, id, &buried, &err) == TH_OK && !buried);
    th_db_close(control);
    CHECK(comes_free(watcher, TH_LOCK_WORKER, id));
    CHECK(th_worker_bury(watcher, id, &buried, &err) == TH_OK && buried);
    CHECK(th_worker_bury(watcher, id, &buried, &err) == TH_OK && !buried);
    CHECK(comes_free(watcher, TH_LOCK_WORKER, id));
    th_db_close(watcher);
}

/* ---- partitions ---- */

/* A pen that holds the partition and stands in its row. */
static th_db *given_pen(int32_t partition_id)
{
    th_db *pen = given_db(TH_DB_PEN);

    CHECK_STR(value_of(pen, "select pg_try_advisory_lock(%d, %d)", (int)TH_LOCK_PEN, partition_id),
              "t");
    value_of(
        pen,
        "update taskhub.partitions set worker_id = 77, pen_pid = pg_backend_pid(), clean = false,"
        " pen_started = (select backend_start from pg_stat_get_activity(pg_backend_pid()))"
        " where partition_id = %d",
        partition_id);
    return pen;
}

TEST(the_watch_shows_who_holds_each_partition_of_the_hub_and_of_no_other)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, other, hub_id = given_hub(control, 2, &first);
    th_arena *arena = th_arena_new(0);

    CHECK(given_hub(control, 1, &other) != hub_id);
    th_db *pen = given_pen(first + 1);
    th_watch watch = watch_of(control, hub_id, arena);
    if (CHECK_INT(watch.partition_count, 2)) {
        const th_seen_partition *p = watch.partitions;

        CHECK_INT(p[0].partition_id, first);
        CHECK(p[0].holder_pid == 0 && p[0].worker_id == 0 && p[0].pen_pid == 0 && p[0].clean);
        CHECK_INT(p[1].partition_id, first + 1);
        CHECK_INT(p[1].holder_pid, th_db_pid(pen));
        CHECK_INT(p[1].pen_pid, th_db_pid(pen));
        CHECK(p[1].worker_id == 77 && !p[1].clean && !p[1].pen_waits_silent);
    }
    CHECK(watch.server_up_us > 0);
    CHECK(watch.server_now_us > INT64_C(1700000000) * SECOND);
    th_db_close(pen);
    th_arena_free(arena);
    th_db_close(control);
}

static bool waits_silent(th_db *control, int32_t hub_id, int32_t seconds)
{
    th_arena *arena = th_arena_new(0);
    th_watch watch;
    th_error err = { 0 };
    bool silent = th__owners_watch(control, hub_id, NULL, seconds, arena, &watch, &err) == TH_OK &&
                  watch.partition_count == 1 && watch.partitions[0].pen_waits_silent;

    th_arena_free(arena);
    return silent;
}

TEST(a_pen_that_left_a_transaction_open_is_silent_when_it_lasts)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    th_db *pen = given_pen(first);

    CHECK(!waits_silent(control, hub_id, 0));
    value_of(pen, "begin");
    CHECK(waits_silent(control, hub_id, 0));
    CHECK(!waits_silent(control, hub_id, 60));

    /* Another session than the one that the row names is not judged. */
    value_of(control, "update taskhub.partitions set pen_started = now() where partition_id = %d",
             first);
    CHECK(!waits_silent(control, hub_id, 0));
    th_db_close(pen);
    th_db_close(control);
}

TEST(a_pen_whose_client_stopped_reading_is_silent)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    th_db *pen = given_pen(first);
    char sql[120];

    CHECK(PQsendQuery(th_db_pg(pen), "select repeat('x', 50000000)"));
    snprintf(sql, sizeof sql, "select wait_event from pg_stat_activity where pid = %d",
             th_db_pid(pen));
    CHECK(comes_to(control, sql, "ClientWrite"));
    CHECK(waits_silent(control, hub_id, 0));
    th_db_close(pen);
    th_db_close(control);
}

/* ---- what the watch sees for those who sleep ---- */

static th_watch watch_for(th_db *control, int32_t hub_id, const th_sleepers *sleepers,
                          th_arena *arena)
{
    th_watch watch;
    th_error err = { 0 };

    CHECK(th_owners_watch(control, hub_id, sleepers, arena, &watch, &err) == TH_OK);
    CHECK_STR(err.text, "");
    return watch;
}

static void given_message(th_db *db, int32_t partition_id, const char *due)
{
    value_of(db,
             "insert into taskhub.inbox (partition_id, due, instance_id, kind) values (%d, %s,"
             " 'somebody', 17) returning 1",
             partition_id, due);
}

TEST(the_watch_tells_when_the_first_message_is_due_of_an_owner_that_sleeps)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 4, &first);
    th_arena *arena = th_arena_new(0);
    int32_t asleep[] = { first, first + 1, first + 2 };
    th_sleepers sleepers = { .partitions = asleep, .partition_count = 3 };

    given_message(control, first, "'-infinity'");
    given_message(control, first + 1, "now() + interval '1 hour'");
    given_message(control, first + 1, "now() + interval '2 hours'");
    given_message(control, first + 2, "'infinity'");
    given_message(control, first + 3, "'-infinity'");
    th_watch watch = watch_for(control, hub_id, &sleepers, arena);
    if (CHECK_INT(watch.partition_count, 4)) {
        CHECK_INT(watch.partitions[0].first_due_us, TH_TIME_NEG_INF);
        int64_t left_us = watch.partitions[1].first_due_us - watch.server_now_us;
        CHECK(left_us > 3500 * SECOND && left_us <= 3600 * SECOND);
        CHECK_INT(watch.partitions[2].first_due_us, TH_TIME_INF); /* held */
        CHECK_INT(watch.partitions[3].first_due_us, TH_TIME_INF); /* its owner is awake */
    }
    th_arena_free(arena);
    th_db_close(control);
}

static void given_unclaimed(th_db *db, int32_t partition_id, int id, int kind, const char *due)
{
    value_of(db,
             "insert into taskhub.activities (partition_id, id, instance_id, start_id,"
             " execution_id, seq, task_id, name, kind, due) values (%d, %d, 'somebody',"
             " gen_random_uuid(), gen_random_uuid(), 1, 1, 'Work', %d, %s) returning 1",
             partition_id, id, kind, due);
}

TEST(the_watch_tells_those_who_sleep_what_waits_to_be_claimed)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 2, &first);
    th_arena *arena = th_arena_new(0);
    th_sleepers both = { .activities = true, .episodes = true };

    given_unclaimed(control, first + 1, 1, 0, "now() + interval '10 minutes'");
    given_unclaimed(control, first + 1, 2, 1, "now() + interval '10 minutes'");
    th_watch watch = watch_for(control, hub_id, &both, arena);
    CHECK(!watch.activities_wait && !watch.episodes_wait);

    value_of(control,
             "update taskhub.activities set due = now() where partition_id = %d returning 1",
             first + 1);
    watch = watch_for(control, hub_id, &both, arena);
    CHECK(watch.activities_wait && watch.episodes_wait);
    watch = watch_for(control, hub_id, &(th_sleepers){ .episodes = true }, arena);
    CHECK(!watch.activities_wait && watch.episodes_wait);
    watch = watch_for(control, hub_id, NULL, arena);
    CHECK(!watch.activities_wait && !watch.episodes_wait);

    value_of(control,
             "update taskhub.activities set claimed_by = 1 where partition_id = %d and id = 1"
             " returning 1",
             first + 1);
    watch = watch_for(control, hub_id, &both, arena);
    CHECK(!watch.activities_wait && watch.episodes_wait);
    value_of(control, "delete from taskhub.activities where partition_id = %d returning 1",
             first + 1);
    th_arena_free(arena);
    th_db_close(control);
}

static void given_bound(th_db *db, int32_t hub_id, const char *name)
{
    value_of(db,
             "insert into taskhub.sql_activities (hub_id, name_key, name, schema_name,"
             " function_name, argument, result, created_by, created_at) values (%d, lower('%s'),"
             " '%s', 's', 'f', 'none', 'void', 'test', now()) returning 1",
             hub_id, name, name);
}

TEST(the_watch_sees_that_the_names_of_sql_activities_have_changed)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    th_arena *arena = th_arena_new(0);
    int32_t none = watch_for(control, hub_id, NULL, arena).names_print;

    given_bound(control, hub_id, "Pay");
    int32_t one = watch_for(control, hub_id, NULL, arena).names_print;
    CHECK(one != none);
    CHECK_INT(watch_for(control, hub_id, NULL, arena).names_print, one);
    given_bound(control, hub_id, "Book");
    CHECK(watch_for(control, hub_id, NULL, arena).names_print != one);
    value_of(control,
             "delete from taskhub.sql_activities where hub_id = %d and name = 'Book'"
             " returning 1",
             hub_id);
    CHECK_INT(watch_for(control, hub_id, NULL, arena).names_print, one);
    th_arena_free(arena);
    th_db_close(control);
}

/* ---- the fence ---- */

TEST(the_fence_ends_the_session_that_the_row_names_and_no_other)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    th_db *pen = given_pen(first);
    bool done = true;
    th_error err = { 0 };

    CHECK(hub_id > 0);
    value_of(control, "update taskhub.partitions set pen_started = now() where partition_id = %d",
             first);
    CHECK(th_owners_fence(control, first, &done, &err) == TH_OK && !done);
    value_of(control,
             "update taskhub.partitions set pen_pid = pen_pid + 1, pen_started = (select"
             " backend_start from pg_stat_get_activity(pen_pid)) where partition_id = %d",
             first);
    CHECK(th_owners_fence(control, first, &done, &err) == TH_OK && !done);
    CHECK_STR(value_of(pen, "select 1"), "1");

    value_of(control, "update taskhub.partitions set pen_pid = pen_pid - 1 where partition_id = %d",
             first);
    CHECK(th_owners_fence(control, first, &done, &err) == TH_OK && done);
    CHECK(comes_free(control, TH_LOCK_PEN, first));
    CHECK(th_db_query(pen, "select 1", 0, NULL, NULL, &err) == TH_DB_LOST);
    CHECK(th_owners_fence(control, first, &done, &err) == TH_OK && !done);
    th_db_close(pen);
    th_db_close(control);
}

TEST(the_fence_leaves_sessions_of_other_roles_alone)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int32_t first, hub_id = given_hub(control, 1, &first);
    char role[48], *address;
    th_db *pen = NULL;
    bool done = true;
    th_error err = { 0 };

    CHECK(hub_id > 0);
    snprintf(role, sizeof role, "th_test_stranger_%d", first);
    value_of(control, "create role %s login password 'x'", role);
    address = given_address("user=%s password=x", role);
    if (CHECK(th_db_open(address, TH_DB_PEN, &pen, &err) == TH_OK)) {
        value_of(pen, "select pg_try_advisory_lock(%d, %d)", (int)TH_LOCK_PEN, first);
        value_of(control,
                 "update taskhub.partitions set pen_pid = %d, pen_started = (select backend_start"
                 " from pg_stat_get_activity(%d)) where partition_id = %d",
                 th_db_pid(pen), th_db_pid(pen), first);
        CHECK(th_owners_fence(control, first, &done, &err) == TH_OK && !done);
        CHECK_STR(value_of(pen, "select 1"), "1");
    }
    th_db_close(pen);
    value_of(control, "drop role %s", role);
    free(address);
    th_db_close(control);
}
