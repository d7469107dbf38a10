#include "http/render.h"

#include "test.h"

#include "base/clock.h"

static th_buf out;

static const char *rendered(const char *text)
{
    th_buf_clear(&out);
    th_render_text(&out, text);
    return out.data;
}

static th_instance instance(int status)
{
    return (th_instance){ .id = "i \"1\"",
                          .name = "F",
                          .status = status,
                          .created_us = 1519795129999999,
                          .updated_us = 1519795130000000 };
}

static const char *status_of(const th_instance *i, const th_render_options *options)
{
    th_buf_clear(&out);
    th_render_status(&out, i, options);
    return out.data;
}

TEST(a_stored_text_becomes_the_json_that_it_holds_or_a_string)
{
    CHECK_STR(rendered(NULL), "null");
    CHECK_STR(rendered(""), "\"\"");
    CHECK_STR(rendered(" \n"), "\"\"");
    CHECK_STR(rendered("null"), "null");
    CHECK_STR(rendered("{\"b\":1,\"a\":2}"), "{\"b\":1,\"a\":2}");
    CHECK_STR(rendered(" { \"b\" : [ 1, 2 ] ,\n\"a\\\" \" : \"x  y\" } "),
              "{\"b\":[1,2],\"a\\\" \":\"x  y\"}");
    CHECK_STR(rendered("123456789012345678901234567890"), "123456789012345678901234567890");
    CHECK_STR(rendered("1.0"), "1.0");
    CHECK_STR(rendered("\"2024-01-31T10:00:00Z\""), "\"2024-01-31T10:00:00Z\"");
    CHECK_STR(rendered("a b&c"), "\"a b&c\"");
    CHECK_STR(rendered("{\"a\":"), "\"{\\\"a\\\":\"");
    CHECK_STR(rendered("{} {}"), "\"{} {}\"");
    CHECK_STR(rendered("\"\\u0000\""), "\"\\u0000\"");
    CHECK_STR(rendered("\xc3\xa9"), "\"\xc3\xa9\"");
}

TEST(a_pending_instance_shows_all_keys_in_order_and_whole_seconds)
{
    th_instance i = instance(TH_PENDING);
    th_render_options options = { .show_input = true, .show_history = true };

    i.input = "{\"b\":1}";
    CHECK_STR(status_of(&i, &options),
              "{\"name\":\"F\",\"instanceId\":\"i "
              "\\\"1\\\"\",\"runtimeStatus\":\"Pending\",\"input\":{\"b\":1},"
              "\"customStatus\":null,\"output\":null,\"createdTime\":\"2018-02-28T05:18:49Z\","
              "\"lastUpdatedTime\":\"2018-02-28T05:18:50Z\"}");
}

TEST(an_input_that_is_not_shown_is_null_and_a_version_is_there_if_there_is_one)
{
    th_instance i = instance(TH_RUNNING);
    th_render_options options = { 0 };

    i.input = "1";
    i.version = "2.0";
    CHECK(strstr(status_of(&i, &options),
                 "\"version\":\"2.0\",\"runtimeStatus\":\"Running\",\"input\":null,"));
}

TEST(a_failed_instance_shows_its_message_and_a_terminated_one_its_reason)
{
    th_instance failed = instance(TH_FAILED), terminated = instance(TH_TERMINATED);
    th_render_options options = { 0 };

    failed.failure = "{\"type\":\"T\",\"message\":\"it \\\"broke\\\"\"}";
    CHECK(strstr(status_of(&failed, &options), "\"output\":\"it \\\"broke\\\"\""));
    failed.failure = NULL;
    failed.output = "123";
    CHECK(strstr(status_of(&failed, &options), "\"output\":\"123\""));
    terminated.output = "123";
    CHECK(strstr(status_of(&terminated, &options), "\"output\":123"));
    terminated.output = "a b&c";
    CHECK(strstr(status_of(&terminated, &options), "\"output\":\"a b&c\""));
}

/* ---- history ----------------------------------------------------------------------------------
 */

static th_event events[16];
static int64_t times[16];
static size_t event_count;

static th_event *add(th_kind kind)
{
    times[event_count] = 1000000 * (int64_t)event_count;
    events[event_count] = th_event_of(kind);
    return &events[event_count++];
}

static const char *history(bool inputs, bool outputs, bool stored)
{
    th_instance i = instance(TH_RUNNING);
    th_render_options options = { .show_input = inputs,
                                  .show_history = true,
                                  .show_history_output = outputs,
                                  .store_inputs = stored,
                                  .events = events,
                                  .times = times,
                                  .event_count = event_count };

    i.input = "\"in\"";
    th_buf_clear(&out);
    th_render_history(&out, &i, &options);
    return out.data;
}

