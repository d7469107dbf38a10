/* purges.c - see purges.h. */
#include "store/purges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/params.h"
#include "store/rows.h"

static int64_t number(const th_rows *rows, size_t column, int64_t fallback)
{
    const char *cell = th_rows_cell(rows, 0, column);

    return cell ? strtoll(cell, NULL, 10) : fallback;
}

th_rc th_purges_step(th_db *db, th_arena *arena, const char *hub, th_purge_step *out, th_error *err)
{
    static const char sql[] = "select deleted, ceil(extract(epoch from wait) * 1000000)::bigint "
                              "from taskhub.purge_step($1)";
    th_rows rows;

    *out = (th_purge_step){ .wait_us = TH_TIME_INF };
    th_rc rc = th_rows_query(db, arena, sql, 1, &hub, &rows, err);
    if (rc != TH_OK)
        return rc;
    out->deleted = number(&rows, 0, 0);
    out->wait_us = number(&rows, 1, TH_TIME_INF);
    return TH_OK;
}

/* ---- by filter --------------------------------------------------------------------------------
 */

/* The parameters that both statements share; their texts live in arena. */
static void read_filter(th_arena *arena, const char *hub, const th_purge_filter *f,
                        const char *params[7])
{
    params[0] = th_sprintf(arena, "%" PRId64, f->created_from_us);
    params[1] = th_sprintf(arena, "%" PRId64, f->created_to_us);
    params[2] = th_sprintf(arena, "%u", f->statuses);
    params[3] = f->recursive ? "true" : "false";
    params[4] = f->after;
    params[5] = hub;
    params[6] = f->key;
}

#define AT(n) "timestamptz 'epoch' + $" #n "::bigint * interval '1 microsecond'"
/* In FROM, so that the setting is there before the function is called. */
#define ARGUMENTS                                                                             \
    "(" AT(1) ", " AT(2) ", array(select taskhub.status_name(s) from generate_series(0, 7) s" \
                         " where (1 << s) & $3::int <> 0), $4::boolean, $5, $6)"
#define BY_KEY "set_config('taskhub.key_name', coalesce($7, ''), true)"

th_rc th_purge_batch(th_db *db, th_arena *arena, const char *hub, const th_purge_filter *filter,
                     int64_t *deleted, const char **next, th_error *err)
{
    static const char sql[] = "select b.deleted, b.next_after from " BY_KEY
                              " k(set) cross join lateral taskhub.purge_batch" ARGUMENTS " b"
                              " where k.set is not null";
    const char *params[7];
    th_rows rows;

    read_filter(arena, hub, filter, params);
    th_rc rc = th_rows_query(db, arena, sql, 7, params, &rows, err);
    if (rc != TH_OK)
        return rc;
    *deleted = number(&rows, 0, 0);
    *next = th_rows_cell(&rows, 0, 1);
    return TH_OK;
}

th_rc th_purge_request(th_db *db, th_arena *arena, const char *hub, const th_purge_filter *filter,
                       int64_t *purge_id, th_error *err)
{
    static const char sql[] = "select taskhub.request_purge" ARGUMENTS " from " BY_KEY;
    const char *params[7];
    th_rows rows;

    read_filter(arena, hub, filter, params);
    th_rc rc = th_rows_query(db, arena, sql, 7, params, &rows, err);
    if (rc == TH_OK)
        *purge_id = number(&rows, 0, 0);
    return rc;
}

th_rc th_purge_tree(th_db *db, const char *hub, const char *key, const char *id, th_error *err)
{
    const char *const params[] = { hub, key, id };

    return th_db_query(db,
                       "select taskhub.purge_instance($3, $1, true)"
                       " from set_config('taskhub.key_name', coalesce($2, ''), true)",
                       3, params, NULL, err);
}
