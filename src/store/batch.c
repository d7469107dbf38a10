/*
 * batch.c - the columns of an owner's commit.
 */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/th_sql.h"

enum { MAX_COLUMNS = 16 };

typedef enum group_id {
    G_CHAIN,
    G_CREATE,
    G_INSTANCES,
    G_RENEW,
    G_REWIND,
    G_RELINK,
    G_ENTITIES,
    G_FORGET,
    G_HISTORY,
    G_CONSUME,
    G_DROP,
    G_HOLD,
    G_UNREQUEST, /* between the two: what this batch holds is held, what it releases is not yet
                    released */
    G_RELEASE,
    G_RELEASE_SOME,
    G_SEND,
    G_UNTIMER, /* after SEND: what one batch writes and takes back is gone */
    G_UNSTART,
    G_UNHOLD,
    G_SCHEDULE,
    G_FINISH,
    G_CANCEL, /* after SCHEDULE: what one batch writes and gives up is gone */
    G_UNSCHEDULE,
    G_RECALL, /* before EPISODE: one is out at most */
    G_EPISODE,
    G_COUNT
} group_id;

/* One statement's columns. A column that holds only nulls is sent as an empty array: unnest pads it
 * with nulls. */
typedef struct group {
    th_array columns[MAX_COLUMNS];
    int32_t given[MAX_COLUMNS]; /* values that are not null */
    int32_t rows;
    th_params params;
} group;

typedef struct group_def {
    const char *name;
    bool counted; /* the last parameter is the number of rows */
    int columns;
    th_type types[MAX_COLUMNS];
} group_def;

#define P TH_T_INT4
static const group_def defs[G_COUNT] = {
    [G_CHAIN] = { "chain", true, 3, { P, TH_T_INT8, TH_T_INT8 } },
    [G_CREATE] = { "create",
                   true,
                   12,
                   { P, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT,
                     TH_T_TEXT, TH_T_UUID, TH_T_INT4, TH_T_INT2 } },
    [G_INSTANCES] = { "instances",
                      true,
                      9,
                      { P, TH_T_TEXT, TH_T_UUID, TH_T_INT2, TH_T_TEXT, TH_T_TEXT, TH_T_INT2,
                        TH_T_TEXT, TH_T_TEXT } },
    [G_RENEW] = { "renew",
                  true,
                  7,
                  { P, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_TEXT, TH_T_TEXT, TH_T_INT2 } },
    [G_REWIND] = { "rewind",
                   true,
                   7,
                   { P, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_UUID, TH_T_UUID, TH_T_INT4 } },
    [G_RELINK] = { "relink", true, 5, { P, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_INT4 } },
    [G_ENTITIES] = { "entities",
                     true,
                     10,
                     { P, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_BOOL, TH_T_TEXT, TH_T_TEXT,
                       TH_T_TEXT, TH_T_TIMESTAMPTZ, TH_T_TEXT } },
    [G_FORGET] = { "forget", false, 3, { P, TH_T_TEXT, TH_T_UUID } },
    [G_HISTORY] = { "history",
                    false,
                    8,
                    { P, TH_T_TEXT, TH_T_UUID, TH_T_INT4, TH_T_INT4, TH_T_TIMESTAMPTZ, TH_T_JSON,
                      TH_T_TEXT } },
    [G_CONSUME] = { "consume", true, 3, { P, TH_T_TIMESTAMPTZ, TH_T_INT8 } },
    [G_DROP] = { "drop", false, 3, { P, TH_T_TIMESTAMPTZ, TH_T_INT8 } },
    [G_HOLD] = { "hold", true, 3, { P, TH_T_TIMESTAMPTZ, TH_T_INT8 } },
    [G_UNREQUEST] = { "unrequest", false, 3, { P, TH_T_TEXT, TH_T_TEXT } },
    [G_RELEASE] = { "release", false, 2, { P, TH_T_TEXT } },
    [G_RELEASE_SOME] = { "release_some", false, 2, { P, TH_T_TEXT } },
    [G_UNTIMER] = { "untimer", false, 5, { P, TH_T_TIMESTAMPTZ, TH_T_TEXT, TH_T_UUID, TH_T_INT4 } },
    [G_UNSTART] = { "unstart", false, 3, { P, TH_T_TEXT, TH_T_UUID } },
    [G_UNHOLD] = { "unhold", false, 2, { P, TH_T_TEXT } },
    [G_SEND] = { "send",
                 false,
                 11,
                 { P, TH_T_TIMESTAMPTZ, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_INT2, TH_T_TEXT,
                   TH_T_INT4, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT } },
    [G_SCHEDULE] = { "schedule",
                     false,
                     16,
                     { P, TH_T_INT8, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_INT4, TH_T_INT4,
                       TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_INT4, TH_T_INT2,
                       TH_T_TIMESTAMPTZ, TH_T_INT4 } },
    [G_FINISH] = { "finish", true, 3, { P, TH_T_INT8, TH_T_INT4 } },
    [G_CANCEL] = { "cancel", false, 5, { P, TH_T_INT8, TH_T_TEXT, TH_T_UUID, TH_T_INT4 } },
    [G_UNSCHEDULE] = { "unschedule", false, 3, { P, TH_T_TEXT, TH_T_UUID } },
    [G_RECALL] = { "recall", false, 2, { P, TH_T_TEXT } },
    [G_EPISODE] = { "episode",
                    false,
                    12,
                    { P, TH_T_INT8, TH_T_INT2, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_INT4,
                      TH_T_INT4, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT } },
};
#undef P

