/*
 * fuzz_http_request.c - the input of an HTTP call, and the places in it: its URI, and what may be a
 * Location or an entry of the list.
 *
 * What is read can be written and read again with nothing lost; what is refused says why. A place
 * that was taken apart is taken apart the same way once it is put together.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "runtime/http_request.h"
#include "runtime/http_target.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void place(th_arena *arena, const char *text)
{
    th__http_target base, target, again;
    th__http_allow allow;
    th_error err = { 0 };

    MUST(th__http_target_parse(arena, NULL, "https://a.example:8443/x/y?z", &base, &err) == TH_OK);
    bool list = th__http_allow_parse(arena, text, &allow, &err) == TH_OK;
    MUST(list || (err.rc == TH_CONFIG && err.text[0]));
    MUST(th__http_allows(&(th__http_allow){ 0 }, &base));
    th_error_clear(&err);
    if (th__http_target_parse(arena, &base, text, &target, &err) != TH_OK) {
        MUST(err.rc == TH_INVALID && err.text[0]);
        return;
    }
    if (list)
        (void)th__http_allows(&allow, &target);
    MUST(target.host[0] && target.port > 0 && target.path[0] == '/');
    MUST(strncmp(target.url, target.tls ? "https://" : "http://", target.tls ? 8 : 7) == 0);
    if (th__http_target_parse(arena, NULL, target.url, &again, &err) == TH_OK)
        MUST(th__http_same_origin(&target, &again));
}

static void same(const th__http_request *a, const th__http_request *b)
{
    MUST(strcmp(a->method, b->method) == 0 && strcmp(a->uri, b->uri) == 0);
    MUST(!a->content == !b->content && a->content_len == b->content_len);
    MUST(!a->content || memcmp(a->content, b->content, a->content_len) == 0);
    MUST(a->header_count == b->header_count && a->polls == b->polls);
    MUST(a->timeout_us == b->timeout_us && a->retry.max_attempts == b->retry.max_attempts);
    MUST(a->retry.first_interval == b->retry.first_interval);
    MUST(a->retry.max_interval == b->retry.max_interval && a->retry.timeout == b->retry.timeout);
    MUST(a->status_count == b->status_count && a->attempt == b->attempt);
    MUST(a->since_us == b->since_us && a->poll_count == b->poll_count);
}

static void good(th_arena *arena, th__http_request *request)
{
    th_buf out = TH_BUF_INIT;
    th__http_request again;
    th_error err = { 0 };
    int64_t pause_us = -1;

    th__http_request_write(&out, request);
    MUST(th_json_valid(out.data, out.len, &err));
    MUST(th__http_request_parse(arena, out.data, out.len, &again, &err) == TH_OK);
    same(request, &again);
    th_buf_free(&out);
    if (th__http_next_try(request, INT64_C(1700000000000000), &pause_us))
        MUST(pause_us >= 0);
    place(arena, request->uri);
    th__http_drop_credentials(arena, request);
    th__http_drop_content(arena, request);
    MUST(!th__http_header_of(request, "Cookie") && !request->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char empty[1];
    const char *bytes = data ? (const char *)data : empty;
    th_arena *arena = th_arena_new(0);
    th__http_request request;
    th_error err = { 0 };

    if (th__http_request_parse(arena, bytes, size, &request, &err) == TH_OK)
        good(arena, &request);
    else
        MUST((err.rc == TH_INVALID || err.rc == TH_NOT_SUPPORTED) && err.text[0]);
    place(arena, th_strndup(arena, bytes, size));
    th_arena_free(arena);
    return 0;
}
