/*
 * http_target.h - where an HTTP call goes: its URL taken apart, and the list of places it may go
 * to.
 */
#ifndef TH_RUNTIME_HTTP_TARGET_H
#define TH_RUNTIME_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct th__http_target {
    const char *url; /* the whole, normalized: dots in the path resolved, no fragment */
    bool tls;
    const char *host; /* lower-case ASCII, without brackets or a dot at its end */
    int port;
    const char *path; /* "/..." without the query */
} th__http_target;

/*
 * base NULL: text must be a whole URL; else it may be relative to that one, as in a Location
 * header. TH_INVALID: neither http nor https, no host, a host that is not spelled in ASCII, more
 * than 8192 bytes, or no URL at all. All of *out lives in arena.
 */
th_rc th__http_target_parse(th_arena *arena, const th__http_target *base, const char *text,
                            th__http_target *out, th_error *err) TH_MUST_CHECK;

/* The same scheme, host and port. */
bool th__http_same_origin(const th__http_target *a, const th__http_target *b);

/* "https://api.example.com:8443": for messages, since the rest of a URL may hold secrets. */
const char *th__http_origin(th_arena *arena, const th__http_target *target);

/* ---- the list ---------------------------------------------------------------------------------
 */

typedef struct th__http_allowed {
    const char *scheme; /* NULL: both */
    const char *host;
    bool below;       /* host and everything below it: the entry begins with "*." */
    int port;         /* 0: any */
    const char *path; /* and all below it; NULL: any */
} th__http_allowed;

typedef struct th__http_allow {
    th__http_allowed *list;
    size_t count; /* 0: everything is allowed */
} th__http_allow;

/*
 * Entries apart by blanks or commas, each [scheme://]host[:port][/path], a host with "*." before it
 * standing for those below it. NULL or "": everything is allowed. TH_CONFIG names the bad entry.
 */
th_rc th__http_allow_parse(th_arena *arena, const char *text, th__http_allow *out,
                           th_error *err) TH_MUST_CHECK;
bool th__http_allows(const th__http_allow *allow, const th__http_target *target);

#endif
