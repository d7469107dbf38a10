#include "http/token.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/json.h"

#define VERSION "1"
#define SUM_DIGITS 8
#define MAX_TOKEN 8192

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(th_arena *arena, const char *text, size_t n)
{
    char *out = th_alloc(arena, n / 3 * 4 + 5), *at = out;
    const unsigned char *in = (const unsigned char *)text;

    for (size_t i = 0; i < n; i += 3) {
        unsigned b1 = i + 1 < n ? in[i + 1] : 0, b2 = i + 2 < n ? in[i + 2] : 0;
        *at++ = alphabet[in[i] >> 2];
        *at++ = alphabet[(in[i] & 3u) << 4 | b1 >> 4];
        if (i + 1 < n)
            *at++ = alphabet[(b1 & 15u) << 2 | b2 >> 6];
        if (i + 2 < n)
            *at++ = alphabet[b2 & 63u];
    }
    return out;
}

/* NULL: not base64url. */
static char *decode(th_arena *arena, const char *text, size_t n)
{
    char *out = th_alloc(arena, n + 1), *at = out;
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < n; i++) {
        const char *found = memchr(alphabet, text[i], sizeof alphabet - 1);
        if (!found)
            return NULL;
        bits = (bits << 6 | (unsigned)(found - alphabet)) & 0xffffu;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        *at++ = (char)(bits >> have & 0xffu);
    }
    return out;
}

/* Of version, hub and id; against mix-ups and typing, not against malice: all that a token can do
 * is to choose a page. */
static void sum(th_arena *arena, int32_t hub_id, const char *id, char out[SUM_DIGITS + 1])
{
    const char *text = th_sprintf(arena, VERSION "|%d|%s", hub_id, id);
    uint8_t hash[32];

    th_sha256(text, strlen(text), hash);
    snprintf(out, SUM_DIGITS + 1, "%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
}

const char *th_token_make(th_arena *arena, int32_t hub_id, const char *after_id)
{
    char check[SUM_DIGITS + 1];
    const char *text;

    sum(arena, hub_id, after_id, check);
    text = th_sprintf(arena, VERSION "|%s|%s", check, after_id);
    return encode(arena, text, strlen(text));
}

const char *th_token_read(th_arena *arena, int32_t hub_id, const char *token)
{
    static const char start[] = VERSION "|";
    size_t n = strlen(token), head = sizeof start - 1 + SUM_DIGITS;
    const char *text = n <= MAX_TOKEN ? decode(arena, token, n) : NULL;
    char check[SUM_DIGITS + 1];

    if (!text || strlen(text) <= head + 1 || strncmp(text, start, sizeof start - 1) != 0 ||
        text[head] != '|')
        return NULL;
    sum(arena, hub_id, text + head + 1, check);
    if (strncmp(check, text + sizeof start - 1, SUM_DIGITS) != 0)
        return NULL;
    return th_utf8_valid(text + head + 1, strlen(text + head + 1)) ? text + head + 1 : NULL;
}
