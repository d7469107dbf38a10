/* schedules.c - see schedules.h. */
#include "engine/schedules.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "store/notify.h"
#include "store/params.h"

enum {
    NONE_US = 60000000, /* between looks where there are no schedules */
    SOME_US = 5000000,  /* and where there are */
    BUSY_US = 100000,   /* something is due, and another process is at it */
    RETRY_US = 1000000, /* after a failure */
};

typedef struct scheduler {
    th_engine *engine;
    th_db *db; /* NULL: not connected */
    th_arena *arena;
} scheduler;

int64_t th__schedules_pause_us(const th_schedules_ran *ran)
{
    if (ran->wait_us == TH_TIME_INF)
        return NONE_US;
    if (ran->wait_us <= 0)
        return ran->handled ? 0 : BUSY_US;
    return ran->wait_us < SOME_US ? ran->wait_us : SOME_US;
}

/* Owners hear of it: ours in memory, others if they sleep. */
static th_rc tell_owners(scheduler *s, const th_schedules_ran *ran, th_error *err)
{
    int32_t *foreign = th_new(s->arena, int32_t, ran->partition_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < ran->partition_count; i++)
        if (!th_engine_wake(s->engine, ran->partitions[i]))
            foreign[n++] = ran->partitions[i];
    return n ? th_notify_partitions(s->db, foreign, n, err) : TH_OK;
}

static void disconnect(scheduler *s)
{
    th_db_close(s->db);
    s->db = NULL;
}

static th_rc run_due(scheduler *s, th_schedules_ran *ran, th_error *err)
{
    th_rc rc = TH_OK;

    if (!s->db)
        rc = th_db_open(s->engine->options.conninfo, TH_DB_CONTROL, &s->db, err);
    if (rc == TH_OK)
        rc = th_schedules_run(s->db, s->arena, s->engine->hub.name, ran, err);
    if (rc == TH_OK)
        rc = tell_owners(s, ran, err);
    return rc;
}

/* One look; how long to sleep then. */
static int64_t look(scheduler *s)
{
    th_schedules_ran ran;
    th_error err = { 0 };

    th_arena_reset(s->arena);
    if (run_due(s, &ran, &err) != TH_OK) {
        th_log(TH_LOG_WARN, TH_EV_SCHEDULE_FAILED, NULL, "schedules wait: %s", err.text);
        disconnect(s);
        return RETRY_US;
    }
    if (ran.problems)
        th_log(TH_LOG_WARN, TH_EV_SCHEDULE_FAILED, NULL, "tried again soon: %s", ran.problems);
    if (ran.wait_us == TH_TIME_INF)
        disconnect(s);
    return th__schedules_pause_us(&ran);
}

static void sleep_for(th_engine *engine, int64_t us)
{
    struct pollfd fd = { .fd = engine->schedules_fd, .events = POLLIN };
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };

    ppoll(&fd, 1, &t, NULL);
    th__absorb(engine->schedules_fd);
}

/* A process that is about to stop leaves what is due to others; in a paused hub it counts as
 * missed.
 */
void *th__schedules_main(void *arg)
{
    scheduler s = { .engine = arg, .arena = th_arena_new(0) };

    while (!atomic_load(&s.engine->stopping)) {
        bool rests = atomic_load(&s.engine->draining) || atomic_load(&s.engine->paused);
        int64_t pause_us = rests ? NONE_US : look(&s);

        sleep_for(s.engine, pause_us);
    }
    disconnect(&s);
    th_arena_free(s.arena);
    return NULL;
}
