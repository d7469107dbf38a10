/*
 * batch_int.h - a batch from inside: the statements' columns as they fill up.
 */
#ifndef TH_STORE_BATCH_INT_H
#define TH_STORE_BATCH_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/batch.h"
#include "store/params.h"

enum { MAX_COLUMNS = 17 };

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

static inline group *row(th_batch *b, group_id id)
{
    b->groups[id].rows++;
    b->rows++;
    return &b->groups[id];
}

static inline void put_i32(group *g, int c, int32_t v)
{
    th_array_i32(&g->columns[c], v);
    g->given[c]++;
}

static inline void put_i64(group *g, int c, int64_t v)
{
    th_array_i64(&g->columns[c], v);
    g->given[c]++;
}

static inline void put_i16(group *g, int c, int16_t v)
{
    th_array_i16(&g->columns[c], v);
    g->given[c]++;
}

static inline void put_time(group *g, int c, int64_t v)
{
    th_array_time(&g->columns[c], v);
    g->given[c]++;
}

static inline void put_text(group *g, int c, const char *s)
{
    th_array_text(&g->columns[c], s);
    g->given[c] += s != NULL;
}

static inline void put_uuid(group *g, int c, const th_uuid *id)
{
    th_array_uuid(&g->columns[c], id);
    g->given[c] += id != NULL;
}

static inline void put_null(group *g, int c)
{
    th_array_null(&g->columns[c]);
}

#endif
