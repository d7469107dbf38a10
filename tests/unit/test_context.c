/* test_context.c - orchestrators: each of these runs warm and, replayed before each episode, cold.
 */
#include "test.h"

#include "fake_engine.h"

static const char boom[] = "{\"type\":\"Boom\",\"message\":\"it broke\"}";

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    (void)engine;
    (void)answer;
    CHECK(false && "no activity runs here");
}

static void one_app(th_app *app);

/* Opens a block that runs twice: warm, then cold. */
#define WARM_AND_COLD(f)                       \
    for (int round_ = 0; round_ < 2; round_++) \
        for (fake *f = open_fake(round_ == 1); f; fake_free(f), f = NULL)

static fake *open_fake(bool cold)
{
    fake *f = fake_new(one_app);

    f->cold = cold;
    return f;
}

static void check_completed(fake *f, const char *result)
{
    CHECK(f->answer.completion.done);
    CHECK_INT(f->answer.completion.status, TH_COMPLETED);
    CHECK_STR(f->answer.completion.failure, NULL);
    CHECK_STR(f->answer.completion.result, result);
}

static void check_failed(fake *f, const char *failure)
{
    CHECK(f->answer.completion.done);
    CHECK_INT(f->answer.completion.status, TH_FAILED);
    CHECK_STR(f->answer.completion.failure, failure);
}

static void check_misused(fake *f, const char *part)
{
    CHECK(f->answer.completion.done);
    CHECK_INT(f->answer.completion.status, TH_FAILED);
    if (!CHECK(f->answer.completion.failure && strstr(f->answer.completion.failure, part)) ||
        !CHECK(strstr(f->answer.completion.failure, "\"type\":\"ApiMisuse\"") != NULL))
        printf("  it said: %s\n", f->answer.completion.failure);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static const char *chain(th_orch *o)
{
    const char *out[3];

    out[0] = th_call_activity(o, "Say", "\"A\"");
    out[1] = th_call_activity(o, "Say", "\"B\"");
    out[2] = th_call_activity(o, "Say", NULL);
    return th_list(o, out, 3);
}

TEST(activities_run_one_after_the_other_and_their_results_come_back)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "CHAIN", "null");
        CHECK(run(f));
        CHECK_INT(f->answer.action_count, 1);
        CHECK_INT(f->actions[0].kind, TH_ACT_TASK);
        CHECK_INT(f->actions[0].event.kind, TH_TaskScheduled);
        CHECK_STR(f->actions[0].event.name, "Say");
        CHECK_STR(f->actions[0].event.payload, "\"A\"");
        CHECK_INT(f->actions[0].event.id, 0);
        CHECK_INT(f->actions[0].event.attempt, TH_NONE);
        CHECK(!f->answer.completion.done);

        given_result(f, seq_of(f, TH_TaskScheduled, 0), "1");
        CHECK(run(f));
        CHECK_INT(f->actions[0].event.id, 1);
        given_result(f, seq_of(f, TH_TaskScheduled, 1), NULL);
        CHECK(run(f));
        CHECK_STR(f->actions[0].event.payload, NULL);
        given_result(f, seq_of(f, TH_TaskScheduled, 2), "3");
        CHECK(run(f));
        check_completed(f, "[1,null,3]");
    }
}

TEST(a_failure_nobody_takes_in_hand_ends_the_orchestrator_with_its_details)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "chain", NULL);
        run(f);
        given_failure(f, seq_of(f, TH_TaskScheduled, 0), boom);
        run(f);
        check_failed(f, boom);
        CHECK_INT(f->answer.action_count, 0);
    }
}

static const char *takes(th_orch *o)
{
    th_task *task = th_schedule_activity(o, "Risky", th_input(o), NULL);

    if (th_try(o, task))
        return th_task_result(task);
    if (!th_task_failed(task) || strcmp(th_task_result(task), "null") != 0)
        return "\"wrong\"";
    return th_get_json(o, th_task_failure(task), "message");
}

