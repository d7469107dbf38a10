/*
 * urls.c - the origin of a request and the management payload: the URLs that steer one instance.
 */
#include "http/http_int.h"

#include <ctype.h>
#include <string.h>

/* A host that can stand in JSON and in a header as it is. */
static bool is_plain_host(const char *host)
{
    size_t n = host ? strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   ".-_~:[]")
                    : 0;

    return n > 0 && n < 512 && host[n] == '\0';
}

static bool is_scheme(const char *scheme)
{
    return scheme && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
}

static const char *forwarded_origin(th__request *r)
{
    const char *host = th__request_header(r, "X-Forwarded-Host");
    const char *scheme = th__request_header(r, "X-Forwarded-Proto");

    if (!r->server->options.use_forwarded_host || !is_plain_host(host) || !is_scheme(scheme))
        return NULL;
    return th_sprintf(r->arena, "%s://%s", strcasecmp(scheme, "https") == 0 ? "https" : "http",
                      host);
}

const char *th__request_origin(th__request *r)
{
    const char *forwarded = forwarded_origin(r);
    const char *host;

    if (forwarded)
        return forwarded;
    host = th__request_header(r, MHD_HTTP_HEADER_HOST);
    if (!is_plain_host(host))
        return r->port->origin;
    return th_sprintf(r->arena, "http://%s", host);
}

static bool is_unescaped(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.!*()", c));
}

void th__form_encode(th_buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    while (*text) {
        const char *from = text;
        while (is_unescaped(*text))
            text++;
        th_buf_add(out, from, (size_t)(text - from));
        if (*text == ' ') {
            th_buf_chr(out, '+');
        } else if (*text) {
            char escape[3] = { '%', digits[(unsigned char)*text >> 4], digits[*text & 15] };
            th_buf_add(out, escape, sizeof escape);
        }
        text += *text != '\0';
    }
}

/* What the URLs of one payload have in common. None of it needs escapes in JSON. */
typedef struct parts {
    th_buf *out;
    const char *stem; /* up to and with the id */
    const char *suffix;
} parts;

static void url(const parts *p, const char *key, const char *tail)
{
    th_buf_str(p->out, key);
    th_buf_str(p->out, p->stem);
    th_buf_str(p->out, tail);
    th_buf_str(p->out, p->suffix);
    th_buf_chr(p->out, '"');
}

void th__query_suffix(th_buf *out, const th_hub *hub, const char *connection)
{
    th_buf_str(out, "taskHub=");
    th__form_encode(out, hub->name);
    th_buf_str(out, "&connection=");
    th__form_encode(out, connection);
}

/* NULL: the request names none. */
static const char *connection_asked(th__request *r)
{
    const char *name = th_query_text(&r->query, r->arena, "connection");

    return name && name[strspn(name, " ")] ? name : NULL;
}

static const char *suffix_of(th__request *r)
{
    const th_http_options *o = &r->server->options;
    th_buf buf = TH_BUF_INIT;
    const char *key = th__key_for_urls(r), *connection = connection_asked(r), *suffix;

    if (r->hub == &o->hub && !key && !connection)
        return r->server->query_suffix;
    th__query_suffix(&buf, r->hub, connection ? connection : o->connection_name);
    if (key) {
        th_buf_str(&buf, "&code=");
        th__form_encode(&buf, key);
    }
    suffix = th_strdup(r->arena, buf.data);
    th_buf_free(&buf);
    return suffix;
}

static const char *stem_of(th__request *r)
{
    th_buf buf = TH_BUF_INIT;
    const char *stem;

    th_buf_str(&buf, th__request_origin(r));
    th_buf_str(&buf, TH_HTTP_BASE "/instances/");
    th__form_encode(&buf, r->instance_id);
    stem = th_strdup(r->arena, buf.data);
    th_buf_free(&buf);
    return stem;
}

/* The payload of starters is the one that SDKs build, which has a URL for rewinding. */
void th__payload_finish(th__request *r)
{
    parts p = { &r->out, stem_of(r), suffix_of(r) };

    th_buf_clear(&r->out);
    th_buf_str(&r->out, "{\"id\":");
    th_buf_json_str(&r->out, r->instance_id);
    url(&p, ",\"statusQueryGetUri\":\"", "?");
    url(&p, ",\"sendEventPostUri\":\"", "/raiseEvent/{eventName}?");
    url(&p, ",\"terminatePostUri\":\"", "/terminate?reason={text}&");
    if (r->is_starter)
        url(&p, ",\"rewindPostUri\":\"", "/rewind?reason={text}&");
    url(&p, ",\"purgeHistoryDeleteUri\":\"", "?");
    url(&p, ",\"restartPostUri\":\"", "/restart?");
    url(&p, ",\"suspendPostUri\":\"", "/suspend?reason={text}&");
    url(&p, ",\"resumePostUri\":\"", "/resume?reason={text}&");
    th_buf_chr(&r->out, '}');
    th__answer_json(r, 202);
    r->location = th_sprintf(r->arena, "%s?%s", p.stem, p.suffix);
    r->retry_after = "10";
}
