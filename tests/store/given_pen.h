/*
 * given_pen.h - what tests of an owner's connection start from: pens, batches, one operation at a
 * time.
 */
#ifndef TH_TESTS_STORE_GIVEN_PEN_H
#define TH_TESTS_STORE_GIVEN_PEN_H

#include <poll.h>

#include "given_hub.h"
#include "store/owners.h"
#include "store/pen.h"
#include "test.h"

enum { WORKER = 7, OTHER_WORKER = 8, LIMIT = 100 };

static inline th_pen *given_pen(void)
{
    th_pen *pen = NULL;
    th_error err = { 0 };

    if (th_pen_open(given_database(), &pen, &err) != TH_OK)
        given_failed("open a pen", &err);
    return pen;
}

/* A partition of a hub of its own. */
static inline int32_t given_partition(void)
{
    return given_hub(1).first_partition;
}

static inline th_ownership given_owner_of(th_pen *pen, int32_t partition, int32_t worker_id)
{
    th_ownership own = { 0 };
    th_error err = { 0 };

    if (th_pen_acquire(pen, partition, worker_id, &own, &err) != TH_OK)
        given_failed("acquire", &err);
    return own;
}

static inline th_ownership given_owner(th_pen *pen, int32_t partition)
{
    return given_owner_of(pen, partition, WORKER);
}

/* ---- operations ------------------------------------------------------------------------------ */

/* The next operation's end; done.rc is TH_DB_LOST when the connection went. */
static inline th_pen_done given_done(th_pen *pen)
{
    int64_t until = given_now_us() + 10000000;
    th_pen_done done = { .rc = TH_INTERNAL };
    th_error err = { 0 };
    bool got = false;

    while (given_now_us() < until) {
        struct pollfd fd = { .fd = th_pen_fd(pen), .events = POLLIN };

        th_rc rc = th_pen_pump(pen, &err);
        if (rc == TH_OK)
            rc = th_pen_next(pen, &done, &got, &err);
        if (rc != TH_OK)
            return (th_pen_done){ .rc = rc, .error = err };
        if (got)
            return done;
        if (th_pen_wants_write(pen))
            fd.events |= POLLOUT;
        poll(&fd, 1, 100);
    }
    return (th_pen_done){ .rc = TH_INTERNAL };
}

typedef struct given_outcome {
    th_rc rc;
    char statement[16];
    char sqlstate[6];
} given_outcome;

static inline given_outcome given_outcome_of(th_pen *pen)
{
    given_outcome outcome;
    th_pen_done done = given_done(pen);

    outcome.rc = done.rc;
    memcpy(outcome.statement, done.statement, sizeof outcome.statement);
    memcpy(outcome.sqlstate, done.error.sqlstate, sizeof outcome.sqlstate);
    if (done.arena)
        th_pen_done_clear(&done);
    return outcome;
}

static inline void send_batch(th_pen *pen, th_batch *batch)
{
    th_error err = { 0 };

    if (th_pen_send_batch(pen, batch, 0, &err) != TH_OK)
        given_failed("send a batch", &err);
}

static inline given_outcome commit(th_pen *pen, th_batch *batch)
{
    send_batch(pen, batch);
    return given_outcome_of(pen);
}

static inline void roll_back(th_pen *pen)
{
    th_error err = { 0 };

    CHECK_INT(th_pen_rollback(pen, &err), TH_OK);
}

/* ---- batches --------------------------------------------------------------------------------- */

static inline th_batch *given_batch(int32_t partition, int64_t commit_no, int64_t term)
{
    th_batch *batch = th_batch_new();

    th_batch_chain(batch, partition, commit_no, term);
    return batch;
}

/* A message for somebody; its payload makes it found again. */
static inline void with_message(th_batch *batch, int32_t partition, const char *payload)
{
    th_batch_message message = { .partition_id = partition,
                                 .due_us = TH_TIME_NEG_INF,
                                 .instance_id = "somebody",
                                 .kind = 17,
                                 .name = "news",
                                 .ref = INT32_MIN,
                                 .payload = payload };

    th_batch_send(batch, &message);
}

static inline long long messages_of(int32_t partition, const char *payload)
{
    return given_sql(
        "select count(*) from taskhub.inbox where partition_id = %d and payload = '%s'",
        (int)partition, payload);
}

/* Writes one to the inbox as clients do, due at once; its number. */
static inline int64_t given_message(int32_t partition, const char *payload)
{
    return given_sql("insert into taskhub.inbox (partition_id, instance_id, kind, name, payload)"
                     " values (%d, 'somebody', 17, 'news', '%s') returning message_no",
                     (int)partition, payload);
}

static inline long long commits_of(int32_t partition, int64_t commit_no)
{
    return given_sql("select count(*) from taskhub.commits where partition_id = %d and commit_no = "
                     "%lld",
                     (int)partition, (long long)commit_no);
}

/* Until the server has noticed that the session is gone. */
static inline bool comes_free(int32_t partition, int pid)
{
    for (int64_t until = given_now_us() + 10000000; given_now_us() < until; poll(NULL, 0, 3))
        if (given_sql("select count(*) from taskhub.locks_view where class = 'pen' and id = %d and"
                      " pid = %d",
                      (int)partition, pid) == 0)
            return true;
    return false;
}

#endif
