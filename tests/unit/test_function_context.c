/* test_function_context.c - what an SDK is shown of history, and what stands around it. */
#include "functions/context.h"

#include "test.h"

static void check_event(const th_event *event, const char *name, const char *want)
{
    th_buf out = TH_BUF_INIT;
    th__shown shown = { .t_us = INT64_C(1767225600123456), .played = true, .name = name };

    th__context_event(&out, event, &shown);
    CHECK_STR(out.data ? out.data : "", want);
    th_buf_free(&out);
}

#define HEAD(type, id)                                     \
    "{\"EventType\":" type ",\"EventId\":" id              \
    ",\"IsPlayed\":true,\"Timestamp\":\"2026-01-01T00:00:" \
    "00.123456Z\""

TEST(a_result_always_has_a_result)
{
    th_event e = th_event_of(TH_TaskCompleted);

    e.task_id = 3;
    check_event(&e, NULL, HEAD("5", "-1") ",\"TaskScheduledId\":3,\"Result\":null}");
    e.payload = "[1]";
    check_event(&e, NULL, HEAD("5", "-1") ",\"TaskScheduledId\":3,\"Result\":\"[1]\"}");
    e.payload = "not json";
    check_event(&e, NULL,
                HEAD("5", "-1") ",\"TaskScheduledId\":3,\"Result\":\"\\\"not json\\\"\"}");
}

TEST(a_failure_names_the_function_and_the_type)
{
    th_event e = th_event_of(TH_TaskFailed);

    e.task_id = 0;
    e.failure = "{\"type\":\"ValueError\",\"message\":\"boom\",\"stack\":\"line 1\"}";
    check_event(
        &e, "f",
        HEAD("6", "-1") ",\"TaskScheduledId\":0,\"Reason\":\"Activity function 'f' failed:  "
                        "ValueError: boom\",\"Details\":\"{\\\"Message\\\":\\\"boom\\\","
                        "\\\"StackTrace\\\":\\\"line 1\\\"}\"}");
}

TEST(an_event_is_spelled_as_its_waiter_spells_it)
{
    th_event e = th_event_of(TH_EventRaised);

    e.name = "PING";
    e.payload = "1";
    check_event(&e, "Ping", HEAD("15", "-1") ",\"Name\":\"Ping\",\"Input\":\"1\"}");
}

TEST(an_entity_s_failure_is_an_answer_with_a_type)
{
    th_event e = th_event_of(TH_EntityOperationFailed);

    e.request_id = "id";
    e.failure = "{\"type\":\"Error\",\"message\":\"no\"}";
    check_event(
        &e, NULL,
        HEAD("15", "-1") ",\"Name\":\"id\",\"Input\":\"{\\\"exceptionType\\\":\\\"Error\\\","
                         "\\\"result\\\":\\\"\\\\\\\"no\\\\\\\"\\\"}\"}");
}

TEST(a_lock_is_asked_for_and_granted_under_the_id_that_the_sdk_gave_it)
{
    th_event asked = th_event_of(TH_EntityLockRequested);
    th_event granted = th_event_of(TH_EntityLockGranted);

    asked.id = 4;
    asked.critical_section_id = granted.critical_section_id = "L";
    check_event(&asked, NULL,
                HEAD("14", "4") ",\"Name\":\"op\",\"Input\":\"{\\\"id\\\":\\\"L\\\"}\"}");
    check_event(&granted, NULL, HEAD("15", "-1") ",\"Name\":\"L\",\"Input\":null}");
}

TEST(what_no_sdk_reads_is_left_out)
{
    th_event e = th_event_of(TH_TaskScheduled);

    e.name = "f";
    check_event(&e, NULL, "");
}

static void check_input(th__language language, const char *input, const char *want)
{
    th_orch_item item = { .instance_id = "i" };
    th_buf out = TH_BUF_INIT;
    char start[100];

    th__context_tail(&out, &item, input, language);
    snprintf(start, sizeof start, "],\"input\":%s,\"instanceId\":\"i\"", want);
    CHECK_MEM(out.data, start, strlen(start));
    th_buf_free(&out);
}

TEST(an_input_is_one_that_the_python_sdk_can_read)
{
    check_input(TH__PYTHON, NULL, "null");
    check_input(TH__PYTHON, "null", "null");
    check_input(TH__PYTHON, "{\"a\":1}", "{\"a\":1}");
    check_input(TH__PYTHON, "\"{\\\"a\\\":1}\"",
                "\"{\\\"a\\\":1}\""); /* a string that holds JSON */
    check_input(TH__PYTHON, "\"text\"", "\"\\\"text\\\"\"");
    check_input(TH__PYTHON, " 5", "\"5\"");
    check_input(TH__PYTHON, "[1]", "\"[1]\"");
    check_input(TH__PYTHON, "no json", "\"no json\"");
}

TEST(an_input_for_node_is_the_value_itself)
{
    check_input(TH__NODE, NULL, "null");
    check_input(TH__NODE, "{\"a\":1}", "{\"a\":1}");
    check_input(TH__NODE, "\"text\"", "\"text\"");
    check_input(TH__NODE, "[1]", "[1]");
    check_input(TH__NODE, "no json", "\"no json\"");
}
