/*
 * http_request.c - the input of an HTTP call, from JSON and to JSON.
 */
#include "runtime/http_request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "runtime/runtime_int.h"

enum { METHOD_MAX = 32, NAME_MAX_BYTES = 256, HEADERS_MAX = 256, STATUSES_MAX = 100 };

#define HEADER_BYTES_MAX ((size_t)64 * 1024)
#define LONGEST_TIMEOUT TH_DAY

/* ---- rules ----------------------------------------------------------------------------------- */

static bool is_token(const char *s, size_t most)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", s[i]))
            return false;
    return n > 0 && n <= most;
}

const char *th__http_method_problem(const char *method)
{
    if (!is_token(method, METHOD_MAX))
        return "must be an HTTP method, like GET or POST";
    if (strcasecmp(method, "CONNECT") == 0)
        return "must not be CONNECT";
    return NULL;
}

/* These follow from the content and the connection; sent by hand they could only be wrong. */
static bool is_our_own(const char *name)
{
    static const char *const own[] = { "Content-Length", "Transfer-Encoding",
                                       "Connection",     "Upgrade",
                                       "Expect",         "TE",
                                       "Trailer",        "Keep-Alive" };

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcasecmp(name, own[i]) == 0)
            return true;
    return false;
}

const char *th__http_header_problem(const char *name, const char *value)
{
    if (!is_token(name, NAME_MAX_BYTES))
        return "must have a name of letters, digits and dashes, of at most 256 bytes";
    if (is_our_own(name))
        return "must not be given: it follows from the content and the connection";
    for (const char *p = value; *p; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7F)
            return "must not contain control characters";
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *upper(th_arena *arena, const char *s)
{
    char *copy = th_strdup(arena, s);

    for (char *p = copy; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return copy;
}

static th_rc read_method(th_arena *arena, const th_json_at *at, th__http_request *out,
                         th_error *err)
{
    const char *method = "GET", *problem;
    th_rc rc = th_json_str(at, "method", TH_OPTIONAL, &method, err);

    if (rc == TH_OK && (problem = th__http_method_problem(method)))
        rc = th_json_field_fail(at, "method", err, "%s", problem);
    if (rc == TH_OK)
        out->method = upper(arena, method);
    return rc;
}

static th_rc read_uri(th_arena *arena, const th_json_at *at, th__http_request *out, th_error *err)
{
    const char *uri = NULL;
    th_rc rc = th_json_str(at, "uri", TH_REQUIRED, &uri, err);

    if (rc == TH_OK)
        out->uri = th_strdup(arena, uri);
    return rc;
}

/* A text is sent as it is, any other value as its JSON. */
static th_rc read_content(th_arena *arena, const th_json_at *at, th__http_request *out,
                          th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, "content", TH_OPTIONAL, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    if (json_is_string(value)) {
        out->content_len = json_string_length(value);
        out->content = th_strndup(arena, json_string_value(value), out->content_len);
        return TH_OK;
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return th_json_field_fail(at, "content", err, "must be a text");
    out->content = th_strdup(arena, text);
    out->content_len = strlen(text);
    free(text);
    return TH_OK;
}

/* Headers while they are read. */
typedef struct reading {
    th_arena *arena;
    th_json_at at; /* the object of headers */
    th__http_header *list;
    size_t count, bytes;
} reading;

static th_rc add_header(reading *r, const char *name, const json_t *value, th_error *err)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) != json_string_length(value))
        return th_json_field_fail(&r->at, name, err, "must be a text or an array of texts");
    const char *problem = th__http_header_problem(name, text);
    if (problem)
        return th_json_field_fail(&r->at, name, err, "%s", problem);
    r->bytes += strlen(name) + strlen(text) + 4;
    if (r->count == HEADERS_MAX || r->bytes > HEADER_BYTES_MAX)
        return th_json_field_fail(&r->at, "", err, "must be at most %d headers of together 64 KiB",
                                  HEADERS_MAX);
    r->list[r->count++] = (th__http_header){ th_strdup(r->arena, name), th_strdup(r->arena, text) };
    return TH_OK;
}

static th_rc add_headers(reading *r, const char *name, const json_t *value, th_error *err)
{
    th_rc rc = TH_OK;

    if (json_is_null(value))
        return TH_OK;
    if (!json_is_array(value))
        return add_header(r, name, value, err);
    for (size_t i = 0; i < json_array_size(value) && rc == TH_OK; i++)
        rc = add_header(r, name, json_array_get(value, i), err);
    return rc;
}

