/*
 * query.h - the target of a request: path and query string, decoded by the API's rules.
 *
 * The path is form-decoded once before it is split ("+" is a space, "%2F" a real slash). Names of
 * parameters match in any case; names and values are trimmed, then form-decoded; the values of a
 * repeated name are joined with ",". The typed readers take what is unparsable as absent, as the
 * API does.
 */
#ifndef TH_HTTP_QUERY_H
#define TH_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct th_query_param {
    const char *name, *value;
} th_query_param;

typedef struct th_query {
    const char *path; /* decoded, begins with "/" */
    const char *raw;  /* path and query as they came, without scheme and host */
    th_query_param *params;
    size_t count;
} th_query;

/*
 * target is what stands between method and version in a request line. All results live in arena.
 * TH_INVALID: a bad percent escape, a NUL character, or invalid UTF-8; the text names path or query
 * and the rule.
 */
th_rc th_query_parse(th_arena *arena, const char *target, th_query *out,
                     th_error *err) TH_MUST_CHECK;

/* NULL: absent. Repeated: joined in arena. */
const char *th_query_text(const th_query *query, th_arena *arena, const char *name);

/* Absent, blank or unparsable gives fallback (booleans) or false (the others; *out stays). */
bool th_query_bool(const th_query *query, th_arena *arena, const char *name, bool fallback);
bool th_query_int(const th_query *query, th_arena *arena, const char *name, int32_t *out);
bool th_query_seconds(const th_query *query, th_arena *arena, const char *name,
                      double *out); /* may be NaN */
bool th_query_time(const th_query *query, th_arena *arena, const char *name, int64_t *us);

/*
 * runtimeStatus as a set of bits 1 << status: names in their exact case or their decimal numbers,
 * blanks around them allowed, unknown ones dropped. *named says whether the parameter held anything
 * but blanks.
 */
uint32_t th_query_statuses(const th_query *query, th_arena *arena, bool *named);

/* A time as the API takes it: ISO 8601, and years of one to three digits. False: not a time. */
bool th_query_time_parse(th_arena *arena, const char *text, int64_t *us);

#endif
