/*
 * test_executors.c - one list of scenarios, run by the native executor and by one that answers
 * late, twice, never, out of order or not at all: the outputs and the histories are the same.
 */
#include <pthread.h>

#include "given_engine.h"

#include "late_executor.h"
#include "runtime/native.h"
#include "scripts.h"

enum {
    ORCH_TIMEOUT_MS = 250,
    PATIENCE_S = 30,
    ROUNDS = 6,
    AWAY_ROUNDS = 2,
    FULL_ROUNDS = 40,
    SEED = 7
};

/* ---- a stage --------------------------------------------------------------------------------- */

typedef struct stage {
    th_hub hub;
    th_native *native; /* one of the two */
    late *late;
    bool selects;   /* the late one leaves events that nobody waits for */
    bool elsewhere; /* all partitions are owned by another engine, which runs nothing */
    th_engine *owner;
    th_engine *engine;
    th_front *front;
} stage;

typedef struct scenario {
    const char *name; /* of the orchestrator, and of its instances with a number behind it */
    const char *input;
    /* What happens to it after its start; NULL: nothing. */
    void (*drive)(const stage *s, const char *id);
    th_status status;
    const char *output;
    const char *failure;
    const char *custom_status;
    const char *events; /* see events_of */
} scenario;

static void start_owner(stage *s, th_engine_options options)
{
    th_error err = { 0 };

    options.activities = false;
    if (th_engine_new(&options, &s->owner, &err) != TH_OK ||
        th_engine_start(s->owner, &err) != TH_OK)
        given_failed("start the owner", &err);
}

static void up(stage *s, th_engine_options options)
{
    th_error err = { 0 };

    if (s->elsewhere)
        start_owner(s, options);
    options.no_partitions = s->elsewhere;
    if (!CHECK_INT(th_engine_new(&options, &s->engine, &err), TH_OK))
        exit(2);
    if (s->native)
        th_native_attach(s->native, s->engine);
    else
        late_attach(s->late, s->engine);
    th_engine_register(s->engine,
                       s->native ? th_native_executor(s->native) : late_executor(s->late));
    if (th_engine_start(s->engine, &err) != TH_OK)
        given_failed("start the engine", &err);
    s->front = given_front(s->engine);
}

static void down(stage *s)
{
    th_front_free(s->front);
    if (s->owner)
        th_engine_stop(s->owner, SECOND);
    th_engine_free(s->owner);
    th_engine_stop(s->engine, SECOND);
    th_native_free(s->native);
    if (s->late) {
        CHECK_INT(late_sessions(s->late), 0);
        late_free(s->late);
    }
    th_engine_free(s->engine);
}

/* ---- what is done to instances --------------------------------------------------------------- */

static void send(const stage *s, th_signal_kind kind, const char *id, const char *event,
                 const char *payload)
{
    CHECK_INT(given_signal(s->front, &s->hub, kind, id, event, payload), TH_OK);
}

static void raise_go(const stage *s, const char *id)
{
    send(s, TH_SIGNAL_RAISE, id, "go", "\"gone\"");
}

static void raise_go_while_it_waits(const stage *s, const char *id)
{
    CHECK(comes_to_status(&s->hub, id, TH_RUNNING, PATIENCE_S * SECOND));
    raise_go(s, id);
}

static void raise_b_then_a(const stage *s, const char *id)
{
    send(s, TH_SIGNAL_RAISE, id, "b", "2");
    send(s, TH_SIGNAL_RAISE, id, "a", "1");
}

static void raise_items(const stage *s, const char *id)
{
    send(s, TH_SIGNAL_RAISE, id, "item", "1");
    send(s, TH_SIGNAL_RAISE, id, "item", "2");
    send(s, TH_SIGNAL_RAISE, id, "item", "3");
}

static void suspend_raise_resume(const stage *s, const char *id)
{
    CHECK(comes_to_status(&s->hub, id, TH_RUNNING, PATIENCE_S * SECOND));
    send(s, TH_SIGNAL_SUSPEND, id, NULL, "\"a break\"");
    CHECK(comes_to_status(&s->hub, id, TH_SUSPENDED, PATIENCE_S * SECOND));
    raise_go(s, id);
    send(s, TH_SIGNAL_RESUME, id, NULL, NULL);
}

static void terminate(const stage *s, const char *id)
{
    send(s, TH_SIGNAL_TERMINATE, id, NULL, "\"enough\"");
}

