/*
 * test_pen_work.c - what an owner's connection does beside commits: the claims of dead workers
 * (protocol A5), attempts (O2), reads (I2) and the locks of those that sleep (W2).
 */
#include "given_pen.h"
#include "store/activities.h"

/* ---- A5: claims of the dead ------------------------------------------------------------------ */

static int given_worker(bool dead)
{
    return (int)given_sql("insert into taskhub.workers (hub_id, host, pid, program, roles,"
                          " incarnation, dead_at) values (1, 'here', 1, 'test', '', '', %s)"
                          " returning worker_id",
                          dead ? "now()" : "null");
}

/* claimed_by 0: nobody. */
static void given_activity(int32_t p, int id, int claimed_by, int crashes)
{
    given_sql("insert into taskhub.activities (partition_id, id, instance_id, start_id,"
              " execution_id, seq, task_id, name, claimed_by, claim_no, crashes) values (%d, %d,"
              " 'somebody', gen_random_uuid(), gen_random_uuid(), %d, 0, 'Work', nullif(%d, 0), 3,"
              " %d)",
              (int)p, id, id, claimed_by, crashes);
}

static long long activities_of(int32_t p, const char *where)
{
    return given_sql("select count(*) from taskhub.activities where partition_id = %d and %s",
                     (int)p, where);
}

TEST(what_dead_and_unknown_workers_hold_comes_free_and_is_counted)
{
    enum { UNKNOWN = INT32_MAX, CRASH_LIMIT = 5 };
    int me = given_worker(false), dead = given_worker(true), alive = given_worker(false);
    int32_t p = given_partition(), elsewhere = given_partition();
    th_pen *pen = given_pen();
    int64_t freed = -1, poisoned = -1;
    th_error err = { 0 };

    given_owner(pen, p);
    given_activity(p, 1, dead, 0);
    given_activity(p, 2, UNKNOWN, 3);
    given_activity(p, 3, dead, 4);
    given_activity(p, 4, alive, 0);
    given_activity(p, 5, me, 0);
    given_activity(p, 6, 0, 1);
    given_activity(elsewhere, 7, dead, 0);

    CHECK_INT(th_pen_release_dead(pen, p, me, CRASH_LIMIT, &freed, &poisoned, NULL, &err), TH_OK);

    CHECK_INT(freed, 2);
    CHECK_INT(poisoned, 1);
    CHECK_INT(activities_of(p, "id = 1 and claimed_by is null and crashes = 1 and claim_no = 3"),
              1);
    CHECK_INT(activities_of(p, "id = 2 and claimed_by is null and crashes = 4"), 1);
    CHECK_INT(activities_of(p, "id = 3"), 0);
    CHECK_INT(activities_of(p, "id in (4, 5) and claimed_by is not null and crashes = 0"), 2);
    CHECK_INT(activities_of(p, "id = 6 and crashes = 1"), 1);
    CHECK_INT(activities_of(elsewhere, "claimed_by is not null"), 1);
    CHECK_INT(given_sql("select count(*) from taskhub.inbox where partition_id = %d and kind = 8"
                        " and ref = 3 and due = '-infinity' and body::json -> 'failure' ->> 'type'"
                        " = 'PoisonActivity'",
                        (int)p),
              1);
    th_pen_close(pen);
}

/* ---- A6: abandoned ones ---------------------------------------------------------------------- */

/* An activity of an instance that is there, in that status; claimed by somebody under number 3. */
static void given_activity_of(int32_t p, int id, int status)
{
    given_sql("with i as (insert into taskhub.instances (partition_id, instance_id, start_id,"
              " execution_id, status, name) values (%d, 'i%d', gen_random_uuid(),"
              " gen_random_uuid(), %d, 'O') returning *)"
              " insert into taskhub.activities (partition_id, id, instance_id, start_id,"
              " execution_id, seq, task_id, name, input, claimed_by, claim_no, crashes)"
              " select partition_id, %d, instance_id, start_id, execution_id, 1, 0, 'Work',"
              " 'first', 77, 3, 2 from i returning 1",
              (int)p, id, status, id);
}

