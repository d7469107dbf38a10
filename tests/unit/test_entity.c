/* test_entity.c - the rules of entity.h: what runs, what is held, who has the lock, and what an
 * answer becomes. */
#include "test.h"

#include "base/log.h"
#include "batch_reader.h"
#include "engine/entity.h"

#define NOW INT64_C(1790000000000000)
#define SECOND INT64_C(1000000)
#define ID "@counter@k"
#define A                                                                         \
    "{\"requestId\":\"r\",\"parentInstanceId\":\"orch-a\",\"parentExecutionId\":" \
    "\"0a000000000000000000000000000000\""
#define B                                                                         \
    "{\"requestId\":\"r\",\"parentInstanceId\":\"orch-b\",\"parentExecutionId\":" \
    "\"0b000000000000000000000000000000\""
#define LOCK(who, section, position)                                     \
    who ",\"criticalSectionId\":\"" section "\",\"position\":" #position \
        ",\"lockSet\":[\"@counter@k\",\"@other@x\"]}"
#define UNLOCK(who, section) who ",\"criticalSectionId\":\"" section "\"}"

typedef struct given {
    th_inst *inst;
    th_batch *batch;
    th_step step;
    int32_t act_index;
    int64_t next_message;
    th_executor executor;
    const th_executor *executors[1];
    size_t most;
    batch_reader read;
    size_t spent;
} given;

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)self;
    (void)version;
    return kind == TH_ITEM_ENTITY && strcmp(name, "counter") == 0;
}

static void run_entity(void *self, const th_entity_item *item)
{
    (void)self;
    (void)item;
}

static void new_step(given *g)
{
    g->step = (th_step){ .batch = g->batch,
                         .now_us = NOW,
                         .first_partition = 1,
                         .partition_count = 4,
                         .commit_no = 5,
                         .act_index = &g->act_index,
                         .min_due_us = TH_TIME_INF };
}

static given *given_id(const char *id, const th_instance_row *row)
{
    given *g = th_malloc(sizeof *g);
    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    g->inst = th_inst_new(3, id);
    g->batch = th_batch_new();
    g->next_message = 100;
    g->most = 5000;
    g->executor = (th_executor){ .name = "scripted", .can_run = can_run, .run_entity = run_entity };
    g->executors[0] = &g->executor;
    th_ent_load(g->inst, row);
    if (row)
        g->inst->maybe_held = false;
    new_step(g);
    return g;
}

static given *given_new(void)
{
    given *g = given_id(ID, NULL);
    g->inst->maybe_held = false;
    return g;
}

static given *given_state(const char *state, const char *holder)
{
    th_instance_row row = { .partition_id = 3,
                            .instance_id = ID,
                            .start_id = { { 1 } },
                            .execution_id = { { 2 } },
                            .name = "counter",
                            .is_entity = true,
                            .state = state,
                            .lock_holder = holder };
    return given_id(ID, &row);
}

static given *given_locked_by_a(void)
{
    return given_state(
        "1", "{\"instanceId\":\"orch-a\",\"executionId\":\"0a000000000000000000000000000000\","
             "\"criticalSectionId\":\"s\"}");
}

static void free_spent(given *g)
{
    for (th_msg *m; (m = th_msg_pop(&g->step.spent)) != NULL;)
        th_msg_free(m);
}

static void given_free(given *g)
{
    batch_reader_free(&g->read);
    free_spent(g);
    th_inst_free(g->inst);
    th_batch_free(g->batch);
    free(g);
}

static th_msg *put(given *g, th_kind kind, const char *name, const char *input, const char *body)
{
    th_inbox_row row = { .partition_id = 3,
                         .due_us = TH_TIME_NEG_INF,
                         .message_no = g->next_message++,
                         .instance_id = ID,
                         .kind = (int16_t)kind,
                         .name = name,
                         .ref = 7,
                         .payload = input,
                         .body = body,
                         .sent_us = NOW };
    th_msg *m = th_msg_from_row(&row);
    th_msg_push(&g->inst->queue, m);
    return m;
}

static th_msg *put_signal(given *g, const char *op)
{
    return put(g, TH_EntityOperationSignaled, op, NULL, "{\"requestId\":\"q\"}");
}

static th_msg *put_named_signal(given *g, const char *op, const char *message_id)
{
    th_msg *m = put_signal(g, op);
    m->event.message_id = message_id;
    return m;
}

