/*
 * front_int.h - what the files of the front share.
 *
 * A request waits in a queue (front_queue.c), is taken with all that wait beside it by a thread
 * that has a connection of its own (front_line.c), and is answered once. Writers (front_write.c)
 * make one transaction of what they took (front_start.c, front_signal.c, front_audit.c) and isolate
 * what fails in it (front_batch.c); readers (front_get.c) make one statement of it. Times are
 * th__real_us.
 */
#ifndef TH_STORE_FRONT_INT_H
#define TH_STORE_FRONT_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/front.h"
#include "store/params.h"
#include "store/store_int.h"

enum {
    TH__BATCH_COUNT = 1000,    /* requests in a statement (protocol B5) */
    TH__BATCH_BYTES = 8 << 20, /* of their texts */
    TH__READ_COUNT = 256,
    TH__REQUEST_BYTES =
        256 << 20, /* of one request's texts: PostgreSQL takes below 1 GB a message */
    TH__PARKED = 256,
    TH__UNSURE_TRIES = 5
};

#define TH__GIVE_UP_US INT64_C(10000000) /* without a database, or behind another's lock */
#define TH__ANSWER_US INT64_C(10000000)  /* for a batch; then the connection counts as lost */
#define TH__NOTIFY_GAP_US INT64_C(3000)  /* protocol W1: coalesced */
#define TH__LOCK_TIMEOUT "200ms"         /* protocol F1 */
#define TH__LOCK_TIMEOUT_ALONE "5ms"     /* while looking for the one that is locked */

/* ---- requests: the struct and copies of the caller's texts in one piece of memory ---- */

typedef enum th__front_request_kind { TH__START, TH__SIGNAL, TH__GET } th__front_request_kind;

typedef enum th__outcome {
    TH__NO_ROW,    /* the statement said nothing about it */
    TH__DONE,      /* started, or the message is queued */
    TH__LIVE,      /* start: a live instance has the id */
    TH__FINISHED,  /* signal: the instance is terminal */
    TH__UNCHANGED, /* suspend of suspended, resume of not suspended */
    TH__UNFAILED,  /* rewind: the instance is not Failed */
} th__outcome;

typedef struct th__front_request {
    struct th__front_request *next; /* in a list */
    struct th__front_request
        *same; /* start: later ones for the same id, answered by this one's outcome */
    th_front_done done;
    void *arg;
    size_t bytes;
    int64_t since_us;
    int64_t retry_us; /* while parked: not before */
    int32_t partition_id;
    uint32_t order;   /* of arrival in its batch */
    int16_t message;  /* signal: number of the kind in inbox */
    int16_t priority; /* of a start */
    uint8_t kind;
    uint8_t outcome;
    uint8_t parked;  /* how often */
    uint8_t unsure;  /* how often somebody else took the id meanwhile */
    bool to_entity;  /* signal: of an entity, which need not exist */
    bool by_hand;    /* has a row in the audit if it takes effect */
    bool maybe_done; /* an earlier try may have been committed: its answer was lost */
    int status;
    th_uuid start_id; /* signal: the message id */
    th_uuid execution_id;
    int64_t scheduled_us;
    const char *instance_id;
    const char *name;  /* signal: of the event */
    const char *input; /* signal: payload or reason */
    const char *version;
    const char *tags;
    const char *trace;
    const char *key_name;   /* by hand: of the caller's access key, or NULL */
    const char *restart_of; /* by hand, start: the instance that it starts over */
    char texts[];
} th__front_request;

/* A list of requests, first come first. */
typedef struct th__front_list {
    th__front_request *first;
    th__front_request **last;
    size_t count;
    size_t bytes;
} th__front_list;

void th__front_list_init(th__front_list *list);
void th__front_list_add(th__front_list *list, th__front_request *request);
th__front_request *th__front_list_pop(th__front_list *list); /* NULL: empty */
void th__front_list_move(th__front_list *to,
                         th__front_list *from); /* to its end; from is empty then */

/* Answers and frees; status -1: not known; text NULL: the words of rc. */
void th__front_answer(th_front *front, th__front_request *request, th_rc rc, int status,
                      const char *text);
void th__front_answer_row(th_front *front, th__front_request *request,
                          const struct th_instance *instance);

/* ---- front_queue.c ---- */

typedef struct th__front_queue {
    pthread_mutex_t mutex;
    pthread_cond_t ready;   /* something waits */
    pthread_cond_t stopped; /* for those who pause: a put must not wake them in place of a taker */
    th__front_list list;
    int sleepers;
    bool stopping;
} th__front_queue;

void th__front_queue_init(th__front_queue *queue);
void th__front_queue_destroy(th__front_queue *queue);
void th__front_queue_put(th__front_queue *queue, th__front_request *request);
void th__front_queue_stop(th__front_queue *queue);
/*
 * Adds what waits to list, up to the bounds; if list is empty, waits until deadline_us for the
 * first. False: stopping, and nothing is left.
 */
bool th__front_queue_take(th__front_queue *queue, th__front_list *list, size_t count, size_t bytes,
                          int64_t deadline_us);
/* Sleeps until then, or until the queue is stopped. False: it is. */
bool th__front_queue_pause(th__front_queue *queue, int64_t until_us);

/* ---- front_line.c: a connection that comes back ---- */

typedef struct th__line {
    th_front *front;
    th__front_queue *queue;
    th_db *db;             /* NULL: not connected */
    bool direct;           /* no pooler in between: statements are prepared */
    int64_t down_since_us; /* 0: what was tried last has worked */
    int64_t next_try_us;   /* connecting: not before */
    int64_t pause_us;      /* before the next but one try */
    int64_t open_took_us;  /* the last try to connect */
} th__line;

