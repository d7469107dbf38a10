/*
 * json_valid.c - JSON and UTF-8 checked without building anything.
 *
 * It sees every HTTP body, so the loops look at eight bytes at once where they can. No recursion:
 * the open arrays and objects are a small stack of the brackets that close them.
 */
#include <string.h>

#include "base/base_int.h"

typedef struct scan {
    const char *p;
    const char *end;
    char closers[TH_JSON_DEPTH];
    size_t depth;
} scan;

/* What may stand at the cursor. */
typedef enum state {
    AT_VALUE,
    AT_FIRST_VALUE, /* of an array: or its end */
    AT_NAME,
    AT_FIRST_NAME, /* of an object: or its end */
    AFTER_VALUE,
    AT_END
} state;

static inline bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t th__utf8_char(const char *s, size_t n)
{
    unsigned char lead = (unsigned char)s[0], second = n > 1 ? (unsigned char)s[1] : 0;

    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return n > 1 && is_tail(s[1]) ? 2 : 0;
    if (lead < 0xF0) {
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F))
            return 0;
        return n > 2 && is_tail(s[1]) && is_tail(s[2]) ? 3 : 0;
    }
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
        return 0;
    return n > 3 && is_tail(s[1]) && is_tail(s[2]) && is_tail(s[3]) ? 4 : 0;
}

bool th_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (n - i >= 8 && !(th__load8(s + i) & TH__HIGH)) {
            i += 8;
            continue;
        }

        size_t len = th__utf8_char(s + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

static inline void skip_space(scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static inline bool is_digit(const scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The cursor is behind the backslash. */
static const char *scan_escape(scan *s)
{
    if (s->p == s->end)
        return "a string without an end";

    char c = *s->p;
    if (c == '\0' || !strchr("\"\\/bfnrtu", c))
        return "an unknown escape";
    s->p++;
    for (int i = 0; c == 'u' && i < 4; i++, s->p++)
        if (s->p == s->end || !is_hex(*s->p))
            return "a \\u escape without four hex digits";
    return NULL;
}

/* Over what is plain ASCII: no quote, backslash, control character. */
static inline const char *skip_plain(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t w = th__load8(p);

        if (th__json_special(w) | (w & TH__HIGH))
            break;
        p += 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

/* The cursor is behind the opening quote. */
static const char *scan_string(scan *s)
{
    const char *problem = NULL;

    while (!problem) {
        s->p = skip_plain(s->p, s->end);
        if (s->p == s->end)
            return "a string without an end";
        if (*s->p == '"') {
            s->p++;
            return NULL;
        }
        if (*s->p == '\\') {
            s->p++;
            problem = scan_escape(s);
            continue;
        }
        size_t n = th__utf8_char(s->p, (size_t)(s->end - s->p));
        if (n == 1)
            return "a control character in a string";
        if (n == 0)
            return "bytes that are not UTF-8";
        s->p += n;
    }
    return problem;
}

static const char *scan_digits(scan *s)
{
    if (!is_digit(s))
        return "a number without a digit";
    while (is_digit(s))
        s->p++;
    return NULL;
}

static const char *scan_number(scan *s)
{
    const char *problem;

    if (*s->p == '-')
        s->p++;
    if (s->p < s->end && *s->p == '0')
        s->p++;
    else if ((problem = scan_digits(s)) != NULL)
        return problem;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if ((problem = scan_digits(s)) != NULL)
            return problem;
    }
    if (s->p == s->end || (*s->p != 'e' && *s->p != 'E'))
        return NULL;
    s->p++;
    if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
        s->p++;
    return scan_digits(s);
}

static const char *scan_word(scan *s, const char *word)
{
    for (; *word; word++, s->p++)
        if (s->p == s->end || *s->p != *word)
            return "an unknown word";
    return NULL;
}

static const char *open_bracket(scan *s, char closer)
{
    if (s->depth == TH_JSON_DEPTH)
        return "more than 512 levels";
    s->closers[s->depth++] = closer;
    s->p++;
    return NULL;
}

static inline state after_value(const scan *s)
{
    return s->depth ? AFTER_VALUE : AT_END;
}

static const char *scan_value(scan *s, state *next)
{
    *next = after_value(s);
    switch (*s->p) {
    case '{':
        *next = AT_FIRST_NAME;
        return open_bracket(s, '}');
    case '[':
        *next = AT_FIRST_VALUE;
        return open_bracket(s, ']');
    case '"':
        s->p++;
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        if (*s->p == '-' || is_digit(s))
            return scan_number(s);
        return "no value";
    }
}

static const char *scan_name(scan *s, state *next)
{
    const char *problem;

    *next = AT_VALUE;
    if (*s->p != '"')
        return "no name in quotes";
    s->p++;
    if ((problem = scan_string(s)) != NULL)
        return problem;
    skip_space(s);
    if (s->p == s->end || *s->p != ':')
        return "no ':' after a name";
    s->p++;
    return NULL;
}

static void close_bracket(scan *s, state *next)
{
    s->p++;
    s->depth--;
    *next = after_value(s);
}

static const char *scan_separator(scan *s, state *next)
{
    bool object = s->closers[s->depth - 1] == '}';

    if (*s->p == ',') {
        s->p++;
        *next = object ? AT_NAME : AT_VALUE;
        return NULL;
    }
    if (*s->p != s->closers[s->depth - 1])
        return object ? "no ',' or '}' after a member" : "no ',' or ']' after an element";
    close_bracket(s, next);
    return NULL;
}

/* One token. The cursor is not at the end. */
static const char *step(scan *s, state *now)
{
    switch (*now) {
    case AT_FIRST_VALUE:
    case AT_FIRST_NAME:
        if (*s->p == s->closers[s->depth - 1]) {
            close_bracket(s, now);
            return NULL;
        }
        return *now == AT_FIRST_NAME ? scan_name(s, now) : scan_value(s, now);
    case AT_VALUE:
        return scan_value(s, now);
    case AT_NAME:
        return scan_name(s, now);
    case AFTER_VALUE:
        return scan_separator(s, now);
    case AT_END:
        break;
    }
    return "more than one value";
}

const char *th__json_check(const char *text, size_t n, size_t *at)
{
    scan s;
    state now = AT_VALUE;
    const char *problem = NULL;

    s.p = text; /* the stack is not cleared: this runs for every body */
    s.end = text + n;
    s.depth = 0;
    skip_space(&s);
    while (!problem && s.p < s.end) {
        problem = step(&s, &now);
        if (!problem)
            skip_space(&s);
    }
    if (!problem && now != AT_END)
        problem = n ? "it ends too early" : "it is empty";
    *at = (size_t)(s.p - text);
    if (problem && *at < n && *s.p == '\0')
        problem = "a raw NUL";
    return problem;
}

bool th_json_valid(const char *text, size_t n, th_error *err)
{
    size_t at;
    const char *problem = th__json_check(text, n, &at);

    if (problem)
        th_fail(err, TH_INVALID, "not JSON: %s at byte %zu", problem, at);
    return !problem;
}
