/* test_episode_apply.c - what an answer becomes: activities, timers, messages, statuses, ends. */
#include "test.h"

#include "given_episode.h"

/* ---- actions --------------------------------------------------------------------------------- */

TEST(an_activity_is_born_claimed_where_a_slot_is_promised)
{
    given *g = given_new();
    th_action tasks[] = { a_task("Say", "\"a\""), a_task("Say", NULL) };
    th_answer answer = waits(tasks, 2);
    g->claims = true;
    tasks[1].event.attempt = 3;
    tasks[1].event.id = 4;
    tasks[1].event.version = "v2";
    put_start(g, NULL);

    turn_answered(g, &answer);

    CHECK_INT(rows_of(g, "schedule"), 2);
    CHECK_INT(int_of(g, "schedule", 0, AC_CLAIMED_BY), WORKER);
    CHECK_INT(int_of(g, "schedule", 0, AC_NUMBER), (int64_t)COMMIT << 24);
    CHECK_INT(int_of(g, "schedule", 1, AC_NUMBER), ((int64_t)COMMIT << 24) + 1);
    CHECK_INT(int_of(g, "schedule", 0, AC_ATTEMPT), 1);
    CHECK_INT(g->born.count, 2);
    const th_act *second = g->born.head->next;
    CHECK_INT(second->attempt, 3);
    CHECK_INT(second->task_id, 4);
    CHECK_INT(second->seq, 3);
    CHECK_INT(second->claim_no, 1);
    CHECK_INT(second->id, ((int64_t)COMMIT << 24) + 1);
    CHECK_STR(second->version, "v2");
    CHECK_STR(second->input, NULL);
    CHECK_STR(g->born.head->input, "\"a\"");
    CHECK(!g->step.wrote_queue);
    given_free(g);
}

TEST(an_activity_without_a_promise_goes_to_the_queue)
{
    given *g = given_task();
    CHECK_INT(rows_of(g, "schedule"), 1);
    CHECK_INT(int_of(g, "schedule", 0, AC_CLAIMED_BY), -1);
    CHECK_INT(time_of(g, "schedule", 0, AC_DUE), -1); /* null: at once */
    CHECK_STR(text_of(g, "schedule", 0, AC_NAME), "Say");
    CHECK_STR(text_of(g, "schedule", 0, AC_INPUT), "\"Tokyo\"");
    CHECK(g->step.wrote_queue);
    CHECK_INT(g->born.count, 0);
    given_free(g);
}

TEST(an_activity_that_is_due_later_or_of_a_careful_instance_is_never_born_claimed)
{
    given *g = given_new();
    th_action later = a_task("Say", NULL);
    th_answer answer = waits(&later, 1);
    g->claims = true;
    later.due_us = NOW + SECOND;
    put_start(g, NULL);
    turn_answered(g, &answer);
    CHECK_INT(int_of(g, "schedule", 0, AC_CLAIMED_BY), -1);
    CHECK_INT(time_of(g, "schedule", 0, AC_DUE), NOW + SECOND);
    given_free(g);

    g = given_new();
    later.due_us = 0;
    g->claims = true;
    g->inst->careful = true;
    put_start(g, NULL);
    turn_answered(g, &answer);
    CHECK_INT(int_of(g, "schedule", 0, AC_CLAIMED_BY), -1);
    given_free(g);
}

TEST(a_timer_is_an_inbox_row_that_is_due_later)
{
    th_action timer = a_timer("2026-09-21T14:00:00Z", NOW + SECOND);
    given *g = given_waiting(&timer, 1);

    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_TimerFired);
    CHECK_INT(time_of(g, "send", 0, SE_DUE), NOW + SECOND);
    CHECK_INT(int_of(g, "send", 0, SE_REF), 2);
    th_uuid id = uuid_of(g, "send", 0, SE_EXECUTION);
    CHECK(th_uuid_equal(&id, &EXECUTION));
    CHECK_INT(g->step.min_due_us, NOW + SECOND);
    CHECK(!g->step.wrote_now);
    given_free(g);
}

