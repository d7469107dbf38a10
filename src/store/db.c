/* db.c - statements on one connection, and what their failures mean; opening it is in connect.c. */
#include "store/db.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "store/params.h"
#include "store/store_int.h"

static const int64_t CANCEL_PATIENCE_US = 10000000; /* from the request to stop until the answer */

void th_db_close(th_db *db)
{
    if (!db)
        return;
    PQfinish(db->pg);
    free(db);
}

PGconn *th_db_pg(th_db *db)
{
    return db->pg;
}

int th_db_pid(const th_db *db)
{
    return PQbackendPID(db->pg);
}

const char *th_db_incarnation(const th_db *db)
{
    return db->incarnation;
}

bool th_db_is_lost(const th_db *db)
{
    return db->lost || PQstatus(db->pg) != CONNECTION_OK;
}

void th__db_cut(th_db *db)
{
    int fd = PQsocket(db->pg);

    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    db->lost = true;
}

void th__one_line(const char *text, char *out, size_t size)
{
    size_t n = 0;

    while (text && *text && n + 1 < size) {
        size_t len = strcspn(text, "\n");
        bool wanted = len > 0 && *text != '\t'; /* libpq indents its hints */

        if (wanted)
            n += (size_t)snprintf(out + n, size - n, "%s%.*s", n ? "; " : "", (int)len, text);
        text += len + (text[len] == '\n');
    }
    if (n < size)
        out[n] = '\0';
}

/* ---- what a failure means (protocol B4) ---- */

typedef struct state_rc {
    const char *prefix;
    th_rc rc;
} state_rc;

static const state_rc state_rcs[] = {
    { "08", TH_DB_LOST },     { "57P0", TH_DB_LOST },       { "25006", TH_DB_LOST },
    { "40001", TH_DB_RETRY }, { "40P01", TH_DB_RETRY },     { "55P03", TH_DB_RETRY },
    { "57014", TH_DB_RETRY }, { "53", TH_DB_STORAGE },      { "58", TH_DB_STORAGE },
    { "TH409", TH_CONFLICT }, { "TH001", TH_NOT_FOUND },    { "TH002", TH_FINISHED },
    { "TH003", TH_EXISTS },   { "TH004", TH_NOT_FINISHED }, { "TH005", TH_NOT_FAILED },
    { "TH006", TH_INVALID },
};

static th_rc rc_of_state(const char *state)
{
    for (size_t i = 0; i < sizeof state_rcs / sizeof *state_rcs; i++)
        if (strncmp(state, state_rcs[i].prefix, strlen(state_rcs[i].prefix)) == 0)
            return state_rcs[i].rc;
    return TH_DB;
}

