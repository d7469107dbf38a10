/* test_event.c - all kinds to JSON and back; absent and empty; odd input. */
#include "test.h"

#include "base/json.h"
#include "engine/event.h"
#include "same_event.h"

#define KIND_NUMBER(name, number, type, payload) number,
static const int kinds[] = { TH_KIND_MAP(KIND_NUMBER) };
#define KIND_KEY(name, number, type, payload) payload,
static const char *const payload_keys[] = { TH_KIND_MAP(KIND_KEY) };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *written(th_arena *arena, const th_event *e)
{
    th_buf json = TH_BUF_INIT;
    th_event_write(&json, e);
    const char *text = th_strndup(arena, json.data, json.len);
    CHECK(!json.failed);
    th_buf_free(&json);
    return text;
}

static th_rc read_array(th_arena *arena, const char *json, th_event **events, size_t *count,
                        th_error *err)
{
    return th_events_read(arena, json, strlen(json), 0, events, count, err);
}

static void check_round_trip(const th_event *e)
{
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    th_event *back;
    size_t count = 0;
    const char *object = written(arena, e);
    const char *json = th_sprintf(arena, "[%s]", object);

    CHECK(th_json_valid(json, strlen(json), NULL));
    if (CHECK_INT(th_events_read(arena, json, strlen(json), e->seq, &back, &count, &err), TH_OK)) {
        CHECK_INT(count, 1);
        const char *difference = event_difference(e, &back[0]);
        if (!CHECK_STR(difference, NULL))
            printf("  %s\n", json);
        CHECK_STR(written(arena, &back[0]), object);
    } else {
        printf("  %s: %s\n", json, err.text);
    }
    th_arena_free(arena);
}

/* ---- kinds and statuses ---------------------------------------------------------------------- */

TEST(each_kind_has_a_name_that_gives_it_back_and_an_event_type)
{
    for (int i = 0; i < KINDS; i++) {
        const char *name = th_kind_name(kinds[i]);
        if (!CHECK(name != NULL))
            continue;
        CHECK_INT(th_kind_parse(name, strlen(name)), kinds[i]);
        CHECK(th_kind_event_type(kinds[i]) >= 0);
    }
}

TEST(what_is_no_kind_is_told_as_such)
{
    static const int numbers[] = { -1, 0, 1, 2, 15, 18, 19, 20, 31, 1000, INT32_MIN, INT32_MAX };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK_STR(th_kind_name(numbers[i]), NULL);
        CHECK_INT(th_kind_event_type(numbers[i]), -1);
        CHECK(!th_kind_is_consumed(numbers[i]));
    }
    CHECK_INT(th_kind_parse("taskCompleted", 13), TH_KIND_NONE);
    CHECK_INT(th_kind_parse("TaskComplete", 12), TH_KIND_NONE);
    CHECK_INT(th_kind_parse("TaskCompleted", 12), TH_KIND_NONE);
    CHECK_INT(th_kind_parse("", 0), TH_KIND_NONE);
}

TEST(results_events_and_the_start_are_consumed_and_what_an_episode_makes_is_not)
{
    CHECK(th_kind_is_consumed(TH_TaskCompleted) && th_kind_is_consumed(TH_TaskFailed));
    CHECK(th_kind_is_consumed(TH_TimerFired) && th_kind_is_consumed(TH_EventRaised));
    CHECK(th_kind_is_consumed(TH_ExecutionStarted) && th_kind_is_consumed(TH_OrchestratorStarted));
    CHECK(!th_kind_is_consumed(TH_TaskScheduled) && !th_kind_is_consumed(TH_TimerCreated));
    CHECK(!th_kind_is_consumed(TH_ExecutionCompleted) &&
          !th_kind_is_consumed(TH_ExecutionSuspended));
}

TEST(statuses_have_names_and_four_of_them_are_ends)
{
    int terminal = 0, status = -1;
    for (int i = TH_RUNNING; i <= TH_SUSPENDED; i++) {
        CHECK(th_status_parse(th_status_name(i), &status));
        CHECK_INT(status, i);
        terminal += th_status_is_terminal(i);
    }
    CHECK_INT(terminal, 4);
    CHECK(!th_status_is_terminal(TH_CONTINUED_AS_NEW) && !th_status_is_terminal(TH_SUSPENDED));
    CHECK_STR(th_status_name(-1), "Unknown");
    CHECK_STR(th_status_name(8), "Unknown");
    CHECK(!th_status_parse("running", &status) && !th_status_parse("", &status));
}

/* ---- round trips ----------------------------------------------------------------------------- */

TEST(an_event_with_nothing_in_it_comes_back_with_nothing_in_it)
{
    for (int i = 0; i < KINDS; i++) {
        th_event e = th_event_of((th_kind)kinds[i]);
        check_round_trip(&e);
    }
}

