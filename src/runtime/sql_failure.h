/*
 * sql_failure.h - what a SQL activity's failure looks like to an orchestrator.
 */
#ifndef TH_RUNTIME_SQL_FAILURE_H
#define TH_RUNTIME_SQL_FAILURE_H

#include "base/arena.h"
#include "store/bound.h"

/*
 * JSON object: type SqlError, the server's message, its context as stack, and the rest as
 * properties (sqlstate, detail, hint, schema, table, column, constraint). For good if the input is
 * not what the function takes, since it never will be. Lives in arena.
 */
const char *th__sql_failure(th_arena *arena, const th_bound_failure *failed);

#endif
