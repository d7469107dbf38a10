/*
 * front_queue.c - requests that wait for a thread: many put, each thread takes all there is.
 *
 * One short lock a put and one a batch; a thread is woken only if one sleeps.
 */
#include <time.h>

#include "store/front_int.h"

void th__front_list_init(th__front_list *list)
{
    *list = (th__front_list){ .last = &list->first };
}

void th__front_list_add(th__front_list *list, th__front_request *request)
{
    request->next = NULL;
    *list->last = request;
    list->last = &request->next;
    list->count++;
    list->bytes += request->bytes;
}

th__front_request *th__front_list_pop(th__front_list *list)
{
    th__front_request *request = list->first;

    if (!request)
        return NULL;
    list->first = request->next;
    if (!list->first)
        list->last = &list->first;
    list->count--;
    list->bytes -= request->bytes;
    request->next = NULL;
    return request;
}

void th__front_list_move(th__front_list *to, th__front_list *from)
{
    if (!from->first)
        return;
    *to->last = from->first;
    to->last = from->last;
    to->count += from->count;
    to->bytes += from->bytes;
    th__front_list_init(from);
}

void th__front_queue_init(th__front_queue *queue)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    *queue = (th__front_queue){ 0 };
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->ready, &attr);
    pthread_cond_init(&queue->stopped, &attr);
    pthread_condattr_destroy(&attr);
    th__front_list_init(&queue->list);
}

void th__front_queue_destroy(th__front_queue *queue)
{
    pthread_cond_destroy(&queue->ready);
    pthread_cond_destroy(&queue->stopped);
    pthread_mutex_destroy(&queue->mutex);
}

void th__front_queue_put(th__front_queue *queue, th__front_request *request)
{
    pthread_mutex_lock(&queue->mutex);
    th__front_list_add(&queue->list, request);
    bool wake = queue->sleepers > 0;
    pthread_mutex_unlock(&queue->mutex);
    if (wake)
        pthread_cond_signal(&queue->ready);
}

void th__front_queue_stop(th__front_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->ready);
    pthread_cond_broadcast(&queue->stopped);
    pthread_mutex_unlock(&queue->mutex);
}

/* False: the deadline has passed. */
static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_us)
{
    struct timespec at = { .tv_sec = deadline_us / 1000000,
                           .tv_nsec = deadline_us % 1000000 * 1000 };

    if (deadline_us == TH__FOREVER)
        return pthread_cond_wait(cond, mutex) == 0;
    return pthread_cond_timedwait(cond, mutex, &at) == 0;
}

static void take_some(th__front_queue *queue, th__front_list *list, size_t count, size_t bytes)
{
    if (list->count + queue->list.count <= count && list->bytes + queue->list.bytes <= bytes) {
        th__front_list_move(list, &queue->list);
        return;
    }
    while (queue->list.first && list->count < count &&
           (!list->count || list->bytes + queue->list.first->bytes <= bytes))
        th__front_list_add(list, th__front_list_pop(&queue->list));
}

bool th__front_queue_take(th__front_queue *queue, th__front_list *list, size_t count, size_t bytes,
                          int64_t deadline_us)
{
    pthread_mutex_lock(&queue->mutex);
    queue->sleepers++;
    while (!list->count && !queue->list.first && !queue->stopping &&
           wait_until(&queue->ready, &queue->mutex, deadline_us))
        continue;
    queue->sleepers--;
    take_some(queue, list, count, bytes);
    bool go_on = list->count > 0 || !queue->stopping;
    pthread_mutex_unlock(&queue->mutex);
    return go_on;
}

bool th__front_queue_pause(th__front_queue *queue, int64_t until_us)
{
    pthread_mutex_lock(&queue->mutex);
    while (!queue->stopping && th__real_us() < until_us)
        wait_until(&queue->stopped, &queue->mutex, until_us);
    bool go_on = !queue->stopping;
    pthread_mutex_unlock(&queue->mutex);
    return go_on;
}
