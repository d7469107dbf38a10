/* How versions compare, and who may run which. */
#include "base/version.h"

#include "test.h"

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

TEST(versions_compare_number_by_number_and_else_as_text)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        { "1.0", "1.0", 0 }, { "1.9", "1.10", -1 },         { "2", "10", -1 },
        { "1", "1.0", -1 },  { "1.0.0", "1.0", 1 },         { "01.2", "1.2", 0 },
        { "a", "B", -1 },    { "Alpha", "alpha", 0 },       { "1.x", "1.10", 1 },
        { "1.", "1", 1 },    { "1.2.3.4.5", "1.2.3.4", 1 }, { "9999999999", "1", 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!CHECK_INT(sign(th_version_compare(rows[i].a, rows[i].b)), rows[i].order))
            printf("  %s %s\n", rows[i].a, rows[i].b);
        CHECK_INT(sign(th_version_compare(rows[i].b, rows[i].a)), -rows[i].order);
    }
}

TEST(no_version_is_older_than_any)
{
    CHECK_INT(th_version_compare(NULL, NULL), 0);
    CHECK_INT(th_version_compare(NULL, " "), 0);
    CHECK_INT(sign(th_version_compare("", "0")), -1);
    CHECK_INT(sign(th_version_compare("0", NULL)), 1);
}

TEST(each_strategy_lets_in_what_it_says)
{
    CHECK(th_version_fits(TH_MATCH_CURRENT_OR_OLDER, "2", "2"));
    CHECK(th_version_fits(TH_MATCH_CURRENT_OR_OLDER, "2", "1"));
    CHECK(th_version_fits(TH_MATCH_CURRENT_OR_OLDER, "2", NULL));
    CHECK(!th_version_fits(TH_MATCH_CURRENT_OR_OLDER, "2", "3"));
    CHECK(th_version_fits(TH_MATCH_STRICT, "2", "2"));
    CHECK(!th_version_fits(TH_MATCH_STRICT, "2", "1"));
    CHECK(!th_version_fits(TH_MATCH_STRICT, "2", NULL));
    CHECK(th_version_fits(TH_MATCH_NONE, "2", "3"));
}
