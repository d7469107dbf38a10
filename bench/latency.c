/*
 * latency.c - how long one orchestration takes at idle, seen by an HTTP client.
 *
 * Starts an instance with a POST, then asks for its status until it is Completed, on one connection
 * that stays open; rests, and does it again. So that the asking does not slow down what it waits
 * for, the first look comes after two thirds of the median so far.
 *
 *     latency PORT ORCHESTRATOR [N]
 *
 * Writes one line: {"n":60,"p50_us":4100,"p90_us":5200,"start_p50_us":1100}
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

enum { MOST = 10000, REST_US = 50000, LOOK_US = 50, PATIENCE_US = 10000000, ANSWER = 65536 };

static const char base[] = "/runtime/webhooks/durabletask";

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "latency: %s\n", what);
    exit(1);
}

static int connect_to(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("nobody answers on that port");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* All bytes of an answer that are still to come after `have` of them; -1: not even the head is
 * there. */
static long missing(const char *answer, size_t have)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "\r\nContent-Length:");

    if (!end)
        return -1;
    if (!length || length > end)
        fail("an answer has no Content-Length");
    return strtol(length + 17, NULL, 10) - (long)(have - (size_t)(end + 4 - answer));
}

/* Sends a request and reads its answer, which is the body with the status before it in `status`. */
static const char *ask(int fd, const char *request, char answer[ANSWER], int *status)
{
    size_t have = 0, length = strlen(request);

    if (write(fd, request, length) != (ssize_t)length)
        fail("the connection was closed");
    answer[0] = 0;
    while (missing(answer, have) != 0) {
        ssize_t n = have + 1 < ANSWER ? read(fd, answer + have, ANSWER - 1 - have) : 0;
        if (n <= 0)
            fail("an answer ended early or was too long");
        have += (size_t)n;
        answer[have] = 0;
    }
    *status = atoi(answer + strlen("HTTP/1.1 "));
    return strstr(answer, "\r\n\r\n") + 4;
}

static void start(int fd, const char *name, char id[128])
{
    char request[512], answer[ANSWER];
    int status;

    snprintf(
        request, sizeof request,
        "POST %s/orchestrators/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n\"x\"",
        base, name);
    const char *body = ask(fd, request, answer, &status);
    const char *at = strstr(body, "\"id\":");
    if (status != 202 || !at || sscanf(at, "\"id\": \"%127[^\"]\"", id) != 1)
        fail("a start was not accepted");
}

static bool is_completed(int fd, const char *id)
{
    char request[512], answer[ANSWER];
    int status;

    snprintf(request, sizeof request, "GET %s/instances/%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
             base, id);
    const char *body = ask(fd, request, answer, &status);
    if (status != 200 && status != 202)
        fail("a status was not given");
    if (status == 200 && !strstr(body, "\"Completed\""))
        fail("an instance did not complete");
    return status == 200;
}

typedef struct took {
    int64_t start_us, all_us;
} took;

static took once(int fd, const char *name, int64_t first_look_us)
{
    char id[128];
    took t;
    int64_t began_us = th_mono_us();

    start(fd, name, id);
    t.start_us = th_mono_us() - began_us;
    if (t.start_us < first_look_us)
        usleep((useconds_t)(first_look_us - t.start_us));
    while (!is_completed(fd, id)) {
        if (th_mono_us() - began_us > PATIENCE_US)
            fail("an instance does not complete");
        usleep(LOOK_US);
    }
    t.all_us = th_mono_us() - began_us;
    return t;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int64_t quantile(const int64_t *values, int n, int percent)
{
    int64_t *sorted = th_malloc((size_t)n * sizeof *sorted);

    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_time);
    int64_t value = sorted[n * percent / 100];
    free(sorted);
    return value;
}

static void measure(int fd, const char *name, int n)
{
    int64_t *all = th_malloc((size_t)n * sizeof *all),
            *starts = th_malloc((size_t)n * sizeof *starts);

    once(fd, name, 0); /* what is done only once is not counted */
    for (int i = 0; i < n; i++) {
        usleep(REST_US);
        took t = once(fd, name, i ? quantile(all, i, 50) * 2 / 3 : 0);
        all[i] = t.all_us;
        starts[i] = t.start_us;
    }
    printf("{\"n\":%d,\"p50_us\":%lld,\"p90_us\":%lld,\"start_p50_us\":%lld}\n", n,
           (long long)quantile(all, n, 50), (long long)quantile(all, n, 90),
           (long long)quantile(starts, n, 50));
    free(all);
    free(starts);
}

int main(int argc, char **argv)
{
    int port = argc > 2 ? atoi(argv[1]) : 0, n = argc > 3 ? atoi(argv[3]) : 60;

    if (argc < 3 || argc > 4 || port < 1 || port > 65535 || n < 1 || n > MOST) {
        fprintf(stderr, "usage: latency PORT ORCHESTRATOR [N]\n");
        return 2;
    }
    int fd = connect_to(port);
    measure(fd, argv[2], n);
    close(fd);
    return 0;
}
