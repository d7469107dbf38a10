/*
 * clock.h - wall and monotonic time in microseconds; ISO 8601.
 *
 * Deciding code takes now_us as an argument; only the edges call these. Tests can set the clock.
 */
#ifndef TH_BASE_CLOCK_H
#define TH_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t th_now_us(void);  /* wall clock, since 1970-01-01 UTC */
int64_t th_mono_us(void); /* monotonic, for durations and sleeps */

void th_clock_set(
    int64_t now_us); /* tests: both clocks stand at now_us until set again; -1: real again */

#define TH_ISO_SIZE 40
/* "2026-11-24T05:00:00.123456Z" with that many fraction digits (0, 3, 6, or -1: as many as needed,
 * up to 6). */
void th_iso_format(char out[TH_ISO_SIZE], int64_t us, int digits);

/*
 * Strict ISO 8601 with optional fraction (up to 9 digits, rounded up to 1 us), 'Z' or an offset, or
 * none (taken as UTC); a date alone is midnight. False: not a time.
 */
bool th_iso_parse(const char *s, int64_t *us);

#endif
