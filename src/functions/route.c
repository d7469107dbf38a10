/*
 * route.c - see route.h.
 */
#include "functions/route.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ids.h"

/* A part of a text. */
typedef struct piece {
    const char *at;
    size_t n;
} piece;

typedef struct pieces {
    piece at[TH__ROUTE_SEGMENTS];
    size_t count;
} pieces;

/* A placeholder taken apart. */
typedef struct placeholder {
    piece name, constraints, fallback;
    bool optional, rest, has_fallback;
} placeholder;

static bool split(const char *text, pieces *out)
{
    out->count = 0;
    text += strspn(text, "/");
    while (*text) {
        size_t n = strcspn(text, "/");
        if (out->count == TH__ROUTE_SEGMENTS)
            return false;
        out->at[out->count++] = (piece){ text, n };
        text += n;
        if (*text == '/' && *++text == '/')
            return false; /* an empty segment */
    }
    return true;
}

static bool is_placeholder(piece p)
{
    return p.n >= 2 && p.at[0] == '{' && p.at[p.n - 1] == '}';
}

static placeholder placeholder_of(piece p)
{
    placeholder h = { 0 };
    piece in = { p.at + 1, p.n - 2 };
    size_t n = 0;

    while (in.n && *in.at == '*') {
        h.rest = true;
        in.at++;
        in.n--;
    }
    const char *equals = memchr(in.at, '=', in.n);
    if (equals) {
        h.has_fallback = true;
        h.fallback = (piece){ equals + 1, in.n - (size_t)(equals + 1 - in.at) };
        in.n = (size_t)(equals - in.at);
    }
    if (in.n && in.at[in.n - 1] == '?') {
        h.optional = true;
        in.n--;
    }
    while (n < in.n && in.at[n] != ':')
        n++;
    h.name = (piece){ in.at, n };
    if (n < in.n)
        h.constraints = (piece){ in.at + n + 1, in.n - n - 1 };
    return h;
}

/* ---- constraints ------------------------------------------------------------------------------
 */

static bool is_int(const char *text, int64_t least, int64_t most)
{
    char *end = NULL;

    errno = 0;
    long long v = strtoll(text, &end, 10);
    return !errno && end != text && !*end && v >= least && v <= most;
}

static bool is_number(const char *text)
{
    char *end = NULL;
    double v = strtod(text, &end);

    return end != text && !*end && isfinite(v);
}

static bool all_letters(const char *text)
{
    for (; *text; text++)
        if (!isalpha((unsigned char)*text))
            return false;
    return true;
}

static bool is_bool(const char *text)
{
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
}

static bool is_guid(const char *text)
{
    th_uuid id;

    return th_uuid_parse(text, &id);
}

static bool is_any(const char *text)
{
    (void)text;
    return true;
}

static bool is_int32(const char *text)
{
    return is_int(text, INT32_MIN, INT32_MAX);
}

static bool is_int64(const char *text)
{
    return is_int(text, INT64_MIN, INT64_MAX);
}

static const struct {
    const char *name;
    bool (*holds)(const char *text);
} plain[] = {
    { "int", is_int32 },     { "long", is_int64 },     { "guid", is_guid },
    { "bool", is_bool },     { "alpha", all_letters }, { "decimal", is_number },
    { "double", is_number }, { "float", is_number },   { "required", is_any },
};

typedef enum measure { LENGTH, MINLENGTH, MAXLENGTH, MIN, MAX, RANGE } measure;

static const struct {
    const char *name;
    measure what;
} measured[] = {
    { "length(", LENGTH },
    { "minlength(", MINLENGTH },
    { "maxlength(", MAXLENGTH },
    { "min(", MIN },
    { "max(", MAX },
    { "range(", RANGE },
};

static bool measures(measure what, const char *args, const char *text)
{
    char *end = NULL;
    int64_t a = strtoll(args, &end, 10), b = *end == ',' ? strtoll(end + 1, NULL, 10) : a;
    int64_t n = (int64_t)strlen(text);

    switch (what) {
    case LENGTH:
        return n >= a && n <= b;
    case MINLENGTH:
        return n >= a;
    case MAXLENGTH:
        return n <= a;
    case MIN:
        return is_int(text, a, INT64_MAX);
    case MAX:
        return is_int(text, INT64_MIN, a);
    case RANGE:
        return is_int(text, a, b);
    }
    return false;
}

static bool has_prefix(piece p, const char *prefix)
{
    return p.n >= strlen(prefix) && strncasecmp(p.at, prefix, strlen(prefix)) == 0;
}

