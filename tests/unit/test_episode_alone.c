/* test_episode_alone.c - what the engine carries out by itself: suspend, resume, terminate, its own
 * failures. */
#include "test.h"

#include "given_episode.h"

/* ---- suspend and resume ---------------------------------------------------------------------- */

static given *given_suspended(void)
{
    given *g = given_task();
    put_order(g, TH_ExecutionSuspended, "pause");
    turn_alone(g);
    g->status = TH_SUSPENDED;
    return g;
}

TEST(suspending_is_an_episode_of_the_engines_own)
{
    given *g = given_suspended();
    CHECK_STR(kinds_of(g), "ExecutionSuspended");
    CHECK_STR(event_of(g, 0).payload, "pause");
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_SUSPENDED);
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 1);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 3);
    given_free(g);
}

TEST(what_comes_to_a_suspended_instance_leaves_the_due_range_and_keeps_its_number)
{
    given *g = given_suspended();
    put_event(g, "e", NULL, NULL);
    put_result(g, 2, "1");

    turn_alone(g);

    CHECK_INT(rows_of(g, "hold"), 2);
    CHECK_INT(reader_find(&g->read, "hold")->expected, 2);
    CHECK_INT(rows_of(g, "consume"), 0);
    CHECK_INT(g->spent, 2);
    given_free(g);
}

TEST(a_local_completion_of_a_suspended_instance_gets_a_held_row_in_place_of_its_activity)
{
    static const char boom[] = "{\"type\":\"Boom\",\"message\":\"\"}";
    given *g = given_suspended();
    put_local(g, 2, 77, NULL, boom);

    turn_alone(g);

    CHECK_INT(time_of(g, "send", 0, SE_DUE), TH_TIME_INF);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_TaskFailed);
    CHECK_INT(int_of(g, "send", 0, SE_REF), 2);
    CHECK_STR(text_of(g, "send", 0, SE_BODY), "{\"failure\":{\"type\":\"Boom\",\"message\":\"\"}}");
    CHECK_INT(int_of(g, "finish", 0, FI_NUMBER), 77);
    given_free(g);
}

TEST(resuming_releases_what_is_held_in_the_same_batch)
{
    given *g = given_suspended();
    put_event(g, "e", NULL, NULL);
    turn_alone(g);
    put_order(g, TH_ExecutionResumed, NULL);

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionResumed");
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_RUNNING);
    CHECK(g->step.wrote_now); /* so that the released rows are read */
    given_free(g);
}

TEST(suspend_and_resume_in_one_turn_are_both_recorded_in_order)
{
    given *g = given_task();
    put_order(g, TH_ExecutionSuspended, NULL);
    put_event(g, "between", NULL, NULL);
    put_order(g, TH_ExecutionResumed, NULL);

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionSuspended ExecutionResumed");
    CHECK_INT(g->inst->status, TH_RUNNING);
    CHECK_INT(g->inst->queue.count, 1);
    given_free(g);
}

TEST(resume_then_suspend_stays_suspended_and_releases_nothing)
{
    given *g = given_suspended();
    g->inst->maybe_held = true;
    put_order(g, TH_ExecutionResumed, NULL);
    put_order(g, TH_ExecutionSuspended, NULL);
    turn_alone(g);
    CHECK_INT(g->inst->status, TH_SUSPENDED);
    CHECK_INT(rows_of(g, "release"), 0);
    given_free(g);
}

TEST(an_order_that_changes_nothing_is_dropped)
{
    given *g = given_suspended();
    put_order(g, TH_ExecutionSuspended, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(rows_of(g, "history"), 0);
    CHECK_INT(rows_of(g, "instances"), 0);
    given_free(g);
}

TEST(a_pending_instance_gets_no_history_by_a_resumption)
{
    given *g = given_new();
    put_order(g, TH_ExecutionResumed, NULL);
    put_start(g, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "history"), 0);
    CHECK_INT(g->inst->episode, 0);
    CHECK_INT(g->inst->status, TH_PENDING);
    given_free(g);
}

