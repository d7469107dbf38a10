/* test_balance.c - shares of partitions, and who is to be buried: the rules O8 and A5 on a made-up
 * watch. */
#include "test.h"

#include "engine/balance.h"

#define SECOND INT64_C(1000000)
#define FIRST 11 /* the hub's first partition */

enum { MOST = 16 };

/* What everybody sees: workers 1, 2, ... who are well, and N partitions that nobody holds. */
typedef struct scene {
    th_seen_worker workers[MOST];
    th_seen_partition partitions[MOST];
    th_watch watch;
    bool mine[MOST];
    th_move moves[MOST];
    int64_t now_us;
} scene;

static scene given_scene(size_t partitions, size_t workers)
{
    scene s = { .now_us = 100 * SECOND };
    for (size_t i = 0; i < workers; i++)
        s.workers[i] = (th_seen_worker){ (int32_t)i + 1, true, true, false, false, true };
    for (size_t i = 0; i < partitions; i++)
        s.partitions[i].partition_id = FIRST + (int32_t)i;
    s.watch.worker_count = workers;
    s.watch.partition_count = partitions;
    s.watch.server_up_us = 3600 * SECOND;
    return s;
}

/* The scene may have been copied. */
static const th_watch *watch_of(scene *s)
{
    s->watch.workers = s->workers;
    s->watch.partitions = s->partitions;
    return &s->watch;
}

static void hold(scene *s, size_t partition, int32_t worker, int32_t me)
{
    s->partitions[partition].worker_id = worker;
    s->partitions[partition].holder_pid = worker ? 1000 + worker : 0;
    s->mine[partition] = worker == me;
}

static void decide(th_balance *b, scene *s, int32_t me, bool draining)
{
    th_balance_decide(b, watch_of(s), me, draining, s->mine, s->now_us, s->moves);
}

static size_t count_moves(const scene *s, th_move move)
{
    size_t n = 0;
    for (size_t i = 0; i < s->watch.partition_count; i++)
        n += s->moves[i] == move;
    return n;
}

/* ---- shares ---------------------------------------------------------------------------------- */

TEST(four_partitions_are_shared_so_that_no_two_shares_differ_by_more_than_one)
{
    static const int32_t want[6][6] = { { 4 },          { 2, 2 },       { 2, 1, 1 },
                                        { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } };
    for (int32_t workers = 1; workers <= 6; workers++)
        for (int32_t rank = 0; rank < workers; rank++)
            CHECK_INT(th_balance_share(4, workers, rank), want[workers - 1][rank]);
}

TEST(shares_add_up_whatever_the_numbers)
{
    for (int32_t partitions = 1; partitions <= 64; partitions++)
        for (int32_t workers = 1; workers <= 20; workers++) {
            int32_t sum = 0;
            for (int32_t rank = 0; rank < workers; rank++)
                sum += th_balance_share(partitions, workers, rank);
            CHECK_INT(sum, partitions);
        }
}

/* Each process has a balance of its own and sees the others' moves a second later, until nothing
 * moves. */
static void settle(scene *s, th_balance **balances, size_t workers, int seconds)
{
    for (int t = 0; t < seconds; t++, s->now_us += SECOND)
        for (size_t w = 0; w < workers; w++) {
            int32_t me = (int32_t)w + 1;
            for (size_t i = 0; i < s->watch.partition_count; i++)
                s->mine[i] = s->partitions[i].worker_id == me;
            decide(balances[w], s, me, false);
            CHECK(count_moves(s, TH_MOVE_GIVE) <= 1);
            for (size_t i = 0; i < s->watch.partition_count; i++)
                if (s->moves[i] != TH_MOVE_NONE)
                    hold(s, i, s->moves[i] == TH_MOVE_TAKE ? me : 0, me);
        }
}

static int32_t held_by(const scene *s, int32_t worker)
{
    int32_t n = 0;
    for (size_t i = 0; i < s->watch.partition_count; i++)
        n += s->partitions[i].worker_id == worker;
    return n;
}

TEST(processes_that_only_watch_come_to_rest_at_their_shares)
{
    for (size_t workers = 1; workers <= 6; workers++) {
        scene s = given_scene(4, workers);
        th_balance *balances[6];
        for (size_t w = 0; w < workers; w++)
            balances[w] = th_balance_new(FIRST, 4);
        for (size_t i = 0; i < 4; i++)
            hold(&s, i, 1, 1); /* the first was here before the others */

        settle(&s, balances, workers, 12);

        for (size_t w = 0; w < workers; w++)
            CHECK_INT(held_by(&s, (int32_t)w + 1),
                      th_balance_share(4, (int32_t)workers, (int32_t)w));
        scene rest = s;
        settle(&s, balances, workers, 10);
        for (size_t i = 0; i < 4; i++)
            CHECK_INT(s.partitions[i].worker_id, rest.partitions[i].worker_id); /* and stay */
        for (size_t w = 0; w < workers; w++)
            th_balance_free(balances[w]);
    }
}