/* ---- the list -------------------------------------------------------------------------------- */

/* Results name the n-th event that the run produced. */
static const scenario scenarios[] = {
    { "InARow", .status = TH_COMPLETED, .output = "[1,2,3]",
      .events = "ExecutionStarted, TaskScheduled Echo, TaskCompleted 1, TaskScheduled Echo, "
                "TaskCompleted 2, TaskScheduled Echo, TaskCompleted 3, ExecutionCompleted" },
    { "AtOnce", .status = TH_COMPLETED, .output = "15",
      .events = "ExecutionStarted, TaskScheduled Echo, TaskScheduled Echo, TaskScheduled Echo, "
                "TaskScheduled Echo, TaskScheduled Echo, TaskCompleted 1, TaskCompleted 2, "
                "TaskCompleted 3, TaskCompleted 4, TaskCompleted 5, ExecutionCompleted" },
    { "Pause", .status = TH_COMPLETED, .output = "\"rested\"", .custom_status = "\"resting\"",
      .events = "ExecutionStarted, TimerCreated, TimerFired 1, ExecutionCompleted" },
    { "Race", .drive = raise_go_while_it_waits, .status = TH_COMPLETED, .output = "\"gone\"",
      .events = "ExecutionStarted, TimerCreated, EventRaised go, ExecutionCompleted" },
    { "TwoEvents", .drive = raise_b_then_a, .status = TH_COMPLETED, .output = "[1,2]",
      .events = "ExecutionStarted, EventRaised b, EventRaised a, ExecutionCompleted" },
    { "CountDown", "3", .status = TH_COMPLETED, .output = "\"lift-off\"",
      .events = "ExecutionStarted, ExecutionCompleted" },
    { "Collect", "0", .drive = raise_items, .status = TH_COMPLETED, .output = "306",
      .events = "ExecutionStarted, EventRaised item, ExecutionCompleted" },
    { "Unlucky", .status = TH_FAILED, .failure = OUT_OF_LUCK,
      .events = "ExecutionStarted, TaskScheduled Fail, TaskFailed 1, ExecutionCompleted" },
    { "PlanB", .status = TH_COMPLETED, .output = "\"plan b\"",
      .events = "ExecutionStarted, TaskScheduled Fail, TaskFailed 1, TaskScheduled Echo, "
                "TaskCompleted 2, ExecutionCompleted" },
    { "Wait", .drive = suspend_raise_resume, .status = TH_COMPLETED, .output = "\"gone\"",
      .events = "ExecutionStarted, ExecutionSuspended, ExecutionResumed, EventRaised go, "
                "ExecutionCompleted" },
    { "Wait", .drive = terminate, .status = TH_TERMINATED, .output = "\"enough\"",
      .events = "ExecutionStarted, ExecutionTerminated, ExecutionCompleted" },
};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/*
 * The events of the present execution without OrchestratorStarted: how what comes is cut into
 * episodes is no executor's merit. For the same reason results that stand next to each other are
 * sorted by what they answer.
 */
static const char *events_of(const th_hub *hub, const char *id)
{
    return text_of(
        "with e as (select e.* from taskhub.history_events e join taskhub.instances i"
        "   on e.partition_id = i.partition_id and e.instance_id = i.instance_id"
        "   and e.execution_id = replace(i.execution_id::text, '-', '')"
        "  where i.partition_id = %d and i.instance_id = '%s' and e.kind <> 'OrchestratorStarted'),"
        " n as (select *, kind in ('TaskScheduled', 'TimerCreated', 'ExecutionCompleted') as made,"
        "  count(*) filter (where kind in ('TaskScheduled', 'TimerCreated', 'ExecutionCompleted'))"
        "   over (order by seq) as makings from e),"
        " r as (select n.*, (select a.makings from n a where a.seq = n.ref) as answers from n)"
        " select string_agg(concat_ws(' ', kind, answers, case when kind like 'Task%%'"
        "  or kind like 'Event%%' then name end), ', ' order by makings, not made,"
        "  answers nulls first, seq) from r",
        (int)th_hub_partition_of(hub, id), id);
}

/* ---- running it ------------------------------------------------------------------------------ */

typedef struct id_text {
    char s[40];
} id_text;

static id_text id_of(int round, size_t i)
{
    id_text id;

    snprintf(id.s, sizeof id.s, "%s-%zu-%d", scenarios[i].name, i, round);
    return id;
}