TEST(an_event_with_everything_in_it_comes_back_whole)
{
    for (int i = 0; i < KINDS; i++) {
        th_event e = th_event_of((th_kind)kinds[i]);
        int32_t n = 0;
        e.seq = 41;
        e.t_us = INT64_C(1790000000123456);
#define FILL_TEXT(member) \
    e.member = "the " #member " of \"it\"\\ \n\t\x01 \xc3\xa9 \xf0\x9f\x98\x80 \\u0000";
        EVENT_TEXTS(FILL_TEXT)
#undef FILL_TEXT
#define FILL_NUMBER(member) e.member = n++;
        EVENT_NUMBERS(FILL_NUMBER)
#undef FILL_NUMBER
        e.recurse = 1;
        e.failure =
            "{\"type\":\"T\",\"message\":\"a\\u0000b\",\"inner\":{\"n\":[1,2.5,null,true]}}";
        e.tags = "{\"b\":\"2\",\"a\":\"1\"}"; /* in their order */
        e.trace = "{}";
        e.parent = "{\"instanceId\":\"p\",\"ref\":3}";
        e.lock_set = "[\"@a@1\",\"@b@2\"]";
        check_round_trip(&e);
    }
}

TEST(empty_is_not_absent)
{
    for (int i = 0; i < KINDS; i++) {
        th_event e = th_event_of((th_kind)kinds[i]);
        e.payload = e.name = e.version = e.instance_id = e.data = e.x = e.message_id = "";
        e.id = e.ref = e.task_id = e.attempt = e.status = e.recurse = 0;
        check_round_trip(&e);
    }
}

TEST(the_numbers_at_the_edges_come_back)
{
    th_event e = th_event_of(TH_TaskCompleted);
    e.ref = INT32_MAX;
    e.task_id = INT32_MIN + 1;
    e.id = -1;
    e.t_us = INT64_MAX;
    check_round_trip(&e);
    e.t_us = INT64_MIN;
    check_round_trip(&e);
}

TEST(a_payload_is_a_string_under_the_key_of_its_kind)
{
    th_arena *arena = th_arena_new(0);
    for (int i = 0; i < KINDS; i++) {
        th_event e = th_event_of((th_kind)kinds[i]);
        e.payload = "{\"a\": 1.0}";
        const char *want = th_sprintf(arena, "\"%s\":\"{\\\"a\\\": 1.0}\"", payload_keys[i]);
        CHECK(strstr(written(arena, &e), want) != NULL);
    }
    th_arena_free(arena);
}

TEST(a_payload_need_not_be_json_and_comes_back_byte_for_byte)
{
    static const char *const payloads[] = { "",
                                            " ",
                                            "not json",
                                            "{\"a\":1,\"a\":2.50}",
                                            "\"\\u0000\"",
                                            "\x7f\x1f\x01",
                                            "\"",
                                            "\\",
                                            "\xef\xbf\xbd\xf4\x8f\xbf\xbf",
                                            "</script>" };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        th_event e = th_event_of(TH_EventRaised);
        e.payload = payloads[i];
        check_round_trip(&e);
    }
}

TEST(seq_counts_from_the_rows_first)
{
    static const char json[] = "[{\"kind\":\"OrchestratorStarted\"},{\"kind\":\"TaskScheduled\"},{"
                               "\"kind\":\"TimerCreated\"}]";
    th_arena *arena = th_arena_new(0);
    th_event *events;
    size_t count;
    CHECK_INT(th_events_read(arena, json, strlen(json), 7, &events, &count, NULL), TH_OK);
    CHECK_INT(count, 3);
    for (int32_t i = 0; i < 3; i++)
        CHECK_INT(events[i].seq, 7 + i);
    th_arena_free(arena);
}

TEST(a_copy_lives_on_its_own)
{
    th_arena *arena = th_arena_new(0);
    char name[] = "name", payload[] = "payload", tags[] = "{}";
    th_event e = th_event_of(TH_TaskScheduled);
    e.name = name;
    e.payload = payload;
    e.tags = tags;
    e.id = 5;
    th_event copy = th_event_copy(arena, &e);
    name[0] = payload[0] = tags[0] = '!';
    CHECK_STR(copy.name, "name");
    CHECK_STR(copy.payload, "payload");
    CHECK_STR(copy.tags, "{}");
    CHECK_STR(copy.version, NULL);
    CHECK_INT(copy.id, 5);
    th_arena_free(arena);
}

/* ---- odd input ------------------------------------------------------------------------------- */