/* One statement of a pipeline; params NULL: none. Binary results. */
typedef struct th__step {
    const char *sql;
    const th_params *params;
    PGresult *res;
} th__step;

/* Connects if need be. TH_UNAVAILABLE: the database has been away for too long, or the front ends.
 */
th_rc th__line_ready(th__line *line, th_error *err) TH_MUST_CHECK;
/*
 * Runs the statements in one pipeline with one sync; res of each is the caller's (PQclear) on
 * success and NULL otherwise. After a failure no transaction is left open. TH_DB_LOST: the
 * connection is closed, and what was sent may have been carried out.
 */
th_rc th__line_run(th__line *line, th__step *steps, int n, th_error *err) TH_MUST_CHECK;
/* Closes the connection; the database has not answered since then. */
void th__line_lost(th__line *line, int64_t since_us, const th_error *err);
bool th__line_hopeless(const th__line *line); /* nothing has worked for too long */
/* The database answers but cannot serve: waits a little. TH_UNAVAILABLE as above. */
th_rc th__line_backoff(th__line *line, th_error *err) TH_MUST_CHECK;
void th__line_close(th__line *line);
/* What a failure of one request alone means for its caller: values that no database would take are
 * its own fault. */
th_rc th__line_blame(th_rc rc, const th_error *err);
/* The failure is not about any one request: no right, no table. */
bool th__line_concerns_all(th_rc rc, const th_error *err);

/* ---- the front and its threads ---- */

typedef struct th__start_columns {
    th_array partition, instance, start, execution, name, version, input, tags, scheduled, priority,
        trace;
    th_params params;
} th__start_columns;

typedef struct th__signal_columns {
    th_array partition, instance, kind, name, payload, message;
    th_params params;
} th__signal_columns;

typedef struct th__audit_columns {
    th_array partition, act, instance, reason, new_id, key;
    th_params params;
} th__audit_columns;

/* Partitions that were written to, each once after th__touched_sort. */
typedef struct th__touched {
    int32_t *ids;
    size_t count, cap;
} th__touched;

typedef struct th__writer {
    pthread_t thread;
    th__line line;
    th__front_list taken; /* from the queue; also what comes again */
    th__front_request
        *items[TH__BATCH_COUNT]; /* the batch: starts by key, then signals as they came */
    size_t starts, count;
    th__front_request *scratch[TH__BATCH_COUNT];
    th__front_list parked; /* what failed alone, by somebody else's lock */
    th__start_columns start_columns;
    th__signal_columns signal_columns, control_columns, rewind_columns, entity_columns;
    th__audit_columns audit_columns;
    th_params settings;
    th__touched touched;  /* by the present transaction */
    th__touched sleeping; /* owners to notify */
    int64_t notified_us;
} th__writer;

typedef struct th__reader {
    pthread_t thread;
    th__line line;
    th__front_list taken;
    th__front_list again; /* rows too large to come with others */
    th__front_request *items[TH__READ_COUNT];
    size_t count;
    th_array partition, instance;
    th_params params;
} th__reader;

struct th_front {
    th_front_options options;
    char *conninfo;
    atomic_int_fast64_t waiting;
    th__front_queue writes, reads;
    int writers_started, readers_started;
    th__writer *writers;
    th__reader *readers;
};

void *th__writer_main(void *writer);
void *th__reader_main(void *reader);
void th__reader_init(th__reader *reader, th_front *front);
void th__reader_free(th__reader *reader);
void th__writer_init(th__writer *writer, th_front *front);
void th__writer_free(th__writer *writer);

/* Makes items of what was taken: one start an id, the later ones behind it; joins parked ones. */
void th__batch_form(th__writer *writer);
/* Runs items until each is answered, parked or put back into taken. */
void th__batch_run(th__writer *writer);
/* Tries the parked request that is due, if any; until when there is nothing to do for the others.
 */
void th__parked_retry(th__writer *writer);
int64_t th__parked_due(const th__writer *writer);
void th__parked_give_up(th__writer *writer);

void th__touched_add(th__touched *touched, int32_t partition_id);
void th__touched_sort(th__touched *touched);

/* Statements: fill takes requests into the parameters, read sets outcome and status of each. */
void th__start_columns_init(th__start_columns *c);
void th__start_columns_free(th__start_columns *c);
void th__starts_fill(th__start_columns *c, th__front_request *const *items, size_t n);
void th__starts_read(const PGresult *res, th__front_request **items, size_t n);
void th__signal_columns_init(th__signal_columns *c);
void th__signal_columns_free(th__signal_columns *c);
void th__signals_fill(th__signal_columns *c, th__front_request *const *items, size_t n);
void th__signals_read(const PGresult *res, th__front_request **items, size_t n);
bool th__signal_is_control(
    const th__front_request *request); /* suspend or resume: a statement of its own */

bool th__signal_is_rewind(const th__front_request *request); /* likewise */
bool th__signal_is_entity(const th__front_request *request); /* likewise */
void th__rewinds_read(const PGresult *res, th__front_request **items, size_t n);

void th__audit_columns_init(th__audit_columns *c);
void th__audit_columns_free(th__audit_columns *c);
bool th__audit_wanted(th__front_request *const *items, size_t n); /* some are done by hand */
/* Those that took effect, by their outcomes; how many. */
size_t th__audit_fill(th__audit_columns *c, th__front_request *const *items, size_t n);

/* A column that has grown beyond what is usual gives its memory back. */
void th__array_reset(th_array *a);

#endif