static th_rc read_headers(th_arena *arena, const th_json_at *at, th__http_request *out,
                          th_error *err)
{
    reading r = { .arena = arena, .list = th_new(arena, th__http_header, HEADERS_MAX) };
    const char *name;
    json_t *value;
    th_rc rc = th_json_object(at, "headers", TH_OPTIONAL, arena, &r.at, err);

    if (rc != TH_OK || !r.at.object)
        return rc;
    json_object_foreach ((json_t *)r.at.object, name, value) {
        rc = add_headers(&r, name, value, err);
        if (rc != TH_OK)
            return rc;
    }
    out->headers = r.list;
    out->header_count = r.count;
    return TH_OK;
}

/*
 * A duration: "hh:mm:ss" under its name, or a number of milliseconds under that name or under
 * <name>InMilliseconds, as the SDKs of Python and JavaScript write it. *us stays if there is none.
 */
static th_rc read_duration(th_arena *arena, const th_json_at *at, const char *name, int64_t *us,
                           th_error *err)
{
    const json_t *value = NULL;
    const char *key = th_sprintf(arena, "%sInMilliseconds", name);
    th_rc rc = th_json_any(at, key, TH_OPTIONAL, &value, err);

    if (rc == TH_OK && !value)
        rc = th_json_any(at, key = name, TH_OPTIONAL, &value, err);
    if (rc != TH_OK || !value)
        return rc;
    if (!json_is_number(value))
        return th_json_duration(at, key, TH_REQUIRED, us, err);

    double ms = json_number_value(value);
    if (!(ms >= 0 && ms <= 1e14))
        return th_json_field_fail(at, key, err, "must be from 0 to 100000000000000 milliseconds");
    *us = (int64_t)(ms * 1000);
    return TH_OK;
}

static th_rc read_timeout(th_arena *arena, const th_json_at *at, th__http_request *out,
                          th_error *err)
{
    out->timeout_us = TH__HTTP_TIMEOUT;
    th_rc rc = read_duration(arena, at, "timeout", &out->timeout_us, err);
    if (rc == TH_OK && (out->timeout_us < TH_MILLISECOND || out->timeout_us > LONGEST_TIMEOUT))
        rc = th_json_field_fail(at, "timeout", err, "must be from a millisecond to a day");
    return rc;
}

/* ---- retries --------------------------------------------------------------------------------- */

static th_rc read_backoff(const th_json_at *at, double *out, th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, "backoffCoefficient", TH_OPTIONAL, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    if (!json_is_number(value))
        return th_json_field_fail(at, "backoffCoefficient", err, "must be a number");
    *out = json_number_value(value);
    return TH_OK;
}

static th_rc read_statuses(th_arena *arena, const th_json_at *at, th__http_request *out,
                           th_error *err)
{
    const json_t *array = NULL;
    th_rc rc = th_json_array(at, "statusCodesToRetry", TH_OPTIONAL, &array, err);
    size_t n = array ? json_array_size(array) : 0;

    if (rc != TH_OK || n == 0)
        return rc;
    if (n > STATUSES_MAX)
        return th_json_field_fail(at, "statusCodesToRetry", err, "must be at most %d numbers",
                                  STATUSES_MAX);
    int *list = th_new(arena, int, n);
    for (size_t i = 0; i < n; i++) {
        json_int_t status = json_integer_value(json_array_get(array, i));
        if (status < 100 || status > 999)
            return th_json_field_fail(at, "statusCodesToRetry", err,
                                      "must be numbers from 100 to 999");
        list[i] = (int)status;
    }
    out->statuses = list;
    out->status_count = n;
    return TH_OK;
}

static th_rc read_policy(th_arena *arena, const th_json_at *at, th__http_request *out,
                         th_error *err)
{
    int64_t attempts = 0;
    th_retry *retry = &out->retry;
    th_rc rc =
        th_json_int(at, "maxNumberOfAttempts", TH_REQUIRED, 1, TH__MOST_ATTEMPTS, &attempts, err);

    retry->max_attempts = (int)attempts;
    if (rc == TH_OK)
        rc = read_duration(arena, at, "firstRetryInterval", &retry->first_interval, err);
    if (rc == TH_OK)
        rc = read_duration(arena, at, "maxRetryInterval", &retry->max_interval, err);
    if (rc == TH_OK)
        rc = read_duration(arena, at, "retryTimeout", &retry->timeout, err);
    if (rc == TH_OK)
        rc = read_backoff(at, &retry->backoff, err);
    if (rc == TH_OK)
        rc = read_statuses(arena, at, out, err);
    const char *problem = rc == TH_OK ? th__retry_problem(retry) : NULL;
    return problem ? th_json_field_fail(at, "", err, "%s", problem) : rc;
}

