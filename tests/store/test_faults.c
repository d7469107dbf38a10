/*
 * test_faults.c - the k-th operation of the store fails, or is carried out and reported as failed,
 * for every k of a run from an engine's start to its stop: the run still ends right.
 *
 * Quick runs try every fifth k (of SQL activities every fifteenth), from a random one on, which
 * they print; TH_FAULT_K tries one.
 */
#include "given_engine.h"

#include "given_apps.h"
#include "late_executor.h"
#include "runtime/native.h"
#include "runtime/sql_activity.h"
#include "scripts.h"

enum { QUICK_STEP = 5, QUICKER_STEP = 15, SEED = 3 };

/* One fault leaves nothing to be waited for longer than this: a claim whose answer was lost is set
 * free after five seconds (protocol A8). */
static const int64_t patience_us = 12 * SECOND;

typedef struct workload {
    const char *orchestrator;
    const char *input;
    const char *event; /* raised after the start; NULL: none */
    const char *output;
    th_native_entry *app; /* NULL: by the late executor */
    int slots;            /* fewer than tasks: some go through the queue */
    bool posts;           /* calls the SQL activity Post, and says how often */
} workload;

#define HELLO "[\"Hello Tokyo!\",\"Hello Seattle!\",\"Hello London!\"]"

static const workload hello = {
    .orchestrator = "hello_orchestrator", .output = HELLO, .app = hello_app, .slots = 8
};
static const workload fan_out_of_5 = { .orchestrator = "fan_out_orchestrator",
                                       .input = "5",
                                       .output = "30",
                                       .app = fan_out_app,
                                       .slots = 8 };
static const workload queued_fan_out = { .orchestrator = "fan_out_orchestrator",
                                         .input = "5",
                                         .output = "30",
                                         .app = fan_out_app,
                                         .slots = 2 };
static const workload f2_2_by_2 = { .orchestrator = "f2_orchestrator",
                                    .input = "{\"chains\":2,\"length\":2,\"seconds\":0}",
                                    .output = "4",
                                    .app = f2_app,
                                    .slots = 8 };
static const workload renewed = { .orchestrator = "CountDown",
                                  .input = "2",
                                  .output = "\"lift-off\"",
                                  .app = scripts_app,
                                  .slots = 8 };
static const workload timed = {
    .orchestrator = "Race", .event = "go", .output = "\"gone\"", .app = scripts_app, .slots = 8
};
static const workload answered_late = { .orchestrator = "InARow", .output = "[1,2,3]", .slots = 8 };

/* Signals in order, then two entities under lock, then the list of what came, and the end of both.
 */
static const char *line_entity(th_entity *e)
{
    const char *state = th_state(e);

    if (strcmp(th_operation(e), "end") == 0)
        th_delete_state(e);
    else if (!th_has_state(e))
        th_set_state(e, th_text(e, "[%s]", th_input(e)));
    else
        th_set_state(e, th_text(e, "%.*s,%s]", (int)strlen(state) - 1, state, th_input(e)));
    return state;
}

static const char *line_orchestrator(th_orch *o)
{
    th_entity_id both[] = { { "Line", "b" }, { "Line", "a" } };

    for (int i = 0; i < 4; i++)
        th_signal_entity(o, "Line", "a", "add", th_text(o, "%d", i));
    th_lock_entities(o, both, 2);
    th_signal_entity(o, "Line", "c", "end", NULL);
    th_call_entity(o, "Line", "a", "add", "4");
    th_call_entity(o, "Line", "b", "add", th_call_entity(o, "Line", "a", "end", NULL));
    th_unlock(o);
    return th_get_element(o, th_call_entity(o, "Line", "b", "end", NULL), 0);
}

static void line_app(struct th_app *app)
{
    th_add_entity(app, "Line", line_entity);
    th_add_orchestrator(app, "line_orchestrator", line_orchestrator);
}

