/*
 * engine_int.h - what the threads of an engine share.
 *
 * Threads: pumps (own partitions), one control thread (worker lock, LISTEN, watch, shares), one
 * claimer (activities from the queue), one completer (completions for partitions that are not
 * ours), one for schedules and one that deletes finished instances. Each has its own connection.
 */
#ifndef TH_ENGINE_ENGINE_INT_H
#define TH_ENGINE_ENGINE_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/dispatch.h"
#include "engine/early.h"
#include "engine/engine.h"
#include "engine/episode.h"
#include "engine/numbers.h"
#include "engine/runner.h"
#include "engine/sleepers.h"
#include "engine/warm.h"
#include "store/hubs.h"
#include "store/pen.h"

enum {
    TH_MAX_EXECUTORS = 8,
    TH_IN_FLIGHT = 2,     /* batches (protocol B2) */
    TH_BATCH_ROWS = 500,  /* instances a batch (protocol B5) */
    TH_HAND = 2000,       /* inbox rows in hand */
    TH_CROWD = 250,       /* of one instance's queue: more stay in the table */
    TH_CRASH_LIMIT = 5,   /* of an activity */
    TH_ATTEMPT_LIMIT = 3, /* of an orchestrator's messages */
};

typedef struct th_pump th_pump;
typedef struct th_crowd th_crowd; /* pump_crowd.c */

/* A partition that a pump owns. */
typedef struct th_part {
    int32_t partition_id;
    int64_t term, next_commit;
    int64_t owned_since_us; /* monotonic */
    int64_t careful_until; /* highest message_no of takeover that may be dangerous; 0: run freely */
    bool want_read;
    bool giving;             /* nothing new for it: goes back when nothing is under way */
    int64_t giving_since_us; /* monotonic */
    int64_t next_due_us;     /* database clock; TH_TIME_INF: none */
    int64_t acquisition;     /* unique in this process */
    bool touched;            /* has a number in the commit being built */
    int32_t act_index;       /* activities of that commit */
    int32_t in_flight;       /* commits */
} th_part;

/* A commit, from the first episode in it until it is settled. */
typedef struct th_commit_part {
    int32_t partition_id;
    int64_t commit_no, term;
} th_commit_part;

typedef struct th_commit {
    th_batch *batch;
    th_commit_part *parts;
    size_t part_count, part_cap;
    th_inst **insts;
    size_t inst_count, inst_cap;
    th_step step;
    int tries;
    int64_t since_us; /* monotonic; when building began */
    bool chained;     /* the chain's rows are in the batch */
    bool *wakes;      /* by ordinal: partitions that get messages */
} th_commit;

/* Commits whose outcome is unknown, to be settled by number and term (protocol B6). */
typedef struct th_unsettled {
    struct th_unsettled *next;
    int old_pid;
    th_commit *commit;
} th_unsettled;

typedef enum th_order_kind { TH_ORDER_ACQUIRE, TH_ORDER_GIVE, TH_ORDER_RELEASE_DEAD } th_order_kind;

typedef struct th_order {
    struct th_order *next;
    th_order_kind kind;
    int32_t partition_id;
} th_order;

typedef struct th_mail_answer {
    struct th_mail_answer *next;
    th_arena *arena;
    bool is_entity;
    th_answer answer;
    th_entity_answer entity;
} th_mail_answer;

/* A partition that has messages: now, or in so many microseconds. */
typedef struct th_mail_wake {
    int32_t partition_id;
    int64_t left_us;
} th_mail_wake;

/* What other threads leave for a pump, under its lock. */
typedef struct th_mail {
    th_mail_wake *wakes;
    size_t wake_count, wake_cap;
    th_act_list completions;
    th_mail_answer *answers, **answers_end;
    th_order *orders, **orders_end;
    bool stop;
    bool any; /* something is here */
} th_mail;

/* Items that executors have, by token: the low bits are a place, the rest tells its uses apart. */
typedef struct th_items {
    th_inst **insts;
    uint64_t *uses;
    uint32_t *free_places;
    size_t cap, free_count;
} th_items;

/* Instances that are LOADING, in the order of asking; the first `sent` are in the pipeline. */
typedef struct th_asked {
    th_inst **list;
    size_t count, cap, sent;
} th_asked;

struct th_pump {
    th_engine *engine;
    int index;
    pthread_t thread;
    bool started;
    int event_fd;
    atomic_bool asleep; /* in poll() */
    th_sleeper sleeper; /* idle, with nothing in hand */

