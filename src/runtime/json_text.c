/*
 * json_text.c - taskhub.h's readers of JSON texts.
 *
 * They walk the text without building anything and without recursion, since orchestrators have
 * little stack. Texts from outside were checked where they came in; one that is not JSON gives the
 * default.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/runtime_int.h"

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* From the opening quote to behind the closing one; NULL: there is none. */
static const char *skip_string(const char *p)
{
    for (p++; *p; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\' && !*++p)
            return NULL;
    }
    return NULL;
}

static bool ends_scalar(char c)
{
    return c == '\0' || strchr(",]} \t\r\n", c) != NULL;
}

/* Behind the value that starts here, or NULL. Brackets are counted, not told apart. */
static const char *skip_value(const char *p)
{
    size_t depth = 0;

    do {
        p = skip_space(p);
        if (*p == '\0')
            return NULL;
        if (*p == '"') {
            p = skip_string(p);
            if (!p)
                return NULL;
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            if (depth-- == 0)
                return NULL;
            p++;
        } else if (depth > 0 && (*p == ',' || *p == ':')) {
            p++;
        } else {
            const char *start = p;
            while (!ends_scalar(*p) && *p != ':')
                p++;
            if (p == start)
                return NULL;
        }
    } while (depth > 0);
    return p;
}

/* ---- strings --------------------------------------------------------------------------------- */

static unsigned hex4(const char *p)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (unsigned)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            value = value * 16 + (unsigned)((c | 32) - 'a' + 10);
        else
            return 0x110000; /* no character */
    }
    return value;
}

static size_t put_utf8(unsigned c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The character of a \u escape, p behind the u; half a surrogate pair is U+FFFD. */
static const char *take_unicode(const char *p, char out[4], size_t *n)
{
    unsigned c = hex4(p), low;

    if (c > 0xFFFF)
        return NULL;
    p += 4;
    if (c >= 0xD800 && c < 0xDC00 && p[0] == '\\' && p[1] == 'u' && (low = hex4(p + 2)) >= 0xDC00 &&
        low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    } else if (c >= 0xD800 && c < 0xE000) {
        c = 0xFFFD;
    }
    *n = put_utf8(c, out);
    return p;
}

/* One character, escapes resolved; p is inside of a string that has an end. NULL: a bad escape. */
static const char *take_char(const char *p, char out[4], size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    *n = 1;
    out[0] = *p;
    if (*p != '\\')
        return p + 1;
    if (p[1] == 'u')
        return take_unicode(p + 2, out, n);

    const char *found = p[1] ? strchr(from, p[1]) : NULL;
    if (!found)
        return NULL;
    out[0] = to[found - from];
    return p + 2;
}

/* Whether the string at the opening quote p spells key. */
static bool spells(const char *p, const char *key, bool any_case)
{
    char c[4];
    size_t n;

    for (p++; *p != '"'; key += n) {
        p = take_char(p, c, &n);
        if (!p || (any_case ? strncasecmp(key, c, n) : strncmp(key, c, n)) != 0)
            return false;
    }
    return *key == '\0';
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* The value of the last member of that name. */
static const char *member(const char *p, const char *key, bool any_case)
{
    const char *found = NULL;

    if (*p != '{')
        return NULL;
    for (p = skip_space(p + 1); *p == '"'; p = skip_space(p + 1)) {
        const char *name = p;
        p = skip_string(p);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p != ':')
            return NULL;
        p = skip_space(p + 1);
        if (spells(name, key, any_case))
            found = p;
        p = skip_value(p);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p != ',')
            break;
    }
    return *p == '}' ? found : NULL;
}

static const char *value_of(const char *json, const char *key)
{
    if (!json)
        return NULL;
    json = skip_space(json);
    return key ? member(json, key, false) : json;
}

const char *th__json_any_case(const char *json, const char *key)
{
    return json ? member(skip_space(json), key, true) : NULL;
}

static bool is_number(const char *p)
{
    return p && (*p == '-' || (*p >= '0' && *p <= '9'));
}

double th_get_number(const char *json, const char *key, double by_default)
{
    const char *p = value_of(json, key);
    char *end;

    if (!is_number(p))
        return by_default;
    double value = strtod(p, &end);
    return ends_scalar(*end) && isfinite(value) ? value : by_default;
}

int64_t th_get_int(const char *json, const char *key, int64_t by_default)
{
    const char *p = value_of(json, key);
    char *end;

    if (!is_number(p))
        return by_default;
    errno = 0;
    long long whole = strtoll(p, &end, 10);
    if (ends_scalar(*end) && end > p)
        return errno ? by_default : whole;

    double value = th_get_number(p, NULL, NAN);
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : by_default;
}

bool th_get_bool(const char *json, const char *key, bool by_default)
{
    const char *p = value_of(json, key);

    if (p && strncmp(p, "true", 4) == 0 && ends_scalar(p[4]))
        return true;
    if (p && strncmp(p, "false", 5) == 0 && ends_scalar(p[5]))
        return false;
    return by_default;
}

const char *th_get_string(void *ctx, const char *json, const char *key, const char *by_default)
{
    const char *p = value_of(json, key);
    const char *end = p && *p == '"' ? skip_string(p) : NULL;

    if (!end)
        return by_default;

    char *out = th_memory(ctx, (size_t)(end - p)), *to = out, c[4];
    for (p++; p < end - 1;) {
        size_t n;
        p = take_char(p, c, &n);
        if (!p)
            return by_default;
        memcpy(to, c, n); /* never longer than its escape */
        to += n;
    }
    return out;
}

static const char *copy_value(void *ctx, const char *p)
{
    const char *end = p ? skip_value(p) : NULL;

    if (!end)
        return NULL;

    size_t n = (size_t)(end - p);
    char *out = th_memory(ctx, n + 1);
    memcpy(out, p, n);
    return out;
}

const char *th_get_json(void *ctx, const char *json, const char *key)
{
    return copy_value(ctx, value_of(json, key));
}

const char *th_get_element(void *ctx, const char *json, size_t index)
{
    const char *p = value_of(json, NULL);

    if (!p || *p != '[')
        return NULL;
    for (p = skip_space(p + 1); *p && *p != ']'; p = skip_space(p + 1)) {
        if (index-- == 0)
            return copy_value(ctx, p);
        p = skip_value(p);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p != ',')
            return NULL;
    }
    return NULL;
}
