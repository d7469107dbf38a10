/*
 * answer.c - the shapes of answers, errors above all, and sending one.
 */
#include "http/http_int.h"

#include <stdio.h>
#include <string.h>

static const char wrong_argument[] = "One or more of the arguments submitted is incorrect";
static const char went_wrong[] = "Something went wrong while processing your request";

void th__answer_empty(th__request *r, int status)
{
    th_buf_clear(&r->out);
    r->status = status;
    r->content_type = NULL;
}

void th__answer_json(th__request *r, int status)
{
    r->status = status;
    r->content_type = TH__JSON_TYPE;
}

void th__answer_string(th__request *r, int status, const char *text)
{
    th_buf_clear(&r->out);
    th_buf_json_str(&r->out, text);
    th__answer_json(r, status);
}

void th__answer_message(th__request *r, int status, const char *message)
{
    th_buf_clear(&r->out);
    th_buf_str(&r->out, "{\"Message\":");
    th_buf_json_str(&r->out, message);
    th_buf_chr(&r->out, '}');
    th__answer_json(r, status);
}

/* Clients of old die on an error without all four keys, so all have them. */
static void write_error(th_buf *out, const char *message, const char *exception, const char *type)
{
    th_buf_clear(out);
    th_buf_str(out, "{\"Message\":");
    th_buf_json_str(out, message);
    th_buf_str(out, ",\"ExceptionMessage\":");
    th_buf_json_str(out, exception);
    th_buf_str(out, ",\"ExceptionType\":");
    th_buf_json_str(out, type);
    th_buf_str(out, ",\"StackTrace\":null}");
}

void th__answer_error(th__request *r, int status, const char *message, const char *exception,
                      const char *type)
{
    write_error(&r->out, message, exception, type);
    th__answer_json(r, status);
}

void th__answer_invalid(th__request *r, const char *text)
{
    th__answer_error(r, 400, wrong_argument, text, "System.ArgumentException");
}

void th__answer_bad_json(th__request *r, const char *text)
{
    th__answer_error(r, 400, "Invalid JSON content", text, "Newtonsoft.Json.JsonReaderException");
}

void th__answer_rc(th__request *r, th_rc rc, const char *text)
{
    const char *words = text && *text ? text : th_rc_words(rc);

    switch (rc) {
    case TH_INVALID:
        th__answer_invalid(r, words);
        break;
    case TH_NOT_FOUND:
        th__answer_empty(r, 404);
        break;
    case TH_FINISHED:
        th__answer_empty(r, 410);
        break;
    case TH_UNAVAILABLE:
    case TH_DB_LOST:
    case TH_DB_RETRY:
    case TH_DB_STORAGE:
        th__answer_error(r, 503, "The database is not available right now", words,
                         "System.TimeoutException");
        break;
    default:
        th__answer_error(r, 500, went_wrong, words, "System.InvalidOperationException");
    }
}

static void count(th_http_server *server, int status)
{
    atomic_fetch_add_explicit(&server->answered[status / 100 % 6], 1, memory_order_relaxed);
}

static void add_headers(const th__request *r, struct MHD_Response *response)
{
    if (r->content_type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type);
    for (size_t i = 0; i < r->header_count; i++)
        MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    if (r->location)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, r->location);
    if (r->retry_after)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, r->retry_after);
    if (r->token)
        MHD_add_response_header(response, "x-ms-continuation-token", r->token);
    if (atomic_load(&r->server->draining))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

enum MHD_Result th__answer_send(th__request *r)
{
    struct MHD_Response *response;
    enum MHD_Result queued;

    if (r->out.failed || !r->status)
        th__answer_rc(r, TH_INTERNAL, NULL);
    if (!r->content_type && !r->header_count)
        th_buf_clear(&r->out);
    count(r->server, r->status);
    /* r->out lives until the daemon says that the request is completed. */
    response = MHD_create_response_from_buffer(r->out.len, r->out.len ? r->out.data : "",
                                               MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(r, response);
    queued = th__queue(r->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return queued;
}

#define FORCED_BODY(text, type)                                                             \
    "{\"Message\":\"" text "\",\"ExceptionMessage\":\"" text "\",\"ExceptionType\":\"" type \
    "\",\"StackTrace\":null}"

/* Its owner still has the request: nothing of it is touched that an owner writes. */
enum MHD_Result th__answer_forced(th__request *r)
{
    static const char stopping[] =
        FORCED_BODY("The service is stopping", "System.OperationCanceledException");
    static const char late[] =
        FORCED_BODY("The database did not answer in time", "System.TimeoutException");
    const char *body = atomic_load(&r->server->draining) ? stopping : late;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued;

    if (!response)
        return MHD_NO;
    count(r->server, MHD_HTTP_SERVICE_UNAVAILABLE);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TH__JSON_TYPE);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    queued = th__queue(r->connection, MHD_HTTP_SERVICE_UNAVAILABLE, response);
    MHD_destroy_response(response);
    return queued;
}
