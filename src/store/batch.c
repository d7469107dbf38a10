/*
 * batch.c - an owner's commit as statements: which there are, in which order, with what columns.
 *
 * batch_rows.c fills the columns.
 */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/batch_int.h"
#include "store/th_sql.h"

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
                     17,
                     { P, TH_T_INT8, TH_T_TEXT, TH_T_UUID, TH_T_UUID, TH_T_INT4, TH_T_INT4,
                       TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_TEXT, TH_T_INT4, TH_T_INT2,
                       TH_T_TIMESTAMPTZ, TH_T_INT4, TH_T_TEXT } },
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
