/*
 * front.h - client calls of many callers, coalesced into shared statements and commits.
 *
 * Starts, signals (events, terminate, suspend, resume, rewind) and status reads that arrive
 * together go to PostgreSQL as one statement of each kind, in one commit; each caller gets its own
 * outcome, after that commit (protocol, 8 and F1). Threads and connections (role pool) belong to
 * the front. Submitting never blocks; done is called once, on a thread of the front, and must not
 * block. Only what is not even queued (a field that is missing, too many waiting) is answered on
 * the caller's thread, before the submission returns. Texts of a request are copied.
 *
 * Without a database requests wait for up to 10 s of its absence, then they get TH_UNAVAILABLE; so
 * do those for an id that somebody else's open transaction holds for so long. TH_UNAVAILABLE may
 * hide a request that was carried out.
 */
#ifndef TH_STORE_FRONT_H
#define TH_STORE_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ids.h"
#include "store/hubs.h"

typedef struct th_front th_front;

typedef struct th_front_options {
    const char *conninfo;
    int connections; /* for writes; as many again for reads; 0: 1 */
    /* Called after a commit that wrote messages to that partition; false: not ours, so it is
     * notified (W1). NULL: always notify. */
    bool (*wake)(void *arg, int32_t partition_id);
    void *wake_arg;
    int64_t max_queued; /* callers beyond this get TH_UNAVAILABLE at once; 0: 100,000 */
} th_front_options;

th_rc th_front_new(const th_front_options *options, th_front **out, th_error *err) TH_MUST_CHECK;
void th_front_free(
    th_front *front); /* answers what is queued (TH_UNAVAILABLE if it can't), then ends */

typedef struct th_front_answer {
    th_rc rc; /* TH_OK, NOT_FOUND, FINISHED, NO_CHANGE, EXISTS, INVALID, UNAVAILABLE, DB ... */
    const char *text; /* words for a failure */
    int status;       /* the instance's status where known, else -1 */
    const struct th_instance
        *instance; /* th_front_get: the row; valid during the call of done only */
} th_front_answer;

typedef void (*th_front_done)(void *arg, const th_front_answer *answer);

typedef struct th_start_request {
    const char *instance_id; /* checked by the caller with th_instance_id_problem */
    const char *name;
    const char *version;        /* or NULL */
    const char *input;          /* JSON text or NULL */
    const char *tags;           /* JSON object or NULL */
    const char *trace;          /* trace context, JSON object (events.md, 2), or NULL */
    int16_t priority;           /* of its activities, -100 to 100 */
    int64_t scheduled_start_us; /* 0: now */
    bool replace_any;           /* reserved; must be false here */
    const char *restart_of;     /* by hand: starts that instance over, for the audit; or NULL */
    const char *key_name;       /* of the access key that let the caller in, for it; or NULL */
} th_start_request;

/* TH_EXISTS (with status) when a live instance has that id. A retry inside (lost connection) uses
 * the same start id and stays one start. */
void th_front_start(th_front *front, const th_hub *hub, const th_start_request *request,
                    th_front_done done, void *arg);

typedef enum th_signal_kind {
    TH_SIGNAL_RAISE,
    TH_SIGNAL_TERMINATE,
    TH_SIGNAL_SUSPEND,
    TH_SIGNAL_RESUME,
    TH_SIGNAL_REWIND,
    TH_SIGNAL_ENTITY,      /* an operation; the entity need not exist */
    TH_SIGNAL_ENTITY_PURGE /* its owner deletes it */
} th_signal_kind;

typedef struct th_signal_request {
    th_signal_kind kind;
    const char *instance_id;
    const char *event_name;    /* RAISE; ENTITY: the operation, which may be "" */
    const char *payload;       /* RAISE, ENTITY: input or NULL; else the reason or NULL */
    const th_uuid *message_id; /* makes a repeat recognisable (protocol I4); NULL: a new one */
    bool by_hand;              /* written down in the audit if it takes effect; not RAISE, ENTITY */
    const char *key_name;      /* of the access key that let the caller in, for it; or NULL */
} th_signal_request;

/* NOT_FOUND, FINISHED; suspend of suspended and resume of not suspended: NO_CHANGE (judged as
 * events.md 8 says); rewind of what is not Failed: NOT_FAILED. */
void th_front_signal(th_front *front, const th_hub *hub, const th_signal_request *request,
                     th_front_done done, void *arg);

/* want_payloads: input, output, custom status, failure too. */
void th_front_get(th_front *front, const th_hub *hub, const char *instance_id, th_front_done done,
                  void *arg);

#endif
