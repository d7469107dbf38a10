/* owners.c - workers: register, leave, bury; the watch and the fence (protocol O5, O7, A5). */
#include "store/owners.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/params.h"
#include "store/store_int.h"
#include "store/th_sql.h"

/* How many ids are tried whose lock a stranger holds. */
enum { MOST_TRIES = 16 };

/* Over what the server itself needs to end a silent session (protocol S1). */
enum { SILENT_SECONDS = 12 };

/* ---- one WORKER lock, always in a statement of its own and outside a transaction (protocol S4)
 * ---- */

/* A statement that answers with one boolean. */
static th_rc lock_call(th_db *db, const char *sql, int32_t worker_id, bool *yes, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    th_param_i32(&p, TH_LOCK_WORKER);
    th_param_i32(&p, worker_id);
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, sql, &p, true, &res, err);
    if (rc == TH_OK)
        *yes = PQgetvalue(res, 0, 0)[0] != 0;
    PQclear(res);
    th_params_free(&p);
    return rc;
}

static th_rc try_lock(th_db *db, int32_t worker_id, bool *had, th_error *err)
{
    return lock_call(db, "select pg_catalog.pg_try_advisory_lock($1, $2)", worker_id, had, err);
}

static th_rc unlock(th_db *db, int32_t worker_id, th_error *err)
{
    bool held = false;
    th_rc rc = lock_call(db, "select pg_catalog.pg_advisory_unlock($1, $2)", worker_id, &held, err);

    if (rc == TH_OK && !held)
        rc = th_fail(err, TH_INTERNAL, "worker %d did not hold its lock", (int)worker_id);
    return rc;
}

/* ---- register ---- */

static const char *roles_text(const th_worker_info *info)
{
    if (info->partitions)
        return info->activities ? "orchestrators,activities" : "orchestrators";
    if (info->episodes)
        return info->activities ? "episodes,activities" : "episodes";
    return info->activities ? "activities" : "";
}

static void add_names(th_params *p, th_array *a, const char *const *names, size_t n)
{
    th_array_init(a, TH_T_TEXT);
    for (size_t i = 0; i < n; i++)
        th_array_text(a, names[i]);
    th_param_array(p, a);
}

/* Writes the row with the given statement; *written: it is there now. */
static th_rc write_row(th_db *db, const char *sql, const th_worker_info *info, int32_t worker_id,
                       bool *written, th_error *err)
{
    th_params p = { 0 };
    th_array orchestrators, activities, entities;
    PGresult *res = NULL;

    th_param_i32(&p, worker_id);
    th_param_i32(&p, info->hub_id);
    th_param_text(&p, info->host);
    th_param_i32(&p, info->pid);
    th_param_text(&p, "taskhub " TH_VERSION);
    th_param_text(&p, roles_text(info));
    add_names(&p, &orchestrators, info->orchestrator_names, info->orchestrator_count);
    add_names(&p, &activities, info->activity_names, info->activity_count);
    add_names(&p, &entities, info->entity_names, info->entity_count);
    th_param_text(&p, th_db_incarnation(db));
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, sql, &p, true, &res, err);
    if (rc == TH_OK)
        *written = strcmp(PQcmdTuples(res), "1") == 0;
    PQclear(res);
    th_array_free(&orchestrators);
    th_array_free(&activities);
    th_array_free(&entities);
    th_params_free(&p);
    return rc;
}

/* *back: the worker has its id again; else it holds nothing. */
static th_rc come_back(th_db *db, const th_worker_info *info, bool *back, th_error *err)
{
    bool had = false;
    th_rc rc = try_lock(db, info->worker_id, &had, err);

    if (rc != TH_OK || !had)
        return rc;
    rc = write_row(db, th_sql_worker_return, info, info->worker_id, back, err);
    if (rc == TH_OK && !*back)
        rc = unlock(db, info->worker_id, err);
    return rc;
}

static th_rc new_id(th_db *db, int32_t *worker_id, th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = th_db_exec(db,
                          "select pg_catalog.nextval(pg_catalog.pg_get_serial_sequence("
                          "'taskhub.workers', 'worker_id'))::pg_catalog.int4",
                          NULL, true, &res, err);

    if (rc == TH_OK)
        *worker_id = th_get_i32(PQgetvalue(res, 0, 0));
    PQclear(res);
    return rc;
}

