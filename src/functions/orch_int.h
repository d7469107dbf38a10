/*
 * orch_int.h - an orchestration as this executor remembers it between episodes: what its SDK has
 * asked for, under which ids, and the history as the SDK is shown it.
 *
 * The SDK numbers actions silently, in the order in which it lists them, and takes further numbers
 * for what a retry policy does; the host counts along. Everything here can be made again from
 * history and the memo of the last episode.
 */
#ifndef TH_FUNCTIONS_ORCH_INT_H
#define TH_FUNCTIONS_ORCH_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "functions/context.h"
#include "functions/functions_int.h"
#include "functions/steps.h"

/* A retry policy at work. */
typedef struct th__retry {
    th__retry_options options;
    const char *name, *input, *instance, *version; /* instance: only if the app has named it */
    bool is_child;
    int32_t first_seq;
    int32_t open_seq; /* of the call or the timer whose answer is awaited; TH_NONE: it is over */
    int32_t open_id;
    int32_t failed;
    bool pausing; /* open_seq is the timer */
} th__retry;

/* One listed action. */
typedef struct th__leaf {
    th__step_type type;
    const char *name;
    int32_t seq; /* of its event; TH_NONE: it has none */
    int32_t id;  /* the SDK's number; after a rewind its event may have an older one */
    bool known;  /* false: history lost it (a rewind), it is to be done again */
    bool cancelled;
} th__leaf;

/* Who waits for events of a name. */
typedef struct th__wait {
    const char *name;
    int32_t seen, delivered;
} th__wait;

/* An event that is shown elsewhere than history has it: behind that of seq `after`. */
typedef struct th__moved {
    int32_t seq, after;
    const char *name; /* the waiter's spelling; NULL: the same */
} th__moved;

/* The episode under way. */
typedef struct th__run {
    th_arena *arena;
    th_token token;
    th_event *fresh;
    size_t count, at; /* fresh[at] is the next one to be shown */
    int64_t now_us;   /* the orchestration's clock */
    int32_t next_seq;
    th_action *actions;
    size_t action_count, action_cap;
    th_buf shown; /* of the step under way, as played: history once the SDK has answered */
    bool began;   /* OrchestratorStarted was shown */
    bool called;  /* the SDK was asked at least once */
    th_status_op status_op;
    const char *status;
} th__run;

typedef struct th__orch {
    atomic_int refs; /* the engine's, and that of a call under way */
    pthread_mutex_t lock;
    bool dropped;
    bool broken; /* what it knows is no longer what is committed */
    th_functions *functions;
    const th__function *f;
    uint64_t key; /* for suspects.h */
    th_arena *arena;
    th_buf history; /* events, as played */
    th_buf tail;
    const char *trace;    /* of its start, JSON; NULL: none */
    int32_t expected_seq; /* of the next episode's first event */
    bool rewound;
    bool unsettled; /* rewound, and not replayed since: the SDK takes numbers again for what is lost
                     */
    int32_t
        *retry_after; /* for each number that a retry policy took: how many actions came before */
    size_t taken, taken_cap;
    int32_t last_shown; /* seq */
    int32_t most_shown;
    th__leaf *leaves;
    size_t leaf_count, leaf_cap;
    th__retry **retries;
    size_t retry_count, retry_cap;
    th__wait *waits;
    size_t wait_count, wait_cap;
    th_event *held; /* events that nobody waits for, in the order they came */
    size_t held_count, held_cap;
    th__moved *moved;
    size_t moved_count, moved_cap;
    const char **names; /* each kept once */
    size_t name_count, name_cap;
    bool has_status;
    th__run *run; /* NULL: none */
} th__orch;

/* orch_state.c */
/* Room for one more in a list of this struct. */
void *th__grow(void *list, size_t count, size_t *cap, size_t size);
const char *th__orch_name(th__orch *o, const char *name);
th__leaf *th__leaf_at(th__orch *o, size_t ordinal); /* makes those that are missing up to there */
th__retry *th__retry_begin(th__orch *o, const th__retry_options *options);
th__retry *th__retry_of(th__orch *o, int32_t seq);     /* whose answer that is; NULL: none's */
const char *th__name_of_seq(th__orch *o, int32_t seq); /* of the function; NULL: not known */
int32_t th__number_of_seq(th__orch *o, int32_t seq);   /* the SDK's; TH_NONE: not known */
/* A retry policy takes a number, behind so many actions; the number. */
int32_t th__take_number(th__orch *o, int32_t after);
/* Of an action, by its place among them: behind those before it and what policies took meanwhile.
 */
int32_t th__number_at(const th__orch *o, size_t ordinal);
th__wait *th__wait_named(th__orch *o, const char *name); /* exact; made if it is missing */
th__wait *th__wait_for(th__orch *o, const char *name);   /* an open one, in any case; or NULL */
void th__hold(th__orch *o, const th_event *event);
/* Notes where an event is shown; its text goes to history by the caller. */
void th__orch_showed(th__orch *o, const th_event *event, const char *spelled);
const char *th__orch_memo(th__orch *o, th_arena *arena);

/* orch_verdict.c: what the engine is told, once the lock is open. Each takes the run out of o. */
typedef struct th__verdict {
    bool is_due;
    th_answer answer;
    th__run *run; /* its memory, now the caller's */
} th__verdict;

/* Anything but DONE: what o knows is no longer to be relied on. */
th__verdict th__verdict_of(th__orch *o, th_answer_kind kind);
th__verdict th__verdict_done(th__orch *o); /* it waits for something */
th__verdict th__verdict_failed(th__orch *o, const char *error, const char *stack);
th__verdict th__verdict_unreplayable(th__orch *o, const char *text);
th__verdict th__verdict_ended(th__orch *o, const th__steps *steps); /* completed, or renewed */

/* orch_past.c: from history and memo; TH_INVALID: they can't be read. */
th_rc th__orch_rebuild(th__orch *o, const th_orch_item *item, th_error *err) TH_MUST_CHECK;

/* orch_act.c: the SDK's list against what is known; new ones become actions of the run. */
/* TH_NONDETERMINISM: the list differs from what it was. */
th_rc th__orch_act(th__orch *o, const th__steps *steps, th_error *err) TH_MUST_CHECK;
/* What a retry policy does about an answer; takes ids, adds to the run's actions. */
void th__orch_retry(th__orch *o, th__retry *retry, const th_event *answer);
/* What is kept with an event so that history tells enough. */
typedef struct th__mark {
    int32_t ordinal; /* TH_NONE: the event's id */
    int32_t after;   /* of what a retry policy did: how many actions came before; TH_NONE: unsaid */
    bool retried, named;
    th__retry_options retry;
} th__mark;
th__mark th__mark_read(const char *x);

#endif