/* ---- taking ---------------------------------------------------------------------------------- */

TEST(a_process_takes_free_partitions_up_to_its_share)
{
    scene s = given_scene(4, 2);
    th_balance *b = th_balance_new(FIRST, 4);
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 2);
    CHECK(s.moves[0] == TH_MOVE_TAKE && s.moves[1] == TH_MOVE_TAKE);
    th_balance_free(b);
}

TEST(what_another_holds_is_not_taken)
{
    scene s = given_scene(4, 2);
    th_balance *b = th_balance_new(FIRST, 4);
    for (size_t i = 0; i < 4; i++)
        hold(&s, i, 2, 1);
    s.now_us += 60 * SECOND;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_NONE), 4);
    th_balance_free(b);
}

TEST(what_it_has_been_told_to_take_counts)
{
    scene s = given_scene(4, 2);
    th_balance *b = th_balance_new(FIRST, 4);
    s.mine[3] = true; /* its lock is not seen yet */
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 1);
    CHECK(s.moves[3] == TH_MOVE_NONE);
    th_balance_free(b);
}

TEST(a_partition_that_was_free_for_five_seconds_goes_to_anyone)
{
    scene s = given_scene(2, 2);
    th_balance *b = th_balance_new(FIRST, 2);
    hold(&s, 0, 1, 1);
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 0);
    s.now_us += 5 * SECOND - 1;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 0);
    s.now_us += 1;
    decide(b, &s, 1, false);
    CHECK(s.moves[1] == TH_MOVE_TAKE);
    th_balance_free(b);
}

TEST(the_five_seconds_begin_again_when_somebody_held_it_in_between)
{
    scene s = given_scene(2, 2);
    th_balance *b = th_balance_new(FIRST, 2);
    hold(&s, 0, 1, 1);
    decide(b, &s, 1, false);
    s.now_us += 4 * SECOND;
    hold(&s, 1, 2, 1);
    decide(b, &s, 1, false);
    hold(&s, 1, 0, 1);
    s.now_us += 4 * SECOND;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 0);
    th_balance_free(b);
}

TEST(who_is_not_among_the_workers_or_owns_nothing_takes_nothing)
{
    scene s = given_scene(4, 1);
    th_balance *b = th_balance_new(FIRST, 4);
    decide(b, &s, 9, false);
    CHECK_INT(count_moves(&s, TH_MOVE_NONE), 4);
    s.workers[0].owns = false;
    s.now_us += 60 * SECOND;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_NONE), 4);
    th_balance_free(b);
}

TEST(the_dead_the_lockless_the_draining_and_those_without_the_role_have_no_share)
{
    scene s = given_scene(4, 5);
    th_balance *b = th_balance_new(FIRST, 4);
    s.workers[1].dead = true;
    s.workers[2].locked = false;
    s.workers[3].draining = true;
    s.workers[4].owns = false;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 4);
    th_balance_free(b);
}

TEST(a_draining_process_takes_nothing)
{
    scene s = given_scene(4, 1);
    th_balance *b = th_balance_new(FIRST, 4);
    decide(b, &s, 1, true);
    s.now_us += 60 * SECOND;
    decide(b, &s, 1, true);
    CHECK_INT(count_moves(&s, TH_MOVE_NONE), 4);
    th_balance_free(b);
}

/* ---- giving ---------------------------------------------------------------------------------- */

TEST(the_surplus_is_given_one_at_a_time_while_somebody_is_below_its_share)
{
    scene s = given_scene(4, 2);
    th_balance *b = th_balance_new(FIRST, 4);
    for (size_t i = 0; i < 4; i++)
        hold(&s, i, 1, 1);

    decide(b, &s, 1, false);

    CHECK_INT(count_moves(&s, TH_MOVE_GIVE), 1);
    CHECK(s.moves[3] == TH_MOVE_GIVE);
    hold(&s, 3, 2, 1);
    hold(&s, 2, 2, 1);
    decide(b, &s, 1, false); /* at its share */
    CHECK_INT(count_moves(&s, TH_MOVE_GIVE), 0);
    th_balance_free(b);
}

TEST(a_surplus_that_nobody_lacks_is_kept)
{
    scene s = given_scene(5, 2);
    th_balance *b = th_balance_new(FIRST, 5);
    for (size_t i = 0; i < 3; i++)
        hold(&s, i, 2, 2);
    for (size_t i = 3; i < 5; i++)
        hold(&s, i, 1, 2);
    s.workers[0].locked = true;
    decide(b, &s, 2, false); /* rank 1 has a share of 2 and holds 3, but rank 0 lacks one */
    CHECK_INT(count_moves(&s, TH_MOVE_GIVE), 1);
    s.workers[0].draining = true;
    decide(b, &s, 2, false);
    CHECK_INT(count_moves(&s, TH_MOVE_GIVE), 0);
    th_balance_free(b);
}