    pthread_mutex_t lock;
    th_mail mail;

    /* The pump's own. */
    th_pen *pen;
    th_order *orders; /* taken from the mail, not yet obeyed */
    bool stopping;
    int64_t retry_at_us, backoff_us; /* of connecting */
    th_part *parts;
    size_t part_count;
    th_warm warm;
    th_inst *ready_head, *ready_tail;
    size_t ready_count;
    th_numbers counted; /* messages whose attempts this process has raised: once, since it is alive
                           whatever else went wrong */
    th_early early;     /* ids whose events are held until they start */
    th_inst *careful;   /* wait for a careful round (protocol O2); linked by ready_next */
    th_asked loads;     /* whose row and history are to be read */
    th_asked helds;     /* whose held messages are */
    int running;        /* items of orchestrators that are out */
    int entities_out;   /* of entities */
    th_inst *entities_waiting; /* for one of those to come back; linked by ready_next */
    size_t parked;
    th_msg *hand; /* list of inbox rows in hand */
    size_t hand_count;
    th_commit *building;
    th_commit *flying[TH_IN_FLIGHT];
    int flying_count;
    th_commit *spare[4];
    int spare_count;
    bool reading;       /* an inbox read is in the pipeline */
    uint64_t read_no;   /* of the read that is in the pipeline, or was last */
    uint64_t taking_no; /* of the one whose rows are being taken; 0: none */
    bool refusing;      /* some instance refuses its rows of that read */
    th_crowd *crowds;   /* instances whose messages reads leave out */
    size_t crowd_count, crowd_cap;
    size_t crowd;     /* TH_CROWD; tests have another */
    bool left_some;   /* the read that is in the pipeline, or was last, has left out some */
    bool want_starts; /* an instance waits for the start of its next generation */
    bool idle_locks;  /* IDLE locks are held (or asked for) */
    bool
        idle_partly; /* some could not be had, and locks count: let go of all before the next try */
    bool failing;    /* a batch failed: wait until all in flight is reported, then recover */
    th_error failure; /* of that batch */
    char failed_in[16];
    int64_t resend_at_us;    /* storage trouble: batches are kept until then */
    size_t limit;            /* instances a batch; halved while isolating */
    int64_t clock_offset_us; /* database clock less monotonic */
    int64_t last_read_us, last_sweep_us, settle_at_us;
    int64_t last_answer_us;   /* monotonic; of the server */
    int64_t nothing_since_us; /* monotonic; 0: there is something to do */
    int64_t rested_us;        /* monotonic; when it last had nothing to do for a while */
    th_items items;
    uint64_t inline_token;
    th_inst *inline_inst;
    bool inline_answered;
    th_unsettled *unsettled;
    th_engine_stats stats;
    th_engine_stats shown; /* a copy for others, under the lock */
};

typedef struct th_owner_slot {
    int32_t partition_id;
    th_pump *pump; /* NULL: not ours */
    int64_t acquisition;
    bool pending; /* ordered, not yet acknowledged */
} th_owner_slot;

struct th_engine {
    th_engine_options options;
    th_hub hub;
    const th_executor *executors[TH_MAX_EXECUTORS];
    size_t executor_count;
    th_dispatch *dispatch;
    th_pump *pumps;
    int pump_count;
    _Atomic int32_t worker_id;
    atomic_bool stopping, draining;
    atomic_bool paused;   /* the hub is: nothing new begins */
    atomic_bool cleaning; /* purges wait, or the hub has a retention */
    atomic_llong
        patience_us; /* monotonic; when stopping: entities' operations are waited for until then */
    atomic_llong last_watch_us; /* monotonic; the watch that last succeeded */
    atomic_bool storage_trouble;
    atomic_bool connection_error; /* reconcile claims (protocol A8) */
    atomic_bool
        dead_claims_left;      /* of a dead worker, and locked: a SQL activity may still commit */
    atomic_bool keeps_history; /* setting keep_history of the hub */
    atomic_int early_seconds;  /* setting early_events of the hub; 0: off, -1: never set */
    atomic_bool watch_wanted;  /* before the second is over */
    atomic_bool names_changed; /* what executors offer: the worker's row is to say so */

