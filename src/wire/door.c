/*
 * door.c - the socket at which gRPC is spoken in clear text, as long as the core is not there to
 * listen: whoever connects is handed over to it.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wire_int.h"

enum { WAITING = 1024, REST_MS = 50 };

/* ---- opening ----------------------------------------------------------------------------------
 */

static int listen_on(const struct addrinfo *at)
{
    int on = 1, off = 0;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6) /* :: is both */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, WAITING) == 0)
        return fd;

    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t length = sizeof at;

    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

th_rc th__door_open(th__door *door, const char *host, int *port, th_error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char service[16];

    snprintf(service, sizeof service, "%d", *port);
    int code = getaddrinfo(host, service, &hints, &found);
    for (struct addrinfo *at = found; at && door->fd < 0; at = at->ai_next)
        door->fd = listen_on(at);
    th_rc rc = TH_OK;
    if (door->fd < 0)
        rc = th_fail(err, TH_UNAVAILABLE, "gRPC can't listen at %s:%d: %s", host, *port,
                     code ? gai_strerror(code) : strerror(errno));
    else
        *port = port_of(door->fd);
    if (found)
        freeaddrinfo(found);
    return rc;
}

/* ---- keeping ----------------------------------------------------------------------------------
 */

static void take_one(th_wire *wire)
{
    int on = 1;
    int fd = accept4(wire->door.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        th__wire_connected(wire, fd);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        poll(NULL, 0, REST_MS); /* no file may be opened just now */
    }
}

static void *keep(void *arg)
{
    th_wire *wire = arg;
    struct pollfd p = { .fd = wire->door.fd, .events = POLLIN };

    while (!atomic_load(&wire->door.closing))
        if (poll(&p, 1, -1) > 0 && !atomic_load(&wire->door.closing))
            take_one(wire);
    return NULL;
}

th_rc th__door_keep(th_wire *wire, th_error *err)
{
    if (pthread_create(&wire->door.keeper, NULL, keep, wire) != 0)
        return th_fail(err, TH_IO, "no thread for the gRPC server can be made");
    wire->door.kept = true;
    return TH_OK;
}

/* Shut down, it is readable. */
void th__door_close(th__door *door)
{
    if (door->fd < 0)
        return;
    atomic_store(&door->closing, true);
    shutdown(door->fd, SHUT_RDWR);
    if (door->kept)
        pthread_join(door->keeper, NULL);
    close(door->fd);
    door->fd = -1;
}
