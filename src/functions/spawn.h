/*
 * spawn.h - starts one worker process with a socket and pipes, and takes note of its end.
 */
#ifndef TH_FUNCTIONS_SPAWN_H
#define TH_FUNCTIONS_SPAWN_H

#include <sys/types.h>

#include "base/error.h"

typedef struct th__spawned {
    pid_t pid; /* leads a process group of its own, so that a terminal's Ctrl-C does not reach it */
    int sock, out, err; /* ours, non-blocking, close-on-exec */
} th__spawned;

enum { TH__CHANNEL_FD = 3 }; /* the worker's end of the socket */

/* folder becomes its working directory. TH_IO: it can't be started. */
th_rc th__spawn(const char *const *argv, const char *const *env, const char *folder,
                th__spawned *out, th_error *err) TH_MUST_CHECK;

/* "exited with status 1", "was ended by signal 9 (Killed)". */
void th__wait_words(int status, char *out, size_t size);

#endif
