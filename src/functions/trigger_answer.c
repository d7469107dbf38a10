/*
 * trigger_answer.c - see trigger_answer.h.
 */
#include "functions/trigger_answer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"

enum { MAX_HEADERS = 200 };

typedef struct writer {
    th_arena *arena;
    th_trigger_pair *headers;
    size_t count;
    bool has_type;
    th_error *err;
} writer;

static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Nothing that ends a header's line. */
static bool is_value(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' && *text != '\t')
            return false;
    return true;
}

/* What the server writes itself. */
static bool is_ours(const char *name)
{
    return strcasecmp(name, "content-length") == 0 || strcasecmp(name, "transfer-encoding") == 0 ||
           strcasecmp(name, "connection") == 0;
}

static th_rc add_header(writer *w, const char *name, const char *value)
{
    if (!*name || name[strspn(name, token_chars)])
        return th_fail(w->err, TH_INVALID, "'%.100s' is no name of a header", name);
    if (!is_value(value))
        return th_fail(w->err, TH_INVALID, "the value of header '%.100s' has a control character",
                       name);
    if (w->count == MAX_HEADERS)
        return th_fail(w->err, TH_INVALID, "more than %d headers", MAX_HEADERS);
    if (is_ours(name))
        return TH_OK;
    w->has_type |= strcasecmp(name, "content-type") == 0;
    w->headers[w->count++] =
        (th_trigger_pair){ th_strdup(w->arena, name), th_strdup(w->arena, value) };
    return TH_OK;
}

static th_rc add_values(writer *w, const char *name, const json_t *value)
{
    if (json_is_string(value))
        return add_header(w, name, json_string_value(value));
    if (!json_is_array(value))
        return th_fail(w->err, TH_INVALID, "the value of header '%.100s' must be a string", name);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        th_rc rc =
            text ? add_header(w, name, text)
                 : th_fail(w->err, TH_INVALID, "a value of header '%.100s' is no string", name);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

static th_rc add_headers(writer *w, const json_t *headers)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)headers, name, value) {
        th_rc rc = add_values(w, name, value);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* ---- cookies ----------------------------------------------------------------------------------
 */

static void put_text(th_buf *out, const json_t *cookie, const char *key, const char *attribute)
{
    const char *text = json_string_value(json_object_get(cookie, key));

    if (text && *text)
        th_buf_printf(out, "; %s=%s", attribute, text);
}

static void put_flag(th_buf *out, const json_t *cookie, const char *key, const char *attribute)
{
    if (json_is_true(json_object_get(cookie, key)))
        th_buf_printf(out, "; %s", attribute);
}

static void put_same_site(th_buf *out, const json_t *cookie)
{
    const char *text = json_string_value(json_object_get(cookie, "same_site"));

    if (!text || strcmp(text, "None") == 0) /* the enum's "not set" */
        return;
    th_buf_printf(out, "; SameSite=%s", strcmp(text, "ExplicitNone") == 0 ? "None" : text);
}

static th_rc add_cookie(writer *w, const json_t *cookie)
{
    const char *name = json_string_value(json_object_get(cookie, "name"));
    const char *value = json_string_value(json_object_get(cookie, "value"));
    const json_t *age = json_object_get(cookie, "max_age");
    th_buf out = TH_BUF_INIT;

    if (!name || !*name || name[strspn(name, token_chars)] || !value || strchr(value, ';'))
        return th_fail(w->err, TH_INVALID, "a cookie must have a name and a value without ';'");
    th_buf_printf(&out, "%s=%s", name, value);
    put_text(&out, cookie, "domain", "Domain");
    put_text(&out, cookie, "path", "Path");
    put_text(&out, cookie, "expires", "Expires");
    if (json_is_number(age))
        th_buf_printf(&out, "; Max-Age=%lld", (long long)json_number_value(age));
    put_flag(&out, cookie, "secure", "Secure");
    put_flag(&out, cookie, "http_only", "HttpOnly");
    put_same_site(&out, cookie);
    th_rc rc = add_header(w, "Set-Cookie", out.data);
    th_buf_free(&out);
    return rc;
}

static th_rc add_cookies(writer *w, const json_t *cookies)
{
    for (size_t i = 0; i < json_array_size(cookies); i++) {
        th_rc rc = add_cookie(w, json_array_get(cookies, i));
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* ---- body -------------------------------------------------------------------------------------
 */

static th_rc take_bytes(writer *w, const json_t *bytes, th_trigger_answer *out)
{
    const char *text = json_string_value(bytes);
    size_t n = json_string_length(bytes), len = 0;
    char *body = th_alloc(w->arena, n / 4 * 3 + 4);

    if (!th_base64_decode(text, n, body, &len))
        return th_fail(w->err, TH_INVALID, "the body is no base64");
    out->body = body;
    out->body_len = len;
    return TH_OK;
}

/* *type: of a body that has none said. */
static th_rc take_body(writer *w, const json_t *body, th_trigger_answer *out, const char **type)
{
    static const struct {
        const char *key, *type;
    } texts[] = { { "string", "text/plain; charset=utf-8" },
                  { "json", "application/json; charset=utf-8" } };
    const json_t *bytes = json_object_get(body, "bytes");

    *type = "application/octet-stream";
    if (json_is_string(bytes))
        return take_bytes(w, bytes, out);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const json_t *text = json_object_get(body, texts[i].key);
        if (!json_is_string(text))
            continue;
        out->body_len = json_string_length(text);
        out->body = th_strndup(w->arena, json_string_value(text), out->body_len);
        *type = texts[i].type;
        return TH_OK;
    }
    return TH_OK;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static th_rc take_status(writer *w, const json_t *http, th_trigger_answer *out)
{
    const json_t *code = json_object_get(http, "status_code");
    long status = json_is_integer(code) ? (long)json_integer_value(code) : 200;

    if (json_is_string(code)) {
        char *end = NULL;
        errno = 0;
        status = strtol(json_string_value(code), &end, 10);
        if (errno || end == json_string_value(code) || *end)
            status = 0;
    }
    if (status < 200 || status > 599)
        return th_fail(w->err, TH_INVALID, "the status code must be a number from 200 to 599");
    out->status = (int)status;
    return TH_OK;
}

static th_rc take_http(writer *w, const json_t *http, th_trigger_answer *out)
{
    const char *type = NULL;
    th_rc rc = take_status(w, http, out);

    if (rc == TH_OK)
        rc = add_headers(w, json_object_get(http, "headers"));
    if (rc == TH_OK)
        rc = add_cookies(w, json_object_get(http, "cookies"));
    if (rc == TH_OK)
        rc = take_body(w, json_object_get(http, "body"), out, &type);
    if (rc == TH_OK && !w->has_type && out->body_len)
        rc = add_header(w, "Content-Type", type);
    return rc;
}

th_rc th__trigger_answer(th_arena *arena, const json_t *value, th_trigger_answer *out,
                         th_error *err)
{
    writer w = { .arena = arena,
                 .headers = th_new(arena, th_trigger_pair, MAX_HEADERS),
                 .err = err };
    const json_t *http = json_object_get(value, "http");
    const char *type = NULL;
    th_rc rc;

    *out = (th_trigger_answer){ .status = 200 };
    if (json_is_object(http)) {
        rc = take_http(&w, http, out);
    } else {
        rc = take_body(&w, value, out, &type);
        if (rc == TH_OK && !out->body)
            out->status = 204;
        else if (rc == TH_OK)
            rc = add_header(&w, "Content-Type", type);
    }
    out->headers = w.headers;
    out->header_count = w.count;
    return rc;
}
