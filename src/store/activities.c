/*
 * activities.c - the activities queue.
 */
#include "store/activities.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "store/params.h"
#include "store/pen_int.h"
#include "store/th_sql.h"

/* The columns of a statement and its parameters, freed together. */
typedef struct columns {
    th_array a[6];
    th_params params;
} columns;

static void columns_free(columns *c)
{
    for (int i = 0; i < 6; i++)
        th_array_free(&c->a[i]);
    th_params_free(&c->params);
}

static th_array *add(columns *c, int i, th_type type)
{
    th_array_init(&c->a[i], type);
    return &c->a[i];
}

static const char *text(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

static void read_claimed(th_arena *arena, const PGresult *r, int i, th_claimed *c)
{
    bool is_episode = PQnfields(r) > 15;
    c->kind = is_episode ? th_get_i16(PQgetvalue(r, i, 14)) : 0;
    c->messages = is_episode ? th_strdup(arena, text(r, i, 15)) : NULL;
    c->partition_id = th_get_i32(PQgetvalue(r, i, 0));
    c->id = th_get_i64(PQgetvalue(r, i, 1));
    c->claim_no = th_get_i32(PQgetvalue(r, i, 2));
    c->instance_id = th_strdup(arena, text(r, i, 3));
    memcpy(c->start_id.b, PQgetvalue(r, i, 4), 16);
    memcpy(c->execution_id.b, PQgetvalue(r, i, 5), 16);
    c->seq = th_get_i32(PQgetvalue(r, i, 6));
    c->task_id = th_get_i32(PQgetvalue(r, i, 7));
    c->attempt = th_get_i32(PQgetvalue(r, i, 8));
    c->name = th_strdup(arena, text(r, i, 9));
    c->version = th_strdup(arena, text(r, i, 10));
    c->input = th_strdup(arena, text(r, i, 11));
    c->tags = th_strdup(arena, text(r, i, 12));
    c->trace = th_strdup(arena, text(r, i, 13));
    c->priority = is_episode ? 0 : th_get_i16(PQgetvalue(r, i, 14));
}

static th_array *names_column(columns *c, const char *const *lower_names, size_t names_count)
{
    th_array *names = add(c, 0, TH_T_TEXT);
    for (size_t i = 0; i < names_count; i++)
        th_array_text(names, lower_names[i]);
    return names;
}

static th_rc claim(th_db *db, th_arena *arena, const char *statement, columns *c, th_claimed **out,
                   size_t *count, th_error *err)
{
    PGresult *res = NULL;
    th_params_ready(&c->params);
    th_rc rc = th_db_exec(db, statement, &c->params, true, &res, err);
    if (rc == TH_OK) {
        *count = (size_t)PQntuples(res);
        *out = th_new(arena, th_claimed, *count + 1);
        for (size_t i = 0; i < *count; i++)
            read_claimed(arena, res, (int)i, &(*out)[i]);
    }
    PQclear(res);
    columns_free(c);
    return rc;
}

th_rc th_activities_claim(th_db *db, th_arena *arena, int32_t partition_id, int32_t worker_id,
                          int32_t limit, const char *const *lower_names, size_t names_count,
                          th_claimed **out, size_t *count, th_error *err)
{
    columns c = { 0 };
    th_array *names = names_column(&c, lower_names, names_count);
    th_param_i32(&c.params, partition_id);
    th_param_i32(&c.params, worker_id);
    th_param_i32(&c.params, limit);
    th_param_array(&c.params, names);
    return claim(db, arena, th_sql_activity_claim, &c, out, count, err);
}

char *th_episode_refusal(const char *name, const char *version)
{
    th_buf text = TH_BUF_INIT;
    th_buf_str(&text, name);
    th_buf_chr(&text, '\n'); /* no name has one */
    th_buf_str(&text, version ? version : "");
    return th_buf_steal(&text);
}

th_rc th_episodes_claim(th_db *db, th_arena *arena, int32_t first_partition,
                        int32_t partition_count, int32_t worker_id, int32_t limit,
                        const th_episode_names *names, bool suspect, th_claimed **out,
                        size_t *count, th_error *err)
{
    columns c = { 0 };
    th_array *orchestrators = names_column(&c, names->orchestrators, names->orchestrator_count);
    th_array *entities = add(&c, 1, TH_T_TEXT);
    for (size_t i = 0; i < names->entity_count; i++)
        th_array_text(entities, names->entities[i]);
    th_param_i32(&c.params, first_partition);
    th_param_i32(&c.params, partition_count);
    th_param_i32(&c.params, worker_id);
    th_param_i32(&c.params, limit);
    th_param_array(&c.params, orchestrators);
    th_param_array(&c.params, entities);
    th_param_bool(&c.params, suspect);
    th_array *refused = add(&c, 2, TH_T_TEXT);
    for (size_t i = 0; i < names->refused_count; i++)
        th_array_text(refused, names->refused[i]);
    th_param_array(&c.params, refused);
    return claim(db, arena, th_sql_episode_claim, &c, out, count, err);
}

th_rc th_episodes_load(th_db *db, const th_claimed *claimed, size_t n, th_loaded *out,
                       th_error *err)
{
    columns c = { 0 };
    PGresult *instances = NULL, *episodes = NULL;
    th_array *parts = add(&c, 0, TH_T_INT4), *ids = add(&c, 1, TH_T_TEXT);
    for (size_t i = 0; i < n; i++) {
        th_array_i32(parts, claimed[i].partition_id);
        th_array_text(ids, claimed[i].instance_id);
    }
    th_param_array(&c.params, parts);
    th_param_array(&c.params, ids);
    th_params_ready(&c.params);
    *out = (th_loaded){ .arena = th_arena_new(0) };
    th_rc rc = th_db_exec(db, th_sql_instance_load, &c.params, true, &instances, err);
    if (rc == TH_OK)
        rc = th_db_exec(db, th_sql_history_replay, &c.params, true, &episodes, err);
    out->results[0] = instances;
    out->results[1] = episodes;
    if (rc == TH_OK) {
        out->instances = th__instance_rows(instances, out->arena, &out->instance_count);
        out->episodes = th__episode_rows(episodes, out->arena, &out->episode_count);
    }
    columns_free(&c);
    return rc;
}

void th_loaded_free(th_loaded *loaded)
{
    PQclear(loaded->results[0]);
    PQclear(loaded->results[1]);
    th_arena_free(loaded->arena);
    *loaded = (th_loaded){ 0 };
}

/* *partition_id 0: there is none. */
static th_rc find_suspect(th_db *db, int32_t first_partition, int32_t partition_count,
                          int32_t worker_id, const char *const *lower_names, size_t names_count,
                          int32_t *partition_id, int64_t *id, th_error *err)
{
    columns c = { 0 };
    PGresult *res = NULL;
    th_array *names = names_column(&c, lower_names, names_count);
    th_param_i32(&c.params, first_partition);
    th_param_i32(&c.params, partition_count);
    th_param_i32(&c.params, worker_id);
    th_param_array(&c.params, names);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_suspect, &c.params, true, &res, err);
    bool found = rc == TH_OK && PQntuples(res) == 1;
    *partition_id = found ? th_get_i32(PQgetvalue(res, 0, 0)) : 0;
    *id = found ? th_get_i64(PQgetvalue(res, 0, 1)) : 0;
    PQclear(res);
    columns_free(&c);
    return rc;
}