const th_batch_sql th_batch_all_sql[] = {
    { "chain", th_sql_batch_chain },
    { "create", th_sql_batch_create },
    { "instances", th_sql_batch_instances },
    { "renew", th_sql_batch_renew },
    { "rewind", th_sql_batch_rewind },
    { "relink", th_sql_batch_relink },
    { "entities", th_sql_batch_entities },
    { "forget", th_sql_batch_forget },
    { "history", th_sql_batch_history },
    { "consume", th_sql_batch_consume },
    { "drop", th_sql_batch_drop },
    { "hold", th_sql_batch_hold },
    { "unrequest", th_sql_batch_unrequest },
    { "release", th_sql_batch_release },
    { "release_some", th_sql_batch_release_some },
    { "untimer", th_sql_batch_untimer },
    { "unstart", th_sql_batch_unstart },
    { "unhold", th_sql_batch_unhold },
    { "send", th_sql_batch_send },
    { "schedule", th_sql_batch_schedule },
    { "finish", th_sql_batch_finish },
    { "cancel", th_sql_batch_cancel },
    { "unschedule", th_sql_batch_unschedule },
    { "recall", th_sql_batch_recall },
    { "episode", th_sql_batch_episode },
    { NULL, NULL },
};

/* Instance rows are kept apart until they are sent: they are the only ones whose locks others may
 * want, so they go sorted. */
typedef struct instance_row {
    th_batch_key key;
    th_batch_change change;
} instance_row;

struct th_batch {
    group groups[G_COUNT];
    instance_row *instances;
    size_t instance_count, instance_cap;
    th_arena *arena;
    int64_t rows, text_bytes;
    bool sorted;
};

th_batch *th_batch_new(void)
{
    th_batch *b = th_malloc(sizeof *b);
    b->arena = th_arena_new(16384);
    for (int g = 0; g < G_COUNT; g++)
        for (int c = 0; c < defs[g].columns; c++)
            th_array_init(&b->groups[g].columns[c], defs[g].types[c]);
    return b;
}

void th_batch_free(th_batch *b)
{
    if (!b)
        return;
    for (int g = 0; g < G_COUNT; g++) {
        for (int c = 0; c < defs[g].columns; c++)
            th_array_free(&b->groups[g].columns[c]);
        th_params_free(&b->groups[g].params);
    }
    free(b->instances);
    th_arena_free(b->arena);
    free(b);
}

void th_batch_clear(th_batch *b)
{
    for (int g = 0; g < G_COUNT; g++) {
        group *columns = &b->groups[g];
        if (columns->rows == 0)
            continue;
        columns->rows = 0;
        memset(columns->given, 0, sizeof columns->given);
        for (int c = 0; c < defs[g].columns; c++)
            th_array_clear(&columns->columns[c]);
        th_params_clear(&columns->params);
    }
    b->instance_count = 0;
    b->rows = b->text_bytes = 0;
    b->sorted = false;
    th_arena_reset(b->arena);
}

int64_t th_batch_rows(const th_batch *b)
{
    return b->rows;
}

int64_t th_batch_bytes(const th_batch *b)
{
    int64_t bytes = b->text_bytes;
    for (int g = 0; g < G_COUNT; g++)
        if (b->groups[g].rows)
            for (int c = 0; c < defs[g].columns; c++)
                bytes += (int64_t)b->groups[g].columns[c].buf.len;
    return bytes;
}

