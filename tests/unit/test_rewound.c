/* test_rewound.c - orchestrators that fail for real, are rewound, and run on by what is left of
 * their history. */
#include "test.h"

#include "engine/episode_rewind.h"
#include "fake_engine.h"
#include "runtime/native.h"

static const char boom[] = "{\"type\":\"Boom\",\"message\":\"it broke\"}";

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    (void)engine;
    (void)answer;
    CHECK(false && "no activity runs here");
}

/* ---- the app ------------------------------------------------------------------------------------
 */

static const char *chain(th_orch *o)
{
    const char *a = th_call_activity(o, "A", NULL), *b = th_call_activity(o, "B", a);

    return th_call_activity(o, "C", b);
}

static const char *fan(th_orch *o)
{
    th_task *tasks[5];

    for (int i = 0; i < 5; i++)
        tasks[i] = th_schedule_activity(o, "A", th_text(o, "%d", i), NULL);
    return th_await(o, th_when_all(o, tasks, 5));
}

static const char *retries(th_orch *o)
{
    static const th_retry twice = { .first_interval = TH_SECOND, .max_attempts = 2 };

    const char *a = th_await(o, th_schedule_activity(o, "A", NULL, &twice));
    return th_call_activity(o, "B", a);
}

/* What a failure leads to must not be done when it is none any more. */
static const char *compensates(th_orch *o)
{
    th_task *a = th_schedule_activity(o, "A", NULL, NULL);

    if (th_try(o, a))
        return th_call_activity(o, "Thanks", NULL);
    th_call_activity(o, "Sorry", NULL);
    return th_fail_with(o, "Refused", "no A");
}

static const char *deadline(th_orch *o)
{
    th_task *tasks[] = { th_schedule_timer(o, TH_HOUR), th_schedule_activity(o, "A", NULL, NULL) };
    size_t first = th_when_any(o, tasks, 2);

    if (first == 0)
        return "\"late\"";
    th_cancel(o, tasks[0]);
    return th_await(o, tasks[1]);
}

static const char *parent(th_orch *o)
{
    const char *a = th_call_activity(o, "A", NULL);
    const char *kid = th_call_orchestrator(o, "kid", a);

    return th_text(o, "[%s,%s]", a, kid);
}

static const char *retried_kid(th_orch *o)
{
    th_child how = { .retry = { .first_interval = TH_SECOND, .max_attempts = 2 } };

    return th_await(o, th_schedule_orchestrator(o, "kid", NULL, &how));
}

static const char *refuses(th_orch *o)
{
    th_call_activity(o, "A", NULL);
    return th_fail_with(o, "Refused", "by what it knows");
}

static const char *guid_then(th_orch *o)
{
    const char *first = th_new_guid(o);

    th_call_activity(o, "A", NULL);
    const char *second = th_new_guid(o);
    th_call_activity(o, "B", NULL);
    return th_list(o, (const char *const[]){ th_quote(o, first), th_quote(o, second) }, 2);
}

static void app(th_app *a)
{
    th_add_orchestrator(a, "chain", chain);
    th_add_orchestrator(a, "fan", fan);
    th_add_orchestrator(a, "retries", retries);
    th_add_orchestrator(a, "compensates", compensates);
    th_add_orchestrator(a, "deadline", deadline);
    th_add_orchestrator(a, "parent", parent);
    th_add_orchestrator(a, "retried_kid", retried_kid);
    th_add_orchestrator(a, "refuses", refuses);
    th_add_orchestrator(a, "guid_then", guid_then);
}

/* ---- given --------------------------------------------------------------------------------------
 */

static fake *given_started(const char *name)
{
    fake *f = fake_new(app);

    given_start(f, name, NULL);
    run(f);
    return f;
}

/* The seq of the n-th step that the last answer took. */
static int32_t step(fake *f, size_t n)
{
    return CHECK(n < f->answer.action_count) ? f->actions[n].event.seq : TH_NONE;
}

static void result(fake *f, int32_t ref, const char *json)
{
    given_result(f, ref, json);
    run(f);
}

static void failure(fake *f, int32_t ref)
{
    given_failure(f, ref, boom);
    run(f);
}

static void check_ended(fake *f, th_status status, const char *json)
{
    CHECK_INT(f->answer.kind, TH_ANSWER_DONE);
    if (f->answer.failure)
        puts(f->answer.failure);
    CHECK(f->answer.completion.done);
    CHECK_INT(f->answer.completion.status, status);
    CHECK_STR(f->answer.completion.result, json);
}

