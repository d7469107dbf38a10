/* fault.c - failing the k-th store operation on purpose; see db.h. */
#include "store/db.h"

#ifdef TH_FAULTS

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static th_fault armed;
static int64_t armed_at, count;

/* "fail:17" or "lie:17"; anything else arms nothing. */
static void read_environment(void)
{
    const char *text = getenv("TASKHUB_FAULT");
    th_fault what = TH_FAULT_NONE;
    char *end;

    if (text && strncmp(text, "fail:", 5) == 0)
        what = TH_FAULT_FAIL;
    else if (text && strncmp(text, "lie:", 4) == 0)
        what = TH_FAULT_LIE;
    if (what == TH_FAULT_NONE)
        return;

    errno = 0;
    long long k = strtoll(strchr(text, ':') + 1, &end, 10);
    if (errno || *end || k < 1)
        return;
    armed = what;
    armed_at = k;
}

void th_fault_arm(th_fault what, int64_t k)
{
    pthread_once(&once, read_environment);
    pthread_mutex_lock(&lock);
    armed = what;
    armed_at = k;
    count = 0;
    pthread_mutex_unlock(&lock);
}

int64_t th_fault_count(void)
{
    pthread_mutex_lock(&lock);
    int64_t n = count;
    pthread_mutex_unlock(&lock);
    return n;
}

th_fault th_fault_point(void)
{
    pthread_once(&once, read_environment);
    pthread_mutex_lock(&lock);
    th_fault what = ++count == armed_at ? armed : TH_FAULT_NONE;
    pthread_mutex_unlock(&lock);
    return what;
}

#else

void th_fault_arm(th_fault what, int64_t k)
{
    (void)what;
    (void)k;
}

int64_t th_fault_count(void)
{
    return 0;
}

th_fault th_fault_point(void)
{
    return TH_FAULT_NONE;
}

#endif