/* ---- filling -------------------------------------------------------------------------------- */

static group *row(th_batch *b, group_id id)
{
    b->groups[id].rows++;
    b->rows++;
    return &b->groups[id];
}

static void put_i32(group *g, int c, int32_t v)
{
    th_array_i32(&g->columns[c], v);
    g->given[c]++;
}

static void put_i64(group *g, int c, int64_t v)
{
    th_array_i64(&g->columns[c], v);
    g->given[c]++;
}

static void put_i16(group *g, int c, int16_t v)
{
    th_array_i16(&g->columns[c], v);
    g->given[c]++;
}

static void put_time(group *g, int c, int64_t v)
{
    th_array_time(&g->columns[c], v);
    g->given[c]++;
}

static void put_text(group *g, int c, const char *s)
{
    th_array_text(&g->columns[c], s);
    g->given[c] += s != NULL;
}

static void put_uuid(group *g, int c, const th_uuid *id)
{
    th_array_uuid(&g->columns[c], id);
    g->given[c] += id != NULL;
}

static void put_null(group *g, int c)
{
    th_array_null(&g->columns[c]);
}

void th_batch_chain(th_batch *b, int32_t partition_id, int64_t commit_no, int64_t term)
{
    group *g = row(b, G_CHAIN);
    put_i32(g, 0, partition_id);
    put_i64(g, 1, commit_no);
    put_i64(g, 2, term);
}

void th_batch_create(th_batch *b, const th_batch_key *key, const th_batch_child *child)
{
    group *g = row(b, G_CREATE);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
    put_uuid(g, 3, &key->execution_id);
    put_text(g, 4, child->name);
    put_text(g, 5, child->version);
    put_text(g, 6, child->input);
    put_text(g, 7, child->tags);
    put_text(g, 8, child->parent_instance_id);
    put_uuid(g, 9, child->parent_execution_id);
    put_i32(g, 10, child->parent_ref);
    if (child->priority)
        put_i16(g, 11, child->priority);
    else
        put_null(g, 11);
}

static const char *keep(th_batch *b, const char *s)
{
    if (!s)
        return NULL;
    size_t n = strlen(s);
    b->text_bytes += (int64_t)n;
    return th_strndup(b->arena, s, n);
}

void th_batch_instance(th_batch *b, const th_batch_key *key, const th_batch_change *change)
{
    if (b->instance_count == b->instance_cap) {
        b->instance_cap = b->instance_cap ? b->instance_cap * 2 : 256;
        b->instances = th_realloc(b->instances, b->instance_cap * sizeof *b->instances);
    }
    instance_row *r = &b->instances[b->instance_count++];
    r->key = *key;
    r->key.instance_id = keep(b, key->instance_id);
    r->change = *change;
    r->change.output = keep(b, change->output);
    r->change.failure = keep(b, change->failure);
    r->change.custom_status = keep(b, change->custom_status);
    row(b, G_INSTANCES);
}

void th_batch_renew(th_batch *b, const th_batch_key *key, const char *input, const char *version,
                    bool keep_history)
{
    group *g = row(b, G_RENEW);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
    put_uuid(g, 3, &key->execution_id);
    put_text(g, 4, input);
    put_text(g, 5, version);
    if (keep_history)
        put_i16(g, 6, 1);
    else
        put_null(g, 6);
}

static void put_link(group *g, int c, const th_batch_link *link)
{
    put_uuid(g, c, link ? &link->parent_execution_id : NULL);
    if (link)
        put_i32(g, c + 1, link->parent_ref);
    else
        put_null(g, c + 1);
}

void th_batch_rewind(th_batch *b, const th_batch_key *key, const th_uuid *was,
                     const th_batch_link *link)
{
    group *g = row(b, G_REWIND);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
    put_uuid(g, 3, &key->execution_id);
    put_uuid(g, 4, was);
    put_link(g, 5, link);
}

void th_batch_relink(th_batch *b, const th_batch_key *key, const th_batch_link *link)
{
    group *g = row(b, G_RELINK);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
    put_link(g, 3, link);
}

void th_batch_put_entity(th_batch *b, const th_batch_key *key, const th_batch_entity *entity)
{
    group *g = row(b, G_ENTITIES);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
    put_uuid(g, 3, &key->execution_id);
    th_array_bool(&g->columns[4], entity->gone);
    g->given[4]++;
    put_text(g, 5, entity->name);
    put_text(g, 6, entity->state);
    put_text(g, 7, entity->lock_holder);
    if (entity->operated_us == TH_TIME_INF)
        put_null(g, 8);
    else
        put_time(g, 8, entity->operated_us);
    put_text(g, 9, entity->executor);
}

