/* Wake-ups: who listens is told, who does not sleep is not, and a wait ends for every reason it
 * should. */
#include "store/notify.h"

#include <pthread.h>
#include <unistd.h>

#include "given_db.h"
#include "store/owners.h"

typedef struct heard {
    int count;
    int32_t last, sum;
} heard;

static void hear(void *arg, int32_t partition_id)
{
    heard *h = arg;

    h->count++;
    h->last = partition_id;
    h->sum += partition_id;
}

static heard wait_for(th_db *control, int64_t timeout_us)
{
    heard h = { 0 };
    th_error err = { 0 };

    CHECK(th_notify_wait(control, -1, timeout_us, hear, &h, &err) == TH_OK);
    CHECK_STR(err.text, "");
    return h;
}

/* An owner that went to sleep: listens on control, holds IDLE on its pen. */
static void sleep_on(th_db *control, th_db *pen, int32_t partition_id)
{
    th_error err = { 0 };

    CHECK(th_listen_partition(control, partition_id, true, &err) == TH_OK);
    CHECK_STR(value_of(pen, "select pg_try_advisory_lock(%d, %d)", (int)TH_LOCK_IDLE, partition_id),
              "t");
}

TEST(a_sleeping_owner_is_woken_and_one_that_is_awake_is_not)
{
    th_db *control = given_db(TH_DB_CONTROL), *pen = given_db(TH_DB_PEN),
          *pool = given_db(TH_DB_POOL);
    int32_t first;
    th_error err = { 0 };

    given_hub(pool, 3, &first);
    sleep_on(control, pen, first);
    CHECK(th_listen_partition(control, first + 1, true, &err) == TH_OK); /* awake: holds no lock */
    sleep_on(control, pen, first + 2);

    int32_t ids[] = { first, first + 1, first + 2 };
    CHECK(th_notify_partitions(pool, ids, 3, &err) == TH_OK);
    heard h = wait_for(control, 10 * SECOND);
    if (h.count == 1)
        h.count += wait_for(control, 10 * SECOND).count;
    CHECK_INT(h.count, 2);
    CHECK_INT(wait_for(control, 20000).count, 0);

    ids[0] = first + 1;
    CHECK(th_notify_partitions(pool, ids, 1, &err) == TH_OK);
    CHECK_INT(wait_for(control, 20000).count, 0);
    th_db_close(control);
    th_db_close(pen);
    th_db_close(pool);
}

TEST(the_probe_of_a_sender_leaves_no_lock_behind)
{
    th_db *pool = given_db(TH_DB_POOL), *pen = given_db(TH_DB_PEN);
    int32_t first, hub_id = given_hub(pool, 1, &first);
    th_error err = { 0 };

    CHECK(th_notify_partitions(pool, &first, 1, &err) == TH_OK);
    CHECK(th_notify_activities(pool, hub_id, &err) == TH_OK);
    CHECK(th_notify_partitions(pool, NULL, 0, &err) == TH_OK);
    CHECK_STR(value_of(pen, "select pg_try_advisory_lock(%d, %d)", (int)TH_LOCK_IDLE, first), "t");
    CHECK_STR(value_of(pen, "select pg_try_advisory_lock(%d, %d)", (int)TH_LOCK_AIDLE, hub_id),
              "t");
    th_db_close(pool);
    th_db_close(pen);
}

TEST(sleeping_activity_workers_are_woken_all_and_only_while_one_sleeps)
{
    th_db *a = given_db(TH_DB_CONTROL), *b = given_db(TH_DB_CONTROL), *pool = given_db(TH_DB_POOL);
    int32_t first, hub_id = given_hub(pool, 1, &first);
    bool had = false;
    th_error err = { 0 };

    CHECK(th_listen_activities(a, hub_id, &err) == TH_OK);
    CHECK(th_listen_activities(b, hub_id, &err) == TH_OK);
    CHECK(th_notify_activities(pool, hub_id, &err) == TH_OK);
    CHECK_INT(wait_for(a, 20000).count, 0);

    CHECK(th_activities_idle(a, hub_id, true, &had, &err) == TH_OK && had);
    CHECK(th_activities_idle(b, hub_id, true, &had, &err) == TH_OK && had);
    CHECK(th_notify_activities(pool, hub_id, &err) == TH_OK);
    heard h = wait_for(a, 10 * SECOND);
    CHECK(h.count == 1 && h.last == 0);
    CHECK_INT(wait_for(b, 10 * SECOND).count, 1);

    CHECK(th_activities_idle(a, hub_id, false, &had, &err) == TH_OK && had);
    CHECK(th_activities_idle(b, hub_id, false, &had, &err) == TH_OK && had);
    CHECK(th_notify_activities(pool, hub_id, &err) == TH_OK);
    CHECK_INT(wait_for(a, 20000).count, 0);
    th_db_close(a);
    th_db_close(b);
    th_db_close(pool);
}

TEST(after_unlisten_nothing_comes)
{
    th_db *control = given_db(TH_DB_CONTROL), *pen = given_db(TH_DB_PEN),
          *pool = given_db(TH_DB_POOL);
    int32_t first;
    th_error err = { 0 };

    given_hub(pool, 1, &first);
    sleep_on(control, pen, first);
    CHECK(th_listen_partition(control, first, false, &err) == TH_OK);
    CHECK(th_notify_partitions(pool, &first, 1, &err) == TH_OK);
    CHECK_INT(wait_for(control, 20000).count, 0);
    th_db_close(control);
    th_db_close(pen);
    th_db_close(pool);
}

