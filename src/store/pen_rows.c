/*
 * pen_rows.c - results of an owner's reads into structs; texts stay where libpq put them.
 */
#include <string.h>

#include "store/pen_int.h"

static const char *text(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

static int32_t number(const PGresult *r, int row, int col, int32_t absent)
{
    return PQgetisnull(r, row, col) ? absent : th_get_i32(PQgetvalue(r, row, col));
}

static int16_t small(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col) ? 0 : th_get_i16(PQgetvalue(r, row, col));
}

static bool uuid(const PGresult *r, int row, int col, th_uuid *out)
{
    if (PQgetisnull(r, row, col))
        return false;
    memcpy(out->b, PQgetvalue(r, row, col), sizeof out->b);
    return true;
}

/* Columns 14 and later: the instance as it stands. */
static void instance_part(const PGresult *r, int i, th_inbox_row *m)
{
    m->found = uuid(r, i, 14, &m->row_start_id);
    uuid(r, i, 15, &m->row_execution_id);
    m->status = small(r, i, 16);
    m->row_name = text(r, i, 17);
    m->version = text(r, i, 18);
    m->input = text(r, i, 19);
    m->tags = text(r, i, 20);
    m->parent_instance_id = text(r, i, 21);
    m->has_parent_execution = uuid(r, i, 22, &m->parent_execution_id);
    m->parent_ref = number(r, i, 23, INT32_MIN);
    m->is_entity = !PQgetisnull(r, i, 24) && *PQgetvalue(r, i, 24);
    m->behind = *PQgetvalue(r, i, 25);
    m->priority = small(r, i, 26);
}

static void message_part(const PGresult *r, int i, th_inbox_row *m)
{
    m->partition_id = th_get_i32(PQgetvalue(r, i, 0));
    m->due_us = th_get_time(PQgetvalue(r, i, 1));
    m->message_no = th_get_i64(PQgetvalue(r, i, 2));
    m->instance_id = text(r, i, 3);
    m->has_start = uuid(r, i, 4, &m->start_id);
    m->has_execution = uuid(r, i, 5, &m->execution_id);
    m->kind = small(r, i, 6);
    m->name = text(r, i, 7);
    m->ref = number(r, i, 8, INT32_MIN);
    m->message_id = text(r, i, 9);
    m->attempts = small(r, i, 10);
    m->payload = text(r, i, 11);
    m->body = text(r, i, 12);
    m->sent_us = th_get_time(PQgetvalue(r, i, 13));
}

static void inbox_rows(const PGresult *r, th_pen_done *done)
{
    done->count = (size_t)PQntuples(r);
    done->rows = th_new(done->arena, th_inbox_row, done->count + 1);
    for (size_t i = 0; i < done->count; i++) {
        message_part(r, (int)i, &done->rows[i]);
        instance_part(r, (int)i, &done->rows[i]);
    }
}

static void next_rows(const PGresult *r, th_pen_done *done)
{
    done->next_count = (size_t)PQntuples(r);
    done->next = th_new(done->arena, th_next_due, done->next_count + 1);
    for (size_t i = 0; i < done->next_count; i++) {
        th_next_due *n = &done->next[i];
        n->partition_id = th_get_i32(PQgetvalue(r, (int)i, 0));
        n->now_us = th_get_time(PQgetvalue(r, (int)i, 1));
        n->due_us = PQgetisnull(r, (int)i, 2) ? TH_TIME_INF : th_get_time(PQgetvalue(r, (int)i, 2));
    }
}

th_instance_row *th__instance_rows(const PGresult *r, th_arena *arena, size_t *count)
{
    *count = (size_t)PQntuples(r);
    th_instance_row *rows = th_new(arena, th_instance_row, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        th_instance_row *x = &rows[i];
        int row = (int)i;
        x->partition_id = th_get_i32(PQgetvalue(r, row, 0));
        x->instance_id = text(r, row, 1);
        x->found = uuid(r, row, 2, &x->start_id);
        uuid(r, row, 3, &x->execution_id);
        x->status = small(r, row, 4);
        x->name = text(r, row, 5);
        x->version = text(r, row, 6);
        x->tags = text(r, row, 7);
        x->parent_instance_id = text(r, row, 8);
        x->has_parent_execution = uuid(r, row, 9, &x->parent_execution_id);
        x->parent_ref = number(r, row, 10, INT32_MIN);
        x->is_entity = !PQgetisnull(r, row, 11) && *PQgetvalue(r, row, 11);
        x->state = text(r, row, 12);
        x->lock_holder = text(r, row, 13);
        x->priority = small(r, row, 14);
        x->episode_out = PQgetisnull(r, row, 15) ? 0 : th_get_i64(PQgetvalue(r, row, 15));
    }
    return rows;
}

th_episode_row *th__episode_rows(const PGresult *r, th_arena *arena, size_t *count)
{
    *count = (size_t)PQntuples(r);
    th_episode_row *rows = th_new(arena, th_episode_row, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        th_episode_row *e = &rows[i];
        int row = (int)i;
        e->partition_id = th_get_i32(PQgetvalue(r, row, 0));
        e->instance_id = text(r, row, 1);
        uuid(r, row, 2, &e->execution_id);
        e->episode = number(r, row, 3, 0);
        e->first_seq = number(r, row, 4, 0);
        e->at_us = th_get_time(PQgetvalue(r, row, 5));
        e->events = text(r, row, 6);
        e->events_len = (size_t)PQgetlength(r, row, 6);
        e->memo = text(r, row, 7);
    }
    return rows;
}

static void idle_rows(const PGresult *r, th_pen_done *done)
{
    done->idle_locked = true;
    for (int i = 0; i < PQntuples(r); i++)
        done->idle_locked &= *PQgetvalue(r, i, 0) != 0;
}

void th__pen_parse(const pen_op *op, th_pen_done *done)
{
    const PGresult *first = op->results[0];
    if (!first)
        return;
    switch (op->kind) {
    case TH_PEN_READ:
        inbox_rows(first, done);
        if (op->results[1])
            next_rows(op->results[1], done);
        return;
    case TH_PEN_HELD:
        inbox_rows(first, done);
        return;
    case TH_PEN_LOAD:
        done->instances = th__instance_rows(first, done->arena, &done->instance_count);
        if (op->results[1])
            done->episodes = th__episode_rows(op->results[1], done->arena, &done->episode_count);
        return;
    case TH_PEN_IDLE:
        idle_rows(first, done);
        return;
    default:
        return;
    }
}
