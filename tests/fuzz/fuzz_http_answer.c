/*
 * fuzz_http_answer.c - what a server sends, its head in lines and the rest its content: whatever it
 * is, the result is JSON, and within the limits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "runtime/http_answer.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

enum { CONTENT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const th__http_answer *answer)
{
    th_buf out = TH_BUF_INIT;
    th_error err = { 0 };

    MUST(answer->content.len <= CONTENT_MAX && answer->header_count <= TH__HTTP_HEADERS_MAX);
    MUST(th__http_answer_retry_after(answer, INT64_C(1700000000000000)) >= -1);
    th__http_answer_write(&out, answer);
    MUST(th_json_valid(out.data, out.len, &err));
    th_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char empty[1];
    const char *p = data ? (const char *)data : empty, *end = p + size;
    th_arena *arena = th_arena_new(0);
    th__http_answer answer;
    bool head = true;

    th__http_answer_init(&answer, arena, CONTENT_MAX);
    while (head && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = newline ? (size_t)(newline + 1 - p) : (size_t)(end - p);
        head = n > 1 && th__http_answer_head(&answer, p, n);
        p += n;
    }
    if (!answer.problem && p < end && !th__http_answer_body(&answer, p, (size_t)(end - p)))
        MUST(answer.problem != NULL);
    if (!answer.content.failed)
        check(&answer);
    th__http_answer_free(&answer);
    th_arena_free(arena);
    return 0;
}
