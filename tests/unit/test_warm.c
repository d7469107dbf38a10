/* test_warm.c - instances in memory: lookup, and the least recently used first. */
#include "test.h"

#include "engine/warm.h"

TEST(an_instance_is_made_once_and_found_by_partition_and_id)
{
    th_warm warm;
    th_warm_init(&warm);
    CHECK(!th_warm_find(&warm, 1, "a"));

    th_inst *a = th_warm_get(&warm, 1, "a");

    CHECK_INT(a->state, TH_INST_COLD);
    CHECK(th_warm_get(&warm, 1, "a") == a && th_warm_find(&warm, 1, "a") == a);
    CHECK(th_warm_get(&warm, 2, "a") != a); /* another partition's */
    CHECK(!th_warm_find(&warm, 1, "") && !th_warm_find(&warm, 1, "A"));
    CHECK_INT(warm.count, 2);
    th_warm_free(&warm);
    th_warm_free(&warm);
}

TEST(what_is_freed_holds_no_instance)
{
    th_warm warm;
    th_warm_init(&warm);
    th_warm_get(&warm, 1, "a");

    th_warm_free(&warm);

    CHECK(!th_warm_find(&warm, 1, "a"));
}

TEST(thousands_are_found_after_growth_and_removal)
{
    th_warm warm;
    char id[24];
    th_warm_init(&warm);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "order-%d", i);
        th_warm_get(&warm, i % 4, id);
    }
    CHECK_INT(warm.count, 5000);
    CHECK(warm.cap > 1024);
    for (int i = 0; i < 5000; i += 2) {
        snprintf(id, sizeof id, "order-%d", i);
        th_warm_remove(&warm, th_warm_find(&warm, i % 4, id));
    }
    CHECK_INT(warm.count, 2500);
    for (int i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "order-%d", i);
        if (!CHECK((th_warm_find(&warm, i % 4, id) != NULL) == (i % 2 == 1)))
            break;
    }
    th_warm_free(&warm);
}

static th_inst *idle(th_warm *warm, const char *id, int64_t now_us)
{
    th_inst *inst = th_warm_get(warm, 1, id);
    th_warm_idle(warm, inst, now_us);
    return inst;
}

TEST(the_least_recently_used_comes_first_and_one_in_use_never)
{
    th_warm warm;
    th_warm_init(&warm);
    th_inst *a = idle(&warm, "a", 10), *b = idle(&warm, "b", 20), *c = idle(&warm, "c", 30);
    CHECK_INT(warm.idle, 3);
    CHECK(th_warm_oldest(&warm, 2, 0) == a);

    th_warm_use(&warm, b);
    th_warm_use(&warm, b); /* again is fine */
    CHECK_INT(warm.idle, 2);
    th_warm_idle(&warm, a, 40);
    CHECK_INT(warm.idle, 2);
    CHECK(th_warm_oldest(&warm, 0, 0) == c);
    th_warm_remove(&warm, c);
    CHECK(th_warm_oldest(&warm, 0, 0) == a);
    th_warm_remove(&warm, a);
    CHECK(!th_warm_oldest(&warm, 0, 1000));
    CHECK(!warm.lru_head && !warm.lru_tail && warm.idle == 0);
    th_warm_free(&warm);
}

TEST(an_idle_one_goes_when_there_are_too_many_or_when_it_has_been_idle_too_long)
{
    th_warm warm;
    th_warm_init(&warm);
    th_inst *a = idle(&warm, "a", 10);
    idle(&warm, "b", 20);
    CHECK(!th_warm_oldest(&warm, 2, 10)); /* idle since 10 is not before 10 */
    CHECK(th_warm_oldest(&warm, 2, 11) == a);
    CHECK(th_warm_oldest(&warm, 1, 0) == a);
    CHECK(!th_warm_oldest(&warm, 2, 0));
    th_warm_free(&warm);
}

static void remove_odd(void *arg, th_inst *inst)
{
    th_warm *warm = arg;
    if (inst->partition_id % 2)
        th_warm_remove(warm, inst);
}

TEST(each_may_remove_the_one_that_it_is_given)
{
    th_warm warm;
    char id[24];
    th_warm_init(&warm);
    for (int i = 0; i < 3000; i++) {
        snprintf(id, sizeof id, "i%d", i);
        th_warm_idle(&warm, th_warm_get(&warm, i, id), i);
    }
    th_warm_each(&warm, remove_odd, &warm);
    CHECK_INT(warm.count, 1500);
    CHECK_INT(warm.idle, 1500);
    CHECK_INT(th_warm_oldest(&warm, 0, 0)->partition_id, 0);
    th_warm_free(&warm);
}