TEST(a_cancelled_timers_row_goes_and_its_message_is_dropped)
{
    th_action timer = a_timer("2026-09-21T14:00:00Z", NOW + SECOND), cancel = a_cancel(2);
    given *g = given_waiting(&timer, 1);
    th_answer answer = waits(&cancel, 1);
    put_event(g, "e", NULL, NULL);

    turn_answered(g, &answer);

    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised"); /* no event, no number */
    CHECK_INT(rows_of(g, "untimer"), 1);
    CHECK_INT(time_of(g, "untimer", 0, UN_DUE), NOW + SECOND);
    CHECK_INT(int_of(g, "untimer", 0, UN_REF), 2);
    put_fired(g, 2, NOW + SECOND);
    check_dropped(g, "cancelled");
}

TEST(a_timer_that_is_cancelled_in_the_answer_that_made_it_leaves_no_row)
{
    given *g = given_new();
    th_action both[] = { a_timer("2026-09-21T14:00:00Z", NOW + SECOND), a_cancel(2) };
    th_answer answer = waits(both, 2);
    put_start(g, NULL);

    turn_answered(g, &answer);

    /* What deletes it comes after what writes it. */
    const reader_table *send = reader_find(&g->read, "send"),
                       *untimer = reader_find(&g->read, "untimer");
    CHECK(send && untimer && send < untimer);
    CHECK_INT(g->inst->opens.live, 0);
    given_free(g);
}

TEST(a_cancelled_tasks_row_goes_whoever_runs_it_is_told_and_its_answer_is_dropped)
{
    given *g = given_task();
    th_action cancel = { .kind = TH_ACT_CANCEL_TASK, .cancel_ref = 2 };
    th_answer answer = waits(&cancel, 1);
    put_event(g, "e", NULL, NULL);

    turn_answered(g, &answer);

    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised"); /* no event, no number */
    CHECK_INT(rows_of(g, "cancel"), 1);
    CHECK(int_of(g, "cancel", 0, CA_ACTIVITY) != 0);
    CHECK_INT(int_of(g, "cancel", 0, CA_SEQ), 2);
    CHECK_INT(g->step.given_up_count, 1);
    CHECK_INT(g->step.given_up[0].seq, 2);
    free(g->step.given_up);
    g->step.given_up = NULL;
    CHECK_INT(g->inst->opens.live, 0);
    given_free(g);
}

TEST(only_timers_can_be_cancelled)
{
    given *g = given_task();
    th_action cancel[] = { a_cancel(2), a_cancel(77) };
    th_answer answer = waits(cancel, 2);
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &answer);
    CHECK_INT(rows_of(g, "untimer"), 0);
    CHECK_INT(g->inst->opens.live, 1);
    given_free(g);
}

TEST(an_event_that_is_sent_goes_to_the_partition_of_its_receiver_with_an_id_of_its_own)
{
    given *g = given_task();
    th_action sent = { .kind = TH_ACT_EVENT, .event = th_event_of(TH_EventSent) };
    th_answer answer = waits(&sent, 1);
    sent.event.instance_id = "order-2";
    sent.event.name = "ping";
    sent.event.payload = "1";
    put_event(g, "e", NULL, NULL);

    turn_answered(g, &answer);

    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised EventSent");
    CHECK_INT(int_of(g, "send", 0, SE_PARTITION), 1 + th_partition_ordinal("order-2", 4));
    CHECK_STR(text_of(g, "send", 0, SE_ID), "order-2");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EventRaised);
    CHECK_STR(text_of(g, "send", 0, SE_MESSAGE_ID), "02000000000000000000000000000000:5");
    CHECK_STR(text_of(g, "send", 0, SE_PAYLOAD), "1");
    th_uuid any;
    CHECK(!reader_uuid(reader_find(&g->read, "send"), 0, SE_START, &any)); /* whichever start */
    CHECK(g->wakes[th_partition_ordinal("order-2", 4)]);
    given_free(g);
}

