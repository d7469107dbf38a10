/*
 * fdatasync.c - what the disk takes to make one page of a write-ahead log durable.
 *
 * Overwrites a file of zeros page by page, each page followed by an fdatasync, as PostgreSQL does
 * with its WAL segments.
 *
 *     fdatasync DIR [N [REST_MS]]
 *
 * Writes one line: {"n":200,"p50_us":450.1,"p90_us":612.0}
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

enum { PAGE = 8192, FILE_PAGES = 512, MOST = 100000 };

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A file that is gone when we are. */
static int open_file(const char *dir)
{
    char path[4096];
    static const char zeros[PAGE];

    if (snprintf(path, sizeof path, "%s/fdatasync-XXXXXX", dir) >= (int)sizeof path) {
        fprintf(stderr, "fdatasync: the folder's name is too long\n");
        exit(2);
    }
    int fd = mkstemp(path);
    if (fd < 0)
        fail(path);
    unlink(path);
    for (int i = 0; i < FILE_PAGES; i++)
        if (write(fd, zeros, PAGE) != PAGE)
            fail("write");
    if (fsync(fd) != 0)
        fail("fsync");
    return fd;
}

static int64_t write_page(int fd, int i)
{
    char page[PAGE];
    int64_t began_us = th_mono_us();

    memset(page, i, sizeof page);
    if (pwrite(fd, page, PAGE, (off_t)(i % FILE_PAGES) * PAGE) != PAGE)
        fail("pwrite");
    if (fdatasync(fd) != 0)
        fail("fdatasync");
    return th_mono_us() - began_us;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    int n = argc > 2 ? atoi(argv[2]) : 200, rest_ms = argc > 3 ? atoi(argv[3]) : 0;

    if (argc < 2 || argc > 4 || n < 1 || n > MOST || rest_ms < 0 || rest_ms > 1000) {
        fprintf(stderr, "usage: fdatasync DIR [N [REST_MS]]\n");
        return 2;
    }
    int fd = open_file(argv[1]);
    int64_t *took = th_malloc((size_t)n * sizeof *took);
    for (int i = 0; i < n; i++) {
        if (rest_ms)
            usleep((useconds_t)rest_ms * 1000);
        took[i] = write_page(fd, i);
    }
    qsort(took, (size_t)n, sizeof *took, by_time);
    printf("{\"n\":%d,\"p50_us\":%lld,\"p90_us\":%lld}\n", n, (long long)took[n / 2],
           (long long)took[n * 9 / 10]);
    free(took);
    close(fd);
    return 0;
}
