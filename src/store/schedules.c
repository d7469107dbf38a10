/* schedules.c - see schedules.h. */
#include "store/schedules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/th_sql.h"

/* ---- running --------------------------------------------------------------------------------- */

static int64_t number(const th_rows *rows, size_t column, int64_t fallback)
{
    const char *cell = th_rows_cell(rows, 0, column);

    return cell ? strtoll(cell, NULL, 10) : fallback;
}

/* "3 4 12" */
static void read_partitions(th_arena *arena, const char *text, size_t count, th_schedules_ran *out)
{
    char *rest = NULL;

    out->partitions = th_new(arena, int32_t, count + 1);
    for (; out->partition_count < count; text = rest)
        out->partitions[out->partition_count++] = (int32_t)strtol(text, &rest, 10);
}

th_rc th_schedules_run(th_db *db, th_arena *arena, const char *hub, th_schedules_ran *out,
                       th_error *err)
{
    th_rows rows;

    *out = (th_schedules_ran){ .wait_us = TH_TIME_INF };
    th_rc rc = th_rows_query(db, arena, th_sql_schedules_run, 1, &hub, &rows, err);
    if (rc != TH_OK)
        return rc;
    out->handled = (int32_t)number(&rows, 0, 0);
    out->started = (int32_t)number(&rows, 1, 0);
    read_partitions(arena, th_rows_cell(&rows, 0, 3), (size_t)number(&rows, 2, 0), out);
    out->problems = th_rows_cell(&rows, 0, 4);
    out->wait_us = number(&rows, 5, TH_TIME_INF);
    return TH_OK;
}

/* ---- making and deleting ----------------------------------------------------------------------
 */

/* Nobody's transaction hangs on ours, so engines may be told at once. */
#define TELLING " from set_config('taskhub.notify', 'on', true)"

th_rc th_schedule_put(th_db *db, const char *hub, const th_schedule *schedule, th_error *err)
{
    static const char sql[] =
        "select taskhub.create_schedule($1, $2, $3, $4,"
        " coalesce($5, 'UTC'), coalesce($6, 'allow'), coalesce($7, 'skip'), coalesce($8::int, 100),"
        " $9::boolean, true, $10)" TELLING;
    char limit[16];
    const bool *enabled = schedule->enabled;
    const char *const params[] = { schedule->name,
                                   schedule->expression,
                                   schedule->orchestrator,
                                   schedule->input,
                                   schedule->time_zone,
                                   schedule->overlap,
                                   schedule->missed,
                                   schedule->missed_limit ? limit : NULL,
                                   !enabled   ? NULL
                                   : *enabled ? "true"
                                              : "false",
                                   hub };

    snprintf(limit, sizeof limit, "%d", (int)schedule->missed_limit);
    return th_db_query(db, sql, 10, params, NULL, err);
}

th_rc th_schedule_drop(th_db *db, const char *hub, const char *name, th_error *err)
{
    const char *const params[] = { name, hub };

    return th_db_query(db, "select taskhub.drop_schedule($1, $2)", 2, params, NULL, err);
}

/* ---- looking ----------------------------------------------------------------------------------
 */

th_rc th_schedule_get(th_db *db, th_arena *arena, const char *hub, const char *name,
                      const char **json, bool *is_new, th_error *err)
{
    const char *const params[] = { hub, name };
    th_rows rows;

    th_rc rc = th_rows_query(db, arena, th_sql_schedules_json, 2, params, &rows, err);
    if (rc != TH_OK)
        return rc;
    if (rows.count == 0)
        return th_fail(err, TH_NOT_FOUND, "hub \"%s\" has no schedule \"%s\"", hub, name);
    *json = th_rows_cell(&rows, 0, 0);
    *is_new = th_rows_cell(&rows, 0, 1)[0] == 't';
    return TH_OK;
}

th_rc th_schedules_list(th_db *db, th_arena *arena, const char *hub, const char **json,
                        th_error *err)
{
    const char *const params[] = { hub, NULL };
    th_buf text = TH_BUF_INIT;
    th_rows rows;

    th_rc rc = th_rows_query(db, arena, th_sql_schedules_json, 2, params, &rows, err);
    if (rc != TH_OK)
        return rc;
    th_buf_chr(&text, '[');
    for (size_t i = 0; i < rows.count; i++) {
        th_buf_str(&text, i ? "," : "");
        th_buf_str(&text, th_rows_cell(&rows, i, 0));
    }
    th_buf_chr(&text, ']');
    *json = th_strndup(arena, text.data, text.len);
    th_buf_free(&text);
    return TH_OK;
}
