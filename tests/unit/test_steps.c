/* test_steps.c - an SDK's answer taken apart. */
#include "functions/steps.h"

#include "test.h"

static th_arena *arena;
static th__steps steps;
static th_error err;

static th_rc read_text(const char *text)
{
    if (!arena)
        arena = th_arena_new(0);
    th_error_clear(&err);
    return th__steps_read(arena, text, strlen(text), &steps, &err);
}

static void end(void)
{
    th_arena_free(arena);
    arena = NULL;
}

TEST(actions_come_out_depth_first)
{
    CHECK_INT(
        read_text(
            "{\"isDone\":false,\"schemaVersion\":2,\"actions\":[["
            "{\"actionType\":0,\"functionName\":\"a\",\"input\":\"5\"},"
            "{\"actionType\":11,\"compoundActions\":[{\"actionType\":6,\"externalEventName\":"
            "\"E\"},{\"actionType\":12,\"compoundActions\":["
            "{\"actionType\":2,\"functionName\":\"c\",\"instanceId\":null,\"input\":\"\\\"x\\\"\"},"
            "{\"actionType\":5,\"fireAt\":\"2026-01-01T00:00:00.5Z\",\"isCanceled\":true}]}]},"
            "{\"actionType\":9,\"instanceId\":\"@n@k\",\"operation\":\"add\",\"input\":null}]]}"),
        TH_OK);
    CHECK_INT(steps.count, 4);
    CHECK_INT(steps.list[0].type, TH__CALL_ACTIVITY);
    CHECK_STR(steps.list[0].input, "5");
    CHECK_STR(steps.list[1].name, "c");
    CHECK_STR(steps.list[1].input, "\"\\\"x\\\"\"");
    CHECK(steps.list[1].instance == NULL);
    CHECK(steps.list[2].cancelled);
    CHECK_INT(steps.list[2].due_us, INT64_C(1767225600500000));
    CHECK_STR(steps.list[3].name, "@n@k");
    CHECK_INT(steps.wait_count, 1);
    CHECK_STR(steps.waits[0], "E");
    CHECK(!steps.done && !steps.renews && !steps.status);
    end();
}

#define LOCK(set) \
    "{\"actionType\":13,\"lockRequestId\":\"L\",\"lockSet\":[" set "]},{\"actionType\":14}"

TEST(a_release_is_a_step_for_each_entity_that_was_locked)
{
    CHECK_INT(read_text("{\"actions\":[[{\"actionType\":14}," LOCK(
                  "{\"name\":\"A\",\"key\":\"x\"},{\"name\":\"b\",\"key\":\"Y\"}") "]]}"),
              TH_OK);
    CHECK_INT(steps.count, 3);
    CHECK_INT(steps.list[0].type, TH__LOCK_ENTITIES);
    CHECK_STR(steps.list[0].name, "[\"@a@x\",\"@b@Y\"]");
    CHECK_INT(steps.list[2].type, TH__RELEASE_ENTITIES);
    CHECK_STR(steps.list[2].name, "@b@Y");
    CHECK_STR(steps.list[2].section, "L");
    end();
}

TEST(a_lock_of_nothing_or_of_what_is_no_entity_is_refused)
{
    CHECK_INT(read_text("{\"actions\":[[" LOCK("") "]]}"), TH_INVALID);
    CHECK_INT(read_text("{\"actions\":[[" LOCK("{\"name\":\"a\",\"key\":5}") "]]}"), TH_INVALID);
    CHECK_INT(read_text("{\"actions\":[[{\"actionType\":13,\"lockSet\":[{}]}]]}"), TH_INVALID);
    end();
}

TEST(output_and_status_keep_every_digit)
{
    CHECK_INT(read_text("{\"isDone\":true,\"actions\":[],\"output\":12345678901234567.10,"
                        "\"customStatus\":{\"a\": 1e2}}"),
              TH_OK);
    CHECK(steps.done);
    CHECK_STR(steps.output, "12345678901234567.10");
    CHECK_STR(steps.status, "{\"a\": 1e2}");
    end();
}

TEST(an_input_that_is_no_json_stays_a_json_string)
{
    CHECK_INT(
        read_text(
            "{\"actions\":[[{\"actionType\":0,\"functionName\":\"a\",\"input\":\"no json\"}]]}"),
        TH_OK);
    CHECK_STR(steps.list[0].input, "\"no json\"");
    end();
}

TEST(what_no_sdk_answers_is_refused_in_words)
{
    static const char *const cases[][2] = {
        { "[]", "the answer of an orchestrator is no JSON object" },
        { "{\"actions\":[[{}]]}", "an action of the SDK has no 'actionType'" },
        { "{\"actions\":[[{\"actionType\":0}]]}", "an action of the SDK has no 'functionName'" },
        { "{\"actions\":[[{\"actionType\":0,\"functionName\":null}]]}",
          "an action of the SDK has no 'functionName'" },
        { "{\"actions\":[[{\"actionType\":5,\"fireAt\":\"soon\"}]]}",
          "fireAt of an action must be a time" },
        { "{\"actions\":[[{\"actionType\":15}]]}",
          "an action of type 15 can't be carried out here" },
        { "{\"actions\":[[{\"actionType\":13}]]}", "lockSet must have 1 to 1000 entities" },
        { "{\"actions\":[[{\"actionType\":1,\"functionName\":\"a\"}]]}",
          "retryOptions: maxNumberOfAttempts must be a number from 1 on" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(read_text(cases[i][0]), TH_INVALID);
        CHECK_STR(err.text, cases[i][1]);
    }
    end();
}

TEST(pauses_grow_up_to_their_limit)
{
    th__retry_options retry = { .first_ms = 100, .most_ms = 1000, .factor = 2, .attempts = 9 };

    CHECK_INT(th__retry_delay_us(&retry, 1), 100000);
    CHECK_INT(th__retry_delay_us(&retry, 3), 400000);
    CHECK_INT(th__retry_delay_us(&retry, 8), 1000000);
    retry.most_ms = 0;
    CHECK(th__retry_delay_us(&retry, 1000000) > 0);
}
