/* Who is woken by a watch. */
#include "engine/sleepers.h"

#include "test.h"

enum { SECOND = 1000000 };

TEST(what_begins_to_wait_wakes_at_once_and_then_every_few_seconds)
{
    int64_t last_us = 0;

    CHECK(!th__wakes_claimer(&last_us, false, 10 * SECOND));
    CHECK(th__wakes_claimer(&last_us, true, 11 * SECOND));
    CHECK(!th__wakes_claimer(&last_us, true, 12 * SECOND));
    CHECK(!th__wakes_claimer(&last_us, true, 13 * SECOND));
    CHECK(th__wakes_claimer(&last_us, true, 14 * SECOND));
}

TEST(what_waits_again_wakes_at_once)
{
    int64_t last_us = 0;

    CHECK(th__wakes_claimer(&last_us, true, 11 * SECOND));
    CHECK(!th__wakes_claimer(&last_us, false, 12 * SECOND));
    CHECK(th__wakes_claimer(&last_us, true, 13 * SECOND));
}

TEST(a_look_of_the_watch_counts_like_ones_own)
{
    th_sleeper sleeper = { 0 };

    CHECK_INT(th__last_look_us(&sleeper, 5 * SECOND), 5 * SECOND);
    atomic_store(&sleeper.watched_us, 7 * SECOND);
    CHECK_INT(th__last_look_us(&sleeper, 5 * SECOND), 7 * SECOND);
    CHECK_INT(th__last_look_us(&sleeper, 8 * SECOND), 8 * SECOND);
}
