/*
 * store_int.h - what files of this room share and other rooms must not call.
 */
#ifndef TH_STORE_INT_H
#define TH_STORE_INT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"
#include "store/owners.h"

/* ---- wait.c: the real monotonic clock, also while tests hold the other one still ---- */

#define TH__FOREVER INT64_MAX

int64_t th__real_us(void);
int th__poll_ms(int64_t deadline_us); /* what is left until then, for poll() */
/* Waits until fd is ready for events, or deadline_us (real). What is ready; 0: the deadline has
 * passed. Errors count as ready. */
short th__wait_fd(int fd, short events, int64_t deadline_us);

/* ---- db.c ---- */

struct th_db {
    PGconn *pg;
    th_db_role role;
    bool lost;
    int64_t patience_us; /* longest wait for one statement's answer; TH__FOREVER: none */
    int64_t spoke_us;    /* real; the last answer to something that we said */
    char incarnation[48];
};

typedef struct th__statement {
    const char *sql;
    bool script; /* several statements, no parameters */
    int n;
    const Oid *types;
    const char *const *values;
    const int *lengths;
    const int *formats;
    int result_format;
    int64_t
        cancel_at_us; /* real; the server is asked to stop then, and has to answer soon; 0: never */
} th__statement;

/* Sends it and collects its results; no fault point. On failure *res is what the server said, NULL
 * if it said nothing. */
th_rc th__db_run(th_db *db, const th__statement *statement, int64_t deadline_us, PGresult **res,
                 th_error *err) TH_MUST_CHECK;
/* The same as one store operation. On failure *res is what the server said, NULL if it said
 * nothing. */
th_rc th__db_ask(th_db *db, const th__statement *statement, PGresult **res,
                 th_error *err) TH_MUST_CHECK;
/* The other side must notice too, and nobody may use this connection again. */
void th__db_cut(th_db *db);
/* libpq's text on one line, without its indented hints. */
void th__one_line(const char *text, char *out, size_t size);

/* ---- conninfo.c: what the user gave, and what is tried, one host after the other ---- */

typedef struct th__conninfo {
    th_arena *arena;
    PQconninfoOption *options;
    th_db_role role;
    const char **hosts, **hostaddrs, **ports; /* by attempt; NULL: as given */
    int attempts;
} th__conninfo;

/* TH_CONFIG, in words that quote nothing of it. out is freed by the caller in any case. */
th_rc th__conninfo_parse(const char *conninfo, th_db_role role, th__conninfo *out,
                         th_error *err) TH_MUST_CHECK;
void th__conninfo_free(th__conninfo *info);

typedef struct th__conn_params {
    const char **keywords;
    const char **values;
} th__conn_params;

th__conn_params th__conninfo_params(const th__conninfo *info, int attempt);

/* ---- servers.c: what this process has seen of its servers (protocol S2) ---- */

typedef struct th__server {
    uint64_t system_id; /* 0: it does not say */
    uint32_t timeline;  /* 0: it does not say */
} th__server;

/* TH_SCHEMA: another cluster, or an older timeline than the highest so far. Remembers what it
 * admits. Thread-safe. */
th_rc th__server_admit(const th__server *server, th_error *err) TH_MUST_CHECK;
void th__servers_forget(void); /* tests */

/* ---- owners.c ---- */

/* th_owners_watch, with a bound of its own for pen_waits_silent. */
th_rc th__owners_watch(th_db *control, int32_t hub_id, const th_sleepers *sleepers,
                       int32_t silent_seconds, th_arena *arena, th_watch *out,
                       th_error *err) TH_MUST_CHECK;

#endif
