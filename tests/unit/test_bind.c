/* test_bind.c - which addresses only this machine can reach, and where requests need keys. */
#include "cli/bind.h"
#include "test.h"

TEST(loopback_addresses_are_known_in_all_their_spellings)
{
    CHECK(th_bind_is_loopback("127.0.0.1"));
    CHECK(th_bind_is_loopback("127.8.9.10"));
    CHECK(th_bind_is_loopback("::1"));
    CHECK(th_bind_is_loopback("[::1]"));
    CHECK(th_bind_is_loopback("::ffff:127.0.0.1"));
    CHECK(th_bind_is_loopback("localhost"));
    CHECK(th_bind_is_loopback("LocalHost"));
}

TEST(every_other_address_is_not_loopback)
{
    static const char *const others[] = { "0.0.0.0",         "::",        "10.0.0.1",
                                          "192.168.1.1",     "126.0.0.1", "128.0.0.1",
                                          "::ffff:10.0.0.1", "fe80::1" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        CHECK(!th_bind_is_loopback(others[i]));
}

TEST(names_and_nonsense_are_not_taken_for_loopback)
{
    static const char *const others[] = { "",          "localhost.example", "127.0.0.1.example",
                                          "127.1",     "[127.0.0.1",        "127.0.0.1:80",
                                          "0x7f000001" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        CHECK(!th_bind_is_loopback(others[i]));
    char *longest = calloc(1, 5000);
    memset(longest, '1', 4999);
    CHECK(!th_bind_is_loopback(longest));
    free(longest);
}

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
