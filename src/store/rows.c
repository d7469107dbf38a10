/*
 * rows.c - copies a result's texts into an arena.
 */
#include "store/rows.h"

static th_column_kind kind_of(Oid type)
{
    switch (type) {
    case 16:
        return TH_COLUMN_BOOL;
    case 20:
    case 21:
    case 23:
        return TH_COLUMN_NUMBER;
    case 114:
    case 3802:
        return TH_COLUMN_JSON;
    default:
        return TH_COLUMN_TEXT;
    }
}

static void copy_columns(const PGresult *res, th_arena *arena, th_rows *out)
{
    th_column_kind *kinds = th_new(arena, th_column_kind, out->columns + 1);

    out->names = th_new(arena, const char *, out->columns + 1);
    for (size_t c = 0; c < out->columns; c++) {
        out->names[c] = th_strdup(arena, PQfname(res, (int)c));
        kinds[c] = kind_of(PQftype(res, (int)c));
    }
    out->kinds = kinds;
}

static const char *copy_cell(const PGresult *res, th_arena *arena, int row, int column)
{
    if (PQgetisnull(res, row, column))
        return NULL;
    return th_strndup(arena, PQgetvalue(res, row, column), (size_t)PQgetlength(res, row, column));
}

static void copy_cells(const PGresult *res, th_arena *arena, th_rows *out)
{
    out->cells = th_new(arena, const char *, out->count * out->columns + 1);
    for (size_t r = 0; r < out->count; r++)
        for (size_t c = 0; c < out->columns; c++)
            out->cells[r * out->columns + c] = copy_cell(res, arena, (int)r, (int)c);
}

th_rc th_rows_query(th_db *db, th_arena *arena, const char *sql, int n, const char *const *params,
                    th_rows *out, th_error *err)
{
    PGresult *res = NULL;

    *out = (th_rows){ 0 };
    th_rc rc = th_db_query(db, sql, n, params, &res, err);
    if (rc != TH_OK)
        goto done;
    out->count = (size_t)PQntuples(res);
    out->columns = (size_t)PQnfields(res);
    copy_columns(res, arena, out);
    copy_cells(res, arena, out);

done:
    PQclear(res);
    return rc;
}

const char *th_rows_cell(const th_rows *rows, size_t row, size_t column)
{
    if (row >= rows->count || column >= rows->columns)
        return NULL;
    return rows->cells[row * rows->columns + column];
}
