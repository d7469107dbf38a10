/* test_context_entity.c - entities as an orchestrator uses them, warm and replayed. */
#include "test.h"

#include "fake_engine.h"

void th_engine_activity_answered(th_engine *f, const th_activity_answer *answer)
{
    (void)f;
    CHECK(!answer);
}

static const char *caller(th_orch *o)
{
    return th_call_entity(o, "Counter", "k", "add", th_input(o));
}

static const char *trier(th_orch *o)
{
    th_task *task = th_schedule_entity_call(o, "Counter", "k", "add", NULL);

    return th_try(o, task) ? "\"fine\"" : th_task_failure(task);
}

static const char *signaler(th_orch *o)
{
    th_signal_entity(o, "Counter", "", "add", "1");
    th_signal_entity_at(o, "Counter", "k", "add", NULL, T0 + TH_HOUR);
    return th_wait_event(o, "go");
}

static const char *locker(th_orch *o)
{
    th_entity_id ids[] = { { "B", "2" }, { "a", "1" }, { "A", "1" } };

    th_lock_entities(o, ids, 3);
    th_call_entity(o, "b", "2", "add", "1");
    th_unlock(o);
    th_unlock(o);
    return th_wait_event(o, "go");
}

static const char *nester(th_orch *o)
{
    th_entity_id id = { "A", "1" };

    th_lock_entities(o, &id, 1);
    th_lock_entities(o, &id, 1);
    return NULL;
}

static const char *misnamer(th_orch *o)
{
    return th_call_entity(o, "a@b", "k", "add", NULL);
}

TH_APP_C void entity_app(th_app *app);
void entity_app(th_app *app)
{
    th_add_orchestrator(app, "caller", caller);
    th_add_orchestrator(app, "trier", trier);
    th_add_orchestrator(app, "signaler", signaler);
    th_add_orchestrator(app, "locker", locker);
    th_add_orchestrator(app, "nester", nester);
    th_add_orchestrator(app, "misnamer", misnamer);
}

static void given_answer(fake *f, th_kind kind, int32_t ref, const char *payload,
                         const char *failure)
{
    th_event *e = message(f, kind);

    e->ref = ref;
    e->payload = payload;
    e->failure = failure;
}

static fake *started(const char *name, const char *input, bool cold)
{
    fake *f = fake_new(entity_app);

    f->cold = cold;
    given_start(f, name, input);
    CHECK(run(f));
    return f;
}

TEST(a_call_takes_a_step_and_gives_the_result)
{
    for (int cold = 0; cold < 2; cold++) {
        fake *f = started("caller", "5", cold);
        if (CHECK_INT(f->answer.action_count, 1)) {
            CHECK_INT(f->actions[0].kind, TH_ACT_ENTITY);
            CHECK_STR(f->actions[0].event.target, "@counter@k");
            CHECK_STR(f->actions[0].event.operation, "add");
            CHECK_STR(f->actions[0].event.payload, "5");
            CHECK(strlen(f->actions[0].event.request_id) == 36);
        }
        given_answer(f, TH_EntityOperationCompleted, seq_of(f, TH_EntityOperationCalled, 0), "6",
                     NULL);
        CHECK(run(f));
        CHECK_STR(f->answer.completion.result, "6");
        fake_free(f);
    }
}

TEST(a_failed_call_ends_the_orchestrator_or_is_seen_by_th_try)
{
    static const char failure[] = "{\"type\":\"T\",\"message\":\"m\"}";
    fake *f = started("caller", NULL, false);
    given_answer(f, TH_EntityOperationFailed, seq_of(f, TH_EntityOperationCalled, 0), NULL,
                 failure);
    CHECK(run(f));
    CHECK_INT(f->answer.completion.status, TH_FAILED);
    CHECK_STR(f->answer.completion.failure, failure);
    fake_free(f);

    f = started("trier", NULL, true);
    given_answer(f, TH_EntityOperationFailed, seq_of(f, TH_EntityOperationCalled, 0), NULL,
                 failure);
    CHECK(run(f));
    CHECK_STR(f->answer.completion.result, failure);
    fake_free(f);
}

TEST(signals_are_steps_that_nobody_waits_for)
{
    fake *f = started("signaler", NULL, true);
    if (CHECK_INT(f->answer.action_count, 2)) {
        CHECK_STR(f->actions[0].event.target, "@counter@");
        CHECK_INT(f->actions[0].due_us, 0);
        CHECK_INT(f->actions[1].due_us, T0 + TH_HOUR);
        CHECK(f->actions[1].event.scheduled_time != NULL);
    }
    given_raised(f, "go", "1");
    CHECK(run(f));
    CHECK_STR(f->answer.completion.result, "1");
    fake_free(f);
}

TEST(a_lock_set_is_sorted_without_repeats_and_unlocked_one_by_one)
{
    fake *f = started("locker", NULL, true);
    if (CHECK_INT(f->answer.action_count, 1))
        CHECK_STR(f->actions[0].event.lock_set, "[\"@a@1\",\"@b@2\"]");
    given_answer(f, TH_EntityLockGranted, seq_of(f, TH_EntityLockRequested, 0), NULL, NULL);
    CHECK(run(f));
    CHECK_INT(f->answer.action_count, 1);
    given_answer(f, TH_EntityOperationCompleted, seq_of(f, TH_EntityOperationCalled, 0), "1", NULL);
    CHECK(run(f));
    if (CHECK_INT(f->answer.action_count, 2)) {
        CHECK_INT(f->actions[0].event.kind, TH_EntityUnlockSent);
        CHECK_STR(f->actions[0].event.target, "@a@1");
        CHECK_STR(f->actions[1].event.target, "@b@2");
    }
    given_raised(f, "go", "1");
    CHECK(run(f));
    CHECK_STR(f->answer.completion.result, "1");
    fake_free(f);
}

TEST(a_critical_section_in_a_critical_section_is_misuse)
{
    fake *f = started("nester", NULL, false);
    given_answer(f, TH_EntityLockGranted, seq_of(f, TH_EntityLockRequested, 0), NULL, NULL);
    CHECK(run(f));
    CHECK_INT(f->answer.completion.status, TH_FAILED);
    CHECK(strstr(f->answer.completion.failure, "in a critical section already") != NULL);
    fake_free(f);
}

TEST(a_name_that_no_entity_can_have_is_misuse)
{
    fake *f = started("misnamer", NULL, false);
    CHECK_INT(f->answer.completion.status, TH_FAILED);
    CHECK(strstr(f->answer.completion.failure, "th_call_entity: the name must not contain '@'") !=
          NULL);
    fake_free(f);
}

TEST(a_call_of_another_entity_than_history_has_is_not_a_replay)
{
    fake *f = started("caller", NULL, true);
    past_event(f, TH_EntityOperationCalled, 0)->target = "@other@k";
    given_answer(f, TH_EntityOperationCompleted, seq_of(f, TH_EntityOperationCalled, 0), "6", NULL);
    CHECK(!run(f));
    CHECK_INT(f->answer.kind, TH_ANSWER_NOT_REPLAYABLE);
    CHECK(strstr(f->answer.failure, "EntityOperationCalled 'add' to @other@k") != NULL);
    fake_free(f);
}
