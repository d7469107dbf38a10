/*
 * executor.h - the small, asynchronous interface behind which code of any language runs (events.md,
 * 6).
 *
 * The engine submits an item and goes on; the answer comes later, from any thread, in any order:
 * whole, lost or abandoned. In-process code may answer before submit returns. Each item carries a
 * token; an answer whose token is no longer current changes nothing (answering twice is harmless).
 *
 * What an item points to stays valid until the executor has answered, or `drop` / `cancel`
 * returned; an executor that may answer late copies what it needs, the token first.
 */
#ifndef TH_ENGINE_EXECUTOR_H
#define TH_ENGINE_EXECUTOR_H

#include "base/arena.h"
#include "base/error.h"
#include "engine/event.h"

typedef struct th_engine th_engine;
struct th_db;

typedef struct th_token {
    int32_t pump;    /* where the answer goes */
    uint64_t number; /* unique in this process; never 0 */
} th_token;

/* ---- orchestrators -------------------------------------------------------------------------- */

/* One row of history: what an episode consumed and produced, in order. */
typedef struct th_past_episode {
    const th_event *events;
    size_t count;
} th_past_episode;

typedef struct th_orch_item {
    th_token token;
    const char *instance_id;
    const char *execution_id; /* 32 hex digits */
    const char *name;
    const char *version;
    const char *tags;
    const char *parent;
    const char *trace; /* of its start; what it schedules has it where the action has none */
    const char *memo;  /* what the last episode left, or NULL */

    /*
     * The executor's own state of this instance. NULL in *session means cold: past holds the whole
     * history of the execution so far. The executor may store a pointer there; it gets `drop` when
     * the engine lets go.
     */
    void **session;
    const th_past_episode *past;
    size_t past_count;

    /* The new episode: OrchestratorStarted, then the messages taken. Their seq are set. */
    const th_event *fresh;
    size_t fresh_count;
    int32_t next_seq; /* seq of the first event that this episode produces */
} th_orch_item;

typedef enum th_action_kind {
    TH_ACT_TASK,         /* event: TaskScheduled */
    TH_ACT_TIMER,        /* event: TimerCreated, due_us */
    TH_ACT_CANCEL_TIMER, /* cancel_ref: seq of the TimerCreated; makes no event, takes no seq */
    TH_ACT_CANCEL_TASK,  /* cancel_ref: seq of the TaskScheduled; the same */
    TH_ACT_CHILD,        /* event: SubOrchestrationInstanceCreated */
    TH_ACT_EVENT,        /* event: EventSent */
    TH_ACT_ENTITY, /* event: one of the four entity messages, due_us; its target or lock set is ids
                      of entities */
} th_action_kind;

/* Each action but the two cancellations becomes one event, in list order: the n-th such gets
 * next_seq + n.
 */
typedef struct th_action {
    th_action_kind kind;
    th_event event;
    int32_t cancel_ref;
    int64_t due_us;   /* timers: fire_at rounded up to 1 us; tasks: not before, or 0 */
    int32_t priority; /* tasks and children, -100 to 100; 0: that of the instance */
} th_action;

typedef enum th_answer_kind {
    TH_ANSWER_DONE,
    TH_ANSWER_LOST,           /* worker gone: the item again, fail nothing */
    TH_ANSWER_ABANDONED,      /* not now: again after delay_us */
    TH_ANSWER_NEEDS_HISTORY,  /* the session is gone: the item again, cold */
    TH_ANSWER_NOT_REPLAYABLE, /* failure says which event differs, what was expected and what came
                               */
} th_answer_kind;

typedef enum th_status_op { TH_STATUS_LEAVE, TH_STATUS_CLEAR, TH_STATUS_SET } th_status_op;

typedef struct th_completion {
    bool done;
    th_status status; /* Completed, Failed, Terminated, Canceled, or ContinuedAsNew */
    int32_t id;       /* or TH_NONE */
    const char *result;
    const char *failure; /* JSON object, see event.h */
    /* ContinuedAsNew only */
    const char *new_input;
    const char *new_version;
    const th_event *carry; /* EventRaised handed over */
    size_t carry_count;
} th_completion;

typedef struct th_answer {
    th_token token;
    th_answer_kind kind;
    const th_action *actions; /* new ones only, in order */
    size_t action_count;
    th_status_op status_op;
    const char *custom_status;
    th_completion completion;
    const char *memo; /* NULL: none */
    const char *failure;
    int64_t delay_us;
} th_answer;

/* ---- activities ----------------------------------------------------------------------------- */

typedef struct th_activity_item {
    th_token token;
    const char *instance_id;
    const char *execution_id;
    int32_t seq;
    int32_t task_id;
    const char *name;
    const char *version;
    const char *input; /* NULL: none */
    const char *tags;
    const char *trace; /* trace context (events.md, 2), or NULL */
    int32_t attempt;   /* of the retry policy, from 1 */
    int32_t delivery;  /* of the claim, from 1 */

    /* With delivery the token of the claim (protocol A3), for executors that commit. */
    int32_t partition_id;
    int64_t id;
} th_activity_item;

typedef struct th_activity_answer {
    th_token token;
    th_answer_kind kind; /* DONE, LOST, ABANDONED */
    const char *result;  /* NULL: none */
    const char *failure; /* not NULL: failed */
    int64_t delay_us;
    bool committed; /* DONE: the row is gone, or not ours any longer; nothing is left to write */

    /* ABANDONED only, or NULL: it got somewhere, and goes on with this input after delay_us, in
     * whichever process; it holds no slot until then. Unless its execution has ended. */
    const char *next_input;
} th_activity_answer;

