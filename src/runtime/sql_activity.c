/*
 * sql_activity.c - see sql_activity.h.
 *
 * A thread has a connection of its own. The answer to what became of a lost one is never guessed:
 * the activity is tried again with the same token, which finds its row gone if the first try has
 * committed, and waits for it if it still runs (bound.h).
 */
#include "runtime/sql_activity.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "runtime/bound_names.h"
#include "runtime/runtime_int.h"
#include "runtime/sql_failure.h"
#include "runtime/threads.h"
#include "store/activities.h"
#include "store/bound.h"

enum {
    MAX_RETRIES = 10,      /* of a deadlock or a serialization failure */
    MAX_LOST = 5,          /* connections that were lost while it ran, as with crashed workers */
    FIRST_PAUSE_US = 5000, /* of those retries; doubles, up to */
    LAST_PAUSE_US = 1000000,
    RECONNECT_US = 200000,
    UNBOUND_US = 1000000, /* until a name that is not bound any longer is claimed again */
};

struct th_sqlact {
    char *conninfo;
    int32_t hub_id;
    int64_t timeout_us;
    th__bound_names *names;
    th__threads *threads;
    pthread_key_t connection; /* a thread's own */
    th_engine *engine;
    th_executor executor;
};

/* An activity that is queued or runs; its name follows it in memory. */
typedef struct work {
    th__job job;
    th_token token;
    th_bound_call call;
} work;

/* What is known of it so far. */
typedef struct tally {
    int retries, lost;
    const char *failure; /* to be written; JSON */
    int64_t pause_us;    /* before the next step */
} tally;

/* ---- connections ----------------------------------------------------------------------------- */

static void close_connection(void *db)
{
    th_db_close(db);
}

static th_db *connection(th_sqlact *s)
{
    th_db *db = pthread_getspecific(s->connection);
    th_error err = { 0 };

    if (db)
        return db;
    if (th_db_open(s->conninfo, TH_DB_POOL, &db, &err) != TH_OK) {
        th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "a SQL activity waits: %s", err.text);
        return NULL;
    }
    pthread_setspecific(s->connection, db);
    return db;
}

static void drop_connection(th_sqlact *s)
{
    th_db_close(pthread_getspecific(s->connection));
    pthread_setspecific(s->connection, NULL);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(th_sqlact *s, const work *w, th_answer_kind kind, int64_t delay_us)
{
    th_activity_answer a = { .token = w->token, .kind = kind, .delay_us = delay_us };

    a.committed = kind == TH_ANSWER_DONE;
    th_engine_activity_answered(s->engine, &a);
}

static void say_dropped(const work *w)
{
    th_log_ctx ctx = { .partition = w->call.partition_id };

    th_log(TH_LOG_INFO, TH_EV_COMPLETION_DROPPED, &ctx,
           "activity '%s' was not run, or its failure was dropped: its claim is no longer current",
           w->call.name);
}

/* ---- one step -------------------------------------------------------------------------------- */

static int64_t backoff_us(int retries)
{
    int64_t us = FIRST_PAUSE_US;
    th_uuid random = th_uuid_random();

    while (--retries > 0 && us < LAST_PAUSE_US)
        us *= 2;
    return us / 2 + us * random.b[0] / 256;
}

static void fail(th_arena *arena, tally *t, const char *type, const char *message, bool for_good)
{
    t->failure = th__failure(arena, type, message, for_good);
}

static void retry(th_arena *arena, tally *t, const th_bound_failure *failed)
{
    if (++t->retries > MAX_RETRIES)
        t->failure = th__sql_failure(arena, failed);
    else
        t->pause_us = backoff_us(t->retries);
}

/* What takes its session with it every time must end some day. */
static void lost(th_sqlact *s, th_arena *arena, const work *w, tally *t, const th_error *why)
{
    drop_connection(s);
    th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "activity '%s' is tried again: %s", w->call.name,
           why->text);
    if (++t->lost < MAX_LOST) {
        t->pause_us = RECONNECT_US;
        return;
    }
    fail(arena, t, "PoisonActivity",
         th_sprintf(arena,
                    "activity \"%s\" was given up: its connection was lost %d times while it ran",
                    w->call.name, t->lost),
         false);
}

static void time_out(th_arena *arena, tally *t)
{
    fail(arena, t, "TimeoutException", "the activity took longer than functionTimeout", false);
}

/* True: it was answered. */
static bool run_once(th_sqlact *s, th_db *db, th_arena *arena, work *w, tally *t)
{
    th_bound_failure failed;
    th_error err = { 0 };

    switch (th_bound_run(db, arena, &w->call, &failed, &err)) {
    case TH_BOUND_STALE:
        if (!t->lost) /* else an earlier try may have done it */
            say_dropped(w);
        break;
    case TH_BOUND_DONE:
    case TH_BOUND_DROPPED:
        break;
    case TH_BOUND_UNBOUND:
        answer(s, w, TH_ANSWER_ABANDONED, UNBOUND_US);
        return true;
    case TH_BOUND_FAILED:
        t->failure = th__sql_failure(arena, &failed);
        return false;
    case TH_BOUND_RETRY:
        retry(arena, t, &failed);
        return false;
    case TH_BOUND_LATE:
        drop_connection(s);
        time_out(arena, t);
        return false;
    case TH_BOUND_TIMED_OUT:
        time_out(arena, t);
        return false;
    case TH_BOUND_IN_DOUBT:
        lost(s, arena, w, t, &err);
        return false;
    }
    answer(s, w, TH_ANSWER_DONE, 0);
    return true;
}

