/*
 * test_engine.c - whole engines: an orderly stop, two that share a hub, and what an owner's own
 * troubles must not do to its instances.
 */
#include <pthread.h>

#include "given_engine.h"

#include "given_apps.h"
#include "runtime/native.h"

/* ---- sides ----------------------------------------------------------------------------------- */

/* One process's worth of everything, of which a test may have several. */
typedef struct side {
    th_native *native;
    th_engine *engine;
} side;

static side start_side(const th_hub *hub)
{
    th_engine_options options = given_options(hub);
    side s = { .native = th_native_new(8) };
    th_error err = { 0 };

    options.pumps = 2;
    CHECK_INT(th_native_add(s.native, "hello", hello_app, &err), TH_OK);
    CHECK_INT(th_engine_new(&options, &s.engine, &err), TH_OK);
    th_native_attach(s.native, s.engine);
    th_engine_register(s.engine, th_native_executor(s.native));
    if (th_engine_start(s.engine, &err) != TH_OK)
        given_failed("start an engine", &err);
    return s;
}

static void stop_side(side *s)
{
    th_engine_stop(s->engine, SECOND);
    th_native_free(s->native);
    th_engine_free(s->engine);
    *s = (side){ 0 };
}

static int owned(const side *s)
{
    th_engine_stats stats;

    th_engine_stats_get(s->engine, &stats);
    return stats.partitions_owned;
}

static bool comes_to_own(const side *s, int n, int64_t us)
{
    int64_t until = given_now_us() + us;

    while (owned(s) != n) {
        if (given_now_us() > until)
            return false;
        poll(NULL, 0, 3);
    }
    return true;
}

/* ---- partitions ------------------------------------------------------------------------------ */

static long long partitions_where(const th_hub *hub, const char *where)
{
    return given_sql("select count(*) from taskhub.partitions_view where hub = '%s' and %s",
                     hub->name, where);
}

TEST(an_orderly_stop_gives_all_partitions_back_clean)
{
    given_quiet();
    th_hub hub = given_hub(4);
    side s = start_side(&hub);

    CHECK(comes_to_own(&s, 4, 5 * SECOND));
    CHECK_INT(partitions_where(&hub, "held and not clean"), 4);
    stop_side(&s);

    CHECK_INT(partitions_where(&hub, "clean and not held and worker_id is null"), 4);
    CHECK_INT(given_sql("select count(*) from taskhub.workers where hub_id = %d and dead_at is not"
                        " null",
                        (int)hub.hub_id),
              1);
}

TEST(two_engines_share_the_partitions_and_all_instances_complete)
{
    enum { INSTANCES = 40 };
    given_quiet();
    th_hub hub = given_hub(4);
    side a = start_side(&hub);

    CHECK(comes_to_own(&a, 4, 5 * SECOND));
    side b = start_side(&hub);
    th_front *front = given_front(a.engine);
    for (int i = 0; i < INSTANCES; i++) { /* while partitions move */
        char id[20];
        snprintf(id, sizeof id, "moving-%d", i);
        CHECK_INT(given_start(front, &hub, "hello_orchestrator", id, NULL), TH_OK);
        poll(NULL, 0, 50);
    }

    CHECK(comes_to_own(&a, 2, 10 * SECOND));
    CHECK(comes_to_own(&b, 2, 5 * SECOND));
    CHECK_INT(partitions_where(&hub, "held and holder_pid = pen_pid"), 4);
    for (int i = 0; i < INSTANCES; i++) {
        char id[20];
        snprintf(id, sizeof id, "moving-%d", i);
        CHECK(comes_to_status(&hub, id, TH_COMPLETED, 10 * SECOND));
        CHECK_STR(history_fault(&hub, id), "");
    }
    CHECK_STR(left_behind(&hub, 5 * SECOND), "");
    th_front_free(front);
    stop_side(&a);
    stop_side(&b);
}

TEST(when_one_engine_stops_the_other_has_its_partitions_within_two_seconds)
{
    given_quiet();
    th_hub hub = given_hub(4);
    side a = start_side(&hub);
    side b = start_side(&hub);

    CHECK(comes_to_own(&a, 2, 15 * SECOND));
    CHECK(comes_to_own(&b, 2, 15 * SECOND));
    int64_t begun = given_now_us();
    stop_side(&a);

    CHECK(comes_to_own(&b, 4, 5 * SECOND));
    int64_t took = given_now_us() - begun;
    if (!CHECK(took < 2 * SECOND))
        printf("it took %.2f s\n", (double)took / 1e6);
    stop_side(&b);
}

/* ---- sleep ----------------------------------------------------------------------------------- */

/* Partitions of the hub whose IDLE lock is held by the session that owns them, and by no other.
 * Other databases of the cluster have partitions of the same numbers, and locks for them. */