/* ---- results --------------------------------------------------------------------------------- */

TEST(a_local_completion_is_recorded_with_its_activity_and_has_no_inbox_row)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_local(g, 2, 77, "\"hi\"", NULL);

    turn_answered(g, &more);

    CHECK_INT(rows_of(g, "consume"), 0);
    CHECK_INT(int_of(g, "finish", 0, FI_NUMBER), 77);
    CHECK_INT(int_of(g, "finish", 0, FI_CLAIM_NO), 1);
    CHECK_INT(reader_find(&g->read, "finish")->expected, 1);
    CHECK_STR(event_of(g, 1).payload, "\"hi\"");
    given_free(g);
}

TEST(a_failure_is_passed_through_unchanged)
{
    static const char boom[] = "{\"type\":\"Boom\",\"message\":\"it broke\",\"n\":1.50}";
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_local(g, 2, 77, NULL, boom);
    turn_answered(g, &more);
    CHECK(strstr(text_of(g, "history", 0, HI_EVENTS), boom) != NULL);
    CHECK_INT(event_of(g, 1).kind, TH_TaskFailed);
    CHECK_STR(event_of(g, 1).payload, NULL);
    given_free(g);
}

/* ---- statuses ------------------------------------------------------------------------------ */

TEST(a_custom_status_is_left_cleared_or_set)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    more.status_op = TH_STATUS_SET;
    more.custom_status = "";
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &more);
    CHECK_INT(int_of(g, "instances", 0, IN_CUSTOM_OP), TH_STATUS_SET);
    CHECK_STR(text_of(g, "instances", 0, IN_CUSTOM), "");

    more.status_op = TH_STATUS_CLEAR;
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &more);
    CHECK_INT(int_of(g, "instances", 0, IN_CUSTOM_OP), TH_STATUS_CLEAR);
    CHECK_STR(text_of(g, "instances", 0, IN_CUSTOM), NULL);
    given_free(g);
}

/* ---- ends ------------------------------------------------------------------------------------ */

TEST(each_kind_of_end_writes_its_status_output_and_failure)
{
    static const char boom[] = "{\"type\":\"Boom\",\"message\":\"\"}";
    static const struct {
        th_status status;
        const char *result, *failure;
    } kinds[] = { { TH_COMPLETED, "\"r\"", NULL }, { TH_COMPLETED, NULL, NULL },
                  { TH_COMPLETED, "", NULL },      { TH_FAILED, NULL, boom },
                  { TH_TERMINATED, "t", NULL },    { TH_CANCELED, NULL, NULL } };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        given *g = given_task();
        th_answer end = ends(kinds[i].status, kinds[i].result, kinds[i].failure);
        put_result(g, 2, "1");
        turn_answered(g, &end);
        CHECK_STR(kinds_of(g), "OrchestratorStarted TaskCompleted ExecutionCompleted");
        CHECK_INT(event_of(g, 2).status, kinds[i].status);
        CHECK_INT(event_of(g, 2).id, 9);
        CHECK_STR(event_of(g, 2).payload, kinds[i].result);
        CHECK_INT(int_of(g, "instances", 0, IN_STATUS), kinds[i].status);
        CHECK_STR(text_of(g, "instances", 0, IN_OUTPUT), kinds[i].result);
        CHECK_STR(text_of(g, "instances", 0, IN_FAILURE), kinds[i].failure);
        CHECK(g->inst->ending);
        given_free(g);
    }
}

