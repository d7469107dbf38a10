/*
 * instances.c - see instances.h.
 */
#include "store/instances.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "store/instances_int.h"
#include "store/params.h"
#include "store/th_sql.h"

#define MAX_PAGE 1000
#define LOOK_AT 20000
#define SPAN 5000               /* so few of a span of time are fetched at once */
#define FAILED_STATUS (1u << 3) /* as in engine/event.h, and so: */
/* Running, ContinuedAsNew, Pending, Suspended. */
#define LIVE_STATUSES (1u << 0 | 1u << 2 | 1u << 6 | 1u << 7)
#define HORIZON_COLUMN (TH__INSTANCE_COLUMNS + 1)
#define ALL_STATUSES UINT32_C(0x3fffffff) /* a positive int4 */

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *text_at(const PGresult *res, int row, int column)
{
    return PQgetisnull(res, row, column) ? NULL : PQgetvalue(res, row, column);
}

static int64_t time_at(const PGresult *res, int row, int column)
{
    return PQgetisnull(res, row, column) ? 0 : th_get_time(PQgetvalue(res, row, column));
}

void th__instance_read(const PGresult *res, int row, int first, char execution_id[TH_UUID_TEXT],
                       th_instance *out)
{
    th_uuid execution;

    memcpy(execution.b, PQgetvalue(res, row, first + 3), sizeof execution.b);
    th_uuid_text(&execution, execution_id);
    *out = (th_instance){
        .id = text_at(res, row, first),
        .name = text_at(res, row, first + 1),
        .version = text_at(res, row, first + 2),
        .execution_id = execution_id,
        .status = th_get_i16(PQgetvalue(res, row, first + 4)),
        .input = text_at(res, row, first + 5),
        .output = text_at(res, row, first + 6),
        .failure = text_at(res, row, first + 7),
        .custom_status = text_at(res, row, first + 8),
        .tags = text_at(res, row, first + 9),
        .parent_instance_id = text_at(res, row, first + 10),
        .created_us = time_at(res, row, first + 11),
        .updated_us = time_at(res, row, first + 12),
        .completed_us = time_at(res, row, first + 13),
        .priority = th_get_i16(PQgetvalue(res, row, first + 14)),
    };
}

static void copy_row(th_arena *arena, const PGresult *res, int row, th_instance *out)
{
    char execution_id[TH_UUID_TEXT];

    th__instance_read(res, row, 0, execution_id, out);
    out->id = th_strdup(arena, out->id);
    out->name = th_strdup(arena, out->name);
    out->version = th_strdup(arena, out->version);
    out->execution_id = th_strdup(arena, execution_id);
    out->input = th_strdup(arena, out->input);
    out->output = th_strdup(arena, out->output);
    out->failure = th_strdup(arena, out->failure);
    out->custom_status = th_strdup(arena, out->custom_status);
    out->tags = th_strdup(arena, out->tags);
    out->parent_instance_id = th_strdup(arena, out->parent_instance_id);
}

/* ---- within a time --------------------------------------------------------------------------- */

/* Set in the transaction itself: a pool connection may go through a pooler. */
static const char begin_within[] = "begin isolation level read committed;"
                                   " set local statement_timeout = '10s';"
                                   " set local lock_timeout = '1s'";

static void roll_back(th_db *db)
{
    th_error ignored = { 0 };

    if (!th_db_is_lost(db) && th_db_script(db, "rollback", &ignored) != TH_OK)
        th_log(TH_LOG_DEBUG, TH_EV_DEBUG, NULL, "cannot roll back: %s", ignored.text);
}

static th_rc exec_within(th_db *db, const char *sql, const th_params *params, PGresult **res,
                         th_error *err)
{
    th_rc rc = th_db_script(db, begin_within, err);

    if (rc != TH_OK)
        return rc;
    rc = th_db_exec(db, sql, params, true, res, err);
    if (rc == TH_OK)
        rc = th_db_script(db, "commit", err);
    else
        roll_back(db);
    if (rc != TH_OK) {
        PQclear(*res);
        *res = NULL;
    }
    return rc;
}