TEST(a_failure_that_is_taken_in_hand_is_a_value)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "takes", "{\"a\":1}");
        run(f);
        CHECK_STR(f->actions[0].event.payload, "{\"a\":1}");
        given_failure(f, seq_of(f, TH_TaskScheduled, 0), boom);
        run(f);
        check_completed(f, "\"it broke\"");
    }
}

static const char *fails(th_orch *o)
{
    return th_fail_for_good(o, "Refused", "no \"%s\"\xff", th_instance_id(o));
}

TEST(an_orchestrator_fails_with_its_own_type_and_message)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "fails", NULL);
        run(f);
        check_failed(f, "{\"type\":\"Refused\",\"message\":\"no \\\"i1\\\"\xEF\xBF\xBD\","
                        "\"nonRetriable\":true}");
    }
}

/* ---- all and any ---------------------------------------------------------------------------- */

static const char *fan_out(th_orch *o)
{
    size_t n = (size_t)th_get_int(th_input(o), NULL, 0);
    th_task **tasks = th_memory(o, n * sizeof(th_task *));

    for (size_t i = 0; i < n; i++)
        tasks[i] = th_schedule_activity(o, "Square", th_text(o, "%zu", i), NULL);
    return th_await(o, th_when_all(o, tasks, n));
}

TEST(when_all_waits_for_each_in_any_order_and_lists_results_as_scheduled)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "fan_out", "3");
        run(f);
        CHECK_INT(f->answer.action_count, 3);
        given_result(f, seq_of(f, TH_TaskScheduled, 2), "4");
        given_result(f, seq_of(f, TH_TaskScheduled, 0), NULL);
        run(f);
        CHECK(!f->answer.completion.done);
        given_result(f, seq_of(f, TH_TaskScheduled, 1), "1");
        run(f);
        check_completed(f, "[null,1,4]");
    }
}

TEST(when_all_of_nothing_is_complete)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "fan_out", "0");
        run(f);
        check_completed(f, "[]");
    }
}

TEST(when_all_fails_at_the_end_with_the_failure_that_came_first)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "fan_out", "3");
        run(f);
        given_failure(f, seq_of(f, TH_TaskScheduled, 2), boom);
        given_failure(f, seq_of(f, TH_TaskScheduled, 0), "{\"type\":\"Late\",\"message\":\"\"}");
        run(f);
        CHECK(!f->answer.completion.done);
        given_result(f, seq_of(f, TH_TaskScheduled, 1), "1");
        run(f);
        check_failed(f, boom);
    }
}

TEST(a_fan_out_of_100000_is_one_episode_and_linear_in_time)
{
    enum { N = 100000 };

    WARM_AND_COLD(f)
    {
        given_start(f, "fan_out", "100000");
        run(f);
        CHECK_INT(f->answer.action_count, N);
        CHECK_INT(f->actions[N - 1].event.seq, N + 1);

        f->more = calloc(N + 1, sizeof *f->more);
        f->more_count = N + 1;
        for (int i = 0; i < N; i++) {
            f->more[i + 1] = th_event_of(TH_TaskCompleted);
            f->more[i + 1].ref = 2 + (N - 1 - i);
            f->more[i + 1].payload = "7";
        }
        run(f);
        CHECK_INT(f->answer.completion.status, TH_COMPLETED);
        CHECK_INT(strlen(f->answer.completion.result), 2 * N + 1);
        free(f->more);
    }
}

static const char *first_of(th_orch *o)
{
    th_task *a = th_schedule_activity(o, "A", NULL, NULL);
    th_task *b = th_schedule_activity(o, "B", NULL, NULL);
    th_task *race[] = { a, b, b };
    size_t first = th_when_any(o, race, 3);

    th_await(o, a);
    th_await(o, b);
    return th_text(o, "[%zu,%zu]", first, th_when_any(o, race, 3));
}

TEST(when_any_gives_the_first_by_order_of_arrival_also_if_both_came_at_once)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "first_of", NULL);
        run(f);
        given_result(f, seq_of(f, TH_TaskScheduled, 1), NULL);
        given_result(f, seq_of(f, TH_TaskScheduled, 0), NULL);
        run(f);
        check_completed(f, "[1,1]");
    }
}

