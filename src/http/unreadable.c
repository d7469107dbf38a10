/*
 * unreadable.c - answers to requests that libmicrohttpd cannot read, in the format of all errors.
 *
 * The library refuses such a request by itself (a header that is too large, a bad chunk), with a
 * page of HTML, and 0.9.75 has no option for another one. But it queues that page as any program
 * would, by MHD_queue_response across the dynamic linker, so the function of that name here comes
 * before its own and puts JSON in the page's place. An app that brings daemons of its own is left
 * alone. With a library that queues its pages in another way they come out as they are.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_int.h"

typedef enum MHD_Result (*queue_function)(struct MHD_Connection *, unsigned, struct MHD_Response *);

static queue_function next_queue;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_next(void)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");

    memcpy(&next_queue, &found, sizeof found);
}

enum MHD_Result th__queue(struct MHD_Connection *connection, unsigned status,
                          struct MHD_Response *response)
{
    pthread_once(&once, find_next);
    return next_queue(connection, status, response);
}

/* ---- whose daemon it is -----------------------------------------------------------------------
 */

static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static th__port *ports; /* those that serve; linked by next */

void th__unreadable_add(th__port *port)
{
    pthread_mutex_lock(&ports_lock);
    port->next = ports;
    ports = port;
    pthread_mutex_unlock(&ports_lock);
}

void th__unreadable_remove(th__port *port)
{
    pthread_mutex_lock(&ports_lock);
    for (th__port **at = &ports; *at; at = &(*at)->next)
        if (*at == port) {
            *at = port->next;
            break;
        }
    pthread_mutex_unlock(&ports_lock);
}

static bool has_daemon(const th__port *port, const struct MHD_Daemon *daemon)
{
    for (int i = 0; i < port->threads; i++)
        if (port->daemons[i] == daemon)
            return true;
    return false;
}

static bool is_ours(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
    bool found = false;

    pthread_mutex_lock(&ports_lock);
    for (const th__port *port = ports; port && info && !found; port = port->next)
        found = has_daemon(port, info->daemon);
    pthread_mutex_unlock(&ports_lock);
    return found;
}

/* ---- the answers ------------------------------------------------------------------------------
 */

#define BODY(text)                                                                     \
    "{\"Message\":\"" text "\",\"ExceptionMessage\":\"" text "\",\"ExceptionType\":\"" \
    "Microsoft.AspNetCore.Http.BadHttpRequestException\",\"StackTrace\":null}"

static const char *body_of(unsigned status)
{
    switch (status) {
    case MHD_HTTP_URI_TOO_LONG:
        return BODY("The request line is too long");
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        return BODY("The headers of the request are too large");
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return BODY("The body of the request or one of its chunks is too large");
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
        return BODY("The version of HTTP is not one that this server speaks");
    default:
        return status < 500 ? BODY("The request cannot be read as HTTP")
                            : BODY("The request could not be read");
    }
}

/*
 * 0.9.75 sends the headers of an answer to such a request twice, and then the body. Without a body
 * the first ones are an answer, and the connection is closed after it anyway.
 */
static bool is_bad_length(struct MHD_Connection *connection)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (!text)
        return false;
    errno = 0;
    strtoull(text, NULL, 10);
    return errno || !*text || text[strspn(text, "0123456789")] != '\0';
}

static struct MHD_Response *json_response(unsigned status)
{
    const char *body = body_of(status);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);

    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TH__JSON_TYPE);
    return response;
}

static struct MHD_Response *response_to(struct MHD_Connection *connection, unsigned status)
{
    if (!is_ours(connection))
        return NULL;
    if (is_bad_length(connection))
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    return json_response(status);
}

/* Called by the library, and by apps; this program's own answers go through th__queue. */
__attribute__((visibility("default"))) enum MHD_Result MHD_queue_response(
    struct MHD_Connection *connection, unsigned status, struct MHD_Response *page)
{
    struct MHD_Response *ours = response_to(connection, status);
    enum MHD_Result queued = th__queue(connection, status, ours ? ours : page);

    if (ours)
        MHD_destroy_response(ours);
    return queued;
}
