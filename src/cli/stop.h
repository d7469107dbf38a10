/*
 * stop.h - SIGINT, SIGTERM and SIGHUP: the first asks for an orderly stop, the second ends the
 * program at once.
 *
 * A thread of its own waits for the signals, so that the second one works while the first is being
 * obeyed.
 */
#ifndef TH_CLI_STOP_H
#define TH_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Before any other thread is made: blocks the signals, which later threads inherit. */
th_rc th_stop_setup(th_error *err) TH_MUST_CHECK;

bool th_stop_requested(void);

/* Waits until a stop is requested, for at most so long. True: it is. */
bool th_stop_wait(int64_t timeout_us);

#endif