static void given_a_completed_task(void)
{
    th_event *e;

    event_count = 0;
    add(TH_OrchestratorStarted);
    add(TH_ExecutionStarted)->name = "F";
    e = add(TH_TaskScheduled);
    e->id = 0;
    e->name = "Say";
    e->payload = "\"x\"";
    add(TH_OrchestratorStarted);
    e = add(TH_TaskCompleted);
    e->ref = 2;
    e->payload = "{\"a\": 1}";
}

TEST(a_completed_task_takes_name_time_and_input_from_its_scheduling_which_is_left_out)
{
    given_a_completed_task();
    CHECK_STR(history(true, true, true),
              "[{\"EventType\":\"ExecutionStarted\",\"Input\":\"\\\"in\\\"\",\"Correlation\":null,"
              "\"ScheduledStartTime\":null,\"Generation\":0,\"Timestamp\":\"1970-01-01T00:00:01Z\","
              "\"FunctionName\":\"F\"},"
              "{\"EventType\":\"TaskCompleted\",\"Result\":{\"a\":1},\"Timestamp\":\"1970-01-01T00:"
              "00:04Z\","
              "\"ScheduledTime\":\"1970-01-01T00:00:02Z\",\"FunctionName\":\"Say\",\"Input\":"
              "\"\\\"x\\\"\"}]");
}

TEST(inputs_and_results_vanish_unless_asked_for_and_task_inputs_unless_stored)
{
    given_a_completed_task();
    CHECK(!strstr(history(false, false, true), "\"Input\""));
    CHECK(!strstr(history(false, false, true), "\"Result\""));
    CHECK(strstr(history(true, false, false), "\"FunctionName\":\"Say\",\"Input\":null"));
}

TEST(a_pending_task_stays_as_an_entry_of_its_own)
{
    event_count = 0;
    th_event *e = add(TH_TaskScheduled);
    e->name = "Say";
    e->payload = "1";
    CHECK_STR(history(true, true, false),
              "[{\"EventType\":\"TaskScheduled\",\"Name\":\"Say\",\"Input\":null,"
              "\"Timestamp\":\"1970-01-01T00:00:00Z\"}]");
}

TEST(a_failed_task_shows_reason_details_and_the_failure)
{
    event_count = 0;
    add(TH_TaskScheduled)->name = "Say";
    th_event *e = add(TH_TaskFailed);
    e->ref = 0;
    e->failure = "{\"type\":\"T\",\"message\":\"m\",\"inner\":{\"type\":\"I\",\"message\":\"n\"}}";
    CHECK_STR(
        history(false, false, false),
        "[{\"EventType\":\"TaskFailed\",\"Reason\":\"m\",\"Details\":\"m\",\"FailureDetails\":"
        "{\"ErrorType\":\"T\",\"ErrorMessage\":\"m\",\"StackTrace\":null,\"InnerFailure\":"
        "{\"ErrorType\":\"I\",\"ErrorMessage\":\"n\",\"StackTrace\":null,\"InnerFailure\":null,"
        "\"IsNonRetriable\":false,\"Properties\":null},\"IsNonRetriable\":false,\"Properties\":"
        "null},"
        "\"Timestamp\":\"1970-01-01T00:00:01Z\",\"ScheduledTime\":\"1970-01-01T00:00:00Z\","
        "\"FunctionName\":\"Say\"}]");
}

TEST(a_result_whose_ref_points_nowhere_is_shown_without_a_name)
{
    event_count = 0;
    add(TH_TaskCompleted)->ref = 99;
    CHECK(strstr(history(true, true, true),
                 "\"ScheduledTime\":null,\"FunctionName\":null,\"Input\":null"));
    events[0].ref = -5;
    CHECK(strstr(history(true, true, true), "\"ScheduledTime\":null"));
}

TEST(timers_events_and_the_end_have_their_own_keys)
{
    event_count = 0;
    add(TH_TimerCreated)->fire_at = "2018-02-28T05:18:49.3452300Z";
    add(TH_TimerFired)->fire_at = "2018-02-28T05:18:49.0000000Z";
    th_event *e = add(TH_EventRaised);
    e->name = "Go";
    e->payload = "1";
    add(TH_ExecutionSuspended)->payload = "why";
    e = add(TH_ExecutionCompleted);
    e->status = TH_COMPLETED;
    e->payload = "[1]";
    const char *text = history(true, true, false);
    CHECK(strstr(text, "\"TimerCreated\",\"FireAt\":\"2018-02-28T05:18:49.34523Z\",\"Timestamp\""));
    CHECK(strstr(text, "\"TimerFired\",\"FireAt\":\"2018-02-28T05:18:49Z\",\"Timestamp\""));
    CHECK(strstr(text, "\"EventRaised\",\"Name\":\"Go\",\"Input\":\"1\",\"Timestamp\""));
    CHECK(strstr(text, "\"ExecutionSuspended\",\"Reason\":\"why\",\"Timestamp\""));
    CHECK(strstr(text, "\"OrchestrationStatus\":\"Completed\",\"Result\":[1],\"FailureDetails\":"
                       "null,\"Timestamp\""));
}
