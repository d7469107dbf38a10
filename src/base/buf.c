/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/base_int.h"

#define SMALLEST ((size_t)64)

void th_buf_free(th_buf *buf)
{
    free(buf->data);
    *buf = (th_buf){ .limit = buf->limit };
}

void th_buf_clear(th_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Room for more bytes and a NUL. The caller has seen that it is not there. */
static bool grow(th_buf *buf, size_t more)
{
    size_t need;

    if (__builtin_add_overflow(buf->len, more, &need) || need >= SIZE_MAX / 2 ||
        (buf->limit && need > buf->limit)) {
        buf->failed = true;
        return false;
    }
    if (need < buf->cap)
        return true;

    size_t cap = buf->cap * 2 > need ? buf->cap * 2 : need + 1;
    buf->cap = cap < SMALLEST ? SMALLEST : cap;
    buf->data = th_realloc(buf->data, buf->cap);
    return true;
}

static inline bool room(th_buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more < buf->cap - buf->len && !buf->limit)
        return true;
    return grow(buf, more);
}

void th_buf_reserve(th_buf *buf, size_t more)
{
    if (room(buf, more))
        buf->data[buf->len] = '\0';
}

char *th_buf_steal(th_buf *buf)
{
    char *text = buf->data ? buf->data : th_mstrdup("");

    *buf = (th_buf){ .limit = buf->limit };
    return text;
}

void th_buf_add(th_buf *buf, const void *p, size_t n)
{
    if (!room(buf, n))
        return;
    if (n)
        memcpy(buf->data + buf->len, p, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
}

void th_buf_str(th_buf *buf, const char *s)
{
    th_buf_add(buf, s, strlen(s));
}

void th_buf_chr(th_buf *buf, char c)
{
    if (!room(buf, 1))
        return;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}

void th_buf_i64(th_buf *buf, int64_t v)
{
    char digits[20];
    char *p = digits + sizeof digits;
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    th_buf_add(buf, p, (size_t)(digits + sizeof digits - p));
}

void th_buf_printf(th_buf *buf, const char *fmt, ...)
{
    va_list args, again;

    if (!room(buf, 0))
        return;

    va_start(args, fmt);
    va_copy(again, args);
    size_t left = buf->cap - buf->len;
    int len = vsnprintf(buf->data + buf->len, left, fmt, args);
    size_t n = len < 0 ? 0 : (size_t)len;
    bool ok = len >= 0 && room(buf, n);

    if (ok && n >= left)
        vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, again);
    if (ok)
        buf->len += n;
    else
        buf->failed = true;
    buf->data[buf->len] = '\0';
    va_end(again);
    va_end(args);
}

static inline bool is_special(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* How many of the first bytes stand in a JSON string as they are. */
static size_t plain_run(const char *s, size_t n)
{
    size_t i = 0;

    while (n - i >= 8 && !th__json_special(th__load8(s + i)))
        i += 8;
    while (i < n && !is_special(s[i]))
        i++;
    return i;
}

static void add_escape(th_buf *buf, char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    static const char hex[] = "0123456789abcdef";
    char out[6] = { '\\', 'u', '0', '0', hex[((unsigned char)c >> 4) & 15], hex[c & 15] };

    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if (letters[i] == c) {
            out[1] = letters[i + 1];
            th_buf_add(buf, out, 2);
            return;
        }
    }
    th_buf_add(buf, out, sizeof out);
}

void th_buf_json(th_buf *buf, const char *s, size_t n)
{
    if (n < SIZE_MAX / 4)
        th_buf_reserve(buf, n + 2); /* the common case: one growth, no escapes */
    th_buf_chr(buf, '"');
    for (size_t i = 0; i < n && !buf->failed;) {
        size_t run = plain_run(s + i, n - i);

        th_buf_add(buf, s + i, run);
        i += run;
        if (i < n)
            add_escape(buf, s[i++]);
    }
    th_buf_chr(buf, '"');
}

void th_buf_json_str(th_buf *buf, const char *s)
{
    if (s)
        th_buf_json(buf, s, strlen(s));
    else
        th_buf_add(buf, "null", 4);
}

static void add_be(th_buf *buf, uint64_t v, size_t n)
{
    unsigned char out[8];

    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(v >> (8 * (n - 1 - i)));
    th_buf_add(buf, out, n);
}

void th_buf_be16(th_buf *buf, uint16_t v)
{
    add_be(buf, v, 2);
}

void th_buf_be32(th_buf *buf, uint32_t v)
{
    add_be(buf, v, 4);
}

void th_buf_be64(th_buf *buf, uint64_t v)
{
    add_be(buf, v, 8);
}
