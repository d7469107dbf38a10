/* test_route.c - route templates: which paths fit, what their placeholders hold, who is asked
 * first. */
#include "functions/route.h"

#include "test.h"

static bool fits(const char *template, const char *path)
{
    th_arena *arena = th_arena_new(0);
    bool fits = th__route_match(arena, template, path, NULL);

    th_arena_free(arena);
    return fits;
}

static void check_value(const char *template, const char *path, const char *value)
{
    th_arena *arena = th_arena_new(0);
    th__route_params params;

    if (CHECK(th__route_match(arena, template, path, &params)) && CHECK_INT(params.count, 1))
        CHECK_STR(params.values[0], value);
    th_arena_free(arena);
}

TEST(literals_fit_in_any_case)
{
    CHECK(fits("a/b", "/A/b"));
    CHECK(fits("a/b", "/a/b/"));
    CHECK(!fits("a/b", "/a"));
    CHECK(!fits("a/b", "/a/b/c"));
    CHECK(!fits("a/b", "/a//b"));
    CHECK(fits("", "/"));
}

TEST(placeholders_hold_their_segment)
{
    check_value("a/{x}", "/a/one", "one");
    check_value("a/{x?}", "/a/one", "one");
    check_value("a/{x=two}", "/a", "two");
    check_value("a/{*rest}", "/a/b/c", "b/c");
    check_value("a/{*rest}", "/a", "");
    CHECK(fits("a/{x?}", "/a"));
    CHECK(!fits("a/{x}", "/a"));
}

TEST(constraints_hold)
{
    static const struct {
        const char *template, *good, *bad;
    } cases[] = {
        { "{x:int}", "/-5", "/5.5" },
        { "{x:int}", "/2147483647", "/2147483648" },
        { "{x:long}", "/2147483648", "/a" },
        { "{x:guid}", "/0f8fad5b-d9cb-469f-a165-70867728950e", "/0f8fad5b" },
        { "{x:bool}", "/TRUE", "/yes" },
        { "{x:alpha}", "/abc", "/ab1" },
        { "{x:double}", "/1.5", "/x" },
        { "{x:length(2)}", "/ab", "/abc" },
        { "{x:length(2,3)}", "/abc", "/a" },
        { "{x:minlength(2)}", "/ab", "/a" },
        { "{x:maxlength(2)}", "/ab", "/abc" },
        { "{x:int:range(1,9)}", "/9", "/10" },
        { "{x:min(3)}", "/3", "/2" },
        { "{x:max(3)}", "/3", "/4" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(fits(cases[i].template, cases[i].good));
        CHECK(!fits(cases[i].template, cases[i].bad));
    }
}

TEST(templates_that_can_t_be_are_refused)
{
    static const char *const bad[] = {
        "a//b", "a{x}", "{x}b", "{}", "{x?}/b", "{*x}/b", "{x:zip}"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(th__route_problem(bad[i]) != NULL);
    CHECK(th__route_problem("a/{x:int}/{*rest}") == NULL);
}

TEST(literals_are_asked_before_placeholders)
{
    CHECK(th__route_compare("a/b", "a/{x}") < 0);
    CHECK(th__route_compare("a/{x:int}", "a/{x}") < 0);
    CHECK(th__route_compare("a/{*x}", "a/{x}") > 0);
    CHECK_INT(th__route_compare("a/{x}", "b/{y}"), 0);
}