/* Whether one constraint holds; text NULL: whether there is such a constraint. */
static bool holds(piece constraint, const char *text)
{
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strlen(plain[i].name) == constraint.n && has_prefix(constraint, plain[i].name))
            return !text || plain[i].holds(text);
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
        if (has_prefix(constraint, measured[i].name) && constraint.at[constraint.n - 1] == ')')
            return !text ||
                   measures(measured[i].what, constraint.at + strlen(measured[i].name), text);
    return false;
}

static bool all_hold(piece constraints, const char *text)
{
    while (constraints.n) {
        size_t n = 0;
        while (n < constraints.n && constraints.at[n] != ':')
            n++;
        if (!holds((piece){ constraints.at, n }, text))
            return false;
        n += n < constraints.n;
        constraints.at += n;
        constraints.n -= n;
    }
    return true;
}

/* ---- templates --------------------------------------------------------------------------------
 */

static const char *segment_problem(piece p, bool last)
{
    if (!is_placeholder(p))
        return memchr(p.at, '{', p.n) || memchr(p.at, '}', p.n)
                   ? "has a brace that is not around a whole segment"
                   : NULL;
    placeholder h = placeholder_of(p);
    if (h.name.n == 0)
        return "has a placeholder without a name";
    if ((h.rest || h.optional || h.has_fallback) && !last)
        return "has an optional or catch-all placeholder that is not at its end";
    return all_hold(h.constraints, NULL)
               ? NULL
               : "has a constraint that is not known (int, long, guid, bool, alpha, decimal, "
                 "double, float, length, minlength, maxlength, min, max, range, required)";
}

const char *th__route_problem(const char *template)
{
    pieces parts;

    if (!split(template, &parts))
        return "has an empty segment or more than 32";
    for (size_t i = 0; i < parts.count; i++) {
        const char *problem = segment_problem(parts.at[i], i + 1 == parts.count);
        if (problem)
            return problem;
    }
    return NULL;
}

static void put(th_arena *arena, th__route_params *params, piece name, const char *value)
{
    if (!params)
        return;
    params->names[params->count] = th_strndup(arena, name.at, name.n);
    params->values[params->count++] = value;
}

/* The last placeholder of a template, where the path has ended. */
static bool match_absent(th_arena *arena, placeholder h, th__route_params *params)
{
    if (h.has_fallback)
        put(arena, params, h.name, th_strndup(arena, h.fallback.at, h.fallback.n));
    else if (h.rest && !h.optional)
        put(arena, params, h.name, "");
    return h.has_fallback || h.optional || h.rest;
}

static bool match_segment(th_arena *arena, piece part, const pieces *found, size_t i,
                          th__route_params *params)
{
    if (!is_placeholder(part))
        return i < found->count && part.n == found->at[i].n &&
               strncasecmp(part.at, found->at[i].at, part.n) == 0;
    placeholder h = placeholder_of(part);
    if (i >= found->count)
        return match_absent(arena, h, params);
    const char *value = h.rest ? th_strdup(arena, found->at[i].at)
                               : th_strndup(arena, found->at[i].at, found->at[i].n);
    if (!all_hold(h.constraints, value))
        return false;
    put(arena, params, h.name, value);
    return true;
}

static bool takes_rest(const pieces *parts)
{
    piece last = parts->count ? parts->at[parts->count - 1] : (piece){ "", 0 };

    return is_placeholder(last) && placeholder_of(last).rest;
}

bool th__route_match(th_arena *arena, const char *template, const char *path,
                     th__route_params *params)
{
    pieces parts, found;

    if (params)
        params->count = 0;
    if (!split(template, &parts) || !split(path, &found))
        return false;
    if (found.count > parts.count && !takes_rest(&parts))
        return false;
    for (size_t i = 0; i < parts.count; i++)
        if (!match_segment(arena, parts.at[i], &found, i, params))
            return false;
    return true;
}

static int rank(const pieces *parts, size_t i)
{
    if (i >= parts->count)
        return 0;
    if (!is_placeholder(parts->at[i]))
        return 1;
    placeholder h = placeholder_of(parts->at[i]);
    return h.rest ? 4 : h.constraints.n ? 2 : 3;
}

int th__route_compare(const char *a, const char *b)
{
    pieces x, y;

    if (!split(a, &x) || !split(b, &y))
        return 0;
    for (size_t i = 0; i < x.count || i < y.count; i++)
        if (rank(&x, i) != rank(&y, i))
            return rank(&x, i) - rank(&y, i);
    return 0;
}
