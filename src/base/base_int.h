/*
 * base_int.h - what files of this room share and other rooms must not call.
 */
#ifndef TH_BASE_INT_H
#define TH_BASE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"

#define TH__ONES 0x0101010101010101u
#define TH__HIGH 0x8080808080808080u

/* Eight bytes of s, to be looked at at once. */
static inline uint64_t th__load8(const char *s)
{
    uint64_t w;

    memcpy(&w, s, sizeof w);
    return w;
}

/*
 * Not zero if any of the eight bytes is below 0x20, a quote or a backslash. May also be so for a
 * byte after such a one, so a hit means: look closer; a miss is sure.
 */
static inline uint64_t th__json_special(uint64_t w)
{
    uint64_t quote = w ^ (TH__ONES * '"'), backslash = w ^ (TH__ONES * '\\');

    return (((w - TH__ONES * 0x20) & ~w) | ((quote - TH__ONES) & ~quote) |
            ((backslash - TH__ONES) & ~backslash)) &
           TH__HIGH;
}

/* C0, DEL, and C1, which is C2 80 to C2 9F: of a UTF-8 character of n bytes. */
static inline bool th__is_control(const char *s, size_t n)
{
    unsigned char c = (unsigned char)s[0];

    if (n == 1)
        return c < 0x20 || c == 0x7F;
    return n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0;
}

/* Length of the UTF-8 character at the start of n > 0 bytes; 0: not valid. */
size_t th__utf8_char(const char *s, size_t n);

/* error.c: a text that was cut must not end inside a character; drops the incomplete one. */
void th__cut_at_character(char *s);

/* th_json_valid without words: NULL if valid, else what was wrong, and *at, the byte where. */
const char *th__json_check(const char *text, size_t n, size_t *at);

/* Checks, then builds the tree. NULL: *what was wrong at byte *at. */
json_t *th__json_load(const char *text, size_t n, const char **what, size_t *at);

/* config_value.c: by th_version_match. */
extern const char *const th__match_names[3];

/* config.c: the list of settings, for the readers of host.json and of the environment. */
typedef enum th__kind {
    TH__STR,
    TH__INT,
    TH__SIZE, /* int64_t */
    TH__BOOL,
    TH__DURATION,
    TH__TIMEOUT, /* a duration, or "-1" for none */
    TH__STATES,
    TH__MATCH,   /* th_version_match */
    TH__FAILING, /* versionFailureStrategy */
    TH__ROUTE,
    TH__LIST, /* words apart by blanks; in host.json an array of texts, or one text */
    TH__KEY,  /* an access key */
    TH__PORT, /* an int; "none" is 0 */
    TH__LEVEL,
    TH__FORMAT
} th__kind;

typedef struct th__setting {
    const char *name;
    const char *env;  /* NULL: none */
    const char *path; /* in host.json; NULL: not there */
    size_t offset;    /* of the field */
    th__kind kind;
    int64_t min, max; /* of integers; a key's length; a string of min 1 must not be empty */
} th__setting;

typedef struct th__value {
    const char *s;
    int64_t i;
} th__value;

#define TH__PROBLEM 128 /* bytes of a phrase */

extern const th__setting th__settings[];
extern const size_t th__setting_count;

struct th_config_inner {
    th_arena *arena;
    size_t warnings_cap;
    th_origin *origin;  /* by index of th__settings */
    const char **where; /* likewise */
};

/* By name in the struct; NULL: none. */
const th__setting *th__setting_find(const char *name);

/* Text to a value of the setting's kind. NULL: fine; else a phrase, which may live in problem. */
const char *th__setting_parse(const th__setting *setting, const char *text, th__value *out,
                              char problem[TH__PROBLEM]);

/* Writes the field, unless what is there weighs more. where is copied. */
void th__config_put(th_config *config, const th__setting *setting, th__value value,
                    th_origin origin, const char *where);
void th__config_warn(th_config *config, const char *fmt, ...) TH_PRINTF(2, 3);

#endif
