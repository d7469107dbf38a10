/* connect.c - opening a connection and deciding whether to trust the server (protocol S1 and S2).
 */
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/store_int.h"

enum { CONNECT_US = 5000000, STATEMENT_US = 35000000 }; /* the latter is over statement_timeout */

/* What the server says about itself. Times as numbers: no setting of the session changes their
 * look. */
typedef struct self_portrait {
    bool in_recovery;
    int pid;
    char started_us[24];
    char synchronous_commit[16];
} self_portrait;

static void log_notice(void *arg, const char *message)
{
    char text[512];

    (void)arg;
    th__one_line(message, text, sizeof text);
    th_log(TH_LOG_DEBUG, TH_EV_DEBUG, NULL, "PostgreSQL: %s", text);
}

/* Some failures to connect are the server's last word, not a matter of time. libpq has only texts
 * for them. */
static th_rc connect_rc(const char *text)
{
    static const char *const unfit[] = { "session is read-only", "server is in hot standby mode",
                                         "unsupported startup parameter" };

    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++)
        if (strstr(text, unfit[i]))
            return TH_SCHEMA;
    return TH_DB_LOST;
}

static th_rc fail_connect(PGconn *pg, th_error *err)
{
    char text[700];
    const char *hint = "";

    th__one_line(PQerrorMessage(pg), text, sizeof text);
    th_rc rc = connect_rc(text);

    if (strstr(text, "unsupported startup parameter"))
        hint = "; a pooler is in between, but this connection must lead to PostgreSQL itself";
    return th_fail(err, rc, "%s%s", text[0] ? text : "cannot connect", hint);
}

static th_rc fail_slow(PGconn *pg, th_error *err)
{
    const char *host = PQhost(pg);

    return th_fail(err, TH_DB_LOST,
                   "connection to server at \"%s\", port %s failed: no answer in time",
                   host ? host : "", PQport(pg));
}

/* libpq's own loop cannot be given a notice processor before the server's first words. */
static th_rc connect_one(const th__conn_params *params, int64_t deadline_us, PGconn **out,
                         th_error *err)
{
    PGconn *pg = PQconnectStartParams(params->keywords, params->values, 0);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    *out = pg;
    if (!pg)
        return th_fail(err, TH_DB_LOST, "cannot connect: no memory");
    PQsetNoticeProcessor(pg, log_notice, NULL);

    while (PQstatus(pg) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
           next != PGRES_POLLING_FAILED) {
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (!th__wait_fd(PQsocket(pg), events, deadline_us))
            return fail_slow(pg, err);
        next = PQconnectPoll(pg);
    }
    return PQstatus(pg) == CONNECTION_OK ? TH_OK : fail_connect(pg, err);
}

/* ---- S2 ---- */

static th_rc ask(th_db *db, const char *sql, int64_t deadline_us, PGresult **res, th_error *err)
{
    th__statement statement = { .sql = sql };

    th_rc rc = th__db_run(db, &statement, deadline_us, res, err);

    if (rc != TH_OK) {
        PQclear(*res);
        *res = NULL;
    }
    return rc;
}

static th_rc ask_self(th_db *db, int64_t deadline_us, self_portrait *out, th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = ask(db,
                   "select pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid(),"
                   " (extract(epoch from pg_catalog.pg_postmaster_start_time())"
                   " * 1000000)::pg_catalog.int8,"
                   " pg_catalog.current_setting('synchronous_commit')",
                   deadline_us, &res, err);

    if (rc != TH_OK)
        return rc;
    out->in_recovery = PQgetvalue(res, 0, 0)[0] == 't';
    out->pid = atoi(PQgetvalue(res, 0, 1));
    snprintf(out->started_us, sizeof out->started_us, "%s", PQgetvalue(res, 0, 2));
    snprintf(out->synchronous_commit, sizeof out->synchronous_commit, "%s", PQgetvalue(res, 0, 3));
    PQclear(res);
    return TH_OK;
}

/* A number that not every server tells everybody: 0 if it is refused. */
static th_rc ask_number(th_db *db, const char *sql, int base, int64_t deadline_us, uint64_t *out,
                        th_error *err)
{
    PGresult *res = NULL;
    th_error refusal = { 0 };
    th_rc rc = ask(db, sql, deadline_us, &res, &refusal);

    *out = 0;
    if (rc == TH_OK && PQntuples(res) == 1)
        *out = strtoull(PQgetvalue(res, 0, 0), NULL, base);
    PQclear(res);
    if (rc == TH_OK || rc == TH_DB) /* TH_DB: not for us, or not there */
        return TH_OK;
    if (err && err->rc == TH_OK)
        *err = refusal;
    return rc;
}