/* As after the acknowledgement; what was written is kept to be looked at. */
static void acknowledged(given *g)
{
    batch_reader_free(&g->read);
    g->read = batch_read(g->batch);
    g->spent = g->step.spent.count;
    free_spent(g);
    th_batch_clear(g->batch);
    th_ent_acknowledged(g->inst->ent);
    new_step(g);
}

static th_turn turn(given *g)
{
    return th_entity_turn(&g->step, g->inst, g->executors, 1, g->most);
}

static void turn_alone(given *g)
{
    CHECK_INT(turn(g), TH_TURN_WROTE);
    acknowledged(g);
}

/* Runs what the turn took; each operation gives "n" of its place, and the state is what is given.
 */
static void turn_run(given *g, size_t wanted, const char *state)
{
    th_entity_result results[8] = { { 0 } };
    if (!CHECK_INT(turn(g), TH_TURN_RUN) || !CHECK_INT(g->inst->run.taken.count, wanted))
        return;
    th_entity_answer answer = { .results = results, .result_count = wanted, .state = state };
    th_entity_apply(&g->step, g->inst, &answer);
    acknowledged(g);
}

static const char *text_of(given *g, const char *table, int row, int column)
{
    return reader_text(reader_find(&g->read, table), row, column);
}

static int64_t int_of(given *g, const char *table, int row, int column)
{
    return reader_int(reader_find(&g->read, table), row, column, -1);
}

static bool is_gone(given *g)
{
    const reader_cell *cell = reader_cell_at(reader_find(&g->read, "entities"), 0, EN_GONE);
    return cell->p && *cell->p;
}

static int rows_of(given *g, const char *table)
{
    return reader_rows(&g->read, table);
}

/* ---- operations ------------------------------------------------------------------------------ */

TEST(queued_operations_go_to_the_executor_together_in_their_order)
{
    given *g = given_state("5", NULL);
    put_signal(g, "add");
    put(g, TH_EntityOperationCalled, "get", "1", A "}");

    CHECK_INT(turn(g), TH_TURN_RUN);

    th_entity_item item = th_entity_item_of(g->inst);
    CHECK_STR(item.entity_id, ID);
    CHECK_STR(item.name, "counter");
    CHECK_STR(item.key, "k");
    CHECK_STR(item.state, "5");
    if (CHECK_INT(item.op_count, 2)) {
        CHECK(item.ops[0].is_signal && !item.ops[1].is_signal);
        CHECK_STR(item.ops[0].name, "add");
        CHECK_STR(item.ops[0].input, NULL);
        CHECK_STR(item.ops[1].name, "get");
        CHECK_STR(item.ops[1].input, "1");
        CHECK_STR(item.ops[1].parent_instance_id, "orch-a");
    }
    given_free(g);
}

TEST(no_more_than_a_batch_is_taken_and_the_rest_stays)
{
    given *g = given_new();
    g->most = 2;
    for (int i = 0; i < 5; i++)
        put_signal(g, "add");

    turn_run(g, 2, "2");
    CHECK_INT(g->inst->queue.count, 3);
    turn_run(g, 2, "4");
    turn_run(g, 1, "5");
    CHECK_STR(text_of(g, "entities", 0, EN_STATE), "5");
    given_free(g);
}

TEST(the_first_operation_makes_the_row_with_state_and_time)
{
    given *g = given_new();
    put_signal(g, "add");

    turn_run(g, 1, "{\"n\":1}");

    CHECK_INT(rows_of(g, "entities"), 1);
    CHECK(!is_gone(g));
    CHECK_STR(text_of(g, "entities", 0, EN_NAME), "counter");
    CHECK_STR(text_of(g, "entities", 0, EN_STATE), "{\"n\":1}");
    CHECK_STR(text_of(g, "entities", 0, EN_HOLDER), NULL);
    CHECK_INT(reader_time(reader_find(&g->read, "entities"), 0, EN_OPERATED, -1), NOW);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(rows_of(g, "send"), 0);
    given_free(g);
}

TEST(an_empty_state_is_a_state)
{
    given *g = given_new();
    put_signal(g, "add");
    turn_run(g, 1, "");
    CHECK(!is_gone(g) && g->inst->ent->has_row);
    CHECK_STR(text_of(g, "entities", 0, EN_STATE), "");
    given_free(g);
}