/* Two chains of three by when_any, without threads. */
static const char *chains(th_orch *o)
{
    th_task *now[2];
    int done[2] = { 0, 0 };
    char order[8] = "";

    for (int i = 0; i < 2; i++)
        now[i] = th_schedule_activity(o, i ? "B" : "A", "0", NULL);
    for (int n = 0; n < 5; n++) {
        size_t i = th_when_any(o, now, 2);
        order[n] = i ? 'b' : 'a';
        if (++done[i] == 3)
            break;
        now[i] = th_schedule_activity(o, i ? "B" : "A", th_text(o, "%d", done[i]), NULL);
    }
    return th_quote(o, order);
}

TEST(chains_side_by_side_go_on_as_their_activities_end)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "chains", NULL);
        run(f);
        given_result(f, seq_of(f, TH_TaskScheduled, 1), NULL);
        run(f);
        CHECK_STR(f->actions[0].event.name, "B");
        given_result(f, seq_of(f, TH_TaskScheduled, 2), NULL);
        given_result(f, seq_of(f, TH_TaskScheduled, 0), NULL);
        run(f);
        CHECK_INT(f->answer.action_count, 2);
        CHECK_STR(f->actions[1].event.name, "A");
        given_result(f, f->actions[0].event.seq, NULL);
        run(f);
        check_completed(f, "\"bbab\"");
    }
}

static const char *timeout(th_orch *o)
{
    th_task *work[2];

    for (int i = 0; i < 2; i++)
        work[i] = th_schedule_activity(o, "Work", NULL, NULL);
    th_task *all = th_when_all(o, work, 2);
    th_task *deadline = th_schedule_timer(o, 30 * TH_SECOND);
    th_task *race[] = { all, deadline };

    if (th_when_any(o, race, 2) == 1)
        return th_fail_with(o, "Timeout", "too late");
    th_cancel(o, deadline);
    return th_await(o, all);
}

TEST(a_fan_out_in_time_cancels_its_timer)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "timeout", NULL);
        run(f);
        CHECK_INT(f->actions[2].kind, TH_ACT_TIMER);
        CHECK_INT(f->actions[2].due_us, T0 + 31 * TH_SECOND);
        CHECK_STR(f->actions[2].event.fire_at, "2026-09-21T14:13:51.000000Z");
        given_result(f, seq_of(f, TH_TaskScheduled, 0), "1");
        given_result(f, seq_of(f, TH_TaskScheduled, 1), "2");
        given_fired(f, seq_of(f, TH_TimerCreated, 0)); /* in the same batch, but later */
        run(f);
        check_completed(f, "[1,2]");
        CHECK_INT(f->answer.action_count, 1);
        CHECK_INT(f->actions[0].kind, TH_ACT_CANCEL_TIMER);
        CHECK_INT(f->actions[0].cancel_ref, seq_of(f, TH_TimerCreated, 0));
    }
}

TEST(a_fan_out_that_is_late_fails_at_its_timer)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "timeout", NULL);
        run(f);
        given_result(f, seq_of(f, TH_TaskScheduled, 0), "1");
        given_fired(f, seq_of(f, TH_TimerCreated, 0));
        given_result(f, seq_of(f, TH_TaskScheduled, 1), "2");
        run(f);
        check_failed(f, "{\"type\":\"Timeout\",\"message\":\"too late\"}");
    }
}

static const char *all_of_cancelled(th_orch *o)
{
    th_task *timer = th_schedule_timer(o, TH_DAY);
    th_task *all = th_when_all(o, &timer, 1);
    th_task *outer = th_when_all(o, &all, 1);

    th_cancel(o, timer);
    th_cancel(o, timer);
    return th_try(o, outer) ? "true" : th_get_json(o, th_task_failure(outer), "type");
}

TEST(a_cancelled_timer_counts_as_failed_through_alls_in_alls)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "all_of_cancelled", NULL);
        run(f);
        check_completed(f, "\"TaskCanceled\"");
        CHECK_INT(f->answer.action_count, 2);
        CHECK_INT(f->actions[1].cancel_ref, f->actions[0].event.seq);
    }
}

