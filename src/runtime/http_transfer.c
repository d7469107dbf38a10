/*
 * http_transfer.c - one request on its way.
 */
#include "runtime/http_transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/trace.h"
#include "runtime/http_address.h"
#include "runtime/runtime_int.h"

/* ---- what libcurl asks ----------------------------------------------------------------------- */

static size_t on_head(char *data, size_t size, size_t n, void *arg)
{
    th__http_transfer *t = arg;

    return th__http_answer_head(&t->answer, data, size * n) ? size * n : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    th__http_transfer *t = arg;

    return th__http_answer_body(&t->answer, data, size * n) ? size * n : CURL_WRITEFUNC_ERROR;
}

/* Judged by the address that is connected to, whatever a name stood for a moment ago. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    th__http_transfer *t = arg;

    (void)purpose;
    if (!th__address_is_public(&address->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void add_header(th__http_transfer *t, th_arena *arena, const char *name, const char *value)
{
    const char *line = *value ? th_sprintf(arena, "%s: %s", name, value)
                              : th_sprintf(arena, "%s;", name); /* libcurl's way of an empty one */
    struct curl_slist *list = curl_slist_append(t->headers, line);

    if (!list)
        abort();
    t->headers = list;
}

/* Takes a header out that libcurl would send by itself. */
static void remove_header(th__http_transfer *t, th_arena *arena, const char *name)
{
    struct curl_slist *list = curl_slist_append(t->headers, th_sprintf(arena, "%s:", name));

    if (!list)
        abort();
    t->headers = list;
}

static void set_headers(th__http_transfer *t, th_arena *arena, const th__http_request *request,
                        const char *call_id)
{
    for (size_t i = 0; i < request->header_count; i++)
        add_header(t, arena, request->headers[i].name, request->headers[i].value);
    if (request->content && !th__http_header_of(request, "Content-Type"))
        add_header(t, arena, "Content-Type", "text/plain; charset=utf-8");
    if (!request->content && !th__http_header_of(request, "Content-Type"))
        remove_header(t, arena, "Content-Type");
    if (!th__http_header_of(request, "Taskhub-Call-Id"))
        add_header(t, arena, "Taskhub-Call-Id", call_id);
    remove_header(t, arena, "Expect");
}

/* The call belongs to the trace of its orchestration. Workers' contexts may be any text. */
static void add_trace(th__http_transfer *t, th_arena *arena, const char *trace)
{
    const char *parent, *state;

    th_trace_read(arena, trace, &parent, &state);
    th_trace_read(arena, parent ? th_trace_json(arena, parent, state) : NULL, &parent, &state);
    if (parent)
        add_header(t, arena, "traceparent", parent);
    if (parent && state)
        add_header(t, arena, "tracestate", state);
}

static bool usually_has_content(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static void set_content(CURL *easy, const th__http_request *request)
{
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request->content || usually_has_content(request->method)) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->content_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->content ? request->content : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_rules(th__http_transfer *t, const th__http_rules *rules)
{
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (rules->ca_file)
        curl_easy_setopt(t->easy, CURLOPT_CAINFO, rules->ca_file);
    if (rules->public_only) {
        curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
        curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
    }
}

static void set_plumbing(th__http_transfer *t, int64_t timeout_us, void *owner)
{
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L); /* breaking off waits for no resolver */
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)((timeout_us + 999) / 1000));
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)((timeout_us + 999) / 1000));
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "pgtaskhub/" TH_VERSION);
    curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, owner);
}

th__http_transfer *th__http_transfer_new(const th__http_rules *rules, th_arena *arena,
                                         const th__http_request *request,
                                         const th__http_target *target, const char *call_id,
                                         const char *trace, void *owner)
{
    th__http_transfer *t = th_malloc(sizeof *t);

    t->easy = curl_easy_init();
    if (!t->easy)
        abort();
    t->rules = rules;
    th__http_answer_init(&t->answer, arena, rules->content_max);
    curl_easy_setopt(t->easy, CURLOPT_URL, target->url);
    set_rules(t, rules);
    set_plumbing(t, request->timeout_us, owner);
    set_content(t->easy, request);
    set_headers(t, arena, request, call_id);
    if (!th__http_header_of(request, "traceparent"))
        add_trace(t, arena, trace);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return t;
}

void th__http_transfer_free(th__http_transfer *transfer)
{
    if (!transfer)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    th__http_answer_free(&transfer->answer);
    free(transfer);
}

/* ---- what went wrong ------------------------------------------------------------------------- */

const char *th__http_transfer_failure(const th__http_transfer *t, th_arena *arena, CURLcode code,
                                      const th__http_request *request,
                                      const th__http_target *target, bool *again)
{
    const char *origin = th__http_origin(arena, target), *text;

    *again = !t->answer.problem && !t->refused;
    if (code == CURLE_OK && !t->answer.problem)
        return NULL;
    if (code == CURLE_OPERATION_TIMEDOUT) {
        text = th_sprintf(arena, "%s %s: no answer within %.10g seconds", request->method, origin,
                          (double)request->timeout_us / 1e6);
        return th__failure(arena, "TimeoutException", text, false);
    }
    if (t->answer.problem)
        text =
            th_sprintf(arena, "%s %s: the answer %s", request->method, origin, t->answer.problem);
    else if (t->refused)
        text = th_sprintf(arena,
                          "%s %s: its address is not public, and httpSettings.publicAddressesOnly "
                          "is set",
                          request->method, origin);
    else
        text = th_sprintf(arena, "%s %s: %s", request->method, origin,
                          t->error[0] ? t->error : curl_easy_strerror(code));
    return th__failure(arena, "HttpRequestException", text, !*again);
}
