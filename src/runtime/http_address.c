/*
 * http_address.c - the special-purpose address registries, as ranges.
 */
#include "runtime/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct range4 {
    uint32_t net;
    int bits;
} range4;

static const range4 special4[] = {
    { 0x00000000, 8 },  /* 0.0.0.0: this host */
    { 0x0A000000, 8 },  /* 10.0.0.0 */
    { 0x64400000, 10 }, /* 100.64.0.0: shared by carriers */
    { 0x7F000000, 8 },  /* 127.0.0.0 */
    { 0xA9FE0000, 16 }, /* 169.254.0.0: link-local, metadata of clouds */
    { 0xAC100000, 12 }, /* 172.16.0.0 */
    { 0xC0000000, 24 }, /* 192.0.0.0 */
    { 0xC0000200, 24 }, /* 192.0.2.0: documentation */
    { 0xC0A80000, 16 }, /* 192.168.0.0 */
    { 0xC6120000, 15 }, /* 198.18.0.0: benchmarks */
    { 0xC6336400, 24 }, /* 198.51.100.0: documentation */
    { 0xCB007100, 24 }, /* 203.0.113.0: documentation */
    { 0xE0000000, 3 },  /* 224.0.0.0 and up: multicast, reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
        if ((address ^ special4[i].net) >> (32 - special4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t embedded4(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Only 2000::/3 is given out; what translates to IPv4 is judged by that. */
static bool is_public6(const uint8_t b[16])
{
    static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xFF, 0x9B };

    if (memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0)
        return is_public4(embedded4(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return is_public4(embedded4(b + 2));
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2) /* Teredo and other protocols */
        return false;
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8) /* documentation */
        return false;
    return b[0] >> 5 == 1;
}

bool th__address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return is_public4(ntohl(v4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return is_public6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}