static const char *cancelled_activity(th_orch *o)
{
    th_retry retry = { .first_interval = TH_HOUR, .max_attempts = 2 };
    th_task *task = th_schedule_activity(o, "A", NULL, &retry);

    th_wait_event(o, "stop");
    th_cancel(o, task);
    th_wait_event(o, "go");
    return th_task_failure(task);
}

static void check_cancelled(fake *f)
{
    given_raised(f, "go", NULL);
    run(f);
    check_completed(f, "{\"type\":\"TaskCanceled\",\"message\":\"the orchestrator cancelled it\"}");
}

TEST(a_cancelled_activity_is_given_up_and_a_late_answer_is_ignored)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "cancelled_activity", NULL);
        run(f);
        int32_t seq = seq_of(f, TH_TaskScheduled, 0);
        given_raised(f, "stop", NULL);
        run(f);
        CHECK_INT(f->answer.action_count, 1);
        CHECK_INT(f->actions[0].kind, TH_ACT_CANCEL_TASK);
        CHECK_INT(f->actions[0].cancel_ref, seq);
        check_cancelled(f);
    }
}

TEST(one_that_is_cancelled_between_two_tries_gives_up_the_pause)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "cancelled_activity", NULL);
        run(f);
        given_failure(f, seq_of(f, TH_TaskScheduled, 0), "{\"type\":\"No\",\"message\":\"\"}");
        run(f);
        given_raised(f, "stop", NULL);
        run(f);
        CHECK_INT(f->actions[0].kind, TH_ACT_CANCEL_TIMER);
        CHECK_INT(f->actions[0].cancel_ref, seq_of(f, TH_TimerCreated, 0));
        check_cancelled(f);
    }
}

/* ---- time, ids, status ---------------------------------------------------------------------- */

static const char *clock_and_ids(th_orch *o)
{
    int64_t before = th_current_time(o);
    const char *a = th_new_guid(o), *b = th_new_guid(o);

    th_set_custom_status(o, "\"sleeping\"");
    th_sleep(o, 90 * TH_MILLISECOND);
    th_set_custom_status(o, NULL);
    return th_text(o, "[%lld,%lld,\"%s\",\"%s\",%s]", (long long)before,
                   (long long)th_current_time(o), a, b, th_is_replaying(o) ? "true" : "false");
}

TEST(clock_and_ids_are_the_same_in_a_replay)
{
    char *warm = NULL;

    WARM_AND_COLD(f)
    {
        given_start(f, "clock_and_ids", NULL);
        run(f);
        CHECK_INT(f->answer.status_op, TH_STATUS_SET);
        CHECK_STR(f->answer.custom_status, "\"sleeping\"");
        CHECK_STR(f->actions[0].event.fire_at, "2026-09-21T14:13:21.090000Z");
        given_fired(f, seq_of(f, TH_TimerCreated, 0));
        run(f);
        CHECK_INT(f->answer.status_op, TH_STATUS_CLEAR);
        const char *result = f->answer.completion.result;
        CHECK_INT(th_get_int(th_get_element(f->session, result, 0), NULL, 0), T0 + TH_SECOND);
        CHECK_INT(strlen(result), 2 * 16 + 2 * 38 + 5 + 6);
        CHECK(strstr(result, ",false]") != NULL);
        if (warm)
            CHECK_STR(result, warm);
        else
            warm = strdup(result);
    }
    free(warm);
}

TEST(the_custom_status_is_left_alone_by_episodes_that_do_not_set_it)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "chain", NULL);
        run(f);
        CHECK_INT(f->answer.status_op, TH_STATUS_LEAVE);
    }
}

/* ---- external events ------------------------------------------------------------------------ */

static const char *two_events(th_orch *o)
{
    const char *got[3];

    got[0] = th_wait_event(o, "Go");
    got[1] = th_wait_event(o, "GO");
    got[2] = th_wait_event(o, "other");
    return th_list(o, got, 3);
}

