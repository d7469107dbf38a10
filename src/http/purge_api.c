/*
 * purge_api.c - deletes finished instances with their history: one, or all that a filter finds.
 */
#include "http/http_int.h"

#include "base/clock.h"
#include "http/token.h"
#include "store/entities.h"
#include "store/purges.h"

#define TERMINAL_SET \
    (1u << TH_COMPLETED | 1u << TH_FAILED | 1u << TH_CANCELED | 1u << TH_TERMINATED)
#define MANY_WITHIN (20 * TH__SECOND)
#define ENTITY_WITHIN (10 * TH__SECOND)
#define ENTITY_PAUSE (TH__SECOND / 50)

static void answer_count(th__request *r, int64_t n)
{
    th_buf_clear(&r->out);
    th_buf_str(&r->out, "{\"instancesDeleted\":");
    th_buf_i64(&r->out, n);
    th_buf_chr(&r->out, '}');
    th__answer_json(r, 200);
}

/* ---- one --------------------------------------------------------------------------------------
 */

static void answer_missing(th__request *r)
{
    if (r->instance_id[0] == '@') /* an entity: gone is what the caller wants */
        answer_count(r, 0);
    else
        th__answer_empty(r, 404);
}

/* With what it started: the status is looked up where it has not finished. */
static th_rc purge_tree(th__request *r, th_db *db, int *status, th_error *outcome)
{
    th_instance *instance = NULL;
    th_error ignored = { 0 };
    th_rc rc = th_purge_tree(db, r->hub->name, r->key_name, r->instance_id, outcome);

    if (rc == TH_NOT_FINISHED &&
        th_instance_get(db, r->arena, r->hub, r->instance_id, &instance, &ignored) == TH_OK)
        *status = instance->status;
    return rc;
}

static th_rc purge_job(th__request *r, th_db *db, th_error *err)
{
    int status = -1;
    th_error outcome = { 0 };
    th_rc rc = th_query_bool(&r->query, r->arena, "recursive", false)
                   ? purge_tree(r, db, &status, &outcome)
                   : th_instance_purge(db, r->hub, r->instance_id, r->key_name, &status, &outcome);

    switch (rc) {
    case TH_OK:
        answer_count(r, 1);
        return TH_OK;
    case TH_NOT_FOUND:
        answer_missing(r);
        return TH_OK;
    case TH_NOT_FINISHED:
        th__answer_string(r, 412,
                          th_sprintf(r->arena,
                                     "The instance '%s' has the status %s; only a finished one can "
                                     "be purged.",
                                     r->instance_id, th_status_name(status)));
        return TH_OK;
    default:
        return th_fail(err, rc, "%s", outcome.text);
    }
}

/* ---- an entity: its owner deletes it, and the answer waits for that -----------------------------
 */

static void look_again(th__request *r);

/* Whether it is still the one that was found first. */
static th_rc entity_there_job(th__request *r, th_db *db, th_error *err)
{
    th_uuid start_id;
    th_error outcome = { 0 };
    th_rc rc = th_entity_start_get(db, r->hub, r->instance_id, &start_id, &outcome);

    r->wait_over = rc == TH_NOT_FOUND ||
                   (r->is_sent && rc == TH_OK && !th_uuid_equal(&start_id, &r->entity_start));
    if (r->wait_over)
        answer_count(r, r->is_sent);
    else if (rc != TH_OK)
        return th_fail(err, rc, "%s", outcome.text);
    r->entity_start = start_id;
    return TH_OK;
}

static void entity_looked(th__request *r)
{
    int64_t now = th_mono_us();

    if (r->wait_over) {
        th__request_done(r);
    } else if (now >= r->wait_until_us || atomic_load(&r->server->draining)) {
        th__answer_rc(r, TH_UNAVAILABLE,
                      "the entity will be deleted, but that has not happened yet");
        th__request_done(r);
    } else {
        th__waits_at(r, now + ENTITY_PAUSE, look_again);
    }
}

static void look_again(th__request *r)
{
    th__pool_run(r, entity_there_job, entity_looked);
}

static void purge_sent(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    if (answer->rc == TH_OK) {
        r->is_sent = true;
        look_again(r);
        return;
    }
    th__answer_rc(r, answer->rc, th_strdup(r->arena, answer->text));
    th__request_done(r);
}

