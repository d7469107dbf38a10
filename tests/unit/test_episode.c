/* test_episode.c - the rules of episode.h: what a turn takes, drops and holds, and what an answer becomes. */
#include "test.h"

#include "base/clock.h"
#include "given_episode.h"

/* ---- adopt, and what is for nobody ----------------------------------------------------------- */

TEST(a_pending_row_with_its_start_message_is_adopted_without_reading_its_history)
{
    given *g = given_new();
    put_start(g, "\"x\"");

    CHECK(th_episode_adopt(g->inst));

    CHECK_INT(g->inst->state, TH_INST_READY);
    CHECK(g->inst->exists && g->inst->is_new && !g->inst->started && !g->inst->maybe_held);
    CHECK_STR(g->inst->name, "Hello");
    CHECK(th_uuid_equal(&g->inst->execution_id, &EXECUTION));
    given_free(g);
}

TEST(a_row_that_is_not_pending_is_not_adopted)
{
    given *g = given_new();
    g->status = TH_RUNNING;
    put_start(g, NULL);

    CHECK(!th_episode_adopt(g->inst));
    CHECK_INT(g->inst->state, TH_INST_COLD);
    given_free(g);
}

TEST(a_start_of_another_start_id_is_not_adopted)
{
    given *g = given_new();
    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    row.start_id = OTHER;
    put(g, &row);

    CHECK(!th_episode_adopt(g->inst));
    given_free(g);
}

TEST(a_start_that_was_due_later_or_replaces_another_may_find_held_messages)
{
    given *g = given_new();
    put_start(g, NULL)->due_us = NOW;
    CHECK(th_episode_adopt(g->inst) && g->inst->maybe_held);
    given_free(g);

    g = given_new();
    put_start(g, NULL)->replaced = true;
    CHECK(th_episode_adopt(g->inst) && g->inst->maybe_held);
    given_free(g);
}

TEST(messages_of_an_instance_that_is_not_there_are_dropped_unread)
{
    given *g = given_new();
    g->gone = true;
    put_event(g, "e", NULL, NULL);
    put_event(g, "f", NULL, NULL);

    CHECK(th_episode_drop_stale(&g->step, g->inst));
    acknowledged(g);

    CHECK_INT(rows_of(g, "drop"), 2);
    CHECK_INT(int_of(g, "drop", 1, ME_NO), 101);
    CHECK_INT(time_of(g, "drop", 1, ME_DUE), TH_TIME_NEG_INF);
    CHECK_INT(g->step.dropped, 2);
    given_free(g);
}

TEST(messages_of_a_finished_instance_and_of_another_start_are_dropped_unread_and_the_rest_stays)
{
    given *g = given_new();
    g->status = TH_COMPLETED;
    put_event(g, "late", NULL, NULL);
    g->status = TH_RUNNING;
    th_inbox_row other = a_row(g, TH_EventRaised);
    other.start_id = OTHER;
    put(g, &other);
    put_event(g, "mine", NULL, NULL);
    put_local(g, 2, 77, "1", NULL);

    CHECK(!th_episode_drop_stale(&g->step, g->inst));
    acknowledged(g);

    CHECK_INT(rows_of(g, "drop"), 2);
    CHECK_INT(g->inst->queue.count, 2); /* a local completion says nothing of the row */
    given_free(g);
}

/* ---- drops of an instance that is known ------------------------------------------------------ */

static void check_dropped(given *g, const char *why)
{
    if (!CHECK_INT(turn(g), TH_TURN_NOTHING))
        printf("  %s\n", why);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop") + (int)g->orphans, 1);
    CHECK_INT(g->step.dropped, 1);
    CHECK_INT(rows_of(g, "history"), 0);
    given_free(g);
}

TEST(a_message_to_another_start_is_dropped)
{
    given *g = given_task();
    th_inbox_row row = a_row(g, TH_EventRaised);
    row.start_id = OTHER;
    put(g, &row);
    check_dropped(g, "other start");
}

TEST(a_result_of_another_execution_is_dropped)
{
    given *g = given_task();
    th_inbox_row row = a_result(g, TH_TaskCompleted, 2);
    row.execution_id = OTHER;
    put(g, &row);
    check_dropped(g, "other execution");
}

TEST(a_result_of_an_unknown_ref_is_dropped)
{
    given *g = given_task();
    put_result(g, 3, "1");
    check_dropped(g, "unknown ref");
}

TEST(a_second_start_is_dropped)
{
    given *g = given_task();
    put_start(g, NULL);
    check_dropped(g, "second start");
}

TEST(an_unreadable_message_is_dropped)
{
    given *g = given_task();
    th_inbox_row row = a_row(g, TH_EventRaised);
    row.body = "[";
    put(g, &row);
    check_dropped(g, "unreadable");
}