TEST(events_match_in_any_case_and_early_ones_are_kept_in_order)
{
    WARM_AND_COLD(f)
    {
        given_raised(f, "OTHER", "0");
        given_start(f, "two_events", NULL);
        given_raised(f, "go", "1");
        run(f);
        given_raised(f, "unknown", "9");
        run(f);
        CHECK(!f->answer.completion.done);
        given_raised(f, "gO", NULL);
        run(f);
        check_completed(f, "[1,null,0]");
    }
}

static const char *event_or_timeout(th_orch *o)
{
    const char *payload = "?";
    bool first = th_wait_event_for(o, "approval", TH_HOUR, &payload);

    if (!first)
        return th_text(o, "[false,%s,%s]", payload, th_wait_event(o, "approval"));
    return th_text(o, "[true,%s]", payload);
}

TEST(an_event_in_time_cancels_the_timer_that_guards_it)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "event_or_timeout", NULL);
        run(f);
        CHECK_INT(f->answer.action_count, 1);
        given_raised(f, "approval", "{\"ok\":true}");
        run(f);
        check_completed(f, "[true,{\"ok\":true}]");
        CHECK_INT(f->actions[0].kind, TH_ACT_CANCEL_TIMER);
        CHECK_INT(f->actions[0].cancel_ref, seq_of(f, TH_TimerCreated, 0));
    }
}

TEST(a_wait_that_timed_out_leaves_the_event_to_the_next)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "event_or_timeout", NULL);
        run(f);
        given_fired(f, seq_of(f, TH_TimerCreated, 0));
        run(f);
        CHECK_INT(f->answer.action_count, 0);
        given_raised(f, "approval", "2");
        run(f);
        check_completed(f, "[false,null,2]");
    }
}

TEST(an_event_that_is_there_already_needs_no_timer)
{
    WARM_AND_COLD(f)
    {
        given_raised(f, "approval", "1");
        given_start(f, "event_or_timeout", NULL);
        run(f);
        check_completed(f, "[true,1]");
        CHECK_INT(f->answer.action_count, 0);
    }
}

static const char *cancelled_waits(th_orch *o)
{
    th_task *w[3];

    for (int i = 0; i < 3; i++)
        w[i] = th_schedule_event_wait(o, "e");
    th_cancel(o, w[1]);
    th_await(o, w[0]);
    th_cancel(o, w[2]);
    return th_wait_event(o, "e");
}

TEST(cancelled_waiters_take_no_event)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "cancelled_waits", NULL);
        run(f);
        given_raised(f, "e", "1");
        given_raised(f, "e", "2");
        run(f);
        check_completed(f, "2");
    }
}

static const char *wait_for_last(th_orch *o)
{
    return th_wait_event(o, "last");
}

TEST(many_names_and_many_events_that_nobody_wants_stay_cheap)
{
    enum { N = 50000 };
    static char names[N][16];

    WARM_AND_COLD(f)
    {
        given_start(f, "wait_for_last", NULL);
        run(f);
        f->more = calloc(N + 2, sizeof *f->more);
        f->more_count = N + 2;
        for (int i = 0; i <= N; i++) {
            f->more[i + 1] = th_event_of(TH_EventRaised);
            if (i < N)
                snprintf(names[i], sizeof names[i], "n%d", i);
            f->more[i + 1].name = i < N ? names[i] : "last";
            f->more[i + 1].payload = "5";
        }
        run(f);
        check_completed(f, "5");
        free(f->more);
    }
}

/* ---- continue as new ------------------------------------------------------------------------ */

static const char *again(th_orch *o)
{
    th_wait_event(o, "tick");
    return th_continue_as_new(o,
                              th_text(o, "%lld", (long long)th_get_int(th_input(o), NULL, 0) + 1));
}

