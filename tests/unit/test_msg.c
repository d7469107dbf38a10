/* test_msg.c - messages in hand: from inbox rows, and completions without one. */
#include "test.h"

#include "base/log.h"
#include "engine/msg.h"

static th_inbox_row a_row(th_kind kind)
{
    return (th_inbox_row){ .partition_id = 2,
                           .due_us = TH_TIME_NEG_INF,
                           .message_no = 11,
                           .instance_id = "order-1",
                           .kind = (int16_t)kind,
                           .ref = TH_NONE,
                           .sent_us = 1234 };
}

TEST(a_row_becomes_a_message_with_texts_of_its_own)
{
    char payload[] = "payload", row_name[] = "Hello";
    th_inbox_row row = a_row(TH_EventRaised);
    row.has_start = row.has_execution = true;
    row.start_id.b[0] = 1;
    row.execution_id.b[0] = 2;
    row.name = "e";
    row.payload = payload;
    row.message_id = "m";
    row.attempts = 2;
    row.found = true;
    row.status = TH_RUNNING;
    row.row_name = row_name;
    row.row_start_id.b[0] = 1;

    th_msg *m = th_msg_from_row(&row);
    payload[0] = row_name[0] = '!';

    CHECK_INT(m->event.kind, TH_EventRaised);
    CHECK_STR(m->event.payload, "payload");
    CHECK_STR(m->event.name, "e");
    CHECK_STR(m->event.message_id, "m");
    CHECK_INT(m->event.t_us, 1234); /* when it was written */
    CHECK_INT(m->event.ref, TH_NONE);
    CHECK_INT(m->message_no, 11);
    CHECK_INT(m->attempts, 2);
    CHECK(m->has_start && m->start_id.b[0] == 1 && m->execution_id.b[0] == 2);
    CHECK(m->row.found && m->row.status == TH_RUNNING);
    CHECK_STR(m->row.name, "Hello");
    th_msg_free(m);
    th_msg_free(NULL);
}

TEST(absent_and_empty_payloads_differ)
{
    th_inbox_row row = a_row(TH_EventRaised);
    th_msg *m = th_msg_from_row(&row);
    CHECK_STR(m->event.payload, NULL);
    th_msg_free(m);
    row.payload = "";
    m = th_msg_from_row(&row);
    CHECK_STR(m->event.payload, "");
    th_msg_free(m);
}

TEST(a_start_takes_its_input_from_the_instances_row_unless_it_brings_one)
{
    th_inbox_row row = a_row(TH_ExecutionStarted);
    row.input = "1";
    th_msg *m = th_msg_from_row(&row);
    CHECK_STR(m->event.payload, "1");
    th_msg_free(m);
    row.payload = "";
    m = th_msg_from_row(&row);
    CHECK_STR(m->event.payload, "");
    th_msg_free(m);
}

TEST(only_results_have_a_ref)
{
    static const th_kind results[] = { TH_TaskCompleted, TH_TaskFailed, TH_TimerFired };
    for (size_t i = 0; i < 3; i++) {
        th_inbox_row row = a_row(results[i]);
        row.ref = 7;
        th_msg *m = th_msg_from_row(&row);
        CHECK_INT(m->event.ref, 7);
        CHECK_STR(m->event.message_id, NULL);
        CHECK_INT(m->event.t_us,
                  results[i] == TH_TimerFired ? 0 : 1234); /* a timer fires with its episode */
        th_msg_free(m);
    }
    th_inbox_row row = a_row(TH_EventRaised);
    row.ref = 7;
    th_msg *m = th_msg_from_row(&row);
    CHECK_INT(m->event.ref, TH_NONE);
    th_msg_free(m);
}

TEST(a_body_brings_the_failure_and_the_engines_flags)
{
    th_inbox_row row = a_row(TH_TaskFailed);
    row.ref = 3;
    row.body = "{\"failure\":{\"type\":\"T\",\"message\":\"say \\\"carry\\\":true\"}}";
    th_msg *m = th_msg_from_row(&row);
    CHECK_STR(m->event.failure, "{\"type\":\"T\",\"message\":\"say \\\"carry\\\":true\"}");
    CHECK(!m->carry && !m->replaced);
    th_msg_free(m);

    row = a_row(TH_EventRaised);
    row.body = "{\"carry\":true}";
    m = th_msg_from_row(&row);
    CHECK(m->carry && !m->replaced);
    th_msg_free(m);

    row = a_row(TH_ExecutionStarted);
    row.body = "{\"replaced\":true}";
    m = th_msg_from_row(&row);
    CHECK(m->replaced && !m->carry);
    th_msg_free(m);
}

