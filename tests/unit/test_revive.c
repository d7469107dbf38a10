/* test_revive.c - rewinds as messages: of clients, of parents, and what becomes of those that meet
 * an end. */
#include "test.h"

#include <stdarg.h>

#include "base/clock.h"
#include "engine/episode_rewind.h"
#include "given_episode.h"

#define STARTED "{\"kind\":\"OrchestratorStarted\",\"t\":1789999999000000}"
#define BEGUN STARTED ",{\"kind\":\"ExecutionStarted\",\"name\":\"Hello\",\"input\":\"1\"}"
#define TASK "{\"kind\":\"TaskScheduled\",\"id\":0,\"name\":\"Say\"}"
#define FAILED(ref)                          \
    "{\"kind\":\"TaskFailed\",\"ref\":" #ref \
    ",\"task_id\":0,\"failure\":{\"type\":\"T\",\"message\":\"m\"}}"
#define COMPLETED(ref) \
    "{\"kind\":\"TaskCompleted\",\"ref\":" #ref ",\"task_id\":0,\"result\":\"7\"}"
#define ENDED_FAILED                                                                               \
    "{\"kind\":\"ExecutionCompleted\",\"status\":3,\"failure\":{\"type\":\"T\",\"message\":\"m\"}" \
    "}"
#define ENDED_WELL "{\"kind\":\"ExecutionCompleted\",\"status\":1,\"result\":\"42\"}"
#define REWOUND "{\"kind\":\"ExecutionRewound\",\"from\":\"x\"}"
#define CHILD                                                                                   \
    "{\"kind\":\"SubOrchestrationInstanceCreated\",\"id\":0,\"instanceId\":\"kid-1\",\"name\":" \
    "\"Kid\",\"input\":\"\\\"x\\\"\"}"
#define CHILD_FAILED                                                                              \
    "{\"kind\":\"SubOrchestrationInstanceFailed\",\"ref\":2,\"task_id\":0,\"failure\":{\"type\":" \
    "\"T\",\"message\":\"m\"}}"

static const th_uuid OLD_PARENT = { { 0x11 } }, NEW_PARENT = { { 0x22 } },
                     NEWER_PARENT = { { 0x33 } };

/* ---- given
 * --------------------------------------------------------------------------------------- */

/* Loaded as an owner does it, from its row and the episodes of its present execution; the last
 * argument is NULL. */
static void load(given *g, int status, ...)
{
    th_instance_row row = { .partition_id = PART,
                            .instance_id = "order-1",
                            .start_id = START,
                            .execution_id = EXECUTION,
                            .status = (int16_t)status,
                            .name = "Hello",
                            .parent_instance_id = "parent-1",
                            .has_parent_execution = true,
                            .parent_execution_id = OLD_PARENT,
                            .parent_ref = 2 };
    th_episode_row episodes[8];
    th_error err = { 0 };
    size_t n = 0;
    int32_t seq = 0;
    va_list args;

    va_start(args, status);
    for (const char *json; (json = va_arg(args, const char *)) != NULL; n++) {
        th_event *events = NULL;
        size_t count = 0;
        th_arena *arena = th_arena_new(0);
        CHECK_INT(th_events_read(arena, json, strlen(json), seq, &events, &count, &err), TH_OK);
        episodes[n] = (th_episode_row){ .episode = (int32_t)n,
                                        .first_seq = seq,
                                        .at_us = NOW - 9 * SECOND + (int64_t)n,
                                        .events = json,
                                        .events_len = strlen(json) };
        seq += (int32_t)count;
        th_arena_free(arena);
    }
    va_end(args);
    g->status = (int16_t)status;
    th_inst_cool(g->inst);
    if (!CHECK_INT(th_inst_load(g->inst, &row, episodes, n, &err), TH_OK))
        puts(err.text);
}

static given *given_loaded(int status, const char *first, const char *second)
{
    given *g = given_new();
    load(g, status, first, second, NULL);
    return g;
}

/* Failed, and a client has rewound it. */
static given *given_cut(void)
{
    return given_loaded(TH_PENDING, "[" BEGUN "," TASK "]",
                        "[" STARTED "," FAILED(2) "," ENDED_FAILED "]");
}

static th_msg *put_rewind(given *g, const char *reason)
{
    return put_order(g, TH_ExecutionRewound, reason);
}

static th_msg *put_own(given *g, const th_uuid *execution)
{
    th_inbox_row row = a_row(g, TH_ExecutionRewound);
    row.has_execution = true;
    row.execution_id = *execution;
    return put(g, &row);
}

