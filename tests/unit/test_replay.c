/* test_replay.c - changed code against its history, and histories that a rewind has cut. */
#include "test.h"

#include "fake_engine.h"

static const char boom[] = "{\"type\":\"Boom\",\"message\":\"it broke\"}";

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    (void)engine;
    (void)answer;
    CHECK(false && "no activity runs here");
}

/* ---- changed code --------------------------------------------------------------------------- */

/* Says what an orchestrator does: "a" call A, "b" call B, "+" schedule A, "t" sleep, "T" longer,
 * "e" wait. */
static const char *follow(th_orch *o, const char *script)
{
    for (; *script; script++) {
        if (*script == 'a' || *script == 'b')
            th_call_activity(o, *script == 'a' ? "A" : "B", NULL);
        else if (*script == '+')
            th_schedule_activity(o, "A", NULL, NULL);
        else if (*script == 't' || *script == 'T')
            th_sleep(o, *script == 't' ? TH_SECOND : TH_MINUTE);
        else
            th_wait_event(o, "e");
    }
    return NULL;
}

static const char *abt(th_orch *o)
{
    return follow(o, "abt");
}
static const char *aat(th_orch *o)
{
    return follow(o, "aat");
}
static const char *ab_plus_t(th_orch *o)
{
    return follow(o, "ab+t");
}
static const char *plus_abt(th_orch *o)
{
    return follow(o, "+abt");
}
static const char *abT(th_orch *o)
{
    return follow(o, "abT");
}
static const char *ate(th_orch *o)
{
    return follow(o, "ate");
}
static const char *ae(th_orch *o)
{
    return follow(o, "ae");
}
static const char *ends(th_orch *o)
{
    return follow(o, "a");
}
static const char *fails_early(th_orch *o)
{
    follow(o, "a");
    return th_fail_with(o, "T", "m");
}

static void changes_app(th_app *app)
{
    th_add_orchestrator(app, "abt", abt);
    th_add_orchestrator(app, "aat", aat);
    th_add_orchestrator(app, "ab_plus_t", ab_plus_t);
    th_add_orchestrator(app, "plus_abt", plus_abt);
    th_add_orchestrator(app, "long_t", abT);
    th_add_orchestrator(app, "ate", ate);
    th_add_orchestrator(app, "ae", ae);
    th_add_orchestrator(app, "ends", ends);
    th_add_orchestrator(app, "fails_early", fails_early);
}

/* abt, waiting for its timer: events 0 started, 1 start, 2 A | 3, 4 done, 5 B | 6, 7 done, 8 timer
 */
static fake *given_abt(void)
{
    fake *f = fake_new(changes_app);

    given_start(f, "abt", NULL);
    run(f);
    given_result(f, 2, NULL);
    run(f);
    given_result(f, 5, NULL);
    run(f);
    CHECK_INT(seq_of(f, TH_TimerCreated, 0), 8);
    fake_drop(f);
    return f;
}

TEST(the_same_code_repeats_its_history_without_new_steps)
{
    fake *f = given_abt();

    CHECK(run(f));
    CHECK_INT(f->answer.action_count, 0);
    given_fired(f, 8);
    CHECK(run(f));
    CHECK(f->answer.completion.done);
    fake_free(f);
}