TEST(a_local_completion_that_nobody_waits_for_is_left_to_its_token)
{
    given *g = given_task();
    put_local(g, 9, 77, "1", NULL);
    check_dropped(g, "orphan");
}

TEST(a_result_that_came_before_is_dropped)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_result(g, 2, "1");
    turn_answered(g, &more);
    put_result(g, 2, "2");
    check_dropped(g, "answered ref");
}

TEST(of_two_results_of_one_event_in_one_episode_the_first_is_taken)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_result(g, 2, "1");
    put_result(g, 2, "2");

    turn_answered(g, &more);

    CHECK_STR(kinds_of(g), "OrchestratorStarted TaskCompleted");
    CHECK_STR(event_of(g, 1).payload, "1");
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(of_two_starts_in_one_episode_the_first_is_taken)
{
    given *g = given_new();
    th_answer more = waits(NULL, 0);
    put_start(g, "1");
    put_start(g, "2");

    turn_answered(g, &more);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    CHECK_STR(event_of(g, 1).payload, "1");
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(an_event_with_a_message_id_that_was_seen_is_dropped)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_event(g, "e", "1", "id-1");
    put_event(g, "e", "2", "id-1");
    put_event(g, "e", "3", "id-2");
    put_event(g, "e", "4", NULL);
    put_event(g, "e", "5", NULL);
    turn_answered(g, &more);
    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised EventRaised EventRaised EventRaised");
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_STR(event_of(g, 1).message_id, "id-1");

    put_event(g, "e", "6", "id-2");
    CHECK_INT(turn(g), TH_TURN_WROTE);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(what_comes_after_the_end_is_dropped)
{
    given *g = given_task();
    th_answer end = ends(TH_COMPLETED, "1", NULL);
    put_result(g, 2, "1");
    turn_answered(g, &end);
    put_event(g, "late", NULL, NULL);
    check_dropped(g, "terminal");
}

/* ---- an episode ------------------------------------------------------------------------------ */

TEST(the_first_episode_records_the_start_with_the_rows_name_and_input)
{
    given *g = given_new();
    th_action task = a_task("Say", "\"Tokyo\"");
    th_answer answer = waits(&task, 1);
    put_start(g, "{\"a\":1}");

    turn_answered(g, &answer);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted TaskScheduled");
    CHECK_STR(event_of(g, 1).name, "Hello");
    CHECK_STR(event_of(g, 1).payload, "{\"a\":1}");
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 0);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 0);
    CHECK_INT(time_of(g, "history", 0, HI_AT), NOW);
    CHECK_INT(int_of(g, "history", 0, HI_PARTITION), PART);
    CHECK_STR(text_of(g, "history", 0, HI_ID), "order-1");
    CHECK_INT(int_of(g, "consume", 0, ME_NO), 100);
    CHECK_INT(reader_find(&g->read, "consume")->expected, 1);
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_RUNNING);
    CHECK_STR(text_of(g, "instances", 0, IN_EXECUTOR), "scripted");
    CHECK_INT(g->spent, 1);
    given_free(g);
}

TEST(episodes_and_events_are_numbered_without_gaps_and_ref_is_the_number_of_the_event)
{
    given *g = given_task();
    th_action again = a_task("Say", "\"Seattle\"");
    th_answer answer = waits(&again, 1);

    put_result(g, 2, "\"Hello Tokyo\"");
    turn_answered(g, &answer);
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 1);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 3);
    CHECK_INT(event_of(g, 1).ref, 2);
    CHECK_INT(int_of(g, "schedule", 0, AC_SEQ), 5);

    put_result(g, 5, "\"Hello Seattle\"");
    answer = ends(TH_COMPLETED, "\"done\"", NULL);
    turn_answered(g, &answer);
    CHECK_INT(int_of(g, "history", 0, HI_EPISODE), 2);
    CHECK_INT(int_of(g, "history", 0, HI_FIRST_SEQ), 6);
    CHECK_STR(kinds_of(g), "OrchestratorStarted TaskCompleted ExecutionCompleted");
    given_free(g);
}

TEST(a_status_that_stays_is_not_written_again)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_result(g, 2, "1");
    turn_answered(g, &more);
    CHECK_INT(rows_of(g, "instances"), 0);
    given_free(g);
}

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

