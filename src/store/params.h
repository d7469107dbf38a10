/*
 * params.h - parameters of a statement in PostgreSQL's binary format, arrays above all.
 *
 * The hot statements take one array a column (`unnest($1, $2, ...)`): built here without any
 * quoting. A th_params is reused: clear it and fill it again; it starts as { 0 }. Scalars are
 * copied into it, texts and arrays are not.
 *
 * A value of 1 GB or more, or too many parameters, is remembered as `failed`: such params must not
 * be sent.
 */
#ifndef TH_STORE_PARAMS_H
#define TH_STORE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ids.h"

/* Type OIDs of array elements and scalars that we send. */
typedef enum th_type {
    TH_T_BOOL = 16,
    TH_T_INT8 = 20,
    TH_T_INT2 = 21,
    TH_T_INT4 = 23,
    TH_T_TEXT = 25,
    TH_T_JSON = 114,
    TH_T_TIMESTAMPTZ = 1184,
    TH_T_UUID = 2950,
} th_type;

#define TH_MAX_PARAMS 32
#define TH_TIME_NEG_INF INT64_MIN /* '-infinity' for th_param_time and th_array_time */
#define TH_TIME_INF INT64_MAX     /* 'infinity' */

/* One column: an array that grows by elements. */
typedef struct th_array {
    th_buf buf; /* header of 20 bytes, then the elements */
    int32_t count;
    th_type type;
    bool has_null;
} th_array;

void th_array_init(th_array *a, th_type type);
void th_array_clear(th_array *a);
void th_array_free(th_array *a);
void th_array_null(th_array *a);
void th_array_bool(th_array *a, bool v);
void th_array_i16(th_array *a, int16_t v);
void th_array_i32(th_array *a, int32_t v);
void th_array_i64(th_array *a, int64_t v);
void th_array_text(th_array *a, const char *s); /* text or json; NULL: null */
void th_array_bytes(th_array *a, const char *s, size_t n);
void th_array_uuid(th_array *a, const th_uuid *id); /* NULL: null */
void th_array_time(th_array *a, int64_t unix_us);
void th_array_finish(th_array *a); /* writes the header; call before sending */

typedef struct th_params {
    int n;
    uint32_t types[TH_MAX_PARAMS]; /* OIDs */
    const char *values[TH_MAX_PARAMS];
    int lengths[TH_MAX_PARAMS];
    int formats[TH_MAX_PARAMS];
    th_buf scalars;
    size_t offsets[TH_MAX_PARAMS]; /* into scalars, resolved by th_params_ready; SIZE_MAX: not a
                                      scalar */
    bool failed;                   /* something did not fit; th_db_exec answers TH_TOO_LARGE */
} th_params;

void th_params_clear(th_params *p);
void th_params_free(th_params *p);
void th_param_array(th_params *p, th_array *a); /* finishes it; a must outlive the sending */
void th_param_i16(th_params *p, int16_t v);
void th_param_i32(th_params *p, int32_t v);
void th_param_i64(th_params *p, int64_t v);
void th_param_bool(th_params *p, bool v);
void th_param_text(th_params *p, const char *s); /* type text, not copied; NULL: null */
void th_param_uuid(th_params *p, const th_uuid *id);
void th_param_time(th_params *p, int64_t unix_us);
void th_params_ready(th_params *p); /* before sending */

/* Reading binary results. Times that unix microseconds can't say (after the year 294246) come as
 * TH_TIME_INF - 1. */
int16_t th_get_i16(const char *p);
int32_t th_get_i32(const char *p);
int64_t th_get_i64(const char *p);
int64_t th_get_time(const char *p); /* unix microseconds, or TH_TIME_INF / TH_TIME_NEG_INF */

#endif
