/* test_json_text.c - taskhub.h's readers and writers of JSON texts. */
#include "test.h"

#include <taskhub.h>

#include "runtime/runtime_int.h"

void th_engine_orch_answered(th_engine *engine, const th_answer *answer)
{
    (void)engine;
    (void)answer;
}

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    (void)engine;
    (void)answer;
}

static th__scope scope = { .kind = TH__ACTIVITY };

static void *ctx(void)
{
    if (!scope.arena)
        scope.arena = th_arena_new(0);
    th_arena_reset(scope.arena);
    return &scope;
}

TEST(integers_come_from_a_field_or_from_the_text_itself)
{
    CHECK_INT(th_get_int("{\"a\":1,\"b\":{\"a\":5},\"width\" : -42 }", "width", 9), -42);
    CHECK_INT(th_get_int(" 7 ", NULL, 9), 7);
    CHECK_INT(th_get_int("7", "width", 9), 9);
    CHECK_INT(th_get_int("{\"b\":{\"a\":5}}", "a", 9), 9);
    CHECK_INT(th_get_int("{\"a\":1,\"a\":2}", "a", 9), 2);
    CHECK_INT(th_get_int("{\"a\":\"1\"}", "a", 9), 9);
    CHECK_INT(th_get_int("{\"a\":2.9e1}", "a", 9), 29);
    CHECK_INT(th_get_int("9223372036854775807", NULL, 9), INT64_MAX);
    CHECK_INT(th_get_int("9223372036854775808", NULL, 9), 9);
    CHECK_INT(th_get_int("1e30", NULL, 9), 9);
    CHECK_INT(th_get_int("{\"\\u0061\":3}", "a", 9), 3);
    CHECK_INT(th_get_int("{\"ab\":3}", "a", 9), 9);
    CHECK_INT(th_get_int(NULL, "a", 9), 9);
}

TEST(texts_that_are_not_json_give_the_default)
{
    static const char *const bad[] = {
        "",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a",
        "{\"a\\",
        "[1,",
        "}",
        "{\"a\":}",
        "{\"b\":[}",
        "nul",
        "-",
        "{\"a\" 1}",
        "{\"\\u00\":1}",
        "{\"b\":1 \"a\":1}",
        "{\"b\":\"\\",
        "1x",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!CHECK_INT(th_get_int(bad[i], "a", 9), 9) ||
            !CHECK_INT(th_get_int(bad[i], NULL, 9), 9) ||
            !CHECK_STR(th_get_string(ctx(), bad[i], "a", "no"), "no") ||
            !CHECK_STR(th_get_json(ctx(), bad[i], "a"), NULL) ||
            !CHECK_STR(th_get_element(ctx(), bad[i], 3), NULL))
            printf("  for: %s\n", bad[i]);
    }
}

TEST(numbers_and_truth_values_are_read)
{
    CHECK(th_get_number("{\"seconds\":0.25}", "seconds", 1) == 0.25);
    CHECK(th_get_number("{\"seconds\":null}", "seconds", 1) == 1);
    CHECK(th_get_number("1e999", NULL, 1) == 1);
    CHECK(th_get_bool("{\"on\":true}", "on", false));
    CHECK(!th_get_bool("{\"on\":false}", "on", true));
    CHECK(th_get_bool("{\"on\":1}", "on", true));
    CHECK(!th_get_bool("truer", NULL, false));
}

TEST(strings_lose_their_escapes)
{
    CHECK_STR(th_get_string(ctx(), "{\"a\":\"x\\n\\\"\\u00e9\\ud83d\\ude00\\ud800y\"}", "a", NULL),
              "x\n\"\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDy");
    CHECK_STR(th_get_string(ctx(), "\"\"", NULL, "d"), "");
    CHECK_STR(th_get_string(ctx(), "{\"a\":1}", "a", NULL), NULL);
    CHECK_STR(th_get_string(ctx(), "\"\\q\"", NULL, "d"), "d");
}

TEST(values_and_elements_come_out_as_they_stand)
{
    const char *text = "{\"a\": [1, {\"b\":\"]\"} ,\"x\"] , \"c\":null}";
    const char *a = th_get_json(ctx(), text, "a");

    CHECK_STR(a, "[1, {\"b\":\"]\"} ,\"x\"]");
    CHECK_STR(th_get_element(&scope, a, 0), "1");
    CHECK_STR(th_get_element(&scope, a, 1), "{\"b\":\"]\"}");
    CHECK_STR(th_get_element(&scope, a, 2), "\"x\"");
    CHECK_STR(th_get_element(&scope, a, 3), NULL);
    CHECK_STR(th_get_element(&scope, "[]", 0), NULL);
    CHECK_STR(th_get_json(&scope, text, "c"), "null");
}

TEST(deep_texts_need_no_stack)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(2 * DEPTH + 16);

    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEPTH);
    memset(text + 5 + DEPTH, ']', DEPTH);
    strcpy(text + 5 + 2 * DEPTH, ",\"b\":1}");
    CHECK_INT(th_get_int(text, "b", 9), 1);
    free(text);
}

TEST(texts_are_quoted_and_lists_made)
{
    const char *items[] = { "1", NULL, "\"x\"" };

    CHECK_STR(th_quote(ctx(), "a\"b\n\xC3\xA9"), "\"a\\\"b\\n\xC3\xA9\"");
    CHECK_STR(th_quote(ctx(), "\xff\xC3"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK_STR(th_quote(ctx(), NULL), "null");
    CHECK_STR(th_list(ctx(), items, 3), "[1,null,\"x\"]");
    CHECK_STR(th_list(ctx(), NULL, 0), "[]");
    th_arena_free(scope.arena);
    scope.arena = NULL;
}
