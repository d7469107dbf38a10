#include "http/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/event.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Two hex digits to a byte; a phrase if they are none, or NUL, which no text of ours can hold. */
static const char *decode_escape(const char *digits, size_t left, char *out)
{
    int high = left > 0 ? hex_value(digits[0]) : -1;
    int low = left > 1 ? hex_value(digits[1]) : -1;

    if (high < 0 || low < 0)
        return "holds a '%' that two hex digits do not follow";
    if (high == 0 && low == 0)
        return "holds a NUL character";
    *out = (char)(high << 4 | low);
    return NULL;
}

/* Form-decodes n bytes. NULL with *problem set if that can't be. */
static char *form_decode(th_arena *arena, const char *text, size_t n, const char **problem)
{
    char *out = th_alloc(arena, n + 1);
    size_t len = 0;

    for (size_t i = 0; i < n; i++, len++) {
        out[len] = text[i] == '+' ? ' ' : text[i];
        if (text[i] != '%')
            continue;
        *problem = decode_escape(text + i + 1, n - i - 1, out + len);
        if (*problem)
            return NULL;
        i += 2;
    }
    out[len] = '\0';
    if (!th_utf8_valid(out, len)) {
        *problem = "is not valid UTF-8";
        return NULL;
    }
    return out;
}

static void trim(const char **text, size_t *n)
{
    while (*n && is_blank(**text))
        (*text)++, (*n)--;
    while (*n && is_blank((*text)[*n - 1]))
        (*n)--;
}

static char *decode_trimmed(th_arena *arena, const char *text, size_t n, const char **problem)
{
    trim(&text, &n);
    return form_decode(arena, text, n, problem);
}

static bool parse_param(th_arena *arena, const char *text, size_t n, th_query_param *out,
                        const char **problem)
{
    const char *equals = memchr(text, '=', n);
    size_t name_len = equals ? (size_t)(equals - text) : n;
    const char *value = equals ? equals + 1 : text + n;

    out->name = decode_trimmed(arena, text, name_len, problem);
    if (!out->name)
        return false;
    out->value = decode_trimmed(arena, value, (size_t)(text + n - value), problem);
    return out->value != NULL;
}

static size_t count_params(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == '&';
    return n;
}

static th_rc parse_params(th_arena *arena, const char *text, th_query *out, th_error *err)
{
    const char *problem = NULL;

    out->params = th_new(arena, th_query_param, count_params(text));
    while (*text) {
        size_t n = strcspn(text, "&");
        if (n && !parse_param(arena, text, n, &out->params[out->count++], &problem))
            return th_fail(err, TH_INVALID, "The query string %s.", problem);
        text += n + (text[n] == '&');
    }
    return TH_OK;
}

/* "http://host/path" names the same as "/path"; "*" and the like become a path that no route has.
 */
static const char *without_origin(const char *target)
{
    const char *rest = NULL;

    if (*target == '/')
        return target;
    if (strncasecmp(target, "http://", 7) == 0)
        rest = target + 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        rest = target + 8;
    if (!rest)
        return "/*";
    rest += strcspn(rest, "/?");
    return *rest == '/' ? rest : "/";
}

th_rc th_query_parse(th_arena *arena, const char *target, th_query *out, th_error *err)
{
    const char *raw = without_origin(target);
    size_t path_len = strcspn(raw, "?#");
    const char *problem = NULL;

    *out = (th_query){ .raw = th_strndup(arena, raw, strcspn(raw, "#")) };
    out->path = form_decode(arena, raw, path_len, &problem);
    if (!out->path)
        return th_fail(err, TH_INVALID, "The path %s.", problem);
    if (out->raw[path_len] != '?')
        return TH_OK;
    return parse_params(arena, out->raw + path_len + 1, out, err);
}

