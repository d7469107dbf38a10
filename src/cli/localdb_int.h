/*
 * localdb_int.h - what the files of the private cluster share.
 */
#ifndef TH_CLI_LOCALDB_INT_H
#define TH_CLI_LOCALDB_INT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* ---- whom the server runs as (localdb_user.c) ------------------------------------------------ */

enum { TH__MAX_GROUPS = 64 };

typedef struct th__dbuser {
    bool drop; /* we are root, so children change to it */
    uid_t uid;
    gid_t gid;
    gid_t groups[TH__MAX_GROUPS];
    int n_groups;
} th__dbuser;

th_rc th__dbuser_get(th__dbuser *out, th_error *err) TH_MUST_CHECK;
bool th__dbuser_become(const th__dbuser *user); /* in a child, between fork and exec */
/* Makes a directory of mode 0700 that belongs to the user; one that is there must be just that. */
th_rc th__dbuser_mkdir(const th__dbuser *user, const char *path, th_error *err) TH_MUST_CHECK;
bool th__dbuser_can_use(const th__dbuser *user, const char *path); /* read, write, search */

/* ---- where it lives (localdb_place.c) -------------------------------------------------------- */

typedef struct th__place {
    const char *data_dir; /* as the user named it, absolute */
    const char *home;     /* data_dir, or another place that the server's user can reach */
    const char *cluster;  /* <home>/pg: PostgreSQL's own */
    const char *making;   /* <home>/pg.new: while initdb runs */
    const char *sockets;  /* directory of the unix socket */
    const char *log_file; /* <home>/postgres.log */
} th__place;

enum { TH__PORT = 5432 }; /* only names the socket's file */

/* Makes data_dir if asked, and its path absolute. */
th_rc th__data_dir(th_arena *arena, const char *data_dir, bool make, const char **out,
                   th_error *err) TH_MUST_CHECK;
/* Chooses the home and makes the directories. moved: it is not the data directory, for the first
 * time. */
th_rc th__place_make(th_arena *arena, const char *data_dir, const th__dbuser *user, th__place *out,
                     bool *moved, th_error *err) TH_MUST_CHECK;
/* The same without making anything; the cluster need not exist. */
void th__place_look(th_arena *arena, const char *data_dir, const th__dbuser *user, th__place *out);
bool th__place_has_cluster(const th__place *place);
void th__remove_tree(const char *path);
const char *th__place_conninfo(th_arena *arena, const th__place *place);

/* ---- postmaster.pid (localdb_pid.c) ---------------------------------------------------------- */

typedef struct th__pidfile {
    pid_t pid;
    unsigned long shm_key, shm_id;
    bool has_shm;
    bool ready; /* takes connections */
} th__pidfile;

bool th__pidfile_parse(const char *text, th__pidfile *out); /* false: not such a file */
bool th__pidfile_read(const th__place *place, th__pidfile *out);
bool th__server_runs(const th__place *place,
                     const th__pidfile *file); /* that pid is this cluster's */
/* Ends or clears away what an earlier run left, so that the server can start. */
th_rc th__settle_previous(const th__place *place, th_error *err) TH_MUST_CHECK;

/* ---- PostgreSQL's programs (localdb_bin.c) --------------------------------------------------- */

enum { TH__OLDEST_PG = 14 };

typedef struct th__pgbin {
    const char *folder;
    int major;
} th__pgbin;

int th__pg_major(const char *text); /* of "postgres (PostgreSQL) 15.20 (...)"; 0: not understood */
/* want: the major version of an existing cluster, or 0 for any from TH__OLDEST_PG on. */
th_rc th__pgbin_find(th_arena *arena, int want, th__pgbin *out, th_error *err) TH_MUST_CHECK;
int th__cluster_major(const th__place *place); /* of PG_VERSION; 0: none */

/* ---- running them (localdb_run.c) ------------------------------------------------------------ */

typedef struct th__run {
    const char *const *argv; /* argv[0] is the program's path */
    const th__dbuser *user;  /* NULL: as we are */
    const char *folder;      /* working directory; NULL: / */
    int in;                  /* standard input; -1: empty */
    int out;                 /* standard output and error */
    bool dies_with_us;       /* SIGINT when the thread that called us ends */
} th__run;

th_rc th__run_start(const th__run *run, pid_t *pid, th_error *err) TH_MUST_CHECK;
/* Runs to the end; *status is the exit status, or 128 + signal. A requested stop ends it:
 * TH_UNAVAILABLE. */
th_rc th__run_wait(const th__run *run, int *status, th_error *err) TH_MUST_CHECK;
bool th__run_ended(pid_t pid, int *status);                   /* reaps */
void th__run_kill(pid_t pid, int signal_no, int64_t wait_us); /* SIGKILL after that time; reaps */

/* ---- the server's command line (localdb_server.c) -------------------------------------------- */

const char *const *th__initdb_argv(th_arena *arena, const th__pgbin *bin, const th__place *place);
const char *const *th__create_argv(th_arena *arena, const th__pgbin *bin, const th__place *place);
const char *const *th__check_argv(th_arena *arena, const th__pgbin *bin, const th__place *place,
                                  const char *setting, const char *value);
const char *const *th__server_argv(th_arena *arena, const th__pgbin *bin, const th__place *place,
                                   const char *wal_compression);

#endif