TEST(an_entity_that_ends_without_a_state_has_no_row)
{
    given *g = given_state("1", NULL);
    put_signal(g, "delete");
    turn_run(g, 1, NULL);
    CHECK_INT(rows_of(g, "entities"), 1);
    CHECK(is_gone(g) && !g->inst->ent->has_row);

    put_signal(g, "get");
    turn_run(g, 1, NULL);
    CHECK_INT(rows_of(g, "entities"), 0);
    CHECK_INT(rows_of(g, "consume"), 1);
    given_free(g);
}

TEST(a_call_is_answered_to_the_run_and_event_that_asked)
{
    given *g = given_new();
    th_entity_result results[] = { { .output = "42" },
                                   { .failure = "{\"type\":\"T\",\"message\":\"m\"}" } };
    put(g, TH_EntityOperationCalled, "get", NULL, A "}");
    put(g, TH_EntityOperationCalled, "bad", NULL, B "}")->parent_ref = 9;
    CHECK_INT(turn(g), TH_TURN_RUN);
    th_entity_answer answer = { .results = results, .result_count = 2, .state = "1" };

    th_entity_apply(&g->step, g->inst, &answer);
    acknowledged(g);

    th_uuid execution = { { 0 } };
    CHECK_INT(rows_of(g, "send"), 2);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityOperationCompleted);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "orch-a");
    CHECK_INT(int_of(g, "send", 0, SE_REF), 7);
    CHECK_STR(text_of(g, "send", 0, SE_PAYLOAD), "42");
    CHECK(reader_uuid(reader_find(&g->read, "send"), 0, SE_EXECUTION, &execution) &&
          execution.b[0] == 0x0a);
    CHECK_INT(int_of(g, "send", 1, SE_KIND), TH_EntityOperationFailed);
    CHECK_INT(int_of(g, "send", 1, SE_REF), 9);
    CHECK_STR(text_of(g, "send", 1, SE_BODY),
              "{\"requestId\":\"r\",\"failure\":{\"type\":\"T\",\"message\":\"m\"}}");
    given_free(g);
}

TEST(operations_without_a_result_go_back_to_the_front)
{
    given *g = given_new();
    th_entity_result result = { 0 };
    put_signal(g, "one");
    put_signal(g, "two");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_signal(g, "three");
    th_entity_answer answer = { .results = &result, .result_count = 1, .state = "1" };

    th_entity_apply(&g->step, g->inst, &answer);
    acknowledged(g);

    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK_INT(turn(g), TH_TURN_RUN);
    th_entity_item item = th_entity_item_of(g->inst);
    if (CHECK_INT(item.op_count, 2)) {
        CHECK_STR(item.ops[0].name, "two");
        CHECK_STR(item.ops[1].name, "three");
    }
    given_free(g);
}

TEST(signals_and_starts_of_operations_go_out_with_the_batch)
{
    given *g = given_new();
    th_entity_result result = { 0 };
    th_entity_action actions[] = {
        { .kind = TH_ENTITY_SIGNALS, .target = "@Other@x", .name = "add", .input = "1" },
        { .kind = TH_ENTITY_SIGNALS, .target = "@other@x", .name = "add", .due_us = NOW + SECOND },
        { .kind = TH_ENTITY_STARTS, .target = "order-1", .name = "Hello", .input = "\"i\"" },
        { .kind = TH_ENTITY_SIGNALS, .target = "no entity", .name = "add" },
    };
    put_signal(g, "go");
    CHECK_INT(turn(g), TH_TURN_RUN);
    th_entity_answer answer = {
        .results = &result, .result_count = 1, .actions = actions, .action_count = 4
    };

    th_entity_apply(&g->step, g->inst, &answer);
    acknowledged(g);

    CHECK_INT(rows_of(g, "send"), 3);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@other@x");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityOperationSignaled);
    CHECK_INT(reader_time(reader_find(&g->read, "send"), 1, SE_DUE, -1), NOW + SECOND);
    CHECK_INT(int_of(g, "send", 2, SE_KIND), TH_ExecutionStarted);
    CHECK_STR(text_of(g, "send", 2, SE_ID), "order-1");
    CHECK_STR(text_of(g, "send", 2, SE_BODY), "{\"makes\":true}");
    given_free(g);
}

