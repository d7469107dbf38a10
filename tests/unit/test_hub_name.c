/* test_hub_name.c - names given by people, and names made from a site's. */
#include "base/config.h"

#include "test.h"

#define N45 "a23456789012345678901234567890123456789012345"

TEST(a_hub_name_has_3_to_45_letters_and_digits_and_begins_with_a_letter)
{
    CHECK_STR(th_hub_name_problem("abc"), NULL);
    CHECK_STR(th_hub_name_problem("Z99"), NULL);
    CHECK_STR(th_hub_name_problem(N45), NULL);
    CHECK_STR(th_hub_name_problem(NULL), "must not be empty");
    CHECK_STR(th_hub_name_problem(""), "must not be empty");
    CHECK_STR(th_hub_name_problem("ab"), "must have 3 to 45 characters");
    CHECK_STR(th_hub_name_problem(N45 "6"), "must have 3 to 45 characters");
    CHECK_STR(th_hub_name_problem("1abc"), "must begin with a letter");
    CHECK_STR(th_hub_name_problem("a-c"), "must consist of letters and digits only");
    CHECK_STR(th_hub_name_problem("a\xC3\xA9z"), "must consist of letters and digits only");
    CHECK_STR(th_hub_name_problem("abc "), "must consist of letters and digits only");
}

static void check_from(const char *site, const char *want)
{
    char out[TH_HUB_NAME_SIZE];

    th_hub_name_from(site, out);
    CHECK_STR(out, want);
    CHECK_STR(th_hub_name_problem(out), NULL);
}

TEST(a_sites_name_becomes_one_by_leaving_out_what_does_not_fit)
{
    check_from("TestHubName", "TestHubName");
    check_from("my-app_2.net", "myapp2net");
    check_from("7eleven", "t7eleven");
    check_from("-7", "t7Hub");
    check_from("a", "aHub");
    check_from("ab", "abHub");
    check_from("", "DefaultTaskHub");
    check_from("--\xC3\xA9--", "DefaultTaskHub");
    check_from(N45 "67", N45);
    check_from("1234567890123456789012345678901234567890123456",
               "t12345678901234567890123456789012345678901234");
}
