/*
 * given_episode.h - one instance, a batch and a scripted executor, for tests of the rules of
 * episode.h.
 *
 * The batch is read back after each turn, then emptied, as if it had been acknowledged; messages
 * that it took are counted and freed. Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_GIVEN_EPISODE_H
#define TH_TESTS_UNIT_GIVEN_EPISODE_H

#include "batch_reader.h"
#include "engine/episode.h"
#include "engine/inst.h"

#define NOW INT64_C(1790000000000000)
#define SECOND INT64_C(1000000)

enum { PART = 3, WORKER = 7, COMMIT = 5 };

typedef struct given {
    th_inst *inst;
    th_batch *batch;
    th_step step;
    int32_t act_index;
    int64_t next_message;
    int16_t status; /* what rows say of the instance */
    bool gone;      /* rows say that there is no such instance */
    th_executor executor;
    const th_executor *executors[1];
    bool claims;       /* activities are born claimed */
    bool wakes[4];     /* partitions that the last turn sent to */
    int drops;         /* of the session */
    int take_only;     /* a select that takes events of this kind only; 0: all */
    batch_reader read; /* of the last turn */
    size_t spent, orphans;
    th_act_list born;
} given;

static const th_uuid START = { { 1 } }, EXECUTION = { { 2 } }, OTHER = { { 9 } };

/* ---- the executor --------------------------------------------------------------------------- */

static inline bool given_can_run(void *self, th_item_kind kind, const char *name,
                                 const char *version)
{
    (void)self;
    (void)version;
    return kind == TH_ITEM_ORCHESTRATOR && strcmp(name, "Hello") == 0;
}

static inline void given_select(void *self, const th_orch_item *item, const th_event *waiting,
                                size_t n, bool *take)
{
    const given *g = self;
    CHECK_STR(item->instance_id, "order-1");
    for (size_t i = 0; i < n; i++)
        take[i] = !g->take_only || (int)waiting[i].kind == g->take_only;
}

static inline void given_drop(void *self, void *session)
{
    given *g = self;
    (void)session;
    g->drops++;
}

static inline bool given_claim(void *arg, const char *name)
{
    (void)name;
    return ((given *)arg)->claims;
}

/* ---- a life --------------------------------------------------------------------------------- */

static inline void given_step(given *g)
{
    g->act_index = 0;
    memset(g->wakes, 0, sizeof g->wakes);
    g->step = (th_step){ .batch = g->batch,
                         .now_us = g->step.now_us,
                         .worker_id = WORKER,
                         .first_partition = 1,
                         .partition_count = 4,
                         .commit_no = COMMIT,
                         .act_index = &g->act_index,
                         .claim = given_claim,
                         .arg = g,
                         .wakes = g->wakes,
                         .min_due_us = TH_TIME_INF };
}

static inline given *given_new(void)
{
    given *g = th_malloc(sizeof *g);
    g->inst = th_inst_new(PART, "order-1");
    g->batch = th_batch_new();
    g->next_message = 100;
    g->status = TH_PENDING;
    g->executor = (th_executor){
        .name = "scripted", .self = g, .can_run = given_can_run, .drop = given_drop
    };
    g->executors[0] = &g->executor;
    g->step.now_us = NOW;
    given_step(g);
    return g;
}

static inline void given_free_spent(given *g)
{
    for (th_msg *m; (m = th_msg_pop(&g->step.spent)) != NULL;)
        th_msg_free(m);
    for (th_msg *m; (m = th_msg_pop(&g->step.orphans)) != NULL;)
        th_msg_free(m);
}

static inline void given_forget_turn(given *g)
{
    for (th_act *a; (a = th_act_pop(&g->born)) != NULL;)
        th_act_free(a);
    batch_reader_free(&g->read);
}

static inline void given_free(given *g)
{
    given_forget_turn(g);
    given_free_spent(g);
    for (th_act *a; (a = th_act_pop(&g->step.born)) != NULL;)
        th_act_free(a);
    th_inst_free(g->inst);
    th_batch_free(g->batch);
    free(g);
}

