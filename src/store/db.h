/*
 * db.h - one connection to PostgreSQL: connect with the settings of protocol S1 and S2, query,
 * classify errors.
 *
 * Three roles (protocol, 1): a pen carries partition locks and an owner's writes, control the
 * worker's lock, LISTEN and the watch; pool connections have no session state at all and may go
 * through a pooler. A th_db belongs to one thread at a time. The pen's pipeline is pen.h; this is
 * the blocking half.
 */
#ifndef TH_STORE_DB_H
#define TH_STORE_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef enum th_db_role { TH_DB_PEN, TH_DB_CONTROL, TH_DB_POOL } th_db_role;

typedef struct th_db th_db;

/*
 * Connects (target_session_attrs=read-write unless given, UTF8, the settings of S1 for pens and
 * control in `options`, application_name "taskhub <role>") and checks S2: not in recovery,
 * pg_backend_pid() equals PQbackendPID (pen, control), system identifier and timeline not lower
 * than the highest that this process has seen. Several hosts are tried one after the other, until
 * one is fit. Blocks for at most 5 s (and a DNS lookup). Errors: TH_DB_LOST (cannot connect now;
 * the text never contains a password), TH_SCHEMA (every server answered and none is fit: no
 * read-write server, pooler in between, older timeline; a failover may change that), TH_CONFIG (the
 * conninfo cannot be understood).
 */
th_rc th_db_open(const char *conninfo, th_db_role role, th_db **out, th_error *err) TH_MUST_CHECK;
void th_db_close(th_db *db); /* NULL is fine */

PGconn *th_db_pg(th_db *db);
int th_db_pid(const th_db *db);
const char *th_db_incarnation(const th_db *db); /* postmaster start and timeline, as text */
bool th_db_is_lost(const th_db *db);

/*
 * Statements: on failure *res is NULL. Pen and control give a silent server up after 35 s
 * (TH_DB_LOST); a pool connection waits as long as the socket lives. After TH_DB_LOST the
 * connection answers nothing else; close it. Not while in pipeline mode.
 */

/* One statement with text parameters (NULL is null); result as text. *res may be NULL if the caller
 * wants none. */
th_rc th_db_query(th_db *db, const char *sql, int n, const char *const *params, PGresult **res,
                  th_error *err) TH_MUST_CHECK;

/* The same with prepared binary or text parameters of params.h; result text or binary. Unnamed
   statement. TH_TOO_LARGE: something did not fit into the parameters. They must have been made
   ready. */
struct th_params;
th_rc th_db_exec(th_db *db, const char *sql, const struct th_params *params, bool binary_result,
                 PGresult **res, th_error *err) TH_MUST_CHECK;

/* Several statements without parameters (migrations). */
th_rc th_db_script(th_db *db, const char *sql, th_error *err) TH_MUST_CHECK;

/*
 * Says a word, which is no statement, if nothing was said for silent_us: the server ends sessions
 * of pens and control that are silent (protocol S1). Waits for the answer; TH_DB_LOST: none came.
 */
th_rc th_db_keep_alive(th_db *db, int64_t silent_us, th_error *err) TH_MUST_CHECK;

/*
 * What a failed result or a broken connection means (protocol B4). Fills err with SQLSTATE and
 * text. 08xxx, 57P0x, 25006, no connection   TH_DB_LOST 40001, 40P01, 55P03, 57014 TH_DB_RETRY
 *   53xxx, 58xxx                         TH_DB_STORAGE
 *   TH409                                TH_CONFLICT
 *   TH001..TH006                         NOT_FOUND, FINISHED, EXISTS, NOT_FINISHED, NOT_FAILED,
 * INVALID any other                            TH_DB
 */
th_rc th_db_result_error(th_db *db, const PGresult *res, th_error *err);

/*
 * Fault injection, in builds with TH_FAULTS only: the k-th store operation of this process (a
 * query, a batch, an inbox read; k counts from 1 over all connections) fails before it is sent
 * (FAIL: the connection is cut), or is carried out and then reported as a lost connection (LIE).
 * Opening a connection is one operation too. Arming starts the count again. th_fault_point counts
 * one operation and says what is to happen.
 */
typedef enum th_fault { TH_FAULT_NONE, TH_FAULT_FAIL, TH_FAULT_LIE } th_fault;
void th_fault_arm(th_fault what,
                  int64_t k); /* also by environment: TASKHUB_FAULT="fail:17" or "lie:17" */
int64_t th_fault_count(void);
th_fault th_fault_point(void); /* always NONE without TH_FAULTS */

#endif
