/*
 * frame.c - see frame.h.
 */
#include "functions/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { HEADER = 4, KEEP = 1 << 20 };

static uint32_t length_of(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* What was handed out makes room. */
static void compact(th__frames *f)
{
    if (!f->at)
        return;
    memmove(f->data, f->data + f->at, f->len - f->at);
    f->len -= f->at;
    f->at = 0;
    if (f->len == 0 && f->cap > KEEP)
        th__frames_free(f);
}

/* As large as the frame under way, once its length is known. */
static size_t wanted(const th__frames *f, size_t n)
{
    size_t want = f->len + n;

    if (f->len >= HEADER && length_of(f->data) <= TH__FRAME_LIMIT) {
        size_t whole = HEADER + (size_t)length_of(f->data);
        /* no more than doubled at a time: a length is a claim, not yet bytes */
        if (whole > want)
            want = whole < 2 * want ? whole : 2 * want;
    }
    return want;
}

char *th__frames_room(th__frames *f, size_t n, size_t *room)
{
    compact(f);
    size_t want = wanted(f, n);
    if (f->cap - f->len < n || f->cap == 0) {
        f->cap = want > 2 * f->cap ? want : 2 * f->cap;
        f->data = th_realloc(f->data, f->cap);
    }
    *room = f->cap - f->len;
    return f->data + f->len;
}

void th__frames_came(th__frames *f, size_t n)
{
    f->len += n;
}

th_rc th__frames_next(th__frames *f, const char **text, size_t *n, th_error *err)
{
    *text = NULL;
    if (f->len - f->at < HEADER)
        return TH_OK;
    uint32_t length = length_of(f->data + f->at);
    if (length == 0 || length > TH__FRAME_LIMIT)
        return th_fail(err, TH_INVALID, "a frame of %u bytes; from 1 to %zu are allowed", length,
                       TH__FRAME_LIMIT);
    if (f->len - f->at - HEADER < length)
        return TH_OK;
    *text = f->data + f->at + HEADER;
    *n = length;
    f->at += HEADER + (size_t)length;
    return TH_OK;
}

void th__frames_free(th__frames *f)
{
    free(f->data);
    *f = (th__frames){ 0 };
}

void th__frame_begin(th_buf *out)
{
    th_buf_clear(out);
    th_buf_add(out, "\0\0\0\0", HEADER);
}

void th__frame_end(th_buf *out)
{
    size_t n = out->len - HEADER;

    for (int i = 0; i < HEADER; i++)
        out->data[i] = (char)(unsigned char)(n >> (8 * (HEADER - 1 - i)));
}
