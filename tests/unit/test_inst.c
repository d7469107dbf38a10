/* test_inst.c - an instance in memory: open events, seen ids, loading. */
#include "test.h"

#include "base/clock.h"
#include "engine/inst.h"

/* ---- open events ----------------------------------------------------------------------------- */

TEST(an_open_event_is_found_until_it_is_removed)
{
    th_opens o = { 0 };
    CHECK(!th_opens_find(&o, 0));
    th_opens_remove(&o, 0); /* of nothing */

    th_opens_add(&o, 5, TH_TimerCreated, 9)->due_us = 77;
    th_open *open = th_opens_find(&o, 5);
    CHECK(open && open->kind == TH_TimerCreated && open->id == 9 && open->due_us == 77);
    CHECK(!th_opens_find(&o, 4) && !th_opens_find(&o, -1) && !th_opens_find(&o, TH_NONE));

    th_opens_remove(&o, 5);
    th_opens_remove(&o, 5);
    CHECK(!th_opens_find(&o, 5));
    CHECK_INT(o.live, 0);
    th_opens_free(&o);
}

TEST(thousands_of_open_events_are_found_while_others_come_and_go)
{
    th_opens o = { 0 };
    for (int32_t seq = 0; seq < 20000; seq++) {
        th_opens_add(&o, seq, TH_TaskScheduled, seq);
        if (seq % 3 != 0)
            th_opens_remove(&o, seq - seq % 2);
    }
    size_t live = 0;
    for (int32_t seq = 0; seq < 20000; seq++) {
        const th_open *open = th_opens_find(&o, seq);
        live += open != NULL;
        if (open && !CHECK_INT(open->id, seq))
            break;
    }
    CHECK_INT(o.live, live);
    CHECK(live > 3000);
    th_opens_free(&o);
}

TEST(a_long_execution_with_few_open_events_stays_small)
{
    th_opens o = { 0 };
    for (int32_t seq = 0; seq < 5; seq++)
        th_opens_add(&o, seq, TH_TimerCreated, seq);
    for (int32_t seq = 5; seq < 100000; seq++) {
        th_opens_add(&o, seq, TH_TaskScheduled, seq);
        th_opens_remove(&o, seq);
    }
    CHECK_INT(o.live, 5);
    CHECK(o.cap <= 64);
    for (int32_t seq = 0; seq < 5; seq++)
        CHECK(th_opens_find(&o, seq) != NULL);
    th_opens_free(&o);
}

TEST(the_texts_of_timers_go_with_them)
{
    th_opens o = { 0 };
    for (int32_t seq = 0; seq < 100; seq++)
        th_opens_add(&o, seq, TH_TimerCreated, 0)->text = th_mstrdup("2026-09-21T14:00:00Z");
    for (int32_t seq = 0; seq < 100; seq += 2)
        th_opens_remove(&o, seq);
    CHECK_STR(th_opens_find(&o, 1)->text, "2026-09-21T14:00:00Z");
    th_opens_free(&o); /* the leak checker looks */
}

/* ---- seen ids -------------------------------------------------------------------------------- */

TEST(a_message_id_is_seen_from_the_second_time_on)
{
    th_inst *inst = th_inst_new(1, "i");
    char id[24];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "message-%d", i);
        CHECK(!th_inst_seen(inst, id));
    }
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "message-%d", i);
        CHECK(th_inst_seen(inst, id));
    }
    CHECK(!th_inst_seen(inst, ""));
    CHECK(th_inst_seen(inst, ""));
    CHECK_INT(inst->seen.count, 501);
    th_inst_free(inst);
}

/* ---- times ----------------------------------------------------------------------------------- */

TEST(a_due_time_is_rounded_up_to_a_microsecond)
{
    int64_t exact = 0, up = 0;
    CHECK(th_due_of("2026-09-21T14:00:00.123456Z", &exact));
    CHECK(th_due_of("2026-09-21T14:00:00.1234560Z", &up) && up == exact);
    CHECK(th_due_of("2026-09-21T14:00:00.1234561Z", &up));
    CHECK_INT(up, exact + 1);
    CHECK(th_due_of("2026-09-21T14:00:00.123456789Z", &up) && up == exact + 1);
    CHECK(!th_due_of("soon", &up) && !th_due_of("", &up) && !th_due_of(NULL, &up));
}

/* ---- loading --------------------------------------------------------------------------------- */

static const th_uuid START = { { 1 } }, EXECUTION = { { 2 } };

static th_instance_row a_row(int16_t status)
{
    return (th_instance_row){ .partition_id = 1,
                              .instance_id = "i",
                              .start_id = START,
                              .execution_id = EXECUTION,
                              .status = status,
                              .name = "Hello",
                              .version = "v1",
                              .tags = "{}" };
}

