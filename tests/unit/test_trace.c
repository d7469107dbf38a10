/* What a trace context is, and how events have it. */
#include "base/trace.h"

#include <string.h>

#include "test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"

static const char *json_of(th_arena *arena, const char *parent, const char *state)
{
    return th_trace_json(arena, parent, state);
}

TEST(a_traceparent_and_a_tracestate_are_one_object)
{
    th_arena *arena = th_arena_new(0);

    CHECK_STR(json_of(arena, PARENT, NULL), "{\"parent\":\"" PARENT "\"}");
    CHECK_STR(json_of(arena, PARENT, "a=1,b=\"2\\\""),
              "{\"parent\":\"" PARENT "\",\"state\":\"a=1,b=\\\"2\\\\\\\"\"}");
    CHECK_STR(json_of(arena, "01-" TRACE "-00f067aa0ba902b7-00", ""),
              "{\"parent\":\"01-" TRACE "-00f067aa0ba902b7-00\"}");
    th_arena_free(arena);
}

TEST(what_is_no_traceparent_is_none)
{
    static const char *const others[] = {
        "",
        "00-" TRACE "-00f067aa0ba902b7",
        "00-" TRACE "-00f067aa0ba902b7-01-",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-" TRACE "-0000000000000000-01",
        "ff-" TRACE "-00f067aa0ba902b7-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00_" TRACE "-00f067aa0ba902b7-01",
        "00-" TRACE "-00f067aa0ba902b7\"01",
    };
    th_arena *arena = th_arena_new(0);

    CHECK_STR(json_of(arena, NULL, "a=1"), NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_STR(json_of(arena, others[i], NULL), NULL);
    th_arena_free(arena);
}

TEST(a_tracestate_that_is_too_long_or_not_printable_is_left_aside)
{
    th_arena *arena = th_arena_new(0);
    char state[514];

    memset(state, 'a', sizeof state);
    state[513] = '\0';
    CHECK_STR(json_of(arena, PARENT, state), "{\"parent\":\"" PARENT "\"}");
    state[512] = '\0';
    CHECK(strstr(json_of(arena, PARENT, state), "\"state\":\"aaa"));
    CHECK_STR(json_of(arena, PARENT, "a=\x7f"), "{\"parent\":\"" PARENT "\"}");
    CHECK_STR(json_of(arena, PARENT, "a=\xc3\xa9"), "{\"parent\":\"" PARENT "\"}");
    th_arena_free(arena);
}

TEST(what_was_read_is_what_was_written)
{
    th_arena *arena = th_arena_new(0);
    const char *parent, *state;

    th_trace_read(arena, json_of(arena, PARENT, "a=\"1\""), &parent, &state);
    CHECK_STR(parent, PARENT);
    CHECK_STR(state, "a=\"1\"");
    th_trace_read(arena, json_of(arena, PARENT, NULL), &parent, &state);
    CHECK_STR(parent, PARENT);
    CHECK_STR(state, NULL);
    th_trace_read(arena, NULL, &parent, &state);
    CHECK_STR(parent, NULL);
    th_trace_read(arena, "[", &parent, &state);
    CHECK_STR(parent, NULL);
    th_arena_free(arena);
}
