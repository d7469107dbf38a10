/* loopback.c - see loopback.h. */
#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_loopback4(uint32_t address)
{
    return address >> 24 == 127;
}

static bool is_loopback6(const struct in6_addr *address)
{
    uint32_t last;

    if (IN6_IS_ADDR_LOOPBACK(address))
        return true;
    memcpy(&last, address->s6_addr + 12, sizeof(last));
    return IN6_IS_ADDR_V4MAPPED(address) && is_loopback4(ntohl(last));
}

bool th_is_loopback(const char *address)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    size_t n = strlen(address);

    if (strcasecmp(address, "localhost") == 0)
        return true;
    if (n > 2 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    if (n >= sizeof(text))
        return false;
    memcpy(text, address, n);
    text[n] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return is_loopback4(ntohl(v4.s_addr));
    return inet_pton(AF_INET6, text, &v6) == 1 && is_loopback6(&v6);
}
