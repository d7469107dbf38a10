/*
 * database.h - the first contact with a database: wait for it, bring its schema up.
 */
#ifndef TH_CLI_DATABASE_H
#define TH_CLI_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"
#include "store/migrate.h"

/*
 * Whether a failure to connect is the server's last word (a password, a role, a database that is
 * not there), rather than something that time may heal. libpq has no more than its text for it.
 */
bool th_database_refuses(const char *text);

/*
 * A pool connection. A server that is not there yet is tried for patience_us, with a log line
 * whenever the reason changes; one that refuses fails at once. TH_UNAVAILABLE: a stop was
 * requested.
 */
th_rc th_database_open(const char *conninfo, int64_t patience_us, th_db **out,
                       th_error *err) TH_MUST_CHECK;

/*
 * Applies the schema if it is missing or older than the program, or always. A role that may not do
 * that is fine as long as the schema fits; else TH_SCHEMA with what to do.
 */
th_rc th_database_schema(th_db *db, bool always, th_schema_state *out, th_error *err) TH_MUST_CHECK;

#endif