/* As the engine does it; then runs on, taking that many steps. */
static void rewind_to(fake *f, size_t steps)
{
    int64_t at_us[64] = { 0 };
    th_rewound kept;
    th_event *e = th_new(f->arena, th_event, 1);

    CHECK_INT(f->answer.completion.status, TH_FAILED);
    CHECK(f->past_count < 64 && th_rewind_history(f->arena, f->past, at_us, f->past_count, &kept));
    f->past = realloc(f->past, (kept.count + 1) * sizeof *f->past);
    memcpy(f->past, kept.episodes, kept.count * sizeof *f->past);
    f->past_count = kept.count;
    f->next_seq = 0;
    for (size_t i = 0; i < kept.count; i++)
        f->next_seq += (int32_t)kept.episodes[i].count;
    *e = th_event_of(TH_ExecutionRewound);
    e->seq = f->next_seq++;
    f->past[f->past_count++] = (th_past_episode){ .events = e, .count = 1 };
    fake_drop(f);
    if (!CHECK(run(f)))
        puts(f->answer.failure);
    CHECK_INT(f->answer.action_count, steps);
}

/* From here on everything is replayed each time. */
static void check_replays(fake *f)
{
    size_t steps = f->answer.action_count;
    th_action *actions = f->actions;

    f->cold = true;
    if (!CHECK(run(f)))
        puts(f->answer.failure);
    CHECK_INT(f->answer.action_count, 0);
    f->answer.action_count = steps; /* the steps of before are what the test goes on with */
    f->actions = actions;
}

/* ---- activities ---------------------------------------------------------------------------------
 */

TEST(the_activity_that_failed_is_scheduled_again_and_the_others_are_not)
{
    fake *f = given_started("chain");
    result(f, step(f, 0), "1");
    failure(f, step(f, 0));

    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "B");
    CHECK_STR(f->actions[0].event.payload, "1");
    check_replays(f);
    result(f, step(f, 0), "2");
    CHECK_STR(f->actions[0].event.name, "C");
    CHECK_STR(f->actions[0].event.payload, "2");
    result(f, step(f, 0), "3");
    check_ended(f, TH_COMPLETED, "3");
    fake_free(f);
}

TEST(of_many_at_once_those_that_failed_or_had_not_answered_are_scheduled_again)
{
    fake *f = given_started("fan");
    int32_t first = step(f, 0);
    given_result(f, first + 0, "0");
    given_failure(f, first + 1, boom);
    given_result(f, first + 2, "2");
    given_failure(f, first + 4, boom);
    run(f);
    if (!f->answer.completion.done) { /* the fourth has not answered */
        given_failure(f, first + 3, boom);
        run(f);
    }

    rewind_to(f, 3);
    CHECK_STR(f->actions[0].event.payload, "1");
    CHECK_STR(f->actions[1].event.payload, "3");
    CHECK_STR(f->actions[2].event.payload, "4");
    check_replays(f);
    given_result(f, f->actions[2].event.seq, "14");
    given_result(f, f->actions[0].event.seq, "11");
    given_result(f, f->actions[1].event.seq, "13");
    run(f);
    check_ended(f, TH_COMPLETED, "[0,11,2,13,14]");
    fake_free(f);
}

TEST(a_rewind_after_retries_begins_with_the_first_try)
{
    fake *f = given_started("retries");
    failure(f, step(f, 0));
    given_fired(f, step(f, 0));
    run(f);
    failure(f, step(f, 0));

    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "A");
    CHECK_INT(f->actions[0].event.attempt, 1);
    check_replays(f);
    int32_t first = step(f, 0);
    failure(f, first);
    CHECK_INT(f->actions[0].event.kind, TH_TimerCreated);
    CHECK_INT(f->actions[0].event.retry_of, first);
    given_fired(f, step(f, 0));
    run(f);
    CHECK_INT(f->actions[0].event.attempt, 2);
    result(f, step(f, 0), "1");
    CHECK_STR(f->actions[0].event.name, "B");
    result(f, step(f, 0), "2");
    check_ended(f, TH_COMPLETED, "2");
    fake_free(f);
}

TEST(an_activity_that_succeeded_by_a_retry_does_not_run_again)
{
    fake *f = given_started("retries");
    failure(f, step(f, 0));
    given_fired(f, step(f, 0));
    run(f);
    result(f, step(f, 0), "1");
    failure(f, step(f, 0));

    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "B");
    CHECK_STR(f->actions[0].event.payload, "1");
    check_replays(f);
    result(f, step(f, 0), "2");
    check_ended(f, TH_COMPLETED, "2");
    fake_free(f);
}

TEST(what_was_done_about_a_failure_is_passed_over_when_it_is_none_any_more)
{
    fake *f = given_started("compensates");
    failure(f, step(f, 0));
    result(f, step(f, 0), "1");

    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "A");
    check_replays(f);
    result(f, step(f, 0), "1");
    CHECK_STR(f->actions[0].event.name, "Thanks");
    result(f, step(f, 0), "2");
    check_ended(f, TH_COMPLETED, "2");
    fake_free(f);
}

