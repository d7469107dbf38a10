/*
 * port.c - one listening port: its socket, the daemons that serve it, and the thread that feeds
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http_int.h"

static void make_origin(th__port *port, const char *bind)
{
    bool brackets = strchr(bind, ':') != NULL;
    char text[512];

    snprintf(text, sizeof text, brackets ? "http://[%s]:%d" : "http://%s:%d", bind, port->number);
    free(port->origin);
    port->origin = th_mstrdup(text);
}

th_rc th__port_listen(th__port *port, const char *bind, int number, th_error *err)
{
    th_rc rc = th__listen(bind, number, &port->fd, &port->number, err);

    port->is_open = rc == TH_OK;
    if (rc == TH_OK)
        make_origin(port, bind);
    return rc;
}

static th_rc start_daemons(th__port *port, th_error *err)
{
    port->daemons = th_new(port->server->arena, struct MHD_Daemon *, (size_t)port->threads);
    for (int i = 0; i < port->threads; i++) {
        port->daemons[i] = th__daemon_start(port);
        if (!port->daemons[i])
            return th_fail(err, TH_IO, "cannot start the HTTP server's threads");
    }
    return TH_OK;
}

th_rc th__port_serve(th__port *port, int threads, th_error *err)
{
    th_rc rc;

    port->threads = threads;
    rc = start_daemons(port, err);
    if (rc == TH_OK)
        th__unreadable_add(port);
    return rc == TH_OK ? th__acceptor_start(port, &port->acceptor, err) : rc;
}

void th__port_stop(th__port *port)
{
    th__acceptor_stop(port->acceptor);
    port->acceptor = NULL;
    if (port->is_open)
        close(port->fd);
    port->is_open = false;
    th__unreadable_remove(port);
    for (int i = 0; port->daemons && i < port->threads; i++)
        if (port->daemons[i])
            MHD_stop_daemon(port->daemons[i]);
    port->daemons = NULL;
}
