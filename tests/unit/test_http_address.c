/* test_http_address.c - which addresses are public. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "runtime/http_address.h"

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return th__address_is_public((struct sockaddr *)&v4);
    CHECK(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return th__address_is_public((struct sockaddr *)&v6);
}

TEST(addresses_of_the_internet_are_public)
{
    const char *all[] = { "1.1.1.1",      "93.184.216.34",  "172.32.0.1",      "223.255.255.255",
                          "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808" };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!CHECK(is_public(all[i])))
            printf("  %s\n", all[i]);
}

TEST(all_others_are_not)
{
    const char *all[] = { "127.0.0.1",        "0.0.0.0",     "10.1.2.3",
                          "172.31.255.255",   "192.168.0.1", "100.64.0.1",
                          "169.254.169.254",  "224.0.0.1",   "240.0.0.1",
                          "255.255.255.255",  "::",          "::1",
                          "fe80::1",          "fd00::1",     "ff02::1",
                          "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1",
                          "2002:7f00:1::",    "2001:db8::1", "2001::1",
                          "fec0::1" };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!CHECK(!is_public(all[i])))
            printf("  %s\n", all[i]);
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    CHECK(!th__address_is_public((struct sockaddr *)&local));
}
