/* params.c - see params.h. */
#include "store/params.h"

#include <endian.h>
#include <string.h>

/* An array as PostgreSQL receives it: dimensions, null flag, element type, then size and lower
 * bound of each dimension. */
#define HEADER_SIZE 20
#define EMPTY_SIZE 12                     /* no dimension, so no size and no lower bound */
#define FIELD_LIMIT ((size_t)0x3fffffff)  /* the server refuses a value of 1 GB */
#define EPOCH_US INT64_C(946684800000000) /* 2000-01-01, PostgreSQL's zero, in unix time */
#define NULL_LENGTH UINT32_MAX

static inline void put16(char *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, sizeof v);
}

static inline void put32(char *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof v);
}

static inline void put64(char *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof v);
}

/* What would wrap around becomes a time that the server refuses, and never an infinity. */
static inline int64_t server_time(int64_t unix_us)
{
    int64_t t;

    if (unix_us == TH_TIME_INF || unix_us == TH_TIME_NEG_INF)
        return unix_us;
    return __builtin_sub_overflow(unix_us, EPOCH_US, &t) ? INT64_MIN + 1 : t;
}

static uint32_t array_oid(th_type type)
{
    switch (type) {
    case TH_T_BOOL:
        return 1000;
    case TH_T_INT8:
        return 1016;
    case TH_T_INT2:
        return 1005;
    case TH_T_INT4:
        return 1007;
    case TH_T_TEXT:
        return 1009;
    case TH_T_JSON:
        return 199;
    case TH_T_TIMESTAMPTZ:
        return 1185;
    case TH_T_UUID:
        return 2951;
    }
    return 0; /* the server infers it, and says so if it can't */
}

void th_array_init(th_array *a, th_type type)
{
    *a = (th_array){ .buf.limit = FIELD_LIMIT, .type = type };
}

void th_array_clear(th_array *a)
{
    th_buf_clear(&a->buf);
    a->count = 0;
    a->has_null = false;
}

void th_array_free(th_array *a)
{
    th_buf_free(&a->buf);
    a->count = 0;
    a->has_null = false;
}

/* n bytes at the end of the array; NULL when they would be too many. The first element makes room
 * for the header. */
static inline char *append(th_array *a, size_t n)
{
    th_buf *b = &a->buf;

    if (a->count == 0) {
        b->len = 0;
        th_buf_reserve(b, HEADER_SIZE + n);
        b->len = b->failed ? 0 : HEADER_SIZE;
    }
    if (n >= b->cap - b->len)
        th_buf_reserve(b, n);
    if (b->failed)
        return NULL;

    char *p = b->data + b->len;
    b->len += n;
    a->count++;
    return p;
}

/* Room for an element of n bytes, its length written. */
static inline char *element(th_array *a, size_t n)
{
    char *p = append(a, sizeof(uint32_t) + n);

    if (!p)
        return NULL;
    put32(p, (uint32_t)n);
    return p + sizeof(uint32_t);
}

void th_array_null(th_array *a)
{
    char *p = append(a, sizeof(uint32_t));

    if (!p)
        return;
    put32(p, NULL_LENGTH);
    a->has_null = true;
}

void th_array_bool(th_array *a, bool v)
{
    char *p = element(a, 1);

    if (p)
        *p = v;
}

void th_array_i16(th_array *a, int16_t v)
{
    char *p = element(a, sizeof v);

    if (p)
        put16(p, (uint16_t)v);
}

void th_array_i32(th_array *a, int32_t v)
{
    char *p = element(a, sizeof v);

    if (p)
        put32(p, (uint32_t)v);
}

void th_array_i64(th_array *a, int64_t v)
{
    char *p = element(a, sizeof v);

    if (p)
        put64(p, (uint64_t)v);
}

void th_array_bytes(th_array *a, const char *s, size_t n)
{
    if (n > FIELD_LIMIT) { /* its length would not fit, and n + 4 might wrap */
        a->buf.failed = true;
        return;
    }
    char *p = element(a, n);

    if (p && n)
        memcpy(p, s, n);
}

void th_array_text(th_array *a, const char *s)
{
    if (s)
        th_array_bytes(a, s, strlen(s));
    else
        th_array_null(a);
}

void th_array_uuid(th_array *a, const th_uuid *id)
{
    if (id)
        th_array_bytes(a, (const char *)id->b, sizeof id->b);
    else
        th_array_null(a);
}

void th_array_time(th_array *a, int64_t unix_us)
{
    th_array_i64(a, server_time(unix_us));
}

