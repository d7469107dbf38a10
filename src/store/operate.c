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

th_rc th_operate_hub(th_db *db, th_arena *arena, const char *hub, const char **json, th_error *err)
{
    *json = NULL;
    return ask(db, arena, th_sql_hub_json, 1, &hub, json, err);
}

/* The key's name is set before the function is called, since it is in FROM. */
#define BY_KEY " from set_config('taskhub.key_name', coalesce($2, ''), true)"

th_rc th_operate_pause(th_db *db, const char *hub, const char *key, const char *reason,
                       th_error *err)
{
    const char *const params[] = { hub, key, reason };

    return th_db_query(db, "select taskhub.pause_hub($3, $1)" BY_KEY, 3, params, NULL, err);
}

th_rc th_operate_resume(th_db *db, const char *hub, const char *key, th_error *err)
{
    const char *const params[] = { hub, key };

    return th_db_query(db, "select taskhub.resume_hub($1)" BY_KEY, 2, params, NULL, err);
}

th_rc th_operate_poisoned(th_db *db, th_arena *arena, const char *hub, const char **json,
                          th_error *err)
{
    return ask(db, arena, th_sql_poisoned_json, 1, &hub, json, err);
}

/* Nobody's transaction hangs on ours, so engines may be told at once. */
#define TELLING ", set_config('taskhub.notify', 'on', true) told"

th_rc th_operate_retry(th_db *db, const char *hub, const char *key, const char *id, const char *seq,
                       th_error *err)
{
    const char *const params[] = { hub, key, id, seq };

    return th_db_query(db, "select taskhub.retry_item($3, $4::int, $1)" BY_KEY TELLING, 4, params,
                       NULL, err);
}

th_rc th_operate_fail(th_db *db, const char *hub, const char *key, const char *id, const char *seq,
                      const char *reason, th_error *err)
{
    const char *const params[] = { hub, key, id, seq, reason };

    return th_db_query(db, "select taskhub.fail_item($3, $4::int, $5, $1)" BY_KEY TELLING, 5,
                       params, NULL, err);
}

th_rc th_operate_audit(th_db *db, th_arena *arena, const char *hub, const char **json,
                       th_error *err)
{
    return ask(db, arena, th_sql_audit_json, 1, &hub, json, err);
}