TEST(the_item_holds_what_the_executor_needs)
{
    given *g = given_new();
    put_start(g, "1");
    put_event(g, "e", "2", "m");
    CHECK_INT(turn(g), TH_TURN_RUN);

    th_orch_item item = th_episode_item(g->inst);

    CHECK_STR(item.instance_id, "order-1");
    CHECK_STR(item.execution_id, "02000000000000000000000000000000");
    CHECK_STR(item.name, "Hello");
    CHECK(item.session == &g->inst->session && !item.past && item.past_count == 0);
    CHECK_INT(item.fresh_count, 3);
    CHECK_INT(item.next_seq, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(item.fresh[i].seq, i);
    CHECK_INT(item.fresh[1].t_us, NOW - SECOND);
    CHECK_STR(item.fresh[2].name, "e");
    given_free(g);
}

TEST(the_memo_is_kept_with_the_episode_and_handed_back_until_the_next_replaces_it)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    more.memo = "m1";
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &more);
    CHECK_STR(text_of(g, "history", 0, HI_MEMO), "m1");
    CHECK_STR(g->inst->memo, "m1");

    put_order(g, TH_ExecutionSuspended, NULL);
    turn_alone(g);
    CHECK_STR(text_of(g, "history", 0, HI_MEMO), "m1");
    CHECK_STR(g->inst->memo, "m1");
    given_free(g);
}

TEST(a_name_that_no_executor_has_fails_the_instance)
{
    given *g = given_new();
    put_start(g, "1");
    CHECK(th_episode_adopt(g->inst));
    free(g->inst->name);
    g->inst->name = th_mstrdup("Nobody");

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionStarted ExecutionCompleted");
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_FAILED);
    CHECK(strstr(text_of(g, "instances", 0, IN_FAILURE), "FunctionNotFound") != NULL);
    CHECK(strstr(text_of(g, "instances", 0, IN_FAILURE), "'Nobody'") != NULL);
    CHECK(g->inst->ending && !g->inst->exists);
    given_free(g);
}

/* ---- the orchestrator's clock ---------------------------------------------------------------- */

TEST(the_clock_of_an_orchestrator_never_stands_still_or_goes_back)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);

    g->step.now_us = NOW - 10 * SECOND; /* the database's clock was set back */
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &more);
    CHECK_INT(event_of(g, 0).t_us, NOW + 1);

    put_event(g, "e", NULL, NULL);
    turn_answered(g, &more);
    CHECK_INT(event_of(g, 0).t_us, NOW + 2);
    CHECK_INT(time_of(g, "history", 0, HI_AT), NOW + 2);
    given_free(g);
}

TEST(the_clock_is_never_before_a_timer_that_fires)
{
    th_action timer = a_timer("2026-09-21T14:00:00.5000007Z", NOW + 7 * SECOND);
    given *g = given_waiting(&timer, 1);
    th_answer more = waits(NULL, 0);

    g->step.now_us = NOW + 2 * SECOND;
    put_fired(g, 2, NOW + 7 * SECOND);
    turn_answered(g, &more);

    CHECK_INT(event_of(g, 0).t_us, NOW + 7 * SECOND);
    CHECK_STR(event_of(g, 1).fire_at, "2026-09-21T14:00:00.5000007Z"); /* the same text */
    CHECK_INT(event_of(g, 1).task_id, 1);
    CHECK_INT(event_of(g, 1).ref, 2);
    CHECK_INT(event_of(g, 1).t_us, 0); /* the episode's */
    given_free(g);
}

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
    CHECK_INT(int_of(g, "schedule", 0, AC_NUMBER), (int64_t)COMMIT << 20);
    CHECK_INT(int_of(g, "schedule", 1, AC_NUMBER), ((int64_t)COMMIT << 20) + 1);
    CHECK_INT(int_of(g, "schedule", 0, AC_ATTEMPT), 1);
    CHECK_INT(g->born.count, 2);
    const th_act *second = g->born.head->next;
    CHECK_INT(second->attempt, 3);
    CHECK_INT(second->task_id, 4);
    CHECK_INT(second->seq, 3);
    CHECK_INT(second->claim_no, 1);
    CHECK_INT(second->id, ((int64_t)COMMIT << 20) + 1);
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
    const reader_table *send = reader_find(&g->read, "send"), *untimer = reader_find(&g->read, "untimer");
    CHECK(send && untimer && send < untimer);
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
    CHECK(g->step.wrote_now);
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

/* ---- what waits, and order ------------------------------------------------------------------- */

TEST(the_start_comes_first_then_what_was_carried_then_the_rest_in_order)
{
    given *g = given_new();
    th_answer more = waits(NULL, 0);
    put_event(g, "a", NULL, NULL);
    put_event(g, "b", NULL, NULL);
    put_start(g, NULL);
    put_event(g, "c1", NULL, NULL)->carry = true;
    put_event(g, "c2", NULL, NULL)->carry = true;

    turn_answered(g, &more);

    static const char *const order[] = { "Hello", "c1", "c2", "a", "b" };
    for (size_t i = 0; i < 5; i++)
        CHECK_STR(event_of(g, i + 1).name, order[i]);
    given_free(g);
}