void th_array_finish(th_array *a)
{
    th_buf *b = &a->buf;

    if (a->count == 0) {
        b->len = 0;
        th_buf_reserve(b, HEADER_SIZE);
    }
    if (b->len > FIELD_LIMIT) /* the buffer grows in steps, so its own limit may come late */
        b->failed = true;
    if (b->failed)
        return;

    put32(b->data, a->count > 0);
    put32(b->data + 4, a->has_null);
    put32(b->data + 8, a->type);
    put32(b->data + 12, (uint32_t)a->count);
    put32(b->data + 16, 1);
    if (a->count == 0)
        b->len = EMPTY_SIZE;
    b->data[b->len] = '\0';
}

void th_params_clear(th_params *p)
{
    p->n = 0;
    p->failed = false;
    th_buf_clear(&p->scalars);
}

void th_params_free(th_params *p)
{
    th_buf_free(&p->scalars);
    p->n = 0;
    p->failed = false;
}

/* The next parameter's number, its fields those of a null; -1 when there are too many. */
static int next_param(th_params *p, uint32_t type)
{
    if (p->n >= TH_MAX_PARAMS) {
        p->failed = true;
        return -1;
    }
    int i = p->n++;

    p->types[i] = type;
    p->values[i] = NULL;
    p->lengths[i] = 0;
    p->formats[i] = 1;
    p->offsets[i] = SIZE_MAX;
    return i;
}

/* The buffer may still move, so only the place in it is noted. */
static void add_scalar(th_params *p, th_type type, const void *v, size_t n)
{
    int i = next_param(p, type);

    if (i < 0)
        return;
    p->offsets[i] = p->scalars.len;
    p->lengths[i] = (int)n;
    th_buf_add(&p->scalars, v, n);
}

void th_param_array(th_params *p, th_array *a)
{
    int i = next_param(p, array_oid(a->type));

    th_array_finish(a);
    p->failed |= a->buf.failed;
    if (i < 0 || a->buf.failed)
        return;
    p->values[i] = a->buf.data;
    p->lengths[i] = (int)a->buf.len;
}

void th_param_i16(th_params *p, int16_t v)
{
    char be[sizeof v];

    put16(be, (uint16_t)v);
    add_scalar(p, TH_T_INT2, be, sizeof be);
}

void th_param_i32(th_params *p, int32_t v)
{
    char be[sizeof v];

    put32(be, (uint32_t)v);
    add_scalar(p, TH_T_INT4, be, sizeof be);
}

void th_param_i64(th_params *p, int64_t v)
{
    char be[sizeof v];

    put64(be, (uint64_t)v);
    add_scalar(p, TH_T_INT8, be, sizeof be);
}

void th_param_bool(th_params *p, bool v)
{
    char byte = v;

    add_scalar(p, TH_T_BOOL, &byte, 1);
}

void th_param_text(th_params *p, const char *s)
{
    int i = next_param(p, TH_T_TEXT);

    if (i < 0 || !s)
        return;
    size_t n = strlen(s);

    if (n > FIELD_LIMIT) {
        p->failed = true;
        return;
    }
    p->values[i] = s;
    p->lengths[i] = (int)n;
}

void th_param_uuid(th_params *p, const th_uuid *id)
{
    if (id)
        add_scalar(p, TH_T_UUID, id->b, sizeof id->b);
    else
        next_param(p, TH_T_UUID);
}

void th_param_time(th_params *p, int64_t unix_us)
{
    char be[sizeof(int64_t)];

    put64(be, (uint64_t)server_time(unix_us));
    add_scalar(p, TH_T_TIMESTAMPTZ, be, sizeof be);
}

void th_params_ready(th_params *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->offsets[i] != SIZE_MAX)
            p->values[i] = p->scalars.data + p->offsets[i];
}

int16_t th_get_i16(const char *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof v);
    return (int16_t)be16toh(v);
}

int32_t th_get_i32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return (int32_t)be32toh(v);
}

int64_t th_get_i64(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return (int64_t)be64toh(v);
}

int64_t th_get_time(const char *p)
{
    int64_t t = th_get_i64(p), unix_us;

    if (t == TH_TIME_INF || t == TH_TIME_NEG_INF)
        return t;
    /* The server's last years lie beyond what unix microseconds can say. */
    return __builtin_add_overflow(t, EPOCH_US, &unix_us) ? TH_TIME_INF - 1 : unix_us;
}