static th_episode_row an_episode(int32_t episode, int32_t first_seq, const char *events)
{
    return (th_episode_row){ .partition_id = 1,
                             .instance_id = "i",
                             .execution_id = EXECUTION,
                             .episode = episode,
                             .first_seq = first_seq,
                             .events = events,
                             .events_len = strlen(events) };
}

static const char first[] =
    "[{\"kind\":\"OrchestratorStarted\",\"t\":1000},{\"kind\":\"ExecutionStarted\",\"name\":"
    "\"Hello\"},"
    "{\"kind\":\"TaskScheduled\",\"id\":0,\"name\":\"A\"},{\"kind\":\"TaskScheduled\",\"id\":1,"
    "\"name\":\"B\"},"
    "{\"kind\":\"TimerCreated\",\"id\":2,\"fireAt\":\"2026-09-21T14:00:00.1234561Z\"}]";
static const char second[] = "[{\"kind\":\"OrchestratorStarted\",\"t\":2000},{\"kind\":"
                             "\"TaskCompleted\",\"ref\":2,\"task_id\":0},"
                             "{\"kind\":\"EventRaised\",\"name\":\"e\",\"messageId\":\"m-1\"},{"
                             "\"kind\":\"EventRaised\",\"name\":\"e\"}]";

TEST(loading_takes_identity_position_open_events_and_seen_ids_from_the_rows)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_episode_row episodes[] = { an_episode(0, 0, first), an_episode(1, 5, second) };
    episodes[0].memo = "old";
    episodes[1].memo = "memo";
    int64_t due = 0;

    CHECK_INT(th_inst_load(inst, &row, episodes, 2, NULL), TH_OK);

    CHECK_INT(inst->state, TH_INST_READY);
    CHECK(inst->exists && inst->started && !inst->renewed && !inst->is_new && inst->maybe_held);
    CHECK(th_uuid_equal(&inst->start_id, &START) && th_uuid_equal(&inst->execution_id, &EXECUTION));
    CHECK_STR(inst->name, "Hello");
    CHECK_STR(inst->version, "v1");
    CHECK_INT(inst->episode, 2);
    CHECK_INT(inst->seq, 9);
    CHECK_INT(inst->last_t_us, 2000);
    CHECK_STR(inst->memo, "memo");
    CHECK_INT(inst->opens.live, 2);
    CHECK(!th_opens_find(&inst->opens, 2) &&
          th_opens_find(&inst->opens, 3)->kind == TH_TaskScheduled);
    CHECK(th_due_of("2026-09-21T14:00:00.123457Z", &due));
    CHECK_INT(th_opens_find(&inst->opens, 4)->due_us, due);
    CHECK_STR(th_opens_find(&inst->opens, 4)->text, "2026-09-21T14:00:00.1234561Z");
    CHECK(th_inst_seen(inst, "m-1") && !th_inst_seen(inst, "m-2"));
    CHECK_INT(inst->past_count, 2);
    CHECK_INT(inst->past[1].count, 4);
    CHECK_INT(inst->past[1].events[1].seq, 6);
    th_inst_free(inst);
}

TEST(a_finished_row_does_not_exist_any_more)
{
    static const int16_t ends[] = { TH_COMPLETED, TH_FAILED, TH_CANCELED, TH_TERMINATED };
    for (size_t i = 0; i < 4; i++) {
        th_inst *inst = th_inst_new(1, "i");
        th_instance_row row = a_row(ends[i]);
        CHECK_INT(th_inst_load(inst, &row, NULL, 0, NULL), TH_OK);
        CHECK(!inst->exists);
        th_inst_free(inst);
    }
}

TEST(a_running_row_without_history_waits_for_the_start_of_a_new_run)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    CHECK_INT(th_inst_load(inst, &row, NULL, 0, NULL), TH_OK);
    CHECK(inst->renewed && !inst->started);
    th_inst_free(inst);

    inst = th_inst_new(1, "i");
    row.status = TH_PENDING;
    CHECK_INT(th_inst_load(inst, &row, NULL, 0, NULL), TH_OK);
    CHECK(!inst->renewed && !inst->started && inst->exists);
    th_inst_free(inst);
}

TEST(an_instance_that_was_suspended_before_its_start_loads)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_episode_row episodes[] = { an_episode(0, 0, "[{\"kind\":\"ExecutionSuspended\"}]"),
                                  an_episode(1, 1, "[{\"kind\":\"ExecutionResumed\"}]") };
    CHECK_INT(th_inst_load(inst, &row, episodes, 2, NULL), TH_OK);
    CHECK(!inst->started && !inst->renewed && inst->exists);
    CHECK_INT(inst->episode, 2);
    th_inst_free(inst);
}

