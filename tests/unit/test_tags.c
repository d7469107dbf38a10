/* What tags are. */
#include "base/tags.h"

#include <string.h>

#include "test.h"

static const char *problem(const char *text)
{
    return th_tags_problem(text, strlen(text));
}

TEST(tags_are_an_object_of_strings)
{
    CHECK_STR(problem("{}"), NULL);
    CHECK_STR(problem(" {\"team\": \"sales\", \"\": \"\xc3\xa9\"} "), NULL);
    CHECK_STR(problem("{\"a\": \"1\", \"a\": \"2\"}"), NULL);
}

TEST(anything_else_is_refused_with_the_rule)
{
    static const char *const others[] = { "[]", "null", "1", "\"a\"" };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_STR(problem(others[i]), "must be a JSON object");
    CHECK_STR(problem("{\"a\": [1]}"), "must have strings as values");
    CHECK_STR(problem("{\"a\": {\"b\": \"c\"}}"), "must have strings as values");
    CHECK_STR(problem("{\"[{\\\"\": \"]}\\\\\"}"), NULL);
    CHECK_STR(problem("{\"a\": 1}"), "must have strings as values");
    CHECK_STR(problem("{\"a\": \"b\", \"c\": null}"), "must have strings as values");
    CHECK_STR(problem("{\"a\": \"\\u0000\"}"), "must not contain the character U+0000");
    CHECK(strstr(problem("{\"a\\u0000\": \"b\"}"), "must be valid JSON"));
    CHECK(strstr(problem("{\"a\": \"\\ud800\"}"), "must be valid JSON"));
    CHECK(strstr(problem("{\"a\": "), "must be valid JSON"));
    CHECK(strstr(problem(""), "must be valid JSON"));
    CHECK(strstr(problem("{\"a\": \"\xff\"}"), "must be valid JSON"));
}
