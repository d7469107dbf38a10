/*
 * test_reply.c - answers of other processes: what is written comes back, and what a stranger writes
 * is refused by name.
 */
#include "engine/reply.h"

#include <string.h>

#include "test.h"

typedef struct texts {
    th_arena *arena;
    th_buf payload, body;
    th_reply reply;
    th_error err;
} texts;

static texts given(void)
{
    static const int64_t taken[] = { 7, 9 };
    th_reply_head head = {
        .item = 3, .t_us = 1000, .taken = taken, .taken_count = 2, .executor = "native"
    };
    texts t = { .arena = th_arena_new(0), .payload = TH_BUF_INIT, .body = TH_BUF_INIT };

    th_reply_begin(&t.body, &head);
    return t;
}

static th_rc read_back(texts *t)
{
    th_reply_end(&t->body);
    return th_reply_read(t->arena, t->payload.data, t->body.data, &t->reply, &t->err);
}

static void texts_free(texts *t)
{
    th_arena_free(t->arena);
    th_buf_free(&t->payload);
    th_buf_free(&t->body);
}

static th_action an_action(th_action_kind kind, th_kind event)
{
    th_action a = { .kind = kind, .event = th_event_of(event) };

    a.event.name = "Say";
    a.event.instance_id = "other";
    a.event.fire_at = "2030-01-01T00:00:00Z";
    a.event.target = "@counter@k";
    return a;
}

TEST(an_answer_with_everything_comes_back_whole)
{
    texts t = given();
    th_action actions[] = { an_action(TH_ACT_TASK, TH_TaskScheduled),
                            an_action(TH_ACT_TIMER, TH_TimerCreated),
                            { .kind = TH_ACT_CANCEL_TIMER, .cancel_ref = 4 },
                            { .kind = TH_ACT_CANCEL_TASK, .cancel_ref = 6 },
                            an_action(TH_ACT_CHILD, TH_SubOrchestrationInstanceCreated),
                            an_action(TH_ACT_EVENT, TH_EventSent),
                            an_action(TH_ACT_ENTITY, TH_EntityOperationCalled) };
    th_answer answer = { .actions = actions,
                         .action_count = 7,
                         .status_op = TH_STATUS_SET,
                         .custom_status = "\"busy\"",
                         .memo = "a \"memo\"",
                         .completion.id = TH_NONE };
    actions[0].event.payload = "\"\\u0000 é\"";
    actions[0].priority = -3;
    actions[1].due_us = 12345;

    th_reply_add_orch(&t.payload, &t.body, &answer);
    th_reply_add_flag(&t.body, "more");

    CHECK_INT(read_back(&t), TH_OK);
    const th_answer *got = &t.reply.answer;
    CHECK_INT(t.reply.item, 3);
    CHECK_INT(t.reply.t_us, 1000);
    CHECK_INT(t.reply.taken_count, 2);
    CHECK_INT(t.reply.taken[1], 9);
    CHECK(t.reply.more && !t.reply.expired && !t.reply.failure);
    CHECK_STR(t.reply.executor, "native");
    CHECK_INT(got->action_count, 7);
    CHECK_STR(got->actions[0].event.payload, "\"\\u0000 é\"");
    CHECK_INT(got->actions[0].priority, -3);
    CHECK_INT(got->actions[1].due_us, 12345);
    CHECK_INT(got->actions[2].cancel_ref, 4);
    CHECK_INT(got->actions[3].kind, TH_ACT_CANCEL_TASK);
    CHECK_INT(got->actions[3].cancel_ref, 6);
    CHECK_STR(got->actions[6].event.target, "@counter@k");
    CHECK_STR(got->custom_status, "\"busy\"");
    CHECK_STR(got->memo, "a \"memo\"");
    CHECK(!got->completion.done);
    texts_free(&t);
}

TEST(a_completion_comes_back_with_what_it_hands_over)
{
    texts t = given();
    th_event carry = th_event_of(TH_EventRaised);
    th_answer answer = { .completion = { .done = true,
                                         .status = TH_CONTINUED_AS_NEW,
                                         .id = 5,
                                         .new_input = "1",
                                         .new_version = "2",
                                         .carry = &carry,
                                         .carry_count = 1 } };
    carry.name = "go";
    carry.seq = 8;

    th_reply_add_orch(&t.payload, &t.body, &answer);

    CHECK_INT(read_back(&t), TH_OK);
    const th_completion *c = &t.reply.answer.completion;
    CHECK(c->done && c->status == TH_CONTINUED_AS_NEW && c->id == 5);
    CHECK_STR(c->new_input, "1");
    CHECK_STR(c->new_version, "2");
    CHECK_INT(c->carry_count, 1);
    CHECK_INT(c->carry[0].seq, 8);
    CHECK_STR(c->carry[0].name, "go");
    texts_free(&t);
}