TEST(operations_that_no_executor_runs_go_out_and_are_held)
{
    given *g = given_new();
    g->executors[0] = &(const th_executor){ .name = "other", .can_run = can_run };
    put_signal(g, "add");
    put(g, TH_EntityOperationCalled, "get", NULL, A "}");

    turn_alone(g);

    CHECK_INT(rows_of(g, "consume") + rows_of(g, "send"), 0);
    CHECK_INT(rows_of(g, "hold"), 2);
    CHECK_INT(rows_of(g, "episode"), 1);
    CHECK_INT(int_of(g, "episode", 0, EP_KIND), TH_EPISODE_ENTITY);
    CHECK_INT(rows_of(g, "release_some") + rows_of(g, "release"), 0);
    CHECK(g->inst->away);
    given_free(g);
}

TEST(what_is_not_for_an_entity_is_dropped)
{
    given *g = given_new();
    put(g, TH_EventRaised, "e", NULL, NULL);
    put(g, TH_ExecutionStarted, "n", NULL, NULL);
    put(g, TH_EntityOperationCalled, "no parent", NULL, "{\"requestId\":\"r\"}");
    put(g, TH_EntityLockRequested, NULL, NULL, A "}");
    put(g, TH_EntityOperationSignaled, "bad body", NULL, "{");

    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 5);
    given_free(g);
}

TEST(an_id_that_is_no_entitys_runs_nothing_and_answers_calls)
{
    given *g = given_id("@", NULL);
    put(g, TH_EntityOperationCalled, "get", NULL, A "}");
    turn_alone(g);
    CHECK(strstr(text_of(g, "send", 0, SE_BODY), "InvalidEntity") != NULL);
    given_free(g);
}

/* ---- repeats --------------------------------------------------------------------------------- */

TEST(a_message_id_counts_once_in_the_queue_and_after_its_commit)
{
    given *g = given_new();
    put_named_signal(g, "add", "m1");
    put_named_signal(g, "add", "m1");
    put_named_signal(g, "add", "m2");
    turn_run(g, 2, "2");
    CHECK_INT(rows_of(g, "drop"), 1);

    put_named_signal(g, "add", "m2");
    CHECK_INT(turn(g), TH_TURN_NOTHING);
    acknowledged(g);
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(a_message_of_a_batch_that_failed_comes_again)
{
    given *g = given_new();
    put_named_signal(g, "add", "m1");
    CHECK_INT(turn(g), TH_TURN_RUN);
    th_entity_result result = { 0 };
    th_entity_answer answer = { .results = &result, .result_count = 1, .state = "1" };
    th_entity_apply(&g->step, g->inst, &answer);
    th_inst_cool(g->inst);
    th_batch_clear(g->batch);
    free_spent(g);
    th_ent_load(g->inst, NULL);

    put_named_signal(g, "add", "m1");
    CHECK_INT(turn(g), TH_TURN_RUN);
    given_free(g);
}

TEST(of_message_ids_the_last_thousand_are_known)
{
    given *g = given_new();
    char ids[1002][16];
    for (int i = 0; i < 1001; i++) {
        snprintf(ids[i], sizeof ids[i], "m%d", i);
        put_named_signal(g, "add", ids[i]);
        turn_run(g, 1, "1");
    }
    put_named_signal(g, "add", "m1");
    put_named_signal(g, "add", "m0");
    turn_run(g, 1, "1");
    CHECK_INT(rows_of(g, "drop"), 1);
    given_free(g);
}

TEST(a_request_of_one_run_counts_once_while_it_is_queued)
{
    given *g = given_new();
    put(g, TH_EntityOperationCalled, "add", NULL, A "}");
    put(g, TH_EntityOperationCalled, "add", NULL, A "}");
    put(g, TH_EntityOperationCalled, "add", NULL, B "}");
    turn_run(g, 2, "2");
    CHECK_INT(rows_of(g, "drop"), 1);

    put(g, TH_EntityOperationCalled, "add", NULL, A "}");
    turn_run(g, 1, "3");
    given_free(g);
}

/* ---- locks ----------------------------------------------------------------------------------- */

TEST(a_lock_is_granted_written_down_and_handed_on)
{
    given *g = given_new();
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(A, "s", 0));

    turn_alone(g);

    CHECK_STR(text_of(g, "entities", 0, EN_HOLDER),
              "{\"instanceId\":\"orch-a\",\"executionId\":\"0a000000000000000000000000000000\","
              "\"criticalSectionId\":\"s\"}");
    CHECK(reader_time(reader_find(&g->read, "entities"), 0, EN_OPERATED, -1) == -1);
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityLockRequested);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@other@x");
    CHECK_INT(int_of(g, "send", 0, SE_REF), 7);
    CHECK(strstr(text_of(g, "send", 0, SE_BODY), "\"position\":1") != NULL);
    given_free(g);
}

