/*
 * test_pen.c - an owner's connection: taking a partition and giving it back (protocol O1, O4), and
 * whether a batch whose answer was lost has committed (B6).
 */
#include "given_pen.h"

/* ---- O1: acquire ----------------------------------------------------------------------------- */

TEST(acquiring_opens_a_term_and_says_who_owns_it)
{
    int32_t p = given_partition();
    th_pen *pen = given_pen();

    th_ownership own = given_owner(pen, p);

    CHECK(own.clean);
    CHECK_INT(own.last_message, 0);
    CHECK_INT(given_sql("select count(*) from taskhub.commits where partition_id = %d and"
                        " commit_no = %lld and term = commit_no and opened_at is not null",
                        (int)p, (long long)own.term),
              1);
    CHECK_INT(given_sql("select count(*) from taskhub.partitions where partition_id = %d and"
                        " worker_id = %d and pen_pid = %d and pen_started is not null and not"
                        " clean and term = %lld",
                        (int)p, WORKER, th_pen_pid(pen), (long long)own.term),
              1);
    th_pen_close(pen);
}

TEST(a_second_pen_is_refused_the_lock_and_stays_usable)
{
    int32_t p = given_partition(), free_one = given_partition();
    th_pen *first = given_pen(), *second = given_pen();
    th_ownership own = given_owner(first, p), other;
    th_error err = { 0 };

    CHECK_INT(th_pen_acquire(second, p, OTHER_WORKER, &other, &err), TH_NOT_OWNER);

    CHECK_INT(
        given_sql("select max(commit_no) from taskhub.commits where partition_id = %d", (int)p),
        own.term);
    CHECK_INT(given_sql("select worker_id from taskhub.partitions where partition_id = %d", (int)p),
              WORKER);
    th_error_clear(&err);
    CHECK_INT(th_pen_acquire(second, free_one, OTHER_WORKER, &other, &err), TH_OK);
    th_pen_close(first);
    th_pen_close(second);
}

TEST(an_owner_that_went_without_giving_leaves_its_partition_unclean)
{
    int32_t p = given_partition();
    th_pen *first = given_pen(), *second = given_pen();
    th_ownership before = given_owner(first, p);
    int pid = th_pen_pid(first);
    int64_t message = given_message(p, "1");
    given_sql("insert into taskhub.inbox (partition_id, due, instance_id, kind) values"
              " (%d, now() + interval '1 hour', 'somebody', 13)",
              (int)p);

    th_pen_close(first);
    CHECK(comes_free(p, pid));
    th_ownership after = given_owner_of(second, p, OTHER_WORKER);

    CHECK(!after.clean);
    CHECK_INT(after.last_message, message);
    CHECK_INT(after.term, before.term + 1);
    th_pen_close(second);
}

TEST(a_worker_that_only_lost_its_connection_finds_its_partition_clean)
{
    int32_t p = given_partition();
    th_pen *first = given_pen(), *second = given_pen();
    int pid = th_pen_pid(first);

    given_owner(first, p);
    given_message(p, "1");
    th_pen_close(first);
    CHECK(comes_free(p, pid));
    th_ownership after = given_owner(second, p);

    CHECK(after.clean);
    CHECK_INT(after.last_message, 0);
    th_pen_close(second);
}

/* ---- O4: give back --------------------------------------------------------------------------- */

TEST(what_was_given_back_is_clean_and_free)
{
    int32_t p = given_partition();
    th_pen *first = given_pen(), *second = given_pen();
    th_error err = { 0 };
    th_ownership before = given_owner(first, p);

    given_message(p, "1");
    CHECK_INT(th_pen_give(first, p, &err), TH_OK);

    CHECK_INT(given_sql("select count(*) from taskhub.partitions where partition_id = %d and clean"
                        " and worker_id is null and pen_pid is null",
                        (int)p),
              1);
    th_ownership after = given_owner(second, p);
    CHECK(after.clean);
    CHECK_INT(after.last_message, 0);
    CHECK_INT(after.term, before.term + 1);
    th_pen_close(first);
    th_pen_close(second);
}

