/* test_rewind.c - what a rewound execution keeps of the history of the one that failed. */
#include "test.h"

#include "engine/episode_rewind.h"

#define AT INT64_C(1790000000000000)

/* ---- histories in short ------------------------------------------------------------------------
 */

/*
 * An episode a line, an event a word: S OrchestratorStarted, E ExecutionStarted, X
 * ExecutionCompleted, T TaskScheduled, t TaskCompleted, f TaskFailed, C child created, c completed,
 * d failed, W TimerCreated, w TimerFired, R EventRaised, G ExecutionRewound, P suspended, O entity
 * called, o its answer, L lock requested. A number: its ref; "T^2": retryOf 2; "C=a": its id.
 */
typedef struct history {
    th_arena *arena;
    th_past_episode episodes[32];
    int64_t at_us[32];
    size_t count;
    th_rewound kept;
    bool started;
} history;

static const struct {
    char word;
    th_kind kind;
} words[] = {
    { 'S', TH_OrchestratorStarted },
    { 'E', TH_ExecutionStarted },
    { 'X', TH_ExecutionCompleted },
    { 'T', TH_TaskScheduled },
    { 't', TH_TaskCompleted },
    { 'f', TH_TaskFailed },
    { 'C', TH_SubOrchestrationInstanceCreated },
    { 'c', TH_SubOrchestrationInstanceCompleted },
    { 'd', TH_SubOrchestrationInstanceFailed },
    { 'W', TH_TimerCreated },
    { 'w', TH_TimerFired },
    { 'R', TH_EventRaised },
    { 'G', TH_ExecutionRewound },
    { 'P', TH_ExecutionSuspended },
    { 'O', TH_EntityOperationCalled },
    { 'o', TH_EntityOperationCompleted },
    { 'L', TH_EntityLockRequested },
};

static th_event event(th_arena *arena, const char *word, int32_t seq)
{
    th_event e = th_event_of(TH_KIND_NONE);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].word == word[0])
            e = th_event_of(words[i].kind);
    CHECK(e.kind != TH_KIND_NONE);
    e.seq = seq;
    e.id = seq + 1000; /* never a key */
    if (word[1] == '^')
        e.retry_of = (int32_t)strtol(word + 2, NULL, 10);
    else if (word[1] == '=')
        e.instance_id = th_strdup(arena, word + 2);
    else if (word[1])
        e.ref = (int32_t)strtol(word + 1, NULL, 10);
    if (e.kind == TH_SubOrchestrationInstanceCreated && strchr(word, '^') && strchr(word, '='))
        e.instance_id = th_strdup(arena, strchr(word, '=') + 1);
    return e;
}

static void read_episode(history *h, char *line, int32_t *seq)
{
    th_event *events = th_new(h->arena, th_event, 64);
    size_t n = 0;
    char *state = NULL;

    for (char *word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state))
        events[n++] = event(h->arena, word, (*seq)++);
    h->at_us[h->count] = AT + (int64_t)h->count;
    h->episodes[h->count++] = (th_past_episode){ events, n };
}

static void write_event(th_buf *out, const th_event *e)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kind == e->kind)
            th_buf_chr(out, words[i].word);
    if (e->retry_of != TH_NONE)
        th_buf_printf(out, "^%d", e->retry_of);
    if (e->instance_id)
        th_buf_printf(out, "=%s", e->instance_id);
    if (e->ref != TH_NONE)
        th_buf_printf(out, "%d", e->ref);
}

/* What stays, in the same writing; the numbers of its events must have no gap. */
static const char *kept(history *h)
{
    th_buf out = TH_BUF_INIT;
    int32_t seq = 0;

    for (size_t i = 0; i < h->kept.count; i++) {
        CHECK(h->kept.episodes[i].count > 0);
        for (size_t k = 0; k < h->kept.episodes[i].count; k++) {
            const th_event *e = &h->kept.episodes[i].events[k];
            CHECK_INT(e->seq, seq++);
            if (i || k)
                th_buf_str(&out, k ? " " : " | ");
            write_event(&out, e);
        }
    }
    const char *text = th_strdup(h->arena, out.data ? out.data : "");
    th_buf_free(&out);
    return text;
}

static history rewound(const char *text)
{
    history h = { .arena = th_arena_new(0) };
    char *copy = th_strdup(h.arena, text), *state = NULL;
    int32_t seq = 0;

    for (char *line = strtok_r(copy, "|", &state); line; line = strtok_r(NULL, "|", &state))
        read_episode(&h, line, &seq);
    h.started = th_rewind_history(h.arena, h.episodes, h.at_us, h.count, &h.kept);
    return h;
}

static void check_kept(const char *text, const char *wanted)
{
    history h = rewound(text);

    CHECK(h.started);
    if (!CHECK_STR(kept(&h), wanted))
        printf("  of %s\n", text);
    th_arena_free(h.arena);
}

/* ---- activities and timers ----------------------------------------------------------------------
 */

TEST(a_failed_activity_goes_with_its_scheduling_and_the_end)
{
    check_kept("S E T | S f2 X", "S E | S");
    check_kept("S E T | S t2 T | S f5 X", "S E T | S t2 | S");
}

TEST(results_follow_the_numbers_of_the_events_that_they_answer)
{
    check_kept("S E T T T | S f2 t3 | S t4 X", "S E T T | S t2 | S t3");
}

