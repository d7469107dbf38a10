/* test_sql_failure.c - what the server says of a failure, as an orchestrator gets it. */
#include "runtime/sql_failure.h"

#include "base/json.h"
#include "test.h"

TEST(a_failure_has_what_the_server_said_and_leaves_out_what_it_did_not)
{
    th_arena *arena = th_arena_new(0);
    th_bound_failure failed = { .sqlstate = "23505",
                                .message = "duplicate \"key\"",
                                .context = "line 1\nline 2",
                                .constraint = "pk",
                                .detail = "" };

    CHECK_STR(
        th__sql_failure(arena, &failed),
        "{\"type\":\"SqlError\",\"message\":\"duplicate \\\"key\\\"\",\"stack\":\"line 1\\nline "
        "2\",\"properties\":{\"sqlstate\":\"23505\",\"constraint\":\"pk\"}}");
    th_arena_free(arena);
}

TEST(what_the_function_can_never_take_is_not_tried_again)
{
    th_arena *arena = th_arena_new(0);
    th_bound_failure failed = { .sqlstate = "TH007", .message = "no" };

    CHECK_STR(th__sql_failure(arena, &failed),
              "{\"type\":\"SqlError\",\"message\":\"no\",\"nonRetriable\":true,\"properties\":{"
              "\"sqlstate\":\"TH007\"}}");
    th_arena_free(arena);
}

TEST(a_failure_without_a_word_is_still_json)
{
    th_arena *arena = th_arena_new(0);
    th_bound_failure failed = { 0 };
    const char *text = th__sql_failure(arena, &failed);

    CHECK(th_json_valid(text, strlen(text), NULL));
    th_arena_free(arena);
}