TEST(continue_as_new_hands_over_its_input_and_the_events_nobody_took)
{
    WARM_AND_COLD(f)
    {
        given_raised(f, "b", "1");
        given_start(f, "again", "41");
        given_raised(f, "A", "2");
        run(f);
        given_raised(f, "tick", NULL);
        given_raised(f, "tick", "3"); /* after the end of this run */
        run(f);
        CHECK(f->answer.completion.done);
        CHECK_INT(f->answer.completion.status, TH_CONTINUED_AS_NEW);
        CHECK_STR(f->answer.completion.new_input, "42");
        if (!CHECK_INT(f->answer.completion.carry_count, 3))
            continue;
        CHECK_STR(f->answer.completion.carry[0].name, "b");
        CHECK_STR(f->answer.completion.carry[1].name, "A");
        CHECK_STR(f->answer.completion.carry[1].payload, "2");
        CHECK_STR(f->answer.completion.carry[2].payload, "3");
        CHECK_INT(f->answer.completion.carry[2].kind, TH_EventRaised);
    }
}

static const char *goes_on_anyway(th_orch *o)
{
    th_continue_as_new(o, NULL);
    th_sleep(o, 1);
    return NULL;
}

TEST(after_continue_as_new_no_step_can_be_taken)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "goes_on_anyway", NULL);
        run(f);
        check_misused(f, "must return");
        CHECK_INT(f->answer.action_count, 0);
    }
}

/* ---- retries -------------------------------------------------------------------------------- */

static const char *retries(th_orch *o)
{
    th_retry policy = { .first_interval = 2 * TH_SECOND, .max_attempts = 3, .backoff = 2.0 };
    th_task *task;

    policy.max_interval = th_get_int(th_input(o), "max", 0);
    policy.timeout = th_get_int(th_input(o), "timeout", 0);
    policy.max_attempts = (int)th_get_int(th_input(o), "attempts", 3);
    task = th_schedule_activity(o, "Flaky", "5", &policy);
    memset(&policy, 0xff, sizeof policy); /* it was copied */
    return th_await(o, task);
}

TEST(a_failed_try_is_repeated_after_a_pause_that_grows)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "retries", NULL);
        run(f);
        CHECK_INT(f->actions[0].event.attempt, 1);
        CHECK_INT(f->actions[0].event.retry_of, TH_NONE);
        int32_t first = f->actions[0].event.seq;

        given_failure(f, first, boom);
        run(f);
        CHECK_INT(f->actions[0].kind, TH_ACT_TIMER);
        CHECK_INT(f->actions[0].due_us, f->now + 2 * TH_SECOND);
        CHECK_INT(f->actions[0].event.retry_of, first);
        given_fired(f, f->actions[0].event.seq);
        run(f);
        CHECK_INT(f->actions[0].kind, TH_ACT_TASK);
        CHECK_STR(f->actions[0].event.name, "Flaky");
        CHECK_STR(f->actions[0].event.payload, "5");
        CHECK_INT(f->actions[0].event.attempt, 2);
        CHECK_INT(f->actions[0].event.retry_of, first);
        given_failure(f, f->actions[0].event.seq, boom);
        run(f);
        CHECK_INT(f->actions[0].due_us, f->now + 4 * TH_SECOND);
        given_fired(f, f->actions[0].event.seq);
        run(f);
        CHECK_INT(f->actions[0].event.attempt, 3);
        given_failure(f, f->actions[0].event.seq, boom);
        run(f);
        check_failed(f, boom);
        CHECK_INT(f->answer.action_count, 0);
    }
}

TEST(a_try_that_succeeds_ends_the_retries)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "retries", "{\"max\":1000000}");
        run(f);
        given_failure(f, f->actions[0].event.seq, boom);
        run(f);
        CHECK_INT(f->actions[0].due_us, f->now + TH_SECOND);
        given_fired(f, f->actions[0].event.seq);
        run(f);
        given_result(f, f->actions[0].event.seq, "\"good\"");
        run(f);
        check_completed(f, "\"good\"");
    }
}

TEST(a_failure_for_good_is_not_tried_again)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "retries", NULL);
        run(f);
        given_failure(f, f->actions[0].event.seq,
                      "{\"type\":\"T\",\"message\":\"\",\"nonRetriable\":true}");
        run(f);
        CHECK_INT(f->answer.completion.status, TH_FAILED);
    }
}

