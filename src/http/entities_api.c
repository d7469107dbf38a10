/*
 * entities_api.c - entities: signal, read, list. 202 means that the signal is committed.
 */
#include "http/http_int.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/entity_id.h"
#include "base/json.h"
#include "http/render.h"
#include "http/token.h"
#include "store/entities.h"

#define DEFAULT_TOP 100
#define LARGEST_PAGE 1000
#define MAX_OPERATION 256

static void refuse(th__request *r, const char *text)
{
    th__answer_message(r, 400, text);
    th__request_done(r);
}

/* ---- signals ----------------------------------------------------------------------------------
 */

static const char *target_problem(th__request *r, const char *name, const char *key)
{
    const char *problem = th_entity_id_problem(name, key);

    if (problem)
        return th_sprintf(r->arena, "The entity's %s.", problem);
    if (!r->hub)
        return th_sprintf(r->arena, "There is no task hub '%s'.",
                          th_query_text(&r->query, r->arena, "taskHub"));
    return NULL;
}

static const char *unknown_function(th__request *r)
{
    return th_sprintf(r->arena,
                      "The function '%s' doesn't exist, is disabled, or is not an entity function. "
                      "Additional info: no app that runs here, or ever ran for this hub, has an "
                      "entity of that name.",
                      r->known_name);
}

static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";

    if (!type)
        return false;
    type += strspn(type, " ");
    if (strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    type += sizeof json - 1;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

/* JSON as it is, without blanks; any other text as a JSON string. False: refused. */
static bool read_input(th__request *r, const char **input)
{
    th_error err = { 0 };
    th_buf text = TH_BUF_INIT;
    bool is_json = is_json_type(th__request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE));

    *input = NULL;
    if (!r->body.len)
        return true;
    if (is_json && !th_json_valid(r->body.data, r->body.len, &err)) {
        refuse(r, th_sprintf(r->arena, "Could not parse JSON content: %s", err.text));
        return false;
    }
    if (!is_json &&
        (!th_utf8_valid(r->body.data, r->body.len) || memchr(r->body.data, 0, r->body.len))) {
        refuse(r, "The content is not JSON, so it must be a text in UTF-8 without NUL characters");
        return false;
    }
    if (is_json)
        th_render_compact(&text, r->body.data, r->body.len);
    else
        th_buf_json(&text, r->body.data, r->body.len);
    *input = th_strndup(r->arena, text.data, text.len);
    th_buf_free(&text);
    return true;
}

static void finish_signal(th__request *r)
{
    if (r->rc == TH_OK)
        th__answer_empty(r, 202);
    else
        th__answer_rc(r, r->rc, r->text);
}

static void signalled(void *arg, const th_front_answer *answer)
{
    th__request *r = arg;

    r->rc = answer->rc;
    r->text = th_strdup(r->arena, answer->text);
    r->finish = finish_signal;
    th__request_done(r);
}

static const char *operation_of(th__request *r)
{
    const char *op =
        r->verb == TH_VERB_DELETE ? "delete" : th_query_text(&r->query, r->arena, "op");

    return op ? op : "";
}

static void signal_if_known(th__request *r)
{
    th_signal_request request = { .kind = TH_SIGNAL_ENTITY,
                                  .event_name = operation_of(r),
                                  .instance_id = r->instance_id,
                                  .payload = r->input };

    if (!r->is_known) {
        refuse(r, unknown_function(r));
        return;
    }
    th__request_wait(r);
    th_front_signal(r->server->options.front, r->hub, &request, signalled, r);
}

static void signal_entity(th__request *r)
{
    const char *name = r->route.args[0], *key = r->route.args[1] ? r->route.args[1] : "";
    const char *problem = target_problem(r, name, key);

    if (!problem && strlen(operation_of(r)) > MAX_OPERATION)
        problem = "The name of the operation is longer than 256 bytes.";
    if (problem) {
        refuse(r, problem);
        return;
    }
    if (!read_input(r, &r->input))
        return;
    r->instance_id = th_entity_id_make(r->arena, name, key);
    th__known_then(r, TH_ITEM_ENTITY, name, NULL, signal_if_known);
}

/* ---- reads ------------------------------------------------------------------------------------
 */

static th_rc read_job(th__request *r, th_db *db, th_error *err)
{
    const char *state;
    th_arena *arena = th_arena_new(0);
    th_error outcome = { 0 };
    th_rc rc = th_entity_state_get(db, arena, r->hub, r->instance_id, &state, &outcome);

    th_buf_clear(&r->out);
    if (rc == TH_OK) {
        th_render_text(&r->out, state);
        th__answer_json(r, 200);
    } else if (rc == TH_NOT_FOUND) {
        th__answer_empty(r, 404);
        rc = TH_OK;
    } else {
        rc = th_fail(err, rc, "%s", outcome.text);
    }
    th_arena_free(arena);
    return rc;
}

