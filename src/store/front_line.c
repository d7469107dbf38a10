/*
 * front_line.c - a connection of the front: it comes back after an outage, and it knows when to
 * give up.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/front_int.h"
#include "store/th_sql.h"

#define FIRST_PAUSE_US INT64_C(20000)
#define LAST_PAUSE_US INT64_C(1000000)

/* Half to all of it, so that the processes of a fleet don't come back in step. */
static int64_t jittered(int64_t us)
{
    th_uuid random = th_uuid_random();
    int64_t part = random.b[0] | random.b[1] << 8;

    return us / 2 + us / 2 * part / 65535;
}

static bool stopping(th__line *line)
{
    return !th__front_queue_pause(line->queue, 0);
}

static void begin_outage(th__line *line, int64_t since_us, const th_error *err)
{
    if (line->down_since_us)
        return;
    line->down_since_us = since_us;
    line->pause_us = FIRST_PAUSE_US;
    th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "the front end's database does not answer: %s",
           err->text);
}

static void end_outage(th__line *line)
{
    if (!line->down_since_us)
        return;
    line->down_since_us = 0;
    th_log(TH_LOG_INFO, TH_EV_DB_CONNECTED, NULL, "the front end's database answers again");
}

/* A try to connect is expected to take as long as the last one did. */
bool th__line_hopeless(const th__line *line)
{
    return line->down_since_us &&
           th__real_us() + line->open_took_us - line->down_since_us >= TH__GIVE_UP_US;
}

static void set_next_try(th__line *line)
{
    line->next_try_us = th__real_us() + jittered(line->pause_us);
    line->pause_us = line->pause_us * 2 < LAST_PAUSE_US ? line->pause_us * 2 : LAST_PAUSE_US;
}

typedef struct prepared {
    const char *name;
    const char *const sql;
} prepared;

static const prepared statements[] = {
    { "front_settings", th_sql_front_settings }, { "front_start", th_sql_front_start },
    { "front_signal", th_sql_front_signal },     { "front_control", th_sql_front_control },
    { "front_get", th_sql_front_get },
};
enum { STATEMENTS = sizeof statements / sizeof statements[0] };

/* Planning a start takes longer than the start. Behind a pooler, which shows another process id
 * than the server's, prepared statements would be lost with the next transaction, so there
 * everything is planned anew. */
static bool prepare_all(th_db *db)
{
    th_error err = { 0 };
    PGresult *res = NULL;
    bool direct = th_db_query(db, "select pg_backend_pid()", 0, NULL, &res, &err) == TH_OK &&
                  atoi(PQgetvalue(res, 0, 0)) == th_db_pid(db);

    PQclear(res);
    for (int i = 0; direct && i < STATEMENTS; i++) {
        res = PQprepare(th_db_pg(db), statements[i].name, statements[i].sql, 0, NULL);
        direct = PQresultStatus(res) == PGRES_COMMAND_OK;
        PQclear(res);
    }
    return direct;
}

static const char *prepared_name(const th__line *line, const char *sql)
{
    for (int i = 0; line->direct && i < STATEMENTS; i++)
        if (statements[i].sql == sql)
            return statements[i].name;
    return NULL;
}

static void try_to_open(th__line *line, th_error *err)
{
    int64_t before_us = th__real_us();

    th_error_clear(err);
    th_rc rc = th_db_open(line->front->conninfo, TH_DB_POOL, &line->db, err);
    line->open_took_us = th__real_us() - before_us;
    if (rc == TH_OK) {
        line->direct = prepare_all(line->db);
        PQsetnonblocking(th_db_pg(line->db), 1);
        return;
    }
    line->db = NULL;
    begin_outage(line, before_us, err);
    set_next_try(line);
}

static th_rc give_up(th__line *line, th_error *err)
{
    char why[sizeof err->text];

    memcpy(why, err->text, sizeof why);
    th_error_clear(err);
    if (stopping(line))
        return th_fail(err, TH_UNAVAILABLE, "the front end is stopping");
    return th_fail(err, TH_UNAVAILABLE, "the database has been away for too long%s%.800s",
                   why[0] ? ": " : "", why);
}

th_rc th__line_ready(th__line *line, th_error *err)
{
    while (!line->db) {
        if (th__real_us() >= line->next_try_us)
            try_to_open(line, err);
        if (line->db)
            break;
        if (th__line_hopeless(line) || !th__front_queue_pause(line->queue, line->next_try_us))
            return give_up(line, err);
    }
    return TH_OK;
}

th_rc th__line_backoff(th__line *line, th_error *err)
{
    begin_outage(line, th__real_us(), err);
    set_next_try(line);
    if (th__line_hopeless(line) || !th__front_queue_pause(line->queue, line->next_try_us))
        return give_up(line, err);
    return TH_OK;
}

void th__line_close(th__line *line)
{
    th_db_close(line->db);
    line->db = NULL;
}

void th__line_lost(th__line *line, int64_t since_us, const th_error *err)
{
    th__line_close(line);
    begin_outage(line, since_us, err);
    set_next_try(line);
}

th_rc th__line_blame(th_rc rc, const th_error *err)
{
    if (rc == TH_DB && (!strncmp(err->sqlstate, "22", 2) || !strncmp(err->sqlstate, "54", 2)))
        return TH_INVALID;
    return rc;
}

bool th__line_concerns_all(th_rc rc, const th_error *err)
{
    return rc == TH_DB && !strncmp(err->sqlstate, "42", 2);
}

/* ---- one pipeline ---------------------------------------------------------------------------- */