static void entity_found(th__request *r)
{
    th_signal_request request = { .kind = TH_SIGNAL_ENTITY_PURGE,
                                  .instance_id = r->instance_id,
                                  .by_hand = true,
                                  .key_name = r->key_name };

    if (r->wait_over)
        th__request_done(r);
    else
        th_front_signal(r->server->options.front, r->hub, &request, purge_sent, r);
}

static void purge_entity(th__request *r)
{
    r->wait_until_us = th_mono_us() + ENTITY_WITHIN;
    th__pool_run(r, entity_there_job, entity_found);
}

void th__purge(th__request *r)
{
    r->instance_id = r->route.args[0];
    if (r->hub && r->instance_id[0] == '@') {
        purge_entity(r);
        return;
    }
    if (r->hub) {
        th__pool_run(r, purge_job, NULL);
        return;
    }
    answer_missing(r);
    th__request_done(r);
}

/* ---- by filter --------------------------------------------------------------------------------
 */

static th_purge_filter filter_of(const th__request *r)
{
    return (th_purge_filter){ .created_from_us = r->filter->created_from_us,
                              .created_to_us = r->filter->created_to_us,
                              .statuses = r->filter->statuses,
                              .recursive = r->recursive,
                              .key = r->key_name,
                              .after = r->purged_until };
}

/* Batch by batch, each its own commit, until the time is over; r->purged_until is NULL then if that
 * was all. A second run after a lost connection goes on where the first one stood. */
static th_rc purge_batches(th__request *r, th_db *db, th_error *err)
{
    th_purge_filter filter = filter_of(r);
    th_rc rc;

    do {
        int64_t deleted = 0;
        filter.after = r->purged_until;
        rc = th_purge_batch(db, r->arena, r->hub->name, &filter, &deleted, &r->purged_until, err);
        r->purged += deleted;
    } while (rc == TH_OK && r->purged_until && th_mono_us() < r->wait_until_us &&
             !atomic_load(&r->server->draining));
    return rc;
}

/* What is left when the time is over is the engine's. */
static th_rc leave_rest(th__request *r, th_db *db, th_error *err)
{
    th_purge_filter filter = filter_of(r);
    int64_t purge_id = 0;
    th_rc rc = th_purge_request(db, r->arena, r->hub->name, &filter, &purge_id, err);

    if (rc != TH_OK)
        return rc;
    th_buf_clear(&r->out);
    th_buf_str(&r->out, "{\"instancesDeleted\":");
    th_buf_i64(&r->out, r->purged);
    th_buf_str(&r->out, ",\"purgeId\":");
    th_buf_i64(&r->out, purge_id);
    th_buf_chr(&r->out, '}');
    th__answer_json(r, 202);
    return TH_OK;
}

static th_rc purge_many_job(th__request *r, th_db *db, th_error *err)
{
    th_rc rc = purge_batches(r, db, err);

    if (rc != TH_OK)
        return rc;
    if (r->purged_until)
        return leave_rest(r, db, err);
    if (r->purged)
        answer_count(r, r->purged);
    else
        th__answer_empty(r, 404);
    return TH_OK;
}

/* False: answered, or nothing can match. */
static bool read_filter(th__request *r, th_instance_filter *f)
{
    bool named;
    uint32_t asked = th_query_statuses(&r->query, r->arena, &named);

    th__answer_empty(r, 404);
    if (!th_query_time(&r->query, r->arena, "createdTimeFrom", &f->created_from_us)) {
        th__answer_string(r, 400, "Please provide value for 'createdTimeFrom' parameter.");
        return false;
    }
    f->created_from_us = f->created_from_us ? f->created_from_us : 1;
    f->created_to_us = th_now_us();
    if (th_query_time(&r->query, r->arena, "createdTimeTo", &f->created_to_us))
        f->created_to_us = f->created_to_us ? f->created_to_us : -1;
    f->statuses = named ? asked & TERMINAL_SET : TERMINAL_SET;
    r->recursive = th_query_bool(&r->query, r->arena, "recursive", false);
    r->wait_until_us = th_mono_us() + MANY_WITHIN;
    return f->statuses && r->hub;
}

void th__purge_many(th__request *r)
{
    th_instance_filter *filter = th_new(r->arena, th_instance_filter, 1);

    r->filter = filter;
    if (read_filter(r, filter))
        th__pool_run(r, purge_many_job, NULL);
    else
        th__request_done(r);
}