TEST(what_has_no_answer_goes_since_the_old_runs_would_never_come)
{
    check_kept("S E T T W W O O L | S f2 w4 o6 X", "S E W O | S w2 o3");
}

TEST(a_failed_activity_goes_with_its_retries_and_their_pauses)
{
    check_kept("S E T | S f2 W^2 | S w5 T^2 | S f8 W^2 | S w11 T^2 | S f14 X",
               "S E | S | S | S | S | S");
}

TEST(a_pause_or_a_retry_under_way_goes_with_its_first_try)
{
    check_kept("S E T T | S f2 W^2 | S f3 X", "S E | S | S");
    check_kept("S E T T | S f2 W^2 | S w6 T^2 | S f3 X", "S E | S | S | S");
}

TEST(a_retry_that_succeeded_keeps_its_failed_tries)
{
    check_kept("S E T | S f2 W^2 | S w5 T^2 | S t8 T | S f11 X",
               "S E T | S f2 W^2 | S w5 T^2 | S t8 | S");
}

TEST(the_first_try_is_named_by_its_new_number)
{
    check_kept("S E T T | S f2 | S f3 W^3 | S w8 T^3 | S t11 X",
               "S E T | S | S f2 W^2 | S w6 T^2 | S t9");
}

TEST(timers_that_fired_and_events_stay)
{
    check_kept("S E W T | S R w2 | S f3 X", "S E W | S R w2 | S");
}

/* ---- children
 * ------------------------------------------------------------------------------------ */

static void check_children(const char *text, const char *wanted, const char *children)
{
    history h = rewound(text);
    th_buf list = TH_BUF_INIT;

    CHECK_STR(kept(&h), wanted);
    for (size_t i = 0; i < h.kept.child_count; i++)
        th_buf_printf(&list, "%s%s:%d<%d", i ? " " : "", h.kept.children[i].created.instance_id,
                      h.kept.children[i].created.seq, h.kept.children[i].was_ref);
    if (!CHECK_STR(list.data ? list.data : "", children))
        printf("  of %s\n", text);
    th_buf_free(&list);
    th_arena_free(h.arena);
}

TEST(a_failed_child_is_awaited_again)
{
    check_children("S E T C=a | S f2 | S d3 X", "S E C=a | S | S", "a:2<3");
}

TEST(a_live_child_is_awaited_on_and_a_completed_one_is_not)
{
    check_children("S E C=a C=b T | S c2 | S f4 X", "S E C=a C=b | S c2 | S", "b:3<3");
}

TEST(of_a_child_that_was_retried_the_first_try_is_awaited)
{
    check_children("S E C=a | S d2 W^2 | S w5 C^2=b | S d8 X", "S E C=a | S | S | S", "a:2<2");
}

TEST(a_child_that_was_retried_under_its_id_is_known_by_the_last_try)
{
    check_children("S E C=a | S d2 W^2 | S w5 C^2=a | S d8 X", "S E C=a | S | S | S", "a:2<8");
    check_children("S E C=a T | S d2 W^2 | S w6 C^2=a | S f3 X", "S E C=a | S | S | S", "a:2<9");
}

TEST(a_child_whose_retry_succeeded_stays_as_it_was)
{
    check_children("S E C=a T | S d2 W^2 | S w6 C^2=b | S c9 f3 X",
                   "S E C=a | S d2 W^2 | S w5 C^2=b | S c8", "");
}

/* ---- episodes
 * ------------------------------------------------------------------------------------ */

TEST(an_end_that_the_engine_wrote_alone_leaves_no_empty_episode)
{
    check_kept("S E T | P | X", "S E | P");
}

TEST(a_start_that_never_ran_gets_a_clock_to_be_replayed_by)
{
    history h = rewound("P | E X");

    CHECK(h.started);
    CHECK_STR(kept(&h), "P | S E");
    CHECK_INT(h.kept.episodes[1].events[0].t_us, AT + 1);
    th_arena_free(h.arena);
}

TEST(episodes_keep_their_time_when_others_go)
{
    history h = rewound("S E T | X | S R");

    CHECK_STR(kept(&h), "S E | S R");
    CHECK_INT(h.kept.at_us[0], AT);
    CHECK_INT(h.kept.at_us[1], AT + 2);
    th_arena_free(h.arena);
}

TEST(a_second_rewind_keeps_the_first)
{
    check_kept("S E | S | G | S T | S f5 X", "S E | S | G | S | S");
}

TEST(ids_payloads_and_the_executors_own_texts_stay)
{
    history h = rewound("S E T T | S f2 | S t3 X");
    const th_event *was = &h.episodes[0].events[3], *is = &h.kept.episodes[0].events[2];

    CHECK_INT(is->id, was->id);
    CHECK_INT(is->seq, 2);
    th_arena_free(h.arena);
}

/* ---- histories that make no sense
 * ---------------------------------------------------------------- */

TEST(a_history_without_a_start_is_none_that_can_be_rewound)
{
    static const char *const cases[] = { "", "X", "S T | S f1 X", "P | X" };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        history h = rewound(cases[i]);
        if (!CHECK(!h.started))
            printf("  %s\n", cases[i]);
        th_arena_free(h.arena);
    }
}

TEST(answers_to_nothing_go)
{
    check_kept("S E t77 t-5 t3 f99 c2 T | S t7 X", "S E T | S t2");
}

TEST(retries_of_nothing_are_tries_of_their_own)
{
    check_kept("S E T^99 T^-1 T^4 | S f2 t3 f4 X", "S E T^-1 | S t2");
}
