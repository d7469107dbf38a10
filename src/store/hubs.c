/* hubs.c - see hubs.h. */
#include "store/hubs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "store/params.h"
#include "store/th_sql.h"

static int32_t int_of(const PGresult *res, int column)
{
    return (int32_t)strtol(PQgetvalue(res, 0, column), NULL, 10);
}

static void from_row(const PGresult *res, th_hub *out)
{
    out->hub_id = int_of(res, 0);
    snprintf(out->name, sizeof out->name, "%s", PQgetvalue(res, 0, 1));
    out->first_partition = int_of(res, 2);
    out->partition_count = int_of(res, 3);
    out->paused = PQgetvalue(res, 0, 4)[0] == 't';
}

th_rc th_hub_get(th_db *db, const char *name, th_hub *out, th_error *err)
{
    PGresult *res = NULL;

    th_rc rc = th_db_query(db,
                           "select hub_id, name, first_partition, partition_count,"
                           " paused_at is not null from taskhub.hubs"
                           " where lower(name) = lower($1 collate \"C\")",
                           1, &name, &res, err);
    if (rc != TH_OK)
        goto done;

    if (PQntuples(res) == 0) {
        rc = th_fail(err, TH_NOT_FOUND, "there is no hub '%s'", name);
        goto done;
    }
    from_row(res, out);

done:
    PQclear(res);
    return rc;
}

/* TH_EXISTS is no failure here: another process was first. */
static th_rc create(th_db *db, const char *name, int32_t partitions, th_error *err)
{
    th_error one = { 0 };
    char count[16];
    const char *const params[] = { name, count };

    snprintf(count, sizeof count, "%d", (int)partitions);
    th_rc rc = th_db_query(db, "select taskhub.create_hub($1, $2::int)", 2, params, NULL, &one);
    if (rc == TH_EXISTS)
        return TH_OK;
    if (rc != TH_OK && err && err->rc == TH_OK)
        *err = one;
    return rc;
}

th_rc th_hub_ensure(th_db *db, const char *name, int32_t partitions, th_hub *out, th_error *err)
{
    th_error missing = { 0 };

    th_rc rc = th_hub_get(db, name, out, &missing);
    if (rc != TH_NOT_FOUND) {
        if (rc != TH_OK && err && err->rc == TH_OK)
            *err = missing;
        return rc;
    }
    rc = create(db, name, partitions, err);
    if (rc == TH_OK)
        rc = th_hub_get(db, name, out, err);
    return rc;
}

th_rc th_hub_create(th_db *db, const char *name, int32_t partitions, bool recreate, th_error *err)
{
    static const char sql[] =
        "with dropped as materialized (select taskhub.drop_hub(name) from taskhub.hubs"
        " where lower(name) = lower($1 collate \"C\") and $3::boolean)"
        " select taskhub.create_hub($1, $2::int) from (select count(*) from dropped) d";
    char count[16];
    const char *const params[] = { name, count, recreate ? "true" : "false" };

    snprintf(count, sizeof count, "%d", (int)partitions);
    return th_db_query(db, sql, 3, params, NULL, err);
}

th_rc th_hub_drop(th_db *db, const char *name, th_error *err)
{
    return th_db_query(db, "select taskhub.drop_hub(name) from taskhub.hubs where name = $1", 1,
                       &name, NULL, err);
}

th_rc th_hub_knows(th_db *db, int32_t hub_id, const char *kind, const char *name, bool *known,
                   th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    th_param_i32(&p, hub_id);
    th_param_text(&p, kind);
    th_param_text(&p, name);
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, th_sql_name_known, &p, true, &res, err);
    if (rc == TH_OK)
        *known = PQgetvalue(res, 0, 0)[0] != 0;
    PQclear(res);
    th_params_free(&p);
    return rc;
}

int32_t th_hub_partition_of(const th_hub *hub, const char *instance_id)
{
    return hub->first_partition + th_partition_ordinal(instance_id, hub->partition_count);
}
