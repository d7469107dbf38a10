/* hmac.c - see hmac.h. */
#include "base/hmac.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ids.h"

enum { BLOCK = 64, SUM = 32 };

/* SHA-256 of the key's block, each byte xor pad, and then the text. */
static void padded_sum(const uint8_t block[BLOCK], uint8_t pad, const void *text, size_t n,
                       uint8_t out[SUM])
{
    uint8_t *all = th_malloc(BLOCK + n);

    for (size_t i = 0; i < BLOCK; i++)
        all[i] = block[i] ^ pad;
    if (n)
        memcpy(all + BLOCK, text, n);
    th_sha256(all, BLOCK + n, out);
    explicit_bzero(all, BLOCK + n);
    free(all);
}

void th_hmac_sha256(const void *key, size_t key_len, const void *text, size_t n, uint8_t out[32])
{
    uint8_t block[BLOCK] = { 0 }, inner[SUM];

    if (key_len > BLOCK)
        th_sha256(key, key_len, block);
    else if (key_len)
        memcpy(block, key, key_len);
    padded_sum(block, 0x36, text, n, inner);
    padded_sum(block, 0x5c, inner, SUM, out);
    explicit_bzero(block, sizeof block);
}

bool th_equal_secret(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b; /* so that no compiler makes it end early */
    uint8_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= (uint8_t)(x[i] ^ y[i]);
    return differ == 0;
}

void th_base64url_32(const uint8_t bytes[32], char out[TH_BASE64URL_32])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int have = 0;

    for (int i = 0; i < 32; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            *out++ = digits[bits >> (have - 6) & 63];
    }
    *out++ = digits[bits << (6 - have) & 63]; /* 256 bits leave four */
    *out = '\0';
}