TEST(abandoned_ones_come_free_and_those_that_go_on_do_so_unless_nobody_waits)
{
    enum { RUNNING = 0, TERMINATED = 5 };
    int32_t p = given_partition();
    th_error err = { 0 };
    th_db *db = NULL;

    given_activity_of(p, 1, RUNNING);
    given_activity_of(p, 2, RUNNING);
    given_activity_of(p, 3, TERMINATED);
    given_activity_of(p, 4, RUNNING);
    given_activity_of(p, 5, TERMINATED);
    given_activity_of(p, 6, RUNNING);
    given_sql("update taskhub.instances set execution_id = gen_random_uuid()"
              " where partition_id = %d and instance_id = 'i6' returning 1",
              (int)p);
    th_completed items[] = {
        { .partition_id = p, .id = 1, .claim_no = 3 },
        { .partition_id = p, .id = 2, .claim_no = 3, .delay_us = 60000000, .next_input = "next" },
        { .partition_id = p, .id = 3, .claim_no = 3, .delay_us = 60000000, .next_input = "next" },
        { .partition_id = p, .id = 4, .claim_no = 2, .delay_us = 60000000, .next_input = "next" },
        { .partition_id = p, .id = 5, .claim_no = 3, .delay_us = 30000000 },
        { .partition_id = p, .id = 6, .claim_no = 3, .next_input = "next" },
    };
    CHECK_INT(th_db_open(given_database(), TH_DB_POOL, &db, &err), TH_OK);
    CHECK_INT(th_activities_abandon(db, items, 6, &err), TH_OK);
    CHECK_STR(err.text, "");
    th_db_close(db);

    CHECK_INT(activities_of(p, "id = 1 and claimed_by is null and input = 'first' and crashes = 2"
                               " and due = '-infinity'"),
              1);
    CHECK_INT(activities_of(p, "id = 2 and claimed_by is null and input = 'next' and crashes = 0"
                               " and due between now() + interval '55 s' and now() + interval"
                               " '61 s' and claim_no = 3"),
              1);
    CHECK_INT(activities_of(p, "id in (3, 6)"), 0);
    CHECK_INT(activities_of(p, "id = 4 and claimed_by = 77 and input = 'first' and claim_no = 3"),
              1);
    CHECK_INT(activities_of(p, "id = 5 and claimed_by is null and input = 'first'"
                               " and due > now() + interval '20 s'"),
              1);
}

/* ---- O2: attempts ---------------------------------------------------------------------------- */

TEST(attempts_of_messages_are_counted_and_committed)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    int64_t a = given_message(p, "a"), b = given_message(p, "b");
    th_message_key keys[] = { { p, TH_TIME_NEG_INF, a }, { p, TH_TIME_NEG_INF, b } };
    th_error err = { 0 };

    given_owner(pen, p);
    CHECK_INT(th_pen_count_attempts(pen, keys, 2, &err), TH_OK);
    CHECK_INT(th_pen_count_attempts(pen, keys, 1, &err), TH_OK);

    CHECK_INT(given_sql("select attempts from taskhub.inbox where message_no = %lld", (long long)a),
              2);
    CHECK_INT(given_sql("select attempts from taskhub.inbox where message_no = %lld", (long long)b),
              1);
    th_pen_close(pen);
}

/* ---- I2: reads ------------------------------------------------------------------------------- */

static th_pen_done read_inbox(th_pen *pen, int32_t p, const int64_t *hand, size_t n, int32_t limit)
{
    th_error err = { 0 };

    th_pen_read read = {
        .partitions = &p, .count = 1, .hand = hand, .hand_count = n, .limit = limit
    };
    CHECK_INT(th_pen_send_read(pen, &read, &err), TH_OK);
    return given_done(pen);
}

TEST(of_an_instance_that_is_left_out_a_read_gives_what_ends_it_and_what_has_a_time)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    const char *crowd[] = { "somebody" };
    th_pen_read read = {
        .partitions = &p, .count = 1, .left_out = crowd, .left_out_count = 1, .limit = 10
    };
    th_error err = { 0 };
    given_owner(pen, p);
    given_message(p, "1");
    int64_t other = given_message(p, "2"), end = given_message(p, "3"),
            timer = given_message(p, "4");
    given_sql("update taskhub.inbox set instance_id = 'other' where message_no = %lld returning 1",
              (long long)other);
    given_sql("update taskhub.inbox set kind = 5 where message_no = %lld returning 1",
              (long long)end);
    given_sql("update taskhub.inbox set due = '1970-01-01' where message_no = %lld returning 1",
              (long long)timer);

    CHECK_INT(th_pen_send_read(pen, &read, &err), TH_OK);
    th_pen_done done = given_done(pen);
    if (CHECK_INT(done.count, 3)) {
        CHECK_INT(done.rows[0].message_no, other);
        CHECK_INT(done.rows[1].message_no, end);
        CHECK_INT(done.rows[2].message_no, timer);
    }
    th_pen_done_clear(&done);
    th_pen_close(pen);
}