TEST(what_was_done_about_a_failure_is_done_again_when_it_fails_again)
{
    fake *f = given_started("compensates");
    failure(f, step(f, 0));
    result(f, step(f, 0), "1");

    rewind_to(f, 1);
    failure(f, step(f, 0));
    CHECK_STR(f->actions[0].event.name, "Sorry");
    check_replays(f);
    result(f, step(f, 0), "1");
    check_ended(f, TH_FAILED, NULL);
    fake_free(f);
}

TEST(a_timer_that_had_not_fired_is_set_again_for_its_time)
{
    fake *f = given_started("deadline");
    const char *fire_at = f->actions[0].event.fire_at;
    failure(f, step(f, 1));

    rewind_to(f, 2);
    CHECK_INT(f->actions[0].event.kind, TH_TimerCreated);
    CHECK_STR(f->actions[0].event.fire_at, fire_at);
    CHECK_STR(f->actions[1].event.name, "A");
    check_replays(f);
    result(f, step(f, 1), "1");
    check_ended(f, TH_COMPLETED, "1");
    fake_free(f);
}

TEST(it_can_be_rewound_again)
{
    fake *f = given_started("chain");
    result(f, step(f, 0), "1");
    failure(f, step(f, 0));
    for (int i = 0; i < 3; i++) {
        rewind_to(f, 1);
        CHECK_STR(f->actions[0].event.name, "B");
        failure(f, step(f, 0));
    }

    rewind_to(f, 1);
    result(f, step(f, 0), "2");
    failure(f, step(f, 0));
    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "C");
    check_replays(f);
    result(f, step(f, 0), "3");
    check_ended(f, TH_COMPLETED, "3");
    fake_free(f);
}

TEST(what_fails_by_its_own_decision_fails_again)
{
    fake *f = given_started("refuses");
    result(f, step(f, 0), "1");

    rewind_to(f, 0);
    check_ended(f, TH_FAILED, NULL);
    CHECK(strstr(f->answer.completion.failure, "by what it knows") != NULL);
    fake_free(f);
}

TEST(guids_and_the_clock_come_out_as_before)
{
    fake *f = given_started("guid_then"), *same = given_started("guid_then");
    result(f, step(f, 0), "1");
    result(same, step(same, 0), "1");
    result(same, step(same, 0), "2");
    failure(f, step(f, 0));

    rewind_to(f, 1);
    result(f, step(f, 0), "2");
    check_ended(f, TH_COMPLETED, same->answer.completion.result);
    fake_free(same);
    fake_free(f);
}

TEST(what_never_ran_begins)
{
    fake *f = fake_new(app);
    th_event *events = th_new(f->arena, th_event, 2);

    events[0] = th_event_of(TH_ExecutionStarted);
    events[1] = th_event_of(TH_ExecutionCompleted);
    events[1].seq = 1;
    f->name = "chain";
    f->past = realloc(f->past, sizeof *f->past);
    f->past[f->past_count++] = (th_past_episode){ .events = events, .count = 2 };
    f->answer.completion.status = TH_FAILED;

    rewind_to(f, 1);
    CHECK_STR(f->actions[0].event.name, "A");
    check_replays(f);
    result(f, step(f, 0), "1");
    CHECK_STR(f->actions[0].event.name, "B");
    fake_free(f);
}

/* ---- children -----------------------------------------------------------------------------------
 */

static void child_answers(fake *f, int32_t ref, const char *json)
{
    th_event *e =
        message(f, json ? TH_SubOrchestrationInstanceCompleted : TH_SubOrchestrationInstanceFailed);

    e->ref = ref;
    e->payload = json;
    e->failure = json ? NULL : boom;
    run(f);
}

TEST(a_failed_child_is_waited_for_and_not_started_again)
{
    fake *f = given_started("parent");
    result(f, step(f, 0), "1");
    child_answers(f, step(f, 0), NULL);

    rewind_to(f, 0);
    CHECK(!f->answer.completion.done);
    check_replays(f);
    child_answers(f, seq_of(f, TH_SubOrchestrationInstanceCreated, 0), "2");
    check_ended(f, TH_COMPLETED, "[1,2]");
    fake_free(f);
}

TEST(a_child_that_failed_after_retries_is_waited_for_and_retried_anew)
{
    fake *f = given_started("retried_kid");
    child_answers(f, step(f, 0), NULL);
    given_fired(f, step(f, 0));
    run(f);
    child_answers(f, step(f, 0), NULL);

    rewind_to(f, 0);
    child_answers(f, seq_of(f, TH_SubOrchestrationInstanceCreated, 0), NULL);
    CHECK_INT(f->actions[0].event.kind, TH_TimerCreated);
    check_replays(f);
    given_fired(f, step(f, 0));
    run(f);
    CHECK_INT(f->actions[0].event.kind, TH_SubOrchestrationInstanceCreated);
    child_answers(f, step(f, 0), "5");
    check_ended(f, TH_COMPLETED, "5");
    fake_free(f);
}