static th_rc read_retry(th_arena *arena, const th_json_at *at, th__http_request *out, th_error *err)
{
    th_json_at inner;
    th_rc rc = th_json_object(at, "retryOptions", TH_OPTIONAL, arena, &inner, err);

    return rc == TH_OK && inner.object ? read_policy(arena, &inner, out, err) : rc;
}

bool th__http_retries(const th__http_request *request, int status)
{
    if (!request->retry.max_attempts)
        return false;
    for (size_t i = 0; i < request->status_count; i++)
        if (request->statuses[i] == status)
            return true;
    return request->status_count == 0 && status >= 400;
}

bool th__http_next_try(const th__http_request *request, int64_t now_us, int64_t *pause_us)
{
    const th_retry *retry = &request->retry;
    double most = (double)(retry->max_interval ? retry->max_interval : 6 * TH_DAY);

    if (request->attempt >= retry->max_attempts)
        return false;
    double longer = retry->backoff > 1 ? pow(retry->backoff, request->attempt - 1) : 1;
    double pause = retry->first_interval ? (double)retry->first_interval * longer : 0;
    *pause_us = (int64_t)(pause < most ? pause : most);
    int64_t since_us = request->since_us ? request->since_us : now_us;
    return !retry->timeout || now_us + *pause_us - since_us <= retry->timeout;
}

/* ---- progress -------------------------------------------------------------------------------- */

static th_rc read_progress(th_arena *arena, const th_json_at *at, th__http_request *out,
                           th_error *err)
{
    th_json_at inner;
    int64_t attempt = 1;
    th_rc rc = th_json_object(at, "progress", TH_OPTIONAL, arena, &inner, err);

    if (rc == TH_OK)
        rc = th_json_int(&inner, "attempt", TH_OPTIONAL, 1, TH__MOST_ATTEMPTS, &attempt, err);
    if (rc == TH_OK)
        rc = th_json_int(&inner, "since", TH_OPTIONAL, 0, TH__LAST_TIME, &out->since_us, err);
    if (rc == TH_OK)
        rc = th_json_int(&inner, "polls", TH_OPTIONAL, 0, INT64_MAX / 2, &out->poll_count, err);
    out->attempt = (int)attempt;
    return rc;
}

static th_rc read_token_source(const th_json_at *at, th_error *err)
{
    const json_t *value = NULL;
    th_rc rc = th_json_any(at, "tokenSource", TH_OPTIONAL, &value, err);

    if (rc != TH_OK || !value)
        return rc;
    return th_fail(err, TH_NOT_SUPPORTED,
                   "tokenSource: managed identities are not supported here: get a token in an "
                   "activity and send it as a header");
}

static th_rc read_all(th_arena *arena, const th_json_at *at, th__http_request *out, th_error *err)
{
    th_rc rc = read_token_source(at, err);

    if (rc == TH_OK)
        rc = read_method(arena, at, out, err);
    if (rc == TH_OK)
        rc = read_uri(arena, at, out, err);
    if (rc == TH_OK)
        rc = read_headers(arena, at, out, err);
    if (rc == TH_OK)
        rc = read_content(arena, at, out, err);
    if (rc == TH_OK && out->content && strcmp(out->method, "HEAD") == 0)
        rc = th_json_field_fail(at, "content", err, "must not be given with the method HEAD");
    if (rc == TH_OK)
        rc = th_json_bool(at, "asynchronousPatternEnabled", TH_OPTIONAL, &out->polls, err);
    if (rc == TH_OK)
        rc = read_timeout(arena, at, out, err);
    if (rc == TH_OK)
        rc = read_retry(arena, at, out, err);
    if (rc == TH_OK)
        rc = read_progress(arena, at, out, err);
    return rc;
}

th_rc th__http_request_parse(th_arena *arena, const char *text, size_t n, th__http_request *out,
                             th_error *err)
{
    json_t *root = NULL;
    th_json_at at;

    *out = (th__http_request){ .polls = true };
    th_rc rc = th_json_parse(text, n, 0, &root, err);
    if (rc == TH_OK)
        rc = th_json_top(root, NULL, TH_INVALID, true, &at, err);
    if (rc == TH_OK)
        rc = read_all(arena, &at, out, err);
    json_decref(root);
    return rc;
}

/* ---- headers --------------------------------------------------------------------------------- */