/* A new id and its lock. Who lets a stranger's lock stop it would never start. */
static th_rc lock_new_id(th_db *db, int32_t *worker_id, th_error *err)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        bool had = false;
        th_rc rc = new_id(db, worker_id, err);

        if (rc == TH_OK)
            rc = try_lock(db, *worker_id, &had, err);
        if (rc != TH_OK || had)
            return rc;
    }
    return th_fail(err, TH_UNAVAILABLE,
                   "other sessions hold the advisory locks of %d new worker ids, up to %d",
                   MOST_TRIES, (int)*worker_id);
}

static th_rc register_anew(th_db *db, th_worker_info *info, th_error *err)
{
    int32_t worker_id = 0;
    bool written = false;
    th_rc rc = lock_new_id(db, &worker_id, err);

    if (rc == TH_OK)
        rc = write_row(db, th_sql_worker_insert, info, worker_id, &written, err);
    if (rc == TH_OK)
        info->worker_id = worker_id;
    return rc;
}

th_rc th_worker_register(th_db *control, th_worker_info *info, th_error *err)
{
    bool back = false;
    th_rc rc = TH_OK;

    if (info->worker_id)
        rc = come_back(control, info, &back, err);
    if (rc == TH_OK && !back)
        rc = register_anew(control, info, err);
    /* A lock may be held that nobody knows of: it must go with the session. */
    if (rc != TH_OK)
        th__db_cut(control);
    return rc;
}

/* ---- the row's later life ---- */

static th_rc update_row(th_db *db, const char *sql, int32_t worker_id, th_error *err)
{
    th_params p = { 0 };

    th_param_i32(&p, worker_id);
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, sql, &p, true, NULL, err);
    th_params_free(&p);
    return rc;
}

th_rc th_worker_set_names(th_db *control, const th_worker_info *info, th_error *err)
{
    bool written;

    return write_row(control, th_sql_worker_return, info, info->worker_id, &written, err);
}

th_rc th_worker_set_draining(th_db *control, int32_t worker_id, th_error *err)
{
    return update_row(control, "update taskhub.workers set draining = true where worker_id = $1",
                      worker_id, err);
}

th_rc th_worker_leave(th_db *control, int32_t worker_id, th_error *err)
{
    th_rc rc = update_row(control,
                          "update taskhub.workers set dead_at = pg_catalog.now()"
                          " where worker_id = $1 and dead_at is null",
                          worker_id, err);

    return rc == TH_OK ? unlock(control, worker_id, err) : rc;
}

th_rc th_worker_bury(th_db *control, int32_t worker_id, bool *buried, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    *buried = false;
    th_param_i32(&p, worker_id);
    th_param_i32(&p, TH_LOCK_WORKER);
    th_params_ready(&p);
    th_rc rc = th_db_exec(control, th_sql_worker_bury, &p, true, &res, err);
    if (rc == TH_OK)
        *buried = PQntuples(res) == 1;
    PQclear(res);
    th_params_free(&p);
    return rc;
}

th_rc th_owners_fence(th_db *control, int32_t partition_id, bool *done, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    *done = false;
    th_param_i32(&p, partition_id);
    th_param_i32(&p, TH_LOCK_PEN);
    th_params_ready(&p);
    th_rc rc = th_db_exec(control, th_sql_owners_fence, &p, true, &res, err);
    if (rc == TH_OK)
        *done = PQntuples(res) == 1 && PQgetvalue(res, 0, 0)[0] != 0;
    PQclear(res);
    th_params_free(&p);
    return rc;
}

th_rc th_early_events_expire(th_db *control, const char *hub, int64_t *deleted, th_error *err)
{
    PGresult *res = NULL;

    *deleted = 0;
    th_rc rc = th_db_query(control, "select taskhub.expire_early_events($1)", 1, &hub, &res, err);
    if (rc == TH_OK)
        *deleted = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return rc;
}

/* ---- the watch ---- */

/* Columns of owners_watch.sql. */
enum { C_KIND, C_ID, C_NUMBER, C_FLAG = 5, C_TIME = 10 };
enum { KIND_SERVER, KIND_WORKER, KIND_PARTITION, KINDS };
enum { WAIT_ACTIVITIES = 1, WAIT_EPISODES = 2 };

static int32_t number(const PGresult *res, int row, int i)
{
    return th_get_i32(PQgetvalue(res, row, C_NUMBER + i));
}

