/*
 * pen_int.h - what the files of the pen share.
 */
#ifndef TH_STORE_PEN_INT_H
#define TH_STORE_PEN_INT_H

#include <libpq-fe.h>

#include "store/db.h"
#include "store/params.h"
#include "store/pen.h"

enum { PEN_MAX_OPS = 32, PEN_MAX_STATEMENTS = TH_BATCH_MAX_STATEMENTS + 2 };

/* An operation in the pipeline: one sync, one result a statement. */
typedef struct pen_op {
    th_pen_op kind;
    uint64_t tag;
    int statements;
    int seen;      /* results so far */
    bool failed;   /* error holds the first failure */
    bool skipped;  /* some statement did not run because an earlier one had failed */
    bool unlinked; /* COMMIT was answered with another tag than COMMIT */
    bool lie;      /* injected fault: carried out, then reported as lost */
    const char *names[PEN_MAX_STATEMENTS];
    char failed_in[16];
    th_error error;
    PGresult *results[2];
} pen_op;

struct th_pen {
    th_db *db;
    PGconn *pg;
    pen_op ops[PEN_MAX_OPS];
    int first, count;
    th_params params;
    th_array columns[4];
    bool dirty; /* bytes wait to be flushed */
};

/* Out of the pipeline for a blocking call, and back. */
th_rc th__pen_leave(th_pen *pen, th_error *err) TH_MUST_CHECK;
th_rc th__pen_enter(th_pen *pen, th_error *err) TH_MUST_CHECK;

/* Rows of a load, whose texts stay in the result. */
th_instance_row *th__instance_rows(const PGresult *r, th_arena *arena, size_t *count);
th_episode_row *th__episode_rows(const PGresult *r, th_arena *arena, size_t *count);

/* Rows of results into the arrays of done. */
void th__pen_parse(const pen_op *op, th_pen_done *done);

#endif
