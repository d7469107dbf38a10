/*
 * f2.c - chains of activities side by side, for looking at limits and at many machines.
 *
 * {"chains":C,"length":N,"seconds":s}: chain c calls F2 with 10c, 10c+1, ... one after the other;
 * each call takes s seconds (1 if left out). The result is the number of calls. host.json lets four
 * run at once in a process.
 *
 *     curl -d '{"chains":20,"length":10}' http://localhost:7071/api/orchestrators/f2_orchestrator
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* gettid */
#endif
#include <taskhub.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CHAINS = 10000, MOST_LENGTH = 100000 };

static void pause_for(double seconds)
{
    struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

    nanosleep(&pause, NULL);
}

/* {"n":n,"seconds":s}, or just n. */
static const char *f2(th_activity *a)
{
    int64_t n = th_get_int(th_input(a), "n", th_get_int(th_input(a), NULL, 0));
    double seconds = th_get_number(th_input(a), "seconds", 1);
    char host[256] = "?";

    gethostname(host, sizeof host - 1);
    th_log_info(a, "F2 input: %lld start, hostname: %s, process:id %d thread ID: %d", (long long)n,
                host, (int)getpid(), (int)gettid());
    if (seconds > 0)
        pause_for(seconds < 3600 ? seconds : 3600);
    return th_text(a, "%lld", (long long)n);
}

/* The input is n alone, unless there is more to say. */
static th_task *call_f2(th_orch *o, int64_t n)
{
    const char *seconds = th_get_json(o, th_input(o), "seconds");
    const char *input = seconds ? th_text(o, "{\"n\":%lld,\"seconds\":%s}", (long long)n, seconds)
                                : th_text(o, "%lld", (long long)n);

    return th_schedule_activity(o, "F2", input, NULL);
}

/* One task a chain; whichever is done makes way for the next of its chain. */
static const char *f2_orchestrator(th_orch *o)
{
    int64_t chains = th_get_int(th_input(o), "chains", 20);
    int64_t length = th_get_int(th_input(o), "length", 10);
    int64_t calls = 0;

    if (chains < 1 || chains > MOST_CHAINS || length < 1 || length > MOST_LENGTH)
        return th_fail_with(o, "BadInput", "chains must be from 1 to %d, length from 1 to %d",
                            MOST_CHAINS, MOST_LENGTH);

    size_t open = (size_t)chains;
    th_task **now = th_memory(o, open * sizeof *now);
    int64_t *next = th_memory(o, open * sizeof *next); /* input of the chain's next call */
    int64_t *end = th_memory(o, open * sizeof *end);

    for (int64_t c = 0; c < chains; c++) {
        now[c] = call_f2(o, 10 * c);
        next[c] = 10 * c + 1;
        end[c] = 10 * c + length;
    }
    while (open > 0) {
        size_t c = th_when_any(o, now, open);

        th_await(o, now[c]); /* a failed call ends it all */
        calls++;
        if (next[c] < end[c]) {
            now[c] = call_f2(o, next[c]++);
            continue;
        }
        open--; /* the last chain takes the place of the one that ended */
        now[c] = now[open];
        next[c] = next[open];
        end[c] = end[open];
    }
    return th_text(o, "%lld", (long long)calls);
}

TH_APP(app)
{
    th_add_activity(app, "F2", f2);
    th_add_orchestrator(app, "f2_orchestrator", f2_orchestrator);
    th_add_starter(app, "orchestrators/{name}", NULL);
}
