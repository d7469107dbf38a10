/*
 * lines.h - a worker's standard output and error, line by line into the log.
 */
#ifndef TH_FUNCTIONS_LINES_H
#define TH_FUNCTIONS_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

typedef struct th__lines {
    th_buf line;   /* the one that is not whole yet */
    int fd;        /* -1: closed */
    bool is_error; /* the stream is standard error */
} th__lines;

/* Reads what is there and logs the whole lines. False: the stream has ended (and is closed). */
bool th__lines_read(th__lines *lines);

/* Bytes that came. */
void th__lines_add(th__lines *lines, const char *bytes, size_t n);

/* Logs what is left and closes. */
void th__lines_close(th__lines *lines);

#endif