void th_batch_unrequest(th_batch *b, int32_t partition_id, const char *instance_id,
                        const char *message_id)
{
    group *g = row(b, G_UNREQUEST);
    put_i32(g, 0, partition_id);
    put_text(g, 1, instance_id);
    put_text(g, 2, message_id);
}

static void execution_row(th_batch *b, group_id id, const th_batch_key *key)
{
    group *g = row(b, id);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->execution_id);
}

void th_batch_forget(th_batch *b, const th_batch_key *key)
{
    execution_row(b, G_FORGET, key);
}

void th_batch_cancel(th_batch *b, const th_batch_key *key, int64_t id, int32_t seq)
{
    group *g = row(b, G_CANCEL);
    put_i32(g, 0, key->partition_id);
    put_i64(g, 1, id);
    put_text(g, 2, key->instance_id);
    put_uuid(g, 3, &key->execution_id);
    put_i32(g, 4, seq);
}

void th_batch_unschedule(th_batch *b, const th_batch_key *key)
{
    execution_row(b, G_UNSCHEDULE, key);
}

void th_batch_history(th_batch *b, const th_batch_key *key, int32_t episode, int32_t first_seq,
                      int64_t at_us, const char *events, size_t events_len, const char *memo)
{
    group *g = row(b, G_HISTORY);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->execution_id);
    put_i32(g, 3, episode);
    put_i32(g, 4, first_seq);
    put_time(g, 5, at_us);
    th_array_bytes(&g->columns[6], events, events_len);
    g->given[6]++;
    put_text(g, 7, memo);
}

static void message_row(th_batch *b, group_id id, int32_t partition_id, int64_t due_us,
                        int64_t message_no)
{
    group *g = row(b, id);
    put_i32(g, 0, partition_id);
    put_time(g, 1, due_us);
    put_i64(g, 2, message_no);
}

void th_batch_consume(th_batch *b, int32_t partition_id, int64_t due_us, int64_t message_no)
{
    message_row(b, G_CONSUME, partition_id, due_us, message_no);
}

void th_batch_drop(th_batch *b, int32_t partition_id, int64_t due_us, int64_t message_no)
{
    message_row(b, G_DROP, partition_id, due_us, message_no);
}

void th_batch_hold(th_batch *b, int32_t partition_id, int64_t due_us, int64_t message_no)
{
    message_row(b, G_HOLD, partition_id, due_us, message_no);
}

void th_batch_untimer(th_batch *b, const th_batch_key *key, int64_t due_us, int32_t ref)
{
    group *g = row(b, G_UNTIMER);
    put_i32(g, 0, key->partition_id);
    put_time(g, 1, due_us);
    put_text(g, 2, key->instance_id);
    put_uuid(g, 3, &key->execution_id);
    put_i32(g, 4, ref);
}

static void held_row(th_batch *b, group_id id, int32_t partition_id, const char *instance_id)
{
    group *g = row(b, id);
    put_i32(g, 0, partition_id);
    put_text(g, 1, instance_id);
}

void th_batch_release(th_batch *b, int32_t partition_id, const char *instance_id)
{
    held_row(b, G_RELEASE, partition_id, instance_id);
}

void th_batch_release_some(th_batch *b, int32_t partition_id, const char *instance_id)
{
    held_row(b, G_RELEASE_SOME, partition_id, instance_id);
}

void th_batch_unstart(th_batch *b, const th_batch_key *key)
{
    group *g = row(b, G_UNSTART);
    put_i32(g, 0, key->partition_id);
    put_text(g, 1, key->instance_id);
    put_uuid(g, 2, &key->start_id);
}

void th_batch_unhold(th_batch *b, int32_t partition_id, const char *instance_id)
{
    held_row(b, G_UNHOLD, partition_id, instance_id);
}

void th_batch_send(th_batch *b, const th_batch_message *m)
{
    group *g = row(b, G_SEND);
    put_i32(g, 0, m->partition_id);
    put_time(g, 1, m->due_us);
    put_text(g, 2, m->instance_id);
    put_uuid(g, 3, m->start_id);
    put_uuid(g, 4, m->execution_id);
    put_i16(g, 5, m->kind);
    put_text(g, 6, m->name);
    if (m->ref == INT32_MIN)
        put_null(g, 7);
    else
        put_i32(g, 7, m->ref);
    put_text(g, 8, m->message_id);
    put_text(g, 9, m->payload);
    put_text(g, 10, m->body);
}

