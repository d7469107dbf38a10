/* test_native.c - loading apps (compiled here, by cc), names, starters, activities on threads. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <taskhub.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/native.h"

/* ---- an engine that only takes answers ------------------------------------------------------ */

struct th_engine {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, failed, abandoned;
    char result[300], failure[300];
    pthread_t thread; /* of the last answer */
};

static th_engine engine = { .lock = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER };

void th_engine_orch_answered(th_engine *e, const th_answer *answer)
{
    (void)e;
    (void)answer;
    CHECK(false && "no orchestrator runs here");
}

void th_engine_entity_answered(th_engine *e, const th_entity_answer *answer)
{
    (void)e;
    (void)answer;
    CHECK(false && "no entity runs here");
}

void th_engine_activity_answered(th_engine *e, const th_activity_answer *answer)
{
    pthread_mutex_lock(&e->lock);
    e->abandoned += answer->kind == TH_ANSWER_ABANDONED;
    e->failed += answer->kind == TH_ANSWER_DONE && answer->failure;
    e->done += answer->kind == TH_ANSWER_DONE && !answer->failure;
    snprintf(e->result, sizeof e->result, "%s", answer->result ? answer->result : "(none)");
    snprintf(e->failure, sizeof e->failure, "%s", answer->failure ? answer->failure : "(none)");
    e->thread = pthread_self();
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void forget(void)
{
    pthread_mutex_lock(&engine.lock);
    engine.done = engine.failed = engine.abandoned = 0;
    pthread_mutex_unlock(&engine.lock);
}

/* Waits until that many were answered, for at most a minute. */
static bool answered(int n)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&engine.lock);
    while (engine.done + engine.failed + engine.abandoned < n && rc == 0)
        rc = pthread_cond_timedwait(&engine.changed, &engine.lock, &until);
    int got = engine.done + engine.failed + engine.abandoned;
    pthread_mutex_unlock(&engine.lock);
    return CHECK_INT(got, n);
}

static th_native *native_with(th_native_entry *entry, int threads)
{
    th_native *native = th_native_new(threads);
    th_error err = { 0 };

    th_log_setup(TH_LOG_WARN, TH_LOG_TEXT);
    forget();
    th_native_attach(native, &engine);
    if (!CHECK_INT(th_native_add(native, "inside", entry, &err), TH_OK))
        puts(err.text);
    return native;
}

static void start(th_native *native, const char *name, const char *input, uint64_t number)
{
    const th_executor *x = th_native_executor(native);
    th_activity_item item = { .token = { -1, number }, .instance_id = "i1", .name = name };

    item.input = input;
    item.attempt = 2;
    item.delivery = 3;
    x->run_activity(x->self, &item);
}

/* ---- activities ----------------------------------------------------------------------------- */

static const char *show(th_activity *a)
{
    return th_text(a, "[%s,\"%s\",%d,%d]", th_input(a), th_instance_id(a), th_attempt(a),
                   th_delivery(a));
}

static const char *refuse(th_activity *a)
{
    return th_fail_with(a, "Refused", "code %d", 7);
}

static const char *not_json(th_activity *a)
{
    (void)a;
    return "hello";
}

static const char *nothing(th_activity *a)
{
    (void)a;
    return NULL;
}

static atomic_int gate_open, in_gate;

/* Stays until the gate opens or it is cancelled. */
static const char *gate(th_activity *a)
{
    atomic_fetch_add(&in_gate, 1);
    while (!atomic_load(&gate_open) && !th_is_cancelled(a))
        usleep(500);
    atomic_fetch_sub(&in_gate, 1);
    return th_is_cancelled(a) ? "\"cancelled\"" : "\"through\"";
}

static bool poll_gate(int n)
{
    for (int i = 0; i < 20000 && atomic_load(&in_gate) != n; i++)
        usleep(500);
    return CHECK_INT(atomic_load(&in_gate), n);
}

static void activities_app(th_app *app)
{
    th_add_activity(app, "Show", show);
    th_add_activity(app, "Refuse", refuse);
    th_add_activity(app, "NotJson", not_json);
    th_add_activity(app, "Nothing", nothing);
    th_add_activity(app, "Gate", gate);
}