TEST(the_last_of_the_lock_set_tells_the_orchestrator)
{
    given *g = given_new();
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(A, "s", 1));
    turn_alone(g);
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityLockGranted);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "orch-a");
    CHECK_INT(int_of(g, "send", 0, SE_REF), 7);
    CHECK_STR(text_of(g, "send", 0, SE_BODY), "{\"criticalSectionId\":\"s\"}");
    given_free(g);
}

TEST(while_it_is_locked_the_holders_calls_run_and_all_else_is_held)
{
    given *g = given_locked_by_a();
    put_signal(g, "add");
    put(g, TH_EntityOperationCalled, "get", NULL, A "}");
    put(g, TH_EntityOperationCalled, "get", NULL, B "}");
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(B, "t", 0));

    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 2); /* the lock request comes behind what runs */
    turn_run(g, 1, "2");
    CHECK_STR(text_of(g, "send", 0, SE_ID), "orch-a");
    CHECK(text_of(g, "entities", 0, EN_HOLDER) != NULL);
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK(g->inst->maybe_held);
    given_free(g);
}

TEST(another_run_of_the_holders_instance_is_not_the_holder)
{
    given *g = given_locked_by_a();
    put(g, TH_EntityOperationCalled, "get", NULL,
        "{\"requestId\":\"r\",\"parentInstanceId\":\"orch-a\",\"parentExecutionId\":"
        "\"0c000000000000000000000000000000\"}");
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    given_free(g);
}

TEST(an_unlock_puts_back_what_was_held_and_keeps_what_came_later_behind_it)
{
    given *g = given_locked_by_a();
    put_signal(g, "first");
    turn_alone(g);
    put(g, TH_EntityUnlockSent, NULL, NULL, UNLOCK(A, "s"));
    put_signal(g, "second");

    turn_alone(g);

    CHECK_INT(rows_of(g, "release_some"), 1);
    CHECK_STR(text_of(g, "release_some", 0, HE_ID), ID);
    CHECK_STR(text_of(g, "entities", 0, EN_HOLDER), NULL);
    CHECK(g->inst->ent->released);
    CHECK_INT(g->inst->queue.count, 1);
    given_free(g);
}

TEST(an_unlock_waits_for_the_holders_calls_before_it)
{
    given *g = given_locked_by_a();
    put(g, TH_EntityOperationCalled, "get", NULL, A "}");
    put(g, TH_EntityUnlockSent, NULL, NULL, UNLOCK(A, "s"));
    turn_run(g, 1, "1");
    CHECK(g->inst->ent->holder != NULL);
    turn_alone(g);
    CHECK(g->inst->ent->holder == NULL);
    given_free(g);
}

TEST(an_unlock_of_who_is_not_the_holder_takes_back_its_request)
{
    given *g = given_locked_by_a();
    put(g, TH_EntityUnlockSent, NULL, NULL, LOCK(B, "t", 0));

    turn_alone(g);

    CHECK(g->inst->ent->holder != NULL);
    CHECK_INT(rows_of(g, "unrequest"), 1);
    CHECK_STR(text_of(g, "unrequest", 0, UR_MESSAGE_ID), "0b000000000000000000000000000000/t");
    CHECK_INT(int_of(g, "send", 0, SE_KIND), TH_EntityUnlockSent);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@other@x");
    given_free(g);
}

TEST(a_run_that_ends_releases_along_the_way_of_its_request)
{
    given *g = given_locked_by_a();
    put(g, TH_EntityUnlockSent, NULL, NULL, LOCK(A, "s", 0));
    turn_alone(g);
    CHECK(g->inst->ent->holder == NULL);
    CHECK_INT(rows_of(g, "send"), 1);
    CHECK_STR(text_of(g, "send", 0, SE_ID), "@other@x");
    given_free(g);
}

