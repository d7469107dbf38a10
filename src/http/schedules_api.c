/*
 * schedules_api.c - schedules: list, show, make or change, delete. Not of the Durable Functions
 * API.
 */
#include "http/http_int.h"

#include <string.h>

#include "base/json.h"
#include "http/render.h"
#include "store/schedules.h"

#define MAX_NAME 256

/* ---- reading ----------------------------------------------------------------------------------
 */

static void answer_json(th__request *r, int status, const char *json)
{
    th_buf_clear(&r->out);
    th_render_compact(&r->out, json, strlen(json));
    th__answer_json(r, status);
}

static th_rc list_job(th__request *r, th_db *db, th_error *err)
{
    const char *json;
    th_rc rc = th_schedules_list(db, r->arena, r->hub->name, &json, err);

    if (rc == TH_OK)
        answer_json(r, 200, json);
    return rc;
}

static th_rc show(th__request *r, th_db *db, bool may_be_new, th_error *err)
{
    const char *json;
    bool is_new;
    th_rc rc = th_schedule_get(db, r->arena, r->hub->name, r->route.args[0], &json, &is_new, err);

    if (rc == TH_OK)
        answer_json(r, is_new && may_be_new ? 201 : 200, json);
    return rc;
}

static th_rc show_job(th__request *r, th_db *db, th_error *err)
{
    return show(r, db, false, err);
}

static th_rc drop_job(th__request *r, th_db *db, th_error *err)
{
    th_rc rc = th_schedule_drop(db, r->hub->name, r->route.args[0], err);

    if (rc == TH_OK)
        th__answer_empty(r, 204);
    return rc;
}

/* ---- the body of a PUT ------------------------------------------------------------------------
 */

/* What GET shows may come back; a name that nobody knows is more likely a slip of the hand. */
static th_rc check_keys(const th_json_at *at, th_error *err)
{
    static const char *const known[] = {
        "name",       "expression",  "timeZone",    "orchestrator",    "input",    "overlap",
        "missed",     "missedLimit", "enabled",     "nextTime",        "lastTime", "lastInstanceId",
        "lastStatus", "problem",     "createdTime", "lastUpdatedTime",
    };
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)at->object, key, value) {
        bool found = false;

        for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
            found = strcmp(known[i], key) == 0;
        if (!found)
            return th_fail(err, TH_INVALID, "%.60s: a schedule has no such field", key);
    }
    return TH_OK;
}

static th_rc read_fields(const th_json_at *at, th_schedule *s, bool *enabled, th_error *err)
{
    const json_t *flag = NULL;
    const char *name = s->name;
    int64_t limit = 0;
    th_rc rc = th_json_str(at, "name", TH_OPTIONAL, &name, err);

    if (rc == TH_OK && strcmp(name, s->name) != 0)
        rc = th_fail(err, TH_INVALID, "name: is not the one in the path");
    if (rc == TH_OK)
        rc = th_json_str(at, "expression", TH_REQUIRED, &s->expression, err);
    if (rc == TH_OK)
        rc = th_json_str(at, "orchestrator", TH_REQUIRED, &s->orchestrator, err);
    if (rc == TH_OK)
        rc = th_json_str(at, "timeZone", TH_OPTIONAL, &s->time_zone, err);
    if (rc == TH_OK)
        rc = th_json_str(at, "overlap", TH_OPTIONAL, &s->overlap, err);
    if (rc == TH_OK)
        rc = th_json_str(at, "missed", TH_OPTIONAL, &s->missed, err);
    if (rc == TH_OK)
        rc = th_json_int(at, "missedLimit", TH_OPTIONAL, 1, 1000, &limit, err);
    if (rc == TH_OK)
        rc = th_json_bool(at, "enabled", TH_OPTIONAL, enabled, err);
    if (rc == TH_OK)
        rc = th_json_any(at, "enabled", TH_OPTIONAL, &flag, err);
    s->missed_limit = (int32_t)limit;
    s->enabled = flag ? enabled : NULL;
    return rc;
}

/* From the text, so that it is kept byte for byte. null is no input. */
static th_rc read_input(const th__request *r, const th_json_at *at, const char **input,
                        th_error *err)
{
    const json_t *value = NULL;
    const char *text;
    size_t n;
    th_rc rc = th_json_any(at, "input", TH_OPTIONAL, &value, err);

    if (rc != TH_OK || !value || json_is_null(value))
        return rc;
    if (!th_json_member(r->body.data, r->body.len, "input", &text, &n))
        return th_fail(err, TH_INVALID, "input: its name must be written without escapes");
    *input = th_strndup(r->arena, text, n);
    return TH_OK;
}

/* As with starts: where an app runs in this process, it must have the orchestrator. */
static th_rc check_orchestrator(const th__request *r, const char *name, th_error *err)
{
    const th_http_options *o = &r->server->options;

    if (strlen(name) > MAX_NAME)
        return th_fail(err, TH_INVALID, "orchestrator: must not be longer than 256 bytes");
    if (o->engine && r->hub == &o->hub &&
        !th_engine_can_run(o->engine, TH_ITEM_ORCHESTRATOR, name, NULL))
        return th_fail(err, TH_INVALID,
                       "orchestrator: no app that runs here has an orchestrator '%s'", name);
    return TH_OK;
}

static th_rc put(th__request *r, th_db *db, const json_t *root, th_error *err)
{
    bool enabled = true;
    th_json_at at;
    th_schedule schedule = { .name = r->route.args[0] };
    th_rc rc = th_json_top(root, NULL, TH_INVALID, false, &at, err);

    if (rc == TH_OK)
        rc = check_keys(&at, err);
    if (rc == TH_OK)
        rc = read_fields(&at, &schedule, &enabled, err);
    if (rc == TH_OK)
        rc = check_orchestrator(r, schedule.orchestrator, err);
    if (rc == TH_OK)
        rc = read_input(r, &at, &schedule.input, err);
    if (rc == TH_OK)
        rc = th_schedule_put(db, r->hub->name, &schedule, err);
    if (rc == TH_OK)
        rc = show(r, db, true, err);
    return rc;
}

static th_rc put_job(th__request *r, th_db *db, th_error *err)
{
    json_t *root = NULL;
    th_error bad = { 0 };
    th_rc rc = th_json_parse(r->body.data ? r->body.data : "", r->body.len, 0, &root, &bad);

    if (rc != TH_OK) {
        th__answer_bad_json(r, th_strdup(r->arena, bad.text));
        return TH_OK;
    }
    rc = put(r, db, root, err);
    json_decref(root);
    return rc;
}

/* ---- entry ------------------------------------------------------------------------------------
 */

static th__job job_of(th_route_id id)
{
    switch (id) {
    case TH_ROUTE_SCHEDULE_PUT:
        return put_job;
    case TH_ROUTE_SCHEDULE_DROP:
        return drop_job;
    case TH_ROUTE_SCHEDULE:
        return show_job;
    default:
        return list_job;
    }
}

void th__schedules(th__request *r)
{
    if (r->hub) {
        th__pool_run(r, job_of(r->route.id), NULL);
    } else if (r->route.id == TH_ROUTE_SCHEDULES) {
        answer_json(r, 200, "[]");
        th__request_done(r);
    } else {
        th__answer_empty(r, 404);
        th__request_done(r);
    }
}
