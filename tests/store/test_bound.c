/*
 * test_bound.c - one statement that runs a bound function and completes its activity: what becomes
 * of it, and that two with one claim are one.
 */
#include "store/bound.h"

#include <pthread.h>
#include <string.h>

#include "given_hub.h"
#include "store/owners.h"
#include "test.h"

static const int32_t claim_no = 3;

typedef struct scene {
    th_hub hub;
    th_db *db;
    th_arena *arena;
    th_bound_failure failed;
} scene;

/* An instance that runs, and the function public.f_<hub>, with that body, bound to F. */
static scene *given_scene(const char *body)
{
    scene *s = th_malloc(sizeof *s);
    th_error err = { 0 };

    s->hub = given_hub(1);
    s->arena = th_arena_new(0);
    given_sql("create table if not exists public.posts (hub text, n int)");
    given_sql("create function public.f_%s(p jsonb) returns int language plpgsql as $f$ begin"
              " insert into public.posts values ('%s', p::int); %s; return p::int; end $f$",
              s->hub.name, s->hub.name, body);
    given_sql("select 1 from taskhub.create_activity('F', 'public.f_%s(jsonb)', '%s')", s->hub.name,
              s->hub.name);
    given_sql("insert into taskhub.instances (partition_id, instance_id, start_id, execution_id,"
              " status, name, created_at) values (%d, 'one', gen_random_uuid(), gen_random_uuid(),"
              " 0, 'x', now())",
              (int)s->hub.first_partition);
    if (th_db_open(given_database(), TH_DB_POOL, &s->db, &err) != TH_OK)
        given_failed("connect", &err);
    return s;
}

static void end_scene(scene *s)
{
    th_db_close(s->db);
    th_arena_free(s->arena);
    free(s);
}

static void given_activity(const scene *s, int id)
{
    given_sql("insert into taskhub.activities (partition_id, id, instance_id, start_id,"
              " execution_id, seq, task_id, name, input, claimed_by, claim_no) select partition_id,"
              " %d, instance_id, start_id, execution_id, 1, 1, 'F', '%d', 1, %d from"
              " taskhub.instances where partition_id = %d",
              id, id, (int)claim_no, (int)s->hub.first_partition);
}

static th_bound_call call_of(const scene *s, int id)
{
    return (th_bound_call){ .hub_id = s->hub.hub_id,
                            .name = "f",
                            .partition_id = s->hub.first_partition,
                            .id = id,
                            .claim_no = claim_no };
}

static th_bound_outcome run(scene *s, const th_bound_call *call)
{
    th_error err = { 0 };

    return th_bound_run(s->db, s->arena, call, &s->failed, &err);
}

static long long posts(const scene *s)
{
    return given_sql("select count(*) from public.posts where hub = '%s'", s->hub.name);
}

static long long completions(const scene *s)
{
    return given_sql("select count(*) from taskhub.inbox where partition_id = %d and kind = 7",
                     (int)s->hub.first_partition);
}

TEST(names_are_listed_with_the_print_that_the_watch_shows)
{
    scene *s = given_scene("perform 1");
    const char **names;
    size_t count;
    int32_t print;
    th_watch watch;
    th_error err = { 0 };

    CHECK_INT(th_bound_names(s->db, s->arena, s->hub.hub_id, &names, &count, &print, &err), TH_OK);
    CHECK_INT(count, 1);
    CHECK_STR(names[0], "F");
    CHECK_INT(th_owners_watch(s->db, s->hub.hub_id, NULL, s->arena, &watch, &err), TH_OK);
    CHECK(print != 0);
    CHECK_INT(watch.names_print, print);
    end_scene(s);
}

TEST(a_claimed_one_is_done_once)
{
    scene *s = given_scene("perform 1");
    th_bound_call call = call_of(s, 1);

    given_activity(s, 1);
    CHECK_INT(run(s, &call), TH_BOUND_DONE);
    CHECK_INT(run(s, &call), TH_BOUND_STALE);
    CHECK_INT(posts(s), 1);
    CHECK_INT(completions(s), 1);
    end_scene(s);
}