static void hex(const th_uuid *id, char out[TH_UUID_TEXT])
{
    th_uuid_text(id, out);
}

/* The parent went on from `was` as `now`; its child is event 2 there, and now `ref`. */
static th_msg *put_parents(given *g, const th_uuid *was, int32_t was_ref, const th_uuid *now,
                           int32_t ref)
{
    char body[600], from[TH_UUID_TEXT], to[TH_UUID_TEXT];
    th_inbox_row row = a_row(g, TH_ExecutionRewound);
    hex(was, from);
    hex(now, to);
    snprintf(
        body, sizeof body,
        "{\"parent\":{\"instanceId\":\"parent-1\",\"executionId\":\"%s\",\"name\":\"P\",\"id\":0,"
        "\"ref\":%d},"
        "\"version\":\"2\",\"was\":{\"executionId\":\"%s\",\"ref\":%d},\"input\":\"\\\"x\\\"\"}",
        to, ref, from, was_ref);
    row.has_start = false;
    row.name = "Hello";
    row.payload = "why";
    row.body = body;
    return put(g, &row);
}

static th_msg *put_child_start(given *g, const th_uuid *parent, int32_t ref)
{
    char body[400], execution[TH_UUID_TEXT];
    th_inbox_row row = a_row(g, TH_ExecutionStarted);
    hex(parent, execution);
    snprintf(body, sizeof body,
             "{\"parent\":{\"instanceId\":\"parent-1\",\"executionId\":\"%s\",\"name\":\"P\","
             "\"id\":0,\"ref\":%d}}",
             execution, ref);
    row.start_id = OTHER;
    row.has_execution = true;
    row.execution_id = OTHER;
    row.name = "Hello";
    row.payload = "1";
    row.body = body;
    return put(g, &row);
}

/* ---- then
 * ------------------------------------------------------------------------------------------ */

static th_event history_event(given *g, int row, size_t n)
{
    th_event *events = NULL;
    size_t count = 0;
    th_error err = { 0 };
    const char *json = text_of(g, "history", row, HI_EVENTS);

    if (!CHECK(json && th_events_read(g->read.arena, json, strlen(json), 0, &events, &count,
                                      &err) == TH_OK))
        return th_event_of(TH_KIND_NONE);
    return n < count ? events[n] : th_event_of(TH_KIND_NONE);
}

static void check_link(given *g, const char *table, int parent, int ref, const th_uuid *wanted,
                       int wanted_ref)
{
    th_uuid got = uuid_of(g, table, 0, parent);
    CHECK_INT(rows_of(g, table), 1);
    CHECK(th_uuid_equal(&got, wanted));
    CHECK_INT(int_of(g, table, 0, ref), wanted_ref);
}

static void check_answer(given *g, th_kind kind, const th_uuid *execution, int32_t ref,
                         const char *result)
{
    th_uuid to = uuid_of(g, "send", 0, SE_EXECUTION);
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), kind);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "parent-1");
    CHECK(th_uuid_equal(&to, execution));
    CHECK_INT(int_of(g, "send", 0, SE_REF), ref);
    CHECK_STR(text_of(g, "send", 0, SE_PAYLOAD), result);
}

/* ---- a client's
 * ------------------------------------------------------------------------------------ */

TEST(a_rewind_writes_what_stays_as_the_history_of_a_new_execution)
{
    given *g = given_cut();
    put_rewind(g, "again");

    turn_alone(g);

    th_uuid next = uuid_of(g, "rewind", 0, RW_EXECUTION), was = uuid_of(g, "rewind", 0, RW_WAS);
    CHECK_INT(rows_of(g, "rewind"), 1);
    CHECK(!th_uuid_equal(&next, &EXECUTION) && th_uuid_equal(&was, &EXECUTION));
    CHECK(text_of(g, "rewind", 0, RW_PARENT_EXECUTION) == NULL);
    CHECK_INT(rows_of(g, "history"), 3);
    for (int i = 0; i < 3; i++) {
        th_uuid execution = uuid_of(g, "history", i, HI_EXECUTION);
        CHECK(th_uuid_equal(&execution, &next));
        CHECK_INT(int_of(g, "history", i, HI_EPISODE), i);
    }
    CHECK_INT(int_of(g, "history", 1, HI_FIRST_SEQ), 2);
    CHECK_INT(int_of(g, "history", 2, HI_FIRST_SEQ), 3);
    CHECK_INT(time_of(g, "history", 1, HI_AT), NOW - 9 * SECOND + 1);
    CHECK_INT(history_event(g, 0, 1).kind, TH_ExecutionStarted);
    CHECK_INT(history_event(g, 0, 2).kind, TH_KIND_NONE);
    CHECK_INT(history_event(g, 1, 0).kind, TH_OrchestratorStarted);
    th_event e = history_event(g, 2, 0);
    CHECK_INT(e.kind, TH_ExecutionRewound);
    CHECK_STR(e.payload, "again");
    CHECK_STR(e.from, "02000000000000000000000000000000");
    CHECK_INT(e.t_us, NOW - SECOND);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "instances"), 0);
    given_free(g);
}