TEST(an_unlock_of_another_section_of_the_holder_changes_nothing)
{
    given *g = given_locked_by_a();
    put(g, TH_EntityUnlockSent, NULL, NULL, UNLOCK(A, "other"));
    turn_alone(g);
    CHECK(g->inst->ent->holder != NULL);
    given_free(g);
}

TEST(the_row_of_an_entity_that_was_only_locked_goes_with_its_lock)
{
    given *g = given_new();
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(A, "s", 1));
    turn_alone(g);
    put(g, TH_EntityUnlockSent, NULL, NULL, UNLOCK(A, "s"));
    turn_alone(g);
    CHECK(is_gone(g) && !g->inst->ent->has_row);
    given_free(g);
}

TEST(locks_are_granted_in_the_order_in_which_they_were_asked_for)
{
    given *g = given_new();
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(A, "s", 1));
    put(g, TH_EntityLockRequested, NULL, NULL, LOCK(B, "t", 1));
    turn_alone(g);
    CHECK_STR(g->inst->ent->holder, "orch-a");
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(rows_of(g, "send"), 1);
    given_free(g);
}

TEST(a_purge_ends_state_and_lock)
{
    given *g = given_locked_by_a();
    put_signal(g, "add");
    turn_alone(g);
    put(g, TH_ExecutionTerminated, NULL, NULL, NULL);
    turn_alone(g);
    CHECK(is_gone(g) && !g->inst->ent->holder && g->inst->ent->released);
    CHECK_INT(rows_of(g, "release_some"), 1);
    given_free(g);
}

TEST(what_comes_behind_held_messages_is_held_too)
{
    given *g = given_state("1", NULL);
    put_signal(g, "first");
    put_signal(g, "later")->behind = true;
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(rows_of(g, "release_some"), 0);
    turn_run(g, 1, "2");
    CHECK_INT(rows_of(g, "release_some"), 1);
    given_free(g);
}

TEST(with_nothing_left_that_may_run_the_next_of_what_is_held_is_put_back)
{
    given *g = given_state("1", NULL);
    put_signal(g, "later")->behind = true;
    turn_alone(g);
    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(rows_of(g, "release_some"), 1);
    CHECK(g->inst->ent->released && !g->inst->maybe_held);
    given_free(g);
}

TEST(as_many_messages_as_were_put_back_say_that_more_may_be_held)
{
    given *g = given_state("1", NULL);
    th_msg *m = put_signal(g, "add");
    for (int i = 1; i < TH_BATCH_RELEASE_SOME; i++)
        th_entity_came(g->inst, m);
    CHECK(!g->inst->maybe_held);
    th_entity_came(g->inst, m);
    CHECK(g->inst->maybe_held);
    given_free(g);
}

/* ---- faults ---------------------------------------------------------------------------------- */

TEST(what_gathered_behind_a_long_run_is_put_back_when_it_is_over)
{
    given *g = given_new();
    put_signal(g, "long");
    CHECK_INT(turn(g), TH_TURN_RUN);
    put_signal(g, "behind");
    th_entity_hold(&g->step, g->inst, th_msg_pop(&g->inst->queue));
    th_entity_result result = { 0 };
    th_entity_answer answer = { .results = &result, .result_count = 1, .state = "1" };

    th_entity_apply(&g->step, g->inst, &answer);
    acknowledged(g);

    CHECK_INT(rows_of(g, "hold"), 1);
    CHECK_INT(rows_of(g, "release_some"), 1);
    CHECK(g->inst->ent->released);
    given_free(g);
}

TEST(a_doomed_entity_fails_its_first_operation_and_goes_on)
{
    given *g = given_state("1", NULL);
    put(g, TH_EntityOperationCalled, "bad", NULL, A "}");
    put_signal(g, "good");
    th_episode_doom(g->inst, "PoisonOperation", "it died");

    turn_alone(g);
    CHECK_INT(rows_of(g, "consume"), 1);
    CHECK(strstr(text_of(g, "send", 0, SE_BODY), "PoisonOperation") != NULL);
    turn_run(g, 1, "2");
    given_free(g);
}

TEST(with_one_at_fault_among_many_each_runs_alone)
{
    given *g = given_new();
    put_signal(g, "a");
    put_signal(g, "b");
    g->inst->ent->singly = 2;
    turn_run(g, 1, "1");
    g->inst->ent->singly = 0;
    turn_run(g, 1, "2");
    given_free(g);
}
