/* test_json_valid.c - the validator and the UTF-8 check. */
#include "base/clock.h"
#include "base/json.h"

#include "test.h"

static bool valid(const char *text)
{
    return th_json_valid(text, strlen(text), NULL);
}

/* "not JSON: " and this. */
static void check_problem(const char *text, size_t n, const char *want)
{
    th_error err = { 0 };

    CHECK(!th_json_valid(text, n, &err));
    CHECK_INT(err.rc, TH_INVALID);
    CHECK_STR(err.text + strlen("not JSON: "), want);
}

TEST(what_rfc_8259_allows_is_valid)
{
    static const char *const good[] = { "null",
                                        "true",
                                        "false",
                                        "0",
                                        "-0",
                                        "-0.0e-0",
                                        "12.5E+10",
                                        "1e400",
                                        "123456789012345678901234567890",
                                        "\"\"",
                                        "\"a\"",
                                        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"\x7F\"",
                                        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                                        "[]",
                                        "{}",
                                        " [ ] ",
                                        "\r\n\t {\t} ",
                                        "[1,2,[3,{\"a\":[]}]]",
                                        "{\"a\":1,\"a\":2,\"\":{}}",
                                        "{ \"a\" : [ 1 , 2 ] , \"b\" : null }",
                                        "[\"0123456789012345678901234567890123456789\"]" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!CHECK(valid(good[i])))
            printf("  %s\n", good[i]);
}

TEST(what_rfc_8259_does_not_allow_is_not_valid)
{
    static const char *const bad[] = { "",
                                       " ",
                                       "nul",
                                       "nulll",
                                       "True",
                                       "NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "undefined",
                                       "+1",
                                       "01",
                                       "-",
                                       "-a",
                                       ".5",
                                       "1.",
                                       "1.e5",
                                       "1e",
                                       "1e+",
                                       "0x10",
                                       "--1",
                                       "'a'",
                                       "\"",
                                       "\"a",
                                       "\"\\\"",
                                       "\"\\x\"",
                                       "\"\\",
                                       "\"\\u12\"",
                                       "\"\\u123g\"",
                                       "\"\\u",
                                       "\"\n\"",
                                       "\"\x1F\"",
                                       "\"\xFF\"",
                                       "\"\xC3\"",
                                       "\"\xC0\x80\"",
                                       "\"\xED\xA0\x80\"",
                                       "\"\xF4\x90\x80\x80\"",
                                       "\xC3\xA9",
                                       "\xEF\xBB\xBF{}",
                                       "[",
                                       "]",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "[1}",
                                       "{",
                                       "}",
                                       "{]",
                                       "{\"a\"",
                                       "{\"a\":",
                                       "{\"a\":1",
                                       "{\"a\":1,",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "{a:1}",
                                       "{1:1}",
                                       "{\"a\" 1}",
                                       "{\"a\"::1}",
                                       "{\"a\":1 \"b\":2}",
                                       "{\"a\":1]",
                                       "1 2",
                                       "{}{}",
                                       "[],",
                                       "// x\n1",
                                       "1 /* x */",
                                       "\f1",
                                       "1\v" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!valid(bad[i])))
            printf("  %s\n", bad[i]);
}

TEST(errors_say_what_was_wrong_and_where)
{
    check_problem("", 0, "it is empty at byte 0");
    check_problem("[1,", 3, "it ends too early at byte 3");
    check_problem("{\"a\" 1}", 7, "no ':' after a name at byte 5");
    check_problem("[1 2]", 5, "no ',' or ']' after an element at byte 3");
    check_problem("{\"a\":1 2}", 9, "no ',' or '}' after a member at byte 7");
    check_problem("[NaN]", 5, "no value at byte 1");
    check_problem("\"a\xFF\"", 4, "bytes that are not UTF-8 at byte 2");
    check_problem("1 1", 3, "more than one value at byte 2");
}