TEST(what_a_statement_brought_along_is_reported_without_a_wait)
{
    th_db *control = given_db(TH_DB_CONTROL), *pool = given_db(TH_DB_POOL);
    int64_t before_us = th__real_us();
    int32_t first;
    th_error err = { 0 };

    given_hub(pool, 1, &first);
    CHECK(th_listen_partition(control, first, true, &err) == TH_OK);
    value_of(pool, "select pg_notify('taskhub_%d', '')", first);
    CHECK_STR(value_of(control, "select 1"), "1");
    heard h = wait_for(control, 60 * SECOND);
    CHECK(h.count == 1 && h.last == first);
    CHECK(th__real_us() - before_us < 20 * SECOND);
    th_db_close(control);
    th_db_close(pool);
}

TEST(channels_of_others_are_ignored)
{
    static const char *const channels[] = { "taskhub_x",           "taskhub_",
                                            "taskhub_a",           "taskhub_12x",
                                            "taskhub_-1",          "other_1",
                                            "taskhub_99999999999", "taskhub_0",
                                            "taskhub_2147483648" };
    enum { N = sizeof channels / sizeof *channels };
    th_db *control = given_db(TH_DB_CONTROL), *pool = given_db(TH_DB_POOL);
    int32_t first;
    th_error err = { 0 };

    given_hub(pool, 1, &first);
    for (int i = 0; i < N; i++) {
        value_of(control, "listen \"%s\"", channels[i]);
        value_of(pool, "select pg_notify('%s', '')", channels[i]);
    }
    CHECK(th_listen_partition(control, first, true, &err) == TH_OK);
    value_of(pool, "select pg_notify('taskhub_%d', 'with a payload')", first);
    heard h = wait_for(control, 10 * SECOND);
    CHECK(h.count == 1 && h.last == first);
    th_db_close(control);
    th_db_close(pool);
}

TEST(a_wait_ends_when_the_wake_descriptor_is_readable)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int fds[2];
    heard h = { 0 };
    th_error err = { 0 };
    char byte = 0;

    if (!CHECK(pipe(fds) == 0) || !CHECK(write(fds[1], &byte, 1) == 1))
        return;
    CHECK(th_notify_wait(control, fds[0], 60 * SECOND, hear, &h, &err) == TH_OK);
    CHECK_INT(h.count, 0);
    CHECK(read(fds[0], &byte, 1) == 1); /* it is left to the caller */
    close(fds[0]);
    close(fds[1]);
    th_db_close(control);
}

TEST(a_wait_without_news_lasts_as_long_as_it_should)
{
    th_db *control = given_db(TH_DB_CONTROL);
    int64_t before_us = th__real_us();

    CHECK_INT(wait_for(control, 30000).count, 0);
    CHECK(th__real_us() - before_us >= 30000);
    CHECK_INT(wait_for(control, 0).count, 0);
    th_db_close(control);
}

TEST(a_broken_connection_ends_the_wait_as_lost)
{
    th_db *control = given_db(TH_DB_CONTROL), *pool = given_db(TH_DB_POOL);
    heard h = { 0 };
    th_error err = { 0 };

    CHECK_STR(value_of(pool, "select pg_terminate_backend(%d)", th_db_pid(control)), "t");
    CHECK(th_notify_wait(control, -1, 60 * SECOND, hear, &h, &err) == TH_DB_LOST);
    CHECK(err.text[0] != '\0');
    CHECK(th_db_is_lost(control));
    th_error_clear(&err);
    CHECK(th_notify_wait(control, -1, 60 * SECOND, hear, &h, &err) == TH_DB_LOST);
    th_db_close(control);
    th_db_close(pool);
}

/* Protocol W2 and W1 against each other: no order of steps may leave a message unseen by a sleeping
 * owner. */
enum { ROUNDS = 400 };

typedef struct sender {
    int32_t partition_id;
    int sent;
} sender;

static void *send_messages(void *arg)
{
    sender *s = arg;
    th_db *pool = given_db(TH_DB_POOL);

    for (int i = 0; i < ROUNDS; i++) {
        th_error err = { 0 };

        value_of(pool,
                 "insert into taskhub.inbox (partition_id, instance_id, kind) values (%d, 'i', 1)",
                 s->partition_id);
        s->sent += th_notify_partitions(pool, &s->partition_id, 1, &err) == TH_OK;
    }
    th_db_close(pool);
    return NULL;
}

static int take_messages(th_db *pen, int32_t partition_id)
{
    return atoi(value_of(pen,
                         "with d as (delete from taskhub.inbox where partition_id = %d returning 1)"
                         " select count(*) from d",
                         partition_id));
}

TEST(an_owner_that_locks_then_looks_then_sleeps_misses_no_message)
{
    th_db *control = given_db(TH_DB_CONTROL), *pen = given_db(TH_DB_PEN);
    sender s = { 0 };
    pthread_t thread;
    int taken = 0, overslept = 0;
    th_error err = { 0 };

    given_hub(pen, 1, &s.partition_id);
    CHECK(th_listen_partition(control, s.partition_id, true, &err) == TH_OK);
    pthread_create(&thread, NULL, send_messages, &s);
    while (taken < ROUNDS && overslept == 0) {
        taken += take_messages(pen, s.partition_id);
        if (taken == ROUNDS || strcmp(value_of(pen, "select pg_try_advisory_lock(%d, %d)",
                                               (int)TH_LOCK_IDLE, s.partition_id),
                                      "t") != 0)
            continue;
        int late = take_messages(pen, s.partition_id);
        if (late == 0)
            overslept += wait_for(control, 5 * SECOND).count == 0;
        taken += late;
        value_of(pen, "select pg_advisory_unlock(%d, %d)", (int)TH_LOCK_IDLE, s.partition_id);
    }
    pthread_join(thread, NULL);
    CHECK_INT(overslept, 0);
    CHECK_INT(s.sent, ROUNDS);
    th_db_close(control);
    th_db_close(pen);
}