/* ---- one ------------------------------------------------------------------------------------- */

/* A statement whose parameters are an instance's key. */
static th_rc run_by_key(th_db *db, const char *sql, const th_hub *hub, const char *id,
                        PGresult **res, th_error *err)
{
    th_params params = { 0 };

    th_param_i32(&params, th_hub_partition_of(hub, id));
    th_param_text(&params, id);
    th_params_ready(&params);
    th_rc rc = th_db_exec(db, sql, &params, true, res, err);
    th_params_free(&params);
    return rc;
}

static th_rc not_found(const th_hub *hub, const char *id, th_error *err)
{
    return th_fail(err, TH_NOT_FOUND, "hub '%s' has no instance '%.300s'", hub->name, id);
}

th_rc th_instance_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                      th_instance **out, th_error *err)
{
    PGresult *res = NULL;

    *out = NULL;
    th_rc rc = run_by_key(db, th_sql_instance_get, hub, id, &res, err);
    if (rc != TH_OK)
        goto done;
    if (PQntuples(res) == 0) {
        rc = not_found(hub, id, err);
        goto done;
    }
    *out = th_new(arena, th_instance, 1);
    copy_row(arena, res, 0, *out);

done:
    PQclear(res);
    return rc;
}

th_rc th_history_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                     th_history_row **out, size_t *count, th_error *err)
{
    PGresult *res = NULL;

    *out = NULL;
    *count = 0;
    th_rc rc = run_by_key(db, th_sql_history_get, hub, id, &res, err);
    if (rc != TH_OK)
        goto done;
    if (PQntuples(res) == 0) {
        rc = not_found(hub, id, err);
        goto done;
    }
    *count = PQgetisnull(res, 0, 0) ? 0 : (size_t)PQntuples(res);
    *out = th_new(arena, th_history_row, *count);
    for (int row = 0; row < (int)*count; row++)
        (*out)[row] = (th_history_row){
            .episode = th_get_i32(PQgetvalue(res, row, 0)),
            .first_seq = th_get_i32(PQgetvalue(res, row, 1)),
            .at_us = th_get_time(PQgetvalue(res, row, 2)),
            .events = th_strdup(arena, PQgetvalue(res, row, 3)),
        };

done:
    PQclear(res);
    return rc;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Start of the last character of s, which has n > 0 bytes. */
static size_t last_char(const char *s, size_t n)
{
    do
        n--;
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80);
    return n;
}

