/*
 * pen.c - an owner's connection: opening, and the blocking half: taking partitions, giving them
 * back, settling.
 */
#include "store/pen.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/owners.h"
#include "store/pen_int.h"
#include "store/th_sql.h"

typedef struct prepared {
    const char *name;
    const char *text;
} prepared;

/* Plans must stay with the keys whatever the tables hold: a join of 500 keys with a table of a
 * million rows, or of ten. */
static const char settings[] =
    "set plan_cache_mode = force_generic_plan; set enable_hashjoin = off;"
    "set enable_mergejoin = off; set enable_seqscan = off;"
    "set enable_material = off; set jit = off";

static const char idle_sql[] =
    "select pg_try_advisory_lock(1952972803, p) from unnest($1::int[]) p";
static const char awake_sql[] = "select pg_advisory_unlock(1952972803, p) from unnest($1::int[]) p";
_Static_assert((int)TH_LOCK_IDLE == 1952972803,
               "the class of the IDLE locks stands in these statements");

static const prepared extra[] = {
    { "begin", "begin" },
    { "commit", "commit" },
    { "read", th_sql_inbox_read },
    { "next", th_sql_inbox_next },
    { "held", th_sql_inbox_held },
    { "replay", th_sql_history_replay },
    { "load", th_sql_instance_load },
    { "idle", idle_sql },
    { "awake", awake_sql },
};

static th_rc prepare(th_pen *pen, const char *name, const char *text, th_error *err)
{
    PGresult *res = PQprepare(pen->pg, name, text, 0, NULL);
    th_rc rc = TH_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK)
        rc = th_db_result_error(pen->db, res, err);
    PQclear(res);
    return rc;
}

