/*
 * cors.c - see cors.h.
 */
#include "functions/cors.h"

#include <string.h>
#include <strings.h>

enum { MOST = 4 }; /* headers that are added */

#define BLANKS " \t"

/* ---- the setting ------------------------------------------------------------------------------
 */

static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://");

    return host && host != text && host[3] && !strpbrk(host + 3, "/?#" BLANKS);
}

static char *trimmed(th_arena *arena, const char *from, size_t n)
{
    while (n && strchr(BLANKS, *from))
        from++, n--;
    while (n && strchr(BLANKS "/", from[n - 1])) /* a slash at the end is no part of an origin */
        n--;
    return th_strndup(arena, from, n);
}

th_rc th__cors_read(th_arena *arena, const char *text, bool credentials, th__cors *out,
                    th_error *err)
{
    size_t n = 0;

    *out = (th__cors){ .credentials = credentials };
    if (!text || !text[strspn(text, BLANKS)])
        return TH_OK;
    out->origins = th_new(arena, const char *, strlen(text) / 2 + 2);
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        const char *origin = trimmed(arena, at, strcspn(at, ","));
        out->any |= strcmp(origin, "*") == 0;
        if (strcmp(origin, "*") != 0 && !is_origin(origin))
            return th_fail(err, TH_CONFIG,
                           "local.settings.json: Host.CORS: must be * or origins such as "
                           "https://example.org, with commas between; '%.100s' is none",
                           origin);
        out->origins[n++] = origin;
    }
    if (out->any && credentials)
        return th_fail(err, TH_CONFIG,
                       "local.settings.json: Host.CORSCredentials: needs origins by name in "
                       "Host.CORS, not *");
    return TH_OK;
}

const char *th__cors_allowed(const th__cors *cors, const char *origin)
{
    if (!origin || !cors->origins)
        return NULL;
    if (cors->any)
        return "*";
    for (size_t i = 0; cors->origins[i]; i++)
        if (strcasecmp(cors->origins[i], origin) == 0)
            return cors->origins[i];
    return NULL;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static bool has_header(const th_trigger_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return true;
    return false;
}

/* The answer's headers with room for more. */
static th_trigger_pair *extended(th_arena *arena, th_trigger_answer *answer)
{
    th_trigger_pair *pairs = th_new(arena, th_trigger_pair, answer->header_count + MOST);

    if (answer->header_count)
        memcpy(pairs, answer->headers, answer->header_count * sizeof *pairs);
    answer->headers = pairs;
    return pairs;
}

void th__cors_answer(th_arena *arena, const th__cors *cors, const char *origin,
                     th_trigger_answer *answer)
{
    const char *allowed = th__cors_allowed(cors, origin);

    if (!cors->origins || has_header(answer, "Access-Control-Allow-Origin"))
        return; /* the app sees to it itself */
    th_trigger_pair *pairs = extended(arena, answer);
    if (!cors->any)
        pairs[answer->header_count++] = (th_trigger_pair){ "Vary", "Origin" };
    if (!allowed)
        return;
    pairs[answer->header_count++] = (th_trigger_pair){ "Access-Control-Allow-Origin", allowed };
    if (cors->credentials)
        pairs[answer->header_count++] =
            (th_trigger_pair){ "Access-Control-Allow-Credentials", "true" };
}

static const char *header_of(const th_trigger_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

/* A list of tokens, which may be said back. */
static bool is_list(const char *text)
{
    return text && *text &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789!#$%&'*+-.^_`|~, ") == strlen(text);
}

void th__cors_preflight(th_arena *arena, const th__cors *cors, const th_trigger_request *request,
                        th_trigger_answer *answer)
{
    const char *method = header_of(request, "access-control-request-method");
    const char *headers = header_of(request, "access-control-request-headers");

    *answer = (th_trigger_answer){ .status = 204 };
    th__cors_answer(arena, cors, header_of(request, "origin"), answer);
    if (!has_header(answer, "Access-Control-Allow-Origin"))
        return;
    th_trigger_pair *pairs = extended(arena, answer);
    if (is_list(method))
        pairs[answer->header_count++] = (th_trigger_pair){ "Access-Control-Allow-Methods", method };
    if (is_list(headers))
        pairs[answer->header_count++] =
            (th_trigger_pair){ "Access-Control-Allow-Headers", headers };
}