TEST(what_is_not_the_events_of_an_episode_is_refused_with_the_key_or_place_and_the_rule)
{
    static const struct {
        const char *json, *words;
    } cases[] = {
        { "", "history" },
        { "[", "byte" },
        { "{}", "must be an array" },
        { "null", "history" },
        { "[1]", "'kind'" },
        { "[[]]", "'kind'" },
        { "[{}]", "'kind'" },
        { "[{\"kind\":1}]", "'kind'" },
        { "[{\"kind\":\"\"}]", "unknown kind" },
        { "[{\"kind\":\"TaskDone\"}]", "'TaskDone'" },
        { "[{\"kind\":\"TaskCompleted\\u0000\"}]", "unknown kind" },
        { "[{\"kind\":\"TimerFired\"},{\"kind\":\"X\"}]", "event 1" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":\"2\"}]", "'ref' must be a whole number" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":2.0}]", "'ref' must be a whole number" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":null}]", "'ref' must be a whole number" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":2147483648}]", "32 bits" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":-2147483648}]", "32 bits" },
        { "[{\"kind\":\"TaskCompleted\",\"ref\":99999999999999999999}]", "history" },
        { "[{\"kind\":\"TaskCompleted\",\"result\":{}}]", "'result' must be a string" },
        { "[{\"kind\":\"TaskCompleted\",\"result\":1}]", "'result' must be a string" },
        { "[{\"kind\":\"TaskCompleted\",\"result\":\"a\\u0000b\"}]",
          "'result' must be a string without a NUL" },
        { "[{\"kind\":\"EventRaised\",\"name\":[]}]", "'name' must be a string" },
        { "[{\"kind\":\"EventRaised\",\"t\":\"now\"}]", "'t' must be microseconds" },
        { "[{\"kind\":\"EventRaised\",\"t\":1e3}]", "'t' must be microseconds" },
        { "[{\"kind\":\"EventRaised\"}] x", "history" },
        { "[{\"kind\":\"EventRaised\",\"name\":\"\xff\"}]", "history" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        th_arena *arena = th_arena_new(0);
        th_error err = { 0 };
        th_event *events;
        size_t count;
        CHECK_INT(read_array(arena, cases[i].json, &events, &count, &err), TH_INVALID);
        if (!CHECK(strstr(err.text, cases[i].words) != NULL))
            printf("  %s: %s\n", cases[i].json, err.text);
        th_arena_free(arena);
    }
}

TEST(a_raw_nul_inside_the_array_is_refused)
{
    static const char json[] = "[{\"kind\":\"EventRaised\",\"name\":\"a\0b\"}]";
    th_arena *arena = th_arena_new(0);
    th_event *events;
    size_t count;
    CHECK_INT(th_events_read(arena, json, sizeof json - 1, 0, &events, &count, NULL), TH_INVALID);
    th_arena_free(arena);
}

TEST(nesting_without_end_is_refused)
{
    th_arena *arena = th_arena_new(0);
    th_buf json = TH_BUF_INIT;
    th_event *events;
    size_t count;
    th_buf_str(&json, "[{\"kind\":\"TaskFailed\",\"failure\":");
    for (int i = 0; i < 100000; i++)
        th_buf_chr(&json, '[');
    CHECK_INT(th_events_read(arena, json.data, json.len, 0, &events, &count, NULL), TH_INVALID);
    th_buf_free(&json);
    th_arena_free(arena);
}

TEST(null_is_absent_and_unknown_keys_are_ignored)
{
    static const char json[] = "[{\"kind\":\"TaskCompleted\",\"result\":null,\"name\":null,"
                               "\"tags\":null,\"new\":[1],\"input\":\"x\"}]";
    th_arena *arena = th_arena_new(0);
    th_event *events, bare = th_event_of(TH_TaskCompleted);
    size_t count;
    CHECK_INT(read_array(arena, json, &events, &count, NULL), TH_OK);
    CHECK_STR(event_difference(&events[0], &bare), NULL); /* "input" is not its payload key */
    th_arena_free(arena);
}

TEST(an_empty_episode_has_no_events)
{
    th_arena *arena = th_arena_new(0);
    th_event *events;
    size_t count = 9;
    CHECK_INT(read_array(arena, "[]", &events, &count, NULL), TH_OK);
    CHECK_INT(count, 0);
    th_arena_free(arena);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

TEST(a_body_adds_to_the_event_that_the_columns_made)
{
    static const char body[] = "{\"failure\":{\"type\":\"T\",\"message\":\"\"},\"replaced\":true}";
    th_arena *arena = th_arena_new(0);
    th_event e = th_event_of(TH_TaskFailed);
    e.ref = 4;
    e.t_us = 5;
    CHECK_INT(th_event_read_body(arena, body, strlen(body), &e, NULL), TH_OK);
    CHECK_STR(e.failure, "{\"type\":\"T\",\"message\":\"\"}");
    CHECK_INT(e.ref, 4);
    CHECK_INT(e.t_us, 5);
    CHECK_INT(e.kind, TH_TaskFailed);
    th_arena_free(arena);
}

TEST(a_body_that_is_not_an_object_is_refused)
{
    static const char *const bodies[] = { "", "[]", "1", "{", "{\"ref\":\"x\"}", "{\"name\":1}" };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        th_arena *arena = th_arena_new(0);
        th_error err = { 0 };
        th_event e = th_event_of(TH_EventRaised);
        CHECK_INT(th_event_read_body(arena, bodies[i], strlen(bodies[i]), &e, &err), TH_INVALID);
        CHECK(err.text[0] != 0);
        th_arena_free(arena);
    }
}