TEST(an_activity_runs_on_another_thread_and_sees_its_item)
{
    th_native *native = native_with(activities_app, 2);

    start(native, "SHOW", "{\"a\":1}", 1);
    if (answered(1)) {
        CHECK_STR(engine.result, "[{\"a\":1},\"i1\",2,3]");
        CHECK(!pthread_equal(engine.thread, pthread_self()));
    }
    th_native_free(native);
}

TEST(failures_wrong_results_and_unknown_names_are_answered_as_failures)
{
    static const char *const cases[][2] = {
        { "Refuse", "{\"type\":\"Refused\",\"message\":\"code 7\"}" },
        { "NotJson",
          "{\"type\":\"ApiMisuse\",\"message\":\"the result of activity 'NotJson' is not JSON" },
        { "Missing", "{\"type\":\"FunctionNotFound\",\"message\":\"no loaded app has an activity "
                     "'Missing'\",\"nonRetriable\":true}" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        th_native *native = native_with(activities_app, 1);
        start(native, cases[i][0], NULL, 1);
        if (answered(1) && !CHECK(strncmp(engine.failure, cases[i][1], strlen(cases[i][1])) == 0))
            puts(engine.failure);
        CHECK_INT(engine.failed, 1);
        th_native_free(native);
    }
}

TEST(as_many_activities_run_at_once_as_there_may_be_threads)
{
    th_native *native = native_with(activities_app, 5);

    atomic_store(&gate_open, 0);
    for (uint64_t i = 1; i <= 12; i++)
        start(native, "Gate", NULL, i);
    poll_gate(5);
    atomic_store(&gate_open, 1);
    answered(12);
    th_native_free(native);
}

TEST(a_cancelled_activity_sees_it_and_the_others_do_not)
{
    th_native *native = native_with(activities_app, 2);
    const th_executor *x = th_native_executor(native);

    atomic_store(&gate_open, 0);
    start(native, "Gate", NULL, 41);
    start(native, "Gate", NULL, 42);
    poll_gate(2);
    x->cancel(x->self, (th_token){ -1, 42 });
    if (answered(1))
        CHECK_STR(engine.result, "\"cancelled\"");
    CHECK_INT(atomic_load(&in_gate), 1);
    atomic_store(&gate_open, 1);
    if (answered(2))
        CHECK_STR(engine.result, "\"through\"");
    th_native_free(native);
}

static void *open_gate_soon(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++) { /* until the queued ones were given back */
        pthread_mutex_lock(&engine.lock);
        bool back = engine.abandoned == 3;
        pthread_mutex_unlock(&engine.lock);
        if (back)
            break;
        usleep(500);
    }
    atomic_store(&gate_open, 1);
    return NULL;
}

TEST(free_gives_back_what_is_queued_and_waits_for_what_runs)
{
    th_native *native = native_with(activities_app, 1);
    pthread_t opener;

    atomic_store(&gate_open, 0);
    for (uint64_t i = 1; i <= 4; i++)
        start(native, "Gate", NULL, i);
    poll_gate(1);
    pthread_create(&opener, NULL, open_gate_soon, NULL);
    th_native_free(native);
    pthread_join(opener, NULL);
    CHECK_INT(engine.abandoned, 3);
    CHECK_INT(engine.done, 1);
}

TEST(tens_of_thousands_of_tiny_activities_all_run_beside_one_that_is_long)
{
    enum { N = 30000 };
    th_native *native = native_with(activities_app, 4);

    atomic_store(&gate_open, 0);
    for (uint64_t i = 0; i < N; i++)
        start(native, i == N / 2 ? "Gate" : "Nothing", NULL, i + 1);
    answered(N - 1);
    CHECK_INT(atomic_load(&in_gate), 1);
    atomic_store(&gate_open, 1);
    answered(N);
    CHECK_INT(engine.done, N);
    th_native_free(native);
}

/* ---- names and starters --------------------------------------------------------------------- */

static const char *orch(th_orch *o)
{
    (void)o;
    return NULL;
}

static void named_app(th_app *app)
{
    th_add_orchestrator(app, "Zed", orch);
    th_add_orchestrator(app, "alpha", orch);
    th_add_activity(app, "Zed", nothing);
    th_add_starter(app, "/orchestrators/{name}", NULL);
    th_add_starter(app, "zed/{id}/run", "zed");
}

