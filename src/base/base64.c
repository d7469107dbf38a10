/*
 * base64.c - see base64.h.
 */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void th_base64_encode(th_buf *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    th_buf_reserve(out, (n + 2) / 3 * 4);
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        char four[4] = { digits[v >> 18], digits[v >> 12 & 63],
                         left > 1 ? digits[v >> 6 & 63] : '=', left > 2 ? digits[v & 63] : '=' };
        th_buf_add(out, four, sizeof four);
    }
}

static int value_of(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Four characters; how many bytes they are, 0: not allowed. */
static size_t decode_four(const char *text, bool last, char *out)
{
    size_t bytes = text[3] != '=' ? 3 : text[2] != '=' ? 2 : 1;
    uint32_t v = 0;

    if (bytes < 3 && !last)
        return 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i <= bytes ? value_of(text[i]) : 0;
        if (digit < 0)
            return 0;
        v = v << 6 | (uint32_t)digit;
    }
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(v >> (16 - 8 * i) & 255);
    return bytes;
}

bool th_base64_decode(const char *text, size_t n, char *out, size_t *len)
{
    *len = 0;
    if (n % 4)
        return false;
    for (size_t i = 0; i < n; i += 4) {
        size_t bytes = decode_four(text + i, i + 4 == n, out + *len);
        if (!bytes)
            return false;
        *len += bytes;
    }
    return true;
}
