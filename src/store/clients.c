/* clients.c - see clients.h. */
#include "store/clients.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/th_sql.h"

/* ---- statuses ----------------------------------------------------------------------------------
 */

static th_rc query_status(th_db *db, const int32_t *partitions, const char *const *ids, size_t n,
                          PGresult **res, th_error *err)
{
    th_array partition, id;
    th_params params = { 0 };

    th_array_init(&partition, TH_T_INT4);
    th_array_init(&id, TH_T_TEXT);
    for (size_t i = 0; i < n; i++) {
        th_array_i32(&partition, partitions[i]);
        th_array_text(&id, ids[i]);
    }
    th_param_array(&params, &partition);
    th_param_array(&params, &id);
    th_params_ready(&params);
    th_rc rc = th_db_exec(db, th_sql_instances_status, &params, true, res, err);
    th_params_free(&params);
    th_array_free(&partition);
    th_array_free(&id);
    return rc;
}

th_rc th_instances_status(th_db *db, const int32_t *partitions, const char *const *ids, size_t n,
                          int *statuses, th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = query_status(db, partitions, ids, n, &res, err);

    for (size_t i = 0; i < n; i++)
        statuses[i] = -1;
    for (int row = 0; rc == TH_OK && row < PQntuples(res); row++) {
        int32_t position = th_get_i32(PQgetvalue(res, row, 0));
        if (position >= 1 && (size_t)position <= n)
            statuses[position - 1] = th_get_i16(PQgetvalue(res, row, 1));
    }
    PQclear(res);
    return rc;
}

/* ---- texts of parameters -----------------------------------------------------------------------
 */

static const char *number(th_arena *arena, int64_t n)
{
    return th_sprintf(arena, "%lld", (long long)n);
}

static const char *time_or_null(th_arena *arena, int64_t us)
{
    char text[TH_ISO_SIZE];

    if (us == 0)
        return NULL;
    th_iso_format(text, us, 6);
    return th_strdup(arena, text);
}

/* A time as PostgreSQL writes it ("2026-11-24 05:00:00.5+00"), in any time zone of whole hours. */
static int64_t time_of(const char *text)
{
    char iso[64];
    int64_t us = 0;

    if (!text || strlen(text) >= sizeof iso - 4)
        return 0;
    strcpy(iso, text);
    char *space = strchr(iso, ' ');
    if (space)
        *space = 'T';
    size_t n = strlen(iso);
    if (n > 3 && (iso[n - 3] == '+' || iso[n - 3] == '-'))
        strcat(iso, ":00");
    return th_iso_parse(iso, &us) ? us : 0;
}

static const char *last_partition(th_arena *arena, const th_hub *hub)
{
    return number(arena, hub->first_partition + hub->partition_count - 1);
}

/* ---- finished ones -----------------------------------------------------------------------------
 */

th_rc th_instances_finished(th_db *db, th_arena *arena, const th_hub *hub,
                            const th_finished_filter *f, th_finished **out, size_t *count,
                            th_error *err)
{
    const char *params[] = {
        number(arena, hub->first_partition), last_partition(arena, hub),
        number(arena, f->statuses),          time_or_null(arena, f->from_us),
        time_or_null(arena, f->to_us),       time_or_null(arena, f->after_us),
        f->after_id ? f->after_id : "",      number(arena, f->top),
    };
    th_rows rows = { 0 };
    th_rc rc = th_rows_query(db, arena, th_sql_instances_finished, 8, params, &rows, err);

    *out = NULL;
    *count = 0;
    if (rc != TH_OK)
        return rc;
    *count = rows.count;
    *out = th_new(arena, th_finished, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        (*out)[i] = (th_finished){ th_rows_cell(&rows, i, 0), time_of(th_rows_cell(&rows, i, 1)) };
    return TH_OK;
}

/* ---- entities ----------------------------------------------------------------------------------
 */

enum { ID, OPERATED, STATE, FITS, LOCKED_BY };

/* The first text after all that begin with prefix: ids are in the order of bytes, and no byte of
 * UTF-8 is 0xff, so the last character of Unicode closes the range. */
static const char *end_of(th_arena *arena, const th_entity_query *q)
{
    static const char last[] = "\xf4\x8f\xbf\xbf";

    if (q->id)
        return th_sprintf(arena, "%s\x01", q->id);
    return th_sprintf(arena, "%s%s", q->prefix && *q->prefix ? q->prefix : "@", last);
}

th_rc th_entities_query(th_db *db, th_arena *arena, const th_hub *hub, const th_entity_query *q,
                        th_entity_info **out, size_t *count, const char **next_id, th_error *err)
{
    const char *from = q->id ? q->id : q->prefix ? q->prefix : "";
    const char *params[] = {
        number(arena, hub->first_partition),
        last_partition(arena, hub),
        q->after_id ? q->after_id : "",
        from,
        end_of(arena, q),
        time_or_null(arena, q->from_us),
        time_or_null(arena, q->to_us),
        number(arena, q->top),
        q->want_states ? "true" : "false",
        q->transient ? "true" : "false",
    };
    th_rows rows = { 0 };
    size_t n = 0;
    th_rc rc = th_rows_query(db, arena, th_sql_entities_page, 10, params, &rows, err);

    *out = th_new(arena, th_entity_info, rows.count + 1);
    *count = 0;
    *next_id = NULL;
    if (rc != TH_OK)
        return rc;
    while (n < rows.count && n < (size_t)q->top && *th_rows_cell(&rows, n, FITS) == 't')
        n++;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (th_entity_info){
            .id = th_rows_cell(&rows, i, ID),
            .last_operation_us = time_of(th_rows_cell(&rows, i, OPERATED)),
            .state = th_rows_cell(&rows, i, STATE),
            .locked_by = th_rows_cell(&rows, i, LOCKED_BY),
        };
    *count = n;
    if (n > 0 && rows.count > n)
        *next_id = (*out)[n - 1].id;
    return TH_OK;
}

/* ---- acts --------------------------------------------------------------------------------------
 */

th_rc th_instance_terminate_all(th_db *db, const th_hub *hub, const char *id, const char *reason,
                                const char *key, th_error *err)
{
    const char *params[] = { id, reason, hub->name, key };

    return th_db_query(db,
                       "select taskhub.terminate_instance($1, $2, true, $3)"
                       " from set_config('taskhub.key_name', coalesce($4, ''), true)",
                       4, params, NULL, err);
}

th_rc th_entity_signal(th_db *db, const th_hub *hub, const char *name, const char *key,
                       const char *operation, const char *input, int64_t due_us,
                       const char *message_id, th_error *err)
{
    char due[TH_ISO_SIZE] = "";
    const char *params[] = {
        name, key, operation, input, hub->name, due_us ? due : NULL, message_id
    };

    if (due_us)
        th_iso_format(due, due_us, 6);
    return th_db_query(db, "select taskhub.signal_entity($1, $2, $3, $4, $5, $6::timestamptz, $7)",
                       7, params, NULL, err);
}