static th_rc check_server(th_db *db, const self_portrait *self, int64_t deadline_us, th_error *err)
{
    uint64_t timeline = 0;
    th__server server = { 0 };
    th_rc rc = ask_number(db,
                          "select pg_catalog.substr(pg_catalog.pg_walfile_name("
                          "pg_catalog.pg_current_wal_lsn()), 1, 8)",
                          16, deadline_us, &timeline, err);

    if (rc == TH_OK)
        rc = ask_number(db, "select system_identifier from pg_catalog.pg_control_system()", 10,
                        deadline_us, &server.system_id, err);
    if (rc != TH_OK)
        return rc;
    server.timeline = (uint32_t)timeline;
    snprintf(db->incarnation, sizeof db->incarnation, "%s-%" PRIu32, self->started_us,
             server.timeline);
    return th__server_admit(&server, err);
}

static bool commits_weakly(const self_portrait *self)
{
    return strcmp(self->synchronous_commit, "on") != 0 &&
           strcmp(self->synchronous_commit, "remote_apply") != 0;
}

/* `on` in the options would weaken remote_apply, so it is set only where it is more. */
static th_rc strengthen_commits(th_db *db, const self_portrait *self, int64_t deadline_us,
                                th_error *err)
{
    PGresult *res = NULL;

    if (!commits_weakly(self))
        return TH_OK;
    if (db->role == TH_DB_POOL) {
        static atomic_flag warned = ATOMIC_FLAG_INIT;

        if (atomic_flag_test_and_set(&warned))
            return TH_OK;
        th_log(TH_LOG_WARN, TH_EV_CONFIG_WARNING, NULL,
               "synchronous_commit is %s by default: what clients were told is stored may be lost "
               "when the server crashes",
               self->synchronous_commit);
        return TH_OK;
    }
    th_rc rc = ask(db, "set synchronous_commit = on", deadline_us, &res, err);
    PQclear(res);
    return rc;
}

static th_rc trust(th_db *db, int64_t deadline_us, th_error *err)
{
    self_portrait self = { 0 };
    th_rc rc = ask_self(db, deadline_us, &self, err);

    if (rc != TH_OK)
        return rc;
    if (self.in_recovery)
        return th_fail(err, TH_SCHEMA, "the server at \"%s\", port %s is a standby", PQhost(db->pg),
                       PQport(db->pg));
    if (db->role != TH_DB_POOL && self.pid != PQbackendPID(db->pg))
        return th_fail(err, TH_SCHEMA,
                       "a pooler is in between at \"%s\", port %s, but this connection must lead "
                       "to PostgreSQL itself",
                       PQhost(db->pg), PQport(db->pg));
    rc = check_server(db, &self, deadline_us, err);
    if (rc == TH_OK)
        rc = strengthen_commits(db, &self, deadline_us, err);
    return rc;
}

/* ---- one host after the other ---- */

static th_rc attempt(const th__conninfo *info, int i, int64_t deadline_us, th_db **out,
                     th_error *err)
{
    th__conn_params params = th__conninfo_params(info, i);
    th_db *db = th_malloc(sizeof *db);
    int64_t share_us = (deadline_us - th__real_us()) / (info->attempts - i);
    int64_t until_us = th__real_us() + share_us;

    db->role = info->role;
    db->patience_us = info->role == TH_DB_POOL ? TH__FOREVER : STATEMENT_US;
    th_rc rc = connect_one(&params, until_us, &db->pg, err);
    if (rc == TH_OK)
        rc = trust(db, until_us, err);
    if (rc != TH_OK) {
        th_db_close(db);
        return rc;
    }
    *out = db;
    return TH_OK;
}

/* One server that may come back outweighs all that are unfit: it may be the right one. */
static th_rc attempt_all(const th__conninfo *info, th_db **out, th_error *err)
{
    int64_t deadline_us = th__real_us() + CONNECT_US;
    th_rc rc = TH_SCHEMA;
    th_buf texts = TH_BUF_INIT;

    for (int i = 0; i < info->attempts; i++) {
        th_error one = { 0 };
        th_rc result = attempt(info, i, deadline_us, out, &one);

        if (result == TH_OK) {
            rc = TH_OK;
            break;
        }
        if (result != TH_SCHEMA)
            rc = TH_DB_LOST;
        th_buf_printf(&texts, "%s%s", i ? "; " : "", one.text);
    }
    if (rc != TH_OK)
        th_fail(err, rc, "%s", texts.data);
    th_buf_free(&texts);
    return rc;
}

/* Counts as one operation for fault injection. */
th_rc th_db_open(const char *conninfo, th_db_role role, th_db **out, th_error *err)
{
    th__conninfo info;
    th_fault fault = th_fault_point();

    *out = NULL;
    th_rc rc = th__conninfo_parse(conninfo, role, &info, err);
    if (rc != TH_OK)
        goto done;
    if (fault == TH_FAULT_FAIL) {
        rc = th_fail(err, TH_DB_LOST, "fault injection: no connection was made");
        goto done;
    }
    rc = attempt_all(&info, out, err);
    if (rc == TH_OK && fault == TH_FAULT_LIE) {
        th_db_close(*out);
        *out = NULL;
        rc = th_fail(err, TH_DB_LOST, "fault injection: the new connection was cut");
    }

done:
    th__conninfo_free(&info);
    return rc;
}