TEST(a_rewind_leaves_a_message_by_which_the_new_execution_runs_on)
{
    given *g = given_cut();
    put_rewind(g, NULL);

    turn_alone(g);

    th_uuid next = uuid_of(g, "rewind", 0, RW_EXECUTION), to = uuid_of(g, "send", 0, SE_EXECUTION);
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_ExecutionRewound);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "order-1");
    CHECK(th_uuid_equal(&to, &next));
    CHECK(g->step.wrote_now);
    CHECK(th_episode_goes_on(g->inst)); /* read again, whoever owns it then */
    given_free(g);
}

static given *given_rewound(void)
{
    given *g = given_new();
    load(g, TH_PENDING, "[" BEGUN "]", "[" STARTED "]", "[" REWOUND "]", NULL);
    return g;
}

TEST(what_was_rewound_runs_on_with_an_episode_of_no_message)
{
    given *g = given_rewound();
    put_own(g, &EXECUTION);

    CHECK_INT(turn(g), TH_TURN_RUN);
    th_orch_item item = th_episode_item(g->inst);
    CHECK_INT(item.past_count, 3);
    CHECK_INT(item.fresh_count, 1);
    CHECK_INT(item.fresh[0].kind, TH_OrchestratorStarted);
    CHECK_INT(item.next_seq, 5);

    th_action task = a_task("Say", NULL);
    th_answer answer = waits(&task, 1);
    th_episode_apply(&g->step, g->inst, &answer);
    acknowledged(g);
    CHECK_STR(kinds_of(g), "OrchestratorStarted TaskScheduled");
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_RUNNING);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "schedule"), 1);
    given_free(g);
}

TEST(what_ran_on_by_another_message_needs_no_second_start)
{
    given *g = given_rewound();
    th_answer answer = waits(NULL, 0);
    put_event(g, "e", NULL, NULL);
    turn_answered(g, &answer);

    put_own(g, &EXECUTION);
    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(what_is_suspended_before_it_ran_on_does_so_when_it_is_resumed)
{
    given *g = given_new();
    load(g, TH_SUSPENDED, "[" BEGUN "]", "[" REWOUND "]", "[{\"kind\":\"ExecutionSuspended\"}]",
         NULL);
    put_own(g, &EXECUTION);
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);

    load(g, TH_RUNNING, "[" BEGUN "]", "[" REWOUND "]",
         "[{\"kind\":\"ExecutionSuspended\"},{\"kind\":\"ExecutionResumed\"}]", NULL);
    put_own(g, &EXECUTION);
    CHECK_INT(turn(g), TH_TURN_RUN);
    given_free(g);
}

TEST(a_rewind_of_a_live_instance_is_dropped)
{
    static const struct {
        const char *why, *last;
        int status;
    } cases[] = {
        { "running", "[" STARTED "," COMPLETED(2) "]", TH_RUNNING },
        { "suspended", "[{\"kind\":\"ExecutionSuspended\"}]", TH_SUSPENDED },
        { "rewound already", "[" REWOUND "]", TH_PENDING },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        given *g = given_loaded(cases[i].status, "[" BEGUN "," TASK "]", cases[i].last);
        put_rewind(g, NULL);
        put_own(g, &OTHER);
        if (!CHECK_INT(turn(g), TH_TURN_NOTHING))
            printf("  %s\n", cases[i].why);
        acknowledged(g);
        CHECK_INT(rows_of(g, "drop"), 2);
        CHECK_INT(rows_of(g, "rewind"), 0);
        given_free(g);
    }
}

