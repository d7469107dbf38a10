/* test_json.c - parse with limits, fields with one form of error, durations. */
#include "base/json.h"

#include "test.h"

static json_t *parse(const char *text)
{
    json_t *root = NULL;

    CHECK_INT(th_json_parse(text, strlen(text), 0, &root, NULL), TH_OK);
    return root;
}

static void check_refused(const char *text, size_t n, size_t limit, th_rc rc, const char *want)
{
    json_t *root = NULL;
    th_error err = { 0 };

    CHECK_INT(th_json_parse(text, n, limit, &root, &err), rc);
    CHECK_STR(err.text, want);
    CHECK(root == NULL);
}

TEST(a_text_becomes_a_tree)
{
    json_t *root = parse(" {\"a\": [1, \"\\u0000x\"], \"a\": 2} ");

    CHECK_INT(json_integer_value(json_object_get(root, "a")), 2);
    json_decref(root);
    root = parse("7");
    CHECK_INT(json_integer_value(root), 7);
    json_decref(root);
}

TEST(escaped_nul_characters_survive_in_strings)
{
    json_t *root = parse("\"a\\u0000b\"");

    CHECK_INT(json_string_length(root), 3);
    CHECK_MEM(json_string_value(root), "a\0b", 4);
    json_decref(root);
}

TEST(size_and_form_are_refused_by_name)
{
    check_refused("[1,2]", 5, 4, TH_TOO_LARGE, "JSON of 5 bytes; at most 4 are allowed");
    check_refused("[1,\0]", 5, 5, TH_INVALID, "not JSON: a raw NUL at byte 3");
    check_refused("{\"a\":NaN}", 9, 0, TH_INVALID, "not JSON: no value at byte 5");
}

TEST(what_a_tree_cannot_hold_is_refused_by_name)
{
    static const char *const cases[][2] = {
        { "99999999999999999999", "a number out of range" },
        { "1e999", "a number out of range" },
        { "\"\\ud800\"", "half of a surrogate pair" },
        { "{\"a\\u0000\":1}", "a NUL character in a name" },
    };

    for (size_t i = 0; i < 4; i++) {
        json_t *root = NULL;
        th_error err = { 0 };

        CHECK_INT(th_json_parse(cases[i][0], strlen(cases[i][0]), 0, &root, &err), TH_INVALID);
        CHECK(strstr(err.text, cases[i][1]) != NULL);
    }
}

static th_json_at top(const json_t *root, bool any_case)
{
    th_json_at at = { 0 };

    CHECK_INT(th_json_top(root, NULL, TH_INVALID, any_case, &at, NULL), TH_OK);
    return at;
}

TEST(fields_of_each_type_are_read)
{
    json_t *root =
        parse("{\"s\":\"x\",\"i\":-5,\"b\":true,\"d\":\"01:02:03.5\",\"a\":[],\"n\":null}");
    th_json_at at = top(root, false);
    const char *s = NULL;
    int64_t i = 0, us = 0;
    bool b = false;
    const json_t *array = NULL;

    CHECK_INT(th_json_str(&at, "s", TH_REQUIRED, &s, NULL), TH_OK);
    CHECK_STR(s, "x");
    CHECK_INT(th_json_int(&at, "i", TH_REQUIRED, -5, 5, &i, NULL), TH_OK);
    CHECK_INT(i, -5);
    CHECK_INT(th_json_bool(&at, "b", TH_REQUIRED, &b, NULL), TH_OK);
    CHECK(b);
    CHECK_INT(th_json_duration(&at, "d", TH_REQUIRED, &us, NULL), TH_OK);
    CHECK_INT(us, INT64_C(3723500000));
    CHECK_INT(th_json_array(&at, "a", TH_REQUIRED, &array, NULL), TH_OK);
    CHECK(json_is_array(array));
    json_decref(root);
}

TEST(an_optional_field_that_is_absent_or_null_leaves_the_output)
{
    json_t *root = parse("{\"n\":null}");
    th_json_at at = top(root, false);
    const char *s = "before";
    int64_t i = 9;

    CHECK_INT(th_json_str(&at, "n", TH_OPTIONAL, &s, NULL), TH_OK);
    CHECK_STR(s, "before");
    CHECK_INT(th_json_int(&at, "none", TH_OPTIONAL, 0, 1, &i, NULL), TH_OK);
    CHECK_INT(i, 9);
    json_decref(root);
}