TEST(an_entitys_answer_comes_back_whole)
{
    texts t = given();
    th_entity_result results[] = { { .output = "1" }, { .failure = "{\"type\":\"T\"}" } };
    th_entity_action action = { .kind = TH_ENTITY_STARTS, .name = "Say", .due_us = 9 };
    th_entity_answer answer = {
        .results = results, .result_count = 2, .state = "{}", .actions = &action, .action_count = 1
    };

    th_reply_add_entity(&t.body, &answer);

    CHECK_INT(read_back(&t), TH_OK);
    CHECK_INT(t.reply.entity.result_count, 2);
    CHECK_STR(t.reply.entity.results[1].failure, "{\"type\":\"T\"}");
    CHECK_STR(t.reply.entity.state, "{}");
    CHECK_INT(t.reply.entity.actions[0].kind, TH_ENTITY_STARTS);
    CHECK_INT(t.reply.entity.actions[0].due_us, 9);
    CHECK(!t.reply.entity.actions[0].target);
    texts_free(&t);
}

TEST(what_does_not_fit_is_refused_by_name)
{
    static const struct {
        const char *payload, *body, *said;
    } cases[] = {
        { NULL, "", "reply" },
        { NULL, "[]", "must be an object" },
        { "{}", "{}", "must be an array" },
        { NULL, "{\"taken\":{}}", "'taken' must be an array" },
        { NULL, "{\"taken\":[\"1\"]}", "'taken' must be an array of whole numbers" },
        { NULL, "{\"failure\":\"no object\"}", "'failure' must be the text of a JSON object" },
        { NULL, "{\"memo\":\"a\\u0000b\"}", "'memo' must be a string without a NUL in it" },
        { NULL, "{\"statusOp\":3}", "'statusOp' must be a whole number in its range" },
        { NULL, "{\"actions\":[{\"kind\":\"task\"}]}", "'payload' must be as many events" },
        { "[{\"kind\":\"TaskScheduled\"}]", "{\"actions\":[{\"kind\":\"task\"}]}",
          "'actions' must be" },
        { "[{\"kind\":\"TimerFired\",\"name\":\"x\"}]", "{\"actions\":[{\"kind\":\"task\"}]}",
          "'actions' must be" },
        { "[{\"kind\":\"EventRaised\"}]", "{\"done\":true,\"carry\":[-1]}", "'carry' must be" },
        { "[{\"kind\":\"ExecutionCompleted\",\"status\":0}]", "{\"done\":true}",
          "of which the last is the completion" },
        { NULL, "{\"results\":[],\"actions\":[{\"kind\":\"start\"}]}", "'name' must be there" },
        { NULL, "{\"actions\":[{\"kind\":\"nap\"}]}", "'kind' must be that of an action" },
        { NULL, "{\"results\":[{\"failure\":\"[]\"}]}", "'failure' must be" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        th_arena *arena = th_arena_new(0);
        th_reply reply;
        th_error err = { 0 };

        CHECK_INT(th_reply_read(arena, cases[i].payload, cases[i].body, &reply, &err), TH_INVALID);
        if (!CHECK(strstr(err.text, cases[i].said) != NULL))
            printf("  %s said: %s\n", cases[i].body, err.text);
        th_arena_free(arena);
    }
}

TEST(numbers_of_messages_are_an_array)
{
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    const int64_t *numbers;
    size_t count;

    CHECK_INT(th_numbers_read(arena, "[1,9007199254740993]", &numbers, &count, &err), TH_OK);
    CHECK_INT(count, 2);
    CHECK_INT(numbers[1], INT64_C(9007199254740993));
    CHECK_INT(th_numbers_read(arena, "{}", &numbers, &count, &err), TH_INVALID);
    CHECK_INT(th_numbers_read(arena, NULL, &numbers, &count, &err), TH_INVALID);
    th_arena_free(arena);
}
