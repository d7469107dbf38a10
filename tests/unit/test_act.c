/* test_act.c - claimed activities: one block each, and lists of them. */
#include "test.h"

#include "engine/act.h"

TEST(an_activity_owns_copies_of_its_texts_and_starts_without_an_answer)
{
    char name[] = "Say", input[] = "";
    th_act from = { .partition_id = 3,
                    .id = INT64_C(1) << 40,
                    .claim_no = 2,
                    .execution_id = { { 0xab } },
                    .seq = 4,
                    .task_id = 5,
                    .attempt = 6,
                    .instance_id = "order-1",
                    .name = name,
                    .input = input,
                    .tags = "{}",
                    .trace = "{\"parent\":\"p\"}",
                    .started_us = 99 };
    th_act *act = th_act_new(&from);
    name[0] = '!';
    input[0] = '!';

    CHECK_STR(act->name, "Say");
    CHECK_STR(act->input, ""); /* present and empty */
    CHECK_STR(act->version, NULL);
    CHECK_STR(act->tags, "{}");
    CHECK_STR(act->trace, "{\"parent\":\"p\"}");
    CHECK_STR(act->instance_id, "order-1");
    CHECK_STR(act->execution_text, "ab000000000000000000000000000000");
    CHECK_INT(act->id, INT64_C(1) << 40);
    CHECK_INT(act->claim_no, 2);
    CHECK_INT(act->attempt, 6);
    CHECK_INT(act->started_us, 0);
    CHECK(!act->result && !act->failure && !act->next);
    th_act_free(act);
    th_act_free(NULL);
}

static th_act *numbered(int64_t id)
{
    th_act from = { .id = id, .instance_id = "i", .name = "n" };
    return th_act_new(&from);
}

TEST(lists_keep_their_order_and_their_count)
{
    th_act_list a = { 0 }, b = { 0 };
    for (int64_t i = 1; i <= 3; i++)
        th_act_push(i < 3 ? &a : &b, numbered(i));

    th_act_join(&a, &b);
    CHECK_INT(a.count, 3);
    CHECK(b.count == 0 && !b.head && !b.tail);
    th_act_push(&a, numbered(4));

    for (int64_t i = 1; i <= 4; i++) {
        th_act *act = th_act_pop(&a);
        CHECK_INT(act->id, i);
        CHECK(!act->next);
        th_act_free(act);
    }
    CHECK(!th_act_pop(&a) && a.count == 0 && !a.tail);
}

TEST(joining_empty_lists_changes_nothing)
{
    th_act_list a = { 0 }, b = { 0 };
    th_act_join(&a, &b);
    CHECK(!a.head && !a.tail);
    th_act_push(&b, numbered(1));
    th_act_join(&a, &b);
    th_act_join(&a, &b);
    CHECK_INT(a.count, 1);
    th_act_free(th_act_pop(&a));
}