    /* Who owns what in this process: read by any thread. */
    pthread_rwlock_t owners_lock;
    th_owner_slot *owners; /* one a partition of the hub */
    atomic_llong next_acquisition;

    pthread_t control, claimer, completer, schedules, cleaner;
    bool control_running, claimer_running, completer_running, schedules_running, cleaner_running;
    int control_fd, claimer_fd, completer_fd, schedules_fd, cleaner_fd;
    atomic_bool claims_wanted;
    th_sleeper claimer_sleeper, runner_sleeper;
    atomic_bool look_wanted;     /* of the claimer: activities were seen to wait */
    atomic_bool names_wanted;    /* and names of SQL activities to have changed */
    _Atomic int32_t names_print; /* of those that the claimer has read */
    atomic_bool
        *foreign_wakes; /* by ordinal: owners elsewhere that the claimer's connection notifies */
    atomic_bool any_foreign_wake;
    th_runner *runner;            /* of other owners' episodes; NULL: none is run here */
    atomic_bool episodes_written; /* others are to hear of it */
    atomic_bool queue_left;       /* the queue holds more than this process could take */
    pthread_mutex_t completions_lock;
    th_act_list completions; /* for the completer */
    atomic_llong completions_queue, activities_run, dropped_completions;
};

/* ---- engine.c ---- */
th_pump *th__owner_of(th_engine *engine, int32_t partition_id, int64_t *acquisition);
void th__owner_set(th_engine *engine, int32_t partition_id, th_pump *pump, int64_t acquisition);
void th__poke(int fd);
void th__absorb(int fd);
void th__want_claims(th_engine *engine);
/* The watch has seen something to claim, or other names; the claimer need not leave its IDLE lock.
 */
void th__look_for_claims(th_engine *engine);
void th__refresh_names(th_engine *engine);
/* Episodes wait for processes that can run them. */
void th__offer_episodes(th_engine *engine);
/* Takes part in the shares of partitions. */
bool th__owns(const th_engine *engine);
/* After a commit that wrote a message there: its owner is woken, here or elsewhere (protocol W1).
 */
void th__wake_owner(th_engine *engine, int32_t partition_id);
void th__want_watch(th_engine *engine);
/* Called with what each watch finds; a change is obeyed by all threads. */
void th__set_paused(th_engine *engine, bool paused);

/* ---- pump.c, pump_*.c ---- */
extern _Thread_local th_pump *th__this_pump; /* whose thread this is; NULL: no pump's */
th_rc th__pump_start(th_engine *engine, th_pump *pump, int index, th_error *err) TH_MUST_CHECK;
void th__pump_stop(th_pump *pump);
void th__pump_round(th_pump *pump); /* of its loop, without sleeping; on the pump's thread */
void th__pump_free(th_pump *pump);
void th__pump_wake(th_pump *pump, int32_t partition_id);
void th__pump_due(th_pump *pump, int32_t partition_id, int64_t left_us); /* wake it then */
void th__pump_order(th_pump *pump, th_order_kind kind, int32_t partition_id);
void th__pump_complete(th_pump *pump, th_act *act); /* takes act */
void th__pump_answer(th_pump *pump, const th_answer *answer);
bool th__pump_inline(th_pump *pump, const th_answer *answer);

th_part *th__part(th_pump *pump, int32_t partition_id);
bool th__is_paused(const th_pump *pump); /* no reads, no turns; what runs may end */
int64_t th__db_now(const th_pump *pump);

/* mail (pump_mail.c) */
void th__mail_init(th_pump *pump);
void th__mail_free(th_pump *pump);
void th__absorb_mail(th_pump *pump);

/* items that are out (pump_items.c) */
uint64_t th__item_out(th_pump *pump, th_inst *inst);
th_inst *th__item_find(const th_pump *pump, uint64_t token); /* NULL: no longer current */
void th__item_back(th_pump *pump, th_inst *inst);
void th__items_free(th_items *items);

/* turns, messages in hand (pump_turns.c) */
void th__ready(th_pump *pump, th_inst *inst);
void th__receive(th_pump *pump, th_msg *msg);
void th__hand_in(th_pump *pump, th_msg *msg);
void th__hand_out(th_pump *pump, th_msg *msg); /* no longer in hand; frees it */
void th__settle_inst(th_pump *pump,
                     th_inst *inst); /* READY again: to the ready list, idle, or out of memory */
void th__forget_inst(th_pump *pump,
                     th_inst *inst); /* out of memory; local completions go elsewhere */
