/* Activities that wait for a slot: which is next. */
#include "engine/lanes.h"

#include "test.h"

static void push(th_lanes *lanes, int64_t id, int16_t priority, int64_t now_us)
{
    th_act act = { .id = id, .priority = priority, .instance_id = "i", .name = "a" };

    th_lanes_push(lanes, th_act_new(&act), now_us);
}

static int64_t pop(th_lanes *lanes)
{
    th_act *act = th_lanes_pop(lanes);
    int64_t id = act ? act->id : 0;

    th_act_free(act);
    return id;
}

TEST(with_one_priority_the_first_is_first)
{
    th_lanes lanes = { 0 };

    for (int i = 1; i <= 3; i++)
        push(&lanes, i, 0, i);
    CHECK_INT(lanes.count, 3);
    for (int i = 1; i <= 3; i++)
        CHECK_INT(pop(&lanes), i);
    CHECK_INT(pop(&lanes), 0);
    CHECK_INT(lanes.count, 0);
    th_lanes_free(&lanes);
}

TEST(a_higher_priority_goes_first_and_a_lower_one_last)
{
    th_lanes lanes = { 0 };

    push(&lanes, 1, -1, 1);
    push(&lanes, 2, 0, 2);
    push(&lanes, 3, 5, 3);
    push(&lanes, 4, 5, 4);
    push(&lanes, 5, 6, 5);
    CHECK_INT(pop(&lanes), 5);
    CHECK_INT(pop(&lanes), 3);
    CHECK_INT(pop(&lanes), 4);
    CHECK_INT(pop(&lanes), 2);
    CHECK_INT(pop(&lanes), 1);
    th_lanes_free(&lanes);
}

TEST(who_has_waited_a_minute_longer_for_each_step_of_priority_goes_first)
{
    th_lanes lanes = { 0 };

    push(&lanes, 1, 0, 0);
    push(&lanes, 2, 2, 2 * TH_PRIORITY_US - 1);
    push(&lanes, 3, 2, 2 * TH_PRIORITY_US + 1);
    CHECK_INT(pop(&lanes), 2);
    CHECK_INT(pop(&lanes), 1);
    CHECK_INT(pop(&lanes), 3);
    th_lanes_free(&lanes);
}

TEST(all_can_be_taken_and_it_is_empty_then)
{
    th_lanes lanes = { 0 };
    th_act_list out = { 0 };

    push(&lanes, 1, 0, 0);
    push(&lanes, 2, 7, 0);
    th_lanes_take(&lanes, &out);
    CHECK_INT(out.count, 2);
    CHECK_INT(lanes.count, 0);
    CHECK_INT(pop(&lanes), 0);
    for (th_act *a; (a = th_act_pop(&out)) != NULL;)
        th_act_free(a);
    push(&lanes, 3, 1, 0);
    th_lanes_free(&lanes);
}
