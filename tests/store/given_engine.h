/*
 * given_engine.h - what tests of a whole engine start from: a hub of their own, executors, the
 * engine and a front in this process; what an instance came to; what must be left behind.
 *
 * The test's own looks go through a connection of its own by plain libpq calls, so that they are no
 * operations of the store, which a test may count or make fail.
 */
#ifndef TH_TESTS_STORE_GIVEN_ENGINE_H
#define TH_TESTS_STORE_GIVEN_ENGINE_H

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "given_hub.h"
#include "store/front.h"
#include "test.h"

#define MILLISECOND INT64_C(1000)
#define SECOND INT64_C(1000000)

/* Lines of the log are wanted only by who looks for a mistake: TH_TEST_LOG=debug, info, warn. */
static inline void given_quiet(void)
{
    const char *wanted = getenv("TH_TEST_LOG");
    th_log_level level;

    if (!wanted || !th_log_level_parse(wanted, &level))
        level = TH_LOG_OFF;
    th_log_setup(level, TH_LOG_TEXT);
}

/* Whether what the whole test run was asked for is all of it (TH_FULL=1), or the quick part. */
static inline bool given_full(void)
{
    const char *full = getenv("TH_FULL");

    return full && strcmp(full, "1") == 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The first value of a formatted query, as text; "" when there is none. Valid until the next call.
 */
__attribute__((format(printf, 1, 2))) static inline const char *text_of(const char *fmt, ...)
{
    static char value[16384];
    char sql[4096];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sql, sizeof sql, fmt, args);
    va_end(args);
    PGresult *res = given_sql_on(th_db_pg(given_db()), sql);
    snprintf(value, sizeof value, "%s", PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return value;
}

/* True as soon as the query gives that value; asked every few milliseconds until time is up. */
static inline bool comes_to_within(const char *sql, const char *want, int64_t us)
{
    int64_t until = given_now_us() + us;

    while (strcmp(text_of("%s", sql), want) != 0) {
        if (given_now_us() > until)
            return false;
        poll(NULL, 0, 3);
    }
    return true;
}

/* ---- an engine ------------------------------------------------------------------------------- */

static inline th_engine_options given_options(const th_hub *hub)
{
    return (th_engine_options){ .conninfo = given_database(),
                                .hub = hub->name,
                                .where = "here",
                                .pumps = 1,
                                .orchestrators = true,
                                .activities = true,
                                .max_activities = 8,
                                .max_orchestrators = 100,
                                .extended_sessions = true,
                                .session_idle_us = 30 * SECOND,
                                .poll_us = SECOND };
}

static inline th_front *given_front(th_engine *engine)
{
    th_front_options options = { .conninfo = given_database(),
                                 .wake = engine ? th_engine_wake : NULL,
                                 .wake_arg = engine };
    th_front *front = NULL;
    th_error err = { 0 };

    if (th_front_new(&options, &front, &err) != TH_OK)
        given_failed("make a front", &err);
    return front;
}

/* ---- one call of the front, waited for ------------------------------------------------------- */

typedef struct given_call {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    bool done;
    th_rc rc;
} given_call;

static inline void given_note(void *arg, const th_front_answer *answer)
{
    given_call *call = arg;

    pthread_mutex_lock(&call->mutex);
    call->rc = answer->rc;
    call->done = true;
    pthread_cond_signal(&call->answered);
    pthread_mutex_unlock(&call->mutex);
}

static inline th_rc given_answer(given_call *call)
{
    pthread_mutex_lock(&call->mutex);
    while (!call->done)
        pthread_cond_wait(&call->answered, &call->mutex);
    pthread_mutex_unlock(&call->mutex);
    pthread_mutex_destroy(&call->mutex);
    pthread_cond_destroy(&call->answered);
    return call->rc;
}

#define GIVEN_CALL                                                               \
    (given_call)                                                                 \
    {                                                                            \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER \
    }

static inline th_rc given_start(th_front *front, const th_hub *hub, const char *name,
                                const char *id, const char *input)
{
    th_start_request request = { .instance_id = id, .name = name, .input = input };
    given_call call = GIVEN_CALL;

    th_front_start(front, hub, &request, given_note, &call);
    return given_answer(&call);
}

static inline th_rc given_signal(th_front *front, const th_hub *hub, th_signal_kind kind,
                                 const char *id, const char *event, const char *payload)
{
    th_signal_request request = {
        .kind = kind, .instance_id = id, .event_name = event, .payload = payload
    };
    given_call call = GIVEN_CALL;

    th_front_signal(front, hub, &request, given_note, &call);
    return given_answer(&call);
}

/* ---- what an instance came to ---------------------------------------------------------------- */

static inline bool comes_to_status(const th_hub *hub, const char *id, th_status status, int64_t us)
{
    char sql[400], want[8];

    snprintf(sql, sizeof sql,
             "select status from taskhub.instances where partition_id = %d and instance_id = '%s'",
             (int)th_hub_partition_of(hub, id), id);
    snprintf(want, sizeof want, "%d", (int)status);
    return comes_to_within(sql, want, us);
}

/* output, failure, custom_status ...; "" when it is null. */
static inline const char *column_of(const th_hub *hub, const char *id, const char *column)
{
    return text_of("select %s from taskhub.instances where partition_id = %d and instance_id = "
                   "'%s'",
                   column, (int)th_hub_partition_of(hub, id), id);
}

/* Rows of a table in the hub's partitions. */
static inline long long rows_of(const th_hub *hub, const char *table)
{
    return given_sql("select count(*) from taskhub.%s where partition_id between %d and %d", table,
                     (int)hub->first_partition,
                     (int)(hub->first_partition + hub->partition_count - 1));
}

/*
 * What is wrong with the history of the instance's present execution, "" if nothing: episodes from
 * 0 without a gap, numbers of events too, what was scheduled answered once and nothing else
 * answered (timers may be cancelled), and the end at the end.
 */
static inline const char *history_fault(const th_hub *hub, const char *id)
{
    return text_of(
        "with i as (select partition_id, instance_id, execution_id from taskhub.instances"
        "  where partition_id = %d and instance_id = '%s'),"
        " h as (select h.*, json_array_length(events) as n from taskhub.history h join i"
        "  using (partition_id, instance_id, execution_id)),"
        " e as (select h.episode, h.first_seq + x.o - 1 as seq, x.event ->> 'kind' as kind,"
        "  (x.event ->> 'ref')::int as ref from h,"
        "  json_array_elements(h.events) with ordinality x(event, o)),"
        " asked as (select seq, kind from e where kind in ('TaskScheduled', 'TimerCreated',"
        "  'EntityOperationCalled', 'EntityLockRequested')),"
        " answers as (select seq, ref from e where ref is not null)"
        " select concat_ws('; ',"
        "  case when (select count(*) from h) = 0 then 'no history' end,"
        "  case when (select count(*) <> max(episode) + 1 from h) then 'a gap of episodes' end,"
        "  case when exists (select from h where first_seq <> (select coalesce(sum(b.n), 0) from h"
        "   b where b.episode < h.episode)) then 'a gap of events' end,"
        "  case when exists (select from answers group by ref having count(*) > 1)"
        "   then 'something is answered twice' end,"
        "  case when exists (select from asked where kind = 'TaskScheduled' and not exists"
        "   (select from answers where ref = asked.seq)) then 'a task has no answer' end,"
        "  case when exists (select from answers where not exists (select from asked where"
        "   asked.seq = answers.ref and asked.seq < answers.seq)) then 'an answer to nothing' end,"
        "  case when (select kind from e order by seq desc limit 1) <> 'ExecutionCompleted'"
        "   then 'it has no end' end)",
        (int)th_hub_partition_of(hub, id), id);
}

/* Nothing is left of what was to be done, in time: what still waits, or "". */
static inline const char *left_behind(const th_hub *hub, int64_t us)
{
    char sql[700];
    int first = (int)hub->first_partition, last = first + (int)hub->partition_count - 1;

    snprintf(sql, sizeof sql,
             "select concat_ws('; ',"
             " (select 'messages: ' || string_agg(format('kind %%s ref %%s due %%s', kind, ref,"
             "   due), ', ') from taskhub.inbox where partition_id between %d and %d),"
             " (select 'activities: ' || string_agg(format('%%s by %%s', name, claimed_by), ', ')"
             "   from taskhub.activities where partition_id between %d and %d),"
             " (select 'stuck: ' || string_agg(reason, ', ') from taskhub.stuck where hub = '%s'))",
             first, last, first, last, hub->name);
    comes_to_within(sql, "", us);
    return text_of("%s", sql);
}

#endif