TEST(a_read_gives_what_is_due_in_order_less_what_is_in_hand_and_when_more_is_due)
{
    int32_t p = given_partition(), other = given_partition();
    th_pen *pen = given_pen();

    given_owner(pen, p);
    int64_t a = given_message(p, "a"), b = given_message(p, "b"), c = given_message(p, "c");
    given_message(other, "not ours");
    given_sql("insert into taskhub.inbox (partition_id, due, instance_id, kind, payload) values"
              " (%d, now() - interval '1 s', 'somebody', 13, 'overdue'),"
              " (%d, now() + interval '1 hour', 'somebody', 13, 'later'),"
              " (%d, 'infinity', 'somebody', 17, 'held')",
              (int)p, (int)p, (int)p);

    th_pen_done done = read_inbox(pen, p, &b, 1, LIMIT);
    if (CHECK_INT(done.count, 3)) {
        CHECK_INT(done.rows[0].message_no, a);
        CHECK_INT(done.rows[1].message_no, c);
        CHECK_STR(done.rows[2].payload, "overdue");
        CHECK(!done.rows[0].found);
    }
    if (CHECK_INT(done.next_count, 1)) {
        int64_t left_us = done.next[0].due_us - done.next[0].now_us;
        CHECK(left_us > INT64_C(3500) * 1000000 && left_us <= INT64_C(3600) * 1000000);
    }
    th_pen_done_clear(&done);
    th_pen_close(pen);
}

TEST(immediate_messages_do_not_keep_those_with_a_time_waiting)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();

    given_owner(pen, p);
    for (int i = 0; i < 5; i++)
        given_message(p, "now");
    given_sql("insert into taskhub.inbox (partition_id, due, instance_id, kind, payload) values"
              " (%d, now() - interval '1 s', 'somebody', 13, 'timer')",
              (int)p);

    th_pen_done done = read_inbox(pen, p, NULL, 0, 2);
    if (CHECK_INT(done.count, 3))
        CHECK_STR(done.rows[2].payload, "timer");
    th_pen_done_clear(&done);
    th_pen_close(pen);
}

/* ---- W2: idle -------------------------------------------------------------------------------- */

/* As a sender asks before it notifies. */
static bool sleeps(int32_t p)
{
    return given_sql("select count(*) where not pg_try_advisory_xact_lock_shared(%d, %d)",
                     (int)TH_LOCK_IDLE, (int)p) == 1;
}

static bool idle(th_pen *pen, const int32_t *partitions, size_t n, bool on)
{
    th_error err = { 0 };

    CHECK_INT(th_pen_send_idle(pen, partitions, n, on, &err), TH_OK);
    th_pen_done done = given_done(pen);
    CHECK_INT(done.rc, TH_OK);
    bool locked = done.idle_locked;
    th_pen_done_clear(&done);
    return locked;
}

TEST(senders_see_that_an_owner_sleeps_until_it_wakes)
{
    int32_t partitions[] = { given_partition(), given_partition() };
    th_pen *pen = given_pen();

    CHECK(!sleeps(partitions[0]));
    CHECK(idle(pen, partitions, 2, true));
    CHECK(sleeps(partitions[0]));
    CHECK(sleeps(partitions[1]));

    idle(pen, partitions, 2, false);
    CHECK(!sleeps(partitions[0]));
    CHECK(!sleeps(partitions[1]));
    th_pen_close(pen);
}

TEST(an_owner_hears_that_it_could_not_lie_down)
{
    int32_t partitions[] = { given_partition(), given_partition() };
    th_pen *pen = given_pen();
    PGconn *sender = given_stranger();
    char sql[120];

    snprintf(sql, sizeof sql, "select pg_advisory_lock_shared(%d, %d)", (int)TH_LOCK_IDLE,
             (int)partitions[1]);
    PQclear(given_sql_on(sender, sql));

    CHECK(!idle(pen, partitions, 2, true));
    PQfinish(sender);
    th_pen_close(pen);
}

/* ---- S1: a word ------------------------------------------------------------------------------ */

TEST(a_pens_word_is_answered_and_is_no_statement)
{
    th_pen *pen = given_pen();
    th_error err = { 0 };

    idle(pen, NULL, 0, true);
    CHECK_INT(th_pen_send_word(pen, &err), TH_OK);
    th_pen_done done = given_done(pen);
    CHECK_INT(done.rc, TH_OK);
    CHECK_INT(done.op, TH_PEN_WORD);
    th_pen_done_clear(&done);
    CHECK_INT(given_sql("select count(*) from pg_stat_activity where pid = %d and query like"
                        " '%%pg_try_advisory_lock%%'",
                        th_pen_pid(pen)),
              1);
    th_pen_close(pen);
}
