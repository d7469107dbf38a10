/*
 * migrate.h - applies migrations, then sql/api and grants, under one advisory lock; reports
 * versions.
 */
#ifndef TH_STORE_MIGRATE_H
#define TH_STORE_MIGRATE_H

#include "base/error.h"
#include "store/db.h"

typedef struct th_schema_state {
    int version;       /* highest applied step, 0: no schema */
    int available;     /* highest step in this program */
    int program_level; /* this program's level */
    int min_program; /* the lowest program level that the schema allows; a program below it must not
                        run */
} th_schema_state;

#define TH_PROGRAM_LEVEL 2

th_rc th_schema_state_get(th_db *db, th_schema_state *out, th_error *err) TH_MUST_CHECK;

/*
 * Idempotent; concurrent runs wait for each other, at most a minute (then TH_UNAVAILABLE). db has
 * role control or pen, or is a pool connection straight to the server: the lock belongs to its
 * session. On any failure close db. TH_SCHEMA when the schema needs a newer program, the server is
 * older than PostgreSQL 14, or the database is not in UTF8. A schema that is further than this
 * program, and lets it run, stays as it is.
 */
th_rc th_migrate(th_db *db, th_schema_state *out, th_error *err) TH_MUST_CHECK;

/* TH_SCHEMA with what to do (run `taskhub migrate`, or take a newer program) unless this program
 * can run on the schema. */
th_rc th_schema_check(th_db *db, th_error *err) TH_MUST_CHECK;

#endif
