/*
 * http_transfer.h - one request on its way, as a libcurl handle for somebody's multi handle.
 *
 * Redirects are not followed: whoever looks at the answer decides, since each place must be
 * allowed. TLS certificates are always verified.
 */
#ifndef TH_RUNTIME_HTTP_TRANSFER_H
#define TH_RUNTIME_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "runtime/http_answer.h"
#include "runtime/http_target.h"

typedef struct th__http_rules {
    th__http_allow allow;
    bool public_only;    /* no connection to an address that is not public */
    const char *ca_file; /* certificates to trust instead of the system's; NULL: those */
    size_t content_max;  /* bytes of a response's content */
} th__http_rules;

typedef struct th__http_transfer {
    CURL *easy; /* its CURLINFO_PRIVATE is `owner` */
    struct curl_slist *headers;
    th__http_answer answer;
    bool refused; /* an address was not public */
    const th__http_rules *rules;
    char error[CURL_ERROR_SIZE];
} th__http_transfer;

/* Request, target and rules must outlive it; texts of the answer live in arena. call_id goes along
 * as a header. */
th__http_transfer *th__http_transfer_new(const th__http_rules *rules, th_arena *arena,
                                         const th__http_request *request,
                                         const th__http_target *target, const char *call_id,
                                         const char *trace, void *owner);
void th__http_transfer_free(th__http_transfer *transfer);

/* What went wrong, as the failure of the call; NULL: an answer is there. *again: another try may
 * help. */
const char *th__http_transfer_failure(const th__http_transfer *transfer, th_arena *arena,
                                      CURLcode code, const th__http_request *request,
                                      const th__http_target *target, bool *again);

#endif
