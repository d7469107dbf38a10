/* test_entity_job.c - operations of an entity on a thread: state, results, failures, what they ask
 * for. */
#include "test.h"

#include <pthread.h>
#include <taskhub.h>

#include "base/log.h"
#include "engine/executor.h"
#include "runtime/native.h"

struct th_engine {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool answered;
    th_arena *arena;
    th_entity_answer answer;
    th_entity_result results[16];
    th_entity_action actions[16];
};

void th_engine_orch_answered(th_engine *e, const th_answer *answer)
{
    (void)e;
    CHECK(!answer);
}

void th_engine_activity_answered(th_engine *e, const th_activity_answer *answer)
{
    (void)e;
    CHECK(!answer);
}

void th_engine_entity_answered(th_engine *e, const th_entity_answer *answer)
{
    pthread_mutex_lock(&e->lock);
    e->answer = *answer;
    e->answer.state = th_strdup(e->arena, answer->state);
    for (size_t i = 0; i < answer->result_count; i++) {
        e->results[i].output = th_strdup(e->arena, answer->results[i].output);
        e->results[i].failure = th_strdup(e->arena, answer->results[i].failure);
    }
    for (size_t i = 0; i < answer->action_count; i++) {
        e->actions[i] = answer->actions[i];
        e->actions[i].target = th_strdup(e->arena, answer->actions[i].target);
        e->actions[i].name = th_strdup(e->arena, answer->actions[i].name);
        e->actions[i].input = th_strdup(e->arena, answer->actions[i].input);
    }
    e->answered = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static bool is(const th_entity *e, const char *op)
{
    return strcmp(th_operation(e), op) == 0;
}

static const char *thing(th_entity *e)
{
    if (is(e, "set"))
        th_set_state(e, th_input(e));
    if (is(e, "delete"))
        th_delete_state(e);
    if (is(e, "bad state"))
        th_set_state(e, "{");
    if (is(e, "bad result"))
        return "{";
    if (is(e, "bad key"))
        th_signal_entity(e, "Other", "a/b", "add", NULL);
    if (is(e, "signal")) {
        th_signal_entity(e, "Other", "k", "add", "1");
        th_signal_entity_at(e, "Other", "k", "add", NULL, 99);
    }
    if (is(e, "start"))
        return th_quote(e, th_start_orchestrator(e, "Hello", "2", NULL));
    if (is(e, "fail")) {
        th_set_state(e, "\"never\"");
        th_signal_entity(e, "Other", "k", "never", NULL);
        return th_fail_with(e, "Refused", "key %s", th_entity_key(e));
    }
    return th_has_state(e) ? th_state(e) : "\"none\"";
}

static void thing_app(struct th_app *app)
{
    th_add_entity(app, "Thing", thing);
}

static void bad_app(struct th_app *app)
{
    th_add_entity(app, "Thing@Other", thing);
}

/* Runs operations whose names and inputs come in pairs. */
static th_engine *after(const char *state, const char *const *ops, size_t n)
{
    th_engine *e = calloc(1, sizeof *e);
    th_native *native = th_native_new(2);
    th_error err = { 0 };
    th_entity_op list[8] = { { 0 } };

    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    e->arena = th_arena_new(0);
    th_native_attach(native, e);
    CHECK_INT(th_native_add(native, "app", thing_app, &err), TH_OK);
    for (size_t i = 0; i < n; i++)
        list[i] = (th_entity_op){ .name = ops[2 * i], .input = ops[2 * i + 1] };
    th_entity_item item = {
        .token = { 0, 7 }, .entity_id = "@thing@k", .name = "thing", .key = "k"
    };
    item.state = state;
    item.ops = list;
    item.op_count = n;
    const th_executor *x = th_native_executor(native);
    CHECK(x->can_run(x->self, TH_ITEM_ENTITY, "thing", NULL));
    x->run_entity(x->self, &item);
    pthread_mutex_lock(&e->lock);
    while (!e->answered)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
    th_native_free(native);
    CHECK_INT(e->answer.kind, TH_ANSWER_DONE);
    CHECK_INT(e->answer.result_count, n);
    return e;
}

static void done(th_engine *e)
{
    th_arena_free(e->arena);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

#define AFTER(state, ...) \
    after(state, (const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / 16)

TEST(an_operation_sees_the_state_of_the_one_before_it)
{
    th_engine *e =
        AFTER(NULL, "get", NULL, "set", "{\"a\": 1}", "get", NULL, "delete", NULL, "get", NULL);
    CHECK_STR(e->results[0].output, "\"none\"");
    CHECK_STR(e->results[2].output, "{\"a\": 1}");
    CHECK_STR(e->results[4].output, "\"none\"");
    CHECK_STR(e->answer.state, NULL);
    done(e);
}

TEST(a_state_of_null_is_a_state)
{
    th_engine *e = AFTER(NULL, "set", "null", "get", NULL);
    CHECK_STR(e->results[1].output, "null");
    CHECK_STR(e->answer.state, "null");
    done(e);
}

TEST(a_failed_operation_leaves_neither_state_nor_signals)
{
    th_engine *e = AFTER("1", "signal", NULL, "fail", NULL, "get", NULL);
    CHECK_STR(e->results[1].failure, "{\"type\":\"Refused\",\"message\":\"key k\"}");
    CHECK_STR(e->results[1].output, NULL);
    CHECK_STR(e->results[2].output, "1");
    CHECK_STR(e->answer.state, "1");
    if (CHECK_INT(e->answer.action_count, 2)) {
        CHECK_STR(e->actions[0].target, "@other@k");
        CHECK_STR(e->actions[0].input, "1");
        CHECK_INT(e->actions[1].due_us, 99);
    }
    done(e);
}

TEST(an_orchestrator_is_started_under_an_id_that_the_operation_knows)
{
    th_engine *e = AFTER(NULL, "start", NULL);
    if (CHECK_INT(e->answer.action_count, 1)) {
        CHECK_INT(e->actions[0].kind, TH_ENTITY_STARTS);
        CHECK_STR(e->actions[0].name, "Hello");
        CHECK_INT(strlen(e->actions[0].target), 32);
        CHECK(strncmp(e->results[0].output + 1, e->actions[0].target, 32) == 0);
    }
    done(e);
}

TEST(what_is_wrong_about_a_call_fails_the_operation)
{
    th_engine *e = AFTER("1", "bad state", NULL, "bad result", NULL, "bad key", NULL, "get", NULL);
    for (int i = 0; i < 3; i++)
        CHECK(e->results[i].failure && strstr(e->results[i].failure, "\"ApiMisuse\""));
    CHECK(strstr(e->results[0].failure, "th_set_state: the text is not JSON") != NULL);
    CHECK(strstr(e->results[2].failure, "key must not contain") != NULL);
    CHECK_STR(e->results[3].output, "1");
    CHECK_INT(e->answer.action_count, 0);
    done(e);
}

TEST(the_name_of_an_entity_has_no_at_sign)
{
    th_native *native = th_native_new(1);
    th_error err = { 0 };
    CHECK_INT(th_native_add(native, "bad", bad_app, &err), TH_CONFIG);
    CHECK_STR(err.text, "app 'bad': an entity's name must not contain '@'");
    th_native_free(native);
}