/* After FATAL the server closes the connection, whatever its SQLSTATE says. */
static bool ends_session(const PGresult *res)
{
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

th_rc th_db_result_error(th_db *db, const PGresult *res, th_error *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    char text[800];

    if (!primary)
        primary =
            res && *PQresultErrorMessage(res) ? PQresultErrorMessage(res) : PQerrorMessage(db->pg);
    th__one_line(primary, text, sizeof text);
    th_rc rc = state ? rc_of_state(state) : TH_DB;

    if (ends_session(res) || PQstatus(db->pg) != CONNECTION_OK)
        rc = TH_DB_LOST;
    db->lost |= rc == TH_DB_LOST;
    if (err && err->rc == TH_OK && state)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%.5s", state);
    return th_fail(err, rc, "%s", text[0] ? text : th_rc_words(rc));
}

/* ---- running a statement ---- */

static bool is_error(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

static bool is_copy(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static bool send_statement(PGconn *pg, const th__statement *s)
{
    if (s->script)
        return PQsendQuery(pg, s->sql);
    return PQsendQueryParams(pg, s->sql, s->n, s->types, s->values, s->lengths, s->formats,
                             s->result_format);
}

/* Moves bytes both ways until a result can be had without waiting. False: the deadline has passed.
 */
static bool await_result(PGconn *pg, int64_t deadline_us)
{
    while (PQisBusy(pg)) {
        int unsent = PQflush(pg);
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
        short ready = th__wait_fd(PQsocket(pg), events, deadline_us);

        if (!ready)
            return false;
        /* When this fails the connection is gone, and PQgetResult will say so without waiting. */
        if (ready & ~POLLOUT && !PQconsumeInput(pg))
            return true;
    }
    return true;
}

/* A second connection carries the request; where none can be had, the deadline decides. */
static void cancel(th_db *db)
{
    PGcancel *request = PQgetCancel(db->pg);
    char why[256];

    if (request)
        PQcancel(request, why, sizeof why);
    PQfreeCancel(request);
}

/* False: the deadline has passed. Asks the server to stop when the statement's time is up. */
static bool await(th_db *db, const th__statement *s, bool *cancelled, int64_t *deadline_us)
{
    if (!s->cancel_at_us || *cancelled)
        return await_result(db->pg, *deadline_us);
    if (await_result(db->pg, s->cancel_at_us))
        return true;
    cancel(db);
    *cancelled = true;
    *deadline_us = th__real_us() + CANCEL_PATIENCE_US;
    return await_result(db->pg, *deadline_us);
}

/*
 * The last result up to the sync, or the first error: in the extended protocol a statement is
 * committed only after its own result, so a good one may still be followed by a bad one.
 */
static th_rc collect(th_db *db, const th__statement *statement, int64_t deadline_us, PGresult **res,
                     th_error *err)
{
    bool cancelled = false;

    for (;;) {
        if (!await(db, statement, &cancelled, &deadline_us)) {
            th__db_cut(db);
            return th_fail(err, TH_DB_LOST, "the server did not answer in time");
        }
        PGresult *next = PQgetResult(db->pg);

        if (!next)
            return TH_OK;
        if (is_copy(next)) {
            PQclear(next);
            th__db_cut(db);
            return th_fail(err, TH_INTERNAL, "COPY is not possible here");
        }
        if (*res && is_error(*res)) {
            PQclear(next);
            continue;
        }
        PQclear(*res);
        *res = next;
    }
}

th_rc th__db_run(th_db *db, const th__statement *statement, int64_t deadline_us, PGresult **res,
                 th_error *err)
{
    PGresult *got = NULL;
    int before = PQisnonblocking(db->pg);
    th_rc rc;

    *res = NULL;
    if (db->lost)
        return th_fail(err, TH_DB_LOST, "the connection was lost before");
    if (PQpipelineStatus(db->pg) != PQ_PIPELINE_OFF)
        return th_fail(err, TH_INTERNAL, "a blocking statement in a pipeline");

    /* Never blocked in a write: that wait would have no deadline. */
    if (PQsetnonblocking(db->pg, 1) != 0 || !send_statement(db->pg, statement)) {
        rc = th_db_result_error(db, NULL, err);
        goto done;
    }
    rc = collect(db, statement, deadline_us, &got, err);
    if (rc == TH_OK && (!got || is_error(got)))
        rc = th_db_result_error(db, got, err);
    db->spoke_us = th__real_us();

done:
    *res = got;
    if (!db->lost)
        PQsetnonblocking(db->pg, before);
    return rc;
}

static int64_t deadline_of(const th_db *db)
{
    return db->patience_us == TH__FOREVER ? TH__FOREVER : th__real_us() + db->patience_us;
}

/* A sync without anything before it: the server's answer is that it is ready. */
static th_rc say_a_word(th_db *db, th_error *err)
{
    if (!PQpipelineSync(db->pg))
        return th_db_result_error(db, NULL, err);
    if (!await_result(db->pg, deadline_of(db))) {
        th__db_cut(db);
        return th_fail(err, TH_DB_LOST, "the server did not answer in time");
    }
    PGresult *answer = PQgetResult(db->pg);
    bool heard = PQresultStatus(answer) == PGRES_PIPELINE_SYNC;

    PQclear(answer);
    return heard ? TH_OK : th_db_result_error(db, NULL, err);
}

th_rc th_db_keep_alive(th_db *db, int64_t silent_us, th_error *err)
{
    if (db->lost)
        return th_fail(err, TH_DB_LOST, "the connection was lost before");
    if (th__real_us() - db->spoke_us < silent_us)
        return TH_OK;

    int before = PQisnonblocking(db->pg);

    if (!PQenterPipelineMode(db->pg) || PQsetnonblocking(db->pg, 1) != 0)
        return th_db_result_error(db, NULL, err);
    th_rc rc = say_a_word(db, err);

    if (rc == TH_OK && !PQexitPipelineMode(db->pg))
        rc = th_db_result_error(db, NULL, err);
    if (!db->lost)
        PQsetnonblocking(db->pg, before);
    db->spoke_us = th__real_us();
    return rc;
}

static th_rc lie(th_db *db, th_error *err)
{
    th__db_cut(db);
    return th_fail(err, TH_DB_LOST, "fault injection: the connection was cut after the statement");
}

th_rc th__db_ask(th_db *db, const th__statement *statement, PGresult **res, th_error *err)
{
    th_error ignored = { 0 };
    th_fault fault = th_fault_point();

    *res = NULL;
    if (fault == TH_FAULT_FAIL) {
        th__db_cut(db);
        return th_fail(err, TH_DB_LOST, "fault injection: the connection was cut");
    }
    bool lies = fault == TH_FAULT_LIE;
    th_rc rc = th__db_run(db, statement, deadline_of(db), res, lies ? &ignored : err);

    if (!lies)
        return rc;
    PQclear(*res);
    *res = NULL;
    return lie(db, err);
}

static th_rc run_counted(th_db *db, const th__statement *statement, PGresult **res, th_error *err)
{
    PGresult *got = NULL;

    if (res)
        *res = NULL;
    th_rc rc = th__db_ask(db, statement, &got, err);

    if (rc == TH_OK && res) {
        *res = got;
        return TH_OK;
    }
    PQclear(got);
    return rc;
}

th_rc th_db_query(th_db *db, const char *sql, int n, const char *const *params, PGresult **res,
                  th_error *err)
{
    th__statement statement = { .sql = sql, .n = n, .values = params };

    return run_counted(db, &statement, res, err);
}

/* Else a scalar would be sent as null. */
static bool are_ready(const th_params *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->offsets[i] != SIZE_MAX && p->values[i] != p->scalars.data + p->offsets[i])
            return false;
    return true;
}

th_rc th_db_exec(th_db *db, const char *sql, const struct th_params *params, bool binary_result,
                 PGresult **res, th_error *err)
{
    th__statement statement = { .sql = sql, .result_format = binary_result };

    if (res)
        *res = NULL;
    if (params && (params->failed || params->scalars.failed))
        return th_fail(err, TH_TOO_LARGE, "a value is too large for a statement");
    if (params && !are_ready(params))
        return th_fail(err, TH_INTERNAL, "parameters were not made ready");
    if (params) {
        statement.n = params->n;
        statement.types = params->types;
        statement.values = params->values;
        statement.lengths = params->lengths;
        statement.formats = params->formats;
    }
    return run_counted(db, &statement, res, err);
}

th_rc th_db_script(th_db *db, const char *sql, th_error *err)
{
    th__statement statement = { .sql = sql, .script = true };

    return run_counted(db, &statement, NULL, err);
}