/* ---- messages ------------------------------------------------------------------------------- */

/* A row to this instance, due at once, with the instance's row beside it; to be changed before it
 * is put. */
static inline th_inbox_row a_row(given *g, th_kind kind)
{
    return (th_inbox_row){ .partition_id = PART,
                           .due_us = TH_TIME_NEG_INF,
                           .message_no = g->next_message++,
                           .instance_id = "order-1",
                           .has_start = true,
                           .start_id = START,
                           .kind = (int16_t)kind,
                           .ref = TH_NONE,
                           .sent_us = NOW - SECOND,
                           .found = !g->gone,
                           .row_start_id = START,
                           .row_execution_id = EXECUTION,
                           .status = g->status,
                           .row_name = "Hello" };
}

static inline th_msg *put(given *g, const th_inbox_row *row)
{
    th_msg *m = th_msg_from_row(row);
    th_msg_push(&g->inst->queue, m);
    return m;
}

static inline th_msg *put_start(given *g, const char *input)
{
    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    row.has_execution = true;
    row.execution_id = EXECUTION;
    row.name = "Hello";
    row.input = input;
    return put(g, &row);
}

static inline th_msg *put_event(given *g, const char *name, const char *payload,
                                const char *message_id)
{
    th_inbox_row row = a_row(g, TH_EventRaised);
    row.name = name;
    row.payload = payload;
    row.message_id = message_id;
    return put(g, &row);
}

static inline th_msg *put_order(given *g, th_kind kind, const char *reason)
{
    th_inbox_row row = a_row(g, kind);
    row.payload = reason;
    return put(g, &row);
}

static inline th_inbox_row a_result(given *g, th_kind kind, int32_t ref)
{
    th_inbox_row row = a_row(g, kind);
    row.has_execution = true;
    row.execution_id = EXECUTION;
    row.ref = ref;
    return row;
}

static inline th_msg *put_result(given *g, int32_t ref, const char *result)
{
    th_inbox_row row = a_result(g, TH_TaskCompleted, ref);
    row.payload = result;
    return put(g, &row);
}

static inline th_msg *put_fired(given *g, int32_t ref, int64_t due_us)
{
    th_inbox_row row = a_result(g, TH_TimerFired, ref);
    row.due_us = due_us;
    return put(g, &row);
}

static inline th_msg *put_local(given *g, int32_t ref, int64_t activity_id, const char *result,
                                const char *failure)
{
    th_msg *m =
        th_msg_local(PART, "order-1", &EXECUTION, ref, 0, activity_id, 1, result, failure, NOW);
    th_msg_push(&g->inst->queue, m);
    return m;
}

/* ---- when ----------------------------------------------------------------------------------- */

/* What the turn wrote is kept to be looked at, until the next one. */
static inline void acknowledged(given *g)
{
    given_forget_turn(g);
    g->read = batch_read(g->batch);
    g->spent = g->step.spent.count;
    g->orphans = g->step.orphans.count;
    g->born = g->step.born;
    g->step.born = (th_act_list){ 0 };
    given_free_spent(g);
    th_batch_clear(g->batch);
}

static inline th_turn turn(given *g)
{
    given_step(g);
    if (g->inst->state == TH_INST_COLD)
        CHECK(th_episode_adopt(g->inst));
    return th_episode_turn(&g->step, g->inst, g->executors, 1);
}

/* A turn that needs no executor. */
static inline void turn_alone(given *g)
{
    CHECK_INT(turn(g), TH_TURN_WROTE);
    acknowledged(g);
}

/* A turn that is run and answered so. */
static inline void turn_answered(given *g, const th_answer *answer)
{
    if (!CHECK_INT(turn(g), TH_TURN_RUN))
        return;
    g->inst->session = g;
    th_episode_apply(&g->step, g->inst, answer);
    acknowledged(g);
}

/* ---- answers -------------------------------------------------------------------------------- */