TEST(the_end_takes_timers_activities_and_messages_along)
{
    th_action actions[] = { a_task("Say", NULL), a_task("Say", NULL),
                            a_timer("2026-09-21T14:00:00Z", NOW + SECOND),
                            a_timer("2026-09-21T15:00:00Z", NOW + 2 * SECOND) };
    given *g = given_waiting(actions, 4);
    th_answer end = ends(TH_COMPLETED, NULL, NULL);
    put_result(g, 2, "1");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_event(g, "meanwhile", NULL, NULL);
    put_local(g, 3, 77, "1", NULL);
    th_episode_apply(&g->step, g->inst, &end);
    acknowledged(g);

    CHECK_INT(rows_of(g, "untimer"), 2);
    CHECK_INT(int_of(g, "untimer", 0, UN_REF) + int_of(g, "untimer", 1, UN_REF), 4 + 5);
    CHECK_INT(rows_of(g, "unschedule"), 1);
    th_uuid id = uuid_of(g, "unschedule", 0, FO_EXECUTION);
    CHECK(th_uuid_equal(&id, &EXECUTION));
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(g->orphans, 1);
    CHECK_INT(rows_of(g, "unhold"), 0);
    CHECK(!g->inst->queue.head && g->inst->opens.live == 0);
    given_free(g);
}

TEST(what_the_last_answer_scheduled_goes_with_the_end)
{
    given *g = given_new();
    th_action both[] = { a_task("Say", NULL), a_timer("2026-09-21T14:00:00Z", NOW + SECOND) };
    th_answer end = ends(TH_COMPLETED, NULL, NULL);
    end.actions = both;
    end.action_count = 2;
    put_start(g, NULL);

    turn_answered(g, &end);

    const reader_table *send = reader_find(&g->read, "send"),
                       *untimer = reader_find(&g->read, "untimer");
    const reader_table *schedule = reader_find(&g->read, "schedule"),
                       *gone = reader_find(&g->read, "unschedule");
    CHECK(send && untimer && send < untimer);
    CHECK(schedule && gone && schedule < gone);
    given_free(g);
}

TEST(a_start_over_a_finished_instance_deletes_the_older_history)
{
    given *g = given_new();
    th_answer more = waits(NULL, 0);
    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    row.body = "{\"replaced\":true}";
    put(g, &row);

    turn_answered(g, &more);

    CHECK_INT(rows_of(g, "forget"), 1);
    th_uuid id = uuid_of(g, "forget", 0, FO_EXECUTION);
    CHECK(th_uuid_equal(&id, &EXECUTION));
    given_free(g);
}

TEST(a_start_over_a_finished_instance_deletes_the_older_history_even_if_it_never_runs)
{
    given *g = given_new();
    put_start(g, NULL);
    CHECK(th_episode_adopt(g->inst));
    th_msg_free(th_msg_pop(&g->inst->queue)); /* it is due later */
    put_order(g, TH_ExecutionTerminated, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "forget"), 1);
    CHECK_STR(kinds_of(g), "ExecutionTerminated ExecutionCompleted");
    given_free(g);

    g = given_task();
    put_order(g, TH_ExecutionTerminated, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "forget"), 0);
    given_free(g);
}

/* ---- continue as new ------------------------------------------------------------------------- */

static given *given_renewed(const th_event *carry, size_t n)
{
    th_action actions[] = { a_task("Say", NULL), a_timer("2026-09-21T14:00:00Z", NOW + SECOND) };
    given *g = given_waiting(actions, 2);
    th_answer answer = ends(TH_CONTINUED_AS_NEW, NULL, NULL);
    answer.completion.new_input = "2";
    answer.completion.new_version = "v2";
    answer.completion.carry = carry;
    answer.completion.carry_count = n;
    answer.memo = "old run";
    put_event(g, "e", NULL, "m");
    turn_answered(g, &answer);
    return g;
}