static bool comes_to_sleep(const th_hub *hub, const char *want)
{
    char sql[600];

    snprintf(sql, sizeof sql,
             "select count(*) from taskhub.partitions_view p where hub = '%s' and (select"
             " array_agg(l.pid) from pg_locks l where l.locktype = 'advisory' and l.objsubid = 2"
             " and l.classid = 1952972803::oid and l.objid::bigint = p.partition_id and l.granted"
             " and l.database = (select oid from pg_database where datname = current_database()))"
             " = array[p.holder_pid]",
             hub->name);
    return comes_to_within(sql, want, 5 * SECOND);
}

TEST(what_was_given_to_another_engine_sleeps_there)
{
    given_quiet();
    th_hub hub = given_hub(4);
    side a = start_side(&hub);

    CHECK(comes_to_own(&a, 4, 5 * SECOND));
    CHECK(comes_to_sleep(&hub, "4"));
    side b = start_side(&hub);

    CHECK(comes_to_own(&b, 2, 15 * SECOND));
    CHECK(comes_to_sleep(&hub, "4"));
    stop_side(&a);
    stop_side(&b);
}

/* Locks of a session count: what was tried twice must not stay after one letting go. */
TEST(an_owner_that_was_kept_from_sleep_leaves_no_lock_to_the_next_one)
{
    given_quiet();
    th_hub hub = given_hub(4);
    PGconn *sender = given_stranger();
    char sql[120];

    snprintf(sql, sizeof sql, "select pg_advisory_lock_shared(1952972803, %d)",
             (int)hub.first_partition);
    PQclear(given_sql_on(sender, sql));
    side a = start_side(&hub);
    CHECK(comes_to_own(&a, 4, 5 * SECOND));
    CHECK(comes_to_sleep(&hub, "2")); /* those of the other pump */
    poll(NULL, 0, 400);               /* a few tries of the first one, which nothing shows */
    PQfinish(sender);
    CHECK(comes_to_sleep(&hub, "4"));

    side b = start_side(&hub);
    CHECK(comes_to_own(&b, 2, 15 * SECOND));
    CHECK(comes_to_sleep(&hub, "4"));
    stop_side(&a);
    stop_side(&b);
}

/* ---- an executor that never answers ---------------------------------------------------------- */

typedef struct silent {
    th_executor executor;
    pthread_mutex_t mutex;
    th_token token; /* of the item that it was given last; number 0: none, or it was cancelled */
    bool cancelled;
} silent;

static bool silent_can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)self;
    (void)name;
    (void)version;
    return kind == TH_ITEM_ORCHESTRATOR;
}

static const char *silent_list(void *self, th_item_kind kind, size_t n)
{
    (void)self;
    return kind == TH_ITEM_ORCHESTRATOR && n == 0 ? "Silent" : NULL;
}

static void silent_run(void *self, const th_orch_item *item)
{
    silent *s = self;

    pthread_mutex_lock(&s->mutex);
    s->token = item->token;
    pthread_mutex_unlock(&s->mutex);
}

static void silent_cancel(void *self, th_token token)
{
    silent *s = self;

    pthread_mutex_lock(&s->mutex);
    s->cancelled |= s->token.pump == token.pump && s->token.number == token.number;
    pthread_mutex_unlock(&s->mutex);
}

static bool comes_to_have_an_item(silent *s)
{
    for (int64_t until = given_now_us() + 5 * SECOND; given_now_us() < until; poll(NULL, 0, 3)) {
        pthread_mutex_lock(&s->mutex);
        bool has = s->token.number != 0;
        pthread_mutex_unlock(&s->mutex);
        if (has)
            return true;
    }
    return false;
}

TEST(an_episode_that_is_never_answered_does_not_hold_up_a_stop)
{
    given_quiet();
    th_hub hub = given_hub(2);
    th_engine_options options = given_options(&hub);
    silent s = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    th_engine *engine = NULL;
    th_error err = { 0 };

    s.executor = (th_executor){ .name = "silent",
                                .self = &s,
                                .can_run = silent_can_run,
                                .list = silent_list,
                                .run_orchestrator = silent_run,
                                .cancel = silent_cancel };
    CHECK_INT(th_engine_new(&options, &engine, &err), TH_OK);
    th_engine_register(engine, &s.executor);
    CHECK_INT(th_engine_start(engine, &err), TH_OK);
    th_front *front = given_front(engine);
    CHECK_INT(given_start(front, &hub, "Silent", "one", NULL), TH_OK);
    CHECK(comes_to_have_an_item(&s));
    th_front_free(front);

    int64_t begun = given_now_us();
    th_engine_stop(engine, 0);
    CHECK(given_now_us() - begun < 3 * SECOND);

    CHECK(s.cancelled);
    CHECK_INT(partitions_where(&hub, "clean and not held"), 2);
    CHECK_INT(given_sql("select status from taskhub.instances where partition_id = %d",
                        (int)th_hub_partition_of(&hub, "one")),
              TH_PENDING);
    CHECK_INT(rows_of(&hub, "inbox"), 1); /* it waits for the next owner */
    th_engine_free(engine);
}

