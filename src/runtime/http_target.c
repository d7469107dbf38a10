/*
 * http_target.c - URLs by libcurl's own parser, so that what is judged here is what is called.
 */
#include "runtime/http_target.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n,"

enum { URL_MAX = 8192, HTTP_PORT = 80, HTTPS_PORT = 443 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *lowered(th_arena *arena, const char *s, size_t n)
{
    char *copy = th_strndup(arena, s, n);

    for (char *p = copy; *p; p++)
        *p = lower(*p);
    return copy;
}

/* ---- one URL --------------------------------------------------------------------------------- */

static const char *part(th_arena *arena, CURLU *url, CURLUPart what, unsigned flags)
{
    char *text = NULL;

    if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
        return NULL;
    const char *copy = th_strdup(arena, text);
    curl_free(text);
    return copy;
}

/* Letters, digits, dots, dashes; colons in brackets. Anything else might be another host by the
 * time that a resolver sees it. */
static bool good_host(const char *host, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = lower(host[i]);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                     c == '_' || c == ':';
        if (!plain)
            return false;
    }
    return n > 0;
}

/* Without brackets and without the dot that makes a name absolute. */
static const char *plain_host(th_arena *arena, const char *host)
{
    size_t n = strlen(host);

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    } else if (n > 1 && host[n - 1] == '.') {
        n--;
    }
    return good_host(host, n) ? lowered(arena, host, n) : NULL;
}

