/*
 * batch_reader.h - what a batch would send, read back from the parameters of its statements.
 *
 * The arrays are decoded from PostgreSQL's binary format, and as `unnest` does it, a column that is
 * shorter than the others is filled up with nulls. Include it after test.h. Texts live in the
 * reader's arena.
 */
#ifndef TH_TESTS_UNIT_BATCH_READER_H
#define TH_TESTS_UNIT_BATCH_READER_H

#include "base/arena.h"
#include "store/batch.h"

enum { READER_COLUMNS = 17, ARRAY_HEADER = 20, ARRAY_EMPTY = 12 };

typedef struct reader_cell {
    const char *p; /* NULL: null */
    int32_t n;
} reader_cell;

typedef struct reader_table {
    const char *name;
    int rows, columns;
    int64_t expected; /* the last parameter of a counted statement; -1: not counted */
    reader_cell *cells;
} reader_table;

typedef struct batch_reader {
    th_arena *arena;
    reader_table tables[TH_BATCH_MAX_STATEMENTS];
    size_t count;
} batch_reader;

static inline int32_t reader_elements(const th_params *p, int column)
{
    if (p->lengths[column] < ARRAY_HEADER) {
        CHECK_INT(p->lengths[column], ARRAY_EMPTY);
        return 0;
    }
    return th_get_i32(p->values[column] + 12);
}

/* Arrays have a type of their own; a scalar at the end is the number of rows. */
static inline bool reader_is_array(const th_params *p, int column)
{
    return p->types[column] != TH_T_INT8;
}

static inline void reader_column(batch_reader *r, reader_table *t, const th_params *p, int column)
{
    int32_t n = reader_elements(p, column);
    const char *at = p->values[column] + ARRAY_HEADER;

    for (int32_t i = 0; i < n; i++) {
        int32_t len = th_get_i32(at);
        reader_cell *cell = &t->cells[i * READER_COLUMNS + column];
        at += 4;
        if (len < 0)
            continue;
        *cell = (reader_cell){ th_strndup(r->arena, at, (size_t)len), len };
        at += len;
    }
    if (n > 0)
        CHECK_INT(at - p->values[column], p->lengths[column]);
}

static inline void reader_statement(batch_reader *r, const th_batch_statement *statement)
{
    const th_params *p = statement->params;
    reader_table *t = &r->tables[r->count++];

    *t = (reader_table){ .name = statement->name, .expected = -1 };
    CHECK(!p->failed);
    for (int c = 0; c < p->n; c++) {
        if (!reader_is_array(p, c)) {
            t->expected = th_get_i64(p->values[c]);
            continue;
        }
        t->columns++;
        if (reader_elements(p, c) > t->rows)
            t->rows = reader_elements(p, c);
    }
    t->cells = th_new(r->arena, reader_cell, (size_t)t->rows * READER_COLUMNS + 1);
    for (int c = 0; c < t->columns; c++)
        reader_column(r, t, p, c);
}

/* The batch must not grow any more, but it may go. */
static inline batch_reader batch_read(th_batch *batch)
{
    batch_reader r = { .arena = th_arena_new(0) };
    th_batch_statement statements[TH_BATCH_MAX_STATEMENTS];
    size_t n = th_batch_statements(batch, statements);

    for (size_t i = 0; i < n; i++)
        reader_statement(&r, &statements[i]);
    return r;
}

static inline void batch_reader_free(batch_reader *r)
{
    th_arena_free(r->arena);
    *r = (batch_reader){ 0 };
}

/* NULL: the batch has no such statement. */
static inline const reader_table *reader_find(const batch_reader *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->tables[i].name, name) == 0)
            return &r->tables[i];
    return NULL;
}

static inline int reader_rows(const batch_reader *r, const char *name)
{
    const reader_table *t = reader_find(r, name);
    return t ? t->rows : 0;
}

static inline const reader_cell *reader_cell_at(const reader_table *t, int row, int column)
{
    static const reader_cell none = { 0 };
    return t && row < t->rows && column < t->columns ? &t->cells[row * READER_COLUMNS + column]
                                                     : &none;
}

static inline const char *reader_text(const reader_table *t, int row, int column)
{
    return reader_cell_at(t, row, column)->p;
}

