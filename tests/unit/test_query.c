#include "http/query.h"

#include "test.h"

#include "base/clock.h"
#include "engine/event.h"

static th_arena *arena;

static th_query parsed(const char *target)
{
    th_query query = { 0 };
    th_error err = { 0 };

    if (!arena)
        arena = th_arena_new(0);
    if (!CHECK(th_query_parse(arena, target, &query, &err) == TH_OK))
        printf("  %s: %s\n", target, err.text);
    return query;
}

static const char *refused(const char *target)
{
    th_query query = { 0 };
    static th_error err;

    th_error_clear(&err);
    if (!arena)
        arena = th_arena_new(0);
    CHECK(th_query_parse(arena, target, &query, &err) == TH_INVALID);
    return err.text;
}

static const char *text(const char *target, const char *name)
{
    th_query query = parsed(target);

    return th_query_text(&query, arena, name);
}

static bool flag(const char *target, bool fallback)
{
    th_query query = parsed(target);

    return th_query_bool(&query, arena, "b", fallback);
}

TEST(the_path_is_form_decoded_once_with_plus_as_space_and_2f_as_slash)
{
    CHECK_STR(parsed("/a%20b+c/d%2Fe").path, "/a b c/d/e");
    CHECK_STR(parsed("/a%2520b").path, "/a%20b");
    CHECK_STR(parsed("/%C3%A9v%c3%a9").path, "/\xc3\xa9v\xc3\xa9");
}

TEST(the_raw_target_is_kept_with_its_query)
{
    CHECK_STR(parsed("/a%20b?x=%41").raw, "/a%20b?x=%41");
    CHECK_STR(parsed("http://host:1/a?x=1").raw, "/a?x=1");
    CHECK_STR(parsed("HTTP://host").path, "/");
    CHECK_STR(parsed("http://host?x=1").path, "/");
    CHECK_STR(parsed("*").path, "/*");
    CHECK_STR(parsed("").path, "/*");
}

TEST(a_bad_escape_a_nul_or_invalid_utf8_is_refused_by_name)
{
    CHECK_STR(refused("/%zz"), "The path holds a '%' that two hex digits do not follow.");
    CHECK_STR(refused("/%"), "The path holds a '%' that two hex digits do not follow.");
    CHECK_STR(refused("/%4"), "The path holds a '%' that two hex digits do not follow.");
    CHECK_STR(refused("/a%00b"), "The path holds a NUL character.");
    CHECK_STR(refused("/%ff"), "The path is not valid UTF-8.");
    CHECK_STR(refused("/\xff"), "The path is not valid UTF-8.");
    CHECK_STR(refused("/a?x=%zz"),
              "The query string holds a '%' that two hex digits do not follow.");
    CHECK_STR(refused("/a?%00=1"), "The query string holds a NUL character.");
    CHECK_STR(refused("/a?x=%C3"), "The query string is not valid UTF-8.");
}

TEST(names_match_in_any_case_and_values_are_trimmed_then_decoded)
{
    CHECK_STR(text("/?Reason=a+b%26c", "reason"), "a b&c");
    CHECK_STR(text("/?rEASON= x %20", "reason"), "x  ");
    CHECK_STR(text("/?re%61son=x", "reason"), "x");
    CHECK_STR(text("/?reason", "reason"), "");
    CHECK_STR(text("/?reason=", "reason"), "");
    CHECK_STR(text("/?reason=a=b", "reason"), "a=b");
    CHECK_STR(text("/?other=1", "reason"), NULL);
    CHECK_STR(text("/", "reason"), NULL);
    CHECK_STR(text("/?", "reason"), NULL);
    CHECK_STR(text("/?&&reason=1&", "reason"), "1");
}

TEST(a_repeated_name_gives_its_values_joined_with_commas)
{
    CHECK_STR(text("/?reason=a&x=1&REASON=b", "reason"), "a,b");
    CHECK_STR(text("/?reason=&reason=b&reason=", "reason"), ",b,");
}

TEST(a_boolean_is_true_or_false_in_any_case_and_else_absent)
{
    CHECK(flag("/?b=true", false));
    CHECK(flag("/?b=%20TRUE%20", false));
    CHECK(!flag("/?b=False", true));
    CHECK(flag("/?b=0", true));
    CHECK(flag("/?b=yes", true));
    CHECK(flag("/?b=", true));
    CHECK(flag("/?b=true&b=false", true));
    CHECK(!flag("/?b=true&b=false", false));
}

