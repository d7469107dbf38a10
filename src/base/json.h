/*
 * json.h - what the HTTP, host.json and history layers ask of JSON.
 *
 * Three things: a validator that builds nothing, for bodies that are only passed on; a strict parse
 * into jansson's tree; and readers of an object's fields with one form of error text, for example
 * "host.json:4: extensions.durableTask.hubName: must be a string".
 */
#ifndef TH_BASE_JSON_H
#define TH_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define TH_JSON_DEPTH 512 /* arrays and objects inside each other */

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. A NUL byte is a character.
 */
bool th_utf8_valid(const char *s, size_t n);

/*
 * Exactly one JSON value of RFC 8259 in valid UTF-8, at most TH_JSON_DEPTH deep, in linear time and
 * constant memory. Any \uXXXX escape passes, \u0000 and lone surrogates too; a raw NUL byte is
 * refused by that name. False: TH_INVALID and the place in err.
 */
bool th_json_valid(const char *text, size_t n, th_error *err);

/*
 * Strict parse of what th_json_valid accepts; *out is the caller's (json_decref). Of two members
 * with one name the last counts. TH_TOO_LARGE: more than limit bytes (0: no limit). TH_INVALID: not
 * JSON, or what the tree cannot hold: integers beyond 64 bits, reals beyond double, lone
 * surrogates, \u0000 in a name. Strings may hold \u0000, so code that does not use th_json_str
 * minds json_string_length.
 */
th_rc th_json_parse(const char *text, size_t n, size_t limit, json_t **out,
                    th_error *err) TH_MUST_CHECK;

/*
 * The value of an object's own member, as it stands in a text that th_json_valid accepts; of two
 * with one name the last. False: no object, no such member (a name with escapes is not seen).
 */
bool th_json_member(const char *text, size_t n, const char *name, const char **value, size_t *len);

/* Line, from 1, of the member at a dotted path ("a.b.c", any case) of a valid text; 0: not found.
 */
int th_json_line(const char *text, size_t n, const char *path);

/* A JSON file, kept as text too so that errors can name lines. */
typedef struct th_json_doc {
    json_t *root;
    char *text;
    size_t len;
    const char *file; /* as given to the reader; borrowed */
} th_json_doc;

/*
 * Reads a regular file of at most limit bytes (0: 1 MiB); a byte order mark at its start is
 * skipped. TH_NOT_FOUND: no such file; TH_IO: unreadable; TH_TOO_LARGE; TH_CONFIG: not JSON, with
 * the line.
 */
th_rc th_json_doc_read(const char *file, size_t limit, th_json_doc *out,
                       th_error *err) TH_MUST_CHECK;

/* The same for a text at hand, which is copied; file is its name in errors. */
th_rc th_json_doc_parse(const char *file, const char *text, size_t n, size_t limit,
                        th_json_doc *out, th_error *err) TH_MUST_CHECK;
void th_json_doc_free(th_json_doc *doc); /* all zero is fine */

/* An object, where it stands, and what a bad field in it means. */
typedef struct th_json_at {
    const json_t *object;   /* NULL: absent; so are its fields then */
    const char *path;       /* "extensions.durableTask"; "" at the top */
    const th_json_doc *doc; /* NULL: not from a file */
    th_rc rc;               /* returned for a bad field: TH_INVALID or TH_CONFIG */
    bool any_case;          /* names match in any case; two that differ only in case are an error */
} th_json_at;

typedef enum th_json_need {
    TH_OPTIONAL, /* absent or null: TH_OK, and the output stays as it was */
    TH_REQUIRED
} th_json_need;

/* The top of a tree; at->rc unless it is an object. doc may be NULL. */
th_rc th_json_top(const json_t *root, const th_json_doc *doc, th_rc rc, bool any_case,
                  th_json_at *out, th_error *err) TH_MUST_CHECK;

/* Outputs are borrowed from the tree. A string with a NUL character in it is refused. */
th_rc th_json_str(const th_json_at *at, const char *key, th_json_need need, const char **out,
                  th_error *err) TH_MUST_CHECK;
th_rc th_json_int(const th_json_at *at, const char *key, th_json_need need, int64_t min,
                  int64_t max, int64_t *out, th_error *err) TH_MUST_CHECK;
th_rc th_json_bool(const th_json_at *at, const char *key, th_json_need need, bool *out,
                   th_error *err) TH_MUST_CHECK;
th_rc th_json_duration(const th_json_at *at, const char *key, th_json_need need, int64_t *us,
                       th_error *err) TH_MUST_CHECK; /* text as in th_duration_parse */
th_rc th_json_array(const th_json_at *at, const char *key, th_json_need need, const json_t **out,
                    th_error *err) TH_MUST_CHECK;
th_rc th_json_any(const th_json_at *at, const char *key, th_json_need need, const json_t **out,
                  th_error *err) TH_MUST_CHECK;

/* A field that is an object itself; absent gives out->object NULL. Its path lives in arena. */
th_rc th_json_object(const th_json_at *at, const char *key, th_json_need need, th_arena *arena,
                     th_json_at *out, th_error *err) TH_MUST_CHECK;

/* Says that a field is wrong, in the one form. Returns at->rc. */
th_rc th_json_field_fail(const th_json_at *at, const char *key, th_error *err, const char *fmt, ...)
    TH_PRINTF(4, 5);

/* "hh:mm:ss", "hh:mm:ss.fffffff" or "d.hh:mm:ss": hours to 23, minutes and seconds to 59. */
bool th_duration_parse(const char *s, int64_t *us);

#endif