/* The function's work is rolled back, or the row is locked until it is known what became of it. */
static bool write_failure(th_sqlact *s, th_db *db, const work *w, tally *t)
{
    th_completed item = { .partition_id = w->call.partition_id,
                          .id = w->call.id,
                          .claim_no = w->call.claim_no,
                          .failure = t->failure };
    th_error err = { 0 };
    bool done = false;

    if (th_activities_complete(db, &item, 1, &done, &err) != TH_OK) {
        th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL,
               "the failure of activity '%s' is written again: %s", w->call.name, err.text);
        drop_connection(s);
        t->pause_us = RECONNECT_US;
        return false;
    }
    if (!done)
        say_dropped(w);
    answer(s, w, TH_ANSWER_DONE, 0);
    return true;
}

static bool step(th_sqlact *s, th_arena *arena, work *w, tally *t)
{
    th_db *db = connection(s);

    t->pause_us = 0;
    if (!db) {
        t->pause_us = RECONNECT_US;
        return false;
    }
    return t->failure ? write_failure(s, db, w, t) : run_once(s, db, arena, w, t);
}

static void run_job(void *arg, th__job *job, th_arena *arena)
{
    tally t = { 0 };

    while (!step(arg, arena, (work *)job, &t))
        if (t.pause_us)
            usleep((useconds_t)t.pause_us);
}

static void give_back(void *arg, th__job *job)
{
    answer(arg, (work *)job, TH_ANSWER_ABANDONED, 0);
}

/* ---- the executor ---------------------------------------------------------------------------- */

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)version;
    return kind == TH_ITEM_ACTIVITY && th__bound_names_has(((th_sqlact *)self)->names, name);
}

static const char *list(void *self, th_item_kind kind, size_t n)
{
    return kind == TH_ITEM_ACTIVITY ? th__bound_names_at(((th_sqlact *)self)->names, n) : NULL;
}

static th_rc refresh(void *self, th_db *db, bool *changed, int32_t *print, th_error *err)
{
    th_sqlact *s = self;
    th_arena *arena = th_arena_new(0);
    const char **names;
    size_t count;

    th_rc rc = th_bound_names(db, arena, s->hub_id, &names, &count, print, err);
    *changed = rc == TH_OK && th__bound_names_set(s->names, names, count);
    if (*changed)
        th_log(TH_LOG_INFO, TH_EV_APP_LOADED, NULL, "the hub has %zu SQL activities", count);
    th_arena_free(arena);
    return rc;
}

/* A copy, since the item may go before the activity ends. */
static work *work_new(const th_sqlact *s, const th_activity_item *item)
{
    size_t size = strlen(item->name) + 1;
    work *w = th_malloc(sizeof *w + size);

    w->job.number = item->token.number;
    w->token = item->token;
    w->call = (th_bound_call){ .hub_id = s->hub_id,
                               .name = memcpy(w + 1, item->name, size),
                               .partition_id = item->partition_id,
                               .id = item->id,
                               .claim_no = item->delivery,
                               .timeout_us = s->timeout_us };
    return w;
}

static void run_activity(void *self, const th_activity_item *item)
{
    th_sqlact *s = self;
    work *w = work_new(s, item);

    if (th__threads_submit(s->threads, &w->job))
        return;
    answer(s, w, TH_ANSWER_ABANDONED, TH_SECOND);
    free(w);
}

/* ---- a life ---------------------------------------------------------------------------------- */

th_sqlact *th_sqlact_new(const th_sqlact_options *options)
{
    th_sqlact *s = th_malloc(sizeof *s);

    s->conninfo = th_mstrdup(options->conninfo);
    s->hub_id = options->hub_id;
    s->timeout_us = options->timeout_us;
    s->names = th__bound_names_new();
    if (pthread_key_create(&s->connection, close_connection) != 0)
        abort(); /* a process has a thousand */
    s->threads =
        th__threads_new(options->connections < 1 ? 1 : options->connections, run_job, give_back, s);
    s->executor = (th_executor){ .name = "sql",
                                 .self = s,
                                 .can_run = can_run,
                                 .list = list,
                                 .run_activity = run_activity,
                                 .commits = true,
                                 .refresh = refresh };
    return s;
}

void th_sqlact_attach(th_sqlact *s, th_engine *engine)
{
    s->engine = engine;
}

const th_executor *th_sqlact_executor(th_sqlact *s)
{
    return &s->executor;
}

void th_sqlact_free(th_sqlact *s)
{
    if (!s)
        return;
    th__threads_free(s->threads);
    pthread_key_delete(s->connection);
    th__bound_names_free(s->names);
    free(s->conninfo);
    free(s);
}