/* total: bytes of all values with a comma each, so that many repeats stay linear. */
static const char *join(const th_query *query, th_arena *arena, const char *name, size_t total)
{
    char *joined = th_alloc(arena, total + 1), *at = joined;
    bool first = true;

    for (size_t i = 0; i < query->count; i++) {
        if (strcasecmp(query->params[i].name, name) != 0)
            continue;
        if (!first)
            *at++ = ',';
        at = stpcpy(at, query->params[i].value);
        first = false;
    }
    return joined;
}

const char *th_query_text(const th_query *query, th_arena *arena, const char *name)
{
    const char *only = NULL;
    size_t total = 0, found = 0;

    for (size_t i = 0; i < query->count; i++) {
        if (strcasecmp(query->params[i].name, name) != 0)
            continue;
        only = query->params[i].value;
        total += strlen(only) + 1;
        found++;
    }
    return found > 1 ? join(query, arena, name, total) : only;
}

/* The value without blanks at its ends; NULL: absent or blank. */
static const char *trimmed(const th_query *query, th_arena *arena, const char *name)
{
    const char *text = th_query_text(query, arena, name);
    size_t n;

    if (!text)
        return NULL;
    n = strlen(text);
    trim(&text, &n);
    return n ? th_strndup(arena, text, n) : NULL;
}

bool th_query_bool(const th_query *query, th_arena *arena, const char *name, bool fallback)
{
    const char *text = trimmed(query, arena, name);

    if (text && strcasecmp(text, "true") == 0)
        return true;
    if (text && strcasecmp(text, "false") == 0)
        return false;
    return fallback;
}

static bool int_parse(const char *text, int32_t *out)
{
    char *end = NULL;
    long long value;

    if (text[strspn(text, "+-0123456789")] != '\0')
        return false;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < INT32_MIN || value > INT32_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

bool th_query_int(const th_query *query, th_arena *arena, const char *name, int32_t *out)
{
    const char *text = trimmed(query, arena, name);

    return text && int_parse(text, out);
}

bool th_query_seconds(const th_query *query, th_arena *arena, const char *name, double *out)
{
    const char *text = trimmed(query, arena, name);
    char *end = NULL;
    double value;

    if (!text)
        return false;
    /* Decimal digits and the words for what is no number; not the hex floats of strtod. */
    if (strcasecmp(text, "nan") != 0 && strcasecmp(text, "infinity") != 0 &&
        strcasecmp(text, "-infinity") != 0 && text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    value = strtod(text, &end);
    if (end == text || *end)
        return false;
    *out = value;
    return true;
}

/* "1-01-01T00:00:00" is what Python's strftime makes of the year 1. */
static const char *pad_year(th_arena *arena, const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits < 1 || digits > 3 || text[digits] != '-')
        return text;
    return th_sprintf(arena, "%.*s%s", (int)(4 - digits), "000", text);
}

bool th_query_time_parse(th_arena *arena, const char *text, int64_t *us)
{
    char *copy;

    text = pad_year(arena, text);
    if (th_iso_parse(text, us))
        return true;
    if (strlen(text) < 11 || text[10] != ' ')
        return false;
    copy = th_strdup(arena, text);
    copy[10] = 'T';
    return th_iso_parse(copy, us);
}

bool th_query_time(const th_query *query, th_arena *arena, const char *name, int64_t *us)
{
    const char *text = trimmed(query, arena, name);

    return text && th_query_time_parse(arena, text, us);
}

static uint32_t status_bit(th_arena *arena, const char *text, size_t n)
{
    int32_t status = -1;
    int named = -1;
    const char *one;

    trim(&text, &n);
    one = th_strndup(arena, text, n);
    if (th_status_parse(one, &named))
        return 1u << named;
    if (int_parse(one, &status) && status >= TH_RUNNING && status <= TH_SUSPENDED)
        return 1u << status;
    return 0;
}

uint32_t th_query_statuses(const th_query *query, th_arena *arena, bool *named)
{
    const char *text = trimmed(query, arena, "runtimeStatus");
    uint32_t set = 0;

    *named = text != NULL;
    while (text && *text) {
        size_t n = strcspn(text, ",");
        set |= status_bit(arena, text, n);
        text += n + (text[n] == ',');
    }
    return set;
}
