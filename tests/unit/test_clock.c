/* test_clock.c - a clock that can be set, and times as text. */
#include "base/clock.h"

#include <time.h>

#include "test.h"

#define A_TIME INT64_C(1795496400123456) /* 2026-11-24T05:00:00.123456Z */

static const char *format(int64_t us, int digits)
{
    static char out[TH_ISO_SIZE];

    th_iso_format(out, us, digits);
    return out;
}

TEST(a_set_clock_stands_still_until_it_is_real_again)
{
    th_clock_set(A_TIME);
    CHECK_INT(th_now_us(), A_TIME);
    CHECK_INT(th_mono_us(), A_TIME);
    th_clock_set(-1);

    int64_t before = (int64_t)time(NULL) - 2;
    CHECK(th_now_us() >= before * 1000000);
    CHECK(th_mono_us() != A_TIME);
    int64_t mono = th_mono_us();
    CHECK(th_mono_us() >= mono);
}

TEST(times_are_written_with_the_digits_asked_for)
{
    CHECK_STR(format(A_TIME, 6), "2026-11-24T05:00:00.123456Z");
    CHECK_STR(format(A_TIME, 3), "2026-11-24T05:00:00.123Z");
    CHECK_STR(format(A_TIME, 0), "2026-11-24T05:00:00Z");
    CHECK_STR(format(A_TIME, -1), "2026-11-24T05:00:00.123456Z");
    CHECK_STR(format(A_TIME - 123456 + 120000, -1), "2026-11-24T05:00:00.12Z");
    CHECK_STR(format(A_TIME - 123456, -1), "2026-11-24T05:00:00Z");
    CHECK_STR(format(A_TIME - 123456 + 7, -1), "2026-11-24T05:00:00.000007Z");
}

TEST(times_before_1970_and_far_away_are_written_too)
{
    CHECK_STR(format(-1, 6), "1969-12-31T23:59:59.999999Z");
    CHECK_STR(format(INT64_C(-62135596800000000), 0), "0001-01-01T00:00:00Z");
    CHECK_STR(format(INT64_C(253402300799999999), 6), "9999-12-31T23:59:59.999999Z");
    CHECK(strlen(format(INT64_MAX, 6)) < TH_ISO_SIZE);
    CHECK_STR(format(INT64_MAX, 0), "+294247-01-10T04:00:54Z");
    CHECK_STR(format(INT64_MIN, 0), "-290308-12-21T19:59:05Z");
}

static void check_parse(const char *text, int64_t want)
{
    int64_t got = -77;

    if (!CHECK(th_iso_parse(text, &got)))
        printf("  %s\n", text);
    else
        CHECK_INT(got, want);
}

TEST(every_form_of_a_time_is_read)
{
    const int64_t whole = A_TIME - 123456;

    check_parse("2026-11-24T05:00:00.123456Z", A_TIME);
    check_parse("2026-11-24T05:00:00Z", whole);
    check_parse("2026-11-24T05:00Z", whole);
    check_parse("2026-11-24T05:00:00", whole);
    check_parse("2026-11-24T06:30:00+01:30", whole);
    check_parse("2026-11-24T06:30:00+0130", whole);
    check_parse("2026-11-24T04:00:00-01", whole);
    check_parse("2026-11-23T23:00:00.5-06:00", whole + 500000);
    check_parse("2026-11-24", whole - INT64_C(5) * 3600 * 1000000);
    check_parse("1969-12-31T23:59:59.999999Z", -1);
    check_parse("2024-02-29T00:00:00Z", INT64_C(1709164800000000));
    check_parse("0001-01-01T00:00:00Z", INT64_C(-62135596800000000));
}

TEST(fractions_are_rounded_up_to_a_microsecond)
{
    const int64_t whole = A_TIME - 123456;

    check_parse("2026-11-24T05:00:00.1234561Z", A_TIME + 1);
    check_parse("2026-11-24T05:00:00.123456000Z", A_TIME);
    check_parse("2026-11-24T05:00:00.000000001Z", whole + 1);
    check_parse("2026-11-24T05:00:00.9999999Z", whole + 1000000);
}

TEST(what_is_not_a_time_is_refused)
{
    static const char *const bad[] = { "",
                                       "now",
                                       "2026",
                                       "2026-11",
                                       "2026-11-24 05:00:00",
                                       "2026-11-24T",
                                       "2026-11-24T05",
                                       "2026-11-24T05:00:",
                                       "2026-11-24T5:00:00Z",
                                       "2026-11-24T24:00:00Z",
                                       "2026-11-24T05:60:00Z",
                                       "2026-11-24T05:00:60Z",
                                       "2026-11-24T05:00:00.Z",
                                       "2026-11-24T05:00:00.1234567890Z",
                                       "2026-11-24T05:00:00,5Z",
                                       "2026-11-24T05:00:00ZZ",
                                       "2026-11-24T05:00:00z",
                                       "2026-11-24T05:00:00+1",
                                       "2026-11-24T05:00:00+24:00",
                                       "2026-11-24T05:00:00+01:",
                                       "2026-11-24T05:00:00+01:60",
                                       "2026-11-24Z",
                                       "2026-00-24",
                                       "2026-13-24",
                                       "2026-11-31",
                                       "2026-02-29",
                                       "1900-02-29",
                                       "0000-01-01",
                                       "-001-01-01",
                                       " 2026-11-24",
                                       "2026-11-24 " };
    int64_t us = 5;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!th_iso_parse(bad[i], &us)))
            printf("  %s\n", bad[i]);
    CHECK(!th_iso_parse(NULL, &us));
    CHECK_INT(us, 5);
}

TEST(every_day_of_many_years_comes_back)
{
    for (int64_t day = -800000; day < 2900000; day += 13) {
        int64_t us = day * INT64_C(86400000000) + 1, back = 0;

        if (day * 86400 < INT64_C(-62135596800) || day * 86400 > INT64_C(253402300799))
            continue;
        if (!CHECK(th_iso_parse(format(us, 6), &back)) || !CHECK_INT(back, us))
            return;
    }
}
