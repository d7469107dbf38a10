/* json.c - strict parse and field readers; see json.h. The validator is in json_valid.c. */
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base_int.h"

/* What passes the check and yet does not fit into the tree. Jansson's own words may be cut inside a
 * character, so they stay out of errors. */
static const char *tree_problem(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_numeric_overflow:
        return "a number out of range";
    case json_error_null_byte_in_key:
        return "a NUL character in a name";
    case json_error_out_of_memory:
        return "no memory";
    default:
        return "half of a surrogate pair";
    }
}

json_t *th__json_load(const char *text, size_t n, const char **what, size_t *at)
{
    json_error_t error;

    *what = th__json_check(text, n, at);
    if (*what)
        return NULL;

    json_t *root = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!root) {
        *what = tree_problem(&error);
        *at = error.position > 0 ? (size_t)error.position : 0;
    }
    return root;
}

th_rc th_json_parse(const char *text, size_t n, size_t limit, json_t **out, th_error *err)
{
    const char *what;
    size_t at;

    if (limit && n > limit)
        return th_fail(err, TH_TOO_LARGE, "JSON of %zu bytes; at most %zu are allowed", n, limit);

    json_t *root = th__json_load(text, n, &what, &at);
    if (!root)
        return th_fail(err, TH_INVALID, "not JSON: %s at byte %zu", what, at);
    *out = root;
    return TH_OK;
}

/* "extensions.durableTask" and "hubName" to one path; either may be "". */
static void join(char *out, size_t size, const char *path, const char *key)
{
    snprintf(out, size, "%s%s%s", path, path[0] && key[0] ? "." : "", key);
    th__cut_at_character(out);
}

th_rc th_json_field_fail(const th_json_at *at, const char *key, th_error *err, const char *fmt, ...)
{
    char path[256], rule[512], place[256] = "";
    va_list args;

    join(path, sizeof path, at->path, key);
    va_start(args, fmt);
    vsnprintf(rule, sizeof rule, fmt, args);
    va_end(args);
    th__cut_at_character(rule);

    int line = at->doc ? th_json_line(at->doc->text, at->doc->len, path) : 0;
    if (line > 0)
        snprintf(place, sizeof place, "%s:%d: ", at->doc->file, line);
    else if (at->doc)
        snprintf(place, sizeof place, "%s: ", at->doc->file);
    return th_fail(err, at->rc, "%s%s: %s", place, path[0] ? path : "the whole", rule);
}

th_rc th_json_top(const json_t *root, const th_json_doc *doc, th_rc rc, bool any_case,
                  th_json_at *out, th_error *err)
{
    *out = (th_json_at){ root, "", doc, rc, any_case };
    if (!json_is_object(root))
        return th_json_field_fail(out, "", err, "must be an object");
    return TH_OK;
}

/* The one member whose name is key in any case. */
static th_rc find_any_case(const th_json_at *at, const char *key, const json_t **out, th_error *err)
{
    const char *name, *found = NULL;
    json_t *object = (json_t *)at->object, *value; /* the iterator only reads */

    json_object_foreach (object, name, value) {
        if (strcasecmp(name, key) != 0)
            continue;
        if (found)
            return th_json_field_fail(at, name, err, "stands there twice, also as '%s'", found);
        found = name;
        *out = value;
    }
    return TH_OK;
}

th_rc th_json_any(const th_json_at *at, const char *key, th_json_need need, const json_t **out,
                  th_error *err)
{
    const json_t *value = NULL;

    if (at->object && at->any_case) {
        th_rc rc = find_any_case(at, key, &value, err);
        if (rc != TH_OK)
            return rc;
    } else if (at->object) {
        value = json_object_get(at->object, key);
    }
    if (json_is_null(value))
        value = NULL;
    if (!value && need == TH_REQUIRED)
        return th_json_field_fail(at, key, err, "is required");
    if (value)
        *out = value;
    return TH_OK;
}