static const workload line = {
    .orchestrator = "line_orchestrator", .output = "[0,1,2,3,4]", .app = line_app, .slots = 8
};

/* One SQL activity after the other, one that fails, and two at once. */
static const char *posts_orchestrator(th_orch *o)
{
    th_task *both[2];

    th_call_activity(o, "Post", "1");
    if (th_try(o, th_schedule_activity(o, "Post", "-1", NULL)))
        return th_fail_with(o, "Wrong", "it should have failed");
    for (int i = 0; i < 2; i++)
        both[i] = th_schedule_activity(o, "Post", th_text(o, "%d", i + 2), NULL);
    return th_await(o, th_when_all(o, both, 2));
}

static void posts_app(struct th_app *app)
{
    th_add_orchestrator(app, "posts_orchestrator", posts_orchestrator);
}

static const workload posts = { .orchestrator = "posts_orchestrator",
                                .output = "[2,3]",
                                .app = posts_app,
                                .slots = 8,
                                .posts = true };

/* ---- a run ----------------------------------------------------------------------------------- */

typedef struct run {
    const workload *work;
    th_hub hub;
    th_native *native; /* one of the two */
    late *late;
    th_sqlact *sqlact;
    th_engine *engine;
    th_front *front;
    const char *id;
} run;

static const th_executor *make_executor(run *r)
{
    th_error err = { 0 };

    if (r->work->app) {
        r->native = th_native_new(r->work->slots);
        CHECK_INT(th_native_add(r->native, "app", r->work->app, &err), TH_OK);
        return th_native_executor(r->native);
    }
    r->late = late_new(SEED, 2);
    scripts_add(r->late);
    return late_executor(r->late);
}

static void attach(run *r)
{
    if (r->native)
        th_native_attach(r->native, r->engine);
    else
        late_attach(r->late, r->engine);
}

static void add_sql_activities(run *r)
{
    th_sqlact_options options = { .conninfo = given_database(),
                                  .hub_id = r->hub.hub_id,
                                  .connections = 2 };

    r->sqlact = th_sqlact_new(&options);
    th_sqlact_attach(r->sqlact, r->engine);
    th_engine_register(r->engine, th_sqlact_executor(r->sqlact));
}

/* A ledger of its own for the hub. */
static void given_ledger(const th_hub *hub)
{
    text_of("create table if not exists public.ledger (hub text, n int check (n > 0))");
    text_of("create or replace function public.post_%s(p jsonb) returns int language sql as"
            " 'insert into public.ledger values (''%s'', p::int) returning n'",
            hub->name, hub->name);
    text_of("select taskhub.create_activity('Post', 'public.post_%s(jsonb)', '%s')", hub->name,
            hub->name);
}

static void check_ledger(const th_hub *hub)
{
    CHECK_STR(text_of("select string_agg(n::text, ',' order by n) from public.ledger"
                      " where hub = '%s'",
                      hub->name),
              "1,2,3");
}

static th_rc try_up(run *r)
{
    th_engine_options options = given_options(&r->hub);
    const th_executor *executor = make_executor(r);
    th_error err = { 0 };

    options.max_activities = r->work->slots;
    options.orch_timeout_us = 250 * MILLISECOND;
    CHECK_INT(th_engine_new(&options, &r->engine, &err), TH_OK);
    attach(r);
    if (r->work->posts)
        add_sql_activities(r);
    th_engine_register(r->engine, executor);
    return th_engine_start(r->engine, &err);
}

static void down(run *r)
{
    th_front_free(r->front);
    th_engine_stop(r->engine, SECOND);
    th_native_free(r->native);
    if (r->late)
        late_free(r->late);
    th_sqlact_free(r->sqlact);
    th_engine_free(r->engine);
    *r = (run){ .work = r->work, .hub = r->hub, .id = r->id };
}

/* A service that can't reach its database at the start ends, and whoever runs it starts it again.
 */
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
    if (r->work->posts)
        check_ledger(&r->hub);
}

