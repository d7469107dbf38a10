/* test_episode.c - the rules of episode.h: what a turn takes, drops and holds, and what an answer
 * becomes. */
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
    CHECK_INT(rows_of(g, "drop"),
              0); /* not before the first is acknowledged: its batch may be refused */
    CHECK_INT(g->inst->queue.count, 1);
    check_dropped(g, "the second");
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

TEST(an_episode_that_no_executor_runs_goes_out_and_its_messages_are_held)
{
    given *g = given_new();
    put_start(g, "1");
    CHECK(th_episode_adopt(g->inst));
    free(g->inst->name);
    g->inst->name = th_mstrdup("Nobody");

    turn_alone(g);

    CHECK_INT(rows_of(g, "history") + rows_of(g, "instances"), 0);
    CHECK_INT(rows_of(g, "recall"), 1);
    CHECK_INT(rows_of(g, "episode"), 1);
    CHECK_INT(int_of(g, "episode", 0, EP_KIND), TH_EPISODE_ORCHESTRATOR);
    CHECK_STR(text_of(g, "episode", 0, EP_NAME), "Nobody");
    CHECK_STR(text_of(g, "episode", 0, EP_MESSAGES), "[100]");
    CHECK(strstr(text_of(g, "episode", 0, EP_EVENTS), "ExecutionStarted") != NULL);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK(g->inst->away && g->step.wrote_episodes);
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
    CHECK_INT(g->inst->opens.live, 1);
    CHECK_INT(rows_of(g, "hold"), 0); /* offered once more, after the episode */
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(int_of(g, "hold", 0, ME_NO), 102);
    CHECK_INT(g->inst->queue.count, 0);
    given_free(g);
}

/* A row that select has left before, as it is read again. */
static void held_came(given *g, th_inbox_row row)
{
    th_msg_list held = { 0 };

    row.due_us = TH_TIME_INF;
    th_msg_push(&held, th_msg_from_row(&row));
    th_episode_held_came(g->inst, &held);
}