TEST(continue_as_new_is_a_new_execution_of_the_same_start)
{
    th_event carry[] = { th_event_of(TH_EventRaised), th_event_of(TH_EventRaised) };
    carry[0].name = "x";
    carry[0].payload = "1";
    carry[0].message_id = "m-x";
    carry[1].name = "y";
    given *g = given_renewed(carry, 2);

    CHECK_INT(rows_of(g, "history"), 0); /* of an execution that goes as a whole */
    CHECK_INT(rows_of(g, "renew"), 1);
    th_uuid fresh = uuid_of(g, "renew", 0, RE_EXECUTION), start = uuid_of(g, "renew", 0, RE_START);
    CHECK(!th_uuid_equal(&fresh, &EXECUTION) && th_uuid_equal(&fresh, &g->inst->execution_id));
    CHECK(th_uuid_equal(&start, &START));
    CHECK_STR(text_of(g, "renew", 0, RE_INPUT), "2");
    CHECK_STR(text_of(g, "renew", 0, RE_VERSION), "v2");
    CHECK_INT(rows_of(g, "untimer"), 1);
    CHECK_INT(rows_of(g, "unschedule"), 1);
    CHECK_INT(rows_of(g, "consume"), 1);

    CHECK_INT(rows_of(g, "send"), 3);
    CHECK_INT(int_of(g, "send", 2, SE_KIND),
              TH_ExecutionStarted); /* who reads it has all before it */
    CHECK_STR(text_of(g, "send", 2, SE_PAYLOAD), "2");
    for (int i = 0; i < 3; i++) {
        th_uuid id = uuid_of(g, "send", i, SE_EXECUTION);
        CHECK(th_uuid_equal(&id, &fresh));
        CHECK_INT(time_of(g, "send", i, SE_DUE), 0); /* past, and apart from the immediate ones */
    }
    CHECK_STR(text_of(g, "send", 0, SE_NAME), "x");
    CHECK_STR(text_of(g, "send", 0, SE_MESSAGE_ID), "m-x");
    CHECK_STR(text_of(g, "send", 0, SE_BODY), "{\"carry\":true}");
    CHECK_STR(text_of(g, "send", 1, SE_NAME), "y");
    CHECK(g->step.wrote_now);
    given_free(g);
}

TEST(an_event_taken_in_the_episode_that_continues_as_new_and_handed_over_stays_where_it_is)
{
    th_event carry[] = { th_event_of(TH_EventRaised), th_event_of(TH_EventRaised) };
    given *g = given_waiting(NULL, 0);
    th_answer answer = ends(TH_CONTINUED_AS_NEW, NULL, NULL);
    put_event(g, "used", NULL, "m1");
    put_event(g, "left", NULL, "m2");
    carry[0].name = "earlier"; /* taken, and recorded, by an episode before */
    carry[0].seq = 1;
    carry[1].name = "left";
    carry[1].seq = g->inst->seq + 2;
    answer.completion.carry = carry;
    answer.completion.carry_count = 2;
    turn_answered(g, &answer);

    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "send"), 2);
    CHECK_STR(text_of(g, "send", 0, SE_NAME), "earlier");
    CHECK_INT(int_of(g, "send", 1, SE_KIND), TH_ExecutionStarted);
    CHECK_INT(g->inst->queue.count, 1);
    CHECK_STR(g->inst->queue.head->event.name, "left");
    given_free(g);
}

TEST(after_continue_as_new_events_wait_for_the_start_of_the_new_run_and_numbers_begin_again)
{
    given *g = given_renewed(NULL, 0);
    th_answer more = waits(NULL, 0);
    put_event(g, "survives", NULL, "m"); /* its id was seen by the old run only */
    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    CHECK_INT(rows_of(g, "hold"), 0);
    CHECK_INT(g->inst->queue.count, 1);

    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    row.has_execution = true;
    row.execution_id = g->inst->execution_id;
    row.payload = "2";
    put(g, &row);
    turn_answered(g, &more);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted EventRaised");
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 0);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 0);
    CHECK_STR(event_of(g, 1).version, "v2");
    CHECK(g->inst->started && !g->inst->renewed);
    given_free(g);
}

TEST(the_memo_of_a_run_is_not_handed_on_to_the_next)
{
    given *g = given_renewed(NULL, 0);
    CHECK_STR(g->inst->memo, NULL);
    given_free(g);
}

TEST(results_of_the_run_before_are_dropped)
{
    given *g = given_renewed(NULL, 0);
    put_result(g, 2, "1");
    check_dropped(g, "old run");
}