TEST(messages_wait_for_the_rewind_and_results_of_the_old_run_do_not)
{
    given *g = given_cut();
    put_event(g, "e", NULL, NULL);
    put_order(g, TH_ExecutionTerminated, NULL);
    put_order(g, TH_ExecutionSuspended, NULL);
    put_result(g, 2, "late");
    put_local(g, 2, 77, "late", NULL);

    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 3);
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(g->orphans, 1);
    CHECK_INT(rows_of(g, "history"), 0);

    put_rewind(g, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK_INT(rows_of(g, "rewind"), 1);
    given_free(g);
}

TEST(an_end_that_was_ordered_before_the_rewind_comes_after_it)
{
    given *g = given_cut();
    put_order(g, TH_ExecutionTerminated, "enough");
    put_rewind(g, NULL);

    turn_alone(g);
    CHECK_INT(rows_of(g, "rewind"), 1);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(g->inst->queue.count, 1);

    load(g, TH_PENDING, "[" BEGUN "]", "[" REWOUND "]", NULL);
    turn_alone(g);
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_TERMINATED);
    given_free(g);
}

TEST(a_history_without_a_start_fails_the_instance_again)
{
    given *g = given_new();
    load(g, TH_PENDING, NULL);
    put_rewind(g, NULL);

    turn_alone(g);
    CHECK_INT(rows_of(g, "rewind"), 0);
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_FAILED);
    CHECK_INT(rows_of(g, "consume"), 1);
    given_free(g);
}

TEST(children_that_are_awaited_are_told_of_the_new_run)
{
    given *g = given_loaded(TH_PENDING, "[" BEGUN "," CHILD "]",
                            "[" STARTED "," CHILD_FAILED "," ENDED_FAILED "]");
    put_rewind(g, "again");

    turn_alone(g);

    char next[TH_UUID_TEXT], body[500];
    th_uuid execution = uuid_of(g, "rewind", 0, RW_EXECUTION);
    hex(&execution, next);
    snprintf(body, sizeof body,
             "{\"parent\":{\"instanceId\":\"order-1\",\"executionId\":\"%s\",\"name\":\"Hello\","
             "\"id\":0,\"ref\":2},"
             "\"was\":{\"executionId\":\"02000000000000000000000000000000\",\"ref\":2},\"input\":"
             "\"\\\"x\\\"\"}",
             next);
    CHECK_INT(rows_of(g, "send"), 2);
    CHECK_INT(int_of(g, "send", 1, SE_KIND), TH_ExecutionRewound);
    CHECK_STR(text_of(g, "send", 1, SE_ID), "kid-1");
    CHECK_STR(text_of(g, "send", 1, SE_NAME), "Kid");
    CHECK_STR(text_of(g, "send", 1, SE_PAYLOAD), "again");
    CHECK_STR(text_of(g, "send", 1, SE_BODY), body);
    CHECK(text_of(g, "send", 1, SE_START) == NULL && text_of(g, "send", 1, SE_EXECUTION) == NULL);
    given_free(g);
}

/* ---- a parent's
 * ------------------------------------------------------------------------------------ */

TEST(a_live_child_answers_to_its_parents_new_run)
{
    given *g = given_loaded(TH_RUNNING, "[" BEGUN "," TASK "]", NULL);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_alone(g);
    check_link(g, "relink", RL_PARENT_EXECUTION, RL_PARENT_REF, &NEW_PARENT, 5);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "history") + rows_of(g, "rewind") + rows_of(g, "send"), 0);

    put_order(g, TH_ExecutionTerminated, NULL);
    turn_alone(g);
    check_answer(g, TH_SubOrchestrationInstanceFailed, &NEW_PARENT, 5, NULL);
    given_free(g);
}

TEST(of_two_rewinds_of_the_parent_the_last_is_answered)
{
    given *g = given_loaded(TH_RUNNING, "[" BEGUN "," TASK "]", NULL);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);
    put_parents(g, &NEW_PARENT, 5, &NEWER_PARENT, 6);

    turn_alone(g);
    check_link(g, "relink", RL_PARENT_EXECUTION, RL_PARENT_REF, &NEWER_PARENT, 6);
    CHECK_INT(rows_of(g, "consume"), 2);
    given_free(g);
}

TEST(a_child_that_ends_with_its_parents_rewind_in_hand_answers_to_the_new_run)
{
    given *g = given_loaded(TH_RUNNING, "[" BEGUN "," TASK "]", NULL);
    put_result(g, 2, "1");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);
    th_answer answer = ends(TH_COMPLETED, "42", NULL);
    th_episode_apply(&g->step, g->inst, &answer);
    acknowledged(g);

    check_link(g, "relink", RL_PARENT_EXECUTION, RL_PARENT_REF, &NEW_PARENT, 5);
    check_answer(g, TH_SubOrchestrationInstanceCompleted, &NEW_PARENT, 5, "42");
    CHECK(!th_episode_goes_on(g->inst));
    given_free(g);
}

