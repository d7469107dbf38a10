#include "engine/cleaner.h"

#include "store/params.h"
#include "test.h"

TEST(after_a_step_it_rests_three_times_as_long)
{
    CHECK_INT(th__cleaner_rest_us(20000, 0), 60000);
}

TEST(a_quick_step_is_followed_by_a_rest_too)
{
    CHECK_INT(th__cleaner_rest_us(10, 0), 5000);
}

TEST(it_waits_for_as_long_as_it_is_told_but_looks_once_a_minute)
{
    CHECK_INT(th__cleaner_rest_us(1000, 1000000), 1000000);
    CHECK_INT(th__cleaner_rest_us(1000, 3600000000), 60000000);
    CHECK_INT(th__cleaner_rest_us(1000, TH_TIME_INF), 60000000);
}
