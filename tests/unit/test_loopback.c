#include "base/loopback.h"

#include "test.h"

TEST(loopback_addresses_are_known_in_all_their_spellings)
{
    CHECK(th_is_loopback("127.0.0.1"));
    CHECK(th_is_loopback("127.8.9.10"));
    CHECK(th_is_loopback("::1"));
    CHECK(th_is_loopback("[::1]"));
    CHECK(th_is_loopback("::ffff:127.0.0.1"));
    CHECK(th_is_loopback("localhost"));
    CHECK(th_is_loopback("LocalHost"));
}

TEST(every_other_address_is_not_loopback)
{
    static const char *const others[] = { "0.0.0.0",         "::",        "10.0.0.1",
                                          "192.168.1.1",     "126.0.0.1", "128.0.0.1",
                                          "::ffff:10.0.0.1", "fe80::1" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        CHECK(!th_is_loopback(others[i]));
}

TEST(names_and_nonsense_are_not_taken_for_loopback)
{
    static const char *const others[] = { "",          "localhost.example", "127.0.0.1.example",
                                          "127.1",     "[127.0.0.1",        "127.0.0.1:80",
                                          "0x7f000001" };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        CHECK(!th_is_loopback(others[i]));
    char *longest = calloc(1, 5000);
    memset(longest, '1', 4999);
    CHECK(!th_is_loopback(longest));
    free(longest);
}