TEST(a_raw_nul_is_refused_by_name_wherever_it_stands)
{
    check_problem("\0", 1, "a raw NUL at byte 0");
    check_problem("1\0", 2, "a raw NUL at byte 1");
    check_problem("\"a\0b\"", 5, "a raw NUL at byte 2");
    check_problem("\"\\\0\"", 4, "a raw NUL at byte 2");
    check_problem("\"\\u0\0\0\0\"", 8, "a raw NUL at byte 4");
    check_problem("[1,\0]", 5, "a raw NUL at byte 3");
    check_problem("{\0}", 3, "a raw NUL at byte 1");
    check_problem("1.\0", 3, "a raw NUL at byte 2");
    check_problem("tru\0", 4, "a raw NUL at byte 3");
}

TEST(every_byte_inside_a_string_is_judged_at_every_place_of_a_word)
{
    for (int c = 0; c < 256; c++) {
        bool want = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

        for (size_t at = 1; at < 25; at++) {
            char text[26];

            memset(text, 'a', sizeof text);
            text[0] = text[25] = '"';
            text[at] = (char)c;
            CHECK_INT(th_json_valid(text, sizeof text, NULL), want);
        }
    }
}

static void check_depth(size_t depth, char open, char close, bool want)
{
    char text[4 * (TH_JSON_DEPTH + 1)];
    size_t n = 0;

    for (size_t i = 0; i < depth; i++) {
        text[n++] = open;
        if (open == '{' && i + 1 < depth) {
            memcpy(text + n, "\"\":", 3);
            n += 3;
        }
    }
    for (size_t i = 0; i < depth && n < sizeof text; i++)
        text[n++] = close;
    CHECK_INT(th_json_valid(text, n, NULL), want);
}

TEST(the_depth_of_512_is_the_last_allowed)
{
    check_depth(TH_JSON_DEPTH, '[', ']', true);
    check_depth(TH_JSON_DEPTH + 1, '[', ']', false);
    check_depth(400, '{', '}', true);
}

TEST(siblings_do_not_add_to_the_depth)
{
    char text[3 * 2000 + 2];
    size_t n = 0;

    text[n++] = '[';
    for (int i = 0; i < 2000; i++) {
        memcpy(text + n, "[],", 3);
        n += 3;
    }
    text[n - 1] = ']';
    CHECK(th_json_valid(text, n, NULL));
}

TEST(the_end_of_the_memory_is_never_passed)
{
    static const char text[] = "{\"name\":[1.5e3,true,\"\\u00e9\xC3\xA9\",null,{\"x\":false}]}";

    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n ? n : 1); /* so that a sanitizer sees one byte too many */

        memcpy(copy, text, n);
        CHECK_INT(th_json_valid(copy, n, NULL), n == sizeof text - 1);
        free(copy);
    }
}

TEST(utf8_is_what_rfc_3629_says)
{
    static const char *const good[] = { "",
                                        "a",
                                        "\x7F",
                                        "\xC2\x80",
                                        "\xDF\xBF",
                                        "\xE0\xA0\x80",
                                        "\xED\x9F\xBF",
                                        "\xEE\x80\x80",
                                        "\xEF\xBF\xBF",
                                        "\xF0\x90\x80\x80",
                                        "\xF4\x8F\xBF\xBF",
                                        "abcdefgh\xC3\xA9zyxwvuts" };
    static const char *const bad[] = { "\x80",
                                       "\xBF",
                                       "\xC0\x80",
                                       "\xC1\xBF",
                                       "\xC2",
                                       "\xC2 ",
                                       "\xE0\x9F\xBF",
                                       "\xE2\x82",
                                       "\xE2\x82 ",
                                       "\xED\xA0\x80",
                                       "\xED\xBF\xBF",
                                       "\xF0\x8F\xBF\xBF",
                                       "\xF0\x9F\x98",
                                       "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80",
                                       "\xFF",
                                       "12345678\xC3",
                                       "1234567\xC3" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!CHECK(th_utf8_valid(good[i], strlen(good[i]))))
            printf("  good %zu\n", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!th_utf8_valid(bad[i], strlen(bad[i]))))
            printf("  bad %zu\n", i);
    CHECK(th_utf8_valid("a\0b", 3));
}