static inline th_answer waits(const th_action *actions, size_t n)
{
    return (th_answer){ .actions = actions, .action_count = n, .completion.id = TH_NONE };
}

static inline th_answer ends(th_status status, const char *result, const char *failure)
{
    return (th_answer){ .completion = { true, status, 9, result, failure, NULL, NULL, NULL, 0 } };
}

static inline th_action a_task(const char *name, const char *input)
{
    th_action a = { .kind = TH_ACT_TASK, .event = th_event_of(TH_TaskScheduled) };
    a.event.name = name;
    a.event.payload = input;
    a.event.id = 0;
    return a;
}

static inline th_action a_timer(const char *fire_at, int64_t due_us)
{
    th_action a = { .kind = TH_ACT_TIMER, .event = th_event_of(TH_TimerCreated) };
    a.event.fire_at = fire_at;
    a.event.id = 1;
    a.due_us = due_us;
    return a;
}

static inline th_action a_cancel(int32_t ref)
{
    return (th_action){ .kind = TH_ACT_CANCEL_TIMER,
                        .event = th_event_of(TH_KIND_NONE),
                        .cancel_ref = ref };
}

/* An instance that has started and waits for these actions; the first of them is event 2. */
static inline given *given_waiting(const th_action *actions, size_t n)
{
    given *g = given_new();
    th_answer answer = waits(actions, n);
    put_start(g, NULL);
    turn_answered(g, &answer);
    g->status = TH_RUNNING;
    g->step.now_us = NOW + SECOND;
    return g;
}

static inline given *given_task(void)
{
    th_action task = a_task("Say", "\"Tokyo\"");
    return given_waiting(&task, 1);
}

/* ---- then ----------------------------------------------------------------------------------- */

static inline const char *text_of(given *g, const char *table, int row, int column)
{
    return reader_text(reader_find(&g->read, table), row, column);
}

static inline int64_t int_of(given *g, const char *table, int row, int column)
{
    return reader_int(reader_find(&g->read, table), row, column, -1);
}

static inline int64_t time_of(given *g, const char *table, int row, int column)
{
    return reader_time(reader_find(&g->read, table), row, column, -1);
}

static inline th_uuid uuid_of(given *g, const char *table, int row, int column)
{
    th_uuid id = { { 0 } };
    reader_uuid(reader_find(&g->read, table), row, column, &id);
    return id;
}

static inline int rows_of(given *g, const char *table)
{
    return reader_rows(&g->read, table);
}

/* The n-th event of the first history row that the last turn wrote. */
static inline th_event event_of(given *g, size_t n)
{
    th_event *events = NULL;
    size_t count = 0;
    th_error err = { 0 };
    const char *json = text_of(g, "history", 0, HI_EVENTS);

    if (!CHECK(json && th_events_read(g->read.arena, json, strlen(json), 0, &events, &count,
                                      &err) == TH_OK))
        return th_event_of(TH_KIND_NONE);
    return n < count ? events[n] : th_event_of(TH_KIND_NONE);
}

/* Kinds of the events of the history row, by name, between spaces. */
static inline const char *kinds_of(given *g)
{
    th_buf names = TH_BUF_INIT;
    for (size_t i = 0;; i++) {
        th_event e = event_of(g, i);
        if (e.kind == TH_KIND_NONE)
            break;
        th_buf_printf(&names, "%s%s", i ? " " : "", th_kind_name((int)e.kind));
    }
    const char *text = th_strdup(g->read.arena, names.data ? names.data : "");
    th_buf_free(&names);
    return text;
}

/* A turn that does nothing but drop the one message that waits. Ends the scene. */
static inline void check_dropped(given *g, const char *why)
{
    if (!CHECK_INT(turn(g), TH_TURN_NOTHING))
        printf("  %s\n", why);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop") + (int)g->orphans, 1);
    CHECK_INT(g->step.dropped, 1);
    CHECK_INT(rows_of(g, "history"), 0);
    given_free(g);
}

#endif