th_rc th_activities_claim_suspect(th_db *db, th_arena *arena, int32_t first_partition,
                                  int32_t partition_count, int32_t worker_id,
                                  const char *const *lower_names, size_t names_count,
                                  th_claimed **out, size_t *count, th_error *err)
{
    columns c = { 0 };
    int32_t partition_id;
    int64_t id;
    *count = 0;
    th_rc rc = find_suspect(db, first_partition, partition_count, worker_id, lower_names,
                            names_count, &partition_id, &id, err);
    if (rc != TH_OK || !partition_id)
        return rc;
    th_param_i32(&c.params, partition_id);
    th_param_i32(&c.params, worker_id);
    th_param_i64(&c.params, id);
    return claim(db, arena, th_sql_activity_claim_suspect, &c, out, count, err);
}

static int by_key(const void *a, const void *b)
{
    const th_completed *x = a, *y = b;
    if (x->partition_id != y->partition_id)
        return x->partition_id < y->partition_id ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void key_columns(columns *c, const th_completed *items, size_t n)
{
    th_array *parts = add(c, 0, TH_T_INT4), *ids = add(c, 1, TH_T_INT8),
             *claims = add(c, 2, TH_T_INT4);
    for (size_t i = 0; i < n; i++) {
        th_array_i32(parts, items[i].partition_id);
        th_array_i64(ids, items[i].id);
        th_array_i32(claims, items[i].claim_no);
    }
    for (int i = 0; i < 3; i++)
        th_param_array(&c->params, &c->a[i]);
}

static void answer_columns(columns *c, const th_completed *items, size_t n)
{
    th_buf body = TH_BUF_INIT;
    th_array *kinds = add(c, 3, TH_T_INT2), *results = add(c, 4, TH_T_TEXT),
             *bodies = add(c, 5, TH_T_TEXT);
    for (size_t i = 0; i < n; i++) {
        if (items[i].is_reply) {
            th_array_i16(kinds, TH_EPISODE_ANSWERED);
            th_array_text(results, items[i].result);
            th_array_text(bodies, items[i].failure);
            continue;
        }
        th_array_i16(kinds, items[i].failure ? 8 : 7);
        th_array_text(results, items[i].failure ? NULL : items[i].result);
        if (!items[i].failure) {
            th_array_null(bodies);
            continue;
        }
        th_buf_clear(&body);
        th_buf_str(&body, "{\"failure\":");
        th_buf_str(&body, items[i].failure);
        th_buf_chr(&body, '}');
        th_array_bytes(bodies, body.data, body.len);
    }
    for (int i = 3; i < 6; i++)
        th_param_array(&c->params, &c->a[i]);
    th_buf_free(&body);
}

/* Marks the items that the statement returned. */
static void mark_done(const PGresult *res, const th_completed *items, size_t n, bool *done)
{
    for (int i = 0; i < PQntuples(res); i++) {
        th_completed key = { .partition_id = th_get_i32(PQgetvalue(res, i, 0)),
                             .id = th_get_i64(PQgetvalue(res, i, 1)) };
        const th_completed *at = bsearch(&key, items, n, sizeof *items, by_key);
        if (at)
            done[at - items] = true;
    }
}

th_rc th_activities_complete(th_db *db, th_completed *items, size_t n, bool *done, th_error *err)
{
    columns c = { 0 };
    PGresult *res = NULL;
    qsort(items, n, sizeof *items, by_key);
    memset(done, 0, n * sizeof *done);
    key_columns(&c, items, n);
    answer_columns(&c, items, n);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_complete, &c.params, true, &res, err);
    if (rc == TH_OK)
        mark_done(res, items, n, done);
    PQclear(res);
    columns_free(&c);
    return rc;
}