/* ---- lost connections ------------------------------------------------------------------------ */

/* Ends the owner's session that waits for the stranger, once there is another than the last one;
 * its pid, 0: there was none in time. */
static int end_one_that_waits_for(PGconn *stranger, int last)
{
    for (int64_t until = given_now_us() + 10 * SECOND; given_now_us() < until; poll(NULL, 0, 3)) {
        int pid =
            (int)given_sql("select pid from pg_stat_activity where application_name ="
                           " 'taskhub pen' and %d = any (pg_blocking_pids(pid)) and pid <> %d",
                           PQbackendPID(stranger), last);
        if (pid > 0 && given_sql("select count(*) where pg_terminate_backend(%d)", pid) == 1)
            return pid;
    }
    return 0;
}

static void hold_row(PGconn *stranger, const th_hub *hub, const char *id)
{
    char sql[200];

    snprintf(sql, sizeof sql,
             "begin; select from taskhub.instances where partition_id = %d and instance_id = '%s'"
             " for update",
             (int)th_hub_partition_of(hub, id), id);
    PQclear(given_sql_on(stranger, sql));
}

/* However often: the process did not die of it. */
TEST(an_instance_whose_owner_loses_its_connection_again_and_again_is_no_poison)
{
    given_quiet();
    th_hub hub = given_hub(1);
    th_front *front = given_front(NULL);
    PGconn *stranger = given_stranger();
    int pid = 0;

    CHECK_INT(given_start(front, &hub, "hello_orchestrator", "one", NULL), TH_OK);
    hold_row(stranger, &hub, "one");
    side s = start_side(&hub);
    for (int i = 0; i < 5; i++)
        CHECK((pid = end_one_that_waits_for(stranger, pid)) > 0);
    PQfinish(stranger);

    CHECK(comes_to_status(&hub, "one", TH_COMPLETED, 10 * SECOND));
    CHECK_STR(column_of(&hub, "one", "failure"), "");
    CHECK_STR(history_fault(&hub, "one"), "");
    CHECK_STR(left_behind(&hub, 10 * SECOND), "");
    th_front_free(front);
    stop_side(&s);
}

TEST(after_its_connections_are_ended_an_engine_goes_on_within_three_seconds)
{
    given_quiet();
    th_hub hub = given_hub(4);
    side s = start_side(&hub);
    th_front *front = given_front(s.engine);

    CHECK(comes_to_own(&s, 4, 5 * SECOND));
    given_sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname ="
              " current_database() and application_name like 'taskhub%%' and pid <> %d"
              " and pid <> pg_backend_pid()",
              PQbackendPID(th_db_pg(given_db())));
    int64_t begun = given_now_us();
    CHECK_INT(given_start(front, &hub, "hello_orchestrator", "one", NULL), TH_OK);
    CHECK(comes_to_status(&hub, "one", TH_COMPLETED, 10 * SECOND));

    int64_t took = given_now_us() - begun;
    if (!CHECK(took < 3 * SECOND))
        printf("it took %.2f s\n", (double)took / 1e6);
    CHECK_STR(left_behind(&hub, 5 * SECOND), "");
    th_front_free(front);
    stop_side(&s);
}

/* ---- ids ---------------------------------------------------------------------------------------
 */

TEST(an_id_can_be_started_again_and_again_as_soon_as_it_has_finished)
{
    enum { TIMES = 30 };
    given_quiet();
    th_hub hub = given_hub(2);
    side s = start_side(&hub);
    th_front *front = given_front(s.engine);

    for (int i = 0; i < TIMES; i++) {
        CHECK_INT(given_start(front, &hub, "hello_orchestrator", "same", NULL), TH_OK);
        /* Nobody waits for it: dropped, now or when the instance has finished. */
        th_rc rc = given_signal(front, &hub, TH_SIGNAL_RAISE, "same", "noise", "1");
        CHECK(rc == TH_OK || rc == TH_FINISHED);
        if (!CHECK(comes_to_status(&hub, "same", TH_COMPLETED, 10 * SECOND)))
            break;
        CHECK_STR(history_fault(&hub, "same"), "");
    }
    CHECK_STR(left_behind(&hub, 5 * SECOND), "");
    th_front_free(front);
    stop_side(&s);
}