TEST(a_completed_child_answers_again)
{
    given *g = given_loaded(TH_COMPLETED, "[" BEGUN "," ENDED_WELL "]", NULL);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_alone(g);
    check_answer(g, TH_SubOrchestrationInstanceCompleted, &NEW_PARENT, 5, "42");
    check_link(g, "relink", RL_PARENT_EXECUTION, RL_PARENT_REF, &NEW_PARENT, 5);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "rewind") + rows_of(g, "history"), 0);
    CHECK_INT(turn(g), TH_TURN_NOTHING);
    given_free(g);
}

TEST(a_terminated_child_answers_again_that_it_was)
{
    given *g = given_loaded(
        TH_TERMINATED,
        "[" BEGUN ",{\"kind\":\"ExecutionCompleted\",\"status\":5,\"result\":\"enough\"}]", NULL);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_alone(g);
    check_answer(g, TH_SubOrchestrationInstanceFailed, &NEW_PARENT, 5, NULL);
    CHECK(strstr(text_of(g, "send", 0, SE_BODY), "was terminated: enough") != NULL);
    given_free(g);
}

TEST(a_failed_child_is_rewound_with_its_parent)
{
    given *g = given_loaded(TH_FAILED, "[" BEGUN "," TASK "]",
                            "[" STARTED "," FAILED(2) "," ENDED_FAILED "]");
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_alone(g);
    check_link(g, "rewind", RW_PARENT_EXECUTION, RW_PARENT_REF, &NEW_PARENT, 5);
    CHECK_INT(rows_of(g, "history"), 3);
    th_event e = history_event(g, 2, 0);
    CHECK_STR(e.payload, "why");
    CHECK_STR(e.instance_id, "parent-1");
    CHECK_STR(e.parent_execution_id, "22000000000000000000000000000000");
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_ExecutionRewound);
    CHECK(th_episode_goes_on(g->inst));
    given_free(g);
}

TEST(a_child_that_a_client_has_rewound_too_takes_the_link_along)
{
    given *g = given_cut();
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);
    put_rewind(g, NULL);

    turn_alone(g);
    check_link(g, "rewind", RW_PARENT_EXECUTION, RW_PARENT_REF, &NEW_PARENT, 5);
    CHECK_INT(g->inst->queue.count, 1);

    load(g, TH_PENDING, "[" BEGUN "]", "[" REWOUND "]", NULL);
    CHECK_INT(turn(g), TH_TURN_NOTHING); /* the client's is done with */
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(a_failed_child_whose_history_is_lost_answers_again_that_it_failed)
{
    given *g = given_loaded(TH_FAILED, NULL, NULL);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_alone(g);
    check_answer(g, TH_SubOrchestrationInstanceFailed, &NEW_PARENT, 5, NULL);
    given_free(g);
}

static void check_created(given *g, int row)
{
    th_uuid parent = uuid_of(g, "create", row, 9);
    CHECK_INT(rows_of(g, "create"), 1);
    CHECK_STR(text_of(g, "create", row, 4), "Hello");
    CHECK_STR(text_of(g, "create", row, 5), "2");
    CHECK_STR(text_of(g, "create", row, 6), "\"x\"");
    CHECK_STR(text_of(g, "create", row, 8), "parent-1");
    CHECK(th_uuid_equal(&parent, &NEW_PARENT));
    CHECK_INT(int_of(g, "create", row, 10), 5);
    CHECK_STR(event_of(g, 1).payload, "\"x\"");
}

TEST(a_child_that_is_gone_is_created_anew)
{
    given *g = given_new();
    th_answer answer = waits(NULL, 0);
    g->gone = true;
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);
    CHECK(!th_episode_adopt(g->inst));
    CHECK(!th_episode_drop_stale(&g->step, g->inst));
    g->inst->state = TH_INST_READY; /* no row was found */

    turn_answered(g, &answer);
    check_created(g, 0);
    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    CHECK_INT(rows_of(g, "forget"), 0);
    CHECK_INT(rows_of(g, "consume"), 1);
    given_free(g);
}

TEST(a_finished_instance_that_took_the_id_is_replaced_by_the_child)
{
    given *g = given_loaded(TH_FAILED, "[" BEGUN "," ENDED_FAILED "]", NULL);
    th_answer answer = waits(NULL, 0);
    put_parents(g, &OTHER, 2, &NEW_PARENT, 5);

    turn_answered(g, &answer);
    check_created(g, 0);
    CHECK_INT(rows_of(g, "forget"), 1);
    given_free(g);
}

