/*
 * accept.c - takes connections in and deals them out to the daemon's threads in turn.
 *
 * Left to themselves, the threads race for new connections and one of them ends up with nearly all.
 */
#include "http/http_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NO_ROOM_PAUSE_MS 50 /* no file descriptor or memory left: until the next try */

struct th__acceptor {
    const th__port *port;
    pthread_t thread;
    int stop_fd;
    size_t turn;
};

/* True: there may be more to accept. */
static bool accept_one(th__acceptor *a)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int on = 1;
    int fd = accept4(a->port->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, NO_ROOM_PAUSE_MS);
        return errno == EINTR || errno == ECONNABORTED;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    a->turn = (a->turn + 1) % (size_t)a->port->threads;
    /* Refused beyond the limit of connections; the library closes it then. */
    MHD_add_connection(a->port->daemons[a->turn], fd, (struct sockaddr *)&address, size);
    return true;
}

static void *accept_all(void *arg)
{
    th__acceptor *a = arg;
    struct pollfd fds[] = { { a->port->fd, POLLIN, 0 }, { a->stop_fd, POLLIN, 0 } };

    while (!(fds[1].revents & POLLIN)) {
        if (poll(fds, 2, -1) < 0 || !(fds[0].revents & POLLIN))
            continue;
        while (accept_one(a))
            ;
    }
    return NULL;
}

th_rc th__acceptor_start(th__port *port, th__acceptor **out, th_error *err)
{
    th__acceptor *a = th_malloc(sizeof *a);

    a->port = port;
    a->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (a->stop_fd < 0 || pthread_create(&a->thread, NULL, accept_all, a) != 0) {
        if (a->stop_fd >= 0)
            close(a->stop_fd);
        free(a);
        return th_fail(err, TH_IO, "cannot start a thread for new connections");
    }
    *out = a;
    return TH_OK;
}

void th__acceptor_stop(th__acceptor *a)
{
    if (!a)
        return;
    while (eventfd_write(a->stop_fd, 1) != 0 && errno == EINTR)
        ;
    pthread_join(a->thread, NULL);
    close(a->stop_fd);
    free(a);
}
