/*
 * rpc_door.c - the loopback door of the Functions SDKs: their clients call it without a key.
 *
 * Only programs of this machine reach it. A web page in a browser here is none of them, though the
 * browser would send its requests: those give themselves away by an Origin header, or by a Host
 * that somebody's name server has led here.
 */
#include <string.h>
#include <strings.h>

#include "base/ids.h"
#include "base/loopback.h"
#include "http/http_int.h"

enum { FIRST_SPARE = 30000, SPARES = 1000, TRIES = 10 }; /* as the Functions host looks for one */

static int spare_port(void)
{
    th_uuid random = th_uuid_random();
    unsigned n;

    memcpy(&n, &random, sizeof n);
    return FIRST_SPARE + (int)(n % SPARES);
}

static th_rc listen_here(th__port *port, int wanted, th_error *err)
{
    th_error why = { 0 };
    th_rc rc = th__port_listen(port, TH_HTTP_RPC_ADDRESS, wanted, &why);

    return rc == TH_OK ? rc : th_fail(err, rc, "the RPC door (--rpc-port): %s", why.text);
}

static th_rc listen_anywhere(th__port *port, th_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        int number = i ? spare_port() : TH_HTTP_RPC_PORT;
        th_error taken = { 0 };
        if (th__port_listen(port, TH_HTTP_RPC_ADDRESS, number, &taken) == TH_OK)
            return TH_OK;
    }
    return th_fail(err, TH_IO, "the RPC door: neither port %d nor one of %d to %d can be had",
                   TH_HTTP_RPC_PORT, FIRST_SPARE, FIRST_SPARE + SPARES - 1);
}

th_rc th__rpc_listen(th__port *port, int wanted, th_error *err)
{
    return wanted ? listen_here(port, wanted, err) : listen_anywhere(port, err);
}

/* "127.0.0.1:17071" without its port. */
static const char *host_name(th__request *r, const char *host)
{
    const char *bracket = strchr(host, ']'), *colon = strrchr(host, ':');

    return colon && (!bracket || colon > bracket)
               ? th_strndup(r->arena, host, (size_t)(colon - host))
               : host;
}

const char *th__rpc_stranger(th__request *r)
{
    const char *host = th__request_header(r, MHD_HTTP_HEADER_HOST);

    if (th__request_header(r, MHD_HTTP_HEADER_ORIGIN))
        return "The RPC door is not for web pages; the request has an Origin header.";
    if (host && *host && !th_is_loopback(host_name(r, host)))
        return "The RPC door is for this machine; the Host header names another.";
    return NULL;
}

const char *th__rpc_below(const char *path)
{
    static const char base[] = "/durabletask";
    const char *rest = path + sizeof base - 1;

    if (strncasecmp(path, base, sizeof base - 1) == 0 && (*rest == '\0' || *rest == '/'))
        return rest;
    return th_router_below_base(
        path); /* the URLs in its answers, which have the request's origin */
}