static scene given_back(th_balance *b)
{
    scene s = given_scene(2, 2);
    hold(&s, 0, 1, 1);
    hold(&s, 1, 1, 1);
    decide(b, &s, 1, false);
    CHECK(s.moves[1] == TH_MOVE_GIVE);
    hold(&s, 1, 0, 1);
    return s;
}

TEST(what_was_given_is_left_alone_for_five_seconds_while_another_lacks_it)
{
    th_balance *b = th_balance_new(FIRST, 2);
    scene s = given_back(b);

    decide(b, &s, 1, false);
    s.now_us += 5 * SECOND - 1;
    decide(b, &s, 1, false);
    CHECK_INT(count_moves(&s, TH_MOVE_TAKE), 0);
    s.now_us += 1;
    decide(b, &s, 1, false);
    CHECK(s.moves[1] == TH_MOVE_TAKE);
    th_balance_free(b);
}

TEST(what_was_given_is_taken_again_at_once_when_the_other_has_died)
{
    th_balance *b = th_balance_new(FIRST, 2);
    scene s = given_back(b);

    s.watch.worker_count = 1;
    decide(b, &s, 1, false);

    CHECK(s.moves[1] == TH_MOVE_TAKE);
    th_balance_free(b);
}

/* ---- the dead -------------------------------------------------------------------------------- */

TEST(a_worker_is_buried_when_its_lock_was_free_twice_a_second_apart)
{
    scene s = given_scene(1, 3);
    th_balance *b = th_balance_new(FIRST, 1);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us), 0);
    s.workers[1].locked = false;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us), 0);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + SECOND / 10), 0);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + SECOND), 2);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + SECOND), 0); /* once a watch */
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + 2 * SECOND),
              2); /* again, had it failed */
    th_balance_free(b);
}

TEST(a_lock_that_came_back_begins_anew)
{
    scene s = given_scene(1, 2);
    th_balance *b = th_balance_new(FIRST, 1);
    s.workers[1].locked = false;
    th_balance_bury(b, watch_of(&s), 1, s.now_us);
    s.workers[1].locked = true;
    th_balance_bury(b, watch_of(&s), 1, s.now_us + SECOND);
    s.workers[1].locked = false;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + 2 * SECOND), 0);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + 3 * SECOND), 2);
    th_balance_free(b);
}

TEST(several_dead_are_named_one_after_the_other_and_oneself_never)
{
    scene s = given_scene(1, 4);
    th_balance *b = th_balance_new(FIRST, 1);
    for (size_t i = 0; i < 4; i++)
        s.workers[i].locked = false;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 2, s.now_us), 0);
    int64_t then = s.now_us + SECOND;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 2, then), 1);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 2, then), 3);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 2, then), 4);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 2, then), 0);
    th_balance_free(b);
}

TEST(the_buried_are_not_buried_again)
{
    scene s = given_scene(1, 2);
    th_balance *b = th_balance_new(FIRST, 1);
    s.workers[1].locked = false;
    s.workers[1].dead = true;
    for (int i = 0; i < 5; i++)
        CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + i * SECOND), 0);
    th_balance_free(b);
}

TEST(after_a_restart_of_the_server_everyone_has_fifteen_seconds_to_come_back)
{
    scene s = given_scene(1, 2);
    th_balance *b = th_balance_new(FIRST, 1);
    s.workers[1].locked = s.workers[1].same_server = false;
    s.watch.server_up_us = SECOND;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us), 0);
    s.watch.server_up_us = 15 * SECOND - 1;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + 14 * SECOND), 0);
    s.watch.server_up_us = 15 * SECOND;
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + 14 * SECOND), 2);
    th_balance_free(b);

    b = th_balance_new(FIRST, 1); /* who has registered with the new server has none of that time */
    s.workers[1].same_server = true;
    s.watch.server_up_us = 3 * SECOND;
    th_balance_bury(b, watch_of(&s), 1, s.now_us);
    CHECK_INT(th_balance_bury(b, watch_of(&s), 1, s.now_us + SECOND), 2);
    th_balance_free(b);
}

TEST(each_of_the_dead_is_new_once)
{
    scene s = given_scene(1, 3);
    th_balance *b = th_balance_new(FIRST, 1);
    CHECK(!th_balance_newly_dead(b, watch_of(&s)));
    s.workers[1].dead = true;
    CHECK(th_balance_newly_dead(b, watch_of(&s)));
    CHECK(!th_balance_newly_dead(b, watch_of(&s)));
    s.workers[2].dead = true;
    CHECK(th_balance_newly_dead(b, watch_of(&s)));
    CHECK(!th_balance_newly_dead(b, watch_of(&s)));
    th_balance_free(b);
    th_balance_free(NULL);
}
