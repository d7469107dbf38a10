/*
 * listen.c - a listening socket, with words for what can go wrong.
 */
#include "http/http_int.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static th_rc listen_fail(th_error *err, const char *bind, int port, int why)
{
    if (why == EADDRINUSE)
        return th_fail(err, TH_IO, "port %d on %s is in use by another program", port, bind);
    if (why == EACCES)
        return th_fail(err, TH_IO, "not allowed to listen on port %d of %s", port, bind);
    if (why == EADDRNOTAVAIL)
        return th_fail(err, TH_IO, "%s is not an address of this machine", bind);
    return th_fail(err, TH_IO, "cannot listen on %s port %d: %s", bind, port, strerror(why));
}

static int port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

/* 0, or what errno said. */
static int open_socket(const struct addrinfo *to, int *out)
{
    int on = 1, why = 0;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    /* Lets a restart take the port while old connections linger; another listener still keeps it
     * from us. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        why = errno;
    if (why)
        close(fd);
    else
        *out = fd;
    return why;
}

th_rc th__listen(const char *bind, int port, int *fd, int *got_port, th_error *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char service[16];
    int why;

    if (port < 0 || port > 65535)
        return th_fail(err, TH_IO, "port %d is not between 0 and 65535", port);
    snprintf(service, sizeof service, "%d", port);
    why = getaddrinfo(bind, service, &hints, &found);
    if (why)
        return th_fail(err, TH_IO, "cannot listen on '%s': %s", bind, gai_strerror(why));
    why = open_socket(found, fd);
    freeaddrinfo(found);
    if (why)
        return listen_fail(err, bind, port, why);
    *got_port = port_of(*fd);
    return TH_OK;
}