/* Told again after a lost answer, it may find the instance finished: by this very event. */
static void raise_event(const run *r)
{
    th_rc rc =
        given_signal(r->front, &r->hub, TH_SIGNAL_RAISE, r->id, r->work->event, r->work->output);

    CHECK(rc == TH_OK || rc == TH_FINISHED);
}

static void work(run *r)
{
    if (up(r)) {
        CHECK_INT(given_start(r->front, &r->hub, r->work->orchestrator, r->id, r->work->input),
                  TH_OK);
        if (r->work->event)
            raise_event(r);
        check_outcome(r);
    }
    down(r);
}

/* How many operations of the store the run had. */
static int64_t run_with(const workload *w, th_fault what, int64_t k)
{
    run r = { .work = w, .hub = given_hub(2), .id = "one" };

    if (w->posts)
        given_ledger(&r.hub);
    th_fault_arm(what, k);
    work(&r);
    int64_t count = th_fault_count();
    th_fault_arm(TH_FAULT_NONE, 0);
    return count;
}

/* ---- every k --------------------------------------------------------------------------------- */

static const char *name_of(th_fault what)
{
    return what == TH_FAULT_FAIL ? "fail" : "lie";
}

/* How many operations there were; longer ones are the slowest. */
static int64_t try_k(const workload *w, th_fault what, int64_t k, double *slowest)
{
    int64_t begun = given_now_us(), count = run_with(w, what, k);
    double took = (double)(given_now_us() - begun) / 1e6;

    if (took > *slowest)
        *slowest = took;
    if (test_bad)
        printf("%s, the %lldth of %lld operations; again with TH_FAULT_K=%lld\n", name_of(what),
               (long long)k, (long long)count, (long long)k);
    return count;
}

static void say_done(const workload *w, th_fault what, int64_t first, int64_t step, int64_t end,
                     double seconds, double slowest)
{
    printf("%s: %s at operation %lld, %lld, ... up to %lld; %.1f s, the slowest run %.1f s\n",
           w->orchestrator, name_of(what), (long long)first, (long long)(first + step),
           (long long)end, seconds, slowest);
}

/* Until a run has fewer operations than k, so that nothing failed in it. */
static void for_every_k(const workload *w, th_fault what)
{
    const char *only = getenv("TH_FAULT_K");
    th_uuid random = th_uuid_random();
    int64_t step = given_full() ? 1 : w->posts ? QUICKER_STEP : QUICK_STEP, begun = given_now_us();
    int64_t first = only ? atoll(only) : 1 + random.b[0] % step, k = first, count = k;
    double slowest = 0;

    given_quiet();
    for (; k <= count && !test_bad && (!only || k == first); k += step)
        count = try_k(w, what, k, &slowest);
    say_done(w, what, first, step, k - step, (double)(given_now_us() - begun) / 1e6, slowest);
}

static void for_every_fault(const workload *w)
{
    for_every_k(w, TH_FAULT_FAIL);
    if (!test_bad)
        for_every_k(w, TH_FAULT_LIE);
}

TEST(a_run_without_a_fault_ends_right)
{
    given_quiet();
    CHECK(run_with(&hello, TH_FAULT_NONE, 0) > 10);
}

TEST(hello_ends_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&hello);
}

TEST(a_fan_out_ends_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&fan_out_of_5);
}

TEST(a_fan_out_through_the_queue_ends_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&queued_fan_out);
}

TEST(f2_ends_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&f2_2_by_2);
}

TEST(continuing_as_new_ends_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&renewed);
}

TEST(an_event_and_a_cancelled_timer_end_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&timed);
}

TEST(late_answers_end_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&answered_late);
}

TEST(entities_end_right_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&line);
}

TEST(sql_activities_take_effect_once_whichever_operation_fails_or_only_seems_to)
{
    for_every_fault(&posts);
}