static void check_unreadable(const th_episode_row *episodes, size_t n, const char *words)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_error err = { 0 };
    CHECK_INT(th_inst_load(inst, &row, episodes, n, &err), TH_INVALID);
    if (!CHECK(strstr(err.text, words) != NULL))
        printf("  %s\n", err.text);
    /* It can still be failed, in a row that is not there yet. */
    CHECK(inst->exists && inst->state == TH_INST_READY);
    CHECK(inst->episode > episodes[n - 1].episode);
    CHECK(inst->seq > episodes[n - 1].first_seq);
    th_inst_free(inst);
}

TEST(a_gap_or_an_unreadable_row_is_refused_and_the_instance_stands_behind_all_rows)
{
    th_episode_row gap[] = { an_episode(0, 0, first), an_episode(2, 5, second) };
    check_unreadable(gap, 2, "gap at episode 1");
    th_episode_row late[] = { an_episode(1, 5, second) };
    check_unreadable(late, 1, "gap at episode 0");
    th_episode_row seqs[] = { an_episode(0, 0, first), an_episode(1, 6, second) };
    check_unreadable(seqs, 2, "gap at episode 1");
    th_episode_row twice[] = { an_episode(0, 0, first), an_episode(0, 0, first) };
    check_unreadable(twice, 2, "gap at episode 1");
    th_episode_row broken[] = { an_episode(0, 0, "[{]"), an_episode(1, 5, second) };
    check_unreadable(broken, 2, "history");
    th_episode_row unknown[] = { an_episode(0, 0, "[{\"kind\":\"FromTheFuture\"}]") };
    check_unreadable(unknown, 1, "FromTheFuture");
    th_episode_row nothing[] = { an_episode(0, 0, "[]") };
    check_unreadable(nothing, 1, "does not begin with ExecutionStarted");
    th_episode_row headless[] = { an_episode(0, 0, second) };
    check_unreadable(headless, 1, "does not begin with ExecutionStarted");
}

TEST(a_timer_whose_time_cannot_be_read_loads_as_due)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_error err = { 0 };
    th_episode_row odd = an_episode(0, 0,
                                    "[{\"kind\":\"ExecutionStarted\"},{\"kind\":\"TimerCreated\","
                                    "\"fireAt\":\"soon\"},{\"kind\":\"TimerCreated\"}]");
    CHECK_INT(th_inst_load(inst, &row, &odd, 1, &err), TH_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(th_opens_find(&inst->opens, 1)->due_us, 0);
    CHECK_STR(th_opens_find(&inst->opens, 2)->text, NULL);
    th_inst_free(inst);
}

TEST(a_result_without_its_event_loads_and_opens_nothing)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_error err = { 0 };
    th_episode_row odd = an_episode(0, 0,
                                    "[{\"kind\":\"ExecutionStarted\"},{\"kind\":\"TaskCompleted\","
                                    "\"ref\":99},{\"kind\":\"TaskCompleted\",\"ref\":-5}]");
    CHECK_INT(th_inst_load(inst, &row, &odd, 1, &err), TH_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(inst->opens.live, 0);
    th_inst_free(inst);
}

/* ---- cooling --------------------------------------------------------------------------------- */

TEST(cooling_forgets_what_was_learnt_and_keeps_what_waits)
{
    th_inst *inst = th_inst_new(1, "i");
    th_instance_row row = a_row(TH_RUNNING);
    th_episode_row episodes[] = { an_episode(0, 0, first) };
    th_inbox_row message = {
        .instance_id = "i", .message_no = 2, .kind = TH_EventRaised, .ref = TH_NONE
    };
    CHECK_INT(th_inst_load(inst, &row, episodes, 1, NULL), TH_OK);
    th_msg_push(&inst->queue, th_msg_from_row(&message));
    message.message_no = 1;
    th_msg_push(&inst->run.taken, th_msg_from_row(&message));
    inst->run.arena = th_arena_new(0);
    inst->token = 5;

    th_inst_cool(inst);

    CHECK_INT(inst->state, TH_INST_COLD);
    CHECK(!inst->exists && !inst->started && !inst->name && !inst->past && !inst->opens.slots &&
          !inst->seen.count);
    CHECK_INT(inst->episode + inst->seq, 0);
    CHECK_INT(inst->token, 0);
    CHECK_INT(inst->queue.count, 2);
    CHECK_INT(inst->queue.head->message_no, 1); /* what was taken is first again */
    th_inst_cool(inst);                         /* again is fine */
    CHECK_INT(inst->queue.count, 2);
    CHECK_INT(th_inst_load(inst, &row, episodes, 1, NULL), TH_OK);
    CHECK_INT(inst->seq, 5);
    th_inst_free(inst);
    th_inst_free(NULL);
}
