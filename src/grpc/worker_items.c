/*
 * worker_items.c - items that are out with workers, or wait for one: by the number in their
 * completion token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/workers_int.h"

th__work *th__work_new(th_item_kind kind, th_token token, const char *instance_id, const char *name,
                       const char *version)
{
    th__work *item = th_malloc(sizeof *item);

    item->kind = kind;
    item->token = token;
    item->instance_id = th_mstrdup(instance_id);
    item->name = th_mstrdup(name);
    item->version = th_mstrdup(version);
    return item;
}

void th__work_free(th__work *item)
{
    if (!item)
        return;
    free(item->instance_id);
    free(item->name);
    free(item->version);
    free(item->bytes);
    free(item->execution_id);
    free(item->trace);
    free(item->state);
    th_buf_free(&item->head);
    th_buf_free(&item->fresh);
    th_buf_free(&item->chunks);
    free(item);
}

void th__work_name(th_workers *w, th__work *item)
{
    pthread_mutex_lock(&w->lock);
    item->number = ++w->last_number;
    pthread_mutex_unlock(&w->lock);
    snprintf(item->completion, sizeof item->completion, "%s-%llx", w->prefix,
             (unsigned long long)item->number);
}

void th__work_pack(th__work *item, const WorkItem *work)
{
    item->n = work_item__get_packed_size(work);
    item->bytes = th_malloc(item->n + 1);
    work_item__pack(work, item->bytes);
}

static th__work **slot_of(th_workers *w, uint64_t number)
{
    return &w->slots[number % TH__ITEM_SLOTS];
}

void th__work_add(th_workers *w, th__work *item)
{
    th__work **slot = slot_of(w, item->number);

    item->next = *slot;
    *slot = item;
    w->item_count++;
    if (!item->stream)
        w->waiting++;
}

void th__work_take(th_workers *w, th__work *item)
{
    th__work **at = slot_of(w, item->number);

    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    w->item_count--;
    if (item->stream)
        item->stream->out[item->kind]--;
    else if (!item->was_out)
        w->waiting--;
    item->stream = NULL;
}

th__work *th__work_find(th_workers *w, const char *completion)
{
    const char *dash = strrchr(completion, '-');
    uint64_t number = dash ? strtoull(dash + 1, NULL, 16) : 0;
    th__work *item = *slot_of(w, number);

    while (item && strcmp(item->completion, completion) != 0)
        item = item->next;
    return item;
}

th__work *th__work_find_of(th_workers *w, th_item_kind kind, const char *instance_id,
                           int32_t task_id)
{
    for (size_t i = 0; w->item_count && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next)
            if (item->kind == kind && item->was_out && item->task_id == task_id &&
                strcmp(item->instance_id, instance_id) == 0)
                return item;
    return NULL;
}
