/* test_dispatch.c - activity slots: promises, the limit, tokens, the end. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/dispatch.h"

#define NOW INT64_C(1000000000)

enum { PARTITION = 3, MOST = 64 };

/* An executor that keeps what it is given, or answers at once. */
typedef struct scene {
    th_dispatch *d;
    th_executor executor;
    const th_executor *executors[1];
    bool at_once;
    th_token running[MOST]; /* in the order of their start */
    size_t started, most_at_once, now;
    char names[MOST][16];
    int done, abandoned, idle, cancelled;
    uint64_t last_cancelled;
    int64_t last_id, delay_us;
    bool last_committed;
    char last_result[64], last_failure[128], last_next_input[64];
} scene;

static const char *list(void *self, th_item_kind kind, size_t n)
{
    static const char *const names[] = { "Quick", "Slow", "Other" };
    (void)self;
    return kind == TH_ITEM_ACTIVITY && n < 3 ? names[n] : NULL;
}

static void answer(scene *s, th_token token, th_answer_kind kind, const char *result,
                   const char *failure)
{
    th_activity_answer a = {
        .token = token, .kind = kind, .result = result, .failure = failure, .delay_us = 7
    };
    th_dispatch_answer(s->d, &a);
}

static void run_activity(void *self, const th_activity_item *item)
{
    scene *s = self;
    s->now++;
    if (s->now > s->most_at_once)
        s->most_at_once = s->now;
    if (s->started < MOST) {
        s->running[s->started] = item->token;
        snprintf(s->names[s->started], sizeof s->names[0], "%s", item->name);
    }
    s->started++;
    if (s->at_once)
        answer(s, item->token, TH_ANSWER_DONE, "\"ok\"", NULL);
}

static void done(void *arg, th_act *act, bool abandoned, int64_t delay_us)
{
    scene *s = arg;
    if (act->started_us)
        s->now--;
    s->done += !abandoned;
    s->abandoned += abandoned;
    s->last_id = act->id;
    s->last_committed = act->committed;
    s->delay_us = delay_us;
    snprintf(s->last_result, sizeof s->last_result, "%s", act->result ? act->result : "NULL");
    snprintf(s->last_failure, sizeof s->last_failure, "%s", act->failure ? act->failure : "NULL");
    snprintf(s->last_next_input, sizeof s->last_next_input, "%s",
             act->next_input ? act->next_input : "NULL");
    th_act_free(act);
}

static void idle(void *arg)
{
    ((scene *)arg)->idle++;
}

static scene *given_scene(int max, int64_t timeout_us)
{
    scene *s = th_malloc(sizeof *s);
    th_dispatch_options options = {
        .max = max, .timeout_us = timeout_us, .done = done, .idle = idle, .arg = s
    };
    s->executor =
        (th_executor){ .name = "kept", .self = s, .list = list, .run_activity = run_activity };
    s->executors[0] = &s->executor;
    s->d = th_dispatch_new(&options, s->executors, 1);
    th_clock_set(NOW);
    return s;
}

static void end_scene(scene *s)
{
    th_dispatch_free(s->d);
    free(s);
    th_clock_set(-1);
}

static void add(th_act_list *acts, const char *name, int64_t id)
{
    th_act act = { .partition_id = PARTITION,
                   .id = id,
                   .claim_no = 1,
                   .seq = (int32_t)id,
                   .attempt = 1,
                   .instance_id = "i",
                   .name = name };
    th_act_push(acts, th_act_new(&act));
}

static void start(scene *s, const char *name, int64_t id)
{
    th_act_list acts = { 0 };
    add(&acts, name, id);
    th_dispatch_start(s->d, &acts);
}

static bool promise_and_start(scene *s, const char *name, int64_t id)
{
    bool yes = th_dispatch_reserve(s->d, name);
    if (yes)
        start(s, name, id);
    return yes;
}