TEST(an_instance_suspended_before_its_start_keeps_the_start_and_runs_it_when_resumed)
{
    given *g = given_new();
    th_answer more = waits(NULL, 0);
    put_start(g, "1");
    put_order(g, TH_ExecutionSuspended, NULL);
    turn_alone(g);
    CHECK_INT(g->inst->queue.count, 1);
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    put_order(g, TH_ExecutionResumed, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "release"), 1);

    g->status = TH_RUNNING;
    put_start(g, "1");
    turn_answered(g, &more);
    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 2);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 2);
    given_free(g);
}

/* ---- terminate ------------------------------------------------------------------------------- */

TEST(terminate_goes_ahead_of_all_that_waits)
{
    given *g = given_task();
    put_event(g, "e", NULL, NULL);
    put_order(g, TH_ExecutionSuspended, NULL);
    put_local(g, 2, 77, "1", NULL);
    put_order(g, TH_ExecutionTerminated, "enough");
    put_order(g, TH_ExecutionTerminated, "again");

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionTerminated ExecutionCompleted");
    CHECK_STR(event_of(g, 0).payload, "enough");
    CHECK_INT(event_of(g, 1).status, TH_TERMINATED);
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_TERMINATED);
    CHECK_STR(text_of(g, "instances", 0, IN_OUTPUT), "enough");
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "drop"), 3);
    CHECK_INT(g->orphans, 1);
    CHECK_INT(rows_of(g, "unschedule"), 1);
    CHECK(g->inst->ending && !g->inst->exists);
    given_free(g);
}

TEST(terminate_before_the_start_records_the_start)
{
    given *g = given_new();
    put_start(g, "{}");
    put_order(g, TH_ExecutionTerminated, NULL);

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionStarted ExecutionTerminated ExecutionCompleted");
    CHECK_STR(event_of(g, 0).payload, "{}");
    CHECK_INT(rows_of(g, "consume"), 2);
    CHECK_STR(text_of(g, "instances", 0, IN_OUTPUT), NULL);
    given_free(g);
}

TEST(terminate_before_the_time_of_the_start_takes_the_start_along)
{
    given *g = given_new();
    th_inst_set_identity(g->inst, &START, &EXECUTION, "Hello", NULL, NULL);
    g->inst->exists = true;
    g->inst->state = TH_INST_READY;
    g->inst->status = TH_PENDING;
    put_order(g, TH_ExecutionTerminated, "x");

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionTerminated ExecutionCompleted");
    CHECK_INT(rows_of(g, "unstart"), 1);
    CHECK_STR(text_of(g, "unstart", 0, US_ID), "order-1");
    given_free(g);
}

TEST(terminate_of_a_suspended_instance_takes_what_is_held_along)
{
    given *g = given_suspended();
    put_event(g, "e", NULL, NULL);
    turn_alone(g);
    put_order(g, TH_ExecutionTerminated, "x");
    turn_alone(g);
    CHECK_INT(rows_of(g, "unhold"), 1);
    CHECK_STR(text_of(g, "unhold", 0, HE_ID), "order-1");
    given_free(g);
}

/* ---- doom ---------------------------------------------------------------------------------- */

TEST(a_doomed_instance_fails_with_its_failure_and_takes_what_waits_along)
{
    given *g = given_task();
    put_event(g, "e", NULL, NULL);
    th_episode_doom(g->inst, "Poison", "a \"quoted\" text");

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionCompleted");
    CHECK_STR(event_of(g, 0).failure,
              "{\"type\":\"Poison\",\"message\":\"a \\\"quoted\\\" text\"}");
    CHECK_STR(text_of(g, "instances", 0, IN_FAILURE), event_of(g, 0).failure);
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(rows_of(g, "unschedule"), 1);
    given_free(g);
}

TEST(a_doomed_instance_that_has_not_started_records_its_start)
{
    given *g = given_new();
    put_start(g, "1");
    CHECK(th_episode_adopt(g->inst));
    th_episode_doom(g->inst, "A", "a");
    th_episode_doom(g->inst, "B", "b"); /* the last word counts */

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionStarted ExecutionCompleted");
    CHECK(strstr(event_of(g, 1).failure, "\"B\"") != NULL);
    given_free(g);
}
