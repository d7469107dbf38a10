/* test_numbers.c - a set of message numbers. */
#include "test.h"

#include "engine/numbers.h"

TEST(a_number_is_new_once)
{
    th_numbers set = { 0 };
    CHECK(th_numbers_add(&set, 5));
    CHECK(!th_numbers_add(&set, 5));
    CHECK(th_numbers_add(&set, 6) && th_numbers_add(&set, INT64_MAX));
    CHECK(!th_numbers_add(&set, INT64_MAX));
    CHECK_INT(set.count, 3);
    th_numbers_free(&set);
    CHECK(th_numbers_add(&set, 5)); /* empty again, and usable */
    th_numbers_free(&set);
}

TEST(a_hundred_thousand_numbers_are_kept_apart)
{
    th_numbers set = { 0 };
    for (int64_t i = 1; i <= 100000; i++)
        if (!CHECK(th_numbers_add(&set, i * 1024)))
            break;
    for (int64_t i = 1; i <= 100000; i++)
        if (!CHECK(!th_numbers_add(&set, i * 1024)))
            break;
    CHECK(th_numbers_add(&set, 1025));
    CHECK(set.cap <= 4 * set.count);
    th_numbers_free(&set);
}
