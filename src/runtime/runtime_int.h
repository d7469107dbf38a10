/*
 * runtime_int.h - what files of this room share: running orchestrators, their tasks, their steps.
 *
 * An orchestrator's session (th_orch) lives from its first episode here until the engine drops it.
 * All of it, down to the texts of its last answer, is in its arena, but for the coroutine's stack
 * and three growing tables. It is used by one thread at a time.
 */
#ifndef TH_RUNTIME_INT_H
#define TH_RUNTIME_INT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <taskhub.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "engine/executor.h"
#include "runtime/coro.h"

enum {
    TH__MOST_TASKS = 1000000,   /* in one th_when_all or th_when_any */
    TH__MOST_ACTIONS = 1000000, /* in one episode */
    TH__DEEPEST_ALL = 64,       /* th_when_all of th_when_all of ... */
    TH__MOST_ATTEMPTS = 100000,
    TH__MOST_PRIORITY = 100, /* and the least with a minus */
    TH__NAME_MAX = 256,      /* bytes of the name of an activity or event */
};
#define TH__MEMORY_MAX ((size_t)1 << 30)            /* bytes in one th_memory */
#define TH__LAST_TIME ((int64_t)253402300799999999) /* the end of the year 9999 */

/* ---- scope.c: what all functions have in common -----------------------------------------------
 */

typedef enum th__scope_kind {
    TH__ORCH = 0x4f524348,
    TH__ACTIVITY = 0x41435456,
    TH__ENTITY = 0x454e5454
} th__scope_kind;

/* First member of th_orch, th_activity and th_entity. */
typedef struct th__scope {
    th__scope_kind kind;
    bool quiet; /* no log lines: a replay */
    th_arena *arena;
    const char *instance_id;
    const char *input;                  /* NULL: none */
    const char *version, *tags, *trace; /* NULL: none */
    const char *failure;                /* JSON, once the code said that it failed */
} th__scope;

/* {"type":...,"message":...} and, if for good, "nonRetriable":true. */
const char *th__failure(th_arena *arena, const char *type, const char *message, bool for_good);
/* n bytes as a JSON string; those that are not UTF-8 become U+FFFD. */
void th__add_string(th_buf *out, const char *s, size_t n);
char *th__vtext(th_arena *arena, const char *fmt, va_list args);

/* Where in an object's text the value of that member begins, its name in any ASCII case; NULL:
 * there is none. */
const char *th__json_any_case(const char *json, const char *key);

/* Not JSON: what is wrong with it, in arena; NULL: fine. */
const char *th__json_problem(th_arena *arena, const char *text);

/* ---- open.c: which task waits for the answer to which event ---------------------------------- */

typedef struct th__open_slot {
    int32_t seq;
    th_task *task; /* NULL: free */
} th__open_slot;

typedef struct th__open {
    th__open_slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
} th__open;

void th__open_put(th__open *open, int32_t seq, th_task *task);
th_task *th__open_take(th__open *open, int32_t seq); /* NULL: nobody waits for it */
void th__open_free(th__open *open);

/* ---- mailbox.c: external events by name ------------------------------------------------------ */

typedef struct th__letter th__letter;
typedef struct th__box th__box;

typedef struct th__mailbox {
    th__box **buckets;
    size_t bucket_count, box_count;
    th__letter *first, *last; /* not taken yet, oldest first, of all names */
    size_t letter_count;
    size_t waiter_count;
} th__mailbox;

/* The event goes to the first who waits for its name, or is kept. */
void th__mail_raise(th_orch *o, const th_event *event);

/* Takes the oldest event of the name, or lines up behind those who wait. */
void th__mail_expect(th_orch *o, th_task *task, const char *name);
void th__mail_forget(th_task *task);

/* The names that are waited for, as the memo {"waits":["name",...]}; NULL: none. taskhub.stuck
 * reads it. */
const char *th__mail_waits(th_orch *o);

/* All that nobody took, as EventRaised. */
const th_event *th__mail_left(th_orch *o, size_t *count);

/* ---- tasks.c --------------------------------------------------------------------------------- */

typedef enum th__task_kind {
    TH__TASK_ACTIVITY,
    TH__TASK_TIMER,
    TH__TASK_EVENT,
    TH__TASK_ALL
} th__task_kind;

/* A retry policy at work. */
typedef struct th__retrying {
    th_retry policy;
    th_action step; /* of each try: a task or a child */
    int attempt;
    int32_t first_seq;
    int64_t started_us;
    int64_t next_us; /* length of the next pause */
} th__retrying;

/* That an all waits for a task. */
typedef struct th__parent {
    struct th__parent *next;
    th_task *all;
} th__parent;

struct th_task {
    th_orch *o;
    uint8_t kind;
    bool done;
    bool is_activity;   /* it can be cancelled */
    bool pausing;       /* before its next try: seq is that of a timer */
    int8_t depth;       /* of alls inside each other */
    int32_t seq;        /* of the event whose answer is awaited; TH_NONE: none */
    uint64_t order;     /* 1, 2... as tasks completed; 0: not yet */
    uint64_t any_round; /* the th_when_any that last looked at it, and its place there */
    size_t any_index;
    const char *result;  /* NULL: none */
    const char *failure; /* not NULL: failed */
    th__parent *parents;
    th_task *next_done; /* while completion spreads */
    union {
        th__retrying *retry; /* activities; NULL: no policy */
        struct {             /* events */
            th__box *box;
            th_task *prev, *next;
        } wait;
        struct { /* alls */
            th_task **tasks;
            size_t count;
            size_t open;
        } all;
    } u;
};

