/* test_suspects.c - deaths are counted by key. */
#include "functions/suspects.h"

#include "test.h"

TEST(deaths_are_counted_until_somebody_answers)
{
    th__suspects s = { 0 };
    uint64_t a = th__suspect_key("i", "e", 1), b = th__suspect_key("i", "e", 2);

    CHECK(a != b);
    th__suspects_add(&s, a);
    th__suspects_add(&s, a);
    th__suspects_add(&s, b);
    CHECK_INT(th__suspects_deaths(&s, a), 2);
    CHECK_INT(th__suspects_deaths(&s, b), 1);
    th__suspects_clear(&s, a);
    CHECK_INT(th__suspects_deaths(&s, a), 0);
    CHECK_INT(th__suspects_deaths(&s, b), 1);
    th__suspects_free(&s);
}

TEST(nobody_s_key_is_never_a_suspect)
{
    th__suspects s = { 0 };

    th__suspects_add(&s, 0);
    CHECK_INT(th__suspects_deaths(&s, 0), 0);
    th__suspects_clear(&s, 0);
    th__suspects_free(&s);
}

TEST(their_number_is_bounded)
{
    th__suspects s = { 0 };

    for (uint64_t key = 1; key <= 20001; key++)
        th__suspects_add(&s, key);
    CHECK_INT(s.count, 20000);
    CHECK_INT(th__suspects_deaths(&s, 1), 0);
    CHECK_INT(th__suspects_deaths(&s, 20001), 1);
    th__suspects_free(&s);
}