static void activity_rest(group *g, const th_batch_activity *a)
{
    put_i32(g, 12, a->attempt);
    if (a->priority)
        put_i16(g, 13, a->priority);
    else
        put_null(g, 13);
    if (a->due_us == TH_TIME_NEG_INF)
        put_null(g, 14);
    else
        put_time(g, 14, a->due_us);
    if (a->claimed_by)
        put_i32(g, 15, a->claimed_by);
    else
        put_null(g, 15);
}

void th_batch_schedule(th_batch *b, const th_batch_key *key, const th_batch_activity *a)
{
    group *g = row(b, G_SCHEDULE);
    put_i32(g, 0, key->partition_id);
    put_i64(g, 1, a->id);
    put_text(g, 2, key->instance_id);
    put_uuid(g, 3, &key->start_id);
    put_uuid(g, 4, &key->execution_id);
    put_i32(g, 5, a->seq);
    put_i32(g, 6, a->task_id);
    put_text(g, 7, a->name);
    put_text(g, 8, a->version);
    put_text(g, 9, a->orch_version);
    put_text(g, 10, a->input);
    put_text(g, 11, a->tags);
    activity_rest(g, a);
}

void th_batch_recall(th_batch *b, int32_t partition_id, const char *instance_id)
{
    group *g = row(b, G_RECALL);
    put_i32(g, 0, partition_id);
    put_text(g, 1, instance_id);
}

void th_batch_episode(th_batch *b, const th_batch_key *key, const th_batch_item *item)
{
    th_batch_recall(b, key->partition_id, key->instance_id);
    group *g = row(b, G_EPISODE);
    put_i32(g, 0, key->partition_id);
    put_i64(g, 1, item->id);
    put_i16(g, 2, item->kind);
    put_text(g, 3, key->instance_id);
    put_uuid(g, 4, &key->start_id);
    put_uuid(g, 5, &key->execution_id);
    put_i32(g, 6, item->seq);
    put_i32(g, 7, item->episode);
    put_text(g, 8, item->name);
    put_text(g, 9, item->version);
    put_text(g, 10, item->events);
    put_text(g, 11, item->messages);
}

void th_batch_finish(th_batch *b, int32_t partition_id, int64_t id, int32_t claim_no)
{
    group *g = row(b, G_FINISH);
    put_i32(g, 0, partition_id);
    put_i64(g, 1, id);
    put_i32(g, 2, claim_no);
}

/* ---- sending -------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const instance_row *x = a, *y = b;
    if (x->key.partition_id != y->key.partition_id)
        return x->key.partition_id < y->key.partition_id ? -1 : 1;
    return strcmp(x->key.instance_id, y->key.instance_id);
}

static void put_instance(group *g, const instance_row *r)
{
    put_i32(g, 0, r->key.partition_id);
    put_text(g, 1, r->key.instance_id);
    put_uuid(g, 2, &r->key.start_id);
    put_i16(g, 3, r->change.status);
    put_text(g, 4, r->change.output);
    put_text(g, 5, r->change.failure);
    put_i16(g, 6, r->change.custom_op);
    put_text(g, 7, r->change.custom_status);
    put_text(g, 8, r->change.executor);
}

static void sort_instances(th_batch *b)
{
    if (b->sorted || !b->instance_count)
        return;
    qsort(b->instances, b->instance_count, sizeof *b->instances, by_key);
    for (size_t i = 0; i < b->instance_count; i++)
        put_instance(&b->groups[G_INSTANCES], &b->instances[i]);
    b->sorted = true;
}

static void fill_params(group *g, const group_def *def)
{
    th_params_clear(&g->params);
    for (int c = 0; c < def->columns; c++) {
        if (g->given[c] == 0)
            th_array_clear(&g->columns[c]);
        th_param_array(&g->params, &g->columns[c]);
    }
    if (def->counted)
        th_param_i64(&g->params, g->rows);
    th_params_ready(&g->params);
}

size_t th_batch_statements(th_batch *b, th_batch_statement out[TH_BATCH_MAX_STATEMENTS])
{
    size_t n = 0;
    sort_instances(b);
    for (int g = 0; g < G_COUNT; g++) {
        if (b->groups[g].rows == 0)
            continue;
        fill_params(&b->groups[g], &defs[g]);
        out[n++] = (th_batch_statement){ defs[g].name, &b->groups[g].params };
    }
    return n;
}