TEST(names_are_found_in_any_case_and_orchestrators_and_activities_are_apart)
{
    th_native *native = native_with(named_app, 1);
    const th_executor *x = th_native_executor(native);

    CHECK(x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "ZED", NULL));
    CHECK(x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "Alpha", "1.0"));
    CHECK(x->can_run(x->self, TH_ITEM_ACTIVITY, "zed", NULL));
    CHECK(!x->can_run(x->self, TH_ITEM_ACTIVITY, "alpha", NULL));
    CHECK(!x->can_run(x->self, TH_ITEM_ENTITY, "zed", NULL));
    CHECK(!x->can_run(x->self, TH_ITEM_ORCHESTRATOR, NULL, NULL));
    CHECK_STR(x->list(x->self, TH_ITEM_ORCHESTRATOR, 0), "alpha");
    CHECK_STR(x->list(x->self, TH_ITEM_ORCHESTRATOR, 1), "Zed");
    CHECK_STR(x->list(x->self, TH_ITEM_ORCHESTRATOR, 2), NULL);
    th_native_free(native);
}

TEST(starters_are_listed_in_order_without_slashes_at_the_ends)
{
    th_native *native = native_with(named_app, 1);
    size_t n = 0;
    const th_starter *starters = th_native_starters(native, &n);

    if (CHECK_INT(n, 2)) {
        CHECK_STR(starters[0].route, "orchestrators/{name}");
        CHECK_STR(starters[0].orchestrator, NULL);
        CHECK_STR(starters[1].route, "zed/{id}/run");
        CHECK_STR(starters[1].orchestrator, "zed");
        CHECK_STR(starters[1].app, "inside");
    }
    th_native_free(native);
}

static void empty_app(th_app *app)
{
    th_add_starter(app, "x/{name}", NULL);
}
static void nameless_app(th_app *app)
{
    th_add_activity(app, "", nothing);
}
static void functionless_app(th_app *app)
{
    th_add_orchestrator(app, "O", NULL);
}
static void twice_app(th_app *app)
{
    th_add_activity(app, "Work", nothing);
    th_add_activity(app, "WORK", show);
}
static void second_zed_app(th_app *app)
{
    th_add_orchestrator(app, "fresh", orch);
    th_add_orchestrator(app, "zed", orch);
}
static void bad_route_app(th_app *app)
{
    th_add_orchestrator(app, "O", orch);
    th_add_starter(app, "a//{name}", NULL);
}
static void no_name_route_app(th_app *app)
{
    th_add_orchestrator(app, "O", orch);
    th_add_starter(app, "a/{id}", NULL);
}
static void same_route_app(th_app *app)
{
    th_add_orchestrator(app, "O", orch);
    th_add_starter(app, "Orchestrators/{name}", "O");
}
static void shared_route_app(th_app *app)
{
    th_add_orchestrator(app, "other", orch);
    th_add_starter(app, "orchestrators/{name}", NULL);
}

TEST(an_app_that_registers_something_wrong_is_refused_whole)
{
    static const struct {
        th_native_entry *entry;
        const char *said;
    } cases[] = {
        { empty_app, "app 'bad' registers no orchestrator, no activity and no entity" },
        { nameless_app, "app 'bad': the name of an activity is empty" },
        { functionless_app, "app 'bad': an orchestrator 'O' has no function" },
        { twice_app, "app 'bad': the activity 'W" },
        { second_zed_app, "app 'bad': the orchestrator '" },
        { bad_route_app, "app 'bad': the starter 'a//{name}' has a route whose parts" },
        { no_name_route_app, "app 'bad': the starter 'a/{id}' has neither" },
        { same_route_app,
          "app 'bad': the route 'Orchestrators/{name}' starts another orchestrator already" },
    };
    th_native *native = native_with(named_app, 1);
    const th_executor *x = th_native_executor(native);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        th_error err = { 0 };
        CHECK_INT(th_native_add(native, "bad", cases[i].entry, &err), TH_CONFIG);
        if (!CHECK(strncmp(err.text, cases[i].said, strlen(cases[i].said)) == 0))
            puts(err.text);
    }
    CHECK(!x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "fresh", NULL));
    CHECK(x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "zed", NULL));
    th_native_free(native);
}