/* Of 2, 4 or 8 bytes; what is null gives `absent`. */
static inline int64_t reader_int(const reader_table *t, int row, int column, int64_t absent)
{
    const reader_cell *cell = reader_cell_at(t, row, column);

    if (!cell->p)
        return absent;
    return cell->n == 2   ? th_get_i16(cell->p)
           : cell->n == 4 ? th_get_i32(cell->p)
                          : th_get_i64(cell->p);
}

static inline int64_t reader_time(const reader_table *t, int row, int column, int64_t absent)
{
    const reader_cell *cell = reader_cell_at(t, row, column);
    return cell->p ? th_get_time(cell->p) : absent;
}

/* False: null. */
static inline bool reader_uuid(const reader_table *t, int row, int column, th_uuid *out)
{
    const reader_cell *cell = reader_cell_at(t, row, column);

    if (!cell->p || cell->n != (int32_t)sizeof out->b)
        return false;
    memcpy(out->b, cell->p, sizeof out->b);
    return true;
}

/* ---- the columns, by name ------------------------------------------------------------------- */

enum {
    IN_PARTITION,
    IN_ID,
    IN_START,
    IN_STATUS,
    IN_OUTPUT,
    IN_FAILURE,
    IN_CUSTOM_OP,
    IN_CUSTOM,
    IN_EXECUTOR
};
enum { RE_PARTITION, RE_ID, RE_START, RE_EXECUTION, RE_INPUT, RE_VERSION, RE_KEEP };
enum {
    CR_PARTITION,
    CR_ID,
    CR_START,
    CR_EXECUTION,
    CR_NAME,
    CR_VERSION,
    CR_INPUT,
    CR_TAGS,
    CR_PARENT,
    CR_PARENT_EXECUTION,
    CR_PARENT_REF
};
enum { RW_PARTITION, RW_ID, RW_START, RW_EXECUTION, RW_WAS, RW_PARENT_EXECUTION, RW_PARENT_REF };
enum { RL_PARTITION, RL_ID, RL_START, RL_PARENT_EXECUTION, RL_PARENT_REF };
enum {
    EN_PARTITION,
    EN_ID,
    EN_START,
    EN_EXECUTION,
    EN_GONE,
    EN_NAME,
    EN_STATE,
    EN_HOLDER,
    EN_OPERATED,
    EN_EXECUTOR
};
enum { US_PARTITION, US_ID, US_START };
enum { UR_PARTITION, UR_ID, UR_MESSAGE_ID };
enum { FO_PARTITION, FO_ID, FO_EXECUTION }; /* forget, unschedule */
enum { HI_PARTITION, HI_ID, HI_EXECUTION, HI_EPISODE, HI_FIRST_SEQ, HI_AT, HI_EVENTS, HI_MEMO };
enum { ME_PARTITION, ME_DUE, ME_NO };                            /* consume, drop, hold */
enum { UN_PARTITION, UN_DUE, UN_ID, UN_EXECUTION, UN_REF };      /* untimer */
enum { CA_PARTITION, CA_ACTIVITY, CA_ID, CA_EXECUTION, CA_SEQ }; /* cancel */
enum { HE_PARTITION, HE_ID };                                    /* release, unhold */
enum {                                                           /* episode */
       EP_PARTITION,
       EP_ACTIVITY,
       EP_KIND,
       EP_ID,
       EP_START,
       EP_EXECUTION,
       EP_SEQ,
       EP_EPISODE,
       EP_NAME,
       EP_VERSION,
       EP_EVENTS,
       EP_MESSAGES
};
enum {
    SE_PARTITION,
    SE_DUE,
    SE_ID,
    SE_START,
    SE_EXECUTION,
    SE_KIND,
    SE_NAME,
    SE_REF,
    SE_MESSAGE_ID,
    SE_PAYLOAD,
    SE_BODY
};
enum {
    AC_PARTITION,
    AC_NUMBER,
    AC_ID,
    AC_START,
    AC_EXECUTION,
    AC_SEQ,
    AC_TASK_ID,
    AC_NAME,
    AC_VERSION,
    AC_ORCH_VERSION,
    AC_INPUT,
    AC_TAGS,
    AC_ATTEMPT,
    AC_PRIORITY,
    AC_DUE,
    AC_CLAIMED_BY,
};
enum { FI_PARTITION, FI_NUMBER, FI_CLAIM_NO };
enum { CH_PARTITION, CH_NO, CH_TERM };

#endif