/* One run of that length, so that the name's duration is known. */
static void measure(scene *s, const char *name, int64_t us)
{
    size_t n = s->started;
    CHECK(promise_and_start(s, name, 999));
    th_clock_set(NOW + us);
    answer(s, s->running[n], TH_ANSWER_DONE, NULL, NULL);
    th_clock_set(NOW);
}

/* ---- promises -------------------------------------------------------------------------------- */

TEST(while_paused_nothing_begins_and_what_waited_comes_back_abandoned)
{
    scene *s = given_scene(1, 0);

    start(s, "Quick", 1);
    start(s, "Quick", 2); /* waits for the slot */
    th_dispatch_set_paused(s->d, true);
    CHECK_INT(s->started, 1);
    CHECK_INT(s->abandoned, 1);
    CHECK(!th_dispatch_reserve(s->d, "Quick"));
    CHECK_INT(th_dispatch_reserve_free(s->d), 0);
    start(s, "Quick", 3);
    CHECK_INT(s->abandoned, 2);

    answer(s, s->running[0], TH_ANSWER_DONE, "1", NULL);
    CHECK_INT(s->done, 1);
    th_dispatch_set_paused(s->d, false);
    CHECK(promise_and_start(s, "Quick", 4));
    CHECK_INT(s->started, 2);
    end_scene(s);
}

TEST(a_name_of_unknown_duration_is_promised_free_slots_only)
{
    scene *s = given_scene(3, 0);
    for (int i = 0; i < 3; i++)
        CHECK(th_dispatch_reserve(s->d, i % 2 ? "quick" : "QUICK"));
    CHECK(!th_dispatch_reserve(s->d, "Quick"));
    CHECK(!th_dispatch_reserve(s->d, "Other"));
    end_scene(s);
}

TEST(a_name_that_nobody_runs_is_promised_nothing)
{
    scene *s = given_scene(3, 0);
    CHECK(!th_dispatch_reserve(s->d, "Unknown") && !th_dispatch_reserve(s->d, ""));
    CHECK_INT(th_dispatch_reserve_free(s->d), 3);
    end_scene(s);
}

TEST(what_is_given_back_can_be_promised_again)
{
    scene *s = given_scene(2, 0);
    CHECK(th_dispatch_reserve(s->d, "Quick") && th_dispatch_reserve(s->d, "Quick"));
    th_dispatch_unreserve(s->d, 1);
    CHECK(th_dispatch_reserve(s->d, "Quick"));
    CHECK(!th_dispatch_reserve(s->d, "Quick"));
    th_dispatch_unreserve(s->d, 2);
    CHECK_INT(th_dispatch_reserve_free(s->d), 2);
    end_scene(s);
}

TEST(a_quick_name_is_promised_what_will_have_started_within_twenty_milliseconds)
{
    scene *s = given_scene(2, 0);
    int promised = 0;
    measure(s, "Quick", 2000); /* two slots, ten runs of 2 ms each in 20 ms */
    while (promised < 100 && th_dispatch_reserve(s->d, "Quick"))
        promised++;
    CHECK_INT(promised, 2 + 20);
    end_scene(s);
}

TEST(a_process_alone_promises_half_a_second_ahead)
{
    scene *s = given_scene(2, 0);
    int promised = 0;
    measure(s, "Quick", 2000);
    th_dispatch_set_alone(s->d, true);
    while (promised < 1000 && th_dispatch_reserve(s->d, "Quick"))
        promised++;
    CHECK_INT(promised, 2 + 500);
    end_scene(s);
}

TEST(a_slow_name_is_promised_free_slots_only)
{
    scene *s = given_scene(2, 0);
    measure(s, "Slow", 20000);
    th_dispatch_set_alone(s->d, true);
    CHECK(th_dispatch_reserve(s->d, "Slow") && th_dispatch_reserve(s->d, "Slow"));
    CHECK(!th_dispatch_reserve(s->d, "Slow"));
    end_scene(s);
}