TEST(an_integer_of_32_bits_is_read_and_anything_else_is_absent)
{
    static const struct {
        const char *target;
        bool there;
        int32_t value;
    } rows[] = {
        { "/?n=7", true, 7 },           { "/?n=-1", true, -1 },
        { "/?n=%2B5", true, 5 },        { "/?n=%2012%20", true, 12 },
        { "/?n=abc", false, 0 },        { "/?n=99999999999", false, 0 },
        { "/?n=1.5", false, 0 },        { "/?n=", false, 0 },
        { "/?n=0x10", false, 0 },       { "/?n=2147483647", true, 2147483647 },
        { "/?n=2147483648", false, 0 }, { "/?n=--1", false, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        th_query query = parsed(rows[i].target);
        int32_t n = 0;
        CHECK_INT(th_query_int(&query, arena, "n", &n), rows[i].there);
        CHECK_INT(n, rows[i].value);
    }
}

TEST(seconds_may_have_a_fraction_an_exponent_or_be_no_number)
{
    th_query query = parsed("/?a=1.5&b=1e3&c=-5&d=NaN&e=abc&f=0x10&g=1e999&h=");
    double v = 0;

    CHECK(th_query_seconds(&query, arena, "a", &v) && v > 1.4 && v < 1.6);
    CHECK(th_query_seconds(&query, arena, "b", &v) && v > 999 && v < 1001);
    CHECK(th_query_seconds(&query, arena, "c", &v) && v < -4.9);
    CHECK(th_query_seconds(&query, arena, "d", &v) && __builtin_isnan(v));
    CHECK(!th_query_seconds(&query, arena, "e", &v));
    CHECK(!th_query_seconds(&query, arena, "f", &v));
    CHECK(th_query_seconds(&query, arena, "g", &v) && __builtin_isinf(v));
    CHECK(!th_query_seconds(&query, arena, "h", &v));
}

TEST(times_are_iso_with_or_without_zone_and_a_lost_plus_does_not_parse)
{
    static const struct {
        const char *target;
        bool there;
        const char *iso;
    } rows[] = {
        { "/?t=2024-01-31", true, "2024-01-31T00:00:00Z" },
        { "/?t=2024-01-31T10:00:00Z", true, "2024-01-31T10:00:00Z" },
        { "/?t=2024-01-31T10:00:00.5", true, "2024-01-31T10:00:00.5Z" },
        { "/?t=2024-01-31T10:00:00%2B02:00", true, "2024-01-31T08:00:00Z" },
        { "/?t=2024-01-31%2010:00:00", true, "2024-01-31T10:00:00Z" },
        { "/?t=2024-01-31T10:00:00+00:00", false, "" },
        { "/?t=nonsense", false, "" },
        { "/?t=", false, "" },
        { "/?t=1-01-01T00:00:00.000000Z", true, "0001-01-01T00:00:00Z" },
        { "/?t=2024-13-01", false, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        th_query query = parsed(rows[i].target);
        char iso[TH_ISO_SIZE] = "";
        int64_t us = 0;
        bool there = th_query_time(&query, arena, "t", &us);
        if (!CHECK_INT(there, rows[i].there))
            printf("  %s\n", rows[i].target);
        if (there)
            th_iso_format(iso, us, -1);
        CHECK_STR(iso, rows[i].iso);
    }
}

TEST(statuses_are_names_in_exact_case_or_numbers_and_unknown_ones_are_dropped)
{
    static const struct {
        const char *target;
        uint32_t set;
        bool named;
    } rows[] = {
        { "/?runtimeStatus=Completed,Failed", 1u << TH_COMPLETED | 1u << TH_FAILED, true },
        { "/?runtimeStatus=Completed&runtimeStatus=Failed", 1u << TH_COMPLETED | 1u << TH_FAILED,
          true },
        { "/?runtimeStatus=completed", 0, true },
        { "/?runtimeStatus=bogus,%20Running%20", 1u << TH_RUNNING, true },
        { "/?runtimeStatus=1,7", 1u << TH_COMPLETED | 1u << TH_SUSPENDED, true },
        { "/?runtimeStatus=8,-1", 0, true },
        { "/?runtimeStatus=", 0, false },
        { "/?runtimeStatus=,", 0, true },
        { "/", 0, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        th_query query = parsed(rows[i].target);
        bool named = false;
        if (!CHECK_INT(th_query_statuses(&query, arena, &named), rows[i].set))
            printf("  %s\n", rows[i].target);
        CHECK_INT(named, rows[i].named);
    }
}