th_rc th_activities_abandon(th_db *db, const th_completed *items, size_t n, th_error *err)
{
    columns c = { 0 };
    key_columns(&c, items, n);
    th_array *delays = add(&c, 3, TH_T_INT8), *inputs = add(&c, 4, TH_T_TEXT);
    for (size_t i = 0; i < n; i++) {
        th_array_i64(delays, items[i].delay_us);
        th_array_text(inputs, items[i].next_input);
    }
    th_param_array(&c.params, delays);
    th_param_array(&c.params, inputs);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_abandon, &c.params, true, NULL, err);
    columns_free(&c);
    return rc;
}

th_rc th_activities_reconcile(th_db *db, int32_t partition_id, int32_t worker_id,
                              const int64_t *running, size_t n, int64_t *freed, th_error *err)
{
    columns c = { 0 };
    PGresult *res = NULL;
    th_array *ids = add(&c, 0, TH_T_INT8);
    for (size_t i = 0; i < n; i++)
        th_array_i64(ids, running[i]);
    th_param_i32(&c.params, partition_id);
    th_param_i32(&c.params, worker_id);
    th_param_array(&c.params, ids);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_reconcile, &c.params, true, &res, err);
    if (rc == TH_OK && freed)
        *freed = strtoll(PQcmdTuples(res), NULL, 10);
    PQclear(res);
    columns_free(&c);
    return rc;
}

th_rc th_activities_unwanted(th_db *db, const th_claim *claims, size_t n, bool *unwanted,
                             th_error *err)
{
    columns c = { 0 };
    PGresult *res = NULL;
    th_array *partitions = add(&c, 0, TH_T_INT4), *ids = add(&c, 1, TH_T_INT8),
             *numbers = add(&c, 2, TH_T_INT4);
    for (size_t i = 0; i < n; i++) {
        th_array_i32(partitions, claims[i].partition_id);
        th_array_i64(ids, claims[i].id);
        th_array_i32(numbers, claims[i].claim_no);
        unwanted[i] = false;
    }
    th_param_array(&c.params, partitions);
    th_param_array(&c.params, ids);
    th_param_array(&c.params, numbers);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_unwanted, &c.params, true, &res, err);
    for (int i = 0; rc == TH_OK && i < PQntuples(res); i++) {
        size_t position = (size_t)th_get_i32(PQgetvalue(res, i, 0));
        if (position >= 1 && position <= n)
            unwanted[position - 1] = true;
    }
    PQclear(res);
    columns_free(&c);
    return rc;
}

th_rc th_activities_waiting(th_db *db, int32_t first_partition, int32_t partition_count,
                            int32_t *partitions, size_t *count, int64_t *next_us, th_error *err)
{
    columns c = { 0 };
    PGresult *res = NULL;
    size_t n = 0;
    *next_us = INT64_MAX;
    th_param_i32(&c.params, first_partition);
    th_param_i32(&c.params, partition_count);
    th_params_ready(&c.params);
    th_rc rc = th_db_exec(db, th_sql_activity_waiting, &c.params, true, &res, err);
    for (int i = 0; rc == TH_OK && i < PQntuples(res); i++) {
        int64_t us = th_get_i64(PQgetvalue(res, i, 1));
        if (us > 0 && us < *next_us)
            *next_us = us;
        else if (us == 0 && n < *count)
            partitions[n++] = th_get_i32(PQgetvalue(res, i, 0));
    }
    *count = n;
    PQclear(res);
    columns_free(&c);
    return rc;
}
