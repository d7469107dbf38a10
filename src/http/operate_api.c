/*
 * operate_api.c - for operators: why an instance is not running. Not of the Durable Functions API.
 */
#include "http/http_int.h"

#include <string.h>

#include "http/render.h"
#include "store/operate.h"

static void answer_json(th__request *r, int status, const char *json)
{
    th_buf_clear(&r->out);
    th_render_compact(&r->out, json, strlen(json));
    th__answer_json(r, status);
}

static th_rc explain_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_operate_explain(db, r->arena, r->hub->name, r->route.args[0], &json, err);

    if (rc == TH_OK)
        answer_json(r, 200, json);
    return rc;
}

void th__explain(th__request *r)
{
    if (r->hub) {
        th__pool_run(r, explain_job, NULL);
        return;
    }
    th__answer_empty(r, 404);
    th__request_done(r);
}
