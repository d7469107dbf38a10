/*
 * workers_int.h - what the files of the executor share: streams of workers, items in flight.
 *
 * One lock guards all of it. Nothing of the engine is called under it, since the engine calls us
 * under locks of its own.
 */
#ifndef TH_GRPC_WORKERS_INT_H
#define TH_GRPC_WORKERS_INT_H

#include "base/buf.h"
#include "grpc/convert.h"
#include "grpc/grpc_int.h"
#include "grpc/workers.h"

enum { TH__KINDS = 3, TH__ITEM_SLOTS = 1024, TH__TOKEN_SIZE = 72 };

typedef struct th__stream th__stream;
typedef struct th__work th__work;

/* ---- sessions: the past of an instance as it goes out -----------------------------------------
 */

/* Events of committed episodes as fields pastEvents of a request, so that each is encoded once. */
typedef struct th__session {
    th_buf past;
    int32_t next_seq; /* of the event that comes next; another one: it is not what it was */
    int losses;       /* workers that went away with an item too large for most */
} th__session;

/* ---- items ----------------------------------------------------------------------------------- */

struct th__work {
    th__work *next;  /* in its slot */
    uint64_t number; /* unique in this process; the slot is by it */
    char completion[TH__TOKEN_SIZE];
    th_item_kind kind;
    th_token token; /* the engine's */
    char *instance_id, *name, *version;
    uint8_t *bytes; /* the WorkItem message; of orchestrators as it was sent last */
    size_t n;
    th__stream *stream; /* NULL: none has it */
    bool was_out;       /* some stream had it */
    int64_t give_up_us; /* monotonic; when it goes back to the engine; 0: no */
    int32_t task_id;    /* activities */

    /* orchestrators */
    th__session *session; /* NULL: dropped meanwhile */
    char *execution_id, *trace;
    th_buf head;      /* the request without its past, which is put to it when it is sent */
    int64_t t_us;     /* of the episode */
    int32_t next_seq; /* of the first event that it produces */
    th_buf fresh;     /* its events, as they go into the session */
    th_buf chunks;    /* of an answer in several messages */
    int32_t next_chunk;

    /* entities */
    char *state;
    size_t op_count;
};

/* ---- streams --------------------------------------------------------------------------------- */

typedef struct th__filter {
    const char *name;
    const char *const *versions;
    size_t version_count; /* 0: any */
} th__filter;

struct th__stream {
    th__stream *next;
    th__rpc *rpc; /* holds the memory of all this */
    bool any;     /* no filters: whatever there is */
    bool streams; /* it fetches a long past by a call of its own */
    th__filter *filters[TH__KINDS];
    size_t filter_count[TH__KINDS];
    int most[TH__KINDS]; /* 0: no limit */
    int out[TH__KINDS];
    int64_t said_us; /* monotonic; when something was sent last */
};

struct th_workers {
    th_executor executor;
    th_engine *engine;
    char prefix[TH_UUID_TEXT]; /* of completion tokens: those of other processes are strangers */
    pthread_t keeper;
    bool keeping;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;  /* the keeper */
    th__stream *streams;
    th__work *slots[TH__ITEM_SLOTS];
    size_t item_count, waiting;
    uint64_t last_number;
    bool stopping;
};

/* worker_streams.c; all under the lock. */
bool th__streams_accept(const th_workers *w, th_item_kind kind, const char *name,
                        const char *version);
/* Hands the item to the stream that has least; false: nobody has room for it. */
bool th__streams_send(th_workers *w, th__work *item);
/* What waits, to whoever has room now. */
void th__streams_offer(th_workers *w);
void th__streams_ping(th_workers *w, int64_t now_us);
const char *const *th__streams_names(th_workers *w, th_item_kind kind, th_arena *arena,
                                     size_t *count);

/* worker_items.c; under the lock but for new and free. */
th__work *th__work_new(th_item_kind kind, th_token token, const char *instance_id, const char *name,
                       const char *version);
void th__work_free(th__work *item); /* NULL is fine */
/* Numbers it, and gives it its completion token: before it is packed. */
void th__work_name(th_workers *w, th__work *item);
void th__work_pack(th__work *item, const WorkItem *work); /* takes the message */
void th__work_add(th_workers *w, th__work *item);
void th__work_take(th_workers *w, th__work *item); /* out of the table and its stream */
th__work *th__work_find(th_workers *w, const char *completion);
/* By what older SDKs answer with: the item of that kind of an instance, and its task. */
th__work *th__work_find_of(th_workers *w, th_item_kind kind, const char *instance_id,
                           int32_t task_id);

/* worker_executor.c */
void th__workers_begin(th_workers *w, th__work *item); /* sends it, or answers the engine */
/* To the engine, without the lock: it is to come again. Frees the item. */
void th__work_return(th_workers *w, th__work *item, th_answer_kind kind, int64_t delay_us);
/* Ends all streams; no item goes out any more. */
void th__workers_stop(th_workers *w);
th_rc th__workers_start(th_workers *w, th_error *err) TH_MUST_CHECK;

/* worker_orch.c */
void th__run_orchestrator(void *self, const th_orch_item *item);
void th__drop_session(void *self, void *session);
/* Under the lock: the message as that worker is to have it. False: nobody waits for it any more. */
bool th__orch_pack(th__work *item, bool streams);
/* Whether workers get to see such an event. */
bool th__is_shown(const th_event *event);
/* Under the lock: what a worker answered, in arena; the session goes on by that. */
void th__orch_answer(th__work *item, th_arena *arena, const OrchestratorResponse *response,
                     th_answer *answer);
/* Its worker went away again and again, and it is larger than most take: the answer that ends it.
 */
bool th__orch_too_large(th__work *item, th_answer *answer);

/* worker_history.c: the past of an item that is out, for the worker that has it. */
/* False: there is none here. Else the call is ended. */
bool th__rpc_stream_past(th__rpc *rpc);

/* worker_entity.c */
void th__run_entity(void *self, const th_entity_item *item);
void th__entity_answer(const th__work *item, th_arena *arena, const EntityBatchResult *result,
                       th_entity_answer *answer);

#endif