TEST(no_try_starts_after_the_timeout_of_the_policy)
{
    WARM_AND_COLD(f)
    {
        given_start(f, "retries", "{\"timeout\":3500000,\"attempts\":100000}");
        run(f);
        given_failure(f, f->actions[0].event.seq, boom); /* a second later; then two */
        run(f);
        CHECK_INT(f->answer.action_count, 1);
        given_fired(f, f->actions[0].event.seq);
        run(f);
        given_failure(f, f->actions[0].event.seq, boom);
        run(f);
        check_failed(f, boom);
    }
}

/* ---- misuse --------------------------------------------------------------------------------- */

static const char *misuses(th_orch *o)
{
    static const th_retry no_tries = { .first_interval = 1 };
    th_task *tasks[1] = { NULL };

    switch (th_get_int(th_input(o), NULL, -1)) {
    case 0:
        return th_await(o, NULL);
    case 1:
        th_when_any(o, tasks, 0);
        break;
    case 2:
        th_when_all(o, tasks, 1);
        break;
    case 3:
        th_when_all(o, tasks, (size_t)-1);
        break;
    case 4:
        return th_call_activity(o, NULL, NULL);
    case 5:
        return th_call_activity(o, "", NULL);
    case 6:
        return th_call_activity(o, "A", "hello");
    case 7:
        return "hello";
    case 8:
        th_schedule_activity(o, "A", NULL, &no_tries);
        break;
    case 9:
        th_sleep(o, INT64_MAX);
        break;
    case 10:
        th_cancel(o, th_schedule_orchestrator(o, "A", NULL, NULL));
        break;
    case 11:
        th_memory(o, (size_t)-1);
        break;
    case 12:
        th_wait_event(o, "\xff");
        break;
    case 13:
        th_set_custom_status(o, "{");
        break;
    case 14:
        for (;;)
            th_schedule_timer(o, 1);
    case 15:
        for (th_task *all = th_schedule_timer(o, 1);;)
            all = th_when_all(o, &all, 1);
    default:
        break;
    }
    return "\"not noticed\"";
}

TEST(wrong_use_fails_the_orchestrator_and_says_what_was_wrong)
{
    static const char *const said[] = {
        "th_await: the task is NULL",
        "th_when_any: no tasks",
        "th_when_all: the task is NULL",
        "tasks are more than 1000000",
        "the name is NULL",
        "the name is empty",
        "not JSON (th_quote makes a string)",
        "the orchestrator's result is not JSON",
        "max_attempts must be from 1",
        "beyond the year 9999",
        "only timers, activities and waits",
        "more than 1 GiB",
        "the name is not UTF-8",
        "th_set_custom_status: the text is not JSON",
        "more than 1000000 steps",
        "more than 64 inside each other",
    };
    char input[8];

    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        fake *f = open_fake(false);
        snprintf(input, sizeof input, "%zu", i);
        given_start(f, "misuses", input);
        run(f);
        check_misused(f, said[i]);
        CHECK(f->answer.action_count <= 64);
        fake_free(f);
    }
}

static void one_app(th_app *app)
{
    th_add_orchestrator(app, "chain", chain);
    th_add_orchestrator(app, "takes", takes);
    th_add_orchestrator(app, "fails", fails);
    th_add_orchestrator(app, "fan_out", fan_out);
    th_add_orchestrator(app, "first_of", first_of);
    th_add_orchestrator(app, "chains", chains);
    th_add_orchestrator(app, "timeout", timeout);
    th_add_orchestrator(app, "all_of_cancelled", all_of_cancelled);
    th_add_orchestrator(app, "clock_and_ids", clock_and_ids);
    th_add_orchestrator(app, "two_events", two_events);
    th_add_orchestrator(app, "event_or_timeout", event_or_timeout);
    th_add_orchestrator(app, "cancelled_activity", cancelled_activity);
    th_add_orchestrator(app, "cancelled_waits", cancelled_waits);
    th_add_orchestrator(app, "wait_for_last", wait_for_last);
    th_add_orchestrator(app, "again", again);
    th_add_orchestrator(app, "goes_on_anyway", goes_on_anyway);
    th_add_orchestrator(app, "retries", retries);
    th_add_orchestrator(app, "misuses", misuses);
}