TEST(two_apps_may_share_a_route_that_means_the_same)
{
    th_native *native = native_with(named_app, 1);
    th_error err = { 0 };
    size_t n = 0;

    CHECK_INT(th_native_add(native, "second", shared_route_app, &err), TH_OK);
    th_native_starters(native, &n);
    CHECK_INT(n, 2);
    th_native_free(native);
}

/* ---- shared objects ------------------------------------------------------------------------- */

static char folder[] = "/tmp/th-native-XXXXXX";

/* Compiles code to folder/name; false: there is no compiler. */
static bool compile(const char *name, const char *code, char path[128])
{
    char file[160], command[600], root[300];
    char *end;

    snprintf(root, sizeof root, "%s", __FILE__);
    end = strstr(root, "tests/unit/");
    if (end)
        *end = '\0';
    snprintf(file, sizeof file, "%s/%s.c", folder, name);
    snprintf(path, 128, "%s/%s", folder, name);
    FILE *f = fopen(file, "w");
    if (!CHECK(f != NULL))
        return false;
    fputs(code, f);
    fclose(f);
    snprintf(command, sizeof command, "cc -Wall -Werror -shared -fPIC -I%sinclude -o %s %s", root,
             path, file);
    return CHECK_INT(system(command), 0);
}

static const char good_code[] =
    "#include <taskhub.h>\n"
    "static const char *hi(th_activity *a) { return th_quote(a, th_get_string(a, th_input(a), 0, "
    "\"\")); }\n"
    "static const char *all(th_orch *o) { return th_call_activity(o, \"Hi\", th_input(o)); }\n"
    "TH_APP(app) {\n"
    "    th_add_orchestrator(app, \"All\", all);\n"
    "    th_add_activity(app, \"Hi\", hi);\n"
    "    th_add_starter(app, \"all\", \"All\");\n"
    "}\n";

TEST(shared_objects_are_loaded_or_refused_with_a_reason)
{
    th_native *native = th_native_new(1);
    const th_executor *x = th_native_executor(native);
    char path[128];
    th_error err = { 0 };

    forget();
    th_native_attach(native, &engine);
    if (!CHECK(mkdtemp(folder) != NULL))
        return;

    if (compile("good.so", good_code, path)) {
        if (!CHECK_INT(th_native_load(native, path, &err), TH_OK))
            puts(err.text);
        CHECK(x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "all", NULL));
        start(native, "Hi", "\"\\u00e9\"", 1);
        if (answered(1))
            CHECK_STR(engine.result, "\"\xC3\xA9\"");
        th_error_clear(&err);
        CHECK_INT(th_native_load(native, path, &err), TH_CONFIG);
        CHECK_STR(err.text, "app 'good': the orchestrator 'All' is there already");
    }
    if (compile("none.so", "int x;\n", path)) {
        th_error_clear(&err);
        CHECK_INT(th_native_load(native, path, &err), TH_CONFIG);
        CHECK(strstr(err.text, "is no app: it has no entry point") != NULL);
    }
    if (compile("old.so",
                "const int taskhub_app_version = 99;\nvoid taskhub_app(void *p) { (void)p; }\n",
                path)) {
        th_error_clear(&err);
        CHECK_INT(th_native_load(native, path, &err), TH_CONFIG);
        CHECK(strstr(err.text,
                     "made with version 99 of taskhub.h, and this program takes version 1") !=
              NULL);
    }
    if (compile("newer.so", "void th_not_yet(void);\nvoid taskhub_app(void *p) { th_not_yet(); }\n",
                path)) {
        th_error_clear(&err);
        CHECK_INT(th_native_load(native, path, &err), TH_CONFIG);
        CHECK(strstr(err.text, "th_not_yet (was it made with a newer taskhub.h?)") != NULL);
    }
    snprintf(path, sizeof path, "%s/good.so.c", folder);
    th_error_clear(&err);
    CHECK_INT(th_native_load(native, path, &err), TH_CONFIG);
    CHECK(strstr(err.text, "can't be loaded") != NULL);
    th_error_clear(&err);
    CHECK_INT(th_native_load(native, folder, &err), TH_CONFIG);
    th_error_clear(&err);
    CHECK_INT(th_native_load(native, "missing.so", &err), TH_NOT_FOUND);
    CHECK_STR(err.text, "app 'missing.so': No such file or directory");
    th_native_free(native);

    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
}
