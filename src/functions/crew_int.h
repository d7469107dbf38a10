/*
 * crew_int.h - what crew.c (which worker gets a call) and worker.c (one process and its thread)
 * share.
 */
#ifndef TH_FUNCTIONS_CREW_INT_H
#define TH_FUNCTIONS_CREW_INT_H

#include <pthread.h>
#include <sys/types.h>

#include "functions/crew.h"
#include "functions/frame.h"
#include "functions/lines.h"
#include "functions/suspects.h"

enum { TH__CALL_BUCKETS = 1024 };

typedef enum th__phase {
    TH__DOWN,     /* no process */
    TH__STARTING, /* start_stream is awaited */
    TH__INITING,  /* worker_init_response */
    TH__LISTING,  /* function_metadata_response; the one that lists for all */
    TH__WAITING,  /* for the list that another worker makes */
    TH__LOADING,  /* function_load_responses */
    TH__READY,
    TH__ENDING /* it was told to end */
} th__phase;

typedef struct th__worker {
    th__crew *crew;
    int index;
    pthread_t thread;
    bool has_thread;

    /* The thread's own. */
    th__phase phase;
    char id[TH_UUID_TEXT];
    th__frames frames;
    th__lines lines[2];  /* standard output, standard error */
    int64_t deadline_us; /* monotonic, of the phase */
    size_t loads;        /* answers still awaited */
    int64_t backoff_us;
    int64_t ready_at_us;
    int64_t looked_us; /* for calls that are late */

    /* Under the crew's lock. */
    bool ready;
    pid_t pid;   /* 0: none */
    int sock;    /* -1: none */
    int wake[2]; /* pipe; [1] is written to */
    th_buf out;  /* what the socket did not take yet, from out_at on */
    size_t out_at;
    th__call *calls[TH__CALL_BUCKETS];
    int call_count;
    int step_count; /* those of them that are steps */
    int suspects;   /* of the calls: 0 or 1 */
} th__worker;

struct th__crew {
    th_arena *arena; /* options, table */
    th__crew_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    th__worker *workers;
    th__call *waiting, **waiting_end;
    int waiting_count;
    th__call *apart, **apart_end; /* suspects that wait for a worker without one */
    th__suspects suspects;
    bool stopping; /* no call is given out any more, processes end */
    bool stopped;
    bool listed;     /* table is there */
    bool started;    /* a worker has been ready */
    int lister;      /* index of the worker that lists; -1: none does */
    th_error failed; /* why the first start failed */
    th__table table;
};

/* crew.c */
/* The worker takes calls; those that wait are given out. */
void th__crew_ready(th__worker *w);
/* It takes no more; its calls are lost, and under suspicion if it died. */
void th__crew_down(th__worker *w, const char *why, bool died);
th__call *th__crew_answered(th__worker *w, const th_uuid *id); /* NULL: it has no such call */
void th__crew_lose(th__call *calls, const char *why);          /* answers them as lost */
/* Calls of it whose deadline has passed are answered. */
void th__crew_expire(th__worker *w, int64_t now_us);
/* Sends a frame at once as far as the socket takes it. Under the lock. */
void th__worker_send(th__worker *w, const char *bytes, size_t n);
void th__worker_wake(th__worker *w);

/* conversation.c */
#define TH__PATIENCE_US ((int64_t)120 * 1000000) /* with each step of the handshake */
void th__worker_enter(th__worker *w, th__phase phase);
void th__worker_load(th__worker *w); /* tells it to load all functions */
/* One frame. TH_INVALID, TH_CONFIG: the process is to be ended, and why. */
th_rc th__worker_take(th__worker *w, const char *text, size_t n, th_error *err) TH_MUST_CHECK;

/* worker.c */
void *th__worker_main(void *worker);

#endif
