/* Which ids have early events. */
#include "engine/early.h"

#include "test.h"

TEST(an_id_that_was_added_is_there_in_its_partition_only)
{
    th_early early = { 0 };

    th_early_add(&early, 1, "order-1");
    CHECK(th_early_has(&early, 1, "order-1"));
    CHECK(!th_early_has(&early, 2, "order-1"));
    CHECK(!th_early_has(&early, 1, "order-2"));
    th_early_free(&early);
}

TEST(nothing_is_in_an_empty_one)
{
    th_early early = { 0 };

    CHECK(!th_early_has(&early, 1, "order-1"));
    th_early_free(&early);
    CHECK(!th_early_has(&early, 1, ""));
}

TEST(thousands_are_all_found_again)
{
    th_early early = { 0 };
    char id[16];

    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "i-%d", i);
        th_early_add(&early, i % 4, id);
        th_early_add(&early, i % 4, id);
    }
    CHECK_INT(early.ids.count, 5000);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "i-%d", i);
        CHECK(th_early_has(&early, i % 4, id));
        CHECK(!th_early_has(&early, i % 4 + 4, id));
    }
    th_early_free(&early);
}
