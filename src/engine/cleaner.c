/* cleaner.c - see cleaner.h. */
#include "engine/cleaner.h"

#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "store/params.h"
#include "store/purges.h"

enum {
    NONE_US = 60000000, /* at most between looks; the watch wakes us when a purge is asked for */
    LEAST_US = 5000,
    SHARE = 3,              /* rest so many times as long as a step took */
    RETRY_US = 1000000,     /* after a failure */
    KEEP_OPEN_US = 2000000, /* a longer rest is not worth a connection */
};

typedef struct cleaner {
    th_engine *engine;
    th_db *db; /* NULL: not connected */
    th_arena *arena;
} cleaner;

int64_t th__cleaner_rest_us(int64_t took_us, int64_t wait_us)
{
    int64_t rest_us = took_us * SHARE > LEAST_US ? took_us * SHARE : LEAST_US;

    if (wait_us > rest_us)
        rest_us = wait_us;
    return rest_us < NONE_US ? rest_us : NONE_US;
}

static void disconnect(cleaner *c)
{
    th_db_close(c->db);
    c->db = NULL;
}

static th_rc step(cleaner *c, th_purge_step *done, th_error *err)
{
    th_rc rc = TH_OK;

    if (!c->db)
        rc = th_db_open(c->engine->options.conninfo, TH_DB_CONTROL, &c->db, err);
    if (rc == TH_OK)
        rc = th_purges_step(c->db, c->arena, c->engine->hub.name, done, err);
    return rc;
}

/* How long to sleep then. */
static int64_t work(cleaner *c)
{
    th_purge_step done;
    th_error err = { 0 };
    int64_t began_us = th_mono_us();

    th_arena_reset(c->arena);
    if (step(c, &done, &err) != TH_OK) {
        th_log(TH_LOG_WARN, TH_EV_PURGE_FAILED, NULL, "purges wait: %s", err.text);
        disconnect(c);
        return RETRY_US;
    }
    int64_t rest_us = th__cleaner_rest_us(th_mono_us() - began_us, done.wait_us);
    if (rest_us > KEEP_OPEN_US)
        disconnect(c);
    return rest_us;
}

static void sleep_for(th_engine *engine, int64_t us)
{
    struct pollfd fd = { .fd = engine->cleaner_fd, .events = POLLIN };
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };

    ppoll(&fd, 1, &t, NULL);
    th__absorb(engine->cleaner_fd);
}

/* The watch pokes us once a second while purges wait: no reason to rest less than is due. */
static void rest(th_engine *engine, int64_t us)
{
    int64_t until_us = th_mono_us() + us, left;

    while ((left = until_us - th_mono_us()) > 0 && !atomic_load(&engine->stopping)) {
        sleep_for(engine, left);
        if (us > KEEP_OPEN_US)
            return;
    }
}

void *th__cleaner_main(void *arg)
{
    cleaner c = { .engine = arg, .arena = th_arena_new(0) };

    while (!atomic_load(&c.engine->stopping)) {
        bool wanted = atomic_load(&c.engine->cleaning) && !atomic_load(&c.engine->draining);

        rest(c.engine, wanted ? work(&c) : NONE_US);
    }
    disconnect(&c);
    th_arena_free(c.arena);
    return NULL;
}
