/*
 * operate_api.c - for operators: why an instance is not running; pause and resume of the hub;
 * work that was given up. Not of the Durable Functions API.
 */
#include "http/http_int.h"

#include <string.h>

#include "http/render.h"
#include "store/operate.h"

/* json NULL: there is nothing of that name. */
static void answer_json(th__request *r, const char *json)
{
    if (!json) {
        th__answer_empty(r, 404);
        return;
    }
    th_buf_clear(&r->out);
    th_render_compact(&r->out, json, strlen(json));
    th__answer_json(r, 200);
}

static th_rc explain_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_operate_explain(db, r->arena, r->hub->name, r->route.args[0], &json, err);

    if (rc == TH_OK)
        answer_json(r, json);
    return rc;
}

/* ---- the hub ----------------------------------------------------------------------------------
 */

static th_rc hub_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_operate_hub(db, r->arena, r->hub->name, &json, err);

    if (rc == TH_OK)
        answer_json(r, json);
    return rc;
}

static th_rc audit_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_operate_audit(db, r->arena, r->hub->name, &json, err);

    if (rc == TH_OK)
        answer_json(r, json);
    return rc;
}

static th_rc pause_job(th__request *r, th_db *db, th_error *err)
{
    const char *reason = th_query_text(&r->query, r->arena, "reason");
    th_rc rc = th_operate_pause(db, r->hub->name, r->key_name, reason, err);

    return rc == TH_OK ? hub_job(r, db, err) : rc;
}

static th_rc resume_job(th__request *r, th_db *db, th_error *err)
{
    th_rc rc = th_operate_resume(db, r->hub->name, r->key_name, err);

    return rc == TH_OK ? hub_job(r, db, err) : rc;
}

/* ---- items ------------------------------------------------------------------------------------
 */

static th_rc items_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_operate_poisoned(db, r->arena, r->hub->name, &json, err);

    if (rc == TH_OK)
        answer_json(r, json);
    return rc;
}

/* A number that the database would not take names no activity. */
static bool is_number(const char *text)
{
    size_t n = strspn(text, "0123456789");

    return n > 0 && n < 10 && text[n] == '\0';
}

static th_rc item_job(th__request *r, th_db *db, th_error *err)
{
    const char *id = r->route.args[0], *seq = r->route.args[1];
    const char *reason = th_query_text(&r->query, r->arena, "reason");
    th_error refused = { 0 };
    th_rc rc;

    if (seq && !is_number(seq))
        return th_fail(err, TH_INVALID, "the activity's number: must be an integer from 0");
    if (r->route.id == TH_ROUTE_ITEM_RETRY)
        rc = th_operate_retry(db, r->hub->name, r->key_name, id, seq, &refused);
    else
        rc = th_operate_fail(db, r->hub->name, r->key_name, id, seq, reason, &refused);
    if (rc == TH_OK)
        th__answer_empty(r, 202);
    else if (rc == TH_NOT_FAILED)
        th__answer_string(r, 412, th_strdup(r->arena, refused.text));
    else
        return th_fail(err, rc, "%s", refused.text);
    return TH_OK;
}

/* ---- entry ------------------------------------------------------------------------------------
 */

static th__job job_of(th_route_id id)
{
    switch (id) {
    case TH_ROUTE_HUB_PAUSE:
        return pause_job;
    case TH_ROUTE_HUB_RESUME:
        return resume_job;
    case TH_ROUTE_AUDIT:
        return audit_job;
    case TH_ROUTE_ITEMS:
        return items_job;
    case TH_ROUTE_ITEM_RETRY:
    case TH_ROUTE_ITEM_FAIL:
        return item_job;
    case TH_ROUTE_HUB:
        return hub_job;
    default:
        return explain_job;
    }
}

void th__operate(th__request *r)
{
    if (r->hub) {
        th__pool_run(r, job_of(r->route.id), NULL);
        return;
    }
    th__answer_empty(r, 404);
    th__request_done(r);
}
