/* notify.c - listening on the control connection, and wake-ups from pool connections (protocol, 6).
 */
#include "store/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/owners.h"
#include "store/params.h"
#include "store/store_int.h"

/* ---- listening ---- */

static th_rc listen_to(th_db *control, const char *verb, const char *channel, int32_t id,
                       th_error *err)
{
    char sql[64];

    snprintf(sql, sizeof sql, "%s %s%d", verb, channel, (int)id);
    return th_db_query(control, sql, 0, NULL, NULL, err);
}

th_rc th_listen_partition(th_db *control, int32_t partition_id, bool on, th_error *err)
{
    return listen_to(control, on ? "listen" : "unlisten", "taskhub_", partition_id, err);
}

th_rc th_listen_activities(th_db *control, int32_t hub_id, th_error *err)
{
    return listen_to(control, "listen", "taskhub_a", hub_id, err);
}

th_rc th_listen_names(th_db *control, int32_t hub_id, th_error *err)
{
    return listen_to(control, "listen", "taskhub_n", hub_id, err);
}

th_rc th_activities_idle(th_db *control, int32_t hub_id, bool idle, bool *had, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    *had = false;
    th_param_i32(&p, TH_LOCK_AIDLE);
    th_param_i32(&p, hub_id);
    th_params_ready(&p);
    th_rc rc = th_db_exec(control,
                          idle ? "select pg_catalog.pg_try_advisory_lock_shared($1, $2)"
                               : "select pg_catalog.pg_advisory_unlock_shared($1, $2)",
                          &p, true, &res, err);
    if (rc == TH_OK)
        *had = PQgetvalue(res, 0, 0)[0] != 0;
    PQclear(res);
    th_params_free(&p);
    return rc;
}

th_rc th_listen_schedules(th_db *control, int32_t hub_id, th_error *err)
{
    return listen_to(control, "listen", "taskhub_s", hub_id, err);
}

th_rc th_listen_episodes(th_db *control, int32_t hub_id, th_error *err)
{
    return listen_to(control, "listen", "taskhub_e", hub_id, err);
}

/* What a letter before the digits stands for; INT32_MIN: nothing. */
static int32_t meaning_of(char letter)
{
    switch (letter) {
    case 'a':
        return 0;
    case 's':
        return TH_NOTIFIED_SCHEDULES;
    case 'e':
        return TH_NOTIFIED_EPISODES;
    case 'n':
        return TH_NOTIFIED_NAMES;
    default:
        return INT32_MIN;
    }
}

/* Anybody may notify anything: only our own spelling counts. True: *partition_id, 0 for activities.
 */
static bool parse_channel(const char *channel, int32_t *partition_id)
{
    if (strncmp(channel, "taskhub_", 8) != 0)
        return false;
    const char *digits = channel + 8;
    int32_t meaning = meaning_of(*digits);

    digits += meaning != INT32_MIN;
    if (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 10)
        return false;
    long long id = strtoll(digits, NULL, 10);

    if (id < 1 || id > INT32_MAX)
        return false;
    *partition_id = meaning != INT32_MIN ? meaning : (int32_t)id;
    return true;
}

/* Reports what has come; how many. */
static int report(th_db *control, th_notified fn, void *arg)
{
    PGnotify *notify;
    int n = 0;

    while ((notify = PQnotifies(control->pg))) {
        int32_t partition_id;

        if (parse_channel(notify->relname, &partition_id)) {
            fn(arg, partition_id);
            n++;
        }
        PQfreemem(notify);
    }
    return n;
}

static th_rc take_input(th_db *control, th_error *err)
{
    if (PQconsumeInput(control->pg))
        return TH_OK;
    return th_db_result_error(control, NULL, err);
}

/* Until one of both is readable; *woken: it was wake_fd, or there is nothing to wait for any
 * longer. */
static th_rc wait_both(th_db *control, int wake_fd, int64_t deadline_us, bool *woken, th_error *err)
{
    struct pollfd fds[2] = { { .fd = PQsocket(control->pg), .events = POLLIN },
                             { .fd = wake_fd, .events = POLLIN } }; /* poll() skips fd -1 */
    int ready = poll(fds, 2, th__poll_ms(deadline_us));

    if (ready < 0 && errno != EINTR)
        return th_fail(err, TH_IO, "poll: %s", strerror(errno));
    *woken = (ready > 0 && fds[1].revents) || th__real_us() >= deadline_us;
    return ready > 0 && fds[0].revents ? take_input(control, err) : TH_OK;
}

th_rc th_notify_wait(th_db *control, int wake_fd, int64_t timeout_us, th_notified fn, void *arg,
                     th_error *err)
{
    int64_t now_us = th__real_us(), deadline_us;
    bool woken = false;

    if (__builtin_add_overflow(now_us, timeout_us, &deadline_us))
        deadline_us = INT64_MAX;
    if (th_db_is_lost(control))
        return th_fail(err, TH_DB_LOST, "the connection was lost before");

    for (;;) { /* a statement may have brought some along: they are reported without any wait */
        if (report(control, fn, arg) > 0 || woken)
            return TH_OK;
        th_rc rc = wait_both(control, wake_fd, deadline_us, &woken, err);

        if (rc != TH_OK)
            return rc;
    }
}

/* ---- sending: in autocommit, after the commit of what it tells of ---- */

th_rc th_notify_partitions(th_db *pool, const int32_t *partition_ids, size_t n, th_error *err)
{
    th_params p = { 0 };
    th_array ids;

    if (n == 0)
        return TH_OK;
    th_array_init(&ids, TH_T_INT4);
    for (size_t i = 0; i < n; i++)
        th_array_i32(&ids, partition_ids[i]);
    th_param_array(&p, &ids);
    th_param_i32(&p, TH_LOCK_IDLE);
    th_params_ready(&p);
    th_rc rc = th_db_exec(pool,
                          "select pg_catalog.pg_notify('taskhub_' || u.p, '')"
                          " from unnest($1::pg_catalog.int4[]) u(p)"
                          " where not pg_catalog.pg_try_advisory_xact_lock_shared($2, u.p)",
                          &p, true, NULL, err);
    th_array_free(&ids);
    th_params_free(&p);
    return rc;
}

th_rc th_notify_activities(th_db *pool, int32_t hub_id, th_error *err)
{
    th_params p = { 0 };

    th_param_i32(&p, hub_id);
    th_param_i32(&p, TH_LOCK_AIDLE);
    th_params_ready(&p);
    th_rc rc = th_db_exec(pool,
                          "select pg_catalog.pg_notify('taskhub_a' || $1::pg_catalog.int4, '')"
                          " where not pg_catalog.pg_try_advisory_xact_lock($2, $1)",
                          &p, true, NULL, err);
    th_params_free(&p);
    return rc;
}

th_rc th_notify_episodes(th_db *pool, int32_t hub_id, th_error *err)
{
    th_params p = { 0 };

    th_param_i32(&p, hub_id);
    th_params_ready(&p);
    th_rc rc =
        th_db_exec(pool, "select pg_catalog.pg_notify('taskhub_e' || $1::pg_catalog.int4, '')", &p,
                   true, NULL, err);
    th_params_free(&p);
    return rc;
}