TEST(changed_code_is_told_which_event_differs_and_how)
{
    static const struct {
        const char *name, *said;
    } cases[] = {
        { "aat",
          "at event 5, expected TaskScheduled 'B' (id 1), but it took the step TaskScheduled 'A' "
          "(id 1)" },
        { "ate",
          "at event 5, expected TaskScheduled 'B' (id 1), but it took the step TimerCreated for "
          "2026-09-21T14:13:23.000000Z (id 1)" },
        { "plus_abt", "at event 3, expected no further step in this episode, but it took the step "
                      "TaskScheduled 'A' (id 1)" },
        { "ab_plus_t",
          "at event 8, expected TimerCreated for 2026-09-21T14:13:24.000000Z (id 2), but it "
          "took the step TaskScheduled 'A' (id 2)" },
        { "long_t",
          "at event 8, expected TimerCreated for 2026-09-21T14:13:24.000000Z (id 2), but it took "
          "the step TimerCreated for 2026-09-21T14:14:23.000000Z (id 2)" },
        { "ae",
          "at event 5, expected TaskScheduled 'B' (id 1), but it waits without taking that step" },
        { "ends", "at event 5, expected TaskScheduled 'B' (id 1), but it ended before" },
        { "fails_early", "at event 5, expected TaskScheduled 'B' (id 1), but it ended before" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake *f = given_abt();
        f->name = cases[i].name;
        CHECK(!run(f));
        CHECK_INT(f->answer.kind, TH_ANSWER_NOT_REPLAYABLE);
        const char *type = th_get_string(f->session, f->answer.failure, "type", NULL);
        const char *message = th_get_string(f->session, f->answer.failure, "message", "");
        CHECK_STR(type, "NonDeterministicOrchestrationException");
        if (!CHECK(strstr(message, cases[i].said) != NULL))
            printf("  %s: %s\n", cases[i].name, message);

        run(f); /* asked again, it still says so */
        CHECK_INT(f->answer.kind, TH_ANSWER_NOT_REPLAYABLE);
        fake_free(f);
    }
}

TEST(an_orchestrator_that_ends_in_an_episode_after_which_history_goes_on_differs)
{
    fake *f = fake_new(changes_app);

    given_start(f, "ae", NULL);
    run(f);
    given_result(f, 2, NULL);
    run(f);
    fake_drop(f);
    f->name = "ends";
    CHECK(!run(f));
    CHECK(strstr(f->answer.failure, "at event 5, expected the orchestrator to go on after this "
                                    "episode, but it ended in it") != NULL);
    fake_free(f);
}

/* ---- rewound histories ---------------------------------------------------------------------- */

static const char *side_by_side(th_orch *o)
{
    th_task *a = th_schedule_activity(o, "A", NULL, NULL);

    th_call_activity(o, "B", NULL);
    th_task *c = th_schedule_activity(o, "C", NULL, NULL);
    th_await(o, a);
    return th_await(o, c);
}

static const char *cancels(th_orch *o)
{
    th_task *timer = th_schedule_timer(o, TH_HOUR);

    th_wait_event(o, "e");
    th_cancel(o, timer);
    return th_call_activity(o, "Z", NULL);
}

static const char *retry_then_call(th_orch *o)
{
    static const th_retry twice = { .first_interval = TH_SECOND, .max_attempts = 2 };

    th_await(o, th_schedule_activity(o, "R", NULL, &twice));
    return th_call_activity(o, "S", NULL);
}

static void rewind_app(th_app *app)
{
    th_add_orchestrator(app, "side_by_side", side_by_side);
    th_add_orchestrator(app, "cancels", cancels);
    th_add_orchestrator(app, "retry_then_call", retry_then_call);
}

/* History made by hand: an episode of n events whose seq are given here. */
static void past(fake *f, th_event *events, size_t n)
{
    th_event *all = th_new(f->arena, th_event, n);

    for (size_t i = 0; i < n; i++) {
        all[i] = events[i];
        all[i].seq = f->next_seq++;
        if (all[i].kind == TH_OrchestratorStarted)
            all[i].t_us = f->now += TH_SECOND;
    }
    f->past = realloc(f->past, (f->past_count + 1) * sizeof *f->past);
    f->past[f->past_count++] = (th_past_episode){ all, n };
}

static th_event event(th_kind kind, const char *name, int32_t id, int32_t ref)
{
    th_event e = th_event_of(kind);

    e.name = name;
    e.id = id;
    e.ref = ref;
    return e;
}

#define E(kind, name, id, ref) event(TH_##kind, name, id, ref)
#define PAST(f, ...)                                        \
    do {                                                    \
        th_event events_[] = { __VA_ARGS__ };               \
        past(f, events_, sizeof events_ / sizeof *events_); \
    } while (0)
#define STARTED E(OrchestratorStarted, NULL, TH_NONE, TH_NONE)

TEST(a_step_that_a_rewind_cut_out_is_taken_again_and_the_others_keep_their_answers)
{
    fake *f = fake_new(rewind_app);
    f->name = "side_by_side";
    f->cold = true;
    /* A (id 0) failed and is gone, with its failure and the end. */
    PAST(f, STARTED, E(ExecutionStarted, "side_by_side", TH_NONE, TH_NONE),
         E(TaskScheduled, "B", 1, TH_NONE));
    PAST(f, STARTED, E(TaskCompleted, NULL, TH_NONE, 2), E(TaskScheduled, "C", 2, TH_NONE));
    PAST(f, STARTED, E(TaskCompleted, NULL, TH_NONE, 5));
    PAST(f, STARTED);
    PAST(f, E(ExecutionRewound, NULL, TH_NONE, TH_NONE));

    CHECK(run(f));
    if (!CHECK_INT(f->answer.action_count, 1))
        return;
    CHECK_STR(f->actions[0].event.name, "A");
    CHECK_INT(f->actions[0].event.id, 3);
    CHECK_STR(f->actions[0].event.x, "0");

    CHECK(run(f)); /* and that is repeated like the rest */
    CHECK_INT(f->answer.action_count, 0);
    given_result(f, seq_of(f, TH_TaskScheduled, 2), "1");
    CHECK(run(f));
    CHECK_INT(f->answer.completion.status, TH_COMPLETED);
    fake_free(f);
}

TEST(a_cut_timer_that_the_code_cancelled_is_not_taken_again)
{
    fake *f = fake_new(rewind_app);
    f->name = "cancels";
    f->cold = true;
    PAST(f, STARTED, E(ExecutionStarted, "cancels", TH_NONE, TH_NONE));
    PAST(f, STARTED, E(EventRaised, "e", TH_NONE, TH_NONE));
    PAST(f, STARTED);
    PAST(f, E(ExecutionRewound, NULL, TH_NONE, TH_NONE));

    CHECK(run(f));
    if (!CHECK_INT(f->answer.action_count, 1))
        return;
    CHECK_STR(f->actions[0].event.name, "Z");
    given_result(f, f->actions[0].event.seq, NULL);
    CHECK(run(f));
    CHECK_INT(f->answer.completion.status, TH_COMPLETED);
    fake_free(f);
}

TEST(steps_after_retries_remember_how_many_the_code_itself_took)
{
    fake *f = fake_new(rewind_app);
    f->cold = true;

    given_start(f, "retry_then_call", NULL);
    run(f);
    CHECK_STR(f->actions[0].event.x, NULL);
    given_failure(f, f->actions[0].event.seq, boom);
    run(f);
    given_fired(f, f->actions[0].event.seq);
    run(f);
    CHECK_STR(f->actions[0].event.x, NULL);
    given_result(f, f->actions[0].event.seq, NULL);
    run(f);
    CHECK_STR(f->actions[0].event.name, "S");
    CHECK_INT(f->actions[0].event.id, 3);
    CHECK_STR(f->actions[0].event.x, "1");
    fake_free(f);
}

TEST(code_that_changed_before_a_rewind_is_found_out_too)
{
    fake *f = fake_new(rewind_app);
    f->name = "side_by_side";
    PAST(f, STARTED, E(ExecutionStarted, "side_by_side", TH_NONE, TH_NONE),
         E(TaskScheduled, "X", 1, TH_NONE));
    PAST(f, E(ExecutionRewound, NULL, TH_NONE, TH_NONE));

    CHECK(!run(f));
    CHECK(strstr(f->answer.failure, "expected TaskScheduled 'X' (id 1)") != NULL);
    fake_free(f);
}
