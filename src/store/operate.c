/* operate.c - see operate.h. */
#include "store/operate.h"

#include "store/rows.h"
#include "store/th_sql.h"

/* The one text that a statement gives. */
static th_rc ask(th_db *db, th_arena *arena, const char *sql, int n, const char *const *params,
                 const char **json, th_error *err)
{
    th_rows rows;

    th_rc rc = th_rows_query(db, arena, sql, n, params, &rows, err);
    if (rc == TH_OK)
        *json = th_rows_cell(&rows, 0, 0);
    return rc;
}

th_rc th_operate_explain(th_db *db, th_arena *arena, const char *hub, const char *id,
                         const char **json, th_error *err)
{
    const char *const params[] = { id, hub };

    return ask(db, arena, th_sql_explain_json, 2, params, json, err);
}