th_rc th_json_str(const th_json_at *at, const char *key, th_json_need need, const char **out,
                  th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, key, need, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    if (!json_is_string(value))
        return th_json_field_fail(at, key, err, "must be a string");
    if (strlen(json_string_value(value)) != json_string_length(value))
        return th_json_field_fail(at, key, err, "must not contain a NUL character");
    *out = json_string_value(value);
    return TH_OK;
}

th_rc th_json_int(const th_json_at *at, const char *key, th_json_need need, int64_t min,
                  int64_t max, int64_t *out, th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, key, need, &value, err);

    if (rc != TH_OK || !value)
        return rc;

    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < min || number > max)
        return th_json_field_fail(at, key, err, "must be an integer from %lld to %lld",
                                  (long long)min, (long long)max);
    *out = number;
    return TH_OK;
}

th_rc th_json_bool(const th_json_at *at, const char *key, th_json_need need, bool *out,
                   th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, key, need, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    if (!json_is_boolean(value))
        return th_json_field_fail(at, key, err, "must be true or false");
    *out = json_is_true(value);
    return TH_OK;
}

th_rc th_json_duration(const th_json_at *at, const char *key, th_json_need need, int64_t *us,
                       th_error *err)
{
    const char *text = NULL;
    th_rc rc = th_json_str(at, key, need, &text, err);

    if (rc != TH_OK || !text)
        return rc;
    if (!th_duration_parse(text, us))
        return th_json_field_fail(at, key, err, "must be a duration like 00:05:00");
    return TH_OK;
}

th_rc th_json_array(const th_json_at *at, const char *key, th_json_need need, const json_t **out,
                    th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, key, need, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    if (!json_is_array(value))
        return th_json_field_fail(at, key, err, "must be an array");
    *out = value;
    return TH_OK;
}

th_rc th_json_object(const th_json_at *at, const char *key, th_json_need need, th_arena *arena,
                     th_json_at *out, th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, key, need, &value, err);

    if (rc != TH_OK)
        return rc;
    if (value && !json_is_object(value))
        return th_json_field_fail(at, key, err, "must be an object");

    const char *path = th_sprintf(arena, "%s%s%s", at->path, at->path[0] ? "." : "", key);
    *out = (th_json_at){ value, path, at->doc, at->rc, at->any_case };
    return TH_OK;
}

/* One to max digits. */
static bool take_number(const char **s, int max, int64_t *v)
{
    int n = 0;

    for (*v = 0; n < max && **s >= '0' && **s <= '9'; n++, ++*s)
        *v = *v * 10 + (**s - '0');
    return n > 0;
}

static bool take_pair(const char **s, int64_t most, int64_t *v)
{
    const char *start = *s;

    return take_number(s, 2, v) && *s - start == 2 && *v <= most;
}

/* Nothing, or a point and one to seven digits. */
static bool take_fraction(const char **s, int64_t *us)
{
    int64_t v;

    *us = 0;
    if (**s != '.')
        return true;

    const char *start = ++*s;
    if (!take_number(s, 7, &v))
        return false;
    for (int i = (int)(*s - start); i < 7; i++)
        v *= 10;
    *us = v / 10;
    return true;
}

bool th_duration_parse(const char *s, int64_t *us)
{
    const char *dot = s ? strchr(s, '.') : NULL, *colon = s ? strchr(s, ':') : NULL;
    int64_t d = 0, h, m, sec, fraction;

    if (!colon)
        return false;
    if (dot && dot < colon && (!take_number(&s, 8, &d) || *s++ != '.'))
        return false;
    if (!take_pair(&s, 23, &h) || *s++ != ':' || !take_pair(&s, 59, &m) || *s++ != ':' ||
        !take_pair(&s, 59, &sec) || !take_fraction(&s, &fraction) || *s != '\0')
        return false;
    *us = (((d * 24 + h) * 60 + m) * 60 + sec) * 1000000 + fraction;
    return true;
}