TEST(what_is_not_held_cannot_be_given)
{
    int32_t p = given_partition();
    th_pen *owner = given_pen(), *stranger = given_pen();
    th_error err = { 0 };

    given_owner(owner, p);

    CHECK_INT(th_pen_give(stranger, p, &err), TH_CONFLICT);
    CHECK_INT(given_sql("select count(*) from taskhub.partitions where partition_id = %d and not"
                        " clean and pen_pid = %d",
                        (int)p, th_pen_pid(owner)),
              1);
    th_pen_close(owner);
    th_pen_close(stranger);
}

/* ---- B6: settling ---------------------------------------------------------------------------- */

static bool settled(th_pen *pen, int32_t p, int64_t commit_no, int64_t term)
{
    bool committed = false;
    th_error err = { 0 };

    CHECK_INT(th_pen_settled(pen, p, commit_no, term, &committed, &err), TH_OK);
    return committed;
}

TEST(what_committed_and_what_did_not_is_known_before_and_after_the_next_term)
{
    int32_t p = given_partition();
    th_pen *old = given_pen(), *asking = given_pen();
    th_ownership own = given_owner(old, p);
    int pid = th_pen_pid(old);
    th_batch *batch = given_batch(p, own.term + 1, own.term);
    bool gone = true;
    th_error err = { 0 };

    CHECK_INT(commit(old, batch).rc, TH_OK);
    CHECK_INT(th_pen_is_gone(asking, p, pid, &gone, &err), TH_OK);
    CHECK(!gone);
    th_pen_close(old);
    CHECK(comes_free(p, pid));
    CHECK_INT(th_pen_is_gone(asking, p, pid, &gone, &err), TH_OK);
    CHECK(gone);

    CHECK(settled(asking, p, own.term + 1, own.term));
    CHECK(!settled(asking, p, own.term + 2, own.term));

    /* The next term begins with the very number that did not commit. */
    th_ownership next = given_owner(asking, p);
    CHECK_INT(next.term, own.term + 2);
    CHECK(settled(asking, p, own.term + 1, own.term));
    CHECK(!settled(asking, p, own.term + 2, own.term));

    /* Nor do the next term's commits count for it. */
    th_batch *later = given_batch(p, next.term + 1, next.term);
    CHECK_INT(commit(asking, later).rc, TH_OK);
    CHECK(!settled(asking, p, own.term + 2, own.term));
    CHECK(!settled(asking, p, own.term + 3, own.term));
    CHECK(settled(asking, p, next.term + 1, next.term));
    th_batch_free(batch);
    th_batch_free(later);
    th_pen_close(asking);
}

/* ---- faults ---------------------------------------------------------------------------------- */

TEST(a_batch_whose_answer_is_lost_has_committed_and_one_that_was_cut_off_has_not)
{
    static const struct {
        th_fault what;
        bool committed;
    } cases[] = { { TH_FAULT_LIE, true }, { TH_FAULT_FAIL, false } };

    for (int i = 0; i < 2; i++) {
        int32_t p = given_partition();
        th_pen *pen = given_pen(), *asking = given_pen();
        th_ownership own = given_owner(pen, p);
        int pid = th_pen_pid(pen);
        th_batch *batch = given_batch(p, own.term + 1, own.term);
        th_error err = { 0 };

        with_message(batch, p, "out");
        th_fault_arm(cases[i].what, 1);
        th_rc rc = th_pen_send_batch(pen, batch, 0, &err);
        if (rc == TH_OK)
            rc = given_outcome_of(pen).rc;
        th_fault_arm(TH_FAULT_NONE, 0);

        CHECK_INT(rc, TH_DB_LOST);
        th_pen_close(pen);
        CHECK(comes_free(p, pid));
        CHECK_INT(settled(asking, p, own.term + 1, own.term), cases[i].committed);
        CHECK_INT(messages_of(p, "out"), cases[i].committed);
        th_batch_free(batch);
        th_pen_close(asking);
    }
}