TEST(an_old_claim_and_an_unbound_name_do_nothing)
{
    scene *s = given_scene("perform 1");
    th_bound_call old = call_of(s, 1), unbound = call_of(s, 1);

    given_activity(s, 1);
    old.claim_no--;
    unbound.name = "g";
    CHECK_INT(run(s, &old), TH_BOUND_STALE);
    CHECK_INT(run(s, &unbound), TH_BOUND_UNBOUND);
    CHECK_INT(posts(s), 0);
    end_scene(s);
}

TEST(a_failure_says_what_the_server_said_and_nothing_has_happened)
{
    scene *s = given_scene("raise exception 'no' using errcode = 'AP001', detail = 'why'");
    th_bound_call call = call_of(s, 1);

    given_activity(s, 1);
    CHECK_INT(run(s, &call), TH_BOUND_FAILED);
    CHECK_STR(s->failed.sqlstate, "AP001");
    CHECK_STR(s->failed.message, "no");
    CHECK_STR(s->failed.detail, "why");
    CHECK(strstr(s->failed.context, "line") && !strstr(s->failed.context, "taskhub."));
    CHECK_INT(posts(s) + completions(s), 0);
    end_scene(s);
}

TEST(a_deadlock_is_to_be_tried_again)
{
    scene *s = given_scene("raise exception 'clash' using errcode = '40P01'");
    th_bound_call call = call_of(s, 1);

    given_activity(s, 1);
    CHECK_INT(run(s, &call), TH_BOUND_RETRY);
    end_scene(s);
}

TEST(a_slow_one_is_stopped_and_nothing_has_happened)
{
    scene *s = given_scene("perform pg_sleep(60)");
    th_bound_call call = call_of(s, 1);

    given_activity(s, 1);
    call.timeout_us = 100000;
    CHECK_INT(run(s, &call), TH_BOUND_TIMED_OUT);
    CHECK_INT(posts(s) + completions(s), 0);
    CHECK(!th_db_is_lost(s->db));
    end_scene(s);
}

TEST(one_that_ends_its_session_is_in_doubt)
{
    scene *s = given_scene("perform pg_terminate_backend(pg_backend_pid())");
    th_bound_call call = call_of(s, 1);

    given_activity(s, 1);
    CHECK_INT(run(s, &call), TH_BOUND_IN_DOUBT);
    CHECK(th_db_is_lost(s->db));
    CHECK_INT(posts(s) + completions(s), 0);
    end_scene(s);
}

typedef struct racer {
    scene *scene;
    pthread_t thread;
    th_db *db;
    int done, stale, other;
} racer;

enum { RACED = 40 };

static void *race(void *arg)
{
    racer *r = arg;
    th_arena *arena = th_arena_new(0);

    for (int id = 1; id <= RACED; id++) {
        th_bound_call call = call_of(r->scene, id);
        th_bound_failure failed;
        th_error err = { 0 };
        th_bound_outcome outcome = th_bound_run(r->db, arena, &call, &failed, &err);

        r->done += outcome == TH_BOUND_DONE;
        r->stale += outcome == TH_BOUND_STALE;
        r->other += outcome != TH_BOUND_DONE && outcome != TH_BOUND_STALE;
    }
    th_arena_free(arena);
    return NULL;
}

TEST(two_with_one_claim_are_one)
{
    scene *s = given_scene("perform pg_sleep(0.001)");
    racer racers[2] = { { .scene = s }, { .scene = s } };
    th_error err = { 0 };

    for (int id = 1; id <= RACED; id++)
        given_activity(s, id);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(th_db_open(given_database(), TH_DB_POOL, &racers[i].db, &err), TH_OK);
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(racers[i].thread, NULL);
        th_db_close(racers[i].db);
    }
    CHECK_INT(racers[0].done + racers[1].done, RACED);
    CHECK_INT(racers[0].stale + racers[1].stale, RACED);
    CHECK_INT(racers[0].other + racers[1].other, 0);
    CHECK_INT(posts(s), RACED);
    CHECK_INT(completions(s), RACED);
    end_scene(s);
}
