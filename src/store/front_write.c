/*
 * front_write.c - the thread of a write connection: take all that waits, one commit, wake the
 * owners.
 *
 * While a commit is in flight the next requests gather, so the busier the front, the larger its
 * batches.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "store/front_int.h"
#include "store/notify.h"

/* ---- partitions ------------------------------------------------------------------------------ */

void th__touched_add(th__touched *touched, int32_t partition_id)
{
    if (touched->count && touched->ids[touched->count - 1] == partition_id)
        return;
    if (touched->count == touched->cap) {
        touched->cap = touched->cap ? touched->cap * 2 : 64;
        touched->ids = th_realloc(touched->ids, touched->cap * sizeof *touched->ids);
    }
    touched->ids[touched->count++] = partition_id;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

void th__touched_sort(th__touched *touched)
{
    size_t kept = 0;

    if (touched->count < 2)
        return;
    qsort(touched->ids, touched->count, sizeof *touched->ids, by_number);
    for (size_t i = 0; i < touched->count; i++)
        if (!kept || touched->ids[kept - 1] != touched->ids[i])
            touched->ids[kept++] = touched->ids[i];
    touched->count = kept;
}

/* ---- wake-ups that go through the database (protocol W1) --------------------------------------
 */

static int64_t notify_due(const th__writer *w)
{
    return w->sleeping.count ? w->notified_us + TH__NOTIFY_GAP_US : TH__FOREVER;
}

/* A lost one is made up for by the owner's poll, so failures are not told. */
static void notify_sleeping(th__writer *w)
{
    th_error err = { 0 };
    int64_t now_us = th__real_us();

    if (now_us < notify_due(w))
        return;
    th__touched_sort(&w->sleeping);
    if (w->line.db) {
        th_rc rc = th_notify_partitions(w->line.db, w->sleeping.ids, w->sleeping.count, &err);
        if (rc == TH_DB_LOST || (rc != TH_OK && th_db_is_lost(w->line.db)))
            th__line_lost(&w->line, now_us, &err);
    }
    w->sleeping.count = 0;
    w->notified_us = now_us;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int64_t next_duty(const th__writer *w)
{
    int64_t notify_us = notify_due(w), parked_us = th__parked_due(w);

    return notify_us < parked_us ? notify_us : parked_us;
}

void *th__writer_main(void *arg)
{
    th__writer *w = arg;

    while (th__front_queue_take(w->line.queue, &w->taken, TH__BATCH_COUNT, TH__BATCH_BYTES,
                                next_duty(w))) {
        th__batch_form(w);
        th__batch_run(w);
        th__parked_retry(w);
        notify_sleeping(w);
    }
    th__parked_give_up(w);
    w->notified_us = 0;
    notify_sleeping(w);
    th__line_close(&w->line);
    return NULL;
}

void th__writer_init(th__writer *w, th_front *front)
{
    w->line = (th__line){ .front = front, .queue = &front->writes };
    th__front_list_init(&w->taken);
    th__front_list_init(&w->parked);
    th__start_columns_init(&w->start_columns);
    th__signal_columns_init(&w->signal_columns);
    th__signal_columns_init(&w->control_columns);
    th__signal_columns_init(&w->rewind_columns);
    th__signal_columns_init(&w->entity_columns);
    th__audit_columns_init(&w->audit_columns);
}

void th__writer_free(th__writer *w)
{
    th__start_columns_free(&w->start_columns);
    th__signal_columns_free(&w->signal_columns);
    th__signal_columns_free(&w->control_columns);
    th__signal_columns_free(&w->rewind_columns);
    th__signal_columns_free(&w->entity_columns);
    th__audit_columns_free(&w->audit_columns);
    th_params_free(&w->settings);
    free(w->touched.ids);
    free(w->sleeping.ids);
}