static th_rc prepare_all(th_pen *pen, th_error *err)
{
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        th_rc rc = prepare(pen, extra[i].name, extra[i].text, err);
        if (rc != TH_OK)
            return rc;
    }
    for (const th_batch_sql *s = th_batch_all_sql; s->name; s++) {
        th_rc rc = prepare(pen, s->name, s->text, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

th_rc th_pen_open(const char *conninfo, th_pen **out, th_error *err)
{
    th_pen *pen = th_malloc(sizeof *pen);
    for (int i = 0; i < 4; i++)
        th_array_init(&pen->columns[i], TH_T_INT4);
    th_rc rc = th_db_open(conninfo, TH_DB_PEN, &pen->db, err);
    if (rc != TH_OK)
        goto failed;
    pen->pg = th_db_pg(pen->db);
    rc = th_db_script(pen->db, settings, err);
    if (rc == TH_OK)
        rc = prepare_all(pen, err);
    if (rc == TH_OK)
        rc = th__pen_enter(pen, err);
    if (rc != TH_OK)
        goto failed;
    *out = pen;
    return TH_OK;
failed:
    th_pen_close(pen);
    return rc;
}

void th_pen_close(th_pen *pen)
{
    if (!pen)
        return;
    for (; pen->count; pen->count--) {
        pen_op *op = &pen->ops[pen->first];
        PQclear(op->results[0]);
        PQclear(op->results[1]);
        pen->first = (pen->first + 1) % PEN_MAX_OPS;
    }
    th_db_close(pen->db);
    th_params_free(&pen->params);
    for (int i = 0; i < 4; i++)
        th_array_free(&pen->columns[i]);
    free(pen);
}

int th_pen_fd(const th_pen *pen)
{
    return PQsocket(pen->pg);
}

int th_pen_pid(const th_pen *pen)
{
    return th_db_pid(pen->db);
}

bool th_pen_wants_write(const th_pen *pen)
{
    return pen->dirty;
}

int th_pen_in_flight(const th_pen *pen)
{
    return pen->count;
}

/* ---- in and out of the pipeline ------------------------------------------------------------- */

th_rc th__pen_leave(th_pen *pen, th_error *err)
{
    if (pen->count > 0)
        return th_fail(err, TH_INTERNAL, "the owner's pipeline is not idle");
    for (PGresult *r; (r = PQgetResult(pen->pg)) != NULL;)
        PQclear(r);
    if (!PQexitPipelineMode(pen->pg))
        return th_fail(err, TH_DB_LOST, "leaving the pipeline: %.300s", PQerrorMessage(pen->pg));
    PQsetnonblocking(pen->pg, 0);
    return TH_OK;
}

th_rc th__pen_enter(th_pen *pen, th_error *err)
{
    if (!PQenterPipelineMode(pen->pg) || PQsetnonblocking(pen->pg, 1) != 0)
        return th_fail(err, TH_DB_LOST, "entering the pipeline: %.300s", PQerrorMessage(pen->pg));
    return TH_OK;
}

/* One row of text results from one blocking statement; the caller clears *res. */
static th_rc ask(th_pen *pen, const char *sql, int n, const char *const *params, PGresult **res,
                 th_error *err)
{
    th_rc rc = th__pen_leave(pen, err);
    if (rc != TH_OK)
        return rc;
    rc = th_db_query(pen->db, sql, n, params, res, err);
    th_rc back = th_db_is_lost(pen->db) ? TH_DB_LOST : th__pen_enter(pen, err);
    return rc != TH_OK ? rc : back;
}

/* ---- ownership ------------------------------------------------------------------------------ */

typedef struct number_text {
    char s[24];
} number_text;

static number_text as_text(int64_t v)
{
    number_text t;
    snprintf(t.s, sizeof t.s, "%lld", (long long)v);
    return t;
}

static bool is_true(const PGresult *res)
{
    return PQntuples(res) == 1 && PQgetvalue(res, 0, 0)[0] == 't';
}

static th_rc try_lock(th_pen *pen, int32_t partition_id, th_error *err)
{
    number_text class = as_text(TH_LOCK_PEN), key = as_text(partition_id);
    const char *params[] = { class.s, key.s };
    PGresult *res = NULL;
    th_rc rc = ask(pen, "select pg_try_advisory_lock($1::int, $2::int)", 2, params, &res, err);
    if (rc == TH_OK && !is_true(res))
        rc = th_fail(err, TH_NOT_OWNER, "another process owns partition %d", partition_id);
    PQclear(res);
    return rc;
}

/*
 * The row that opens a term, and who owns the partition from now on; earlier openings stay for a
 * day. A worker that only lost its connection lives: no orchestrator has killed it, so nothing
 * speaks against those that ran (protocol O2).
 */
static const char open_term[] =
    "with old as (select clean or coalesce(worker_id = $2::int, false) as clean from "
    "taskhub.partitions "
    "  where partition_id = $1::int), "
    "top as (select coalesce(max(commit_no), 0) + 1 as n from taskhub.commits where partition_id = "
    "$1::int), "
    "opened as (insert into taskhub.commits (partition_id, commit_no, term, opened_at) "
    "  select $1::int, n, n, now() from top), "
    "pruned as (delete from taskhub.commits where partition_id = $1::int "
    "  and commit_no < (select n from top) - 64 and (opened_at is null or opened_at < now() - "
    "interval '1 day')), "
    "owner as (update taskhub.partitions set worker_id = $2::int, pen_pid = pg_backend_pid(), term "
    "= (select n from top), "
    "  pen_started = (select backend_start from pg_stat_get_activity(pg_backend_pid())), "
    "  acquired_at = now(), clean = false where partition_id = $1::int) "
    "select top.n, old.clean, case when old.clean then 0 else coalesce((select max(message_no) "
    "from taskhub.inbox "
    "  where partition_id = $1::int and due <= now()), 0) end from top, old";

static th_rc take_term(th_pen *pen, int32_t partition_id, int32_t worker_id, th_ownership *out,
                       th_error *err)
{
    number_text p = as_text(partition_id), w = as_text(worker_id);
    const char *params[] = { p.s, w.s };
    PGresult *res = NULL;
    th_rc rc = ask(pen, open_term, 2, params, &res, err);
    if (rc == TH_DB && strcmp(err->sqlstate, "23505") == 0)
        err->rc = rc = TH_CONFLICT;
    if (rc == TH_OK && PQntuples(res) != 1)
        rc = th_fail(err, TH_NOT_FOUND, "there is no partition %d", partition_id);
    if (rc == TH_OK) {
        out->term = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
        out->clean = PQgetvalue(res, 0, 1)[0] == 't';
        out->last_message = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
    }
    PQclear(res);
    return rc;
}

th_rc th_pen_acquire(th_pen *pen, int32_t partition_id, int32_t worker_id, th_ownership *out,
                     th_error *err)
{
    th_rc rc = try_lock(pen, partition_id, err);
    if (rc != TH_OK)
        return rc;
    return take_term(pen, partition_id, worker_id, out, err);
}

static th_rc run(th_pen *pen, const char *sql, int64_t a, int64_t b, PGresult **res, th_error *err)
{
    number_text x = as_text(a), y = as_text(b);
    const char *params[] = { x.s, y.s };
    return ask(pen, sql, 2, params, res, err);
}

th_rc th_pen_give(th_pen *pen, int32_t partition_id, th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = run(pen,
                   "update taskhub.partitions set clean = true, worker_id = null, pen_pid = null "
                   "where partition_id = $1::int and pen_pid = pg_backend_pid() and $2::int = 0",
                   partition_id, 0, NULL, err);
    if (rc == TH_OK)
        rc = run(pen, "select pg_advisory_unlock($1::int, $2::int)", TH_LOCK_PEN, partition_id,
                 &res, err);
    if (rc == TH_OK && !is_true(res))
        rc = th_fail(err, TH_CONFLICT, "partition %d was given back, but its lock was not held",
                     partition_id);
    PQclear(res);
    return rc;
}

th_rc th_pen_release_dead(th_pen *pen, int32_t partition_id, int32_t me, int32_t limit,
                          int64_t *freed, int64_t *poisoned, int64_t *left, th_error *err)
{
    number_text p = as_text(partition_id), w = as_text(me), l = as_text(limit);
    const char *params[] = { p.s, w.s, l.s };
    PGresult *res = NULL;
    th_rc rc = ask(pen, th_sql_claim_release, 3, params, &res, err);
    if (rc == TH_OK && freed)
        *freed = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    if (rc == TH_OK && poisoned)
        *poisoned = strtoll(PQgetvalue(res, 0, 1), NULL, 10);
    if (rc == TH_OK && left)
        *left = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
    PQclear(res);
    return rc;
}

th_rc th_pen_early(th_pen *pen, th_arena *arena, int32_t partition_id, const char *const **ids,
                   size_t *count, th_error *err)
{
    number_text p = as_text(partition_id);
    const char *params[] = { p.s };
    PGresult *res = NULL;
    *count = 0;
    th_rc rc = ask(pen, th_sql_inbox_early, 1, params, &res, err);
    if (rc == TH_OK) {
        *count = (size_t)PQntuples(res);
        const char **list = th_new(arena, const char *, *count + 1);
        for (size_t i = 0; i < *count; i++)
            list[i] = th_strdup(arena, PQgetvalue(res, (int)i, 0));
        *ids = list;
    }
    PQclear(res);
    return rc;
}

th_rc th_pen_count_attempts(th_pen *pen, const th_message_key *keys, size_t n, th_error *err)
{
    static const th_type types[] = { TH_T_INT4, TH_T_TIMESTAMPTZ, TH_T_INT8 };
    for (int c = 0; c < 3; c++) {
        th_array_clear(&pen->columns[c]);
        pen->columns[c].type = types[c];
    }
    for (size_t i = 0; i < n; i++) {
        th_array_i32(&pen->columns[0], keys[i].partition_id);
        th_array_time(&pen->columns[1], keys[i].due_us);
        th_array_i64(&pen->columns[2], keys[i].message_no);
    }
    th_params_clear(&pen->params);
    for (int c = 0; c < 3; c++)
        th_param_array(&pen->params, &pen->columns[c]);
    th_params_ready(&pen->params);
    th_rc rc = th__pen_leave(pen, err);
    if (rc != TH_OK)
        return rc;
    rc = th_db_exec(pen->db, th_sql_attempt_count, &pen->params, false, NULL, err);
    th_rc back = th_db_is_lost(pen->db) ? TH_DB_LOST : th__pen_enter(pen, err);
    return rc != TH_OK ? rc : back;
}

th_rc th_pen_rollback(th_pen *pen, th_error *err)
{
    return ask(pen, "rollback", 0, NULL, NULL, err);
}

/* ---- settling ------------------------------------------------------------------------------- */

/* Before the next term's first number; or, with no next term, not above the last one there. */
static const char settle[] =
    "select coalesce((select min(term) from taskhub.commits where partition_id = $1::int "
    "and commit_no = term and term > $3::bigint) > $2::bigint, "
    "(select max(commit_no) from taskhub.commits where partition_id = $1::int) >= $2::bigint, "
    "false)";

th_rc th_pen_settled(th_pen *pen, int32_t partition_id, int64_t commit_no, int64_t term,
                     bool *committed, th_error *err)
{
    number_text p = as_text(partition_id), n = as_text(commit_no), t = as_text(term);
    const char *params[] = { p.s, n.s, t.s };
    PGresult *res = NULL;
    th_rc rc = ask(pen, settle, 3, params, &res, err);
    if (rc == TH_OK)
        *committed = is_true(res);
    PQclear(res);
    return rc;
}

th_rc th_pen_is_gone(th_pen *pen, int32_t partition_id, int old_pid, bool *gone, th_error *err)
{
    number_text c = as_text(TH_LOCK_PEN), p = as_text(partition_id), pid = as_text(old_pid);
    const char *params[] = { c.s, p.s, pid.s };
    PGresult *res = NULL;
    th_rc rc =
        ask(pen,
            "select not exists (select from pg_locks where locktype = 'advisory' and objsubid = 2 "
            "and classid::bigint = $1::bigint and objid::bigint = $2::bigint and pid = $3::int and "
            "granted)",
            3, params, &res, err);
    if (rc == TH_OK)
        *gone = is_true(res);
    PQclear(res);
    return rc;
}