static void start_all(const stage *s, int rounds)
{
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < SCENARIOS; i++)
            CHECK_INT(given_start(s->front, &s->hub, scenarios[i].name, id_of(round, i).s,
                                  scenarios[i].input),
                      TH_OK);
}

static void drive_all(const stage *s, int rounds)
{
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < SCENARIOS; i++)
            if (scenarios[i].drive)
                scenarios[i].drive(s, id_of(round, i).s);
}

/* Who leaves what nobody waits for has events in the order of waiting. */
static const char *events_wanted(const stage *s, const scenario *x)
{
    if (s->selects && strcmp(x->name, "TwoEvents") == 0)
        return "ExecutionStarted, EventRaised a, EventRaised b, ExecutionCompleted";
    return x->events;
}

static void check_one(const stage *s, const scenario *x, const char *id)
{
    bool was_bad = test_bad;

    test_bad = false;
    CHECK(comes_to_status(&s->hub, id, x->status, PATIENCE_S * SECOND));
    CHECK_STR(column_of(&s->hub, id, "output"), x->output ? x->output : "");
    CHECK_STR(column_of(&s->hub, id, "failure"), x->failure ? x->failure : "");
    CHECK_STR(column_of(&s->hub, id, "custom_status"), x->custom_status ? x->custom_status : "");
    CHECK_STR(events_of(&s->hub, id), events_wanted(s, x));
    if (x->status == TH_COMPLETED)
        CHECK_STR(history_fault(&s->hub, id), "");
    if (test_bad)
        printf("... of %s\n", id);
    test_bad |= was_bad;
}

static void check_all(const stage *s, int rounds)
{
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < SCENARIOS; i++)
            check_one(s, &scenarios[i], id_of(round, i).s);
    CHECK_STR(left_behind(&s->hub, PATIENCE_S * SECOND), "");
}

static void run_all(stage *s, th_engine_options options)
{
    int rounds = given_full() ? FULL_ROUNDS : s->elsewhere ? AWAY_ROUNDS : ROUNDS;

    up(s, options);
    start_all(s, rounds);
    drive_all(s, rounds);
    check_all(s, rounds);
    down(s);
}

static stage native_stage(void)
{
    stage s = { .hub = given_hub(4), .native = th_native_new(8) };
    th_error err = { 0 };

    CHECK_INT(th_native_add(s.native, "scripts", scripts_app, &err), TH_OK);
    return s;
}

static stage late_stage(void)
{
    stage s = { .hub = given_hub(4), .late = late_new(SEED, 3) };

    scripts_add(s.late);
    return s;
}

static stage selecting_stage(const th_hub *hub)
{
    stage s = { .hub = *hub, .late = late_new(SEED + 1, 3), .selects = true };

    scripts_add(s.late);
    late_leave_events(s.late);
    return s;
}

static th_engine_options stage_options(const stage *s)
{
    th_engine_options options = given_options(&s->hub);

    options.pumps = 2;
    options.orch_timeout_us = ORCH_TIMEOUT_MS * MILLISECOND;
    return options;
}

/* ---- tests ----------------------------------------------------------------------------------- */

TEST(the_native_executor_gives_the_list)
{
    given_quiet();
    stage s = native_stage();

    run_all(&s, stage_options(&s));
}

TEST(the_native_executor_gives_the_same_when_no_instance_is_kept_warm)
{
    given_quiet();
    stage s = native_stage();
    th_engine_options options = stage_options(&s);

    options.extended_sessions = false;
    run_all(&s, options);
}

TEST(an_executor_that_answers_late_or_twice_or_never_gives_the_same)
{
    given_quiet();
    stage s = late_stage();

    up(&s, stage_options(&s));
    start_all(&s, ROUNDS);
    drive_all(&s, ROUNDS);
    check_all(&s, ROUNDS);
    for (late_mood mood = 0; mood < LATE_MOODS; mood++)
        if (!CHECK(late_count(s.late, mood) > 0))
            printf("no answer was %s\n", late_mood_name(mood));
    down(&s);
}

TEST(an_executor_that_answers_late_gives_the_same_when_no_instance_is_kept_warm)
{
    given_quiet();
    stage s = late_stage();
    th_engine_options options = stage_options(&s);

    options.extended_sessions = false;
    run_all(&s, options);
}

TEST(an_executor_that_leaves_what_nobody_waits_for_gives_the_same)
{
    given_quiet();
    th_hub hub = given_hub(4);
    stage s = selecting_stage(&hub);

    run_all(&s, stage_options(&s));
}

