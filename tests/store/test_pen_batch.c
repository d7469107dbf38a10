/*
 * test_pen_batch.c - an owner's commits: a batch is all or nothing, and stands on the one before it
 * (protocol B1 to B4).
 */
#include "given_pen.h"

/* ---- B1, B3: a batch ------------------------------------------------------------------------- */

TEST(a_batch_commits_all_it_has_and_its_number)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    int64_t message = given_message(p, "in");
    th_batch *batch = given_batch(p, own.term + 1, own.term);

    th_batch_consume(batch, p, TH_TIME_NEG_INF, message);
    with_message(batch, p, "out");

    CHECK_INT(commit(pen, batch).rc, TH_OK);
    CHECK_INT(messages_of(p, "in"), 0);
    CHECK_INT(messages_of(p, "out"), 1);
    CHECK_INT(commits_of(p, own.term + 1), 1);
    th_batch_free(batch);
    th_pen_close(pen);
}

TEST(a_batch_with_a_wrong_row_count_changes_nothing)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    int64_t message = given_message(p, "in");
    th_batch *bad = given_batch(p, own.term + 1, own.term);
    th_batch *good = given_batch(p, own.term + 1, own.term);

    th_batch_consume(bad, p, TH_TIME_NEG_INF, message);
    th_batch_consume(bad, p, TH_TIME_NEG_INF, message + 1000000); /* there is no such message */
    with_message(bad, p, "out");
    with_message(good, p, "after");

    given_outcome outcome = commit(pen, bad);
    CHECK_INT(outcome.rc, TH_CONFLICT);
    CHECK_STR(outcome.statement, "consume");
    CHECK_STR(outcome.sqlstate, "TH409");
    roll_back(pen);
    CHECK_INT(messages_of(p, "in"), 1);
    CHECK_INT(messages_of(p, "out"), 0);
    CHECK_INT(commits_of(p, own.term + 1), 0);

    /* The number is free for the next one. */
    CHECK_INT(commit(pen, good).rc, TH_OK);
    CHECK_INT(messages_of(p, "after"), 1);
    th_batch_free(bad);
    th_batch_free(good);
    th_pen_close(pen);
}

TEST(an_episode_exists_once)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    th_batch_key key = { .partition_id = p, .instance_id = "somebody" };
    th_batch *first = given_batch(p, own.term + 1, own.term);
    th_batch *again = given_batch(p, own.term + 2, own.term);

    key.execution_id = th_uuid_random();
    th_batch_history(first, &key, 0, 0, 1, "[]", 2, NULL);
    th_batch_history(again, &key, 0, 0, 1, "[1]", 3, NULL);

    CHECK_INT(commit(pen, first).rc, TH_OK);
    given_outcome outcome = commit(pen, again);
    CHECK_STR(outcome.statement, "history");
    CHECK_STR(outcome.sqlstate, "23505");
    th_batch_free(first);
    th_batch_free(again);
    th_pen_close(pen);
}

/* ---- the chain ------------------------------------------------------------------------------- */

static void check_refused(th_pen *pen, int32_t p, int64_t commit_no, int64_t term,
                          const char *sqlstate)
{
    th_batch *batch = given_batch(p, commit_no, term);

    with_message(batch, p, "refused");
    given_outcome outcome = commit(pen, batch);
    CHECK_STR(outcome.statement, "chain");
    CHECK_STR(outcome.sqlstate, sqlstate);
    roll_back(pen);
    CHECK_INT(messages_of(p, "refused"), 0);
    th_batch_free(batch);
}

TEST(the_chain_refuses_a_number_that_is_not_next)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);

    check_refused(pen, p, own.term + 2, own.term, "TH409");
    check_refused(pen, p, own.term, own.term, "TH409");
    CHECK_INT(commits_of(p, own.term + 2), 0);
    th_pen_close(pen);
}

/* Somebody who got a lock where this owner has one too: on a standby that was promoted, say. */
static void other_writer_opens(int32_t p, int64_t term)
{
    given_sql("insert into taskhub.commits (partition_id, commit_no, term, opened_at) values"
              " (%d, %lld, %lld, now())",
              (int)p, (long long)term, (long long)term);
}

TEST(the_chain_refuses_the_owner_whom_a_second_writer_has_overtaken)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);

    other_writer_opens(p, own.term + 1);

    check_refused(pen, p, own.term + 1, own.term, "23505"); /* the number is taken */
    check_refused(pen, p, own.term + 2, own.term, "TH409");
    th_pen_close(pen);
}

