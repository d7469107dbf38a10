/* bound.c - see bound.h. */
#include "store/bound.h"

#include <stdlib.h>
#include <string.h>

#include "store/params.h"
#include "store/store_int.h"
#include "store/th_sql.h"

th_rc th_bound_names(th_db *db, th_arena *arena, int32_t hub_id, const char ***names, size_t *count,
                     int32_t *print, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;

    *count = 0;
    *print = 0;
    th_param_i32(&p, hub_id);
    th_params_ready(&p);
    th_rc rc = th_db_exec(db, th_sql_bound_names, &p, false, &res, err);
    if (rc == TH_OK) {
        *count = (size_t)PQntuples(res);
        *names = th_new(arena, const char *, *count + 1);
        for (size_t i = 0; i < *count; i++)
            (*names)[i] = th_strdup(arena, PQgetvalue(res, (int)i, 0));
        if (*count)
            *print = (int32_t)strtol(PQgetvalue(res, 0, 1), NULL, 10);
    }
    PQclear(res);
    th_params_free(&p);
    return rc;
}

/* ---- running --------------------------------------------------------------------------------- */

/* What taskhub.perform_activity calls it. */
static th_bound_outcome outcome_of(const char *word)
{
    static const struct {
        const char *word;
        th_bound_outcome outcome;
    } words[] = {
        { "done", TH_BOUND_DONE },
        { "dropped", TH_BOUND_DROPPED },
        { "stale", TH_BOUND_STALE },
        { "unbound", TH_BOUND_UNBOUND },
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].outcome;
    return TH_BOUND_STALE;
}

/* The lines of the context that are ours say nothing to whoever wrote the function. */
static const char *context_of(th_arena *arena, const PGresult *res)
{
    static const char ours[] = "PL/pgSQL function taskhub.call_bound(";
    const char *text = PQresultErrorField(res, PG_DIAG_CONTEXT);
    const char *end = text ? strstr(text, ours) : NULL;

    if (!text || end == text)
        return NULL;
    if (!end)
        return th_strdup(arena, text);
    while (end > text && end[-1] == '\n')
        end--;
    return th_strndup(arena, text, (size_t)(end - text));
}

static void read_failure(th_arena *arena, const PGresult *res, th_bound_failure *out)
{
    const struct {
        int field;
        const char **to;
    } fields[] = {
        { PG_DIAG_SQLSTATE, &out->sqlstate },     { PG_DIAG_MESSAGE_PRIMARY, &out->message },
        { PG_DIAG_MESSAGE_DETAIL, &out->detail }, { PG_DIAG_MESSAGE_HINT, &out->hint },
        { PG_DIAG_SCHEMA_NAME, &out->schema },    { PG_DIAG_TABLE_NAME, &out->table },
        { PG_DIAG_COLUMN_NAME, &out->column },    { PG_DIAG_CONSTRAINT_NAME, &out->constraint },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i].to = th_strdup(arena, PQresultErrorField(res, fields[i].field));
    out->context = context_of(arena, res);
}

/* Serialization failures, deadlocks, and a server that has no room or no memory just now. */
static bool is_transient(const char *sqlstate)
{
    return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0 ||
           strncmp(sqlstate, "53", 2) == 0;
}

/* Of a statement that did not succeed. A server that says so has rolled it back. */
static th_bound_outcome judge(const th_db *db, bool late, const th_bound_failure *failed)
{
    if (th_db_is_lost(db) || !failed->sqlstate)
        return late ? TH_BOUND_LATE : TH_BOUND_IN_DOUBT;
    if (late && strcmp(failed->sqlstate, "57014") == 0)
        return TH_BOUND_TIMED_OUT;
    return is_transient(failed->sqlstate) ? TH_BOUND_RETRY : TH_BOUND_FAILED;
}

static void fill(th_params *p, const th_bound_call *call)
{
    th_param_i32(p, call->hub_id);
    th_param_text(p, call->name);
    th_param_i32(p, call->partition_id);
    th_param_i64(p, call->id);
    th_param_i32(p, call->claim_no);
    th_params_ready(p);
}

th_bound_outcome th_bound_run(th_db *db, th_arena *arena, const th_bound_call *call,
                              th_bound_failure *failed, th_error *err)
{
    th_params p = { 0 };
    PGresult *res = NULL;
    int64_t cancel_at_us = call->timeout_us ? th__real_us() + call->timeout_us : 0;
    th_bound_outcome outcome;

    *failed = (th_bound_failure){ 0 };
    fill(&p, call);
    th__statement statement = { .sql = th_sql_bound_run,
                                .n = p.n,
                                .types = p.types,
                                .values = p.values,
                                .lengths = p.lengths,
                                .formats = p.formats,
                                .cancel_at_us = cancel_at_us };
    if (th__db_ask(db, &statement, &res, err) == TH_OK) {
        outcome = outcome_of(PQgetvalue(res, 0, 0));
        goto done;
    }
    if (res)
        read_failure(arena, res, failed);
    outcome = judge(db, cancel_at_us && th__real_us() >= cancel_at_us, failed);

done:
    PQclear(res);
    th_params_free(&p);
    return outcome;
}