static th_rc broken(PGconn *pg, th_error *err)
{
    char text[400];

    th__one_line(PQerrorMessage(pg), text, sizeof text);
    return th_fail(err, TH_DB_LOST, "the connection was lost: %s",
                   text[0] ? text : "no answer in time");
}

static int send_step(const th__line *line, const th__step *step)
{
    PGconn *pg = th_db_pg(line->db);
    const th_params *p = step->params;
    const char *name = prepared_name(line, step->sql);

    if (name)
        return PQsendQueryPrepared(pg, name, p->n, p->values, p->lengths, p->formats, 1);
    if (!p)
        return PQsendQueryParams(pg, step->sql, 0, NULL, NULL, NULL, NULL, 1);
    return PQsendQueryParams(pg, step->sql, p->n, p->types, p->values, p->lengths, p->formats, 1);
}

static th_rc send_steps(const th__line *line, th__step *steps, int n, th_error *err)
{
    PGconn *pg = th_db_pg(line->db);

    for (int i = 0; i < n; i++)
        if (!send_step(line, &steps[i]))
            return broken(pg, err);
    return PQpipelineSync(pg) ? TH_OK : broken(pg, err);
}

/* One round of the socket, in both directions, so that neither side waits for the other to read. */
static bool exchange(PGconn *pg, int64_t deadline_us)
{
    int left = PQflush(pg);

    if (left < 0)
        return false;
    short ready = th__wait_fd(PQsocket(pg), (short)(left ? POLLIN | POLLOUT : POLLIN), deadline_us);
    if (!ready)
        return false;
    return (ready & ~POLLOUT) ? PQconsumeInput(pg) : true;
}

static th_rc next_result(PGconn *pg, int64_t deadline_us, PGresult **res, th_error *err)
{
    while (PQisBusy(pg))
        if (!exchange(pg, deadline_us))
            return broken(pg, err);
    *res = PQgetResult(pg);
    return PQstatus(pg) == CONNECTION_BAD && !*res ? broken(pg, err) : TH_OK;
}

/* Keeps a good result in the step, and the first failure in err. */
static th_rc take_result(th__line *line, th__step *step, PGresult *res, th_error *err)
{
    switch (PQresultStatus(res)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        step->res = res;
        return TH_OK;
    case PGRES_PIPELINE_ABORTED:
        PQclear(res);
        return TH_OK;
    default:
        break;
    }
    th_rc rc = th_db_result_error(line->db, res, err);
    PQclear(res);
    return rc;
}

/* Reads up to the sync. TH_DB_LOST ends it at once; another failure is told after the sync. */
static th_rc read_steps(th__line *line, th__step *steps, int n, th_error *err)
{
    PGconn *pg = th_db_pg(line->db);
    int64_t deadline_us = th__real_us() + TH__ANSWER_US;
    th_rc first = TH_OK;
    int at = 0;

    for (;;) {
        PGresult *res = NULL;
        th_rc rc = next_result(pg, deadline_us, &res, err);
        if (rc != TH_OK)
            return rc;
        if (!res) {
            at++; /* the end of one statement's results */
            continue;
        }
        if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            return first;
        }
        rc = take_result(line, &steps[at < n ? at : n - 1], res, err);
        if (rc == TH_DB_LOST)
            return rc;
        first = first == TH_OK ? rc : first;
    }
}

static th_rc run_pipeline(th__line *line, th__step *steps, int n, th_error *err)
{
    PGconn *pg = th_db_pg(line->db);

    if (!PQenterPipelineMode(pg))
        return broken(pg, err);
    th_rc rc = send_steps(line, steps, n, err);
    if (rc == TH_OK)
        rc = read_steps(line, steps, n, err);
    if (rc != TH_DB_LOST && !PQexitPipelineMode(pg)) {
        th_error_clear(err);
        return broken(pg, err);
    }
    return rc;
}

/* After a failure inside a transaction. */
static th_rc roll_back(th__line *line, th_error *err)
{
    th__step step = { .sql = "rollback" };
    th_error why = { 0 };

    if (PQtransactionStatus(th_db_pg(line->db)) == PQTRANS_IDLE)
        return TH_OK;
    th_rc rc = run_pipeline(line, &step, 1, &why);
    PQclear(step.res);
    if (rc == TH_OK)
        return TH_OK;
    *err = why;
    return err->rc = TH_DB_LOST;
}

static void clear_steps(th__step *steps, int n)
{
    for (int i = 0; i < n; i++) {
        PQclear(steps[i].res);
        steps[i].res = NULL;
    }
}

static th_rc run_with_faults(th__line *line, th__step *steps, int n, th_error *err)
{
    th_fault fault = th_fault_point();

    if (fault == TH_FAULT_FAIL)
        return th_fail(err, TH_DB_LOST, "injected: the connection was cut before sending");
    th_rc rc = run_pipeline(line, steps, n, err);
    if (fault == TH_FAULT_LIE) {
        th_error_clear(err);
        return th_fail(err, TH_DB_LOST, "injected: the answer was lost");
    }
    return rc;
}

th_rc th__line_run(th__line *line, th__step *steps, int n, th_error *err)
{
    int64_t before_us = th__real_us();
    th_rc rc = run_with_faults(line, steps, n, err);

    if (rc == TH_OK) {
        end_outage(line);
        return TH_OK;
    }
    clear_steps(steps, n);
    if (rc != TH_DB_LOST)
        rc = roll_back(line, err);
    if (rc == TH_OK)
        return err->rc;
    th__line_lost(line, before_us, err);
    return TH_DB_LOST;
}
