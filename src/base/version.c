/* version.c - see version.h. */
#include "base/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARTS = 4, DIGITS = 9 };

static bool is_blank(const char *s)
{
    return !s || s[strspn(s, " \t\r\n")] == '\0';
}

/* Parts that are not there are -1. False: it is not only numbers. */
static bool parse(const char *s, int32_t parts[PARTS])
{
    for (int i = 0; i < PARTS; i++)
        parts[i] = -1;
    for (int i = 0; i < PARTS; i++) {
        size_t n = strspn(s, "0123456789");
        if (n == 0 || n > DIGITS)
            return false;
        parts[i] = (int32_t)strtol(s, NULL, 10);
        s += n;
        if (!*s)
            return true;
        if (*s++ != '.')
            return false;
    }
    return false;
}

int th_version_compare(const char *a, const char *b)
{
    int32_t x[PARTS], y[PARTS];

    if (is_blank(a) || is_blank(b))
        return is_blank(b) - is_blank(a);
    if (!parse(a, x) || !parse(b, y))
        return strcasecmp(a, b);
    for (int i = 0; i < PARTS; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

bool th_version_fits(th_version_match match, const char *mine, const char *wanted)
{
    int order = match == TH_MATCH_NONE ? 0 : th_version_compare(wanted, mine);

    return match == TH_MATCH_STRICT ? order == 0 : order <= 0;
}