static th_rc take_apart(th_arena *arena, CURLU *url, th__http_target *out, th_error *err)
{
    const char *scheme = part(arena, url, CURLUPART_SCHEME, 0);
    const char *host = part(arena, url, CURLUPART_HOST, 0);
    const char *port = part(arena, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);

    if (!scheme || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
        return th_fail(err, TH_INVALID, "must begin with http:// or https://");
    out->tls = strcasecmp(scheme, "https") == 0;
    out->host = host ? plain_host(arena, host) : NULL;
    if (!out->host)
        return th_fail(err, TH_INVALID, "must name a host, in ASCII");
    out->port = port ? atoi(port) : 0;
    if (out->port < 1 || out->port > 65535)
        return th_fail(err, TH_INVALID, "must have a port from 1 to 65535, or none");
    out->path = part(arena, url, CURLUPART_PATH, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    out->url = part(arena, url, CURLUPART_URL, 0);
    if (!out->path || !out->url || strlen(out->url) > URL_MAX)
        return th_fail(err, TH_INVALID, "must have at most %d bytes", URL_MAX);
    return TH_OK;
}

static th_rc parse(CURLU *url, const th__http_target *base, const char *text, th_error *err)
{
    if (!url)
        abort();
    if (strlen(text) > URL_MAX)
        return th_fail(err, TH_INVALID, "must have at most %d bytes", URL_MAX);
    if (base && curl_url_set(url, CURLUPART_URL, base->url, 0) != CURLUE_OK)
        return th_fail(err, TH_INVALID, "cannot be resolved");

    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE);
    if (code == CURLUE_UNSUPPORTED_SCHEME || code == CURLUE_BAD_SCHEME)
        return th_fail(err, TH_INVALID, "must begin with http:// or https://");
    if (code != CURLUE_OK)
        return th_fail(err, TH_INVALID, "must be a URL with http:// or https:// (%s)",
                       curl_url_strerror(code));
    return TH_OK;
}

th_rc th__http_target_parse(th_arena *arena, const th__http_target *base, const char *text,
                            th__http_target *out, th_error *err)
{
    CURLU *url = curl_url();

    th_rc rc = parse(url, base, text, err);
    if (rc == TH_OK)
        rc = take_apart(arena, url, out, err);
    curl_url_cleanup(url);
    return rc;
}

bool th__http_same_origin(const th__http_target *a, const th__http_target *b)
{
    return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

const char *th__http_origin(th_arena *arena, const th__http_target *t)
{
    const char *scheme = t->tls ? "https" : "http";
    bool v6 = strchr(t->host, ':') != NULL;

    if (t->port == (t->tls ? HTTPS_PORT : HTTP_PORT))
        return th_sprintf(arena, "%s://%s%s%s", scheme, v6 ? "[" : "", t->host, v6 ? "]" : "");
    return th_sprintf(arena, "%s://%s%s%s:%d", scheme, v6 ? "[" : "", t->host, v6 ? "]" : "",
                      t->port);
}

/* ---- the list -------------------------------------------------------------------------------- */

static th_rc bad_entry(th_error *err, const char *entry)
{
    return th_fail(err, TH_CONFIG,
                   "'%.200s' is not [scheme://]host[:port][/path], with http or https, a host in "
                   "ASCII, and *. before it for those below it",
                   entry);
}

static const char *take_scheme(const char *entry, const char **scheme)
{
    *scheme = NULL;
    if (strncasecmp(entry, "https://", 8) == 0) {
        *scheme = "https";
        return entry + 8;
    }
    if (strncasecmp(entry, "http://", 7) == 0) {
        *scheme = "http";
        return entry + 7;
    }
    return entry;
}

/* ":8443" or nothing; *end is behind it. -1: neither. */
static int take_port(const char *text, const char **end)
{
    char *after = NULL;

    *end = text;
    if (*text != ':')
        return 0;
    if (text[1] < '0' || text[1] > '9')
        return -1;
    long port = strtol(text + 1, &after, 10);
    *end = after;
    return port >= 1 && port <= 65535 ? (int)port : -1;
}

static size_t host_length(const char *p)
{
    const char *end = *p == '[' ? strchr(p, ']') : NULL;

    return end ? (size_t)(end + 1 - p) : strcspn(p, ":/");
}

static th_rc parse_entry(th_arena *arena, const char *entry, th__http_allowed *out, th_error *err)
{
    const char *end, *p = take_scheme(entry, &out->scheme);

    out->below = strncmp(p, "*.", 2) == 0;
    p += out->below ? 2 : 0;
    size_t n = host_length(p);
    out->host = plain_host(arena, th_strndup(arena, p, n));
    out->port = take_port(p + n, &end);
    if (!out->host || out->port < 0 || (*end && *end != '/'))
        return bad_entry(err, entry);
    if (!out->port && out->scheme)
        out->port = strcmp(out->scheme, "https") == 0 ? HTTPS_PORT : HTTP_PORT;
    if (strpbrk(end, "?#%\\") || strstr(end, "/../") || strstr(end, "/./"))
        return bad_entry(err, entry);
    out->path = *end && strcmp(end, "/") != 0 ? th_strdup(arena, end) : NULL;
    return TH_OK;
}

th_rc th__http_allow_parse(th_arena *arena, const char *text, th__http_allow *out, th_error *err)
{
    size_t most = text ? strlen(text) / 2 + 1 : 0;

    *out = (th__http_allow){ .list = th_new(arena, th__http_allowed, most) };
    for (const char *p = text; p && *(p += strspn(p, BLANKS));) {
        size_t n = strcspn(p, BLANKS);
        th_rc rc = parse_entry(arena, th_strndup(arena, p, n), &out->list[out->count++], err);
        if (rc != TH_OK)
            return rc;
        p += n;
    }
    return TH_OK;
}

static bool host_fits(const th__http_allowed *a, const char *host)
{
    size_t n = strlen(host), m = strlen(a->host);

    if (!a->below)
        return strcmp(host, a->host) == 0;
    return n > m + 1 && host[n - m - 1] == '.' && strcmp(host + n - m, a->host) == 0;
}

/* What is encoded may be a slash or dots to the server: then a path is no proof. */
static bool is_plain_path(const char *path)
{
    for (const char *p = path; (p = strchr(p, '%')); p++)
        if (strncasecmp(p, "%2e", 3) == 0 || strncasecmp(p, "%2f", 3) == 0 ||
            strncasecmp(p, "%5c", 3) == 0 || strncasecmp(p, "%25", 3) == 0)
            return false;
    return !strchr(path, '\\');
}

static bool path_fits(const char *allowed, const char *path)
{
    size_t n = strlen(allowed);

    if (!is_plain_path(path) || strncmp(path, allowed, n) != 0)
        return false;
    return allowed[n - 1] == '/' || path[n] == '/' || path[n] == '\0';
}

bool th__http_allows(const th__http_allow *allow, const th__http_target *t)
{
    for (size_t i = 0; i < allow->count; i++) {
        const th__http_allowed *a = &allow->list[i];
        bool scheme = !a->scheme || strcmp(a->scheme, t->tls ? "https" : "http") == 0;
        if (scheme && (!a->port || a->port == t->port) && host_fits(a, t->host) &&
            (!a->path || path_fits(a->path, t->path)))
            return true;
    }
    return allow->count == 0;
}
