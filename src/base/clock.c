/* clock.c - see clock.h. Dates are counted by hand: gmtime and strptime are slow or too lenient. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define US_PER_S INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

static _Atomic int64_t set_us = -1;

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    int64_t set = atomic_load_explicit(&set_us, memory_order_relaxed);

    if (set >= 0)
        return set;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t th_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t th_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void th_clock_set(int64_t now_us)
{
    atomic_store_explicit(&set_us, now_us < 0 ? -1 : now_us, memory_order_relaxed);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    return a % b + (a % b < 0 ? b : 0);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March inside. */
static int64_t days_from_date(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;

    int64_t era = floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_from_days(int64_t days, int64_t *y, int *m, int *d)
{
    int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

/* Writes v as at least width digits; returns the end. */
static char *put_digits(char *p, int64_t v, int width)
{
    char digits[20];
    int n = 0;

    for (; v > 0 || n < width; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

/* Years outside 0 to 9999 get the sign that ISO 8601 asks of them. */
static char *put_date(char *p, int64_t days)
{
    int64_t year;
    int month, day;

    date_from_days(days, &year, &month, &day);
    if (year < 0)
        *p++ = '-';
    if (year > 9999)
        *p++ = '+';
    p = put_digits(p, year < 0 ? -year : year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    return put_digits(p, day, 2);
}

static char *put_fraction(char *p, int64_t us, int digits)
{
    int keep = digits < 0 || digits > 6 ? 6 : digits;

    for (int i = keep; i < 6; i++)
        us /= 10;
    while (digits < 0 && keep > 0 && us % 10 == 0) {
        us /= 10;
        keep--;
    }
    if (keep == 0)
        return p;
    *p++ = '.';
    return put_digits(p, us, keep);
}

void th_iso_format(char out[TH_ISO_SIZE], int64_t us, int digits)
{
    int64_t s = floor_div(us, US_PER_S), days = floor_div(s, S_PER_DAY);
    int64_t in_day = floor_mod(s, S_PER_DAY);
    char *p = put_date(out, days);

    *p++ = 'T';
    p = put_digits(p, in_day / 3600, 2);
    *p++ = ':';
    p = put_digits(p, in_day / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, in_day % 60, 2);
    p = put_fraction(p, floor_mod(us, US_PER_S), digits);
    *p++ = 'Z';
    *p = '\0';
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

/* Exactly n digits. */
static bool take_digits(const char **s, int n, int64_t *v)
{
    *v = 0;
    for (int i = 0; i < n; i++, ++*s) {
        if (**s < '0' || **s > '9')
            return false;
        *v = *v * 10 + (**s - '0');
    }
    return true;
}

static int64_t days_in_month(int64_t y, int64_t m)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return m == 2 && leap ? 29 : days[m - 1];
}

static bool take_date(const char **s, int64_t *days)
{
    int64_t y, m, d;

    if (!take_digits(s, 4, &y) || !take_char(s, '-') || !take_digits(s, 2, &m) ||
        !take_char(s, '-') || !take_digits(s, 2, &d))
        return false;
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
        return false;
    *days = days_from_date(y, m, d);
    return true;
}

/* One to nine digits after the point, as microseconds, rounded up so that no timer is early. */
static bool take_fraction(const char **s, int64_t *us)
{
    int64_t ns = 0;
    int n = 0;

    for (; **s >= '0' && **s <= '9'; ++*s, n++) {
        if (n == 9)
            return false;
        ns = ns * 10 + (**s - '0');
    }
    for (int i = n; i < 9; i++)
        ns *= 10;
    *us = (ns + 999) / 1000;
    return n > 0;
}

/* hh:mm, hh:mm:ss or hh:mm:ss.fff */
static bool take_time(const char **s, int64_t *us)
{
    int64_t h, m, sec = 0, fraction = 0;

    if (!take_digits(s, 2, &h) || !take_char(s, ':') || !take_digits(s, 2, &m))
        return false;
    if (take_char(s, ':')) {
        if (!take_digits(s, 2, &sec))
            return false;
        if (take_char(s, '.') && !take_fraction(s, &fraction))
            return false;
    }
    if (h > 23 || m > 59 || sec > 59)
        return false;
    *us = (h * 3600 + m * 60 + sec) * US_PER_S + fraction;
    return true;
}

/* Z, +hh:mm, +hhmm, +hh or nothing. */
static bool take_offset(const char **s, int64_t *us)
{
    int64_t h, m = 0;
    bool minus = **s == '-';

    *us = 0;
    if (take_char(s, 'Z') || **s == '\0')
        return true;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, &h))
        return false;
    if (**s != '\0') {
        (void)take_char(s, ':');
        if (!take_digits(s, 2, &m))
            return false;
    }
    if (h > 23 || m > 59)
        return false;
    *us = (h * 60 + m) * 60 * US_PER_S * (minus ? -1 : 1);
    return true;
}

bool th_iso_parse(const char *s, int64_t *us)
{
    int64_t days, time = 0, offset = 0;

    if (!s || !take_date(&s, &days))
        return false;
    if (*s != '\0') {
        if (!take_char(&s, 'T') || !take_time(&s, &time) || !take_offset(&s, &offset))
            return false;
        if (*s != '\0')
            return false;
    }
    *us = days * S_PER_DAY * US_PER_S + time - offset;
    return true;
}
