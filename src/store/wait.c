/* wait.c - waiting for a socket until a deadline. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "store/store_int.h"

int64_t th__real_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Rounded up: a wait that ends too early would be a busy loop. */
int th__poll_ms(int64_t deadline_us)
{
    if (deadline_us == TH__FOREVER)
        return -1;
    int64_t left = deadline_us - th__real_us();

    if (left <= 0)
        return 0;
    return left / 1000 >= INT_MAX ? INT_MAX : (int)((left + 999) / 1000);
}

short th__wait_fd(int fd, short events, int64_t deadline_us)
{
    struct pollfd p = { .fd = fd, .events = events };

    if (fd < 0)
        return POLLERR;
    for (;;) {
        int ready = poll(&p, 1, th__poll_ms(deadline_us));

        if (ready > 0)
            return p.revents;
        if (ready < 0 && errno != EINTR)
            return POLLERR;
        if (deadline_us != TH__FOREVER && th__real_us() >= deadline_us)
            return 0;
    }
}
