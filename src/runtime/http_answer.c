/*
 * http_answer.c - what came back from an HTTP call.
 */
#include "runtime/http_answer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/runtime_int.h"

void th__http_answer_init(th__http_answer *answer, th_arena *arena, size_t content_max)
{
    *answer = (th__http_answer){ .arena = arena };
    answer->headers = th_new(arena, th__http_header, TH__HTTP_HEADERS_MAX);
    answer->content.limit = content_max;
}

void th__http_answer_free(th__http_answer *answer)
{
    th_buf_free(&answer->content);
}

/* ---- collecting ------------------------------------------------------------------------------ */

static size_t trimmed(const char *s, size_t n)
{
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r' || s[n - 1] == '\n'))
        n--;
    return n;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static void start_over(th__http_answer *answer, const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n);

    answer->status = 0;
    for (const char *p = space ? space + 1 : line + n; p < line + n && isdigit((unsigned char)*p);
         p++)
        if (answer->status < 1000)
            answer->status = answer->status * 10 + (*p - '0');
    answer->header_count = 0;
}

static void keep(th__http_answer *answer, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    if (!colon || colon == line || memchr(line, '\0', n))
        return; /* no header: a proxy's noise */

    const char *value = colon + 1, *end = line + n;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    answer->headers[answer->header_count++] =
        (th__http_header){ th_strndup(answer->arena, line, (size_t)(colon - line)),
                           th_strndup(answer->arena, value, (size_t)(end - value)) };
}

bool th__http_answer_head(th__http_answer *answer, const char *line, size_t n)
{
    answer->header_bytes += n;
    n = trimmed(line, n);
    if (answer->header_bytes > TH__HTTP_HEADER_BYTES_MAX ||
        answer->header_count == TH__HTTP_HEADERS_MAX) {
        answer->problem = "has more than 500 headers or 64 KiB of them";
        return false;
    }
    if (n >= 5 && strncmp(line, "HTTP/", 5) == 0)
        start_over(answer, line, n);
    else
        keep(answer, line, n);
    return true;
}

bool th__http_answer_body(th__http_answer *answer, const char *data, size_t n)
{
    th_buf_add(&answer->content, data, n);
    if (!answer->content.failed)
        return true;
    answer->problem =
        th_sprintf(answer->arena, "has a content of more than %zu bytes", answer->content.limit);
    return false;
}

/* ---- looking --------------------------------------------------------------------------------- */

const char *th__http_answer_header(const th__http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    return NULL;
}

int64_t th__http_answer_retry_after(const th__http_answer *answer, int64_t now_us)
{
    const char *text = th__http_answer_header(answer, "Retry-After");
    size_t n = text ? strlen(text) : 0;

    if (n == 0)
        return -1;
    if (strspn(text, "0123456789") == n)
        return n > 12 ? 1000 * 366 * TH_DAY : atoll(text) * TH_SECOND;

    time_t date = curl_getdate(text, NULL);
    if (date < 0)
        return -1;
    int64_t left = (int64_t)date * TH_SECOND - now_us;
    return left > 0 ? left : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool is_latin1(const th__http_answer *answer)
{
    const char *type = th__http_answer_header(answer, "Content-Type");
    const char *charset = type ? strcasestr(type, "charset=") : NULL;

    if (!charset)
        return false;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "iso-8859-1", 10) == 0 && !isdigit((unsigned char)charset[10]);
}

static void add_latin1(th_buf *out, const char *s, size_t n)
{
    th_buf text = TH_BUF_INIT;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x80)
            th_buf_chr(&text, (char)(0xC0 | (c >> 6)));
        th_buf_chr(&text, (char)(c < 0x80 ? c : 0x80 | (c & 0x3F)));
    }
    th_buf_json(out, text.data ? text.data : "", text.len);
    th_buf_free(&text);
}

static void add_content(th_buf *out, const th__http_answer *answer)
{
    const char *s = answer->content.data ? answer->content.data : "";
    size_t n = answer->content.len;

    if (is_latin1(answer)) {
        add_latin1(out, s, n);
        return;
    }
    size_t mark = n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    th__add_string(out, s + mark, n - mark);
}

void th__http_answer_write(th_buf *out, const th__http_answer *answer)
{
    th_buf_printf(out, "{\"statusCode\":%d,\"headers\":", answer->status);
    th__http_headers_write(out, answer->headers, answer->header_count);
    th_buf_str(out, ",\"content\":");
    add_content(out, answer);
    th_buf_chr(out, '}');
}
