/*
 * frame.h - the worker channel's frames: four bytes of length, big-endian, then one JSON object
 * (workers/README.md).
 */
#ifndef TH_FUNCTIONS_FRAME_H
#define TH_FUNCTIONS_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define TH__FRAME_LIMIT ((size_t)0x7fffffff)

/* Bytes that came, in whichever pieces; all zero is empty. */
typedef struct th__frames {
    char *data;
    size_t len, cap, at; /* at: first byte that was not handed out */
} th__frames;

/* Room for at least n bytes more; *room says how many fit. The caller fills it and tells. */
char *th__frames_room(th__frames *frames, size_t n, size_t *room);
void th__frames_came(th__frames *frames, size_t n);

/*
 * The next whole frame's text, valid until the next call of any function here. TH_OK with *text
 * NULL: not there yet. TH_INVALID: a length that no frame has.
 */
th_rc th__frames_next(th__frames *frames, const char **text, size_t *n,
                      th_error *err) TH_MUST_CHECK;
void th__frames_free(th__frames *frames);

/* A frame that is written: four bytes are kept free, and filled in at the end. */
void th__frame_begin(th_buf *out);
void th__frame_end(th_buf *out); /* from begin on, out holds nothing but this frame */

#endif