/* A null is false. */
static bool flag(const PGresult *res, int row, int i)
{
    return PQgetlength(res, row, C_FLAG + i) == 1 && PQgetvalue(res, row, C_FLAG + i)[0] != 0;
}

static th_seen_worker worker_of(const PGresult *res, int row)
{
    return (th_seen_worker){
        .worker_id = th_get_i32(PQgetvalue(res, row, C_ID)),
        .locked = flag(res, row, 0),
        .same_server = flag(res, row, 1),
        .draining = flag(res, row, 2),
        .dead = flag(res, row, 3),
        .owns = flag(res, row, 4),
    };
}

static th_seen_partition partition_of(const PGresult *res, int row)
{
    return (th_seen_partition){
        .partition_id = th_get_i32(PQgetvalue(res, row, C_ID)),
        .holder_pid = number(res, row, 0),
        .worker_id = number(res, row, 1),
        .pen_pid = number(res, row, 2),
        .clean = flag(res, row, 0),
        .first_due_us =
            PQgetisnull(res, row, C_TIME) ? TH_TIME_INF : th_get_time(PQgetvalue(res, row, C_TIME)),
        .pen_waits_silent = flag(res, row, 1),
    };
}

static void read_server(th_watch *out, const PGresult *res, int row)
{
    out->paused = flag(res, row, 0);
    out->purging = flag(res, row, 1);
    out->retains = flag(res, row, 2);
    out->server_now_us = th_get_time(PQgetvalue(res, row, C_TIME));
    out->server_up_us = out->server_now_us - th_get_time(PQgetvalue(res, row, C_TIME + 1));
    out->early_seconds = number(res, row, 0);
    out->keeps_history = flag(res, row, 3);
    out->activities_wait = number(res, row, 1) & WAIT_ACTIVITIES;
    out->episodes_wait = number(res, row, 1) & WAIT_EPISODES;
    out->names_print = number(res, row, 2);
}

static void read_watch(th_arena *arena, th_watch *out, const PGresult *res)
{
    int n = PQntuples(res);
    size_t counts[KINDS] = { 0 };

    for (int i = 0; i < n; i++)
        counts[th_get_i16(PQgetvalue(res, i, C_KIND))]++;
    out->workers = th_new(arena, th_seen_worker, counts[KIND_WORKER]);
    out->partitions = th_new(arena, th_seen_partition, counts[KIND_PARTITION]);

    for (int i = 0; i < n; i++) {
        int16_t kind = th_get_i16(PQgetvalue(res, i, C_KIND));

        if (kind == KIND_SERVER)
            read_server(out, res, i);
        else if (kind == KIND_WORKER)
            out->workers[out->worker_count++] = worker_of(res, i);
        else
            out->partitions[out->partition_count++] = partition_of(res, i);
    }
}

static void add_sleepers(th_params *p, th_array *partitions, const th_sleepers *sleepers)
{
    static const th_sleepers nobody = { 0 };
    const th_sleepers *s = sleepers ? sleepers : &nobody;

    th_array_init(partitions, TH_T_INT4);
    for (size_t i = 0; i < s->partition_count; i++)
        th_array_i32(partitions, s->partitions[i]);
    th_param_array(p, partitions);
    th_param_bool(p, s->activities);
    th_param_bool(p, s->episodes);
}

th_rc th__owners_watch(th_db *control, int32_t hub_id, const th_sleepers *sleepers,
                       int32_t silent_seconds, th_arena *arena, th_watch *out, th_error *err)
{
    th_params p = { 0 };
    th_array partitions;
    PGresult *res = NULL;

    *out = (th_watch){ 0 };
    th_param_i32(&p, hub_id);
    th_param_text(&p, th_db_incarnation(control));
    th_param_i32(&p, TH_LOCK_PEN);
    th_param_i32(&p, TH_LOCK_WORKER);
    th_param_i32(&p, silent_seconds);
    add_sleepers(&p, &partitions, sleepers);
    th_params_ready(&p);
    th_rc rc = th_db_exec(control, th_sql_owners_watch, &p, true, &res, err);
    if (rc == TH_OK)
        read_watch(arena, out, res);
    PQclear(res);
    th_array_free(&partitions);
    th_params_free(&p);
    return rc;
}

th_rc th_owners_watch(th_db *control, int32_t hub_id, const th_sleepers *sleepers, th_arena *arena,
                      th_watch *out, th_error *err)
{
    return th__owners_watch(control, hub_id, sleepers, SILENT_SECONDS, arena, out, err);
}
