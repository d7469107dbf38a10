/*
 * fuzz_history.c - the events of a history row, and the body of a message.
 *
 * What is read can be written and read again with nothing lost, and the text is the same from then
 * on; what is refused says why.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "engine/event.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(th_buf *out, const th_event *events, size_t count)
{
    th_buf_chr(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            th_buf_chr(out, ',');
        th_event_write(out, &events[i]);
    }
    th_buf_chr(out, ']');
}

/* Written twice, the text is the same. */
static void round_trip(th_arena *arena, const th_event *events, size_t count)
{
    th_buf first = TH_BUF_INIT, second = TH_BUF_INIT;
    th_error err = { 0 };
    th_event *again;
    size_t n;

    write_all(&first, events, count);
    MUST(th_events_read(arena, first.data, first.len, 0, &again, &n, &err) == TH_OK);
    MUST(n == count);
    for (size_t i = 0; i < n; i++) {
        MUST(again[i].kind == events[i].kind && again[i].ref == events[i].ref);
        MUST(!again[i].payload == !events[i].payload);
        MUST(!events[i].payload || strcmp(again[i].payload, events[i].payload) == 0);
    }
    write_all(&second, again, n);
    MUST(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    th_buf_free(&first);
    th_buf_free(&second);
}

static void history(const char *text, size_t size)
{
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    th_event *events;
    size_t count;

    if (th_events_read(arena, text, size, 0, &events, &count, &err) == TH_OK) {
        for (size_t i = 0; i < count; i++)
            MUST(th_kind_name((int)events[i].kind) && events[i].seq == (int32_t)i);
        round_trip(arena, events, count);
    } else {
        MUST(err.rc == TH_INVALID && err.text[0]);
    }
    th_arena_free(arena);
}

/* On an event that has a kind and a ref already, as a message's columns give it. */
static void body(const char *text, size_t size)
{
    static const th_kind kinds[] = { TH_TaskFailed, TH_EventRaised, TH_ExecutionStarted,
                                     TH_KIND_NONE };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        th_arena *arena = th_arena_new(0);
        th_error err = { 0 };
        th_event e = th_event_of(kinds[i]);

        if (th_event_read_body(arena, text, size, &e, &err) != TH_OK)
            MUST(err.rc == TH_INVALID && err.text[0]);
        else if (e.kind != TH_KIND_NONE)
            round_trip(arena, &e, 1);
        MUST(e.kind == kinds[i]);
        th_arena_free(arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char empty[1];
    const char *text = data ? (const char *)data : empty;

    history(text, size);
    body(text, size);
    return 0;
}