static void read_entity(th__request *r)
{
    const char *key = strcmp(r->route.args[1], "$") == 0 ? "" : r->route.args[1];

    if (!r->hub || th_entity_id_problem(r->route.args[0], key)) {
        th__answer_empty(r, 404);
        th__request_done(r);
        return;
    }
    r->instance_id = th_entity_id_make(r->arena, r->route.args[0], key);
    th__pool_run(r, read_job, NULL);
}

/* ---- lists ------------------------------------------------------------------------------------
 */

static void render_row(th__request *r, th_arena *arena, const th_entity_row *row)
{
    const char *name = "", *key = "";

    th_entity_id_split(arena, row->id, &name, &key);
    th_buf_str(&r->out, "{\"entityId\":{\"name\":");
    th_buf_json_str(&r->out, name);
    th_buf_str(&r->out, ",\"key\":");
    th_buf_json_str(&r->out, key);
    th_buf_str(&r->out, "},\"lastOperationTime\":");
    th_render_time(&r->out, row->last_operation_us);
    th_buf_str(&r->out, ",\"state\":");
    th_render_text(&r->out, row->state);
    th_buf_chr(&r->out, '}');
}

static th_rc list_page(th__request *r, th_db *db, th_arena *arena, th_error *err)
{
    th_entity_row *rows;
    size_t n;
    const char *next;
    th_rc rc = th_entities_list(db, arena, r->hub, r->entities, &rows, &n, &next, err);

    if (rc != TH_OK)
        return rc;
    th_buf_clear(&r->out);
    th_buf_chr(&r->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            th_buf_chr(&r->out, ',');
        render_row(r, arena, &rows[i]);
    }
    th_buf_chr(&r->out, ']');
    r->token = next ? th_token_make(r->arena, r->hub->hub_id, next) : " ";
    th__answer_json(r, 200);
    return TH_OK;
}

static th_rc list_job(th__request *r, th_db *db, th_error *err)
{
    th_arena *arena = th_arena_new(0);
    th_rc rc = list_page(r, db, arena, err);

    th_arena_free(arena);
    return rc;
}

/* 0 means "no bound" to the store, so the first instant of 1970 becomes its neighbour. */
static int64_t bound(th__request *r, const char *name, int64_t neighbour)
{
    int64_t us = 0;

    if (!th_query_time(&r->query, r->arena, name, &us))
        return 0;
    return us ? us : neighbour;
}

/* NULL: fine. */
static const char *filter_problem(th__request *r, th_entity_filter *f)
{
    const char *token = th__request_header(r, "x-ms-continuation-token");

    f->top = DEFAULT_TOP;
    if (th_query_int(&r->query, r->arena, "top", &f->top) && f->top <= 0)
        return "top must be 1 or more.";
    if (f->top > LARGEST_PAGE)
        f->top = LARGEST_PAGE;
    if (!token || !*token || !r->hub)
        return NULL;
    f->after_id = th_token_read(r->arena, r->hub->hub_id, token);
    return f->after_id
               ? NULL
               : "The continuation token is not one that this server gave out for this hub.";
}

static const char *lower_name(th__request *r)
{
    const char *name, *key;

    if (!r->route.args[0])
        return NULL;
    if (th_entity_id_problem(r->route.args[0], ""))
        return "";
    th_entity_id_split(r->arena, th_entity_id_make(r->arena, r->route.args[0], ""), &name, &key);
    return name;
}

static void list_entities(th__request *r)
{
    th_entity_filter *f = th_new(r->arena, th_entity_filter, 1);
    const char *problem = filter_problem(r, f);

    f->name = lower_name(r);
    f->from_us = bound(r, "lastOperationTimeFrom", 1);
    f->to_us = bound(r, "lastOperationTimeTo", -1);
    f->want_states = th_query_bool(&r->query, r->arena, "fetchState", false);
    r->entities = f;
    if (problem) {
        th__answer_invalid(r, problem);
        th__request_done(r);
    } else if (!r->hub) {
        th_buf_str(&r->out, "[]");
        th__answer_json(r, 200);
        r->token = " ";
        th__request_done(r);
    } else {
        th__pool_run(r, list_job, NULL);
    }
}

void th__entities(th__request *r)
{
    if (r->verb != TH_VERB_GET) {
        if (r->route.args[0])
            signal_entity(r);
        else
            refuse(r, "The name of an entity is missing.");
        return;
    }
    if (r->route.args[0] && r->route.args[1])
        read_entity(r);
    else
        list_entities(r);
}
