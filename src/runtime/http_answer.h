/*
 * http_answer.h - what came back from an HTTP call: collected piece by piece, then written as the
 * result of the call.
 *
 *     {"statusCode":200,"headers":{"Content-Type":"text/plain","Set-Cookie":["a=1","b=2"]},
 *      "content":"..."}
 *
 * The content is a text: UTF-8, or Latin-1 if its Content-Type says so; bytes that do not fit
 * become U+FFFD.
 */
#ifndef TH_RUNTIME_HTTP_ANSWER_H
#define TH_RUNTIME_HTTP_ANSWER_H

#include "runtime/http_request.h"

enum { TH__HTTP_HEADERS_MAX = 500, TH__HTTP_HEADER_BYTES_MAX = 64 * 1024 };

typedef struct th__http_answer {
    th_arena *arena; /* of the header texts */
    int status;      /* 0: nothing yet */
    th__http_header *headers;
    size_t header_count, header_bytes;
    th_buf content;
    const char *problem; /* what came is too much: a phrase; it ends the call */
} th__http_answer;

/* content_max: bytes. */
void th__http_answer_init(th__http_answer *answer, th_arena *arena, size_t content_max);
void th__http_answer_free(th__http_answer *answer);

/* One line of a response's head as it came, with its line end. A status line starts over (after a
 * 100 Continue). False: enough, see problem. */
bool th__http_answer_head(th__http_answer *answer, const char *line, size_t n);
bool th__http_answer_body(th__http_answer *answer, const char *data, size_t n);

/* In any case of letters, the first one; NULL: there is none. */
const char *th__http_answer_header(const th__http_answer *answer, const char *name);

/* Retry-After, in seconds or as a date; -1: none that makes sense. Never negative otherwise. */
int64_t th__http_answer_retry_after(const th__http_answer *answer, int64_t now_us);

void th__http_answer_write(th_buf *out, const th__http_answer *answer);

#endif
