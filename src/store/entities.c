/*
 * entities.c - see entities.h.
 */
#include "store/entities.h"

#include <string.h>

#include "store/params.h"
#include "store/th_sql.h"

enum { ID, OPERATED, STATE, FITS };

static th_rc run_by_key(th_db *db, const char *sql, const th_hub *hub, const char *id,
                        PGresult **res, th_error *err)
{
    th_params params = { 0 };

    th_param_i32(&params, th_hub_partition_of(hub, id));
    th_param_text(&params, id);
    th_params_ready(&params);
    th_rc rc = th_db_exec(db, sql, &params, true, res, err);
    th_params_free(&params);
    if (rc == TH_OK && PQntuples(*res) == 0)
        rc = th_fail(err, TH_NOT_FOUND, "hub '%s' has no entity '%.300s'", hub->name, id);
    return rc;
}

th_rc th_entity_state_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                          const char **state, th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = run_by_key(db, th_sql_entity_get, hub, id, &res, err);

    *state = rc == TH_OK ? th_strndup(arena, PQgetvalue(res, 0, 0), (size_t)PQgetlength(res, 0, 0))
                         : NULL;
    PQclear(res);
    return rc;
}

th_rc th_entity_start_get(th_db *db, const th_hub *hub, const char *id, th_uuid *start_id,
                          th_error *err)
{
    PGresult *res = NULL;
    th_rc rc = run_by_key(db, th_sql_entity_there, hub, id, &res, err);

    if (rc == TH_OK)
        memcpy(start_id->b, PQgetvalue(res, 0, 0), sizeof start_id->b);
    PQclear(res);
    return rc;
}

static void param_time_or_null(th_params *params, int64_t us)
{
    th_param_time(params, us);
    if (!us)
        params->offsets[params->n - 1] = SIZE_MAX; /* stays a null */
}

static th_rc query_page(th_db *db, th_arena *arena, const th_hub *hub, const th_entity_filter *f,
                        PGresult **res, th_error *err)
{
    th_params p = { 0 };

    th_param_i32(&p, hub->first_partition);
    th_param_i32(&p, hub->first_partition + hub->partition_count - 1);
    th_param_text(&p, f->after_id ? f->after_id : "");
    th_param_text(&p, f->name ? th_sprintf(arena, "@%s@", f->name) : "@");
    th_param_text(&p, f->name ? th_sprintf(arena, "@%sA", f->name) : "A"); /* 'A' comes after '@' */
    param_time_or_null(&p, f->from_us);
    param_time_or_null(&p, f->to_us);
    th_param_i32(&p, f->top);
    th_param_bool(&p, f->want_states);
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, th_sql_entities_list, &p, true, res, err);
    th_params_free(&p);
    return rc;
}

static th_entity_row copy_row(th_arena *arena, const PGresult *res, int row)
{
    return (th_entity_row){
        .id = th_strdup(arena, PQgetvalue(res, row, ID)),
        .last_operation_us =
            PQgetisnull(res, row, OPERATED) ? 0 : th_get_time(PQgetvalue(res, row, OPERATED)),
        .state =
            PQgetisnull(res, row, STATE) ? NULL : th_strdup(arena, PQgetvalue(res, row, STATE)),
    };
}

th_rc th_entities_list(th_db *db, th_arena *arena, const th_hub *hub,
                       const th_entity_filter *filter, th_entity_row **out, size_t *count,
                       const char **next_id, th_error *err)
{
    PGresult *res = NULL;
    int n = 0;
    th_rc rc = query_page(db, arena, hub, filter, &res, err);

    *out = NULL;
    *count = 0;
    *next_id = NULL;
    if (rc != TH_OK)
        goto done;
    while (n < PQntuples(res) && n < filter->top && *PQgetvalue(res, n, FITS))
        n++;
    *out = th_new(arena, th_entity_row, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        (*out)[i] = copy_row(arena, res, i);
    *count = (size_t)n;
    if (n > 0 && PQntuples(res) > n)
        *next_id = (*out)[n - 1].id;

done:
    PQclear(res);
    return rc;
}