void th__run_turns(th_pump *pump);
void th__apply(th_pump *pump, th_inst *inst, const th_answer *answer);
void th__again(th_pump *pump, th_inst *inst,
               int64_t delay_us); /* its item came back without an answer */
void th__check_times(th_pump *pump, int64_t now_us);
th_rc th__careful_round(th_pump *pump, th_error *err) TH_MUST_CHECK;
bool th__careful_is_due(
    const th_pump *pump); /* some instance waits for a careful round, and may run */

/* entities (pump_entities.c) */
bool th__entity_overflows(const th_pump *pump, const th_inst *inst, const th_msg *msg);
bool th__entity_set_aside(th_pump *pump, th_inst *inst,
                          th_msg *msg); /* false: it stays in memory */
void th__entity_turn(th_pump *pump, th_part *part, th_inst *inst);
void th__entity_put_back(th_pump *pump, th_inst *inst); /* its queue is read again */
void th__entity_settled(th_pump *pump, th_inst *inst);  /* after its batch was acknowledged */
void th__entity_apply(th_pump *pump, th_inst *inst, const th_entity_answer *answer);
void th__entity_expired(th_pump *pump, th_inst *inst);
bool th__entity_inline(th_pump *pump, const th_entity_answer *answer);
void th__pump_entity_answer(th_pump *pump, const th_entity_answer *answer);

/* reads (pump_read.c) */
th_rc th__send_reads(th_pump *pump, th_error *err) TH_MUST_CHECK;
th_rc th__send_loads(th_pump *pump, th_error *err) TH_MUST_CHECK;
th_rc th__go_idle(th_pump *pump, bool on, th_error *err) TH_MUST_CHECK;
void th__take_rows(th_pump *pump, th_pen_done *done);
void th__take_load(th_pump *pump, th_pen_done *done);
void th__take_held(th_pump *pump, th_pen_done *done);
void th__reads_failed(th_pump *pump, th_pen_op op);
void th__want_load(th_pump *pump, th_inst *inst);
void th__want_held(th_pump *pump, th_inst *inst); /* the messages that it holds */

/* instances that are sent too much (pump_crowd.c) */
bool th__crowd_refuses(th_pump *pump, th_inst *inst,
                       const th_msg *msg); /* it stays in the table for now */
bool th__crowd_thins(const th_pump *pump); /* some instance can take more again */
void th__crowds_thin(th_pump *pump);       /* those are read again */
void th__crowds_forget(th_pump *pump);
/* Whose messages are left out: crowd_count ids, for the caller to free. */
const char **th__crowd_ids(const th_pump *pump);

/* commits (pump_commit.c) */
th_commit *th__touch(
    th_pump *pump,
    th_part *part); /* the commit being built, ready for an instance of that partition */
void th__commit_add(th_commit *commit, th_inst *inst);
bool th__building_full(const th_pump *pump);
th_rc th__send_commit(th_pump *pump, th_error *err) TH_MUST_CHECK;
void th__acknowledged(th_pump *pump);
th_rc th__recover(th_pump *pump, th_error *err) TH_MUST_CHECK;
th_rc th__resend(th_pump *pump, th_error *err) TH_MUST_CHECK;
void th__commit_free(th_commit *commit);
void th__commit_recycle(th_pump *pump, th_commit *commit);
void th__completion_elsewhere(th_pump *pump,
                              th_msg *msg); /* a local completion without a taker here; takes msg */

/* ownership (pump_own.c) */
th_rc th__obey(th_pump *pump, th_error *err) TH_MUST_CHECK;
void th__lose(th_pump *pump, const th_error *why);
th_rc th__connect(th_pump *pump, th_error *err) TH_MUST_CHECK;
th_rc th__give_finished(th_pump *pump, th_error *err) TH_MUST_CHECK;
bool th__is_giving(const th_pump *pump);
void th__give_later(th_part *part);
void th__settle(th_pump *pump); /* commits whose outcome is unknown; needs an idle pipeline */
void th__free_unsettled(th_pump *pump);

/* ---- completer.c, claimer.c, control.c ---- */
void th__complete_elsewhere(th_engine *engine, th_act *act);
void th__abandon(th_engine *engine, th_act *act, int64_t delay_us);
void *th__completer_main(void *engine);
void *th__claimer_main(void *engine);
void *th__control_main(void *engine);

#endif