TEST(a_live_instance_that_took_the_id_fails_the_child)
{
    given *g = given_loaded(TH_RUNNING, "[" BEGUN "," TASK "]", NULL);
    put_parents(g, &OTHER, 2, &NEW_PARENT, 5);

    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    check_answer(g, TH_SubOrchestrationInstanceFailed, &NEW_PARENT, 5, NULL);
    CHECK(strstr(text_of(g, "send", 0, SE_BODY), "InstanceAlreadyExists") != NULL);
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(rows_of(g, "relink"), 0);
    given_free(g);
}

TEST(a_child_that_has_not_begun_yet_begins_for_the_new_run)
{
    given *g = given_new();
    th_answer answer = waits(NULL, 0);
    g->gone = true;
    put_child_start(g, &OLD_PARENT, 2);
    put_parents(g, &OLD_PARENT, 2, &NEW_PARENT, 5);

    turn_answered(g, &answer);
    CHECK_INT(rows_of(g, "create"), 1);
    check_link(g, "relink", RL_PARENT_EXECUTION, RL_PARENT_REF, &NEW_PARENT, 5);
    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    CHECK_INT(rows_of(g, "consume"), 2);
    given_free(g);
}

TEST(a_rewind_that_names_no_child_is_nobodys)
{
    static const char *const bodies[] = {
        "{}",
        "{\"parent\":5}",
        "{\"parent\":{\"instanceId\":\"parent-1\"}}",
        "{\"parent\":{\"instanceId\":\"parent-1\",\"executionId\":"
        "\"22000000000000000000000000000000\",\"ref\":1}}",
        "{\"parent\":{\"instanceId\":\"parent-1\",\"executionId\":"
        "\"22000000000000000000000000000000\"},\"was\":{\"executionId\":\"zz\"}}",
        "{\"parent\":{\"instanceId\":\"parent-1\",\"executionId\":"
        "\"22000000000000000000000000000000\"},\"was\":[]}",
        "garbage",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        given *g = given_new();
        th_inbox_row row = a_row(g, TH_ExecutionRewound);
        g->gone = true;
        row.found = false;
        row.name = "Hello";
        row.body = bodies[i];
        put(g, &row);
        if (!CHECK(th_episode_drop_stale(&g->step, g->inst)))
            printf("  %s\n", bodies[i]);
        given_free(g);
    }
}

/* ---- a child's next life
 * ---------------------------------------------------------------------------- */

TEST(a_childs_start_that_meets_the_end_of_its_id_begins_the_next_life)
{
    given *g = given_task();
    th_answer end = ends(TH_COMPLETED, "42", NULL), answer = waits(NULL, 0);
    put_result(g, 2, "1");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_child_start(g, &NEW_PARENT, 5);
    put_event(g, "late", NULL, NULL);
    g->inst->session = g;
    th_episode_apply(&g->step, g->inst, &end);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    CHECK_INT(g->inst->queue.count, 1);
    CHECK(th_episode_goes_on(g->inst));

    load(g, TH_COMPLETED, "[" BEGUN "," ENDED_WELL "]", NULL);
    turn_answered(g, &answer);
    CHECK_INT(rows_of(g, "create"), 1);
    CHECK_INT(rows_of(g, "forget"), 1);
    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    given_free(g);
}

TEST(a_childs_start_that_comes_once_more_after_its_end_is_dropped)
{
    given *g = given_loaded(TH_COMPLETED, "[" BEGUN "," ENDED_WELL "]", NULL);
    put_child_start(g, &NEW_PARENT, 5)->start_id = g->inst->start_id;

    turn_alone(g);
    CHECK_INT(rows_of(g, "create"), 0);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(of_two_starts_that_outlived_an_end_the_second_is_refused)
{
    given *g = given_loaded(TH_COMPLETED, "[" BEGUN "," ENDED_WELL "]", NULL);
    th_answer answer = waits(NULL, 0);
    put_child_start(g, &NEW_PARENT, 5);
    put_child_start(g, &NEW_PARENT, 6)->start_id = EXECUTION;

    turn_answered(g, &answer);
    CHECK_INT(rows_of(g, "create"), 1);
    check_answer(g, TH_SubOrchestrationInstanceFailed, &NEW_PARENT, 6, NULL);
    given_free(g);
}