TEST(an_executor_that_leaves_events_and_keeps_no_instance_warm_gives_the_same)
{
    given_quiet();
    th_hub hub = given_hub(4);
    stage s = selecting_stage(&hub);
    th_engine_options options = stage_options(&s);

    options.extended_sessions = false;
    run_all(&s, options);
}

static bool comes_to_held(const th_hub *hub, const char *id, const char *count)
{
    char sql[300];

    snprintf(sql, sizeof sql,
             "select count(*) from taskhub.inbox where partition_id = %d and instance_id = '%s'"
             " and due = 'infinity'",
             (int)th_hub_partition_of(hub, id), id);
    return comes_to_within(sql, count, PATIENCE_S * SECOND);
}

TEST(events_that_were_left_are_offered_again_by_the_next_owner_and_go_with_the_end)
{
    given_quiet();
    th_hub hub = given_hub(1);
    stage s = selecting_stage(&hub);

    up(&s, stage_options(&s));
    CHECK_INT(given_start(s.front, &hub, "TwoEvents", "x", NULL), TH_OK);
    CHECK(comes_to_status(&hub, "x", TH_RUNNING, PATIENCE_S * SECOND));
    send(&s, TH_SIGNAL_RAISE, "x", "b", "2");
    send(&s, TH_SIGNAL_RAISE, "x", "other", "3");
    CHECK(comes_to_held(&hub, "x", "2"));
    down(&s);

    s = selecting_stage(&hub);
    up(&s, stage_options(&s));
    send(&s, TH_SIGNAL_RAISE, "x", "a", "1");
    CHECK(comes_to_status(&hub, "x", TH_COMPLETED, PATIENCE_S * SECOND));
    CHECK_STR(column_of(&hub, "x", "output"), "[1,2]");
    CHECK_STR(events_of(&hub, "x"),
              "ExecutionStarted, EventRaised a, EventRaised b, ExecutionCompleted");
    CHECK_STR(left_behind(&hub, PATIENCE_S * SECOND), "");
    down(&s);
}

TEST(a_suspended_instance_has_what_was_left_when_it_is_resumed)
{
    given_quiet();
    th_hub hub = given_hub(1);
    stage s = selecting_stage(&hub);

    up(&s, stage_options(&s));
    CHECK_INT(given_start(s.front, &hub, "TwoEvents", "x", NULL), TH_OK);
    CHECK(comes_to_status(&hub, "x", TH_RUNNING, PATIENCE_S * SECOND));
    send(&s, TH_SIGNAL_RAISE, "x", "b", "2");
    CHECK(comes_to_held(&hub, "x", "1"));
    send(&s, TH_SIGNAL_SUSPEND, "x", NULL, NULL);
    CHECK(comes_to_status(&hub, "x", TH_SUSPENDED, PATIENCE_S * SECOND));
    send(&s, TH_SIGNAL_RAISE, "x", "a", "1");
    send(&s, TH_SIGNAL_RESUME, "x", NULL, NULL);
    CHECK(comes_to_status(&hub, "x", TH_COMPLETED, PATIENCE_S * SECOND));
    CHECK_STR(column_of(&hub, "x", "output"), "[1,2]");
    CHECK_STR(left_behind(&hub, PATIENCE_S * SECOND), "");
    down(&s);
}

/* ---- episodes of an owner that runs nothing ---------------------------------------------------
 */

TEST(the_native_executor_gives_the_list_for_an_owner_that_runs_nothing)
{
    given_quiet();
    stage s = native_stage();

    s.elsewhere = true;
    run_all(&s, stage_options(&s));
}

TEST(an_executor_that_answers_late_or_twice_or_never_gives_the_list_for_such_an_owner)
{
    given_quiet();
    stage s = late_stage();

    s.elsewhere = true;
    run_all(&s, stage_options(&s));
}

TEST(an_executor_that_leaves_events_gives_the_list_for_such_an_owner)
{
    given_quiet();
    th_hub hub = given_hub(4);
    stage s = selecting_stage(&hub);

    s.elsewhere = true;
    run_all(&s, stage_options(&s));
}

TEST(an_owner_that_keeps_nothing_in_memory_gives_the_list_too)
{
    given_quiet();
    th_hub hub = given_hub(4);
    stage s = selecting_stage(&hub);
    th_engine_options options = stage_options(&s);

    s.elsewhere = true;
    options.extended_sessions = false;
    run_all(&s, options);
}
