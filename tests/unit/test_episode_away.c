/*
 * test_episode_away.c - an episode that another process runs: what goes out, and which replies
 * count.
 */
#include "test.h"

#include "given_episode.h"

/* An instance that has no executor here, with its first episode out. */
static given *given_away(void)
{
    static const th_executor other = { .name = "other", .can_run = given_can_run };
    given *g = given_new();

    g->executors[0] = &other;
    put_start(g, "1");
    CHECK(th_episode_adopt(g->inst));
    free(g->inst->name);
    g->inst->name = th_mstrdup("Elsewhere");
    turn_alone(g);
    CHECK_INT(rows_of(g, "episode"), 1);
    return g;
}

/* Its messages as they are read again with the reply: the start, of number 100. */
static void start_is_read_again(given *g)
{
    th_msg_list held = { 0 };
    th_inbox_row row = a_row(g, TH_ExecutionStarted);

    row.message_no = 100;
    row.due_us = TH_TIME_INF;
    row.has_execution = true;
    row.execution_id = EXECUTION;
    row.name = "Elsewhere";
    row.input = "1";
    th_msg_push(&held, th_msg_from_row(&row));
    th_episode_held_came(g->inst, &held);
}

static void put_reply(given *g, int32_t seq, const char *payload, const char *body)
{
    th_inbox_row row = a_result(g, (th_kind)TH_EPISODE_ANSWERED, seq);

    row.payload = payload;
    row.body = body;
    put(g, &row);
}

#define DONE_BODY "\"t\":1790000000000001,\"executor\":\"far\",\"taken\":[100],\"done\":true}"
#define DONE_EVENTS "[{\"kind\":\"ExecutionCompleted\",\"status\":1,\"result\":\"2\"}]"

static const char *done_body(given *g)
{
    return th_sprintf(g->read.arena, "{\"item\":%lld," DONE_BODY, (long long)g->inst->away_id);
}

TEST(a_reply_is_committed_as_if_the_episode_had_run_here)
{
    given *g = given_away();
    char *body = th_mstrdup(done_body(g));
    put_reply(g, 0, DONE_EVENTS, body);

    CHECK_INT(turn(g), TH_TURN_HELD);
    size_t count;
    const int64_t *wanted = th_episode_wants_held(g->inst, &count);
    CHECK_INT(count, 1);
    CHECK_INT(wanted[0], 100);
    start_is_read_again(g);
    turn_alone(g);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted ExecutionCompleted");
    CHECK_INT(event_of(g, 0).t_us, INT64_C(1790000000000001));
    CHECK_STR(event_of(g, 1).payload, "1");
    CHECK_INT(int_of(g, "instances", 0, IN_STATUS), TH_COMPLETED);
    CHECK_STR(text_of(g, "instances", 0, IN_OUTPUT), "2");
    CHECK_STR(text_of(g, "instances", 0, IN_EXECUTOR), "far");
    CHECK_INT(rows_of(g, "consume"), 2);
    CHECK_INT(rows_of(g, "recall"), 0);
    CHECK(g->inst->ending);
    free(body);
    given_free(g);
}

TEST(what_comes_meanwhile_is_held_and_offered_once_the_reply_has_come)
{
    given *g = given_away();
    char *body = th_mstrdup(th_sprintf(g->read.arena,
                                       "{\"item\":%lld,\"t\":1790000000000001,\"taken\":[100]}",
                                       (long long)g->inst->away_id));
    put_event(g, "e", NULL, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(g->inst->queue.count, 0);

    put_reply(g, 0, NULL, body);
    CHECK_INT(turn(g), TH_TURN_HELD);
    start_is_read_again(g);
    turn_alone(g);

    CHECK_STR(kinds_of(g), "OrchestratorStarted ExecutionStarted");
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK(!g->inst->away);
    free(body);
    given_free(g);
}

TEST(a_reply_to_an_episode_that_is_over_is_dropped)
{
    given *g = given_away();
    put_order(g, TH_ExecutionSuspended, NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "recall"), 1);

    put_reply(g, 0, DONE_EVENTS, "{" DONE_BODY);
    check_dropped(g, "the suspension is event 0 by now");
}

TEST(a_reply_of_another_run_is_dropped)
{
    given *g = given_away();
    th_inbox_row row = a_result(g, (th_kind)TH_EPISODE_ANSWERED, 0);
    row.execution_id = OTHER;
    row.body = "{" DONE_BODY;
    put(g, &row);
    check_dropped(g, "of another execution");
}

TEST(a_reply_whose_messages_are_gone_is_refused_and_what_waits_goes_out_again)
{
    given *g = given_away();
    char *body = th_mstrdup(done_body(g));
    th_msg_list none = { 0 };
    put_reply(g, 0, DONE_EVENTS, body);

    CHECK_INT(turn(g), TH_TURN_HELD);
    th_episode_held_came(g->inst, &none);
    turn_alone(g);

    CHECK_INT(rows_of(g, "history") + rows_of(g, "instances"), 0);
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK(!g->inst->away);
    free(body);
    given_free(g);
}

TEST(a_reply_that_cannot_be_read_is_refused_too)
{
    given *g = given_away();
    put_reply(g, 0, NULL, "{\"taken\":7}");

    turn_alone(g);

    CHECK_INT(rows_of(g, "history"), 0);
    CHECK_INT(rows_of(g, "release"), 1);
    CHECK(!g->inst->away);
    given_free(g);
}

TEST(a_failure_of_whoever_runs_it_fails_the_instance)
{
    given *g = given_away();
    put_reply(g, 0, NULL,
              "{\"taken\":[100],\"failure\":\"{\\\"type\\\":\\\"PoisonOrchestrator\\\"}\"}");

    CHECK_INT(turn(g), TH_TURN_HELD);
    start_is_read_again(g);
    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionStarted ExecutionCompleted");
    CHECK(strstr(text_of(g, "instances", 0, IN_FAILURE), "PoisonOrchestrator") != NULL);
    given_free(g);
}

TEST(a_reply_that_took_nothing_leaves_the_instance_as_it_is)
{
    given *g = given_away();
    char *body = th_mstrdup(
        th_sprintf(g->read.arena, "{\"item\":%lld,\"taken\":[]}", (long long)g->inst->away_id));
    put_reply(g, 0, NULL, body);

    turn_alone(g);

    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "history") + rows_of(g, "release"), 0);
    CHECK(!g->inst->away && g->inst->maybe_held);
    free(body);
    given_free(g);
}

TEST(an_instance_that_is_terminated_while_its_episode_is_out_ends_at_once)
{
    given *g = given_away();
    put_order(g, TH_ExecutionTerminated, "\"enough\"");

    CHECK_INT(turn(g), TH_TURN_HELD); /* its start is to be recorded */
    start_is_read_again(g);
    turn_alone(g);

    CHECK_STR(kinds_of(g), "ExecutionStarted ExecutionTerminated ExecutionCompleted");
    CHECK_INT(rows_of(g, "recall"), 1);
    given_free(g);
}

TEST(results_that_have_no_row_yet_come_again_with_one)
{
    given *g = given_away();
    th_opens_add(&g->inst->opens, 5, TH_TaskScheduled, 0);
    g->inst->away = false;
    g->inst->maybe_held = false;
    g->inst->started = true;
    put_local(g, 5, 1, "1", NULL);

    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);

    CHECK_INT(g->orphans, 1);
    CHECK_INT(rows_of(g, "episode"), 0);
    given_free(g);
}