static given *given_holding(const char *event)
{
    given *g = given_task();
    g->executor.select = given_select;
    g->take_only = TH_TaskCompleted;
    put_event(g, event, NULL, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    return g;
}

TEST(what_is_held_is_read_again_ahead_of_each_message_that_comes)
{
    given *g = given_holding("held");
    th_answer more = waits(NULL, 0);
    th_inbox_row held = a_row(g, TH_EventRaised);
    held.name = "held";
    put_event(g, "new", NULL, NULL);

    CHECK_INT(turn(g), TH_TURN_HELD);
    held_came(g, held);
    g->take_only = TH_EventRaised;
    turn_answered(g, &more);

    CHECK_STR(kinds_of(g), "OrchestratorStarted EventRaised EventRaised");
    CHECK_STR(event_of(g, 1).name, "held");
    CHECK_INT(time_of(g, "consume", 0, ME_DUE), TH_TIME_INF);
    CHECK_INT(rows_of(g, "release"), 0);
    given_free(g);
}

TEST(what_is_held_and_still_in_hand_keeps_its_place_among_what_is_read)
{
    given *g = given_holding("a");
    th_answer more = waits(NULL, 0);
    th_msg_list came = { 0 };
    th_inbox_row first = a_row(g, TH_EventRaised), second = a_row(g, TH_EventRaised),
                 third = a_row(g, TH_EventRaised);
    first.name = "first";
    second.name = "second";
    third.name = "third";
    first.due_us = second.due_us = third.due_us = TH_TIME_INF;
    put_event(g, "new", NULL, NULL);
    put(g, &second);
    th_msg_push(&came, th_msg_from_row(&first));
    th_msg_push(&came, th_msg_from_row(&third));

    th_episode_held_came(g->inst, &came);
    g->take_only = TH_EventRaised;
    turn_answered(g, &more);

    CHECK_STR(event_of(g, 1).name, "first");
    CHECK_STR(event_of(g, 2).name, "second");
    CHECK_STR(event_of(g, 3).name, "third");
    CHECK_STR(event_of(g, 4).name, "new");
    given_free(g);
}

TEST(what_is_held_stays_so_when_select_leaves_it_again)
{
    given *g = given_holding("held");
    th_inbox_row held = a_row(g, TH_EventRaised);
    held.name = "held";
    put_event(g, "new", NULL, NULL);

    CHECK_INT(turn(g), TH_TURN_HELD);
    held_came(g, held);
    turn_alone(g);

    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK(g->inst->maybe_held);
    CHECK_INT(g->spent, 2);
    given_free(g);
}

/* The wish in memory would be lost with the owner. */
TEST(what_select_takes_of_what_is_held_after_an_episode_is_released_with_it)
{
    given *g = given_holding("held");
    th_answer more = waits(NULL, 0);
    th_inbox_row held = a_row(g, TH_EventRaised);
    held.name = "held";
    put_result(g, 2, "1");
    CHECK_INT(turn(g), TH_TURN_HELD);
    held_came(g, held);
    CHECK_INT(turn(g), TH_TURN_RUN);
    g->inst->session = g;

    g->take_only = TH_EventRaised; /* it waits for one now */
    th_episode_apply(&g->step, g->inst, &more);
    acknowledged(g);

    CHECK_STR(kinds_of(g), "OrchestratorStarted TaskCompleted");
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK(g->inst->released);
    given_free(g);
}

/* ---- undo ------------------------------------------------------------------------------ */

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

TEST(a_session_is_dropped_when_the_instance_goes)
{
    given *g = given_task();
    CHECK_INT(g->drops, 0);
    th_inst_cool(g->inst);
    CHECK_INT(g->drops, 1);
    CHECK_INT(g->inst->state, TH_INST_COLD);
    given_free(g);
}

/* ---- entities -------------------------------------------------------------------------------- */

static th_action an_entity_action(th_kind kind, const char *target)
{
    th_action a = { .kind = TH_ACT_ENTITY, .event = th_event_of(kind) };
    a.event.target = target;
    a.event.operation = "add";
    a.event.request_id = "r1";
    a.event.id = 0;
    return a;
}

static th_action a_lock(const char *lock_set)
{
    th_action a = { .kind = TH_ACT_ENTITY, .event = th_event_of(TH_EntityLockRequested) };
    a.event.lock_set = lock_set;
    a.event.critical_section_id = "s1";
    a.event.id = 0;
    return a;
}

static th_action an_unlock(const char *target)
{
    th_action a = { .kind = TH_ACT_ENTITY, .event = th_event_of(TH_EntityUnlockSent) };
    a.event.target = target;
    a.event.critical_section_id = "s1";
    a.event.id = 1;
    return a;
}

TEST(an_entity_call_goes_to_the_entity_and_waits_for_its_result)
{
    th_action call = an_entity_action(TH_EntityOperationCalled, "@Counter@K");
    call.event.payload = "5";
    given *g = given_waiting(&call, 1);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted EntityOperationCalled");
    CHECK_STR(event_of(g, 2).target, "@counter@K");
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@counter@K");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityOperationCalled);
    CHECK_STR(text_of(g, "send", 0, SE_NAME), "add");
    CHECK_STR(text_of(g, "send", 0, SE_PAYLOAD), "5");
    CHECK_INT(int_of(g, "send", 0, SE_REF), 2);
    CHECK_STR(text_of(g, "send", 0, SE_BODY),
              "{\"requestId\":\"r1\",\"parentInstanceId\":\"order-1\","
              "\"parentExecutionId\":\"02000000000000000000000000000000\"}");

    th_inbox_row row = a_result(g, TH_EntityOperationCompleted, 2);
    row.payload = "6";
    row.body = "{\"requestId\":\"r1\"}";
    put(g, &row);
    th_answer answer = waits(NULL, 0);
    turn_answered(g, &answer);
    CHECK_STR(kinds_of(g), "OrchestratorStarted EntityOperationCompleted");
    CHECK_INT(event_of(g, 1).ref, 2);
    CHECK_INT(event_of(g, 1).task_id, TH_NONE);
    CHECK_STR(event_of(g, 1).request_id, "r1");
    CHECK_STR(event_of(g, 1).payload, "6");
    given_free(g);
}

TEST(a_second_result_of_an_entity_call_is_dropped)
{
    th_action call = an_entity_action(TH_EntityOperationCalled, "@counter@k");
    given *g = given_waiting(&call, 1);
    th_inbox_row row = a_result(g, TH_EntityOperationFailed, 2);
    row.body = "{\"requestId\":\"r1\",\"failure\":{\"type\":\"T\",\"message\":\"m\"}}";
    put(g, &row);
    row.message_no++;
    put(g, &row);
    th_answer answer = waits(NULL, 0);
    turn_answered(g, &answer);
    CHECK_STR(kinds_of(g), "OrchestratorStarted EntityOperationFailed");
    CHECK_STR(event_of(g, 1).failure, "{\"type\":\"T\",\"message\":\"m\"}");
    CHECK_INT(rows_of(g, "drop"), 0); /* not before the first is committed */
    CHECK_INT(g->inst->queue.count, 1);
    given_free(g);
}

TEST(a_signal_is_not_waited_for_and_may_be_due_later)
{
    th_action signals[2] = { an_entity_action(TH_EntityOperationSignaled, "@counter@k"),
                             an_entity_action(TH_EntityOperationSignaled, "@counter@k") };
    signals[1].due_us = NOW + SECOND;
    given *g = given_waiting(signals, 2);

    CHECK_INT(rows_of(g, "send"), 2);
    CHECK_INT(time_of(g, "send", 0, SE_DUE), TH_TIME_NEG_INF);
    CHECK_INT(time_of(g, "send", 1, SE_DUE), NOW + SECOND);
    CHECK(strcmp(text_of(g, "send", 0, SE_MESSAGE_ID), text_of(g, "send", 1, SE_MESSAGE_ID)) != 0);
    CHECK_INT(g->inst->opens.live, 0);
    given_free(g);
}

TEST(a_call_to_what_can_be_no_entity_fails_instead_of_waiting_for_ever)
{
    th_action call = an_entity_action(TH_EntityOperationCalled, "counter");
    given *g = given_waiting(&call, 1);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "order-1");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityOperationFailed);
    CHECK_INT(int_of(g, "send", 0, SE_REF), 2);
    given_free(g);
}