TEST(claims_from_the_queue_are_promised_what_is_free_and_no_more)
{
    scene *s = given_scene(5, 0);
    CHECK(promise_and_start(s, "Slow", 1));
    CHECK(th_dispatch_reserve(s->d, "Slow"));
    CHECK_INT(th_dispatch_reserve_free(s->d), 3);
    CHECK_INT(th_dispatch_reserve_free(s->d), 0);
    CHECK(!th_dispatch_reserve(s->d, "Slow"));
    end_scene(s);
}

/* ---- the limit ------------------------------------------------------------------------------- */

TEST(never_more_run_than_the_limit_and_the_rest_waits_in_order)
{
    scene *s = given_scene(3, 0);
    th_act_list acts = { 0 };
    for (int64_t id = 1; id <= 10; id++)
        add(&acts, id == 4 ? "Other" : "Slow", id);

    th_dispatch_start(s->d, &acts);

    CHECK(!acts.head);
    CHECK_INT(s->started, 3);
    CHECK_INT(th_dispatch_active(s->d), 3);
    answer(s, s->running[1], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(s->started, 4);
    CHECK_STR(s->names[3], "Other"); /* the fourth */
    for (size_t i = 0; i < 10; i++)
        if (i != 1)
            answer(s, s->running[i], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(s->started, 10);
    CHECK_INT(s->done, 10);
    CHECK_INT(s->most_at_once, 3);
    CHECK_INT(th_dispatch_active(s->d), 0);
    end_scene(s);
}

TEST(thousands_that_are_answered_at_once_do_not_grow_the_stack)
{
    scene *s = given_scene(2, 0);
    th_act_list acts = { 0 };
    for (int64_t id = 1; id <= 50000; id++)
        add(&acts, "Quick", id);
    s->at_once = true;
    th_dispatch_start(s->d, &acts);
    CHECK_INT(s->done, 50000);
    CHECK_INT(s->most_at_once, 1);
    CHECK_INT(th_dispatch_active(s->d), 0);
    CHECK(s->idle > 0);
    end_scene(s);
}

TEST(an_activity_of_an_unknown_name_comes_back_as_abandoned)
{
    scene *s = given_scene(2, 0);
    start(s, "Unknown", 5);
    CHECK_INT(s->started, 0);
    CHECK_INT(s->abandoned, 1);
    CHECK_INT(s->last_id, 5);
    end_scene(s);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

TEST(an_answer_ends_its_own_activity_with_its_result_or_failure)
{
    scene *s = given_scene(2, 0);
    start(s, "Slow", 1);
    start(s, "Slow", 2);
    CHECK(s->running[0].number && s->running[0].number != s->running[1].number);

    answer(s, s->running[1], TH_ANSWER_DONE, "\"r\"", NULL);
    CHECK_INT(s->last_id, 2);
    CHECK_STR(s->last_result, "\"r\"");
    CHECK_STR(s->last_failure, "NULL");
    answer(s, s->running[0], TH_ANSWER_DONE, "ignored", "{}");
    CHECK_INT(s->last_id, 1);
    CHECK_STR(s->last_result, "NULL");
    CHECK_STR(s->last_failure, "{}");
    end_scene(s);
}

TEST(a_token_that_is_not_current_changes_nothing)
{
    scene *s = given_scene(1, 0);
    start(s, "Slow", 1);
    th_token old = s->running[0];
    answer(s, old, TH_ANSWER_DONE, NULL, NULL);
    answer(s, old, TH_ANSWER_DONE, NULL, NULL); /* twice */
    start(s, "Slow", 2);                        /* in the same slot */
    answer(s, old, TH_ANSWER_DONE, NULL, NULL); /* late */
    static const uint64_t wrong[] = { 0, 1, UINT64_MAX, (uint64_t)1 << 24, 12345678 };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (wrong[i] != s->running[1].number)
            answer(s, (th_token){ -1, wrong[i] }, TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(s->done, 1);
    CHECK_INT(th_dispatch_active(s->d), 1);
    end_scene(s);
}

TEST(lost_and_abandoned_ones_come_back_without_an_answer)
{
    scene *s = given_scene(1, 0);
    start(s, "Slow", 1);
    answer(s, s->running[0], TH_ANSWER_ABANDONED, "1", NULL);
    CHECK_INT(s->abandoned, 1);
    CHECK_INT(s->delay_us, 7);
    CHECK_STR(s->last_result, "NULL");
    start(s, "Slow", 2);
    answer(s, s->running[1], TH_ANSWER_LOST, NULL, NULL);
    CHECK_INT(s->abandoned, 2);
    CHECK_INT(s->done, 0);
    end_scene(s);
}

TEST(one_that_goes_on_later_keeps_what_comes_next_and_gives_its_slot_back)
{
    scene *s = given_scene(1, 0);
    start(s, "Slow", 1);
    th_activity_answer later = { .token = s->running[0],
                                 .kind = TH_ANSWER_ABANDONED,
                                 .next_input = "{\"poll\":1}",
                                 .delay_us = 30 };
    th_dispatch_answer(s->d, &later);
    CHECK_INT(s->abandoned, 1);
    CHECK_INT(s->delay_us, 30);
    CHECK_STR(s->last_next_input, "{\"poll\":1}");
    CHECK_INT(th_dispatch_active(s->d), 0);
    end_scene(s);
}

/* ---- given up ---------------------------------------------------------------------------------
 */

static void cancel_run(void *self, th_token token)
{
    scene *s = self;
    s->cancelled++;
    s->last_cancelled = token.number;
}

TEST(one_task_of_an_execution_can_be_given_up_whether_it_runs_or_waits)
{
    scene *s = given_scene(1, 0);
    static const th_uuid execution;
    s->executor.cancel = cancel_run;
    start(s, "Slow", 1);
    start(s, "Slow", 2);

    th_dispatch_cancel_task(s->d, PARTITION, &execution, 7);
    CHECK_INT(s->cancelled + s->done, 0);
    th_dispatch_cancel_task(s->d, PARTITION, &execution, 2);
    CHECK_INT(s->done, 1);
    CHECK_INT(s->last_id, 2);
    th_dispatch_cancel_task(s->d, PARTITION, &execution, 1);
    CHECK_INT(s->cancelled, 1);
    CHECK_INT(s->last_cancelled, s->running[0].number);
    end_scene(s);
}

TEST(what_runs_for_a_second_is_asked_about_until_it_is_told)
{
    scene *s = given_scene(2, 0);
    s->executor.cancel = cancel_run;
    start(s, "Slow", 1);
    th_clock_set(NOW + 500000);
    start(s, "Slow", 2);
    size_t n;

    free(th_dispatch_long(s->d, NOW + 999999, &n));
    CHECK_INT(n, 0);
    th_claim *claims = th_dispatch_long(s->d, NOW + 1000000, &n);
    if (CHECK_INT(n, 1)) {
        CHECK_INT(claims[0].id, 1);
        th_dispatch_cancel_claim(s->d, &claims[0]);
        claims[0].claim_no++;
        th_dispatch_cancel_claim(s->d, &claims[0]);
    }
    free(claims);
    CHECK_INT(s->cancelled, 1);
    free(th_dispatch_long(s->d, NOW + 1000000, &n));
    CHECK_INT(n, 0);
    end_scene(s);
}

/* ---- time, drain ----------------------------------------------------------------------------- */

TEST(what_runs_past_the_timeout_fails_and_its_late_answer_is_ignored)
{
    scene *s = given_scene(2, 5000);
    start(s, "Slow", 1);
    th_clock_set(NOW + 3000);
    start(s, "Slow", 2);

    th_dispatch_expire(s->d, NOW + 5000);
    CHECK_INT(s->done, 0);
    th_dispatch_expire(s->d, NOW + 5001);
    CHECK_INT(s->done, 1);
    CHECK_INT(s->last_id, 1);
    CHECK(strstr(s->last_failure, "TimeoutException") != NULL);
    CHECK_INT(th_dispatch_active(s->d), 1);
    answer(s, s->running[0], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(s->done, 1);
    th_dispatch_expire(s->d, NOW + 60000);
    CHECK_INT(s->done, 2);
    end_scene(s);
}

TEST(without_a_timeout_nothing_expires)
{
    scene *s = given_scene(1, 0);
    start(s, "Slow", 1);
    th_dispatch_expire(s->d, INT64_MAX);
    CHECK_INT(s->done, 0);
    end_scene(s);
}

TEST(draining_gives_back_what_waits_and_lets_finish_what_runs)
{
    scene *s = given_scene(1, 0);
    for (int64_t id = 1; id <= 3; id++)
        start(s, "Slow", id);

    th_dispatch_drain(s->d);

    CHECK_INT(s->abandoned, 2);
    CHECK_INT(th_dispatch_active(s->d), 1);
    CHECK(!th_dispatch_reserve(s->d, "Slow"));
    CHECK_INT(th_dispatch_reserve_free(s->d), 0);
    start(s, "Slow", 4); /* its commit was under way */
    CHECK_INT(s->abandoned, 3);
    answer(s, s->running[0], TH_ANSWER_DONE, "1", NULL);
    CHECK_INT(s->done, 1);
    CHECK_INT(th_dispatch_active(s->d), 0);
    end_scene(s);
}

TEST(what_waits_and_what_runs_is_told_by_partition)
{
    scene *s = given_scene(1, 0);
    size_t n = 9;
    for (int64_t id = 1; id <= 3; id++)
        start(s, "Slow", id);
    int64_t *ids = th_dispatch_running(s->d, PARTITION, &n);
    CHECK_INT(n, 3);
    CHECK(ids[0] == 1 && ids[1] == 2 && ids[2] == 3);
    free(ids);
    ids = th_dispatch_running(s->d, PARTITION + 1, &n);
    CHECK_INT(n, 0);
    free(ids);
    end_scene(s);
}

TEST(quick_ones_are_counted_until_their_answer)
{
    scene *s = given_scene(1, 0);
    measure(s, "Quick", 1000);
    CHECK_INT(th_dispatch_quick(s->d), 0);
    start(s, "Quick", 1);
    start(s, "Quick", 2);
    start(s, "Slow", 3);
    CHECK_INT(th_dispatch_quick(s->d), 2);
    answer(s, s->running[1], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(th_dispatch_quick(s->d), 1);
    th_dispatch_drain(s->d);
    CHECK_INT(th_dispatch_quick(s->d), 1); /* the one that runs */
    answer(s, s->running[2], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(th_dispatch_quick(s->d), 0);
    end_scene(s);
}

TEST(what_an_executor_has_committed_is_done_and_says_so)
{
    scene *s = given_scene(1, 0);
    th_act_list acts = { 0 };
    CHECK(th_dispatch_reserve(s->d, "Quick"));
    add(&acts, "Quick", 7);
    th_dispatch_start(s->d, &acts);

    th_activity_answer a = { .token = s->running[0], .kind = TH_ANSWER_DONE, .committed = true };
    th_dispatch_answer(s->d, &a);
    CHECK_INT(s->done, 1);
    CHECK(s->last_committed);
    end_scene(s);
}

TEST(an_executor_that_commits_keeps_the_timeout_itself)
{
    scene *s = given_scene(1, 1000000);
    th_act_list acts = { 0 };
    s->executor.commits = true;
    CHECK(th_dispatch_reserve(s->d, "Quick"));
    add(&acts, "Quick", 7);
    th_dispatch_start(s->d, &acts);

    th_dispatch_expire(s->d, NOW + 10000000);
    CHECK_INT(s->done, 0);
    answer(s, s->running[0], TH_ANSWER_DONE, NULL, NULL);
    CHECK_INT(s->done, 1);
    CHECK(!s->last_committed);
    end_scene(s);
}

TEST(names_are_listed_in_lower_case)
{
    scene *s = given_scene(1, 0);
    size_t n;
    th_arena *arena = th_arena_new(0);
    const char *const *names = th_dispatch_names(s->d, arena, &n);
    CHECK_INT(n, 3);
    CHECK_STR(names[0], "quick");
    th_arena_free(arena);
    end_scene(s);
}

/* ---- the throttle ---------------------------------------------------------------------------- */

/* Standard error goes to a file meanwhile. */
static int take_log(void)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    fclose(file);
    return saved;
}

static char *give_log_back(int saved)
{
    static char text[4096];
    off_t end = lseek(STDERR_FILENO, 0, SEEK_END);
    lseek(STDERR_FILENO, 0, SEEK_SET);
    ssize_t n = read(STDERR_FILENO, text, end < (off_t)sizeof text ? (size_t)end : sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    dup2(saved, STDERR_FILENO);
    close(saved);
    return text;
}

static int count(const char *text, const char *words)
{
    int n = 0;
    while ((text = strstr(text, words)) != NULL) {
        n++;
        text++;
    }
    return n;
}

TEST(the_log_says_once_a_change_that_the_limit_stops_work)
{
    scene *s = given_scene(2, 0);
    th_log_setup(TH_LOG_INFO, TH_LOG_TEXT);
    int saved = take_log();
    CHECK(promise_and_start(s, "Slow", 1) && promise_and_start(s, "Slow", 2));
    for (int i = 0; i < 10; i++)
        CHECK(!th_dispatch_reserve(s->d, "Slow"));
    th_dispatch_stopped(s->d);
    th_dispatch_expire(s->d, NOW); /* still at the limit */
    th_dispatch_expire(s->d, NOW);
    answer(s, s->running[0], TH_ANSWER_DONE, NULL, NULL);
    th_dispatch_expire(s->d, NOW);
    th_dispatch_expire(s->d, NOW);
    const char *text = give_log_back(saved);

    CHECK_INT(count(text, "throttle "), 1);
    CHECK_INT(
        count(
            text,
            "taking no more activities: 2 run and the limit (maxConcurrentActivityFunctions) is 2"),
        1);
    CHECK_INT(count(text, "throttle.over"), 1);
    CHECK_INT(count(text, "1 run and the limit is 2"), 1);
    end_scene(s);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 4, EACH = 2000, SLOTS = 3 };

/* Shared by all threads; an executor that runs each for a moment on the thread that happens to
 * start it. */
typedef struct crowd {
    th_dispatch *d;
    atomic_int running, most, finished;
} crowd;

static void crowd_run(void *self, const th_activity_item *item)
{
    crowd *c = self;
    int now = atomic_fetch_add(&c->running, 1) + 1, most = atomic_load(&c->most);
    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
        ;
    atomic_fetch_sub(&c->running, 1);
    th_activity_answer a = { .token = item->token };
    th_dispatch_answer(c->d, &a);
}

static void crowd_done(void *arg, th_act *act, bool abandoned, int64_t delay_us)
{
    (void)delay_us;
    (void)abandoned;
    atomic_fetch_add(&((crowd *)arg)->finished, 1);
    th_act_free(act);
}

static void crowd_idle(void *arg)
{
    (void)arg;
}

static void *feed(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < EACH; i++) {
        th_act_list acts = { 0 };
        if (th_dispatch_reserve(c->d, "Quick"))
            th_dispatch_unreserve(c->d, 1);
        add(&acts, "Quick", i);
        th_dispatch_start(c->d, &acts);
    }
    return NULL;
}

TEST(from_many_threads_all_are_run_once_and_never_more_than_the_limit_at_once)
{
    crowd c = { 0 };
    pthread_t threads[THREADS];
    th_executor executor = { .name = "crowd", .self = &c, .list = list, .run_activity = crowd_run };
    const th_executor *executors[] = { &executor };
    th_dispatch_options options = {
        .max = SLOTS, .done = crowd_done, .idle = crowd_idle, .arg = &c
    };
    c.d = th_dispatch_new(&options, executors, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, feed, &c);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(c.finished, THREADS * EACH);
    CHECK(c.most <= SLOTS);
    CHECK_INT(th_dispatch_active(c.d), 0);
    th_dispatch_free(c.d);
}