static uint32_t decode(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    uint32_t c = n == 1 ? u[0] : u[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (u[i] & 0x3fu);
    return c;
}

static void encode(uint32_t c, char out[5])
{
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (int i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
    out[n] = '\0';
}

/*
 * The first text after all that begin with prefix, in the order of bytes, which for UTF-8 is that
 * of characters; NULL: there is none.
 */
static const char *end_of_prefix(th_arena *arena, const char *prefix)
{
    size_t n = strlen(prefix);
    char next[5];

    while (n > 0) {
        size_t at = last_char(prefix, n);
        uint32_t c = decode(prefix + at, n - at);

        n = at;
        if (c >= 0x10ffff)
            continue; /* the last character there is: the one before it counts up */
        encode(c == 0xd7ff ? 0xe000 : c + 1, next); /* no surrogates in UTF-8 */
        return th_sprintf(arena, "%.*s%s", (int)n, prefix, next);
    }
    return NULL;
}

static void param_time_or_null(th_params *params, int64_t us)
{
    th_param_time(params, us);
    if (!us)
        params->offsets[params->n - 1] = SIZE_MAX; /* stays a null */
}

/* Of each partition. */
static int32_t rows_to_look_at(const th_hub *hub, const th_instance_filter *f)
{
    int32_t all = f->look_at > 0 ? f->look_at : LOOK_AT;
    int32_t each = all / hub->partition_count;

    return each > f->top ? each : f->top + 1;
}

/* ---- where a list looks: an index may have the few that are asked for --------------------------
 */

static const char source_live[] =
    "with source as not materialized (select * from taskhub.instances where completed_at is null),";
static const char source_failed[] =
    "with source as not materialized (select * from taskhub.instances where failure is not null),";
/* Fetched once, for all partitions. */
static const char source_span[] = "with source as materialized (select * from taskhub.instances"
                                  " where created_at >= coalesce($7::timestamptz, '-infinity')"
                                  " and created_at <= coalesce($8::timestamptz, 'infinity')"
                                  " and partition_id between $1::int and $2::int),";

static th_rc count_span(th_db *db, const th_hub *hub, const th_instance_filter *f, int32_t most,
                        int64_t *count, th_error *err)
{
    PGresult *res = NULL;
    th_params p = { 0 };

    th_param_i32(&p, hub->first_partition);
    th_param_i32(&p, hub->first_partition + hub->partition_count - 1);
    param_time_or_null(&p, f->created_from_us);
    param_time_or_null(&p, f->created_to_us);
    th_param_i32(&p, most);
    th_params_ready(&p);
    th_rc rc = exec_within(db, th_sql_instances_span, &p, &res, err);
    th_params_free(&p);
    if (rc == TH_OK)
        *count = th_get_i64(PQgetvalue(res, 0, 0));
    PQclear(res);
    return rc;
}

/* *first: the first line of the statement; NULL: its own, which is the whole table by its key. */
static th_rc choose_source(th_db *db, const th_hub *hub, const th_instance_filter *f,
                           const char **first, th_error *err)
{
    int64_t count = SPAN;
    th_rc rc = TH_OK;

    if (f->created_from_us || f->created_to_us)
        rc = count_span(db, hub, f, SPAN, &count, err);
    if (count < SPAN)
        *first = source_span;
    else if (f->statuses && !(f->statuses & ~LIVE_STATUSES))
        *first = source_live;
    else if (f->statuses == FAILED_STATUS)
        *first = source_failed;
    else
        *first = NULL;
    return rc;
}

static const char *list_statement(th_arena *arena, const char *first)
{
    const char *rest = strstr(th_sql_instances_list, "\nfound as (");

    return first && rest ? th_sprintf(arena, "%s%s", first, rest) : th_sql_instances_list;
}

static th_rc query_page(th_db *db, th_arena *arena, const th_hub *hub, const th_instance_filter *f,
                        PGresult **res, th_error *err)
{
    const char *first;
    th_params p = { 0 };
    const char *prefix = f->id_prefix ? f->id_prefix : "";

    th_rc rc = choose_source(db, hub, f, &first, err);
    if (rc != TH_OK)
        return rc;
    th_param_i32(&p, hub->first_partition);
    th_param_i32(&p, hub->first_partition + hub->partition_count - 1);
    th_param_text(&p, f->after_id ? f->after_id : "");
    th_param_text(&p, prefix);
    th_param_text(&p, end_of_prefix(arena, prefix));
    th_param_i32(&p, (int32_t)(f->statuses & ALL_STATUSES));
    param_time_or_null(&p, f->created_from_us);
    param_time_or_null(&p, f->created_to_us);
    th_param_i32(&p, f->top);
    th_param_bool(&p, f->want_payloads);
    th_param_i32(&p, rows_to_look_at(hub, f));
    th_param_text(&p, f->name);
    th_param_text(&p, f->tags);
    th_params_ready(&p);
    rc = exec_within(db, list_statement(arena, first), &p, res, err);
    th_params_free(&p);
    return rc;
}

/* An empty page is a row of nulls. */
static int rows_of(const PGresult *res)
{
    return PQgetisnull(res, 0, 0) ? 0 : PQntuples(res);
}

/* Rows of the page: up to top, and less where texts would be too many. */
static size_t page_size(const PGresult *res, int32_t top)
{
    int n = 0;

    while (n < rows_of(res) && n < top && *PQgetvalue(res, n, TH__INSTANCE_COLUMNS))
        n++;
    return (size_t)n;
}

/* Where the page after this one begins; NULL: nowhere. */
static const char *next_page(th_arena *arena, const PGresult *res, const th_instance *rows,
                             size_t count)
{
    if ((size_t)rows_of(res) > count)
        return rows[count - 1].id;
    if (PQgetisnull(res, 0, HORIZON_COLUMN))
        return NULL;
    return th_strdup(arena, PQgetvalue(res, 0, HORIZON_COLUMN));
}

static bool is_utf8(const char *s)
{
    return !s || th_utf8_valid(s, strlen(s));
}

static th_rc check_filter(const th_instance_filter *filter, th_error *err)
{
    if (filter->top < 1 || filter->top > MAX_PAGE)
        return th_fail(err, TH_INVALID, "top: must be between 1 and %d", MAX_PAGE);
    if (!is_utf8(filter->id_prefix))
        return th_fail(err, TH_INVALID, "instance id prefix: must be valid UTF-8");
    if (!is_utf8(filter->name))
        return th_fail(err, TH_INVALID, "name: must be valid UTF-8");
    if (!is_utf8(filter->after_id))
        return th_fail(err, TH_INVALID, "id to continue after: must be valid UTF-8");
    return TH_OK;
}

th_rc th_instances_list(th_db *db, th_arena *arena, const th_hub *hub,
                        const th_instance_filter *filter, th_instance **out, size_t *count,
                        const char **next_id, th_error *err)
{
    PGresult *res = NULL;
    const char *next = NULL; /* next_id may be the filter's own field */

    *out = NULL;
    *count = 0;
    th_rc rc = check_filter(filter, err);
    if (rc == TH_OK)
        rc = query_page(db, arena, hub, filter, &res, err);
    if (rc != TH_OK)
        goto done;
    *count = page_size(res, filter->top);
    *out = th_new(arena, th_instance, *count);
    for (size_t i = 0; i < *count; i++)
        copy_row(arena, res, (int)i, &(*out)[i]);
    next = next_page(arena, res, *out, *count);

done:
    *next_id = next;
    PQclear(res);
    return rc;
}

/* ---- purge ----------------------------------------------------------------------------------- */

static bool is_terminal(int status)
{
    return status == 1 || status == 3 || status == 4 || status == 5; /* as in engine/event.h */
}

/* *status: as found, -1 for none. */
static th_rc purge_once(th_db *db, const th_hub *hub, const char *id, const char *key, bool *gone,
                        int *status, th_error *err)
{
    th_params params = { 0 };
    PGresult *res = NULL;

    th_param_i32(&params, th_hub_partition_of(hub, id));
    th_param_text(&params, id);
    th_param_text(&params, key);
    th_params_ready(&params);
    th_rc rc = th_db_exec(db, th_sql_instance_purge, &params, true, &res, err);
    th_params_free(&params);
    if (rc == TH_OK) {
        *gone = th_get_i32(PQgetvalue(res, 0, 0)) > 0;
        *status = PQgetisnull(res, 0, 1) ? -1 : th_get_i16(PQgetvalue(res, 0, 1));
    }
    PQclear(res);
    return rc;
}

/* A row that was terminal and yet not deleted has changed meanwhile: look again. */
static th_rc purge_in_transaction(th_db *db, const th_hub *hub, const char *id, const char *key,
                                  int *status, th_error *err)
{
    bool gone = false;

    for (int i = 0; i < 3; i++) {
        th_rc rc = purge_once(db, hub, id, key, &gone, status, err);
        if (rc != TH_OK)
            return rc;
        if (gone)
            return TH_OK;
        if (*status < 0)
            return not_found(hub, id, err);
        if (!is_terminal(*status))
            return th_fail(err, TH_NOT_FINISHED, "instance '%.300s' has not finished", id);
    }
    return th_fail(err, TH_DB_RETRY, "instance '%.300s' changes too fast", id);
}

th_rc th_instance_purge(th_db *db, const th_hub *hub, const char *id, const char *key, int *status,
                        th_error *err)
{
    *status = -1;
    th_rc rc = th_db_script(db, begin_within, err);
    if (rc != TH_OK)
        return rc;
    rc = purge_in_transaction(db, hub, id, key, status, err);
    if (rc == TH_OK)
        return th_db_script(db, "commit", err);
    roll_back(db);
    return rc;
}