TEST(old_numbers_go_but_those_that_open_a_term_stay)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);

    for (int64_t n = own.term + 1; n <= own.term + 70; n++) {
        th_batch *batch = given_batch(p, n, own.term);
        CHECK_INT(commit(pen, batch).rc, TH_OK);
        th_batch_free(batch);
    }

    CHECK_INT(commits_of(p, own.term), 1);
    CHECK_INT(given_sql("select count(*) from taskhub.commits where partition_id = %d and"
                        " commit_no > term",
                        (int)p),
              64);
    th_pen_close(pen);
}

/* ---- B2: two in flight ----------------------------------------------------------------------- */

TEST(two_batches_in_flight_both_commit)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    th_batch *a = given_batch(p, own.term + 1, own.term),
             *b = given_batch(p, own.term + 2, own.term);

    with_message(a, p, "a");
    with_message(b, p, "b");
    send_batch(pen, a);
    send_batch(pen, b);

    CHECK_INT(th_pen_in_flight(pen), 2);
    CHECK_INT(given_outcome_of(pen).rc, TH_OK);
    CHECK_INT(given_outcome_of(pen).rc, TH_OK);
    CHECK_INT(messages_of(p, "a") + messages_of(p, "b"), 2);
    th_batch_free(a);
    th_batch_free(b);
    th_pen_close(pen);
}

TEST(a_batch_does_not_commit_if_the_one_before_it_failed)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    th_batch *bad = given_batch(p, own.term + 1, own.term);
    th_batch *next = given_batch(p, own.term + 2, own.term);

    th_batch_consume(bad, p, TH_TIME_NEG_INF, 1000000000);
    with_message(next, p, "next");
    send_batch(pen, bad);
    send_batch(pen, next);

    CHECK_STR(given_outcome_of(pen).statement, "consume");
    CHECK(given_outcome_of(pen).rc != TH_OK);
    roll_back(pen);
    CHECK_INT(messages_of(p, "next"), 0);
    CHECK_INT(
        given_sql("select max(commit_no) from taskhub.commits where partition_id = %d", (int)p),
        own.term);
    th_batch_free(bad);
    th_batch_free(next);
    th_pen_close(pen);
}

/* A check that waits for the COMMIT, so that only that fails. */
static void given_late_check(void)
{
    given_sql("create or replace function refuse_boom() returns trigger language plpgsql as"
              " $$ begin if new.payload = 'boom' then raise exception 'boom'; end if; return null;"
              " end $$");
    given_sql("create constraint trigger refuse_boom after insert on taskhub.inbox"
              " deferrable initially deferred for each row execute function refuse_boom()");
}

TEST(a_batch_does_not_commit_if_the_commit_before_it_failed)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    th_batch *bad = given_batch(p, own.term + 1, own.term);
    th_batch *next = given_batch(p, own.term + 2, own.term);

    given_late_check();
    with_message(bad, p, "boom");
    with_message(next, p, "next");
    send_batch(pen, bad);
    send_batch(pen, next);

    CHECK_STR(given_outcome_of(pen).statement, "commit");
    CHECK_STR(given_outcome_of(pen).statement, "chain");
    roll_back(pen);
    CHECK_INT(messages_of(p, "boom") + messages_of(p, "next"), 0);
    given_sql("drop trigger refuse_boom on taskhub.inbox");
    th_batch_free(bad);
    th_batch_free(next);
    th_pen_close(pen);
}

/* ---- B4: the same bytes again ---------------------------------------------------------------- */

TEST(a_batch_that_met_a_strangers_lock_commits_when_it_is_sent_again)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();
    th_ownership own = given_owner(pen, p);
    int64_t message = given_message(p, "in");
    th_batch *batch = given_batch(p, own.term + 1, own.term);
    PGconn *stranger = given_stranger();
    char sql[200];

    th_batch_consume(batch, p, TH_TIME_NEG_INF, message);
    with_message(batch, p, "out");
    snprintf(sql, sizeof sql, "begin; select from taskhub.inbox where partition_id = %d for update",
             (int)p);
    PQclear(given_sql_on(stranger, sql));

    given_outcome outcome = commit(pen, batch);
    CHECK_INT(outcome.rc, TH_DB_RETRY);
    CHECK_STR(outcome.sqlstate, "55P03");
    roll_back(pen);
    PQfinish(stranger);
    for (int tries = 0; tries < 5 && outcome.rc == TH_DB_RETRY; tries++) {
        outcome = commit(pen, batch);
        if (outcome.rc != TH_OK)
            roll_back(pen);
    }
    CHECK_INT(outcome.rc, TH_OK);
    CHECK_INT(messages_of(p, "in"), 0);
    CHECK_INT(messages_of(p, "out"), 1);
    th_batch_free(batch);
    th_pen_close(pen);
}