TEST(a_lock_is_asked_of_the_first_entity_and_granted_by_the_last)
{
    th_action lock = a_lock("[\"@A@1\",\"@b@2\"]");
    given *g = given_waiting(&lock, 1);
    CHECK_STR(event_of(g, 2).lock_set, "[\"@a@1\",\"@b@2\"]");
    CHECK_INT(event_of(g, 2).position, 0);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@a@1");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityLockRequested);

    th_inbox_row row = a_result(g, TH_EntityLockGranted, 2);
    row.body = "{\"criticalSectionId\":\"s1\"}";
    put(g, &row);
    th_action unlocks[] = { an_unlock("@a@1"), an_unlock("@b@2") };
    th_answer answer = waits(unlocks, 2);
    turn_answered(g, &answer);
    CHECK_STR(kinds_of(g),
              "OrchestratorStarted EntityLockGranted EntityUnlockSent EntityUnlockSent");
    CHECK_INT(rows_of(g, "send"), 2);
    CHECK_STR(text_of(g, "send", 1, SE_ID), "@b@2");
    CHECK_INT(g->inst->sections.count, 0);
    given_free(g);
}

static void check_releases(given *g)
{
    int last = rows_of(g, "send") - 1;
    for (int i = 0; i <= last; i++) {
        if (int_of(g, "send", i, SE_KIND) != TH_EntityUnlockSent)
            continue;
        CHECK_STR(text_of(g, "send", i, SE_ID), "@a@1");
        CHECK(strstr(text_of(g, "send", i, SE_BODY),
                     "\"position\":0,\"lockSet\":[\"@a@1\",\"@b@2\"]") != NULL);
        CHECK(strstr(text_of(g, "send", i, SE_BODY), "02000000000000000000000000000000") != NULL);
        return;
    }
    CHECK(false && "it releases what it has asked for");
}

TEST(every_end_of_a_run_releases_what_it_has_locked_or_asked_for)
{
    th_action lock = a_lock("[\"@a@1\",\"@b@2\"]");
    for (int end = 0; end < 4; end++) {
        given *g = given_waiting(&lock, 1);
        if (end == 0) {
            put_order(g, TH_ExecutionTerminated, "enough");
            turn_alone(g);
        } else if (end == 1) {
            th_episode_doom(g->inst, "T", "m");
            turn_alone(g);
        } else {
            th_answer answer = ends(end == 2 ? TH_FAILED : TH_CONTINUED_AS_NEW, NULL, NULL);
            put_event(g, "e", NULL, NULL);
            turn_answered(g, &answer);
        }
        check_releases(g);
        CHECK_INT(g->inst->sections.count, 0);
        given_free(g);
    }
}

TEST(what_is_meant_for_an_entity_is_no_message_for_an_orchestration)
{
    given *g = given_task();
    th_inbox_row row = a_row(g, TH_EntityOperationSignaled);
    row.name = "add";
    put(g, &row);
    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(an_orchestration_that_an_entity_starts_gets_a_row_without_a_parent)
{
    given *g = given_new();
    g->gone = true;
    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    row.has_execution = true;
    row.execution_id = EXECUTION;
    row.name = "Hello";
    row.payload = "1";
    row.body = "{\"makes\":true}";
    put(g, &row);
    th_answer answer = waits(NULL, 0);
    turn_answered(g, &answer);
    CHECK_INT(rows_of(g, "create"), 1);
    CHECK_STR(text_of(g, "create", 0, 8), NULL);
    given_free(g);
}
