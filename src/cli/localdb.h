/*
 * localdb.h - the private PostgreSQL cluster: made on first use, started and stopped with the
 * program.
 *
 * It lives in the data directory, listens on a unix socket only, and keeps every promise that
 * PostgreSQL makes (fsync is on). The socket's directory has mode 0700, and that is all the
 * authentication there is. Where PostgreSQL must not run as root it runs as the user postgres;
 * where that user cannot reach the data directory, another place is taken and remembered there.
 *
 * One program at a time owns a data directory. PostgreSQL is told to stop when its owner dies; what
 * an owner left behind is ended or recovered at the next start. Calls from the thread that started
 * it only.
 */
#ifndef TH_CLI_LOCALDB_H
#define TH_CLI_LOCALDB_H

#include "base/arena.h"
#include "base/error.h"

typedef struct th_localdb th_localdb;

/*
 * Takes the data directory (made if needed), makes the cluster if it is not there, starts it and
 * waits until it takes connections. TH_EXISTS: another program has the directory. TH_UNAVAILABLE: a
 * stop was requested meanwhile. Other failures say what to do.
 */
th_rc th_localdb_start(const char *data_dir, th_localdb **out, th_error *err) TH_MUST_CHECK;

const char *th_localdb_conninfo(const th_localdb *db);
const char *th_localdb_folder(const th_localdb *db); /* where the cluster is */
const char *th_localdb_socket_folder(const th_localdb *db);

/* Starts the server again if it has died; logs. To be called every now and then. */
void th_localdb_tend(th_localdb *db);

/* Fast shutdown; waits for it; frees. NULL is fine. */
void th_localdb_stop(th_localdb *db);

/* The conninfo of a cluster that is running now. TH_NOT_FOUND: there is none, err says what to do.
 */
th_rc th_localdb_find(th_arena *arena, const char *data_dir, const char **conninfo,
                      th_error *err) TH_MUST_CHECK;

#endif
