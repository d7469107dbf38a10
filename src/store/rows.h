/*
 * rows.h - the result of a statement as plain texts, for callers that print it.
 */
#ifndef TH_STORE_ROWS_H
#define TH_STORE_ROWS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

/* What a column's texts are. */
typedef enum th_column_kind {
    TH_COLUMN_TEXT,
    TH_COLUMN_NUMBER, /* an integer of SQL */
    TH_COLUMN_BOOL,   /* "t" or "f" */
    TH_COLUMN_JSON,   /* a value of SQL type json or jsonb */
} th_column_kind;

typedef struct th_rows {
    size_t count, columns;
    const char **names;          /* by column */
    const th_column_kind *kinds; /* by column */
    const char **cells;          /* row after row; NULL: null */
} th_rows;

/* One statement with text parameters; out lives in arena. Errors as th_db_query. */
th_rc th_rows_query(th_db *db, th_arena *arena, const char *sql, int n, const char *const *params,
                    th_rows *out, th_error *err) TH_MUST_CHECK;

/* NULL: null, or there is no such cell. */
const char *th_rows_cell(const th_rows *rows, size_t row, size_t column);

#endif