TEST(events_before_the_start_are_held)
{
    given *g = given_new();
    put_start(g, NULL);
    CHECK(th_episode_adopt(g->inst));
    th_msg_free(th_msg_pop(&g->inst->queue));
    put_event(g, "early", NULL, NULL);

    turn_alone(g);

    CHECK_INT(int_of(g, "hold", 0, ME_NO), 101);
    CHECK(g->inst->maybe_held);
    given_free(g);
}

TEST(a_start_releases_what_is_held_in_its_own_batch)
{
    given *g = given_new();
    th_answer more = waits(NULL, 0);
    put_start(g, NULL)->due_us = NOW - 1;

    turn_answered(g, &more);

    CHECK_INT(rows_of(g, "release"), 1);
    CHECK_STR(text_of(g, "release", 0, HE_ID), "order-1");
    CHECK(g->step.wrote_now && !g->inst->maybe_held);
    given_free(g);
}

TEST(what_select_leaves_is_held_and_what_it_takes_keeps_its_order)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    g->executor.select = given_select;
    g->take_only = TH_EventRaised;
    put_event(g, "a", NULL, NULL);
    put_result(g, 2, "1");
    put_event(g, "b", NULL, NULL);

    turn_answered(g, &more);

    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised EventRaised");
    CHECK_STR(event_of(g, 2).name, "b");
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(int_of(g, "hold", 0, ME_NO), 102);
    CHECK_INT(g->inst->opens.live, 1);
    given_free(g);
}

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

/* ---- ends ------------------------------------------------------------------------------------ */

TEST(each_kind_of_end_writes_its_status_output_and_failure)
{
    static const char boom[] = "{\"type\":\"Boom\",\"message\":\"\"}";
    static const struct {
        th_status status;
        const char *result, *failure;
    } kinds[] = { { TH_COMPLETED, "\"r\"", NULL },
                  { TH_COMPLETED, NULL, NULL },
                  { TH_COMPLETED, "", NULL },
                  { TH_FAILED, NULL, boom },
                  { TH_TERMINATED, "t", NULL },
                  { TH_CANCELED, NULL, NULL } };

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
    th_action actions[] = { a_task("Say", NULL), a_task("Say", NULL), a_timer("2026-09-21T14:00:00Z", NOW + SECOND),
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

    const reader_table *send = reader_find(&g->read, "send"), *untimer = reader_find(&g->read, "untimer");
    const reader_table *schedule = reader_find(&g->read, "schedule"), *gone = reader_find(&g->read, "unschedule");
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
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_ExecutionStarted);
    CHECK_STR(text_of(g, "send", 0, SE_PAYLOAD), "2");
    for (int i = 0; i < 3; i++) {
        th_uuid id = uuid_of(g, "send", i, SE_EXECUTION);
        CHECK(th_uuid_equal(&id, &fresh));
        CHECK_INT(time_of(g, "send", i, SE_DUE), TH_TIME_NEG_INF);
    }
    CHECK_STR(text_of(g, "send", 1, SE_NAME), "x");
    CHECK_STR(text_of(g, "send", 1, SE_MESSAGE_ID), "m-x");
    CHECK_STR(text_of(g, "send", 1, SE_BODY), "{\"carry\":true}");
    CHECK_STR(text_of(g, "send", 2, SE_NAME), "y");
    CHECK(g->step.wrote_now);
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

/* ---- undo, doom ------------------------------------------------------------------------------ */

TEST(a_lost_episode_leaves_everything_as_if_it_had_not_been_taken)
{
    given *g = given_task();
    th_answer more = waits(NULL, 0);
    put_result(g, 2, "1");
    put_event(g, "e", NULL, "m");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_event(g, "behind", NULL, NULL);

    th_episode_undo(g->inst);

    CHECK_INT(g->inst->queue.count, 3);
    CHECK_INT(g->inst->token, 0);
    CHECK(!g->inst->run.arena);
    turn_answered(g, &more);
    CHECK_STR(kinds_of(g), "OrchestratorStarted TaskCompleted EventRaised EventRaised");
    CHECK_STR(event_of(g, 3).name, "behind");
    CHECK_INT(rows_of(g, "drop"), 0);
    given_free(g);
}

TEST(a_doomed_instance_fails_with_its_failure_and_takes_what_waits_along)
{
    given *g = given_task();
    put_event(g, "e", NULL, NULL);
    th_episode_doom(g->inst, "Poison", "a \"quoted\" text");

    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionCompleted");
    CHECK_STR(event_of(g, 0).failure, "{\"type\":\"Poison\",\"message\":\"a \\\"quoted\\\" text\"}");
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

TEST(a_session_is_dropped_when_the_instance_goes)
{
    given *g = given_task();
    CHECK_INT(g->drops, 0);
    th_inst_cool(g->inst);
    CHECK_INT(g->drops, 1);
    CHECK_INT(g->inst->state, TH_INST_COLD);
    given_free(g);
}