TEST(a_bad_field_is_named_with_its_path_and_the_rule)
{
    json_t *root =
        parse("{\"a\":{\"b\":{\"n\":7,\"s\":\"x\\u0000\",\"o\":1,\"r\":1.5,\"null\":null}}}");
    th_json_at at = top(root, false), a, b, none;
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    const char *s = NULL;
    int64_t i;
    bool flag;

    CHECK_INT(th_json_object(&at, "a", TH_REQUIRED, arena, &a, &err), TH_OK);
    CHECK_INT(th_json_object(&a, "b", TH_REQUIRED, arena, &b, &err), TH_OK);

#define REFUSED(call, want)        \
    CHECK_INT((call), TH_INVALID); \
    CHECK_STR(err.text, want);     \
    th_error_clear(&err)
    REFUSED(th_json_str(&b, "n", TH_OPTIONAL, &s, &err), "a.b.n: must be a string");
    REFUSED(th_json_str(&b, "s", TH_OPTIONAL, &s, &err), "a.b.s: must not contain a NUL character");
    REFUSED(th_json_str(&b, "no", TH_REQUIRED, &s, &err), "a.b.no: is required");
    REFUSED(th_json_str(&b, "null", TH_REQUIRED, &s, &err), "a.b.null: is required");
    REFUSED(th_json_int(&b, "n", TH_OPTIONAL, 8, 9, &i, &err),
            "a.b.n: must be an integer from 8 to 9");
    REFUSED(th_json_int(&b, "r", TH_OPTIONAL, 0, 9, &i, &err),
            "a.b.r: must be an integer from 0 to 9");
    REFUSED(th_json_bool(&b, "n", TH_OPTIONAL, &flag, &err), "a.b.n: must be true or false");
    REFUSED(th_json_duration(&b, "s", TH_OPTIONAL, &i, &err),
            "a.b.s: must not contain a NUL character");
    REFUSED(th_json_object(&b, "o", TH_OPTIONAL, arena, &none, &err), "a.b.o: must be an object");
#undef REFUSED

    th_arena_free(arena);
    json_decref(root);
}

TEST(an_absent_object_has_no_fields)
{
    json_t *root = parse("{}");
    th_json_at at = top(root, false), a, b;
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    const char *s = "before";

    CHECK_INT(th_json_object(&at, "a", TH_OPTIONAL, arena, &a, &err), TH_OK);
    CHECK_INT(th_json_object(&a, "b", TH_OPTIONAL, arena, &b, &err), TH_OK);
    CHECK(b.object == NULL);
    CHECK_INT(th_json_str(&b, "s", TH_OPTIONAL, &s, &err), TH_OK);
    CHECK_STR(s, "before");
    CHECK_INT(th_json_str(&b, "s", TH_REQUIRED, &s, &err), TH_INVALID);
    CHECK_STR(err.text, "a.b.s: is required");
    th_arena_free(arena);
    json_decref(root);
}

TEST(the_top_must_be_an_object)
{
    json_t *root = parse("[]");
    th_json_at at;
    th_error err = { 0 };

    CHECK_INT(th_json_top(root, NULL, TH_CONFIG, false, &at, &err), TH_CONFIG);
    CHECK_STR(err.text, "the whole: must be an object");
    json_decref(root);
}

TEST(names_match_in_any_case_when_asked_and_only_then)
{
    json_t *root = parse("{\"NAME\":\"x\",\"twice\":1,\"Twice\":2}");
    th_json_at any = top(root, true), exact = top(root, false);
    th_error err = { 0 };
    const char *s = NULL;
    int64_t i = 0;

    CHECK_INT(th_json_str(&exact, "name", TH_OPTIONAL, &s, &err), TH_OK);
    CHECK_STR(s, NULL);
    CHECK_INT(th_json_str(&any, "name", TH_OPTIONAL, &s, &err), TH_OK);
    CHECK_STR(s, "x");
    CHECK_INT(th_json_int(&any, "twice", TH_OPTIONAL, 0, 9, &i, &err), TH_INVALID);
    CHECK_STR(err.text, "Twice: stands there twice, also as 'twice'");
    json_decref(root);
}

static void check_duration(const char *text, int64_t want)
{
    int64_t us = -5;
    bool ok = th_duration_parse(text, &us);

    if (!CHECK_INT(ok ? us : -1, want))
        printf("  %s\n", text ? text : "NULL");
    CHECK(ok || us == -5);
}

TEST(durations_are_hours_minutes_and_seconds)
{
    const int64_t s = 1000000;

    check_duration("00:00:00", 0);
    check_duration("00:00:30", 30 * s);
    check_duration("23:59:59", 86399 * s);
    check_duration("1.00:00:00", 86400 * s);
    check_duration("10675199.02:48:05.4775807", INT64_C(922337203685477580));
    check_duration("00:00:00.1", s / 10);
    check_duration("00:00:00.1234567", 123456);
}

TEST(what_is_not_a_duration_is_refused)
{
    static const char *const bad[] = { "",
                                       "30",
                                       "00:30",
                                       "0:00:30",
                                       "24:00:00",
                                       "00:60:00",
                                       "00:00:60",
                                       "-00:00:30",
                                       "00:00:30 ",
                                       " 00:00:30",
                                       "00:00:30.",
                                       "00:00:30.12345678",
                                       ".00:00:30",
                                       "1.",
                                       "1.2",
                                       "00:00:3x",
                                       "00:00",
                                       ":::",
                                       "999999999.00:00:00" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_duration(bad[i], -1);
    check_duration(NULL, -1);
}
