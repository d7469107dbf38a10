/*
 * json_member.c - the value of an object's member as it stands in the text.
 */
#include <string.h>

#include "base/json.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && memchr(" \t\r\n", *p, 4))
        p++;
    return p;
}

/* From its opening quote on. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;

    do {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    } while (p < end && (depth > 0 || !memchr(",]} \t\r\n", *p, 7)));
    return p;
}

static bool is_name(const char *from, const char *to, const char *name)
{
    size_t n = strlen(name);

    return (size_t)(to - from) == n + 2 && memcmp(from + 1, name, n) == 0;
}

bool th_json_member(const char *text, size_t n, const char *name, const char **value, size_t *len)
{
    const char *end = text + n, *p = skip_blanks(text, end);
    bool found = false;

    if (p == end || *p != '{')
        return false;
    for (p = skip_blanks(p + 1, end); p < end && *p == '"'; p = skip_blanks(p, end)) {
        const char *key = p, *key_end = skip_string(p, end);

        p = skip_blanks(key_end, end);               /* the colon */
        p = skip_blanks(p < end ? p + 1 : end, end); /* the value */
        const char *from = p;
        p = p < end ? skip_value(p, end) : end;
        if (is_name(key, key_end, name)) {
            *value = from;
            *len = (size_t)(p - from);
            found = true;
        }
        p = skip_blanks(p, end);
        p += p < end && *p == ',';
    }
    return found;
}