/* ---- entities ------------------------------------------------------------------------------- */

typedef struct th_entity_op {
    const char *request_id;
    const char *name;
    const char *input;              /* NULL: none */
    bool is_signal;                 /* nobody waits for its result */
    const char *parent_instance_id; /* who calls; NULL: a signal */
} th_entity_op;

typedef struct th_entity_item {
    th_token token;
    const char *entity_id; /* @name@key */
    const char *name;      /* in lower case */
    const char *key;
    const char *state; /* NULL: none */
    const th_entity_op *ops;
    size_t op_count;
} th_entity_item;

typedef struct th_entity_result {
    const char *output;  /* NULL: none */
    const char *failure; /* not NULL: failed; JSON object, see event.h */
} th_entity_result;

typedef enum th_entity_action_kind { TH_ENTITY_SIGNALS, TH_ENTITY_STARTS } th_entity_action_kind;

typedef struct th_entity_action {
    th_entity_action_kind kind;
    const char *target; /* the entity's id; or the instance's, NULL: a new one */
    const char *name;   /* operation or orchestrator */
    const char *input;
    const char *version; /* starts only, as these two */
    const char *tags;
    const char *trace;
    int64_t due_us; /* not before; 0: at once */
} th_entity_action;

/*
 * One commit: the state after the last of the operations that have a result, and what they asked
 * for. Fewer results than operations: the rest comes again. Whether a failed operation leaves
 * effects is the executor's matter.
 */
typedef struct th_entity_answer {
    th_token token;
    th_answer_kind kind;             /* DONE, LOST, ABANDONED */
    const th_entity_result *results; /* in the order of the operations */
    size_t result_count;
    const char *state; /* NULL: none */
    const th_entity_action *actions;
    size_t action_count;
    int64_t delay_us;
} th_entity_answer;

/* ---- the interface -------------------------------------------------------------------------- */

typedef enum th_item_kind { TH_ITEM_ORCHESTRATOR, TH_ITEM_ACTIVITY, TH_ITEM_ENTITY } th_item_kind;

typedef struct th_executor {
    const char *name; /* native, sql, functions, ... ; stands in instances.executor */
    void *self;

    bool (*can_run)(void *self, th_item_kind kind, const char *name, const char *version);

    /* The n-th name that it can run, NULL at the end; for `workers` and claims. */
    const char *(*list)(void *self, th_item_kind kind, size_t n);

    /*
     * Optional, for an executor whose workers come and go: can_run then holds for the moment, and
     * this gives the names of the moment instead of list, in lower case and in arena; "*" stands
     * for any name. After a change th_engine_offers_changed. From any thread, also under locks of
     * the engine: it and can_run must call nothing of the engine.
     */
    const char *const *(*offers)(void *self, th_item_kind kind, th_arena *arena, size_t *count);

    /*
     * Optional; NULL: all are taken, always. Which of the messages that wait are taken now: any
     * subset, order kept. take[] comes all true; a start is taken whatever it says. item is that of
     * run_orchestrator but for token and fresh events; without a session memo tells, and, before an
     * episode, past.
     *
     * What is left is offered again with each message that comes, and after each episode of the
     * instance, also to a process that takes its partition over. Nothing taken: nothing runs. On
     * the pump's thread, must not block, and has no effect: the same question may come again.
     */
    void (*select)(void *self, const th_orch_item *item, const th_event *waiting, size_t n,
                   bool *take);

    /* Starts an episode; on the pump's thread, must not block. Answers by th_engine_orch_answered.
     */
    void (*run_orchestrator)(void *self, const th_orch_item *item);

    /* The engine forgets an instance (evicted or finished); on the pump's thread. */
    void (*drop)(void *self, void *session);

    /* Starts an activity; from any thread, must not block. Answers by th_engine_activity_answered.
     */
    void (*run_activity)(void *self, const th_activity_item *item);

    /* How long an activity of that name may run, in microseconds; 0: as long as functionTimeout
     * says; -1: for ever. Asked once. NULL: 0 for all. */
    int64_t (*timeout)(void *self, const char *name);

    /* The engine has answered a running activity itself, since its time is over: whatever runs it
     * is to be replaced, so that its place is free; its late answer changes nothing. After
     * `cancel`. Optional. */
    void (*replace)(void *self, th_token token);

    /* Cooperative cancel of a running activity, or of an entity's operations; optional. */
    void (*cancel)(void *self, th_token token);

    /* Its activities end in transactions of its own: it answers them `committed`, and sees to
     * functionTimeout itself. */
    bool commits;

    /* Optional: the names of its activities may change. Asked when they seem to have, on a thread
     * of the engine that then calls `list`, with a connection to look with. *changed: they have;
     * *print: by which the watch knows them (th_watch.names_print). */
    th_rc (*refresh)(void *self, struct th_db *db, bool *changed, int32_t *print, th_error *err);

    /* Starts operations of an entity; on the pump's thread, must not block. Answers by
     * th_engine_entity_answered. NULL: it has none. */
    void (*run_entity)(void *self, const th_entity_item *item);
} th_executor;

/*
 * From any thread. Everything that the answer points to is copied or used before the call returns.
 * On the pump's own thread, inside run_orchestrator, nothing is copied.
 */
void th_engine_orch_answered(th_engine *engine, const th_answer *answer);
void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer);
void th_engine_entity_answered(th_engine *engine, const th_entity_answer *answer);

/* What an executor offers is no longer what it was: what waits is looked at again. Any thread. */
void th_engine_offers_changed(th_engine *engine);

#endif
