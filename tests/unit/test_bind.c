/* test_bind.c - where requests need keys. */
#include "cli/bind.h"
#include "test.h"

static bool needs_keys(const char *bind, bool auth, bool no_auth)
{
    th_config config = { .bind = bind, .auth = auth, .no_auth = no_auth };

    return th_bind_needs_keys(&config);
}

TEST(requests_need_keys_where_other_machines_reach_the_address)
{
    CHECK(!needs_keys("127.0.0.1", false, false));
    CHECK(!needs_keys("localhost", false, false));
    CHECK(needs_keys("0.0.0.0", false, false));
    CHECK(needs_keys("::", false, false));
    CHECK(needs_keys("myhost", false, false));
}

TEST(keys_are_turned_on_or_off_by_word)
{
    CHECK(needs_keys("127.0.0.1", true, false));
    CHECK(!needs_keys("0.0.0.0", false, true));
    CHECK(!needs_keys("127.0.0.1", false, true));
}
