/*
 * batch_rows.c - what an owner's commit writes, row by row: each call adds one to the columns of
 * its statement.
 */
#include <string.h>

#include "base/arena.h"
#include "store/batch_int.h"

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

static void instance_key(th_batch *b, group_id id, int32_t partition_id, const char *instance_id)
{
    group *g = row(b, id);
    put_i32(g, 0, partition_id);
    put_text(g, 1, instance_id);
}

void th_batch_release(th_batch *b, int32_t partition_id, const char *instance_id)
{
    instance_key(b, G_RELEASE, partition_id, instance_id);
}

void th_batch_release_some(th_batch *b, int32_t partition_id, const char *instance_id)
{
    instance_key(b, G_RELEASE_SOME, partition_id, instance_id);
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
    instance_key(b, G_UNHOLD, partition_id, instance_id);
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
    put_text(g, 16, a->trace);
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
    instance_key(b, G_RECALL, partition_id, instance_id);
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