th_task *th__task_new(th_orch *o, th__task_kind kind);

/* Completes a task and every all that waited for nothing else; wakes the orchestrator if it waits
 * for one of them. Texts must live as long as the session. */
void th__task_complete(th_task *task, const char *result, const char *failure);
th_task *th__task_all(th_orch *o, th_task *const *tasks, size_t n);

/* The n texts as a JSON array; a task's result counts as null if there is none. */
const char *th__task_results(th_task *task);

/* ---- retry.c --------------------------------------------------------------------------------- */

/* A phrase that says what is wrong with a policy; NULL: fine. */
const char *th__retry_problem(const th_retry *policy);
th__retrying *th__retry_new(th_orch *o, const th_retry *policy, const th_action *step);

/* An attempt failed. True: a pause has begun; false: that was the last try. */
bool th__retry_pause(th_task *task, const char *failure);
void th__retry_again(th_task *task); /* the pause is over */

/* ---- replay.h: steps against history ----------------------------------------------------------
 */

/* A step whose event a rewind cut out of history; it is taken again after the rewind. */
typedef struct th__cut {
    struct th__cut *next;
    th_action action;
    th_task *task;
    bool extra;
    int32_t ordinal;
} th__cut;

typedef struct th__replay {
    const th_past_episode *episode; /* NULL: nothing is replayed */
    size_t at;                      /* first event of the episode that no step has matched */
    size_t rewinds;                 /* in episodes to come */
    bool rewound;                   /* there is one somewhere */
    th__cut *cut, **cut_end;
    const char *difference; /* the first one, in words */
} th__replay;

/* ---- entities: context_entity.c, entity_job.c -------------------------------------------------
 */

typedef struct th__section th__section;

/* A phrase that says what is wrong with one of them; NULL: fine. */
const char *th__operation_problem(const char *name, const char *key, const char *operation);

/* From inside an entity's operation. */
void th__entity_signal(th_entity *e, const char *name, const char *key, const char *operation,
                       const char *input, int64_t at, const char *caller);
void th__entity_misuse(th_entity *e, const char *fmt, ...) TH_PRINTF(2, 3);

/* ---- session.c ------------------------------------------------------------------------------- */

struct th_orch {
    th__scope scope;
    th_orch_fn *fn;
    const char *default_version; /* of children; NULL: none */
    th_coro *coro;               /* NULL: not begun, or ended */
    int64_t now_us;
    bool begun;
    bool ended; /* returned, failed, or gave up */
    bool wake;  /* what it waits for has come */
    bool continues;
    const char *result;
    const char *new_input;

    const th_task *awaited;
    uint64_t any_round; /* of the th_when_any that waits; 0: none */
    uint64_t any_last;
    size_t any_index;
    uint64_t completed;

    th__section *section; /* NULL: it has no entity locked */
    th__open open;
    th__mailbox mail;
    th__replay replay;

    th_action *actions; /* of this episode */
    size_t action_count, action_cap;
    int32_t next_seq; /* of the next event */
    int32_t next_id;
    int32_t next_ordinal; /* steps that the code took itself */
    uint64_t guids;
    th_status_op status_op;
    const char *custom_status;
};

/* context.c: guards of what takes a step; they end the orchestrator as misused. */
void th__may_step(th_orch *o, const char *caller);
const char *th__copy_json(th_orch *o, const char *text, const char *caller); /* NULL gives NULL */

/* Runs an episode and answers it; keeps the session in *item->session. fn may be NULL if it is
 * warm. */
void th__session_run(th_engine *engine, th_orch_fn *fn, const char *default_version,
                     const th_orch_item *item);
void th__session_free(th_orch *o);

/* Gives the events of an episode to the orchestrator, one after the other. */
void th__session_deliver(th_orch *o, const th_event *events, size_t n);

/*
 * Takes a step; task gets the answer. True: it stands; false: the session has ended (from inside
 * the code it does not return then). extra: taken by a retry policy, not by the code.
 */
bool th__session_act(th_orch *o, const th_action *action, th_task *task, bool extra);

/* Takes the steps again that a rewind cut out. */
void th__session_act_cut(th_orch *o);
bool th__session_timer(th_orch *o, th_task *task, int64_t due_us, int32_t retry_of, bool extra);

/* Gives up a timer: no answer will come. */
void th__session_untimer(th_orch *o, th_task *task);

/* Gives up an activity and its retries: no answer will come. */
void th__session_untask(th_orch *o, th_task *task);

/* Ends the orchestrator as misused, from inside its code (does not return then) or from outside. */
void th__session_misuse(th_orch *o, const char *fmt, ...) TH_PRINTF(2, 3);

/* From inside the code: never comes back. */
_Noreturn void th__session_end(th_orch *o);

#endif
