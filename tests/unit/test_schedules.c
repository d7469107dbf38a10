/* How long the thread of schedules sleeps. */
#include "engine/schedules.h"

#include "store/params.h"
#include "test.h"

#define SECOND INT64_C(1000000)

static int64_t pause_after(int64_t wait_us, int handled)
{
    th_schedules_ran ran = { .wait_us = wait_us, .handled = handled };

    return th__schedules_pause_us(&ran);
}

TEST(without_schedules_it_looks_once_a_minute)
{
    CHECK_INT(pause_after(TH_TIME_INF, 0), 60 * SECOND);
    CHECK_INT(pause_after(TH_TIME_INF, 3), 60 * SECOND);
}

TEST(it_sleeps_until_something_is_due)
{
    CHECK_INT(pause_after(1, 0), 1);
    CHECK_INT(pause_after(3 * SECOND, 1), 3 * SECOND);
}

TEST(with_schedules_it_looks_every_few_seconds_whether_one_has_changed)
{
    CHECK_INT(pause_after(6 * SECOND, 0), 5 * SECOND);
    CHECK_INT(pause_after(TH_TIME_INF - 1, 0), 5 * SECOND);
}

TEST(where_more_is_due_it_goes_on_at_once)
{
    CHECK_INT(pause_after(0, 100), 0);
    CHECK_INT(pause_after(-SECOND, 1), 0);
}

TEST(what_another_process_is_at_is_not_asked_for_in_a_busy_loop)
{
    CHECK_INT(pause_after(-SECOND, 0), SECOND / 10);
    CHECK_INT(pause_after(0, 0), SECOND / 10);
}
