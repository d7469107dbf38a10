/*
 * buf.h - a growing byte buffer that remembers its first failure.
 *
 * Append ten times and check once: after a failure (over the limit) appends do nothing and `failed`
 * stays true. data is always NUL-terminated once something was appended; a NUL is not counted in
 * len.
 */
#ifndef TH_BASE_BUF_H
#define TH_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct th_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t limit; /* 0: none */
    bool failed;
} th_buf;

#define TH_BUF_INIT          \
    {                        \
        NULL, 0, 0, 0, false \
    }

void th_buf_free(th_buf *buf);  /* back to TH_BUF_INIT, limit kept */
void th_buf_clear(th_buf *buf); /* len 0, memory kept */
void th_buf_reserve(th_buf *buf, size_t more);
char *th_buf_steal(
    th_buf *buf); /* the text, now the caller's (free()); "" if nothing was appended */

void th_buf_add(th_buf *buf, const void *p, size_t n);
void th_buf_str(th_buf *buf, const char *s);
void th_buf_chr(th_buf *buf, char c);
void th_buf_i64(th_buf *buf, int64_t v); /* decimal */
void th_buf_printf(th_buf *buf, const char *fmt, ...) TH_PRINTF(2, 3);

/* A JSON string literal with its quotes; non-ASCII is kept as it is, control characters escaped. */
void th_buf_json(th_buf *buf, const char *s, size_t n);
void th_buf_json_str(th_buf *buf, const char *s); /* NULL: null */

/* Big-endian integers, for the database's binary formats. */
void th_buf_be16(th_buf *buf, uint16_t v);
void th_buf_be32(th_buf *buf, uint32_t v);
void th_buf_be64(th_buf *buf, uint64_t v);

#endif