TEST(a_row_of_unknown_kind_or_with_an_unreadable_body_is_a_message_of_no_kind)
{
    static const char *const bodies[] = { "", "[]", "{", "{\"name\":1}", "\xff" };
    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        th_inbox_row row = a_row(TH_EventRaised);
        row.body = bodies[i];
        th_msg *m = th_msg_from_row(&row);
        CHECK_INT(m->event.kind, TH_KIND_NONE);
        th_msg_free(m);
    }
    static const int16_t kinds[] = { 0, -1, 1, 99, INT16_MAX, INT16_MIN };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        th_inbox_row row = a_row(TH_EventRaised);
        row.kind = kinds[i];
        th_msg *m = th_msg_from_row(&row);
        CHECK_INT(m->event.kind, TH_KIND_NONE);
        CHECK_STR(m->instance_id, "order-1");
        th_msg_free(m);
    }
    th_log_setup(TH_LOG_INFO, TH_LOG_TEXT);
}

TEST(a_tasks_failure_that_cannot_be_read_is_a_failure_all_the_same)
{
    th_inbox_row row = a_row(TH_TaskFailed);
    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    row.ref = 3;
    row.body = "{\"failure\":nonsense}";
    th_msg *m = th_msg_from_row(&row);
    th_log_setup(TH_LOG_INFO, TH_LOG_TEXT);
    CHECK_INT(m->event.kind, TH_TaskFailed);
    CHECK_INT(m->event.ref, 3);
    CHECK(m->event.failure && strstr(m->event.failure, "UnreadableFailure"));
    th_msg_free(m);
}

TEST(a_local_completion_has_its_activitys_token_in_place_of_a_row)
{
    static const th_uuid execution = { { 5 } };
    char result[] = "1";
    th_msg *m = th_msg_local(2, "order-1", &execution, 3, 4, 77, 1, result, NULL, 99);
    result[0] = '!';
    CHECK_INT(m->event.kind, TH_TaskCompleted);
    CHECK_STR(m->event.payload, "1");
    CHECK_INT(m->event.ref, 3);
    CHECK_INT(m->event.task_id, 4);
    CHECK_INT(m->event.t_us, 99);
    CHECK_INT(m->message_no, 0);
    CHECK_INT(m->activity_id, 77);
    CHECK_INT(m->claim_no, 1);
    CHECK(m->has_execution && !m->has_start && m->execution_id.b[0] == 5 && !m->row.found);
    th_msg_free(m);

    m = th_msg_local(2, "order-1", &execution, 3, 4, 77, 1, "ignored", "{}", 99);
    CHECK_INT(m->event.kind, TH_TaskFailed);
    CHECK_STR(m->event.payload, NULL);
    CHECK_STR(m->event.failure, "{}");
    th_msg_free(m);

    m = th_msg_local(2, "order-1", &execution, 3, 4, 77, 1, NULL, NULL, 99);
    CHECK_INT(m->event.kind, TH_TaskCompleted);
    CHECK_STR(m->event.payload, NULL);
    th_msg_free(m);
}

static th_msg *numbered(int64_t no)
{
    th_inbox_row row = a_row(TH_EventRaised);
    row.message_no = no;
    return th_msg_from_row(&row);
}

TEST(lists_keep_their_order_and_their_count)
{
    th_msg_list a = { 0 }, b = { 0 };
    th_msg_join(&a, &b);
    CHECK(!a.head && !a.tail && a.count == 0);
    for (int64_t i = 1; i <= 4; i++)
        th_msg_push(i < 3 ? &a : &b, numbered(i));
    th_msg_join(&a, &b);
    CHECK(a.count == 4 && b.count == 0 && !b.head && !b.tail);
    for (int64_t i = 1; i <= 4; i++) {
        th_msg *m = th_msg_pop(&a);
        CHECK_INT(m->message_no, i);
        CHECK(!m->next);
        th_msg_free(m);
    }
    CHECK(!th_msg_pop(&a) && !a.tail && a.count == 0);
}