const char *th__http_header_of(const th__http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static void drop(th_arena *arena, th__http_request *request, const char *const *names)
{
    th__http_header *kept = th_new(arena, th__http_header, request->header_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        const char *const *name = names;
        while (*name && strcasecmp(*name, request->headers[i].name) != 0)
            name++;
        if (!*name)
            kept[n++] = request->headers[i];
    }
    request->headers = kept;
    request->header_count = n;
}

void th__http_drop_content(th_arena *arena, th__http_request *request)
{
    static const char *const names[] = { "Content-Type",     "Content-Encoding", "Content-Language",
                                         "Content-Location", "Content-MD5",      NULL };

    drop(arena, request, names);
    request->content = NULL;
    request->content_len = 0;
}

void th__http_drop_credentials(th_arena *arena, th__http_request *request)
{
    static const char *const names[] = { "Authorization", "Proxy-Authorization", "Cookie", NULL };

    drop(arena, request, names);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool is_first_of_its_name(const th__http_header *headers, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcasecmp(headers[i].name, headers[index].name) == 0)
            return false;
    return true;
}

/* Those of one name are an array if there are several. */
static void write_values(th_buf *out, const th__http_header *headers, size_t count, size_t index)
{
    th_buf values = TH_BUF_INIT;
    size_t n = 0;

    for (size_t i = index; i < count; i++) {
        if (strcasecmp(headers[i].name, headers[index].name) != 0)
            continue;
        th_buf_str(&values, n++ ? "," : "");
        th__add_string(&values, headers[i].value, strlen(headers[i].value));
    }
    th_buf_str(out, n > 1 ? "[" : "");
    th_buf_add(out, values.data, values.len);
    th_buf_str(out, n > 1 ? "]" : "");
    th_buf_free(&values);
}

void th__http_headers_write(th_buf *out, const th__http_header *headers, size_t count)
{
    bool first = true;

    th_buf_chr(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_its_name(headers, i))
            continue;
        th_buf_str(out, first ? "" : ",");
        th__add_string(out, headers[i].name, strlen(headers[i].name));
        th_buf_chr(out, ':');
        write_values(out, headers, count, i);
        first = false;
    }
    th_buf_chr(out, '}');
}

/* d.hh:mm:ss.ffffff */
static void write_duration(th_buf *out, const char *name, int64_t us)
{
    int64_t s = us / TH_SECOND;

    th_buf_printf(out, ",\"%s\":\"%lld.%02d:%02d:%02d.%06d\"", name, (long long)(s / 86400),
                  (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60), (int)(us % TH_SECOND));
}

static void write_retry(th_buf *out, const th__http_request *r)
{
    th_buf_printf(out, ",\"retryOptions\":{\"maxNumberOfAttempts\":%d", r->retry.max_attempts);
    write_duration(out, "firstRetryInterval", r->retry.first_interval);
    if (r->retry.max_interval)
        write_duration(out, "maxRetryInterval", r->retry.max_interval);
    if (r->retry.timeout)
        write_duration(out, "retryTimeout", r->retry.timeout);
    if (r->retry.backoff > 0)
        th_buf_printf(out, ",\"backoffCoefficient\":%.17g", r->retry.backoff);
    for (size_t i = 0; i < r->status_count; i++)
        th_buf_printf(out, "%s%d", i ? "," : ",\"statusCodesToRetry\":[", r->statuses[i]);
    th_buf_str(out, r->status_count ? "]}" : "}");
}

static void write_progress(th_buf *out, const th__http_request *r)
{
    th_buf_printf(out, ",\"progress\":{\"attempt\":%d,\"since\":%lld,\"polls\":%lld}", r->attempt,
                  (long long)r->since_us, (long long)r->poll_count);
}

void th__http_request_write(th_buf *out, const th__http_request *r)
{
    th_buf_str(out, "{\"method\":");
    th_buf_json_str(out, r->method);
    th_buf_str(out, ",\"uri\":");
    th__add_string(out, r->uri, strlen(r->uri));
    if (r->header_count) {
        th_buf_str(out, ",\"headers\":");
        th__http_headers_write(out, r->headers, r->header_count);
    }
    if (r->content) {
        th_buf_str(out, ",\"content\":");
        th__add_string(out, r->content, r->content_len);
    }
    if (!r->polls)
        th_buf_str(out, ",\"asynchronousPatternEnabled\":false");
    if (r->timeout_us != TH__HTTP_TIMEOUT)
        write_duration(out, "timeout", r->timeout_us);
    if (r->retry.max_attempts)
        write_retry(out, r);
    if (r->attempt > 1 || r->since_us || r->poll_count)
        write_progress(out, r);
    th_buf_chr(out, '}');
}
