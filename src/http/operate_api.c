/*
 * operate_api.c - for operators: why an instance is not running; pause and resume of the hub. Not
 * of the Durable Functions API.
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

/* ---- entry ------------------------------------------------------------------------------------
 */

static th__job job_of(th_route_id id)
{
    switch (id) {
    case TH_ROUTE_HUB_PAUSE:
        return pause_job;
    case TH_ROUTE_HUB_RESUME:
        return resume_job;
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
