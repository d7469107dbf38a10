/*
 * test_faults.c - the k-th operation of the store fails, or is carried out and reported as failed,
 * for every k of a run from an engine's start to its stop: the run still ends right.
 *
 * Quick runs try every fifth k, from a random one on, which they print; TH_FAULT_OFFSET repeats it.
 */
#include "given_engine.h"

#include "given_apps.h"
#include "runtime/native.h"

enum { QUICK_STEP = 5, MOST_OPERATIONS = 2000 };

/* One fault leaves nothing to be waited for longer than this: a claim whose answer was lost is set
 * free after five seconds (protocol A8). */
static const int64_t patience_us = 12 * SECOND;

typedef struct workload {
    const char *orchestrator;
    const char *input;
    const char *output;
    th_native_entry *app;
    int slots; /* fewer than tasks: some go through the queue */
} workload;

static const workload hello = { "hello_orchestrator", NULL,
                                "[\"Hello Tokyo!\",\"Hello Seattle!\",\"Hello London!\"]",
                                hello_app, 8 };
static const workload fan_out_of_5 = { "fan_out_orchestrator", "5", "30", fan_out_app, 8 };
static const workload queued_fan_out = { "fan_out_orchestrator", "5", "30", fan_out_app, 2 };
static const workload f2_2_by_2 = { "f2_orchestrator", "{\"chains\":2,\"length\":2,\"seconds\":0}",
                                    "4", f2_app, 8 };

/* ---- a run ----------------------------------------------------------------------------------- */

typedef struct run {
    const workload *work;
    th_hub hub;
    th_native *native;
    th_engine *engine;
    th_front *front;
    const char *id;
} run;

static th_rc try_up(run *r)
{
    th_engine_options options = given_options(&r->hub);
    th_error err = { 0 };

    options.max_activities = r->work->slots;
    r->native = th_native_new(r->work->slots);
    CHECK_INT(th_native_add(r->native, "app", r->work->app, &err), TH_OK);
    CHECK_INT(th_engine_new(&options, &r->engine, &err), TH_OK);
    th_native_attach(r->native, r->engine);
    th_engine_register(r->engine, th_native_executor(r->native));
    return th_engine_start(r->engine, &err);
}

static void down(run *r)
{
    th_front_free(r->front);
    th_engine_stop(r->engine, SECOND);
    th_native_free(r->native);
    th_engine_free(r->engine);
}

/* A service that can't reach its database at the start ends, and whoever runs it starts it again. */
static bool up(run *r)
{
    th_rc rc = try_up(r);

    if (rc == TH_DB_LOST) {
        down(r);
        rc = try_up(r);
    }
    r->front = given_front(r->engine);
    return CHECK_INT(rc, TH_OK);
}

static void check_outcome(const run *r)
{
    if (!CHECK(comes_to_status(&r->hub, r->id, TH_COMPLETED, patience_us)))
        printf("status %s: %s\n", column_of(&r->hub, r->id, "status"),
               column_of(&r->hub, r->id, "failure"));
    CHECK_STR(column_of(&r->hub, r->id, "output"), r->work->output);
    CHECK_STR(left_behind(&r->hub, patience_us), "");
    CHECK_STR(history_fault(&r->hub, r->id), "");
}

static void work(run *r)
{
    if (up(r)) {
        CHECK_INT(given_start(r->front, &r->hub, r->work->orchestrator, r->id, r->work->input),
                  TH_OK);
        check_outcome(r);
    }
    down(r);
}

/* How many operations of the store the run had. */
static int64_t run_with(const workload *w, th_fault what, int64_t k)
{
    run r = { .work = w, .hub = given_hub(2), .id = "one" };

    th_fault_arm(what, k);
    work(&r);
    int64_t count = th_fault_count();
    th_fault_arm(TH_FAULT_NONE, 0);
    return count;
}

/* ---- every k --------------------------------------------------------------------------------- */

static int64_t first_k(void)
{
    const char *given = getenv("TH_FAULT_OFFSET");
    th_uuid random = th_uuid_random();
    int64_t offset = given ? atoll(given) : random.b[0] % QUICK_STEP;

    return given_full() && !given ? 1 : offset + 1;
}

/* Until a run has fewer operations than k, so that nothing failed in it. */
static void for_every_k(const workload *w, th_fault what, const char *name)
{
    int64_t k = first_k(), step = given_full() ? 1 : QUICK_STEP, begun = given_now_us(), slowest = 0;

    given_quiet();
    for (int64_t count = MOST_OPERATIONS; k <= count && !test_bad; k += step) {
        int64_t at = given_now_us();

        count = run_with(w, what, k);
        if (getenv("TH_TEST_SHOW"))
            printf("  %s k %lld of %lld: %lld ms\n", name, (long long)k, (long long)count,
                   (long long)((given_now_us() - at) / 1000));
        if (given_now_us() - at > slowest)
            slowest = given_now_us() - at;
        if (test_bad)
            printf("%s %s: k = %lld of %lld\n", name, w->orchestrator, (long long)k,
                   (long long)count);
    }
    printf("%s %s: from k = %lld to %lld by %lld in %.1f s, the slowest run took %.1f s\n", name,
           w->orchestrator, (long long)first_k(), (long long)k, (long long)step,
           (double)(given_now_us() - begun) / 1e6, (double)slowest / 1e6);
}

TEST(a_run_without_a_fault_ends_right)
{
    given_quiet();
    CHECK(run_with(&hello, TH_FAULT_NONE, 0) > 10);
}

TEST(hello_ends_right_whichever_operation_fails)
{
    for_every_k(&hello, TH_FAULT_FAIL, "fail");
}

TEST(hello_ends_right_whichever_answer_is_lost)
{
    for_every_k(&hello, TH_FAULT_LIE, "lie");
}

TEST(a_fan_out_ends_right_whichever_operation_fails)
{
    for_every_k(&fan_out_of_5, TH_FAULT_FAIL, "fail");
}

TEST(a_fan_out_ends_right_whichever_answer_is_lost)
{
    for_every_k(&fan_out_of_5, TH_FAULT_LIE, "lie");
}

TEST(a_fan_out_through_the_queue_ends_right_whichever_operation_fails)
{
    for_every_k(&queued_fan_out, TH_FAULT_FAIL, "fail");
}

TEST(a_fan_out_through_the_queue_ends_right_whichever_answer_is_lost)
{
    for_every_k(&queued_fan_out, TH_FAULT_LIE, "lie");
}

TEST(f2_ends_right_whichever_operation_fails)
{
    for_every_k(&f2_2_by_2, TH_FAULT_FAIL, "fail");
}

TEST(f2_ends_right_whichever_answer_is_lost)
{
    for_every_k(&f2_2_by_2, TH_FAULT_LIE, "lie");
}
